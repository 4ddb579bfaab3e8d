import Magnet

/// A 64-bit digest of bytes, in text: XXH64. It tells changed files from unchanged ones; it is not a protection against
/// someone who wants two files to look alike.
struct Digest {
  private var hash = XXH64()

  /// Adds bytes.
  mutating func add(_ bytes: some Collection<UInt8>) { hash.add(bytes) }

  /// Adds a text and its end.
  mutating func add(_ text: String) {
    add(Array(text.utf8))
    add([0])
  }

  /// The digest in 16 hexadecimal digits.
  var text: String { hash.value.hexadecimal }

  /// The digest of bytes.
  static func of(_ bytes: some Collection<UInt8>) -> String {
    var digest = Digest()
    digest.add(bytes)
    return digest.text
  }

  /// The digest of a file.
  static func of(file path: String) throws -> String {
    var digest = Digest()
    try Disk.read(path) { digest.add($0) }
    return digest.text
  }
}
