import Foundation
import Magnet
import TestSupport
import Testing

@testable import HelmBackend

// What a store knows of folders of runs counts as long as nothing in them changed.
extension WarmStoreTests {
  /// A roll has the versions of all files in which a listing found no faults, be they kept or not; a file that changes
  /// in place is looked at again by every listing.
  @Test func rollsAreOfUnchangedFiles() async throws {
    let (folder, path, store) = try await runs()
    let found = try FileManager.default.contentsOfDirectory(atPath: path).sorted().map { path + "/" + $0 }
    let name = WarmRoll.fileName(path)
    _ = try await HelmRuns(path, store: WarmStore(store)).list()
    let roll = try #require(WarmRoll("\(store)/\(name)", of: path))
    #expect(Set(roll.kinds) == Set(TableSource.allCases.map(\.fingerprint)) && roll.runCount == found.count)
    for (number, run) in found.enumerated() {
      #expect(roll.folder(number) == Files.status(run)?.version)
      #expect(roll.names[number] == roll.name(of: number) && run.hasSuffix("/" + roll.names[number]))
      for (column, kind) in roll.kinds.enumerated() {
        let source = try #require(TableSource.allCases.first { $0.fingerprint == kind })
        let file = roll.file(number, column)
        #expect(file?.version == Files.status("\(run)/\(source.fileName)")?.version && file?.isGzip == false)
      }
    }

    let used = try WarmStore(store)
    let warm = try HelmRuns(path, store: used)
    let plain = try HelmRuns(path)
    func check(_ what: Comment, isNew: Bool = false) async throws {
      let plain = isNew ? try HelmRuns(path) : plain
      // The runs as they were found before, and as they are found now.
      for runs in (isNew ? [] : [warm]) + [try HelmRuns(path, store: WarmStore(store))] {
        let (one, other) = (try await runs.list(), try await plain.list())
        #expect(one.entries == other.entries, what)
        #expect(one.entryOfRow == other.entryOfRow, what)
        #expect(
          TableWriter(.ndjson).text(one.runSpecs) == TableWriter(.ndjson).text(other.runSpecs), what)
      }
    }
    try await check("nothing changed")
    for file in ["scenario_state.json", "stats.json", "per_instance_stats.json", "run_spec.json"] {
      let text = try Project.text("\(found[2])/\(file)")
      let handle = try #require(FileHandle(forWritingAtPath: "\(found[2])/\(file)"))
      try handle.seek(toOffset: UInt64(text.utf8.count - 2))
      try handle.write(contentsOf: Data("  ".utf8))
      try await check("\(file) ends in spaces, with the same size")
      try handle.seek(toOffset: 0)
      try handle.write(contentsOf: Data(text.utf8))
      try handle.close()
      try await check("\(file) is whole again")
      try await Self.settle(path)
      try await check("\(file) has settled")
    }
    #expect(try await warm.list().entries.allSatisfy(\.faults.isEmpty))

    // Kinds that other programs list beside the four stay, and count where they are asked for.
    let notes = TableSource("notes", prefix: "notes.", shape: .records)
    func faults() async throws -> [Int] {
      try await HelmRuns(path, sources: TableSource.allCases + [notes], store: WarmStore(store)).list()
        .entries.map(\.faults.count)
    }
    try Data("[\n {}\n]".utf8).write(to: URL(filePath: found[0] + "/notes.json"))
    try await Self.settle(path)
    #expect(try await faults().allSatisfy { $0 == 0 })
    #expect(try #require(WarmRoll("\(store)/\(name)", of: path)).kinds.count == 5)
    try await check("with notes", isNew: true)
    #expect(try #require(WarmRoll("\(store)/\(name)", of: path)).kinds.count == 5)
    let handle = try #require(FileHandle(forWritingAtPath: found[0] + "/notes.json"))
    try handle.write(contentsOf: Data("[\n {}\n ".utf8))
    try handle.close()
    try await check("with damaged notes", isNew: true)
    #expect(try await faults().first == 1)
    _ = folder
  }

  /// Programs that use and write a store at once, while runs come and go, find the runs that are there.
  @Test func severalAtOnceShareAStore() async throws {
    let (folder, path, store) = try await runs()
    let first = try #require(try FileManager.default.contentsOfDirectory(atPath: path).sorted().first)
    for turn in 0..<3 {
      let plain = try await Self.read(path, nil, nil)
      try await withThrowingTaskGroup(of: Reading.self) { group in
        for _ in 0..<6 { group.addTask { try await Self.read(path, WarmStore(store), nil, workers: 2) } }
        for try await warm in group { #expect(warm == plain) }
      }
      try FileManager.default.copyItem(atPath: "\(path)/\(first)", toPath: "\(path)/\(first)-\(turn)")
      if turn == 1 { try await Self.settle(path) }
    }
    _ = folder
  }
}
