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

@safe private struct VirtualTable {
  var base = unsafe sqlite3_vtab()
  var state: Unmanaged<SQLConnection.State>
  var relation: Unmanaged<RelationBox>
}

private final class RelationBox {
  let relation: Relation
  init(_ relation: Relation) { self.relation = relation }
}

@safe private struct Cursor {
  var base = unsafe sqlite3_vtab_cursor()
  var scan: UnsafeMutablePointer<RelationScan>?

  func freeScan() {
    unsafe scan?.deinitialize(count: 1)
    unsafe scan?.deallocate()
  }
}

private typealias State = SQLConnection.State

// SQLite gives each callback the pointers that its documentation promises; they are optional in Swift alone.

private func table(_ pointer: UnsafeMutablePointer<sqlite3_vtab>?) -> UnsafeMutablePointer<VirtualTable> {
  unsafe UnsafeMutableRawPointer(pointer.unsafelyUnwrapped).assumingMemoryBound(to: VirtualTable.self)
}

private func cursor(_ pointer: UnsafeMutablePointer<sqlite3_vtab_cursor>?) -> UnsafeMutablePointer<Cursor> {
  unsafe UnsafeMutableRawPointer(pointer.unsafelyUnwrapped).assumingMemoryBound(to: Cursor.self)
}

let transient = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)

private func scan(_ pointer: UnsafeMutablePointer<sqlite3_vtab_cursor>?) -> UnsafeMutablePointer<RelationScan>
{
  unsafe cursor(pointer).pointee.scan.unsafelyUnwrapped
}

/// The module of all relations: an eponymous one, whose tables need not be created. SQLite only reads it, from any
/// thread; it stays for good.
nonisolated(unsafe) let virtualTableModule: UnsafePointer<sqlite3_module> = {
  var module = sqlite3_module()
  module.iVersion = 1
  unsafe module.xConnect = { database, context, count, arguments, result, _ in
    guard let context = unsafe context, let argument = unsafe arguments?[0], let result = unsafe result else {
      return SQLITE_MISUSE
    }
    let state = unsafe Unmanaged<State>.fromOpaque(context)
    let name = unsafe String(cString: argument)
    guard let relation = unsafe state.takeUnretainedValue().relations[name] else { return SQLITE_ERROR }
    let columns = relation.columns.map { SQLiteWriter.quoted($0.name) + " " + ($0.type?.rawValue ?? "") }
    unsafe state.takeUnretainedValue().isDeclaring = true
    defer { unsafe state.takeUnretainedValue().isDeclaring = false }
    let status = unsafe sqlite3_declare_vtab(
      database, "CREATE TABLE x(" + columns.joined(separator: ", ") + ")")
    if status != SQLITE_OK { return status }
    let made = UnsafeMutablePointer<VirtualTable>.allocate(capacity: 1)
    unsafe made.initialize(
      to: VirtualTable(state: state, relation: Unmanaged.passRetained(RelationBox(relation))))
    unsafe result.pointee = unsafe UnsafeMutableRawPointer(made).assumingMemoryBound(to: sqlite3_vtab.self)
    return SQLITE_OK
  }
  unsafe module.xDisconnect = { pointer in
    unsafe table(pointer).pointee.relation.release()
    unsafe table(pointer).deinitialize(count: 1)
    unsafe table(pointer).deallocate()
    return SQLITE_OK
  }
  unsafe module.xBestIndex = { pointer, info in
    guard let info = unsafe info else { return SQLITE_MISUSE }
    return unsafe plan(table(pointer).pointee, info)
  }
  unsafe module.xOpen = { _, result in
    guard let result = unsafe result else { return SQLITE_MISUSE }
    let made = UnsafeMutablePointer<Cursor>.allocate(capacity: 1)
    unsafe made.initialize(to: Cursor())
    unsafe result.pointee = unsafe UnsafeMutableRawPointer(made).assumingMemoryBound(
      to: sqlite3_vtab_cursor.self)
    return SQLITE_OK
  }
  unsafe module.xClose = { pointer in
    unsafe cursor(pointer).pointee.freeScan()
    unsafe cursor(pointer).deinitialize(count: 1)
    unsafe cursor(pointer).deallocate()
    return SQLITE_OK
  }
  unsafe module.xFilter = { pointer, order, plan, count, values in
    let owner = unsafe table(cursor(pointer).pointee.base.pVtab).pointee
    let state = unsafe owner.state.takeUnretainedValue()
    do {
      guard let plan = unsafe plan else { return SQLITE_MISUSE }
      let parts = unsafe String(cString: plan).split(separator: ";", omittingEmptySubsequences: false)
      let used = parts[0].split(separator: ",").compactMap { Int($0) }
      let checked = parts[1].split(separator: ",").compactMap { Int($0) }
      let relation = unsafe owner.relation.takeUnretainedValue().relation
      // SQLite checks each condition again: those not listed here cost time alone.
      let conditions = checked.enumerated().compactMap { number, column in
        unsafe value(values?[number], comparedWith: relation.columns[column].type).map {
          RelationScan.Condition(column: column, value: $0)
        }
      }
      let scan = try RelationScan(
        relation, columns: Set(used), conditions: conditions,
        order: order < 0 ? nil : Int(order), in: state.catalog)
      unsafe cursor(pointer).pointee.freeScan()
      let made = UnsafeMutablePointer<RelationScan>.allocate(capacity: 1)
      unsafe made.initialize(to: scan)
      unsafe cursor(pointer).pointee.scan = unsafe made
      return SQLITE_OK
    } catch {
      state.failure = error
      return SQLITE_ERROR
    }
  }
  unsafe module.xNext = { pointer in
    unsafe scan(pointer).pointee.advance()
    return SQLITE_OK
  }
  unsafe module.xEof = { unsafe scan($0).pointee.isAtEnd ? 1 : 0 }
  unsafe module.xColumn = { pointer, context, column in
    let scan = unsafe scan(pointer)
    let (cells, row) = unsafe scan.pointee.current(Int(column))
    if let bits = unsafe scan.pointee.bits(Int(column)) {
      unsafe cells.give(bits: bits, context)
    } else if cells.form == .other {
      unsafe give(scan.pointee.cell(Int(column)), context)
    } else {
      unsafe cells.give(row, context)
    }
    return SQLITE_OK
  }
  unsafe module.xRowid = { pointer, result in
    unsafe result?.pointee = unsafe scan(pointer).pointee.rowID
    return SQLITE_OK
  }
  let made = UnsafeMutablePointer<sqlite3_module>.allocate(capacity: 1)
  unsafe made.initialize(to: module)
  return unsafe UnsafePointer(made)
}()

