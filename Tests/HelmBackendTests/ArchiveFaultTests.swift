import Foundation
import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// Archives that are damaged or malicious: each says in one sentence what is wrong, and the runs beside
/// what is wrong are read.
@Suite struct ArchiveFaultTests {
  /// A sound run's files.
  private static let run: [(name: String, bytes: [UInt8])] = RunDirectory.coreFiles.map {
    ($0, try! Array(Data(contentsOf: URL(filePath: Project.fixture("broken/whole/") + $0))))
  }
  private static let stats = run.first { $0.name == "stats.json" }!.bytes

  /// A zip of the run a:1, and what else is given.
  private static func zip(_ entries: ZipBytes.Entry...) -> [UInt8] {
    ZipBytes(run.map { ZipBytes.Entry("a:1/" + $0.name, $0.bytes) } + entries).bytes
  }

  /// A zip of the runs a:1 and b:1, of the latter an entry changed.
  private static func zip(_ change: (inout ZipBytes.Entry) -> Void) -> [UInt8] {
    ZipBytes(
      run.map { ZipBytes.Entry("a:1/" + $0.name, $0.bytes) }
        + run.map { file in
          ZipBytes.Entry("b:1/" + file.name, file.bytes).with { if file.name == "stats.json" { change(&$0) } }
        }
    ).bytes
  }

  private static func tar(_ change: (inout TarBytes) -> Void = { _ in }) -> [UInt8] {
    var tar = TarBytes()
    for file in run { tar.add("a:1/" + file.name, file.bytes) }
    change(&tar)
    return tar.ended
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: @Sendable () -> [UInt8]
    /// What is said, after the folder's path.
    let sentence: String
    /// How many runs are read all the same.
    var runs = 1
    var testDescription: String { sentence }
  }

  private static let again = "copy or download it again"
  private static let archiveAgain = "copy or download the archive again"

