import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand
import Predictors

struct BacktestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backtest",
    abstract: "Evaluate predictors on scores that are known.",
    discussion: """
      Holds out a run, all runs of a model, of a family of models, or of a scenario, or the strongest models; predicts \
      what was held out from the rest and from some of its instances, again and again with other instances; and prints \
      mean errors, rank correlations and interval coverage. Baselines are always included.

      EXAMPLE:
        magnet backtest auto benchmark_output --hold-out family --observed 10,25,50
        magnet backtest auto,2pl benchmark_output --scores scores.ndjson --plot curve.svg --compare auto,2pl
        magnet backtest perturbation-difference benchmark_output --target perturbed
        magnet backtest auto --exec "python3 my_predictor.py" benchmark_output --repeats 5 --compare exec,auto
      """)

  @Argument(
    help: ArgumentHelp(
      "Predictors, separated by commas (`magnet predictors` lists them); none are needed with --exec. Then folders that hold runs: a benchmark_output, a suite, a run, or quoted patterns of these (default: $MAGNET_RUNS, else ./benchmark_output).",
      valueName: "predictors and paths"),
    completion: .predictorsAndPaths)
  var arguments: [String] = []
  @OptionGroup var reading: ReadingOptions
  @OptionGroup var backtest: BacktestOptions
  @OptionGroup(title: "Programs as predictors") var external: ExternalOptions

  private func isKnown(_ name: String) -> Bool { predictorCatalog.contains { $0.name == name } }

  /// The predictors in the first argument; none where a program predicts and the first argument is a path.
  private var chosen: [String] {
    let names = (arguments.first ?? "").split(separator: ",").map(String.init).unique()
    return external.exec == nil || names.allSatisfy { isKnown($0) || $0 == "exec" } ? names : []
  }

  private var paths: [String] { chosen.isEmpty ? arguments : Array(arguments.dropFirst()) }

  func validate() throws {
    for name in chosen + backtest.compared where name != "exec" || external.exec == nil {
      try checkPredictor(name)
    }
    if chosen.isEmpty, external.exec == nil { throw ValidationError("Name a predictor, such as auto.") }
  }

  func run() async throws {
    try await backtest.run({ try reading.runs(paths, $0, $1) }, entries: entries)
  }

  /// The predictors asked for, those to compare, and the program.
  private func entries(_ runs: HelmRuns) throws -> [Backtest.Entry] {
    let own = (chosen + backtest.compared).unique().compactMap { name in
      predictorCatalog.first { $0.name == name }.map { Backtest.Entry($0) }
    }
    guard let exec = external.exec else { return own }
    // The score file holds actual scores.
    let make = try external.factory(
      exec, over: runs, isOfInstances: backtest.level == .instance, metrics: backtest.scoring.metrics.metric,
      hiding: [backtest.scores].compactMap(\.self))
    return [Backtest.Entry(name: "exec") { make(3, 20, 1) }] + own
  }
}
