/// One row of a table.
///
/// ```swift
/// for row in tables.stats.rows { print(row[.run], row[.metric], row["stats.mean"].text) }
/// ```
public struct Row: Sendable {
  let table: Table
  /// The row's number in its table, 0 first.
  public let number: Int
  let chunk: Int
  let local: Int

  /// The cell of the column called `name`; null when there is no such column.
  public subscript(name: String) -> Cell {
    table.position(of: name).map { table.chunks[chunk].columns[$0][local] } ?? .null
  }

  /// The cell of the column at a position.
  package subscript(column: Int) -> Cell { table.chunks[chunk].columns[column][local] }

  /// The value of a column.
  public subscript<Value>(key: ColumnKey<Value>) -> Value {
    guard let column = key.position(in: table) else { return Value.missing(key) }
    return Value.read(table.chunks[chunk].columns[column], local) ?? Value.missing(key)
  }
}

/// The rows of a table.
public struct Rows: RandomAccessCollection, Sendable {
  let table: Table
  public var startIndex: Int { 0 }
  public var endIndex: Int { table.rowCount }
  public subscript(number: Int) -> Row {
    let (chunk, local) = table.locate(number)
    return Row(table: table, number: number, chunk: chunk, local: local)
  }
}
