import Foundation
import Magnet
import Predictors
import TestSupport
import Testing

/// The abilities looked at, their priors, and what these make of models far above the runs learned from.
@Suite struct AbilityGridTests {
  private static func probabilities(_ grid: AbilityGrid, _ prior: AbilityGrid.Prior, _ scores: [Double])
    -> [Double]
  {
    let logs = grid.logProbabilities(prior, scores: scores)
    let sum = logs.reduce(0) { $0 + exp($1) }
    return logs.map { exp($0) / sum }
  }

  /// Of mean runs that are right on `share`, with the logits of all instances growing by `slope` per ability.
  @Test(arguments: [(0.6, 1.0, 2.0), (0.15, 0.5, 3.5), (0.02, 0.4, 8.5), (0.97, 1.5, 2.0)])
  func isAsWideAsWhatIsMissing(_ share: Double, _ slope: Double, _ upper: Double) {
    let level = log(share / (1 - share))
    func score(_ ability: Double) -> Double { logistic(slope * ability + level) }
    let grid = AbilityGrid(score: score)
    let abilities = grid.abilities
    #expect(abilities.count == AbilityGrid.count && abilities[0] == -6 && abilities[40] == 0)
    #expect(zip(abilities, abilities.dropFirst()).allSatisfy(<))
    let steps = zip(abilities, abilities.dropFirst()).map { $1 - $0 }.dropFirst(40)
    #expect(zip(steps, steps.dropFirst()).allSatisfy { $0 <= $1 + 1e-9 })
    #expect(steps.first! < 0.08 * upper)
    let end = abilities.last!
    #expect(end >= 3 * upper - 1e-9 && end <= 15 * upper + 1e-9)
    #expect(score(end) >= 0.98 && (isNear(end, 3 * upper) || score(end - upper) < 0.98))
    #expect(!grid.isFlat)
    // The median of the half above is near that of N(0, u²), 0.6745 u.
    let wide = Self.probabilities(grid, .wide, abilities.map(score))
    let above = wide[41...].reduce(0, +)
    #expect(abs(above - upper / (1 + upper)) < 0.06, "\(above)")
    var sum = 0.0
    let middle = abilities.indices.first { place in
      sum += place > 40 ? wide[place] : 0
      return sum >= above / 2
    }!
    #expect(abs(abilities[middle] / upper - 0.6745) < 0.15, "\(abilities[middle] / upper)")
    // One part in twenty is such that scores are as likely: a half of it above the score half-way.
    let far = abilities.indices.filter { score(abilities[$0]) > (score(0) + score(end)) / 2 }
    #expect(far.reduce(0) { $0 + wide[$1] } >= 0.024 * above)
  }

  @Test func runsThatAreNearlyRightSayNothingAbove() {
    #expect(AbilityGrid { 0.3 + $0 * 1e-4 }.isFlat)
  }

  /// Instances so steep that all are right from a level on: what is as likely beyond is as likely as what is there.
  @Test func abilitiesWhereAllIsRightAreAsLikely() {
    let grid = AbilityGrid { logistic(20 * $0) }
    let scores = grid.abilities.map { logistic(20 * $0) }
    #expect(scores.suffix(3) == [1, 1, 1])
    for prior in AbilityGrid.Prior.allCases {
      #expect(grid.logProbabilities(prior, scores: scores).allSatisfy { !$0.isNaN }, "\(prior)")
    }
  }

  /// Runs with a score of some 0.15, and one of 0.7: the sample says so, whatever the runs learned from.
  @Test(arguments: [10, 40]) func aModelFarAbove(_ count: Int) throws {
    var random = SplitMix(state: 4)
    func row(_ ability: Double) -> [Double] {
      (0..<300).map { item in
        let logit = ability + Double(item % 7) * 0.5 - 1.5
        return Double.random(in: 0..<1, using: &random) < logistic(logit) ? 1 : 0
      }
    }
    let runs = fold((0..<40).map { row(-2.6 + Double($0) / 33) })
    let strong = row(0.8)
    let actual = strong.reduce(0, +) / 300
    for predictor in [TwoParameterPredictor(), RaschPredictor(), AutoPredictor()] as [ScorePredictor] {
      let estimator = try predictor.fit(runs)
      var bias = 0.0
      var held = 0
      let draws = 40
      for draw in 0..<draws {
        let columns = (0..<count).map { ($0 * 7 + draw * 13) % 300 }
        let sample = ObservedSample(columns: columns, scores: columns.map { strong[$0] })
        let found = try #require(estimator.estimate(sample))
        bias += (found.mean - actual) / Double(draws)
        #expect(found.isExtrapolated || count == 10)
        if try #require(found.intervals?.last).contains(actual) { held += 1 }
      }
      #expect(abs(bias) < (count == 10 ? 0.1 : 0.05), "\(type(of: predictor)): \(bias)")
      #expect(held >= 36, "\(type(of: predictor)): \(held)")
    }
  }

  /// A run that has nothing right is within an interval that ends below half an instance.
  @Test func nothingRightIsAScore() throws {
    #expect(Interval(lower: 0.0004, upper: 0.2).whole(of: 1000) == Interval(lower: 0, upper: 0.2))
    #expect(Interval(lower: 0.0006, upper: 0.9996).whole(of: 1000) == Interval(lower: 0.0006, upper: 1))
    var random = SplitMix(state: 8)
    let rows = (0..<30).map { run in
      (0..<400).map { _ in Double.random(in: 0..<1, using: &random) < Double(run) / 1500 ? 1.0 : 0 }
    }
    let sample = ObservedSample(columns: Array(0..<25), scores: Array(repeating: 0, count: 25))
    for predictor in [TwoParameterPredictor(), AIPWPredictor(), AutoPredictor()]
      as [ScorePredictor]
    {
      let found = try #require(try predictor.fit(fold(rows)).estimate(sample))
      #expect(found.intervals?.last?.lower == 0, "\(type(of: predictor)): \(found)")
    }
  }
}
