/// What the text of a scalar means, by the rules of YAML 1.1 as PyYAML's `safe_load` has them (`resolver.py` and
/// `constructor.py` of PyYAML 6.0.3): `1e5` is a text, `010` is 8, `yes` is true, `12:30` is 750.
enum YAMLScalar {
  case value(CardValue)
  /// `<<`: as a key, what follows is merged.
  case merge
  /// `=`: as a key, the text; nothing elsewhere.
  case equals

  /// A scalar without quotes and tag.
  /// - Throws: the reason why the text, which looks like a number or a date, is none.
  init(plain text: String) throws(ScalarFault) {
    let bytes = Array(text.utf8)
    self = .value(.text(text))
    guard let first = bytes.first else {
      self = .value(.null)
      return
    }
    if let value = Self.bools[text] {
      self = .value(.bool(value))
    } else if ["~", "null", "Null", "NULL"].contains(text) {
      self = .value(.null)
    } else if text == "<<" {
      self = .merge
    } else if text == "=" {
      self = .equals
    } else if first == 0x2B || first == 0x2D || first == 0x2E || Self.isDigit(first) {
      if Self.isFloat(bytes) {
        self = .value(try Self.float(text))
      } else if Self.isInt(bytes) {
        self = .value(try Self.int(text))
      } else if let date = try YAMLDate(bytes) {
        self = .value(.date(date.text))
      }
    }
  }

  /// A scalar with a tag of YAML's own.
  init(_ text: String, tag: String) throws(ScalarFault) {
    let prefix = "tag:yaml.org,2002:"
    switch tag.hasPrefix(prefix) ? String(tag.dropFirst(prefix.count)) : "" {
    case "str": self = .value(.text(text))
    case "int": self = .value(try Self.int(text))
    case "float": self = .value(try Self.float(text))
    case "null": self = .value(.null)
    case "bool":
      guard let value = Self.bools[text.lowercased()] else {
        throw ScalarFault("'\(text)' is not a bool: write true or false")
      }
      self = .value(.bool(value))
    case "timestamp":
      guard let date = try YAMLDate(Array(text.utf8)) else { throw ScalarFault("'\(text)' is not a date") }
      self = .value(.date(date.text))
    default: throw ScalarFault("the tag \(tag) has no meaning here")
    }
  }

  private static let bools: [String: Bool] = Dictionary(
    uniqueKeysWithValues: [
      ("yes", true), ("true", true), ("on", true), ("no", false), ("false", false), ("off", false),
    ]
    .flatMap { word, value in
      [(word, value), (word.prefix(1).uppercased() + word.dropFirst(), value), (word.uppercased(), value)]
    })

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
  private static func isDigitOrUnderscore(_ byte: UInt8) -> Bool { isDigit(byte) || byte == 0x5F }

  /// `:[0-5]?[0-9]`, as often as it comes; nil where it does not come at all.
  private static func afterSexagesimals(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    var rest = bytes
    var count = 0
    while rest.first == 0x3A {
      let digits = rest.dropFirst().prefix(while: isDigit)
      guard digits.count == 1 || digits.count == 2 && digits.first.map({ $0 <= 0x35 }) == true else {
        return nil
      }
      rest = rest.dropFirst(1 + digits.count)
      count += 1
    }
    return count > 0 ? rest : nil
  }

  private static func isFloat(_ bytes: [UInt8]) -> Bool {
    let isSigned = bytes[0] == 0x2B || bytes[0] == 0x2D
    let body = bytes.dropFirst(isSigned ? 1 : 0)
    guard let first = body.first else { return false }
    if first == 0x2E {
      let word = String(decoding: body.dropFirst(), as: UTF8.self)
      if ["inf", "Inf", "INF"].contains(word) { return true }
      if isSigned { return false }
      if ["nan", "NaN", "NAN"].contains(word) { return true }
      guard let digit = body.dropFirst().first, isDigit(digit) else { return false }
      return isExponentOrNothing(body.dropFirst().drop(while: isDigitOrUnderscore))
    }
    guard isDigit(first) else { return false }
    let rest = body.drop(while: isDigitOrUnderscore)
    if rest.first == 0x2E { return isExponentOrNothing(rest.dropFirst().drop(while: isDigitOrUnderscore)) }
    guard let tail = afterSexagesimals(rest), tail.first == 0x2E else { return false }
    return tail.dropFirst().allSatisfy(isDigitOrUnderscore)
  }

