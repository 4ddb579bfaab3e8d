import Foundation
import Magnet
import TestSupport
import Testing

@testable import Predictors

/// How `auto` weighs in the runs most like the target.
@Suite struct LikenessWeighingTests {
  private static func runs(_ random: inout SplitMix) -> [[Double]] {
    (0..<40).map { oddRow($0 % 2 == 0, Double($0 % 10) * 0.3, &random) }
  }

  /// The estimate from a sample of `scores` on the first instances, written out.
  private static func written(_ rows: [[Double]], _ scores: [Double], _ bandwidth: Double) -> Double {
    var (total, weights) = (0.0, 0.0)
    for row in rows {
      let distance =
        zip(row, scores).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(scores.count)
      let weight = exp(-bandwidth * distance)
      total += weight * row.dropFirst(scores.count).reduce(0, +)
      weights += weight
    }
    return (scores.reduce(0, +) + total / weights) / Double(rows[0].count)
  }

  @Test(arguments: [0, 1, 2, 3], [false, true]) func estimatesAreTheirFormula(
    _ bandwidth: Int, _ isShare: Bool
  ) throws {
    var random = SplitMix(state: 3)
    let rows = (0..<9).map { _ in
      (0..<30).map { _ in
        let score = Double.random(in: 0..<1, using: &random)
        return isShare ? score : score.rounded()
      }
    }
    let likeness = try #require(Likeness(fold(rows)))
    let leftOut = likeness.leftOut(Array(0..<12), bandwidth)
    let fit = Likeness.Fit(bandwidth: bandwidth, dispersion: 0.1)
    #expect(leftOut.count == rows.count && likeness.rows.sorted() == Array(0..<9))
    for (number, found) in zip(likeness.rows, leftOut) {
      let others = rows.indices.filter { $0 != number }.map { rows[$0] }
      let scores = Array(rows[number].prefix(12))
      let expected = Self.written(others, scores, 5 * Double(1 << bandwidth))
      #expect(isNear(found, expected))
      let sample = KnownSample(columns: Array(0..<12), scores: scores)
      let alone = try #require(Likeness(fold(others))).moments(sample, fit)
      #expect(isNear(alone.mean, expected) && isNear(alone.variance, 0.1 * expected * (1 - expected)))
    }
  }

  /// Runs that lack instances are left out, and fewer than eight say nothing.
  @Test func onlyWholeRunsCount() {
    var random = SplitMix(state: 4)
    var rows = (0..<9).map { oddRow($0 % 2 == 0, 0, &random) }
    rows[3][7] = .nan
    #expect(Likeness(fold(rows))?.rows.sorted() == [0, 1, 2, 4, 5, 6, 7, 8])
    rows[5][0] = .nan
    #expect(Likeness(fold(rows)) == nil)
  }

  /// Where runs are of kinds, those alike say more than an item response model and a regression.
  @Test func autoSeesWhatARunIsLike() throws {
    var random = SplitMix(state: 7)
    let fold = fold(Self.runs(&random))
    let target = oddRow(true, 0.3, &random)
    let actual = target.reduce(0, +) / 200
    let (auto, aipw) = (try AutoPredictor().fit(fold), try AIPWPredictor().fit(fold))
    var errors = (auto: 0.0, aipw: 0.0)
    for draw in 0..<20 {
      let sample = spreadSample(of: target, 20, draw: draw)
      let found = try #require(auto.estimate(sample))
      errors.auto += abs(found.mean - actual)
      errors.aipw += abs(try #require(aipw.estimate(sample)).mean - actual)
    }
    #expect(errors.auto < errors.aipw, "\(errors)")
  }

  /// Notes say how much likeness counts; with other scores of the model it does not, nor for a run that is right throughout,
  /// stronger than all those learned from.
  @Test func aStrongerRunIsLikeNone() throws {
    var random = SplitMix(state: 7)
    let fold = fold(Self.runs(&random))
    let target = oddRow(true, 0.3, &random)
    func isLiked(_ fold: ScoreFold, _ scores: [Double]) throws -> Bool {
      let estimate = try AutoPredictor().fit(fold).estimate(spreadSample(of: scores, 40, draw: 0))
      return try #require(estimate).notes.contains { $0.contains("the runs most like it 0.") }
    }
    #expect(try isLiked(fold, target))
    #expect(try !isLiked(fold, target.map { _ in 1 }))
    let means = (0..<40).map { run in (0..<200).reduce(0) { $0 + fold.matrix[run, $1] } / 200 }
    let known = board(["quiz": means + [.nan], "other": means + [0.5]], models: fold.board.models)
    #expect(try !isLiked(fold.with(known), target))
  }
}
