import Magnet
import Predictors
import Testing

/// Predictors of HELM's tables against least squares written out, and what they say where there is nothing to learn from.
@Suite struct RunPredictorTests {
  private typealias Point = (run: String, prob: Double?, mean: Double?)

  private static func split(train: [Point], test probs: [Double?]) -> (
    TrainSplit, SequesteredTestSplit
  ) {
    let stats = Table(
      columnNames: [
        "run_spec.name", "stats.name.name", "stats.name.perturbation.name",
        "stats.name.perturbation.computed_on", "stats.name.perturbation.prob", "stats.mean",
      ],
      rows: train.map {
        [
          .string($0.run), .string("exact_match"), .string("misspellings"), .string("perturbed"),
          $0.prob.map(Cell.double) ?? .null, $0.mean.map(Cell.double) ?? .null,
        ]
      }
        // None of these is of misspelt inputs.
        + [
          [
            .string("r"), .string("f1"), .string("misspellings"), .string("perturbed"),
            .double(0.9), .double(9),
          ],
          [.string("r"), .string("exact_match"), .null, .null, .null, .double(9)],
          [
            .string("r"), .string("exact_match"), .string("typos"), .string("perturbed"),
            .double(0.9), .double(9),
          ],
          [
            .string("r"), .string("exact_match"), .string("misspellings"), .string("worst"),
            .double(0.9),
            .double(9),
          ],
        ])
    let specs = Table(
      columnNames: ["run_spec.name"],
      rows: Array(Set(train.map(\.run))).sorted().map { [.string($0)] })
    let column = "run_spec.data_augmenter_spec.perturbation_specs"
    let test = TestSplit(
      RunTables(
        runSpecs: Table(
          columnNames: ["run_spec.name", column],
          rows: probs.enumerated().map { number, prob in
            [
              .string("t\(number)"),
              prob.map { .json(#"[{"class_name": "x.Misspelling", "args": {"prob": \#($0)}}]"#) }
                ?? .null,
            ]
          })))
    return (TrainSplit(RunTables(runSpecs: specs, stats: stats)), test.sequestered(.runSpec))
  }

  /// A line through the points by the normal equations, which the predictor does not use.
  private static func line(_ points: [(x: Double, y: Double)], at x: Double) -> Double {
    let n = Double(points.count)
    let (sx, sy) = (points.reduce(0) { $0 + $1.x }, points.reduce(0) { $0 + $1.y })
    let (sxx, sxy) = (points.reduce(0) { $0 + $1.x * $1.x }, points.reduce(0) { $0 + $1.x * $1.y })
    let slope = (n * sxy - sx * sy) / (n * sxx - sx * sx)
    return (sy - slope * sx) / n + slope * x
  }

  @Test(arguments: 1...15) func misspellingsAreALine(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let train = (0..<(3 + random.below(8))).map { number -> Point in
      (
        "r\(number % 3)", random.below(6) == 0 ? nil : Double(number) / 10,
        random.below(6) == 0 ? nil : random.random()
      )
    }
    let points = train.compactMap { point in
      point.prob.flatMap { prob in point.mean.map { (x: prob, y: $0) } }
    }
    guard Set(points.map(\.x)).count > 1 else { return }
    let probs = [0, 0.25, 1.5]
    let (known, test) = Self.split(train: train, test: probs)
    let predictions = try PerturbationPredictor().predict(train: known, test: test)
    #expect(predictions.map(\.run) == ["t0", "t1", "t2"])
    for (prediction, prob) in zip(predictions, probs) {
      #expect(isNear(prediction.stat.mean, Self.line(points, at: prob)))
      #expect(prediction.stat.name.name == "exact_match" && prediction.stat.name.split == "valid")
      #expect(prediction.stat.name.perturbation?.parameters["prob"] == .double(prob))
      #expect(prediction.notes.isEmpty && prediction.interval == nil)
    }
  }

  @Test func oneStrengthIsItsMean() throws {
    let (known, test) = Self.split(
      train: [("a", 0.3, 0.5), ("b", 0.3, 1), ("c", 0.3, nil)], test: [0.9])
    let prediction = try #require(
      try PerturbationPredictor().predict(train: known, test: test).first)
    #expect(prediction.stat.mean == 0.75)
    #expect(
      prediction.notes == [
        "the example runs have one strength of misspellings, prob 0.3; "
          + "their mean is predicted, whatever the strength of the target run"
      ])
  }

