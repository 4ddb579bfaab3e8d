import Foundation
import TestSupport
import Testing

@testable import Magnet

@Suite struct SystemTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func path(_ name: String) -> String { folder.path + "/" + name }
  private var names: [String] { (try? Files.entries(folder.path).map(\.name)) ?? [] }
  private func text(_ name: String) -> String? {
    (try? Files.read(path(name), atMost: 1 << 20)).map { String(decoding: $0, as: UTF8.self) }
  }

  struct Stop: Error {}

  // MARK: Descriptors and files

  @Test func bytesAreWrittenInPlacesAndReadFromPlaces() throws {
    do {
      let file = try FileDescriptor(path("a"), .truncate)
      try file.write(Array("hello world".utf8))
      try Array("W".utf8).withUnsafeBytes { try file.write($0, at: 6) }
      let size = file.status?.size
      #expect(size == 11)
    }
    let file = try FileDescriptor(path("a"), .read)
    var memory = [UInt8](repeating: 0, count: 16)
    let count = try memory.withUnsafeMutableBytes { try file.read($0.baseAddress!, 16, at: 6) }
    #expect(String(decoding: memory[..<count], as: UTF8.self) == "World")
    var pieces: [UInt8] = []
    try file.forEachPiece { pieces += $0 }
    #expect(String(decoding: pieces, as: UTF8.self) == "hello World")
  }

  @Test func errorsOfTheSystemHaveSentences() {
    #expect(throws: SystemError(code: 2)) { _ = try FileDescriptor(path("none/a"), .append) }
    #expect(throws: SystemError(code: 17)) {
      try Files.writeNew(path("b")) { try $0([1]) }
      try Files.writeNew(path("b")) { try $0([2]) }
    }
    #expect(
      SystemError(code: 2).writing("x").description == "x: cannot be written: No such file or directory")
    #expect(SystemError(code: 28).isDiskFull && SystemError(code: 20).isMissing)
  }

  @Test func linksAreNotFollowedWhereTheyMustNotBe() throws {
    try Files.writeNew(path("file")) { try $0(Array("secret".utf8)) }
    try FileManager.default.createSymbolicLink(atPath: path("link"), withDestinationPath: path("file"))
    #expect(throws: SystemError.self) { _ = try Files.read(path("link"), atMost: 10) }
    #expect(throws: SystemError.self) { try Files.copy(path("link"), to: path("copy")) }
    #expect(throws: SystemError.self) { _ = try FileDescriptor(path("link"), .truncate) }
    #expect(Files.stamp(path("link")) == nil)
    #expect(Files.status(path("link"))?.kind == .file)
    #expect(Files.status(path("link"), followsLinks: false)?.kind == .link)
    #expect(Files.linkTarget(path("link")) == path("file"))
  }

  @Test func aTreeIsRemovedAndWhatItsLinksLeadToStays() throws {
    try Files.makeFolder(path("tree/a/b"))
    try Files.makeFolder(path("outside"))
    try Files.writeNew(path("outside/kept")) { try $0([1]) }
    try Files.writeNew(path("tree/a/b/file")) { try $0([1]) }
    try FileManager.default.createSymbolicLink(
      atPath: path("tree/a/out"), withDestinationPath: path("outside"))
    Files.removeTree(path("tree"))
    #expect(names == ["outside"])
    #expect(text("outside/kept") != nil)
  }

  @Test func entriesStandInTheOrderOfCodePoints() throws {
    let all = ["B", "a", "é", "z", "\u{1F600}", "\u{FF5E}"]
    for name in all.reversed() { try Files.writeNew(path(name)) { _ in } }
    try Files.makeFolder(path("b"))
    #expect(names == ["B", "a", "b", "z", "é", "\u{FF5E}", "\u{1F600}"])
    #expect(try Files.entries(folder.path).filter(\.isFolder).map(\.name) == ["b"])
  }

  @Test(arguments: [
    ("/a/./b/../c", "/a/c"), ("/..", "/"), ("//a//b/", "/a/b"), ("a/..", Files.current), ("", Files.current),
  ])
  func absolutePaths(_ path: String, _ expected: String) { #expect(Files.absolute(path) == expected) }

  // MARK: Replacing

  @Test func aFileIsReplacedWhenTheNewOneIsComplete() throws {
    try replacing(path("f"), writing: { try $0(Array("old".utf8)) })
    #expect(throws: Stop.self) {
      try replacing(
        path("f"),
        writing: { sink in
          try sink(Array("half of the n".utf8))
          #expect(names.count == 2)
          throw Stop()
        })
    }
    #expect(text("f") == "old" && names == ["f"])
    try replacing(path("f"), writing: { try $0(Array("new".utf8)) })
    #expect(text("f") == "new" && names == ["f"])
  }

  @Test func aFileOfWorkThatWaitsIsReplacedAtItsEnd() async throws {
    try replacing(path("f"), writing: { try $0(Array("old".utf8)) })
    await #expect(throws: Stop.self) {
      try await replacing(path("f")) { temporary in
        await Task.yield()
        try FileDescriptor(temporary, .truncate).write(Array("half".utf8))
        throw Stop()
      }
    }
    #expect(text("f") == "old" && names == ["f"])
  }

  @Test func aFolderIsCompleteOrNotThere() throws {
    #expect(throws: Stop.self) {
      try makingFolder(path("d")) { temporary in
        try Files.makeFolder(temporary + "/deep/er")
        try Files.writeNew(temporary + "/deep/file") { try $0([1]) }
        throw Stop()
      }
    }
    #expect(names.isEmpty)
    try makingFolder(path("d")) { try Files.makeFolder($0 + "/inner") }
    #expect(names == ["d"])
    let error = #expect(throws: MagnetError.self) { try makingFolder(path("d")) { _ in } }
    #expect(error?.description == "\(path("d")): cannot be written: File exists")
  }

  @Test func whatCannotBeWrittenIsNamed() {
    let error = #expect(throws: MagnetError.self) { try replacing(path("no/f"), writing: { try $0([1]) }) }
    #expect(error?.description == "\(path("no/f")): cannot be written: No such file or directory")
  }

  /// What a killed process leaves: parts that nobody has locked. Those in use and files of similar names stay.
  @Test func partsOfProcessesThatWereKilledAreRemoved() throws {
    try Files.makeFolder(path("d.111.part/deep"))
    try Files.writeNew(path("d.222.part")) { try $0([1]) }
    try Files.writeNew(path("d.333.part")) { try $0([1]) }
    try Files.writeNew(path("d.x.part")) { try $0([1]) }
    try Files.writeNew(path("dd.444.part")) { try $0([1]) }
    let used = try FileDescriptor(path("d.333.part"), .read)
    let isLocked = used.lock()
    #expect(isLocked)
    try makingFolder(path("d")) { _ in }
    #expect(names == ["d", "d.333.part", "d.x.part", "dd.444.part"])
  }

  // MARK: Logs

  private func log(
    _ header: String = "header", _ read: @escaping (String, Int) throws -> Int? = { _, _ in nil }
  )
    throws -> AppendLog
  {
    try AppendLog(path("log"), of: "trial", header: header, mismatch: { "holds \($0), not \(header)" }, read)
  }

  @Test func aLogIsResumedAfterItsLastWholeLine() throws {
    try log().append(Array("one\ntwo\n".utf8))
    #expect(text("log") == "header\none\ntwo\n")
    try FileDescriptor(path("log"), .append).write(Array("tor".utf8))
    var read: [String] = []
    try log { line, number in
      read.append("\(number) \(line)")
      return nil
    }.append(Array("three\n".utf8))
    #expect(read == ["2 one", "3 two"])
    #expect(text("log") == "header\none\ntwo\nthree\n")
  }

  @Test func theLastGroupOfALogIsMadeAgain() throws {
    try log().append(Array("1a\n1b\n2a\n2b\n".utf8))
    try log { line, _ in Int(line.prefix(1)) }.append(Array("2c\n".utf8))
    #expect(text("log") == "header\n1a\n1b\n2c\n")
  }

  @Test func aHeaderThatWasTornIsWrittenAgain() throws {
    try Files.writeNew(path("log")) { try $0(Array("hea".utf8)) }
    try log().append(Array("one\n".utf8))
    #expect(text("log") == "header\none\n")
  }

  @Test func aLogOfOtherWorkAndOneInUseAreRefused() throws {
    var first: AppendLog? = try log()
    try first?.append(Array("one\n".utf8))
    let used = #expect(throws: MagnetError.self) { try log() }
    #expect(
      used?.description
        == "\(path("log")): another trial is writing it; wait for its end, or give another file")
    first = nil
    let other = #expect(throws: MagnetError.self) { try log("other") }
    #expect(
      other?.description
        == "\(path("log")): holds header, not other; give another file, or remove this one")
    #expect(text("log") == "header\none\n")
  }

  /// A line longer than a piece of the file, and pieces that end in lines.
  @Test func longLinesAreWhole() throws {
    let long = String(repeating: "x", count: 300_000)
    try log().append(Array("\(long)\nshort\n\(long)y\n".utf8))
    var read: [String] = []
    _ = try log { line, _ in
      read.append(line)
      return nil
    }
    #expect(read == [long, "short", long + "y"])
  }

  // MARK: Hashes

  /// Texts that all had the hash 0 before its seeds were drawn in each process: their first 16 bytes become, in
  /// both lanes, what the next 16 bytes are, so that multiplications by zero wipe out the rest.
  @Test func textsMadeToShareAHashDoNot() {
    func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
      let product = a.multipliedFullWidth(by: b)
      return product.high ^ product.low
    }
    let start = 0x9E37_79B9_7F4A_7C15 ^ UInt64(32)
    var hashes: Set<UInt64> = []
    for number in 0..<UInt64(20_000) {
      let words = [
        number, number, mix(start ^ number, 0xD6E8_FEB8_6659_FD93),
        mix(start ^ number, 0xA076_1D64_78BD_642F),
      ]
      words.withUnsafeBytes { _ = hashes.insert(ByteHash.shared($0)) }
    }
    #expect(hashes.count == 20_000)
  }
}
