// Unsafe code, on these invariants:
// - Words are loaded only from whole stripes of 32 bytes inside `rest`, which is not changed meanwhile.
/// A 64-bit digest of bytes: XXH64 with seed 0 (Collet, "xxHash fast digest algorithm", revision 0.1.1). It tells
/// changed files from unchanged ones; it is not a protection against someone who wants two files to look alike.
struct Digest {
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  private var lanes: SIMD4<UInt64> = [
    prime1 &+ prime2, prime2, 0, 0 &- prime1,
  ]
  private var rest: [UInt8] = []
  private var length: UInt64 = 0

  /// Adds bytes.
  mutating func add(_ bytes: some Collection<UInt8>) {
    length += UInt64(bytes.count)
    rest.append(contentsOf: bytes)
    let whole = rest.count & ~31
    if whole == 0 { return }
    var lanes = lanes
    rest.withUnsafeBytes { raw in
      for at in stride(from: 0, to: whole, by: 32) {
        let words = SIMD4(
          UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt64.self)),
          UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self)),
          UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: at + 16, as: UInt64.self)),
          UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: at + 24, as: UInt64.self)))
        for lane in 0..<4 { lanes[lane] = Self.round(lanes[lane], words[lane]) }
      }
    }
    self.lanes = lanes
    rest.removeFirst(whole)
  }

  /// Adds a text and its end.
  mutating func add(_ text: String) {
    add(Array(text.utf8))
    add([0])
  }

  private static func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 {
    value << count | value >> (64 - count)
  }

  private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    rotated(lane &+ word &* prime2, 31) &* prime1
  }

  /// The digest of what was added.
  var value: UInt64 {
    var hash: UInt64
    if length >= 32 {
      hash =
        Self.rotated(lanes[0], 1) &+ Self.rotated(lanes[1], 7) &+ Self.rotated(lanes[2], 12)
        &+ Self.rotated(lanes[3], 18)
      for lane in 0..<4 { hash = (hash ^ Self.round(0, lanes[lane])) &* Self.prime1 &+ Self.prime4 }
    } else {
      hash = Self.prime5
    }
    hash &+= length
    var at = 0
    func little(_ count: Int) -> UInt64 {
      (0..<count).reduce(0) { $0 | UInt64(rest[at + $1]) << UInt64(8 * $1) }
    }
    while at + 8 <= rest.count {
      hash = Self.rotated(hash ^ Self.round(0, little(8)), 27) &* Self.prime1 &+ Self.prime4
      at += 8
    }
    if at + 4 <= rest.count {
      hash = Self.rotated(hash ^ little(4) &* Self.prime1, 23) &* Self.prime2 &+ Self.prime3
      at += 4
    }
    while at < rest.count {
      hash = Self.rotated(hash ^ UInt64(rest[at]) &* Self.prime5, 11) &* Self.prime1
      at += 1
    }
    hash = (hash ^ hash >> 33) &* Self.prime2
    hash = (hash ^ hash >> 29) &* Self.prime3
    return hash ^ hash >> 32
  }

  /// The digest in 16 hexadecimal digits.
  var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

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
