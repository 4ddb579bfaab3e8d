import Magnet
import Synchronization

/// How much an item response model is to be trusted beside an unbiased estimate, for each number of instances: learned from
/// the errors of both on random samples of the training runs. See `AutoPredictor`.
final class LearnedWeights: Sendable {
  private let model: ItemResponseEstimator
  /// For each training run, its known instances among those to be predicted and its scores on them.
  private let runs: [KnownSample]
  /// For each column of the matrix, the sum and the count of the training runs' scores.
  private let sums: [SIMD2<Double>]
  private let columns: [Int]
  private let found = Mutex<[Int: Double]>([:])

  /// How many samples of each run are looked at.
  private static let samples = 3
  /// Fewer runs are too few to learn from.
  private static let leastRuns = 4

  init(_ fold: ScoreFold, _ model: ItemResponseEstimator) {
    self.model = model
    columns = fold.columns
    var sums = Array(repeating: SIMD2<Double>.zero, count: fold.matrix.instances.count)
    // By name, so that the order of runs is nothing.
    let rows = fold.train.sorted { fold.matrix.runs[$0].name < fold.matrix.runs[$1].name }
    runs = rows.compactMap { row in
      for column in sums.indices where !fold.matrix[row, column].isNaN {
        sums[column] += SIMD2(fold.matrix[row, column], 1)
      }
      let known = fold.columns.filter { !fold.matrix[row, $0].isNaN }
      return known.isEmpty ? nil : KnownSample(columns: known, scores: known.map { fold.matrix[row, $0] })
    }
    self.sums = sums
  }

  /// The weight of the item response model for so many instances.
  func weight(_ count: Int) -> Double {
    if let weight = found.withLock({ $0[count] }) { return weight }
    let weight = learned(count)
    found.withLock { $0[count] = weight }
    return weight
  }

  private func learned(_ count: Int) -> Double {
    let most = 100 / (100 + Double(count))
    let longer = runs.filter { $0.count > count }
    guard longer.count >= Self.leastRuns else { return min(0.5, most) }
    var random = SplitMix(state: UInt64(count))
    var numerator = 0.0
    var denominator = 0.0
    for run in longer {
      let actual = run.mean ?? 0
      // Without the run itself.
      var means = Array(repeating: Double.nan, count: sums.count)
      for (column, score) in zip(run.columns, run.scores) {
        let rest = sums[column] - SIMD2(score, 1)
        if rest.y > 0 { means[column] = rest.x / rest.y }
      }
      let middle = run.columns.lazy.map { means[$0] }.filter { !$0.isNaN }.mean() ?? 0
      for column in run.columns where means[column].isNaN { means[column] = middle }
      let whole = run.columns.lazy.map { means[$0] }.mean() ?? 0
      for _ in 0..<Self.samples {
        var places = Array(run.columns.indices)
        for place in 0..<count { places.swapAt(place, Int.random(in: place..<places.count, using: &random)) }
        let kept = places.prefix(count)
        let sample = KnownSample(columns: kept.map { run.columns[$0] }, scores: kept.map { run.scores[$0] })
        let control = controlVariate(sample, difficulties: sample.columns.map { means[$0] }, whole: whole)
        let errors = (response: model.mean(sample) - actual, control: control - actual)
        let difference = errors.response - errors.control
        numerator -= errors.control * difference
        denominator += difference * difference
      }
    }
    return denominator > 0 ? min(most, max(0, numerator / denominator)) : min(0.5, most)
  }

  private func controlVariate(_ sample: KnownSample, difficulties: [Double], whole: Double) -> Double {
    guard let score = sample.mean, let middle = difficulties.mean() else { return 0 }
    var covariance = 0.0
    var variance = 0.0
    for (x, p) in zip(sample.scores, difficulties) {
      covariance += (x - score) * (p - middle)
      variance += (p - middle) * (p - middle)
    }
    return min(1, max(0, score + (variance < 1e-12 ? 0 : covariance / variance) * (whole - middle)))
  }
}
