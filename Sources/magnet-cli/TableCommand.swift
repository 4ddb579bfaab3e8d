public import ArgumentParser
import HelmBackend
public import Magnet
import MagnetCommand

extension TableSource: ExpressibleByArgument {}

struct TableCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table",
    abstract: "Print one of the four tables of runs.",
    discussion: """
      Columns are named as in the Python MAGNET's data frames. The end of a name will do where only one column ends \
      so: mean for stats.mean.

      EXAMPLE:
        magnet table stats benchmark_output/runs/my-suite \\
          --columns run_spec.name,mean --where stats.name.name=exact_match
        magnet table per-instance-stats 'benchmark_output/runs/v1/mmlu*' -o mmlu.csv
      """)

  @Argument(help: "run-specs, scenario-states, stats or per-instance-stats.")
  var table: TableSource
  @OptionGroup var source: SourceOptions
  @OptionGroup var chosen: SelectionOptions
  @Option(
    help: ArgumentHelp(
      """
      Give the table the columns of a fixed schema, whatever the runs hold: HELM's own, typed, project, suite and path \
      of the run in front, and one column of JSON, extra, for all else.
      """, valueName: "version"))
  var schema: FixedSchema?
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await report {
      let progress = WorkProgress()
      let runs = try source.runs(try chosen.selection, progress)
      let listing = try await Watch.working(progress) { try await runs.list() }
      if schema != nil, let faults = try await stream(runs, listing.entries, progress) { return faults }
      let projection = schema == nil ? projection : nil
      func load(_ columns: Set<String>?) async throws -> RunTables {
        try await Watch.working(progress) { [table] in
          try await runs.load(listing.entries, tables: [table], columns: columns)
        }
      }
      var tables = try await load(projection)
      if let projection, !projection.allSatisfy(tables[table].hasColumn) { tables = try await load(nil) }
      let faults = tables.faults.map(\.fault)
      say(faults)
      say(tables.counts, of: listing.entries)
      if faults.count == listing.entries.count { throw NothingRead(count: faults.count) }
      let shown = schema == nil ? tables[table] : tables.fitted(table, of: listing.entries)
      let notes = FileNotes()
      tables.noteRowless(table, of: listing.entries, havePaths: schema != nil, in: notes)
      try output.print(shown, keyCount: 1, declared: table.columnTypes, notes: notes)
      return faults.count
    }
  }
}

extension TableCommand {
  /// Writes the table of the fixed schema while the runs are read, some at a time, so that memory does not grow with their
  /// number; nil where the table has to be whole.
  private func stream(_ runs: HelmRuns, _ entries: [RunEntry], _ progress: WorkProgress) async throws -> Int?
  {
    var faults: [DataFault] = []
    var said: Set<DataFault> = []
    var parts = runs.parts(entries, of: table, bytes: 1 << 26)[...]
    let columns = SourceColumn.all + table.schemaV1 + [DeclaredColumn(TableSource.extraColumn, .json)]
    let notes = FileNotes()
    let isDone = try await output.stream(columns, notes: notes) {
      guard let part = parts.popFirst() else {
        if faults.count == entries.count { throw NothingRead(count: faults.count) }
        return nil
      }
      let some = Array(entries[part])
      let tables = try await Watch.working(progress) { [table] in
        try await runs.load(some, tables: [table], columns: nil)
      }
      say(tables.faults.map(\.fault).filter { said.insert($0).inserted })
      say(tables.counts, of: some)
      faults += tables.faults.map(\.fault)
      tables.noteRowless(table, of: some, havePaths: true, in: notes)
      return tables.fitted(table, of: some)
    }
    return isDone ? faults.count : nil
  }

  /// The columns to read: those named, when all of them are named in full.
  private var projection: Set<String>? {
    guard let names = output.rows.namedColumns else { return nil }
    return names.allSatisfy { $0 == ColumnKey.run.name || $0.hasPrefix(table.prefix) } ? names : nil
  }
}

/// Every run was faulty.
struct NothingRead: Error, CustomStringConvertible {
  let count: Int
  var description: String {
    count == 1 ? "the run could not be read" : "none of the \(count) runs could be read"
  }
}

/// The versions of the fixed schema.
enum FixedSchema: String, ExpressibleByArgument, CaseIterable { case v1 }
