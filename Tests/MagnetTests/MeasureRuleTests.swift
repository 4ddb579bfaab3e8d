import Foundation
import Testing

@testable import Magnet

/// What holds for every measure, whatever it computes, and for the intervals that a bootstrap gives it.
@Suite struct MeasureRuleTests {
  private static let ofRuns: [Measure] =
    [
      .meanAbsoluteError, .rootMeanSquaredError, .bias, .maximumError, .noiseRatio, .spearman,
      .kendall, .rankedProbabilityScore,
    ]
    + MeasuredPair.coverages.flatMap { [.coverage($0), .width($0), .intervalScore($0)] }
  private static let ofInstances: [Measure] = [
    .brier, .logLoss, .areaUnderROC, .areaUnderROCWithin, .calibrationError(),
    .calibrationError(bins: 3),
  ]
  private static let all = ofRuns + ofInstances

  private static func pairs(_ random: inout PythonRandom, _ level: Measure.Level, count: Int = 24)
    -> [MeasuredPair]
  {
    (0..<count).map { number in
      let predicted = Double(random.below(40)) / 40 + 0.01
      let actual = level == .instance ? Double(random.below(2)) : Double(random.below(40)) / 40
      var pair = MeasuredPair(
        predicted: predicted, actual: actual,
        standardError: random.below(3) == 0 ? nil : 0.05 + random.random() / 10,
        instanceCount: random.below(4) == 0 ? nil : 10 + random.below(90), group: number % 3,
        repetition: number % 2)
      if random.below(4) > 0 {
        let half = 0.05 + random.random() / 5
        for (place, scale) in [0.5, 0.8, 1.5].enumerated() {
          pair.lower[place] = predicted - scale * half
          pair.upper[place] = predicted + scale * half
        }
      }
      return pair
    }
  }

