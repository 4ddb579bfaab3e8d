import Foundation
import HelmBackend
import Magnet
import Predictors
import Shifts
import TestSupport
import Testing

/// Distribution shifts between HELM runs of Fixtures.
@Suite struct ShiftHelmTests {
  private static func scores(_ suite: String) async throws -> ScoreCollection {
    var rules = HeadlineRules()
    rules.metrics = [try MetricSelector("exact_match")]
    return try await ScoreCollection.read(
      try HelmRuns(Project.fixture("benchmark_output/runs/" + suite)), rules: rules)
  }

  private func row(
    _ shift: RunShift, _ suite: String, _ predictor: Predictor.Type, holdOut: HelmShifts.HoldOut = .none
  ) async throws -> HelmShifts.Row {
    var helm = HelmShifts()
    helm.holdOut = holdOut
    return try await helm.rows(
      [.init(name: predictor.name) { predictor.init() }], [shift], try await Self.scores(suite))[0]
  }

  private func isNear(_ a: Double?, _ b: Double) -> Bool { a.map { abs($0 - b) < 1e-7 } ?? false }

  @Test func theMeanOfCapitalsPredictsMarineBiology() async throws {
    let shift = RunShift(source: "trivia:subject=capitals", target: "trivia:subject=marine_biology")
    let row = try await row(shift, "plain-v1", TrainMeanPredictor.self)
    #expect(isNear(row.generalization, 0.78125) && isNear(row.baseline, 0.71875) && row.count == 4)
    #expect(isNear(row.capability, 0.7083333333) && isNear(row.source, 0.8333333333))
    #expect(isNear(row.differentialElicitation, 0.0882352941) && row.gapClosed == nil)
    let unknown = try await self.row(shift, "plain-v1", TrainMeanPredictor.self, holdOut: .model)
    #expect(
      isNear(unknown.generalization, 0.7395833333) && isNear(unknown.differentialElicitation, 0.0294117647))
    let family = try await self.row(shift, "plain-v1", TrainMeanPredictor.self, holdOut: .family)
    #expect(family.generalization != unknown.generalization && family.count == 4)
  }

  @Test func cleanScoresPredictPerturbedOnes() async throws {
    let shift = RunShift(tasks: "*capitals*", change: .init(name: "misspellings", prob: 0.5))
    let row = try await row(shift, "sweep-v1", CleanScorePredictor.self)
    #expect(isNear(row.generalization, 0.6666666667) && isNear(row.baseline, 0.9166666667), "\(row)")
    #expect(isNear(row.capability, 0.9166666667) && row.capabilityPredictor == "train-mean")
    #expect(isNear(row.differentialElicitation, -0.2727272727) && row.count == 3)
  }

  @Test func subjectsGiveSixOrderedPairs() async throws {
    let scores = try await Self.scores("plain-v1")
    let pairs = RunShiftAxis.subject.pairs(scores)
    #expect(pairs.count == 6)
    let rows = try await HelmShifts().rows(
      [.init(name: "train-mean") { TrainMeanPredictor() }], pairs, scores)
    #expect(rows.allSatisfy { $0.count == 4 && $0.reasons.isEmpty })
    for row in rows {
      let back = rows.first { $0.shift.source == row.shift.target && $0.shift.target == row.shift.source }
      #expect(back?.generalization != row.generalization)
    }
    #expect(RunShiftAxis.model.pairs(scores).count == 12 && RunShiftAxis.scenario.pairs(scores).isEmpty)
    #expect(RunShiftAxis.perturbation.pairs(try await Self.scores("sweep-v1")).count == 3)
  }

  /// It looks for the score it is to predict wherever it may look, and says 7 where it is not.
  private final class Spy: ScorePredictor {
    override var usesSample: Bool { false }
    override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
      struct Found: ScoreEstimator {
        let value: Double
        func estimate(_ sample: ObservedSample) -> Estimate? { Estimate(mean: value) }
      }
      let own = fold.board[fold.target.model, fold.target.column]
      let isInMatrix = fold.matrix.runs.contains { $0.model == fold.model }
      return Found(value: !own.isNaN || isInMatrix ? 1 : 0.25)
    }
  }

  private func row(
    _ shift: RunShift, _ suite: String, observed: Int = 0, level: Measure.Level = .run,
    holdOut: HelmShifts.HoldOut = .none, _ make: @escaping @Sendable () -> Predictor
  ) async throws -> HelmShifts.Row {
    var helm = HelmShifts()
    helm.observed = observed
    helm.level = level
    helm.holdOut = holdOut
    let runs = try HelmRuns(Project.fixture("benchmark_output/runs/" + suite))
    return try await helm.rows(
      [.init(name: "p", make: make)], [shift], try await Self.scores(suite), source: runs)[0]
  }

  /// The mean of the clean exact matches in the tables: `train-mean` for predictors that look at tables.
  private final class TableMean: RunPredictor {
    override var disclosure: Disclosure { .runSpec }
    override func predict(train: TrainSplit, test: SequesteredTestSplit) throws -> [RunPrediction] {
      guard let run = test.runSpecs[.run].first(where: { _ in true }) else { return [] }
      // The scores of the board: calendar's runs have two splits, and their score is that of `test`.
      let known = train.stats.filter {
        $0[.metric] == "exact_match" && $0[.split] == ($0[.run].contains("calendar") ? "test" : "valid")
      }
      guard let mean = known[.mean].mean() else { return [] }
      return test.statsAsked.filter { $0.name == "exact_match" }.map {
        RunPrediction(run: run, stat: Stat($0, mean: mean))
      }
    }
  }

  @Test func predictorsOfTablesAgreeWithThoseOfScores() async throws {
    let shifts = [
      RunShift(source: "trivia:subject=capitals", target: "trivia:subject=marine_biology"),
      RunShift(kind: .models, source: "acme/*", target: "zeta/*"),
      RunShift(kind: .difficulty, source: "*capitals*", target: ""),
    ]
    for shift in shifts {
      for holdOut in HelmShifts.HoldOut.allCases {
        let tables = try await row(shift, "plain-v1", holdOut: holdOut) { TableMean() }
        let scores = try await row(shift, "plain-v1", holdOut: holdOut) { TrainMeanPredictor() }
        #expect(
          tables.count == scores.count && tables.reasons == scores.reasons, "\(shift) \(tables.reasons)")
        for key in [
          \HelmShifts.Row.generalization, \.baseline, \.capability, \.source, \.differentialElicitation,
        ] {
          let (a, b) = (tables[keyPath: key], scores[keyPath: key])
          #expect(a == b || a.map { x in b.map { abs(x - $0) < 1e-12 } ?? false } ?? false, "\(shift)")
        }
      }
    }
  }

  /// What of a run is in the tables that a predictor gets: its names, and whether a statistic of the target is.
  private final class TableSpy: RunPredictor {
    override func predict(train: TrainSplit, test: SequesteredTestSplit) throws -> [RunPrediction] {
      let target = test.runSpecs[.run].first { _ in true } ?? ""
      let own = train.stats.filter { $0[.run] == target }
      let isClean = own.rows.allSatisfy { $0[.perturbation] == nil || $0[.computedOn] == "original" }
      let requests = train.scenarioStates.filter { $0[.run] == target && $0[.perturbation] != nil }
      let instances = train.perInstanceStats.filter { $0[.run] == target && $0[.perturbation] != nil }
      let isHidden =
        isClean && requests.rowCount == 0 && instances.rowCount == 0 && test.observedStats.rowCount == 0
      return test.statsAsked.map {
        RunPrediction(run: target, stat: Stat($0, mean: isHidden ? 0.25 : 1))
      }
    }
  }

  @Test func tablesHoldNothingOfWhatIsPredicted() async throws {
    let shift = RunShift(tasks: "*", change: .init(name: "misspellings", prob: 0.5))
    let perturbed = try await row(shift, "sweep-v1") { TableSpy() }
    #expect(perturbed.count > 0, "\(perturbed.reasons)")
    #expect(perturbed.bias.map { $0 < 0.26 } == true && perturbed.spearman == nil)
    for axis in [RunShiftAxis.subject, .model] {
      for shift in axis.pairs(try await Self.scores("plain-v1")) {
        let row = try await row(shift, "plain-v1") { TableSpy() }
        #expect(row.count > 0 && row.bias.map { $0 < 0.26 } == true, "\(shift) \(row.reasons)")
      }
    }
  }

  @Test func observedInstancesAreShown() async throws {
    let shift = RunShift(source: "*capitals", target: "*marine_biology")
    let none = try await row(shift, "plain-v1") { SampleMeanPredictor() }
    #expect(none.generalization == nil && none.reasons.first?.contains("without instances") == true)
    let all = try await row(shift, "plain-v1", observed: 1000) { SampleMeanPredictor() }
    // The mean of all instances is the score.
    #expect(all.generalization.map { $0 > 1 - 1e-12 } == true && all.count == 4)
    let some = try await row(shift, "plain-v1", observed: 3) { SampleMeanPredictor() }
    #expect(some.count == 4 && some.generalization.map { $0 < 1 } == true)
    let again = try await row(shift, "plain-v1", observed: 3) { SampleMeanPredictor() }
    #expect(again.generalization == some.generalization)
  }

  /// Predicts every instance right with this probability.
  private final class Sure: InstancePredictor {
    override func predict(train: TrainSplit, test: SequesteredTestSplit) throws -> [InstancePrediction] {
      test.scenarioStates.rows.compactMap { row in
        row[.instancePredictID].map {
          InstancePrediction(
            run: row[.run], instance: $0, stat: Stat(MetricName("exact_match", split: "valid"), mean: 0.9))
        }
      }
    }
  }

  @Test func instancesAreJudgedAtOneHalf() async throws {
    let shift = RunShift(source: "*capitals", target: "*marine_biology")
    let sure = try await row(shift, "plain-v1", level: .instance) { Sure() }
    // All are predicted right, so the share predicted right is the mean score: 1, 1/2, 5/8 and 1.
    #expect(isNear(sure.generalization, 0.78125) && sure.count == 4, "\(sure.reasons)")
    #expect(isNear(sure.baseline, 0.5) && isNear(sure.capability, 0.78125) && isNear(sure.source, 0.6875))
    #expect(sure.interval == nil && sure.bias == nil)
    let item = try await row(
      RunShift(kind: .models, source: "acme/*", target: "zeta/*"), "plain-v1", observed: 2, level: .instance
    ) { ItemMeanPredictor() }
    #expect(item.count > 0 && item.generalization.map { (0...1).contains($0) } == true, "\(item.reasons)")
    let wrong = try await row(shift, "plain-v1", level: .instance) { TableMean() }
    #expect(
      wrong.generalization == nil && wrong.reasons.first?.contains("it predicts runs, not instances") == true)
    let other = try await row(shift, "plain-v1") { Sure() }
    #expect(other.reasons.first?.contains("it predicts instances: --level instance") == true)
  }

  @Test func whatIsPredictedIsNowhereToBeFound() async throws {
    let scores = try await Self.scores("plain-v1")
    let shifts =
      RunShiftAxis.subject.pairs(scores) + RunShiftAxis.model.pairs(scores)
      + [RunShift(kind: .difficulty, source: "*", target: "")]
    let rows = try await HelmShifts().rows([.init(name: "spy") { Spy() }], shifts, scores)
    for row in rows {
      #expect(row.generalization != nil && row.count > 0)
      // G of a constant 0.25 is what it is; where the spy had found a score it would have said 1.
      let constant = row.bias.map { $0 < 0.26 } ?? false
      #expect(constant, "\(row.shift)")
    }
  }
}
