import Foundation
import TestSupport
import Testing

@testable import Magnet

/// Paths, folders and marks of files against Foundation's and plain rules.
@Suite struct FilesTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func path(_ name: String) -> String { folder.path + "/" + name }
  private var names: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder.path))?.sorted() ?? []
  }

  @Test(arguments: 1...8) func absolutePathsHaveNoDots(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    for _ in 0..<200 {
      let parts = (0..<random.below(7)).map { _ in
        random.choice(["a", "b", ".", "..", "", "...", "é", " "])
      }
      let path = "/" + parts.joined(separator: "/")
      var stack: [String] = []
      for part in parts where !part.isEmpty && part != "." {
        if part == ".." { _ = stack.popLast() } else { stack.append(part) }
      }
      #expect(Files.absolute(path) == "/" + stack.joined(separator: "/"), "\(path)")
      #expect(Files.absolute(Files.absolute(path)) == Files.absolute(path))
      let relative = parts.joined(separator: "/")
      if !relative.hasPrefix("/") {
        #expect(Files.absolute(relative) == Files.absolute(Files.current + "/" + relative))
      }
    }
  }

  @Test(arguments: [
    ("a", "."), ("/a", "/"), ("/", "/"), ("a/b", "a"), ("/a/b/c", "/a/b"), ("a/", "a"), ("", "."),
    ("a//b", "a/"),
  ])
  func foldersOfPaths(_ path: String, _ expected: String) {
    #expect(Files.folder(of: path) == expected)
  }

  @Test func foldersAreMadeWithThoseAroundThem() throws {
    for name in ["a", "b/c/d", "b/c/d", "e//f", "g/h/"] { try Files.makeFolder(path(name)) }
    for name in ["a", "b/c/d", "e/f", "g/h"] { #expect(Files.isFolder(path(name))) }
    try folder.write("x", to: "file")
    #expect(throws: SystemError(code: ENOTDIR)) { try Files.makeFolder(path("file/x")) }
    #expect(throws: SystemError(code: EEXIST)) { try Files.makeNewFolder(path("a")) }
    #expect(throws: SystemError.self) { try Files.makeFolder("") }
    try Files.makeNewFolder(path("private"), isPrivate: true)
    let attributes = try FileManager.default.attributesOfItem(atPath: path("private"))
    #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o700)
  }

  @Test func kindsOfThingsAreKnown() throws {
    try folder.write("abc", to: "file")
    try Files.makeFolder(path("dir"))
    try Files.link(path("link"), to: "file")
    try Files.link(path("dirlink"), to: "dir")
    try Files.link(path("dangling"), to: "nowhere")
    #expect(mkfifo(path("pipe"), 0o600) == 0)
    #expect(Files.isFile(path("file")) && Files.isFile(path("link")) && !Files.isFile(path("dir")))
    #expect(
      Files.isFolder(path("dirlink")) && !Files.isFolder(path("file"))
        && !Files.isFile(path("pipe")))
    #expect(
      !Files.exists(path("dangling"))
        && Files.status(path("dangling"), followsLinks: false)?.kind == .link)
    #expect(Files.status(path("pipe"))?.kind == .other && Files.status(path("none")) == nil)
    #expect(
      Files.linkTarget(path("dangling")) == "nowhere" && Files.linkTarget(path("file")) == nil)
    #expect(
      Files.stamp(path("file"))?.size == 3 && Files.stamp(path("dir")) == nil
        && Files.stamp(path("link")) == nil)
    #expect(
      !Files.isExecutable(path("file")) && !Files.isExecutable(path("dir"))
        && Files.isExecutable("/bin/sh"))
    let entries = try Files.entries(folder.path)
    #expect(entries.map(\.name) == ["dangling", "dir", "dirlink", "file", "link", "pipe"])
    #expect(entries.filter(\.isFolder).map(\.name) == ["dir", "dirlink"])
    #expect(entries.filter(\.isLink).map(\.name) == ["dangling", "dirlink", "link"])
    #expect(throws: SystemError(code: ENOENT)) { try Files.entries(path("none")) }
    #expect(throws: SystemError(code: ENOTDIR)) { try Files.entries(path("file")) }
    #expect(throws: SystemError.isNotAFile) { try Files.read(path("pipe"), atMost: 9) }
    #expect(throws: SystemError.isNotAFile) { try Files.read(path("dir"), atMost: 9) }
    let real = try #require(Files.realPath(path("dirlink/../link")))
    #expect(real.hasSuffix("/file") && Files.realPath(path("dangling")) == nil)
  }

  /// The same file by any path, and another after every change.
  @Test func filesAreKnownByWhatTheyAre() throws {
    try folder.write("abc", to: "file")
    try Files.link(path("link"), to: "file")
    let status = try #require(Files.status(path("file")))
    #expect(Files.status(path("link"))?.identity == status.identity)
    #expect(Files.status(path("link"), followsLinks: false)?.identity != status.identity)
    #expect(link(path("file"), path("hard")) == 0)
    #expect(
      Files.status(path("hard"))?.identity == status.identity && status.isOwn && status.size == 3)
    try folder.write("abcd", to: "other")
    #expect(Files.status(path("other"))?.identity != status.identity)
    try Files.move(path("other"), to: path("file"))
    #expect(
      Files.status(path("file"))?.version != status.version && Files.status(path("hard"))?.size == 3
    )
    #expect(throws: SystemError.self) { try Files.move(path("none"), to: path("file")) }
  }

  @Test(arguments: [0, 1, 5, 6, 7]) func readingStopsAtALimit(_ limit: Int) throws {
    try folder.write("abcdef", to: "file")
    #expect(try Files.read(path("file"), atMost: limit) == Array("abcdef".utf8.prefix(limit)))
  }

  @Test func copiesAreNewFiles() throws {
    let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 * 31) }
    try folder.write(bytes, to: "file")
    try Files.copy(path("file"), to: path("copy"))
    #expect(try Files.read(path("copy"), atMost: .max) == bytes)
    #expect(throws: SystemError(code: EEXIST)) { try Files.copy(path("file"), to: path("copy")) }
    #expect(throws: SystemError(code: ENOENT)) { try Files.copy(path("none"), to: path("other")) }
    Files.remove(path("copy"))
    Files.remove(path("copy"))
    #expect(names == ["file"])
  }

  @Test func descriptorsAppendTruncateAndContinue() throws {
    do {
      let file = try FileDescriptor(path("log"), .append)
      try file.write(Array("one\n".utf8))
    }
    do {
      let file = try FileDescriptor(path("log"), .append)
      try file.write(Array("two\n".utf8))
      #expect(
        String(decoding: try file.readAll(), as: UTF8.self).isEmpty,
        "reading continues where writing ended")
    }
    do {
      let file = try FileDescriptor(path("log"), .update)
      #expect(String(decoding: try file.readAll(), as: UTF8.self) == "one\ntwo\n")
      try file.truncate(at: 4)
      try file.write(Array("2\n".utf8))
      try file.sync()
    }
    #expect(try Project.text(path("log")) == "one\n2\n")
    #expect(throws: SystemError(code: EEXIST)) { _ = try FileDescriptor(path("log"), .new) }
    #expect(throws: SystemError.self) { _ = try FileDescriptor(path("none"), .existing) }
    #expect(throws: SystemError.self) { try FileDescriptor(path("log"), .read).write([1]) }
  }

  @Test func locksAreHeldByOneDescriptor() throws {
    try folder.write("", to: "file")
    do {
      let first = try FileDescriptor(path("file"), .update)
      let second = try FileDescriptor(path("file"), .update)
      let (isHeld, isShared) = (first.lock(), second.lock())
      #expect(isHeld && !isShared)
    }
    let third = try FileDescriptor(path("file"), .read)
    let isFree = third.lock()
    #expect(isFree, "a lock ends with its descriptor")
  }

  /// The mark goes with any change; where a file system has no attributes, no file has one.
  @Test func filesThatWereWrittenAreMarked() throws {
    try folder.write("abc", to: "file")
    #expect(!WrittenMark.isSet(path("file")) && !WrittenMark.isSet(path("none")))
    WrittenMark.set(path("file"))
    guard WrittenMark.isSet(path("file")) else { return }
    try FileDescriptor(path("file"), .append).write([1])
    #expect(!WrittenMark.isSet(path("file")))
    WrittenMark.set(path("file"))
    #expect(WrittenMark.isSet(path("file")))
    try Files.copy(path("file"), to: path("copy"))
    #expect(!WrittenMark.isSet(path("copy")), "a copy is someone's own")
    WrittenMark.set(folder.path)
    WrittenMark.set(path("none"))
    #expect(!WrittenMark.isSet(folder.path))
  }

  @Test func obstaclesAreSeenBeforeWriting() throws {
    #expect(Files.obstacle(toWriting: path("new")) == nil)
    #expect(Files.obstacle(toWriting: path("none/new"))?.isMissing == true)
    try folder.write("", to: "file")
    #expect(Files.obstacle(toWriting: path("file")) == nil)
    #expect(Files.obstacle(toWriting: path("file/new"))?.isMissing == true)
  }

  @Test(arguments: [
    ("a.json", "*.json", true), ("a.json", "a.?son", true), ("ab", "[a-c]b", true),
    (".a", "*", false), (".a", ".*", true),
    ("a/b", "a*", true), ("A", "a", false), ("[", "[[]", true), ("", "*", true),
  ])
  func shellPatterns(_ name: String, _ pattern: String, _ isMatch: Bool) {
    #expect(Files.matches(name, pattern) == isMatch)
  }

  @Test func pathsThatMatchAreFound() throws {
    for name in ["a1.txt", "a2.txt", "b.txt", "d/a3.txt"] { try folder.write("", to: name) }
    #expect(Files.matches(path("a*.txt")).sorted() == [path("a1.txt"), path("a2.txt")])
    #expect(
      Files.matches(path("*/a?.txt")) == [path("d/a3.txt")] && Files.matches(path("x*")).isEmpty)
  }

  @Test func temporaryFoldersAreOnesOwn() throws {
    let one = try Files.makeTemporaryFolder("magnet-files-test")
    let other = try Files.makeTemporaryFolder("magnet-files-test")
    defer { for path in [one, other] { Files.removeTree(path) } }
    #expect(
      one != other && Files.isFolder(one)
        && one.hasPrefix(Files.temporaryFolder + "/magnet-files-test-"))
    Files.removeStaleTemporaryFolders("magnet-files-test")
    #expect(Files.isFolder(one) && Files.isFolder(other), "those in use stay")
    Files.releaseTemporaryFolder(one)
    Files.removeStaleTemporaryFolders("magnet-files-test")
    #expect(Files.isFolder(one), "and those younger than a minute, which may be in the making")
    #expect(
      (Files.freeSpace(one) ?? 0) > 0
        && Files.freeSpace(one + "/not/yet/there") == Files.freeSpace(one))
  }

  @Test func errorsAreSentences() {
    #expect(SystemError(code: EPIPE).isBrokenPipe && SystemError(code: EDQUOT).isDiskFull)
    #expect(!SystemError(code: EACCES).isMissing && SystemError.isFolder.code == EISDIR)
    #expect(
      SystemError(code: EACCES).reading("p").description == "p: cannot be read: Permission denied")
    #expect(SystemError(code: EACCES).reading("p").code == .system)
  }

  @Test func codesHaveTheirExitStatus() {
    let others: [MagnetError.Code] = [
      .notFound, .alreadyExists, .invalidData, .insufficientData, .unsupported, .readOnly,
      .timedOut, .programFailed, .network,
      .system,
    ]
    #expect(others.allSatisfy { $0.exitStatus == 2 } && Set(others).count == others.count)
    #expect(MagnetError.Code.usage.exitStatus == 64 && MagnetError.Code.cancelled.exitStatus == 130)
    #expect(MagnetError(.usage, "p", at: "f", advice: "a").description == "f: p; a")
    #expect(
      MagnetError(.usage, "p").description == "p" && "\(MagnetError.Code.notFound)" == "notFound")
    #expect(DataFault(file: "f", place: "x", problem: "p", advice: "a").description == "f: x: p; a")
    #expect(DataFault(file: "f", problem: "p").description == "f: p")
  }
}
