// Unsafe code, on these invariants:
// - A statement is used only between its preparation and its finalisation, both by the writer.
// - A BoundColumn lives until other values are bound in its place or the statement's bindings are cleared.

import CSQLite

/// Writes tables into a new SQLite file: run names and metric names in tables of their own, the rest in tables of
/// rows that refer to them, and views over these with all names back in place.
@safe final class SQLiteWriter {
  private var database: OpaquePointer?
  private let kinds: [TableSource]
  /// The columns of each table by their flattened names, in order, with their names in SQL and the kinds of their cells.
  private var columns: [TableSource: Columns] = [:]
  private var inserts: [TableSource: OpaquePointer] = unsafe [:]
  private var metricIDs: [String: Int64] = [:]
  /// The relations that become views.
  private let relations: [Relation]
  /// Columns that no run has.
  private var absent: Set<String> = []

  /// Changes that SQLite's rules for names and numbers of columns made necessary, for the user.
  private(set) var notes: [String] = []

  /// The columns of one table of rows.
  private struct Columns {
    struct Column {
      let name: String
      let sqlName: String
      var kinds: CellKinds = []
    }

    private(set) var list: [Column] = []
    private(set) var places: [ExactText: Int] = [:]
    private var names: SQLColumnNames
    /// The columns of HELM's and those that views name, which have a place of their own whatever else there is.
    private let known: [String]
    /// Whether columns beyond SQLite's limit are kept as one JSON object.
    var overflows = false

    init(_ kind: TableSource, _ relations: [Relation]) {
      let helms = kind.schemaV1.map(\.name)
      names = SQLColumnNames(keeping: helms)
      let shown = relations.filter { $0.kind == kind }.flatMap { $0.columns.compactMap(\.source.storedName) }
      known = (helms + shown).unique().filter { $0 != ColumnKey.run.name && $0 != kind.metricColumn }
    }

    /// The columns of HELM's that are not there yet.
    var missing: [String] { known.filter { places[ExactText($0)] == nil } }

    mutating func add(_ name: String) -> Column {
      let column = Column(name: name, sqlName: names.name(for: name))
      places[ExactText(name)] = list.count
      list.append(column)
      return column
    }

    mutating func add(_ kinds: CellKinds, at place: Int) { list[place].kinds.formUnion(kinds) }

    subscript(name: String) -> Column? { places[ExactText(name)].map { list[$0] } }
  }

  /// The most columns of a table of rows, which has up to three of its own.
  private static let columnLimit = Relation.columnLimit - 3
  /// The column that holds, as one JSON object for each row, what has no column because of the limit.
  private static let overflow = "extra"

  /// Opens a file, which should not exist or be empty.
  /// - Parameters:
  ///   - kinds: the tables that it gets.
  ///   - relations: the relations that become views.
  init(
    _ path: String, kinds: [TableSource] = TableSource.allCases, relations: [Relation] = Relation.plain
  ) throws {
    self.kinds = kinds
    self.relations = relations
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
    guard unsafe sqlite3_open_v2(path, &database, flags, nil) == SQLITE_OK else { throw failure() }
    // The file is of use only when it is whole: no journal is needed to roll it back.
    try run("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE")
    try run("PRAGMA cache_size = -32000; BEGIN")
    let fields = Relation.RunField.allCases.map { "\"\($0.rawValue)\" \($0.sqlType.rawValue)" }.joined(
      separator: ", ")
    try run("CREATE TABLE runs(id INTEGER PRIMARY KEY, \(fields))")
    try run("CREATE TABLE metrics(id INTEGER PRIMARY KEY, metric TEXT NOT NULL UNIQUE)")
    for kind in kinds {
      let metric = kind.metricColumn == nil ? "" : ", metric_id INTEGER NOT NULL REFERENCES metrics"
      try run("CREATE TABLE \(Self.rowsName(kind))(run_id INTEGER NOT NULL REFERENCES runs\(metric))")
    }
  }

  deinit {
    unsafe inserts.values.forEach { unsafe sqlite3_finalize($0) }
    unsafe sqlite3_close_v2(database)
  }

  private static func rowsName(_ kind: TableSource) -> String { kind.sqlName + "_rows" }

  private func failure() -> MagnetError {
    unsafe MagnetError(
      .system, "SQLite: " + (sqlite3_errmsg(database).map { unsafe String(cString: $0) } ?? "out of memory"))
  }

  private func run(_ text: String) throws {
    if unsafe sqlite3_exec(database, text, nil, nil, nil) != SQLITE_OK { throw failure() }
  }

