import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand

struct SummaryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary",
    abstract: "Summarize a folder of runs: counts, faults, and which models have which scenarios.",
    discussion: """
      A run is complete, partial (its statistics are there) or faulty. Missing are the runs of scenarios that at least \
      half of the models have. --show states counts runs by what is wrong; --show models has deployments and runs of each \
      model; --show instances tells whether all models were asked the same questions; --show health \
      flags runs of which a twentieth or more of the answers are empty, cut short, failed or without a score; --show files \
      has sizes, times, and files that HELM's site shows and that are older than the results. The exit status is 1 when a \
      run is not complete.

      EXAMPLE:
        magnet summary benchmark_output
        magnet summary benchmark_output --show missing --format csv
        magnet summary benchmark_output --show health
      """)

  /// What `--show` takes.
  enum Part: String, ExpressibleByArgument, CaseIterable {
    case counts, coverage, missing, states, faults, models, instances, health, files
  }

  @OptionGroup var source: SourceOptions
  @OptionGroup var chosen: SelectionOptions
  @OptionGroup var metrics: MetricOptions
  @Option(
    help: "What to print: counts, coverage, missing, states, faults, models, instances, health or files.")
  var show = Part.counts
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await report {
      let progress = WorkProgress()
      let runs = try source.runs(try chosen.selection, progress)
      let listing = try await Watch.working(progress) {
        try await runs.list().checkingStatistics(of: runs)
      }
      var faults = listing.entries.flatMap(\.faults)
      let matrix = CoverageMatrix(listing)
      switch show {
      case .counts: try output.print(counts(listing, matrix), keyCount: 1, piped: .csv)
      case .coverage: try output.print(matrix.table, keyCount: 1, piped: .csv)
      case .missing: try output.print(matrix.missingTable, keyCount: 2, piped: .csv)
      case .states: try output.print(RunStates(listing).table, keyCount: 1, piped: .csv)
      case .models: try output.print(listing.modelTable, keyCount: 1, piped: .csv)
      case .instances:
        let coverage = try await Watch.working(progress) { try await InstanceCoverage(of: runs) }
        faults = (faults + coverage.faults).unique()
        try output.print(coverage.table, keyCount: 2, piped: .csv)
        for task in coverage.unequal.prefix(10) {
          Terminal.say("not all runs have the same questions: \(task)")
        }
        if coverage.unequal.count > 10 { Terminal.say("and \(coverage.unequal.count - 10) more") }
      case .health:
        let health = try await Watch.working(progress) { [metrics] in
          try await RunHealth(of: runs, rules: try await metrics.rules(runs))
        }
        faults = (faults + health.faults).unique()
        try output.print(health.table, keyCount: 2, piped: .csv)
        let flagged = health.entries.count { !$0.flags.isEmpty }
        Terminal.say("\(flagged) of \(health.entries.count) runs are flagged")
      case .files:
        let files = RunFiles(listing)
        try output.print(files.table, keyCount: 1, piped: .csv)
        for path in files.stale.prefix(10) { Terminal.say("older than the results: \(path)") }
        if files.stale.count > 10 { Terminal.say("and \(files.stale.count - 10) more") }
        if files.archivedCount > 0 {
          Terminal.say("\(files.archivedCount) files in archives or Parquet files left out")
        }
      case .faults:
        let rows = faults.map { fault in
          [fault.file, fault.place, fault.problem, fault.advice].map { $0.map(Cell.string) ?? .null }
        }
        try output.print(
          Table(columnNames: ["file", "place", "problem", "advice"], rows: rows), keyCount: 1, piped: .csv)
      }
      if show != .faults { say(faults) }
      return faults.count
    }
  }

  private func counts(_ listing: RunListing, _ matrix: CoverageMatrix) -> Table {
    let entries = listing.entries
    let states = matrix.models.flatMap { model in
      matrix.scenarios.compactMap { matrix.entry(model, $0)?.state }
    }
    let facts: [(String, Int)] = [
      ("suites", entries.map(\.suite).unique().count), ("runs", entries.count),
      ("run names", entries.map(\.name).unique().count), ("complete", entries.count { $0.faults.isEmpty }),
      ("incomplete", entries.count { !$0.faults.isEmpty }), ("models", matrix.models.count),
      ("tasks", matrix.scenarios.count), ("groups", listing.groups.count),
      ("cells complete", states.count { $0 == .complete }),
      ("cells partial", states.count { $0 == .partial }),
      ("cells faulty", states.count { $0 == .faulty }), ("cells missing", matrix.missing.count),
    ]
    return Table(
      columnNames: ["what", "count"], rows: facts.map { [.string($0.0), .int(Int64($0.1))] })
  }
}
