/// A JSON text that cannot be read, and the byte where it stops making sense.
package struct JSONFault: Error, Sendable, Equatable, CustomStringConvertible {
  /// Bytes before the fault, 0 first.
  package let offset: Int
  package let problem: String
  package var description: String { "byte \(offset): \(problem)" }
}

/// A parsed text that owns its tape.
package struct JSONDocument: Sendable {
  fileprivate(set) var words: [UInt64]
  fileprivate(set) var strings: [UInt8]
  /// How many NaN, Infinity and -Infinity literals the text held.
  package fileprivate(set) var nonFiniteCount = 0
  /// How many halves of surrogate pairs stood alone and became U+FFFD.
  package fileprivate(set) var loneSurrogateCount = 0

  /// Calls `body` with the tape, which is valid inside the call only.
  package func withTape<R, E: Error>(_ body: (JSONTape) throws(E) -> R) throws(E) -> R {
    let result: Result<R, E> = unsafe words.withUnsafeBufferPointer { words in
      unsafe strings.withUnsafeBufferPointer { strings in
        // Both hold something: a tape begins and ends with a word, and its strings with a length.
        guard let words = words.baseAddress, let strings = strings.baseAddress else { preconditionFailure() }
        do throws(E) {
          return unsafe .success(try body(JSONTape(words: words, strings: strings)))
        } catch { return .failure(error) }
      }
    }
    return try result.get()
  }
}

