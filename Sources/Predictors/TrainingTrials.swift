import Magnet
import Synchronization

/// What estimates from samples of the training runs came to, whose scores are known: how much an item response model is to be
/// trusted beside an unbiased estimate, and how far the intervals of both are off. Everything is learned at the number
/// of instances asked for, and once for each.
final class TrainingTrials: Sendable {
  /// What was learned from random samples of one size.
  struct Learned: Sendable {
    /// The weight of the item response model in `AutoPredictor`.
    var weight: Double
    /// For the item response model's intervals.
    var response: IntervalFactors
    /// For those of the weighed estimate.
    var weighed: IntervalFactors
    /// The weighed estimates.
    var trials: [WeighedTrial]
  }

  /// A weighed estimate from one sample of a training run.
  struct WeighedTrial: Sendable {
    /// The run's row in the matrix.
    var row: Int
    var estimate: Double
    var variance: Double
    var actual: Double
  }

  /// An estimate from one sample of a training run.
  private struct Trial {
    var row: Int
    var actual: Double
    /// Errors and variances of the item response model and of the control variate.
    var response: (error: Double, variance: Double)
    var control: (error: Double, variance: Double)
  }

  private let matrix: ScoreMatrix
  /// For each training run, its row, and its known instances among those to be predicted with its scores on them.
  private let runs: [(row: Int, known: KnownSample)]
  /// For each column of the matrix, the sum and the count of the training runs' scores.
  private let sums: [SIMD2<Double>]
  /// For each run the mean, over its instances, of the others' mean scores.
  private let wholes: [Double]
  private let columns: [Int]
  private let found = Mutex<[Int: Learned]>([:])

  /// How many samples of each run are looked at.
  private static let samples = 3
  /// Fewer runs are too few to learn from.
  private static let leastRuns = 4
  /// Chosen samples are judged by so many runs, the nearest.
  private static let nearestRuns = 40

  init(_ fold: ScoreFold) {
    matrix = fold.matrix
    columns = fold.columns
    var sums = Array(repeating: SIMD2<Double>.zero, count: fold.matrix.instances.count)
    // By name, so that the order of runs is nothing.
    let rows = fold.train.sorted { fold.matrix.runs[$0].name < fold.matrix.runs[$1].name }
    runs = rows.compactMap { row in
      for column in sums.indices where !fold.matrix[row, column].isNaN {
        sums[column] += SIMD2(fold.matrix[row, column], 1)
      }
      let known = fold.knownSample(ofRow: row)
      return known.count == 0 ? nil : (row, known)
    }
    self.sums = sums
    let all = sums
    wholes = runs.map { run in
      var sum = 0.0
      var count = 0.0
      for (column, score) in zip(run.known.columns, run.known.scores) {
        guard let rest = Self.rest(all[column], score) else { continue }
        sum += rest
        count += 1
      }
      return count > 0 ? sum / count : 0
    }
  }

  /// The mean score of the other runs on an instance.
  private static func rest(_ sum: SIMD2<Double>, _ own: Double) -> Double? {
    sum.y > 1 ? (sum.x - own) / (sum.y - 1) : nil
  }

  /// What random samples of so many instances say.
  func learned(_ count: Int, _ model: ItemResponseEstimator) -> Learned {
    if let learned = found.withLock({ $0[count] }) { return learned }
    let trials = trials(count, model)
    let weight = weight(trials, count)
    let weighed = trials.map { trial in
      let difference = trial.response.error - trial.control.error
      let error = weight * trial.response.error + (1 - weight) * trial.control.error
      let variance =
        weight * trial.response.variance + (1 - weight) * trial.control.variance
        + weight * (1 - weight) * difference * difference
      return WeighedTrial(
        row: trial.row, estimate: trial.actual + error, variance: variance, actual: trial.actual)
    }
    let learned = Learned(
      weight: weight,
      response: factors(
        trials.map { ($0.actual + $0.response.error, $0.response.variance, $0.actual) }, model.degrees,
        .trainingRuns(count)),
      weighed: factors(
        weighed.map { ($0.estimate, $0.variance, $0.actual) }, model.degrees, .trainingRuns(count)),
      trials: weighed)
    found.withLock { $0[count] = learned }
    return learned
  }

  /// The factors for a sample that was chosen, from the training runs' scores on the same instances: those of the runs
  /// whose estimates are nearest to the one made.
  func factors(chosen sample: KnownSample, estimate: Double, _ model: ItemResponseEstimator)
    -> IntervalFactors
  {
    let sums = model.sums(over: sample.columns)
    let trials = runs.compactMap { run -> (Double, Double, Double)? in
      let same = KnownSample(columns: sample.columns, scores: sample.columns.map { matrix[run.row, $0] })
      guard !same.scores.contains(where: \.isNaN), let actual = run.known.mean else { return nil }
      let (mean, variance) = model.moments(same, sums)
      return (mean, variance, actual)
    }
    let nearest = trials.sorted { abs($0.0 - estimate) < abs($1.0 - estimate) }.prefix(Self.nearestRuns)
    return factors(Array(nearest), model.degrees, .chosenSample(sample.count))
  }

