import Foundation
import Predictors
import TestSupport
import Testing

@testable import Magnet

/// What holds for every predictor of scores, whatever it computes: the order of runs and instances is nothing, intervals
/// lie in each other, and the same fold gives the same estimate.
@Suite struct PredictorRuleTests {
  private static let types: [ScorePredictor.Type] = predictorCatalog.compactMap {
    $0 as? ScorePredictor.Type
  }
  .filter { !["clean-score", "perturbation-difference"].contains($0.name) }
  private static let names = types.map(\.name)

  /// Whether it learns from trials on the training runs.
  private static func isSlow(_ name: String) -> Bool { ["rasch", "2pl", "auto"].contains(name) }

  private static func make(_ name: String) -> ScorePredictor {
    types.first { $0.name == name }!.init(exampleRuns: 3, evalSamples: 20, seed: 1)
  }

  /// Runs to learn from on some instances, a board of three scenarios, and the scores of a new model.
  struct World {
    var rows: [[Double]]
    var models: [String]
    var others: [[Double]]
    var own: [Double]
    var ownOthers: [Double]
    var sample: [Int]
    var answers: [[Int32]]
    var ownAnswers: [Int32]

    var fold: ScoreFold {
      let names = models + ["new/one"]
      let means = rows.map { $0.reduce(0, +) / Double($0.count) }
      let columns: KeyValuePairs = [
        "quiz": means + [Double.nan], "maths": others.map { $0[0] } + [ownOthers[0]],
        "birds": others.map { $0[1] } + [ownOthers[1]],
      ]
      let matrix = ScoreMatrix(
        runs: models.map { ScoreMatrix.Run(name: "quiz:model=\($0)", model: $0) },
        instances: own.indices.map { "id\($0)" }, values: rows.flatMap { $0 },
        answers: answers.flatMap { $0 })
      return ScoreFold(
        matrix: matrix, train: Array(rows.indices), model: "new/one", columns: Array(own.indices),
        board: board(columns, models: names), target: (models.count, 0), seed: 7)
    }

    var observed: ObservedSample {
      ObservedSample(
        columns: sample, scores: sample.map { own[$0] }, answers: sample.map { ownAnswers[$0] })
    }

    init(_ seed: Int, isGraded: Bool = false) {
      var random = SplitMix(state: UInt64(seed))
      let count = 24
      let difficulty = (0..<count).map { _ in Double.random(in: -1.5...1.5, using: &random) }
      func scores(_ ability: Double) -> [Double] {
        difficulty.map { item in
          let chance = logistic(ability - item)
          return isGraded
            ? min(1, max(0, chance + Double.random(in: -0.2...0.2, using: &random)))
            : Double.random(in: 0..<1, using: &random) < chance ? 1 : 0
        }
      }
      models = (0..<22).map { "maker\($0 % 4)/model\($0)" }
      let abilities = models.indices.map { Double($0) / 8 - 1.4 }
      let rows = abilities.map(scores)
      self.rows = rows
      others = abilities.map { ability in
        [0.3, 0.6].map {
          min(0.95, max(0.05, $0 + ability / 8 + Double.random(in: -0.05...0.05, using: &random)))
        }
      }
      let own = scores(0.3)
      self.own = own
      ownOthers = [0.35, 0.62]
      sample = Array((0..<count).shuffled(using: &random).prefix(9))
      answers = rows.map { row in
        row.indices.map {
          Int32(row[$0] > 0.5 ? $0 : 100 + $0 * 3 + Int.random(in: 0..<3, using: &random))
        }
      }
      ownAnswers = own.indices.map { Int32(own[$0] > 0.5 ? $0 : 100 + $0 * 3) }
    }
  }

  private func estimate(_ name: String, _ world: World) throws -> Estimate {
    try #require(try Self.make(name).fit(world.fold).estimate(world.observed), "\(name)")
  }

