import Foundation
import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// Manifests of downloads: every state in which a killed download can leave one is read as far as it goes.
@Suite struct ManifestTests {
  static func entry(_ file: String, _ random: inout SplitMix) -> Manifest.Entry {
    let crc = random.next() % 4 == 0 ? nil : UInt32(truncatingIfNeeded: random.next())
    return Manifest.Entry(
      file: file,
      content: StoredContent(
        version: random.next(), size: Int(random.next() >> 20), crc32c: crc, isGzip: false),
      local: FileStatus.Stamp(size: Int(random.next() >> 30), modified: Int(random.next() >> 2)),
      localCRC32C: UInt32(truncatingIfNeeded: random.next()))
  }

  static func isSame(_ a: Manifest.Entry, _ b: Manifest.Entry) -> Bool {
    haveSameBytes(a.file, b.file) && a.content.version == b.content.version
      && a.content.size == b.content.size
      && a.content.crc32c == b.content.crc32c && a.local == b.local && a.localCRC32C == b.localCRC32C
  }

  static func read(_ folder: String) -> [Manifest.Entry] {
    var entries: [Manifest.Entry] = []
    Manifest.forEachEntry(folder) { entries.append($0) }
    return entries
  }

  private static let names = [
    "a.json", "run:1/stats.json", "é", "e\u{301}", "\"quoted\"", "\\", "漢/字.gz", "x y/z",
  ]

  @Test func linesAreReadAsTheyWereWritten() throws {
    var random = SplitMix(state: 1)
    let folder = try TemporaryFolder()
    let entries = (0..<300).map { _ in Self.entry(Self.names[Int(random.next() % 8)], &random) }
    try folder.write(entries.flatMap(Manifest.line), to: Manifest.fileName)
    let read = Self.read(folder.path)
    #expect(read.count == 300)
    for (a, b) in zip(entries, read) { #expect(Self.isSame(a, b)) }
  }

  /// Cut at any byte, all whole lines count; what is written next is read as well.
  @Test func tornManifestsAreReadAndResumed() throws {
    var random = SplitMix(state: 2)
    let folder = try TemporaryFolder()
    let entries = (0..<4).map { Self.entry(Self.names[$0], &random) }
    let lines = entries.map(Manifest.line)
    let all = lines.flatMap { $0 }
    let next = Self.entry("next", &random)
    var ends = [0]
    for line in lines { ends.append(ends[ends.count - 1] + line.count) }
    for length in 0...all.count {
      try folder.write(Array(all[..<length]), to: Manifest.fileName)
      let whole = ends.filter { $0 > 0 && $0 <= length }.count
      #expect(Self.read(folder.path).count == whole, "\(length)")
      do {
        let writer = try ManifestWriter(folder.path)
        try writer.add(next, to: folder.path)
      }
      let read = Self.read(folder.path)
      #expect(read.last.map { Self.isSame($0, next) } == true, "\(length)")
      // A line that lacks nothing but its end counts once it has one.
      let isEnded = ends.contains(length + 1) || ends.contains(length)
      #expect(read.count == whole + 1 + (ends.contains(length) ? 0 : isEnded ? 1 : 0), "\(length)")
    }
  }

  @Test(arguments: [
    #"{"file":"../x"}"#, #"{"file":"a/../b"}"#, #"{"file":""}"#, #"{"file":"/a"}"#, #"{"file":"a//b"}"#,
    #"{"file":"."}"#,
    #"{"file":"a\u0000"}"#, #"{"file":"..\/\u0301x"}"#, #"{"generation":1}"#, #"{"generation":"-1"}"#,
    #"{"generation":"18446744073709551616"}"#, #"{"stored_size":"1"}"#, #"{"size":1.5}"#,
    #"{"modified_ns":null}"#,
    #"{"local_crc32c":"AAAA"}"#, #"{"local_crc32c":7}"#, "null", "[]", "{", "\u{FEFF}", "   ",
  ])
  func linesThatMakeNoSenseArePassedOver(_ change: String) throws {
    var random = SplitMix(state: 3)
    let folder = try TemporaryFolder()
    let sound = Self.entry("sound", &random)
    var members = [
      "file": #""x""#, "generation": #""1""#, "stored_size": "1", "size": "1", "modified_ns": "1",
      "local_crc32c": #""AAAAAA==""#,
    ]
    var line = change
    if case .object(let changed)? = try? JSONValue(parsing: change), let member = changed.first {
      members[member.key] = String(change.dropFirst(member.key.count + 4).dropLast())
      line = "{" + members.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
    }
    let valid =
      #"{"file":"x","generation":"1","stored_size":1,"size":1,"modified_ns":1,"local_crc32c":"AAAAAA=="}"#
    let lines = Manifest.line(sound) + Array(line.utf8) + [0x0A] + Array(valid.utf8) + [0x0A]
    try folder.write(lines, to: Manifest.fileName)
    #expect(Self.read(folder.path).map(\.file) == ["sound", "x"], "\(line)")
  }

  /// The index gives each file its last entry, as a dictionary does.
  @Test func theLastEntryOfAFileCounts() throws {
    var random = SplitMix(state: 4)
    let folder = try TemporaryFolder()
    let names = (0..<60).map { "run:\($0 % 7)/f\($0)" } + ["é", "e\u{301}"]
    let entries = (0..<400).map { _ in Self.entry(names[Int(random.next() % 62)], &random) }
    try folder.write(entries.flatMap(Manifest.line), to: Manifest.fileName)
    var last: [[UInt8]: Manifest.Entry] = [:]
    for entry in entries { last[Array(entry.file.utf8)] = entry }
    let index = ManifestIndex(folder.path)
    for name in names + ["nothing", ""] {
      let (found, wanted) = (index[name], last[Array(name.utf8)])
      #expect(found?.local == wanted?.local && found?.localCRC32C == wanted?.localCRC32C, "\(name)")
      guard let found, let content = wanted?.content else { continue }
      #expect(found.isOf(content))
      let other = StoredContent(
        version: content.version &+ 1, size: content.size, crc32c: content.crc32c, isGzip: content.isGzip)
      #expect(found.isOf(other) == (content.crc32c != nil), "bytes with one checksum are the same")
      #expect(
        !found.isOf(
          StoredContent(
            version: content.version, size: content.size + 1, crc32c: content.crc32c, isGzip: false)))
    }
  }

