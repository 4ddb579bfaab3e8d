import Testing

@testable import Magnet

/// Queries over tables made here, against the same done row by row.
@Suite struct QueryTests {
  struct Line {
    let run: String
    let metric: String
    let split: String?
    let mean: Double?
    let count: Int64?
  }

  private static func world(_ seed: Int) -> (Database, [Line]) {
    var random = PythonRandom(seed: seed)
    var lines: [Line] = []
    let runs = (0..<3).map { number -> MemorySource.Run in
      var run = MemorySource.Run("quiz:n=\(number)", "acme/m\(number % 2)")
      let own = (0..<random.below(14)).map { _ in
        Line(
          run: run.name, metric: random.choice(["f1", "exact_match", "Exact_Match", "é"]),
          split: random.choice([nil, "test", "valid", ""]),
          mean: random.choice([nil, 0.5, -1, 2, 0.25, 1e300, random.random()]),
          count: random.choice([nil, 0, 1, 7, .max, -3]))
      }
      lines += own
      run.tables[.stats] = run.named(
        own.map {
          [.string($0.metric), Cell($0.split), Cell($0.mean), $0.count.map { .int($0) } ?? .null]
        },
        ["stats.name.name", "stats.name.split", "stats.mean", "stats.count"])
      return run
    }
    return (Database(MemorySource(runs)), lines)
  }

  private static let metric = "\"stats.name.name\""
  private static let split = "\"stats.name.split\""
  private static let mean = "\"stats.mean\""
  private static let count = "\"stats.count\""

  private func rows(_ database: Database, _ query: String) async throws -> [[Cell]] {
    let answer = try await database.query(query)
    #expect(answer.faults.isEmpty)
    return answer.table.rows.map { row in answer.table.columnNames.indices.map { row[$0] } }
  }

  @Test(arguments: 1...10) func conditionsKeepTheirRows(_ seed: Int) async throws {
    let (database, lines) = Self.world(seed)
    let conditions: [(String, (Line) -> Bool)] = [
      ("\(Self.metric) = 'f1'", { $0.metric == "f1" }),
      ("\(Self.metric) <> 'f1'", { $0.metric != "f1" }),
      ("\(Self.split) IS NULL", { $0.split == nil }), ("\(Self.split) = ''", { $0.split == "" }),
      ("\(Self.split) != 'test'", { $0.split.map { $0 != "test" } ?? false }),
      ("\(Self.mean) > 0.3", { $0.mean.map { $0 > 0.3 } ?? false }),
      ("\(Self.mean) <= 0", { $0.mean.map { $0 <= 0 } ?? false }),
      ("\(Self.mean) BETWEEN 0.25 AND 0.5", { $0.mean.map { (0.25...0.5).contains($0) } ?? false }),
      ("\(Self.count) IN (1, 7)", { $0.count == 1 || $0.count == 7 }),
      ("NOT \(Self.count) = 1", { $0.count.map { $0 != 1 } ?? false }),
      ("\(Self.metric) LIKE 'exact%'", { $0.metric.lowercased().hasPrefix("exact") }),
      ("\(Self.metric) REGEXP '^e'", { $0.metric.hasPrefix("e") }),
      (
        "\(Self.metric) = 'EXACT_MATCH' COLLATE NOCASE",
        {
          $0.metric.lowercased() == "exact_match"
        }
      ), ("run_spec_name = 1", { _ in false }),
    ].dropLast()
    for (number, (condition, holds)) in conditions.enumerated() {
      let found = try await rows(database, "SELECT count(*) FROM stats WHERE \(condition)")
      #expect(found == [[.int(Int64(lines.count(where: holds)))]], "\(condition)")
      let (other, otherHolds) = conditions[(number * 5 + seed) % conditions.count]
      for (word, both) in [
        ("AND", { holds($0) && otherHolds($0) }), ("OR", { holds($0) || otherHolds($0) }),
      ] as [(String, (Line) -> Bool)] {
        let found = try await rows(
          database, "SELECT count(*) FROM stats WHERE (\(condition)) \(word) (\(other))")
        #expect(found == [[.int(Int64(lines.count(where: both)))]], "\(condition) \(word) \(other)")
      }
    }
  }

