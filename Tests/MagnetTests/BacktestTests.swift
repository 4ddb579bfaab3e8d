import Foundation
import TestSupport
import Testing

@testable import Magnet

/// Backtests of scores made up here: two scenarios, six models of three families, and perturbed scores of some.
@Suite struct BacktestTests {
  static let models = ["a/1", "a/2", "b/1", "b/2", "c/1", "c/2"]

  /// Model `m` answers item `i` of a quiz right where `m + noise > difficulty`.
  static let scores: ScoreCollection = {
    var random = SplitMix(state: 5)
    var runs: [RunScores] = []
    for scenario in ["maths", "quiz:subject=birds"] {
      for (strength, model) in models.enumerated() {
        let name = "\(scenario)\(scenario.contains(":") ? "," : ":")model=\(model)"
        let spec = Table(
          columnNames: ["run_spec.name", "run_spec.adapter_spec.model"],
          rows: [[.string(name), .string(model)]])
        var run = RunScores(runSpec: spec.rows[0])
        for item in 0..<30 {
          let isRight = Double(strength) + Double.random(in: -3...3, using: &random) > Double(item % 7)
          run.instances["id\(item)"] = isRight ? 1 : 0
        }
        let mean = run.instances.values.reduce(0, +) / 30
        run.stats.add(MetricName("exact_match", split: "test"), MergedStat(mean: mean))
        for prob in [0.1, 0.5] {
          let typos = Perturbation(
            name: "misspellings", computedOn: "perturbed", parameters: ["prob": .double(prob)])
          let name = MetricName("exact_match", split: "test", perturbation: typos)
          run.stats.add(name, MergedStat(mean: mean * (1 - prob)))
        }
        runs.append(run)
      }
    }
    return ScoreCollection(runs)
  }()

  /// The mean of the sample, with an interval of half a point.
  final class Sample: ScorePredictor {
    struct Estimator: ScoreEstimator {
      let columns: Int
      func estimate(_ sample: ObservedSample) -> Estimate? {
        let mean = sample.scores.reduce(0, +) / Double(sample.scores.count)
        return sample.scores.isEmpty
          ? nil : Estimate(mean: mean, stddev: 0.1) { Interval(lower: mean - $0 / 2, upper: mean + $0 / 2) }
      }
      func probabilities(_ sample: ObservedSample) -> [Double]? {
        Array(repeating: sample.scores.reduce(0, +) / Double(sample.scores.count), count: columns)
      }
    }
    override func fit(_ fold: ScoreFold) -> any ScoreEstimator { Estimator(columns: fold.columns.count) }
  }