  private func prepare(_ text: String) throws -> OpaquePointer {
    var statement: OpaquePointer?
    guard unsafe sqlite3_prepare_v2(database, text, -1, &statement, nil) == SQLITE_OK,
      let statement = unsafe statement
    else {
      throw failure()
    }
    return unsafe statement
  }

  /// Adds a run.
  /// - Parameter cells: what is known of it, in the order of the fields.
  func addRun(_ number: Int, _ cells: [Cell]) throws {
    let insert = try unsafe prepare(
      "INSERT INTO runs VALUES(?" + String(repeating: ", ?", count: cells.count) + ")")
    defer { unsafe sqlite3_finalize(insert) }
    unsafe sqlite3_bind_int64(insert, 1, Int64(number))
    for (index, cell) in cells.enumerated() { unsafe Self.bind(insert, Int32(index + 2), cell) }
    guard unsafe sqlite3_step(insert) == SQLITE_DONE else { throw failure() }
  }

  /// Adds the rows of one run.
  func add(_ table: Table, _ kind: TableSource, run: Int) throws {
    let names = table.columnNames.filter { $0 != ColumnKey.run.name && $0 != kind.metricColumn }
    if !absent.isEmpty { absent.subtract(names) }
    let insert = try unsafe insertion(kind, names)
    let firstColumn = kind.metricColumn == nil ? 2 : 3
    for chunk in table.chunks {
      unsafe sqlite3_clear_bindings(insert)
      unsafe sqlite3_bind_int64(insert, 1, Int64(run))
      var varying: [BoundColumn] = []
      if let metric = kind.metricColumn, let position = table.position(of: metric) {
        varying.append(BoundColumn(2, numbers: try metricNumbers(chunk.columns[position])))
      }
      var extra: [(name: String, cells: ColumnChunk)] = []
      for name in names {
        guard let position = table.position(of: name) else { continue }
        let cells = chunk.columns[position]
        guard let place = columns[kind]?.places[ExactText(name)] else {
          extra.append((name, cells))
          continue
        }
        columns[kind]?.add(CellKinds(of: cells), at: place)
        let index = Int32(place + firstColumn)
        if case .constant(let cell) = cells.storage {
          unsafe Self.bind(insert, index, cell)
        } else {
          varying.append(BoundColumn(index, cells))
        }
      }
      if !extra.isEmpty, let count = columns[kind]?.list.count {
        varying.append(
          BoundColumn(Int32(count + firstColumn), Self.objects(of: extra, rowCount: chunk.rowCount)))
      }
      for row in 0..<chunk.rowCount {
        for column in varying { unsafe column.bind(insert, row) }
        guard unsafe sqlite3_step(insert) == SQLITE_DONE else { throw failure() }
        unsafe sqlite3_reset(insert)
      }
      unsafe sqlite3_clear_bindings(insert)
    }
  }

  /// The cells of several columns as one JSON object for each row; null where all are null.
  private static func objects(of columns: [(name: String, cells: ColumnChunk)], rowCount: Int) -> ColumnChunk
  {
    var builder = ColumnBuilder()
    for row in 0..<rowCount {
      let members = columns.compactMap { name, cells -> JSONValue.Member? in
        let cell = cells[row]
        return cell == .null ? nil : JSONValue.Member(key: name, value: JSONValue(cell))
      }
      builder.set(members.isEmpty ? .null : .json(JSONValue.object(members).text), row: row)
    }
    return builder.finish(rowCount: rowCount)
  }

  /// The statement that inserts a row, after the columns that are new were added to the table.
  private func insertion(_ kind: TableSource, _ names: [String]) throws -> OpaquePointer {
    var known = columns[kind] ?? Columns(kind, relations)
    let new = known.overflows ? [] : names.filter { known.places[ExactText($0)] == nil }
    if let insert = unsafe inserts[kind], new.isEmpty { return unsafe insert }
    unsafe sqlite3_finalize(inserts.removeValue(forKey: kind))
    func add(_ name: String) throws {
      let column = known.add(name)
      if column.sqlName != name {
        let reason =
          name.contains("\0")
          ? "a name in SQLite ends at a NUL" : "SQLite cannot tell its name from another's"
        notes.append("\(kind.sqlName): the column '\(name)' is called '\(column.sqlName)', as \(reason)")
      }
      try run("ALTER TABLE \(Self.rowsName(kind)) ADD COLUMN \(Self.quoted(column.sqlName))")
    }
    for name in new where known[name] == nil {
      let missing = known.missing
      guard missing.contains(name) || known.list.count + missing.count < Self.columnLimit else {
        for name in missing {
          try add(name)
          if !names.contains(name) { absent.insert(name) }
        }
        try run("ALTER TABLE \(Self.rowsName(kind)) ADD COLUMN \(Self.quoted(Self.overflow)) TEXT")
        known.overflows = true
        notes.append(
          "\(kind.sqlName): more than \(Self.columnLimit) columns; those from '\(name)' on, but for HELM's own, are in one "
            + "JSON object in the column \(Self.overflow) of \(Self.rowsName(kind))")
        break
      }
      try add(name)
    }
    columns[kind] = known
    let count = known.list.count + (known.overflows ? 1 : 0) + (kind.metricColumn == nil ? 1 : 2)
    let places = Array(repeating: "?", count: count).joined(separator: ", ")
    let insert = try unsafe prepare("INSERT INTO \(Self.rowsName(kind)) VALUES(\(places))")
    unsafe inserts[kind] = unsafe insert
    return unsafe insert
  }

