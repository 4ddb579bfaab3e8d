import Testing

@testable import Magnet

/// Boards of random runs without files: their cells against plain sums, and what must not change them.
@Suite struct BoardWorldTests {
  /// Runs of two tasks of one group each, of which a third group holds both.
  private struct World {
    var runs: [MemorySource.Run] = []
    let schema: Schema

    init(seed: Int, models: Int = 4, factor: Double = 1) throws {
      var random = PythonRandom(seed: seed)
      for model in 0..<models {
        for (task, group, metric) in [
          ("t:a=1", "t", "em"), ("t:a=2", "t", "em"), ("u", "u", "loss"),
        ] {
          let isThere = random.below(6) > 0
          let scores = (0..<(2 + random.below(4))).map { _ in Double(random.below(5)) / 4 * factor }
          if !isThere { continue }
          var run = MemorySource.Run(task, "org/m\(model)", groups: [group])
          let mean = scores.reduce(0, +) / Double(scores.count)
          run.addStats([
            (metric, "test", mean), ("other", "test", random.random()), (metric, "valid", 0.5),
          ])
          run.addInstances(metric, "test", scores)
          runs.append(run)
        }
      }
      schema = try Schema(
        JSONValue(
          parsing: """
            {"metrics": [{"name": "em", "lower_is_better": false}, {"name": "loss", "lower_is_better": true}],
             "metric_groups": [{"name": "accuracy", "metrics": [{"name": "${m}", "split": "test"}]}],
             "run_groups": [{"name": "all", "subgroups": ["t", "u"]},
               {"name": "t", "metric_groups": ["accuracy"], "environment": {"m": "em"}},
               {"name": "u", "metric_groups": ["accuracy"], "environment": {"m": "loss"}}]}
            """), source: "made")
    }

    func mean(_ run: MemorySource.Run) -> Double {
      run.tables[.stats]!.rows.first { $0[.split] == "test" }![.mean]!
    }
  }

  private static func board(
    _ runs: [MemorySource.Run], _ schema: Schema, group: String = "all", withErrors: Bool = true
  ) async throws -> Board {
    let source = MemorySource(runs)
    var all = try await BoardRuns.read(source)
    if withErrors { all = try await all.withInstances(source, metrics: ["em", "loss"]) }
    var maker = BoardMaker(schema, all)
    let page = try #require(schema.group(group))
    let boards = maker.boards(of: page)
    #expect(maker.problems.isEmpty)
    return try #require(boards.first)
  }

  private static func text(_ board: Board) -> String { "\(board.longTable())" }

