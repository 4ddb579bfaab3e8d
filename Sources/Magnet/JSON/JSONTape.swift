// Unsafe code, on these invariants:
// - `words` and `strings` are a tape as simdjson documents it (doc/tape.md): whoever makes a JSONTape keeps both
//   alive and unchanged while it is used, and the tape was accepted by its parser, so every index read from it
//   points into it.
// - An element's index is that of its word; containers hold the index after their end in their low 32 bits.

/// A parsed JSON text as a flat array of words: a view that owns nothing.
@_spi(Reading) @safe public struct JSONTape {
  /// What a word says its element is: a character in its high byte.
  @frozen public struct Tag: Equatable, Sendable {
    /// The character.
    public let rawValue: UInt8
    @inlinable init(_ rawValue: UInt8) { self.rawValue = rawValue }
    @inlinable public static func == (a: Tag, b: Tag) -> Bool { a.rawValue == b.rawValue }

    /// The beginning or end of the tape.
    @inlinable public static var root: Tag { Tag(0x72) }  // r
    /// The beginning of an object.
    @inlinable public static var object: Tag { Tag(0x7B) }  // {
    /// The end of an object.
    @inlinable public static var objectEnd: Tag { Tag(0x7D) }  // }
    /// The beginning of a list.
    @inlinable public static var array: Tag { Tag(0x5B) }  // [
    /// The end of a list.
    @inlinable public static var arrayEnd: Tag { Tag(0x5D) }  // ]
    /// A text.
    @inlinable public static var string: Tag { Tag(0x22) }  // "
    /// A whole number of 64 bits.
    @inlinable public static var int: Tag { Tag(0x6C) }  // l
    /// A whole number that needs the 64th bit.
    @inlinable public static var unsigned: Tag { Tag(0x75) }  // u
    /// Any other number.
    @inlinable public static var double: Tag { Tag(0x64) }  // d
    /// True.
    @inlinable public static var `true`: Tag { Tag(0x74) }  // t
    /// False.
    @inlinable public static var `false`: Tag { Tag(0x66) }  // f
    /// Null.
    @inlinable public static var null: Tag { Tag(0x6E) }  // n
  }

  /// The tape: one word per value, and a second one for numbers.
  public let words: UnsafePointer<UInt64>
  /// The texts, each with its length before it.
  public let strings: UnsafePointer<UInt8>

  /// A view of a tape that someone else keeps alive.
  @inlinable public init(words: UnsafePointer<UInt64>, strings: UnsafePointer<UInt8>) {
    unsafe self.words = unsafe words
    unsafe self.strings = unsafe strings
  }

  /// The index of the text's one top-level value.
  public static let top = 1

  /// The kind of the element at `index`.
  @inlinable public func tag(_ index: Int) -> Tag {
    unsafe Tag(UInt8(truncatingIfNeeded: words[index] >> 56))
  }

  /// The index just after the element at `index`.
  @inlinable public func after(_ index: Int) -> Int {
    switch tag(index) {
    case .object, .array: unsafe Int(words[index] & 0xFFFF_FFFF)
    case .int, .unsigned, .double: index + 2
    default: index + 1
    }
  }

  /// The UTF-8 bytes of the string at `index`.
  @inlinable public func bytes(_ index: Int) -> UnsafeRawBufferPointer {
    let start = unsafe UnsafeRawPointer(strings) + Int(words[index] & 0x00FF_FFFF_FFFF_FFFF)
    return unsafe UnsafeRawBufferPointer(
      start: start + 4, count: Int(start.loadUnaligned(as: UInt32.self)))
  }

  /// The text of the string at `index`.
  public func string(_ index: Int) -> String { unsafe String(decoding: bytes(index), as: UTF8.self) }

  /// The number at a place.
  @inlinable public func int(_ index: Int) -> Int64 { unsafe Int64(bitPattern: words[index + 1]) }

  /// The number at a place.
  @inlinable public func unsigned(_ index: Int) -> UInt64 { unsafe words[index + 1] }

