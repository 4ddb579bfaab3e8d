package import Magnet

/// What packing or unpacking did.
package struct ArchiveOutcome: Sendable {
  /// How many files, and their bytes inflated.
  package internal(set) var files = 0
  package internal(set) var bytes = 0
  /// The bytes of the archive, or of the compressed files.
  package internal(set) var storedBytes = 0
  /// What was left out, and why.
  package internal(set) var faults: [DataFault] = []
}

/// Writes an archive of what is in a folder: the same bytes for the same files, whatever their dates and owners.
///
/// A zip's entries can be read one by one; a .tar.gz is smaller and must be inflated from its beginning for its list.
/// Names are those below the folder, in the order of code points. Links and what is not a file are left out, as faults.
/// - Parameters:
///   - target: where to write; the file there is replaced. It is not packed itself when it lies in the folder.
///   - name: the name the archive will have, whose ending tells the format: .zip, .tar, .tar.gz or .tgz.
/// - Throws: `DataFault` when something cannot be read or written, or the ending is another; `CancellationError` when the
///   task is cancelled.
package func packArchive(
  of folder: String, to target: String, named name: String
) throws -> ArchiveOutcome {
  guard Archive.hasName(name) else {
    throw DataFault(
      file: name, problem: "the ending tells no format",
      advice: "give a name that ends in \(Archive.endings.joined(separator: ", "))")
  }
  let walk: FolderWalk
  do { walk = try FolderWalk(folder) } catch { throw error.fault(folder) }
  var outcome = ArchiveOutcome()
  outcome.faults = walk.leftOut.map {
    DataFault(file: folder + "/" + $0.name, problem: "left out of the archive: \($0.problem)")
  }
  let own = [target, name].compactMap { Files.status($0)?.identity }
  let output = OutputFile(
    try writing(target) { () throws(SystemError) in try FileDescriptor(target, .truncate) }, target)
  var writer: any EntryWriter =
    name.hasSuffix(".zip") ? ZipWriter(output) : TarWriter(output, isCompressed: !name.hasSuffix(".tar"))
  for item in walk.items {
    try Task.checkCancellation()
    let path = folder + "/" + item.name
    if item.isFolder {
      try writer.add(item.name + "/", nil)
      continue
    }
    if let identity = Files.status(path)?.identity, own.contains(identity) { continue }
    guard let file = try DiskTree().stored(path) else {
      throw DataFault(file: path, problem: "the file went away while it was packed")
    }
    try writer.add(item.name, file)
    outcome.files += 1
    outcome.bytes += file.storedSize
  }
  try writer.finish()
  outcome.storedBytes = output.size
  return outcome
}

/// Says what keeps a file from being written.
func writing<R: ~Copyable>(_ path: String, _ body: () throws(SystemError) -> R) throws(DataFault) -> R {
  do { return try body() } catch {
    throw DataFault(file: path, problem: "it cannot be written: \(error.description)")
  }
}

/// A file written from its beginning, in places again.
final class OutputFile {
  private let file: FileDescriptor
  private let path: String
  private(set) var size = 0

  init(_ file: consuming FileDescriptor, _ path: String) {
    self.file = file
    self.path = path
  }

  func write(_ bytes: [UInt8]) throws(DataFault) {
    do { try unsafe bytes.withUnsafeBytes { try unsafe file.write($0) } } catch {
      throw DataFault(
        file: path, problem: "it cannot be written: \((error as? SystemError)?.description ?? "\(error)")")
    }
    size += bytes.count
  }

  /// Writes other bytes in the place of some.
  func write(_ bytes: [UInt8], at offset: Int) throws(DataFault) {
    do { try unsafe bytes.withUnsafeBytes { try unsafe file.write($0, at: offset) } } catch {
      throw DataFault(
        file: path, problem: "it cannot be written: \((error as? SystemError)?.description ?? "\(error)")")
    }
  }
}

/// Writes the entries of an archive.
protocol EntryWriter {
  /// Adds a file, or without one a folder, whose name ends in a slash.
  mutating func add(_ name: String, _ file: (any ByteStream)?) throws
  mutating func finish() throws
}

