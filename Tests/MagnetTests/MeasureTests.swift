import TestSupport
import Testing

@testable import Magnet

/// Scores equal to those of scipy and scikit-learn (Fixtures/expected/measures.json), and the edges of each.
@Suite struct MeasureTests {
  static let expected = try! Project.json(Project.fixture("expected/measures.json"))

  private func isNear(_ a: Double?, _ b: Double?, _ tolerance: Double = 1e-12) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    return abs(a - b) <= tolerance * max(1, abs(b))
  }

  private func numbers(_ value: JSONValue?) -> [Double] { value!.elements.map { $0.double! } }

  @Test func equalThoseOfSciPyAndScikitLearn() {
    for key in ["cases", "wilson", "quantiles", "students"] { #expect(!Self.expected[key]!.elements.isEmpty) }
    for (number, item) in Self.expected["cases"]!.elements.enumerated() {
      let predicted = numbers(item["predicted"])
      let actual = numbers(item["actual"])
      let outcomes = numbers(item["outcomes"])
      let found: [(String, Double?)] = [
        ("mae", Measure.meanAbsoluteError.value(predicted, actual)),
        ("rmse", Measure.rootMeanSquaredError.value(predicted, actual)),
        ("bias", Measure.bias.value(predicted, actual)),
        ("spearman", Measure.spearman.value(predicted, actual)),
        ("kendall", Measure.kendall.value(predicted, actual)),
        ("brier", Measure.brier.value(predicted, outcomes)),
        ("log_loss", Measure.logLoss.value(predicted, outcomes)),
        ("auroc", Measure.areaUnderROC.value(predicted, outcomes)),
      ]
      for (name, value) in found {
        #expect(isNear(value, item[name]!.double, 1e-10), "\(name) of case \(number)")
      }
    }
  }

  @Test func intervalsEqualThoseOfSciPy() throws {
    for item in Self.expected["wilson"]!.elements {
      let interval = try #require(
        Interval.wilson(
          right: item["right"]!.double!, count: Int(item["count"]!.double!),
          coverage: item["coverage"]!.double!))
      #expect(isNear(interval.lower, item["lower"]!.double, 1e-9))
      #expect(isNear(interval.upper, item["upper"]!.double, 1e-9))
    }
    for item in Self.expected["quantiles"]!.elements {
      #expect(isNear(Normal.quantile(item["p"]!.double!), item["x"]!.double, 1e-9))
    }
  }

  @Test func studentsDistributionEqualsSciPys() {
    for item in Self.expected["students"]!.elements {
      let degrees = item["degrees"]!.double!
      let x = StudentT.quantile(item["p"]!.double!, degrees: degrees)
      #expect(abs(x / item["x"]!.double! - 1) < 1e-10)
      #expect(isNear(StudentT.cumulative(x, degrees: degrees), item["p"]!.double!, 1e-13))
    }
    #expect(StudentT.quantile(0.5, degrees: 3) == 0)
    #expect(StudentT.cumulative(.infinity, degrees: 3) == 1 && StudentT.cumulative(0, degrees: 3) == 0.5)
    #expect(isNear(StudentT.quantile(0.975, degrees: 7), -StudentT.quantile(0.025, degrees: 7), 1e-14))
    // One degree of freedom is Cauchy's distribution: F(1) = 3/4.
    #expect(isNear(StudentT.cumulative(1, degrees: 1), 0.75))
  }

  @Test func nothingScoresNothing() {
    for measure: Measure in [
      .meanAbsoluteError, .rootMeanSquaredError, .bias, .maximumError, .noiseRatio, .spearman, .kendall,
      .coverage(), .width(), .intervalScore(), .rankedProbabilityScore, .brier, .logLoss, .areaUnderROC,
      .areaUnderROCWithin, .calibrationError(),
    ] {
      #expect(measure.value([], []) == nil, "\(measure.name)")
    }
    #expect(Measure.spearman.value([1], [1]) == nil)
    #expect(Measure.spearman.value([1, 1], [1, 2]) == nil)
    #expect(Measure.kendall.value([1, 2], [3, 3]) == nil)
    #expect(Measure.areaUnderROC.value([0.1, 0.2], [1, 1]) == nil)
    #expect(Measure.coverage().value([0.1], [0.2]) == nil && Measure.noiseRatio.value([0.1], [0.2]) == nil)
    #expect(Interval.wilson(right: 0, count: 0) == nil)
  }

  @Test func whatIsBetterIsKnown() {
    #expect(Measure.meanAbsoluteError.better.isBetter(0.1, than: 0.2))
    #expect(Measure.spearman.better.isBetter(0.2, than: 0.1))
    #expect(Measure.bias.better.isBetter(-0.1, than: 0.2) && Measure.coverage(0.8).better == .near(0.8))
  }

  @Test func intervalsAreMeasured() {
    let half = Interval(lower: 0.25, upper: 0.75)
    let pairs = [0.5, 0.75, 1.0].map { MeasuredPair(predicted: 0.5, actual: $0, interval: half) }
    #expect(Measure.coverage().value(of: pairs) == 2.0 / 3)
    #expect(Measure.width().value(of: pairs) == 0.5)
    #expect(isNear(Measure.intervalScore().value(of: pairs), (0.5 * 3 + 40 * 0.25) / 3))
    #expect(Measure.coverage(0.5).value(of: pairs) == nil && pairs[0].interval(0.8) == nil)
    // The standard error of a normal prediction from its interval.
    let normal = Normal.rankedProbabilityScore(1, mean: 0.5, stddev: 0.25 / Normal.quantile(0.975))
    #expect(isNear(Measure.rankedProbabilityScore.value(of: pairs.suffix(1)), normal, 1e-9))
  }

  @Test func aSureAndWrongPredictionIsFinite() throws {
    let loss = try #require(Measure.logLoss.value([1, 0], [0, 1]))
    #expect(loss.isFinite && loss > 30)
  }

  @Test func withinGroupsOnlyPairsOfAGroupCount() {
    // Pooled, the models' levels alone separate right from wrong; within each model nothing does.
    let probabilities = [0.9, 0.9, 0.9, 0.1, 0.1, 0.1]
    let outcomes: [Double] = [1, 1, 0, 1, 0, 0]
    let pairs = zip(probabilities, outcomes).enumerated().map { number, pair in
      MeasuredPair(predicted: pair.0, actual: pair.1, group: number / 3)
    }
    #expect(isNear(Measure.areaUnderROC.value(of: pairs), 2.0 / 3))
    #expect(Measure.areaUnderROCWithin.value(of: pairs) == 0.5)
  }

  /// Ranks are compared within a group and repetition, and the correlations averaged.
  @Test func ranksAreThoseOfAGroup() {
    let pairs = [(1.0, 1.0, 0), (2, 2, 0), (20, 10, 1), (10, 20, 1)].map {
      MeasuredPair(predicted: $0.0, actual: $0.1, group: $0.2)
    }
    #expect(Measure.spearman.value(of: pairs) == 0 && Measure.kendall.value(of: pairs) == 0)
    #expect(Measure.kendall.value(of: pairs.prefix(2)) == 1)
  }

  /// Knight's count against the definition, over all pairs, with many ties.
  @Test func kendallCountsPairs() throws {
    var random = SplitMix(state: 3)
    for count in [2, 3, 7, 64, 301] {
      let a = (0..<count).map { _ in Double(Int.random(in: 0..<6, using: &random)) }
      let b = a.map { $0 + Double(Int.random(in: 0..<9, using: &random)) }
      var sums = SIMD3<Double>.zero
      for i in 0..<count {
        for k in 0..<i {
          let x = (a[i] - a[k]).signum
          let y = (b[i] - b[k]).signum
          sums += SIMD3(x * y, x * x, y * y)
        }
      }
      let expected = sums.y * sums.z > 0 ? sums.x / (sums.y * sums.z).squareRoot() : nil
      #expect(isNear(Correlation.kendall(a, b), expected))
    }
  }

  @Test func whatVariesByRoundingAloneIsConstant() {
    let rounded = [0.1 + 0.2, 0.3, 0.3]
    #expect(Correlation.pearson(rounded, [1, 2, 3]) == nil)
    #expect(isNear(Correlation.pearson([1e-9, 2e-9, 3e-9], [1, 2, 3]), 1))
  }

  @Test func oneMeanAndOneQuantile() {
    #expect([1.0, 2].mean() == 1.5 && [Double]().mean() == nil && [1, nil, 3].mean() == 2)
    #expect(
      [3.0, 1, 2, 4].quantile(0.5) == 2.5 && [3.0, 1].quantile(1) == 3 && [Double]().quantile(0) == nil)
  }

  @Test func calibrationOverBinsOfEqualNumbers() {
    let probabilities = [0.1, 0.1, 0.1, 0.1, 0.8, 0.8, 0.8, 0.8]
    let outcomes: [Double] = [0, 0, 0, 1, 1, 1, 1, 1]
    // |0.1 - 0.25| and |0.8 - 1| with equal weights.
    #expect(isNear(Measure.calibrationError(bins: 2).value(probabilities, outcomes), 0.175))
    #expect(Measure.calibrationError().value([1, 0], [1, 0]) == 0)
  }

  /// A measure of one's own, from sums, with its bootstrap.
  @Test func aMeasureOfOnesOwn() throws {
    let squared = Measure(
      "r2", title: "R²", unit: .ratio, better: .higher, level: .run,
      sums: { pair in
        [1, pair.error * pair.error, pair.actual, pair.actual * pair.actual, 0, 0, 0, 0]
      },
      value: { sums in
        let total = sums[3] - sums[2] * sums[2] / sums[0]
        return total > 0 ? 1 - sums[1] / total : nil
      })
    let actual = (0..<40).map { Double($0) }
    let pairs = actual.map { MeasuredPair(predicted: $0 + ($0 < 20 ? 1 : -1), actual: $0) }
    #expect(isNear(squared.value(of: pairs), 1 - 40 / 5330))
    let sample = ClusterBootstrap(4, seed: 1)
    let clusters = pairs.indices.map { $0 % 4 }
    let score = try #require(sample.score(squared, of: pairs, clusters: clusters))
    let interval = try #require(score.interval)
    #expect(
      score.value == squared.value(of: pairs) && interval.contains(score.value) && interval.width < 0.01)
    #expect(sample.score(squared, of: pairs, clusters: pairs.map { _ in 2 })?.interval == nil)
    // Whole families are drawn for measures that are not sums, too.
    let largest = try #require(sample.score(.maximumError, of: pairs, clusters: clusters))
    #expect(largest.value == 1 && largest.interval == Interval(lower: 1, upper: 1))
  }

  @Test func intervalsOfAFinitePopulationAreNarrower() throws {
    let open = try #require(Interval.wilson(right: 20, count: 25))
    let finite = try #require(Interval.wilson(right: 20, count: 25, population: 50))
    #expect(finite.width < open.width && finite.contains(0.8))
    #expect(Interval.wilson(right: 20, count: 25, population: 25) == Interval(lower: 0.8, upper: 0.8))
    #expect(isNear(Interval(lower: 0, upper: 1).score(1.5, coverage: 0.95), 21, 1e-9))
  }

  /// The closed form against the definition: the integral of (F(x) - [value <= x])².
  @Test func rankedProbabilityScoreIsTheIntegral() {
    for (value, mean, stddev) in [(0.3, 0.5, 0.1), (0.5, 0.5, 0.2), (0.9, 0.4, 0.3)] {
      var integral = 0.0
      let step = 1e-4
      for x in stride(from: -3.0 + step / 2, to: 4, by: step) {
        let difference = Normal.cumulative((x - mean) / stddev) - (value <= x ? 1 : 0)
        integral += difference * difference * step
      }
      #expect(isNear(Normal.rankedProbabilityScore(value, mean: mean, stddev: stddev), integral, 1e-6))
    }
    #expect(isNear(Normal.rankedProbabilityScore(0.7, mean: 0.4, stddev: 0), 0.3))
  }
}

extension Double {
  fileprivate var signum: Double { self > 0 ? 1 : self < 0 ? -1 : 0 }
}
