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
/// leave-one-out errors, which is that of the sample where the regression says nothing.
/// A score that a training run does not have counts as the instance's mean.
///
/// Limits: assumes the instances seen were drawn at random; each estimate solves systems of min(n, training runs)
/// equations. For 50 instances and more, and for scenarios whose instances follow no single ability, such as GLUE's; from
/// fewer, `AutoPredictor` weighs it with an item response model. Mean absolute error from 10, 25, 50 and 100 instances on
/// HELM Lite (83 models, six scenarios; arXiv 2506.07673): .089 .054 .036 .024 for held-out models, .088 .053 .035 .023 for
/// the strongest 30% predicted from the weaker half; its 95% intervals cover .938 to .957, and .971 from 10 instances of
/// held-out models.
public final class AIPWPredictor: ScorePredictor {
  public override class var name: String { "aipw" }
  public override class var summary: String {
    "a run's score: its sample's mean, corrected by a regression on the other runs"
  }

  public override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
    try AIPWEstimator(fold)
  }
}

struct AIPWEstimator: ScoreEstimator {
  /// For each training run its scores on all columns of the matrix.
  let rows: [[Double]]
  /// The training runs' means over all instances.
  let means: [Double]
  let population: Int
  let frontier: Frontier

  /// - Throws: `MagnetError` where there is no run to learn from.
  /// - Parameter frontier: the fold's, where it is known.
  init(_ fold: ScoreFold, frontier: Frontier? = nil) throws {
    guard let means = fold.filledItemMeans else { throw MagnetError(.unsupported, noRunToLearnFrom(fold)) }
    let count = fold.matrix.instances.count
    rows = fold.train.map { row in
      var scores = Array(fold.matrix.values[row * count..<(row + 1) * count])
      for column in scores.indices where scores[column].isNaN { scores[column] = means[column] }
      return scores
    }
    self.means = rows.map { scores in
      var sum = 0.0
      for column in fold.columns { sum += scores[column] }
      return sum / Double(max(1, fold.columns.count))
    }
    population = fold.columns.count
    self.frontier = frontier ?? Frontier(fold)
  }

  func estimate(_ sample: ObservedSample) -> Estimate? {
    let known = sample.known
    guard known.count >= 3,
      let ridge = RidgeRegression(
        byFeature: features(known.columns), targets: known.scores, penalties: Self.penalties)
    else {
      return SampleMeanEstimator(population: population).estimate(sample).map {
        var estimate = $0
        estimate.isExtrapolated = frontier.isPassed(by: sample)
        return estimate
      }
    }
    // The intercept bears no penalty: the mean of g over the sample is the sample's mean. Leave-one-out errors allow for
    // what was fitted already.
    let squares = ridge.leaveOneOut.reduce(0) { $0 + $1 * $1 }
    return corrected(
      ridge.value(at: means), known, population: population, variance: Self.variance(squares, known),
      degrees: known.count - 1, isExtrapolated: frontier.isPassed(by: sample))
  }

  private static func variance(_ squares: Double, _ sample: KnownSample) -> Double {
    let n = Double(sample.count)
    return squares / n * (n - 1) / n
  }

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

  private func moments(_ fit: SharedRidge.Fit?, _ sample: KnownSample) -> (mean: Double, variance: Double) {
    guard let fit else { return (sample.mean ?? 0, finiteVariance(0, of: sample, population: population)) }
    return (
      min(1, max(0, fit.value)),
      finiteVariance(Self.variance(fit.squares, sample), of: sample, population: population)
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
