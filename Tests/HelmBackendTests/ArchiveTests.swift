import Foundation
import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// Runs read in zip, tar and tar.gz files.
@Suite struct ArchiveTests {
  private static let kinds = Set(TableSource.allCases)

  /// The files of some runs, by their paths in the suite.
  private static let files: [(name: String, bytes: [UInt8])] = try! FileManager.default
    .subpathsOfDirectory(atPath: Project.sweep).sorted().filter {
      $0.hasSuffix(".json") && $0.contains("0.2")
    }
    .map { ($0, try! Array(Data(contentsOf: URL(filePath: Project.sweep + "/" + $0)))) }

  private static func zip(_ top: String, isZip64: Bool = false) -> [UInt8] {
    var zip = ZipBytes(
      files.enumerated().map { number, file in
        let entry = ZipBytes.Entry(top + file.name, file.bytes).with { $0.isZip64 = isZip64 }
        return number % 5 == 4 ? entry.kept(file.bytes) : entry
      })
    zip.isZip64 = isZip64
    if !isZip64 { zip.prefix = Array("#!/bin/sh\nexit\n".utf8) }
    zip.comment = Array("PK\u{5}\u{6} is not a record".utf8)
    return zip.bytes
  }

  /// Names longer than 100 bytes in each of the three ways there are.
  private static func tar(_ top: String) -> [UInt8] {
    var tar = TarBytes()
    tar.addPax([("comment", "all of it")], kind: "g")
    for (number, file) in files.enumerated() {
      let name = top + file.name
      switch number % 3 {
      case 0: tar.addPax([("mtime", "1.5"), ("path", name)])
      case 1: tar.add("././@LongLink", Array(name.utf8) + [0], kind: "L")
      default:
        let slash = name.lastIndex(of: "/")!
        tar.add(
          String(name[name.index(after: slash)...]), file.bytes, prefix: String(name[..<slash].suffix(150)))
        continue
      }
      tar.add("short", file.bytes)
    }
    return tar.ended
  }

  private func text(_ paths: [String], threshold: Int = 1 << 30, workers: Int = 2) async throws -> String {
    let runs = try HelmRuns(
      paths: paths, isStrict: true, workers: workers, progress: nil, windowThreshold: threshold)
    let listing = try await runs.list()
    #expect(listing.entries.allSatisfy { $0.faults.isEmpty && $0.files.count == 5 })
    let tables = try await runs.load(listing.entries, tables: Self.kinds)
    return TableSource.allCases.map { TableWriter(.ndjson).text(tables[$0]) }.joined(separator: "\n--\n")
  }

  private static let archives: [(name: String, bytes: @Sendable () -> [UInt8])] = [
    ("a.zip", { zip("benchmark_output/runs/v1/") }), ("b.zip", { zip("./", isZip64: true) }),
    ("c.tar", { tar("some/where/benchmark_output/runs/v1/") }), ("d.tar.gz", { gzip(tar("v1/")) }),
    (
      "e.tgz",
      {
        let bytes = tar("")
        return gzip(Array(bytes[..<5000])) + gzip(Array(bytes[5000..<100_000]))
          + gzip(Array(bytes[100_000...]))
      }
    ),
    ("f.zip", { zipOfGzip }),
  ]

  /// A zip of a suite whose files are compressed one by one, and once more.
  private static let zipOfGzip = ZipBytes(files.map { ZipBytes.Entry("s/\($0.name).gz", gzip($0.bytes)) })
    .bytes

  @Test(arguments: archives.indices) func tablesAreTheSame(number: Int) async throws {
    let folder = try TemporaryFolder()
    let (name, bytes) = Self.archives[number]
    let path = try folder.write(bytes(), to: name)
    let wanted = try await text([Project.sweep + "/*0.2*"])
    for (threshold, workers) in [(1 << 30, 1), (1 << 30, 3), (20_000, 2), (0, 1)] {
      #expect(try await text([path], threshold: threshold, workers: workers) == wanted)
    }
  }

