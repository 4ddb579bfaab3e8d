// Unsafe code, on one invariant: bytes of the pack are used only while `memory` holds them, and within its bounds.

import Magnet

// A pack is a file that is written once, whole, and never changed. All numbers are little-endian.
//
//   magic       16 bytes, with the version of the format
//   entries     each the header of a `TableImage` and then its parts, both at multiples of 8
//   directory   uint32 schemas, each uint32 columns and their names, and up to a multiple of 8; uint64 runs, each, in
//               ascending order, uint64 XXH64 of its path and uint64 where its record begins in the directory; the records
//   record      the path, uint8 entries, and these: `WarmEntry`, 15 uint64
//   trailer     uint64 where the directory begins, its length, its XXH64; magic
// A text is uint32 length, bytes. A program looks at the records of the runs that it reads alone.

/// What is kept of one file.
struct WarmEntry: Sendable {
  /// What kind of table it is, and how that is made: the hash of `TableSource`'s description.
  let kind: UInt64
  /// Whether the file is the one with `.gz` after its name.
  let isGzip: Bool
  let version: FileStatus.Version
  let counts: ReadingCounts
  /// The number of its columns' names among the pack's.
  let schema: Int
  /// Where the header begins, how long it is, and its XXH64; the parts follow at the next multiple of 8.
  let offset: Int
  let headerLength: Int
  let headerHash: UInt64
  let partsLength: Int

  /// The bytes of an entry in a directory.
  static let size = 15 * 8

  var partsOffset: Int { offset + (headerLength + 7) / 8 * 8 }
  var end: Int { partsOffset + partsLength }
}

/// Where an entry is looked for: the path of the run's folder.
struct WarmKey: Hashable, Sendable {
  let path: String
  let hash: UInt64

  init(_ path: String) {
    self.path = path
    var copy = path
    hash = copy.withUTF8 { unsafe XXH64.hash(UnsafeRawBufferPointer($0)) }
  }

  static func == (a: WarmKey, b: WarmKey) -> Bool { a.hash == b.hash && a.path == b.path }
  func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

/// A pack that is read. Its bytes are mapped into memory, and tables made of it use them where they lie; so nobody may shorten
/// the file, and the store does not: it is written under another name, and removed whole.
final class WarmPack: Sendable {
  static let magic = Array("magnet columns 3".utf8)

  let path: String
  let size: Int
  /// The names of the columns of each schema.
  let schemas: [[String]]
  let memory: SharedMemory
  /// Where the directory lies, and in it the runs' hashes, and how many there are.
  private let directory: Range<Int>
  private let index: Int
  private let runCount: Int

  /// Opens a pack; nil when it is not one, is damaged, or belongs to another user.
  init?(_ path: String) {
    guard let status = Files.status(path, followsLinks: false), status.kind == .file, status.isOwn,
      let memory = try? SharedFile(path).mapped()
    else { return nil }
    self.path = path
    self.memory = memory
    size = unsafe memory.bytes.count
    let tailSize = 24 + Self.magic.count
    guard size >= tailSize + Self.magic.count,
      unsafe memory.bytes.prefix(Self.magic.count).elementsEqual(Self.magic),
      unsafe memory.bytes.suffix(Self.magic.count).elementsEqual(Self.magic)
    else { return nil }
    var numbers = unsafe WarmDirectory(UnsafeRawBufferPointer(rebasing: memory.bytes.suffix(tailSize)))
    guard let start = numbers.count(), let length = numbers.count(), let hash = numbers.number(),
      start <= size - tailSize, length == size - tailSize - start
    else { return nil }
    let bytes = unsafe UnsafeRawBufferPointer(rebasing: memory.bytes[start..<start + length])
    guard unsafe XXH64.hash(bytes) == hash else { return nil }
    var reader = unsafe WarmDirectory(bytes)
    guard let schemas = reader.schemas(), let index = reader.takeIndex() else { return nil }
    self.schemas = schemas
    directory = start..<start + length
    (self.index, runCount) = index
  }

