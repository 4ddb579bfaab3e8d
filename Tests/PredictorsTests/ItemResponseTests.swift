import Magnet
import Predictors
import TestSupport
import Testing

/// Item response models equal to the maximum that SciPy finds (Fixtures/expected/estimates.json).
@Suite struct ItemResponseTests {
  static let cases = try! Project.json(Project.fixture("expected/estimates.json"))["responses"]!.elements

  @Test(arguments: cases.indices)
  func parametersAreAtSciPysMaximum(_ number: Int) {
    let item = Self.cases[number]
    let (fold, _) = FewSampleTests.given(item)
    let model = ItemResponseModel(
      item["rasch"] == .bool(true) ? .rasch : .twoParameter, values: fold.matrix.values,
      instances: fold.matrix.instances.count, rounds: 500)
    let (discriminations, easiness) = (numbers(item["discriminations"]), numbers(item["easiness"]))
    #expect(model.discriminations.count == discriminations.count && model.easiness.count == easiness.count)
    for (found, wanted) in zip(model.discriminations, discriminations) {
      #expect(abs(found - wanted) < 0.02)
    }
    for (found, wanted) in zip(model.easiness, easiness) {
      #expect(abs(found - wanted) < 0.03)
    }
  }

  @Test(arguments: cases.indices)
  func estimatesEqualSciPys(_ number: Int) throws {
    let item = Self.cases[number]
    let (fold, sample) = FewSampleTests.given(item)
    let predictor: ScorePredictor = item["rasch"] == .bool(true) ? RaschPredictor() : TwoParameterPredictor()
    let estimator = try predictor.fit(fold)
    let estimate = try #require(estimator.estimate(sample))
    #expect(abs(estimate.mean - item["mean"]!.double!) < 0.003)
    // The deviation is that of the model, as far as the training runs bear it out.
    let factor = try #require(estimate.stddev) / (try #require(item["stddev"]?.double))
    #expect(factor > 0.83 && factor < 1.53, "\(factor)")
    let probabilities = try #require(estimator.probabilities(sample))
    #expect(probabilities.count == numbers(item["probabilities"]).count && !probabilities.isEmpty)
    for (found, wanted) in zip(probabilities, numbers(item["probabilities"])) {
      #expect(abs(found - wanted) < 0.005)
    }
  }

