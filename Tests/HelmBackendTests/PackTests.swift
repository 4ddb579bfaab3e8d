import Foundation
import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// Folders packed and taken apart again, in every format; and names that would lead elsewhere.
@Suite struct PackTests {
  static let formats = [".zip", ".tar", ".tar.gz", ".tgz"]

  /// A tree of files with odd names, by their paths; folders end in a slash.
  static func tree(_ random: inout SplitMix) -> [String: [UInt8]] {
    let names = [
      "a", "b c", "é", "漢字", "run:x=1,y=2", "UPPER", "…", "a.json", "-", "~", "e\u{301}", "x'\"y",
      String(repeating: "n", count: 150), "%20", "&amp;",
    ]
    var tree: [String: [UInt8]] = [:]
    func fill(_ prefix: String, _ depth: Int) {
      for name in names.shuffled(using: &random).prefix(1 + Int(random.next() % 5)) {
        let isFolder = depth < 3 && random.next() % 3 == 0
        if isFolder {
          tree[prefix + name + "/"] = []
          if random.next() % 4 > 0 { fill(prefix + name + "/", depth + 1) }
        } else {
          tree[prefix + name] = InflateTests.bytes(Int(random.next() % 2000), seed: random.next())
        }
      }
    }
    fill("", 0)
    return tree
  }

  private static func write(
    _ tree: [String: [UInt8]], to folder: TemporaryFolder, _ name: String, reversed: Bool
  ) throws {
    let items = tree.sorted { $0.key < $1.key }
    try Files.makeFolder(folder.path + "/" + name)
    for (path, bytes) in reversed ? items.reversed() : items {
      if path.hasSuffix("/") {
        try Files.makeFolder(folder.path + "/\(name)/" + path.dropLast())
      } else {
        try folder.write(bytes, to: name + "/" + path)
      }
    }
  }

  /// What is in a folder, in the same form.
  private static func read(_ folder: String) throws -> [String: [UInt8]] {
    var tree: [String: [UInt8]] = [:]
    func read(_ prefix: String) throws {
      for entry in try Files.entries(folder + "/" + prefix) {
        if entry.isFolder {
          tree[prefix + entry.name + "/"] = []
          try read(prefix + entry.name + "/")
        } else {
          tree[prefix + entry.name] = try Files.read(folder + "/" + prefix + entry.name, atMost: 1 << 20)
        }
      }
    }
    try read("")
    return tree
  }

