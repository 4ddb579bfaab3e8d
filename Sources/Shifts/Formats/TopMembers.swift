// Unsafe code, on these invariants:
// - The bytes are kept alive and unchanged by the caller; every index is compared with their count before it is used.
/// The members of a JSON object without a look at what is inside their values: an evaluation is read for two numbers
/// that stand beside hundreds.
enum TopMembers {
  /// Calls `body` with the bytes of each key and value, until it returns false.
  /// - Returns: whether the text is an object as plain as programs write them: no escape in a key, brackets in
  ///   balance, nothing after its end, and `body` never returned false. Otherwise, parse it.
  static func forEach(
    in bytes: UnsafeBufferPointer<UInt8>,
    _ body: (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt8>) -> Bool
  ) -> Bool {
    var at = 0
    func skipSpace() { while at < bytes.count, unsafe bytes[at] <= 0x20 { at += 1 } }
    func take(_ byte: UInt8) -> Bool {
      skipSpace()
      guard at < bytes.count, unsafe bytes[at] == byte else { return false }
      at += 1
      return true
    }
    guard take(UInt8(ascii: "{")) else { return false }
    while true {
      guard take(UInt8(ascii: "\"")) else { return false }
      let keyStart = at
      while at < bytes.count, unsafe bytes[at] != UInt8(ascii: "\"") {
        if unsafe bytes[at] == UInt8(ascii: "\\") { return false }
        at += 1
      }
      let key = unsafe UnsafeBufferPointer(rebasing: bytes[keyStart..<min(at, bytes.count)])
      at += 1
      guard take(UInt8(ascii: ":")) else { return false }
      skipSpace()
      guard let end = unsafe valueEnd(bytes, from: at) else { return false }
      guard unsafe body(key, UnsafeBufferPointer(rebasing: bytes[at..<end])) else { return false }
      at = end
      if take(UInt8(ascii: ",")) { continue }
      guard take(UInt8(ascii: "}")) else { return false }
      skipSpace()
      return at == bytes.count
    }
  }

  /// Where the value that begins at a place ends; nil where it does not.
  private static func valueEnd(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    var at = start
    var depth = 0
    while at < bytes.count {
      switch unsafe bytes[at] {
      case UInt8(ascii: "\""):
        at += 1
        while at < bytes.count, unsafe bytes[at] != UInt8(ascii: "\"") {
          unsafe at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard at < bytes.count else { return nil }
      case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: "]"), UInt8(ascii: "}"):
        if depth == 0 { return at > start ? at : nil }
        depth -= 1
      case UInt8(ascii: ",") where depth == 0: return at > start ? at : nil
      default: break
      }
      at += 1
    }
    return nil
  }

  /// How many elements a list of scalars has; nil for anything else.
  static func elementCount(_ value: UnsafeBufferPointer<UInt8>) -> Int? {
    guard unsafe value.first == UInt8(ascii: "[") else { return nil }
    var commas = 0
    var hasValue = false
    for place in value.indices.dropFirst() {
      let byte = unsafe value[place]
      switch byte {
      case UInt8(ascii: ","): commas += 1
      case UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "\""): return nil
      case UInt8(ascii: "]"): return hasValue ? commas + 1 : 0
      default: if byte > 0x20 { hasValue = true }
      }
    }
    return nil
  }
}
