// Unsafe code, on these invariants:
// - `buffer` has `capacity` bytes; when it is parsed, a NUL follows the text, and 64 bytes or what simdjson asks
//   for if that is more.
// - A tape points into the parser or into a JSONDocument; it is handed to a closure and valid there only, and no
//   other file is read meanwhile.

import CSimdJSON
@_spi(Reading) import Magnet

/// Reads JSON files one after the other with one buffer and one parser. Not Sendable: one for each worker.
@safe final class JSONFileReader {
  /// What the files read so far held; set it back for each run.
  var counts = ReadingCounts()

  /// The number of the window read last; past all of them when there was none to be had.
  private(set) var window = Int.max

  private let parser: OpaquePointer?
  private var buffer: UnsafeMutableRawPointer
  private var capacity: Int

  /// The bytes after a text: a NUL, and 64 or what simdjson asks for if that is more.
  private static let padding = 1 + max(64, magnet_json_padding())

  init() {
    unsafe parser = unsafe magnet_json_parser_new(TolerantParser.depthLimit)
    capacity = 1 << 16
    unsafe buffer = .allocate(byteCount: capacity, alignment: 64)
  }

  deinit {
    unsafe magnet_json_parser_free(parser)
    unsafe buffer.deallocate()
  }

  /// Calls `body` with the tape of a file, or `plain` alone with its text where that makes something of it.
  /// - Throws: `DataFault` when the file cannot be read or is not JSON, and what `body` throws.
  func withTape<R>(
    _ file: any ByteStream, orText plain: (RecordText) -> R? = { _ in nil },
    _ body: (JSONTape) throws(DataFault) -> R
  ) throws(DataFault) -> R {
    var length = 0
    // Where the size is not known, what seems to be there, and then as much again.
    var step = file.size ?? max(1 << 12, min(file.expectedSize, HelmRuns.windowThreshold))
    while step > 0 {
      let taken = try unsafe file.read(room(length + step, keeping: length) + length, step)
      length += taken
      if file.size != nil || taken < step { break }
      step = length
    }
    if length == 0 {
      throw DataFault(file: file.path, problem: "the file is empty", advice: "copy or download it again")
    }
    if let result = withText(length, plain) { return result }
    return try parse(length, of: file.path, from: 0, body)
  }

  /// Calls `body` with the tape of the next window of a file, a list of records, or `plain` alone with its text where
  /// that makes something of it; nil when there is none.
  /// - Throws: `DataFault` when the file cannot be read or is not JSON, and what `body` throws.
  func withNextWindow<R>(
    _ windows: SharedWindows, orText plain: (RecordText, RecordWindows.Window) -> R?,
    _ body: (JSONTape, RecordWindows.Window) throws(DataFault) -> R
  ) throws(DataFault) -> R? {
    window = Int.max
    guard
      let window = try unsafe windows.next({
        unsafe room($0, keeping: $1).assumingMemoryBound(to: UInt8.self)
      })
    else { return nil }
    self.window = window.number
    if let result = withText(window.length, { plain($0, window) }) { return result }
    return try parse(window.length, of: windows.path, from: window.offset - 1) { (tape) throws(DataFault) in
      try body(tape, window)
    }
  }

  /// Calls `body` with the tape of a text that is in memory, or `plain` alone with the text where that makes something
  /// of it.
  func withTape<R>(
    of text: [UInt8], path: String, orText plain: (RecordText) -> R? = { _ in nil },
    _ body: (JSONTape) throws(DataFault) -> R
  ) throws(DataFault) -> R {
    unsafe room(text.count, keeping: 0).copyMemory(from: text, byteCount: text.count)
    if let result = withText(text.count, plain) { return result }
    return try parse(text.count, of: path, from: 0, body)
  }

  /// The number that `start..<end` of a text is, in JSON's grammar; nil when doubles do not reach it.
  static func double(from start: Place, to end: Place) -> Double? {
    var value = 0.0
    return unsafe magnet_json_double(start, end - start, &value) == 0 ? value : nil
  }

  /// The string of a text whose first byte is at `start`; nil when a byte before its closing quote is a control
  /// character or not UTF-8.
  static func string(_ start: Place) -> StringText? {
    var hasEscapes: Int32 = 0
    guard let end = unsafe magnet_json_string_end(start, &hasEscapes) else { return nil }
    return unsafe StringText(start: start, end: end, hasEscapes: hasEscapes != 0)
  }

  /// Puts what a string of a text says, its escapes resolved, into `out`; false when one of them is not valid, or is half
  /// of a surrogate pair.
  static func resolve(_ string: StringText, into out: inout ByteBuffer) -> Bool {
    out.removeAll()
    let count = unsafe out.append(atMost: string.bytes.count + 16) { place, _ in
      unsafe magnet_json_unescape(string.start, string.end, place)
    }
    return count != nil
  }

