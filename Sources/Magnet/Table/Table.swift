/// The names of a table's columns. Tables with the same names share one.
package final class TableSchema: Sendable {
  package let names: [String]
  private let positions: [ExactText: Int]
  /// The same for names that are written in another form; empty where all are ASCII, which has one form.
  private let otherForms: [String: Int]
  /// The types that hold even where all cells are null, for each column; nil where nothing is declared.
  let declared: [ColumnType?]?

  package init(_ names: [String], declared: [ColumnType?]? = nil) {
    self.names = names
    self.declared = declared
    positions = Dictionary(
      names.enumerated().map { (ExactText($1), $0) }, uniquingKeysWith: { first, _ in first })
    otherForms =
      names.contains { $0.utf8.contains { $0 >= 0x80 } }
      ? Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first }) : [:]
  }

  /// The position of the column with a name.
  func position(of name: String) -> Int? { positions[ExactText(name)] ?? otherForms[name] }

  /// The same, of the name as it is written.
  func exactPosition(of name: String) -> Int? { positions[ExactText(name)] }

  /// Whether the columns of another table have the same names.
  func hasNames(_ others: [String]) -> Bool {
    names.count == others.count && zip(names, others).allSatisfy { ExactText($0) == ExactText($1) }
  }
}

/// Named columns of equal length, stored as chunks of rows: one chunk a run, as a rule.
///
/// A table is a value: its operations return new tables that share what did not change.
public struct Table: Sendable {
  package struct Chunk: Sendable {
    package let rowCount: Int
    /// One for each column of the table, in its order.
    package let columns: [ColumnChunk]
  }

  /// The names of the columns, in order.
  public var columnNames: [String] { schema.names }
  /// How many rows there are.
  public let rowCount: Int
  let chunks: [Chunk]
  /// The number of each chunk's first row.
  private let starts: [Int]
  private static let startOfOne = [0]
  private static let emptySchema = TableSchema([])
  package let schema: TableSchema

  init(columnNames: [String], chunks: [Chunk]) { self.init(TableSchema(columnNames), chunks) }

  /// The same, with numbers of one kind in each column.
  init(columnNames: [String], unifying chunks: [Chunk]) {
    self.init(TableSchema(columnNames), Self.unified(chunks))
  }

  init(_ schema: TableSchema, _ chunks: [Chunk]) {
    self.schema = schema
    self.chunks = chunks.contains { $0.rowCount == 0 } ? chunks.filter { $0.rowCount > 0 } : chunks
    // Most tables are of one run, which is one chunk.
    if self.chunks.count == 1 {
      starts = Self.startOfOne
      rowCount = self.chunks[0].rowCount
      return
    }
    var starts: [Int] = []
    starts.reserveCapacity(self.chunks.count)
    var total = 0
    for chunk in self.chunks {
      starts.append(total)
      total += chunk.rowCount
    }
    self.starts = starts
    rowCount = total
  }

  /// A table without columns and rows.
  public init() { self.init(Self.emptySchema, []) }

  /// A table from rows of cells.
  /// - Parameters:
  ///   - columnNames: the names of the columns; no name twice.
  ///   - rows: each as long as `columnNames`.
  public init(columnNames: [String], rows: [[Cell]]) {
    let columns = columnNames.indices.map { column in
      var builder = ColumnBuilder()
      for (row, cells) in rows.enumerated() { builder.set(cells[column], row: row) }
      return builder.finish(rowCount: rows.count)
    }
    self.init(columnNames: columnNames, chunks: [Chunk(rowCount: rows.count, columns: columns)])
  }

  /// A table of one chunk from its columns, each with `rowCount` cells and a name of its own.
  /// - Parameter known: the schema of a table before, which is taken where the names are the same.
  package init(
    columns: [(name: String, chunk: ColumnChunk)], rowCount: Int, known: TableSchema? = nil
  ) {
    let known = known.flatMap {
      $0.hasNames(columns.map(\.name)) ? $0 : nil
    }
    self.init(
      known ?? TableSchema(columns.map(\.name)),
      [Chunk(rowCount: rowCount, columns: columns.map(\.chunk))])
  }

  /// Tables one under the other. The columns are those of the first, then those new in the second, and so on;
  /// a column that a table does not have is null in its rows. Integers become doubles where another table has
  /// doubles in their column.
  public init(stacking tables: [Table]) {
    if let first = tables.first?.schema,
      tables.allSatisfy({ $0.schema === first || $0.schema.hasNames(first.names) })
    {
      self.init(first, Self.unified(tables.flatMap(\.chunks)))
      return
    }
    var names: [String] = []
    var seen: Set<ExactText> = []
    var known: [ObjectIdentifier: [Int?]] = [:]
    for table in tables where known.updateValue([], forKey: ObjectIdentifier(table.schema)) == nil {
      for name in table.columnNames where seen.insert(ExactText(name)).inserted { names.append(name) }
    }
    for table in tables where known[ObjectIdentifier(table.schema)]?.isEmpty == true {
      known[ObjectIdentifier(table.schema)] = names.map { table.schema.exactPosition(of: $0) }
    }
    let chunks = tables.flatMap { table in
      let positions = known[ObjectIdentifier(table.schema)] ?? []
      return table.chunks.map { chunk in
        Chunk(
          rowCount: chunk.rowCount,
          columns: positions.map { $0.map { chunk.columns[$0] } ?? .nulls(chunk.rowCount) })
      }
    }
    self.init(TableSchema(names), Self.unified(chunks))
  }

