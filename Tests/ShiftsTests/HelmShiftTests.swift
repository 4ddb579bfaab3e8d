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
    return helm.rows(
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
    let rows = HelmShifts().rows([.init(name: "train-mean") { TrainMeanPredictor() }], pairs, scores)
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

  @Test func whatIsPredictedIsNowhereToBeFound() async throws {
    let scores = try await Self.scores("plain-v1")
    let shifts =
      RunShiftAxis.subject.pairs(scores) + RunShiftAxis.model.pairs(scores)
      + [RunShift(kind: .difficulty, source: "*", target: "")]
    let rows = HelmShifts().rows([.init(name: "spy") { Spy() }], shifts, scores)
    for row in rows {
      #expect(row.generalization != nil && row.count > 0)
      // G of a constant 0.25 is what it is; where the spy had found a score it would have said 1.
      let constant = row.bias.map { $0 < 0.26 } ?? false
      #expect(constant, "\(row.shift)")
    }
  }
}