  private func areNear(_ a: Double?, _ b: Double?, _ tolerance: Double = 1e-9) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    return abs(a - b) <= tolerance * max(1, abs(a), abs(b))
  }

  @Test func namesAreDifferentAndTitlesSayWhatTheyAre() {
    #expect(Set(Self.all.dropLast().map(\.name)).count == Self.all.count - 1)
    #expect(Set(Self.all.dropLast().map(\.title)).count == Self.all.count - 1)
    #expect(
      Self.ofRuns.allSatisfy { $0.level == .run }
        && Self.ofInstances.allSatisfy { $0.level == .instance })
    #expect(
      Measure.width().title == "width of 95% intervals"
        && Measure.coverage(0.8).name == "coverage80")
    for measure in Self.all {
      #expect(measure.value(of: [MeasuredPair]()) == nil, "\(measure.name) of nothing")
    }
  }

  @Test(arguments: 1...8) func theOrderOfPairsIsNothing(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    for measure in Self.all {
      let pairs = Self.pairs(&random, measure.level)
      let order = random.sample(pairs.count, below: pairs.count)
      // Instances of one probability stand in bins in the order given.
      if measure.name == "ece" { continue }
      #expect(
        areNear(measure.value(of: order.map { pairs[$0] }), measure.value(of: pairs)),
        "\(measure.name)")
    }
  }

  /// Errors of any scale: twice the scores, twice the error; shifted, the same.
  @Test(arguments: 1...6) func measuresInTheUnitOfTheScoresScale(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let pairs = Self.pairs(&random, .run)
    func moved(_ factor: Double, _ shift: Double) -> [MeasuredPair] {
      pairs.map { pair in
        var other = pair
        other.predicted = pair.predicted * factor + shift
        other.actual = pair.actual * factor + shift
        other.standardError = pair.standardError.map { $0 * factor }
        other.lower = pair.lower * factor + SIMD3(repeating: shift)
        other.upper = pair.upper * factor + SIMD3(repeating: shift)
        return other
      }
    }
    for measure in Self.ofRuns where measure.name != "noise_ratio" {
      let value = measure.value(of: pairs)
      let factor = measure.unit == .metric ? 4.0 : 1
      #expect(areNear(measure.value(of: moved(4, 0)), value.map { $0 * factor }), "\(measure.name)")
      #expect(areNear(measure.value(of: moved(1, -3)), value), "\(measure.name) shifted")
    }
  }

  /// The better of two predictions is better by every measure that has a direction.
  @Test(arguments: 1...6) func perfectPredictionsAreBest(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    for measure in Self.all
    where !measure.name.hasPrefix("width") && !measure.name.hasPrefix("coverage") {
      let pairs = Self.pairs(&random, measure.level)
      let perfect = pairs.map { pair in
        var other = pair
        other.predicted = pair.actual
        other.lower = .init(repeating: pair.actual)
        other.upper = other.lower
        other.standardError = 1e-9
        return other
      }
      guard let value = measure.value(of: pairs), let best = measure.value(of: perfect) else {
        continue
      }
      #expect(
        !measure.better.isBetter(value, than: best) || areNear(value, best, 1e-6),
        "\(measure.name): \(value) \(best)")
    }
    #expect(
      Measure.meanAbsoluteError.value([1, 2], [1, 2]) == 0
        && Measure.spearman.value([1, 2], [1, 2]) == 1)
  }

  @Test func directionsCompare() {
    #expect(
      Measure.Direction.lower.isBetter(1, than: 2) && !Measure.Direction.lower.isBetter(2, than: 2))
    #expect(
      Measure.Direction.higher.isBetter(2, than: 1)
        && Measure.Direction.near(0.95).isBetter(0.96, than: 0.9))
    #expect(
      !Measure.Direction.near(0).isBetter(-1, than: 1)
        && Measure.Direction.near(0).isBetter(-0.5, than: 1))
  }

  /// Sums of parts are those of the whole.
  @Test(arguments: 1...8) func measuresOfSumsAddUp(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let pairs = Self.pairs(&random, .run)
    for measure in Self.ofRuns {
      guard case .pairs(let sums) = measure.form else { continue }
      let cut = random.below(pairs.count)
      func total(_ part: ArraySlice<MeasuredPair>) -> Measure.Sums {
        part.reduce(.zero) { $0 + (sums($1) ?? .zero) }
      }
      let whole = measure.value(total(pairs[...cut]) + total(pairs[(cut + 1)...]))
      #expect(areNear(whole, measure.value(of: pairs)), "\(measure.name)")
      #expect(
        areNear(measure.value(total(pairs[...]) * 5), measure.value(of: pairs)),
        "five times each is the same mean")
    }
  }

  /// Definitions written out, pair by pair.
  @Test(arguments: 1...8) func intervalsAreMeasuredAsDefined(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let pairs = Self.pairs(&random, .run)
    for (place, coverage) in MeasuredPair.coverages.enumerated() {
      let known = pairs.filter { !$0.lower[place].isNaN }
      let n = Double(known.count)
      let inside = known.count { $0.lower[place] <= $0.actual && $0.actual <= $0.upper[place] }
      #expect(
        areNear(
          Measure.coverage(coverage).value(of: pairs), known.isEmpty ? nil : Double(inside) / n))
      let widths = known.map { $0.upper[place] - $0.lower[place] }
      #expect(areNear(Measure.width(coverage).value(of: pairs), widths.mean()))
      let scores = known.map { pair -> Double in
        let miss = max(0, pair.lower[place] - pair.actual) + max(0, pair.actual - pair.upper[place])
        return pair.upper[place] - pair.lower[place] + 2 / (1 - coverage) * miss
      }
      #expect(areNear(Measure.intervalScore(coverage).value(of: pairs), scores.mean()))
      for pair in pairs { #expect((pair.interval(coverage) == nil) == pair.lower[place].isNaN) }
    }
    #expect(pairs.allSatisfy { $0.interval(0.42) == nil })
    let counted = pairs.filter { $0.instanceCount != nil }
    let noise = counted.map { pair -> Double in
      (2 / Double.pi * pair.actual * (1 - pair.actual) / Double(pair.instanceCount!)).squareRoot()
    }.reduce(0, +)
    let errors = counted.map { abs($0.error) }.reduce(0, +)
    #expect(areNear(Measure.noiseRatio.value(of: pairs), noise > 0 ? errors / noise : nil))
  }

  @Test(arguments: 1...8) func probabilitiesAreMeasuredAsDefined(_ seed: Int) {
    var random = PythonRandom(seed: 20 + seed)
    let pairs = Self.pairs(&random, .instance)
    let (right, wrong) = (pairs.filter { $0.actual == 1 }, pairs.filter { $0.actual == 0 })
    var wins = 0.0
    for a in right {
      for b in wrong {
        wins += a.predicted > b.predicted ? 1 : a.predicted == b.predicted ? 0.5 : 0
      }
    }
    let area = wins / Double(right.count * wrong.count)
    #expect(
      areNear(Measure.areaUnderROC.value(of: pairs), right.isEmpty || wrong.isEmpty ? nil : area))
    let loss = pairs.map { -log($0.actual == 1 ? $0.predicted : max(1e-15, 1 - $0.predicted)) }
      .mean()
    #expect(areNear(Measure.logLoss.value(of: pairs), loss, 1e-6))
    #expect(areNear(Measure.brier.value(of: pairs), pairs.map { $0.error * $0.error }.mean()))
    // Turning right and wrong round turns the area round and keeps the others.
    let turned = pairs.map {
      MeasuredPair(predicted: 1 - $0.predicted, actual: 1 - $0.actual, group: $0.group)
    }
    #expect(areNear(Measure.areaUnderROC.value(of: turned), Measure.areaUnderROC.value(of: pairs)))
    #expect(areNear(Measure.brier.value(of: turned), Measure.brier.value(of: pairs)))
    let one = Measure.calibrationError(bins: 1).value(of: pairs)
    #expect(areNear(one, pairs.map(\.error).mean().map(abs)), "in one bin it is the bias")
    let each = Measure.calibrationError(bins: pairs.count).value(of: pairs)
    #expect(areNear(each, pairs.map { abs($0.error) }.mean()), "in bins of one it is the error")
    #expect(Measure.calibrationError(bins: 0).value(of: pairs) == nil)
  }

  // MARK: Intervals by resampling families

  @Test(arguments: all.indices) func intervalsHoldTheValueAndRepeat(_ number: Int) throws {
    let measure = Self.all[number]
    var random = PythonRandom(seed: 5)
    let pairs = Self.pairs(&random, measure.level, count: 60)
    let clusters = pairs.indices.map { $0 % 6 }
    let bootstrap = ClusterBootstrap(6, seed: 3)
    let score = try #require(bootstrap.score(measure, of: pairs, clusters: clusters))
    #expect(score.measure == measure.name && areNear(score.value, measure.value(of: pairs)))
    #expect(ClusterBootstrap(6, seed: 3).score(measure, of: pairs, clusters: clusters) == score)
    let interval = try #require(score.interval)
    #expect(interval.lower <= interval.upper)
    if !["max_error", "ece"].contains(measure.name) {
      #expect(
        interval.lower <= score.value + 0.05 && interval.upper >= score.value - 0.05, "\(score)")
    }
    let single = bootstrap.score(measure, of: pairs, clusters: pairs.map { _ in 2 })
    #expect(
      areNear(single?.value, score.value) && single?.interval == nil,
      "one family says nothing of others")
    #expect(bootstrap.score(measure, of: [], clusters: []) == nil)
  }

  /// Families that are alike leave nothing to chance.
  @Test func familiesThatAreAlikeHaveNoWidth() throws {
    let pairs = (0..<8).flatMap { _ in
      [MeasuredPair(predicted: 0.5, actual: 0.75), MeasuredPair(predicted: 0.25, actual: 0.5)]
    }
    let clusters = pairs.indices.map { $0 / 2 }
    for measure in [Measure.meanAbsoluteError, .rootMeanSquaredError, .bias, .maximumError] {
      let score = try #require(
        ClusterBootstrap(8, seed: 1).score(measure, of: pairs, clusters: clusters))
      #expect(
        areNear(score.interval?.lower, score.value) && areNear(score.interval?.upper, score.value))
    }
  }

  @Test(arguments: [2, 3, 7]) func drawsAreOfAsManyFamilies(_ count: Int) {
    let bootstrap = ClusterBootstrap(count, seed: 9, draws: 400)
    #expect(
      bootstrap.counts.count == 400
        && bootstrap.counts.allSatisfy { $0.count == count && $0.reduce(0, +) == Double(count) })
    let totals = (0..<count).map { place in bootstrap.counts.reduce(0) { $0 + $1[place] } }
    #expect(totals.allSatisfy { abs($0 - 400) < 120 }, "each as likely: \(totals)")
    #expect(ClusterBootstrap(count, seed: 10, draws: 400).counts != bootstrap.counts)
    #expect(
      ClusterBootstrap(1, seed: 9).counts.isEmpty && ClusterBootstrap(0, seed: 9).counts.isEmpty)
  }
}