  @Test(arguments: names, [false, true]) func intervalsLieInEachOther(
    _ name: String, _ isGraded: Bool
  ) throws {
    for seed in 1...(Self.isSlow(name) ? 1 : 3) {
      let found = try estimate(name, World(seed, isGraded: isGraded))
      #expect(found.mean.isFinite && (0...1).contains(found.mean))
      #expect(found.stddev.map { $0 > 0 } ?? true)
      guard let intervals = found.intervals else { continue }
      #expect(intervals.count == Estimate.coverages.count)
      for interval in intervals {
        #expect(interval.lower <= interval.upper && interval.lower >= 0 && interval.upper <= 1)
      }
      for (inner, outer) in zip(intervals, intervals.dropFirst()) {
        #expect(
          outer.lower <= inner.lower + 1e-9 && outer.upper >= inner.upper - 1e-9, "\(intervals)")
      }
      #expect(intervals[2].lower <= found.mean + 1e-9 && intervals[2].upper >= found.mean - 1e-9)
    }
  }

  @Test(arguments: names) func theSameFoldGivesTheSameEstimate(_ name: String) throws {
    let world = World(5)
    let predictor = Self.make(name)
    let first = try predictor.fit(world.fold).estimate(world.observed)
    _ = try predictor.fit(World(6).fold)
    let again = try predictor.fit(world.fold).estimate(world.observed)
    let other = try Self.make(name).fit(world.fold).estimate(world.observed)
    #expect(first?.mean == again?.mean && first?.intervals == again?.intervals && first == other)
  }

  /// Runs in another order, and instances in another order, are the same runs and instances.
  @Test(arguments: names) func ordersAreNothing(_ name: String) throws {
    var random = SplitMix(state: 3)
    for seed in 1...(Self.isSlow(name) ? 1 : 2) {
      let world = World(seed)
      let found = try estimate(name, world)
      var other = world
      let runs = Array(world.models.indices).shuffled(using: &random)
      other.models = runs.map { world.models[$0] }
      other.rows = runs.map { world.rows[$0] }
      other.others = runs.map { world.others[$0] }
      other.answers = runs.map { world.answers[$0] }
      let shuffled = try estimate(name, other)
      #expect(isNear(shuffled.mean, found.mean, 1e-6), "runs in another order")
      let items = Array(world.own.indices).shuffled(using: &random)
      let places = Dictionary(uniqueKeysWithValues: items.enumerated().map { ($1, $0) })
      other = world
      other.rows = world.rows.map { row in items.map { row[$0] } }
      other.own = items.map { world.own[$0] }
      other.answers = world.answers.map { row in items.map { row[$0] } }
      other.ownAnswers = items.map { world.ownAnswers[$0] }
      other.sample = world.sample.map { places[$0]! }.reversed()
      let moved = try estimate(name, other)
      // Trials are drawn by the instances' places: what was learned from them is as good, and not the same.
      let tolerance = name == "auto" ? 0.03 : 1e-6
      #expect(isNear(moved.mean, found.mean, tolerance), "instances in another order")
      if Self.isSlow(name) { continue }
      if let own = found.intervals?.last, let others = moved.intervals?.last {
        let tolerance = name == "aipw" ? 0.03 : 1e-4
        #expect(isNear(own.lower, others.lower, tolerance) && isNear(own.upper, others.upper, tolerance))
      }
    }
  }

  /// Methods without a prior on one side: turning right and wrong round turns the estimate round. Intervals of aipw are
  /// learned of the strongest runs where the run may be one of them.
  @Test(arguments: [
    "train-mean", "scenario-mean", "family-mean", "item-mean", "sample-mean", "control-variate",
    "aipw", "ridge-on-others",
    "rank-1-logit",
  ]) func rightAndWrongMayBeTurnedRound(_ name: String) throws {
    for seed in 1...3 {
      let world = World(seed)
      var turned = world
      turned.rows = world.rows.map { $0.map { 1 - $0 } }
      turned.others = world.others.map { $0.map { 1 - $0 } }
      turned.own = world.own.map { 1 - $0 }
      turned.ownOthers = world.ownOthers.map { 1 - $0 }
      let (found, other) = (try estimate(name, world), try estimate(name, turned))
      #expect(isNear(other.mean, 1 - found.mean, 1e-6))
      if name == "aipw" { continue }
      for (a, b) in zip(found.intervals ?? [], other.intervals ?? []) {
        #expect(isNear(b.lower, 1 - a.upper, 1e-5) && isNear(b.upper, 1 - a.lower, 1e-5))
      }
    }
  }

  /// Scores on another scale give estimates on that scale.
  @Test(arguments: [
    "train-mean", "scenario-mean", "family-mean", "item-mean", "sample-mean", "control-variate",
    "aipw",
  ])
  func scalesAreKept(_ name: String) throws {
    let world = World(4, isGraded: true)
    func scaled(_ factor: Double, _ shift: Double) throws -> Estimate {
      var other = world
      other.rows = world.rows.map { $0.map { $0 * factor + shift } }
      other.others = world.others.map { $0.map { $0 * factor + shift } }
      other.own = world.own.map { $0 * factor + shift }
      other.ownOthers = world.ownOthers.map { $0 * factor + shift }
      return try estimate(name, other)
    }
    let (tens, hundreds) = (try scaled(10, 20), try scaled(100, 200))
    // The penalties of a ridge regression are not on the scale of the scores.
    let tolerance = name == "aipw" ? 0.02 : 1e-9
    #expect(isNear(hundreds.mean, 10 * tens.mean, tolerance), "\(tens) \(hundreds)")
    let plain = try estimate(name, world)
    if name != "aipw" { #expect(isNear(tens.mean, 10 * plain.mean + 20)) }
    if let own = tens.intervals?.last, name != "aipw" {
      #expect(isNear(hundreds.intervals?.last?.width, 10 * own.width, 1e-6))
    }
  }

  /// What was observed is not predicted: with all instances seen, methods of samples give their mean.
  @Test(arguments: ["sample-mean", "control-variate", "aipw", "nearest-models"])
  func allThatIsSeenIsTheScore(_ name: String) throws {
    var world = World(8)
    world.sample = Array(world.own.indices)
    let found = try estimate(name, world)
    #expect(isNear(found.mean, world.own.reduce(0, +) / 24, 1e-9))
    if let interval = found.intervals?.last {
      #expect(interval.width < 1e-6, "nothing is left to chance")
    }
  }

  /// More instances, narrower intervals, on the average.
  @Test(arguments: ["sample-mean", "control-variate", "aipw", "2pl"])
  func moreInstancesSayMore(_ name: String) throws {
    var widths: [Int: Double] = [:]
    for seed in 1...(Self.isSlow(name) ? 1 : 4) {
      var world = World(seed)
      let order = world.sample + world.own.indices.filter { !world.sample.contains($0) }
      for size in [6, 12, 20] {
        world.sample = Array(order.prefix(size))
        if let width = try estimate(name, world).intervals?.last?.width {
          widths[size, default: 0] += width
        }
      }
    }
    if widths.count == 3 {
      #expect(widths[20]! < widths[12]! && widths[12]! < widths[6]!, "\(widths)")
    }
  }

  @Test func baselinesAreMeansWrittenOut() throws {
    for seed in 1...4 {
      let world = World(seed)
      let means = world.rows.map { $0.reduce(0, +) / 24 }
      let known = means + world.others.flatMap { $0 } + world.ownOthers
      #expect(
        isNear(try estimate("train-mean", world).mean, known.reduce(0, +) / Double(known.count)))
      #expect(isNear(try estimate("scenario-mean", world).mean, means.reduce(0, +) / 22))
      var family = world
      family.models[0] = "new/zero"
      family.models[5] = "new/five"
      #expect(isNear(try estimate("family-mean", family).mean, (means[0] + means[5]) / 2))
      let unknown = try Self.make("family-mean").fit(world.fold)
      #expect(
        unknown.notes == [
          "no other model of new is known on this scenario; the mean over all models is predicted"
        ])
      #expect(isNear(try estimate("item-mean", world).mean, means.reduce(0, +) / 22))
      let sample = world.sample.map { world.own[$0] }
      #expect(isNear(try estimate("sample-mean", world).mean, sample.reduce(0, +) / 9))
    }
  }

  /// PPI++ by its formula.
  @Test(arguments: 1...6) func theControlVariateIsItsFormula(_ seed: Int) throws {
    let world = World(seed, isGraded: seed % 2 == 0)
    let means = world.own.indices.map { item in world.rows.reduce(0) { $0 + $1[item] } / 22 }
    let x = world.sample.map { world.own[$0] }
    let p = world.sample.map { means[$0] }
    let (meanX, meanP) = (x.reduce(0, +) / 9, p.reduce(0, +) / 9)
    let covariance = zip(x, p).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanP) }
    let variance = p.reduce(0) { $0 + ($1 - meanP) * ($1 - meanP) }
    let expected = meanX + covariance / variance * (means.reduce(0, +) / 24 - meanP)
    #expect(isNear(try estimate("control-variate", world).mean, min(1, max(0, expected))))
  }

  /// Each estimate is one of the names of the catalog, with a summary of its own.
  @Test func theCatalogHasNamesAndSummaries() {
    let names = predictorCatalog.map { $0.name }
    #expect(
      Set(names).count == names.count
        && Set(predictorCatalog.map { $0.summary }).count == names.count)
    #expect(names.allSatisfy { $0.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "-" } })
    #expect(predictorCatalog.filter { $0.isBaseline }.map { $0.name }.contains("scenario-mean"))
    for type in Self.types where type.dependence == .none {
      #expect(type.isBaseline, "\(type.name)")
    }
  }

  // MARK: Choosing instances

  @Test(arguments: SamplingMethod.allCases) func samplesAreOfTheInstances(_ method: SamplingMethod)
    throws
  {
    for seed in 1...2 {
      let world = World(seed)
      let sampler = try method.sampler(world.fold)
      for sizes in [[1], [0, 5], [2, 3, 24], [24]] {
        let samples = sampler.samples(sizes, seed: UInt64(seed)) { world.own[$0] }
        #expect(samples.map(\.count) == sizes)
        #expect(
          samples.allSatisfy {
            Set($0).count == $0.count && Set($0).isSubset(of: Set(world.own.indices))
          })
        let again = try method.sampler(world.fold).samples(sizes, seed: UInt64(seed)) {
          world.own[$0]
        }
        #expect(again == samples, "the same seed, the same samples")
      }
    }
  }

  /// Every instance is as likely to be drawn at random, and each part of a stratified sample has one.
  @Test func randomSamplesAreFair() throws {
    let world = World(1)
    for method in [SamplingMethod.random, .stratified] {
      let sampler = try method.sampler(world.fold)
      var counts = [Int](repeating: 0, count: 24)
      for seed in 0..<600 {
        for item in sampler.samples([6], seed: UInt64(seed), score: { _ in .nan })[0] {
          counts[item] += 1
        }
      }
      // 150 expected each; six deviations of a binomial are 64.
      #expect(counts.allSatisfy { abs($0 - 150) < 64 }, "\(method): \(counts)")
    }
  }

  // MARK: Items

  @Test(arguments: 1...6) func itemsAreDescribedAsDefined(_ seed: Int) throws {
    let world = World(seed, isGraded: seed == 5)
    var rows = world.rows
    rows[2][3] = .nan
    rows[5] = rows[5].map { _ in .nan }
    for row in rows.indices { rows[row][7] = rows[row][7].isNaN ? .nan : 1 }
    let matrix = ScoreMatrix(
      runs: world.models.map { .init(name: $0, model: $0) },
      instances: world.own.indices.map { "i\($0)" },
      values: rows.flatMap { $0 })
    let table = try ItemAnalysis.table(matrix, inputs: ["i0": "first?", "i23": "last?"])
    #expect(
      table.rowCount == 24 && table[0, "input"] == .string("first?") && table[1, "input"] == .null)
    for item in 0..<24 {
      let known = rows.indices.filter { !rows[$0][item].isNaN }
      let scores = known.map { rows[$0][item] }
      #expect(table[item, "runs"] == .int(Int64(known.count)))
      #expect(isNear(table[item, "mean"].number, scores.reduce(0, +) / Double(known.count)))
      let others = known.map { row -> Double in
        let rest = rows[row].indices.filter { $0 != item && !rows[row][$0].isNaN }.map {
          rows[row][$0]
        }
        return rest.reduce(0, +) / Double(rest.count)
      }
      let correlation = Correlation.pearson(scores, others)
      #expect(isNear(table[item, "point_biserial"].number, correlation))
      let note = table[item, "note"].text
      #expect((note == "every run is right") == scores.allSatisfy { $0 == 1 })
      if let correlation, note.isEmpty || note.hasPrefix("good") {
        #expect((note == "good runs fail it") == (correlation < 0))
      }
      #expect(table[item, "discrimination"].number.map { $0 > 0 } ?? false)
    }
    // The harder an item, the fewer are right: across all, difficulty falls with the mean.
    let means = (0..<24).map { table[$0, "mean"].number! }
    let difficulties = (0..<24).map { table[$0, "difficulty"].number! }
    #expect(Correlation.spearman(means, difficulties)! < -0.8)
  }
}
