/// One value of a table.
///
/// ```swift
/// let cells: [Cell] = [.null, .int(3), .double(0.5), .string("valid")]
/// print(cells.compactMap(\.number))  // [3.0, 0.5]
/// ```
public enum Cell: Sendable, Hashable {
  /// Nothing was there: the key was absent, or null.
  case null
  /// A truth value.
  case bool(Bool)
  /// A whole number.
  case int(Int64)
  /// A number.
  case double(Double)
  /// A text.
  case string(String)
  /// A list or an object, kept whole as compact JSON.
  case json(String)

  /// Texts are equal where their bytes are: what Unicode takes for the same letter in one and in two characters, SQLite
  /// and Python keep apart. NaN equals nothing.
  public static func == (a: Cell, b: Cell) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.int(let a), .int(let b)): a == b
    case (.double(let a), .double(let b)): a == b
    case (.string(let a), .string(let b)), (.json(let a), .json(let b)): haveSameBytes(a, b)
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0 as UInt8)
    case .bool(let value): hasher.combine(value)
    case .int(let value): hasher.combine(value)
    case .double(let value): hasher.combine(value)
    case .string(var value), .json(var value):
      value.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
  }

  /// The value as it stands in a text cell: nothing for null, numbers with every digit, strings as they are.
  public var text: String {
    switch self {
    case .null: ""
    case .bool(let value): value ? "true" : "false"
    case .int(let value): String(value)
    case .double(let value):
      JSONText.text(of: value)
    case .string(let value), .json(let value): value
    }
  }

  /// The number, nil for anything else.
  public var number: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  /// The value as joins compare it: 1 and 1.0 are the same key.
  var joinKey: Cell {
    if case .double(let value) = self, value.isNaN { return .json("NaN") }
    if case .int(let value) = self, let exact = Double(exactly: value) { return .double(exact) }
    return self
  }
}

extension Cell {
  package init(_ value: Int?) { self = value.map { .int(Int64($0)) } ?? .null }
  package init(_ value: Double?) { self = value.map(Cell.double) ?? .null }
  package init(_ value: String?) { self = value.map(Cell.string) ?? .null }

  /// A value as a cell: lists and objects as their text.
  init(_ value: JSONValue) {
    self =
      switch value {
      case .null: .null
      case .bool(let value): .bool(value)
      case .int(let value): .int(value)
      case .double(let value): .double(value)
      case .string(let value): .string(value)
      case .array, .object: .json(value.text)
      }
  }
}

extension JSONValue {
  /// The value of a cell; nothing for a list that cannot be read.
  package init(_ cell: Cell) {
    self =
      switch cell {
      case .null: .null
      case .bool(let value): .bool(value)
      case .int(let value): .int(value)
      case .double(let value): .double(value)
      case .string(let value): .string(value)
      case .json(let text): (try? JSONValue(parsing: text)) ?? .null
      }
  }
}