  /// Adds the columns that the views name and no run has, so that they have declared types, too.
  private func addAbsentColumns() throws {
    for relation in relations {
      guard let kind = relation.kind else { continue }
      for column in relation.columns {
        var known = columns[kind] ?? Columns(kind, relations)
        guard let name = column.source.storedName, name != kind.metricColumn, known[name] == nil,
          !known.overflows, known.list.count < Self.columnLimit
        else { continue }
        try run("ALTER TABLE \(Self.rowsName(kind)) ADD COLUMN \(Self.quoted(known.add(name).sqlName))")
        columns[kind] = known
        absent.insert(name)
      }
    }
  }

  /// Gives every column of a table of rows its declared type: programs such as DuckDB and datasette go by it.
  private func declareTypes(_ kind: TableSource) throws {
    guard let columns = columns[kind] else { return }
    var declared = ["run_id INTEGER NOT NULL REFERENCES runs"]
    if kind.metricColumn != nil { declared.append("metric_id INTEGER NOT NULL REFERENCES metrics") }
    for column in columns.list {
      let name = Self.quoted(column.sqlName)
      let type = column.kinds.type(of: column.name)
      declared.append("\(name) \(type.rawValue)")
      if type == .text, !column.kinds.isSubset(of: .text) {
        // Numbers among texts.
        try run("UPDATE \(Self.rowsName(kind)) SET \(name) = CAST(\(name) AS TEXT)")
      }
    }
    if columns.overflows { declared.append("\(Self.quoted(Self.overflow)) TEXT") }
    let text = "CREATE TABLE \(Self.rowsName(kind))(\(declared.joined(separator: ", ")))"
    // Cells are kept as they are: SQLite reads an integer in a REAL column as a real number.
    let update = try unsafe prepare("UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?")
    defer { unsafe sqlite3_finalize(update) }
    unsafe Self.bind(update, 1, .string(text))
    unsafe Self.bind(update, 2, .string(Self.rowsName(kind)))
    guard unsafe sqlite3_step(update) == SQLITE_DONE else { throw failure() }
  }

