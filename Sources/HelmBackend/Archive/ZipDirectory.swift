import Magnet

/// Where an entry of a zip file lies, as the central directory says (PKWARE's APPNOTE.TXT 6.3, 4.3.12).
struct ZipRecord: Sendable, Hashable {
  /// The start of its local header, and where the next entry, or the directory, begins.
  let offset: Int
  let end: Int
  /// Bytes as they lie in the file.
  let stored: Int
  let crc: UInt32
  let method: Int
  let isEncrypted: Bool
}

/// Reads the central directory of a zip file, with zip64.
struct ZipDirectory {
  private struct Record {
    var name: ArraySlice<UInt8>
    let offset: Int
    let stored: Int
    let size: Int
    let crc: UInt32
    let method: Int
    let flags: Int
    let mode: Int
    var isFolder: Bool
    /// Whether it was made by DOS or Windows, some of whose programs write backslashes into names.
    let isOfDOS: Bool

    /// Takes backslashes for slashes.
    mutating func turnSlashes() {
      name = ArraySlice(name.map { $0 == UInt8(ascii: "\\") ? UInt8(ascii: "/") : $0 })
      if name.last == UInt8(ascii: "/") { isFolder = true }
    }
  }

  private let file: SharedFile
  /// Where the archive begins in the file: something may stand before it.
  private var base = 0
  private var start = 0
  private var bytes: [UInt8] = []
  private var count = 0

  static func contents(_ file: SharedFile, _ limits: InflateLimits) throws(DataFault) -> ArchiveContents {
    var directory = ZipDirectory(file: file)
    try directory.locate()
    return try directory.contents(limits)
  }

  private init(file: SharedFile) { self.file = file }

  private func fault(_ problem: String) -> DataFault {
    DataFault(file: file.path, problem: problem, advice: "copy or download it again")
  }

  private var damaged: DataFault { fault("the archive's directory is damaged") }

  private func bytes(_ offset: Int, _ count: Int) throws(DataFault) -> [UInt8] {
    guard offset >= 0, count >= 0, offset <= file.size, count <= file.size - offset else { throw damaged }
    return try FilePart(file, from: offset, count: count).next(count)
  }

  /// Finds the directory by the record at the file's end, and reads it.
  private mutating func locate() throws(DataFault) {
    let length = min(file.size, 22 + 0xFFFF)
    let tail = try bytes(file.size - length, length)
    let found = stride(from: length - 22, through: 0, by: -1).first { at in
      tail[at] == 0x50 && tail.little(at, 4) == 0x0605_4B50 && tail.little(at + 20, 2) == length - at - 22
    }
    guard let at = found else {
      throw fault("the archive's directory is missing at its end, it was cut off")
    }
    var end = file.size - length + at
    var disks = (tail.little(at + 4, 2), tail.little(at + 6, 2))
    var counts = (tail.little(at + 8, 2), tail.little(at + 10, 2))
    var size = tail.little(at + 12, 4)
    var offset = tail.little(at + 16, 4)
    if end >= 20 {
      let locator = try bytes(end - 20, 20)
      if locator.little(0, 4) == 0x0706_4B50, let place = Int(exactly: locator.little(8, 8)) {
        let record = try bytes(place, 56)
        guard record.little(0, 4) == 0x0606_4B50 else { throw damaged }
        disks = (record.little(16, 4), record.little(20, 4))
        counts = (record.little(24, 8), record.little(32, 8))
        size = record.little(40, 8)
        offset = record.little(48, 8)
        end = place
      }
    }
    guard disks == (0, 0), counts.0 == counts.1 else {
      throw DataFault(
        file: file.path, problem: "the archive is one of several parts", advice: "pack it as one file")
    }
    guard let size = Int(exactly: size), let offset = Int(exactly: offset), size <= end, offset <= end - size,
      let count = Int(exactly: counts.0), count <= size / 46
    else { throw damaged }
    base = end - size - offset
    start = end - size
    self.count = count
    bytes = try bytes(start, size)
  }

  private func contents(_ limits: InflateLimits) throws(DataFault) -> ArchiveContents {
    var records: [Record] = []
    records.reserveCapacity(count)
    var at = 0
    for _ in 0..<count { records.append(try record(&at)) }
    if at != bytes.count { throw damaged }
    // Windows' own programs say that they are of Windows; others only show it by having no slash at all.
    let hasNoSlash = !records.contains { $0.name.contains(UInt8(ascii: "/")) }
    for number in records.indices where records[number].isOfDOS || hasNoSlash {
      records[number].turnSlashes()
    }
    let ends = try ends(records)
    var contents = ArchiveContents()
    for (record, end) in zip(records, ends) {
      switch record.mode & 0o170000 {
      case 0o120000 where EntryName.isLatest(record.name): break
      case 0o120000: contents.refuse(record.name, .link)
      case 0, 0o100000, 0o040000:
        contents.add(
          record.name, size: record.size,
          record.isFolder
            ? .folder
            : .zip(
              ZipRecord(
                offset: record.offset, end: end, stored: record.stored, crc: record.crc,
                method: record.method, isEncrypted: record.flags & 1 != 0)))
      default: contents.refuse(record.name, .device)
      }
    }
    return contents
  }

