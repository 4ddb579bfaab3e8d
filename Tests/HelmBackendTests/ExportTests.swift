import CSQLite
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
    let faults = try await exportSQLite(runs, to: file)
    #expect(faults.isEmpty)
    let tables = try await runs.load(runs.list().entries, tables: Set(TableKind.allCases))
    for kind in TableKind.allCases {
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
    let faults = try await exportSQLite(HelmRuns(Project.fixture("broken")), to: file)
    #expect(faults.count == FaultTests.sentences.count)
    #expect(try rows(file, "SELECT run FROM runs").rows == [[.string("tiny:fault=whole,model=acme_base")]])
  }
}
