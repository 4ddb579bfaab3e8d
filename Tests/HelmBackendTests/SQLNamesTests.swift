import HelmBackend
import Magnet
import TestSupport
import Testing

/// Queries that name what does not exist end with a sentence, and queries over broken runs say which are missing.
@Suite struct SQLNamesTests {
  private func database(_ path: String = Project.plain) throws -> Database { Database(try HelmRuns(path)) }

  private func rows(
    _ query: String, _ path: String = Project.plain, _ parameters: [String: Cell] = [:]
  ) async throws -> [[Cell]] {
    let table = try await database(path).query(query, parameters: parameters).table
    return table.rows.map { row in table.columnNames.indices.map { row[$0] } }
  }

  private func fault(_ query: String, _ parameters: [String: Cell] = [:]) async -> String {
    do {
      _ = try await database().query(query, parameters: parameters)
      return "no fault"
    } catch { return "\(error)" }
  }

  /// Names that differ in case alone are columns of their own, and never silently another's.
  @Test func namesThatDifferInCaseAreToldApart() async throws {
    let folder = try TemporaryFolder()
    var run = MadeRun("made:part=one", "acme/a", [1, 0])
    run.arguments = ["Subject": "upper", "subject": "lower"]
    let path = try run.write(to: folder)
    let prefix = "run_spec.scenario_spec.args."
    for (name, value) in [("Subject", "upper"), ("subject", "lower")] {
      let query = "SELECT \"\(prefix)\(name)\" FROM run_specs WHERE \"\(prefix)\(name)\" IS NOT NULL"
      #expect(try await rows(query, path) == [[.string(value)]])
    }
    await #expect(throws: MagnetError.self) {
      _ = try await rows("SELECT \"\(prefix)Subject\", \"\(prefix)subject\" FROM run_specs", path)
    }
    let both = try await rows(
      "SELECT \"\(prefix)Subject\", \"\(prefix)subject_2\" FROM (SELECT * FROM run_specs)", path)
    #expect(both == [[.string("upper"), .string("lower")]])
  }

  @Test(arguments: [
    (#"SELECT avg("mean") FROM stats"#, "no such column: mean; did you mean stats.mean?"),
    (
      #"SELECT count(*) FROM stats WHERE "name.name" = 'x'"#,
      "no such column: name.name; did you mean stats.name.name?"
    ),
    (
      #"SELECT count(*) FROM scores WHERE "metrik" = 'exact_match'"#,
      "no such column: metrik; did you mean metric?"
    ),
    (
      #"SELECT "stats.cuont" FROM stats"#,
      "no column 'stats.cuont'; did you mean stats.count?"
    ),
    // A condition that is false without looking at the column.
    (
      #"SELECT count(*) FROM stats WHERE 0 AND "stats.meann" > 0"#,
      "no column 'stats.meann'; did you mean stats.mean?"
    ),
    (
      #"SELECT count(*) FROM stats WHERE 0 AND "mean" > 0"#,
      "no such column: mean; did you mean stats.mean?"
    ),
    ("SELECT count(*) FROM scores WHERE meann > 0 AND 0", "no such column: meann; did you mean mean?"),
    ("SELECT count(*) FROM scores WHERE TRUE OR meann > 0", "no such column: meann; did you mean mean?"),
    (
      "SELECT count(*) FROM scores WHERE 0 AND meann > 0 AND metric IN ('exact_match')",
      "no such column: meann; did you mean mean?"
    ),
    ("SELECT count(*) FROM scores WHERE meann IN ()", "no such column: meann; did you mean mean?"),
    (
      "SELECT stats.mean FROM stats",
      #"no such column: stats.mean; put flattened names in double quotes: "stats.mean""#
    ),
    (
      #"SELECT count(*) FROM scores WHERE metric = "exact_match""#,
      "no such column: exact_match; put texts in single quotes: 'exact_match'"
    ),
    ("SELECT 1 FROM score", "no such table: score; did you mean scores?"),
    ("SELECT medain(mean) FROM scores", "no such function: medain; did you mean median?"),
    (
      "SELECT 1 FROM runs JOIN headline USING (rnu)",
      "cannot join using column rnu - column not present in both tables; did you mean run?"
    ),
    ("SELECT count(*) FROM scores WHERE model = :model", "the query's parameter :model has no value"),
  ]) func unknownNamesAreErrors(query: String, sentence: String) async {
    #expect(await fault(query) == sentence)
  }

  @Test func namesThatTheQueryGivesAreNotColumns() async throws {
    let answer = try await database().query(#"SELECT avg("stats.mean") AS "stats.average" FROM stats"#)
    #expect(answer.table.columnNames == ["stats.average"])
    let rows = try await rows(
      """
      WITH "best"("top", n) AS (SELECT max(mean), 1 FROM scores WHERE metric IN ('exact_match') AND 1)
      SELECT "top", n, CAST(0.5 AS DECIMAL(10, 2)) FROM "best" "b" WHERE 1 AND "b"."top" > 0 ORDER BY 1 LIMIT 10
      """)
    #expect(rows == [[.double(1), .int(1), .double(0.5)]])
  }

  @Test func parametersAreValues() async throws {
    let all = try await rows("SELECT count(*) FROM scores WHERE model = 'acme/base'")
    #expect(all[0][0].number ?? 0 > 0)
    #expect(
      try await rows(
        "SELECT count(*) FROM scores WHERE model = :m", Project.plain, ["m": .string("acme/base")]) == all)
    #expect(await fault("SELECT 1", ["m": .int(1)]) == "the query has no parameter :m")
  }

  /// Where no run can be read, an answer of no rows says why.
  @Test(arguments: ["stats", "headline", "instances", "run_specs", "leaderboard", "instance_scores"])
  func runsWithoutNamesAreNamedEvenWhereThereAreNoOthers(_ relation: String) async throws {
    let path = Project.fixture("broken/missing-run-spec")
    let answer = try await database(path).query("SELECT count(*) FROM \(relation)")
    #expect(answer.table.rows[0][0] == .int(0))
    #expect(answer.faults.map(\.problem) == ["the file is missing"])
  }

  @Test func runsLeftOutAreNamed() async throws {
    let folder = try TemporaryFolder()
    for name in ["whole", "missing-run-spec", "truncated-run-spec", "truncated-stats"] {
      try folder.copy(Project.fixture("broken/" + name), to: "benchmark_output/runs/s/" + name)
    }
    let average = try await database(folder.path).query("SELECT avg(mean) FROM scores")
    #expect(
      Set(average.faults.map { $0.file.split(separator: "/").suffix(2).joined(separator: "/") }) == [
        "missing-run-spec/run_spec.json", "truncated-run-spec/run_spec.json", "truncated-stats/stats.json",
      ])
    let table = try await database(folder.path).query(
      "SELECT folder, state, problem IS NULL, model IS NULL FROM runs ORDER BY folder")
    #expect(table.faults.isEmpty)
    #expect(
      table.table.rows.map { row in (0..<4).map { row[$0].text } } == [
        ["missing-run-spec", "incomplete", "0", "1"], ["truncated-run-spec", "incomplete", "0", "1"],
        ["truncated-stats", "incomplete", "0", "0"], ["whole", "complete", "1", "0"],
      ])
  }

  @Test func oneRunOfAName() async throws {
    let path = Project.fixture("benchmark_output/runs/plain-v*")
    let twice = try await rows("SELECT run FROM runs GROUP BY run HAVING count(*) > 1", path)
    #expect(!twice.isEmpty)
    #expect(
      try await rows("SELECT run FROM runs WHERE is_latest GROUP BY run HAVING count(*) > 1", path).isEmpty)
    #expect(
      try await rows("SELECT DISTINCT suite FROM runs WHERE NOT is_latest", path) == [[.string("plain-v1")]])
    #expect(
      try await rows("SELECT count(DISTINCT run) FROM runs", path)
        == rows("SELECT count(*) FROM runs WHERE is_latest", path))
  }

  @Test func tasksAreRunsWithoutTheirModel() async throws {
    let tasks = try await rows("SELECT DISTINCT task FROM scores WHERE scenario = 'trivia' ORDER BY task")
    #expect(
      tasks.allSatisfy { !$0[0].text.contains("model=") && $0[0].text.hasPrefix("trivia") } && !tasks.isEmpty)
  }

  @Test func inputsOfEveryVersionAreThere() async throws {
    let old = try await rows("SELECT input FROM instances", Project.fixture("odd/helm-0.1"))
    #expect(old.first?[0].text == "Which city was the first capital of the Turkish republic?")
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("broken/whole"), to: "s/whole")
    let path = folder.path + "/s/whole/scenario_state.json"
    let state = try Project.text(path)
    let media = """
      "input": {"text": "", "multimedia_content": {"media_objects": [\
      {"content_type": "image/png", "location": "a.png"}, {"content_type": "text/plain", "text": "What is"}, \
      {"content_type": "text/plain", "text": "shown?"}]}}
      """
    let changed = state.replacing(#/"input": \{[^}]*\}/#, with: media)
    try #require(changed != state)
    try folder.write(changed, to: "s/whole/scenario_state.json")
    let answer = try await database(folder.path).query("SELECT DISTINCT input FROM instances")
    #expect(answer.table.rows.map { $0[0].text } == ["What is\nshown?"])
  }

  @Test func listsCanBeTakenApart() async throws {
    let references = try await rows(
      """
      SELECT count(*), sum(json_extract(r.value, '$.tags') LIKE '%correct%')
      FROM instances i, json_each(i.reference_list) r WHERE i.run LIKE 'trivia:subject=capitals%'
      """)
    #expect(references[0][0].number ?? 0 > 0 && references[0][1].number ?? 0 > 0)
    #expect(try await rows("SELECT count(*) FROM json_tree('[1, [2, 3]]')") == [[.int(5)]])
    #expect(await fault("CREATE TABLE x(a)") == "not allowed: magnet sql is read-only")
  }

  /// NumPy: median, percentile(…, 30), std and var of [2, 4, 4, 9, NULL].
  @Test func statisticsOfAGroup() async throws {
    let numbers =
      "(SELECT 2 AS x UNION ALL SELECT 4 UNION ALL SELECT 4 UNION ALL SELECT 9.0 UNION ALL SELECT NULL)"
    let row = try await rows(
      """
      SELECT median(x), percentile(x, 30), percentile_cont(x, .75), stddev(x), stddev_pop(x), variance(x), var_pop(x)
      FROM \(numbers)
      """)[0].map { $0.number ?? .nan }
    let expected = [4, 3.8, 5.25, 2.9860788111948193, 2.5860201081971503, 8.916666666666666, 6.6875]
    try #require(row.count == expected.count)
    for (value, wanted) in zip(row, expected) { #expect(abs(value - wanted) < 1e-12, "\(value) \(wanted)") }
    #expect(try await rows("SELECT median(x), stddev(x) FROM (SELECT NULL AS x)") == [[.null, .null]])
    #expect(try await rows("SELECT median(x) FROM (SELECT 1 AS x WHERE 0)") == [[.null]])
    #expect(await fault("SELECT percentile(1, 101)") == "percentile() takes a second argument from 0 to 100")
  }

  @Test func regularExpressions() async throws {
    #expect(
      try await rows("SELECT 'exact_match' REGEXP '^exact_', 'a1' REGEXP '\\d$', NULL REGEXP 'x'") == [
        [.int(1), .int(1), .null]
      ])
    #expect(await fault("SELECT 'a' REGEXP '('") == "'(' is not a regular expression")
  }

  @Test func columnsCanBeListed() async throws {
    let names = try await rows("PRAGMA table_info(scores)").map { $0[1].text }
    #expect(names.starts(with: ["run", "scenario", "model", "metric"]))
    let flattened = try await rows("PRAGMA table_info(stats)").map { $0[1].text }
    #expect(flattened.contains("stats.mean") && flattened.contains("run_spec.name"))
  }
}
