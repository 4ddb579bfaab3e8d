import CSQLite
import Foundation
import HelmBackend
import Magnet
import TestSupport
import Testing

/// What `exportSQLite` writes, read back with SQLite itself.
@Suite struct ExportTests {
  private func rows(_ file: String, _ query: String) throws -> (names: [String], rows: [[Cell]]) {
    var database: OpaquePointer?
    var statement: OpaquePointer?
    #expect(sqlite3_open_v2(file, &database, SQLITE_OPEN_READONLY, nil) == SQLITE_OK)
    defer { sqlite3_close_v2(database) }
    try #require(sqlite3_prepare_v2(database, query, -1, &statement, nil) == SQLITE_OK, "\(query)")
    defer { sqlite3_finalize(statement) }
    let width = sqlite3_column_count(statement)
    var rows: [[Cell]] = []
    while sqlite3_step(statement) == SQLITE_ROW {
      rows.append(
        (0..<width).map { column in
          switch sqlite3_column_type(statement, column) {
          case SQLITE_NULL: .null
          case SQLITE_INTEGER: .int(sqlite3_column_int64(statement, column))
          case SQLITE_FLOAT: .double(sqlite3_column_double(statement, column))
          default: .string(String(cString: sqlite3_column_text(statement, column)))
          }
        })
    }
    return ((0..<width).map { String(cString: sqlite3_column_name(statement, $0)) }, rows)
  }

