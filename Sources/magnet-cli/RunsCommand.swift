import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand

struct RunsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs",
    abstract: "List runs: suite, run, model, instances, state and problem.",
    discussion: """
      A run is complete when its files are there and whole, judged by their beginnings and ends; --check reads them \
      in full. For archives and compressed files only the size and the beginning are checked, because the end cannot be \
      read without the rest. --long also prints scenario, files and path. The exit status is 1 when a run is incomplete.

      EXAMPLE:
        magnet runs benchmark_output
        magnet runs 'benchmark_output/runs/v1.*' --format csv
        magnet runs 'results.zip!/runs/v1'
        magnet runs benchmark_output --entry mmlu:subject=anatomy,model=meta/llama-2-13b
      """)

  @OptionGroup var source: SourceOptions
  @OptionGroup var chosen: SelectionOptions
  @OptionGroup var output: OutputOptions
  @Flag(help: "Print scenario, files and path, too.")
  var long = false
  @Flag(help: "Read every file in full to judge the run's state.")
  var check = false
  @Option(
    help: ArgumentHelp(
      "List the complete runs that a run entry of HELM's asks for, the nearest first.", valueName: "run entry"
    ))
  var entry: String?

  func run() async throws {
    try await report {
      let progress = WorkProgress()
      let runs = try source.runs(try chosen.selection, progress)
      if let entry { return try await list(RunRequest(entry), entry, in: runs, progress) }
      let summary = try await Watch.working(progress) { [check] in
        try await RunSummary(of: runs, isThorough: check)
      }
      var shown = long || output.rows.columns != nil ? summary.table : summary.shortTable
      if summary.faults.isEmpty, !long, output.isForPeople, output.rows.columns == nil {
        shown = shown.dropping { $0 == "problem" }
      }
      try output.print(shown, keyCount: 2)
      if !check, summary.hasComplete {
        Terminal.say(
          "complete means by stats.json and the ends of the other files; --check reads all in full")
      }
      say(summary.faults, as: "incomplete")
      return summary.faults.count
    }
  }

  /// Lists the runs that are such a run, as MAGNET chooses one to reuse.
  private func list(
    _ request: RunRequest, _ entry: String, in runs: HelmRuns, _ progress: WorkProgress
  ) async throws -> Int {
    let listing = try await Watch.working(progress) { try await runs.list() }
    let found = request.matches(in: listing)
    say(found.incomplete.flatMap(\.faults), as: "incomplete")
    if found.complete.isEmpty {
      let names = Set(listing.entries.map { String($0.folder.prefix { $0 != ":" }) })
      let nearest = nearestNames(
        to: entry.replacing("/", with: "_"), among: listing.entries.map(\.folder), count: 1)
      let advice =
        names.contains(request.name)
        ? nearest.first.map { "the nearest run is \($0)" }
        : suggestion(for: request.name, among: names.sorted())
      throw MagnetError(.notFound, "no complete run is '\(entry)'", advice: advice)
    }
    let rows = found.complete.map { run in [Cell.string(run.suite), .string(run.name), .string(run.path)] }
    try output.print(Table(columnNames: ["suite", "run", "path"], rows: rows), keyCount: 2)
    return found.incomplete.count
  }
}
