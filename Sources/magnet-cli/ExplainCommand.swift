import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand

struct ExplainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Explain the score of a run: every candidate row of stats.json, and why it counts or not.",
    discussion: """
      EXAMPLE:
        magnet explain 'benchmark_output/runs/my-suite/boolq:model=openai_gpt2'
        magnet explain benchmark_output/runs/my-suite/RUN f1_score@valid
      """)

  @Argument(help: "The run's folder.", completion: .directory)
  var run: String
  @Argument(help: "A metric, such as f1_score or f1_score@valid (default: the main one).")
  var metric: String?
  @OptionGroup var reading: ReadingOptions
  @OptionGroup var metrics: MetricOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await report {
      let runs = try reading.runs(ofRun: run)
      var rules = try await metrics.rules(runs)
      if let metric { rules.metrics.insert(try MetricSelector(metric), at: 0) }
      let explanation = try await HeadlineExplanation(of: runs, rules: rules)
      for step in explanation.steps { Terminal.say(step) }
      try output.print(explanation.table, keyCount: 1, piped: .csv)
      return explanation.headline?.mean == nil ? 1 : 0
    }
  }
}
