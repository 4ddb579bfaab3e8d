/// The message of a claim: a text with names in braces, formatted as Python's `str.format` does: `{x}`, `{x:.2f}`,
/// `{x:d}`, `{x:.1%}`, `{{`.
struct ClaimMessage: Sendable {
  /// What keeps a text from being a message.
  struct Fault: Error {
    let problem: String
  }

  enum Part: Sendable {
    case text(String)
    /// - Parameter isRepr: whether `!r` asks for Python's `repr`.
    case value(name: String, format: NumberFormat, isRepr: Bool)
  }

  let parts: [Part]

  /// The names it uses, in order.
  var names: [String] {
    parts.compactMap { part in if case .value(let name, _, _) = part { name } else { nil } }
  }

  init(_ text: String) throws(Fault) {
    var parts: [Part] = []
    var plain = ""
    var rest = Substring(text)
    while let first = rest.first {
      rest = rest.dropFirst()
      if first == "{" || first == "}", rest.first == first {
        plain.append(first)
        rest = rest.dropFirst()
      } else if first == "{" {
        guard let end = rest.firstIndex(of: "}") else {
          throw Fault(problem: "a { has no }; write {{ for a brace")
        }
        let field = rest[..<end]
        rest = rest[rest.index(after: end)...]
        let colon = field.firstIndex(of: ":") ?? field.endIndex
        var name = field[..<colon]
        let isRepr = name.hasSuffix("!r")
        if isRepr || name.hasSuffix("!s") { name = name.dropLast(2) }
        guard CardSyntax.isIdentifier(String(name)) else {
          throw Fault(problem: "{\(field)} does not name a symbol or a column")
        }
        let spec = colon < field.endIndex ? String(field[field.index(after: colon)...]) : ""
        guard let format = NumberFormat(spec) else {
          throw Fault(problem: "the format '\(spec)' of {\(field)} is not known; such as .2f, d, .1%")
        }
        if !plain.isEmpty { parts.append(.text(plain)) }
        plain = ""
        parts.append(.value(name: String(name), format: format, isRepr: isRepr))
      } else if first == "}" {
        throw Fault(problem: "a } has no {; write }} for a brace")
      } else {
        plain.append(first)
      }
    }
    if !plain.isEmpty { parts.append(.text(plain)) }
    self.parts = parts
  }

  /// The message with values; a name without a value stays as it is.
  func filled(_ values: [String: CardValue]) -> String {
    parts.map { part in
      switch part {
      case .text(let text): text
      case .value(let name, let format, let isRepr):
        values[name].map { isRepr ? format.padded($0.pythonText, isNumber: false) : format.text($0) }
          ?? "{\(name)}"
      }
    }.joined()
  }
}

/// A format of Python's mini-language: `[[fill]align][sign][0][width][,][.precision][type]`.
struct NumberFormat: Sendable {
  private var fill: Character = " "
  private var alignment: Character?
  private var sign: Character = "-"
  private var width = 0
  private var groups = false
  private var precision: Int?
  private var type: Character?

  /// Nil for any other text.
  init?(_ text: String) {
    var rest = Substring(text)
    let characters = Array(text)
    if characters.count > 1, "<>^=".contains(characters[1]) {
      fill = characters[0]
      alignment = characters[1]
      rest = rest.dropFirst(2)
    } else if let first = rest.first, "<>^=".contains(first) {
      alignment = first
      rest = rest.dropFirst()
    }
    if let first = rest.first, "+- ".contains(first) {
      sign = first
      rest = rest.dropFirst()
    }
    if rest.first == "0" {
      if alignment == nil { (fill, alignment) = ("0", "=") }
      rest = rest.dropFirst()
    }
    func digits() -> Int? {
      let found = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(found.count)
      return found.count < 4 ? Int(found) : nil
    }
    if let first = rest.first, first.isASCII, first.isNumber {
      guard let found = digits() else { return nil }
      width = found
    }
    if rest.first == "," {
      groups = true
      rest = rest.dropFirst()
    }
    if rest.first == "." {
      rest = rest.dropFirst()
      guard let found = digits(), found <= 100 else { return nil }
      precision = found
    }
    type = rest.first
    rest = rest.dropFirst()
    guard rest.isEmpty, type.map({ "fFeEgG%dsn".contains($0) }) ?? true else { return nil }
  }

  /// A value as the format has it; one that it does not fit, as Python's `str` has it.
  func text(_ value: CardValue) -> String {
    switch value {
    case .int(let number) where type == nil || type == "d" || type == "n":
      return padded(signed(number.description), isNumber: true)
    case .bool, .int, .float:
      guard type != "s", let number = value.number,
        type != nil || precision != nil || groups || width > 0 || sign != "-"
      else { return padded(value.plainText, isNumber: true) }
      if case .bool = value, type == nil { return padded(value.plainText, isNumber: false) }
      return padded(signed(digits(of: number)), isNumber: true)
    default:
      let text = value.plainText
      return padded(precision.map { String(text.prefix($0)) } ?? text, isNumber: false)
    }
  }

  private func digits(of number: Double) -> String {
    switch type {
    case "f", "F": DecimalText.fixed(number, precision ?? 6)
    case "e": DecimalText.exponential(number, precision ?? 6)
    case "E": DecimalText.exponential(number, precision ?? 6).uppercased()
    case "g", "n": DecimalText.general(number, precision ?? 6)
    case "G": DecimalText.general(number, precision ?? 6).uppercased()
    case "%":
      number.isFinite
        ? DecimalText.fixed(number * 100, precision ?? 6) + "%" : CardValue.pythonText(number) + "%"
    case "d": number == number.rounded() ? DecimalText.fixed(number, 0) : CardValue.pythonText(number)
    default: precision.map { DecimalText.general(number, $0) } ?? CardValue.pythonText(number)
    }
  }

  private func signed(_ text: String) -> String {
    var text = text
    if groups {
      let whole = text.drop { $0 == "-" }.prefix { $0.isNumber }
      var grouped = ""
      for (place, digit) in whole.enumerated() {
        if place > 0, (whole.count - place) % 3 == 0 { grouped.append(",") }
        grouped.append(digit)
      }
      text.replaceSubrange(whole.startIndex..<whole.endIndex, with: grouped)
    }
    return text.hasPrefix("-") || sign == "-" ? text : String(sign) + text
  }

  func padded(_ text: String, isNumber: Bool) -> String {
    let missing = width - text.count
    if missing <= 0 { return text }
    func filled(_ count: Int) -> String { String(repeating: fill, count: count) }
    switch alignment ?? (isNumber ? ">" : "<") {
    case "<": return text + filled(missing)
    case "^": return filled(missing / 2) + text + filled(missing - missing / 2)
    case "=" where isNumber:
      let sign = text.prefix { "+- ".contains($0) }
      return sign + filled(missing) + text.dropFirst(sign.count)
    case "=": return text + filled(missing)
    default: return filled(missing) + text
    }
  }
}
