public import ArgumentParser
import HelmBackend
public import Magnet
import MagnetCommand

extension TableKind: ExpressibleByArgument {}

struct TableCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table",
    abstract: "Print one of the four tables of runs.",
    discussion: """
      Columns are named as in the Python MAGNET's data frames. The end of a name will do where only one column ends
      so: mean for stats.mean.

      EXAMPLE:
        magnet table stats benchmark_output/runs/my-suite \\
          --columns run_spec.name,mean --where stats.name.name=exact_match
        magnet table per-instance-stats 'benchmark_output/runs/v1/mmlu*' -o mmlu.csv
      """)

  @Argument(help: "run-specs, scenario-states, stats or per-instance-stats.")
  var table: TableKind
  @OptionGroup var source: SourceOptions
  @Option(help: "The columns to print, in order.", transform: { $0.split(separator: ",").map(String.init) })
  var columns: [String]?
  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "Keep the rows in which a column has a value; nothing after = for those without one. May be repeated.",
      valueName: "name=value"))
  var conditions: [Condition] = []
  @Option(
    help: ArgumentHelp(
      """
      Give the table the columns of a fixed schema, whatever the runs hold: HELM's own, typed, project, suite and path \
      of the run in front, and one column of JSON, extra, for all else.
      """, valueName: "version"))
  var schema: FixedSchema?
  @Option(help: "Print at most this many rows.")
  var limit: Int?
  @OptionGroup var format: OutputOptions

  func validate() throws {
    if columns?.isEmpty == true { throw ValidationError("--columns takes names with commas between them.") }
    if let limit, limit < 0 { throw ValidationError("--limit must be 0 or more.") }
  }

  func run() async throws {
    try await report {
      let progress = WorkProgress()
      let runs = try source.runs(progress)
      let listing = try await Watch.working(progress) { try await runs.list() }
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
      var shown = schema == nil ? tables[table] : tables.fitted(table, of: listing.entries)
      for condition in conditions {
        let column = try shown.resolve(condition.column)
        shown = shown.filter { condition.holds(for: $0[column]) }
      }
      if let columns { shown = shown.selecting(try columns.map { try shown.resolve($0) }) }
      if let limit { shown = shown.prefix(limit) }
      try format.print(shown, keyCount: 1, piped: .csv, declared: table.columnTypes)
      return faults.count
    }
  }
}

extension TableCommand {
  /// The columns to read: those named, when all of them are named in full.
  private var projection: Set<String>? {
    guard let columns else { return nil }
    let names = Set(columns + conditions.map(\.column))
    return names.allSatisfy { $0 == "run_spec.name" || $0.hasPrefix(table.prefix) } ? names : nil
  }
}

/// `NAME=VALUE`: what `--where` takes.
struct Condition: ExpressibleByArgument {
  let column: String
  let value: String

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else { return nil }
    column = String(parts[0])
    value = String(parts[1])
  }

  /// Whether a cell is this value: as a text, or as a number.
  func holds(for cell: Cell) -> Bool {
    if cell == .null { return value.isEmpty }
    if let number = cell.number { return Double(value) == number }
    return cell.text == value
  }
}

/// Every run was faulty.
struct NothingRead: Error, CustomStringConvertible {
  let count: Int
  var description: String { "none of the runs (\(count)) could be read" }
}

/// The versions of the fixed schema.
enum FixedSchema: String, ExpressibleByArgument, CaseIterable { case v1 }
