import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand

struct DiffCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract:
      "Find why two runs differ: recipe, scenario, instances, prompts, answers, statistics or scores.",
    discussion: """
      Compares level by level and names the first that differs, with examples. Fields of the run spec that are absent \
      on one side and have HELM's default on the other count as equal, as do lists of metrics in another order.

      EXAMPLE:
        magnet diff runs/v1/RUN runs/v2/RUN
        magnet diff runs/v1/RUN runs/v2/RUN --examples --format csv
      """)

  @Argument(help: "The first run's folder.", completion: .directory)
  var first: String
  @Argument(help: "The second run's folder.", completion: .directory)
  var second: String
  @Flag(help: "Print the examples as a table instead of the levels.")
  var examples = false
  @OptionGroup var reading: ReadingOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await report {
      let sources = TableSource.allCases + [.scenarios]
      let diff = try await RunDiff(
        try reading.runs(ofRun: first, sources: sources), try reading.runs(ofRun: second, sources: sources))
      say(diff.faults)
      Terminal.say("verdict: \(diff.verdict)")
      if examples {
        try output.print(diff.exampleTable, keyCount: 2, piped: .csv)
      } else {
        try output.print(diff.table, keyCount: 1, piped: .csv)
        if output.isForPeople, output.file == nil, Terminal.isOutputTerminal, diff.exampleTable.rowCount > 0 {
          try Terminal.write("\n")
          try output.print(diff.exampleTable, keyCount: 2)
        }
      }
      return diff.faults.count
    }
  }
}
