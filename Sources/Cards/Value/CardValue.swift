/// A value of a symbol: what YAML, SQL and Python have in common.
public indirect enum CardValue: Sendable, Hashable {
  /// Null.
  case null
  /// A truth value.
  case bool(Bool)
  /// A whole number of any size.
  case int(WholeNumber)
  /// A number.
  case float(Double)
  /// A text.
  case text(String)
  /// A list.
  case list([CardValue])
  /// A list that cannot be changed, of Python.
  case tuple([CardValue])
  /// Keys and values in their order. Keys are values of any kind but lists and mappings.
  case mapping([Entry])
  /// A date or a time, in the form of ISO 8601.
  case date(String)
  /// A value that stays in Python: its type, and what Python's `repr` says of it.
  case opaque(type: String, text: String)

  /// One key and its value.
  public struct Entry: Sendable, Hashable {
    /// The key of an entry of a mapping.
    public let key: CardValue
    /// Its value.
    public let value: CardValue

    /// An entry.
    public init(key: CardValue, value: CardValue) {
      self.key = key
      self.value = value
    }
  }

  /// The value of a key that is a text; nil for what is not a mapping or has no such key.
  public subscript(key: String) -> CardValue? {
    guard case .mapping(let entries) = self else { return nil }
    return entries.first { $0.key == .text(key) }?.value
  }

  /// The text; nil for anything else.
  public var text: String? {
    if case .text(let text) = self { text } else { nil }
  }

  /// The number, true being 1 and false 0; nil for anything else.
  public var number: Double? {
    switch self {
    case .bool(let value): value ? 1 : 0
    case .int(let value): value.double
    case .float(let value): value
    default: nil
    }
  }

  /// Whether MAGNET records the value, and counts it for the name of the result's folder: a value whose Python type is
  /// exactly int, float, str or dict, or a list that begins with an int.
  var isSimple: Bool {
    switch self {
    case .int, .float, .text, .mapping: true
    case .list(let elements): if case .int = elements.first { true } else { false }
    default: false
    }
  }

  /// What the value is called in messages.
  var kindName: String {
    switch self {
    case .null: "null"
    case .bool: "a bool"
    case .int: "an int"
    case .float: "a float"
    case .text: "a text"
    case .list: "a list"
    case .tuple: "a tuple"
    case .mapping: "a mapping"
    case .date: "a date"
    case .opaque(let type, _): "a \(type)"
    }
  }
}
