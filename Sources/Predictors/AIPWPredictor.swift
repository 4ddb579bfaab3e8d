public import Magnet

/// Predicts a run's score from some of its instances, each corrected by what the training runs' scores on it say.
///
/// A ridge regression g is fitted on the sample S of n, from the training runs' scores on an instance to the score of
/// the target run; its penalty of 1, 10, 100, 1000 by leave-one-out error:
///
///     ŷ = x̄_S + ḡ - ḡ_S
///
/// means of g over all N instances and over the sample. This is the augmented inverse-probability-weighted estimate
/// (arXiv 2506.07673, there ḡ_rest + (x̄_S - ḡ_S) (N-n)/N for the population the instances are from) for the score on
/// these N instances, of which n are known. With fewer than 3 instances, or none to learn from it is the sample's mean.
///
/// The interval is that of `ControlVariatePredictor`, with t of n - 1 degrees of freedom and (n-1)/n times the variance of the
/// leave-one-out errors, which is that of the sample where the regression says nothing. These errors are few, and of the
/// penalty that makes them least; with 8 training runs and more, the variance v of errors on training runs counts as 7
/// degrees of freedom more (`TrainingTrials`), each run predicted from the others and random samples of n, both variances as
/// shares of that of a single score:
///
///     s² ← ((n - 1) s² + 7 v) / (n + 6)      v = Σ (ŷ - y)² / Σ y(1 - y)
///
/// Where the run may be stronger than those learned from, v is also that of the strongest 30%, predicted from the weaker
/// half (`FrontierTrials`), where this is more. A score that a training run does not have counts as the instance's mean.
///
/// Limits: assumes the instances seen were drawn at random; each estimate solves systems of min(n, training runs)
/// equations. For 50 instances and more, and for scenarios whose instances follow no single ability, such as GLUE's; from
/// fewer, `AutoPredictor` weighs it with an item response model. Mean absolute error from 10, 25, 50 and 100 instances on
/// HELM Lite (83 models, six scenarios; arXiv 2506.07673): .091 .054 .037 .024 for held-out models, .090 .055 .036 .024 for
/// the strongest 30% predicted from the weaker half; its 95% intervals cover .943 to .960, and .974 from 10 instances of
/// held-out models. On seven other benchmarks they cover .926 to .988, but from 10 and 25 instances of ifeval's strongest
/// models .902 to .940.
public final class AIPWPredictor: ScorePredictor {
  public override class var name: String { "aipw" }
  public override class var summary: String {
    "a run's score: its sample's mean, corrected by a regression on the other runs"
  }

  public override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
    try AIPWEstimator(fold, intervals: (TrainingTrials(fold), FrontierTrials(nil, fold)))
  }
}

struct AIPWEstimator: ScoreEstimator {
  /// For each training run its scores on all columns of the matrix.
  let rows: [[Double]]
  /// The training runs' means over all instances.
  let means: [Double]
  let population: Int
  let frontier: Frontier
  /// What tells how far intervals are off; nil where they are as the regression says, as those of scores that are not from
  /// 0 to 1.
  private let intervals: (trials: TrainingTrials, beyond: FrontierTrials)?

  /// - Throws: `MagnetError` where there is no run to learn from.
  /// - Parameter frontier: the fold's, where it is known.
  init(
    _ fold: ScoreFold, frontier: Frontier? = nil,
    intervals: (trials: TrainingTrials, beyond: FrontierTrials)? = nil
  ) throws {
    guard let means = fold.filledItemMeans else { throw MagnetError(.unsupported, noRunToLearnFrom(fold)) }
    let count = fold.matrix.instances.count
    rows = fold.train.map { row in
      var scores = Array(fold.matrix.values[row * count..<(row + 1) * count])
      for column in scores.indices where scores[column].isNaN { scores[column] = means[column] }
      return scores
    }
    if let intervals, rows.allSatisfy({ $0.allSatisfy { $0 >= 0 && $0 <= 1 } }) {
      self.intervals = intervals
    } else {
      self.intervals = nil
    }
    self.means = rows.map { scores in
      var sum = 0.0
      for column in fold.columns { sum += scores[column] }
      return sum / Double(max(1, fold.columns.count))
    }
    population = fold.columns.count
    self.frontier = frontier ?? Frontier(fold)
  }

