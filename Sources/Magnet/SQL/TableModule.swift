// Unsafe code, on these invariants:
// - The pointer that the module carries is the connection's state, which lives until the connection is closed. A
//   table's and a cursor's memory begins with SQLite's own structure, is allocated and initialised in xConnect and
//   xOpen, and freed in xDisconnect and xClose.
// - A cursor's scan is in memory of its own, from xFilter to the next xFilter or xClose; SQLite asks for rows only
//   between these.
// - SQLite calls everything here on the thread that steps the statement, one call at a time.
// - Texts handed to SQLite are copied by it before the call returns (SQLITE_TRANSIENT), or stand in the memory of the
//   catalog's scans, which is not freed before the statement is.

import CSQLite

private struct VirtualTable {
  var base = sqlite3_vtab()
  var state: Unmanaged<SQLConnection.State>
  var relation: Unmanaged<RelationBox>
}

private final class RelationBox {
  let relation: Relation
  init(_ relation: Relation) { self.relation = relation }
}

private struct Cursor {
  var base = sqlite3_vtab_cursor()
  var scan: UnsafeMutablePointer<RelationScan>?

  func freeScan() {
    scan?.deinitialize(count: 1)
    scan?.deallocate()
  }
}

private typealias State = SQLConnection.State

// SQLite gives each callback the pointers that its documentation promises; they are optional in Swift alone.

private func table(_ pointer: UnsafeMutablePointer<sqlite3_vtab>?) -> UnsafeMutablePointer<VirtualTable> {
  UnsafeMutableRawPointer(pointer.unsafelyUnwrapped).assumingMemoryBound(to: VirtualTable.self)
}

private func cursor(_ pointer: UnsafeMutablePointer<sqlite3_vtab_cursor>?) -> UnsafeMutablePointer<Cursor> {
  UnsafeMutableRawPointer(pointer.unsafelyUnwrapped).assumingMemoryBound(to: Cursor.self)
}

let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

private func scan(_ pointer: UnsafeMutablePointer<sqlite3_vtab_cursor>?) -> UnsafeMutablePointer<RelationScan>
{
  cursor(pointer).pointee.scan.unsafelyUnwrapped
}

