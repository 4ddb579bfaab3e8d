// Unsafe code, on this invariant: a statement made here is finalized in the function that made it.

import CSQLite

/// What sessions of several queries need of a connection.
extension SQLConnection {
  /// A name in double quotes.
  static func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }

  /// Begins a query: from here on its time counts, and what failed before is forgotten.
  func begin(_ timeLimit: Duration?) {
    state.failure = nil
    state.deadline = timeLimit.map { ContinuousClock.now.advanced(by: $0) }
  }

  /// Runs a statement of magnet's own that changes something: once, or once for each row.
  func change(_ text: String, rows: [[Cell]] = [[]]) throws {
    state.isDeclaring = true
    defer { state.isDeclaring = false }
    let statement = try unsafe prepare(text)
    defer { unsafe sqlite3_finalize(statement) }
    for row in rows { _ = try unsafe self.rows(of: statement, row, limit: 1) }
  }

  /// Lets queries see the tables of a SQLite file, which nothing can write.
  func attach(_ path: String, as name: String) throws {
    // Without a log of changes nothing is about to change, and SQLite needs no files of its own beside it.
    let address = SQLiteFile.address(path, isFixed: SQLiteFile.hasNoLog(path))
    // The authorizer keeps queries from attaching more.
    unsafe sqlite3_limit(
      database, SQLITE_LIMIT_ATTACHED, sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, -1) + 1)
    try change("ATTACH DATABASE ? AS \(Self.quoted(name))", rows: [[.string(address)]])
  }

  /// The rows of a statement with values for its parameters; it can be asked again.
  func rows(of statement: OpaquePointer, _ values: [Cell], limit: Int) throws -> [[Cell]] {
    defer {
      unsafe sqlite3_reset(statement)
      unsafe sqlite3_clear_bindings(statement)
    }
    for (index, value) in values.enumerated() { unsafe SQLiteWriter.bind(statement, Int32(index + 1), value) }
    let width = unsafe sqlite3_column_count(statement)
    var rows: [[Cell]] = []
    while true {
      switch unsafe sqlite3_step(statement) {
      case SQLITE_ROW:
        if rows.count >= limit { return rows }
        rows.append((0..<width).map { unsafe Self.cell(statement, $0) })
      case SQLITE_DONE: return rows
      default: throw failure()
      }
    }
  }

  private static func cell(_ statement: OpaquePointer, _ column: Int32) -> Cell {
    switch unsafe sqlite3_column_type(statement, column) {
    case SQLITE_INTEGER: return unsafe .int(sqlite3_column_int64(statement, column))
    case SQLITE_FLOAT: return unsafe .double(sqlite3_column_double(statement, column))
    case SQLITE_NULL: return .null
    default:
      let bytes = unsafe sqlite3_column_text(statement, column)
      let count = unsafe Int(sqlite3_column_bytes(statement, column))
      return unsafe .string(String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self))
    }
  }
}