  @Test(arguments: 1...20) func cellsAreMeansOfTheirRuns(_ seed: Int) async throws {
    let world = try World(seed: seed)
    let board = try await Self.board(world.runs, world.schema)
    #expect(board.columns.map(\.kind) == [.winRate, .metric, .metric])
    #expect(board.rows.count == Set(world.runs.map(\.model)).count)
    for row in board.rows {
      for (column, cell) in zip(board.columns, row.cells).dropFirst() {
        let own = world.runs.filter { $0.model == row.model && $0.groups == [column.group] }
        let tasks = Set(world.runs.filter { $0.groups == [column.group] }.map(\.task))
        #expect(cell.scenarioCount == own.count && cell.expectedCount == tasks.count)
        guard !own.isEmpty else {
          #expect(cell.value == nil && cell.note == "No matching runs")
          continue
        }
        let mean = own.map(world.mean).reduce(0, +) / Double(own.count)
        let value = try #require(cell.value)
        #expect(abs(value - mean) < 1e-12 && Set(cell.runs) == Set(own.map(\.name)))
        // Runs weigh the same: the error of their mean is that of independent values.
        var square = 0.0
        for run in own {
          let scores = run.tables[.perInstanceStats]!.rows.compactMap { $0[.mean] }
          let own = scores.reduce(0, +) / Double(scores.count)
          let spread = scores.reduce(0) { $0 + ($1 - own) * ($1 - own) } / Double(scores.count - 1)
          square += spread / Double(scores.count)
        }
        let error = try #require(cell.standardError)
        #expect(abs(error - square.squareRoot() / Double(own.count)) < 1e-12)
      }
      let isWhole = row.cells[1].value != nil && row.cells[2].value != nil
      #expect(isWhole || row.cells[0].value == nil || row.cells[0].value! <= 1)
    }
    for column in 1...2 {
      let values = board.rows.compactMap { $0.cells[column].value }
      let best = column == 1 ? values.max() : values.min()
      #expect(
        board.rows.allSatisfy {
          $0.cells[column].isBest == ($0.cells[column].value == best && best != nil)
        })
    }
  }

  @Test(arguments: 1...8) func theOrderOfRunsIsNothing(_ seed: Int) async throws {
    let world = try World(seed: seed)
    var random = PythonRandom(seed: 100 + seed)
    let order = random.sample(world.runs.count, below: world.runs.count)
    var other = MemorySource([])
    other.runs = order.map { world.runs[$0] }
    let one = try await Self.board(world.runs, world.schema)
    var maker = BoardMaker(
      world.schema,
      try await BoardRuns.read(other).withInstances(other, metrics: ["em", "loss"]))
    let all = try #require(world.schema.group("all"))
    let two = try #require(maker.boards(of: all).first)
    func cells(_ board: Board) -> [String: [String]] {
      Dictionary(
        uniqueKeysWithValues: board.rows.map { row in
          (
            row.model,
            row.cells.map {
              let value = $0.value.map { ($0 * 1e9).rounded() }
              let error = $0.standardError.map { ($0 * 1e9).rounded() }
              return "\(value as Any) \(error as Any) \($0.isBest)"
            }
          )
        })
    }
    #expect(cells(one) == cells(two) && one.columns.map(\.title) == two.columns.map(\.title))
  }

  @Test(arguments: 1...8) func runsOfOtherGroupsAreNothing(_ seed: Int) async throws {
    let world = try World(seed: seed)
    var other = MemorySource.Run("v:z=1", "org/m0", groups: ["v"])
    other.addStats([("em", "test", 0.9), ("loss", "test", 0.1)])
    other.addInstances("em", "test", [1, 0])
    let one = try await Self.board(world.runs, world.schema)
    let two = try await Self.board(world.runs + [other], world.schema)
    #expect(Self.text(one) == Self.text(two))
  }

  @Test(arguments: 1...8) func scaledScoresRankTheSame(_ seed: Int) async throws {
    let (world, scaled) = (try World(seed: seed), try World(seed: seed, factor: 8))
    let one = try await Self.board(world.runs, world.schema)
    let two = try await Self.board(scaled.runs, scaled.schema)
    #expect(one.ranked.map(\.model) == two.ranked.map(\.model) && one.ranks == two.ranks)
    for (a, b) in zip(one.rows, two.rows) {
      #expect(a.cells[0].value == b.cells[0].value)
      for column in 1...2 {
        #expect(a.cells[column].value.map { $0 * 8 } == b.cells[column].value)
        if let error = a.cells[column].standardError, let other = b.cells[column].standardError {
          #expect(abs(8 * error - other) < 1e-12)
        }
      }
    }
  }

  @Test(arguments: 1...8) func aGroupsOwnBoardIsItsColumn(_ seed: Int) async throws {
    let world = try World(seed: seed)
    let all = try await Self.board(world.runs, world.schema)
    let source = MemorySource(world.runs)
    var maker = BoardMaker(world.schema, try await BoardRuns.read(source))
    let page = try #require(world.schema.group("t"))
    let own = maker.boards(of: page)
    // A board of the whole comes before those of the scenarios, where there are several.
    let first = try #require(own.first)
    for row in first.rows {
      let same = all.rows.first { $0.model == row.model }
      #expect(row.cells.last?.value == same?.cells[1].value)
    }
  }

  @Test(arguments: 1...8) func tablesSayTheSame(_ seed: Int) async throws {
    let world = try World(seed: seed)
    let board = try await Self.board(world.runs, world.schema)
    let (wide, long) = (board.table(), board.longTable())
    #expect(
      wide.rowCount == board.rows.count && long.rowCount == board.rows.count * board.columns.count)
    #expect(long.columnNames == Board.longColumns)
    for (place, row) in wide.rows.enumerated() {
      for (number, column) in board.columns.enumerated() {
        let line = long.rows[place * board.columns.count + number]
        #expect(line["column"] == .string(column.title) && line["value"] == row[column.title])
        #expect(
          line["rank"] == row["rank"] && line["model_name"] == .string(board.ranked[place].model))
        if wide.hasColumn(column.title + " stderr") {
          #expect(line["stderr"] == row[column.title + " stderr"])
        }
      }
    }
    let short = board.rows.filter { row in
      row.cells.dropFirst().contains { $0.value != nil && $0.scenarioCount < $0.expectedCount }
    }
    #expect(board.gaps.count == short.count)
    for row in short { #expect(board.gaps.contains { $0.hasPrefix(row.title + ": ") }) }
  }

  @Test func emptyColumnsMayBeLeftOut() async throws {
    let world = try World(seed: 3)
    let runs = world.runs.filter { $0.groups == ["t"] }
    let board = try await Self.board(runs, world.schema)
    #expect(board.columns.count == 3 && board.withoutEmptyColumns.columns.count == 2)
    #expect(board.withoutEmptyColumns.rows.allSatisfy { $0.cells.count == 2 })
    #expect(board.withoutEmptyColumns.columns[0].kind == .winRate, "what is made of columns stays")
  }

  @Test func brokenRunsAreLeftOutAndSaid() async throws {
    var runs = try World(seed: 1).runs
    runs[0].fault = DataFault(file: runs[0].path + "/stats.json", problem: "is broken")
    let read = try await BoardRuns.read(MemorySource(runs))
    #expect(read.count == runs.count - 1 && read.faults.map(\.problem) == ["is broken"])
    let patterned = try await BoardRuns.read(
      MemorySource(runs), runs: ["u:*"], models: ["org/m[12]", "org/m2"])
    #expect(patterned.runs.allSatisfy { $0.name.hasPrefix("u:") && $0.model == "org/m2" })
  }
}

