import Magnet
import Synchronization

/// What estimates from samples of the training runs came to, whose scores are known: how much an item response model is to be
/// trusted beside an unbiased estimate, and how far the intervals of both are off. Everything is learned at the number
/// of instances asked for, and once for each.
final class TrainingTrials: Sendable {
  /// What was learned of the item response model's estimates weighed with AIPW's, from random samples of one size.
  struct Weighed: Sendable {
    /// The weight of the item response model beside AIPW in `AutoPredictor`.
    var weight: Double
    /// For the intervals of the weighed estimate.
    var factors: IntervalFactors
    /// The weighed estimates.
    var trials: [WeighedTrial]
    /// What the runs most like a target add; nil where that was not asked for, or they would not have been of use.
    var likeness: WeighedLikeness?
  }

  /// Estimates by likeness, their weight beside both others, and the factors for the intervals of all three.
  struct WeighedLikeness: Sendable {
    var likeness: Likeness
    var fit: Likeness.Fit
    var weight: Double
    var factors: IntervalFactors
  }

  /// A weighed estimate from one sample of a training run.
  struct WeighedTrial: Sendable {
    /// The run's row in the matrix.
    var row: Int
    var estimate: Double
    var variance: Double
    var actual: Double
  }

  /// A sample of training runs: the same instances of each.
  private struct Drawn {
    var columns: [Int]
    /// The runs, by number.
    var numbers: [Int] = []
    var samples: [KnownSample] = []
  }

  private let matrix: ScoreMatrix
  /// For each training run its place among them, its row, its known instances among those to be predicted with its scores
  /// on them, and the mean of these.
  private let runs: [(place: Int, row: Int, known: KnownSample, score: Double)]
  private let columns: [Int]
  private let foundWeighed = Mutex<[Int: Weighed]>([:])
  private let foundResponse = Mutex<[Int: IntervalFactors]>([:])
  private let foundUnbiased = Mutex<[Int: Double?]>([:])

  /// Fewer runs are too few to learn from.
  private static let leastRuns = 4
  /// How many samples are drawn for a run that lacks instances of those that others have, while fewer runs than
  /// `enoughRuns` share samples: each of its samples needs a regression of its own.
  private static let ownSamples = 2
  private static let enoughRuns = 24
  /// Chosen samples are judged by so many runs, the nearest.
  private static let nearestRuns = 40

  init(_ fold: ScoreFold) {
    matrix = fold.matrix
    columns = fold.columns
    // By name, so that the order of runs is nothing.
    let places = fold.train.indices.sorted {
      fold.matrix.runs[fold.train[$0]].name < fold.matrix.runs[fold.train[$1]].name
    }
    runs = places.compactMap { place in
      let row = fold.train[place]
      let known = fold.knownSample(ofRow: row)
      return known.mean.map { (place, row, known, $0) }
    }
  }

  /// How many samples are looked at, which the runs share. The more instances they have, the more alike are the errors of all
  /// runs on one: with 6 of 100 instances, widths of intervals on HELM Lite depended by 3% on which these were.
  private static func samples(_ count: Int) -> Int { min(16, max(6, count / 6)) }

  /// How many more are looked at where AIPW is not asked for, whose estimates take the time. Of few runs more samples say
  /// nothing of other runs, and factors allow for there being few estimates.
  private var multiple: Int { min(4, max(1, runs.count / 20)) }

  /// The factors of the item response model's intervals from random samples of so many instances.
  func response(_ count: Int, _ model: ItemResponseEstimator) -> IntervalFactors {
    if let factors = foundResponse.withLock({ $0[count] }) { return factors }
    let trials = drawn(count, times: multiple).flatMap { drawn in
      let sums = model.sums(over: drawn.columns)
      return zip(drawn.numbers, drawn.samples).map { number, sample in
        let (mean, variance) = model.moments(sample, sums)
        return (mean, variance, runs[number].score)
      }
    }
    let factors = factors(trials, model.degrees, .trainingRuns(count, share: 1))
    foundResponse.withLock { $0[count] = factors }
    return factors
  }

