public import Magnet

/// Predicts the mean of the instances seen. Learns nothing of other runs, and so fails nowhere: what a few-sample
/// estimate must beat.
///
///     ŷ = x̄_S
///
/// The interval is for the score on these N instances, not on the population of all questions. For scores of 0 and 1
/// it is Wilson's with finite-population correction, else ŷ ± t_{n-1} · s/√n · √((N-n)/N).
public final class SampleMeanPredictor: ScorePredictor {
  public override func fit(_ fold: ScoreFold) -> any ScoreEstimator {
    SampleMeanEstimator(population: fold.columns.count)
  }
}

/// The mean of the sample, with its interval.
struct SampleMeanEstimator: ScoreEstimator {
  /// How many instances the score is over.
  let population: Int

  func estimate(_ sample: ObservedSample) -> Estimate? {
    let known = sample.known
    let n = known.count
    guard let mean = known.mean else { return nil }
    let left = max(0, 1 - Double(n) / Double(population))
    let squares = known.scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    // Where all are right, or all wrong, the sample says nothing of the spread: one more of each is put to it.
    let share = (mean * Double(n) + 1) / Double(n + 2)
    let variance = squares == 0 && known.isBinary ? share * (1 - share) : squares / Double(max(1, n - 1))
    let stddev = (variance * left / Double(n)).squareRoot()
    if known.isBinary {
      return Estimate(mean: mean, stddev: stddev) {
        Interval.wilson(right: mean * Double(n), count: n, population: population, coverage: $0)
          ?? Interval(lower: mean, upper: mean)
      }
    }
    guard n > 1 else { return Estimate(mean: mean) }
    return Estimate(mean: mean, stddev: stddev) {
      let half = StudentT.quantile(0.5 + $0 / 2, degrees: Double(n - 1)) * stddev
      return Interval(lower: mean - half, upper: mean + half)
    }
  }

  func probabilities(_ sample: ObservedSample) -> [Double]? {
    guard let mean = sample.known.mean else { return nil }
    return Array(repeating: mean, count: population)
  }
}
