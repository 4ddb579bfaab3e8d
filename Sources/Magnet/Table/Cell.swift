/// One value of a table.
public enum Cell: Sendable, Hashable {
  /// Nothing was there: the key was absent, or null.
  case null
  case bool(Bool)
  case int(Int64)
  case double(Double)
  case string(String)
  /// A list or an object, kept whole as compact JSON.
  case json(String)

  /// The value as it stands in a text cell: nothing for null, numbers with every digit, strings as they are.
  public var text: String {
    switch self {
    case .null: ""
    case .bool(let value): value ? "true" : "false"
    case .int(let value): String(value)
    case .double(let value):
      value.isFinite ? value.description : value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity"
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
