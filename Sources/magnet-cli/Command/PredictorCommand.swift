package import ArgumentParser
package import HelmBackend
public import Magnet

/// A predictor that a command makes from its options. A final class that derives from a predictor and adds no
/// initializer conforms as it is; one that has its own adds this one, `required`.
public protocol CommandPredictor: Predictor {
  /// A predictor that learns from so many runs, of so many instances drawn, from this seed.
  init(exampleRuns: Int, evalSamples: Int, seed: Int)
}

/// A command of one predictor, with the options of `magnet predict`. The whole of a program's main:
///
///     await PredictorCommand<MyPredictor>.main()
public enum PredictorCommand<P: CommandPredictor> {
  /// Reads the program's arguments, predicts, prints, and ends the program when something went wrong.
  public static func main() async {
    Terminal.ignoreBrokenPipes()
    await OnePredictor<P>.main(nil)
  }
}

/// What `PredictorCommand` runs. Not public: its `main` of a command that does not wait would be in the way.
private struct OnePredictor<P: CommandPredictor>: AsyncParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: Terminal.programName,
      abstract:
        "Predict statistics of a run from other runs with \(P.self), and compare them with the actual ones.",
      discussion: """
        EXIT STATUS:
          0 all is well, 1 some runs were faulty and left out, 2 nothing could be done, 64 wrong usage
        """)
  }

  @OptionGroup var source: SourceOptions
  @OptionGroup var prediction: PredictionOptions

  func run() async throws {
    try await prediction.predict({ try source.runs() }) { _, exampleRuns, evalSamples, seed in
      P(exampleRuns: exampleRuns, evalSamples: evalSamples, seed: seed)
    }
  }
}

/// The options of every command that predicts.
package struct PredictionOptions: ParsableArguments {
  @Option(help: "How many runs the predictor learns from.")
  package var exampleRuns = 3
  @Option(help: "How many instances of the run to be predicted are drawn.")
  package var evalSamples = 20
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
    if exampleRuns < 1 { throw ValidationError("--example-runs takes 1 or more.") }
    if evalSamples < 1 { throw ValidationError("--eval-samples takes 1 or more.") }
  }

  /// Draws a split of runs, has it predicted, and prints the comparison.
  package func predict(
    _ runs: () throws -> HelmRuns, make: (HelmRuns, Int, Int, Int) throws -> Predictor
  ) async throws {
    try await report {
      let all = try runs()
      let comparison = try await make(all, exampleRuns, evalSamples, seed).evaluate(
        on: all, runs: self.runs)
      say(comparison.faults)
      for note in comparison.notes { Terminal.say(note) }
      for miss in comparison.unmatched {
        Terminal.say("matched nothing: \(miss.stat.name.name) of \(miss.run): \(miss.reason)")
      }
      try print(comparison)
      return comparison.faults.count
    }
  }

  /// Prints the comparison, and how good the predictions were: under a table as a line for each metric, in JSON as
  /// `measures` beside `predictions`.
  private func print(_ comparison: Comparison) throws {
    let table = compare ? comparison.pairTable : comparison.table
    let measures = comparison.measureTable
    if output.format == .json {
      let writer = TableWriter(.json)
      try Terminal.write("{\"predictions\":" + writer.text(table).dropLast())
      try Terminal.write(",\n\"measures\":" + writer.text(measures).dropLast() + "}\n")
      return
    }
    try output.print(table, keyCount: compare ? 1 : 2)
    guard output.isForPeople else { return }
    if output.format == .markdown { try Terminal.write("\n") }
    for line in comparison.measureLines { try Terminal.write(line + "\n") }
  }
}
