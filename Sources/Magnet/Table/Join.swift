extension Table {
  /// A number for each row, equal where and only where the rows agree in all `columns`. Null equals null, 1 equals
  /// 1.0, and a column the table does not have is null in every row. Rows of several tables are numbered together.
  static func keyCodes(_ tables: [(table: Table, columns: [String])]) -> [[Int]] {
    var codes = tables.map { Array(repeating: 0, count: $0.table.rowCount) }
    let width = tables.map(\.columns.count).min() ?? 0
    for column in 0..<width {
      var cells: [Cell: Int] = [:]
      var pairs: [SIMD2<Int>: Int] = [:]
      for (i, part) in tables.enumerated() {
        var fresh: [Int] = []
        fresh.reserveCapacity(part.table.rowCount)
        let position = part.table.position(of: part.columns[column])
        for chunk in part.table.chunks {
          (position.map { chunk.columns[$0] } ?? .nulls(chunk.rowCount)).keyCodes(&cells, into: &fresh)
        }
        for row in fresh.indices {
          let pair = SIMD2(codes[i][row], fresh[row])
          let code = pairs[pair] ?? pairs.count
          pairs[pair] = code
          codes[i][row] = code
        }
      }
    }
    return codes
  }

  /// The pairs of row numbers that agree in the columns `on`: an inner join. Null equals null. In the order of this
  /// table's rows, then of the other's.
  /// - Parameters:
  ///   - other: the other table.
  ///   - on: for each condition, the column's name here and in `other`.
  package func joinRows(with other: Table, on: [(String, String)]) -> [(here: Int, there: Int)] {
    let codes = Self.keyCodes([(self, on.map(\.0)), (other, on.map(\.1))])
    var places: [Int: [Int]] = [:]
    for (row, code) in codes[1].enumerated() { places[code, default: []].append(row) }
    return codes[0].enumerated().flatMap { row, code in
      places[code, default: []].map { (here: row, there: $0) }
    }
  }

  /// The row numbers of each group of rows that agree in `columns`, groups and rows in order of appearance.
  package func groups(by columns: [String]) -> [[Int]] {
    var position: [Int: Int] = [:]
    var groups: [[Int]] = []
    for (row, code) in Self.keyCodes([(self, columns)])[0].enumerated() {
      if let known = position[code] {
        groups[known].append(row)
      } else {
        position[code] = groups.count
        groups.append([row])
      }
    }
    return groups
  }
}
