// Unsafe code, on one invariant: `start` has `capacity` bytes, the first `count` of them initialised. The buffer is
// never copied (~Copyable) and frees its memory once.

/// What bytes are written to, one after the other.
package protocol ByteSink: ~Copyable {
  /// Appends a byte.
  mutating func append(_ byte: UInt8)
  /// Appends bytes.
  mutating func append(bytes: UnsafeRawBufferPointer)
}

extension ByteSink where Self: ~Copyable {
  /// Appends a text as UTF-8.
  mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { unsafe append(bytes: UnsafeRawBufferPointer($0)) }
  }
}

extension [UInt8]: ByteSink {
  package mutating func append(bytes: UnsafeRawBufferPointer) { unsafe append(contentsOf: bytes) }
}

/// Bytes in memory that is used again: quicker than an array, which looks at each byte whether it has become someone
/// else's.
@_spi(Reading) @safe public struct ByteBuffer: ~Copyable, ByteSink {
  private var start = UnsafeMutableRawPointer.allocate(byteCount: 256, alignment: 1)
  private var capacity = 256
  /// How many bytes there are.
  public private(set) var count = 0

  /// An empty buffer.
  public init() {}

  deinit { unsafe start.deallocate() }

  /// Appends a byte.
  @inline(__always)
  public mutating func append(_ byte: UInt8) {
    if count == capacity { grow(1) }
    unsafe start.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count += 1
  }

  /// Appends bytes.
  public mutating func append(bytes: UnsafeRawBufferPointer) {
    guard let address = bytes.baseAddress else { return }
    if count + bytes.count > capacity { grow(bytes.count) }
    unsafe (start + count).copyMemory(from: address, byteCount: bytes.count)
    count += bytes.count
  }

  /// Appends the bytes that `write` puts into memory, `most` bytes or more, and returns their number; nil, and nothing is
  /// appended, when that is beyond what there is.
  package mutating func append(
    atMost most: Int, _ write: (UnsafeMutablePointer<UInt8>, _ room: Int) -> Int
  ) -> Int? {
    if count + most > capacity { grow(most) }
    let room = capacity - count
    let written = unsafe write((start + count).assumingMemoryBound(to: UInt8.self), room)
    guard written >= 0, written <= room else { return nil }
    count += written
    return written
  }

  private mutating func grow(_ more: Int) {
    let larger = UnsafeMutableRawPointer.allocate(byteCount: max(capacity * 2, count + more), alignment: 1)
    unsafe larger.copyMemory(from: start, byteCount: count)
    unsafe start.deallocate()
    unsafe start = unsafe larger
    capacity = max(capacity * 2, count + more)
  }

  /// Forgets the bytes and keeps the memory, unless it has become large.
  public mutating func removeAll() {
    if capacity > 1 << 22 { self = ByteBuffer() } else { count = 0 }
  }

  /// Calls `body` with the bytes.
  public borrowing func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    unsafe body(UnsafeRawBufferPointer(start: start, count: count))
  }
}
