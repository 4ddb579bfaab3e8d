/// How values are written as JSON.
public enum JSONText {
  /// Appends a string, given as UTF-8, in quotes. `"`, `\` and control characters are escaped, all else stays.
  public static func appendQuoted(_ bytes: UnsafeRawBufferPointer, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    var plain = 0
    for (at, byte) in bytes.enumerated() where byte < 0x20 || byte == 0x22 || byte == 0x5C {
      out.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[plain..<at]))
      plain = at + 1
      out.append(0x5C)
      switch byte {
      case 0x22, 0x5C: out.append(byte)
      case 0x0A: out.append(UInt8(ascii: "n"))
      case 0x0D: out.append(UInt8(ascii: "r"))
      case 0x09: out.append(UInt8(ascii: "t"))
      default:
        out.append(contentsOf: "u00".utf8)
        out.append(hexDigits[Int(byte >> 4)])
        out.append(hexDigits[Int(byte & 15)])
      }
    }
    out.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[plain...]))
    out.append(UInt8(ascii: "\""))
  }

  /// Appends a string in quotes.
  public static func appendQuoted(_ text: String, to out: inout [UInt8]) {
    var text = text
    text.withUTF8 { appendQuoted(UnsafeRawBufferPointer($0), to: &out) }
  }

  /// Appends a number with the fewest digits that read back the same. NaN and the infinities, which JSON does not
  /// have, become the strings "NaN", "Infinity" and "-Infinity".
  public static func append(_ value: Double, to out: inout [UInt8]) {
    if value.isFinite {
      out.append(contentsOf: value.description.utf8)
    } else {
      appendQuoted(Cell.double(value).text, to: &out)
    }
  }

  /// A string in quotes.
  public static func quoted(_ text: String) -> String {
    var out: [UInt8] = []
    appendQuoted(text, to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  private static let hexDigits = Array("0123456789abcdef".utf8)
}
