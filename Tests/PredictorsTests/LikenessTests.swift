import Magnet
import Predictors
import TestSupport
import Testing

/// Estimates from models alike, equal to those of NumPy and scikit-learn (Fixtures/expected/estimates.json).
@Suite struct LikenessTests {
  static let cases = try! Project.json(Project.fixture("expected/estimates.json"))["likeness"]!.elements

  static func given(_ item: JSONValue) -> (ScoreFold, ObservedSample) {
    let rows = item["train"]!.elements.map { numbers($0) }
    return (
      fold(rows, answers: numbers(item["answers"]).map { Int32($0) }),
      ObservedSample(
        columns: numbers(item["sample"]).map { Int($0) }, scores: numbers(item["scores"]),
        answers: numbers(item["own_answers"]).map { Int32($0) })
    )
  }

  @Test(arguments: cases.indices)
  func estimatesEqualScikitLearns(_ number: Int) throws {
    let item = Self.cases[number]
    let (fold, sample) = Self.given(item)
    for (name, predictor) in [
      ("nearest", NearestModelsPredictor()), ("ridge", SampleRidgePredictor()), ("dkps", DKPSPredictor()),
    ] as [(String, ScorePredictor)] {
      let estimate = try #require(try predictor.fit(fold).estimate(sample))
      #expect(isNear(estimate.mean, item[name]!.double!, 1e-6), "\(name)")
      #expect(try notes(predictor, fold).isEmpty)
    }
  }

  /// Errors among the runs learned from say nothing of a run beyond them, and a sample cannot rule one out.
  @Test(arguments: makers.indices) func thereIsNoIntervalAndAReason(_ number: Int) throws {
    let (fold, sample) = Self.given(Self.cases[1])
    for score in [0.0, 1] {
      let scored = ObservedSample(
        columns: sample.columns, scores: sample.columns.map { _ in score }, answers: sample.answers)
      let estimate = try #require(try Self.makers[number]().fit(fold).estimate(scored))
      #expect(estimate.intervals == nil && estimate.stddev == nil && estimate.isExtrapolated == (score == 1))
      #expect(estimate.notes.count == 1 && estimate.notes[0].hasPrefix("no interval: "))
    }
  }

  static let makers: [@Sendable () -> ScorePredictor] = [
    { NearestModelsPredictor() }, { SampleRidgePredictor() }, { DKPSPredictor() },
  ]

  @Test(arguments: makers.indices)
  func oddInputs(_ number: Int) throws {
    let make = Self.makers[number]
    let (fold, sample) = Self.given(Self.cases[1])
    #expect(try estimate(make(), fold, []) == nil)
    #expect(try estimate(make(), fold, [.nan]) == nil)
    // All models alike, all scores equal.
    let flat = made(Array(repeating: [1, 1, 1, 1], count: 25))
    #expect(isNear(try estimate(make(), flat, [1, 1])?.mean, 1))
    for rows in [[], [[1.0, 0, 1]], [[.nan, .nan]]] {
      #expect { try make().fit(made(rows, instances: rows.first?.count ?? 3)) } throws: {
        "\($0)".contains("give")
      }
    }
    #expect(try make().fit(fold).estimate(sample) == make().fit(fold).estimate(sample))
    let count = fold.matrix.instances.count
    let rows = fold.train.reversed().map { row in (0..<count).reversed().map { fold.matrix[row, $0] } }
    let answers = fold.train.reversed().flatMap { row in
      (0..<count).reversed().map { fold.matrix.answers![row * count + $0] }
    }
    let turned = ObservedSample(
      columns: sample.columns.reversed().map { count - 1 - $0 }, scores: sample.scores.reversed(),
      answers: sample.answers!.reversed())
    let other = try make().fit(made(rows, answers: answers)).estimate(turned)
    #expect(isNear(other?.mean, try make().fit(fold).estimate(sample)?.mean, 1e-6))
  }

  @Test func nearestModelsGivesProbabilities() throws {
    // Two sorts of models: right on the first 13, right on the other 7.
    let sort: [Double] = Array(repeating: 1, count: 13) + Array(repeating: 0, count: 7)
    let rows: [[Double]] = (0..<10).map { $0 % 2 == 1 ? sort : sort.map { 1 - $0 } }
    let estimator = try NearestModelsPredictor().fit(fold(rows))
    let probabilities = try #require(
      estimator.probabilities(ObservedSample(columns: [0, 1, 18, 19], scores: [1, 1, 0, 0])))
    #expect(probabilities[5] > 0.99 && probabilities[15] < 0.01)
  }

  @Test(arguments: [0, 2])
  func allInstancesSeenIsTheScore(_ number: Int) throws {
    let (fold, _) = Self.given(Self.cases[0])
    let count = fold.matrix.instances.count
    let all = ObservedSample(
      columns: Array(0..<count), scores: (0..<count).map { Double($0 % 4 / 3) },
      answers: (0..<count).map { Int32($0 % 4) })
    let estimate = try #require(try Self.makers[number]().fit(fold).estimate(all))
    #expect(isNear(estimate.mean, all.scores.reduce(0, +) / Double(count)))
  }

  @Test func dkpsNeedsNoScoresOfTheRun() throws {
    let (fold, sample) = Self.given(Self.cases[1])
    let unscored = ObservedSample(
      columns: sample.columns, scores: sample.columns.map { _ in .nan }, answers: sample.answers)
    let estimate = try #require(try DKPSPredictor().fit(fold).estimate(unscored))
    #expect((0...1).contains(estimate.mean))
  }

  @Test func dkpsWithoutAnswersTakesScores() throws {
    let item = Self.cases[0]
    let rows = item["train"]!.elements.map { numbers($0) }
    let predictor = DKPSPredictor()
    let estimator = try predictor.fit(fold(rows))
    let sample = ObservedSample(
      columns: numbers(item["sample"]).map { Int($0) }, scores: numbers(item["scores"]))
    #expect((0...1).contains(try #require(estimator.estimate(sample)).mean))
    #expect(estimator.notes.count == 1 && predictor.usesAnswers)
  }

  private func made(_ rows: [[Double]], instances: Int? = nil, answers: [Int32]? = nil) -> ScoreFold {
    fold(rows, instances: instances, answers: answers)
  }
}
