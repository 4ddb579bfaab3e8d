// Unsafe code, on one invariant: the libraries read and write only the buffers named in a call, which live during it.

import CZlib

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Decompresses blocks whose size after decompression is known, as Parquet's pages are.
enum Decompression {
  struct Failure: Error { let problem: String }

  /// How much a block may grow: more than zlib (1032) and the others reach on texts.
  private static let ratioLimit = 4096

  /// - Parameters:
  ///   - codec: Parquet's number: 0 none, 1 Snappy, 2 gzip, 6 Zstandard, 7 LZ4.
  ///   - size: how many bytes there will be.
  static func bytes(
    _ packed: ArraySlice<UInt8>, codec: Int, size: Int
  ) throws(Failure) -> [UInt8] {
    if size > 1 << 31 - 1 || size / ratioLimit > packed.count + 16 {
      throw Failure(problem: "\(packed.count) bytes are said to become \(size)")
    }
    let out: [UInt8]?
    switch codec {
    case 0: out = Array(packed)
    case 1: out = snappy(packed, size)
    case 2: out = gzip(packed, size)
    case 7: out = lz4(packed, size)
    case 6:
      guard let library = Zstandard.library else {
        throw Failure(
          problem: "the block is compressed with Zstandard, whose library libzstd.so.1 is not installed")
      }
      out = library.bytes(packed, size)
    default:
      throw Failure(
        problem: "the compression \(codec) is not one that magnet reads: gzip, Snappy, LZ4, Zstandard")
    }
    guard let out, out.count == size else { throw Failure(problem: "the compressed block is damaged") }
    return out
  }

  private static func gzip(_ packed: ArraySlice<UInt8>, _ size: Int) -> [UInt8]? {
    var stream = unsafe z_stream()
    // 15 + 32: the largest window, gzip's or zlib's header.
    guard unsafe inflateInit2_(&stream, 15 + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else {
      return nil
    }
    defer { unsafe inflateEnd(&stream) }
    var input = Array(packed)
    var isWhole = false
    let out = unsafe input.withUnsafeMutableBufferPointer { input in
      // One byte more, so that a block that is too long is seen.
      unsafe [UInt8](unsafeUninitializedCapacity: size + 1) { buffer, filled in
        unsafe stream.next_in = input.baseAddress
        unsafe stream.avail_in = UInt32(input.count)
        unsafe stream.next_out = buffer.baseAddress
        unsafe stream.avail_out = UInt32(buffer.count)
        isWhole = unsafe inflate(&stream, Z_FINISH) == Z_STREAM_END
        filled = unsafe buffer.count - Int(stream.avail_out)
      }
    }
    return isWhole ? out : nil
  }

  /// Snappy's block format: the size as a varint, then literals and copies of earlier bytes
  /// (https://github.com/google/snappy/blob/main/format_description.txt).
  private static func snappy(_ packed: ArraySlice<UInt8>, _ size: Int) -> [UInt8]? {
    var at = packed.startIndex
    func number(_ count: Int) -> Int? {
      guard packed.endIndex - at >= count else { return nil }
      defer { at += count }
      return packed[at..<at + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    var total = 0
    var shift = 0
    while true {
      guard let byte = number(1), shift < 35 else { return nil }
      total |= (byte & 0x7F) << shift
      shift += 7
      if byte < 0x80 { break }
    }
    if total != size { return nil }
    var out: [UInt8] = []
    out.reserveCapacity(size)
    while at < packed.endIndex {
      guard let tag = number(1) else { return nil }
      if tag & 3 == 0 {
        var length = tag >> 2
        if length >= 60 {
          guard let long = number(length - 59) else { return nil }
          length = long
        }
        guard length < packed.endIndex - at, length < size - out.count else { return nil }
        out += packed[at...at + length]
        at += length + 1
        continue
      }
      let length: Int
      let distance: Int?
      switch tag & 3 {
      case 1:
        length = 4 + tag >> 2 & 7
        distance = number(1).map { (tag >> 5) << 8 | $0 }
      case 2:
        length = 1 + tag >> 2
        distance = number(2)
      default:
        length = 1 + tag >> 2
        distance = number(4)
      }
      guard let distance, distance > 0, distance <= out.count, length <= size - out.count else { return nil }
      for _ in 0..<length { out.append(out[out.count - distance]) }
    }
    return out
  }

  /// LZ4's block format: literals and copies of earlier bytes in turns, the last literals alone
  /// (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md).
  private static func lz4(_ packed: ArraySlice<UInt8>, _ size: Int) -> [UInt8]? {
    var at = packed.startIndex
    /// A length of 15 goes on in the bytes that follow, up to one that is not 255.
    func length(_ short: UInt8) -> Int? {
      var length = Int(short)
      if short < 15 { return length }
      while at < packed.endIndex {
        let more = packed[at]
        at += 1
        length += Int(more)
        if more < 255 { return length }
      }
      return nil
    }
    var out: [UInt8] = []
    out.reserveCapacity(size)
    while at < packed.endIndex {
      let token = packed[at]
      at += 1
      guard let literals = length(token >> 4), literals <= packed.endIndex - at, literals <= size - out.count
      else { return nil }
      out += packed[at..<at + literals]
      at += literals
      if at == packed.endIndex { break }
      guard packed.endIndex - at >= 2 else { return nil }
      let distance = Int(packed[at]) | Int(packed[at + 1]) << 8
      at += 2
      guard let copied = length(token & 15), distance > 0, distance <= out.count,
        copied + 4 <= size - out.count
      else { return nil }
      for _ in 0..<copied + 4 { out.append(out[out.count - distance]) }
    }
    return out
  }
}

/// The system's Zstandard, loaded when a file needs it: a function that may be called from any thread.
@safe private struct Zstandard: @unchecked Sendable {
  private typealias Decompress =
    @convention(c) (
      UnsafeMutableRawPointer?, Int, UnsafeRawPointer?, Int
    ) -> Int
  private let decompress: Decompress

  static let library: Zstandard? = {
    for name in ["libzstd.so.1", "libzstd.1.dylib", "/opt/homebrew/lib/libzstd.dylib"] {
      if let handle = unsafe dlopen(name, RTLD_NOW | RTLD_LOCAL),
        let symbol = unsafe dlsym(handle, "ZSTD_decompress")
      {
        return unsafe Zstandard(decompress: unsafeBitCast(symbol, to: Decompress.self))
      }
    }
    return nil
  }()

  func bytes(_ packed: ArraySlice<UInt8>, _ size: Int) -> [UInt8]? {
    let out = unsafe packed.withUnsafeBytes { input in
      unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
        let count = unsafe decompress(buffer.baseAddress, buffer.count, input.baseAddress, input.count)
        // Errors are numbers near the largest one, which are negative here.
        filled = (0...size).contains(count) ? count : 0
      }
    }
    return out.count == size ? out : nil
  }
}
