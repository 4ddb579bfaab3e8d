// Unsafe code, on one invariant: a reader's bytes are used only while what holds them lives, and within their bounds.

import Magnet

/// Reads numbers and texts as `append(number:)` and the like wrote them; nil where there are no more.
@safe struct WarmDirectory {
  private let bytes: UnsafeRawBufferPointer
  private var at = 0

  init(_ bytes: UnsafeRawBufferPointer, at place: Int = 0) {
    unsafe self.bytes = unsafe bytes
    at = max(0, min(place, bytes.count))
  }

  mutating func take<Number: FixedWidthInteger & BitwiseCopyable>(_: Number.Type) -> Number? {
    let size = MemoryLayout<Number>.size
    guard unsafe bytes.count - at >= size else { return nil }
    defer { at += size }
    return unsafe Number(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: Number.self))
  }

  mutating func number() -> UInt64? { take(UInt64.self) }

  mutating func count() -> Int? { number().flatMap { $0 < 1 << 48 ? Int($0) : nil } }

  mutating func small() -> Int? { take(UInt32.self).map(Int.init) }

  mutating func text() -> String? {
    guard let length = small(), unsafe length <= bytes.count - at else { return nil }
    defer { at += length }
    return unsafe String(decoding: UnsafeRawBufferPointer(rebasing: bytes[at..<at + length]), as: UTF8.self)
  }

  mutating func texts() -> [String]? {
    guard let count = small(), unsafe count <= bytes.count - at else { return nil }
    var texts: [String] = []
    for _ in 0..<count {
      guard let text = text() else { return nil }
      texts.append(text)
    }
    return texts
  }

  mutating func schemas() -> [[String]]? {
    guard let count = small(), unsafe count <= bytes.count - at else { return nil }
    var schemas: [[String]] = []
    for _ in 0..<count {
      guard let names = texts() else { return nil }
      schemas.append(names)
    }
    return schemas
  }

  mutating func numbers() -> [UInt64]? {
    guard let count = small(), unsafe count <= (bytes.count - at) / 8 else { return nil }
    return (0..<count).compactMap { _ in number() }
  }

  /// What was in a folder.
  mutating func entries() -> [Files.Entry]? {
    guard let count = small(), unsafe count <= bytes.count - at else { return nil }
    var entries: [Files.Entry] = []
    for _ in 0..<count {
      guard let name = text(), let flags = take(UInt8.self) else { return nil }
      entries.append(Files.Entry(name: name, isFolder: flags & 1 != 0, isLink: flags & 2 != 0))
    }
    return entries
  }

  /// Where the runs' hashes begin and how many there are, both within the bytes; passes over them.
  mutating func takeIndex() -> (start: Int, count: Int)? {
    at = (at + 7) / 8 * 8
    guard unsafe at <= bytes.count, let count = count(), let start = takePlace(of: count, size: 16) else {
      return nil
    }
    return (start, count)
  }

  /// Where things of one size begin, at a multiple of 8, all within the bytes; passes over them.
  mutating func takePlace(of count: Int, size: Int) -> Int? {
    let start = (at + 7) / 8 * 8
    guard unsafe start <= bytes.count, unsafe count <= (bytes.count - start) / size else { return nil }
    at = start + count * size
    return start
  }

  /// Whether the bytes of a text that comes next are those of another; passes over it.
  mutating func takeText(_ other: String) -> Bool? {
    guard let length = small(), unsafe length <= bytes.count - at else { return nil }
    defer { at += length }
    var other = other
    return other.withUTF8 { other in
      guard length > 0, let a = other.baseAddress, let b = unsafe bytes.baseAddress else {
        return other.count == length
      }
      return unsafe other.count == length && equalBytes(a, b + at, length)
    }
  }

  /// Passes over some bytes; false where there are not so many.
  mutating func skip(_ count: Int) -> Bool {
    guard unsafe count <= bytes.count - at else { return false }
    at += count
    return true
  }

  /// Which file it is and which of its contents.
  mutating func version() -> FileStatus.Version? {
    guard let device = number(), let inode = number(), let size = count(), let modified = number(),
      let changed = number()
    else { return nil }
    return FileStatus.Version(
      device: device, inode: inode, size: size, modified: Int(truncatingIfNeeded: modified),
      changed: Int(truncatingIfNeeded: changed))
  }
}

extension [UInt8] {
  mutating func append(number: UInt64) {
    unsafe Swift.withUnsafeBytes(of: number.littleEndian) { unsafe append(contentsOf: $0) }
  }

  mutating func append(small: Int) {
    for place in 0..<4 { append(UInt8(truncatingIfNeeded: small >> (place * 8))) }
  }

  mutating func append(text: some StringProtocol) {
    append(small: text.utf8.count)
    append(contentsOf: text.utf8)
  }

  mutating func append(texts: [String]) {
    append(small: texts.count)
    for text in texts { append(text: text) }
  }

  /// Which file it is and which of its contents.
  mutating func append(_ version: FileStatus.Version) {
    append(number: version.device)
    append(number: version.inode)
    for number in [version.size, version.modified, version.changed] {
      append(number: UInt64(bitPattern: Int64(number)))
    }
  }
}
