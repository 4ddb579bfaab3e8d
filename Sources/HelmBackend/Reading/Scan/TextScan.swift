// Unsafe code, on these invariants:
// - Every place is in a text that a NUL follows, and 64 readable bytes after that. No step goes past the NUL: it is
//   no space, no digit, ends a string, and is in no `TextBetween`, as a NUL is in no valid text.

import Magnet

/// A place in a JSON text.
typealias Place = UnsafePointer<UInt8>

/// A string where it stands in a text: valid, but for escapes that say nothing.
@safe struct StringText {
  /// The place after the opening quote, and that of the closing one.
  let start: Place
  let end: Place
  let hasEscapes: Bool

  /// Its bytes, without the quotes.
  var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: start, count: end - start) }
}

/// The small steps of reading a JSON text where it stands. What is not plain, they leave to a parser.
enum TextScan {
  /// The first place from `start` on that is not a space.
  @inline(__always)
  static func afterSpace(_ start: Place) -> Place {
    var at = unsafe start
    while unsafe at.pointee <= 0x20 {
      let byte = unsafe at.pointee
      guard byte == 0x0A || byte == 0x20 || byte == 0x0D || byte == 0x09 else { return unsafe at }
      unsafe at += 1
      // Indentation, eight spaces at once.
      var other = unsafe word(at) ^ 0x2020_2020_2020_2020
      while other == 0 {
        unsafe at += 8
        other = unsafe word(at) ^ 0x2020_2020_2020_2020
      }
      unsafe at += other.trailingZeroBitCount >> 3
    }
    return unsafe at
  }

  /// The string whose first byte is at `start`, whatever is in it; nil when it is not valid.
  @inline(__always)
  static func string(_ start: Place) -> StringText? {
    // Most are short and plain.
    var at = unsafe start
    for _ in 0..<4 {
      let stops = unsafe unplain(in: word(at))
      if stops != 0 {
        unsafe at += stops.trailingZeroBitCount >> 3
        if unsafe at.pointee == UInt8(ascii: "\"") {
          return unsafe StringText(start: start, end: at, hasEscapes: false)
        }
        break
      }
      unsafe at += 8
    }
    return unsafe JSONFileReader.string(start)
  }

  /// Marks, in the high bit of each of 8 bytes, those that are quotes, backslashes, control characters or not ASCII.
  /// The lowest mark is right.
  @inline(__always)
  private static func unplain(in bytes: UInt64) -> UInt64 {
    // The test for a zero byte of "Bit Twiddling Hacks" (Anderson).
    let quotes = bytes ^ 0x2222_2222_2222_2222
    let backslashes = bytes ^ 0x5C5C_5C5C_5C5C_5C5C
    let ones: UInt64 = 0x0101_0101_0101_0101
    return
      ((quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes | (bytes &- 0x20 &* ones) & ~bytes
      | bytes)
      & 0x8080_8080_8080_8080
  }

  /// How deep lists and objects may lie in each other; it is left to a parser to say what is too deep.
  static let depthLimit = 64

  /// The place after the string, list or object that begins at `start`, whatever is in it; nil when the text ends
  /// before, or goes too deep.
  static func afterValue(_ start: Place) -> Place? {
    var depth = 0
    var at = unsafe start
    repeat {
      switch unsafe at.pointee {
      case 0: return nil
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        depth += 1
        if depth > depthLimit { return nil }
      case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
      case UInt8(ascii: "\""):
        unsafe at += 1
        while unsafe at.pointee != UInt8(ascii: "\"") {
          if unsafe at.pointee == UInt8(ascii: "\\") { unsafe at += 1 }
          if unsafe at.pointee == 0 { return nil }
          unsafe at += 1
        }
      default: break
      }
      unsafe at += 1
    } while depth > 0
    return unsafe at
  }

  /// The place after the value that begins at `start`, whatever it is; nil as for `afterValue`.
  static func afterAny(_ start: Place) -> Place? {
    let byte = unsafe start.pointee
    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
      return unsafe afterValue(start)
    }
    var at = unsafe start
    while unsafe at.pointee > 0x20, unsafe at.pointee != UInt8(ascii: ","),
      unsafe at.pointee != UInt8(ascii: "}")
    {
      unsafe at += 1
    }
    return unsafe at
  }

  /// The place after the `null` at `start`.
  @inline(__always)
  static func null(_ start: Place) -> Place? {
    unsafe word(start) & 0xFFFF_FFFF == 0x6C6C_756E ? start + 4 : nil
  }

  /// The `true` or `false` at `start`, and the place after it.
  @inline(__always)
  static func boolean(_ start: Place) -> (Bool, Place)? {
    let bytes = unsafe word(start)
    if bytes & 0xFFFF_FFFF == 0x6575_7274 { return unsafe (true, start + 4) }
    if bytes & 0xFF_FFFF_FFFF == 0x65_736C_6166 { return unsafe (false, start + 5) }
    return nil
  }

  /// Eight bytes, the first in the lowest.
  @inline(__always)
  static func word(_ at: Place) -> UInt64 {
    unsafe UInt64(littleEndian: UnsafeRawPointer(at).loadUnaligned(as: UInt64.self))
  }
}

/// What stands between two values: brackets, commas, spaces, a key and its colon. Programs that write JSON write it the
/// same way each time, and where a known text ends does not wait for what is read.
struct TextBetween {
  /// The text, in words of eight bytes, and which of their bits it fills.
  private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
  private var masks: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
  /// How many bytes the text has; 0 when none is known.
  private var length = 0
  /// Whether it stood before the first value of an object.
  private var isFirst = false

  init() {}

  /// The text from `start` to `end`, which was found to be valid; none when it is longer than 32 bytes.
  init(from start: Place, to end: Place, isFirst: Bool = false) {
    guard unsafe end - start <= 32 else { return }
    length = unsafe end - start
    self.isFirst = isFirst
    func mask(_ first: Int) -> UInt64 {
      let count = min(max(length - first, 0), 8)
      return count == 8 ? .max : 1 << UInt64(8 * count) - 1
    }
    masks = (mask(0), mask(8), mask(16), mask(24))
    words = unsafe (
      TextScan.word(start) & masks.0, TextScan.word(start + 8) & masks.1, TextScan.word(start + 16) & masks.2,
      TextScan.word(start + 24) & masks.3
    )
  }

  /// The place after the same text at `place`, before the first value of an object or not; nil where another stands.
  @inline(__always)
  func after(_ place: Place, isFirst: Bool = false) -> Place? {
    let other =
      unsafe (TextScan.word(place) ^ words.0) & masks.0 | (TextScan.word(place + 8) ^ words.1) & masks.1
      | (TextScan.word(place + 16) ^ words.2) & masks.2 | (TextScan.word(place + 24) ^ words.3) & masks.3
    return unsafe other == 0 && length > 0 && isFirst == self.isFirst ? place + length : nil
  }
}
