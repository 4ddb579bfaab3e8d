import Foundation
import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// Archives that are damaged or made with ill intent: each says in one sentence what is wrong, and the runs beside
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
      sentence: "x.tar: byte 11264: the archive ends too early, it was cut off; \(again)"),
    Case(
      name: "x.tar", bytes: { tar().dropLast(1024) + [UInt8](repeating: 7, count: 512) },
      sentence: "x.tar: byte 10240: the archive is damaged, no header stands here; \(again)"),
    Case(
      name: "x.tar", bytes: { Array(tar().dropLast(1024)) },
      sentence: "x.tar: byte 9728: the archive ends too early, it was cut off; \(again)"),
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
      sentence: "x.tar: byte 11264: the archive ends too early, it was cut off; \(again)"),
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
      sentence: "x.json.gz: byte 2: the archive ends too early, it was cut off; \(again)", runs: 0),
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
    let tables = try await HelmRuns(path).load(listing.entries, tables: Set(TableKind.allCases))
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
      sentence: "the file is missing; the run failed, goes on, or was copied in part"),
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
      let tables = try await runs.load(listing.entries, tables: Set(TableKind.allCases))
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
}