  @Test func twoDownloadsDoNotShareAFolder() throws {
    let folder = try TemporaryFolder()
    let place = folder.path + "/new/deep"
    do {
      let first = try ManifestWriter(place)
      let error = #expect(throws: MagnetError.self) { try ManifestWriter(place) }
      #expect(
        error?.problem == "\(place): another download into this folder is going on; wait until it is done")
      first.sync()
    }
    _ = try ManifestWriter(place)
    try folder.write("x", to: "file")
    let error = #expect(throws: MagnetError.self) { try ManifestWriter(folder.path + "/file") }
    #expect(error?.problem.contains("cannot be written") == true && error?.code == .system)
  }

  @Test func filesThatChangedAreFound() async throws {
    let folder = try TemporaryFolder()
    let place = "lite/benchmark_output/runs/v1"
    var lines: [UInt8] = []
    for (name, text) in [("a", "one"), ("b", "two"), ("c", "three"), ("sub/d", "four")] {
      let path = try folder.write(text, to: "\(place)/\(name)")
      var sum = CRC32C()
      Array(text.utf8).withUnsafeBytes { sum.add($0) }
      let stamp = try #require(Files.stamp(path))
      let content = StoredContent(version: 1, size: text.utf8.count, crc32c: nil, isGzip: false)
      lines += Manifest.line(.init(file: name, content: content, local: stamp, localCRC32C: sum.value))
    }
    try folder.write(lines, to: "\(place)/\(Manifest.fileName)")
    let sound = try await verifyDownload(in: folder.path)
    #expect(sound.files == 4 && sound.bytes == 15 && sound.faults.isEmpty)
    try folder.write("TWO", to: "\(place)/b")
    try folder.write("thre", to: "\(place)/c")
    try FileManager.default.removeItem(atPath: "\(folder.path)/\(place)/sub/d")
    let found = try await verifyDownload(in: folder.path)
    #expect(
      found.faults.map { $0.description.dropFirst(folder.path.count + place.count + 2) } == [
        "b: its bytes are not those downloaded", "c: size is 4, expected 5", "sub/d: missing",
      ])
    #expect(found.files == 4)
    let error = await #expect(throws: MagnetError.self) {
      try await verifyDownload(in: folder.path + "/nothing")
    }
    #expect(error?.code == .notFound)
  }
}
