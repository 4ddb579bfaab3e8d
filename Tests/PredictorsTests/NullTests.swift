import Magnet
import Predictors
import Testing

/// The baselines, against what their definitions say.
@Suite struct NullTests {
  static let models = ["acme/a", "acme/b", "zeta/c", "acme/new"]
  static let scores = board(
    ["quiz": [0.2, 0.4, 0.9, .nan], "maths": [0.1, .nan, 0.5, 0.3]], models: models)

  @Test func meansOfTheBoard() throws {
    let empty = fold([[1, 0]]).with(Self.scores)
    #expect(isNear(try estimate(TrainMeanPredictor(), empty)?.mean, (0.2 + 0.4 + 0.9 + 0.1 + 0.5 + 0.3) / 6))
    #expect(isNear(try estimate(ScenarioMeanPredictor(), empty)?.mean, 0.5))
    #expect(isNear(try estimate(FamilyMeanPredictor(), empty)?.mean, 0.3))
  }

  @Test func aFamilyWithoutRunsIsTheScenariosMeanAndSaysSo() throws {
    let predictor = FamilyMeanPredictor()
    var scores = Self.scores
    scores = ScoreBoard(
      models: ["acme/a", "acme/b", "zeta/c", "solo"], columns: scores.columns, values: scores.values)
    #expect(isNear(try estimate(predictor, fold([[1, 0]]).with(scores))?.mean, 0.5))
    #expect(try notes(predictor, fold([[1, 0]]).with(scores)).map { $0.contains("solo") } == [true])
  }

  @Test func nothingKnownIsAnErrorThatSaysWhatWouldHelp() {
    let blank = board(["quiz": [.nan], "maths": [0.5]], models: ["acme/new"])
    #expect { try ScenarioMeanPredictor().fit(fold([[1, 0]]).with(blank)) } throws: {
      "\($0)".contains("quiz") && "\($0)".contains("give runs")
    }
    #expect(throws: MagnetError.self) { try ItemMeanPredictor().fit(fold([], instances: 3)) }
    #expect(throws: MagnetError.self) {
      try TrainMeanPredictor().fit(fold([]).with(board(["quiz": [.nan]], models: ["a"])))
    }
  }

  @Test func otherMetricsAndPerturbationsAreNoneOfItsBusiness() throws {
    var columns = Self.scores.columns
    columns[1] = .init(
      scenario: "quiz",
      name: MetricName(
        "exact_match", split: "test", perturbation: Perturbation(name: "dialect", computedOn: "perturbed")))
    let mixed = ScoreBoard(models: Self.models, columns: columns, values: Self.scores.values)
    #expect(isNear(try estimate(TrainMeanPredictor(), fold([[1, 0]]).with(mixed))?.mean, 0.5))
  }

  @Test func itemMeansLeaveOutWhatIsMissing() throws {
    let some = fold([[1, 0, .nan, .nan], [1, 1, 0, .nan]])
    let estimator = try ItemMeanPredictor().fit(some)
    let none = ObservedSample(columns: [], scores: [])
    // 1, 1/2, 0, and one of mean difficulty.
    #expect(estimator.probabilities(none) == [1, 0.5, 0, 0.5])
    #expect(estimator.estimate(none)?.mean == 0.5)
  }

  @Test func theSampleMeanAndItsIntervals() throws {
    let ten = fold([], instances: 10)
    let binary = try #require(try estimate(SampleMeanPredictor(), ten, [1, 0, 1, 1]))
    #expect(binary.mean == 0.75)
    #expect(binary.intervals?[2] == Interval.wilson(right: 3, count: 4, population: 10, coverage: 0.95))
    // Σ(x - x̄)² = 2, n = 4 of 10: ± t_3 · s/2 · √0.6.
    let points = try #require(try estimate(SampleMeanPredictor(), ten, [4, 6, 5, 5]))
    let half = 3.182446305284263 * (2.0 / 3 / 4 * 0.6).squareRoot()
    #expect(isNear(points.intervals?[2].upper, 5 + half) && isNear(points.intervals?[2].lower, 5 - half))
    // A hundredth of that variance, of 1/3 if all were right or wrong: (s - 1/2)² = t² 0.02 0.6/4 s(1 - s) at the ends.
    let graded = try #require(try estimate(SampleMeanPredictor(), ten, [0.4, 0.6, 0.5, 0.5]))
    for end in [graded.intervals![2].lower, graded.intervals![2].upper] {
      #expect(isNear((end - 0.5) * (end - 0.5), 10.127964486013926 * 0.02 * 0.15 * end * (1 - end)))
    }
    #expect(try estimate(SampleMeanPredictor(), ten, []) == nil)
    #expect(try estimate(SampleMeanPredictor(), ten, [.nan]) == nil)
    #expect(try estimate(SampleMeanPredictor(), ten, [1, .nan, 0, 0])?.mean == 1.0 / 3)
    #expect(try estimate(SampleMeanPredictor(), ten, [0.3])?.intervals == nil)
    let all = try #require(try estimate(SampleMeanPredictor(), fold([], instances: 2), [1, 0]))
    #expect(all.intervals?[2] == Interval(lower: 0.5, upper: 0.5) && all.stddev == 0)
    let right = try #require(try estimate(SampleMeanPredictor(), ten, [1, 1, 1]))
    #expect(right.mean == 1 && right.stddev! > 0 && right.intervals![2].lower < 0.7)
  }

  @Test func aSampleAboveTheRunsLearnedFromIsExtrapolated() throws {
    // Scores of 0.0, 0.1 ... 1.0, their 90% quantile 0.9.
    let ladder = fold((0...10).map { right in (0..<10).map { $0 < right ? 1.0 : 0 } })
    #expect(try estimate(ItemMeanPredictor(), ladder, Array(repeating: 1, count: 10))?.isExtrapolated == true)
    #expect(
      try estimate(ItemMeanPredictor(), ladder, [1, 1, 1, 1, 1, 1, 1, 1, 1, 0])?.isExtrapolated == false)
    #expect(try estimate(ItemMeanPredictor(), ladder)?.isExtrapolated == false)
  }
}

