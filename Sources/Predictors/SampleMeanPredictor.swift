public import Magnet

/// Predicts the mean of the instances seen. Learns nothing of other runs, and so fails nowhere: what a few-sample
/// estimate must beat.
///
///     ŷ = x̄_S
///
/// The interval is for the score on these N instances, not on the population of all questions. For scores of 0 and 1
/// it is Wilson's with finite-population correction, for graded ones from 0 to 1 Wilson's of the effective sample size
/// (see `ControlVariatePredictor`) with t_{n-1}, for others ŷ ± t_{n-1} · s/√n · √((N-n)/N).
///
/// For scenarios that no other model has run; else others use the same instances better. Mean absolute error from 10, 25, 50
/// and 100 instances on HELM Lite (83 models, six scenarios; arXiv 2506.07673): .108 .067 .047 .031 for held-out models,
/// .096 .061 .042 .028 for the strongest 30% predicted from the weaker half; its 95% intervals cover .951 to .956.
public final class SampleMeanPredictor: ScorePredictor {
  public override class var summary: String { "a run's score: the mean of the instances seen" }
  public override class var isBaseline: Bool { true }

  public override func fit(_ fold: ScoreFold) -> any ScoreEstimator {
    SampleMeanEstimator(population: fold.columns.count)
  }
}

/// The mean of the sample, with its interval.
struct SampleMeanEstimator: ScoreEstimator {
  /// How many instances the score is over.
  let population: Int
  var notes: [String] = []

  func estimate(_ sample: ObservedSample) -> Estimate? {
    let known = sample.known
    let n = known.count
    guard let mean = known.mean else { return nil }
    let squares = known.scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    var estimate = corrected(
      mean, known, population: population, variance: squares / Double(max(1, n - 1)), degrees: n - 1,
      isExtrapolated: false)
    if known.isBinary {
      estimate.intervals = Estimate.coverages.compactMap {
        Interval.wilson(right: mean * Double(n), count: n, population: population, coverage: $0)
      }
    } else if n == 1 {
      // A single graded score says nothing of their spread.
      return Estimate(mean: mean)
    }
    return estimate
  }

  func probabilities(_ sample: ObservedSample) -> [Double]? {
    guard let mean = sample.known.mean else { return nil }
    return Array(repeating: mean, count: population)
  }
}
