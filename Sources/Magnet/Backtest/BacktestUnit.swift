/// A prediction of a backtest, and what came of it.
struct BacktestRecord: Sendable, Hashable {
  /// The number of the predictor among the entries.
  var predictor: Int32
  var target: Int32
  /// How many instances were shown; -1 where the prediction does not depend on it.
  var observed: Int32
  var repetition: Int32
  /// The instance, a column of the scenario's matrix; -1 for a run's score.
  var instance: Int32 = -1
  var isExtrapolated = false
  var predicted: Double
  var actual: Double
  /// NaN where it is not known.
  var stddev = Double.nan
  /// The intervals' ends, in the order of `Estimate.coverages`; NaN where there are none.
  var lower = SIMD3<Double>(repeating: .nan)
  var upper = SIMD3<Double>(repeating: .nan)

  var hasIntervals: Bool { !lower.z.isNaN }
  var error: Double { predicted - actual }

  /// Takes over a 95% interval, and those of a normal prediction with a deviation above 0.
  mutating func setInterval(_ interval: Interval?, stddev: Double?) {
    if let stddev, stddev > 0 {
      self.stddev = stddev
      let half = SIMD3(Estimate.coverages.map { Normal.halfWidth($0) * stddev })
      lower = SIMD3(repeating: predicted) - half
      upper = SIMD3(repeating: predicted) + half
    }
    if let interval {
      lower.z = interval.lower
      upper.z = interval.upper
    }
  }

  mutating func setIntervals(_ intervals: [Interval]?) {
    guard let intervals, intervals.count == 3 else { return }
    lower = SIMD3(intervals.map(\.lower))
    upper = SIMD3(intervals.map(\.upper))
  }
}

/// What one predictor made of a group of targets.
struct BacktestOutcome: Sendable {
  /// Why predictions of a target failed.
  struct Failure: Sendable, Hashable {
    let predictor: Int
    let target: Int
    /// What kept the first of them from being made.
    let reason: String
    /// How many failed; nil for all there were to be.
    var count: Int?
  }

  /// What a predictor said of its predictions of a target.
  struct Remark: Sendable, Hashable {
    let predictor: Int
    let target: Int
    let text: String
  }

  var records: [BacktestRecord] = []
  var failures: [Failure] = []
  /// Each once.
  var remarks: [Remark] = []

  static func += (all: inout Self, part: Self) {
    all.records += part.records
    all.failures += part.failures
    all.remarks += part.remarks
  }

  /// Adds what a predictor said of a target that it has not said of it yet.
  mutating func add(_ notes: [String], predictor: Int, target: Int) {
    for text in notes {
      let remark = Remark(predictor: predictor, target: target, text: text)
      if !remarks.reversed().prefix(while: { $0.target == target }).contains(remark) {
        remarks.append(remark)
      }
    }
  }
}

/// The part of a backtest that one thread does at once: a predictor and targets with the same runs to learn from.
struct BacktestUnit: Sendable {
  let backtest: Backtest
  let plan: BacktestPlan
  let group: BacktestPlan.Group
  let entry: Int
  let tables: BacktestTables?

  /// What the predictor makes of the targets. An error of its own, whatever it is, is why a target was not predicted;
  /// the others go on.
  /// - Throws: `CancellationError`.
  func outcome(_ entry: Backtest.Entry) async throws -> BacktestOutcome {
    let predictor = entry.make()
    var outcome = BacktestOutcome()
    let everyRun = predictor is ScorePredictor || backtest.exampleRuns != nil ? nil : everyRun(for: predictor)
    for target in group.targets {
      try Task.checkCancellation()
      do {
        if let predictor = predictor as? ScorePredictor {
          try predictScores(predictor, target, &outcome)
        } else {
          try await predictTables(predictor, target, everyRun, &outcome)
        }
      } catch let error as CancellationError {
        throw error
      } catch {
        outcome.failures.append(.init(predictor: self.entry, target: target, reason: "\(error)"))
      }
    }
    return outcome
  }

  private func seed(_ target: BacktestPlan.Target) -> UInt64 {
    SplitMix.mixed(backtest.randomSeed &+ SplitMix.hash(plan.collection.runs[target.run].name))
  }

  /// The samples to look at: those sizes that leave something to predict.
  func samples(_ target: BacktestPlan.Target) throws -> [(size: Int, repetition: Int, items: [Int])] {
    let run = plan.collection.runs[target.run]
    let sizes = backtest.observed.filter { $0 < run.instances.count || $0 == 0 }
    guard let largest = sizes.max() else { return [] }
    if let sampling = backtest.sampling {
      let fold = plan.fold(target, group, seed: seed(target))
      let sampler = try sampling.sampler(fold)
      return (0..<backtest.repetitions).flatMap { repetition in
        let seed = SplitMix.mixed(seed(target) &+ UInt64(repetition) &* 0x9E37_79B9)
        let chosen = sampler.samples(sizes.sorted(), seed: seed) { fold.matrix[run.row, $0] }
        return zip(sizes.sorted(), chosen).map { ($0, repetition, $1) }
      }
    }
    return (0..<backtest.repetitions).flatMap { repetition in
      let items = ItemSample.draw(
        largest, of: run.instances, seed: backtest.randomSeed, key: run.name,
        repetition: repetition)
      return sizes.map { ($0, repetition, Array(items.prefix($0))) }
    }
  }

  private func predictScores(
    _ predictor: ScorePredictor, _ number: Int, _ outcome: inout BacktestOutcome
  ) throws {
    let target = plan.targets[number]
    let run = plan.collection.runs[target.run]
    let fold = plan.fold(target, group, seed: seed(target))
    let estimator = try predictor.fit(fold)
    outcome.add(estimator.notes, predictor: entry, target: number)
    var empty = 0
    var made = 0
    func add(_ sample: ObservedSample, size: Int, repetition: Int) {
      var record = BacktestRecord(
        predictor: Int32(entry), target: Int32(number), observed: Int32(size), repetition: Int32(repetition),
        predicted: 0, actual: target.actual)
      switch backtest.level {
      case .run:
        guard let estimate = estimator.estimate(sample), estimate.mean.isFinite else {
          empty += 1
          return
        }
        made += 1
        record.predicted = estimate.mean
        record.stddev = estimate.stddev ?? .nan
        record.isExtrapolated = estimate.isExtrapolated
        record.setIntervals(estimate.intervals)
        outcome.add(estimate.notes, predictor: entry, target: number)
        outcome.records.append(record)
      case .instance:
        guard let probabilities = estimator.probabilities(sample), probabilities.count == fold.columns.count
        else {
          empty += 1
          return
        }
        made += 1
        let shown = Set(sample.columns)
        for (column, probability) in zip(fold.columns, probabilities) where !shown.contains(column) {
          record.instance = Int32(column)
          record.predicted = probability
          record.actual = fold.matrix[run.row, column]
          if probability.isFinite { outcome.records.append(record) }
        }
      }
    }
    if predictor.usesSample {
      let isAdaptive = backtest.sampling?.isAdaptive ?? false
      for (size, repetition, items) in try samples(target) {
        let sample = ObservedSample(items, ofRow: run.row, in: fold.matrix, isAdaptive: isAdaptive)
        add(sample, size: size, repetition: repetition)
      }
    } else {
      add(ObservedSample([], ofRow: run.row, in: fold.matrix), size: -1, repetition: 0)
    }
    if empty > 0 {
      outcome.failures.append(
        .init(
          predictor: entry, target: number,
          reason: backtest.level == .run ? "it has no answer" : "it predicts no instances",
          count: made == 0 ? nil : empty))
    }
  }
}