/// Where a perturbed score's clean score is found.
@Suite struct CleanScoreTests {
  static func name(_ computedOn: String?, _ prob: Double = 0.2) -> MetricName {
    MetricName(
      "exact_match", split: "test",
      perturbation: computedOn.map {
        Perturbation(name: "misspellings", computedOn: $0, parameters: ["prob": .double(prob)])
      })
  }

  static func clean(_ columns: [(String, MetricName, Double)]) throws -> Double? {
    let board = ScoreBoard(
      models: ["acme/new"],
      columns: [.init(scenario: "quiz:k=1,data_augmentation=misspelling0.2", name: name("perturbed"))]
        + columns.map { .init(scenario: $0.0, name: $0.1) },
      values: [.nan] + columns.map(\.2))
    return try estimate(CleanScorePredictor(), fold([]).with(board))?.mean
  }

  @Test func theBestKnownIsTaken() throws {
    let same = "quiz:k=1,data_augmentation=misspelling0.2"
    let plain = ("quiz:k=1", Self.name(nil), 0.7)
    let all = (same, Self.name(nil), 0.8)
    let matched = (same, Self.name("original"), 0.9)
    #expect(try Self.clean([plain, all, matched]) == 0.9)
    #expect(try Self.clean([plain, all]) == 0.8)
    #expect(try Self.clean([plain, (same, Self.name(nil), .nan)]) == 0.7)
    #expect(try Self.clean([("quiz:k=1,data_augmentation=misspelling0", Self.name(nil), 0.6)]) == 0.6)
  }

  @Test func othersAreNotTaken() {
    let same = "quiz:k=1,data_augmentation=misspelling0.2"
    for other in [
      ("quiz:k=2", Self.name(nil), 0.5), (same, Self.name("worst"), 0.5),
      (same, Self.name("original", 0.5), 0.5),
      (same, MetricName("f1", split: "test"), 0.5), (same, MetricName("exact_match", split: "valid"), 0.5),
    ] {
      #expect(throws: MagnetError.self) { try Self.clean([other]) }
    }
    #expect(throws: MagnetError.self) { try CleanScorePredictor().fit(fold([[1]])) }
  }
}
