// Unsafe code, on these invariants:
// - The pointer handed to SQLite with the modules, the authorizer and the progress handler is the connection's `state`,
//   which lives until the connection is closed.
// - SQLite's answers are read before the statement steps on.

import CSQLite

/// A SQLite connection without a database of its own: all it sees are relations over loaded columns.
@safe final class SQLConnection {
  final class State {
    let relations: [String: Relation]
    let catalog: RunCatalog
    /// What a scan threw; SQLite itself only knows that it failed.
    var failure: (any Error)?
    var deadline: ContinuousClock.Instant?
    /// Whether a relation is declaring its columns, which SQLite's authorizer takes for the creation of a table.
    var isDeclaring = false
    /// Whether a query names a collation: SQLite 3.40 makes one list of what stands around an OR, whatever the collations
    /// are, so that no condition is the scan's own then.
    var hasCollations = false

    init(_ relations: [Relation], _ catalog: RunCatalog, _ deadline: ContinuousClock.Instant?) {
      self.relations = Dictionary(relations.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
      self.catalog = catalog
      self.deadline = deadline
    }

    var isLate: Bool { deadline.map { ContinuousClock.now > $0 } ?? false }
  }

  private(set) var database: OpaquePointer?
  let state: State

  init(_ relations: [Relation], _ catalog: RunCatalog, timeLimit: Duration?) throws {
    state = State(relations, catalog, timeLimit.map { ContinuousClock.now.advanced(by: $0) })
    guard
      unsafe sqlite3_open_v2(
        ":memory:", &database,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, nil)
        == SQLITE_OK
    else { throw MagnetError(.invalidData, "SQLite cannot be opened: \(message)") }
    let pointer = unsafe Unmanaged.passUnretained(state).toOpaque()
    for relation in relations {
      unsafe sqlite3_create_module_v2(database, relation.name, virtualTableModule, pointer, nil)
    }
    unsafe magnet_sqlite_quotes_are_names(database)
    unsafe addSQLFunctions(to: database)
    unsafe addIntervalFunctions(to: database)
    // SQLite's own table-valued functions declare their columns when they are first used, which the authorizer takes
    // for the creation of a table.
    for call in [
      "json_each('[]')", "json_tree('[]')", "pragma_table_info('x')", "pragma_table_xinfo('x')",
      "pragma_function_list",
    ] {
      unsafe sqlite3_exec(database, "SELECT 1 FROM \(call) LIMIT 0", nil, nil, nil)
    }
    unsafe sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0)
    // A query can ask for a text of any length; this much memory is enough.
    unsafe sqlite3_limit(database, SQLITE_LIMIT_LENGTH, 1 << 28)
    unsafe sqlite3_set_authorizer(
      database,
      { state, action, first, second, _, _ in
        guard let state = unsafe state else { return SQLITE_DENY }
        return unsafe Unmanaged<State>.fromOpaque(state).takeUnretainedValue().isDeclaring
          ? SQLITE_OK : authorize(action, first, second)
      }, unsafe pointer)
    unsafe sqlite3_progress_handler(
      database, 10_000,
      { state in
        if Task.isCancelled { return 1 }
        return unsafe state.map { unsafe Unmanaged<State>.fromOpaque($0).takeUnretainedValue().isLate }
          == true ? 1 : 0
      }, unsafe pointer)
  }

  deinit { unsafe sqlite3_close_v2(database) }

  /// Whether a text ends with the semicolon of a whole statement.
  static func isComplete(_ text: String) -> Bool { unsafe sqlite3_complete(text) != 0 }

  private var message: String {
    unsafe sqlite3_errmsg(database).map { unsafe String(cString: $0) } ?? "out of memory"
  }

  /// Prepares one statement, which the caller finalizes.
  func prepare(_ text: String) throws -> OpaquePointer {
    if text.lowercased().contains("collate") { state.hasCollations = true }
    var statement: OpaquePointer?
    var rest: UnsafePointer<CChar>?
    let (status, hasMore) = unsafe text.withCString { start in
      let status = unsafe sqlite3_prepare_v2(database, start, -1, &statement, &rest)
      return unsafe (
        status, rest.map { unsafe !SQLText(String(cString: $0)).isEmpty } ?? false
      )
    }
    if status != SQLITE_OK { throw failure() }
    guard let statement = unsafe statement else { throw MagnetError(.invalidData, "the query is empty") }
    if hasMore {
      unsafe sqlite3_finalize(statement)
      throw MagnetError(.invalidData, "there is more than one statement; give one at a time")
    }
    return unsafe statement
  }

  /// Makes sure that all names of a query exist, also those in conditions that SQLite drops as constant.
  func checkNames(_ text: SQLText) throws {
    do { unsafe sqlite3_finalize(try prepare(text.withoutConstants)) } catch let error as MagnetError
      where !error.problem.hasPrefix("no such column: ")
    {
      // Not every place takes a parameter; what else is wrong with the query, it says itself.
    }
  }

  /// The names of the functions that queries may call.
  var functionNames: [String] {
    let table = try? answer("SELECT DISTINCT name FROM pragma_function_list")
    return table?.rows.map { $0["name"].text } ?? []
  }

