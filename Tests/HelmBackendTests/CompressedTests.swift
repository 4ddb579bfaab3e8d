import Foundation
import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// Files compressed one by one: `run_spec.json.gz` and the like, beside or instead of plain ones.
@Suite struct CompressedTests {
  private static let kinds = Set(TableSource.allCases)

  /// A suite whose files are compressed, but for one run; some in several members.
  private func suite(_ folder: TemporaryFolder, leaving plain: String = "none") throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Project.sweep).filter {
      $0.contains("0.2") || $0.contains("0.5")
    }
    for (number, run) in names.enumerated() {
      for file in RunDirectory.coreFiles {
        let bytes = try Array(Data(contentsOf: URL(filePath: Project.sweep + "/\(run)/\(file)")))
        let half = number % 2 == 0 ? bytes.count : bytes.count / 3
        let stored =
          run.contains(plain)
          ? bytes : gzip(Array(bytes[..<half])) + (half < bytes.count ? gzip(Array(bytes[half...])) : [])
        try folder.write(stored, to: "suite/\(run)/\(file)" + (run.contains(plain) ? "" : ".gz"))
      }
    }
  }

  private func text(_ path: String, threshold: Int, workers: Int = 2) async throws -> String {
    let runs = try HelmRuns(
      paths: [path], isStrict: true, workers: workers, progress: nil, windowThreshold: threshold)
    let listing = try await runs.list()
    #expect(listing.entries.allSatisfy { $0.faults.isEmpty })
    #expect(listing.entries.allSatisfy { RunDirectory.coreFiles.allSatisfy($0.files.contains) })
    let tables = try await runs.load(listing.entries, tables: Self.kinds)
    return TableSource.allCases.map { TableWriter(.ndjson).text(tables[$0]) }.joined(separator: "\n--\n")
  }

  @Test(arguments: [1 << 30, 20_000, 0]) func tablesAreTheSame(threshold: Int) async throws {
    let folder = try TemporaryFolder()
    try suite(folder, leaving: "zeta")
    let wanted = try await text(Project.sweep + "/*0.[25]*", threshold: 1 << 30)
    for workers in [1, 3] {
      #expect(try await text(folder.path, threshold: threshold, workers: workers) == wanted)
    }
  }

  @Test func plainWins() async throws {
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("broken/whole"), to: "run:1")
    try folder.write(Array("no gzip".utf8), to: "run:1/stats.json.gz")
    let listing = try await HelmRuns(folder.path).list()
    #expect(listing.entries.map(\.faults) == [[]])
    #expect(try await HelmRuns(folder.path).load(listing.entries, tables: [.stats]).faults.isEmpty)
  }

  /// What stands in stats.json.gz, and messages about it.
  private static let faults: [(bytes: @Sendable ([UInt8]) -> [UInt8], problem: String)] = [
    (
      { Array($0.dropLast(9)) },
      "the compressed bytes end too early, they were cut off; copy or download it again"
    ),
    (
      { Array($0.dropLast(4)) },
      "the compressed bytes end too early, they were cut off; copy or download it again"
    ),
    ({ _ in [] }, "the compressed bytes end too early, they were cut off; copy or download it again"),
    ({ $0 + [1, 2, 3] }, "other bytes follow the end of the gzip; copy or download it again"),
    ({ _ in Array("[]".utf8) }, "it is not gzip; copy or download it again"),
    (
      { $0.dropLast(8) + [0, 0, 0, 0] + $0.suffix(4) },
      "the compressed bytes are damaged (incorrect data check); copy or download it again"
    ),
    (
      { $0.dropLast(4) + [9, 9, 9, 0] },
      "the compressed bytes are damaged (incorrect length check); copy or download it again"
    ),
    (
      { _ in gzip([UInt8](repeating: 0x20, count: 20 << 20)) },
      "it inflates to more than 250 times its size, as a bomb does; if you trust it, give --max-archive-bytes"
    ),
    ({ _ in gzip([]) }, "the file is empty; copy or download it again"),
  ]

  @Test(arguments: faults.indices) func faultsSayWhatIsWrong(number: Int) async throws {
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("broken/whole"), to: "run:1")
    try folder.copy(Project.fixture("broken/whole"), to: "run:2")
    let path = folder.path + "/run:1/stats.json"
    let stored = gzip(try Array(Data(contentsOf: URL(filePath: path))))
    try FileManager.default.removeItem(atPath: path)
    try folder.write(Self.faults[number].bytes(stored), to: "run:1/stats.json.gz")
    let runs = try HelmRuns(folder.path)
    let entries = try await runs.list().entries
    let read = try await runs.load(entries, tables: Self.kinds)
    #expect(read.faults.map { "\($0.fault)" } == ["\(path).gz: \(Self.faults[number].problem)"])
    #expect(read.runSpecs.rowCount == 1)
  }

  @Test func zerosAfterTheEndAreNothing() async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(gzip(Array("text".utf8)) + [0, 0, 0], to: "x.gz")
    let text = try DiskTree().open(String(path.dropLast(3))).next(10)
    #expect(text == Array("text".utf8))
  }

  @Test func gzipUnderAPlainNameIsNamed() async throws {
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("broken/whole"), to: "run:1")
    let path = try folder.write(gzip(Array("[]".utf8)), to: "run:1/stats.json")
    let entries = try await HelmRuns(folder.path).list().entries
    #expect(
      entries[0].faults.map { "\($0)" }
        == ["\(path): this is gzip under the name of JSON; add .gz to its name"])
  }
}
