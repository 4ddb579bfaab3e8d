/// What the cells of a column are, nulls aside.
package enum ColumnType: String, Sendable {
  /// Texts.
  case bool, int, double, string
  /// Lists and objects, kept as JSON, or cells of several kinds.
  case json

  /// The type of a column that has cells of both types.
  func joined(with other: ColumnType) -> ColumnType {
    if self == other { return self }
    return Set([self, other]) == [.int, .double] ? .double : .json
  }
}

extension ColumnChunk {
  /// What the cells are; nil when all are null.
  var type: ColumnType? {
    switch storage {
    case .constant(.null): nil
    case .constant(.bool), .bools: .bool
    case .constant(.int), .ints: .int
    case .constant(.double), .doubles: .double
    case .constant(.string), .strings: .string
    case .constant(.json), .json: .json
    }
  }
}

extension ColumnChunk {
  /// The first row and the number of rows of each cell that differs from the one before.
  var repeats: [(start: Int, count: Int)] {
    if case .constant = storage { return [(0, count)] }
    var found: [(start: Int, count: Int)] = []
    func isSame(_ row: Int) -> Bool {
      switch storage {
      case .strings(let codes, _): codes[row] == codes[row - 1]
      default: self[row] == self[row - 1]
      }
    }
    for row in 0..<count {
      if row > 0, isSame(row) { found[found.count - 1].count += 1 } else { found.append((row, 1)) }
    }
    return found
  }

  /// How many texts the cells are taken from; as many as there are rows where that is not known.
  var distinctTexts: Int {
    switch storage {
    case .constant: 1
    case .strings(_, let texts), .json(_, let texts): Swift.min(texts.count, count)
    case .bools, .ints, .doubles: count
    }
  }
}

extension Table {
  /// The type of each column, in order; nil for columns of nulls alone of which nothing is declared.
  package var columnTypes: [ColumnType?] {
    if let declared = schema.declared { return declared }
    var types = [ColumnType?](repeating: nil, count: columnNames.count)
    for chunk in chunks {
      for (column, cells) in chunk.columns.enumerated() {
        guard let type = cells.type else { continue }
        types[column] = types[column]?.joined(with: type) ?? type
      }
    }
    return types
  }
}

extension Cell {
  /// The cell as it stands in a column of text that holds several kinds: values as in JSON, texts as they are, but in
  /// quotes where they would be taken for a value.
  ///
  ///     Cell.int(1).mixedText            // 1
  ///     Cell.string("a").mixedText       // a
  ///     Cell.string("1").mixedText       // "1"
  var mixedText: String {
    guard case .string(let text) = self, Cell(mixedText: text) != self else { return self.text }
    return JSONText.quoted(text)
  }

  /// The cell that has this text in a column of several kinds.
  init(mixedText text: String) {
    switch try? JSONValue(parsing: text) {
    case .null?, nil: self = .string(text)
    case .bool(let value)?: self = .bool(value)
    case .int(let value)?: self = .int(value)
    case .double(let value)?: self = .double(value)
    case .string(let value)?: self = .string(value)
    case .array?, .object?: self = .json(text)
    }
  }
}
