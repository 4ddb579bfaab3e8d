// Unsafe code, on these invariants: every pointer is readable for the count that comes with it.

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Memory of another capacity with what is in `used` elements of the old, which is freed.
@usableFromInline
package func regrown<T: ~Copyable>(
  _ old: UnsafeMutablePointer<T>, _ used: Int, to capacity: Int
) -> UnsafeMutablePointer<T> {
  let new = UnsafeMutablePointer<T>.allocate(capacity: capacity)
  unsafe new.moveInitialize(from: old, count: used)
  unsafe old.deallocate()
  return unsafe new
}

/// Whether `count` bytes, at least one, are the same at both places.
@inlinable
package func equalBytes(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ count: Int) -> Bool {
  // The last step may overlap the one before.
  if count >= 8 {
    var at = 0
    while at + 8 < count {
      if unsafe !equalWords(a + at, b + at, UInt64.self) { return false }
      at += 8
    }
    return unsafe equalWords(a + (count - 8), b + (count - 8), UInt64.self)
  }
  if count >= 4 {
    return unsafe equalWords(a, b, UInt32.self) && equalWords(a + (count - 4), b + (count - 4), UInt32.self)
  }
  return unsafe equalWords(a, b, UInt8.self) && equalWords(a + (count / 2), b + (count / 2), UInt8.self)
    && equalWords(a + (count - 1), b + (count - 1), UInt8.self)
}

@inlinable @inline(__always)
package func equalWords<Word: FixedWidthInteger & BitwiseCopyable>(
  _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _: Word.Type
) -> Bool {
  unsafe a.loadUnaligned(as: Word.self) == b.loadUnaligned(as: Word.self)
}

/// How many bytes both begin with.
package func commonCount(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
  let limit = min(a.count, b.count)
  var at = 0
  while at + 8 <= limit {
    let word = unsafe UInt64(littleEndian: a.loadUnaligned(fromByteOffset: at, as: UInt64.self))
    let other = unsafe UInt64(littleEndian: b.loadUnaligned(fromByteOffset: at, as: UInt64.self))
    let difference = word ^ other
    if difference != 0 { return at + difference.trailingZeroBitCount / 8 }
    at += 8
  }
  while at < limit, unsafe a[at] == b[at] { at += 1 }
  return at
}

/// Whether `a` comes before `b` in the order of their bytes.
package func precedes(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
  guard let first = a.baseAddress, let second = b.baseAddress else { return a.count < b.count }
  let order = unsafe memcmp(first, second, min(a.count, b.count))
  return order == 0 ? a.count < b.count : order < 0
}

/// A hash that multiplies and folds eight bytes at a time. Its seeds are drawn once per process, so that no file can be
/// made whose texts share a hash; so its values, and whatever depends on them, must not leave the process.
package struct ByteHash: Sendable {
  private let start: UInt64
  private let otherStart: UInt64
  private let factor: UInt64
  private let otherFactor: UInt64

  /// The hash of this process.
  package static let shared = ByteHash()

  private init() {
    start = .random(in: 0 ... .max)
    otherStart = .random(in: 0 ... .max)
    // Odd, so that no bits are lost.
    factor = .random(in: 0 ... .max) | 1
    otherFactor = .random(in: 0 ... .max) | 1
  }

  package func callAsFunction(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
      let product = a.multipliedFullWidth(by: b)
      return product.high ^ product.low
    }
    var hash = start ^ UInt64(bytes.count)
    var at = 0
    // Two lanes at once, as one multiplication waits for the last.
    var other = otherStart
    while at + 16 <= bytes.count {
      hash = unsafe mix(hash ^ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self), factor)
      other = unsafe mix(other ^ bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self), otherFactor)
      at += 16
    }
    hash ^= other &* 0x9E37_79B9_7F4A_7C15
    while at + 8 <= bytes.count {
      hash = unsafe mix(hash ^ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self), factor)
      at += 8
    }
    var tail: UInt64 = 0
    while at < bytes.count {
      tail = unsafe tail << 8 | UInt64(bytes[at])
      at += 1
    }
    return mix(hash ^ tail, otherFactor)
  }
}

extension FixedWidthInteger where Self: UnsignedInteger {
  /// All hexadecimal digits, leading zeros too.
  package var hexadecimal: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: Self.bitWidth / 4 - digits.count) + digits
  }
}

/// Whether two strings consist of the same bytes. Those that are equal to Swift may have other ones.
package func haveSameBytes(_ a: String, _ b: String) -> Bool {
  guard a.utf8.count == b.utf8.count else { return false }
  let areSame = unsafe a.utf8.withContiguousStorageIfAvailable { a in
    unsafe b.utf8.withContiguousStorageIfAvailable { b in
      guard let first = a.baseAddress, let second = b.baseAddress else { return true }
      return unsafe memcmp(first, second, a.count) == 0
    }
  }
  return areSame.flatMap { $0 } ?? a.utf8.elementsEqual(b.utf8)
}

/// Whether `a` comes before `b` in the order of their code points, Python's.
package func codePointOrder(_ a: String, _ b: String) -> Bool {
  let order = unsafe a.utf8.withContiguousStorageIfAvailable { a in
    unsafe b.utf8.withContiguousStorageIfAvailable { b in
      unsafe precedes(UnsafeRawBufferPointer(a), UnsafeRawBufferPointer(b))
    }
  }
  return order.flatMap { $0 } ?? a.utf8.lexicographicallyPrecedes(b.utf8)
}

/// Whether path `a` comes before `b`: folder by folder, in the order of code points.
package func pathOrder(_ a: String, _ b: String) -> Bool {
  // A name that ends comes before a longer one, so the slash is below all other bytes.
  func rank(_ byte: UInt8) -> UInt8 { byte == UInt8(ascii: "/") ? 0 : byte }
  let order = unsafe a.utf8.withContiguousStorageIfAvailable { a in
    unsafe b.utf8.withContiguousStorageIfAvailable { b in
      let place = unsafe commonCount(UnsafeRawBufferPointer(a), UnsafeRawBufferPointer(b))
      return unsafe place == min(a.count, b.count) ? a.count < b.count : rank(a[place]) < rank(b[place])
    }
  }
  if let known = order.flatMap({ $0 }) { return known }
  return a.utf8.lexicographicallyPrecedes(b.utf8) { rank($0) < rank($1) }
}
