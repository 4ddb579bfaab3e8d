import Testing

@testable import Magnet

/// Splits of runs without files: what is drawn, what is left out, and which notes tell of it.
@Suite struct EvaluationTests {
  /// Predicts the mean of the example runs' scores.
  final class Mean: RunPredictor {
    var seen: [String] = []

    override func predict(train: TrainSplit, test: SequesteredTestSplit) throws -> [RunPrediction] {
      seen.append(contentsOf: train.runSpecs.rows.map { $0[.run] })
      let mean = train.stats.rows.compactMap { $0[.mean] }.mean()
      return test.runSpecs.rows.map {
        RunPrediction(
          run: $0[.run], stat: Stat(MetricName("em", split: "test"), mean: mean),
          notes: ["from means"])
      }
    }
  }

  /// Predicts 1 for every instance.
  private final class Ones: InstancePredictor {
    override func predict(train: TrainSplit, test: SequesteredTestSplit) -> [InstancePrediction] {
      test.scenarioStates.rows.map {
        InstancePrediction(
          run: $0[.run], instance: $0[.instancePredictID] ?? -1,
          stat: Stat(MetricName("em", split: "test"), mean: 1))
      }
    }
  }

  static func run(
    _ task: String, _ model: Int, scores: [Double], suite: String = "v1", metric: String = "em"
  ) -> MemorySource.Run {
    var run = MemorySource.Run(task, "org/m\(model)", suite: suite)
    run.addStats([(metric, "test", scores.mean())])
    run.addInstances(metric, "test", scores)
    run.tables[.scenarioStates] = run.named(
      scores.indices.map {
        [.string("id\($0)"), .string("test"), .int(0), .string("prompt \($0)")]
      },
      ["instance.id", "instance.split", "train_trial_index", "request.prompt"].map {
        "scenario_state.request_states." + $0
      })
    return run
  }

  static func source(_ seed: Int, count: Int = 8) -> MemorySource {
    var random = PythonRandom(seed: seed)
    return MemorySource(
      (0..<count).map { model in
        run(
          "quiz:n=\(model % 2)", model,
          scores: (0..<(3 + random.below(6))).map { _ in random.random() })
      })
  }

  static func predictor<P: Predictor>(
    _ type: P.Type, _ examples: Int, _ samples: Int, _ seed: Int
  ) -> P {
    type.init(exampleRuns: examples, evalSamples: samples, seed: seed)
  }

  @Test(arguments: 1...20) func drawsAreThoseOfTheListing(_ seed: Int) async throws {
    let source = Self.source(seed)
    let (examples, samples) = (1 + seed % 5, 1 + seed % 4)
    let split = try await Self.predictor(Mean.self, examples, samples, seed).split(source)
    let names = source.runs.map(\.name)
    let draw = try #require(SplitDraw(population: names.count, exampleRuns: examples, seed: seed))
    #expect(split.trainRuns == draw.train.map { names[$0] } && split.testRun == names[draw.test])
    #expect(Set(split.trainRuns).count == examples && !split.trainRuns.contains(split.testRun))
    // Tables are in the order of the listing, whatever the order drawn.
    #expect(split.train.runSpecs.rows.map { $0[.run] } == draw.train.sorted().map { names[$0] })
    let test = source.runs[draw.test]
    let ids = test.tables[.scenarioStates]!.rows.map { $0[.instance]! }
    let drawn = draw.instances(of: ids.count, samples: samples).map { ids[$0] }
    #expect(split.test.scenarioStates.rows.map { $0[.instance]! } == ids.filter(drawn.contains))
    #expect(split.test.perInstanceStats.rows.map { $0[.instance]! } == ids.filter(drawn.contains))
    #expect(split.test.stats.rowCount == 1 && split.notes.isEmpty && split.faults.isEmpty)
  }

