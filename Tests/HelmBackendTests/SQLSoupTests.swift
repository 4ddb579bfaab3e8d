import HelmBackend
import Magnet
import TestSupport
import Testing

/// Queries made of seeded words: each has an answer or an error that says something, and conditions and orders that
/// the scan takes over from SQLite give what SQLite makes of them itself.
@Suite struct SQLSoupTests {
  private static let relations = [
    "runs", "scores", "instances", "instance_scores", "run_specs", "scenario_states", "stats",
    "per_instance_stats", "sqlite_master", "pragma_table_info('runs')", "json_each('[1]')", "nothing",
  ]
  private static let columns = [
    "run", "metric", "mean", "count", "instance", "trial", "perturbation", "split", "prob", "rowid", "*",
    "\"stats.mean\"", "\"stats.name.name\"", "\"run_spec.name\"", "\"stats.odd\"", "\"no.such\"",
    "\"scenario_state.request_states.instance.id\"", "suite", "'text'", "x'00ff'", "1", "-1.5", "NULL", "?",
    ":a",
  ]
  private static let words = [
    "SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "HAVING", "LIMIT", "OFFSET", "JOIN", "LEFT JOIN", "ON",
    "AS",
    "AND", "OR", "NOT", "IN", "LIKE", "IS", "=", "<", ">=", "<>", "+", "||", "(", ")", ",", ";", "count(*)",
    "sum(", "avg(", "max(", "group_concat(", "json_extract(", "CAST(", "AS TEXT", "COLLATE NOCASE", "DESC",
    "DISTINCT", "UNION", "EXCEPT", "WITH", "RECURSIVE", "OVER ()", "CASE WHEN", "THEN", "END", "DELETE FROM",
    "UPDATE", "SET", "INSERT INTO", "DROP TABLE", "ATTACH", "PRAGMA", "EXPLAIN", "VALUES", "--", "/*", "'",
    "\"",
    "[", "`", "\0", "é", "\u{1F600}", "load_extension('x')", "printf('%s',", "quote(", "typeof(",
  ]

  @Test func longTextsAreRefused() async throws {
    let database = Database(try HelmRuns(Project.fixture("odd/texts")))
    await #expect(throws: MagnetError.self) { try await database.query("SELECT zeroblob(1000000000)") }
  }