  /// Entries that are refused, and archives that cannot be read to their end.
  private static let archives: [Case] = [
    Case(
      name: "x.zip", bytes: { zip(ZipBytes.Entry("../../evil.json", "{}")) },
      sentence: "x.zip!/../../evil.json: the entry is refused: its name leads out of the archive"),
    Case(
      name: "x.zip", bytes: { zip(ZipBytes.Entry("a:1/..", "{}"), ZipBytes.Entry("/etc/passwd", "x")) },
      sentence:
        "x.zip!/a:1/..: the entry is refused: its name leads out of the archive; 1 more is refused, too"),
    Case(
      name: "x.zip", bytes: { zip(ZipBytes.Entry("/etc/passwd", "x")) },
      sentence: "x.zip!//etc/passwd: the entry is refused: its name is absolute"),
    Case(
      name: "x.zip", bytes: { zip(ZipBytes.Entry("a\u{1B}[2J\nb", "x")) },
      sentence: #"x.zip!/a\u{1B}[2J\nb: the entry is refused: its name has control characters"#),
    Case(
      name: "x.zip", bytes: { zip(ZipBytes.Entry("c", "x").with { $0.name = [0x61, 0xFF] }) },
      sentence: "x.zip!/a\u{FFFD}: the entry is refused: its name is not UTF-8"),
    Case(
      name: "x.zip", bytes: { zip(ZipBytes.Entry(String(repeating: "n/", count: 2050), "")) },
      sentence: "x.zip!/\(String(repeating: "n/", count: 100))...: the entry is refused: "
        + "its name is longer than 4096 bytes"),
    Case(
      name: "x.zip", bytes: { zip(ZipBytes.Entry("link", "/etc/passwd").with { $0.mode = 0o120777 }) },
      sentence: "x.zip!/link: the entry is refused: it is a link"),
    Case(
      name: "x.zip", bytes: { zip(ZipBytes.Entry("pipe", "").with { $0.mode = 0o010644 }) },
      sentence: "x.zip!/pipe: the entry is refused: it is a device or the like"),
    Case(
      name: "x.zip", bytes: { zip(ZipBytes.Entry("a:1/stats.json/x", "")) },
      sentence: "x.zip!/a:1/stats.json/x: the entry is refused: it is a file and a folder"),
    Case(
      name: "x.zip", bytes: { Array(zip().dropLast(30)) },
      sentence: "x.zip: the archive's directory is missing at its end, it was cut off; \(again)", runs: 0),
    Case(
      name: "x.zip", bytes: { zip() + [1] },
      sentence: "x.zip: the archive's directory is missing at its end, it was cut off; \(again)", runs: 0),
    Case(
      name: "x.zip",
      bytes: {
        var bytes = zip()
        bytes[bytes.count - 22 + 8] = 3
        bytes[bytes.count - 22 + 10] = 3
        return bytes
      }, sentence: "x.zip: the archive's directory is damaged; \(again)", runs: 0),
    Case(
      name: "x.zip",
      bytes: {
        var bytes = zip()
        bytes[bytes.count - 22 + 4] = 1
        return bytes
      }, sentence: "x.zip: the archive is one of several parts; pack it as one file", runs: 0),
    Case(
      name: "x.zip", bytes: { zip(ZipBytes.Entry("c", "x").with { $0.offset = 0 }) },
      sentence: "x.zip!/a:1/run_spec.json: the entry overlaps c, as in a bomb; do not trust this archive",
      runs: 0),
    Case(
      name: "x.zip",
      bytes: {
        zip(
          ZipBytes.Entry("c", "x").with {
            $0.size = 1 << 50; $0.isZip64 = true
          })
      },
      sentence:
        "x.zip: it inflates to more than 256000000000 bytes; if you trust it, give --max-archive-bytes",
      runs: 0),
    Case(
      name: "x.tar", bytes: { tar { $0.add("../evil", [1]) } },
      sentence: "x.tar!/../evil: the entry is refused: its name leads out of the archive"),
    Case(
      name: "x.tgz",
      bytes: {
        gzip(
          tar {
            $0.addPax([("path", "/evil")]); $0.add("good", [1])
          })
      },
      sentence: "x.tgz!//evil: the entry is refused: its name is absolute"),
    Case(
      name: "x.tar", bytes: { tar { $0.add("l", kind: "2") } },
      sentence: "x.tar!/l: the entry is refused: it is a link"),
    Case(
      name: "x.tar", bytes: { tar { $0.add("l", kind: "1") } },
      sentence: "x.tar!/l: the entry is refused: it is a link"),
    Case(
      name: "x.tar",
      bytes: {
        tar {
          $0.add("d", kind: "3"); $0.add("p", kind: "6")
        }
      },
      sentence: "x.tar!/d: the entry is refused: it is a device or the like; 1 more is refused, too"),
    Case(
      name: "x.tar", bytes: { tar { $0.add("s", kind: "S") } },
      sentence: "x.tar!/s: the entry is refused: it is stored sparse"),
    Case(
      name: "x.tar", bytes: { tar { $0.add("s", kind: "Q") } },
      sentence: "x.tar!/s: the entry is refused: it is of an unknown kind"),
    Case(
      name: "x.tar", bytes: { tar { $0.add("big", size: "77777777777") } },
      sentence: "x.tar: byte 11264: unexpected end of the archive (truncated); \(again)"),
    Case(
      name: "x.tar", bytes: { tar().dropLast(1024) + [UInt8](repeating: 7, count: 512) },
      sentence: "x.tar: byte 10240: the archive is damaged, no header stands here; \(again)"),
    Case(
      name: "x.tar", bytes: { Array(tar().dropLast(1024)) },
      sentence: "x.tar: byte 9728: unexpected end of the archive (truncated); \(again)"),
    Case(
      name: "x.tar", bytes: { tar { $0.add("pax", Array("99 path=x\n".utf8), kind: "x") } },
      sentence: "x.tar: byte 10752: a pax header is damaged; \(again)"),
    Case(
      name: "x.tar",
      bytes: {
        tar {
          $0.add("long", size: "00010000000", prefix: ""); _ = $0
        }
      },
      sentence: "x.tar: byte 11264: unexpected end of the archive (truncated); \(again)"),
    Case(
      name: "x.tar.gz", bytes: { Array(gzip(tar()).dropLast(5)) },
      sentence: "x.tar.gz: the compressed bytes end too early, they were cut off; \(again)"),
    Case(
      name: "x.tar.gz", bytes: { gzip(tar()).dropLast(8) + [0, 0, 0, 0, 0, 0, 0, 0] },
      sentence: "x.tar.gz: the compressed bytes are damaged (incorrect data check); \(again)"),
    Case(
      name: "x.tar.gz", bytes: { gzip(tar() + [UInt8](repeating: 0, count: 20 << 20)) },
      sentence: "x.tar.gz: it inflates to more than 250 times its size, as a bomb does; "
        + "if you trust it, give --max-archive-bytes"),
    Case(
      name: "x.json.gz", bytes: { gzip(Array("{}".utf8)) },
      sentence: "x.json.gz: byte 2: unexpected end of the archive (truncated); \(again)", runs: 0),
    Case(
      name: "x.gz", bytes: { gzip([UInt8](repeating: 7, count: 600)) },
      sentence: "x.gz: there is no tar in it; pack the folder as .tar.gz or .zip", runs: 0),
    Case(name: "x.zip", bytes: { [] }, sentence: "x.zip: the file is empty", runs: 0),
    Case(
      name: "x.txt", bytes: { Array("hello".utf8) },
      sentence: "x.txt: this is a file, and runs are folders; "
        + "name the run's folder, its suite, the benchmark_output they lie in, or an archive of one", runs: 0),
    Case(
      name: "x.tar.xz", bytes: { [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0] },
      sentence: "x.tar.xz: archives packed by xz are not read; pack it as .zip or .tar.gz", runs: 0),
  ]

  @Test(arguments: archives) func archivesSayWhatIsWrong(wrong: Case) async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(wrong.bytes(), to: wrong.name)
    guard wrong.runs > 0 else {
      let error = #expect(throws: DataFault.self) { try HelmRuns(path) }
      #expect(error?.description == folder.path + "/" + wrong.sentence)
      return
    }
    let listing = try await HelmRuns(path).list()
    #expect(listing.entries.filter(\.faults.isEmpty).map(\.folder) == ["a:1"])
    #expect(listing.entries.flatMap(\.faults).map(\.description) == [folder.path + "/" + wrong.sentence])
    let tables = try await HelmRuns(path).load(listing.entries, tables: Set(TableSource.allCases))
    #expect(tables.stats.rowCount == 3 && tables.faults.count == 1)
    await #expect(throws: DataFault.self) { try await HelmRuns(path, isStrict: true).list() }
  }

