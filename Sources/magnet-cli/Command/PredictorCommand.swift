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
    await OnePredictor<P>.main(nil)
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
          0 all is well, 1 some runs were faulty and left out or nothing was predicted, 2 nothing could be done, \
        64 wrong usage
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
      try await prediction.predict({ try source.runs() }) { _, exampleRuns, evalSamples, seed in
        P(exampleRuns: exampleRuns, evalSamples: evalSamples, seed: seed)
      }
    }
  }

  struct BacktestOne: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
      CommandConfiguration(
        commandName: "backtest",
        abstract:
          "Predict many scores that are known, and say how good the predictions are beside the baselines."
      )
    }

    @OptionGroup var source: SourceOptions
    @OptionGroup var backtest: BacktestOptions

    func validate() throws {
      let known = predictorCatalog.map(\.name) + [P.name]
      for name in backtest.compare where !known.contains(name) {
        let nearest = nearestNames(to: name, among: known)
        throw ValidationError("No predictor '\(name)'; did you mean \(nearest.joined(separator: ", "))?")
      }
    }

    func run() async throws {
      try await backtest.run({ try source.runs($0) }) { _ in
        [Backtest.Entry(P.self)]
          + backtest.compare.unique().filter { $0 != P.name }.compactMap { name in
            predictorCatalog.first { $0.name == name }.map { Backtest.Entry($0) }
          }
      }
    }
  }
}

/// The options of every command that predicts.
package struct PredictionOptions: ParsableArguments {
  @Option(help: "How many runs the predictor learns from.")
  package var exampleRuns = 3
  @Option(help: "How many instances of the target run are drawn.")
  package var evalSamples = 20
  @Option(
    help: ArgumentHelp(
      "Show these instances instead of drawing any: ids line by line, or what `magnet select -o FILE.ndjson` wrote.",
      valueName: "file"),
    completion: .file())
  package var instances: String?
  @Option(parsing: .unconditional, help: "The seed of the draws.")
  package var seed = 1
  @Option(
    help: ArgumentHelp(
      "Use only runs whose name matches, with * and ?. May be repeated.", valueName: "pattern"))
  package var runs: [String] = []
  @Flag(help: "Print one row a pair: predicted mean, actual mean and error.")
  package var compare = false
  @OptionGroup package var output: OutputOptions

  package init() {}

  package func validate() throws {
    if exampleRuns < 1 { throw ValidationError("--example-runs must be 1 or more.") }
    if evalSamples < 1 { throw ValidationError("--eval-samples must be 1 or more.") }
  }

  /// Draws a split of runs, has it predicted, and prints the comparison.
  /// - Parameter metrics: print only predictions of these; all when empty.
  package func predict(
    _ runs: () throws -> HelmRuns, metrics: [MetricSelector] = [],
    make: (HelmRuns, Int, Int, Int) throws -> Predictor
  ) async throws {
    try await report {
      let all = try runs()
      let predictor = try make(all, exampleRuns, evalSamples, seed)
      predictor.instances = try instances.map(Self.ids)
      let comparison = try await predictor.evaluate(
        on: all, runs: self.runs
      ).selecting(metrics)
      say(comparison.faults)
      for note in comparison.notes { Terminal.say(note) }
      let most = 10
      for miss in comparison.unmatched.prefix(most) {
        Terminal.say(
          "matched nothing: \(shown(miss.stat.name.name)) of \(shown(miss.run, limit: 500)): "
            + shown(miss.reason, limit: 1000))
      }
      if comparison.unmatched.count > most {
        Terminal.say("matched nothing: \(comparison.unmatched.count - most) other predictions")
      }
      if !comparison.isMeasurable { Terminal.say("nothing was predicted that can be compared") }
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
        "predictions": compare ? comparison.pairTable : comparison.table, "measures": comparison.measureTable,
      ],
      lines: comparison.measureLines, keyCount: compare ? 1 : 2)
  }
}
