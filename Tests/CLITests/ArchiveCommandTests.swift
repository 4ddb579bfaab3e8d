import Foundation
import TestSupport
import Testing

/// `magnet archive` and `magnet unarchive`.
@Suite struct ArchiveCommandTests {
  /// Some runs, an empty folder, a file that is none of HELM's, and a name longer than tar's field.
  private func tree(_ folder: TemporaryFolder) throws -> String {
    let run = "trivia:subject=capitals,data_augmentation=misspelling0.2,model=acme_base"
    try folder.copy(Project.sweep + "/" + run, to: "in/runs/v1/" + run)
    try folder.copy(
      Project.fixture("broken/whole"), to: "in/runs/v1/" + String(repeating: "long,", count: 30) + ":é")
    try folder.write(Array("\0\u{1}binary".utf8), to: "in/runs/notes.bin")
    try folder.write("", to: "in/runs/v1/empty.json")
    try FileManager.default.createDirectory(
      atPath: folder.path + "/in/runs/v1/failed:1", withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/in/runs/latest", withDestinationPath: "v1")
    return folder.path + "/in"
  }

  /// Paths and contents; nil for a folder. The link to the latest suite is none of them.
  private func contents(_ path: String) throws -> [String: Data?] {
    var contents: [String: Data?] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: path) where !name.hasSuffix("latest") {
      contents[name] = .some(FileManager.default.contents(atPath: path + "/" + name))
    }
    return contents
  }

  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

