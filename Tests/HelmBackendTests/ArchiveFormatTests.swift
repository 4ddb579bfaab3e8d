import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// The bytes of written archives, read field by field as their formats define them, without the reader of archives.
@Suite struct ArchiveFormatTests {
  private static let names = [
    "a", "a.json", "B", "run:x=1,y=2", "é", "漢字", "\u{1F536}", "e\u{301}", "~",
    String(repeating: "n", count: 99), String(repeating: "long ", count: 30),
  ]

  /// Random files and folders by their paths; folders end in a slash.
  private static func tree(_ random: inout PythonRandom) -> [String: [UInt8]] {
    var tree: [String: [UInt8]] = [:]
    func fill(_ prefix: String, _ depth: Int) {
      for place in random.sample(random.below(5), below: names.count) {
        let path = prefix + names[place]
        if depth < 2 && random.below(3) == 0 {
          tree[path + "/"] = []
          fill(path + "/", depth + 1)
        } else {
          tree[path] = (0..<random.choice([0, 1, 511, 512, 513, random.below(4000)])).map { _ in
            UInt8(random.below(7))
          }
        }
      }
    }
    fill("", 0)
    return tree
  }

  private static func packed(_ tree: [String: [UInt8]], _ format: String) throws -> [UInt8] {
    let folder = try TemporaryFolder()
    try Files.makeFolder(folder.path + "/in")
    for (path, bytes) in tree {
      if path.hasSuffix("/") {
        try Files.makeFolder(folder.path + "/in/" + path.dropLast())
      } else {
        try folder.write(bytes, to: "in/" + path)
      }
    }
    let target = folder.path + "/x" + format
    _ = try packArchive(of: folder.path + "/in", to: target, named: target)
    return try Files.read(target, atMost: 1 << 24)
  }

  /// The paths folder by folder, each in the order of its names' bytes.
  private static func ordered(_ tree: [String: [UInt8]]) -> [String] {
    func parts(_ path: String) -> [[UInt8]] {
      path.utf8.split(separator: UInt8(ascii: "/")).map { Array($0) }
    }
    return tree.keys.sorted { a, b in
      let (a, b) = (parts(a), parts(b))
      guard let place = zip(a, b).enumerated().first(where: { $1.0 != $1.1 })?.offset else {
        return a.count < b.count
      }
      return a[place].lexicographicallyPrecedes(b[place])
    }
  }

  /// The CRC-32 of gzip and zip, bit by bit.
  private static func crc(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { state, byte in
      (0..<8).reduce(state ^ UInt32(byte)) { value, _ in
        value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1
      }
    }
  }