  @Test(arguments: 1...10) func theActualValueIsBesideThePrediction(_ seed: Int) async throws {
    let source = Self.source(seed)
    let predictor = Self.predictor(Mean.self, 3, 5, seed)
    let comparison = try await predictor.evaluate(on: source)
    let pair = try #require(comparison.pairs.first)
    func mean(_ name: String) -> Double {
      source.runs.first { $0.name == name }!.tables[.stats]!.rows[0][.mean]!
    }
    #expect(comparison.pairs.count == 1 && comparison.unmatched.isEmpty && comparison.isMeasurable)
    #expect(pair.run == comparison.testRun && pair.actual.mean == mean(pair.run))
    let expected = comparison.trainRuns.map(mean).reduce(0, +) / 3
    #expect(abs(pair.predicted.mean! - expected) < 1e-12)
    #expect(
      Set(predictor.seen) == Set(comparison.trainRuns) && comparison.notes.contains("from means"))
    let table = comparison.pairTable
    #expect(table.rowCount == 1 && table[.init("error")].map { $0 as Double? } == [pair.error])
    #expect(comparison.score(.meanAbsoluteError) == abs(pair.error!))
    // The same seed draws the same; the files of other suites do not.
    let again = try await Self.predictor(Mean.self, 3, 5, seed).evaluate(on: source)
    #expect(again.trainRuns == comparison.trainRuns && again.testRun == comparison.testRun)
  }

  @Test(arguments: 1...10) func instancesDrawnAreTheOnesToPredict(_ seed: Int) async throws {
    let source = Self.source(seed)
    let comparison = try await Self.predictor(Ones.self, 2, 2, seed).evaluate(on: source)
    let name = try #require(comparison.testRun)
    let run = try #require(source.runs.first { $0.name == name })
    #expect(comparison.pairs.count == 2 && comparison.unmatched.isEmpty)
    for pair in comparison.pairs {
      let row = run.tables[.perInstanceStats]!.rows.first { $0[.instance] == pair.instance?.id }
      #expect(row?[.mean] == pair.actual.mean && pair.error == 1 - (row?[.mean] ?? 0))
    }
    let errors = comparison.pairs.map { $0.error! * $0.error! }
    #expect(abs(comparison.score(.brier)! - errors.reduce(0, +) / 2) < 1e-12)
  }

  @Test func brokenRunsAreDrawnAgain() async throws {
    for seed in 1...8 {
      var source = Self.source(seed)
      let broken = [1, 4].map { source.runs[$0].path }
      // What is wrong shows only when the run is read.
      let faulty = FaultySource(source: source, broken: Set(broken))
      let split = try await Self.predictor(Mean.self, 3, 5, seed).split(faulty)
      let names = Set(source.runs.map(\.name)).subtracting([1, 4].map { source.runs[$0].name })
      #expect(Set(split.trainRuns + [split.testRun]).isSubset(of: names))
      #expect(Set(split.faults.map(\.file)).isSubset(of: broken))
      source.runs = source.runs.filter { names.contains($0.name) }
      let all = FaultySource(
        source: Self.source(seed, count: 4),
        broken: Set(Self.source(seed, count: 4).runs.map(\.path)))
      await #expect {
        try await Self.predictor(Mean.self, 3, 5, seed).split(all)
      } throws: {
        let text = "\($0)"
        return text.contains(
          "the split needs 4 runs (3 example runs and one to predict), and 0 are left of the 4 found"
        )
          && text.contains(" (4 broken files: ") && text.contains(" and 1 more)")
          && text.hasSuffix("; give more runs, a wider filter, or fewer example runs")
      }
    }
  }

  private struct FaultySource: RunSource {
    let source: MemorySource
    let broken: Set<String>

    func list() async throws -> RunListing { try await source.list() }

    func load(_ runs: [RunEntry], tables: Set<TableSource>, columns: Set<String>?) async throws
      -> RunTables
    {
      var copy = source
      for number in copy.runs.indices where broken.contains(copy.runs[number].path) {
        copy.runs[number].fault = DataFault(file: copy.runs[number].path, problem: "is broken")
      }
      return try await copy.load(runs, tables: tables, columns: columns)
    }
  }

  @Test func tooFewRunsAreAnError() async throws {
    let source = Self.source(3, count: 2)
    for (examples, patterns, sentence) in [
      (
        2, [],
        "the split needs 3 runs (2 example runs and one to predict), and 2 are left of the 2 found"
      ),
      (
        1, ["quiz:n=0*"],
        "the split needs 2 runs (1 example run and one to predict), and 1 is left of the 2 found"
      ),
      (
        0, ["none"],
        "the split needs 1 runs (0 example runs and one to predict), and 0 are left of the 2 found"
      ),
    ] {
      await #expect {
        try await Self.predictor(Mean.self, examples, 5, 1).split(source, runs: patterns)
      } throws: {
        "\($0)" == sentence + "; give more runs, a wider filter, or fewer example runs"
          && ($0 as? MagnetError)?.code == .insufficientData
      }
    }
    let alone = try await Self.predictor(Mean.self, 0, 5, 1).split(source)
    #expect(alone.trainRuns.isEmpty && alone.train.runSpecs.rowCount == 0)
  }

  @Test func aTargetIsPredictedFromOtherModels() async throws {
    var runs = Self.source(5).runs
    runs.append(Self.run("quiz:n=9", 2, scores: [1, 0, 1]))
    let source = MemorySource(runs)
    let predictor = Self.predictor(Mean.self, 3, 5, 1)
    predictor.targetRun = "quiz:n=9*"
    let split = try await predictor.split(source)
    #expect(split.testRun == "quiz:n=9,model=org_m2")
    #expect(Set(split.trainRuns) == Set(source.runs.filter { $0.model != "org/m2" }.map(\.name)))
    for (pattern, sentence) in [
      ("quiz:n=7*", "no complete run matches 'quiz:n=7*'; did you mean "),
      ("quiz:*", "9 runs match 'quiz:*'; name one, such as quiz:n=0,model=org_m0"),
    ] {
      predictor.targetRun = pattern
      await #expect {
        try await predictor.split(source)
      } throws: { "\($0)".hasPrefix(sentence) }
    }
    predictor.targetRun = "*m2"
    await #expect {
      try await predictor.split(MemorySource([Self.run("quiz", 2, scores: [1])]))
    } throws: {
      "\($0)" == "quiz:model=org_m2: there is no run of another model to learn from; give more runs"
    }
  }

  @Test func aTargetWithFewerInstancesIsSaid() async throws {
    let source = MemorySource([
      Self.run("quiz", 1, scores: [1, 0]), Self.run("quiz", 2, scores: [1, 0, 1, 0]),
      Self.run("other", 3, scores: [1, 0, 1, 0, 1]),
    ])
    let predictor = Self.predictor(Mean.self, 3, 5, 1)
    predictor.targetRun = "quiz:model=org_m1"
    #expect(
      try await predictor.split(source).notes == [
        "quiz:model=org_m1: only 2 of the requested 5 instances available; using all 2",
        "quiz:model=org_m1: has 2 instances, other runs of its scenario up to 4; its actual score is the mean over its "
          + "own 2",
      ])
    predictor.targetRun = "quiz:model=org_m2"
    predictor.evalSamples = 4
    #expect(try await predictor.split(source).notes.isEmpty)
  }

  @Test func namedInstancesAreTaken() async throws {
    let predictor = Self.predictor(Mean.self, 1, 5, 1)
    let source = MemorySource((0..<2).map { Self.run("quiz", $0, scores: [0, 1, 0, 1]) })
    predictor.instances = ["id3", "id1", "id9"]
    let split = try await predictor.split(source)
    #expect(split.test.scenarioStates.rows.map { $0[.instance] } == ["id1", "id3"])
    #expect(split.notes == ["\(split.testRun): it has 2 of the 3 instances asked for"])
    predictor.instances = ["x"]
    await #expect {
      try await predictor.split(source)
    } throws: {
      "\($0)".hasSuffix(
        ": it has none of the 1 instances asked for; choose them from runs of the same scenario")
    }
  }

  @Test func runsWithoutTheMetricWantedAreNotDrawn() async throws {
    let runs = (0..<6).map { Self.run("quiz", $0, scores: [0, 1], metric: $0 < 3 ? "em" : "f1") }
    let source = MemorySource(runs)
    for seed in 1...6 {
      let predictor = Self.predictor(Mean.self, 2, 2, seed)
      predictor.wantedMetrics = [try MetricSelector("f1@test")]
      let split = try await predictor.split(source)
      #expect(
        (split.trainRuns + [split.testRun]).sorted() == runs.dropFirst(3).map(\.name).sorted())
      let isSaid =
        split.notes == ["3 of 6 runs have no f1@test: the runs are drawn from the others"]
      #expect(isSaid || split.notes.isEmpty)
    }
    let predictor = Self.predictor(Mean.self, 3, 2, 1)
    predictor.wantedMetrics = [try MetricSelector("f1")]
    await #expect {
      try await predictor.split(source)
    } throws: {
      "\($0)"
        == "the split needs 4 runs with f1, and 3 of 6 have it; give more runs, or fewer example runs"
    }
    predictor.wantedMetrics = [try MetricSelector("f2")]
    await #expect {
      try await predictor.split(source)
    } throws: { "\($0)".hasPrefix("no metric 'f2'; did you mean f1") }
  }
}