  @Test func whatIsMissingIsNamed() {
    let (none, test) = Self.split(train: [("a", nil, 0.5), ("b", 0.5, nil)], test: [0.5])
    #expect {
      try PerturbationPredictor().predict(train: none, test: test)
    } throws: {
      "\($0)".hasPrefix(
        "none of the example runs has an exact_match computed on misspelled inputs: a, b; ")
    }
    let (known, bare) = Self.split(train: [("a", 0.5, 0.5)], test: [nil])
    #expect {
      try PerturbationPredictor().predict(train: known, test: bare)
    } throws: {
      "\($0)".hasPrefix("run t0 has no perturbation with a prob in its run spec; ")
    }
  }

  @Test(arguments: 1...20) func randomRunsAreHundredths(_ seed: Int) throws {
    let (known, test) = Self.split(train: [], test: Array(repeating: nil, count: 60))
    let predictions = try RandomPredictor(seed: seed).predict(train: known, test: test)
    #expect(predictions.map(\.run) == (0..<60).map { "t\($0)" })
    let means = predictions.compactMap(\.stat.mean)
    #expect(
      means.count == 60
        && means.allSatisfy { (0...1).contains($0) && ($0 * 100).rounded() / 100 == $0 })
    #expect(Set(means).count > 20)
    #expect(try RandomPredictor(seed: seed).predict(train: known, test: test) == predictions)
    #expect(try RandomPredictor(seed: seed + 1).predict(train: known, test: test) != predictions)
  }

  @Test func randomInstancesAreZeroOrOne() throws {
    let states = Table(
      columnNames: [
        "magnet.instance_predict_id", "run_spec.name",
        "scenario_state.request_states.instance.split",
      ],
      rows: (0..<200).map { [$0 % 7 == 3 ? .null : .int($0), .string("t"), .string("valid")] })
    let test = TestSplit(RunTables(scenarioStates: states)).sequestered()
    let train = TrainSplit(RunTables())
    let predictions = try RandomInstancePredictor(seed: 5).predict(train: train, test: test)
    #expect(predictions.map(\.instance) == (0..<200).filter { $0 % 7 != 3 })
    let means = predictions.compactMap(\.stat.mean)
    #expect(Set(means) == [0, 1] && (50..<120).contains(means.count { $0 == 1 }))
    #expect(predictions.allSatisfy { $0.stat.name == MetricName("exact_match", split: "valid") })
  }
}

/// Scores under perturbations from those without, against sums written out.
@Suite struct PerturbedScoreTests {
  private static func column(_ scenario: String, _ prob: Double? = nil, on: String = "perturbed")
    -> ScoreBoard.Column
  {
    .init(
      scenario: scenario,
      name: MetricName(
        "exact_match", split: "test",
        perturbation: prob.map {
          Perturbation(name: "misspellings", computedOn: on, parameters: ["prob": .double($0)])
        }))
  }

  /// Models on one scenario, clean and under some strengths; the last one's score under the first is to be predicted.
  private static func fold(clean: [Double], perturbed: [(prob: Double, scores: [Double])])
    -> ScoreFold
  {
    let models = clean.indices.map { "a/\($0)" }
    let columns = [column("quiz")] + perturbed.map { column("quiz", $0.prob) }
    let values = models.indices.flatMap { row in
      [clean[row]] + perturbed.map { $0.scores[row] }
    }
    var board = ScoreBoard(models: models, columns: columns, values: values)
    board[models.count - 1, 1] = .nan
    let matrix = ScoreMatrix(
      runs: models.map { ScoreMatrix.Run(name: "quiz:model=\($0)", model: $0) }, instances: [],
      values: [])
    return ScoreFold(
      matrix: matrix, train: Array(models.indices.dropLast()), model: models.last!, columns: [],
      board: board,
      target: (models.count - 1, 1), seed: 1)
  }

  private static func known(_ count: Int, _ random: inout PythonRandom) -> [Double] {
    (0..<count).map { _ in 0.3 + 0.4 * random.random() }
  }