  private static func little(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> Int {
    bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  @Test(arguments: 1...6) func zipsAreLaidOutAsTheFormatSays(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let tree = Self.tree(&random)
    let bytes = try Self.packed(tree, ".zip")
    let order = Self.ordered(tree)
    let end = bytes.count - 22
    #expect(Self.little(bytes, end, 4) == 0x0605_4B50 && Self.little(bytes, end + 20, 2) == 0)
    #expect(Self.little(bytes, end + 8, 2) == order.count && Self.little(bytes, end + 10, 2) == order.count)
    var at = Self.little(bytes, end + 16, 4)
    #expect(at + Self.little(bytes, end + 12, 4) == end)
    let start = at
    var next = 0
    for name in order {
      let content = try #require(tree[name])
      #expect(Self.little(bytes, at, 4) == 0x0201_4B50)
      // UTF-8 names, deflated but for folders, the first of January 1980.
      let isFolder = name.hasSuffix("/")
      #expect(Self.little(bytes, at + 8, 2) & 0x800 != 0)
      #expect(Self.little(bytes, at + 10, 2) == (isFolder ? 0 : 8))
      #expect(Self.little(bytes, at + 12, 2) == 0 && Self.little(bytes, at + 14, 2) == 1 << 5 | 1)
      #expect(Self.little(bytes, at + 16, 4) == Int(Self.crc(content)), "\(name)")
      #expect(Self.little(bytes, at + 24, 4) == content.count)
      let length = Self.little(bytes, at + 28, 2)
      #expect(Array(bytes[at + 46..<at + 46 + length]) == Array(name.utf8))
      #expect(Self.little(bytes, at + 38, 4) >> 16 == (isFolder ? 0o040755 : 0o100644))
      // The local header says the same, and its bytes follow those of the entry before.
      let local = Self.little(bytes, at + 42, 4)
      #expect(local == next && Self.little(bytes, local, 4) == 0x0403_4B50)
      #expect(bytes[local + 4..<local + 28].elementsEqual(bytes[at + 6..<at + 30]))
      #expect(Array(bytes[local + 30..<local + 30 + length]) == Array(name.utf8))
      next = local + 30 + length + Self.little(bytes, local + 28, 2) + Self.little(bytes, at + 20, 4)
      at += 46 + length + Self.little(bytes, at + 30, 2) + Self.little(bytes, at + 32, 2)
    }
    #expect(next == start && at == end)
  }

  @Test(arguments: 1...6) func tarsAreLaidOutAsTheFormatSays(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let tree = Self.tree(&random)
    let bytes = try Self.packed(tree, ".tar")
    #expect(bytes.count % 512 == 0 && bytes.suffix(1024).allSatisfy { $0 == 0 })
    var at = 0
    func text(_ offset: Int, _ count: Int) -> String {
      String(decoding: bytes[at + offset..<at + offset + count].prefix { $0 != 0 }, as: UTF8.self)
    }
    /// Reads a header and what belongs to it.
    func entry() throws -> (kind: String, name: [UInt8], content: [UInt8]) {
      let header = Array(bytes[at..<at + 512])
      // The sum of the header with spaces for the sum itself.
      let sum = header.enumerated().reduce(0) { $0 + (148..<156 ~= $1.offset ? 32 : Int($1.element)) }
      #expect(Int(text(148, 8), radix: 8) == sum)
      #expect(text(257, 6) == "ustar" && Array(bytes[at + 263..<at + 265]) == Array("00".utf8))
      // Nothing of the machine or the moment: no owner, no date.
      #expect([108, 116].allSatisfy { Int(text($0, 8), radix: 8) == 0 } && Int(text(136, 12), radix: 8) == 0)
      let size = try #require(Int(text(124, 12), radix: 8))
      let kind = text(156, 1)
      #expect(Int(text(100, 8), radix: 8) == (kind == "5" ? 0o755 : 0o644))
      let name = header[..<100].prefix { $0 != 0 }
      let padded = (size + 511) / 512 * 512
      let content = Array(bytes[at + 512..<at + 512 + size])
      #expect(bytes[at + 512 + size..<at + 512 + padded].allSatisfy { $0 == 0 })
      at += 512 + padded
      return (kind, Array(name), content)
    }
    for path in Self.ordered(tree) {
      let name = Array(path.utf8)
      var found = try entry()
      if name.count > 100 {
        #expect(found.kind == "x")
        let record = String(decoding: found.content, as: UTF8.self)
        // The length of a record counts its own digits.
        #expect(record == "\(record.utf8.count) path=\(path)\n")
        found = try entry()
      }
      #expect(found.name == Array(name.prefix(100)) && found.content == tree[path])
      #expect(found.kind == (path.hasSuffix("/") ? "5" : "0"))
    }
    #expect(at + 1024 == bytes.count)
    // Compressed, it is the same tar.
    let compressed = try Self.packed(tree, random.choice([".tar.gz", ".tgz"]))
    #expect(compressed.starts(with: [0x1F, 0x8B, 8]))
    #expect(Self.little(compressed, compressed.count - 8, 4) == Int(Self.crc(bytes)))
    #expect(Self.little(compressed, compressed.count - 4, 4) == bytes.count)
  }
}
