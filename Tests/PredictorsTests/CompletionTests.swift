import Magnet
import Predictors
import TestSupport
import Testing

/// Completion of the table of runs' scores.
@Suite struct CompletionTests {
  static let cases = try! Project.json(Project.fixture("expected/estimates.json"))["boards"]!.elements

  /// A fold whose board has these rows, a model each; the last model's first score is hidden.
  static func given(_ rows: [[Double]]) -> ScoreFold {
    let columns = rows[0].indices.map {
      ScoreBoard.Column(scenario: "s\($0)", name: MetricName("f1", split: "test"))
    }
    var values = rows.flatMap { $0 }
    values[(rows.count - 1) * rows[0].count] = .nan
    return fold([], instances: 100).with(
      ScoreBoard(models: rows.indices.map { "maker\($0 % 4)/\($0)" }, columns: columns, values: values))
  }

  @Test(arguments: cases.indices)
  func ridgeOnOthersEqualsScikitLearns(_ number: Int) throws {
    let rows = Self.cases[number]["scores"]!.elements.map { numbers($0) }
    let estimate = try #require(try estimate(RidgeOnOthersPredictor(), Self.given(rows)))
    #expect(isNear(estimate.mean, Self.cases[number]["ridge"]!.double!, 1e-7))
    #expect(estimate.intervals!.allSatisfy { $0.contains(estimate.mean) && $0.lower >= 0 && $0.upper <= 1 })
  }

  private func share(_ logit: Double) -> Double {
    // e^x = (e^(x/1024))^1024, which needs no library.
    var power = 1 + logit / 1024 + logit * logit / 2_097_152
    for _ in 0..<10 { power *= power }
    return power / (1 + power)
  }

  @Test func aFactorIsFound() throws {
    // logit y = μ + α + u v, u not a function of α.
    let rows = (0..<40).map { model -> [Double] in
      let level = Double(model % 7 - 3) / 3
      let factor = Double(model % 5 - 2) / 2
      return (0..<9).map { scenario -> Double in
        let loading = Double(scenario % 4) - 1.5
        return share(0.3 * Double(scenario % 3) + level + factor * loading)
      }
    }
    let truth = rows[39][0]
    let found = try #require(try estimate(RankOneLogitPredictor(), Self.given(rows)))
    #expect(abs(found.mean - truth) < 0.03)
    let ridge = try #require(try estimate(RidgeOnOthersPredictor(), Self.given(rows)))
    #expect(abs(ridge.mean - truth) < 0.03)
    let mean = try #require(try estimate(ScenarioMeanPredictor(), Self.given(rows)))
    #expect(abs(mean.mean - truth) > 0.1)
  }

  static let makers: [@Sendable () -> ScorePredictor] = [
    { RidgeOnOthersPredictor() }, { RankOneLogitPredictor() },
  ]

  @Test(arguments: makers.indices)
  func oddInputs(_ number: Int) throws {
    let make = Self.makers[number]
    // No other score of the model.
    let lonely = make()
    let rows = [[0.2, 0.4], [0.4, 0.6], [.nan, .nan]]
    #expect(isNear(try estimate(lonely, Self.given(rows))?.mean, 0.3))
    #expect(try notes(lonely, Self.given(rows)).count == 1)
    // One model to learn from, gaps, zeros and ones, a model without any score.
    for rows in [
      [[0.2, 0.4], [0, 0.6]],
      [[0, 1, .nan], [1, 0, 0.5], [0.5, .nan, 1], [.nan, .nan, .nan], [0.3, 0.4, .nan], [0, 1, 0]],
      [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [0, 0.5]],
    ] {
      let found = try #require(try estimate(make(), Self.given(rows)))
      #expect(found.mean > 0 && found.mean < 1 && found.mean.isFinite)
      if let intervals = found.intervals { #expect(intervals.allSatisfy { $0.contains(found.mean) }) }
    }
    #expect(throws: MagnetError.self) { try make().fit(Self.given([[0.5, 0.5]])) }
    #expect { try make().fit(Self.given([[12, 0.5], [3, 0.5]])) } throws: {
      "\($0)".contains("has the score 12.0 on s0")
    }
    let mixed = make()
    #expect(isNear(try estimate(mixed, Self.given([[0.4, 12], [0.6, 3], [0.5, 4]]))?.mean, 0.5))
    #expect(try notes(mixed, Self.given([[0.4, 12], [0.6, 3], [0.5, 4]])).count == 1)
  }

  @Test(arguments: makers.indices)
  func theOrderOfModelsAndScenariosIsNothing(_ number: Int) throws {
    let rows = Self.cases[0]["scores"]!.elements.map { numbers($0) }
    let forward = Self.given(rows)
    let last = rows.count - 1
    let order = Array((0..<last).reversed()) + [last]
    let board = forward.board
    let turned = ScoreBoard(
      models: order.map { board.models[$0] }, columns: [board.columns[0]] + board.columns[1...].reversed(),
      values: order.flatMap { row in
        [board[row, 0]] + (1..<board.columns.count).reversed().map { board[row, $0] }
      })
    let a = try #require(try estimate(Self.makers[number](), forward))
    let b = try #require(try estimate(Self.makers[number](), forward.with(turned)))
    #expect(isNear(a.mean, b.mean, 1e-6))
    #expect(try estimate(Self.makers[number](), forward) == a)
  }