  /// For estimates of training runs, with their variances and the scores.
  func factors(
    _ trials: [(Double, Double, Double)], _ degrees: Int, _ source: IntervalFactors.Source
  ) -> IntervalFactors {
    guard trials.count >= Self.leastRuns else { return .none }
    return IntervalFactors(trials, instances: columns.count, degrees: degrees, source)
  }

  /// The bias of a model of items does not shrink with the number of instances, as the variance of an unbiased estimate does.
  private static func largestWeight(_ count: Int) -> Double {
    let share = Double(count) / 100
    return 1 / (1 + share * share.squareRoot())
  }

  private func weight(_ trials: [Trial], _ count: Int) -> Double {
    let most = Self.largestWeight(count)
    var numerator = 0.0
    var denominator = 0.0
    for trial in trials {
      let difference = trial.response.error - trial.control.error
      numerator -= trial.control.error * difference
      denominator += difference * difference
    }
    guard trials.count >= Self.samples * Self.leastRuns, denominator > 0 else { return min(0.5, most) }
    return min(most, max(0, numerator / denominator))
  }

  private func trials(_ count: Int, _ model: ItemResponseEstimator) -> [Trial] {
    guard count > 0 else { return [] }
    var samples = TrialSamples(count, of: columns, model)
    var trials: [Trial] = []
    for (number, run) in runs.enumerated() where run.known.count > count {
      let actual = run.known.mean ?? 0
      for repetition in 0..<Self.samples {
        let (sample, sums) = samples.sample(number * Self.samples + repetition, run.known) {
          matrix[run.row, $0]
        }
        let (mean, variance) = model.moments(sample, sums)
        let control = controlVariate(sample, whole: wholes[number], population: run.known.count)
        trials.append(
          Trial(
            row: run.row, actual: actual, response: (mean - actual, variance),
            control: (control.mean - actual, control.variance)))
      }
    }
    return trials
  }

  /// `ControlVariatePredictor`'s estimate from a sample of a training run, the run itself left out of the means.
  private func controlVariate(_ sample: KnownSample, whole: Double, population: Int) -> (
    mean: Double, variance: Double
  ) {
    let difficulties = zip(sample.columns, sample.scores).map { Self.rest(sums[$0], $1) ?? whole }
    guard let score = sample.mean, let middle = difficulties.mean() else { return (0, 0) }
    var products = (xp: 0.0, pp: 0.0, xx: 0.0)
    for (x, p) in zip(sample.scores, difficulties) {
      products.xp += (x - score) * (p - middle)
      products.pp += (p - middle) * (p - middle)
      products.xx += (x - score) * (x - score)
    }
    let isFlat = sample.count < 3 || products.pp < 1e-12
    let slope = isFlat ? 0 : products.xp / products.pp
    let degrees = Double(max(1, sample.count - (isFlat ? 1 : 2)))
    let variance = finiteVariance(
      (products.xx - slope * products.xp) / degrees, of: sample, population: population)
    return (min(1, max(0, score + slope * (whole - middle))), variance)
  }
}

/// Random samples of instances for trials. Many runs are looked at on each: what an item response model needs to know of a
/// sample takes much longer to add up than an estimate from it.
struct TrialSamples {
  private let count: Int
  private let model: ItemResponseEstimator
  private let shared: [(columns: [Int], sums: ItemResponseEstimator.SampleSums)]
  private var random: SplitMix

  /// How many samples there are at most; a run is not to be looked at on as many.
  private static let sampleCount = 96

  /// Samples of `count` of the columns, above 0.
  init(_ count: Int, of columns: [Int], _ model: ItemResponseEstimator) {
    self.count = count
    self.model = model
    var random = SplitMix(state: UInt64(count))
    let all = KnownSample(columns: columns, scores: Array(repeating: 0, count: columns.count))
    shared =
      columns.count < count
      ? []
      : (0..<Self.sampleCount).map { _ in
        let drawn = all.drawn(count, using: &random).columns
        return (drawn, model.sums(over: drawn))
      }
    self.random = random
  }

  /// A sample of a run: one that others have, too, or, where the run does not have all of its instances, one of those
  /// that it has.
  /// - Parameter known: the run's scores, more than a sample has.
  mutating func sample(_ number: Int, _ known: KnownSample, score: (Int) -> Double) -> (
    KnownSample, ItemResponseEstimator.SampleSums
  ) {
    if !shared.isEmpty {
      let (columns, sums) = shared[number % shared.count]
      let sample = KnownSample(columns: columns, scores: columns.map(score))
      if !sample.scores.contains(where: \.isNaN) { return (sample, sums) }
    }
    let sample = known.drawn(count, using: &random)
    return (sample, model.sums(over: sample.columns))
  }
}
