import Magnet

/// How values are written in result files.
enum CardJSON {
  /// Appends a value as JSON, as Python's `json.dump` writes it with an indent of two: keys as texts, tuples as lists,
  /// whole numbers with every digit. NaN and the infinities, which JSON does not have, become texts; what stays in
  /// Python, the text that `repr` gives.
  /// - Parameter indent: the blanks before the value's lines; nil for all on one line.
  static func append(_ value: CardValue, indent: Int? = 0, to out: inout [UInt8]) {
    switch value {
    case .null: out.append(contentsOf: "null".utf8)
    case .bool(let value): out.append(contentsOf: (value ? "true" : "false").utf8)
    case .int(let value): out.append(contentsOf: value.description.utf8)
    case .float(let value):
      if value.isFinite {
        out.append(contentsOf: CardValue.pythonText(value).utf8)
      } else {
        JSONText.append(value, to: &out)
      }
    case .text(let text), .date(let text), .opaque(_, let text): JSONText.appendQuoted(text, to: &out)
    case .list(let elements), .tuple(let elements):
      appendItems(elements, "[", "]", indent, to: &out) { append($0, indent: indent.map { $0 + 2 }, to: &$1) }
    case .mapping(let entries):
      appendItems(entries, "{", "}", indent, to: &out) { entry, out in
        JSONText.appendQuoted(key(entry.key), to: &out)
        out.append(contentsOf: ": ".utf8)
        append(entry.value, indent: indent.map { $0 + 2 }, to: &out)
      }
    }
  }

  /// The value as JSON, as in result files, or on one line.
  static func text(_ value: CardValue, isCompact: Bool = false) -> String {
    var out: [UInt8] = []
    append(value, indent: isCompact ? nil : 0, to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  /// A key as a text: that of a number its digits.
  private static func key(_ key: CardValue) -> String {
    switch key {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .text(let text), .date(let text): text
    default: key.pythonText
    }
  }

  private static func appendItems<Item>(
    _ items: [Item], _ start: String, _ end: String, _ indent: Int?, to out: inout [UInt8],
    _ append: (Item, inout [UInt8]) -> Void
  ) {
    out.append(contentsOf: start.utf8)
    for (number, item) in items.enumerated() {
      if let indent {
        out.append(contentsOf: (number > 0 ? ",\n" : "\n").utf8)
        out.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent + 2))
      } else if number > 0 {
        out.append(UInt8(ascii: ","))
      }
      append(item, &out)
    }
    if let indent, !items.isEmpty {
      out.append(UInt8(ascii: "\n"))
      out.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent))
    }
    out.append(contentsOf: end.utf8)
  }
}