  /// What is wrong with one file of the run b:1 in an archive.
  private static let entries: [Case] = [
    Case(
      name: "x.zip", bytes: { zip { $0.flags = 1 } },
      sentence: "the entry is encrypted; pack the archive without a password"),
    Case(
      name: "x.zip", bytes: { zip { $0.method = 99 } },
      sentence: "the entry is encrypted; pack the archive without a password"),
    Case(
      name: "x.zip", bytes: { zip { $0.method = 12 } },
      sentence:
        "the entry is compressed by method 12 (bzip2), which is not read; pack the archive with deflate"),
    Case(
      name: "x.zip", bytes: { zip { $0.method = 77 } },
      sentence: "the entry is compressed by method 77, which is not read; pack the archive with deflate"),
    Case(
      name: "x.zip", bytes: { zip { $0.crc ^= 1 } },
      sentence: "the bytes do not have the archive's checksum, they are damaged; \(again)"),
    Case(
      name: "x.zip",
      bytes: {
        zip {
          $0.crc ^= 1; $0 = $0.kept(stats)
        }
      },
      sentence: "the bytes do not have the archive's checksum, they are damaged; \(archiveAgain)"),
    Case(
      name: "x.zip",
      bytes: {
        zip {
          $0 = $0.kept(stats); $0.size += 1
        }
      },
      sentence: "the entry is not what the archive's directory says of it; \(archiveAgain)"),
    Case(
      name: "x.zip", bytes: { zip { $0.size += 1 } },
      sentence: "it inflates to \(stats.count) bytes and should to \(stats.count + 1); \(again)"),
    Case(
      name: "x.zip", bytes: { zip { $0.size -= 1 } },
      sentence: "it inflates to more than the \(stats.count - 1) bytes it should; \(again)"),
    Case(
      name: "x.zip", bytes: { zip { $0.stored.append(0) } },
      sentence: "its compressed bytes end before the archive says they do; \(again)"),
    Case(
      name: "x.zip", bytes: { zip { $0.stored.removeLast() } },
      sentence: "the compressed bytes end too early, they were cut off; \(again)"),
    Case(
      name: "x.zip", bytes: { zip { $0.stored[0] = 0xFF } },
      sentence: "the compressed bytes are damaged (invalid block type); \(again)"),
    Case(
      name: "x.zip",
      bytes: { zip { $0 = ZipBytes.Entry("b:1/stats.json", [UInt8](repeating: 32, count: 20 << 20)) } },
      sentence:
        "it inflates to more than 250 times its size, as a bomb does; if you trust it, give --max-archive-bytes"
    ),
    Case(
      name: "x.zip", bytes: { zip { $0 = ZipBytes.Entry("b:1/stats.json", "") } },
      sentence: "the file is empty; \(again)"),
    Case(
      name: "x.zip", bytes: { zip { $0 = ZipBytes.Entry("b:1/other", "") } },
      sentence: "the file is missing; the run failed, is still running, or was copied only partly"),
    Case(
      name: "x.zip", bytes: { zip { $0 = ZipBytes.Entry("b:1/stats.json.gz", "[]") } },
      sentence: "it is not gzip; \(again)"),
  ]