  static func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }

  /// The number of each row's metric; metrics that are new are added to their table.
  private func metricNumbers(_ cells: ColumnChunk) throws -> [Int64] {
    guard case .strings(let codes, let texts) = cells.storage else {
      return try (0..<cells.count).map { try metricID(cells[$0].text) }
    }
    let ids = try (0..<texts.count).map { try metricID(texts[$0]) }
    return (0..<cells.count).map { ids[codes[$0] - 1] }
  }

  private func metricID(_ name: String) throws -> Int64 {
    if let known = metricIDs[name] { return known }
    let id = Int64(metricIDs.count + 1)
    metricIDs[name] = id
    let insert = try unsafe prepare("INSERT INTO metrics VALUES(?, ?)")
    defer { unsafe sqlite3_finalize(insert) }
    unsafe sqlite3_bind_int64(insert, 1, id)
    unsafe Self.bind(insert, 2, .string(name))
    guard unsafe sqlite3_step(insert) == SQLITE_DONE else { throw failure() }
    return id
  }

  /// Adds indexes and views, and closes the file.
  func finish() throws {
    unsafe inserts.values.forEach { unsafe sqlite3_finalize($0) }
    unsafe inserts = unsafe [:]
    try addAbsentColumns()
    try run("PRAGMA writable_schema = ON")
    for kind in kinds { try declareTypes(kind) }
    try run("PRAGMA writable_schema = RESET")
    try run("CREATE INDEX runs_by_name ON runs(run)")
    for kind in kinds {
      let metric = kind.metricColumn == nil ? "" : "metric_id, "
      try run("CREATE INDEX \(kind.sqlName)_by_run ON \(Self.rowsName(kind))(\(metric)run_id)")
      try run(viewText(kind))
    }
    for relation in relations { if let kind = relation.kind { try run(viewText(relation, kind)) } }
    try run("COMMIT")
    unsafe sqlite3_close_v2(database)
    unsafe database = nil
  }

  /// The view with the flattened names: the Python MAGNET's data frame.
  private func viewText(_ kind: TableSource) -> String {
    var names = (columns[kind]?.list.map(\.name) ?? []).filter { !absent.contains($0) && $0 != MainRows.name }
    if let metric = kind.metricColumn { names.append(metric) }
    if kind != .runSpecs { names.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
    var shown = ["r.run AS " + Self.quoted(ColumnKey.run.name)]
    shown += names.map { name in
      expression(kind, name) + " AS " + Self.quoted(columns[kind]?[name]?.sqlName ?? name)
    }
    return "CREATE VIEW \(kind.sqlName) AS SELECT \(shown.joined(separator: ", ")) FROM \(joins(kind))"
  }

  private func viewText(_ relation: Relation, _ kind: TableSource) -> String {
    let isNumbered = columns[kind]?[Table.instancePredictID] != nil
    let shown = (relation.columns + (isNumbered ? [Relation.predictionID] : [])).map { column in
      let value =
        switch column.source {
        case .run(let field): "r." + Self.quoted(field.rawValue)
        case .column(let name): expression(kind, name)
        case .main: expression(kind, MainRows.name)
        case .headline: "NULL"
        case .input:
          InstanceInput.sql(typedBy: "SELECT run FROM runs WHERE 0") { name in
            columns[kind]?[name].map { "t." + Self.quoted($0.sqlName) }
          }
        }
      return value + " AS " + Self.quoted(column.name)
    }
    return "CREATE VIEW \(relation.name) AS SELECT \(shown.joined(separator: ", ")) FROM \(joins(kind))"
  }

  /// Adds a table whose rows belong to no table of rows, with typed columns.
  func addTable(_ name: String, _ columns: [(name: String, type: SQLType)], rows: [[Cell]]) throws {
    let declared = columns.map { "\(Self.quoted($0.name)) \($0.type.rawValue)" }.joined(separator: ", ")
    try run("CREATE TABLE \(name)(\(declared))")
    let places = Array(repeating: "?", count: columns.count).joined(separator: ", ")
    let insert = try unsafe prepare("INSERT INTO \(name) VALUES(\(places))")
    defer { unsafe sqlite3_finalize(insert) }
    for row in rows {
      for (place, cell) in row.enumerated() { unsafe Self.bind(insert, Int32(place + 1), cell) }
      guard unsafe sqlite3_step(insert) == SQLITE_DONE else { throw failure() }
      unsafe sqlite3_reset(insert)
    }
  }

  /// Adds the scores of runs, by their numbers, and the view of them.
  func addHeadlines(_ headlines: [(run: Int, headline: RunHeadline)], _ relation: Relation) throws {
    let stored = relation.columns.compactMap { column -> (RunHeadline.Column, SQLType)? in
      guard case .headline(let field) = column.source else { return nil }
      return (field, column.type ?? .text)
    }
    try addTable(
      "headline_rows", [("run_id", .integer)] + stored.map { ($0.0.rawValue, $0.1) },
      rows: headlines.map { run, headline in [.int(Int64(run))] + stored.map { headline.cell($0.0) } })
    let shown = relation.columns.map { column in
      let owner = if case .run = column.source { "r." } else { "h." }
      return owner + Self.quoted(column.name)
    }
    try run(
      "CREATE VIEW \(relation.name) AS SELECT \(shown.joined(separator: ", ")) FROM headline_rows h "
        + "JOIN runs r ON r.id = h.run_id")
  }

  private func expression(_ kind: TableSource, _ name: String) -> String {
    if name == kind.metricColumn { return "m.metric" }
    return columns[kind]?[name].map { "t." + Self.quoted($0.sqlName) } ?? "NULL"
  }

  private func joins(_ kind: TableSource) -> String {
    Self.rowsName(kind) + " t JOIN runs r ON r.id = t.run_id"
      + (kind.metricColumn == nil ? "" : " JOIN metrics m ON m.id = t.metric_id")
  }

  static func bind(_ statement: OpaquePointer, _ index: Int32, _ cell: Cell) {
    switch cell {
    case .null: unsafe sqlite3_bind_null(statement, index)
    case .bool(let value): unsafe sqlite3_bind_int64(statement, index, value ? 1 : 0)
    case .int(let value): unsafe sqlite3_bind_int64(statement, index, value)
    case .double(let value): unsafe sqlite3_bind_double(statement, index, value)
    case .string(let value), .json(let value):
      unsafe sqlite3_bind_text(statement, index, value, Int32(value.utf8.count), transient)
    }
  }
}