  @Test(arguments: ["x.zip", "x.tar.gz", "x.tgz", "x.tar"]) func roundTrip(name: String) throws {
    let folder = try TemporaryFolder()
    let tree = try tree(folder)
    let file = folder.path + "/" + name
    let packed = try Tool.run("archive", tree, "-o", file)
    #expect(packed.status == 0 && packed.errors == "" && packed.output.hasPrefix("11 files, "))
    let first = try bytes(file)

    // Its own archive magnet writes again; what someone else wrote, or changed, only with --force.
    #expect(try Tool.run("archive", tree, "-o", file).status == 0 && bytes(file) == first)
    try Data("precious".utf8).write(to: URL(filePath: file))
    let again = try Tool.run("archive", tree, "-o", file)
    #expect(again.status == 2)
    #expect(
      again.messages == [
        "error: \(file): already exists, and magnet did not write it; use --force to overwrite it"
      ])
    // Other dates, other rights, another way to name it: the same bytes.
    let touched = "/in/runs/v1/empty.json"
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1e9), .posixPermissions: 0o600],
      ofItemAtPath: folder.path + touched)
    #expect(try Tool.run("archive", "./in/", "-o", file, "--force", in: folder.path).status == 0)
    #expect(try bytes(file) == first)

    let unpacked = try Tool.run("unarchive", name, in: folder.path)
    #expect(unpacked.status == 0 && unpacked.output.hasSuffix(", in x\n") && unpacked.errors == "")
    #expect(try contents(folder.path + "/x") == contents(tree))
    let twice = try Tool.run("unarchive", name, in: folder.path)
    #expect(twice.messages == ["error: x: already exists; remove it, or name another folder"])
    #expect(twice.status == 2)
    // Nothing else is left behind.
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["in", "x", name].sorted())

    let table = try Tool.run("table", "stats", tree, "--format", "csv")
    #expect(try Tool.run("table", "stats", file, "--format", "csv").output == table.output)
    #expect(try Tool.run("table", "stats", file + "!/runs/v1", "--format", "csv").output == table.output)
    let complete = "SELECT count(*) AS n FROM runs WHERE state = 'complete'"
    #expect(try Tool.run("sql", file, complete, "--format", "csv").output == "n\n2\n")
  }

  @Test func anArchiveInItsOwnFolderIsNotInIt() throws {
    let folder = try TemporaryFolder()
    let tree = try tree(folder)
    #expect(try Tool.run("archive", tree, "-o", tree + "/x.zip").status == 0)
    let first = try bytes(tree + "/x.zip")
    #expect(try Tool.run("archive", tree, "-o", tree + "/x.zip", "--force").status == 0)
    #expect(try bytes(tree + "/x.zip") == first)
  }

  @Test func whatIsNoFileIsLeftOut() throws {
    let folder = try TemporaryFolder()
    let tree = try tree(folder)
    try FileManager.default.createSymbolicLink(atPath: tree + "/link", withDestinationPath: "/etc/passwd")
    try #require(mkfifo(tree + "/pipe", 0o600) == 0)
    try folder.write("x", to: "in/a\nb")
    let packed = try Tool.run("archive", tree, "-o", folder.path + "/x.zip")
    #expect(packed.status == 1)
    #expect(
      packed.messages == [
        #"warning: \#(tree)/a\nb: left out of the archive: its name has control characters"#,
        "warning: \(tree)/link: left out of the archive: a link",
        "warning: \(tree)/pipe: left out of the archive: not a file",
      ])
  }

  @Test func wrongUse() throws {
    let folder = try TemporaryFolder()
    #expect(try Tool.run("archive", folder.path).status == 64)
    #expect(try Tool.run("archive", folder.path, "-o", "x.zip", "--gzip").status == 64)
    #expect(try Tool.run("runs", folder.path, "--max-archive-bytes", "much").status == 64)
    let other = try Tool.run("archive", folder.path, "-o", folder.path + "/x.rar")
    #expect(other.status == 2 && other.errors.contains("give a name that ends in .zip, .tar, .tar.gz, .tgz"))
    let none = try Tool.run("archive", folder.path + "/none", "-o", folder.path + "/x.zip")
    #expect(
      none.status == 2 && none.errors.contains("/none: the file cannot be read: No such file or directory"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
  }

  /// Malicious archives: nothing is written anywhere.
  @Test(arguments: ["../evil", "/evil", "a/../../evil", "link", "crc"]) func unpackingIsWholeOrNot(
    name: String
  ) throws {
    let folder = try TemporaryFolder()
    let bad = ZipBytes.Entry(name, "x").with {
      if name == "link" { $0.mode = 0o120777 }
      if name == "crc" { $0.crc ^= 1 }
    }
    let zip = ZipBytes([ZipBytes.Entry("good", "x"), bad])
    try folder.write(zip.bytes, to: "in/x.zip")
    let outcome = try Tool.run("unarchive", "x.zip", in: folder.path + "/in")
    #expect(outcome.status == 2 && outcome.messages.count == 1 && outcome.errors.contains("x.zip!/\(name): "))
    #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted() == ["in", "in/x.zip"])
  }

  /// A cut archive never gives an answer in silence.
  @Test(arguments: [
    ["runs", "ARCHIVE"], ["table", "stats", "ARCHIVE"], ["predict", "random", "ARCHIVE"],
    ["sql", "ARCHIVE", "SELECT count(*) FROM runs"], ["export", "csv", "out", "ARCHIVE"],
    ["export", "sqlite", "out.db", "ARCHIVE"],
  ]) func everyCommandNamesACutArchive(arguments: [String]) throws {
    let folder = try TemporaryFolder()
    var tar = TarBytes()
    for run in try FileManager.default.contentsOfDirectory(atPath: Project.sweep).sorted().prefix(8) {
      for file in (try? FileManager.default.contentsOfDirectory(atPath: Project.sweep + "/" + run)) ?? [] {
        try tar.add("v1/\(run)/\(file)", Array(bytes(Project.sweep + "/\(run)/\(file)")))
      }
    }
    try folder.write(Array(tar.bytes.dropLast(512)), to: "x.tar")
    let outcome = try Tool.run(
      command: Tool.binary, arguments.map { $0 == "ARCHIVE" ? "x.tar" : $0 }, in: folder.path)
    #expect(outcome.status == 1)
    #expect(
      outcome.messages.contains {
        $0.hasSuffix("unexpected end of the archive (truncated); copy or download it again")
      })
  }

  @Test func gzipInPlace() throws {
    let folder = try TemporaryFolder()
    let tree = try tree(folder)
    let table = try Tool.run("table", "per-instance-stats", tree, "--format", "csv").output
    // One was compressed before, another has a compressed neighbour that is something else.
    let run = try #require(
      FileManager.default.contentsOfDirectory(atPath: tree + "/runs/v1").first { $0.hasPrefix("trivia") })
    try folder.write(
      gzip(Array(bytes(tree + "/runs/v1/\(run)/stats.json"))), to: "in/runs/v1/\(run)/stats.json.gz")
    try folder.write(gzip(Array("other".utf8)), to: "in/runs/v1/\(run)/scenario.json.gz")
    let outcome = try Tool.run("archive", "--gzip", tree)
    #expect(outcome.status == 1)
    #expect(
      outcome.messages == [
        "warning: \(tree)/runs/v1/\(run)/scenario.json.gz: it does not inflate to what is in "
          + "\(tree)/runs/v1/\(run)/scenario.json; remove one of them"
      ])
    let left = try FileManager.default.subpathsOfDirectory(atPath: tree).filter { $0.hasSuffix(".json") }
    #expect(left == ["runs/v1/\(run)/scenario.json"])
    #expect(try Tool.run("table", "per-instance-stats", tree, "--format", "csv").output == table)
    #expect(try Tool.run("runs", tree).status == 1)  // The empty run.
  }

  /// Killed at many moments, every file is there, plain or compressed, and a second time ends the work.
  @Test func nothingIsLostWhenKilled() throws {
    var landed = 0
    for milliseconds in stride(from: 0, to: 120, by: 12) {
      let folder = try TemporaryFolder()
      let tree = try tree(folder)
      let wanted = try contents(tree)
      let process = try Tool.start("archive", "--gzip", tree)
      Thread.sleep(forTimeInterval: Double(milliseconds) / 1000)
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      if process.terminationReason == .uncaughtSignal { landed += 1 }
      for (name, bytes) in wanted where FileManager.default.contents(atPath: tree + "/" + name) != bytes {
        let inflated = try Tool.run(
          command: "/bin/sh", ["-c", #"gzip -dc "$1""#, "sh", "\(tree)/\(name).gz"])
        #expect(
          inflated.status == 0 && Data(inflated.output.utf8) == bytes, "\(name) after \(milliseconds) ms")
      }
      #expect(try Tool.run("archive", "--gzip", tree).status == 0)
      let names = try FileManager.default.subpathsOfDirectory(atPath: tree)
      #expect(!names.contains { $0.hasSuffix(".json") || $0.hasSuffix(".part") })
    }
    #expect(landed > 0, "every run ended before it was killed")
  }

  @Test func interruptedUnpackingLeavesNothing() throws {
    let folder = try TemporaryFolder()
    var tar = TarBytes()
    for number in 0..<3000 { tar.add("f\(number)", [UInt8](repeating: 1, count: 2000)) }
    try folder.write(tar.ended, to: "x.tar")
    var landed = 0
    for milliseconds in [5, 40, 90] {
      let process = try Tool.start("unarchive", folder.path + "/x.tar", "-o", folder.path + "/out")
      Thread.sleep(forTimeInterval: Double(milliseconds) / 1000)
      kill(process.processIdentifier, SIGTERM)
      process.waitUntilExit()
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      if names == ["out", "x.tar"] {
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/out").count == 3000)
        try FileManager.default.removeItem(atPath: folder.path + "/out")
      } else {
        #expect(names == ["x.tar"])
        landed += 1
      }
    }
    #expect(landed > 0, "every run ended before it was interrupted")
  }
}