/// The lowest byte first.
private func little(_ value: Int, _ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

/// A zip: deflated entries, zip64 where it is needed, all dated 1980.
struct ZipWriter: EntryWriter {
  private let output: OutputFile
  private var directory: [UInt8] = []
  private var count = 0

  init(_ output: OutputFile) { self.output = output }

  mutating func add(_ name: String, _ file: (any ByteStream)?) throws {
    let offset = output.size
    let isLarge = (file?.storedSize ?? 0) > 0xF000_0000
    // The sizes are known afterwards, and written then.
    try output.write(
      header(name, isLarge, crc: [0, 0, 0, 0], stored: 0, size: 0, method: file == nil ? 0 : 8))
    let start = output.size
    var trailer: [UInt8] = []
    if let file {
      var gzip = GzipWriter()
      var left = 10
      // What gzip is without its header of 10 bytes and its trailer of 8, which has the checksum.
      func take(_ piece: [UInt8]) throws {
        let passed = min(left, piece.count)
        left -= passed
        trailer += piece.dropFirst(passed)
        if trailer.count > 8 {
          try output.write(Array(trailer.dropLast(8)))
          trailer = Array(trailer.suffix(8))
        }
      }
      try unsafe file.forEachPiece {
        try Task.checkCancellation()
        try unsafe gzip.add(Array($0), take)
      }
      try gzip.add([], isLast: true, take)
    }
    let (stored, size) = (output.size - start, file?.storedSize ?? 0)
    let crc = trailer.isEmpty ? [0, 0, 0, 0] : Array(trailer.prefix(4))
    let method = file == nil ? 0 : 8
    try output.write(header(name, isLarge, crc: crc, stored: stored, size: size, method: method), at: offset)
    let large = [size, stored, offset].filter { $0 >= 0xFFFF_FFFF }
    let extra =
      large.isEmpty ? [] : little(1, 2) + little(8 * large.count, 2) + large.flatMap { little($0, 8) }
    func short(_ value: Int) -> [UInt8] { little(min(value, 0xFFFF_FFFF), 4) }
    directory += little(0x0201_4B50, 4) + [45, 3] + common(crc, method)
    directory += short(stored) + short(size) + little(name.utf8.count, 2) + little(extra.count, 2)
    directory += [UInt8](repeating: 0, count: 6)
    directory += little(file == nil ? 0o040755 << 16 | 0x10 : 0o100644 << 16, 4) + short(offset)
    directory += Array(name.utf8) + extra
    count += 1
  }

  /// Version, the flag for UTF-8, method, the first of January 1980, checksum.
  private func common(_ crc: [UInt8], _ method: Int) -> [UInt8] {
    little(45, 2) + little(1 << 11, 2) + little(method, 2) + little(0, 2) + little(0x21, 2) + crc
  }

  private func header(
    _ name: String, _ isLarge: Bool, crc: [UInt8], stored: Int, size: Int, method: Int
  ) -> [UInt8] {
    let sizes =
      isLarge ? little(0xFFFF_FFFF, 4) + little(0xFFFF_FFFF, 4) : little(stored, 4) + little(size, 4)
    let extra = isLarge ? little(1, 2) + little(16, 2) + little(size, 8) + little(stored, 8) : []
    return little(0x0403_4B50, 4) + common(crc, method) + sizes + little(name.utf8.count, 2)
      + little(extra.count, 2) + Array(name.utf8) + extra
  }

  mutating func finish() throws {
    let start = output.size
    try output.write(directory)
    let end = output.size
    if count >= 0xFFFF || end >= 0xFFFF_FFFF {
      let counts = little(count, 8) + little(count, 8)
      try output.write(
        little(0x0606_4B50, 4) + little(44, 8) + little(45, 2) + little(45, 2) + little(0, 8) + counts
          + little(directory.count, 8) + little(start, 8))
      try output.write(little(0x0706_4B50, 4) + little(0, 4) + little(end, 8) + little(1, 4))
    }
    let counts = little(min(count, 0xFFFF), 2)
    try output.write(
      little(0x0605_4B50, 4) + little(0, 4) + counts + counts + little(min(directory.count, 0xFFFF_FFFF), 4)
        + little(min(start, 0xFFFF_FFFF), 4) + little(0, 2))
  }
}

/// A tar, with pax headers for names longer than 100 bytes and sizes from 8 GB, gzipped if wished; all dated 1970.
struct TarWriter: EntryWriter {
  private let output: OutputFile
  private var gzip: GzipWriterBox?

  init(_ output: OutputFile, isCompressed: Bool) {
    self.output = output
    gzip = isCompressed ? GzipWriterBox() : nil
  }

  private func write(_ bytes: [UInt8], isLast: Bool = false) throws {
    guard let gzip else { return try output.write(bytes) }
    try gzip.writer.add(bytes, isLast: isLast) { try output.write($0) }
  }

  mutating func add(_ name: String, _ file: (any ByteStream)?) throws {
    let size = file?.storedSize ?? 0
    var fields: [(String, String)] = []
    if name.utf8.count > 100 { fields.append(("path", name)) }
    if size >= 1 << 33 { fields.append(("size", String(size))) }
    if !fields.isEmpty {
      let records = Array(fields.map { Self.record($0, $1) }.joined().utf8)
      try write(Self.header("PaxHeaders/long", kind: "x", size: records.count, mode: 0o644))
      try write(records + Self.padding(records.count))
    }
    try write(
      Self.header(name, kind: file == nil ? "5" : "0", size: size, mode: file == nil ? 0o755 : 0o644))
    try unsafe file?.forEachPiece {
      try Task.checkCancellation()
      try unsafe write(Array($0))
    }
    try write(Self.padding(size))
  }

  func finish() throws { try write([UInt8](repeating: 0, count: 1024), isLast: true) }

  private static func padding(_ size: Int) -> [UInt8] {
    [UInt8](repeating: 0, count: (512 - size % 512) % 512)
  }

  /// A pax record; its length counts its own digits.
  private static func record(_ key: String, _ value: String) -> String {
    let rest = " \(key)=\(value)\n"
    var length = rest.utf8.count + 1
    while String(length).utf8.count + rest.utf8.count != length { length += 1 }
    return "\(length)\(rest)"
  }

  private static func header(_ name: String, kind: Character, size: Int, mode: Int) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ bytes: some Collection<UInt8>, at offset: Int) {
      for (number, byte) in bytes.enumerated() { header[offset + number] = byte }
    }
    func octal(_ value: Int, _ digits: Int) -> String.UTF8View {
      let text = String(value, radix: 8)
      return (String(repeating: "0", count: max(0, digits - text.count)) + text).utf8
    }
    put(name.utf8.prefix(100), at: 0)
    put(octal(mode, 7), at: 100)
    put(octal(0, 7), at: 108)
    put(octal(0, 7), at: 116)
    put(octal(size < 1 << 33 ? size : 0, 11), at: 124)
    put(octal(0, 11), at: 136)
    put("        ".utf8, at: 148)
    put(String(kind).utf8, at: 156)
    put("ustar\u{0}00".utf8, at: 257)
    put(octal(header.reduce(0) { $0 + Int($1) }, 6), at: 148)
    header[154] = 0
    return header
  }
}

/// A compressor that lives as long as what writes with it.
final class GzipWriterBox {
  var writer = GzipWriter()
}