  /// `([eE][-+][0-9]+)?`
  private static func isExponentOrNothing(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard let first = bytes.first else { return true }
    guard first | 0x20 == 0x65, let sign = bytes.dropFirst().first, sign == 0x2B || sign == 0x2D else {
      return false
    }
    let digits = bytes.dropFirst(2)
    return !digits.isEmpty && digits.allSatisfy(isDigit)
  }

  private static func isInt(_ bytes: [UInt8]) -> Bool {
    let body = bytes.dropFirst(bytes[0] == 0x2B || bytes[0] == 0x2D ? 1 : 0)
    guard let first = body.first, isDigit(first) else { return false }
    let rest = body.dropFirst()
    if first == 0x30 {
      guard let mark = rest.first else { return true }
      let digits = rest.dropFirst()
      if mark == 0x62 {
        return !digits.isEmpty && digits.allSatisfy { $0 == 0x30 || $0 == 0x31 || $0 == 0x5F }
      }
      if mark == 0x78 {
        return !digits.isEmpty
          && digits.allSatisfy { isDigitOrUnderscore($0) || $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x66 }
      }
      return rest.allSatisfy { $0 >= 0x30 && $0 <= 0x37 || $0 == 0x5F }
    }
    let tail = rest.drop(while: isDigitOrUnderscore)
    return tail.isEmpty || afterSexagesimals(tail)?.isEmpty == true
  }

  /// PyYAML's `construct_yaml_int`.
  private static func int(_ text: String) throws(ScalarFault) -> CardValue {
    var body = Substring(text.replacing("_", with: ""))
    let isNegative = body.hasPrefix("-")
    if isNegative || body.hasPrefix("+") { body = body.dropFirst() }
    let number: WholeNumber?
    if body == "0" {
      number = WholeNumber(0)
    } else if body.hasPrefix("0b") {
      number = WholeNumber(digits: body.dropFirst(2), radix: 2)
    } else if body.hasPrefix("0x") {
      number = WholeNumber(digits: body.dropFirst(2), radix: 16)
    } else if body.hasPrefix("0") {
      number = WholeNumber(digits: body, radix: 8)
    } else if body.contains(":") {
      let parts = body.split(separator: ":", omittingEmptySubsequences: false)
      var sum: WholeNumber? =
        parts[0].utf8.count <= WholeNumber.digitLimit
        ? WholeNumber(digits: parts[0], radix: 10) : nil
      if parts.count > 100 { sum = nil }
      for part in parts.dropFirst() {
        guard let digit = UInt32(part) else {
          sum = nil
          break
        }
        sum = sum?.times(60, plus: digit)
      }
      number = sum
    } else {
      number = WholeNumber(digits: body, radix: 10)
    }
    guard let number else {
      throw ScalarFault(
        text.utf8.count > 100
          ? "a number of \(text.utf8.count) characters is more than can be read" : "'\(text)' is not an int")
    }
    return .int(isNegative ? number.negated : number)
  }

  /// PyYAML's `construct_yaml_float`.
  private static func float(_ text: String) throws(ScalarFault) -> CardValue {
    var body = Substring(text.replacing("_", with: "").lowercased())
    let isNegative = body.hasPrefix("-")
    if isNegative || body.hasPrefix("+") { body = body.dropFirst() }
    var number: Double?
    if body == ".inf" {
      number = .infinity
    } else if body == ".nan" {
      number = .nan
    } else if body.contains(":") {
      var sum = 0.0
      var base = 1.0
      for part in body.split(separator: ":", omittingEmptySubsequences: false).reversed() {
        guard let digits = pythonFloat(part) else { throw ScalarFault("'\(text)' is not a float") }
        sum += digits * base
        base *= 60
      }
      number = sum
    } else {
      number = pythonFloat(body)
    }
    guard let number else { throw ScalarFault("'\(text)' is not a float") }
    return .float(isNegative ? -number : number)
  }

