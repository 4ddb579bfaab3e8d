extension Table {
  /// A table from columns. A column that is shorter than the longest ends in nulls.
  ///
  /// ```swift
  /// let table = Table(columns: ["model": [.string("a"), .string("b")], "score": [.double(0.5), .null]])
  /// ```
  public init(columns: KeyValuePairs<String, [Cell]>) {
    let count = columns.map(\.value.count).max() ?? 0
    self.init(
      columns: columns.map { name, cells in
        var builder = ColumnBuilder()
        for (row, cell) in cells.enumerated() { builder.set(cell, row: row) }
        return (name, builder.finish(rowCount: count))
      }, rowCount: count)
  }

  /// Which rows a join keeps.
  public enum JoinKind: Sendable {
    /// The pairs of rows that agree.
    case inner
    /// And the rows of this table that agree with none, with nulls in the other's columns.
    case left
  }

  /// The rows of this table beside those of another that agree with them. Null agrees with null, 1 with 1.0.
  ///
  /// The columns are this table's and then the other's, without those it is joined by; a name that both have gets
  /// `_right` in the other's column.
  ///
  /// ```swift
  /// let scored = tables.stats.joined(with: tables.runSpecs, on: [("run_spec.name", "run_spec.name")])
  /// ```
  /// - Parameters:
  ///   - other: the table whose columns come last.
  ///   - on: for each condition, the column's name here and in `other`; a column that a table does not have is null
  ///     in every row.
  ///   - kind: which rows are kept.
  public func joined(with other: Table, on: [(String, String)], kind: JoinKind = .inner) -> Table {
    let codes = Self.keyCodes([(self, on.map(\.0)), (other, on.map(\.1))])
    var places: [Int: [Int]] = [:]
    for (row, code) in codes[1].enumerated() { places[code, default: []].append(row) }
    var pairs: [(here: Int, there: Int?)] = []
    for (row, code) in codes[0].enumerated() {
      let found = places[code] ?? []
      pairs += found.map { (row, $0) }
      if found.isEmpty, kind == .left { pairs.append((row, nil)) }
    }
    let joinedBy = Set(on.map(\.1))
    let added = other.columnNames.filter { !joinedBy.contains($0) }
    var taken = Set(columnNames)
    let names = added.map { name in
      var label = name
      while !taken.insert(label).inserted { label += "_right" }
      return label
    }
    let columns = added.enumerated().map { number, name -> (name: String, chunk: ColumnChunk) in
      var builder = ColumnBuilder()
      for (row, pair) in pairs.enumerated() {
        if let there = pair.there { builder.set(other[there, name], row: row) }
      }
      return (names[number], builder.finish(rowCount: pairs.count))
    }
    let here = rows(at: pairs.map(\.here))
    var start = 0
    let chunks = here.chunks.map { chunk in
      let range = Array(start..<start + chunk.rowCount)
      start += chunk.rowCount
      return Chunk(
        rowCount: chunk.rowCount, columns: chunk.columns + columns.map { $0.chunk.gathered(range) })
    }
    return Table(columnNames: columnNames + names, chunks: chunks)
  }

  /// The rows of each value of a column, values and rows in the order of their appearance.
  ///
  /// ```swift
  /// for (metric, rows) in tables.stats.grouped(by: .metric) { print(metric, rows[.mean].mean() ?? .nan) }
  /// ```
  public func grouped<Value>(by key: ColumnKey<Value>) -> [(key: Value, rows: Table)] {
    let values = self[key]
    return groups(by: [key.names.first(where: hasColumn) ?? key.name]).map { (values[$0[0]], rows(at: $0)) }
  }

  /// The rows in the order of some columns, the first one deciding; rows that agree keep their order.
  ///
  /// Numbers stand in their order, NaN after them, then texts in the order of their bytes; nulls come last, whatever
  /// the direction.
  ///
  /// ```swift
  /// let best = tables.stats.sorted(by: ["stats.mean"], isDescending: true).prefix(10)
  /// ```
  /// - Parameters:
  ///   - columns: their full names; those that the table does not have decide nothing.
  ///   - isDescending: whether the largest come first.
  public func sorted(by columns: [String], isDescending: Bool = false) -> Table {
    let positions = columns.compactMap(position)
    let keys = positions.map { column in (0..<rowCount).map { SortKey(self[row: $0, column: column]) } }
    let order = (0..<rowCount).sorted { a, b in
      for key in keys where key[a] != key[b] {
        if key[a] == .null || key[b] == .null { return key[b] == .null }
        return isDescending ? key[b] < key[a] : key[a] < key[b]
      }
      return a < b
    }
    return rows(at: order)
  }

  /// A cell as it is sorted.
  private enum SortKey: Comparable {
    /// With the integer that it was, of which a double may not have all digits.
    case number(Double, Int64? = nil)
    case notANumber
    case text(String)
    case null

    init(_ cell: Cell) {
      switch cell {
      case .null: self = .null
      case .bool(let value): self = .number(value ? 1 : 0)
      case .int(let value): self = .number(Double(value), value)
      default:
        guard let number = cell.number else {
          self = .text(cell.text)
          return
        }
        self = number.isNaN ? .notANumber : .number(number)
      }
    }

    static func == (a: SortKey, b: SortKey) -> Bool { !(a < b) && !(b < a) }

    static func < (a: SortKey, b: SortKey) -> Bool {
      switch (a, b) {
      case (.number(_, let a?), .number(_, let b?)): a < b
      case (.number(let a, _), .number(let b, _)): a < b
      case (.text(let a), .text(let b)): a.utf8.lexicographicallyPrecedes(b.utf8)
      default: a.rank < b.rank
      }
    }

    private var rank: Int {
      switch self {
      case .number: 0
      case .notANumber: 1
      case .text: 2
      case .null: 3
      }
    }
  }
}
