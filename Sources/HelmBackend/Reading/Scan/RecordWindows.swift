// Unsafe code, on these invariants:
// - `file` was opened for these windows and is read by no one else, so that whoever has them may read it.
// - The memory that `grow` hands out has at least the bytes asked for, 16 readable ones after them, and keeps the number
//   of first bytes asked for; it is used until the next call of `grow` or the return, and never beyond `filled`.

import Magnet

/// Where a scan of a text is: how many lists and objects are open, and whether it is within a string.
struct RecordScan {
  var depth = 0
  /// How deep the list's records lie.
  let recordDepth: Int
  /// The commas between records since the last window.
  var commas = 0
  var isInString = false
  var isEscaped = false

  init(recordDepth: Int) { self.recordDepth = recordDepth }
}

/// Cuts a file's list of records into windows of whole records, so that a file of any size is read with the memory
/// of a window and one record. The cuts are the commas at the list's own depth, found by a scan that knows strings.
struct RecordWindows: ~Copyable, @unchecked Sendable {
  /// A part of the list, as a JSON list of its own in the memory that was handed out.
  struct Window: Sendable {
    /// 0 first.
    let number: Int
    /// How many bytes the window's text has.
    let length: Int
    /// Where in the file the window's text begins, its opening bracket not counted.
    let offset: Int
    /// The number of its first record in the file.
    let firstRecord: Int
  }

  private enum Mode { case before, inside, after }

  private let file: any ByteStream
  private let windowSize: Int
  /// The key of the list in the top object; nil when the list is the file's top value.
  private let key: String?
  private var mode = Mode.before
  private var scan: RecordScan
  /// The part of the list that was read and not handed out.
  private var carry: [UInt8] = []
  /// The next window's number, place in the file, and first record.
  private var number = 0
  private var offset = 0
  /// The bytes read.
  private var read = 0
  private var record = 0
  /// The bytes read of a byte order mark.
  private var markBytes = 0
  private var string: [UInt8] = []
  private var lastKey: [UInt8] = []
  /// What stands around the list, with an empty one in its place.
  private(set) var surroundings: [UInt8] = []

  init(_ file: any ByteStream, list key: String?, windowSize: Int) {
    self.file = file
    self.key = key
    scan = RecordScan(recordDepth: key == nil ? 1 : 2)
    self.windowSize = windowSize
  }

  private var path: String { file.path }

  /// Puts the next window's text, a JSON list, into memory; nil when there is none.
  /// - Parameter grow: gives memory of a size and 16 readable bytes more, and keeps as many of its first bytes as are asked for.
  /// - Throws: `DataFault` when the file cannot be read or ends too early, or there is no list where one should be.
  mutating func next(
    _ grow: (_ size: Int, _ keeping: Int) -> UnsafeMutablePointer<UInt8>
  ) throws(DataFault) -> Window? {
    if mode == .after { return nil }
    var memory = unsafe grow(1 + carry.count + windowSize, 0)
    unsafe memory[0] = UInt8(ascii: "[")
    unsafe carry.withUnsafeBufferPointer { carry in
      if let base = carry.baseAddress { unsafe (memory + 1).update(from: base, count: carry.count) }
    }
    var filled = 1 + carry.count
    carry = []
    while true {
      unsafe memory = unsafe grow(filled + windowSize, filled)
      let count = try unsafe file.read(memory + filled, windowSize)
      read += count
      if count == 0 { throw cutOff() }
      var from = filled
      filled += count
      if mode == .before {
        from = try unsafe scanSurroundings(memory, from, filled)
        if mode == .before {
          offset += count
          filled = 1
          continue
        }
        offset += from - 1
        filled = unsafe Self.move(memory, from, filled)
        from = 1
      }
      let cut = unsafe scanRecords(memory, from, filled)
      if mode == .after {
        if unsafe memory[cut] != UInt8(ascii: "]") {
          throw DataFault(
            file: path, place: "byte \(offset + cut - 1)", problem: "a comma or ] should stand here")
        }
        let isEmptyList = unsafe number == 0 && Self.isBlank(memory, cut)
        if !isEmptyList { try unsafe expectRecords(memory, cut) }
        let window = unsafe close(memory, cut, isEmptyList)
        try unsafe finish(memory, cut + 1, filled)
        return window
      }
      if cut > 0 {
        try unsafe expectRecords(memory, cut)
        carry = unsafe Array(UnsafeBufferPointer(start: memory + cut + 1, count: filled - cut - 1))
        return unsafe close(memory, cut, false)
      }
    }
  }

