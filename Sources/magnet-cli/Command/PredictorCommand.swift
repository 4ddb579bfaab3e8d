package import ArgumentParser
package import HelmBackend
public import Magnet
import Predictors

/// A command of one predictor, with the options of `magnet predict` and `magnet backtest`. The whole of a program's main:
///
///     await PredictorCommand<MyPredictor>.main()
///
/// The program's first argument is `predict`, which may be left out, or `backtest`.
public enum PredictorCommand<P: Predictor> {
  /// Reads the program's arguments, does what they say, prints, and ends the program when something went wrong.
  public static func main() async {
    Terminal.ignoreBrokenPipes()
    await OnePredictor<P>.start(nil)
  }
}

/// What `PredictorCommand` runs. Not public: its `main` of a command that does not wait would be in the way.
private struct OnePredictor<P: Predictor>: AsyncParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: Terminal.programName,
      abstract:
        "\(P.self) predicts statistics of a run from other runs\(P.summary.isEmpty ? "." : ": \(P.summary).")",
      discussion: """
        EXIT STATUS:
          0 success, 1 some runs skipped or nothing predicted, 2 failed, 64 usage error
        """,
      subcommands: [Predict.self, BacktestOne.self], defaultSubcommand: Predict.self)
  }

  struct Predict: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
      CommandConfiguration(
        commandName: "predict",
        abstract: "Predict a run drawn from the runs, and compare with the actual statistics (the default).")
    }

    @OptionGroup var source: SourceOptions
    @OptionGroup var prediction: PredictionOptions

    func run() async throws {
      try await prediction.predict({ try source.runs($0) }) { _, exampleRuns, evalSamples, seed in
        P(exampleRuns: exampleRuns, evalSamples: evalSamples, seed: seed)
      }
    }
  }

  struct BacktestOne: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
      CommandConfiguration(
        commandName: "backtest",
        abstract: "Evaluate the predictor, next to baselines, on scores that are known."
      )
    }

    @OptionGroup var source: SourceOptions
    @OptionGroup var backtest: BacktestOptions

    func validate() throws {
      for name in backtest.compared where name != P.name { try checkPredictor(name) }
    }

    func run() async throws {
      try await backtest.run({ try source.runs($0, $1) }) { _ in
        [Backtest.Entry(P.self)]
          + backtest.compared.unique().filter { $0 != P.name }.compactMap { name in
            predictorCatalog.first { $0.name == name }.map { Backtest.Entry($0) }
          }
      }
    }
  }
}

/// Refuses a name of a predictor that magnet does not know.
package func checkPredictor(_ name: String, among known: [String] = predictorCatalog.map(\.name)) throws {
  guard !known.contains(name) else { return }
  let advice = suggestion(for: name, among: known).map { "; " + $0 } ?? ""
  throw ValidationError("unknown predictor '\(name)'\(advice) (see: magnet predictors)")
}

/// The options of every command that predicts.
package struct PredictionOptions: ParsableArguments {
  @Option(help: "How many training runs are drawn.")
  package var exampleRuns = 3
  @Option(help: "How many instances of the target run are drawn and shown.")
  package var observed = 20
  @Option(
    help: ArgumentHelp(
      "Show these instances instead of drawing any: ids line by line, or what `magnet select -o FILE.ndjson` wrote.",
      valueName: "file"),
    completion: .file())
  package var instances: String?
  @Option(
    help: ArgumentHelp(
      "Predict this run, with * and ?, from all runs of other models, instead of drawing runs.",
      valueName: "pattern"))
  package var targetRun: String?
  @Option(parsing: .unconditional, help: "The seed of the draws.")
  package var seed = 1
  @OptionGroup package var chosen: SelectionOptions
  @Flag(help: "Print one row per pair: predicted mean, actual mean and error.")
  package var errors = false
  @OptionGroup package var output: OutputOptions

  package init() {}

  package func validate() throws {
    if exampleRuns < 1 { throw ValidationError("--example-runs must be 1 or more.") }
    if observed < 1 { throw ValidationError("--observed must be 1 or more.") }
  }

  /// Draws a split of runs, has it predicted, and prints the comparison.
  /// - Parameter metrics: print only predictions of these; all when empty.
  package func predict(
    _ runs: (RunSelection) throws -> HelmRuns, metrics: [MetricSelector] = [],
    make: (HelmRuns, Int, Int, Int) throws -> Predictor
  ) async throws {
    try await report {
      let all = try runs(try chosen.selection)
      let predictor = try make(all, exampleRuns, observed, seed)
      predictor.instances = try instances.map(Self.ids)
      predictor.targetRun = targetRun
      let comparison = try await predictor.evaluate(on: all).selecting(metrics)
      say(comparison.faults)
      for note in comparison.notes { Terminal.say(note) }
      let most = 10
      for miss in comparison.unmatched.prefix(most) {
        Terminal.say(
          "no match for \(shown(miss.stat.name.name)) of \(shown(miss.run, limit: 500)): "
            + shown(miss.reason, limit: 1000), as: .warning)
      }
      if comparison.unmatched.count > most {
        Terminal.say("no match for \(comparison.unmatched.count - most) other predictions", as: .warning)
      }
      if !comparison.isMeasurable { Terminal.say("no prediction can be compared", as: .warning) }
      try print(comparison)
      return comparison.faults.count + (comparison.isMeasurable ? 0 : 1)
    }
  }

  /// The ids in a file.
  private static func ids(_ file: String) throws -> [String] {
    let bytes: [UInt8]
    do { bytes = try Files.read(file, atMost: 256 << 20) } catch {
      throw MagnetError(.system, "\(error)", at: file)
    }
    let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
    let ids = try lines.enumerated().map { number, line -> String in
      guard line.first == "{" else { return String(line) }
      guard let id = try? JSONValue(parsing: String(line))["instance"]?.string else {
        throw MagnetError(
          .invalidData, "is not an object with a text 'instance'", at: "\(file): line \(number + 1)")
      }
      return id
    }
    if ids.isEmpty { throw MagnetError(.invalidData, "holds no ids of instances", at: file) }
    return ids
  }

  /// Prints the comparison, and how good the predictions were: under a table as a line for each metric, in JSON as
  /// `measures` beside `predictions`.
  private func print(_ comparison: Comparison) throws {
    try output.print(
      [
        "predictions": errors ? comparison.pairTable : comparison.table, "measures": comparison.measureTable,
      ],
      lines: comparison.measureLines, keyCount: errors ? 1 : 2)
  }
}
