import Magnet

/// Makes the bytes of zip files by hand, right ones and wrong ones.
public struct ZipBytes: Sendable {
  public struct Entry: Sendable {
    public var name: [UInt8]
    public var stored: [UInt8]
    public var size: UInt64
    public var crc: UInt32
    public var method: UInt16 = 8
    public var flags: UInt16 = 0
    /// Unix's mode; the archive says it was made by Unix.
    public var mode: UInt32 = 0o100644
    /// Whether the sizes stand in zip64's extra field.
    public var isZip64 = false
    /// The offset that the directory says, instead of the true one.
    public var offset: UInt32?

    /// A deflated entry.
    public init(_ name: String, _ bytes: [UInt8]) {
      self.name = Array(name.utf8)
      let packed = gzip(bytes)
      stored = Array(packed.dropFirst(10).dropLast(8))
      crc = UInt32(packed.suffix(8).prefix(4).reversed().reduce(0) { $0 << 8 | UInt64($1) })
      size = UInt64(bytes.count)
    }

    public init(_ name: String, _ text: String) { self.init(name, Array(text.utf8)) }

    /// The entry changed.
    public func with(_ change: (inout Entry) -> Void) -> Entry {
      var entry = self
      change(&entry)
      return entry
    }

    /// The entry as it is, not deflated.
    public func kept(_ bytes: [UInt8]) -> Entry {
      with {
        $0.method = 0
        $0.stored = bytes
      }
    }
  }

  public var entries: [Entry]
  /// What stands before the archive.
  public var prefix: [UInt8] = []
  public var comment: [UInt8] = []
  public var isZip64 = false

  public init(_ entries: [Entry]) { self.entries = entries }

  public var bytes: [UInt8] {
    var out = prefix
    var directory: [UInt8] = []
    for entry in entries {
      let offset = out.count - prefix.count
      let small = entry.isZip64 ? (0xFFFF_FFFF, 0xFFFF_FFFF) : (UInt64(entry.stored.count), entry.size)
      let extra =
        entry.isZip64
        ? little(1, 2) + little(16, 2) + little(entry.size, 8) + little(UInt64(entry.stored.count), 8) : []
      let common =
        little(UInt64(entry.flags), 2) + little(UInt64(entry.method), 2) + little(0, 4)
        + little(UInt64(entry.crc), 4)
        + little(small.0, 4) + little(small.1, 4) + little(UInt64(entry.name.count), 2)
        + little(UInt64(extra.count), 2)
      out += [0x50, 0x4B, 3, 4] + little(20, 2) + common + entry.name + extra + entry.stored
      directory += [0x50, 0x4B, 1, 2, 20, 3] + little(20, 2) + common + little(0, 2) + little(0, 4)
      directory += little(UInt64(entry.mode) << 16, 4) + little(UInt64(entry.offset ?? UInt32(offset)), 4)
      directory += entry.name + extra
    }
    let start = UInt64(out.count - prefix.count)
    out += directory
    let counts = little(UInt64(entries.count), 8)
    if isZip64 {
      let end = UInt64(out.count)
      out +=
        [0x50, 0x4B, 6, 6] + little(44, 8) + little(45, 2) + little(45, 2) + little(0, 8) + counts + counts
      out += little(UInt64(directory.count), 8) + little(start, 8)
      out += [0x50, 0x4B, 6, 7] + little(0, 4) + little(end, 8) + little(1, 4)
    }
    out += [0x50, 0x4B, 5, 6, 0, 0, 0, 0]
    if isZip64 {
      out += [UInt8](repeating: 0xFF, count: 12)
    } else {
      out += counts[..<2] + counts[..<2] + little(UInt64(directory.count), 4) + little(start, 4)
    }
    return out + little(UInt64(comment.count), 2) + comment
  }
}

/// Makes the bytes of tar files by hand.
public struct TarBytes: Sendable {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  /// A header and what belongs to it.
  public mutating func add(
    _ name: String, _ content: [UInt8] = [], kind: Character = "0", size: String? = nil, prefix: String = ""
  ) {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int) {
      header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
    }
    put(String(name.utf8.prefix(100))!, at: 0)
    put("0000644", at: 100)
    let octal = String(content.count, radix: 8)
    put(size ?? String(repeating: "0", count: 11 - octal.count) + octal, at: 124)
    put("00000000000", at: 136)
    put("        ", at: 148)
    put(String(kind), at: 156)
    put("ustar\0" + "00", at: 257)
    put(prefix, at: 345)
    let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
    put(String(repeating: "0", count: 6 - sum.count) + sum + "\0 ", at: 148)
    bytes += header + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }

  /// A pax header, for what follows.
  public mutating func addPax(_ fields: [(String, String)], kind: Character = "x") {
    var records = ""
    for (key, value) in fields {
      let rest = " \(key)=\(value)\n"
      var length = rest.utf8.count + 1
      while String(length).utf8.count + rest.utf8.count != length { length += 1 }
      records += "\(length)\(rest)"
    }
    add("pax", Array(records.utf8), kind: kind)
  }

  /// The archive with its end mark.
  public var ended: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }
}

private func little(_ value: UInt64, _ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}