  @Test(arguments: formats, [1, 2, 3] as [UInt64]) func whatIsPackedComesOutAgain(
    _ format: String, _ seed: UInt64
  ) throws {
    var random = SplitMix(state: seed)
    let folder = try TemporaryFolder()
    let tree = Self.tree(&random)
    try Self.write(tree, to: folder, "one", reversed: false)
    try Self.write(tree, to: folder, "two", reversed: true)
    let (first, second) = (folder.path + "/first" + format, folder.path + "/second" + format)
    let outcome = try packArchive(of: folder.path + "/one", to: first, named: first)
    _ = try packArchive(of: folder.path + "/two", to: second, named: second)
    let bytes = try Files.read(first, atMost: 1 << 24)
    #expect(bytes == (try Files.read(second, atMost: 1 << 24)), "the same bytes whenever files were made")
    let files = tree.filter { !$0.key.hasSuffix("/") }
    #expect(outcome.files == files.count && outcome.bytes == files.values.reduce(0) { $0 + $1.count })
    #expect(outcome.storedBytes == bytes.count && outcome.faults.isEmpty)

    let archive = try Archive(first, limits: .standard)
    #expect(archive.fault == nil && archive.notes.isEmpty)
    let names = archive.entries.map { $0.name + ($0.isFolder ? "/" : "") }
    #expect(names.sorted(by: codePointOrder) == tree.keys.sorted(by: codePointOrder))
    // In any order, and several at once.
    let streams = try files.keys.shuffled(using: &random).map { ($0, try #require(try archive.bytes($0))) }
    for (name, stream) in streams { #expect(try stream.next(1) == Array(files[name]!.prefix(1))) }
    for (name, stream) in streams {
      #expect(try stream.next(5000) == Array(files[name]!.dropFirst()), "\(name)")
    }
    #expect(try archive.bytes("nothing") == nil)

    let (unpacked, notes) = try unpackArchive(first, to: folder.path + "/out/deep/")
    #expect(notes.isEmpty && unpacked.files == files.count)
    #expect(try Self.read(folder.path + "/out/deep") == tree)
    #expect(throws: DataFault.self) { try unpackArchive(first, to: folder.path + "/out") }
  }

  /// To String, a slash and a combining mark are one character; to the system the slash separates.
  @Test(arguments: [
    "../\u{301}x", "a/../\u{301}x", "..\u{2F}\u{20DD}..\u{2F}\u{20DD}x", "a/\u{301}b", "\u{600}/x",
    "/\u{301}x",
  ])
  func slashesThatCombineAreRefused(_ name: String) throws {
    let refusal = #expect(throws: EntryRefusal.self) { try EntryName.path(name.utf8) }
    #expect(refusal?.problem == "its name has a slash that combines with a mark")
    let folder = try TemporaryFolder()
    var tar = TarBytes()
    tar.add("sound", [1])
    tar.addPax([("path", name)])
    tar.add("x", [2])
    let zip = ZipBytes([ZipBytes.Entry("sound", "1"), ZipBytes.Entry(name, "2")])
    for (ending, bytes) in [("tar", tar.ended), ("zip", zip.bytes)] {
      let path = try folder.write(bytes, to: "in/x." + ending)
      let archive = try Archive(path, limits: .standard)
      #expect(archive.entries.map(\.name) == ["sound"])
      let fault = #expect(throws: DataFault.self) { try unpackArchive(path, to: folder.path + "/in/out") }
      #expect(fault?.problem == "the entry is refused: its name has a slash that combines with a mark")
      #expect(try Files.entries(folder.path).map(\.name) == ["in"])
    }
  }

  /// Paths as the system takes them apart: by bytes.
  @Test func pathsAreTakenApartByBytes() {
    var random = SplitMix(state: 4)
    let pieces = ["a", "b", "/", "//", ".", "..", "\u{301}", "é", "\u{600}", " ", "/..", "/."]
    for _ in 0..<600 {
      let path = (0..<Int(random.next() % 9)).map { _ in pieces[Int(random.next() % UInt64(pieces.count))] }
        .joined()
      let parts = path.utf8.split(separator: 0x2F, omittingEmptySubsequences: false).map { Array($0) }
      #expect(Files.parts(of: path).map { Array($0.utf8) } == parts)
      var kept: [[UInt8]] = []
      for part in parts where !part.isEmpty && part != [0x2E] {
        if part == [0x2E, 0x2E] { _ = kept.popLast() } else { kept.append(part) }
      }
      let expected: [UInt8] = [0x2F] + Array(kept.joined(separator: [0x2F]))
      #expect(Array(Files.absolute("/" + path).utf8) == expected, "\(path)")
      let isName = !path.isEmpty && path != "." && path != ".." && parts.count == 1
      #expect(Files.isName(path) == isName, "\(path)")
      let folder = Array(parts.dropLast().joined(separator: [0x2F]))
      let wanted: [UInt8] = parts.count == 1 ? [0x2E] : folder.isEmpty ? [0x2F] : folder
      #expect(Array(Files.folder(of: path).utf8) == wanted, "\(path)")
    }
    #expect(!Files.isName("a\0b") && !Files.isName(""))
  }

  @Test func linksAndOtherThingsAreLeftOutAndSaid() throws {
    let folder = try TemporaryFolder()
    try folder.write("x", to: "in/file")
    try folder.write("x", to: "in/new\nline")
    try Files.link(folder.path + "/in/link", to: folder.path + "/in/file")
    try Files.link(folder.path + "/in/latest", to: folder.path)
    #expect(mkfifo(folder.path + "/in/pipe", 0o600) == 0)
    let target = folder.path + "/in/own.zip"
    let outcome = try packArchive(of: folder.path + "/in", to: target, named: target)
    #expect(
      outcome.faults.map { $0.file.dropFirst(folder.path.count) + ": " + $0.problem } == [
        "/in/link: left out of the archive: a link",
        "/in/new\\nline: left out of the archive: its name has control characters",
        "/in/pipe: left out of the archive: not a file",
      ])
    #expect(outcome.files == 1)
    #expect(try Archive(target, limits: .standard).entries.map(\.name) == ["file"])
    let ending = #expect(throws: DataFault.self) {
      try packArchive(of: folder.path, to: folder.path + "/x.rar", named: "x.rar")
    }
    #expect(ending?.problem == "the ending tells no format")
    #expect(ending?.advice == "give a name that ends in .zip, .tar, .tar.gz, .tgz")
    #expect(throws: DataFault.self) { try packArchive(of: folder.path + "/no", to: target, named: target) }
  }

  @Test(
    arguments: [
      ("BZh91AY", "archives packed by bzip2 are not read", "pack it as .zip or .tar.gz"),
      (
        "7z\u{BC}", "this is a file, and runs are folders",
        "name the run's folder, its suite, the benchmark_output they lie in, or an archive of one"
      ),
      ("", "the file is empty", nil),
      (
        "PK\u{5}\u{6}", "the archive's directory is missing at its end, it was cut off",
        "copy or download it again"
      ),
    ] as [(String, String, String?)])
  func filesThatAreNoArchives(_ text: String, _ problem: String, _ advice: String?) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(text, to: "x")
    let fault = #expect(throws: DataFault.self) { try Archive(path, limits: .standard) }
    #expect(fault?.problem == problem && fault?.advice == advice && fault?.file == path)
  }