/// Archives that other programs wrote are read, and they read ours. Tests of programs that are not there are
/// left out; `ProgramTests` wants all of them in CI.
@Suite struct ArchiveInteropTests {
  private static func isThere(_ program: String) -> Bool {
    (try? Tool.run(command: "/bin/sh", ["-c", "command -v \(program)"]).status) == 0
  }

  private func shell(_ script: String, in folder: String) throws {
    let outcome = try Tool.run(command: "/bin/sh", ["-ec", script], in: folder)
    #expect(outcome.status == 0, "\(script): \(outcome.errors)")
  }

  /// The program, what makes an archive FILE of the folder `in`, and what unpacks FILE into the folder `out`.
  private static let programs: [(program: String, file: String, pack: String, unpack: String)] = [
    ("zip", "a.zip", "cd in && zip -qr ../a.zip .", "true"),
    ("zip", "stored.zip", "cd in && zip -qr0 ../stored.zip .", "true"),
    ("zip", "stream.zip", "cd in && zip -qr - . | cat > ../stream.zip", "true"),
    ("unzip", "b.zip", "true", "unzip -q b.zip -d out"),
    ("tar", "a.tar", "tar cf a.tar -C in .", "tar xf a.tar -C out"),
    ("tar", "gnu.tgz", "tar czf gnu.tgz --format=gnu in", "tar xzf gnu.tgz -C out --strip-components=1"),
    ("tar", "pax.tar.gz", "tar czf pax.tar.gz --format=pax -C in .", "tar xzf pax.tar.gz -C out"),
    ("bsdtar", "b.tar.gz", "bsdtar czf b.tar.gz -C in .", "bsdtar xf b.tar.gz -C out"),
    ("bsdtar", "c.zip", "bsdtar cf c.zip --format zip -C in .", "bsdtar xf c.zip -C out"),
    (
      "python3", "p.zip",
      """
      python3 - <<'END'
      import os, zipfile
      with zipfile.ZipFile('p.zip', 'w', zipfile.ZIP_DEFLATED) as z:
        for folder, _, names in os.walk('in'):
          for name in names:
            path = os.path.join(folder, name)
            with z.open(zipfile.ZipInfo(os.path.relpath(path, 'in')), 'w', force_zip64=True) as f:
              f.write(open(path, 'rb').read())
      END
      """, "python3 -m zipfile -e p.zip out"
    ),
    ("python3", "p.tar", "python3 -m tarfile -c p.tar in", "python3 -m tarfile -e p.tar out"),
    ("python3", "p.tgz", "python3 -m tarfile -c p.tgz in", "python3 -m tarfile -e p.tgz out"),
  ]

