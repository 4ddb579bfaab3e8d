import Magnet

/// Reads the headers of a tar: ustar and pax (POSIX.1-2017, pax), GNU's long names, and the older form.
struct TarReader {
  private static let block = 512
  /// The most bytes that a header beside the usual one may have.
  private static let longestHeader = 1 << 20

  private let stream: any ByteStream
  /// How many bytes were read.
  private var at = 0
  private var contents = ArchiveContents()
  /// What the headers before an entry say of it, and of all.
  private var pax: [String: [UInt8]] = [:]
  private var globalPax: [String: [UInt8]] = [:]
  private var longName: [UInt8]?
  private var longLink: [UInt8]?
  /// Where the bytes of the files so far lie, by their names in the archive: hard links lead to them.
  private var files: [String: (size: Int, offset: Int)] = [:]

  /// - Throws: `DataFault` when not one entry can be read. What keeps the rest from being read is in the result.
  static func contents(_ stream: any ByteStream) throws(DataFault) -> ArchiveContents {
    var reader = TarReader(stream: stream)
    do throws(DataFault) {
      while try reader.readEntry() {}
      // What follows the end mark is not read, but its checksum is.
      _ = try stream.skip(.max)
    } catch {
      if reader.contents.entries.isEmpty { throw error }
      reader.contents.fault = error
    }
    return reader.contents
  }

  private init(stream: any ByteStream) { self.stream = stream }

  /// Whether these bytes begin with a header: its checksum is right.
  static func isHeader(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= block, let said = octal(bytes[148..<156]) else { return false }
    let sum = bytes.prefix(block).enumerated().reduce(0) { sum, byte in
      sum + (148..<156 ~= byte.offset ? 32 : Int(byte.element))
    }
    let signed = bytes.prefix(block).enumerated().reduce(0) { sum, byte in
      sum + (148..<156 ~= byte.offset ? 32 : Int(Int8(bitPattern: byte.element)))
    }
    return said == sum || said == signed
  }

  private func fault(_ problem: String) -> DataFault {
    DataFault(
      file: stream.path, place: "byte \(at)", problem: problem, advice: "copy or download it again")
  }

  private mutating func next(_ count: Int) throws(DataFault) -> [UInt8] {
    let bytes = try stream.next(count)
    at += bytes.count
    if bytes.count < count { throw fault("unexpected end of the archive (truncated)") }
    return bytes
  }

  private mutating func skip(_ count: Int) throws(DataFault) {
    let taken = try stream.skip(count)
    at += taken
    if taken < count { throw fault("unexpected end of the archive (truncated)") }
  }

