import Magnet

/// Where the runs learned from end: a run whose sample has a mean above the 90% quantile of their scores is beyond
/// what a method learned. Methods by likeness to known models fail there (arXiv 2506.07673).
struct Frontier: Sendable {
  /// The quantile, interpolated linearly; nil when there is no run to learn from.
  let limit: Double?
  /// How many runs to learn from have a score.
  let runs: Int

  init(_ fold: ScoreFold) {
    let scores = fold.train.compactMap(fold.score(ofRow:))
    limit = scores.quantile(0.9)
    runs = scores.count
  }

  func isPassed(by sample: ObservedSample) -> Bool {
    guard let limit, let mean = sample.known.mean else { return false }
    return mean > limit
  }

  /// Whether the limit is below the upper end of the 90% interval (Wilson's) of the sample's mean.
  /// - Parameter dispersion: the variance of scores as a share of that of right-or-wrong ones.
  func isInReach(of sample: KnownSample, dispersion: Double) -> Bool {
    guard let limit, let mean = sample.mean, sample.isShare else { return false }
    let quantile = Normal.quantile(0.95)
    let square = quantile * quantile * dispersion / Double(sample.count)
    return Interval.wilson(share: mean, square: square).upper > limit
  }
}

extension ScoreFold {
  /// The score of a row of the matrix on the instances of the target run; nil when it has none of them.
  func score(ofRow row: Int) -> Double? {
    // A plain loop: lazy sequences are not specialized across modules, and this is where folds spent their time.
    var sum = 0.0
    var count = 0.0
    for column in columns {
      let value = matrix[row, column]
      if value.isNaN { continue }
      sum += value
      count += 1
    }
    return count > 0 ? sum / count : nil
  }

  /// For each column of the matrix the mean over the training runs, NaN where none has a score.
  var itemMeans: [Double] {
    var sums = Array(repeating: 0.0, count: matrix.instances.count)
    var counts = sums
    for row in train {
      for column in sums.indices {
        let value = matrix[row, column]
        if value.isNaN { continue }
        sums[column] += value
        counts[column] += 1
      }
    }
    return zip(sums, counts).map { $0 / $1 }
  }

  /// The known scores of a row of the matrix on the instances of the target run.
  func knownSample(ofRow row: Int) -> KnownSample {
    let known = columns.filter { !matrix[row, $0].isNaN }
    return KnownSample(columns: known, scores: known.map { matrix[row, $0] })
  }

  /// The training runs' rows that have a score on all of `columns`.
  var wholeRows: [Int] { train.filter { row in columns.allSatisfy { !matrix[row, $0].isNaN } } }

  /// Whether a training run has a score on any of `columns`.
  var hasScores: Bool { train.contains { row in columns.contains { !matrix[row, $0].isNaN } } }

  /// `itemMeans`, an item that no training run has counted as one of mean difficulty among `columns`; nil when no
  /// training run has any of them.
  var filledItemMeans: [Double]? {
    let means = itemMeans
    guard let middle = columns.lazy.map({ means[$0] }).filter({ !$0.isNaN }).mean() else { return nil }
    return means.map { $0.isNaN ? middle : $0 }
  }
}

extension ObservedSample {
  /// The instances whose score is a number.
  var known: KnownSample {
    guard scores.contains(where: \.isNaN) else { return KnownSample(columns: columns, scores: scores) }
    let kept = scores.indices.filter { !scores[$0].isNaN }
    return KnownSample(columns: kept.map { columns[$0] }, scores: kept.map { scores[$0] })
  }
}

/// The instances of a sample whose score is a number.
struct KnownSample {
  let columns: [Int]
  let scores: [Double]

  var count: Int { scores.count }
  /// Nil for an empty sample.
  var mean: Double? { scores.mean() }

  /// A random sample of so many of the instances.
  func drawn(_ count: Int, using random: inout SplitMix) -> KnownSample {
    var places = Array(columns.indices)
    for place in 0..<count { places.swapAt(place, Int.random(in: place..<places.count, using: &random)) }
    let kept = places.prefix(count)
    return KnownSample(columns: kept.map { columns[$0] }, scores: kept.map { scores[$0] })
  }

  /// Whether all scores are 0 or 1.
  var isBinary: Bool { scores.allSatisfy { $0 == 0 || $0 == 1 } }
  /// Whether all scores are from 0 to 1.
  var isShare: Bool { scores.allSatisfy { $0 >= 0 && $0 <= 1 } }
}

/// The same score whatever the sample.
struct FixedEstimator: ScoreEstimator {
  let mean: Double
  let frontier: Frontier?
  var notes: [String] = []

  func estimate(_ sample: ObservedSample) -> Estimate? {
    Estimate(mean: mean, isExtrapolated: frontier?.isPassed(by: sample) ?? false)
  }
}