  /// The chunks with numbers of one kind in each column.
  private static func unified(_ chunks: [Chunk]) -> [Chunk] {
    var kinds = Array(repeating: ColumnChunk.NumberKinds(), count: chunks.first?.columns.count ?? 0)
    for chunk in chunks {
      for column in kinds.indices { kinds[column].formUnion(chunk.columns[column].numberKinds) }
    }
    let columns = kinds.indices.filter { kinds[$0] == [.ints, .doubles] }
    if columns.isEmpty { return chunks }
    return chunks.map { chunk in
      var changed = chunk.columns
      for column in columns { changed[column] = changed[column].asDoubles() }
      return Chunk(rowCount: chunk.rowCount, columns: changed)
    }
  }

  /// The position of the column called `name`, nil when there is none.
  package func position(of name: String) -> Int? { schema.position(of: name) }

  /// The full name of the column that is called `name` or, where only one is, whose name ends in `.name`.
  /// - Throws: `MagnetError` with the nearest names when there is none, and with all when there are several.
  package func resolve(_ name: String) throws -> String {
    if hasColumn(name) { return name }
    let ending = columnNames.filter { $0.hasSuffix("." + name) }
    if ending.count == 1 { return ending[0] }
    if columnNames.isEmpty {
      throw MagnetError(.notFound, "no column '\(name)'", advice: "the table has no columns")
    }
    if ending.isEmpty {
      throw MagnetError(
        .notFound, "no column '\(name)'", advice: suggestion(for: name, among: columnNames))
    }
    throw MagnetError(
      .notFound, "several columns end in .\(name)", advice: "give one of \(ending.joined(separator: ", "))")
  }

  /// Whether there is a column called `name`.
  public func hasColumn(_ name: String) -> Bool { schema.position(of: name) != nil }

  /// The chunk that a row is in, and its number there.
  func locate(_ row: Int) -> (chunk: Int, row: Int) {
    precondition((0..<rowCount).contains(row), "the table has no row \(row)")
    var low = 0
    var high = starts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= row { low = middle } else { high = middle }
    }
    return (low, row - starts[low])
  }

  /// The cell in a row (0 first) and the column at a position.
  public subscript(row row: Int, column column: Int) -> Cell {
    let (chunk, local) = locate(row)
    return chunks[chunk].columns[column][local]
  }

  /// The cell in a row (0 first) and the column called `name`; null when there is no such column.
  public subscript(row: Int, name: String) -> Cell {
    schema.position(of: name).map { self[row: row, column: $0] } ?? .null
  }

  /// The rows, in order.
  public var rows: Rows { Rows(table: self) }

  /// Calls `body` with each row; quicker than going through `rows` by number.
  func forEachRow(_ body: (Row) throws -> Void) rethrows {
    for (chunk, start) in zip(chunks.indices, starts) {
      for local in 0..<chunks[chunk].rowCount {
        try body(Row(table: self, number: start + local, chunk: chunk, local: local))
      }
    }
  }
}

extension Table {
  /// The rows for which `isIncluded` holds, in order.
  ///
  /// ```swift
  /// let f1 = tables.stats.filter { $0[.metric] == "f1_score" && ($0[.mean] ?? 0) > 0.5 }
  /// ```
  public func filter(_ isIncluded: (Row) throws -> Bool) rethrows -> Table {
    var kept: [Int] = []
    try forEachRow { if try isIncluded($0) { kept.append($0.number) } }
    return rows(at: kept)
  }

  /// The rows with these numbers. Rows that follow one another within a chunk stay together in one.
  public func rows(at numbers: [Int]) -> Table {
    var out: [Chunk] = []
    var at = 0
    while at < numbers.count {
      let (chunk, _) = locate(numbers[at])
      let range = starts[chunk]..<starts[chunk] + chunks[chunk].rowCount
      var local: [Int] = []
      while at < numbers.count, range.contains(numbers[at]) {
        local.append(numbers[at] - range.lowerBound)
        at += 1
      }
      let whole =
        local.count == range.count && local.first == 0 && zip(local, local.dropFirst()).allSatisfy { $0 < $1 }
      out.append(
        whole
          ? chunks[chunk]
          : Chunk(rowCount: local.count, columns: chunks[chunk].columns.map { $0.gathered(local) }))
    }
    return Table(schema, out)
  }