/// The module of all relations: an eponymous one, whose tables need not be created. SQLite only reads it, from any
/// thread; it stays for good.
nonisolated(unsafe) let virtualTableModule: UnsafePointer<sqlite3_module> = {
  var module = sqlite3_module()
  module.iVersion = 1
  module.xConnect = { database, context, count, arguments, result, _ in
    guard let context, let argument = arguments?[0], let result else { return SQLITE_MISUSE }
    let state = Unmanaged<State>.fromOpaque(context)
    let name = String(cString: argument)
    guard let relation = state.takeUnretainedValue().relations[name] else { return SQLITE_ERROR }
    let columns = relation.columns.map { SQLiteWriter.quoted($0.name) + " " + ($0.type?.rawValue ?? "") }
    state.takeUnretainedValue().isDeclaring = true
    defer { state.takeUnretainedValue().isDeclaring = false }
    let status = sqlite3_declare_vtab(database, "CREATE TABLE x(" + columns.joined(separator: ", ") + ")")
    if status != SQLITE_OK { return status }
    let made = UnsafeMutablePointer<VirtualTable>.allocate(capacity: 1)
    made.initialize(
      to: VirtualTable(state: state, relation: Unmanaged.passRetained(RelationBox(relation))))
    result.pointee = UnsafeMutableRawPointer(made).assumingMemoryBound(to: sqlite3_vtab.self)
    return SQLITE_OK
  }
  module.xDisconnect = { pointer in
    table(pointer).pointee.relation.release()
    table(pointer).deinitialize(count: 1)
    table(pointer).deallocate()
    return SQLITE_OK
  }
  module.xBestIndex = { pointer, info in
    guard let info else { return SQLITE_MISUSE }
    return plan(table(pointer).pointee, info)
  }
  module.xOpen = { _, result in
    guard let result else { return SQLITE_MISUSE }
    let made = UnsafeMutablePointer<Cursor>.allocate(capacity: 1)
    made.initialize(to: Cursor())
    result.pointee = UnsafeMutableRawPointer(made).assumingMemoryBound(to: sqlite3_vtab_cursor.self)
    return SQLITE_OK
  }
  module.xClose = { pointer in
    cursor(pointer).pointee.freeScan()
    cursor(pointer).deinitialize(count: 1)
    cursor(pointer).deallocate()
    return SQLITE_OK
  }
  module.xFilter = { pointer, order, plan, count, values in
    let owner = table(cursor(pointer).pointee.base.pVtab).pointee
    let state = owner.state.takeUnretainedValue()
    do {
      guard let plan else { return SQLITE_MISUSE }
      let parts = String(cString: plan).split(separator: ";", omittingEmptySubsequences: false)
      let used = parts[0].split(separator: ",").compactMap { Int($0) }
      let checked = parts[1].split(separator: ",").compactMap { Int($0) }
      let relation = owner.relation.takeUnretainedValue().relation
      // SQLite checks each condition again: those not listed here cost time alone.
      let conditions = checked.enumerated().compactMap { number, column in
        value(values?[number], comparedWith: relation.columns[column].type).map {
          RelationScan.Condition(column: column, value: $0)
        }
      }
      let scan = try RelationScan(
        relation, columns: Set(used), conditions: conditions,
        order: order < 0 ? nil : Int(order), in: state.catalog)
      cursor(pointer).pointee.freeScan()
      let made = UnsafeMutablePointer<RelationScan>.allocate(capacity: 1)
      made.initialize(to: scan)
      cursor(pointer).pointee.scan = made
      return SQLITE_OK
    } catch {
      state.failure = error
      return SQLITE_ERROR
    }
  }
  module.xNext = { pointer in
    scan(pointer).pointee.advance()
    return SQLITE_OK
  }
  module.xEof = { scan($0).pointee.isAtEnd ? 1 : 0 }
  module.xColumn = { pointer, context, column in
    let scan = scan(pointer)
    let (cells, row) = scan.pointee.current(Int(column))
    if let bits = scan.pointee.bits(Int(column)) {
      cells.give(bits: bits, context)
    } else if cells.form == .other {
      give(scan.pointee.cell(Int(column)), context)
    } else {
      cells.give(row, context)
    }
    return SQLITE_OK
  }
  module.xRowid = { pointer, result in
    result?.pointee = scan(pointer).pointee.rowID
    return SQLITE_OK
  }
  let made = UnsafeMutablePointer<sqlite3_module>.allocate(capacity: 1)
  made.initialize(to: module)
  return UnsafePointer(made)
}()

/// Plans a scan: which columns it will be asked for, which equalities it checks itself, and whether it can come in
/// the order asked for. The plan is handed to the scan as text: columns, a semicolon, columns with conditions.
private func plan(_ table: VirtualTable, _ pointer: UnsafeMutablePointer<sqlite3_index_info>) -> Int32 {
  // A comparison under another collation than that of bytes is left to SQLite.
  let isBinary = (0..<pointer.pointee.nConstraint).map {
    sqlite3_vtab_collation(pointer, $0).map { String(cString: $0) == "BINARY" } ?? false
  }
  return plan(table, &pointer.pointee, isBinary)
}

