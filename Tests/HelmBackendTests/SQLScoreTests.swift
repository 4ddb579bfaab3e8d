import HelmBackend
import Magnet
import TestSupport
import Testing

/// The scores of runs in SQL: `headline`, `leaderboard` and `is_main`.
@Suite struct SQLScoreTests {
  private func answer(_ query: String, _ runs: HelmRuns) async throws -> Database.Answer {
    try await Database(runs).query(query)
  }

  private func cells(_ table: Table) -> [[Cell]] {
    table.rows.map { row in
      table.columnNames.indices.map { column in
        if case .bool(let value) = row[column] { .int(value ? 1 : 0) } else { row[column] }
      }
    }
  }

  @Test func theRelationIsTheTableOfHeadlines() async throws {
    let runs = try HelmRuns(Project.fixture("benchmark_output"))
    let wanted = try await HeadlineTable(of: runs, rules: HeadlineRules(try await runs.schemas())).table
    let found = try await answer("SELECT * FROM headline", runs)
    #expect(found.faults.isEmpty)
    #expect(found.table.columnNames == wanted.columnNames + ["model", "task", "is_latest"])
    #expect(wanted.rowCount > 30 && cells(found.table.selecting(wanted.columnNames)) == cells(wanted))
  }

  @Test func markedRowsMakeTheScore() async throws {
    let runs = try HelmRuns(Project.fixture("benchmark_output"))
    let apart = try await answer(
      """
      SELECT count(*), sum(abs(h.mean - s.mean) > 1e-12), sum(s.rows <> 1) FROM headline h LEFT JOIN
      (SELECT suite, run, sum(mean * count) / sum(count) mean, count(*) rows FROM scores WHERE is_main
       GROUP BY suite, run) s USING (suite, run)
      """, runs)
    let listing = try await runs.list()
    #expect(cells(apart.table) == [[.int(Int64(listing.entries.count)), .int(0), .int(0)]])
    // The mean over instances is that of the statistic where there is one trial; nothing perturbed is marked.
    let instances = try await answer(
      """
      SELECT count(*), max(abs(h.mean - i.mean)), max(i.perturbed) FROM headline h JOIN
      (SELECT suite, run, avg(mean) mean, count(perturbation) perturbed FROM instance_scores WHERE is_main = 1
       GROUP BY suite, run) i USING (suite, run) WHERE h.suite = 'plain-v1'
      """, runs)
    let row = try #require(cells(instances.table).first)
    #expect(row[0] == .int(12) && (row[1].number ?? 1) < 1e-9 && row[2] == .int(0))
    #expect(
      try await cells(answer("SELECT DISTINCT is_main FROM scores ORDER BY 1", runs).table) == [
        [.int(0)], [.int(1)],
      ])
  }

  @Test func rulesChooseOtherStatistics() async throws {
    var database = Database(try HelmRuns(Project.plain))
    database.rules = HeadlineRules()
    database.rules?.metrics = [try MetricSelector("num_prompt_tokens")]
    let metrics = try await database.query("SELECT DISTINCT metric FROM scores WHERE is_main").table
    #expect(cells(metrics) == [[.string("num_prompt_tokens")]])
    database.rules?.metrics = [try MetricSelector("no_such_metric")]
    let unknown = database
    for query in ["SELECT count(*) FROM headline", "SELECT sum(is_main) FROM scores"] {
      await #expect {
        try await unknown.query(query)
      } throws: {
        "\($0)".hasPrefix("no metric 'no_such_metric'")
      }
    }
  }

  @Test func onlyTheRunsAskedForAreRead() async throws {
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("broken/whole"), to: "s/whole")
    try folder.copy(Project.fixture("broken/number-for-stat-name"), to: "s/broken")
    try folder.copy(Project.fixture("broken/missing-stats"), to: "s/missing")
    let runs = try HelmRuns(folder.path)
    let name = "tiny:fault=whole,model=acme_base"
    let whole = try await answer("SELECT mean FROM headline WHERE run = '\(name)'", runs)
    #expect(whole.faults.isEmpty && whole.table.rowCount == 1)
    let all = try await answer("SELECT run FROM headline", runs)
    #expect(all.faults.count == 2 && cells(all.table) == [[.string(name)]])
    #expect(try await answer("SELECT value FROM leaderboard", runs).faults.count == 2)
  }

  @Test func wordsOfSQLTakeQuotes() async throws {
    let runs = try HelmRuns(Project.plain)
    await #expect(throws: MagnetError.self) { try await answer("SELECT group FROM headline", runs) }
    do { _ = try await answer("SELECT group FROM headline", runs) } catch let error as MagnetError {
      #expect(error.advice == "put a column that is a word of SQL in double quotes: \"group\"")
    }
    #expect(
      try await answer("SELECT \"group\", board, rank, column FROM leaderboard", runs).table.rowCount > 0)
  }
}