/// Plans a scan: which columns it will be asked for, which equalities it checks itself, and whether it can come in
/// the order asked for. The plan is handed to the scan as text: columns, a semicolon, columns with conditions.
private func plan(_ table: VirtualTable, _ pointer: UnsafeMutablePointer<sqlite3_index_info>) -> Int32 {
  // A comparison under another collation than that of bytes is left to SQLite.
  let hasCollations = unsafe table.state.takeUnretainedValue().hasCollations
  let isBinary = unsafe (0..<pointer.pointee.nConstraint).map { number in
    unsafe !hasCollations
      && sqlite3_vtab_collation(pointer, number).map { unsafe String(cString: $0) == "BINARY" } ?? false
  }
  return unsafe plan(table, &pointer.pointee, isBinary)
}

private func plan(_ table: VirtualTable, _ info: inout sqlite3_index_info, _ isBinary: [Bool]) -> Int32 {
  let relation = unsafe table.relation.takeUnretainedValue().relation
  let used = relation.columns.indices.filter { unsafe info.colUsed & (1 << UInt64(min($0, 63))) != 0 }
  var conditions: [Int] = []
  for number in unsafe 0..<Int(info.nConstraint) {
    let constraint = unsafe info.aConstraint[number]
    guard constraint.usable != 0, isBinary[number], Int32(constraint.op) == SQLITE_INDEX_CONSTRAINT_EQ,
      constraint.iColumn >= 0
    else { continue }
    conditions.append(Int(constraint.iColumn))
    unsafe info.aConstraintUsage[number].argvIndex = Int32(conditions.count)
  }
  unsafe info.idxNum = -1
  if unsafe info.nOrderBy == 1, unsafe info.aOrderBy[0].desc == 0, unsafe info.aOrderBy[0].iColumn >= 0 {
    unsafe info.idxNum = unsafe info.aOrderBy[0].iColumn
    unsafe info.orderByConsumed = 1
  }
  let needed = unsafe Set(used + conditions + (info.idxNum >= 0 ? [Int(info.idxNum)] : []))
  let catalog = unsafe table.state.takeUnretainedValue().catalog
  if let kind = relation.kind {
    catalog.need(needed.flatMap { relation.columns[$0].source.columnNames(kind) }, of: kind)
  }
  if relation.needsHeadlines(needed) { catalog.need(Array(RunStats.columns), of: .stats) }
  let text =
    needed.sorted().map(String.init).joined(separator: ",") + ";"
    + conditions.map(String.init).joined(separator: ",")
  guard let copy = unsafe sqlite3_malloc(Int32(text.utf8.count + 1)) else { return SQLITE_NOMEM }
  unsafe text.withCString { unsafe copy.copyMemory(from: $0, byteCount: text.utf8.count + 1) }
  unsafe info.idxStr = unsafe copy.assumingMemoryBound(to: CChar.self)
  unsafe info.needToFreeIdxStr = 1
  unsafe info.estimatedCost = 1e6 / Double(1 + 100 * conditions.count)
  unsafe info.estimatedRows = Int64(1_000_000 / (1 + 100 * conditions.count))
  return SQLITE_OK
}

