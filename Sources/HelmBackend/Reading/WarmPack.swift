// Unsafe code, on one invariant: bytes of the pack are used only while `memory` holds them, and within its bounds.

import Magnet

// A pack is a file that is written once, whole, and never changed. All numbers are little-endian.
//
//   magic       16 bytes, with the version of the format
//   entries     each the header of a `TableImage` and then its parts, both at multiples of 8
//   directory   uint32 schemas, each uint32 columns and their names; uint32 folders of suites, their paths;
//               uint32 runs, each uint32 suite, name, uint8 entries, and these: `WarmEntry`, 15 uint64
//   trailer     uint64 where the directory begins, its length, its XXH64; magic
// A text is uint32 length, bytes.

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

  var partsOffset: Int { offset + (headerLength + 7) / 8 * 8 }
  var end: Int { partsOffset + partsLength }
}

/// Where an entry is looked for: the path of the run's folder, which ends after the last slash of `suite`.
struct WarmKey: Hashable, Sendable {
  let suite: Substring
  let run: Substring

  init(_ path: String) {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex
    suite = path[..<slash]
    run = path[slash...]
  }
}

/// A pack that is read. Its bytes are mapped into memory, and tables made of it use them where they lie; so nobody may shorten
/// the file, and the store does not: it is written under another name, and removed whole.
final class WarmPack: Sendable {
  static let magic = Array("magnet columns 2".utf8)

  let path: String
  let size: Int
  /// The names of the columns of each schema.
  let schemas: [[String]]
  private let memory: SharedMemory
  private let runs: [WarmKey: Range<Int>]
  private let entries: [WarmEntry]

  /// Opens a pack; nil when it is not one, is damaged, or belongs to another user.
  init?(_ path: String) {
    guard let status = Files.status(path, followsLinks: false), status.kind == .file, status.isOwn,
      let memory = try? SharedFile(path).mapped()
    else { return nil }
    self.path = path
    self.memory = memory
    size = memory.bytes.count
    let tailSize = 24 + Self.magic.count
    guard size >= tailSize + Self.magic.count,
      memory.bytes.prefix(Self.magic.count).elementsEqual(Self.magic),
      memory.bytes.suffix(Self.magic.count).elementsEqual(Self.magic)
    else { return nil }
    var numbers = WarmDirectory(UnsafeRawBufferPointer(rebasing: memory.bytes.suffix(tailSize)))
    guard let start = numbers.count(), let length = numbers.count(), let hash = numbers.number(),
      start <= size - tailSize, length == size - tailSize - start
    else { return nil }
    let bytes = UnsafeRawBufferPointer(rebasing: memory.bytes[start..<start + length])
    guard XXH64.hash(bytes) == hash else { return nil }
    var directory = WarmDirectory(bytes)
    guard let schemas = directory.schemas(), let (runs, entries) = directory.runs(schemas.count, end: start)
    else { return nil }
    self.schemas = schemas
    self.runs = runs
    self.entries = entries
  }

  /// What is kept of a run's files.
  func entries(of key: WarmKey) -> ArraySlice<WarmEntry> { runs[key].map { entries[$0] } ?? [] }

  /// Every run and what is kept of its files.
  func forEachRun(_ body: (WarmKey, ArraySlice<WarmEntry>) throws -> Void) rethrows {
    for (key, range) in runs { try body(key, entries[range]) }
  }

  /// The table of an entry; nil when it is damaged.
  func table(_ entry: WarmEntry, _ choice: WarmChoice.Columns, run: (column: Int, cell: Cell)?) -> Table? {
    let header = entry.offset..<entry.offset + entry.headerLength
    guard XXH64.hash(UnsafeRawBufferPointer(rebasing: memory.bytes[header])) == entry.headerHash else {
      return nil
    }
    return TableImage.table(
      in: memory, header: header, parts: entry.partsOffset..<entry.end,
      columnCount: schemas[entry.schema].count, wanted: choice.numbers, schema: choice.schema,
      replacing: run)
  }

  /// The bytes of an entry, header and parts.
  func bytes(of entry: WarmEntry) -> [UInt8] { Array(memory.bytes[entry.offset..<entry.end]) }
}

/// Reads the directory of a pack.
private struct WarmDirectory {
  private let bytes: UnsafeRawBufferPointer
  private var at = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  private mutating func take<Number: FixedWidthInteger & BitwiseCopyable>(_: Number.Type) -> Number? {
    let size = MemoryLayout<Number>.size
    guard bytes.count - at >= size else { return nil }
    defer { at += size }
    return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: Number.self))
  }

  mutating func number() -> UInt64? { take(UInt64.self) }

  mutating func count() -> Int? { number().flatMap { $0 < 1 << 48 ? Int($0) : nil } }

  private mutating func small() -> Int? { take(UInt32.self).map(Int.init) }

  private mutating func text() -> String? {
    guard let length = small(), length <= bytes.count - at else { return nil }
    defer { at += length }
    return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[at..<at + length]), as: UTF8.self)
  }

  mutating func texts() -> [String]? {
    guard let count = small(), count <= bytes.count - at else { return nil }
    var texts: [String] = []
    for _ in 0..<count {
      guard let text = text() else { return nil }
      texts.append(text)
    }
    return texts
  }

  mutating func schemas() -> [[String]]? {
    guard let count = small(), count <= bytes.count - at else { return nil }
    var schemas: [[String]] = []
    for _ in 0..<count {
      guard let names = texts() else { return nil }
      schemas.append(names)
    }
    return schemas
  }

  mutating func runs(_ schemaCount: Int, end: Int) -> ([WarmKey: Range<Int>], [WarmEntry])? {
    guard let suites = texts(), let count = small(), count <= bytes.count - at else { return nil }
    var runs: [WarmKey: Range<Int>] = Dictionary(minimumCapacity: count)
    var entries: [WarmEntry] = []
    for _ in 0..<count {
      guard let suite = small(), suites.indices.contains(suite), let name = text(), at < bytes.count else {
        return nil
      }
      let number = Int(bytes[at])
      at += 1
      let first = entries.count
      for _ in 0..<number {
        guard let entry = entry(), entry.schema < schemaCount, entry.end <= end else { return nil }
        entries.append(entry)
      }
      runs[WarmKey(suite: suites[suite], run: name)] = first..<entries.count
    }
    return at == bytes.count ? (runs, entries) : nil
  }

  private mutating func entry() -> WarmEntry? {
    guard let kind = number(), let gzip = count(), let device = number(), let inode = number(),
      let size = count(), let modified = number(), let changed = number(), let read = count(),
      let nonFinite = count(), let surrogates = count(), let schema = count(), let offset = count(),
      let headerLength = count(), let headerHash = number(), let partsLength = count()
    else { return nil }
    var counts = ReadingCounts()
    (counts.bytes, counts.nonFinite, counts.loneSurrogates) = (read, nonFinite, surrogates)
    return WarmEntry(
      kind: kind, isGzip: gzip == 1,
      version: FileStatus.Version(
        device: device, inode: inode, size: size, modified: Int(truncatingIfNeeded: modified),
        changed: Int(truncatingIfNeeded: changed)), counts: counts, schema: schema, offset: offset,
      headerLength: headerLength, headerHash: headerHash, partsLength: partsLength)
  }
}

extension WarmKey {
  fileprivate init(suite: String, run: String) {
    self.suite = suite[...]
    self.run = run[...]
  }
}