  @Test func instancesWithoutDifferenceHaveOneParameter() {
    // Two sorts of instances, alike within each.
    let rows = (0..<20).map { run in (0..<6).map { item in Double((run * 7 + item / 3 * 5) % 10 < 4 ? 1 : 0) }
    }
    let model = ItemResponseModel(.twoParameter, values: rows.flatMap { $0 }, instances: 6)
    #expect(
      isNear(model.easiness[0], model.easiness[2])
        && isNear(model.discriminations[3], model.discriminations[5]))
  }

  @Test func aStrongSampleIsAStrongModel() throws {
    let (fold, _) = FewSampleTests.given(Self.cases[0])
    let weak = try #require(try estimate(TwoParameterPredictor(), fold, [0, 0, 0, 0, 0, 0]))
    let none = try #require(try estimate(TwoParameterPredictor(), fold, []))
    let strong = try #require(try estimate(TwoParameterPredictor(), fold, [1, 1, 1, 1, 1, 1]))
    #expect(weak.mean < none.mean && none.mean < strong.mean)
    #expect(strong.isExtrapolated && !weak.isExtrapolated && !none.isExtrapolated)
    // Half right on each: between.
    let half = try #require(try estimate(TwoParameterPredictor(), fold, Array(repeating: 0.5, count: 6)))
    #expect(weak.mean < half.mean && half.mean < strong.mean)
  }

  @Test func gradedScoresSayMoreEach() throws {
    let (binary, _) = FewSampleTests.given(Self.cases[0])
    let count = binary.matrix.instances.count
    // The same levels of runs and instances, with little chance in them: halfway between the score and its expectation.
    let graded = fold(
      binary.train.map { run in
        (0..<count).map { item in
          let others = binary.train.map { binary.matrix[$0, item] }
          return 0.15 * binary.matrix[run, item] + 0.85 * others.reduce(0, +) / Double(others.count)
        }
      })
    let model = ItemResponseModel(.rasch, values: graded.matrix.values, instances: count)
    #expect(model.dispersion < 0.1)
    #expect(ItemResponseModel(.rasch, values: binary.matrix.values, instances: count).dispersion == 1)
    let scores = (0..<8).map { graded.matrix[0, $0] }
    let sharp = try #require(try estimate(RaschPredictor(), graded, scores))
    let blunt = try #require(try estimate(RaschPredictor(), binary, scores))
    #expect(try #require(sharp.stddev, "\(sharp.notes)") < #require(blunt.stddev, "\(blunt.notes)") / 2)
    let estimator = try RaschPredictor().fit(graded)
    // Some of the strongest have none: what holds for the weaker half does not hold for them.
    let covers = graded.train.compactMap { run in
      let sample = ObservedSample(columns: Array(0..<8), scores: (0..<8).map { graded.matrix[run, $0] })
      let actual = (0..<count).reduce(0) { $0 + graded.matrix[run, $1] } / Double(count)
      return estimator.estimate(sample)?.intervals?[2].contains(actual)
    }
    #expect(covers.count >= 20 && covers.count { $0 } * 40 >= 34 * covers.count, "\(covers)")
  }

  @Test func allInstancesSeenIsTheScore() throws {
    let few = try #require(try estimate(TwoParameterPredictor(), fold([[1, 0, 1], [0, 0, 1]]), [1, 1, 0]))
    #expect(isNear(few.mean, 2.0 / 3) && isNear(few.intervals![2].width, 0, 1e-6))
  }

  @Test func oddInputs() throws {
    // One run; instances no run has; runs without any; all right.
    for rows in [
      [[1.0, 0, 1]], [[1, .nan, 0], [0, .nan, 1]], [[.nan, .nan, .nan], [1, 1, 0]], [[1, 1, 1], [1, 1, 1]],
    ] {
      for predictor in [RaschPredictor(), TwoParameterPredictor(), AutoPredictor()] {
        for scores in [[], [0.0], [1, 1], [0, 1, 1]] {
          let found = try #require(try estimate(predictor, fold(rows), scores))
          #expect((0...1).contains(found.mean))
          #expect(found.intervals?.allSatisfy { $0.contains(found.mean) } ?? !found.notes.isEmpty)
          #expect(found.stddev?.isFinite ?? true)
        }
      }
    }
    #expect { try TwoParameterPredictor().fit(fold([[0.5, 12]])) } throws: {
      "\($0)".contains("score 12.0 on instance id1") && "\($0)".contains("exact_match")
    }
    #expect(throws: MagnetError.self) { try RaschPredictor().fit(fold([], instances: 2)) }
    #expect(try estimate(RaschPredictor(), fold([[1, 0]]), [3]) == nil)
  }

  @Test func theOrderOfInstancesAndRunsIsNothing() throws {
    let (forward, sample) = FewSampleTests.given(Self.cases[2])
    let count = forward.matrix.instances.count
    let rows = forward.train.reversed().map { row in (0..<count).reversed().map { forward.matrix[row, $0] } }
    let turned = ObservedSample(
      columns: sample.columns.reversed().map { count - 1 - $0 }, scores: sample.scores.reversed())
    let a = try #require(try TwoParameterPredictor().fit(forward).estimate(sample))
    let b = try #require(try TwoParameterPredictor().fit(fold(rows)).estimate(turned))
    #expect(isNear(a.mean, b.mean, 1e-7))
    #expect(try TwoParameterPredictor().fit(forward).estimate(sample) == a)
  }

  /// Between the two, by a weight learned from the training runs, and never too sure of the item response model. Seven runs
  /// are too few to liken another to.
  @Test func autoWeighsTwo() throws {
    let (all, sample) = FewSampleTests.given(Self.cases[0])
    let fold = fold(all.train.prefix(7).map { row in all.columns.map { all.matrix[row, $0] } })
    let aipw = try #require(try AIPWPredictor().fit(fold).estimate(sample))
    let response = try #require(try TwoParameterPredictor().fit(fold).estimate(sample))
    let auto = try #require(try AutoPredictor().fit(fold).estimate(sample))
    let weight = (auto.mean - aipw.mean) / (response.mean - aipw.mean)
    #expect(weight >= 0 && weight <= 1 / (1 + 0.08 * 0.08.squareRoot()) + 1e-9)
    #expect(try #require(auto.notes.first).hasPrefix("2pl has weight "))
    let a = try #require(aipw.stddev)
    let b = try #require(response.stddev)
    let difference = response.mean - aipw.mean
    let spread = weight * (1 - weight) * difference * difference
    // Both as far as the training runs bear them out.
    let factor = try #require(auto.stddev) / (weight * b * b + (1 - weight) * a * a + spread).squareRoot()
    #expect(factor > 0.55 && factor < 1.8, "\(factor)")
    for scores in [[], [1.0, 0]] {
      let found = try #require(try estimate(AutoPredictor(), fold, scores))
      let alone = try #require(try estimate(TwoParameterPredictor(), fold, scores))
      #expect(found.mean == alone.mean && found.intervals == alone.intervals)
    }
  }

  /// Half of the models answer the other way round: an item response model with positive discriminations cannot say that,
  /// and auto sees it on the training runs.
  @Test func autoTurnsFromAModelThatDoesNotFit() throws {
    var random = SplitMix(state: 7)
    let rows = (0..<30).map { oddRow($0 % 2 == 0, Double($0 % 5) * 0.3, &random) }
    let odd = fold(rows)
    let target = oddRow(true, 0.6, &random)
    let actual = target.reduce(0, +) / 200
    var errors = (auto: 0.0, response: 0.0)
    let auto = try AutoPredictor().fit(odd)
    let response = try TwoParameterPredictor().fit(odd)
    for draw in 0..<20 {
      let sample = spreadSample(of: target, 50, draw: draw)
      let found = try #require(auto.estimate(sample))
      errors.auto += abs(found.mean - actual)
      errors.response += abs(try #require(response.estimate(sample)).mean - actual)
      #expect(
        ["2pl has weight 0.0 ", "2pl has weight 0.1 ", "aipw alone is used: "].contains(
          where: found.notes[0].hasPrefix))
    }
    #expect(errors.auto < errors.response / 2)
    // Nor does it give an interval that it cannot keep.
    let sample = ObservedSample(columns: Array(0..<50), scores: (0..<50).map { target[$0] })
    let alone = try #require(response.estimate(sample))
    #expect(alone.intervals == nil && alone.stddev == nil)
    #expect(alone.notes.contains { $0.hasPrefix("no interval: ") })
    #expect(try #require(auto.estimate(sample)).intervals?.count == 3)
  }

  /// Weak models cannot answer the odd instances, and strong ones only these: what the weaker half says of instances does
  /// not hold for the strongest, and less so for a stronger model.
  @Test func beyondTheRunsLearnedFrom() throws {
    var random = SplitMix(state: 11)
    func row(_ place: Int) -> [Double] {
      (0..<200).map { item in
        let isOdd = item % 2 == 1
        let logit = place > 28 ? (isOdd ? 3 : -2.5) : isOdd ? -2.5 : Double(place) / 10 - 1.5
        return Double.random(in: 0..<1, using: &random) < logistic(logit) ? 1 : 0
      }
    }
    let runs = fold((0..<40).map(row))
    let strong = row(50)
    let weak = row(5)
    let response = try TwoParameterPredictor().fit(runs)
    let auto = try AutoPredictor().fit(runs)
    let columns = (0..<40).map { $0 * 3 }
    func sample(_ scores: [Double]) -> ObservedSample {
      ObservedSample(columns: columns, scores: columns.map { scores[$0] })
    }
    let beyond = try #require(response.estimate(sample(strong)))
    #expect(beyond.intervals == nil && beyond.stddev == nil)
    #expect(
      beyond.notes.contains {
        $0.hasPrefix("no interval: learned from the weaker half of the runs, the model errs ")
      })
    // AIPW's estimate and interval.
    let alone = try #require(try AIPWPredictor().fit(runs).estimate(sample(strong)))
    let found = try #require(auto.estimate(sample(strong)))
    #expect(found.mean == alone.mean && found.intervals == alone.intervals && found.intervals?.count == 3)
    #expect(found.notes.contains { $0.hasPrefix("aipw alone is used: learned from the weaker half ") })
    // A run that is plainly among those learned from has both.
    #expect(try #require(response.estimate(sample(weak))).intervals?.count == 3)
    #expect(try #require(auto.estimate(sample(weak))).notes.contains { $0.hasPrefix("2pl has weight ") })
  }

  /// Runs that are all at chance do not say how strong a new model can be.
  @Test func aStrongModelAmongOnesAtChance() throws {
    var random = SplitMix(state: 3)
    let rows = (0..<30).map { _ in
      (0..<300).map { _ in Double.random(in: 0..<1, using: &random) < 0.3 ? 1.0 : 0 }
    }
    let estimator = try TwoParameterPredictor().fit(fold(rows))
    let scores = (0..<40).map { Double($0 % 2) }
    let found = try #require(estimator.estimate(ObservedSample(columns: Array(0..<40), scores: scores)))
    #expect(found.mean > 0.37, "\(found.mean)")
    let middling = try #require(
      estimator.estimate(ObservedSample(columns: Array(0..<40), scores: (0..<40).map { $0 % 10 < 3 ? 1 : 0 }))
    )
    #expect(abs(middling.mean - 0.3) < 0.06, "\(middling.mean)")
  }

  /// An instance that better runs fail more often does not keep the fit from its end.
  @Test func anInstanceWithAWrongKeyDoesNotSwing() {
    var random = SplitMix(state: 5)
    let values = (0..<80).flatMap { run in
      (0..<100).map { item -> Double in
        let logit = (Double(run) / 20 - 2) * (item == 0 ? -3 : 1.5) + Double(item % 5) - 2
        return Double.random(in: 0..<1, using: &random) < logistic(logit) ? 1 : 0
      }
    }
    let model = ItemResponseModel(.twoParameter, values: values, instances: 100)
    #expect(model.rounds < 40, "\(model.rounds)")
    #expect(model.discriminations.dropFirst().allSatisfy { $0 > model.discriminations[0] })
  }

  /// A model that is known on other scenarios needs fewer instances.
  @Test func autoUsesOtherScenarios() throws {
    let (alone, sample) = FewSampleTests.given(Self.cases[0])
    let models = alone.board.models
    let means = alone.train.map { run in
      alone.columns.map { alone.matrix[run, $0] }.reduce(0, +) / Double(alone.columns.count)
    }
    let known = board(
      ["quiz": means + [.nan], "other": means.map { min(1, $0 + 0.1) } + [0.75], "third": means + [0.66]],
      models: models)
    let fold = alone.with(known)
    let auto = try AutoPredictor().fit(fold)
    #expect(auto.notes == ["the model's scores on 2 other scenarios are used"])
    let found = try #require(auto.estimate(sample))
    let own = try #require(try AutoPredictor().fit(alone).estimate(sample))
    let others = try #require(try RidgeOnOthersPredictor().fit(fold).estimate(sample))
    #expect(min(own.mean, others.mean) <= found.mean && found.mean <= max(own.mean, others.mean))
    let (a, b) = (try #require(own.stddev), try #require(others.stddev))
    // As far as the training runs bear it out.
    let factor = try #require(found.stddev) / (1 / (1 / (a * a) + 1 / (1.25 * b * b))).squareRoot()
    #expect(factor > 0.74 && factor < 2, "\(factor)")
    #expect(isNear(try estimate(AutoPredictor(), fold)?.mean, others.mean, 0.1))
  }

  /// The abilities of the runs learned from have mean 0 and deviation 1, also with hundreds of instances.
  @Test(arguments: [0.5, 1, 2.5]) func abilitiesAreStandard(_ spread: Double) throws {
    var random = SplitMix(state: 11)
    func normal() -> Double {
      (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &random) }
    }
    let difficulties = (0..<400).map { _ in 0.5 + 1.2 * normal() }
    let abilities = (0..<60).map { _ in 1 + spread * normal() }
    let values = abilities.flatMap { ability in
      difficulties.map { difficulty -> Double in
        Double.random(in: 0..<1, using: &random) < logistic(ability - difficulty) ? 1 : 0
      }
    }
    let model = ItemResponseModel(.twoParameter, values: values, instances: 400)
    // The mode of each ability under the parameters, by bisection of the score equation.
    let found = abilities.indices.map { run -> Double in
      var (low, high) = (-6.0, 6.0)
      for _ in 0..<50 {
        let middle = (low + high) / 2
        var gradient = -middle
        for item in 0..<400 {
          let logit = model.discriminations[item] * middle + model.easiness[item]
          gradient +=
            model.discriminations[item] * (values[run * 400 + item] - logistic(logit))
        }
        if gradient > 0 { low = middle } else { high = middle }
      }
      return low
    }
    let mean = found.reduce(0, +) / 60
    let deviation = (found.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 60).squareRoot()
    #expect(abs(mean) < 0.1 && abs(deviation - 1) < 0.1, "\(mean) \(deviation)")
    // The slopes are those they were made with, on the scale of the abilities.
    let middle = model.discriminations.sorted()[200]
    #expect(abs(middle / spread - 1) < 0.25, "\(middle)")
  }

  @Test func autoFallsBackAndSaysSo() throws {
    let auto = AutoPredictor()
    #expect(try estimate(auto, fold([], instances: 10), [1, 0])?.mean == 0.5)
    #expect(try notes(auto, fold([], instances: 10)).map { $0.contains("give runs") } == [true])
    let points = AutoPredictor()
    let rows = [[10.0, 20, 30, 40], [12, 22, 33, 41]]
    #expect(
      try estimate(points, fold(rows), [11, 21, 31])
        == estimate(ControlVariatePredictor(), fold(rows), [11, 21, 31]))
    #expect(try notes(points, fold(rows)).map { $0.contains("control variate") } == [true])
  }

  @Test func aTableOfInstances() throws {
    let item = Self.cases[0]
    let (fold, _) = FewSampleTests.given(item)
    let table = try ItemAnalysis.table(fold.matrix)
    #expect(table.rowCount == fold.matrix.instances.count)
    let a = numbers(item["discriminations"])
    let d = numbers(item["easiness"])
    for row in 0..<table.rowCount {
      #expect(isNear(table[row, "point_biserial"].number, item["point_biserial"]![row]!.double!))
      #expect(abs(table[row, "discrimination"].number! - a[row]) < 0.03)
      #expect(abs(table[row, "difficulty"].number! + d[row] / a[row]) < 0.08)
      let column = (0..<40).map { fold.matrix[$0, row] }
      #expect(isNear(table[row, "mean"].number, column.reduce(0, +) / 40) && table[row, "runs"] == .int(40))
    }
    let sparse = try ItemAnalysis.table(matrix([[1, .nan], [1, .nan]]))
    #expect(sparse[0, "mean"] == .double(1) && sparse[0, "point_biserial"] == .null)
    #expect(sparse[1, "runs"] == .int(0) && sparse[1, "mean"] == .null && sparse[1, "difficulty"] == .null)
    // Scores of judges, from 1 to 5: no difficulty, but a mean and a correlation.
    let judged = try ItemAnalysis.table(matrix([[1, 2, 1], [4, 5, 3], [5, 5, 5]]))
    #expect(judged[0, "difficulty"] == .null && judged[0, "discrimination"] == .null)
    #expect(judged[0, "mean"] == .double(10.0 / 3) && judged[0, "point_biserial"].number ?? 0 > 0.8)
    #expect(try ItemAnalysis.table(matrix([])).rowCount == 0)
  }

  private func matrix(_ rows: [[Double]]) -> ScoreMatrix { fold(rows).matrix }
}

/// A predictor that is used again is as good as new.
@Suite struct ReuseTests {
  @Test func whatWasLearnedBeforeIsForgotten() throws {
    let (first, sample) = FewSampleTests.given(ItemResponseTests.cases[0])
    let (second, other) = FewSampleTests.given(ItemResponseTests.cases[1])
    for make in [{ AutoPredictor() }, { TwoParameterPredictor() }, { RaschPredictor() }]
      as [() -> ScorePredictor]
    {
      let predictor = make()
      for (fold, sample) in [(first, sample), (second, other), (second, other), (first, sample)] {
        #expect(try predictor.fit(fold).estimate(sample) == make().fit(fold).estimate(sample))
      }
      // The same scores, fewer runs to learn from.
      let fewer = ScoreFold(
        matrix: first.matrix, train: Array(first.train.prefix(10)), model: first.model,
        columns: first.columns,
        board: first.board, target: first.target, seed: 1)
      #expect(try predictor.fit(fewer).estimate(sample) == make().fit(fewer).estimate(sample))
      #expect(try predictor.fit(fewer).estimate(sample) != make().fit(first).estimate(sample))
    }
  }
}