  /// Texts that Unicode takes for the same, SQLite does not.
  @Test func textsAreComparedByTheirBytes() async throws {
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("odd/texts"), to: "run:1")
    let names = ["\u{E9}", "e\u{301}", "\u{E9}", "e\u{301}"]
    let rows = names.map { "{\"name\": {\"name\": \"\($0)\"}}" }
    try folder.write("[" + rows.joined(separator: ",") + "]", to: "run:1/stats.json")
    let answer = try await Database(HelmRuns(folder.path)).query(
      "SELECT metric, count(*) AS n FROM scores GROUP BY metric")
    #expect(answer.table.rows.map { $0["n"] } == [.int(2), .int(2)])
  }

  /// SQLite answers each side of an OR by a scan of its own, and tells by their numbers which rows it has seen.
  @Test func everySideOfAnOrHasItsRows() async throws {
    let database = Database(try HelmRuns(Project.fixture("benchmark_output")))
    let sides = [
      "run = 'trivia:subject=capitals,model=acme_base'", "is_latest = 0", "model = 'zeta/pro'",
      "metric = 'exact_match'", "suite = 'sweep-v1'", "mean = 1", "(split = 'valid' AND prob IS NOT NULL)",
    ]
    for (number, first) in sides.enumerated() {
      for second in sides.dropFirst(number + 1) {
        let both = "\(first) OR \(second)"
        let counted = try await database.query(
          "SELECT count(*), sum(count), min(mean) FROM scores WHERE \(both)")
        let summed = try await database.query(
          """
          SELECT sum(CASE WHEN \(both) THEN 1 ELSE 0 END), sum(CASE WHEN \(both) THEN count END),
            min(CASE WHEN \(both) THEN mean END) FROM scores
          """)
        for column in 0..<3 {
          #expect(counted.table[row: 0, column: column] == summed.table[row: 0, column: column], "\(both)")
        }
      }
    }
  }

  @Test(arguments: 0..<8) func everyQueryHasAnAnswerOrAnError(seed: UInt64) async throws {
    var database = Database(try HelmRuns(Project.fixture("odd/mixed-kinds")))
    database.timeLimit = .seconds(5)
    var random = SeededRandom(state: seed)
    for _ in 0..<60 {
      let isShaped = Bool.random(using: &random)
      let soup = (0..<Int.random(in: 1...8, using: &random)).map { _ -> String in
        let pool = [Self.words, Self.columns, Self.relations].randomElement(using: &random)!
        return pool.randomElement(using: &random)!
      }
      let column = Self.columns.randomElement(using: &random)!
      let relation = Self.relations.randomElement(using: &random)!
      let query = (isShaped ? "SELECT \(column) FROM \(relation) " : "") + soup.joined(separator: " ")
      do { _ = try await database.query(query) } catch let error as MagnetError {
        #expect(!error.description.isEmpty, "\(query)")
      }
    }
  }

  private static let keys: [(relation: String, columns: [String])] = [
    ("scores", ["run", "metric", "mean", "count", "split", "perturbation", "model"]),
    ("instance_scores", ["run", "metric", "mean", "instance", "trial", "split"]),
    ("instances", ["instance", "split", "trial", "prompt"]),
    ("stats", ["\"stats.mean\"", "\"stats.odd\"", "\"stats.name.name\"", "\"stats.sum\"", "\"stats.list\""]),
    ("per_instance_stats", ["\"per_instance_stats.instance_id\"", "\"per_instance_stats.odd\""]),
  ]
  private static let values = [
    "1", "0", "'1'", "1.0", "0.5", "'exact_match'", "'EXACT_MATCH'", "'valid'", "NULL", "'[1]'", "'id22'",
    "17",
    "'17'", "x'31'", "''", "1e400", "9007199254740993", "TRUE",
  ]

  /// Minus zero counts as zero, as which SQLite keeps it in a copy.
  /// SQLite hands no condition or order on a materialized copy of a column to the scan.
  @Test(arguments: ["mixed-kinds", "non-finite", "numbers", "texts"]) func theScanAgreesWithSQLite(
    name: String
  ) async throws {
    let database = Database(try HelmRuns(Project.fixture("odd/" + name)))
    func rows(_ query: String) async throws -> [[String]] {
      let table = try await database.query(query).table
      return table.rows.map { row in
        (0..<table.columnNames.count).map { row[$0].number.map { "\($0 + 0)" } ?? "'\(row[$0].text)'" }
      }
    }
    for (relation, columns) in Self.keys {
      for column in columns {
        let copy = "WITH copy AS MATERIALIZED (SELECT \(column) FROM \(relation))"
        func compare(_ query: (String) -> String) async {
          let pushed = await Outcome { try await rows(query(relation)) }
          let plain = await Outcome { try await rows("\(copy) \(query("copy"))") }
          #expect(pushed == plain, "\(query(relation))")
        }
        await compare { "SELECT \(column) FROM \($0) ORDER BY \(column)" }
        await compare { "SELECT \(column), count(*) FROM \($0) GROUP BY \(column)" }
        await compare { "SELECT DISTINCT \(column) FROM \($0) ORDER BY \(column) DESC" }
        let conditions = Self.values.flatMap {
          ["= \($0)", "IN (\($0), 'logprob')", "= \($0) COLLATE NOCASE"]
        }
        await compare { relation in
          "SELECT "
            + conditions.map { "(SELECT count(*) FROM \(relation) WHERE \(column) \($0))" }
            .joined(separator: ", ")
        }
      }
    }
  }
}

/// What a query gave: its rows, or the sentence of its error.
private enum Outcome: Equatable {
  case rows([[String]])
  case error(String)

  init(_ body: () async throws -> [[String]]) async {
    do { self = .rows(try await body()) } catch { self = .error("\(error)") }
  }
}