  /// The mean squared error of AIPW's estimates from random samples of so many instances, the runs not learned from, as a
  /// share of the variance of a single score; nil where there are too few runs to tell.
  func unbiased(_ count: Int, _ aipw: AIPWEstimator) -> Double? {
    if let known = foundUnbiased.withLock({ $0[count] }) { return known }
    return expected(
      count,
      drawn(count).flatMap { drawn in
        zip(drawn.numbers, leftOut(drawn, aipw)).map { ($1.mean, runs[$0].score) }
      })
  }

  /// What `unbiased` says from AIPW's errors.
  @discardableResult
  private func expected(_ count: Int, _ errors: [(mean: Double, actual: Double)]) -> Double? {
    let share = AIPWEstimator.expectedShare(errors)
    foundUnbiased.withLock { $0[count] = .some(share) }
    return share
  }

  /// AIPW's estimates as if the runs were not learned from.
  private func leftOut(_ drawn: Drawn, _ aipw: AIPWEstimator) -> [(mean: Double, variance: Double)] {
    aipw.leftOut(zip(drawn.numbers, drawn.samples).map { (runs[$0].place, $1) })
  }

  /// What random samples of so many instances say of both estimates, that of AIPW made as if the run were not learned from.
  /// - Parameter others: the runs that estimates by likeness are weighed in from, nil for none; the same each
  ///   time, as what was learned is kept.
  func weighed(
    _ count: Int, _ model: ItemResponseEstimator, _ aipw: AIPWEstimator, likeness others: Likeness? = nil
  ) -> Weighed {
    if let learned = foundWeighed.withLock({ $0[count] }) { return learned }
    var numbers: [Int] = []
    var trials: [PairedTrial] = []
    var likeness = others.map { LikenessTrials($0) }
    for drawn in drawn(count) {
      let sums = model.sums(over: drawn.columns)
      let unbiased = leftOut(drawn, aipw)
      likeness?.add(drawn.columns, rows: drawn.numbers.map { runs[$0].row })
      numbers += drawn.numbers
      for (place, number) in drawn.numbers.enumerated() {
        trials.append(
          PairedTrial(
            response: model.moments(drawn.samples[place], sums), unbiased: unbiased[place],
            actual: runs[number].score))
      }
    }
    expected(count, trials.map { ($0.unbiased.mean, $0.actual) })
    let weight = weight(trials, count)
    let pooled = zip(numbers, trials).map { number, trial in
      let (estimate, variance, actual) = trial.pooled(weight)
      return WeighedTrial(row: runs[number].row, estimate: estimate, variance: variance, actual: actual)
    }
    func factors(_ trials: [WeighedTrial], share: Double) -> IntervalFactors {
      self.factors(
        trials.map { ($0.estimate, $0.variance, $0.actual) }, model.degrees,
        .trainingRuns(count, share: share))
    }
    var weighed = Weighed(weight: weight, factors: factors(pooled, share: weight), trials: pooled)
    if let (fit, share, trials) = likeness?.weighed(with: pooled) {
      weighed.trials = trials
      weighed.likeness = others.map {
        WeighedLikeness(
          likeness: $0, fit: fit, weight: share, factors: factors(trials, share: weight * (1 - share)))
      }
    }
    foundWeighed.withLock { $0[count] = weighed }
    return weighed
  }