  /// The rows in some ranges; whole chunks are shared.
  package func rows(in ranges: [Range<Int>]) -> Table {
    var out: [Chunk] = []
    for range in ranges {
      var row = range.lowerBound
      while row < range.upperBound {
        let (number, local) = locate(row)
        let chunk = chunks[number]
        let count = min(chunk.rowCount - local, range.upperBound - row)
        if count == chunk.rowCount {
          out.append(chunk)
        } else {
          let rows = local..<local + count
          out.append(Chunk(rowCount: count, columns: chunk.columns.map { $0.sharing(rows) }))
        }
        row += count
      }
    }
    return Table(schema, out)
  }

  /// The rows in each of some ranges that follow one another.
  func parts(_ ranges: [Range<Int>]) -> [Table] {
    var number = 0
    return ranges.map { range in
      while number < chunks.count, starts[number] < range.lowerBound { number += 1 }
      if number < chunks.count, starts[number] == range.lowerBound, chunks[number].rowCount == range.count {
        return Table(schema, [chunks[number]])
      }
      return rows(in: [range])
    }
  }

  /// The first rows, at most `count`.
  public func prefix(_ count: Int) -> Table { count >= rowCount ? self : rows(in: [0..<max(0, count)]) }

  /// The columns with these names, in this order; names the table does not have are left out.
  public func selecting(_ names: [String]) -> Table {
    let kept = names.filter(hasColumn)
    let columns = kept.compactMap { schema.position(of: $0) }
    return Table(
      TableSchema(kept, declared: schema.declared.map { types in columns.map { types[$0] } }),
      chunks.map { chunk in
        Chunk(rowCount: chunk.rowCount, columns: columns.map { chunk.columns[$0] })
      })
  }

  /// Tables of the same rows, side by side; their chunks end at the same rows.
  package init(beside tables: [Table]) {
    let first = tables.first ?? Table()
    self.init(
      columnNames: tables.flatMap(\.columnNames),
      chunks: first.chunks.indices.map { number in
        Chunk(
          rowCount: first.chunks[number].rowCount, columns: tables.flatMap { $0.chunks[number].columns })
      })
  }

  /// The table without its columns of nulls alone.
  package var withoutNulls: Table {
    selecting(zip(columnNames, columnTypes).filter { $0.1 != nil }.map(\.0))
  }

  /// Calls `body` with each cell of a column that differs from the one before, and how many rows it is in.
  package func forEachRepeat<Failure: Error>(
    _ column: Int, _ body: (Cell, Int) throws(Failure) -> Void
  ) throws(Failure) {
    for chunk in chunks {
      let cells = chunk.columns[column]
      for (start, count) in cells.repeats { try body(cells[start], count) }
    }
  }

  /// The table without the columns for which `isDropped` holds.
  package func dropping(_ isDropped: (String) -> Bool) -> Table {
    selecting(columnNames.filter { !isDropped($0) })
  }

  /// The table with columns that have one cell in all rows, in place of those with their names.
  package func appending(_ constants: [(name: String, cell: Cell)]) -> Table {
    let kept = selecting(columnNames.filter { name in !constants.contains { $0.name == name } })
    return Table(
      columnNames: kept.columnNames + constants.map(\.name),
      chunks: kept.chunks.map { chunk in
        Chunk(
          rowCount: chunk.rowCount,
          columns: chunk.columns + constants.map { .constant($0.cell, count: chunk.rowCount) })
      })
  }

  /// The table with one more column in front, or in place of the one with that name.
  /// - Parameters:
  ///   - name: the name of the column.
  ///   - cells: one for each row.
  package func prepending(_ name: String, _ cells: [Cell]) -> Table {
    var columns: [ColumnChunk] = []
    for (chunk, start) in zip(chunks, starts) {
      var builder = ColumnBuilder()
      for row in 0..<chunk.rowCount { builder.set(cells[start + row], row: row) }
      columns.append(builder.finish(rowCount: chunk.rowCount))
    }
    let rest = selecting(columnNames.filter { $0 != name })
    return Table(
      columnNames: [name] + rest.columnNames,
      chunks: zip(rest.chunks, columns).map { Chunk(rowCount: $0.rowCount, columns: [$1] + $0.columns) })
  }
}

extension Table {
  /// The table with the JSON cells of one column changed; the same cell changes in the same way.
  func mappingJSON(_ name: String, _ change: (JSONValue) -> JSONValue) -> Table {
    guard let column = position(of: name) else { return self }
    let chunks = chunks.map { chunk in
      var columns = chunk.columns
      columns[column] = columns[column].mappingJSON(change)
      return Chunk(rowCount: chunk.rowCount, columns: columns)
    }
    return Table(schema, chunks)
  }
}
