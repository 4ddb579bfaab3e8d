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
    for (found, wanted) in zip(model.discriminations, numbers(item["discriminations"])) {
      #expect(abs(found - wanted) < 0.02)
    }
    for (found, wanted) in zip(model.easiness, numbers(item["easiness"])) {
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
    #expect(abs(estimate.stddev! - item["stddev"]!.double!) < 0.002)
    let probabilities = try #require(estimator.probabilities(sample))
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
    #expect(sharp.stddev! < blunt.stddev! / 2)
    let estimator = try RaschPredictor().fit(graded)
    let covered = graded.train.count { run in
      let sample = ObservedSample(columns: Array(0..<8), scores: (0..<8).map { graded.matrix[run, $0] })
      let actual = (0..<count).reduce(0) { $0 + graded.matrix[run, $1] } / Double(count)
      return estimator.estimate(sample)!.intervals![2].contains(actual)
    }
    #expect(covered >= 34)  // of 40
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
          #expect((0...1).contains(found.mean) && found.intervals!.allSatisfy { $0.contains(found.mean) })
          #expect(found.stddev!.isFinite)
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

  @Test func autoIsTheMeanOfTwo() throws {
    let (fold, sample) = FewSampleTests.given(Self.cases[0])
    let control = try #require(try ControlVariatePredictor().fit(fold).estimate(sample))
    let response = try #require(try TwoParameterPredictor().fit(fold).estimate(sample))
    let auto = try #require(try AutoPredictor().fit(fold).estimate(sample))
    #expect(isNear(auto.mean, (control.mean + response.mean) / 2))
    #expect(auto.stddev! >= min(control.stddev!, response.stddev!))
    #expect(try estimate(AutoPredictor(), fold, []) == estimate(TwoParameterPredictor(), fold, []))
    #expect(try estimate(AutoPredictor(), fold, [1, 0]) == estimate(TwoParameterPredictor(), fold, [1, 0]))
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