private func plan(_ table: VirtualTable, _ info: inout sqlite3_index_info, _ isBinary: [Bool]) -> Int32 {
  let relation = table.relation.takeUnretainedValue().relation
  let used = relation.columns.indices.filter { info.colUsed & (1 << UInt64(min($0, 63))) != 0 }
  var conditions: [Int] = []
  for number in 0..<Int(info.nConstraint) {
    let constraint = info.aConstraint[number]
    guard constraint.usable != 0, isBinary[number], Int32(constraint.op) == SQLITE_INDEX_CONSTRAINT_EQ,
      constraint.iColumn >= 0
    else { continue }
    conditions.append(Int(constraint.iColumn))
    info.aConstraintUsage[number].argvIndex = Int32(conditions.count)
  }
  info.idxNum = -1
  if info.nOrderBy == 1, info.aOrderBy[0].desc == 0, info.aOrderBy[0].iColumn >= 0 {
    info.idxNum = info.aOrderBy[0].iColumn
    info.orderByConsumed = 1
  }
  let needed = Set(used + conditions + (info.idxNum >= 0 ? [Int(info.idxNum)] : []))
  let catalog = table.state.takeUnretainedValue().catalog
  if let kind = relation.kind {
    catalog.need(needed.flatMap { relation.columns[$0].source.columnNames(kind) }, of: kind)
  }
  if relation.needsHeadlines(needed) { catalog.need(Array(RunStats.columns), of: .stats) }
  let text =
    needed.sorted().map(String.init).joined(separator: ",") + ";"
    + conditions.map(String.init).joined(separator: ",")
  guard let copy = sqlite3_malloc(Int32(text.utf8.count + 1)) else { return SQLITE_NOMEM }
  text.withCString { copy.copyMemory(from: $0, byteCount: text.utf8.count + 1) }
  info.idxStr = copy.assumingMemoryBound(to: CChar.self)
  info.needToFreeIdxStr = 1
  info.estimatedCost = 1e6 / Double(1 + 100 * conditions.count)
  info.estimatedRows = Int64(1_000_000 / (1 + 100 * conditions.count))
  return SQLITE_OK
}

/// A value as it is compared with a column of a type: a text that is a number as a number where the column is of
/// numbers; nil where the scan cannot compare it.
private func value(_ value: OpaquePointer?, comparedWith type: SQLType?) -> Cell? {
  switch type {
  case .real, .integer: return cell(value, sqlite3_value_numeric_type(value))
  case .text where [SQLITE_INTEGER, SQLITE_FLOAT].contains(sqlite3_value_type(value)): return nil
  case .text, nil: return cell(value, sqlite3_value_type(value))
  }
}

/// A value of a condition.
private func cell(_ value: OpaquePointer?, _ type: Int32) -> Cell {
  switch type {
  case SQLITE_INTEGER: .int(sqlite3_value_int64(value))
  case SQLITE_FLOAT: .double(sqlite3_value_double(value))
  case SQLITE_NULL: .null
  default: .string(sqlite3_value_text(value).map { String(cString: $0) } ?? "")
  }
}

extension ScanCells {
  /// Hands a number to SQLite, by its bits.
  @inline(__always)
  fileprivate func give(bits: UInt64, _ context: OpaquePointer?) {
    switch form {
    case .doubles: sqlite3_result_double(context, Double(bitPattern: bits))
    case .ints: sqlite3_result_int64(context, Int64(bitPattern: bits))
    default: sqlite3_result_null(context)
    }
  }

  /// Hands the cell of a row to SQLite.
  @inline(__always)
  fileprivate func give(_ row: Int, _ context: OpaquePointer?) {
    switch form {
    case .doubles, .ints: give(bits: bits(row), context)
    case .texts1, .texts2, .texts4:
      let code = code(row)
      if code == 0 { return sqlite3_result_null(context) }
      let text = text(code)
      // It stays where it is until the statement is at an end, so that SQLite need not copy it (SQLITE_STATIC).
      text.withMemoryRebound(to: CChar.self) {
        sqlite3_result_text(context, $0.baseAddress, Int32($0.count), nil)
      }
    case .null, .other: sqlite3_result_null(context)
    }
  }
}

/// Hands a cell to SQLite: booleans as 0 and 1, lists and objects as texts, NaN as null.
private func give(_ cell: Cell, _ context: OpaquePointer?) {
  switch cell {
  case .null: sqlite3_result_null(context)
  case .bool(let value): sqlite3_result_int(context, value ? 1 : 0)
  case .int(let value): sqlite3_result_int64(context, value)
  case .double(let value): sqlite3_result_double(context, value)
  case .string(let value), .json(let value):
    sqlite3_result_text(context, value, Int32(value.utf8.count), transient)
  }
}
