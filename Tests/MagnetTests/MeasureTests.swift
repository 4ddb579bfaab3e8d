import Magnet
import TestSupport
import Testing

/// Scores equal to those of scipy and scikit-learn (Fixtures/expected/measures.json), and the edges of each.
@Suite struct MeasureTests {
  static let expected = try! Project.json(Project.fixture("expected/measures.json"))

  private func isNear(_ a: Double?, _ b: Double?, _ tolerance: Double = 1e-12) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    return abs(a - b) <= tolerance * max(1, abs(b))
  }

  private func numbers(_ value: JSONValue?) -> [Double] { value!.elements.map { $0.double! } }

  @Test func equalThoseOfSciPyAndScikitLearn() {
    for (number, item) in Self.expected["cases"]!.elements.enumerated() {
      let predicted = numbers(item["predicted"])
      let actual = numbers(item["actual"])
      let outcomes = numbers(item["outcomes"])
      let found: [(String, Double?)] = [
        ("mae", PointMeasures.meanAbsoluteError(predicted, actual)),
        ("rmse", PointMeasures.rootMeanSquaredError(predicted, actual)),
        ("bias", PointMeasures.bias(predicted, actual)),
        ("spearman", PointMeasures.spearman(predicted, actual)),
        ("kendall", PointMeasures.kendall(predicted, actual)),
        ("brier", ProbabilityMeasures.brier(predicted, outcomes)),
        ("log_loss", ProbabilityMeasures.logLoss(predicted, outcomes)),
        ("auroc", ProbabilityMeasures.areaUnderROC(predicted, outcomes)),
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
    #expect(StudentT.quantile(0.975, degrees: 7) == -StudentT.quantile(0.025, degrees: 7))
    // One degree of freedom is Cauchy's distribution: F(1) = 3/4.
    #expect(isNear(StudentT.cumulative(1, degrees: 1), 0.75))
  }

  @Test func nothingScoresNothing() {
    #expect(PointMeasures.meanAbsoluteError([], []) == nil)
    #expect(PointMeasures.maximumError([], []) == nil)
    #expect(PointMeasures.spearman([1], [1]) == nil)
    #expect(PointMeasures.spearman([1, 1], [1, 2]) == nil)
    #expect(PointMeasures.kendall([1, 2], [3, 3]) == nil)
    #expect(ProbabilityMeasures.areaUnderROC([0.1, 0.2], [1, 1]) == nil)
    #expect(ProbabilityMeasures.calibrationError([], []) == nil)
    #expect(Interval.wilson(right: 0, count: 0) == nil)
    #expect(Interval.coverage([], of: []) == nil)
    #expect(PointMeasures.skill(error: 0.1, nullError: 0) == nil)
    #expect(isNear(PointMeasures.skill(error: 0.1, nullError: 0.4), 0.75))
  }

  @Test func aSureAndWrongPredictionIsFinite() {
    let loss = ProbabilityMeasures.logLoss([1, 0], [0, 1])!
    #expect(loss.isFinite && loss > 30)
  }

  @Test func withinGroupsOnlyPairsOfAGroupCount() {
    // Pooled, the models' levels alone separate right from wrong; within each model nothing does.
    let probabilities = [0.9, 0.9, 0.9, 0.1, 0.1, 0.1]
    let outcomes: [Double] = [1, 1, 0, 1, 0, 0]
    let models = ["a", "a", "a", "b", "b", "b"]
    #expect(isNear(ProbabilityMeasures.areaUnderROC(probabilities, outcomes), 2.0 / 3))
    #expect(ProbabilityMeasures.areaUnderROC(probabilities, outcomes, within: models) == 0.5)
  }

  @Test func calibrationOverBinsOfEqualNumbers() {
    let probabilities = [0.1, 0.1, 0.1, 0.1, 0.8, 0.8, 0.8, 0.8]
    let outcomes: [Double] = [0, 0, 0, 1, 1, 1, 1, 1]
    // |0.1 - 0.25| and |0.8 - 1| with equal weights.
    #expect(isNear(ProbabilityMeasures.calibrationError(probabilities, outcomes, bins: 2), 0.175))
    #expect(ProbabilityMeasures.calibrationError([1, 0], [1, 0], bins: 10) == 0)
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