  /// Reads a header and what belongs to it; false at the archive's end.
  private mutating func readEntry() throws(DataFault) -> Bool {
    let header = try next(Self.block)
    if header.allSatisfy({ $0 == 0 }) { return false }
    guard Self.isHeader(header) else {
      throw contents.entries.isEmpty && at == Self.block
        ? DataFault(
          file: stream.path, problem: "there is no tar in it", advice: "pack the folder as .tar.gz or .zip")
        : fault("the archive is damaged, no header stands here")
    }
    guard var size = Self.number(header[124..<136]) else { throw fault("a header has no size") }
    let kind = header[156]
    if "xgLK".utf8.contains(kind) {
      guard size <= Self.longestHeader else { throw fault("a header is too large") }
      let bytes = try next(size)
      try skip(Self.padding(size))
      switch kind {
      case UInt8(ascii: "x"): pax = try records(bytes)
      case UInt8(ascii: "g"): globalPax.merge(try records(bytes)) { $1 }
      case UInt8(ascii: "L"): longName = Array(bytes.prefix { $0 != 0 })
      case UInt8(ascii: "K"): longLink = Array(bytes.prefix { $0 != 0 })
      default: break
      }
      return true
    }
    let fields = globalPax.merging(pax) { $1 }
    let name = fields["path"] ?? longName ?? Self.name(header)
    if let said = fields["size"] {
      guard let said = Int(String(decoding: said, as: UTF8.self)), said >= 0 else {
        throw fault("a header has no size")
      }
      size = said
    }
    let link = fields["linkpath"] ?? longLink ?? Array(header[157..<257].prefix { $0 != 0 })
    (pax, longName, longLink) = ([:], nil, nil)
    // What holds no bytes may still name a size.
    if "123456".utf8.contains(kind) { size = 0 }
    let offset = at
    try skip(size)
    // The padding of the last entry may be missing where nothing follows; the end mark is missing then, too.
    try skip(Self.padding(size))
    let isSparse = kind == UInt8(ascii: "S") || fields.keys.contains { $0.hasPrefix("GNU.sparse") }
    switch kind {
    case _ where isSparse: contents.refuse(name, EntryRefusal(problem: "it is stored sparse"))
    case UInt8(ascii: "0"), 0, UInt8(ascii: "7"):
      let isFolder = kind != UInt8(ascii: "7") && name.last == UInt8(ascii: "/")
      contents.add(name, size: size, isFolder ? .folder : .tar(offset: offset))
      if !isFolder, let path = try? EntryName.path(name) { files[path] = (size, offset) }
    case UInt8(ascii: "1"):
      // A hard link to an entry before it is that entry's file under another name.
      guard let path = try? EntryName.path(link), let file = files[path] else {
        contents.refuse(name, .link)
        break
      }
      contents.add(name, size: file.size, .tar(offset: file.offset))
      if let own = try? EntryName.path(name) { files[own] = file }
    case UInt8(ascii: "5"): contents.add(name, size: 0, .folder)
    case UInt8(ascii: "2") where EntryName.isLatest(name): break
    case UInt8(ascii: "2"): contents.refuse(name, .link)
    case UInt8(ascii: "3"), UInt8(ascii: "4"), UInt8(ascii: "6"): contents.refuse(name, .device)
    case UInt8(ascii: "V"): break
    default: contents.refuse(name, EntryRefusal(problem: "it is of an unknown kind"))
    }
    return true
  }

  private static func padding(_ size: Int) -> Int { (block - size % block) % block }

  /// The name in a header, with ustar's prefix.
  private static func name(_ header: [UInt8]) -> [UInt8] {
    let name = header[..<100].prefix { $0 != 0 }
    let prefix = header[345..<500].prefix { $0 != 0 }
    let isUstar = header[257..<263].elementsEqual("ustar\0".utf8)
    return isUstar && !prefix.isEmpty ? Array(prefix) + [UInt8(ascii: "/")] + name : Array(name)
  }

  /// A number in a header: octal digits, or GNU's form for large ones, 80 hex and the highest byte first.
  private static func number(_ field: ArraySlice<UInt8>) -> Int? {
    guard field.first == 0x80 else { return octal(field) }
    var value = 0
    for byte in field.dropFirst() {
      guard value < 1 << 53 else { return nil }
      value = value << 8 | Int(byte)
    }
    return value
  }

  private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
    let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0 && $0 != 0x20 }
    return digits.isEmpty
      ? 0 : Int(String(decoding: digits, as: UTF8.self), radix: 8).flatMap { $0 < 0 ? nil : $0 }
  }

  /// The records of a pax header: `LENGTH KEY=VALUE\n`, the length that of the whole record.
  private func records(_ bytes: [UInt8]) throws(DataFault) -> [String: [UInt8]] {
    var records: [String: [UInt8]] = [:]
    var rest = bytes[...]
    while let first = rest.first, first != 0 {
      guard let space = rest.prefix(20).firstIndex(of: 0x20),
        let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
        length > space + 1 - rest.startIndex, length <= rest.count
      else { throw fault("a pax header is damaged") }
      let record = rest[(space + 1)..<(rest.startIndex + length)]
      guard record.last == 0x0A, let equals = record.firstIndex(of: UInt8(ascii: "=")) else {
        throw fault("a pax header is damaged")
      }
      let value = record[(equals + 1)...].dropLast()
      records[String(decoding: record[..<equals], as: UTF8.self)] = value.isEmpty ? nil : Array(value)
      rest = rest[(rest.startIndex + length)...]
    }
    return records
  }
}
