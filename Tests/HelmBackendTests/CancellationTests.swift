import Foundation
import TestSupport
import Testing

@testable import HelmBackend
@testable import Magnet

/// Every kind of long work ends when its task is cancelled, and leaves nothing half-done behind. Each test cancels work
/// that has begun and cannot have ended.
@Suite struct CancellationTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private var names: [String] { ((try? Files.entries(folder.path)) ?? []).map(\.name) }

  /// Runs `work`, cancels it once `hasBegun`, and returns the error it ended with.
  private func cancelled<R: Sendable>(
    once hasBegun: @escaping @Sendable () -> Bool, _ work: @escaping @Sendable () async throws -> R
  ) async -> (any Error)? {
    let isOver = Locked(false)
    let task = Task {
      defer { isOver.withLock { $0 = true } }
      return try await work()
    }
    // On a thread of its own: those that tasks share are busy with other tests.
    Thread.detachNewThread {
      while !hasBegun(), !isOver.withLock({ $0 }) { usleep(100) }
      task.cancel()
    }
    do {
      _ = try await task.value
      return nil
    } catch { return error }
  }

  /// A suite with many copies of one run.
  private func manyRuns(_ count: Int) throws -> String {
    let run = Project.sweep + "/trivia:subject=capitals,data_augmentation=misspelling0.2,model=acme_base"
    for number in 0..<count {
      let copy = folder.path + "/suite/trivia:number=\(number),model=acme_base"
      try Files.makeFolder(copy)
      for entry in try Files.entries(run) where !entry.isFolder {
        try FileManager.default.linkItem(atPath: run + "/" + entry.name, toPath: copy + "/" + entry.name)
      }
    }
    return folder.path + "/suite"
  }

  // MARK: Reading

  @Test func loadsEnd() async throws {
    let progress = WorkProgress()
    let runs = try HelmRuns(paths: [try manyRuns(300)], workers: 2, progress: progress)
    let entries = try await runs.list().entries
    let error = await cancelled(once: { progress.state.done > 310 }) {
      try await runs.load(entries, tables: Set(TableSource.allCases))
    }
    #expect(error is CancellationError)
    #expect(progress.state.done > 310 && progress.state.done < progress.state.total)
  }

  @Test func loadsOfLargeFilesEnd() async throws {
    let records = try Project.text(
      Project.sweep
        + "/trivia:subject=capitals,data_augmentation=misspelling0.2,model=acme_base/per_instance_stats.json")
    let list = records.drop { $0 != "[" }.dropFirst()
    let inner = String(list[..<(list.lastIndex(of: "]") ?? list.endIndex)])
    let path = try manyRuns(1) + "/trivia:number=0,model=acme_base"
    Files.remove(path + "/per_instance_stats.json")
    let text =
      "[" + Array(repeating: inner, count: max(1, 12_000_000 / inner.utf8.count)).joined(separator: ",") + "]"
    try Data(text.utf8).write(to: URL(filePath: path + "/per_instance_stats.json"))
    let progress = WorkProgress()
    let runs = try HelmRuns(
      paths: [path], isStrict: false, workers: 2, progress: progress, windowThreshold: 1 << 19)
    let entries = try await runs.list().entries
    let error = await cancelled(once: { progress.state.done > 5 }) {
      try await runs.load(entries, tables: [.perInstanceStats], columns: nil)
    }
    #expect(error is CancellationError)
    #expect(progress.state.done < progress.state.total)
  }

  // MARK: SQL

  private static let endless =
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"

  @Test func queriesEnd() async throws {
    let database = Database(try HelmRuns(Project.sweep))
    let start = ContinuousClock.now
    let error = await cancelled(once: { ContinuousClock.now - start > .milliseconds(50) }) {
      try await database.query(Self.endless)
    }
    #expect(error is CancellationError)
  }

  /// A source whose runs take for ever to load, and which says that it was asked.
  struct Endless: RunSource {
    let runs: HelmRuns
    let isAsked: Locked<Bool>
    /// How many loads succeed before that.
    let loads: Locked<Int>

    func list() async throws -> RunListing { try await runs.list() }

    func load(_ entries: [RunEntry], tables: Set<TableSource>, columns: Set<String>?) async throws
      -> RunTables
    {
      if loads.withLock({ left in
        left -= 1
        return left >= 0
      }) {
        return try await runs.load(entries, tables: tables, columns: columns)
      }
      isAsked.withLock { $0 = true }
      try await Task.sleep(for: .seconds(3600))
      return try await runs.load(entries, tables: tables, columns: columns)
    }
  }

  @Test func queriesThatWaitForRunsEnd() async throws {
    let isAsked = Locked(false)
    let database = Database(Endless(runs: try HelmRuns(Project.sweep), isAsked: isAsked, loads: Locked(0)))
    let error = await cancelled(once: { isAsked.withLock { $0 } }) {
      try await database.query("SELECT count(*) FROM scores")
    }
    #expect(error is CancellationError)
  }

  @Test func exportsLeaveNothing() async throws {
    let isAsked = Locked(false)
    let source = Endless(runs: try HelmRuns(paths: [try manyRuns(40)]), isAsked: isAsked, loads: Locked(1))
    let file = folder.path + "/out.sqlite"
    let error = await cancelled(once: { isAsked.withLock { $0 } }) {
      try await replacing(file) { try await exportSQLite(source, to: $0) }
    }
    #expect(error is CancellationError)
    #expect(names == ["suite"])
  }

  // MARK: Archives

  /// A folder with enough bytes that work on it can be caught.
  private func largeFolder() throws -> String {
    // Numbers that compress too little for a bomb.
    var random = SeededRandom(state: 5)
    let lines = (0..<40_000).map { _ in #"{"a": [\#(UInt32.random(in: 0...UInt32.max, using: &random))]}"# }
    let bytes = Array(lines.joined(separator: "\n").utf8)
    for number in 0..<60 { try folder.write(bytes, to: "in/runs/\(number).json") }
    return folder.path + "/in"
  }

  private func hasPart(_ folder: String) -> @Sendable () -> Bool {
    { ((try? Files.entries(folder)) ?? []).contains { $0.name.hasSuffix(".part") } }
  }

  @Test(arguments: ["a.zip", "a.tar.gz"]) func packingLeavesNothing(_ name: String) async throws {
    let (tree, target) = (try largeFolder(), folder.path + "/" + name)
    let error = await cancelled(once: hasPart(folder.path)) {
      try replacing(target) { try packArchive(of: tree, to: $0, named: target) }
    }
    #expect(error is CancellationError)
    #expect(names == ["in"])
  }

  @Test(arguments: ["a.zip", "a.tar"]) func unpackingLeavesNothing(_ name: String) async throws {
    let (tree, file, target) = (try largeFolder(), folder.path + "/" + name, folder.path + "/out")
    _ = try packArchive(of: tree, to: file, named: file)
    let error = await cancelled(once: hasPart(folder.path)) { try unpackArchive(file, to: target) }
    #expect(error is CancellationError)
    #expect(names == [name, "in"])
  }

  @Test func compressingLosesNothing() async throws {
    let tree = try largeFolder()
    let original = try Files.read(tree + "/runs/0.json", atMost: 1 << 30)
    let error = await cancelled(once: hasPart(tree + "/runs")) { try compressFiles(in: tree) }
    #expect(error is CancellationError)
    let left = try Files.entries(tree + "/runs").map(\.name)
    #expect(left.count == 60 && !left.contains { $0.hasSuffix(".part") })
    #expect(left.contains { $0.hasSuffix(".json") })
    #expect(try compressFiles(in: tree).faults.isEmpty)
    #expect(try Files.entries(tree + "/runs").allSatisfy { $0.name.hasSuffix(".json.gz") })
    let stored = FilePart(try SharedFile(tree + "/runs/0.json.gz"))
    var inflated: [UInt8] = []
    try InflatedStream(gzip: stored, limits: .none).forEachPiece { inflated += $0 }
    #expect(inflated == original)
  }

  // MARK: Downloads

  @Test func downloadsAreResumed() async throws {
    let (server, target, tree) = try StoreTree.served()
    server.faults.rate = 20_000
    let endpoint = server.endpoint
    let path = target.path
    @Sendable func download() async throws -> DownloadReport {
      var store = HelmStore(try StoreAddress(endpoint: endpoint))
      store.jobs = 4
      return try await store.download(
        DownloadSelection(benchmarks: try NameSelector(["lite"])), into: path, progress: WorkProgress()
      ) { _ in
        true
      }
    }
    // Cancelled before it begins, while it lists, and while files come: a report each time.
    for (listings, media) in [(0, 0), (1, 0), (1, 9)] {
      server.resetCounts()
      server.faults.delay = media == 0 ? 0.2 : 0
      let task = Task { try await download() }
      // On a thread of its own: those that tasks share are busy with other tests.
      Thread.detachNewThread {
        _ = server.waits { $0.listings >= listings && $0.media >= media }
        task.cancel()
      }
      let report = try await task.value
      #expect(report.wasStopped && report.failures.isEmpty && report.ending == nil)
      #expect(StoreTree.differences(path, tree, partial: true) == [])
    }
    server.faults.rate = 0
    let rest = try await download()
    #expect(!rest.wasStopped && rest.failures.isEmpty)
    #expect(StoreTree.differences(path, tree) == [])
  }

  @Test func verificationsEnd() async throws {
    let (server, target, _) = try StoreTree.served()
    let store = HelmStore(try StoreAddress(endpoint: server.endpoint))
    _ = try await store.download(
      DownloadSelection(benchmarks: try NameSelector(["lite"])), into: target.path,
      progress: WorkProgress()
    ) { _ in
      true
    }
    let path = target.path
    let error = await cancelled(once: { true }) {
      while !Task.isCancelled { await Task.yield() }
      return try await verifyDownload(in: path)
    }
    #expect(error is CancellationError)
  }
}