/// A value as it is compared with a column of a type: a text that is a number as a number where the column is of
/// numbers; nil where the scan cannot compare it.
private func value(_ value: OpaquePointer?, comparedWith type: SQLType?) -> Cell? {
  switch type {
  case .real, .integer: return unsafe cell(value, sqlite3_value_numeric_type(value))
  case .text where unsafe [SQLITE_INTEGER, SQLITE_FLOAT].contains(sqlite3_value_type(value)): return nil
  case .text, nil: return unsafe cell(value, sqlite3_value_type(value))
  }
}

/// A value of a condition.
private func cell(_ value: OpaquePointer?, _ type: Int32) -> Cell {
  switch type {
  case SQLITE_INTEGER: unsafe .int(sqlite3_value_int64(value))
  case SQLITE_FLOAT: unsafe .double(sqlite3_value_double(value))
  case SQLITE_NULL: .null
  default: unsafe .string(sqlite3_value_text(value).map { unsafe String(cString: $0) } ?? "")
  }
}

extension ScanCells {
  /// Hands a number to SQLite, by its bits.
  @inline(__always)
  fileprivate func give(bits: UInt64, _ context: OpaquePointer?) {
    switch form {
    case .doubles: unsafe sqlite3_result_double(context, Double(bitPattern: bits))
    case .ints: unsafe sqlite3_result_int64(context, Int64(bitPattern: bits))
    default: unsafe sqlite3_result_null(context)
    }
  }

  /// Hands the cell of a row to SQLite.
  @inline(__always)
  fileprivate func give(_ row: Int, _ context: OpaquePointer?) {
    switch form {
    case .doubles, .ints: unsafe give(bits: bits(row), context)
    case .texts1, .texts2, .texts4:
      let code = code(row)
      if code == 0 { return unsafe sqlite3_result_null(context) }
      let text = unsafe text(code)
      // It stays where it is until the statement is at an end, so that SQLite need not copy it (SQLITE_STATIC).
      unsafe text.withMemoryRebound(to: CChar.self) {
        unsafe sqlite3_result_text(context, $0.baseAddress, Int32($0.count), nil)
      }
    case .null, .other: unsafe sqlite3_result_null(context)
    }
  }
}

/// Hands a cell to SQLite: booleans as 0 and 1, lists and objects as texts, NaN as null.
private func give(_ cell: Cell, _ context: OpaquePointer?) {
  switch cell {
  case .null: unsafe sqlite3_result_null(context)
  case .bool(let value): unsafe sqlite3_result_int(context, value ? 1 : 0)
  case .int(let value): unsafe sqlite3_result_int64(context, value)
  case .double(let value): unsafe sqlite3_result_double(context, value)
  case .string(let value), .json(let value):
    unsafe sqlite3_result_text(context, value, Int32(value.utf8.count), transient)
  }
}
