import Magnet

/// Writes a pack under a temporary name, which it gets rid of when it is complete.
final class WarmPackWriter {
  private let folder: String
  private let name: String
  private let part: String
  private let file: FileDescriptor
  private(set) var size = 0
  private var schemas: [[String]: Int] = [:]
  private var runs: [WarmKey: [WarmEntry]] = [:]
  private var buffer: [UInt8] = []
  private var isDone = false

  /// How names of packs end, and of those in the making.
  static let ending = ".columns"
  static let partEnding = ".columns-part"

  init(in folder: String) throws(SystemError) {
    self.folder = folder
    name = UInt64.random(in: .min ... .max).hexadecimal
    part = "\(folder)/\(name)\(Self.partEnding)"
    file = try FileDescriptor(part, .new)
    _ = file.lock()
    try write(WarmPack.magic)
  }

  deinit { if !isDone { Files.remove(part) } }

  private func write(_ bytes: [UInt8]) throws(SystemError) {
    buffer += bytes
    size += bytes.count
    if buffer.count >= 1 << 20 { try writeOut() }
  }

  private func writeOut() throws(SystemError) {
    try file.write(buffer)
    buffer.removeAll(keepingCapacity: true)
  }

  /// Whether what is kept of a file is among the entries.
  func has(_ key: WarmKey, _ kind: UInt64) -> Bool { runs[key]?.contains { $0.kind == kind } == true }

  /// Adds an entry with its bytes, header and parts; where these begin and to which schema they belong is set here.
  func add(_ key: WarmKey, _ entry: WarmEntry, names: [String], _ bytes: [UInt8]) throws(SystemError) {
    // No run has so many kinds of files.
    guard runs[key]?.count ?? 0 < 255 else { return }
    let schema = schemas[names] ?? schemas.count
    schemas[names] = schema
    let offset = size
    try write(bytes)
    try write([UInt8](repeating: 0, count: (8 - size % 8) % 8))
    runs[key, default: []].append(
      WarmEntry(
        kind: entry.kind, isGzip: entry.isGzip, version: entry.version, counts: entry.counts, schema: schema,
        offset: offset, headerLength: entry.headerLength, headerHash: entry.headerHash,
        partsLength: entry.partsLength))
  }

  /// Completes the pack and gives it its name, which it returns.
  func finish() throws(SystemError) -> String {
    let start = size
    var directory: [UInt8] = []
    directory.append(small: schemas.count)
    for (names, _) in schemas.sorted(by: { $0.value < $1.value }) { directory.append(texts: names) }
    while directory.count % 8 != 0 { directory.append(0) }
    directory.append(number: UInt64(runs.count))
    // By their hashes, and runs of the same hash by their paths, so that the same runs give the same bytes.
    let keys = runs.keys.sorted { $0.hash == $1.hash ? $0.path < $1.path : $0.hash < $1.hash }
    var records: [UInt8] = []
    let first = directory.count + keys.count * 16
    for key in keys {
      let entries = runs[key] ?? []
      directory.append(number: key.hash)
      directory.append(number: UInt64(first + records.count))
      records.append(text: key.path)
      records.append(UInt8(entries.count))
      for entry in entries { records.append(entry) }
    }
    directory += records
    let hash = XXH64.hash(directory)
    var trailer: [UInt8] = []
    for number in [UInt64(start), UInt64(directory.count), hash] { trailer.append(number: number) }
    try write(directory + trailer + WarmPack.magic)
    try writeOut()
    let path = "\(folder)/\(name)\(Self.ending)"
    try Files.move(part, to: path)
    isDone = true
    return path
  }
}

extension [UInt8] {
  fileprivate mutating func append(_ entry: WarmEntry) {
    append(number: entry.kind)
    append(number: entry.isGzip ? 1 : 0)
    append(entry.version)
    let numbers = [
      entry.counts.bytes, entry.counts.nonFinite, entry.counts.loneSurrogates, entry.schema, entry.offset,
      entry.headerLength,
    ]
    for number in numbers { append(number: UInt64(bitPattern: Int64(number))) }
    append(number: entry.headerHash)
    append(number: UInt64(entry.partsLength))
  }
}