  /// Ends the window before `cut`, where a comma or the list's end stands.
  private mutating func close(_ memory: UnsafeMutablePointer<UInt8>, _ cut: Int, _ isBlank: Bool) -> Window? {
    unsafe memory[cut] = UInt8(ascii: "]")
    let window = Window(number: number, length: cut + 1, offset: offset, firstRecord: record)
    number += 1
    offset += cut
    record += scan.commas
    scan.commas = 0
    return isBlank ? nil : window
  }

  /// Checks that there is something before the comma or bracket at `cut`.
  private func expectRecords(_ memory: UnsafeMutablePointer<UInt8>, _ cut: Int) throws(DataFault) {
    if unsafe !Self.isBlank(memory, cut) { return }
    throw DataFault(file: path, place: "byte \(offset + cut - 1)", problem: "a value should begin here")
  }

  private static func isBlank(_ memory: UnsafeMutablePointer<UInt8>, _ end: Int) -> Bool {
    unsafe UnsafeBufferPointer(start: memory + 1, count: end - 1).allSatisfy(isSpace)
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
  }

  private static func move(_ memory: UnsafeMutablePointer<UInt8>, _ from: Int, _ to: Int) -> Int {
    unsafe (memory + 1).update(from: memory + from, count: to - from)
    return 1 + to - from
  }

  /// Reads what follows the list to the file's end.
  private mutating func finish(
    _ memory: UnsafeMutablePointer<UInt8>, _ from: Int, _ to: Int
  ) throws(DataFault) {
    _ = try unsafe scanSurroundings(memory, from, to)
    let rest = UnsafeMutablePointer<UInt8>.allocate(capacity: 1 << 16)
    defer { unsafe rest.deallocate() }
    while true {
      let count = try unsafe file.read(rest, 1 << 16)
      read += count
      if count == 0 { break }
      _ = try unsafe scanSurroundings(rest, 0, count)
    }
    if scan.depth != 0 { throw cutOff() }
  }

  private func cutOff() -> DataFault {
    if mode == .before, key != nil, scan.depth == 0, !surroundings.isEmpty {
      return DataFault(file: path, place: key, problem: "the key is missing")
    }
    return DataFault(
      file: path, place: "byte \(read)", problem: "unexpected end of file (truncated)",
      advice: "copy or download it again")
  }

  /// Scans what stands around the list; stops after the bracket that opens it.
  private mutating func scanSurroundings(
    _ memory: UnsafeMutablePointer<UInt8>, _ from: Int, _ to: Int
  ) throws(DataFault) -> Int {
    for at in from..<to {
      let byte = unsafe memory[at]
      if key == nil, !Self.isSpace(byte) {
        let isMark = mode == .before && markBytes < 3 && byte == [0xEF, 0xBB, 0xBF][markBytes]
        if isMark {
          markBytes += 1
          continue
        }
        if mode == .before, byte == UInt8(ascii: "[") {
          scan.depth = 1
          mode = .inside
          return at + 1
        }
        throw DataFault(
          file: path,
          problem: mode == .before
            ? "the file does not begin with a list" : "more text follows the end of the value")
      }
      surroundings.append(byte)
      if surroundings.count > 1 << 26 {
        throw DataFault(
          file: path, place: key,
          problem: "no such list is in the file's first \(1 << 26) bytes outside of it")
      }
      if scanByte(byte) { return at + 1 }
    }
    return to
  }

  /// Takes in one byte around the list; true when it opens the list.
  private mutating func scanByte(_ byte: UInt8) -> Bool {
    if scan.isInString {
      if scan.isEscaped {
        scan.isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        scan.isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        scan.isInString = false
        return false
      }
      if scan.depth == 1 { string.append(byte) }
      return false
    }
    switch byte {
    case UInt8(ascii: "\""):
      scan.isInString = true
      string = []
    case UInt8(ascii: ":") where scan.depth == 1: lastKey = string
    case UInt8(ascii: "{"): scan.depth += 1
    case UInt8(ascii: "["):
      scan.depth += 1
      if mode == .before, scan.depth == 2, let key, lastKey.elementsEqual(key.utf8) {
        mode = .inside
        return true
      }
    case UInt8(ascii: "}"), UInt8(ascii: "]"): scan.depth -= 1
    default: break
    }
    return false
  }

  /// Scans records. Returns where the last comma between records stands, 0 for none, or, when the list ends, its
  /// closing bracket.
  private mutating func scanRecords(_ memory: UnsafeMutablePointer<UInt8>, _ from: Int, _ to: Int) -> Int {
    let found = unsafe JSONFileReader.scanRecords(memory, from, to, &scan)
    if scan.depth < scan.recordDepth {
      mode = .after
      lastKey = []
      if key != nil { surroundings.append(UInt8(ascii: "]")) }
      scan.commas += 1
    }
    return found
  }
}
