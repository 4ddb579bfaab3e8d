import HelmBackend
import Magnet
import TestSupport
import Testing

/// SQL over runs gives what the tables hold.
@Suite struct SQLTests {
  private func rows(_ query: String, _ path: String = Project.sweep) async throws -> [[Cell]] {
    let table = try await Database(HelmRuns(path)).query(query).table
    return table.rows.map { row in (0..<table.columnNames.count).map { row[$0] } }
  }

  private func fault(_ query: String) async -> String {
    do {
      _ = try await Database(HelmRuns(Project.sweep)).query(query)
      return "no fault"
    } catch { return "\(error)" }
  }

  @Test func countsEqualTheTables() async throws {
    let runs = try HelmRuns(Project.sweep)
    let tables = try await runs.load(runs.list().entries, tables: Set(TableSource.allCases))
    for (name, kind) in [
      ("run_specs", TableSource.runSpecs), ("scenario_states", .scenarioStates), ("stats", .stats),
      ("per_instance_stats", .perInstanceStats), ("runs", .runSpecs), ("scores", .stats),
      ("instances", .scenarioStates), ("instance_scores", .perInstanceStats),
    ] {
      #expect(
        try await rows("SELECT count(*) FROM \(name)") == [[.int(Int64(tables[kind].rowCount))]], "\(name)")
    }
  }

  /// Where no cell tells, the declared types do.
  @Test func columnsWithoutCellsHaveTypes() async throws {
    let database = Database(try HelmRuns(Project.sweep))
    let none = try await database.query(
      "SELECT metric, mean AS m, count, is_main, mean + 1 AS e FROM (SELECT * FROM scores) WHERE 0")
    #expect(none.table.columnTypes == [.string, .double, .int, .int, nil])
    let nulls = try await database.query(
      "SELECT mean, count, 1 AS one FROM scores WHERE mean IS NULL LIMIT 1")
    #expect(nulls.table.columnTypes.first == .some(.double))
    let groups = try await database.query("SELECT metric, avg(mean) FROM scores WHERE 0 GROUP BY metric")
    #expect(groups.table.columnTypes == [.string, nil])
  }

  @Test func everyCellOfATableIsThere() async throws {
    let runs = try HelmRuns(Project.sweep)
    let stats = try await runs.load(runs.list().entries, tables: [.stats]).stats
    let answer = try await Database(runs).query("SELECT * FROM stats")
    #expect(answer.table.columnNames == stats.columnNames)
    #expect(answer.table.rowCount == stats.rowCount)
    for (a, b) in zip(answer.table.rows, stats.rows) {
      for column in stats.columnNames.indices {
        var wanted = b[column]
        if case .bool(let value) = wanted { wanted = .int(value ? 1 : 0) }
        #expect(a[column].number == wanted.number && (a[column].number != nil || a[column] == wanted))
      }
    }
  }

  /// Scans of the same cells, one within the other, and texts that are held over many of them.
  @Test func innerScansAgreeWithJoins() async throws {
    let inner = "SELECT metric FROM scores s WHERE s.run = r.run"
    let least = try await rows("SELECT run, min(metric) FROM scores GROUP BY run ORDER BY run")
    let greatest = try await rows("SELECT run, max(metric) FROM scores GROUP BY run ORDER BY run")
    #expect(
      try await rows("SELECT run, (\(inner) ORDER BY metric LIMIT 1) FROM runs r ORDER BY run") == least)
    #expect(
      try await rows("SELECT run, (\(inner) ORDER BY metric DESC LIMIT 1) FROM runs r ORDER BY run")
        == greatest)
    #expect(
      try await rows("SELECT max((\(inner) ORDER BY metric DESC LIMIT 1)) FROM runs r")
        == rows("SELECT max(metric) FROM scores"))
    #expect(
      try await rows(
        "SELECT group_concat(m) FROM (SELECT (\(inner) ORDER BY metric LIMIT 1) AS m FROM runs r ORDER BY run)"
      )
        == [[.string(least.map { $0[1].text }.joined(separator: ","))]])
  }

  @Test func groupsEqualThoseOfTheTable() async throws {
    let runs = try HelmRuns(Project.sweep)
    let table = try await runs.load(runs.list().entries, tables: [.perInstanceStats]).perInstanceStats
    var sums: [String: (Double, Int)] = [:]
    for row in table.rows {
      guard let mean = row[.mean] else { continue }
      sums[row[.metric], default: (0, 0)].0 += mean
      sums[row[.metric], default: (0, 0)].1 += 1
    }
    let answer = try await rows("SELECT metric, sum(mean), count(mean) FROM instance_scores GROUP BY metric")
    #expect(answer.map { $0[0].text } == Set(table[.metric]).sorted())
    for row in answer where sums[row[0].text] != nil {
      #expect(abs(row[1].number! - sums[row[0].text]!.0) <= 1e-9 * abs(row[1].number!))
      #expect(row[2] == .int(Int64(sums[row[0].text]!.1)))
    }
  }

  @Test func conditionsJoinsAndOrders() async throws {
    #expect(
      try await rows(
        """
        SELECT model, prob, mean FROM scores WHERE metric = 'exact_match' AND computed_on = 'perturbed'
        AND scenario = 'trivia' AND prob IN (0.2, 0.5) AND model = 'zeta/pro' ORDER BY prob DESC, run
        """
      ).map { $0.map(\.text) }
        == [
          ["zeta/pro", "0.5", "0.5"], ["zeta/pro", "0.5", "0.625"], ["zeta/pro", "0.2", "0.6"],
          ["zeta/pro", "0.2", "1.0"],
        ])
    let joined = try await rows(
      """
      SELECT count(*) FROM instances i JOIN instance_scores s ON s.run = i.run AND s.instance = i.instance
      AND s.perturbation IS i.perturbation AND s.trial = i.trial WHERE s.metric = 'exact_match'
      """)
    #expect(joined == (try await rows("SELECT count(*) FROM instances")))
    #expect(try await rows("SELECT count(*) FROM scores WHERE metric = 'no such metric'") == [[.int(0)]])
    let exact = try await rows("SELECT count(*) FROM scores WHERE metric = 'exact_match'")
    #expect(
      try await rows("SELECT count(*) FROM scores WHERE metric = 'EXACT_MATCH' COLLATE NOCASE") == exact)
    #expect(
      try await rows(#"SELECT count(*) FROM stats WHERE "stats.name.perturbation.fairness" = 0"#)
        != [[.int(0)]])
  }

  @Test func orderedTextsAreInOrder() async throws {
    let names = try await rows("SELECT instance FROM instance_scores ORDER BY instance").map { $0[0].text }
    #expect(names == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } && names.count > 1000)
    let means = try await rows("SELECT mean FROM scores WHERE run LIKE '%0.5%' ORDER BY mean").map {
      $0[0].number
    }
    let present = means.compactMap { $0 }
    #expect(present == present.sorted() && means.prefix(means.count - present.count).allSatisfy { $0 == nil })
  }

  @Test func onlyTheFilesOfTheRunsAskedForAreOpened() async throws {
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("broken/whole"), to: "s/whole")
    try folder.copy(Project.fixture("broken/number-for-stat-name"), to: "s/broken")
    let database = Database(try HelmRuns(folder.path))
    let whole = try await database.query(
      "SELECT count(*) FROM scores WHERE run = 'tiny:fault=whole,model=acme_base'")
    #expect(whole.faults.isEmpty && whole.table.rows[0][0] == .int(3))
    let all = try await database.query("SELECT count(*) FROM scores")
    #expect(all.faults.count == 1 && all.table.rows[0][0] == .int(3))
    #expect(try await database.query("SELECT count(*) FROM runs").faults.isEmpty)
  }

  @Test func nothingCanBeWritten() async {
    let refusal = "not allowed: magnet sql is read-only"
    for query in [
      "ATTACH '/tmp/x.db' AS x", "CREATE TABLE t(a)", "CREATE VIEW v AS SELECT 1", "PRAGMA journal_mode",
      "SELECT load_extension('x')", "VACUUM INTO '/tmp/x.db'", "BEGIN", "DETACH main",
    ] {
      #expect(await fault(query) == refusal, "\(query)")
    }
    #expect(await fault("DELETE FROM runs") == "table runs may not be modified")
    #expect(await fault("INSERT INTO scores VALUES (1)") != "no fault")
  }

  @Test func mistakesAreSaid() async {
    #expect(await fault("SELECT nonsense FROM scores") == "no such column: nonsense")
    #expect(await fault("SELEC 1") == "near \"SELEC\": syntax error")
    #expect(await fault("") == "the query is empty")
    #expect(await fault("SELECT 1; SELECT 2") == "there is more than one statement; give one at a time")
    #expect(
      await fault(#"SELECT "stats.meen" FROM stats"#)
        == "no column 'stats.meen'; did you mean stats.mean or stats.min?")
  }

  @Test func aTimeLimitEndsAQuery() async throws {
    var database = Database(try HelmRuns(Project.sweep))
    database.timeLimit = .milliseconds(50)
    await #expect(throws: MagnetError.self) {
      _ = try await database.query(
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT sum(x) FROM n")
    }
  }

  @Test func repeatedRunNamesStayApart() async throws {
    let path = Project.fixture("benchmark_output/runs/plain-v*")
    let answer = try await rows(
      """
      SELECT suite, count(DISTINCT instance) FROM instances
      WHERE run = 'trivia:subject=capitals,model=acme_base' GROUP BY suite
      """, path)
    #expect(answer.map { $0.map(\.text) } == [["plain-v1", "8"], ["plain-v2", "10"]])
  }
}