  /// Answers one statement.
  /// - Parameter parameters: values of the statement's parameters by their names, without the sign before them.
  func answer(_ text: String, _ parameters: [String: Cell] = [:]) throws -> Table {
    let statement = try unsafe prepare(text)
    defer { unsafe sqlite3_finalize(statement) }

    try unsafe bind(parameters, to: statement)

    let width = unsafe Int(sqlite3_column_count(statement))
    let names = (0..<width).map { unsafe String(cString: sqlite3_column_name(statement, Int32($0))) }
    let builders = UnsafeMutablePointer<ColumnBuilder>.allocate(capacity: width)
    for column in 0..<width { unsafe (builders + column).initialize(to: ColumnBuilder()) }
    defer {
      unsafe builders.deinitialize(count: width)
      unsafe builders.deallocate()
    }
    var row = 0
    /// The rows; columns of nulls alone have the types that are declared for them.
    func finished() -> Table {
      let columns = zip(Self.distinct(names), 0..<width).map {
        unsafe ($0, builders[$1].finish(rowCount: row))
      }
      let table = Table(columns: columns, rowCount: row)
      var types: [String: ColumnType] = [:]
      for (column, type) in table.columnTypes.enumerated() where type == nil {
        guard let declared = unsafe sqlite3_column_decltype(statement, Int32(column)) else { continue }
        types[table.columnNames[column]] = unsafe SQLType(rawValue: String(cString: declared))?.columnType
      }
      return types.isEmpty ? table : table.declaring(types)
    }
    if parameters.isEmpty, unsafe sqlite3_bind_parameter_count(statement) == 0,
      let query = GroupQuery(text, state.relations), let rows = try query.rows(state.catalog)
    {
      for cells in rows {
        for column in 0..<width { unsafe builders[column].set(cells[column], row: row) }
        row += 1
      }
      return finished()
    }
    while true {
      switch unsafe sqlite3_step(statement) {
      case SQLITE_ROW:
        for column in 0..<width { unsafe Self.read(statement, Int32(column), into: &builders[column], row) }
        row += 1
      case SQLITE_DONE:
        return finished()
      default: throw failure()
      }
    }
  }

  private func bind(_ parameters: [String: Cell], to statement: OpaquePointer) throws {
    var unused = Set(parameters.keys)
    for index in unsafe 0..<sqlite3_bind_parameter_count(statement) {
      let sign =
        unsafe sqlite3_bind_parameter_name(statement, index + 1).map { unsafe String(cString: $0) } ?? "?"
      let name = String(sign.dropFirst())
      guard let value = parameters[name] else {
        throw MagnetError(
          .invalidData, "the query's parameter \(sign) has no value",
          advice: name.isEmpty ? "give it a name such as :model" : nil)
      }
      unused.remove(name)
      unsafe SQLiteWriter.bind(statement, index + 1, value)
    }
    if let name = unused.min() { throw MagnetError(.invalidData, "the query has no parameter :\(name)") }
  }

  /// The names with a number behind those that repeat.
  private static func distinct(_ names: [String]) -> [String] {
    var seen: [String: Int] = [:]
    return names.map { name in
      let earlier = seen[name, default: 0]
      seen[name] = earlier + 1
      return earlier == 0 ? name : "\(name):\(earlier)"
    }
  }

  private static func read(
    _ statement: OpaquePointer, _ column: Int32, into builder: inout ColumnBuilder, _ row: Int
  ) {
    switch unsafe sqlite3_column_type(statement, column) {
    case SQLITE_INTEGER: unsafe builder.set(sqlite3_column_int64(statement, column), row: row)
    case SQLITE_FLOAT: unsafe builder.set(sqlite3_column_double(statement, column), row: row)
    case SQLITE_NULL: builder.setNull(row: row)
    default:
      let bytes = unsafe sqlite3_column_text(statement, column)
      let count = unsafe Int(sqlite3_column_bytes(statement, column))
      unsafe builder.set(utf8: UnsafeRawBufferPointer(start: bytes, count: count), row: row)
    }
  }

  func failure() -> any Error {
    if let failure = state.failure { return failure }
    if Task.isCancelled { return CancellationError() }
    if state.isLate { return MagnetError(.timedOut, "the query took longer than its time limit") }
    let message = message
    if unsafe sqlite3_errcode(database) == SQLITE_AUTH || message.hasPrefix("not authorized") {
      return MagnetError(.readOnly, "not allowed: magnet sql is read-only")
    }
    return MagnetError(.invalidData, message)
  }
}

/// Queries may read and call functions, but none that reaches outside.
private func authorize(
  _ action: Int32, _ first: UnsafePointer<CChar>?, _ second: UnsafePointer<CChar>?
) -> Int32 {
  switch action {
  case SQLITE_SELECT, SQLITE_READ, SQLITE_RECURSIVE: return SQLITE_OK
  case SQLITE_FUNCTION:
    let name = unsafe second.map { unsafe String(cString: $0).lowercased() } ?? ""
    return ["load_extension", "readfile", "writefile", "edit"].contains(name) ? SQLITE_DENY : SQLITE_OK
  case SQLITE_PRAGMA:
    let name = unsafe first.map { unsafe String(cString: $0).lowercased() } ?? ""
    return ["table_info", "table_xinfo", "function_list"].contains(name) ? SQLITE_OK : SQLITE_DENY
  default: return SQLITE_DENY
  }
}
