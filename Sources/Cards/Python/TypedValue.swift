import Magnet

/// Values as they travel between magnet and the child process of a card, each with its type: `["i","12"]`.
extension CardValue {
  /// A value that the child sent; nil for what is none.
  init?(traveling json: JSONValue?) {
    guard let json, case .string(let kind)? = json[0] else { return nil }
    switch (kind, json[1]) {
    case ("n", _): self = .null
    case ("b", .bool(let value)?): self = .bool(value)
    case ("i", .string(let text)?):
      guard let number = WholeNumber(text) else { return nil }
      self = .int(number)
    case ("f", .string(let text)?):
      guard let number = Double(text) else { return nil }
      self = .float(number)
    case ("s", .string(let text)?): self = .text(text)
    case ("t", .string(let text)?): self = .date(text)
    case ("l", .array(let items)?), ("u", .array(let items)?):
      let elements = items.compactMap { CardValue(traveling: $0) }
      guard elements.count == items.count else { return nil }
      self = kind == "l" ? .list(elements) : .tuple(elements)
    case ("d", .array(let items)?):
      var entries: [Entry] = []
      for item in items {
        guard let key = CardValue(traveling: item[0]), let value = CardValue(traveling: item[1]) else {
          return nil
        }
        entries.append(Entry(key: key, value: value))
      }
      self = .mapping(entries)
    case ("o", .string(let type)?): self = .opaque(type: type, text: json[2]?.string ?? "")
    default: return nil
    }
  }

  /// Appends the value as the child reads it.
  func appendTraveling(to out: inout [UInt8]) {
    func append(_ kind: String, _ text: String) {
      out.append(contentsOf: "[\"\(kind)\",".utf8)
      JSONText.appendQuoted(text, to: &out)
      out.append(UInt8(ascii: "]"))
    }
    func appendAll(_ kind: String, _ elements: [CardValue]) {
      out.append(contentsOf: "[\"\(kind)\",[".utf8)
      for (number, element) in elements.enumerated() {
        if number > 0 { out.append(UInt8(ascii: ",")) }
        element.appendTraveling(to: &out)
      }
      out.append(contentsOf: "]]".utf8)
    }
    switch self {
    case .null: out.append(contentsOf: "[\"n\"]".utf8)
    case .bool(let value): out.append(contentsOf: (value ? "[\"b\",true]" : "[\"b\",false]").utf8)
    case .int(let value): append("i", value.description)
    case .float(let value): append("f", CardValue.pythonText(value))
    case .text(let text): append("s", text)
    case .date(let text): append("t", text)
    case .opaque(_, let text): append("s", text)
    case .list(let elements): appendAll("l", elements)
    case .tuple(let elements): appendAll("u", elements)
    case .mapping(let entries):
      out.append(contentsOf: "[\"d\",[".utf8)
      for (number, entry) in entries.enumerated() {
        out.append(contentsOf: (number > 0 ? ",[" : "[").utf8)
        entry.key.appendTraveling(to: &out)
        out.append(UInt8(ascii: ","))
        entry.value.appendTraveling(to: &out)
        out.append(UInt8(ascii: "]"))
      }
      out.append(contentsOf: "]]".utf8)
    }
  }
}