  /// A decimal number as Python's `float` reads it: `5.` and `.5` are numbers, hexadecimal ones are not.
  private static func pythonFloat(_ text: Substring) -> Double? {
    var digits = String(text)
    guard digits.utf8.allSatisfy({ isDigit($0) || $0 == 0x2E || $0 == 0x65 || $0 == 0x2B || $0 == 0x2D })
    else {
      return nil
    }
    if digits.hasPrefix(".") { digits = "0" + digits }
    digits = digits.replacing(".e", with: ".0e")
    if digits.hasSuffix(".") { digits += "0" }
    return Double(digits)
  }
}

/// Why a scalar has no value.
struct ScalarFault: Error {
  let problem: String
  init(_ problem: String) { self.problem = problem }
}

/// A date, or a date and a time, as YAML 1.1 writes them.
struct YAMLDate {
  /// As Python's `isoformat` has it.
  let text: String

  /// Nil for a text that is not written as a date.
  init?(_ bytes: [UInt8]) throws(ScalarFault) {
    var rest = bytes[...]
    func digits(_ range: ClosedRange<Int>) -> Int? {
      let found = rest.prefix(range.upperBound).prefix { $0 >= 0x30 && $0 <= 0x39 }
      guard range.contains(found.count) else { return nil }
      rest = rest.dropFirst(found.count)
      return found.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
    func skip(_ byte: UInt8) -> Bool {
      guard rest.first == byte else { return false }
      rest = rest.dropFirst()
      return true
    }
    guard let year = digits(4...4), skip(0x2D) else { return nil }
    let start = rest
    if let month = digits(2...2), skip(0x2D), let day = digits(2...2), rest.isEmpty {
      text = try Self.date(year, month, day)
      return
    }
    rest = start
    guard let month = digits(1...2), skip(0x2D), let day = digits(1...2) else { return nil }
    let blanks = rest.prefix { $0 == 0x20 || $0 == 0x09 }
    if blanks.isEmpty {
      guard let mark = rest.first, mark | 0x20 == 0x74 else { return nil }
      rest = rest.dropFirst()
    } else {
      rest = rest.dropFirst(blanks.count)
    }
    guard let hour = digits(1...2), skip(0x3A), let minute = digits(2...2), skip(0x3A),
      let second = digits(2...2)
    else { return nil }
    var fraction = ""
    if skip(0x2E) {
      let found = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
      rest = rest.dropFirst(found.count)
      let micros = found.prefix(6).map { $0 } + [UInt8](repeating: 0x30, count: max(0, 6 - found.count))
      if micros.contains(where: { $0 != 0x30 }) { fraction = "." + String(decoding: micros, as: UTF8.self) }
    }
    rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
    var zone = ""
    if !rest.isEmpty {
      if rest == [0x5A] {
        zone = "+00:00"
      } else {
        guard let sign = rest.first, sign == 0x2B || sign == 0x2D else { return nil }
        rest = rest.dropFirst()
        guard let hours = digits(1...2) else { return nil }
        var minutes = 0
        if skip(0x3A) {
          guard let found = digits(2...2) else { return nil }
          minutes = found
        }
        guard rest.isEmpty else { return nil }
        guard hours * 60 + minutes < 24 * 60 else {
          throw ScalarFault("a time zone is less than a day from UTC")
        }
        zone = (sign == 0x2D && hours + minutes > 0 ? "-" : "+") + Self.two(hours) + ":" + Self.two(minutes)
      }
    }
    guard hour < 24, minute < 60, second < 60 else {
      throw ScalarFault("'\(String(decoding: bytes, as: UTF8.self))' is not a time of day")
    }
    text =
      try Self.date(year, month, day) + "T" + Self.two(hour) + ":" + Self.two(minute) + ":" + Self.two(second)
      + fraction + zone
  }

  private static func two(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }

  private static func date(_ year: Int, _ month: Int, _ day: Int) throws(ScalarFault) -> String {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    let padded = String(repeating: "0", count: 4 - String(year).count) + String(year)
    let text = "\(padded)-\(two(month))-\(two(day))"
    guard year > 0, (1...12).contains(month), (1...days[month - 1]).contains(day) else {
      throw ScalarFault("\(text) is not a date of the calendar")
    }
    return text
  }
}
