import Foundation
import Magnet
import TestSupport
import Testing

@testable import Predictors

/// How `auto` weighs in the runs most like the target.
@Suite struct LikenessWeighingTests {
  /// Runs of two kinds, one right where the other is wrong.
  private static func row(_ isTurned: Bool, _ ability: Double, _ random: inout SplitMix) -> [Double] {
    (0..<200).map { item in
      let logit = (isTurned ? -1 : 1) * 3 * (item % 2 == 0 ? 1.0 : -1) + ability
      return Double.random(in: 0..<1, using: &random) < logistic(logit) ? 1 : 0
    }
  }

  private static func runs(_ random: inout SplitMix) -> [[Double]] {
    (0..<40).map { row($0 % 2 == 0, Double($0 % 10) * 0.3, &random) }
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
    var rows = (0..<9).map { Self.row($0 % 2 == 0, 0, &random) }
    rows[3][7] = .nan
    #expect(Likeness(fold(rows))?.rows.sorted() == [0, 1, 2, 4, 5, 6, 7, 8])
    rows[5][0] = .nan
    #expect(Likeness(fold(rows)) == nil)
  }

  /// Where runs are of kinds, those alike say more than an item response model and a regression.
  @Test func autoSeesWhatARunIsLike() throws {
    var random = SplitMix(state: 7)
    let fold = fold(Self.runs(&random))
    let target = Self.row(true, 0.3, &random)
    let actual = target.reduce(0, +) / 200
    let (auto, aipw) = (try AutoPredictor().fit(fold), try AIPWPredictor().fit(fold))
    var errors = (auto: 0.0, aipw: 0.0)
    for draw in 0..<20 {
      let columns = (0..<20).map { ($0 * 7 + draw * 11) % 200 }
      let sample = ObservedSample(columns: columns, scores: columns.map { target[$0] })
      let found = try #require(auto.estimate(sample))
      errors.auto += abs(found.mean - actual)
      errors.aipw += abs(try #require(aipw.estimate(sample)).mean - actual)
    }
    #expect(errors.auto < errors.aipw, "\(errors)")
  }

  /// With other scores of the model there is no need of it, and for a run stronger than those learned from none is alike.
  @Test func aStrongerRunIsLikeNone() throws {
    var random = SplitMix(state: 9)
    let fold = fold((0..<40).map { Self.row(false, Double($0 % 10) * 0.2 - 2, &random) })
    let auto = try AutoPredictor().fit(fold)
    func note(_ score: (Int) -> Double) throws -> String {
      let columns = Array(0..<40)
      let sample = ObservedSample(columns: columns, scores: columns.map(score))
      let estimate = try #require(auto.estimate(sample))
      return estimate.notes.joined()
    }
    #expect(try note { _ in 1 }.contains("most like") == false)
  }
}
