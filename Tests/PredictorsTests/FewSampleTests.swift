import Magnet
import Predictors
import TestSupport
import Testing

/// Estimates from a sample, equal to those of NumPy and scikit-learn (Fixtures/expected/estimates.json).
@Suite struct FewSampleTests {
  static let cases = try! Project.json(Project.fixture("expected/estimates.json"))["cases"]!.elements

  static func given(_ item: JSONValue) -> (ScoreFold, ObservedSample) {
    let rows = item["train"]!.elements.map { numbers($0) }
    let sample = ObservedSample(
      columns: numbers(item["sample"]).map { Int($0) }, scores: numbers(item["scores"]))
    return (fold(rows), sample)
  }

  @Test(arguments: cases.indices)
  func controlVariateEqualsNumPy(_ number: Int) throws {
    let (fold, sample) = Self.given(Self.cases[number])
    let estimate = try #require(try ControlVariatePredictor().fit(fold).estimate(sample))
    #expect(isNear(estimate.mean, Self.cases[number]["control_variate"]!.double!))
    for (interval, wanted) in zip(estimate.intervals!, Self.cases[number]["intervals"]!.elements) {
      #expect(
        isNear(interval.lower, wanted[0]!.double!, 1e-8) && isNear(interval.upper, wanted[1]!.double!, 1e-8))
    }
  }

  @Test(arguments: cases.indices)
  func aipwEqualsScikitLearn(_ number: Int) throws {
    let (fold, sample) = Self.given(Self.cases[number])
    let estimate = try #require(try AIPWPredictor().fit(fold).estimate(sample))
    #expect(isNear(estimate.mean, Self.cases[number]["aipw"]!.double!, 1e-8))
    #expect(estimate.intervals![2].contains(estimate.mean) && estimate.stddev! > 0)
  }

  static let predictors: [@Sendable () -> ScorePredictor] = [
    { ControlVariatePredictor() }, { AIPWPredictor() },
  ]

  @Test(arguments: predictors.indices)
  func fewOrFlatSamplesAreTheSamplesMean(_ number: Int) throws {
    let rows: [[Double]] = [[1, 1, 0, 0, 1, 0], [1, 0, 0, 1, 1, 0]]
    for scores in [[1.0], [1, 0]] {
      let estimate = try #require(try estimate(Self.predictors[number](), fold(rows), scores))
      #expect(isNear(estimate.mean, scores.reduce(0, +) / Double(scores.count)))
      #expect(estimate.intervals![2].contains(estimate.mean))
    }
    #expect(try estimate(Self.predictors[number](), fold(rows), []) == nil)
    #expect(try estimate(Self.predictors[number](), fold(rows), [.nan]) == nil)
    // All right: no residual, and still not sure of it.
    let right = try #require(try estimate(Self.predictors[number](), fold(rows), [1, 1, 1, 1]))
    #expect(right.mean == 1 && right.intervals![2].lower < 0.9 && right.stddev! > 0)
    // Equally hard items explain nothing.
    let flat = try estimate(Self.predictors[number](), fold([[1, 1, 1, 1, 1]]), [1, 0, 1])
    #expect(isNear(flat?.mean, 2.0 / 3))
    #expect(throws: MagnetError.self) { try Self.predictors[number]().fit(fold([], instances: 3)) }
    #expect(throws: MagnetError.self) { try Self.predictors[number]().fit(fold([[.nan, .nan]])) }
  }

  /// Where the training runs tell nothing of the instances apart, the regression is the sample's mean, interval and all.
  @Test func aipwWithoutAnythingToCorrectIsTheSamplesMean() throws {
    let runs = fold([Array(repeating: 1.0, count: 40), Array(repeating: 0.25, count: 40)])
    let scores = (0..<12).map { Double($0 % 4) / 4 }
    let found = try #require(try estimate(AIPWPredictor(), runs, scores))
    let mean = try #require(try estimate(SampleMeanPredictor(), runs, scores))
    #expect(isNear(found.mean, mean.mean) && isNear(found.stddev, mean.stddev))
    for (a, b) in zip(try #require(found.intervals), try #require(mean.intervals)) {
      #expect(isNear(a.lower, b.lower) && isNear(a.upper, b.upper))
    }
  }

  @Test(arguments: predictors.indices)
  func theOrderOfInstancesAndRunsIsNothing(_ number: Int) throws {
    let (forward, sample) = Self.given(Self.cases[1])
    let count = forward.matrix.instances.count
    let rows = forward.train.reversed().map { row in (0..<count).reversed().map { forward.matrix[row, $0] } }
    let turned = ObservedSample(
      columns: sample.columns.reversed().map { count - 1 - $0 }, scores: sample.scores.reversed())
    let a = try #require(try Self.predictors[number]().fit(forward).estimate(sample))
    let b = try #require(try Self.predictors[number]().fit(fold(rows)).estimate(turned))
    #expect(isNear(a.mean, b.mean) && isNear(a.intervals![2].lower, b.intervals![2].lower))
  }

  @Test func allInstancesSeenIsTheScore() throws {
    for make in Self.predictors {
      let all = try #require(
        try estimate(make(), fold([[1, 1, 0, 0, 1], [1, 0, 0, 1, 0]]), [1, 0, 1, 1, 0]))
      #expect(isNear(all.mean, 0.6) && isNear(all.intervals![2].width, 0) && all.stddev == 0)
    }
  }

  @Test func scoresOfAnyRange() throws {
    let rows = [[10.0, 20, 30, 40, 50, 60], [12, 22, 33, 41, 52, 66]]
    let estimate = try #require(try estimate(ControlVariatePredictor(), fold(rows), [11, 19, 31, 40]))
    #expect((33...37).contains(estimate.mean) && estimate.intervals![2].contains(estimate.mean))
  }
}