  @Test func pathsInArchives() async throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.zip("benchmark_output/runs/v1/"), to: "a.zip")
    try folder.write(Self.zip("benchmark_output/runs/v2/"), to: "b.zip")
    try folder.write(gzip(Self.tar("v3/")), to: "c.tar.gz")
    func paths(_ path: String) async throws -> [String] {
      try await HelmRuns(folder.path + "/" + path).list().entries.map {
        String($0.path.dropFirst(folder.path.count + 1))
      }
    }
    let count = Self.files.count / 5
    let run = "trivia:subject=capitals,data_augmentation=misspelling0.2,model=acme_base"
    #expect(try await paths("*.zip").count == 2 * count)
    #expect(try await paths("*").count == 3 * count)
    #expect(try await paths("[ac].*!/*/").count == 2 * count)
    #expect(try await paths("a.zip!").count == count)
    #expect(try await paths("a.zip!/benchmark_output/runs/v1/").count == count)
    #expect(try await paths("c.tar.gz!/v3/\(run)") == ["c.tar.gz!/v3/\(run)"])
    #expect(
      try await paths("*.zip!/benchmark_output/runs/v?/*capitals*base") == [
        "a.zip!/benchmark_output/runs/v1/\(run)", "b.zip!/benchmark_output/runs/v2/\(run)",
      ])
    let entry = try await HelmRuns(folder.path + "/c.tar.gz").list().entries[0]
    #expect(entry.suite == "v3" && entry.folder == run && entry.name.hasPrefix("trivia:"))
    let twice = try await HelmRuns(folder.path + "/a.zip", folder.path + "/./a.zip!/benchmark_output").list()
    #expect(twice.entries.count == count)
  }

  @Test func runsAtTheTopHaveTheArchivesName() async throws {
    let folder = try TemporaryFolder()
    let files = Self.files.filter { $0.name.contains("capitals") && $0.name.contains("base") }
    let one = ZipBytes(files.map { ZipBytes.Entry(String($0.name.split(separator: "/")[1]), $0.bytes) })
    try folder.write(one.bytes, to: "one.zip")
    try folder.write(Self.zip(""), to: "suite-7.zip")
    let entry = try await HelmRuns(folder.path + "/one.zip").list().entries[0]
    #expect(entry.folder == "one" && entry.faults.isEmpty && entry.path == folder.path + "/one.zip!")
    let suites = Set(try await HelmRuns(folder.path + "/suite-7.zip").list().entries.map(\.suite))
    #expect(suites == ["suite-7"])
  }

  /// Everything but the run specs is damaged, and nobody notices before it is loaded.
  @Test func aListingReadsRunSpecsOnly() async throws {
    let folder = try TemporaryFolder()
    let entries = Self.files.map { file in
      ZipBytes.Entry(file.name, file.bytes).with {
        if !file.name.hasSuffix("run_spec.json") { $0.stored[0] = 0xFF }
      }
    }
    let runs = try HelmRuns(try folder.write(ZipBytes(entries).bytes, to: "a.zip"))
    let listing = try await runs.list()
    #expect(listing.runSpecs.rowCount == Self.files.count / 5)
    #expect(listing.entries.allSatisfy { $0.faults.isEmpty })
    let tables = try await runs.load(Array(listing.entries.prefix(2)), tables: [.stats])
    #expect(tables.faults.count == 2)
  }

  @Test func wrongPathsSayWhatIsThere() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.zip("runs/version-1/"), to: "a.zip")
    let cases = [
      ("a.zip!/runs/version-2", "no such file or folder; did you mean version-1?"),
      ("b.zip!/runs", "no such file or folder; check the path"),
      (
        "a.zip!/runs/w*",
        "the pattern matches no folder; check it with ls, and quote it so that the shell does not expand it"
      ),
    ]
    for (path, sentence) in cases {
      let error = #expect(throws: DataFault.self) { try HelmRuns(folder.path + "/" + path) }
      #expect(error?.description.hasSuffix(sentence) == true, "\(path): \(error?.description ?? "")")
    }
  }

  /// Large enough for several points to inflate from.
  @Test func membersOfALargeTarGzip() throws {
    let folder = try TemporaryFolder()
    var tar = TarBytes()
    var random = SeededRandom(state: 1)
    let files = (0..<40).map { number in
      (0..<200_000 + number).map { _ in UInt8(truncatingIfNeeded: random.next() >> 61) }
    }
    for (number, file) in files.enumerated() { tar.add("f\(number)", file) }
    let bytes = tar.ended
    for parts in [[0, bytes.count], [0, 3_000_000, 3_000_100, bytes.count]] {
      let stored = Swift.zip(parts, parts.dropFirst()).flatMap { gzip(Array(bytes[$0..<$1])) }
      let archive = try Archive(try folder.write(stored, to: "x.tar.gz"), limits: .standard)
      for number in [39, 0, 17, 5, 16, 38] {
        let stream = try #require(try archive.bytes("f\(number)"))
        let first = try stream.next(1000)
        let rest = try stream.next(1_000_000)
        #expect(first + rest == files[number], "f\(number)")
      }
    }
  }

  /// A file that is an archive only by its name has a message of its own.
  @Test(arguments: ["x.tar.gz", "x.tgz", "x.tar"]) func aNameMakesNoArchive(_ name: String) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("not an archive", to: name)
    for open in [{ _ = try HelmRuns(file) }, { _ = try unpackArchive(file, to: folder.path + "/out") }] {
      let fault = #expect(throws: DataFault.self) { try open() }
      #expect(fault?.problem == "the file is not an archive, whatever its name says")
      #expect(fault?.advice == "copy or download it again")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/out"))
  }
}
