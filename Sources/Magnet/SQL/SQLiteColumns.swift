// Unsafe code, on one invariant: texts bound as SQLITE_STATIC lie in a BoundColumn that lives until other values are bound
// in their place or the statement's bindings are cleared.

import CSQLite

/// The kinds of cells that a column was seen to have.
struct CellKinds: OptionSet {
  let rawValue: UInt8
  static let integer = CellKinds(rawValue: 1)
  static let real = CellKinds(rawValue: 2)
  static let text = CellKinds(rawValue: 4)

  init(rawValue: UInt8) { self.rawValue = rawValue }

  init(of chunk: ColumnChunk) {
    switch chunk.storage {
    case .constant(let cell): self = Self.kind(of: cell)
    case .bools, .ints: self = .integer
    case .doubles: self = .real
    case .strings: self = .text
    case .json: self = (0..<chunk.count).reduce(into: []) { $0.formUnion(Self.kind(of: chunk[$1])) }
    }
  }

  private static func kind(of cell: Cell) -> CellKinds {
    switch cell {
    case .null: []
    case .bool, .int: .integer
    case .double: .real
    case .string, .json: .text
    }
  }

  /// The declared type of a column with these cells.
  func type(of name: String) -> SQLType {
    if contains(.text) { return .text }
    if let known = SQLType(of: name), known != .integer || !contains(.real) {
      if isEmpty || known != .text { return known }
    }
    return contains(.real) ? .real : isEmpty ? .text : .integer
  }
}

/// A column whose cells are bound row by row. A class, so that going through columns counts no references of arrays.
final class BoundColumn {
  private enum Cells {
    case numbers([Int64])
    case doubles(Values<Double>, NullMask?)
    case texts(Codes, TextDictionary)
    case others(ColumnChunk)
  }

  let index: Int32
  private let cells: Cells

  init(_ index: Int32, numbers: [Int64]) {
    self.index = index
    cells = .numbers(numbers)
  }

  init(_ index: Int32, _ chunk: ColumnChunk) {
    self.index = index
    switch chunk.storage {
    case .doubles(let values, let nulls): cells = .doubles(values, nulls)
    case .strings(let codes, let texts) where texts.bases.isEmpty: cells = .texts(codes, texts)
    default: cells = .others(chunk)
    }
  }

  func bind(_ statement: OpaquePointer, _ row: Int) {
    switch cells {
    case .numbers(let values): unsafe sqlite3_bind_int64(statement, index, values[row])
    case .doubles(let values, let nulls):
      if nulls?[row] == true {
        unsafe sqlite3_bind_null(statement, index)
      } else {
        unsafe sqlite3_bind_double(statement, index, values[row])
      }
    case .texts(let codes, let texts):
      let code = codes[row]
      if code == 0 {
        unsafe sqlite3_bind_null(statement, index)
      } else {
        // The memory does not move and lives as long as the column, so that SQLite need not copy it.
        unsafe texts.withUTF8(code - 1) {
          unsafe sqlite3_bind_text(statement, index, $0.baseAddress, Int32($0.count), nil)
        }
      }
    case .others(let chunk): unsafe SQLiteWriter.bind(statement, index, chunk[row])
    }
  }
}
