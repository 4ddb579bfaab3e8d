import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand

struct RunsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs",
    abstract: "List runs: suite, run, scenario, model, instances, files, state and path.",
    discussion: """
      A run is complete when its files are there and whole, judged by their beginnings and ends; --check reads them
      in full. In archives and compressed files, of which the end is not to be had without the rest, the size and the
      beginning alone are looked at. The exit status is 1 when a run is incomplete.

      EXAMPLE:
        magnet runs benchmark_output
        magnet runs 'benchmark_output/runs/v1.*' --format csv
        magnet runs 'results.zip!/runs/v1'
      """)

  @OptionGroup var source: SourceOptions
  @OptionGroup var output: OutputOptions
  @Flag(help: "Read every file in full to judge the run's state.")
  var check = false

  func run() async throws {
    try await report {
      let progress = LoadProgress()
      let runs = try source.runs(progress)
      let summary = try await Watch.showing(progress) { try await RunSummary(of: runs, isThorough: check) }
      try output.print(summary.table, keyCount: 2)
      for fault in summary.faults { Terminal.say("incomplete: \(fault)") }
      return summary.faults.count
    }
  }
}