  /// The number at a place.
  @inlinable public func double(_ index: Int) -> Double { unsafe Double(bitPattern: words[index + 1]) }

  /// The index of the value of `key` in the object at `index`; the last one where the key repeats, as in Python.
  public func value(of key: StaticString, in index: Int) -> Int? {
    var found: Int?
    forEachMember(of: index) { name, value in
      if isString(name, key) { found = value }
    }
    return found
  }

  /// Whether the string at `index` is `text`, which is not empty.
  @inlinable public func isString(_ index: Int, _ text: StaticString) -> Bool {
    let bytes = unsafe bytes(index)
    return unsafe bytes.count == text.utf8CodeUnitCount
      && equalBytes(bytes.baseAddress.unsafelyUnwrapped, text.utf8Start, bytes.count)
  }

  /// Calls `body` with the index of each key and of its value in the object at `index`.
  @inlinable public func forEachMember<E: Error>(
    of index: Int, _ body: (Int, Int) throws(E) -> Void
  ) throws(E) {
    var at = index + 1
    while tag(at) != .objectEnd {
      try body(at, at + 1)
      at = after(at + 1)
    }
  }

  /// Calls `body` with the index of each element of the array at `index`.
  @inlinable public func forEachElement<E: Error>(of index: Int, _ body: (Int) throws(E) -> Void) throws(E) {
    var at = index + 1
    while tag(at) != .arrayEnd {
      try body(at)
      at = after(at)
    }
  }

  /// The element at `index` in words, for messages: "a number", "an object" ...
  public func kindName(_ index: Int) -> String {
    switch tag(index) {
    case .object: "an object"
    case .array: "a list"
    case .string: "a string"
    case .int, .unsigned, .double: "a number"
    case .true, .false: "a boolean"
    default: "null"
    }
  }
}

@_spi(Reading) extension JSONTape {
  /// Appends the element at `index` as compact JSON, keys in the file's order. Doubles are written with the fewest
  /// digits that read back the same; NaN and the infinities, which JSON does not have, as strings.
  public func appendText(of index: Int, to out: inout ByteBuffer) {
    // Not by recursion: the stack may be small. What is open around the place: true for an object.
    var opened = BitStack()
    var isFirst = true
    var isKey = false
    var at = index
    let end = after(index)
    while at < end {
      let tag = tag(at)
      if tag == .objectEnd || tag == .arrayEnd {
        out.append(UInt8(ascii: tag == .objectEnd ? "}" : "]"))
        opened.pop()
        isFirst = false
        isKey = opened.top == true
        at += 1
        continue
      }
      if !isFirst { out.append(UInt8(ascii: isKey || opened.top == false ? "," : ":")) }
      isFirst = false
      switch tag {
      case .object, .array:
        out.append(UInt8(ascii: tag == .object ? "{" : "["))
        opened.push(tag == .object)
        isFirst = true
        isKey = tag == .object
        at += 1
        continue
      case .string: unsafe JSONText.appendQuoted(bytes(at), to: &out)
      case .int: out.append(String(int(at)))
      case .unsigned: out.append(String(unsigned(at)))
      case .double: JSONText.append(double(at), to: &out)
      case .true: out.append("true")
      case .false: out.append("false")
      default: out.append("null")
      }
      isKey = opened.top == true && !isKey
      at = after(at)
    }
  }
}

/// A stack of booleans, 64 to a word.
private struct BitStack {
  private var word: UInt64 = 0
  private var count = 0
  private var words: [UInt64] = []

  var top: Bool? { count == 0 ? nil : word & 1 == 1 }

  mutating func push(_ bit: Bool) {
    if count & 63 == 0, count > 0 { words.append(word) }
    word = word << 1 | (bit ? 1 : 0)
    count += 1
  }

  mutating func pop() {
    count -= 1
    word = count & 63 == 0 && count > 0 ? words.removeLast() : word >> 1
  }
}
