// Unsafe code, on these invariants:
// - `buffer` has `capacity` bytes; after a read its first `length` are the file's, and at least the padding that
//   simdjson asks for follows them.
// - A tape points into the parser or into a JSONDocument; it is handed to a closure and valid there only, and no
//   other file is read meanwhile.

import CSimdJSON
import Magnet

/// Reads JSON files one after the other with one buffer and one parser. Not Sendable: one for each worker.
final class JSONFileReader {
  /// What the files read so far held; set it back for each run.
  var counts = ReadingCounts()

  private let parser: OpaquePointer?
  private var buffer: UnsafeMutableRawPointer
  private var capacity: Int

  init() {
    parser = magnet_json_parser_new()
    capacity = 1 << 16
    buffer = .allocate(byteCount: capacity, alignment: 64)
  }

  deinit {
    magnet_json_parser_free(parser)
    buffer.deallocate()
  }

  /// Calls `body` with the tape of a file.
  /// - Throws: `RunFault` when the file cannot be read or is not JSON, and what `body` throws.
  func withTape<R>(_ path: String, _ body: (JSONTape) throws(RunFault) -> R) throws(RunFault) -> R {
    let length = try read(path)
    counts.bytes += length
    if length == 0 {
      throw RunFault(file: path, problem: "the file is empty", advice: "copy or download it again")
    }
    let bytes = UnsafeBufferPointer(start: buffer.assumingMemoryBound(to: UInt8.self), count: length)
    var words: UnsafePointer<UInt64>?
    var strings: UnsafePointer<UInt8>?
    if let parser, magnet_json_parse(parser, bytes.baseAddress, length, &words, &strings) == 0, let words,
      let strings
    {
      return try body(JSONTape(words: words, strings: strings))
    }
    let document: JSONDocument
    do {
      document = try TolerantParser.parse(bytes)
    } catch {
      let isPage = bytes.first { $0 > 0x20 } == UInt8(ascii: "<")
      let advice = isPage ? "this is a web page, no JSON; " : ""
      throw RunFault(
        file: path, place: "byte \(error.offset)", problem: error.problem,
        advice: isPage || error.offset == length ? advice + "copy or download it again" : nil)
    }
    counts.nonFinite += document.nonFiniteCount
    counts.loneSurrogates += document.loneSurrogateCount
    return try document.withTape(body)
  }

  private func read(_ path: String) throws(RunFault) -> Int {
    do {
      return try FileSystem.read(path) { size in
        let needed = size + magnet_json_padding()
        if needed > capacity {
          buffer.deallocate()
          capacity = max(needed, min(capacity * 2, 1 << 24))
          buffer = .allocate(byteCount: capacity, alignment: 64)
        }
        return buffer
      }
    } catch {
      if error.isMissing {
        throw RunFault(
          file: path, problem: "the file is missing", advice: "the run failed, goes on, or was copied in part"
        )
      }
      throw RunFault(file: path, problem: "the file cannot be read: \(error.description)")
    }
  }
}
