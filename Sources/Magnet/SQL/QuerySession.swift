// Unsafe code, on these invariants:
// - A statement is finalized once, by `deinit`, before its connection is closed: it holds the session's connection.
// - SQLite's answers are read before the statement steps on.

import CSQLite

/// Queries over one set of runs, which is listed once and whose columns are kept from one query to the next.
///
/// All texts are known from the beginning, and all statements are prepared before the first is asked, so that each
/// column is read once. Not Sendable: one query at a time, on a thread that may wait.
package final class QuerySession {
  private let catalog: RunCatalog
  fileprivate let connection: SQLConnection
  private let timeLimit: Duration?
  private let faults: FaultBook
  private let unnamed: [DataFault]

  /// What is wrong with runs, by table and run.
  private final class FaultBook {
    var faults: [TableSource: [Int: [DataFault]]] = [:]
  }

  /// - Parameters:
  ///   - source: the runs.
  ///   - listing: what `source` lists.
  ///   - texts: all queries that will be prepared.
  ///   - attached: SQLite files whose tables queries see as NAME.TABLE, read-only.
  ///   - timeLimit: how long a query may take, loading included; nil for no limit.
  package init(
    _ source: any RunSource, listing: RunListing, texts: [String],
    attached: [(name: String, path: String)] = [],
    timeLimit: Duration?
  ) throws {
    let book = FaultBook()
    faults = book
    unnamed = listing.entries.filter { !$0.isNamed }.flatMap(\.faults)
    catalog = RunCatalog(listing: listing, source: source) { runs, kind, columns in
      let tables = try Workers.waiting {
        try await source.load(runs.map { listing.entries[$0] }, tables: [kind], columns: columns)
      }
      for item in tables.faults {
        book.faults[kind, default: [:]][runs[item.run], default: []].append(item.fault)
      }
      return tables.soundTables(kind)
    }
    let text = SQLText(texts.joined(separator: "\n;\n"))
    connection = try SQLConnection(
      try Database.relations(for: text, catalog, source.sources), catalog, timeLimit: nil)
    self.timeLimit = timeLimit
    try connection.change("PRAGMA temp_store = MEMORY")
    for (name, path) in attached { try connection.attach(path, as: name) }
  }

  /// Makes an empty table that queries see.
  package func makeTable(_ name: String, columns: [String]) throws {
    let list = columns.map(SQLConnection.quoted).joined(separator: ", ")
    try connection.change("CREATE TEMP TABLE \(SQLConnection.quoted(name)) (\(list))")
  }

  /// Gives a table other rows.
  package func fill(_ name: String, rows: [[Cell]]) throws {
    try connection.change("DELETE FROM temp.\(SQLConnection.quoted(name))")
    guard let width = rows.first?.count else { return }
    let marks = Array(repeating: "?", count: width).joined(separator: ", ")
    let insert = "INSERT INTO temp.\(SQLConnection.quoted(name)) VALUES (\(marks))"
    try connection.change(insert, rows: rows)
  }

  /// Prepares a query that is not asked, over tables of which not all columns are known: `openTables` get the columns
  /// that the query names and no table has.
  /// - Throws: `MagnetError` when it is wrong or tries to write.
  package func prepare(_ text: String, openTables: [String]) throws -> Statement {
    var left = openTables.isEmpty ? 0 : Self.openColumnLimit
    while true {
      do { return try prepare(text) } catch {
        left -= 1
        guard left > 0, let name = Self.missingColumn(error, in: text),
          openTables.contains(where: { (try? addColumn(name, to: $0)) != nil })
        else { throw error }
      }
    }
  }

  private static let openColumnLimit = 500

  private func addColumn(_ name: String, to table: String) throws {
    try connection.change(
      "ALTER TABLE temp.\(SQLConnection.quoted(table)) ADD COLUMN \(SQLConnection.quoted(name))")
  }

  /// The column that a query asks for and no table has, without the alias of its table.
  private static func missingColumn(_ error: any Error, in text: String) -> String? {
    let start = "no such column: "
    guard let problem = (error as? MagnetError)?.problem, problem.hasPrefix(start) else { return nil }
    // Later versions of SQLite repeat the quotes and add a remark.
    let said = problem.dropFirst(start.count)
    let name =
      said.hasPrefix("\"")
      ? String(said.dropFirst().prefix { $0 != "\"" }) : String(said.prefix { $0 != " " })
    let quoted = quotedNames(text)
    guard !quoted.contains(name), let dot = name.firstIndex(of: ".") else { return name }
    return String(name[name.index(after: dot)...])
  }

  /// Prepares a query.
  /// - Throws: `MagnetError` when it is wrong or tries to write.
  package func prepare(_ text: String) throws -> Statement {
    try connection.checkNames(SQLText(text))
    return unsafe Statement(try connection.prepare(text), connection)
  }

  /// Asks a query.
  /// - Parameters:
  ///   - values: those of its parameters; null for one without a value.
  ///   - limit: the most rows to read.
  /// - Returns: the rows, and what is wrong with runs that the query needed and that were left out.
  package func ask(
    _ statement: Statement, _ values: [String: Cell] = [:], limit: Int = .max
  ) throws -> (rows: [[Cell]], faults: [DataFault]) {
    connection.begin(timeLimit)
    catalog.forgetAsked()
    let rows = try unsafe connection.rows(
      of: statement.pointer, statement.parameters.map { values[$0] ?? .null }, limit: limit)
    var found: [DataFault] = []
    for (kind, runs) in catalog.asked.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      let known = faults.faults[kind] ?? [:]
      found += runs.sorted().flatMap { known[$0] ?? [] }
    }
    // What a run without a readable run spec holds is missing from every table.
    if catalog.hasReadTables { found = unnamed + found }
    found += catalog.scoreFaults
    var seen: Set<DataFault> = []
    return (rows, found.filter { seen.insert($0).inserted })
  }

  /// The names of all relations that are not a card's own.
  package static var relationNames: [String] {
    Relation.tidy.map(\.name) + TableSource.allCases.map(\.sqlName)
  }

  /// The words of a query outside of quotes, in lower case.
  package static func words(_ text: String) -> Set<String> { SQLText(text).words }

  /// The names of a query in double quotes, back quotes or brackets.
  package static func quotedNames(_ text: String) -> Set<String> { SQLText(text).quotedNames }

  /// Whether a name is one of SQLite's keywords.
  package static func isKeyword(_ name: String) -> Bool {
    unsafe sqlite3_keyword_check(name, Int32(name.utf8.count)) != 0
  }

  /// A query that SQLite has understood.
  @safe package final class Statement {
    fileprivate let pointer: OpaquePointer
    private let connection: SQLConnection
    /// The names of its parameters, without the sign before them.
    package let parameters: [String]
    /// The names of its columns.
    package let columns: [String]

    fileprivate init(_ pointer: OpaquePointer, _ connection: SQLConnection) {
      unsafe self.pointer = unsafe pointer
      self.connection = connection
      parameters = unsafe (0..<sqlite3_bind_parameter_count(pointer)).map { index in
        unsafe sqlite3_bind_parameter_name(pointer, index + 1).map {
          unsafe String(String(cString: $0).dropFirst())
        } ?? ""
      }
      columns = unsafe (0..<sqlite3_column_count(pointer)).map {
        unsafe String(cString: sqlite3_column_name(pointer, $0))
      }
    }

    deinit { unsafe sqlite3_finalize(pointer) }
  }
}