  /// The factors for a sample that was chosen, from the training runs' scores on the same instances: those of the runs
  /// whose estimates are nearest to the one made.
  func factors(chosen sample: KnownSample, estimate: Double, _ model: ItemResponseEstimator)
    -> IntervalFactors
  {
    let sums = model.sums(over: sample.columns)
    let trials = runs.compactMap { run -> (Double, Double, Double)? in
      let same = KnownSample(columns: sample.columns, scores: sample.columns.map { matrix[run.row, $0] })
      guard !same.scores.contains(where: \.isNaN) else { return nil }
      let (mean, variance) = model.moments(same, sums)
      return (mean, variance, run.score)
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

  private func weight(_ trials: [PairedTrial], _ count: Int) -> Double {
    let most = Self.largestWeight(count)
    let means = trials.map { (first: $0.response.mean, second: $0.unbiased.mean, actual: $0.actual) }
    guard runs.count >= Self.leastRuns, let best = PairedTrial.bestWeight(means) else {
      return min(0.5, most)
    }
    return min(most, best)
  }

  /// Random samples of training runs: some that all share which have the instances, and where these runs are few, for some
  /// of the others samples of their own.
  /// - Parameter times: how many times as many samples as usual all share.
  private func drawn(_ count: Int, times: Int = 1) -> [Drawn] {
    guard count > 0 else { return [] }
    var random = SplitMix(state: UInt64(count))
    var alone = runs.indices.filter { runs[$0].known.count > count }
    var found: [Drawn] = []
    if columns.count >= count {
      let all = KnownSample(
        columns: Array(columns.indices), scores: Array(repeating: 0, count: columns.count))
      var sharing: Set<Int> = []
      for _ in 0..<times * Self.samples(count) {
        let places = all.drawn(count, using: &random).columns
        let sample = places.map { columns[$0] }
        var group = Drawn(columns: sample)
        for number in alone {
          let run = runs[number]
          let isWhole = run.known.count == columns.count
          let scores = isWhole ? places.map { run.known.scores[$0] } : sample.map { matrix[run.row, $0] }
          if !isWhole && scores.contains(where: \.isNaN) { continue }
          group.numbers.append(number)
          group.samples.append(KnownSample(columns: sample, scores: scores))
        }
        sharing.formUnion(group.numbers)
        if !group.numbers.isEmpty { found.append(group) }
      }
      alone.removeAll(where: sharing.contains)
      let wanted = min(alone.count, max(0, Self.enoughRuns - sharing.count))
      alone = (0..<wanted).map { alone[$0 * alone.count / wanted] }
    }
    for number in alone {
      for _ in 0..<Self.ownSamples {
        let sample = runs[number].known.drawn(count, using: &random)
        found.append(Drawn(columns: sample.columns, numbers: [number], samples: [sample]))
      }
    }
    return found
  }
}

/// What an item response model and AIPW make of one sample of a run whose score is known.
struct PairedTrial {
  var response: (mean: Double, variance: Double)
  var unbiased: (mean: Double, variance: Double)
  var actual: Double

  /// The estimate, its variance and the score, the item response model having this weight.
  func pooled(_ weight: Double) -> (Double, Double, Double) {
    let (mean, variance) = Self.pooled(response, unbiased, weight)
    return (mean, variance, actual)
  }

  /// The weight, at least 0, of the first of two estimates a and b of y that has the least squared error, Σ (b - y)(b - a) /
  /// Σ (b - a)²; nil where they are the same.
  static func bestWeight(_ trials: [(first: Double, second: Double, actual: Double)]) -> Double? {
    var numerator = 0.0
    var denominator = 0.0
    for (first, second, actual) in trials {
      let difference = second - first
      numerator += (second - actual) * difference
      denominator += difference * difference
    }
    return denominator > 0 ? max(0, numerator / denominator) : nil
  }

  /// The mean and the variance of drawing one of the two estimates, the first with probability `weight`.
  static func pooled(
    _ first: (mean: Double, variance: Double), _ second: (mean: Double, variance: Double), _ weight: Double
  ) -> (mean: Double, variance: Double) {
    let rest = 1 - weight
    let difference = first.mean - second.mean
    return (
      weight * first.mean + rest * second.mean,
      weight * first.variance + rest * second.variance + weight * rest * difference * difference
    )
  }
}
