import Testing

@_spi(Reading) @testable import Magnet

/// The relations of SQL that need no quotes, against the tables they are made of.
@Suite struct RelationTests {
  private struct World {
    let source: MemorySource
    let database: Database
    var lines: [(run: MemorySource.Run, cells: [Cell])] = []

    static let stats =
      ["name.name", "name.split", "name.sub_split"]
      + ["name", "computed_on", "prob"].map { "name.perturbation." + $0 } + [
        "count", "sum", "mean", "stddev",
      ]

    init(_ seed: Int) {
      var random = PythonRandom(seed: seed)
      var runs: [MemorySource.Run] = []
      for (task, suite) in [
        ("boolq", "v1"), ("boolq", "v2"), ("mmlu:subject=law", "v1"), ("odd:n=1", "v1"),
      ] {
        for model in 0..<2 where random.below(5) > 0 {
          var run = MemorySource.Run(task, "org/m\(model)", suite: suite)
          let rows = (0..<random.below(9)).map { _ -> [Cell] in
            let perturbation = random.choice([nil, nil, "typos"] as [String?])
            let mean = Double(random.below(5)) / 4
            return [
              .string(random.choice(["exact_match", "quasi_exact_match", "f1"])),
              .string(random.choice(["test", "valid"])),
              Cell(random.choice([nil, nil, "easy"] as [String?])),
              Cell(perturbation), Cell(perturbation.map { _ in "worst" }),
              perturbation == nil ? .null : .double(0.5), .int(1), .double(mean), .double(mean),
              .double(0),
            ]
          }
          run.tables[.stats] = run.named(rows, Self.stats.map { "stats." + $0 })
          runs.append(run)
          lines += rows.map { (run, $0) }
        }
      }
      source = MemorySource(runs)
      database = Database(source)
    }
  }

  private static func rows(_ database: Database, _ query: String) async throws -> [[Cell]] {
    let answer = try await database.query(query)
    #expect(answer.faults.isEmpty)
    return answer.table.rows.map { row in answer.table.columnNames.indices.map { row[$0] } }
  }

  private static func texts(_ rows: [[Cell]]) -> [String] {
    rows.map { $0.map { $0 == .null ? "–" : $0.text }.joined(separator: "|") }.sorted()
  }

  @Test(arguments: 1...10) func scoresAreTheRowsOfStats(_ seed: Int) async throws {
    let world = World(seed)
    let found = try await Self.rows(
      world.database,
      "SELECT run, model, scenario, task, suite, metric, split, sub_split, perturbation, computed_on, prob, count, mean "
        + "FROM scores")
    let expected = world.lines.map { run, cells -> [Cell] in
      [
        .string(run.name), .string(run.model),
        .string(run.task.split(separator: ":").first.map(String.init)!),
        .string(run.task), .string(run.suite),
      ] + cells[0...6] + [cells[8]]
    }
    #expect(Self.texts(found) == Self.texts(expected))
  }