  @Test(arguments: 1...10) func groupsAreSummed(_ seed: Int) async throws {
    let (database, lines) = Self.world(seed)
    let found = try await rows(
      database,
      """
      SELECT \(Self.metric), count(*), count(\(Self.mean)), min(\(Self.mean)), max(\(Self.mean)), count(DISTINCT \(Self.split)),
        min(\(Self.count)), median(\(Self.mean)) FROM stats GROUP BY 1 ORDER BY 1
      """)
    let metrics = Set(lines.map(\.metric)).sorted(by: codePointOrder)
    let expected = metrics.map { metric -> [Cell] in
      let own = lines.filter { $0.metric == metric }
      let means = own.compactMap(\.mean)
      return [
        .string(metric), .int(Int64(own.count)), .int(Int64(means.count)), Cell(means.min()),
        Cell(means.max()),
        .int(Int64(Set(own.compactMap(\.split)).count)),
        own.compactMap(\.count).min().map { .int($0) } ?? .null,
        Cell(means.quantile(0.5)),
      ]
    }
    #expect(found == expected)
  }

  @Test(arguments: 1...10) func rowsAreOrderedAndCut(_ seed: Int) async throws {
    let (database, lines) = Self.world(seed)
    let numbered = lines.enumerated().sorted { a, b in
      switch (a.element.mean, b.element.mean) {
      case (let x?, let y?) where x != y: x > y
      case (nil, _?): false
      case (_?, nil): true
      default: a.offset < b.offset
      }
    }
    let all = try await rows(
      database,
      "SELECT \(Self.mean), \(Self.metric) FROM stats ORDER BY \(Self.mean) DESC NULLS LAST, rowid")
    #expect(all.count == lines.count && all.map { $0[0] } == numbered.map { Cell($0.element.mean) })
    for (limit, offset) in [(3, 0), (5, 2), (100, 4), (0, 0)] {
      let part = try await rows(
        database,
        "SELECT \(Self.mean) FROM stats ORDER BY \(Self.mean) DESC NULLS LAST LIMIT \(limit) OFFSET \(offset)"
      )
      #expect(
        part.map { $0[0] } == numbered.dropFirst(offset).prefix(limit).map { Cell($0.element.mean) }
      )
    }
    let distinct = try await rows(database, "SELECT DISTINCT \(Self.split) FROM stats ORDER BY 1")
    let splits = Set(lines.compactMap(\.split)).sorted(by: codePointOrder).map { Cell.string($0) }
    #expect(distinct.map { $0[0] } == (lines.contains { $0.split == nil } ? [.null] : []) + splits)
  }

  @Test(arguments: 1...6) func tablesAreJoinedByTheirRun(_ seed: Int) async throws {
    let (database, lines) = Self.world(seed)
    let found = try await rows(
      database,
      """
      SELECT s."run_spec.adapter_spec.model", count(*) FROM stats JOIN run_specs s USING ("run_spec.name")
      GROUP BY 1 ORDER BY 1
      """)
    let models = Dictionary(grouping: lines) { line in
      line.run.contains("acme_m0") ? "acme/m0" : "acme/m1"
    }
    let expected = models.sorted { $0.key < $1.key }.map { model, own -> [Cell] in
      [.string(model), .int(Int64(own.count))]
    }
    #expect(found == expected)
    let scores = try await rows(
      database, "SELECT count(*), count(mean) FROM scores WHERE model = 'acme/m1'")
    let own = models["acme/m1"] ?? []
    #expect(scores == [[.int(Int64(own.count)), .int(Int64(own.count { $0.mean != nil }))]])
    let none = try await rows(database, "SELECT count(*) FROM scores WHERE model = 'nobody'")
    #expect(none == [[.int(0)]])
  }

  @Test(arguments: 1...6) func parametersAreTheirValues(_ seed: Int) async throws {
    let (database, lines) = Self.world(seed)
    for split in ["test", "valid", "", "it's; --"] {
      let answer = try await database.query(
        "SELECT count(*) FROM stats WHERE \(Self.split) = :split",
        parameters: ["split": .string(split)])
      #expect(answer.table[row: 0, column: 0] == .int(Int64(lines.count { $0.split == split })))
    }
    let answer = try await database.query(
      "SELECT @a + $b, :c, typeof(:d)",
      parameters: ["a": .int(2), "b": .double(0.5), "c": .string("é"), "d": .null])
    #expect(
      (0..<3).map { answer.table[row: 0, column: $0] } == [
        .double(2.5), .string("é"), .string("null"),
      ])
  }

  @Test func brokenRunsAreReportedAndLeftOut() async throws {
    var sound = MemorySource.Run("quiz", "acme/a")
    sound.addStats([("f1", "test", 0.5)])
    var broken = MemorySource.Run("quiz", "acme/b")
    broken.fault = DataFault(file: "runs/v1/x/stats.json", problem: "is cut off")
    let database = Database(MemorySource([sound, broken]))
    let answer = try await database.query("SELECT model, mean FROM scores")
    #expect(answer.table.rowCount == 1 && answer.faults == [broken.fault])
    let named = try await database.query("SELECT run FROM runs ORDER BY run")
    #expect(named.table.rowCount == 2, "a broken run is a run")
  }

  @Test(arguments: [
    ("SELEC 1", "near \"SELEC\": syntax error"),
    ("SELECT missing FROM stats", "no such column: missing"),
    ("SELECT * FROM nowhere", "no such table: nowhere"),
    ("DELETE FROM stats", "table stats may not be modified"),
    ("INSERT INTO stats VALUES (1)", "not allowed: magnet sql is read-only"),
    ("CREATE TABLE x(a)", "not allowed: magnet sql is read-only"),
    ("SELECT 1; SELECT 2", "there is more than one statement; give one at a time"),
    ("", "the query is empty"),
    ("-- nothing", "the query is empty"), ("ATTACH 'x' AS y", "not allowed"),
    ("PRAGMA user_version = 3", "not allowed"), ("SELECT load_extension('x')", "not"),
    ("SELECT count(", "incomplete input"), ("SELECT :x", ":x"),
  ])
  func wrongQueriesAreErrors(_ query: String, _ part: String) async {
    let (database, _) = Self.world(1)
    let error = await #expect(throws: MagnetError.self) { try await database.query(query) }
    #expect(error?.description.contains(part) == true, "\(error.map { "\($0)" } ?? "")")
  }

  /// A comment or more semicolons after a query are nothing more.
  @Test(arguments: [
    "SELECT 1", "SELECT 1;", "SELECT 1; -- done", "SELECT 1;\r\n/* done */ ;;",
    "-- one\r\nSELECT 1",
  ])
  func oneQueryMayHaveComments(_ query: String) async throws {
    #expect(try await rows(Self.world(1).0, query) == [[.int(1)]])
  }

  // MARK: Scripts

  @Test(arguments: [
    ("SELECT 1; SELECT 2;", ["SELECT 1", " SELECT 2"]), ("SELECT ';'; x", ["SELECT ';'", " x"]),
    ("-- a; b\nx", ["-- a; b\nx"]),
    ("/* ; */ x; /* ; */", ["/* ; */ x"]), (";;;", []), ("", []),
    (".tables\nSELECT 1", [".tables", "\nSELECT 1"]),
    ("a \"b;\" [c;] `d;`;e", ["a \"b;\" [c;] `d;`", "e"]), ("'it''s;'", ["'it''s;'"]),
    ("'open; x", ["'open; x"]),
    ("x; .schema a\n;", ["x", ".schema a"]), ("a.b; c", ["a.b", " c"]),
  ])
  func scriptsAreTakenApart(_ script: String, _ statements: [String]) {
    #expect(Database.statements(in: script) == statements)
  }

  @Test(arguments: 1...6) func nothingOfAScriptIsLost(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let pieces = [
      "SELECT", " ", "'", "\"", ";", "--", "\n", "\r\n", "/*", "*/", "[", "]", "`", ".", "é", "1",
    ]
    for _ in 0..<300 {
      let script = (0..<random.below(16)).map { _ in random.choice(pieces) }.joined()
      var rest = script[...]
      for statement in Database.statements(in: script) {
        guard let found = rest.utf8.firstRange(of: statement.utf8) else {
          Issue.record("\(statement) in \(script)")
          break
        }
        rest = rest[found.upperBound...]
        #expect(!statement.utf8.allSatisfy { $0 <= 0x20 })
      }
    }
  }
}