  @Test func viewsHoldTheTables() async throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/x.db"
    let runs = try HelmRuns(Project.sweep)
    let faults = try await exportSQLite(runs, to: file).faults
    #expect(faults.isEmpty)
    let tables = try await runs.load(runs.list().entries, tables: Set(TableSource.allCases))
    for kind in TableSource.allCases {
      let table = tables[kind]
      let name = kind.rawValue.replacing("-", with: "_")
      let (names, found) = try rows(file, "SELECT * FROM \(name)")
      #expect(Set(names) == Set(table.columnNames))
      try #require(found.count == table.rowCount)
      for (row, cells) in zip(table.rows, found) {
        for (name, cell) in zip(names, cells) {
          switch row[name] {
          case .bool(let value): #expect(cell == .int(value ? 1 : 0))
          case let wanted where wanted.number != nil: #expect(cell.number == wanted.number)
          case .null: #expect(cell == .null)
          case let wanted: #expect(cell == .string(wanted.text))
          }
        }
      }
    }
    #expect(try rows(file, "SELECT count(*) FROM metrics").rows[0][0].number! > 10)
    #expect(try rows(file, "PRAGMA integrity_check").rows == [[.string("ok")]])
  }

  @Test func tidyViewsAnswerAsTheDatabaseDoes() async throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/x.db"
    let runs = try HelmRuns(Project.fixture("benchmark_output"))
    _ = try await exportSQLite(runs, to: file)
    for query in [
      "SELECT suite, run, model FROM runs ORDER BY suite, run",
      "SELECT metric, count(*), sum(count) FROM scores GROUP BY metric ORDER BY metric",
      "SELECT run, split, count(*), count(prob) FROM instances GROUP BY run, split ORDER BY run, split",
      "SELECT metric, split, perturbation, count(mean) FROM instance_scores GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
      "SELECT suite, run, metric, split, sum(is_main), sum(mean * is_main) FROM scores GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
      "SELECT suite, run, sum(is_main) FROM instance_scores GROUP BY 1, 2 ORDER BY 1, 2",
      "SELECT * FROM headline ORDER BY suite, run", "SELECT * FROM leaderboard",
    ] {
      let wanted = try await Database(runs).query(query).table
      let found = try rows(file, query).rows
      #expect(
        found.map { $0.map(\.text) }
          == wanted.rows.map { row in (0..<wanted.columnNames.count).map { row[$0].text } })
    }
  }

  @Test func faultyRunsAreLeftOut() async throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/x.db"
    let faults = try await exportSQLite(HelmRuns(Project.fixture("broken")), to: file).faults
    #expect(faults.count == FaultTests.sentences.count)
    #expect(
      try rows(file, "SELECT run FROM runs WHERE state = 'complete'").rows
        == [[.string("tiny:fault=whole,model=acme_base")]])
    let listing = try await HelmRuns(Project.fixture("broken")).list()
    #expect(try rows(file, "SELECT count(*) FROM runs").rows == [[.int(Int64(listing.entries.count))]])
  }

  /// Runs with statistics alone, as `magnet download --files headline` brings them.
  @Test func whatCanBeReadOfARunIsWritten() async throws {
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("broken/whole"), to: "s/headline")
    for name in ["scenario_state.json", "per_instance_stats.json"] {
      try FileManager.default.removeItem(atPath: folder.path + "/s/headline/" + name)
    }
    let file = folder.path + "/x.db"
    let faults = try await exportSQLite(HelmRuns(folder.path + "/s"), to: file).faults
    #expect(
      faults.map { $0.file.split(separator: "/").last.map(String.init) }
        == ["scenario_state.json", "per_instance_stats.json"])
    #expect(try rows(file, "SELECT count(*), sum(is_main) FROM scores").rows == [[.int(3), .int(0)]])
    #expect(try rows(file, "SELECT metric, note IS NULL FROM headline").rows == [[.null, .int(0)]])
    #expect(try rows(file, "SELECT count(*) FROM instances").rows == [[.int(0)]])
    #expect(try rows(file, "SELECT state FROM runs").rows == [[.string("incomplete")]])
  }

  /// Also where a column is made of several, as the inputs of several versions of HELM are.
  @Test(arguments: ["odd", "benchmark_output"]) func columnsHaveDeclaredTypes(_ fixture: String) async throws
  {
    let folder = try TemporaryFolder()
    let file = folder.path + "/x.db"
    _ = try await exportSQLite(HelmRuns(Project.fixture(fixture)), to: file)
    for relation in [
      "runs", "scores", "instances", "instance_scores", "headline", "leaderboard", "stats",
      "per_instance_stats", "run_specs", "scenario_states",
    ] {
      let untyped = try rows(file, "SELECT name FROM pragma_table_info('\(relation)') WHERE type = ''").rows
      #expect(untyped.isEmpty, "\(relation): \(untyped)")
    }
    #expect(
      try rows(
        file,
        "SELECT type FROM pragma_table_info('scores') WHERE name IN ('mean', 'count', 'model') ORDER BY name"
      )
      .rows == [[.string("INTEGER")], [.string("REAL")], [.string("TEXT")]])
    #expect(
      try rows(file, "SELECT DISTINCT typeof(mean) FROM scores WHERE mean IS NOT NULL").rows == [
        [.string("real")]
      ])
  }

  @Test func namesThatSQLiteCannotTellApartAreKept() async throws {
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("broken/whole"), to: "s/odd")
    let path = folder.path + "/s/odd/stats.json"
    let stats = try Project.text(path).replacing(
      "\"mean\":", with: "\"Score\": 1, \"score\": \"two\", \"a\\u0000b\": 3, \"mean\":")
    try #require(stats.contains("Score"))
    try folder.write(stats, to: "s/odd/stats.json")
    let file = folder.path + "/x.db"
    let export = try await exportSQLite(HelmRuns(folder.path + "/s"), to: file)
    #expect(export.faults.isEmpty && export.notes.count == 2)
    #expect(
      try rows(
        file,
        "SELECT DISTINCT \"stats.Score\", \"stats.score_2\", \"stats.a\u{2400}b\" FROM stats WHERE \"stats.Score\" IS NOT NULL"
      ).rows
        == [[.int(1), .string("two"), .int(3)]])
    // More columns than SQLite has: spread over runs, as one object with so many keys stays one cell.
    for part in 0..<21 {
      let some = (0..<100).map { "\"k\(part * 100 + $0)\": \($0)" }.joined(separator: ", ")
      try folder.copy(Project.fixture("broken/whole"), to: "s/wide\(part)")
      let text = try Project.text(folder.path + "/s/wide\(part)/stats.json")
        .replacing("\"mean\":", with: some + ", \"mean\":")
      try folder.write(text, to: "s/wide\(part)/stats.json")
    }
    let wide = try await exportSQLite(HelmRuns(folder.path + "/s"), to: folder.path + "/wide.db")
    #expect(wide.faults.isEmpty && wide.notes.count == 3)
    #expect(
      try rows(
        folder.path + "/wide.db",
        "SELECT DISTINCT extra ->> '$.\"stats.k999\"' FROM stats_rows WHERE extra IS NOT NULL ORDER BY 1 DESC LIMIT 1"
      )
      .rows == [[.int(99)]])
  }

  /// HELM's own columns have their names and places, whatever else a file has before them.
  @Test func helmsColumnsKeepTheirNames() async throws {
    let folder = try TemporaryFolder()
    let whole = try Project.text(Project.fixture("broken/whole") + "/stats.json")
    func edit(_ name: String, _ more: String) throws {
      try folder.copy(Project.fixture("broken/whole"), to: "\(name)/odd")
      try folder.write(
        whole.replacing("\"name\": {", with: more + ", \"name\": {"), to: "\(name)/odd/stats.json")
    }
    try edit("case", "\"Mean\": 9, \"COUNT\": 9")
    let maps = (0..<6).map { map in
      "\"a\(map)\": {" + (0..<400).map { "\"k\($0)\": \($0)" }.joined(separator: ", ") + "}"
    }
    try edit("wide", maps.joined(separator: ", "))
    let plain = try HelmRuns(Project.fixture("broken/whole"))
    let wanted = try await Database(plain).query("SELECT avg(mean), sum(count) FROM scores").table.rows.map {
      [$0[0], $0[1]]
    }
    for name in ["case", "wide"] {
      let file = folder.path + "/\(name).db"
      let export = try await exportSQLite(HelmRuns(folder.path + "/" + name), to: file)
      #expect(export.faults.isEmpty && !export.notes.isEmpty)
      #expect(try rows(file, "SELECT avg(mean), sum(count) FROM scores").rows == wanted)
      #expect(try rows(file, "SELECT avg(\"stats.mean\"), sum(\"stats.count\") FROM stats").rows == wanted)
    }
    let shown = try await Database(HelmRuns(folder.path + "/case")).query("SELECT * FROM stats")
    #expect(
      shown.table.columnNames.contains("stats.Mean_2") && shown.table.columnNames.contains("stats.mean"))
  }

  /// The input of a chat is what its messages say.
  @Test func inputsOfMessagesAreTexts() async throws {
    let folder = try TemporaryFolder()
    let path = try MadeRun("made:part=one", "acme/a", [1, 0]).write(to: folder)
    let messages = """
      "messages": [{"role": "system", "content": "Be brief."}, \
      {"role": "user", "content": [{"type": "text", "text": "Why?"}, {"type": "image_url"}]}]
      """
    let state = try Project.text(path + "/scenario_state.json")
      .replacing("\"text\":\"Question 1?\"", with: messages)
    try #require(state.contains("Be brief."))
    try folder.write(state, to: "s/made:part=one,model=acme_a/scenario_state.json")
    let query = "SELECT input FROM instances ORDER BY instance"
    let wanted: [[Cell]] = [[.string("Question 0?")], [.string("Be brief.\nWhy?")]]
    let runs = try HelmRuns(path)
    #expect(try await Database(runs).query(query).table.rows.map { [$0[0]] } == wanted)
    let file = folder.path + "/x.db"
    #expect(try await exportSQLite(runs, to: file).faults.isEmpty)
    #expect(try rows(file, query).rows == wanted)
  }
}
