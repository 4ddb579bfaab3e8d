/// The message of a claim: a text with names in braces, formatted as Python's `str.format` does: `{x}`, `{x:.2f}`,
/// `{x:d}`, `{x:.1%}`, `{{`.
struct ClaimMessage: Sendable {
  /// What keeps a text from being a message.
  struct Fault: Error {
    let problem: String
  }

  enum Part: Sendable {
    case text(String)
    /// - Parameter conversion: `r` where `!r` asks for Python's `repr`, `s` where `!s` asks for its `str`.
    case value(name: String, format: NumberFormat, conversion: Character?)
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
        var conversion: Character?
        if name.hasSuffix("!r") || name.hasSuffix("!s") {
          conversion = name.last
          name = name.dropLast(2)
        }
        guard CardSyntax.isIdentifier(String(name)) else {
          throw Fault(problem: "{\(field)} does not name a symbol or a column")
        }
        let spec = colon < field.endIndex ? String(field[field.index(after: colon)...]) : ""
        guard let format = NumberFormat(spec) else {
          throw Fault(problem: "the format '\(spec)' of {\(field)} is not known; such as .2f, d, .1%")
        }
        if !plain.isEmpty { parts.append(.text(plain)) }
        plain = ""
        parts.append(.value(name: String(name), format: format, conversion: conversion))
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
      case .value(let name, let format, let conversion):
        values[name].map { value in
          conversion.map { format.text($0 == "r" ? value.pythonText : value.plainText) } ?? format.text(value)
        } ?? "{\(name)}"
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
  private let isEmpty: Bool

  /// Nil for any other text.
  init?(_ text: String) {
    isEmpty = text.isEmpty
    var rest = Substring(text)
    let characters = Array(text)
    let hasFill = characters.count > 1 && "<>^=".contains(characters[1])
    if hasFill {
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
    // Behind a character to fill with, it is a digit of the width.
    if rest.first == "0", !hasFill { fill = "0" }
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
    case .bool(let isTrue) where !isEmpty && type != "s": return text(.int(WholeNumber(isTrue ? 1 : 0)))
    case .int(let number) where type == nil || type == "d" || type == "n":
      return padded(number.description)
    case .int, .float:
      guard !isEmpty, type != "s", let number = value.number else { return padded(value.plainText) }
      return padded(digits(of: number))
    default: return text(value.plainText)
    }
  }

  /// A text as the format has it.
  func text(_ text: String) -> String {
    let scalars = text.unicodeScalars
    let kept = precision.map { String(String.UnicodeScalarView(scalars.prefix($0))) } ?? text
    let missing = filling(max(0, width - kept.unicodeScalars.count))
    switch alignment {
    case "^": return missing.before + kept + missing.after
    case ">": return missing.all + kept
    default: return kept + missing.all
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
    default:
      precision.map { DecimalText.general(number, $0, keepsPoint: true) } ?? CardValue.pythonText(number)
    }
  }

  /// A number with its sign, its groups of digits and what fills the width; zeros between sign and digits are grouped,
  /// too.
  private func padded(_ number: String) -> String {
    let isNegative = number.hasPrefix("-")
    let sign = isNegative ? "-" : self.sign == "-" ? "" : String(self.sign)
    let whole = number.drop { $0 == "-" }.prefix { $0.isNumber }
    let rest = number[whole.endIndex...]
    let zeros = fill == "0" && (alignment ?? "=") == "="
    var digits = String(whole)
    func grouped() -> String {
      guard groups else { return digits }
      return digits.enumerated().reduce(into: "") { text, digit in
        if digit.offset > 0, (digits.count - digit.offset) % 3 == 0 { text.append(",") }
        text.append(digit.element)
      }
    }
    if zeros, !digits.isEmpty {
      while sign.count + grouped().count + rest.count < width { digits = "0" + digits }
    }
    let text = grouped() + rest
    let missing = filling(max(0, width - sign.count - text.count))
    switch alignment ?? (zeros ? "=" : ">") {
    case "<": return sign + text + missing.all
    case "^": return missing.before + sign + text + missing.after
    case "=": return sign + missing.all + text
    default: return missing.all + sign + text
    }
  }

  private func filling(_ count: Int) -> (all: String, before: String, after: String) {
    func filled(_ count: Int) -> String { String(repeating: fill, count: count) }
    return (filled(count), filled(count / 2), filled(count - count / 2))
  }
}
