/// How values are written as JSON.
public enum JSONText {
  /// Appends a string in quotes. `"`, `\` and control characters are escaped, all else stays UTF-8.
  public static func appendQuoted(_ bytes: some Sequence<UInt8>, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""): out.append(contentsOf: [0x5C, 0x22])
      case UInt8(ascii: "\\"): out.append(contentsOf: [0x5C, 0x5C])
      case 0x0A: out.append(contentsOf: [0x5C, UInt8(ascii: "n")])
      case 0x0D: out.append(contentsOf: [0x5C, UInt8(ascii: "r")])
      case 0x09: out.append(contentsOf: [0x5C, UInt8(ascii: "t")])
      case 0..<0x20:
        out.append(contentsOf: "\\u00".utf8)
        out.append(hexDigits[Int(byte >> 4)])
        out.append(hexDigits[Int(byte & 15)])
      default: out.append(byte)
      }
    }
    out.append(UInt8(ascii: "\""))
  }

  /// Appends a number with the fewest digits that read back the same. NaN and the infinities, which JSON does not
  /// have, become the strings "NaN", "Infinity" and "-Infinity".
  public static func append(_ value: Double, to out: inout [UInt8]) {
    if value.isFinite {
      out.append(contentsOf: value.description.utf8)
    } else {
      appendQuoted(Cell.double(value).text.utf8, to: &out)
    }
  }

  /// A string in quotes.
  public static func quoted(_ text: String) -> String {
    var out: [UInt8] = []
    appendQuoted(text.utf8, to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  private static let hexDigits = Array("0123456789abcdef".utf8)
}
