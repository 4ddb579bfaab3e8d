import Testing

@testable import Magnet

/// The scores of runs by scenario: matrices and boards against plain dictionaries.
@Suite struct ScoreCollectionTests {
  private struct World {
    var runs: [MemorySource.Run] = []
    /// By scenario, model and instance.
    var scores: [String: [String: [String: Double]]] = [:]

    init(seed: Int) {
      var random = PythonRandom(seed: seed)
      for task in ["boolq", "mmlu:subject=anatomy", "mmlu:subject=law"] {
        for model in 0..<(1 + random.below(4)) {
          var run = MemorySource.Run(task, "org/m\(model)")
          let metric = task == "boolq" ? "quasi_exact_match" : "exact_match"
          let split = task == "boolq" ? "valid" : "test"
          let ids = (0..<12).filter { _ in random.below(4) > 0 }.map { "id\($0)" }
          let scores = ids.map { _ in Double(random.below(3)) / 2 }
          let mean = scores.isEmpty ? 0.5 : scores.reduce(0, +) / Double(scores.count)
          run.addStats([(metric, split, mean), ("num_prompt_tokens", split, 10 + Double(model))])
          run.tables[.perInstanceStats] = run.named(
            zip(ids, scores).map { [.string($0), .string(metric), .string(split), .double($1)] },
            [
              "per_instance_stats.instance_id", "per_instance_stats.stats.name.name",
              "per_instance_stats.stats.name.split", "per_instance_stats.stats.mean",
            ])
          runs.append(run)
          self.scores[task, default: [:]][run.model] = Dictionary(
            uniqueKeysWithValues: zip(ids, scores))
        }
      }
    }
  }

  private static func plain(_ collection: ScoreCollection) -> [String: [String: [String: Double]]] {
    var found: [String: [String: [String: Double]]] = [:]
    for scenario in collection.scenarios {
      for (row, run) in scenario.matrix.runs.enumerated() {
        var scores: [String: Double] = [:]
        for (column, id) in scenario.matrix.instances.enumerated()
        where !scenario.matrix[row, column].isNaN {
          scores[id] = scenario.matrix[row, column]
        }
        found[scenario.name, default: [:]][run.model] = scores
      }
    }
    return found
  }

