// Unsafe code, on these invariants:
// - `stream` is initialised by inflateInit2_ in `init`, ended in `deinit`, never copied (~Copyable), and does not move:
//   zlib keeps its address.
// - zlib reads and writes only the memory named before each call, which lives during it.

import CZlib

/// zlib's inflating of deflate (RFC 1951) and gzip (RFC 1952), step by step.
@safe struct Inflater: ~Copyable {
  enum Format: Int32 {
    // The largest window; zlib's signs for what stands around the bytes.
    case raw = -15
    case gzip = 31
  }

  /// The bytes are not what the format asks for.
  struct Damage: Error { let problem: String }

  /// What one step did.
  struct Step {
    let read: Int
    let written: Int
    /// Whether the stream, or the gzip member, is at its end; its checksum is right then.
    let isAtEnd: Bool
  }

  private let stream: UnsafeMutablePointer<z_stream>

  init(_ format: Format) {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    unsafe inflateInit2_(stream, format.rawValue, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deinitialize(count: 1)
    unsafe stream.deallocate()
  }

  /// Begins again.
  mutating func restart(_ format: Format) { unsafe inflateReset2(stream, format.rawValue) }

  /// Goes on from the middle of raw deflate.
  /// - Parameters:
  ///   - bits: how many of the highest bits of `byte` come before the next byte.
  ///   - window: what came out before.
  mutating func resume(bits: Int, of byte: UInt8, after window: [UInt8]) {
    unsafe inflateReset2(stream, Format.raw.rawValue)
    if bits > 0 { unsafe inflatePrime(stream, Int32(bits), Int32(byte) >> (8 - Int32(bits))) }
    unsafe inflateSetDictionary(stream, window, UInt32(window.count))
  }

  /// Between two blocks that are not the last, how many bits of the last byte read belong to what follows.
  var bitsLeftAtBlock: Int? {
    let type = unsafe stream.pointee.data_type
    return type & 128 != 0 && type & 64 == 0 ? Int(type & 7) : nil
  }

  /// The last bytes that came out, at most 32 KB.
  var window: [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: 1 << 15) { buffer, count in
      var length: UInt32 = 0
      unsafe inflateGetDictionary(stream, buffer.baseAddress, &length)
      count = Int(length)
    }
  }

  /// Inflates until the input is used up, the output is full, or the end is there.
  /// - Parameter stopsAtBlocks: stop between deflate's blocks, too.
  mutating func inflate(
    _ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer, stopsAtBlocks: Bool = false
  ) throws(Damage) -> Step {
    let available = (UInt32(clamping: input.count), UInt32(clamping: output.count))
    unsafe stream.pointee.next_in = unsafe UnsafeMutablePointer(
      mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
    unsafe stream.pointee.avail_in = available.0
    unsafe stream.pointee.next_out = unsafe output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_out = available.1
    let status = unsafe CZlib.inflate(stream, stopsAtBlocks ? Z_BLOCK : Z_NO_FLUSH)
    guard [Z_OK, Z_STREAM_END, Z_BUF_ERROR].contains(status) else {
      throw unsafe Damage(
        problem: stream.pointee.msg.map { unsafe String(cString: $0) } ?? "it is not deflated")
    }
    return unsafe Step(
      read: Int(available.0 - stream.pointee.avail_in), written: Int(available.1 - stream.pointee.avail_out),
      isAtEnd: status == Z_STREAM_END)
  }
}

/// The CRC-32 that zip and gzip use.
func crc32(_ sum: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
  unsafe UInt32(crc32_z(UInt(sum), bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count))
}