  func estimate(_ sample: ObservedSample) -> Estimate? { estimate(sample, fit(sample.known)) }

  /// - Parameter fit: that of the sample's known scores.
  func estimate(_ sample: ObservedSample, _ fit: SharedRidge.Fit?) -> Estimate? {
    let known = sample.known
    guard let fit else {
      return SampleMeanEstimator(population: population).estimate(sample).map {
        var estimate = $0
        estimate.isExtrapolated = frontier.isPassed(by: sample)
        return estimate
      }
    }
    return corrected(
      fit.value, known, population: population, variance: Self.variance(fit.squares, known),
      degrees: known.count - 1, isExtrapolated: frontier.isPassed(by: sample),
      expected: sample.isAdaptive ? nil : expected(known))
  }

  /// The regression; nil where the estimate is the sample's mean.
  func fit(_ sample: KnownSample) -> SharedRidge.Fit? {
    sample.count < 3
      ? nil
      : RidgeRegression(
        byFeature: features(sample.columns), targets: sample.scores, penalties: Self.penalties
      )?.fit(at: means)
  }

  /// The intercept bears no penalty: the mean of g over the sample is the sample's mean. Leave-one-out errors allow for
  /// what was fitted already.
  private static func variance(_ squares: Double, _ sample: KnownSample) -> Double {
    let n = Double(sample.count)
    return squares / n * (n - 1) / n
  }

  /// The variance that errors on other runs had from so many instances, as a share of that of a single score.
  private func expected(_ sample: KnownSample) -> Double? {
    guard let (trials, beyond) = intervals, sample.isShare else { return nil }
    let known = trials.unbiased(sample.count, self)
    guard frontier.isInReach(of: sample, dispersion: 1), let other = beyond.unbiased(sample.count) else {
      return known
    }
    return max(known ?? 0, other)
  }

  /// The variance of estimates of these scores as a share of that of a single score, nil for fewer than `leastErrors`.
  static func expectedShare(_ errors: [(mean: Double, actual: Double)]) -> Double? {
    guard errors.count >= leastErrors else { return nil }
    var squares = 0.0
    var single = 0.0
    for (mean, actual) in errors {
      squares += (mean - actual) * (mean - actual)
      single += actual * (1 - actual)
    }
    return single > 0 ? squares / single : nil
  }

  /// Errors of fewer runs say less than the sample's.
  private static let leastErrors = 48

  static let penalties = [1.0, 10, 100, 1000]
  static let middlePenalties = [10.0, 100]

  /// The estimates, with their variances, for training runs from their scores on some columns, each as if it were not
  /// learned from; to be quick, only the two middle penalties are tried.
  /// - Parameter samples: all of the same columns, with the runs' places in `rows`.
  func leftOut(
    _ samples: [(place: Int, sample: KnownSample)], penalties: [Double] = middlePenalties
  ) -> [(mean: Double, variance: Double)] {
    guard let columns = samples.first?.sample.columns else { return [] }
    let fits = ridge(columns).fitsOfFeatures(penalties: penalties)
    return samples.map { moments(fits[$0.place], $0.sample) }
  }

  /// The estimates, with their variances, for runs that have these samples, all of the same columns.
  func estimates(_ samples: [KnownSample]) -> [(mean: Double, variance: Double)] {
    guard let columns = samples.first?.columns else { return [] }
    let fits = ridge(columns).fits(of: samples.map(\.scores), penalties: Self.penalties)
    return zip(fits, samples).map { moments($0, $1) }
  }

  private func ridge(_ columns: [Int]) -> SharedRidge {
    SharedRidge(byFeature: features(columns), rows: columns.count, at: means)
  }

  /// The estimate without its interval, and its variance.
  func moments(_ fit: SharedRidge.Fit?, _ sample: KnownSample) -> (mean: Double, variance: Double) {
    let variance = fit.map { Self.variance($0.squares, sample) } ?? 0
    return (
      fit.map { min(1, max(0, $0.value)) } ?? sample.mean ?? 0,
      finiteVariance(variance, of: sample, population: population)
    )
  }

  /// The training runs' scores on some columns, run by run.
  private func features(_ columns: [Int]) -> [Double] {
    var features: [Double] = []
    features.reserveCapacity(rows.count * columns.count)
    for scores in rows { for column in columns { features.append(scores[column]) } }
    return features
  }
}
