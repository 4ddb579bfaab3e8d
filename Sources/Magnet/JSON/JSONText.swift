/// How values are written as JSON.
package enum JSONText {
  /// Appends a string, given as UTF-8, in quotes. `"`, `\` and control characters are escaped, all else stays.
  package static func appendQuoted<Bytes: ByteSink & ~Copyable>(
    _ bytes: UnsafeRawBufferPointer, to out: inout Bytes
  ) {
    out.append(UInt8(ascii: "\""))
    var at = 0
    while true {
      let plain = unsafe firstEscaped(bytes, from: at)
      unsafe out.append(bytes: UnsafeRawBufferPointer(rebasing: bytes[at..<plain]))
      if plain == bytes.count { break }
      unsafe appendEscape(of: bytes[plain], to: &out)
      at = plain + 1
    }
    out.append(UInt8(ascii: "\""))
  }

  private static func appendEscape<Bytes: ByteSink & ~Copyable>(of byte: UInt8, to out: inout Bytes) {
    out.append(UInt8(ascii: "\\"))
    switch byte {
    case 0x22, 0x5C: out.append(byte)
    case 0x0A: out.append(UInt8(ascii: "n"))
    case 0x0D: out.append(UInt8(ascii: "r"))
    case 0x09: out.append(UInt8(ascii: "t"))
    default:
      for character in "u00".utf8 { out.append(character) }
      out.append(hexDigits[Int(byte >> 4)])
      out.append(hexDigits[Int(byte & 15)])
    }
  }

  /// Where the first byte from `start` on is that is escaped, or the end.
  private static func firstEscaped(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
    var at = start
    while at + 8 <= bytes.count {
      let word = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      let found = quotesAndBackslashes(in: word) | controls(in: word)
      if found != 0 { return at + found.trailingZeroBitCount >> 3 }
      at += 8
    }
    while at < bytes.count, unsafe bytes[at] >= 0x20, unsafe bytes[at] != 0x22, unsafe bytes[at] != 0x5C {
      at += 1
    }
    return at
  }

  /// Marks, in the high bit of each of 8 bytes, those that are quotes or backslashes, by the test for a zero byte of
  /// "Bit Twiddling Hacks" (Anderson). The lowest mark is right; a borrow can only set marks above it.
  @inline(__always)
  private static func quotesAndBackslashes(in word: UInt64) -> UInt64 {
    let quote = word ^ 0x2222_2222_2222_2222
    let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
    return ((quote &- 0x0101_0101_0101_0101) & ~quote | (backslash &- 0x0101_0101_0101_0101) & ~backslash)
      & 0x8080_8080_8080_8080
  }

  /// Marks those of 8 bytes that are control characters, in the same way.
  @inline(__always)
  private static func controls(in word: UInt64) -> UInt64 {
    (word &- 0x2020_2020_2020_2020) & ~word & 0x8080_8080_8080_8080
  }

  /// Appends a string in quotes.
  package static func appendQuoted<Bytes: ByteSink & ~Copyable>(_ text: String, to out: inout Bytes) {
    var text = text
    text.withUTF8 { unsafe appendQuoted(UnsafeRawBufferPointer($0), to: &out) }
  }

  /// Appends a number with the fewest digits that read back the same. NaN and the infinities, which JSON does not
  /// have, become the strings "NaN", "Infinity" and "-Infinity".
  package static func append<Bytes: ByteSink & ~Copyable>(_ value: Double, to out: inout Bytes) {
    if value.isFinite {
      out.append(value.description)
    } else {
      appendQuoted(text(of: value), to: &out)
    }
  }

  /// The fewest digits that read back as the same number; `NaN`, `Infinity` and `-Infinity` as Python writes them.
  package static func text(of value: Double) -> String {
    value.isFinite ? value.description : value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity"
  }

  /// What stands in a string for a number that JSON does not have, as `append` writes it; nil for another text.
  package static func nonFinite(_ text: String) -> Double? {
    switch text {
    case "NaN": .nan
    case "Infinity": .infinity
    case "-Infinity": -.infinity
    default: nil
    }
  }

  /// A string in quotes, in ASCII as Python's `json.dumps` writes it, which is a literal of Python, too.
  package static func asciiQuoted(_ text: String) -> String {
    var out = "\""
    for unit in text.utf16 {
      switch unit {
      case 0x22: out += "\\\""
      case 0x5C: out += "\\\\"
      case 0x0A: out += "\\n"
      case 0x0D: out += "\\r"
      case 0x09: out += "\\t"
      case 0x08: out += "\\b"
      case 0x0C: out += "\\f"
      case 0x20...0x7E: out.unicodeScalars.append(UnicodeScalar(UInt8(unit)))
      default: out += "\\u" + unit.hexadecimal
      }
    }
    return out + "\""
  }

  /// A string in quotes.
  package static func quoted(_ text: String) -> String {
    var out: [UInt8] = []
    appendQuoted(text, to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  private static let hexDigits = Array("0123456789abcdef".utf8)
}
