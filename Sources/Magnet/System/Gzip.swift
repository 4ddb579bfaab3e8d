// Unsafe code, on these invariants:
// - `stream` is initialised by deflateInit2_ in `init`, ended in `deinit`, never copied (~Copyable), and does not move:
//   zlib keeps its address.
// - zlib reads and writes only the buffers named before each call, which live during it.

import CZlib

/// Compresses bytes as one gzip member (RFC 1952), without time and name: the same bytes for the same input.
@safe package struct GzipWriter: ~Copyable {
  private let stream: UnsafeMutablePointer<z_stream>

  /// A compressor.
  /// - Parameters:
  ///   - level: zlib's level from 1, the fastest, to 9; 0 stores.
  ///   - size: how many bytes there are at most: few take little memory.
  package init(level: Int32 = 6, atMost size: Int = .max) {
    // At least 9, as zlib has an error with 8.
    let windowBits = Int32(min(max(Int.bitWidth - size.leadingZeroBitCount, 9), 15))
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // 16: with gzip's header.
    unsafe deflateInit2_(
      stream, level, Z_DEFLATED, windowBits + 16, windowBits - 7, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
  }

  deinit {
    unsafe deflateEnd(stream)
    unsafe stream.deinitialize(count: 1)
    unsafe stream.deallocate()
  }

  /// Bytes as one gzip member, compressed fast; stored as they are where a sample hardly shrinks. Distinct numbers do
  /// not, and take the longest to try.
  static func compressed(_ bytes: [UInt8]) -> [UInt8] {
    let quarter = bytes.count / 4
    guard quarter >= 1 << 15 else { return compressed(bytes, level: 1) }
    let sample = (0..<4).flatMap { bytes[$0 * quarter..<$0 * quarter + 4096] }
    let isWorthwhile = compressed(sample, level: 1).count <= sample.count / 8 * 7
    return compressed(bytes, level: isWorthwhile ? 1 : 0)
  }

  private static func compressed(_ bytes: [UInt8], level: Int32) -> [UInt8] {
    var out: [UInt8] = []
    var writer = GzipWriter(level: level, atMost: bytes.count)
    writer.add(bytes, isLast: true) { out += $0 }
    return out
  }

  /// Compresses more bytes and hands on what is ready.
  /// - Parameter isLast: whether these are the last ones; nothing may follow.
  /// - Throws: what `write` throws.
  package mutating func add(_ bytes: [UInt8], isLast: Bool = false, _ write: ([UInt8]) throws -> Void)
    rethrows
  {
    try unsafe bytes.withUnsafeBufferPointer { input in
      unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      unsafe stream.pointee.avail_in = UInt32(input.count)
      var isFull = true
      while isFull {
        var space = 0
        let out = unsafe [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, filled in
          unsafe stream.pointee.next_out = buffer.baseAddress
          unsafe stream.pointee.avail_out = 1 << 16
          unsafe deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
          space = unsafe Int(stream.pointee.avail_out)
          filled = 1 << 16 - space
        }
        if !out.isEmpty { try write(out) }
        isFull = space == 0
      }
    }
  }
}
