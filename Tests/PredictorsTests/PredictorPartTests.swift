import Foundation
import Magnet
import Testing

@testable import Predictors

/// The parts that predictors share, against their definitions.
@Suite struct PredictorPartTests {
  @Test func logisticFunctionsAreEachOthersInverse() {
    for step in -400...400 {
      let x = Double(step) / 10
      let share = Logistic.sigmoid(x)
      #expect(abs(share + Logistic.sigmoid(-x) - 1) < 1e-15 && (0...1).contains(share))
      if abs(x) < 20 { #expect(abs(Logistic.logit(share) - x) < 1e-6 * max(1, abs(x))) }
      // softplus is the integral of the sigmoid: its slope is the sigmoid, and softplus(x) - softplus(-x) = x.
      #expect(abs(Logistic.softplus(x) - Logistic.softplus(-x) - x) < 1e-12)
      let slope = (Logistic.softplus(x + 1e-4) - Logistic.softplus(x - 1e-4)) / 2e-4
      #expect(abs(slope - share) < 1e-6)
    }
    #expect(Logistic.sigmoid(0) == 0.5 && Logistic.sigmoid(-800) == 0 && Logistic.sigmoid(800) == 1)
    #expect(Logistic.softplus(-800) == 0 && Logistic.softplus(800) == 800)
    #expect(Logistic.logit(0) == -.infinity && Logistic.logit(1) == .infinity)
  }

  private static func matrix(_ rows: Int, _ columns: Int, _ random: inout PythonRandom)
    -> [[Double]]
  {
    (0..<rows).map { _ in
      (0..<columns).map { _ in random.below(4) == 0 ? .nan : Double(random.below(5)) / 4 }
    }
  }

  @Test(arguments: 1...20) func meansLeaveOutWhatIsMissing(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let rows = Self.matrix(2 + random.below(5), 1 + random.below(8), &random)
    let fold = fold(rows)
    let all = Array(rows[0].indices)
    for (number, row) in rows.enumerated() {
      let known = row.filter { !$0.isNaN }
      let mean = known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
      #expect(isNear(fold.score(ofRow: number), mean))
      let sample = fold.knownSample(ofRow: number)
      #expect(sample.scores == known && sample.columns == all.filter { !row[$0].isNaN })
      #expect(sample.isBinary == known.allSatisfy { $0 == 0 || $0 == 1 } && sample.isShare)
    }
    let means = all.map { column -> Double in
      let known = rows.map { $0[column] }.filter { !$0.isNaN }
      return known.isEmpty ? .nan : known.reduce(0, +) / Double(known.count)
    }
    for (a, b) in zip(fold.itemMeans, means) { #expect(a.isNaN ? b.isNaN : isNear(a, b)) }
    let there = means.filter { !$0.isNaN }
    #expect(fold.hasScores == !there.isEmpty)
    guard let filled = fold.filledItemMeans else {
      #expect(there.isEmpty)
      return
    }
    let middle = there.reduce(0, +) / Double(there.count)
    for (a, b) in zip(filled, means) { #expect(isNear(a, b.isNaN ? middle : b)) }
  }

  @Test(arguments: 1...20) func theFrontierIsAtNineTenths(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let rows = Self.matrix(1 + random.below(12), 6, &random)
    let frontier = Frontier(fold(rows))
    let scores = rows.map { $0.filter { !$0.isNaN } }.filter { !$0.isEmpty }.map {
      $0.reduce(0, +) / Double($0.count)
    }.sorted()
    #expect(frontier.runs == scores.count)
    guard let limit = frontier.limit else {
      #expect(scores.isEmpty)
      return
    }
    #expect(
      scores.count { $0 > limit } <= (scores.count + 8) / 10 && limit <= scores[scores.count - 1])
    for share in [0, 0.25, 0.5, 1] {
      let sample = ObservedSample(columns: [0, 1, 2, 3], scores: [share, share, .nan, share])
      #expect(frontier.isPassed(by: sample) == (share > limit))
      #expect(sample.known.count == 3 && sample.known.columns == [0, 1, 3])
      // What is passed is in reach, and more so the less is known.
      if share > limit { #expect(frontier.isInReach(of: sample.known, dispersion: 1)) }
      let few = KnownSample(columns: [0], scores: [share])
      let many = KnownSample(columns: Array(0..<100), scores: Array(repeating: share, count: 100))
      if frontier.isInReach(of: many, dispersion: 1) {
        #expect(frontier.isInReach(of: few, dispersion: 1))
      }
    }
    #expect(!frontier.isPassed(by: ObservedSample(columns: [], scores: [])))
    #expect(
      !frontier.isInReach(of: KnownSample(columns: [0], scores: [2]), dispersion: 1), "no share")
  }

  @Test(arguments: 1...10) func samplesAreDrawnWithoutRepeats(_ seed: Int) {
    var random = SplitMix(state: UInt64(seed))
    let whole = KnownSample(columns: [3, 5, 7, 9, 11], scores: [0.3, 0.5, 0.7, 0.9, 1.1])
    for count in 0...5 {
      let drawn = whole.drawn(count, using: &random)
      #expect(drawn.count == count && Set(drawn.columns).count == count)
      for (column, score) in zip(drawn.columns, drawn.scores) {
        #expect(whole.columns.contains(column) && score == Double(column) / 10)
      }
    }
  }

  /// Levels of models and scenarios explain what is a sum of the two.
  @Test(arguments: 1...10) func sumsOfLevelsAreFound(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let models = (0..<6).map { _ in random.random() }
    let scenarios = (0..<5).map { _ in 2 * random.random() }
    var values = models.map { model in scenarios.map { model + $0 } }
    // A gap or two are filled in.
    values[random.below(6)][random.below(5)] = .nan
    let fit = AdditiveFit(values)
    for (row, model) in models.enumerated() {
      for (column, scenario) in scenarios.enumerated() {
        // Levels of models are drawn a little to the mean: by 0.1 of a score.
        #expect(abs(fit.models[row] + fit.scenarios[column] - model - scenario) < 0.05)
      }
    }
    let order = fit.models.indices.sorted { fit.models[$0] < fit.models[$1] }
    let isSure = zip(order, order.dropFirst()).allSatisfy { models[$0] <= models[$1] + 0.05 }
    #expect(isSure)
    let none = AdditiveFit([])
    #expect(none.models.isEmpty && none.scenarios.isEmpty)
    #expect(AdditiveFit([[.nan], [.nan]]).scenarios == [0])
  }

  /// A factor is how many times the errors are what the model says of them, and at least 0.95 for a chosen sample.
  @Test(arguments: 1...12) func intervalsAreWidenedByWhatTheyMissed(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let trials = (0..<(4 + random.below(30))).map { _ in
      (
        estimate: 0.3 + 0.4 * random.random(), variance: 0.001 + 0.01 * random.random(),
        actual: 0.3 + 0.4 * random.random()
      )
    }
    func factors(_ trials: [(estimate: Double, variance: Double, actual: Double)]) -> [Double] {
      IntervalFactors(trials, instances: 100, degrees: 9, .chosenSample(16)).values
    }
    let found = factors(trials)
    #expect(found.count == Estimate.coverages.count && found.allSatisfy { $0 >= 0.95 })
    let sizes = trials.map { trial -> Double in
      let ratio = trial.actual * (1 - trial.actual) / (trial.estimate * (1 - trial.estimate))
      return abs(trial.estimate - trial.actual) / (trial.variance * ratio).squareRoot()
    }.sorted()
    for (coverage, factor) in zip(Estimate.coverages, found) {
      let half = StudentT.quantile(0.5 + coverage / 2, degrees: 9) * factor
      let covered = sizes.count { $0 <= half * (1 + 1e-12) }
      #expect(covered >= min(sizes.count, Int((coverage * Double(sizes.count + 1)).rounded(.up))))
    }
    // Errors twice as large have factors at most twice as large; variances four times as large, half.
    let wide = factors(trials.map { ($0.estimate, 4 * $0.variance, $0.actual) })
    for (a, b) in zip(found, wide) { #expect(isNear(b, max(0.95, a / 2))) }
    let exact = factors(trials.map { ($0.estimate, $0.variance, $0.estimate) })
    #expect(exact.allSatisfy { $0 == 0.95 })
    #expect(IntervalFactors.none.reason == nil && IntervalFactors.none.last == 1)
    let wild = IntervalFactors(
      trials.map { ($0.estimate, 1e-9, $0.actual) }, instances: 100, degrees: 9, .chosenSample(16))
    #expect(wild.reason?.hasPrefix("no interval: on the training runs the model errs ") == true)
  }

  /// What the regression would have said of each model learned from, against the regression from the others alone.
  @Test(arguments: 1...5) func modelsLeftOutAreFittedAgain(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let models = (0..<25).map { "a/\($0)" }
    let levels = models.map { _ in 6 * random.random() - 3 }
    func column(_ slope: Double, _ noise: Double) -> [Double] {
      levels.map { Logistic.sigmoid(slope * $0 + noise * (random.random() - 0.5)) }
    }
    let (own, second, third) = (column(1, 0.05), column(0.8, 0.04), column(1.2, 0.06))
    func completed(hiding row: Int) throws -> (CompletedEstimator, [String: CompletedEstimator]) {
      // The model to predict is the last one.
      let order = models.indices.filter { $0 != row } + [row]
      let made = board(
        [
          "quiz": order.map { $0 == row || $0 == 24 ? .nan : own[$0] }, "maths": order.map { second[$0] },
          "law": order.map { third[$0] },
        ], models: order.map { models[$0] })
      return RidgeOnOthersPredictor().completed(
        try LogitBoard(fold([], instances: 400).with(made)))
    }
    let (_, leftOut) = try completed(hiding: 24)
    #expect(Set(leftOut.keys) == Set(models.prefix(24)))
    for row in 0..<24 {
      let (again, _) = try completed(hiding: row)
      let found = try #require(leftOut[models[row]])
      // Scores that nearly lie in a plane: the least penalty is the best one each time.
      #expect(isNear(found.logit, again.logit, 1e-7), "\(found.logit) \(again.logit)")
    }
  }

  /// Runs of these abilities on 210 instances.
  private func rows(_ abilities: [Double], seed: UInt64 = 21) -> [[Double]] {
    var random = SplitMix(state: seed)
    return abilities.map { ability in
      (0..<210).map { item in
        let chance = Logistic.sigmoid(1.2 * ability - 0.5 - 0.5 * Double(item % 7))
        return Double.random(in: 0..<1, using: &random) < chance ? 1 : 0
      }
    }
  }

  private var spread: [Double] { (0..<40).map { (Double($0) - 19.5) / 11.5 } }

  /// The more likely a run is beyond those learned from, the less the prior of its ability counts, and the more what was
  /// learned of the strongest from the weaker half.
  @Test func intervalsBeyondTheRunsLearnedFromAreWider() throws {
    let runs = fold(rows(spread))
    var fits = ItemResponseFits(.twoParameter)
    let model = try fits.estimator(runs)
    let aipw = try AIPWEstimator(runs)
    let columns = (0..<21).map { $0 * 10 }
    let learned = model.trials.weighed(columns.count, model, aipw, likeness: Likeness(runs))
    let alike = try #require(learned.likeness)
    for (scores, isBeyond) in zip(rows([5, 0], seed: 3), [true, false]) {
      let sample = ObservedSample(columns: columns, scores: columns.map { scores[$0] })
      let beyond = model.momentsBeyond(sample.known)
      var (mean, variance) = model.moments(sample.known)
      let plain = (mean: mean, variance: variance)
      #expect(plain.mean == beyond.mean && beyond.variance >= plain.variance)
      #expect(isBeyond ? beyond.probability > 0.95 : beyond.probability < 0.05)
      var factors = alike.factors
      var within = 1.0
      if case .factors(let others)? = model.stronger(sample.known, weight: learned.weight) {
        (mean, variance) = (beyond.mean, beyond.variance)
        within = pow(1 - beyond.probability, 16)
        factors = factors.widened(by: learned.factors, share: 1 - within)
          .widened(by: others, share: beyond.probability)
      }
      #expect(isBeyond ? variance > 1.05 * plain.variance : variance < 1.05 * plain.variance)
      #expect(zip(factors.values, alike.factors.values).allSatisfy { $0 >= $1 })
      let unbiased = try #require(aipw.estimate(sample))
      let deviation = try #require(unbiased.stddev)
      let pooled = PairedTrial.pooled(
        alike.likeness.moments(sample.known, alike.fit),
        PairedTrial.pooled((mean, variance), (unbiased.mean, deviation * deviation), learned.weight),
        alike.weight * within)
      let found = try #require(try AutoPredictor().fit(runs).estimate(sample))
      #expect(isNear(found.mean, pooled.mean) && found.isExtrapolated == isBeyond)
      #expect(isNear(found.stddev, pooled.variance.squareRoot() * factors.last), "\(found.notes)")
    }
  }

  /// Half of the intervals that hold half of the scores, and nearly all of those that hold 95%, hold those of runs that
  /// were not learned from.
  @Test func intervalsLearnedFromTrainingRunsHoldForOthers() throws {
    let runs = fold(rows(spread))
    let auto = try AutoPredictor().fit(runs)
    var random = SplitMix(state: 8)
    var held = (half: 0, most: 0, all: 0)
    for scores in rows(spread.map { 0.9 * $0 }, seed: 5) {
      for _ in 0..<10 {
        let sample = KnownSample(columns: Array(scores.indices), scores: scores).drawn(20, using: &random)
        let estimate = try #require(
          auto.estimate(ObservedSample(columns: sample.columns, scores: sample.scores)))
        let actual = try #require(scores.mean())
        func holds(_ interval: Interval) -> Bool { interval.lower <= actual && actual <= interval.upper }
        let intervals = try #require(estimate.intervals)
        if holds(try #require(intervals.first)) { held.half += 1 }
        if holds(try #require(intervals.last)) { held.most += 1 }
        held.all += 1
      }
    }
    #expect((0.4...0.6).contains(Double(held.half) / Double(held.all)), "\(held)")
    #expect((0.91...0.985).contains(Double(held.most) / Double(held.all)), "\(held)")
  }

  /// AIPW's estimates for training runs left out, against it learned from the others alone.
  @Test(arguments: [5, 20, 60]) func trainingRunsAreLeftOut(_ count: Int) throws {
    let all = rows((0..<12).map { (Double($0) - 5.5) / 3.5 })
    var random = SplitMix(state: UInt64(count))
    let columns = Array((0..<210).shuffled(using: &random).prefix(count))
    let samples = [7, 0].map { row in
      (place: row, sample: KnownSample(columns: columns, scores: columns.map { all[row][$0] }))
    }
    let leftOut = try AIPWEstimator(fold(all)).leftOut(samples, penalties: AIPWEstimator.penalties)
    for (found, row) in zip(leftOut, [7, 0]) {
      let others = try AIPWEstimator(fold(all.indices.filter { $0 != row }.map { all[$0] }))
      let sample = KnownSample(columns: columns, scores: columns.map { all[row][$0] })
      let wanted = try #require(
        others.estimate(ObservedSample(columns: sample.columns, scores: sample.scores)))
      #expect(isNear(found.mean, wanted.mean) && isNear(found.variance.squareRoot(), wanted.stddev))
      let again = others.estimates([sample, sample])
      #expect(again.count == 2 && isNear(again[1].mean, wanted.mean))
      #expect(isNear(again[1].variance.squareRoot(), wanted.stddev))
    }
  }

  /// The variance of AIPW's estimates is that of the sample's errors and that of others' estimates, which counts as 7 errors.
  @Test func variancesOfAIPWCountErrorsOnOtherRuns() throws {
    let all = rows(spread)
    let runs = fold(all)
    let trials = TrainingTrials(runs)
    let raw = try AIPWEstimator(runs)
    let count = 12
    let learned = try #require(trials.unbiased(count, raw))
    // The same, by other samples, and from regressions without the run.
    var random = SplitMix(state: 77)
    var (squares, singles) = (0.0, 0.0)
    for row in all.indices {
      let others = try AIPWEstimator(fold(all.indices.filter { $0 != row }.map { all[$0] }))
      let actual = try #require(all[row].mean())
      for _ in 0..<4 {
        let sample = KnownSample(columns: Array(all[row].indices), scores: all[row])
          .drawn(count, using: &random)
        let fit = others.fit(sample)
        #expect(fit != nil)
        let mean = others.moments(fit, sample).mean
        squares += (mean - actual) * (mean - actual)
        singles += actual * (1 - actual)
      }
    }
    #expect((0.7...1.4).contains(learned / (squares / singles)), "\(learned) \(squares / singles)")

    let fitted = try AIPWPredictor().fit(runs)
    let beyond = try #require(FrontierTrials(nil, runs).unbiased(count))
    for (scores, isStrong) in zip(rows([3, -3], seed: 4), [true, false]) {
      let columns = (0..<count).map { $0 * 17 }
      let sample = ObservedSample(columns: columns, scores: columns.map { scores[$0] })
      let share = try #require(sample.known.mean)
      #expect(raw.frontier.isInReach(of: sample.known, dispersion: 1) == isStrong)
      let fit = raw.fit(sample.known)
      #expect(fit != nil)
      let own = raw.moments(fit, sample.known).variance
      let single =
        share == 0 || share == 1
        ? 13.0 / 14 * (1.0 / 14) : share * (1 - share) * Double(count) / Double(count - 1)
      let expected = isStrong ? max(learned, beyond) : learned
      let both = (Double(count - 1) * own + 7 * expected * single) / Double(count + 6)
      let found = try #require(fitted.estimate(sample))
      #expect(isNear(found.stddev, both.squareRoot()))
      #expect(found.isExtrapolated == isStrong)
    }
  }

  /// Where so many instances speak against the model for a stronger run, twice as many do.
  @Test func whatFewInstancesDoubtMoreDoTo() {
    var findings: Set<[Bool]> = []
    for seed in 1...12 {
      var random = SplitMix(state: UInt64(seed))
      let rows = (0..<20).map { place in
        (0..<120).map { item -> Double in
          let logit = place > 13 && item % 2 == 1 ? 2.2 : Double(place) / 6 - 1.7 + Double(item % 5) / 3
          return Double.random(in: 0..<1, using: &random) < logistic(logit) ? 1 : 0
        }
      }
      let trials = FrontierTrials(.twoParameter, fold(rows))
      let isDoubted = [12, 24, 48, 96].map { count in
        if case .doubt = trials.finding(count) { true } else { false }
      }
      findings.insert(isDoubted)
      #expect(zip(isDoubted, isDoubted.dropFirst()).allSatisfy { !$0 || $1 }, "seed \(seed): \(isDoubted)")
    }
    #expect(findings.count > 1)
  }

  /// A sample of scores from 0 to 1 of a metric that has others is not judged by errors on shares.
  @Test func errorsOnOtherScalesSayNothingOfShares() throws {
    let runs = fold(rows(spread).map { $0.map { 3 * $0 } })
    let sample = ObservedSample(columns: [0, 50, 100, 150], scores: [0, 1, 1, 0])
    let found = try AIPWPredictor().fit(runs).estimate(sample)
    #expect(try found != nil && found == AIPWEstimator(runs).estimate(sample))
  }

  @Test(arguments: 1...10) func boardsOfLogitsHoldWhatIsKnown(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let models = (0..<5).map { "a/\($0)" }
    func column() -> [Double] { models.map { _ in random.below(4) == 0 ? .nan : random.random() } }
    let (first, second) = (column(), column())
    guard first.dropLast().contains(where: { !$0.isNaN }) else { return }
    let made = fold([[0, 1]], models: ["x/y"]).with(
      board(["quiz": first, "maths": second, "points": [3, 4, 5, 6, 7]], models: models))
    let logits = try LogitBoard(made)
    let others = second.contains { !$0.isNaN } ? 1 : 0
    #expect(
      logits.target == 4 && logits.models == models
        && logits.values.allSatisfy { $0.count == 1 + others })
    #expect(logits.values[4][0].isNaN, "the score to predict is not told")
    #expect(logits.train == (0..<4).filter { !first[$0].isNaN })
    #expect(logits.knownOthers == (second[4].isNaN ? 0 : 1))
    for row in 0..<4 where !first[row].isNaN {
      let share = min(0.75, max(0.25, first[row]))
      #expect(
        isNear(logits.values[row][0], Logistic.logit(share)),
        "at most half an instance from 0 and 1")
    }
    let odd = made.with(board(["points": [3, 4, 5, 6, 7]], models: models))
    #expect {
      _ = try LogitBoard(odd)
    } throws: {
      "\($0)"
        == "a/0 has the score 3.0 on points; this predictor needs scores from 0 to 1, such as exact_match"
    }
  }
}
