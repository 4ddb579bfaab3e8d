package import ArgumentParser
import Magnet

/// The options that choose rows and columns of the table that a command prints.
package struct RowOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("The columns to print, in order, separated by commas.", valueName: "names"),
    transform: { $0.split(separator: ",").map(String.init) })
  package var columns: [String]?
  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "Keep rows where COLUMN equals VALUE; an empty VALUE matches missing cells. May be repeated.",
      valueName: "column=value"))
  var conditions: [Condition] = []
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Sort by columns, separated by commas; -COLUMN puts the largest first.", valueName: "names"),
    transform: { $0.split(separator: ",").map(String.init) })
  var sort: [String]?
  @Option(
    help: ArgumentHelp(
      "Print at most this many rows; 0 for all (default: 20 on a terminal, else all).", valueName: "count"))
  package var limit: Int?

  package init() {}

  package func validate() throws {
    if columns?.isEmpty == true { throw ValidationError("--columns takes names separated by commas.") }
    if sort?.isEmpty == true { throw ValidationError("--sort takes names separated by commas.") }
    if let limit, limit < 0 { throw ValidationError("--limit must be 0 or more.") }
  }

  /// What `--where` takes.
  struct Condition: ExpressibleByArgument {
    let row: RowCondition

    init?(argument: String) {
      guard let row = RowCondition(argument) else { return nil }
      self.row = row
    }
  }

  /// The columns that the options name; nil where none is selected, so that all are needed.
  package var namedColumns: Set<String>? {
    guard let columns else { return nil }
    let sorted = (sort ?? []).map { $0.hasPrefix("-") ? String($0.dropFirst()) : $0 }
    return Set(columns + conditions.map(\.row.column) + sorted)
  }

  func applied(to table: Table) throws -> Table {
    var shown = try table.filtered(by: conditions.map(\.row))
    if let sort { shown = try shown.sorted(byNames: sort) }
    if let columns { shown = shown.selecting(try columns.map { try shown.resolve($0) }) }
    if let limit, limit > 0 { shown = shown.prefix(limit) }
    return shown
  }
}