  /// Reads the record that begins at `at`, and goes beyond it.
  private func record(_ at: inout Int) throws(DataFault) -> Record {
    let rest = bytes[at...]
    guard rest.count >= 46, rest.little(0, 4) == 0x0201_4B50 else { throw damaged }
    let lengths = (Int(rest.little(28, 2)), Int(rest.little(30, 2)), Int(rest.little(32, 2)))
    guard rest.count >= 46 + lengths.0 + lengths.1 + lengths.2 else { throw damaged }
    let name = rest.dropFirst(46).prefix(lengths.0)
    var numbers = [rest.little(24, 4), rest.little(20, 4), rest.little(42, 4)]
    var extra = rest.dropFirst(46 + lengths.0).prefix(lengths.1)
    while extra.count >= 4 {
      let length = Int(extra.little(2, 2))
      guard extra.count >= 4 + length else { break }
      var values = extra.dropFirst(4).prefix(length)
      if extra.little(0, 2) == 1 {
        // zip64: those of the numbers that do not fit, in this order.
        for number in numbers.indices where numbers[number] == 0xFFFF_FFFF {
          guard values.count >= 8 else { throw damaged }
          numbers[number] = values.little(0, 8)
          values = values.dropFirst(8)
        }
      }
      extra = extra.dropFirst(4 + length)
    }
    guard let size = Int(exactly: numbers[0]), let stored = Int(exactly: numbers[1]),
      let offset = Int(exactly: numbers[2]), offset <= start - base, stored <= start
    else { throw damaged }
    at += 46 + lengths.0 + lengths.1 + lengths.2
    // Unix writes the kind of file; so does macOS. DOS has a bit for folders.
    let isUnix = [3, 19].contains(rest.little(5, 1))
    let attributes = Int(rest.little(38, 4))
    let mode = isUnix ? attributes >> 16 : 0
    return Record(
      name: name, offset: base + offset, stored: stored, size: size, crc: UInt32(rest.little(16, 4)),
      method: Int(rest.little(10, 2)), flags: Int(rest.little(8, 2)), mode: mode,
      isFolder: name.last == UInt8(ascii: "/") || mode & 0o170000 == 0o040000
        || (!isUnix && attributes & 0x10 != 0),
      isOfDOS: [0, 10, 11, 14].contains(rest.little(5, 1)))
  }

  /// Where the entry after each begins; two that overlap are a bomb.
  private func ends(_ records: [Record]) throws(DataFault) -> [Int] {
    var ends = [Int](repeating: start, count: records.count)
    let order = records.indices.sorted { records[$0].offset < records[$1].offset }
    for (number, next) in zip(order, order.dropFirst()) { ends[number] = records[next].offset }
    for (number, next) in zip(order, order.dropFirst() + [-1]) {
      let record = records[number]
      if record.offset + 30 + record.name.count + record.stored > ends[number] {
        throw DataFault(
          file: file.path + "!/" + EntryName.shown(record.name),
          problem: next < 0
            ? "the entry overlaps the archive's directory"
            : "the entry overlaps \(EntryName.shown(records[next].name)), as in a bomb",
          advice: "do not trust this archive")
      }
    }
    return ends
  }
}

extension ZipRecord {
  private static let methods = [
    1: "shrink", 6: "implode", 9: "deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "xz",
    98: "PPMd", 99: "AES",
  ]

  /// The bytes of the entry, inflated.
  /// - Parameters:
  ///   - path: what it is called.
  ///   - name: the entry's name as it stands in the archive's directory, as far as it is known.
  func bytes(
    _ file: SharedFile, path: String, size: Int, _ limits: InflateLimits
  ) throws(DataFault) -> any ByteStream {
    if isEncrypted || method == 99 {
      throw DataFault(
        file: path, problem: "the entry is encrypted", advice: "pack the archive without a password")
    }
    guard method == 0 || method == 8 else {
      let name = Self.methods[method].map { " (\($0))" } ?? ""
      throw DataFault(
        file: path, problem: "the entry is compressed by method \(method)\(name), which is not read",
        advice: "pack the archive with deflate")
    }
    if let fault = limits.fault(path, inflated: size, stored: stored) { throw fault }
    let header = try FilePart(file, from: offset, count: 30).next(30)
    let start = offset + 30 + Int(header.little(26, 2)) + Int(header.little(28, 2))
    guard header.little(0, 4) == 0x0403_4B50, Int(header.little(8, 2)) == method, start + stored <= end,
      method == 8 || stored == size
    else {
      throw DataFault(
        file: path, problem: "the entry is not what the archive's directory says of it",
        advice: "copy or download the archive again")
    }
    if method == 0 { return FilePart(file, path: path, from: start, count: stored, crc: crc) }
    return InflatedStream(
      deflated: FilePart(file, path: path, from: start, count: stored), size: size, crc: crc, limits: limits)
  }
}