/// Errors of means from the scores of instances.
@Suite struct InstanceErrorTests {
  private static func table(_ rows: [(id: String?, trial: Int, part: String?, score: Double?)])
    -> Table
  {
    Table(
      columnNames: [
        "run_spec.name", "per_instance_stats.instance_id", "per_instance_stats.train_trial_index",
        "per_instance_stats.stats.name.name", "per_instance_stats.stats.name.split",
        "per_instance_stats.stats.name.sub_split", "per_instance_stats.stats.mean",
      ],
      rows: rows.map {
        [
          .string("r"), Cell($0.id), .int(Int64($0.trial)), .string("em"), .string("test"),
          Cell($0.part),
          Cell($0.score),
        ]
      })
  }

  private static func entry(_ mean: Double, count: Int = 1, part: String? = nil) -> RunStats.Entry {
    .init(
      name: MetricName("em", split: "test", subSplit: part),
      stat: MergedStat(count: count, sum: mean * Double(count)))
  }

  @Test(arguments: 1...20) func theVarianceIsThatOfAMean(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let scores = (0..<(2 + random.below(8))).map { _ in [random.random(), random.random()] }
    // Each instance in two trials: its score is their mean.
    let rows = scores.enumerated().flatMap { number, trials in
      trials.enumerated().map {
        (id: "i\(number)", trial: $0, part: nil as String?, score: $1 as Double?)
      }
    }
    let order = random.sample(rows.count, below: rows.count)
    let errors = InstanceErrors(Self.table(order.map { rows[$0] }), metrics: ["em"])
    let means = scores.map { ($0[0] + $0[1]) / 2 }
    let mean = means.reduce(0, +) / Double(means.count)
    let variance = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(means.count - 1)
    let found = try #require(errors.variance(of: Self.entry(mean)))
    #expect(abs(found - variance / Double(means.count)) < 1e-12)
    #expect(
      errors.variance(of: Self.entry(mean + 1e-3)) == nil, "the run's score is of other instances")
    #expect(errors.variance(of: Self.entry(mean, part: "easy")) == nil)
    #expect(InstanceErrors(Self.table(rows), metrics: ["f1"]).variance(of: Self.entry(mean)) == nil)
    var counts = Array(repeating: 0, count: 10)
    for value in means { counts[min(9, Int(value * 10))] += 1 }
    #expect(errors.spread(of: MetricName("em", split: "test")) == counts)
  }

  @Test func whatIsNotKnownHasNone() {
    func variance(
      _ rows: [(id: String?, trial: Int, part: String?, score: Double?)], _ mean: Double
    ) -> Double? {
      InstanceErrors(Self.table(rows), metrics: ["em"]).variance(of: Self.entry(mean))
    }
    #expect(variance([], 0) == nil)
    #expect(variance([("a", 0, nil, 1)], 1) == nil, "one instance")
    #expect(variance([("a", 0, nil, 1), ("a", 1, nil, 0)], 0.5) == nil, "one instance twice")
    #expect(
      variance([("a", 0, nil, 1), ("b", 0, nil, nil)], 1) == nil, "an instance without a score")
    #expect(
      variance([("a", 0, nil, 1), (nil, 0, nil, 0)], 0.5) == nil, "an instance without an id")
    #expect(variance([("a", 0, nil, 1), ("b", 0, nil, 0)], 0.5) == 0.25)
    #expect(variance([("a", 0, nil, 1), ("b", 0, "easy", 0)], 0.5) == nil, "of two sub-splits")
  }

  @Test func sharesOfRightAnswersHaveNoSpread() {
    let right = InstanceErrors(Self.table([("a", 0, nil, 1), ("b", 0, nil, 0)]), metrics: ["em"])
    let large = InstanceErrors(Self.table([("a", 0, nil, 1.5), ("b", 0, nil, 0)]), metrics: ["em"])
    for errors in [right, large, InstanceErrors()] {
      #expect(errors.spread(of: MetricName("em", split: "test")).isEmpty)
    }
  }
}