  @Test func stemsAreNamesWithoutEndings() {
    for (name, stem) in [
      ("a.zip", "a"), ("a.tar.gz", "a"), ("a.tgz", "a"), ("a.tar", "a"), ("a.gz", "a.gz"),
      ("a.tar.zip", "a.tar"),
      ("a", "a"), (".zip", ""), ("x/a.v1.zip", "x/a.v1"),
    ] {
      #expect(archiveStem(name) == stem)
      #expect(Archive.hasName(name) == (name != stem))
    }
  }

  // MARK: - Files compressed one by one

  @Test func filesAreCompressedAndStayWhatTheyAre() throws {
    let folder = try TemporaryFolder()
    var random = SplitMix(state: 3)
    let sizes = [0, 1, 5000, 200_000]
    for (number, size) in sizes.enumerated() {
      try folder.write(InflateTests.bytes(size, seed: random.next()), to: "in/run:\(number)/stats.json")
    }
    try folder.write("kept", to: "in/run:0/notes.txt")
    try folder.write("[]", to: "in/.hidden/stats.json")
    let before = try Self.read(folder.path + "/in")
    let outcome = try compressFiles(in: folder.path + "/in")
    #expect(outcome.files == 4 && outcome.bytes == sizes.reduce(0, +) && outcome.faults.isEmpty)
    let after = try Self.read(folder.path + "/in")
    #expect(after.keys.filter { $0.hasSuffix(".json") } == [".hidden/stats.json"])
    for (name, bytes) in before where name.hasPrefix("run:") && name.hasSuffix(".json") {
      #expect(inflated(gzip: after[name + ".gz"] ?? [], atMost: 1 << 20) == bytes, "\(name)")
    }
    #expect(
      outcome.storedBytes == after.filter { $0.key.hasSuffix(".gz") }.values.reduce(0) { $0 + $1.count })
    let again = try compressFiles(in: folder.path + "/in")
    #expect(again.files == 0)
    #expect(try Self.read(folder.path + "/in") == after)
  }

  /// Interrupted between two steps, the next call ends what was begun; two that differ both stay.
  @Test func whatWasBegunIsEndedAndWhatDiffersStays() throws {
    let folder = try TemporaryFolder()
    try folder.write("[1]", to: "same/stats.json")
    try folder.write(gzip(Array("[1]".utf8)), to: "same/stats.json.gz")
    try folder.write("[1]", to: "other/stats.json")
    try folder.write(gzip(Array("[2]".utf8)), to: "other/stats.json.gz")
    try folder.write("torn", to: "torn/stats.json.gz.part")
    try folder.write("[3]", to: "torn/stats.json")
    let outcome = try compressFiles(in: folder.path)
    #expect(outcome.files == 2)
    #expect(
      outcome.faults.map(\.description) == [
        "\(folder.path)/other/stats.json.gz: it does not inflate to what is in \(folder.path)/other/stats.json; remove one of them"
      ])
    let names = try Self.read(folder.path).keys.filter { !$0.hasSuffix("/") }.sorted()
    #expect(names == ["other/stats.json", "other/stats.json.gz", "same/stats.json.gz", "torn/stats.json.gz"])
  }
}
