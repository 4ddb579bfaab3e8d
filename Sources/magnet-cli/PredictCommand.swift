import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand
import Predictors

struct PredictCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predict statistics of a run from other runs, and compare them with the actual ones.",
    usage: """
      magnet predict <predictor> [<paths> ...] [<options>]
      magnet predict --exec <command> [<paths> ...] [<options>]
      """,
    discussion: """
      Draws training runs and a target run, as the Python MAGNET draws them from the same seed, shows the predictor all \
      of the former and none of the latter's statistics, and prints predicted and actual values.

      EXAMPLE:
        magnet predict perturbation benchmark_output/runs/my-suite --seed 7
        magnet predict random benchmark_output --runs 'mmlu:*' --errors --format csv
        magnet predict --exec "python3 my_predictor.py" benchmark_output
      """)

  @Argument(
    help: ArgumentHelp(
      "The predictor, one of: \(predictorCatalog.map(\.name).joined(separator: ", ")); none with --exec. Then folders that hold runs: a benchmark_output, a suite, a run, or quoted patterns of these (default: $MAGNET_RUNS, else ./benchmark_output).",
      valueName: "predictor and paths"),
    completion: .predictorsAndPaths)
  var arguments: [String] = []
  @OptionGroup var reading: ReadingOptions
  @OptionGroup var prediction: PredictionOptions
  @OptionGroup(title: "Programs as predictors") var external: ExternalOptions
  @Flag(help: "The program predicts single instances, not whole runs.")
  var instance = false
  @Option(
    help: ArgumentHelp(
      "Predict this metric, such as exact_match or exact_match@test (default: with predictors of scores, the run's main metric; else all). May be repeated.",
      valueName: "metric"), completion: .metrics)
  var metric: [String] = []

  private var paths: [String] { external.exec == nil ? Array(arguments.dropFirst()) : arguments }

  func validate() throws {
    if external.exec == nil {
      guard let name = arguments.first else {
        throw ValidationError("Name a predictor, or a program with --exec (see: magnet predictors).")
      }
      try checkPredictor(name)
    }
    if external.exec == nil, instance { throw ValidationError("--instance goes with --exec.") }
    for text in metric { _ = try MetricSelector(text) }
  }

  func run() async throws {
    let wanted = try metric.map { try MetricSelector($0) }
    let asked = external.exec == nil ? wanted : []
    try await prediction.predict({ try reading.runs(paths, $0) }, metrics: asked) {
      runs, exampleRuns, evalSamples, seed in
      if let exec = external.exec {
        let make = try external.factory(exec, over: runs, isOfInstances: instance, metrics: metric)
        let program = make(exampleRuns, evalSamples, seed)
        program.wantedMetrics = instance ? [] : wanted
        return program
      }
      guard let type = predictorCatalog.first(where: { $0.name == arguments[0] }) else {
        throw MagnetError(.notFound, "unknown predictor '\(arguments[0])'")
      }
      let predictor = type.init(exampleRuns: exampleRuns, evalSamples: evalSamples, seed: seed)
      (predictor as? ScorePredictor)?.metrics = asked
      predictor.wantedMetrics = wanted
      return predictor
    }
  }
}
