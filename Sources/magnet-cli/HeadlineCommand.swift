import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand

struct HeadlineCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "headline",
    abstract: "Show the score of each run: its main metric, and what chose it.",
    discussion: """
      The metric and split are those of the run's group in the schema.json beside the runs, else in HELM's schema of \
      the project in the path, else in HELM's schemas together. A metric that no schema names is marked as guessed. A \
      run without the statistic has no score; the note says which splits it has, and the exit status is 1.

      EXAMPLE:
        magnet headline benchmark_output/runs/my-suite
        magnet headline benchmark_output --schema lite --format csv
      """)

  @OptionGroup var source: SourceOptions
  @OptionGroup var metrics: MetricOptions
  @OptionGroup var chosen: SelectionOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await report {
      let progress = WorkProgress()
      let found = try source.runs(try chosen.selection, progress)
      let headlines = try await Watch.working(progress) { [metrics] in
        try await HeadlineTable(of: found, rules: try await metrics.rules(found))
      }
      say(headlines.faults)
      for note in headlines.notes { Terminal.say(note) }
      try output.print(headlines.table, keyCount: 2, piped: .csv)
      if headlines.missingCount > 0 {
        Terminal.say(
          "no score for \(headlines.missingCount) of \(counted(headlines.table.rowCount, "run")); the column note says why",
          as: .warning)
      }
      return headlines.faults.count + headlines.missingCount
    }
  }
}