  @Test(arguments: entries) func oneBadEntryIsOneBadRun(wrong: Case) async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(wrong.bytes(), to: wrong.name)
    for threshold in [1 << 30, 0] {
      let runs = try HelmRuns(
        paths: [path], isStrict: false, workers: 2, progress: nil, windowThreshold: threshold)
      let listing = try await runs.list()
      #expect(listing.entries.map(\.folder) == ["a:1", "b:1"])
      let tables = try await runs.load(listing.entries, tables: Set(TableSource.allCases))
      #expect(tables.runSpecs.rowCount == 1 && tables.faults.count == 1)
      let said = try #require(tables.faults.first).fault.description
      if threshold == 0, wrong.sentence.hasPrefix("the file is empty") { continue }
      #expect(
        ["", ".gz"].map { "\(path)!/b:1/stats.json\($0): \(wrong.sentence)" }.contains(said), "\(said)")
    }
  }

  /// A larger limit is for those who trust the archive.
  @Test func limitsCanBeRaised() async throws {
    let folder = try TemporaryFolder()
    let bomb = [UInt8](repeating: 32, count: 20 << 20) + Array("[]".utf8)
    let path = try folder.write(Self.zip { $0 = ZipBytes.Entry("b:1/stats.json", bomb) }, to: "x.zip")
    func faults(_ limits: InflateLimits) async throws -> Int {
      let runs = try HelmRuns(path, limits: limits)
      return try await runs.load(runs.list().entries, tables: [.stats]).faults.count
    }
    #expect(try await faults(.standard) == 1)
    #expect(try await faults(InflateLimits(bytes: 30 << 20)) == 0)
    let error = #expect(throws: DataFault.self) { try HelmRuns(path, limits: InflateLimits(bytes: 1 << 20)) }
    #expect(error?.problem == "it inflates to more than 1048576 bytes")
  }

  @Test func theLastOfSeveralNamesCounts() async throws {
    let folder = try TemporaryFolder()
    let zip = Self.zip { $0.stored[0] = 0xFF }
    let path = try folder.write(zip, to: "x.zip")
    #expect(try HelmRuns(path).notes == [])
    let twice = ZipBytes(
      [ZipBytes.Entry("a:1/stats.json", "no JSON"), ZipBytes.Entry("a:1/run_spec.json", "neither")]
        + Self.run.map { ZipBytes.Entry("a:1/" + $0.name, $0.bytes) }
    )
    let other = try folder.write(twice.bytes, to: "y.zip")
    let runs = try HelmRuns(other)
    #expect(
      runs.notes == ["\(other): a:1/run_spec.json and 1 more stand in it more than once; the last counts"])
    #expect(try await runs.list().entries[0].faults.isEmpty)
  }

  @Test func helmsLinkToTheLatestSuiteIsNoFault() async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Self.tar { $0.add("runs/latest", kind: "2") }, to: "x.tar")
    #expect(try await HelmRuns(path).list().entries.flatMap(\.faults).isEmpty)
  }

  /// Of several archives, a bad one counts as a run that is incomplete.
  @Test func oneBadArchiveDoesNotEndTheRest() async throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.zip(), to: "a.zip")
    try folder.write(Array(Self.zip().dropLast(1)), to: "b.zip")
    let entries = try await HelmRuns(folder.path + "/*.zip").list().entries
    #expect(entries.map(\.path) == [folder.path + "/a.zip!/a:1", folder.path + "/b.zip"])
    #expect(entries.map(\.faults.count) == [0, 1])
  }

  // MARK: What others' programs make

  /// A zip that macOS made has a folder with the attributes of each file, by names that look like runs'.
  @Test func theFolderThatMacOSAddsIsLeftOut() async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      Self.zip(ZipBytes.Entry("__MACOSX/a:1/._stats.json", "x"), ZipBytes.Entry("__MACOSX/._a:1", "x")),
      to: "x.zip")
    let runs = try HelmRuns(path)
    #expect(try await runs.list().entries.map(\.folder) == ["a:1"])
    #expect(runs.notes == ["\(path): 2 entries in __MACOSX, which macOS added, are left out"])
    let (outcome, _) = try unpackArchive(path, to: folder.path + "/out")
    #expect(outcome.files == Self.run.count)
  }

  @Test func backslashesInNamesOfWindowsAreSlashes() async throws {
    let folder = try TemporaryFolder()
    let entries = Self.run.map { ZipBytes.Entry("runs\\v1\\a:1\\" + $0.name, $0.bytes) }
    let path = try folder.write(ZipBytes(entries).bytes, to: "x.zip")
    let listing = try await HelmRuns(path).list()
    #expect(listing.entries.map(\.path) == ["\(path)!/runs/v1/a:1"])
    #expect(listing.entries.flatMap(\.faults).isEmpty)
    // Beside names with slashes, a backslash is a character of a name.
    let mixed = try folder.write(Self.zip(ZipBytes.Entry("b\\c", "x")), to: "y.zip")
    let (outcome, _) = try unpackArchive(mixed, to: folder.path + "/out")
    #expect(outcome.files == Self.run.count + 1 && Files.isFile(folder.path + "/out/b\\c"))
    // They lead out of the archive no more than slashes do.
    let evil = try folder.write(ZipBytes([ZipBytes.Entry("..\\..\\evil", "x")]).bytes, to: "z.zip")
    let error = #expect(throws: DataFault.self) { try unpackArchive(evil, to: folder.path + "/evil") }
    #expect(error?.problem == "the entry is refused: its name leads out of the archive")
  }

  @Test func hardLinksToEarlierEntriesAreFollowed() async throws {
    let folder = try TemporaryFolder()
    let bytes = Self.tar { tar in
      tar.addPax([("linkpath", "a:1/stats.json")])
      tar.add("b:1/stats.json", kind: "1")
    }
    let path = try folder.write(bytes, to: "x.tar")
    let tables = try await HelmRuns(path).load(
      [RunEntry](HelmRuns(path).list().entries), tables: [.stats])
    #expect(tables.faults.count <= 1)
    let (outcome, _) = try unpackArchive(path, to: folder.path + "/out")
    #expect(outcome.files == Self.run.count + 1)
    #expect(try Files.read(folder.path + "/out/b:1/stats.json", atMost: 1 << 20) == Self.stats)
    // Not to what comes later, nor out of the archive.
    for target in ["later", "../../etc/passwd", "/etc/passwd"] {
      let wrong = Self.tar { tar in
        tar.addPax([("linkpath", target)])
        tar.add("l", kind: "1")
        tar.add("later", [1])
      }
      let file = try folder.write(wrong, to: "wrong.tar")
      let error = #expect(throws: DataFault.self) { try unpackArchive(file, to: folder.path + "/wrong") }
      #expect(error?.problem == "the entry is refused: it is a link", "\(target)")
    }
  }

  /// Each of them is small enough to have any ratio; all together they are a bomb.
  @Test func manySmallEntriesMakeABomb() async throws {
    let folder = try TemporaryFolder()
    let zeros = ZipBytes.Entry("z", [UInt8](repeating: 0, count: 15 << 20))
    let entries = (0..<8).map { number in zeros.with { $0.name = Array("z\(number)".utf8) } }
    let path = try folder.write(ZipBytes(entries).bytes, to: "x.zip")
    let sentence = "it inflates to more than 250 times its size, as a bomb does"
    let read = #expect(throws: DataFault.self) { try Archive(path, limits: .standard) }
    #expect(read?.problem == sentence)
    let unpacked = #expect(throws: DataFault.self) { try unpackArchive(path, to: folder.path + "/out") }
    #expect(unpacked?.problem == sentence && !Files.exists(folder.path + "/out"))
    #expect(try Archive(path, limits: InflateLimits(bytes: 1 << 30)).entries.count == 8)
  }

  /// Archives and copies whose maker followed HELM's link `latest` have the last suite twice.
  @Test func aCopyOfTheLatestSuiteIsNotReadTwice() async throws {
    let folder = try TemporaryFolder()
    func files(_ suite: String) -> [ZipBytes.Entry] {
      Self.run.map { ZipBytes.Entry("runs/\(suite)/a:1/" + $0.name, $0.bytes) }
    }
    let path = try folder.write(ZipBytes(files("v1") + files("latest")).bytes, to: "x.zip")
    let runs = try HelmRuns(path)
    #expect(try await runs.list().entries.map(\.suite) == ["v1"])
    #expect(runs.notes.count == 1 && runs.notes[0].contains("/latest holds the runs of v1 again"))
    // One with a run of its own is a suite as any other.
    let other = [ZipBytes.Entry("runs/latest/b:1/stats.json", "[]")]
    let both = try folder.write(ZipBytes(files("v1") + files("latest") + other).bytes, to: "y.zip")
    #expect(try await HelmRuns(both).list().entries.map(\.suite) == ["latest", "latest", "v1"])
  }

  /// What stands beside a file that is missing says how to get it.
  @Test func filesPackedInOtherWaysAreHinted() async throws {
    let folder = try TemporaryFolder()
    for file in Self.run where file.name != "stats.json" {
      try folder.write(file.bytes, to: "s/a:1/" + file.name)
    }
    try folder.write("x", to: "s/a:1/stats.json.xz")
    func fault() async throws -> String? {
      try await HelmRuns(folder.path + "/s").list().entries[0].faults.first?.description
    }
    let path = folder.path + "/s/a:1/stats.json"
    #expect(
      try await fault() == "\(path): the file is missing; \(path).xz is there: unpack it with xz -d")
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    let problem =
      "it is a pointer of Git LFS, and the file itself is missing; run git lfs pull in its repository"
    try folder.write(pointer, to: "s/a:1/stats.json")
    #expect(try await fault() == "\(path): \(problem)")

    let entries = Self.run.map { file in
      ZipBytes.Entry("s/" + file.name, file.name == "stats.json" ? Array(pointer.utf8) : file.bytes)
    }
    let archive = try folder.write(ZipBytes(entries).bytes, to: "x.zip")
    let tables = try await HelmRuns(archive).load()
    #expect(tables.faults.map(\.fault.description) == ["\(archive)!/s/stats.json: \(problem)"])
  }

  /// Large files are complete whatever their white space and order, and cut-off ones are not.
  @Test(arguments: [
    ("\n", true), (" \r\n\t\n", true), ("", true), ("cut", false), ("compact", true), ("mark", true),
    ("compact cut", false), ("flat", true),
  ])
  func largeFilesAreJudgedByTheirStructure(_ style: String, isWhole: Bool) async throws {
    let folder = try TemporaryFolder()
    for file in Self.run { try folder.write(file.bytes, to: "s/a:1/" + file.name) }
    let stats = String(decoding: Self.stats, as: UTF8.self)
    let trimmed = String(stats.reversed().drop(while: \.isWhitespace).reversed())
    let compact = try JSONValue(parsing: stats).text
    let text =
      switch style {
      case "cut": String(trimmed.dropLast(2))
      case "compact": compact
      case "compact cut": String(compact.dropLast(3))
      case "mark": "\u{FEFF}" + trimmed
      case "flat": trimmed.split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: "\n")
      default: trimmed + style
      }
    try folder.write(text, to: "s/a:1/stats.json")
    for threshold in [100, 1 << 20] {
      let runs = try HelmRuns(
        paths: [folder.path + "/s"], isStrict: false, workers: 1, progress: nil, windowThreshold: threshold)
      let listing = try await runs.list()
      #expect(listing.entries[0].faults.isEmpty == isWhole, "\(style), \(threshold)")
    }
  }
}
