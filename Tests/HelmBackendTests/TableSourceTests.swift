import Foundation
import HelmBackend
import Magnet
import TestSupport
import Testing

/// A kind of file that magnet does not know is one more value: reading, completeness, SQL and export go by it.
@Suite struct TableSourceTests {
  static let judgements = TableSource(
    "judge-notes", prefix: "judge_notes.", shape: .bundles("notes"), textColumns: ["judge_notes.item"],
    requiredText: ["by", "name"])
  static let ratings = TableSource(
    "ratings", prefix: "ratings.", fileName: "all_ratings.json", shape: .recordsInObject("list"))
  static let setup = TableSource("setup", prefix: "setup.", shape: .object)

  /// Two copies of a run, of which the first has the new files.
  private func runs(notes: String) throws -> (TemporaryFolder, HelmRuns) {
    let folder = try TemporaryFolder()
    let plain = Project.folder.appending(path: "Fixtures/benchmark_output/runs/plain-v1").path
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: plain).first { $0.contains(":") })
    for suite in ["a", "b"] {
      try FileManager.default.createDirectory(
        atPath: folder.path + "/runs/" + suite, withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        atPath: plain + "/" + name, toPath: "\(folder.path)/runs/\(suite)/\(name)")
    }
    try folder.write(notes, to: "runs/a/\(name)/judge_notes.json")
    try folder.write(
      #"{"scale": 5, "list": [{"id": 1, "mean": 4.5}, {"id": 2, "mean": null}]}"#,
      to: "runs/a/\(name)/all_ratings.json")
    try folder.write(#"{"seed": 7, "host": {"cpus": 2}}"#, to: "runs/a/\(name)/setup.json")
    let sources = TableSource.allCases + [Self.judgements, Self.ratings, Self.setup]
    return (folder, try HelmRuns(paths: [folder.path + "/runs"], sources: sources))
  }

  private let notes = """
    [{"item": 3, "notes": [{"by": {"name": "x"}, "score": 0.5}, {"by": {"name": "y"}, "score": 1}]},
     {"item": "q", "notes": [{"by": {"name": "x"}, "score": 0}]}]
    """

  @Test func oneMoreValueIsOneMoreTable() async throws {
    let (folder, runs) = try runs(notes: notes)
    let listing = try await runs.list()
    #expect(listing.entries.count == 2 && listing.entries.allSatisfy(\.faults.isEmpty))
    #expect(listing.entries[0].files.contains("all_ratings.json"))
    let tables = try await runs.load(listing.entries, tables: Set(runs.sources))
    #expect(tables.faults.isEmpty && tables.stats.rowCount > 0)
    let notes = tables[Self.judgements]
    #expect(
      notes.columnNames == [
        "run_spec.name", "judge_notes.item", "judge_notes.notes.by.name", "judge_notes.notes.score",
      ])
    #expect(notes.rowCount == 3 && notes[0, "judge_notes.item"] == .string("3"))
    #expect(notes[2, "judge_notes.notes.score"] == .double(0))
    let ratings = tables[Self.ratings]
    #expect(ratings.rowCount == 2 && ratings[1, "ratings.scale"] == .int(5))
    #expect(ratings[0, "ratings.list.mean"] == .double(4.5))
    #expect(tables[Self.setup].rowCount == 1 && tables[Self.setup][0, "setup.host.cpus"] == .int(2))

    let answer = try await Database(runs).query(
      #"SELECT count(*), max("judge_notes.notes.score") FROM judge_notes"#)
    #expect(answer.faults.isEmpty && answer.table[row: 0, column: 0] == .int(3))
    #expect(answer.table[row: 0, column: 1] == .double(1))

    let file = folder.path + "/x.db"
    #expect(try await exportSQLite(runs, to: file).faults.isEmpty)
    let count = try Tool.run(
      command: "/usr/bin/env",
      [
        "python3", "-c",
        "import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone())",
        file, #"SELECT count(*), sum("ratings.list.mean"), (SELECT count(*) FROM setup) FROM ratings"#,
      ])
    #expect(count.output == "2 4.5 1\n", "\(count.errors)")
  }

  @Test(arguments: [
    ("[1]", "[0]: expected an object, found a number"),
    (#"[{"item": 1}]"#, "[0].notes: the key is missing"),
    (
      #"[{"notes": [{"by": {"name": 1}}]}]"#, "[0].notes[0].by.name: expected a name, found a number"
    ),
    (#"[{"notes": [{"by": 1}]}]"#, "[0].notes[0].by: expected an object, found a number"),
    (#"[{"notes": [{}]}]"#, "[0].notes[0].by: the key is missing"),
    ("{}", "expected a list, found an object"),
  ])
  func whatIsWrongIsSaidWithItsPlace(text: String, sentence: String) async throws {
    let (folder, runs) = try runs(notes: text)
    defer { withExtendedLifetime(folder) {} }
    let entries = try await runs.list().entries
    let faults = try await runs.load(entries, tables: [Self.judgements]).faults
    #expect(faults.map(\.run) == [0])
    #expect(faults.first?.fault.description.hasSuffix("judge_notes.json: " + sentence) == true, "\(faults)")
  }
}