  private var directoryBytes: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: memory.bytes[directory])
  }

  private func number(_ place: Int) -> UInt64 {
    unsafe UInt64(
      littleEndian: directoryBytes.loadUnaligned(fromByteOffset: index + place * 8, as: UInt64.self))
  }

  /// What is kept of a run's file of a kind, as it is in a version.
  func entry(of key: WarmKey, _ kind: UInt64, _ file: WarmStore.Present) -> WarmEntry? {
    var (low, high) = (0, runCount)
    while low < high {
      let middle = (low + high) / 2
      if number(2 * middle) < key.hash { low = middle + 1 } else { high = middle }
    }
    while low < runCount, number(2 * low) == key.hash {
      guard let place = Int(exactly: number(2 * low + 1)) else { return nil }
      var reader = unsafe WarmDirectory(directoryBytes, at: place)
      if reader.takeText(key.path) == true {
        return reader.entry(kind, file, schemas.count, end: directory.lowerBound)
      }
      low += 1
    }
    return nil
  }

  /// A run's path and its entries; nil for a damaged record.
  private func record(_ number: Int) -> (path: String, entries: [WarmEntry])? {
    guard let place = Int(exactly: self.number(2 * number + 1)) else { return nil }
    var reader = unsafe WarmDirectory(directoryBytes, at: place)
    return reader.record(schemas.count, end: directory.lowerBound)
  }

  /// Every run and what is kept of its files.
  func forEachRun(_ body: (WarmKey, [WarmEntry]) throws -> Void) rethrows {
    for number in 0..<runCount {
      if let (path, entries) = record(number) { try body(WarmKey(path), entries) }
    }
  }

  /// The table of an entry; nil when it is damaged.
  /// - Parameter memory: the pack's, or what shares it, which the table then holds.
  func table(
    _ entry: WarmEntry, _ choice: WarmChoice.Columns, in memory: SharedMemory,
    run: (column: Int, cell: Cell)?
  ) -> Table? {
    let header = entry.offset..<entry.offset + entry.headerLength
    guard unsafe XXH64.hash(UnsafeRawBufferPointer(rebasing: memory.bytes[header])) == entry.headerHash else {
      return nil
    }
    return TableImage.table(
      in: memory, header: header, parts: entry.partsOffset..<entry.end,
      columnCount: schemas[entry.schema].count, wanted: choice.numbers, schema: choice.schema,
      replacing: run)
  }

  /// The bytes of an entry, header and parts.
  func bytes(of entry: WarmEntry) -> [UInt8] { unsafe Array(memory.bytes[entry.offset..<entry.end]) }
}

extension WarmDirectory {
  /// A run's path and its entries.
  mutating func record(_ schemaCount: Int, end: Int) -> (path: String, entries: [WarmEntry])? {
    guard let path = text(), let count = take(UInt8.self) else { return nil }
    var entries: [WarmEntry] = []
    entries.reserveCapacity(Int(count))
    for _ in 0..<count {
      guard let entry = entry(), entry.schema < schemaCount, entry.end <= end else { return nil }
      entries.append(entry)
    }
    return (path, entries)
  }

  /// The entry of a file among those of a run, whose path was taken.
  fileprivate mutating func entry(
    _ kind: UInt64, _ file: WarmStore.Present, _ schemaCount: Int, end: Int
  ) -> WarmEntry? {
    guard let count = take(UInt8.self) else { return nil }
    for _ in 0..<count {
      var (peek, reader) = (self, self)
      guard skip(WarmEntry.size) else { return nil }
      if peek.number() == kind, peek.count() == (file.isGzip ? 1 : 0), peek.version() == file.version,
        let entry = reader.entry(), entry.schema < schemaCount, entry.end <= end
      {
        return entry
      }
    }
    return nil
  }

  private mutating func entry() -> WarmEntry? {
    guard let kind = number(), let gzip = count(), let version = version(), let read = count(),
      let nonFinite = count(), let surrogates = count(), let schema = count(), let offset = count(),
      let headerLength = count(), let headerHash = number(), let partsLength = count()
    else { return nil }
    var counts = ReadingCounts()
    (counts.bytes, counts.nonFinite, counts.loneSurrogates) = (read, nonFinite, surrogates)
    return WarmEntry(
      kind: kind, isGzip: gzip == 1,
      version: version, counts: counts, schema: schema, offset: offset,
      headerLength: headerLength, headerHash: headerHash, partsLength: partsLength)
  }
}
