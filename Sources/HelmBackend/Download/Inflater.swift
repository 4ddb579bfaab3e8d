// Unsafe code, on these invariants:
// - `stream` is initialised by inflateInit2_ in `init`, ended in `deinit`, never copied (~Copyable), and does not move.
// - zlib reads and writes only the buffers named before each call, which live during it.

import CZlib

/// Inflates gzip (RFC 1952), of one member or several, piece by piece.
struct Inflater: ~Copyable {
  struct Fault: Error {
    let problem: String
  }

  private let stream: UnsafeMutablePointer<z_stream>
  private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
  /// Whether the last byte given ended a member.
  private(set) var isAtEnd = false

  init() {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 15 + 16: the largest window, gzip only.
    inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  }

  deinit {
    inflateEnd(stream)
    stream.deinitialize(count: 1)
    stream.deallocate()
    output.deallocate()
  }

  /// Inflates more bytes and hands on what came out; the bytes handed on are valid inside the call only.
  mutating func add(_ bytes: UnsafeRawBufferPointer, _ write: (UnsafeRawBufferPointer) throws -> Void) throws
  {
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = UInt32(bytes.count)
    while true {
      if isAtEnd {
        guard stream.pointee.avail_in > 0 else { return }
        inflateReset(stream)
        isAtEnd = false
      }
      stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_out = UInt32(output.count)
      let status = inflate(stream, Z_NO_FLUSH)
      let count = output.count - Int(stream.pointee.avail_out)
      if count > 0 { try write(UnsafeRawBufferPointer(rebasing: output[..<count])) }
      switch status {
      case Z_STREAM_END: isAtEnd = true
      case Z_OK: if stream.pointee.avail_in == 0, stream.pointee.avail_out > 0 { return }
      case Z_BUF_ERROR: return
      default: throw Fault(problem: stream.pointee.msg.map { String(cString: $0) } ?? "it is not gzip")
      }
    }
  }
}
