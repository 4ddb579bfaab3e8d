public import Magnet

/// Predicts a run's score from some of its instances, corrected for how hard they happened to be.
///
/// The control variate is p_j, the mean score of instance j over the training runs, known for the sample S of n and
/// for all N instances; the slope λ is fitted on the sample:
///
///     ŷ = x̄_S + λ (p̄ - p̄_S)      λ = cov_S(x, p) / var_S(p)
///
/// This is PPI++ (Angelopoulos, Duchi, Zrnic 2023, arXiv 2311.01453) for a finite population, and the regression
/// estimator of survey sampling (Cochran 1977, chapter 7). λ is 0, the estimate the sample's mean, where n < 3 or all
/// instances seen are equally hard. An instance that no training run has counts as one of mean difficulty. Scores from
/// 0 to 1 give an estimate from 0 to 1.
///
/// The textbook's interval, t_{n-2} · s_e/√n · √((N-n)/N) with s_e² = Σ(residuals²)/(n-2), covers too little of scores
/// near 0 and 1 when n is small. For scores from 0 to 1 it is therefore Wilson's, of the effective sample size
/// n · x̄(1 - x̄)n/(n-1) / s_e² (at least n), with t_{n-2} and the finite-population factor; it is for the score on these
/// N instances.
///
/// Limits: assumes the instances seen were drawn at random. Never much worse than the sample's mean, also for models
/// beyond those learned from. For 3 to 20 other models, and for metrics that are not from 0 to 1; with more models
/// `AutoPredictor` needs fewer instances. Mean absolute error from 10, 25, 50 and 100 instances on HELM Lite (83 models, six
/// scenarios; arXiv 2506.07673): .098 .057 .039 .026 for held-out models, .088 .053 .036 .024 for the strongest 30% predicted
/// from the weaker half; its 95% intervals cover .947 to .960.
public final class ControlVariatePredictor: ScorePredictor {
  public override class var summary: String {
    "a run's score: its sample's mean, corrected for the difficulty of the sample"
  }

  public override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
    try ControlVariateEstimator(fold)
  }
}

struct ControlVariateEstimator: ScoreEstimator {
  /// p_j, for each column of the matrix.
  let itemMeans: [Double]
  /// p̄.
  let mean: Double
  /// N.
  let population: Int
  let frontier: Frontier
  var notes: [String] = []

  /// - Throws: `MagnetError` where there is no run to learn from.
  init(_ fold: ScoreFold, notes: [String] = []) throws {
    guard let means = fold.filledItemMeans else { throw MagnetError(.unsupported, noRunToLearnFrom(fold)) }
    itemMeans = means
    mean = fold.columns.map { means[$0] }.mean() ?? 0
    population = fold.columns.count
    frontier = Frontier(fold)
    self.notes = notes
  }

  func estimate(_ sample: ObservedSample) -> Estimate? {
    let known = sample.known
    let difficulties = known.columns.map { itemMeans[$0] }
    guard let score = known.mean, let sampleMean = difficulties.mean() else { return nil }
    var covariance = 0.0
    var variance = 0.0
    for (x, p) in zip(known.scores, difficulties) {
      covariance += (x - score) * (p - sampleMean)
      variance += (p - sampleMean) * (p - sampleMean)
    }
    let isFlat = known.count < 3 || variance < 1e-12
    let slope = isFlat ? 0 : covariance / variance
    let squares = zip(known.scores, difficulties).reduce(0) { sum, pair in
      let residual = pair.0 - score - slope * (pair.1 - sampleMean)
      return sum + residual * residual
    }
    return corrected(
      score + slope * (mean - sampleMean), known, population: population,
      variance: squares / Double(max(1, known.count - (isFlat ? 1 : 2))),
      degrees: known.count - (isFlat ? 1 : 2), isExtrapolated: frontier.isPassed(by: sample))
  }
}

/// The estimate of a finite population's mean with its interval.
/// - Parameters:
///   - estimate: ŷ.
///   - variance: the variance of the residuals, s_e².
///   - degrees: its degrees of freedom; with none the sample's own interval is taken.
///   - expected: the variance to be expected of the estimate for scores from 0 to 1, as a share of that of a single score.
func corrected(
  _ estimate: Double, _ sample: KnownSample, population: Int, variance: Double, degrees: Int,
  isExtrapolated: Bool, expected: Double? = nil
) -> Estimate {
  let n = Double(sample.count)
  let left = max(0, 1 - n / Double(population))
  guard sample.isShare else {
    let stddev = (variance * left / n).squareRoot()
    guard degrees > 0 else { return Estimate(mean: estimate, isExtrapolated: isExtrapolated) }
    return Estimate(mean: estimate, stddev: stddev, isExtrapolated: isExtrapolated) {
      let half = StudentT.quantile(0.5 + $0 / 2, degrees: Double(degrees)) * stddev
      return Interval(lower: estimate - half, upper: estimate + half)
    }
  }
  let share = min(1, max(0, estimate))
  var square = finiteShare(variance, of: sample, population: population)
  var degrees = Double(degrees)
  if let expected {
    square = (degrees * square + expectedDegrees * expected) / (degrees + expectedDegrees)
    degrees += expectedDegrees
  }
  return Estimate(mean: share, stddev: (spread(sample) * square).squareRoot(), isExtrapolated: isExtrapolated)
  {
    let quantile = degrees > 0 ? StudentT.quantile(0.5 + $0 / 2, degrees: degrees) : Normal.halfWidth($0)
    return Interval.wilson(share: share, square: quantile * quantile * square).whole(of: population)
  }
}

/// How many degrees of freedom the variance to be expected of an estimate counts as.
private let expectedDegrees = 7.0

/// The variance of residuals as a share of that of the scores from 0 to 1. Without residuals nothing is known of the error:
/// as if the estimate explained nothing.
private func shareOfSpread(_ variance: Double, _ sample: KnownSample) -> Double {
  guard variance > 1e-12, let mean = sample.mean, mean > 0, mean < 1 else { return 1 }
  return min(1, variance / spread(sample))
}

/// The variance of a single score from 0 to 1; where all of a sample are right or all are wrong, as if it had one of each more.
private func spread(_ sample: KnownSample) -> Double {
  let n = Double(sample.count)
  let mean = sample.mean ?? 0
  let smoothed = (mean * n + 1) / (n + 2)
  return mean > 0 && mean < 1 ? mean * (1 - mean) * n / max(1, n - 1) : smoothed * (1 - smoothed)
}

/// The variance of an estimate of a finite population's mean score from 0 to 1, from that of the residuals, as a share of
/// that of a single score.
private func finiteShare(_ variance: Double, of sample: KnownSample, population: Int) -> Double {
  let n = Double(sample.count)
  return shareOfSpread(variance, sample) * max(0, 1 - n / Double(population)) / n
}

/// The variance of an estimate of a finite population's mean score from 0 to 1, from that of the residuals.
func finiteVariance(_ variance: Double, of sample: KnownSample, population: Int) -> Double {
  spread(sample) * finiteShare(variance, of: sample, population: population)
}
