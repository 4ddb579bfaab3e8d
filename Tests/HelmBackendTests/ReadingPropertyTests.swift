import Foundation
import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// What must not matter to reading: where runs lie, which others lie beside them, and who reads them.
@Suite struct ReadingPropertyTests {
  static func made(_ random: inout SplitMix, _ number: Int) -> MadeRun {
    let tasks = ["mmlu:subject=a", "mmlu:subject=b", "gsm", "bool_q:lang=é"]
    let count = 1 + Int(random.next() % 4)
    var run = MadeRun(
      tasks[number % 4], "org/m\(number / 4)", (0..<count).map { _ in Double(random.next() % 2) })
    run.isReversed = random.next() % 2 == 0
    return run
  }

  /// The rows of all tables by run, each as JSON.
  static func rows(_ runs: HelmRuns) async throws -> [String: [String]] {
    let tables = try await runs.load(try await runs.list().entries, tables: Set(TableSource.allCases))
    #expect(tables.faults.isEmpty)
    var rows: [String: [String]] = [:]
    for kind in TableSource.allCases {
      for (row, line) in zip(
        tables[kind].rows, TableWriter(.ndjson).text(tables[kind]).split(separator: "\n"))
      {
        rows[row["run_spec.name"].text, default: []].append("\(kind) \(line)")
      }
    }
    return rows
  }

  @Test(arguments: [1, 2] as [UInt64]) func placesAndNeighboursDoNotMatter(_ seed: UInt64) async throws {
    var random = SplitMix(state: seed)
    let made = (0..<7).map { Self.made(&random, $0) }
    let folder = try TemporaryFolder()
    for run in made { try run.write(to: folder, suite: "all/benchmark_output/runs/v1") }
    for (number, run) in made.enumerated() {
      try run.write(
        to: folder, suite: "split\(number % 2)/benchmark_output/runs/v\(number % 3)",
        fileName: "renamed:\(number)")
    }
    let whole = try await Self.rows(HelmRuns(folder.path + "/all"))
    #expect(Set(whole.keys) == Set(made.map(\.name)))
    let split = try await Self.rows(HelmRuns(paths: [folder.path + "/split1", folder.path + "/split0"]))
    #expect(split == whole)
    for workers in [1, 3] {
      let runs = try HelmRuns(
        paths: [folder.path + "/all/benchmark_output/runs/v1"], isStrict: true, workers: workers,
        progress: nil, windowThreshold: workers == 1 ? 64 : 1 << 30)
      #expect(try await Self.rows(runs) == whole)
    }
    // One run alone, and all beside one more.
    let one = made[Int(random.next() % 7)].name
    let alone = try await Self.rows(HelmRuns(folder.path + "/all/benchmark_output/runs/v1/" + one))
    #expect(alone == whole.filter { $0.key == one })
    try MadeRun("other", "org/other", [1, 0, 1]).write(to: folder, suite: "all/benchmark_output/runs/v1")
    let more = try await Self.rows(HelmRuns(folder.path + "/all"))
    #expect(more.filter { !$0.key.hasPrefix("other") } == whole && more.count == whole.count + 1)
    // The same path twice, and folders in each other, are each run once.
    let twice = try HelmRuns(paths: [
      folder.path + "/all", folder.path + "/all/benchmark_output", folder.path + "/all/",
    ])
    #expect(try await twice.list().entries.count == 8)
  }

