extension CardValue {
  /// What Python's `repr` says of the value, such as `{'x': 1, 'y': None}`.
  public var pythonText: String {
    switch self {
    case .null: "None"
    case .bool(let value): value ? "True" : "False"
    case .int(let value): value.description
    case .float(let value): Self.pythonText(value)
    case .text(let text): Self.pythonText(text)
    case .list(let elements): "[" + elements.map(\.pythonText).joined(separator: ", ") + "]"
    case .tuple(let elements):
      "(" + elements.map(\.pythonText).joined(separator: ", ") + (elements.count == 1 ? ",)" : ")")
    case .mapping(let entries):
      "{" + entries.map { "\($0.key.pythonText): \($0.value.pythonText)" }.joined(separator: ", ") + "}"
    case .date(let text): Self.dateText(text)
    case .opaque(_, let text): text
    }
  }

  /// What Python's `str` says of the value: a text as it is, `None`, `0.1`.
  public var plainText: String {
    switch self {
    case .text(let text): text
    case .date(let text): text.replacing("T", with: " ")
    default: pythonText
    }
  }

  /// `repr` of a float: the fewest digits that read back the same, an exponent below 0.0001 and from 1e16 on.
  static func pythonText(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    let sign = value.sign == .minus ? "-" : ""
    let text = value.magnitude.description
    let parts = text.split(separator: "e")
    let mantissa = parts[0].split(separator: ".")
    var digits = String(mantissa[0]) + (mantissa.count > 1 && mantissa[1] != "0" ? String(mantissa[1]) : "")
    // The number is 0.DIGITS times ten to this power.
    var point = mantissa[0].count + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
    let leading = digits.prefix { $0 == "0" }.count
    if leading == digits.count { return sign + "0.0" }
    digits.removeFirst(leading)
    point -= leading
    while digits.hasSuffix("0") { digits.removeLast() }
    if point > 16 || point < -3 {
      let rest = digits.dropFirst()
      let exponent = point - 1
      let power = String(exponent.magnitude)
      return sign + digits.prefix(1) + (rest.isEmpty ? "" : "." + rest) + "e" + (exponent < 0 ? "-" : "+")
        + (power.count < 2 ? "0" : "") + power
    }
    if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
    if point >= digits.count {
      return sign + digits + String(repeating: "0", count: point - digits.count) + ".0"
    }
    return sign + digits.prefix(point) + "." + digits.dropFirst(point)
  }

  /// `repr` of a text: in single quotes, or double ones where it has single and no double ones.
  static func pythonText(_ text: String) -> String {
    let scalars = text.unicodeScalars
    let quote: Unicode.Scalar = scalars.contains("'") && !scalars.contains("\"") ? "\"" : "'"
    var out = String.UnicodeScalarView()
    out.append(quote)
    for scalar in scalars {
      switch scalar {
      case quote, "\\":
        out.append("\\")
        out.append(scalar)
      case "\n": out.append(contentsOf: "\\n".unicodeScalars)
      case "\r": out.append(contentsOf: "\\r".unicodeScalars)
      case "\t": out.append(contentsOf: "\\t".unicodeScalars)
      case _ where scalar.value >= 0x20 && scalar.value < 0x7F: out.append(scalar)
      case _ where isPrintable(scalar): out.append(scalar)
      default:
        let (mark, width) =
          scalar.value < 0x100 ? ("\\x", 2) : scalar.value < 0x10000 ? ("\\u", 4) : ("\\U", 8)
        let digits = String(scalar.value, radix: 16)
        out.append(
          contentsOf: (mark + String(repeating: "0", count: width - digits.count) + digits).unicodeScalars)
      }
    }
    out.append(quote)
    return String(out)
  }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
      .spaceSeparator:
      false
    default: true
    }
  }

  /// `repr` of a date or a time.
  private static func dateText(_ text: String) -> String {
    let fields = CalendarFields(text).timetuple
    func call(_ name: String, _ numbers: some Sequence<Int>) -> String {
      "datetime.\(name)(" + numbers.map(String.init).joined(separator: ", ") + ")"
    }
    if text.utf8.count == 10 { return call("date", fields.prefix(3)) }
    if text.utf8.count == 19 { return call("datetime", fields.prefix(fields[5] == 0 ? 5 : 6)) }
    return "datetime.datetime.fromisoformat('\(text)')"
  }
}