  @Test(arguments: programs.indices.filter { isThere(programs[$0].program) })
  func bothWays(number: Int) throws {
    let (_, file, pack, unpack) = Self.programs[number]
    let folder = try TemporaryFolder()
    let run = "trivia:subject=capitals,data_augmentation=misspelling0.2,model=acme_base"
    try folder.copy(Project.sweep + "/" + run, to: "in/runs/v1/" + run)
    try folder.copy(
      Project.fixture("broken/whole"), to: "in/runs/v1/" + String(repeating: "long,", count: 30) + ":é")
    let table = try Tool.run("table", "stats", folder.path + "/in", "--format", "csv").output

    if pack != "true" {
      try shell(pack, in: folder.path)
      let read = try Tool.run("table", "stats", file, "--format", "csv", in: folder.path)
      #expect(read.output == table && read.errors == "")
      #expect(try Tool.run("unarchive", file, "-o", "ours", in: folder.path).status == 0)
      #expect(try Tool.run("table", "stats", "ours", "--format", "csv", in: folder.path).output == table)
    }
    if unpack != "true" {
      let packed = try Tool.run("archive", "in", "-o", file, "--force", in: folder.path)
      #expect(packed.status == 0)
      try shell("mkdir out; " + unpack.replacing(" --strip-components=1", with: ""), in: folder.path)
      try shell("diff -r in out", in: folder.path)
    }
  }
}