  /// The mean of the scenario's known scores; fails where there are none.
  final class Mean: ScorePredictor {
    struct Estimator: ScoreEstimator {
      let mean: Double
      func estimate(_ sample: ObservedSample) -> Estimate? { Estimate(mean: mean) }
    }
    override var usesSample: Bool { false }
    override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
      let known = fold.board.models.indices.map { fold.board[$0, fold.target.column] }.filter { !$0.isNaN }
      if known.isEmpty { throw MagnetError(.insufficientData, "no model is known") }
      return Estimator(mean: known.reduce(0, +) / Double(known.count))
    }
  }

  static let entries = [
    Backtest.Entry(name: "sample") { Sample() }, Backtest.Entry(name: "mean", isBaseline: true) { Mean() },
  ]

  static func backtest(_ heldOut: HeldOut = .model, repetitions: Int = 3, jobs: Int = 1) -> Backtest {
    var backtest = Backtest()
    backtest.heldOut = heldOut
    backtest.observed = [5, 10, 30]
    backtest.repetitions = repetitions
    backtest.jobs = jobs
    return backtest
  }

  @Test func scenariosAreOrdered() {
    let scores = Self.scores
    #expect(scores.scenarios.map(\.name) == ["maths", "quiz:subject=birds"])
    #expect(scores.board.models == Self.models && scores.board.columns.count == 6)
    #expect(scores.scenarios[1].matrix.instances.prefix(3) == ["id0", "id1", "id2"])
    #expect(scores.scenarios[1].matrix.instances.last == "id29")
    #expect(scores.runs.count == 12 && scores.omissions.isEmpty)
    // No schema knows the runs' groups.
    #expect(scores.notes.count == 1 && scores.scenarios.allSatisfy(\.headline.isGuessed))
  }

  /// What is held out is in none of what a predictor is told.
  @Test(arguments: HeldOut.allCases, BacktestTarget.allCases)
  func nothingHeldOutIsTold(_ heldOut: HeldOut, _ kind: BacktestTarget) throws {
    let scores = Self.scores
    // Two models in each of three quarters.
    let dates = Dictionary(
      uniqueKeysWithValues: Self.models.enumerated().map { ($1, "2024-0\($0 / 2 * 3 + 1)-15") })
    let plan = BacktestPlan(
      scores, heldOut: heldOut, kind: kind, timeline: try ModelTimeline(dates: dates))
    let count = heldOut == .frontier ? 2 : heldOut == .time ? 4 : 6
    #expect(plan.targets.count == count * 2 * (kind == .score ? 1 : 2))
    #expect(plan.groups.flatMap(\.targets).sorted() == Array(plan.targets.indices))
    for group in plan.groups {
      for number in group.targets {
        let target = plan.targets[number]
        let run = scores.runs[target.run]
        let fold = plan.fold(target, group, seed: 1)
        let row = scores.board.models.firstIndex(of: run.model)!
        #expect(fold.board[row, target.column].isNaN && scores.board[row, target.column] == target.actual)
        #expect(fold.target == (row, target.column) && fold.columns.count == 30)
        for (model, name) in scores.board.models.enumerated() {
          for (column, item) in scores.board.columns.enumerated() {
            let isScenario = item.scenario == scores.scenarios[run.scenario].name
            let isOwnClean = model == row && isScenario && item.name.perturbation == nil && kind == .perturbed
            let isHeldOut =
              switch heldOut {
              case .run: model == row && isScenario
              case .model: model == row
              case .family: modelFamily(name) == run.family
              case .scenario: isScenario
              case .frontier: model > 2
              case .time: model / 2 >= row / 2
              }
            #expect(fold.board[model, column].isNaN == (isHeldOut && !isOwnClean), "\(name) \(item)")
          }
        }
        let trained = fold.train.map { fold.matrix.runs[$0] }
        let isTold = trained.contains { told in
          switch heldOut {
          case .run: told.name == run.name
          case .model: told.model == run.model
          case .family: told.family == run.family
          case .scenario: true
          case .frontier: !["a/1", "a/2", "b/1"].contains(told.model)
          case .time: (dates[told.model] ?? "") >= (dates[run.model] ?? "")
          }
        }
        #expect(!isTold && trained.isEmpty == (heldOut == .scenario))
      }
    }
  }

  /// What the folds of all targets leave out grows with what is held out, not with the runs times the targets.
  @Test(arguments: [(HeldOut.run, 1), (.model, 2), (.family, 4), (.scenario, 6)])
  func foldsLookAtWhatIsHeldOut(_ heldOut: HeldOut, _ perTarget: Int) {
    let plan = BacktestPlan(Self.scores, heldOut: heldOut, kind: .score)
    let looked = plan.targets.map { plan.hidden(predicting: $0.run).count }
    #expect(looked == Array(repeating: perTarget, count: 12))
  }

  /// Forecasts of later steps learn only from models that are as many steps older.
  @Test func stepsAheadLeaveAGap() throws {
    let dates = Dictionary(
      uniqueKeysWithValues: Self.models.enumerated().map { ($1, "2024-0\($0 / 2 * 3 + 1)-15") })
    let plan = BacktestPlan(
      Self.scores, heldOut: .time, kind: .score, timeline: try ModelTimeline(dates: dates), stepsAhead: 2)
    #expect(plan.targets.count == 2 * 2)
    for group in plan.groups {
      for number in group.targets {
        let target = plan.targets[number]
        #expect(["c/1", "c/2"].contains(Self.scores.runs[target.run].model))
        let fold = plan.fold(target, group, seed: 1)
        #expect(fold.train.map { fold.matrix.runs[$0].model } == ["a/1", "a/2"])
        for (row, model) in fold.board.models.enumerated() {
          let isTold = fold.board.columns.indices.contains { !fold.board[row, $0].isNaN }
          #expect(isTold == model.hasPrefix("a/"))
        }
      }
    }
  }

  @Test func samplesAreDrawnFairlyAndLieInEachOther() {
    let items = Array(10..<30)
    func draw(_ count: Int, _ repetition: Int, seed: UInt64 = 1) -> [Int] {
      ItemSample.draw(count, of: items, seed: seed, key: "run", repetition: repetition)
    }
    var counts = Array(repeating: 0, count: 30)
    for repetition in 0..<2000 {
      let sample = draw(5, repetition)
      #expect(Set(sample).count == 5 && Array(draw(12, repetition).prefix(5)) == sample)
      for item in sample { counts[item] += 1 }
    }
    // 2,000 draws of a quarter each: 500, with a deviation of 19.4.
    #expect(items.allSatisfy { abs(counts[$0] - 500) < 100 })
    #expect(counts.prefix(10).allSatisfy { $0 == 0 })
    #expect(draw(5, 0) != draw(5, 1) && draw(5, 0) != draw(5, 0, seed: 2) && draw(50, 0).sorted() == items)
  }

  @Test func everyPredictionIsMadeOnce() async throws {
    let result = try await Self.backtest().run(Self.entries, on: Self.scores)
    let parts = result.parts
    #expect(parts.map { $0.predictor } == [0, 0, 1] && parts.map(\.observed) == [5, 10, nil])
    #expect(parts.map(\.records.count) == [36, 36, 12] && parts.map(\.isConformal) == [false, false, true])
    #expect(Set(parts[0].records.map { SIMD2($0.target, $0.repetition) }).count == 36)
    #expect(result.notes == ["30 observed: left out for 12 of 12 scores, whose runs have no more instances"])
    let expected = Self.scores.runs.map { run in
      Self.scores.board[Self.models.firstIndex(of: run.model)!, run.scenario * 3]
    }
    for record in parts[2].records {
      let run = Self.scores.runs[Int(record.target)]
      let others = Self.scores.runs.indices.filter {
        Self.scores.runs[$0].scenario == run.scenario && Self.scores.runs[$0].model != run.model
      }
      let mean = others.map { expected[$0] }.reduce(0, +) / 5
      #expect(record.actual == expected[Int(record.target)] && abs(record.predicted - mean) < 1e-9)
    }
  }

  @Test(arguments: [1, 2, 7]) func theNumberOfJobsChangesNothing(_ jobs: Int) async throws {
    let folder = try TemporaryFolder()
    var files: [String] = []
    var tables: [String] = []
    for jobs in [1, jobs] {
      let path = folder.path + "/\(files.count)"
      let result = try await Self.backtest(.family, jobs: jobs)
        .run(Self.entries, on: Self.scores, keepingIn: ScoreFile(path))
      files.append(try Project.text(path))
      tables.append(TableWriter(.csv).text(BacktestScores(result).longTable))
    }
    #expect(files[0] == files[1] && tables[0] == tables[1])
    // The first line, one for each target, and lists of values.
    let lines = try files[0].split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    let targets = lines.filter { $0["run"] != nil }
    #expect(
      targets.count == 12 && targets.allSatisfy { $0["actual"]?.double != nil && $0["predictor"] == nil })
    let predictions = lines.compactMap { line -> [JSONValue]? in
      guard case .array(let values)? = line["predicted"] else { return nil }
      return values
    }
    #expect(predictions.allSatisfy { !$0.isEmpty } && predictions.contains { $0.count > 1 })
    #expect(predictions.joined().allSatisfy { $0.text.filter(\.isNumber).count <= 10 })
  }

  /// Cut off anywhere, a score file resumes to the same bytes.
  @Test func aScoreFileIsGoneOnWith() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/scores"
    let backtest = Self.backtest(.run, repetitions: 1)
    func run() async throws -> String {
      let result = try await backtest.run(Self.entries, on: Self.scores, keepingIn: ScoreFile(path))
      return TableWriter(.csv).text(BacktestScores(result).longTable)
    }
    let table = try await run()
    let whole = try Data(contentsOf: URL(filePath: path))
    for cut in stride(from: 0, through: whole.count, by: 397) {
      try whole.prefix(cut).write(to: URL(filePath: path))
      #expect(try await run() == table)
      #expect(try Data(contentsOf: URL(filePath: path)) == whole, "cut at \(cut)")
    }
  }

  @Test func aFileOfSomethingElseStaysAsItIs() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/scores"
    _ = try await Self.backtest(.run, repetitions: 1)
      .run(Self.entries, on: Self.scores, keepingIn: ScoreFile(path))
    let whole = try Project.text(path)
    func problem(_ backtest: Backtest) async -> String? {
      do {
        _ = try await backtest.run(Self.entries, on: Self.scores, keepingIn: ScoreFile(path))
        return nil
      } catch { return "\(error)" }
    }
    let other = await problem(Self.backtest(.model, repetitions: 2))
    let differences = "its split is \"run\", not \"model\", its repeats is 1, not 2"
    let advice = "; give another file, or remove this one"
    #expect(other == "\(path): holds the predictions of another backtest: " + differences + advice)
    #expect(try Project.text(path) == whole)
    try folder.write("a,b\n1,2\n", to: "scores")
    #expect(await problem(Self.backtest()) == "\(path): is not a score file of a backtest" + advice)
    let lines = whole.split(separator: "\n")
    try folder.write(lines[0] + "\n{\"predictor\":\"other\"}\n", to: "scores")
    let misplaced = await problem(Self.backtest(.run, repetitions: 1))
    #expect(
      misplaced
        == "\(path): line 2: is not a prediction of this backtest; give another file, or remove this one")
    do {
      let held = try FileDescriptor(path, .update)
      let isLocked = held.lock()
      let busy = await problem(Self.backtest())
      #expect(busy == "\(path): another backtest is writing it; wait for its end, or give another file")
      let isStillLocked = held.lock()
      #expect(isLocked && isStillLocked)
    }
    #expect(await problem(Self.backtest(.run, repetitions: 1))?.contains("line 2") == true)
    do {
      _ = try await Self.backtest().run(Self.entries, on: Self.scores, keepingIn: ScoreFile("/no/such/file"))
      Issue.record("no error")
    } catch { #expect("\(error)" == "/no/such/file: cannot be written: No such file or directory") }
  }

  @Test func aBacktestThatIsToldToEndKeepsWhatIsDone() async throws {
    let work = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await Self.backtest().run(Self.entries, on: Self.scores)
    }
    let result = try await work.value
    #expect(!result.isComplete && result.parts.isEmpty && BacktestScores(result).groups.isEmpty)
    #expect(result.notes.last == "interrupted: these are the predictions made so far")
  }

  /// A predictor whose third unit waits until the task is cancelled.
  final class Waiting: ScorePredictor {
    private var units = Locked(0)
    override var usesSample: Bool { false }

    convenience init(_ units: Locked<Int>) {
      self.init(exampleRuns: 3, evalSamples: 20, seed: 1)
      self.units = units
    }

    override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
      let number = units.withLock { units in
        units += 1
        return units
      }
      while number >= 3, !Task.isCancelled { Thread.sleep(forTimeInterval: 0.001) }
      return try Mean().fit(fold)
    }
  }

  /// Cancelled half-way, a backtest returns and keeps what was predicted before, and is resumed to the same bytes.
  @Test func aCancelledBacktestIsResumed() async throws {
    let folder = try TemporaryFolder()
    let (path, other) = (folder.path + "/scores", folder.path + "/other")
    let units = Locked(0)
    let entries = [Backtest.Entry(name: "mean") { Waiting(units) }]
    let work = Task {
      try await Self.backtest(.run).run(entries, on: Self.scores, keepingIn: ScoreFile(path))
    }
    while units.withLock({ $0 }) < 3 { try await Task.sleep(for: .milliseconds(1)) }
    work.cancel()
    let result = try await work.value
    #expect(!result.isComplete && !result.parts.isEmpty)
    #expect(result.notes.last == "interrupted: these are the predictions made so far")
    let part = try Project.text(path)
    #expect(part.hasSuffix("}\n"))
    let mean = [Backtest.Entry(name: "mean") { Mean() }]
    let whole = try await Self.backtest(.run).run(mean, on: Self.scores, keepingIn: ScoreFile(other))
    let rest = try await Self.backtest(.run).run(mean, on: Self.scores, keepingIn: ScoreFile(path))
    #expect(whole.isComplete && rest.isComplete)
    let bytes = try Project.text(other)
    #expect(try Project.text(path) == bytes)
    #expect(bytes.hasPrefix(part) && bytes != part)
  }

  @Test func failuresAreCounted() async throws {
    let entries = [Backtest.Entry(name: "mean") { Mean() }] + Self.entries.prefix(1)
    let result = try await Self.backtest(.scenario).run(entries, on: Self.scores)
    #expect(result.failureCount == 12)
    #expect(
      result.notes.first
        == "mean: 12 of 12 scores not predicted, the first of maths:model=a/1: no model is known")
  }

  @Test func nothingToPredictIsAnError() async throws {
    let none = ScoreCollection([])
    await #expect(throws: MagnetError.self) { try await Self.backtest().run(Self.entries, on: none) }
  }
}