  @Test func aModelAboveAllOthersIsExtrapolated() throws {
    let rows = (0..<12).map { model -> [Double] in
      let level = 0.2 + 0.05 * Double(model)
      return (0..<4).map { level + 0.01 * Double($0) }
    }
    #expect(try estimate(RankOneLogitPredictor(), Self.given(rows))?.isExtrapolated == true)
    #expect(try estimate(RidgeOnOthersPredictor(), Self.given(rows.reversed()))?.isExtrapolated == false)
  }
}

/// Scores under perturbations from differences.
@Suite struct PerturbationDifferenceTests {
  /// A board of two scenarios: their scores as they are and at two strengths of misspelling; then a fold in which the
  /// last model's score in a column is to be predicted.
  static func given(_ rows: [[Double]], column: Int) -> ScoreFold {
    func scores(_ scenario: String, _ prob: Double?) -> ScoreBoard.Column {
      .init(
        scenario: scenario,
        name: MetricName(
          "exact_match", split: "test",
          perturbation: prob.map {
            Perturbation(name: "misspellings", computedOn: "perturbed", parameters: ["prob": .double($0)])
          }))
    }
    let columns = ["a", "b"].flatMap { [scores($0, nil), scores($0, 0.1), scores($0, 0.4)] }
    var values = rows.flatMap { $0 }
    values[(rows.count - 1) * 6 + column] = .nan
    return fold([]).with(
      ScoreBoard(models: rows.indices.map { "m\($0)" }, columns: columns, values: values), column: column)
  }

  @Test func differencesOfTheSameScenarioAndStrength() throws {
    let fold = Self.given(
      [
        [0.8, 0.7, 0.5, .nan, .nan, .nan], [0.6, 0.55, 0.2, 0.5, 0.4, 0.1],
        [0.7, 0.6, .nan, .nan, .nan, .nan],
      ], column: 2)
    let found = try #require(try estimate(PerturbationDifferencePredictor(), fold))
    // 0.7 + (2 mean(-0.3, -0.4) + 4 line) / 6, the line 0.4 (β₀ + 0.7 β₁) by NumPy's lstsq on the seven differences;
    // standard error √(0.005 · 3/2), t with one degree of freedom.
    let mean = 0.7 + (2 * -0.35 + 4 * 0.4 * (-1.4259884312386 + 0.7 * 0.807618134)) / 6
    #expect(isNear(found.mean, mean, 1e-6) && isNear(found.stddev, 0.0075.squareRoot()))
    #expect(isNear(found.intervals?[0].upper, mean + 0.0075.squareRoot(), 1e-6))
  }

  @Test func otherScenariosThenOtherStrengths() throws {
    let predictor = PerturbationDifferencePredictor()
    let elsewhere = Self.given(
      [[0.8, .nan, .nan, 0.6, 0.5, 0.3], [0.7, .nan, .nan, .nan, .nan, .nan]], column: 2)
    #expect(isNear(try estimate(predictor, elsewhere)?.mean, 0.4))
    #expect(try notes(predictor, elsewhere).map { $0.contains("other scenarios") } == [true])

    // difference = prob (β₀ + β₁ clean) with β₀ = 0.5, β₁ = -1: two points at strength 0.1 say it exactly.
    let strengths = PerturbationDifferencePredictor()
    let line = Self.given(
      [
        [0.8, 0.8 - 0.03, .nan, .nan, .nan, .nan], [0.6, 0.6 - 0.01, .nan, .nan, .nan, .nan],
        [0.7, .nan, .nan, .nan, .nan, .nan],
      ],
      column: 2)
    #expect(isNear(try estimate(strengths, line)?.mean, 0.7 + 0.4 * (0.5 - 0.7)))
    #expect(try notes(strengths, line).map { $0.contains("other strengths") } == [true])
    // One point: the cost in proportion to the strength.
    let one = Self.given(
      [[0.8, 0.75, .nan, .nan, .nan, .nan], [0.7, .nan, .nan, .nan, .nan, .nan]], column: 2)
    #expect(isNear(try estimate(PerturbationDifferencePredictor(), one)?.mean, 0.5))
  }

  @Test func whatIsMissingIsSaid() {
    for (rows, text) in [
      ([[0.8, 0.7, 0.5, 0.1, 0.1, 0.1], [.nan, .nan, .nan, .nan, .nan, .nan]], "without perturbation"),
      ([[.nan, .nan, .nan, .nan, .nan, .nan], [0.7, .nan, .nan, .nan, .nan, .nan]], "give perturbed runs"),
    ] {
      #expect { try PerturbationDifferencePredictor().fit(Self.given(rows, column: 2)) } throws: {
        "\($0)".contains(text)
      }
    }
    #expect { try PerturbationDifferencePredictor().fit(fold([[1, 0]])) } throws: {
      "\($0)".contains("data_augmentation")
    }
  }

  @Test func aShareStaysAShare() throws {
    let fold = Self.given(
      [[0.9, 0.8, 0.1, .nan, .nan, .nan], [0.5, .nan, .nan, .nan, .nan, .nan]], column: 2)
    #expect(try estimate(PerturbationDifferencePredictor(), fold)?.mean == 0)
  }
}