  /// The rows that are marked are those that the table of scores was made of.
  @Test(arguments: 1...10) func marksAreOfTheHeadline(_ seed: Int) async throws {
    let world = World(seed)
    let headlines = try await HeadlineTable(of: world.source, rules: HeadlineRules()).table
    let marked = try await Self.rows(
      world.database,
      "SELECT suite, run, avg(mean), count(*) FROM scores WHERE is_main GROUP BY suite, run")
    var means: [String: (Double, Int)] = [:]
    for row in marked {
      means[row[0].text + row[1].text] = (row[2].number ?? .nan, Int(row[3].number ?? 0))
    }
    for row in headlines.rows {
      let found = means[row["suite"].text + row["run"].text]
      if let mean = row["mean"].number {
        #expect(
          found.map { abs($0.0 - mean) < 1e-12 } == true
            && found.map { Double($0.1) } == row["count"].number)
      } else {
        #expect(found == nil)
      }
    }
    let table = try await Self.rows(
      world.database,
      "SELECT " + headlines.columnNames.map { "\"\($0)\"" }.joined(separator: ", ")
        + " FROM headline")
    let plain = headlines.rows.map { row in headlines.columnNames.indices.map { row[$0] } }
    func asNumbers(_ rows: [[Cell]]) -> [[Cell]] {
      // SQLite has no truth values.
      rows.map { $0.map { if case .bool(let value) = $0 { .int(value ? 1 : 0) } else { $0 } } }
    }
    #expect(Self.texts(table) == Self.texts(asNumbers(plain)))
  }

  @Test(arguments: 1...6) func theLatestRunsAreMarked(_ seed: Int) async throws {
    let world = World(seed)
    let listing = try await world.source.list()
    let rows = try await Self.rows(
      world.database, "SELECT path, is_latest, state, problem FROM runs")
    let expected = zip(listing.entries, listing.isLatest).map { entry, isLatest -> [Cell] in
      [.string(entry.path), .int(isLatest ? 1 : 0), .string("complete"), .null]
    }
    #expect(Self.texts(rows) == Self.texts(expected))
    let counted = try await Self.rows(world.database, "SELECT count(*) FROM scores WHERE is_latest")
    let paths = Set(zip(listing.entries, listing.isLatest).filter(\.1).map(\.0.path))
    #expect(counted == [[.int(Int64(world.lines.count { paths.contains($0.run.path) }))]])
  }

  // MARK: Inputs

  private static let places = InstanceInput.columns

  /// Cells of an input's text, HELM 0.2's input, media objects and messages.
  private static func input(_ random: inout PythonRandom) -> [Cell] {
    let words = ["", "a", "é\n", "a \"b\""]
    func text() -> JSONValue { .string(random.choice(words)) }
    func object(_ members: [(String, JSONValue)]) -> JSONValue {
      .object(members.map { JSONValue.Member(key: $0.0, value: $0.1) })
    }
    let media = (0..<random.below(3)).map { _ in
      object(
        [("content_type", .string("text/plain"))]
          + (random.below(3) > 0
            ? [("text", random.below(4) == 0 ? .null : text())] : [("location", text())]))
    }
    let messages = (0..<random.below(3)).map { _ in
      let parts = (0..<random.below(3)).map { _ in
        object(
          [("type", .string("text"))]
            + (random.below(3) > 0 ? [("text", text())] : [("image_url", text())]))
      }
      return object([
        ("role", .string("user")), ("content", random.below(2) == 0 ? text() : .array(parts)),
      ])
    }
    return [
      random.choice([.null, .string(random.choice(words))]),
      random.choice([.null, .null, .string("old")]),
      random.choice([.null, .json(JSONValue.array(media).text)]),
      random.choice([.null, .json(JSONValue.array(messages).text)]),
    ]
  }

  /// The first text that is not empty; where there is none, the first there is.
  private static func naive(_ cells: [Cell]) -> Cell {
    func parts(_ cell: Cell) -> [JSONValue] {
      ((try? JSONValue(parsing: cell.text))?.elements) ?? []
    }
    func joined(_ texts: [String]) -> Cell {
      texts.isEmpty ? .null : .string(texts.joined(separator: "\n"))
    }
    var found: [Cell] = [cells[0], cells[1]]
    found.append(
      cells[2] == .null ? .null : joined(parts(cells[2]).compactMap { $0["text"]?.string }))
    let contents =
      cells[3] == .null
      ? []
      : parts(cells[3]).flatMap { message -> [String] in
        if let text = message["content"]?.string { return [text] }
        return (message["content"]?.elements ?? []).compactMap { $0["text"]?.string }
      }
    found.append(joined(contents))
    return found.first { $0 != .null && $0 != .string("") } ?? found.first { $0 != .null } ?? .null
  }

  @Test(arguments: 1...40) func inputsAreTheFirstTextThatIsNotEmpty(_ seed: Int) async throws {
    var random = PythonRandom(seed: seed)
    let rows = (0..<8).map { _ in Self.input(&random) }
    let columns = Self.places.indices.map { place -> ColumnChunk in
      var builder = ColumnBuilder()
      for (row, cells) in rows.enumerated() { builder.set(cells[place], row: row) }
      return builder.finish(rowCount: rows.count)
    }
    let texts = InstanceInput.texts(rowCount: rows.count) { name in
      Self.places.firstIndex(of: name).map { columns[$0] }
    }
    for (row, cells) in rows.enumerated() { #expect(texts[row] == Self.naive(cells), "\(cells)") }
  }

  /// What a view of an exported file says is what a query over runs says.
  @Test(arguments: 1...10) func inputsOfFilesAreThoseOfRuns(_ seed: Int) async throws {
    var random = PythonRandom(seed: 1000 + seed)
    let database = Database(MemorySource([]))
    for _ in 0..<6 {
      let cells = Self.input(&random)
      let expression = InstanceInput.sql(typedBy: "SELECT NULL WHERE 0") { name in
        Self.places.firstIndex(of: name).map { place in
          cells[place] == .null ? "NULL" : "'" + cells[place].text.replacing("'", with: "''") + "'"
        }
      }
      let found = try await Self.rows(database, "SELECT \(expression) AS x")
      // In SQL, what is empty everywhere is empty or null.
      let expected = Self.naive(cells)
      if expected == .string("") {
        #expect(found == [[.string("")]] || found == [[.null]], "\(cells)")
      } else {
        #expect(found == [[expected]], "\(cells)")
      }
    }
  }
}