  /// Puts the list or object of a text that begins at `start` into `out` as `JSONTape.appendText` writes it; the place
  /// after it. Nil when it is not valid or is left to a parser.
  static func compact(_ start: Place, into out: inout ByteBuffer) -> Place? {
    out.removeAll()
    var end: Place?
    var room = 1024
    while true {
      let count = unsafe out.append(atMost: room) { unsafe magnet_json_compact(start, &end, $0, $1) }
      if count != nil { return unsafe end }
      room *= 4
    }
  }

  /// The tape of a part of the text that is in the buffer, a value; nil when it is not JSON.
  func tape(of part: UnsafeBufferPointer<UInt8>) -> JSONTape? {
    var words: UnsafePointer<UInt64>?
    var strings: UnsafePointer<UInt8>?
    guard let parser = unsafe parser,
      unsafe magnet_json_parse(parser, part.baseAddress, part.count, &words, &strings) == 0,
      let words = unsafe words,
      let strings = unsafe strings
    else { return nil }
    return unsafe JSONTape(words: words, strings: strings)
  }

  /// Goes over bytes `from..<to` of a list's records, with 16 readable bytes after them; where the last comma between
  /// records stands, 0 for none, or, when the list ends, its closing bracket.
  static func scanRecords(
    _ memory: UnsafeMutablePointer<UInt8>, _ from: Int, _ to: Int, _ scan: inout RecordScan
  ) -> Int {
    var state = magnet_json_scan(
      depth: Int64(scan.depth), record_depth: Int64(scan.recordDepth), commas: 0,
      is_in_string: scan.isInString, is_escaped: scan.isEscaped)
    let found = unsafe magnet_json_scan_records(memory, from, to, &state)
    scan.depth = Int(state.depth)
    scan.commas += Int(state.commas)
    (scan.isInString, scan.isEscaped) = (state.is_in_string, state.is_escaped)
    return found
  }

  /// Calls `body` with the tape of a text beside the one in the buffer; nil when it is not JSON.
  func withTape<R>(of text: [UInt8], _ body: (JSONTape) -> R?) -> R? {
    let padded = text + [UInt8](repeating: 0, count: Self.padding)
    return unsafe padded.withUnsafeBufferPointer { padded in
      unsafe tape(of: UnsafeBufferPointer(rebasing: padded.prefix(text.count))).flatMap(body)
    }
  }

  private func withText<R>(_ length: Int, _ body: (RecordText) -> R?) -> R? {
    let text = unsafe buffer.assumingMemoryBound(to: UInt8.self)
    unsafe text[length] = 0
    let result = unsafe body(RecordText(start: text, end: text + length, reader: self))
    if result != nil { counts.bytes += length }
    return result
  }

  /// Parses the first `length` bytes of the buffer; the first of them is byte `offset` of the file.
  private func parse<R>(
    _ length: Int, of path: String, from offset: Int, _ body: (JSONTape) throws(DataFault) -> R
  ) throws(DataFault) -> R {
    counts.bytes += length
    let bytes = unsafe UnsafeBufferPointer(start: buffer.assumingMemoryBound(to: UInt8.self), count: length)
    if let tape = unsafe tape(of: bytes) { return try body(tape) }
    let document: JSONDocument
    do {
      document = try unsafe TolerantParser.parse(bytes)
    } catch {
      if offset == 0, let pointer = unsafe DataFault.gitPointer(path, bytes) { throw pointer }
      let isPage = unsafe bytes.first { $0 > 0x20 } == UInt8(ascii: "<")
      if offset == 0, unsafe bytes.starts(with: [0x1F, 0x8B]) {
        throw DataFault(
          file: path, problem: "this is gzip under the name of JSON", advice: "add .gz to its name")
      }
      let advice = isPage ? "this looks like an HTML page, not JSON; " : ""
      throw DataFault(
        file: path, place: "byte \(offset + error.offset)", problem: error.problem,
        advice: isPage || error.offset == length ? advice + "copy or download it again" : nil)
    }
    counts.nonFinite += document.nonFiniteCount
    counts.loneSurrogates += document.loneSurrogateCount
    return try document.withTape(body)
  }

  /// The buffer, with room for `size` bytes and simdjson's padding, its first `keeping` bytes kept.
  private func room(_ size: Int, keeping: Int) -> UnsafeMutableRawPointer {
    let needed = size + Self.padding
    if needed > capacity {
      let grown = max(needed, capacity < 1 << 24 ? capacity * 2 : capacity + capacity / 4)
      let larger = UnsafeMutableRawPointer.allocate(byteCount: grown, alignment: 64)
      unsafe larger.copyMemory(from: buffer, byteCount: keeping)
      unsafe buffer.deallocate()
      unsafe buffer = unsafe larger
      capacity = grown
    }
    return unsafe buffer
  }
}
