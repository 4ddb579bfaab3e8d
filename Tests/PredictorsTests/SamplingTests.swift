import Foundation
import Predictors
import TestSupport
import Testing

@testable import Magnet

/// How instances are chosen, replayed by the definition written out here.
@Suite struct SamplingTests {
  private static let given = FewSampleTests.given(ItemResponseTests.cases[0])

  @Test(arguments: SamplingMethod.allCases) func samplesAreOfTheSizesAskedFor(_ method: SamplingMethod) throws
  {
    let (fold, _) = Self.given
    let sampler = try method.sampler(fold)
    func samples(_ seed: UInt64) -> [[Int]] {
      sampler.samples([3, 8, 20], seed: seed) { fold.matrix[0, $0] }
    }
    let found = samples(1)
    #expect(found.map(\.count) == [3, 8, 20] && found.map { Set($0).count } == [3, 8, 20])
    #expect(found[2].sorted() == fold.columns && samples(1) == found && samples(2) != found)
    if [.random, .adaptive].contains(method) { #expect(Array(found[1].prefix(3)) == found[0]) }
    #expect(method.isAdaptive == [.adaptive, .anchors].contains(method) && method.name == method.rawValue)
  }

  /// One instance of each part, in the order of difficulty.
  @Test func strataAreOfDifficulty() throws {
    let rows = [[0.0, 1, 1, 0, 1, 0, 1, 1], [0, 1, 0, 0, 1, 0, 1, 1], [0, 0, 0, 0, 1, 1, 1, 1]]
    let sampler = try SamplingMethod.stratified.sampler(fold(rows))
    // Means: 0, 2/3, 1/3, 0, 1, 1/3, 1, 1.
    let parts: [Set<Int>] = [[0, 3], [2, 5], [1, 4], [6, 7]]
    for seed in 0..<20 {
      let sample = sampler.samples([4], seed: UInt64(seed)) { _ in .nan }[0]
      #expect(zip(sample, parts).allSatisfy { $1.contains($0) })
    }
  }

  /// Each instance after the first five is the one with the greatest expected reduction of the score's variance, under the
  /// posterior over every fourth ability.
  @Test func anAdaptiveChoiceIsReplayed() throws {
    let (fold, _) = Self.given
    let count = fold.matrix.instances.count
    let model = ItemResponseModel(.twoParameter, values: fold.matrix.values, instances: count)
    let answers = (0..<count).map { Double($0 % 3 == 0 ? 0 : 1) }
    var asked: [Int] = []
    let sampler = try SamplingMethod.adaptive.sampler(fold)
    let chosen = sampler.samples([12], seed: 4) { column in
      asked.append(column)
      return answers[column]
    }[0]
    // No more is looked at than was chosen.
    #expect(asked == chosen)
    func chance(_ item: Int, _ ability: Double) -> Double {
      logistic(model.discriminations[item] * ability + model.easiness[item])
    }
    func score(_ ability: Double) -> Double {
      (0..<count).reduce(0) { $0 + chance($1, ability) } / Double(count)
    }
    let grid = AbilityGrid(score: score)
    let prior = grid.logProbabilities(.wide, scores: grid.abilities.map(score))
    let places = stride(from: 0, to: AbilityGrid.count, by: 4)
    let abilities = places.map { grid.abilities[$0] }
    for place in 5..<12 {
      let weights = places.map { q -> Double in
        chosen.prefix(place).reduce(exp(prior[q])) { weight, item in
          let p = chance(item, grid.abilities[q])
          return weight * (answers[item] == 1 ? p : 1 - p)
        }
      }
      let total = weights.reduce(0, +)
      let left = (0..<count).filter { !chosen.prefix(place).contains($0) }
      // The joint distribution of the item's answer with the sum of all that are left: E x_j Σ x = E P_j (1 + Σ_others P).
      func gain(_ item: Int) -> Double {
        var (product, mean, sum) = (0.0, 0.0, 0.0)
        for (q, ability) in abilities.enumerated() {
          let weight = weights[q] / total
          let others = left.reduce(0) { $1 == item ? $0 : $0 + chance($1, ability) }
          product += weight * chance(item, ability) * (1 + others)
          mean += weight * chance(item, ability)
          sum += weight * (chance(item, ability) + others)
        }
        let covariance = product - mean * sum
        return covariance * covariance / (mean * (1 - mean))
      }
      let best = try #require(left.map(gain).max())
      #expect(gain(chosen[place]) >= best * (1 - 1e-3), "place \(place)")
    }
  }

  /// An estimate from instances that were chosen by the answers is the item response model's, and no surer than it is.
  @Test func anAdaptiveSampleIsNotTakenForARandomOne() throws {
    let (fold, sample) = Self.given
    let chosen = ObservedSample(columns: sample.columns, scores: sample.scores, isAdaptive: true)
    let response = try TwoParameterPredictor().fit(fold)
    let alone = try #require(response.estimate(chosen))
    let auto = try #require(try AutoPredictor().fit(fold).estimate(chosen))
    #expect(auto.mean == alone.mean && auto.intervals == alone.intervals)
    let random = try #require(response.estimate(sample))
    #expect(alone.mean == random.mean)
  }

  /// As many clusters as instances that differ: an anchor of each.
  @Test func anchorsAreOfEachKind() throws {
    var random = SplitMix(state: 9)
    // Instances of three difficulties, each of which all runs find alike.
    let rows = (0..<40).map { run in
      (0..<90).map { item -> Double in
        Double.random(in: 0..<1, using: &random) < [0.1, 0.5, 0.9][item / 30] ? 1 : 0
      }
    }
    let sampler = try SamplingMethod.anchors.sampler(fold(rows))
    for seed in 0..<5 {
      let kinds = sampler.samples([9], seed: UInt64(seed)) { _ in .nan }[0].map { $0 / 30 }
      #expect(Set(kinds) == [0, 1, 2], "\(kinds)")
    }
  }

  @Test func aSelectionIsForAModel() throws {
    let (fold, _) = Self.given
    var values = fold.matrix.values
    let count = fold.matrix.instances.count
    for column in 3..<count { values[column] = .nan }
    let matrix = ScoreMatrix(runs: fold.matrix.runs, instances: fold.matrix.instances, values: values)
    let scenario = ScoreCollection.Scenario(
      name: "quiz",
      headline: Headline(
        group: nil, metric: MetricName("exact_match", split: "test"), lowerIsBetter: false, rule: "",
        isGuessed: false,
        notes: [], stat: nil), matrix: matrix,
      runs: Array(matrix.runs.indices))
    for method in SamplingMethod.allCases {
      let found = try InstanceSelection(
        scenario, model: matrix.runs[0].model, count: 10, method: method, seed: 1)
      let ids = found.table.rows.map { $0["instance"].text }
      #expect(found.knownCount == 3 && ids.count == 10 && Set(ids).isDisjoint(with: ["id0", "id1", "id2"]))
      #expect(found.table.rows.map { $0["order"] } == (1...10).map { .int($0) })
      #expect(found.widths.map(\.count) == [5, 10])
      #expect(found.widths.allSatisfy { $0.width > 0 && $0.width < 1 })
      let new = try InstanceSelection(scenario, model: nil, count: 1000, method: method, seed: 1)
      #expect(new.knownCount == 0 && new.table.rowCount == count)
    }
  }
}
