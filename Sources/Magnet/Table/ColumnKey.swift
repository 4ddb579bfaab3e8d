/// A column by what it means, with the type of its values: `table[.mean]`, `row[.metric]`.
///
/// A key whose `Value` is not optional names a column that is in every row of the tables it belongs to; the reader
/// sees to that. All others are optional: nil where the file had nothing.
///
/// ```swift
/// extension ColumnKey where Value == String? {
///   static var tokenizer: Self { .init("run_spec.adapter_spec.tokenizer") }
/// }
///
/// let tokenizers = tables.runSpecs[.tokenizer].unique()
/// ```
public struct ColumnKey<Value: ColumnValue>: Sendable {
  /// The flattened names under which the column stands in the tables that have it.
  public let names: [String]

  /// A key for the column that has one of these names; in a table with several of them, the first.
  public init(_ names: String...) { self.names = names }

  /// The first of its names: the name in the table it is about.
  package var name: String { names.first ?? "" }

  func position(in table: Table) -> Int? {
    for name in names {
      if let position = table.position(of: name) { return position }
    }
    return nil
  }
}

/// A type that cells can be read as.
public protocol ColumnValue: Sendable {
  /// The value in a row of a chunk; nil when the cell is null or of another kind.
  static func read(_ chunk: ColumnChunk, _ row: Int) -> Self?
  /// What stands for a value that is not there.
  static func missing(_ key: ColumnKey<Self>) -> Self
}

extension ColumnValue {
  /// A column that every table of its kind has is not in this one: a mistake of the program, not of a file.
  public static func missing(_ key: ColumnKey<Self>) -> Self {
    preconditionFailure("no column \(key.names.joined(separator: " or ")) with a \(Self.self) in every row")
  }
}

extension String: ColumnValue {
  public static func read(_ chunk: ColumnChunk, _ row: Int) -> String? {
    if case .string(let value) = chunk[row] { value } else { nil }
  }
}

extension Double: ColumnValue {
  public static func read(_ chunk: ColumnChunk, _ row: Int) -> Double? { chunk.double(row) }
}

extension Int: ColumnValue {
  public static func read(_ chunk: ColumnChunk, _ row: Int) -> Int? {
    switch chunk[row] {
    case .int(let value): Int(value)
    case .double(let value): Int(exactly: value)
    default: nil
    }
  }
}

extension Bool: ColumnValue {
  public static func read(_ chunk: ColumnChunk, _ row: Int) -> Bool? {
    if case .bool(let value) = chunk[row] { value } else { nil }
  }
}

extension JSONValue: ColumnValue {
  public static func read(_ chunk: ColumnChunk, _ row: Int) -> JSONValue? {
    switch chunk[row] {
    case .null: nil
    case .json(let text): try? JSONValue(parsing: text)
    case let cell: JSONValue(cell)
    }
  }
}

extension Optional: ColumnValue where Wrapped: ColumnValue {
  public static func read(_ chunk: ColumnChunk, _ row: Int) -> Wrapped?? { .some(Wrapped.read(chunk, row)) }
  public static func missing(_ key: ColumnKey<Wrapped?>) -> Wrapped? { nil }
}

/// The values of one column, one a row, in order.
public struct ColumnView<Value: ColumnValue>: RandomAccessCollection, Sendable {
  let table: Table
  let key: ColumnKey<Value>
  let column: Int?

  public var startIndex: Int { 0 }
  public var endIndex: Int { table.rowCount }
  public subscript(row: Int) -> Value {
    guard let column else { return Value.missing(key) }
    let (chunk, local) = table.locate(row)
    return Value.read(table.chunks[chunk].columns[column], local) ?? Value.missing(key)
  }
}

extension Table {
  /// The values of a column.
  public subscript<Value>(key: ColumnKey<Value>) -> ColumnView<Value> {
    ColumnView(table: self, key: key, column: key.position(in: self))
  }
}

extension Sequence where Element: Hashable {
  /// The distinct values in order of first appearance.
  public func unique() -> [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