  /// A run with the tree it lies in packed, compressed or named by a pattern is the same run.
  @Test func packedRunsAreTheSame() async throws {
    var random = SplitMix(state: 5)
    let folder = try TemporaryFolder()
    for number in 0..<5 { try Self.made(&random, number).write(to: folder, suite: "out/runs/v1") }
    let whole = try await Self.rows(HelmRuns(folder.path + "/out"))
    for ending in PackTests.formats {
      let path = folder.path + "/x" + ending
      _ = try packArchive(of: folder.path + "/out", to: path, named: path)
      #expect(try await Self.rows(HelmRuns(path)) == whole, "\(ending)")
      let inside = try await HelmRuns(path + "!/runs/v1").list().entries
      #expect(
        inside.map(\.suite) == Array(repeating: "v1", count: 5)
          && inside.allSatisfy { $0.path.hasPrefix(path + "!/runs/v1/") })
    }
    #expect(try await Self.rows(HelmRuns(folder.path + "/out/runs/v1/*")) == whole)
    _ = try compressFiles(in: folder.path + "/out")
    #expect(try await Self.rows(HelmRuns(folder.path + "/out")) == whole)
  }

  /// The names of suite and run are the last two parts of the path, however it is written.
  @Test func namesAreTheLastPartsOfThePath() {
    for (path, suite, folder) in [
      ("runs/v1/a:b", "v1", "a:b"), ("/x/v1/a:b/", "v1", "a:b"), ("x//v1//a", "v1", "a"),
      ("x/v1/./a", "v1", "a"), ("/a", "/", "a"),
      ("s/x.zip!/v1/a", "v1", "a"), ("s/x.tar.gz!/a", "x", "a"), ("s/x.zip!", "s", "x"),
      ("v1/\u{E9}/e\u{301}", "é", "e\u{301}"),
    ] {
      let names = RunDirectory(path: path, files: []).names
      #expect(names.suite == suite && haveSameBytes(names.folder, folder), "\(path): \(names)")
    }
  }

  @Test func foldersThatAreRuns() {
    func isRun(_ folder: String, _ names: [String], folders: [String] = []) -> Bool {
      RunDirectory.isRun(
        folder,
        names.map { Files.Entry(name: $0, isFolder: false, isLink: false) }
          + folders.map { Files.Entry(name: $0, isFolder: true, isLink: false) })
    }
    #expect(
      isRun("x/a", ["run_spec.json"]) && isRun("x/a", ["stats.json.gz"])
        && isRun("x/a", ["scenario_state.json"], folders: ["deep"]))
    #expect(
      isRun("x/a:b", []) && !isRun("x/a:b", [], folders: ["v1"]) && !isRun("x/a", ["notes.txt"])
        && !isRun("x/a", ["scenario.json.bz2"]))
  }

  /// Parts hold each run once, in order, of one suite each, and are full but for the last of a suite.
  @Test(arguments: [1, 500, 3000, 1 << 30]) func partsHoldEachRunOnce(_ bytes: Int) async throws {
    var random = SplitMix(state: 6)
    let folder = try TemporaryFolder()
    for number in 0..<12 {
      try Self.made(&random, number).write(
        to: folder, suite: "p\(number % 2)/benchmark_output/runs/v\(number % 3)")
    }
    let runs = try HelmRuns(folder.path)
    let entries = try await runs.list().entries
    let table = try runs.partitions(bytes: bytes)
    var paths: [String] = []
    let rows = Array(table.rows)
    for (number, row) in rows.enumerated() {
      #expect(row["part"] == .int(Int64(number)))
      guard case .json(let text) = row["runs"], case .int(let size) = row["bytes"] else {
        Issue.record("a part has no runs")
        continue
      }
      let own = try JSONValue(parsing: text).elements.compactMap(\.string)
      paths += own
      let sizes = try own.map { path in
        try Files.entries(path).reduce(0) { $0 + (Files.stamp(path + "/" + $1.name)?.size ?? 0) }
      }
      #expect(Int(size) == sizes.reduce(0, +))
      // Without its last run it was not full.
      #expect(sizes.dropLast().reduce(0, +) < bytes)
      let isLast =
        number + 1 == rows.count || rows[number + 1]["suite"] != row["suite"]
        || rows[number + 1]["project"] != row["project"]
      #expect(isLast || Int(size) >= bytes)
      #expect(
        own.allSatisfy { $0.contains("/\(row["project"].text)/benchmark_output/runs/\(row["suite"].text)/") })
    }
    #expect(paths == entries.map(\.path))
  }

  @Test func foldersAroundRunsAreTheOutermostOfRuns() throws {
    var random = SplitMix(state: 7)
    let folder = try TemporaryFolder()
    let run = Self.made(&random, 0)
    try run.write(to: folder, suite: "a/benchmark_output/runs/v1")
    try run.write(to: folder, suite: "b/runs/v1")
    try run.write(to: folder, suite: "c/v1")
    let top = folder.path
    #expect(
      try HelmRuns(top + "/a").enclosingFolders == [
        top + "/a/benchmark_output", top + "/a/benchmark_output/runs/v1/" + run.name,
      ])
    #expect(try HelmRuns(top + "/b").enclosingFolders == [top + "/b/runs", top + "/b/runs/v1/" + run.name])
    #expect(try HelmRuns(top + "/c").enclosingFolders == [top + "/c/v1", top + "/c/v1/" + run.name])
    _ = try packArchive(of: top + "/b", to: top + "/x.zip", named: "x.zip")
    #expect(try HelmRuns(top + "/x.zip").enclosingFolders == [top + "/x.zip"])
  }

  /// Where files name different dates for a model, the earliest counts; models without one have none.
  @Test func datesAreTheEarliest() async throws {
    var random = SplitMix(state: 8)
    let folder = try TemporaryFolder()
    let dates = [["2024-02-01", "2023-05-01"], ["2023-12-31", nil], ["2024-03-01", "2022-01-01"]]
    for (suite, row) in dates.enumerated() {
      try Self.made(&random, suite).write(to: folder, suite: "benchmark_output/runs/v\(suite)")
      let models = row.enumerated().map {
        "{\"name\": \"m\($0)\"" + ($1.map { ", \"release_date\": \"\($0)\"" } ?? "") + "}"
      }
      try folder.write(
        "{\"models\": [\(models.joined(separator: ", ")), {\"name\": \"none\"}]}",
        to: "benchmark_output/runs/v\(suite)/schema.json")
    }
    #expect(try await HelmRuns(folder.path).releaseDates() == ["m0": "2023-12-31", "m1": "2022-01-01"])
    #expect(
      try await HelmRuns(folder.path + "/benchmark_output/runs/v0").releaseDates() == [
        "m0": "2024-02-01", "m1": "2023-05-01",
      ])
  }

  /// Which model has which task, and what half of the models have and others lack, against sets.
  @Test(arguments: 1...3) func theMatrixIsThatOfSets(_ seed: UInt64) async throws {
    var random = SplitMix(state: seed)
    let folder = try TemporaryFolder()
    var held: [String: Set<String>] = [:]
    var damaged: Set<String> = []
    for model in ["a/x", "b/y", "c/z", "d/w"] {
      for task in ["t1", "t2:k=v", "t3"] where random.next() % 3 > 0 || task == "t1" && model == "a/x" {
        let run = MadeRun(task, model, [1, 0])
        let path = try run.write(to: folder, suite: "runs/v1")
        held[model, default: []].insert(task)
        if random.next() % 4 == 0 {
          try FileManager.default.removeItem(atPath: path + "/stats.json")
          damaged.insert(model + task)
        }
      }
    }
    let matrix = CoverageMatrix(try await HelmRuns(folder.path).list())
    #expect(matrix.models == held.keys.sorted())
    let tasks = Set(held.values.joined()).sorted()
    #expect(matrix.scenarios == tasks)
    var missing: [String] = []
    for model in matrix.models {
      #expect(matrix.count(of: model) == held[model]?.count)
      for task in tasks {
        let isHeld = held[model]?.contains(task) == true
        #expect((matrix.entry(model, task) != nil) == isHeld)
        if isHeld {
          #expect((matrix.entry(model, task)?.state == .complete) == !damaged.contains(model + task))
        }
        if !isHeld, 2 * held.values.count(where: { $0.contains(task) }) >= held.count {
          missing.append(model + " " + task)
        }
      }
    }
    #expect(matrix.missing.map { $0.model + " " + $0.scenario } == missing)
    #expect(matrix.missingTable.rowCount == missing.count && matrix.table.rowCount == matrix.models.count)
  }
}