  @Test(arguments: 1...20) func matricesHoldEveryScoreOnce(_ seed: Int) async throws {
    let world = World(seed: seed)
    let collection = try await ScoreCollection.read(MemorySource(world.runs))
    #expect(Self.plain(collection) == world.scores)
    #expect(collection.omissions.isEmpty && collection.faults.isEmpty && collection.notes.isEmpty)
    #expect(collection.scenarios.map(\.name) == world.scores.keys.sorted())
    for (number, run) in collection.runs.enumerated() {
      let scenario = collection.scenarios[run.scenario]
      #expect(scenario.runs.contains(number) && scenario.matrix.runs[run.row].name == run.name)
      #expect(
        Set(run.instances.map { scenario.matrix.instances[$0] })
          == Set(world.scores[scenario.name]![run.model]!.keys))
      #expect(run.instances == run.instances.sorted())
    }
    let empty = world.runs.filter { world.scores[$0.task]![$0.model]!.isEmpty }.map(\.name)
    #expect(collection.withoutInstances.sorted() == empty.sorted())
  }

  @Test(arguments: 1...20) func theBoardHoldsTheMeansOfRuns(_ seed: Int) async throws {
    let world = World(seed: seed)
    let collection = try await ScoreCollection.read(MemorySource(world.runs))
    let board = collection.board
    #expect(board.models == Set(world.runs.map(\.model)).sorted())
    #expect(board.columns.map(\.scenario).sorted() == world.scores.keys.sorted())
    for run in world.runs {
      let row = try #require(board.models.firstIndex(of: run.model))
      let column = try #require(board.columns.firstIndex { $0.scenario == run.task })
      let mean = run.tables[.stats]!.rows.first { $0[.metric].hasSuffix("exact_match") }?[.mean]
      #expect(board[row, column] == mean)
    }
    #expect(board.values.count { !$0.isNaN } == world.runs.count)
  }

  @Test(arguments: 1...10) func orderAndOtherScenariosAreNothing(_ seed: Int) async throws {
    let world = World(seed: seed)
    let first = try await ScoreCollection.read(MemorySource(world.runs))
    var random = PythonRandom(seed: seed)
    var other = MemorySource([])
    other.runs = random.sample(world.runs.count, below: world.runs.count).map { world.runs[$0] }
    let second = try await ScoreCollection.read(other)
    #expect(first.runs == second.runs && Self.plain(first) == Self.plain(second))
    #expect(first.board.columns == second.board.columns)
    #expect(first.scenarios.map(\.matrix.instances) == second.scenarios.map(\.matrix.instances))
    let one = try await ScoreCollection.read(MemorySource(world.runs), runs: ["boolq:*"])
    #expect(Self.plain(one) == Self.plain(first).filter { $0.key == "boolq" })
  }

  @Test(arguments: 1...5) func tokensAreMeansOverModels(_ seed: Int) async throws {
    let world = World(seed: seed)
    let source = MemorySource(world.runs)
    let tokens = try await ScoreCollection.read(source).tokens(in: source)
    #expect(tokens.count == world.scores.count)
    for (task, models) in world.scores {
      let expected = models.keys.map { 10 + Double($0.dropFirst("org/m".count))! }.reduce(0, +)
      #expect(tokens[task] == expected / Double(models.count))
    }
  }

  private static func run(
    _ task: String, _ model: String, _ stats: [(metric: String, split: String?, mean: Double?)],
    suite: String = "v1"
  ) -> MemorySource.Run {
    var run = MemorySource.Run(task, model, suite: suite)
    run.addStats(stats)
    return run
  }

  @Test func whatHasNoScoreIsSaidOnce() async throws {
    let collection = try await ScoreCollection.read(
      MemorySource([
        Self.run(
          "boolq", "a/x", [("exact_match", "valid", 0.5), ("quasi_exact_match", "valid", 0.7)]),
        Self.run("boolq", "a/y", [("f1_score", "valid", 0.5)]),
        Self.run("strange:n=1", "a/x", [("zeal", "test", 0.5), ("num_instances", "test", 4)]),
        Self.run("strange:n=2", "a/x", [("zeal", "test", 0.5), ("num_instances", "test", 4)]),
        Self.run("empty", "a/x", []), Self.run("unknown", "a/x", [("exact_match", "test", 1)]),
      ]))
    #expect(collection.scenarios.map(\.name) == ["boolq", "unknown"])
    #expect(
      collection.omissions == [
        "empty: left out: no statistics",
        "strange:n=1, strange:n=2: left out: no known main metric; choose one with --metric: zeal@test",
      ])
    #expect(
      collection.notes.contains("boolq:model=a_y: left out, as it has no quasi_exact_match@valid"))
    #expect(
      collection.notes.contains(
        "unknown: no schema knows the main metric; exact_match@test is used (choose with --metric)")
    )
  }

  @Test func metricsAskedForCountAlone() async throws {
    let source = MemorySource([
      Self.run(
        "boolq", "a/x",
        [("exact_match", "valid", 0.5), ("f1", "valid", 0.25), ("f1", "test", 0.75)]),
      Self.run("mmlu", "a/x", [("exact_match", "test", 0.5)]),
    ])
    var rules = HeadlineRules()
    rules.metrics = [try MetricSelector("f1")]
    let one = try await ScoreCollection.read(source, rules: rules)
    #expect(one.scenarios.map(\.metric.text) == ["f1@valid"], "the main split of the scenario")
    #expect(
      one.omissions == [
        "mmlu: left out: no metric 'f1'; choose from: exact_match@test, exact_match"
      ])
    rules.metrics = [try MetricSelector("f1@test"), try MetricSelector("exact_match")]
    let two = try await ScoreCollection.read(source, rules: rules)
    #expect(two.scenarios.map(\.metric.text) == ["f1@test", "exact_match@test"])
  }

  @Test func aRunOfTwoSuitesCountsInTheLater() async throws {
    let source = MemorySource([
      Self.run("boolq", "a/x", [("quasi_exact_match", "valid", 0.25)], suite: "v1.9.0"),
      Self.run("boolq", "a/x", [("quasi_exact_match", "valid", 0.75)], suite: "v1.10.0"),
    ])
    let collection = try await ScoreCollection.read(source)
    #expect(collection.board.values == [0.75])
    #expect(
      collection.notes == [
        "run boolq:model=a_x is in suites v1.10.0 and v1.9.0; the one in v1.10.0 is used"
      ])
    let table = try await HeadlineTable(of: source, rules: HeadlineRules())
    #expect(table.table.rowCount == 2, "a table of scores has both")
  }

  @Test func namesAreListedWithALimit() {
    let all = (1...5).map { ("s\($0)", "why") } + [("t", "because")]
    let grouped = ScoreCollection.grouped(all)
    #expect(grouped.map(\.0) == ["why", "because"])
    #expect(grouped.map(\.1) == ["s1, s2, s3 and 2 more", "t"])
    #expect(ScoreCollection.grouped([]).isEmpty)
  }
}