  @Test(arguments: 1...12) func theCostOfOthersIsTaken(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let count = 3 + random.below(5)
    let clean = Self.known(count, &random)
    let perturbed = clean.map { $0 - 0.1 * random.random() }
    let prob = 0.5
    let fold = Self.fold(clean: clean, perturbed: [(prob, perturbed)])
    let costs = zip(perturbed, clean).dropLast().map { $0 - $1 }
    let mean = costs.reduce(0, +) / Double(costs.count)
    // A line through all costs by strength and clean score weighs like four models.
    let points = zip(clean, costs).map { (a: prob, b: prob * $0, y: $1) }
    let aa = points.reduce(0) { $0 + $1.a * $1.a }
    let ab = points.reduce(0) { $0 + $1.a * $1.b }
    let bb = points.reduce(0) { $0 + $1.b * $1.b }
    let ay = points.reduce(0) { $0 + $1.a * $1.y }
    let by = points.reduce(0) { $0 + $1.b * $1.y }
    let slope = (aa * by - ab * ay) / (aa * bb - ab * ab)
    let level = (ay - slope * ab) / aa
    let expected = prob * (level + slope * clean[count - 1])
    let n = Double(costs.count)
    let cost = (n * mean + 4 * expected) / (n + 4)
    let found = try #require(try estimate(PerturbationDifferencePredictor(), fold))
    #expect(isNear(found.mean, clean[count - 1] + cost, 1e-7))
    let squares = costs.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    #expect(isNear(found.stddev, (squares / (n - 1) * (1 + 1 / n)).squareRoot()))
    let intervals = try #require(found.intervals)
    for (inner, outer) in zip(intervals, intervals.dropFirst()) {
      #expect(outer.lower <= inner.lower && inner.upper <= outer.upper)
    }
    // What is predicted without looking at others is the clean score.
    #expect(try estimate(CleanScorePredictor(), fold)?.mean == clean[count - 1])
  }

  @Test(arguments: 1...8) func anUnknownStrengthIsBetweenOthers(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let clean = Self.known(6, &random)
    // The cost is proportional to the strength: a line finds it without error.
    func cost(_ prob: Double, _ score: Double) -> Double { -prob * (0.1 + 0.2 * score) }
    func scores(_ prob: Double) -> [Double] { clean.map { $0 + cost(prob, $0) } }
    let nothing = Array(repeating: Double.nan, count: 6)
    let fold = Self.fold(
      clean: clean, perturbed: [(0.4, nothing), (0.2, scores(0.2)), (0.8, scores(0.8))])
    let found = try #require(try estimate(PerturbationDifferencePredictor(), fold))
    #expect(
      isNear(found.mean, clean[5] + cost(0.4, clean[5]), 1e-9) && found.intervals == nil)
    #expect(
      try notes(PerturbationDifferencePredictor(), fold) == [
        "no other model is known under the perturbation at this strength; a line through other strengths is taken"
      ])
    // With others known at this strength, too, all agree.
    let more = Self.fold(clean: clean, perturbed: [(0.4, scores(0.4)), (0.2, scores(0.2))])
    #expect(
      isNear(try Self.mean(more), clean[5] + cost(0.4, clean[5]) + Self.offset(clean, cost), 1e-9))
  }

  private static func mean(_ fold: ScoreFold) throws -> Double? {
    try estimate(PerturbationDifferencePredictor(), fold)?.mean
  }

  /// How far the mean cost of the others, which weigh 5 to 4, is from the model's own.
  private static func offset(_ clean: [Double], _ cost: (Double, Double) -> Double) -> Double {
    let others = clean.dropLast().map { cost(0.4, $0) }
    let mean = others.reduce(0, +) / Double(others.count)
    return 5.0 / 9 * (mean - cost(0.4, clean[clean.count - 1]))
  }

  @Test func sharesStayShares() throws {
    let low = Self.fold(clean: [0.9, 0.8, 0.1], perturbed: [(0.5, [0.3, 0.2, .nan])])
    let found = try #require(try estimate(PerturbationDifferencePredictor(), low))
    #expect(found.mean == 0 && found.intervals?.allSatisfy { $0.lower == 0 } == true)
    let scaled = Self.fold(clean: [9, 8, 1], perturbed: [(0.5, [3, 2, .nan])])
    #expect(try #require(try Self.mean(scaled)) < 0, "other scores are not cut")
  }

  @Test func withoutACleanScoreNothingIsPredicted() {
    let fold = Self.fold(clean: [0.9, 0.8, .nan], perturbed: [(0.5, [0.3, 0.2, .nan])])
    for predictor in [PerturbationDifferencePredictor(), CleanScorePredictor()] as [ScorePredictor] {
      #expect {
        _ = try predictor.fit(fold)
      } throws: {
        "\($0)"
          == "no score of a/2 without perturbation is known for quiz; give its run on inputs as they are"
      }
    }
    let alone = Self.fold(clean: [.nan, 0.5], perturbed: [(0.5, [0.3, .nan])])
    #expect {
      _ = try PerturbationDifferencePredictor().fit(alone)
    } throws: {
      "\($0)".hasPrefix("no run but a/1's is known under misspellings; ")
    }
  }
}