/// Reads what strict parsers refuse and Python's json module writes or reads: NaN, Infinity and -Infinity, halves
/// of surrogate pairs, integers and exponents beyond the machine's, a byte order mark. Slower than simdjson by far:
/// it is for the texts that simdjson refuses, and to say at which byte a broken one breaks.
@safe package struct TolerantParser {
  /// Lists and objects inside each other: the limit keeps recursive readers of the tape within their stack.
  package static let depthLimit = 1000

  private let input: UnsafeBufferPointer<UInt8>
  private var at = 0
  private var document = JSONDocument(words: [], strings: [])

  /// Parses a whole text.
  /// - Throws: `JSONFault` at the first byte that cannot be part of it.
  package static func parse(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONFault) -> JSONDocument {
    var parser = unsafe TolerantParser(input: bytes)
    return try parser.run()
  }

  private init(input: UnsafeBufferPointer<UInt8>) { unsafe self.input = unsafe input }

  private mutating func run() throws(JSONFault) -> JSONDocument {
    if let offset = unsafe firstInvalidUTF8(input) {
      throw JSONFault(offset: offset, problem: "the text is not UTF-8")
    }
    if unsafe input.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
    document.words.append(word(.root, 0))
    skipSpace()
    if unsafe at == input.count { throw JSONFault(offset: at, problem: "contains only white space") }
    try parseValue()
    skipSpace()
    if unsafe at < input.count { throw fault("more text follows the end of the value") }
    document.words.append(word(.root, 0))
    document.words[0] = word(.root, UInt64(document.words.count))
    // Readers may look at 8 bytes from the start of any string.
    document.strings.append(contentsOf: [0, 0, 0, 0, 0, 0, 0, 0])
    return document
  }

  private func word(_ tag: JSONTape.Tag, _ payload: UInt64) -> UInt64 { UInt64(tag.rawValue) << 56 | payload }

  private func fault(_ problem: String) -> JSONFault {
    unsafe at < input.count
      ? JSONFault(offset: at, problem: problem)
      : JSONFault(offset: input.count, problem: "unexpected end of file (truncated)")
  }

  private var current: UInt8? { unsafe at < input.count ? input[at] : nil }

  private mutating func skipSpace() {
    while unsafe at < input.count, unsafe [0x20, 0x0A, 0x0D, 0x09].contains(input[at]) { at += 1 }
  }

  private mutating func take(_ literal: StaticString) -> Bool {
    let length = literal.utf8CodeUnitCount
    guard unsafe at + length <= input.count else { return false }
    for i in 0..<length where unsafe input[at + i] != literal.utf8Start[i] { return false }
    at += length
    return true
  }

  /// Parses a value with all that is in it. Not by recursion, which a deep text could end.
  private mutating func parseValue() throws(JSONFault) {
    // The words of the lists and objects that are open.
    var opened: [Int] = []
    repeat {
      var isNew = true
      switch current {
      case UInt8(ascii: "{"): opened.append(try open(.object, depth: opened.count + 1))
      case UInt8(ascii: "["): opened.append(try open(.array, depth: opened.count + 1))
      default:
        try parseScalar()
        isNew = false
      }
      // From the end of a value to where the next one begins.
      while let start = opened.last {
        let isObject = document.words[start] == word(.object, 0)
        let end = UInt8(ascii: isObject ? "}" : "]")
        if try isNew ? current != end : takeComma(before: end) {
          if isObject { try parseKey() }
          break
        }
        close(isObject ? .object : .array, isObject ? .objectEnd : .arrayEnd, start: start)
        opened.removeLast()
        isNew = false
      }
    } while !opened.isEmpty
  }

  /// Whether a comma follows; else it is the end of the list or object.
  private mutating func takeComma(before end: UInt8) throws(JSONFault) -> Bool {
    skipSpace()
    if current == end { return false }
    let isObject = end == UInt8(ascii: "}")
    if current != UInt8(ascii: ",") { throw fault("a comma or \(isObject ? "}" : "]") should stand here") }
    at += 1
    skipSpace()
    if current == end { throw fault("a \(isObject ? "key" : "value") should follow the comma") }
    return true
  }

  /// A key and its colon.
  private mutating func parseKey() throws(JSONFault) {
    guard current == UInt8(ascii: "\"") else { throw fault("a key in quotes should stand here") }
    try parseString()
    skipSpace()
    guard current == UInt8(ascii: ":") else { throw fault("a colon should follow the key") }
    at += 1
    skipSpace()
  }

  private mutating func parseScalar() throws(JSONFault) {
    switch current {
    case UInt8(ascii: "\""): try parseString()
    case UInt8(ascii: "t") where take("true"): document.words.append(word(.true, 0))
    case UInt8(ascii: "f") where take("false"): document.words.append(word(.false, 0))
    case UInt8(ascii: "n") where take("null"): document.words.append(word(.null, 0))
    case UInt8(ascii: "N") where take("NaN"): appendNonFinite(.nan)
    case UInt8(ascii: "I") where take("Infinity"): appendNonFinite(.infinity)
    case UInt8(ascii: "-") where take("-Infinity"): appendNonFinite(-.infinity)
    case UInt8(ascii: "-") where unsafe at + 1 < input.count && startsLiteral():
      at = unsafe input.count
      throw fault("")
    case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): try parseNumber()
    default:
      if startsLiteral() { at = unsafe input.count }
      throw fault("a value should begin here")
    }
  }

  /// Whether the text ends within `true`, `false`, `null`, `NaN` or `Infinity`.
  private func startsLiteral() -> Bool {
    let rest = unsafe input[at...]
    return unsafe !rest.isEmpty
      && ["true", "false", "null", "NaN", "Infinity", "-Infinity"].contains {
        unsafe Array($0.utf8).starts(with: rest)
      }
  }

  private mutating func appendNonFinite(_ value: Double) {
    document.nonFiniteCount += 1
    appendDouble(value)
  }

  private mutating func appendDouble(_ value: Double) {
    document.words.append(word(.double, 0))
    document.words.append(value.bitPattern)
  }

  private mutating func open(_ tag: JSONTape.Tag, depth: Int) throws(JSONFault) -> Int {
    if depth > Self.depthLimit {
      throw fault("lists and objects are nested more than \(Self.depthLimit) deep")
    }
    at += 1
    document.words.append(word(tag, 0))
    skipSpace()
    return document.words.count - 1
  }

  private mutating func close(_ tag: JSONTape.Tag, _ end: JSONTape.Tag, start: Int) {
    at += 1
    document.words.append(word(end, UInt64(start)))
    document.words[start] = word(tag, UInt64(document.words.count))
  }

  private mutating func parseNumber() throws(JSONFault) {
    let start = at
    var isInteger = true
    if current == UInt8(ascii: "-") { at += 1 }
    let firstDigit = at
    try takeDigits()
    if unsafe input[firstDigit] == UInt8(ascii: "0"), at > firstDigit + 1 {
      at = firstDigit
      throw fault("a number may not begin with 0")
    }
    if current == UInt8(ascii: ".") {
      isInteger = false
      at += 1
      try takeDigits()
    }
    if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
      isInteger = false
      at += 1
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { at += 1 }
      try takeDigits()
    }
    let text = unsafe String(decoding: input[start..<at], as: UTF8.self)
    if isInteger, let value = Int64(text) {
      document.words.append(word(.int, 0))
      document.words.append(UInt64(bitPattern: value))
    } else if isInteger, let value = UInt64(text) {
      document.words.append(word(.unsigned, 0))
      document.words.append(value)
    } else {
      appendDouble(Double(text) ?? .nan)
    }
  }

  private mutating func takeDigits() throws(JSONFault) {
    let start = at
    while let byte = current, (0x30...0x39).contains(byte) { at += 1 }
    if at == start { throw fault("a digit should stand here") }
  }

  private mutating func parseString() throws(JSONFault) {
    at += 1
    document.words.append(word(.string, UInt64(document.strings.count)))
    let header = document.strings.count
    document.strings.append(contentsOf: [0, 0, 0, 0])
    while let byte = current, byte != UInt8(ascii: "\"") {
      if byte == UInt8(ascii: "\\") {
        try parseEscape()
      } else if byte < 0x20 {
        throw fault("a control character stands in a string")
      } else {
        document.strings.append(byte)
        at += 1
      }
    }
    if unsafe at == input.count { throw fault("") }
    at += 1
    let length = UInt32(document.strings.count - header - 4)
    for i in 0..<4 { document.strings[header + i] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(i))) }
    document.strings.append(0)
  }

  private mutating func parseEscape() throws(JSONFault) {
    let start = at
    at += 1
    guard let byte = current else { throw fault("") }
    at += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): document.strings.append(byte)
    case UInt8(ascii: "b"): document.strings.append(0x08)
    case UInt8(ascii: "f"): document.strings.append(0x0C)
    case UInt8(ascii: "n"): document.strings.append(0x0A)
    case UInt8(ascii: "r"): document.strings.append(0x0D)
    case UInt8(ascii: "t"): document.strings.append(0x09)
    case UInt8(ascii: "u"): appendScalar(try parseCodePoint())
    default:
      at = start
      throw fault("an unknown escape stands in a string")
    }
  }

  private mutating func appendScalar(_ value: UInt32) {
    if let scalar = Unicode.Scalar(value) {
      unsafe document.strings.append(contentsOf: UTF8.encode(scalar).unsafelyUnwrapped)
    } else {
      document.loneSurrogateCount += 1
      document.strings.append(contentsOf: [0xEF, 0xBF, 0xBD])
    }
  }

  /// A code point from four hexadecimal digits, or from two such escapes that are a surrogate pair.
  private mutating func parseCodePoint() throws(JSONFault) -> UInt32 {
    let high = try parseHex()
    guard (0xD800..<0xDC00).contains(high) else { return high }
    let rewind = at
    guard take("\\u") else { return high }
    let low = try parseHex()
    if (0xDC00..<0xE000).contains(low) { return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00) }
    at = rewind
    return high
  }

  private mutating func parseHex() throws(JSONFault) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current else { throw fault("") }
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw fault("four hexadecimal digits should follow \\u")
      }
      value = value << 4 | UInt32(digit)
      at += 1
    }
    return value
  }
}

/// The offset of the first byte that is not part of well-formed UTF-8 (Unicode 15, table 3-7).
private func firstInvalidUTF8(_ input: UnsafeBufferPointer<UInt8>) -> Int? {
  var at = 0
  while at < input.count {
    let lead = unsafe input[at]
    if lead < 0x80 {
      at += 1
      continue
    }
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch lead {
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: length = 3
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: length = 4
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: return at
    }
    for place in 1..<length {
      // Cut off inside a character: the parser says so: no string can end after it.
      guard at + place < input.count else { return nil }
      guard unsafe (place == 1 ? second : 0x80...0xBF).contains(input[at + place]) else { return at }
    }
    at += length
  }
  return nil
}
