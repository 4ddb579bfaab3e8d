import Magnet
import RealModule

/// Kernel regression on the training runs that have all instances of the target run, as `NearestModelsPredictor`, with squared
/// differences, which are the same where scores are 0 or 1:
///
///     w_m ∝ exp(-h · mean over S of (x_j - x_mj)²)      ŷ = (Σ_S x_j + Σ_m w_m Σ_rest x_mj) / N
struct Likeness: Sendable {
  /// A bandwidth h, with what it came to on the training runs.
  struct Fit: Sendable {
    var bandwidth: Int
    /// The mean squared error as a share of ŷ(1 - ŷ).
    var dispersion = 0.0

    /// An estimate, and its variance.
    func moments(_ estimate: Double) -> (mean: Double, variance: Double) {
      (estimate, dispersion * max(0, estimate * (1 - estimate)))
    }
  }

  /// The least bandwidth; each of the others is twice the one before.
  private static let least = 5.0
  private static let bandwidths = 4
  /// Fewer runs say nothing of another.
  private static let leastRuns = 8

  /// The runs' rows in the matrix.
  let rows: [Int]
  /// For each run its scores by column of the matrix, and their sum over the instances to be predicted.
  private let scores: [[Double]]
  private let sums: [Double]
  private let count: Double

  /// Nil where there are too few runs.
  init?(_ fold: ScoreFold) {
    // By name, so that the order of runs is nothing.
    rows = fold.wholeRows.sorted { fold.matrix.runs[$0].name < fold.matrix.runs[$1].name }
    guard rows.count >= Self.leastRuns else { return nil }
    scores = rows.map { row in fold.matrix.instances.indices.map { fold.matrix[row, $0] } }
    sums = scores.map { row in fold.columns.reduce(0) { $0 + row[$1] } }
    count = Double(fold.columns.count)
  }

  /// The bandwidth under which the runs' scores on some instances say most of their score; each estimated from the others.
  func fit(_ columns: [Int]) -> Fit {
    let errors = (0..<Self.bandwidths).map { bandwidth in
      zip(leftOut(columns, bandwidth), sums).reduce(0) { $0 + abs($1.0 - $1.1 / count) }
    }
    return Fit(bandwidth: errors.indices.min { errors[$0] < errors[$1] } ?? 0)
  }

  /// The estimate of each run from its scores on some instances and from the other runs.
  func leftOut(_ columns: [Int], _ bandwidth: Int) -> [Double] {
    let width = columns.count
    let seen = scores.flatMap { row in columns.map { row[$0] } }
    let runs = scores.indices
    let norms = runs.map { dotProduct(seen, $0 * width, seen, $0 * width, count: width) }
    let parts = runs.map { run in seen[run * width..<(run + 1) * width].reduce(0, +) }
    let rests = zip(sums, parts).map { $0 - $1 }
    let weighing = Weighing(bandwidth, width)
    var totals = Array(repeating: 0.0, count: runs.count)
    var weights = totals
    for i in runs {
      var (total, sum) = (0.0, 0.0)
      for k in 0..<i {
        let product = dotProduct(seen, i * width, seen, k * width, count: width)
        let weight = weighing(norms[i] + norms[k] - 2 * product)
        total += weight * rests[k]
        sum += weight
        totals[k] += weight * rests[i]
        weights[k] += weight
      }
      totals[i] += total
      weights[i] += sum
    }
    return runs.map { (parts[$0] + totals[$0] / weights[$0]) / count }
  }

  /// The estimate from a sample, and its variance.
  func moments(_ sample: KnownSample, _ fit: Fit) -> (mean: Double, variance: Double) {
    let weighing = Weighing(fit.bandwidth, sample.count)
    var (total, weights) = (0.0, 0.0)
    for (sum, row) in zip(sums, scores) {
      var (rest, distance) = (sum, 0.0)
      for (column, score) in zip(sample.columns, sample.scores) {
        let difference = row[column] - score
        rest -= row[column]
        distance += difference * difference
      }
      let weight = weighing(distance)
      total += weight * rest
      weights += weight
    }
    return fit.moments((sample.scores.reduce(0, +) + total / weights) / count)
  }

  /// The weight of a run by its distance from another, the sum of squared differences.
  private struct Weighing {
    private let factor: Double
    /// Those of whole distances, as they all are between scores of 0 and 1.
    private let whole: [Double]

    init(_ bandwidth: Int, _ width: Int) {
      factor = -Likeness.least * Double(1 << bandwidth) / Double(width)
      whole = (0...width).map { [factor] in Double.exp(factor * Double($0)) }
    }

    func callAsFunction(_ distance: Double) -> Double {
      guard let place = Int(exactly: distance), whole.indices.contains(place) else {
        return Double.exp(factor * distance)
      }
      return whole[place]
    }
  }
}

/// What estimates by likeness from samples of the training runs came to.
struct LikenessTrials {
  private let likeness: Likeness
  private let places: [Int: Int]
  private var fit: Likeness.Fit?
  /// One for each trial; nil where the run lacks instances.
  private var estimates: [Double?] = []

  private static let largestWeight = 0.5

  init(_ likeness: Likeness) {
    self.likeness = likeness
    places = Dictionary(uniqueKeysWithValues: likeness.rows.enumerated().map { ($1, $0) })
  }

  /// Adds a trial of each of these runs on the same instances.
  mutating func add(_ columns: [Int], rows: [Int]) {
    let places = rows.map { self.places[$0] }
    if places.allSatisfy({ $0 == nil }) {
      estimates += rows.map { _ in nil }
      return
    }
    // The bandwidth is looked for once: that takes as long as four samples.
    let fit = self.fit ?? likeness.fit(columns)
    self.fit = fit
    let leftOut = likeness.leftOut(columns, fit.bandwidth)
    estimates += places.map { $0.map { leftOut[$0] } }
  }

  /// The trials with the estimates by likeness weighed in, as much as would have been best; nil where that is not at all.
  func weighed(with trials: [TrainingTrials.WeighedTrial]) -> (
    fit: Likeness.Fit, weight: Double, trials: [TrainingTrials.WeighedTrial]
  )? {
    let known = zip(estimates, trials).compactMap { estimate, trial in
      estimate.map { (first: $0, second: trial.estimate, actual: trial.actual) }
    }
    let spread = known.reduce(0) { $0 + $1.first * (1 - $1.first) }
    guard var fit, spread > 0, let best = PairedTrial.bestWeight(known), best > 0 else { return nil }
    fit.dispersion = known.reduce(0) { $0 + ($1.first - $1.actual) * ($1.first - $1.actual) } / spread
    let weight = min(Self.largestWeight, best)
    let pooled = zip(estimates, trials).map { estimate, trial in
      guard let estimate else { return trial }
      var pooled = trial
      (pooled.estimate, pooled.variance) = PairedTrial.pooled(
        fit.moments(estimate), (trial.estimate, trial.variance), weight)
      return pooled
    }
    return (fit, weight, pooled)
  }
}
