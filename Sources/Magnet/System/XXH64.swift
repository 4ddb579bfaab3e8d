// Unsafe code, on this invariant: a word is loaded only where all of its bytes lie inside the buffer.

/// XXH64 with the seed 0 (https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md), of bytes that come at once or in
/// pieces. It tells damage and changes, not malice.
package struct XXH64: Sendable {
  private static let primes: (UInt64, UInt64, UInt64, UInt64, UInt64) = (
    0x9E37_79B1_85EB_CA87, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9, 0x85EB_CA77_C2B2_AE63,
    0x27D4_EB2F_1656_67C5
  )

  private var lanes = (primes.0 &+ primes.1, primes.1, 0 as UInt64, 0 &- primes.0)
  /// What has come since the last whole stripe of 32 bytes.
  private var rest: [UInt8] = []
  private var length: UInt64 = 0

  package init() {}

  package static func hash(_ bytes: [UInt8]) -> UInt64 { unsafe bytes.withUnsafeBytes { unsafe hash($0) } }

  package static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var sum = XXH64()
    sum.length = UInt64(bytes.count)
    let end = bytes.count & ~31
    unsafe sum.addStripes(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
    return unsafe sum.finished(UnsafeRawBufferPointer(rebasing: bytes[end...]))
  }

  /// Adds bytes.
  package mutating func add(_ bytes: some Collection<UInt8>) {
    if bytes.withContiguousStorageIfAvailable({ unsafe add(UnsafeRawBufferPointer($0)) }) == nil {
      unsafe Array(bytes).withUnsafeBytes { unsafe add($0) }
    }
  }

  /// Adds bytes.
  package mutating func add(_ bytes: UnsafeRawBufferPointer) {
    length &+= UInt64(bytes.count)
    var start = 0
    if !rest.isEmpty {
      start = min(32 - rest.count, bytes.count)
      unsafe rest.append(contentsOf: bytes[..<start])
      if rest.count < 32 { return }
      let stripe = rest
      unsafe stripe.withUnsafeBytes { unsafe addStripes($0) }
      rest.removeAll(keepingCapacity: true)
    }
    let end = start + (bytes.count - start) & ~31
    unsafe addStripes(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
    unsafe rest.append(contentsOf: bytes[end...])
  }

  private mutating func addStripes(_ bytes: UnsafeRawBufferPointer) {
    var (a, b, c, d) = lanes
    for at in stride(from: 0, to: bytes.count, by: 32) {
      a = unsafe Self.round(a, Self.word(bytes, at))
      b = unsafe Self.round(b, Self.word(bytes, at + 8))
      c = unsafe Self.round(c, Self.word(bytes, at + 16))
      d = unsafe Self.round(d, Self.word(bytes, at + 24))
    }
    lanes = (a, b, c, d)
  }

  /// The hash of what was added.
  package var value: UInt64 { unsafe rest.withUnsafeBytes { unsafe finished($0) } }

  private func finished(_ tail: UnsafeRawBufferPointer) -> UInt64 {
    let primes = Self.primes
    var sum: UInt64
    if length >= 32 {
      let (a, b, c, d) = lanes
      sum = Self.rotated(a, 1) &+ Self.rotated(b, 7) &+ Self.rotated(c, 12) &+ Self.rotated(d, 18)
      for lane in [a, b, c, d] { sum = (sum ^ Self.round(0, lane)) &* primes.0 &+ primes.3 }
    } else {
      sum = primes.4
    }
    sum &+= length
    var at = 0
    while at + 8 <= tail.count {
      sum = unsafe Self.rotated(sum ^ Self.round(0, Self.word(tail, at)), 27) &* primes.0 &+ primes.3
      at += 8
    }
    if at + 4 <= tail.count {
      let half = unsafe UInt32(littleEndian: tail.loadUnaligned(fromByteOffset: at, as: UInt32.self))
      sum = Self.rotated(sum ^ UInt64(half) &* primes.0, 23) &* primes.1 &+ primes.2
      at += 4
    }
    while at < tail.count {
      sum = unsafe Self.rotated(sum ^ UInt64(tail[at]) &* primes.4, 11) &* primes.0
      at += 1
    }
    sum = (sum ^ sum >> 33) &* primes.1
    sum = (sum ^ sum >> 29) &* primes.2
    return sum ^ sum >> 32
  }

  private static func word(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt64 {
    unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
  }

  private static func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 {
    value << count | value >> (64 - count)
  }

  private static func round(_ sum: UInt64, _ word: UInt64) -> UInt64 {
    rotated(sum &+ word &* primes.1, 31) &* primes.0
  }
}
