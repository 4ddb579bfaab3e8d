/// A column of a schema that does not depend on what a table happens to hold.
package struct DeclaredColumn: Sendable, Hashable {
  package let name: String
  package let type: ColumnType

  package init(_ name: String, _ type: ColumnType) {
    self.name = name
    self.type = type
  }
}

extension Table {
  /// A table of these columns without rows.
  package init(_ schema: [DeclaredColumn]) {
    self.init(TableSchema(schema.map(\.name), declared: schema.map(\.type)), [])
  }

  /// The table with exactly these columns, in this order and of these types, and one more of JSON.
  ///
  /// A column that the table does not have is null. What has no place stands in the column `extra`, an object by the
  /// full names: cells of other columns, and cells of another type, integers among numbers aside.
  package func fitted(to schema: [DeclaredColumn], extra: String) -> Table {
    let known = Dictionary(schema.map { ($0.name, $0.type) }, uniquingKeysWith: { first, _ in first })
    let fitted = chunks.map { chunk in
      var left: [(name: String, cells: ColumnChunk)] = []
      for (name, cells) in zip(columnNames, chunk.columns) where known[name].map(cells.fits) != true {
        left.append((name, cells))
      }
      let columns = schema.map { column in
        guard let position = position(of: column.name) else { return ColumnChunk.nulls(chunk.rowCount) }
        return chunk.columns[position].cast(to: column.type)
      }
      return Chunk(
        rowCount: chunk.rowCount, columns: columns + [Self.leftOver(left, known, count: chunk.rowCount)])
    }
    return Table(
      TableSchema(schema.map(\.name) + [extra], declared: schema.map(\.type) + [.json]), fitted)
  }

  /// Cells that have no place, as an object per row; null where there are none.
  private static func leftOver(
    _ columns: [(name: String, cells: ColumnChunk)], _ known: [String: ColumnType], count: Int
  ) -> ColumnChunk {
    if columns.isEmpty { return .nulls(count) }
    let keys = columns.map { JSONText.quoted($0.name) + ":" }
    var builder = ColumnBuilder()
    for row in 0..<count {
      var object: [UInt8] = []
      for (key, column) in zip(keys, columns) {
        let cell = column.cells[row]
        if cell == .null || known[column.name].map(cell.fits) == true { continue }
        object.append(UInt8(ascii: object.isEmpty ? "{" : ","))
        object.append(key)
        switch cell {
        case .string(let text): JSONText.appendQuoted(text, to: &object)
        case .double(let value): JSONText.append(value, to: &object)
        default: object.append(cell.text)
        }
      }
      if object.isEmpty { continue }
      object.append(UInt8(ascii: "}"))
      builder.set(.json(String(decoding: object, as: UTF8.self)), row: row)
    }
    return builder.finish(rowCount: count)
  }

  /// The table with its column `extra` under another name where its objects have more than `limit` keys: columns of their
  /// own for all of them would take the product of keys and rows.
  package func keepingWhole(extra: String, as name: String, over limit: Int) -> Table {
    guard let position = position(of: extra) else { return self }
    var keys: Set<String> = []
    forEachRepeat(position) { cell, _ in
      if keys.count <= limit, case .json(let text) = cell,
        case .object(let members)? = try? JSONValue(parsing: text)
      {
        keys.formUnion(members.lazy.map(\.key))
      }
    }
    if keys.count <= limit { return self }
    return Table(TableSchema(columnNames.map { $0 == extra ? name : $0 }, declared: schema.declared), chunks)
  }

  /// The inverse of ``fitted(to:extra:)``: what stands in the column `extra` in columns of its own, the last ones, as they
  /// are met. Columns of nulls alone are left out.
  package func unfitted(extra: String) -> Table {
    guard let position = position(of: extra) else { return self }
    if chunks.count > 1 { return Table(stacking: chunks.map { Table(schema, [$0]).unfitted(extra: extra) }) }
    var left: [String: [(rows: Range<Int>, cell: Cell)]] = [:]
    /// The keys of `left` as they were met.
    var keys: [String] = []
    var row = 0
    forEachRepeat(position) { cell, count in
      if case .json(let text) = cell, let members = JSONValue.members(parsing: text) {
        for (key, value, nested) in members {
          if left[key] == nil { keys.append(key) }
          left[key, default: []].append((row..<row + count, nested.map(Cell.json) ?? Cell(value)))
        }
      }
      row += count
    }
    // What is declared does not count.
    let own = Table(columnNames: columnNames, chunks: chunks).dropping { $0 == extra }.withoutNulls
    let more = keys.filter { !own.hasColumn($0) }
    return Table(
      beside: (own.columnNames + more).map { name in
        guard let moved = left[name] else { return own.selecting([name]) }
        // Cells of a column's own type stand in it, the others in `extra`.
        var cells = (0..<rowCount).map { own.hasColumn(name) ? own[$0, name] : .null }
        for (rows, cell) in moved { for row in rows { cells[row] = cell } }
        return Table(columnNames: [name], rows: cells.map { [$0] })
      })
  }

  /// The table with columns of nulls alone known to be of the types that are declared for their names, and columns of JSON
  /// to be that. Others keep their own: 0 read back is not 0.0.
  package func declaring(_ types: [String: ColumnType]) -> Table {
    let declared = zip(columnNames, columnTypes).map { name, own in
      guard let type = types[name], own == nil || type == .json else { return own }
      return type
    }
    return Table(TableSchema(columnNames, declared: declared), chunks)
  }
}

extension ColumnChunk {
  /// Whether all cells are of a type, or can be without loss.
  func fits(_ type: ColumnType) -> Bool {
    guard let own = self.type, own != type else { return true }
    if own == .int, type == .double { return true }
    return type == .json
  }

  /// The cells of a type, others as nulls.
  func cast(to type: ColumnType) -> ColumnChunk {
    if fits(type) { return type == .double ? asDoubles() : self }
    var builder = ColumnBuilder()
    for row in 0..<count where self[row].fits(type) {
      if type == .double, let number = self[row].number {
        builder.set(number, row: row)
      } else {
        builder.set(self[row], row: row)
      }
    }
    return builder.finish(rowCount: count)
  }
}

extension Cell {
  /// Whether the cell is of a type; integers are numbers too.
  func fits(_ type: ColumnType) -> Bool {
    switch (self, type) {
    case (.null, _), (_, .json), (.bool, .bool), (.int, .int), (.string, .string): true
    case (.double, .double): true
    case (.int(let value), .double): Double(exactly: value) != nil
    default: false
    }
  }
}
