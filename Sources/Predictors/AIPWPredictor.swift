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
/// The interval is that of `ControlVariatePredictor`, the variance of the residuals that of the leave-one-out errors.
/// A score that a training run does not have counts as the instance's mean.
///
/// Limits: assumes the instances seen were drawn at random; each estimate solves systems of min(n, training runs)
/// equations.
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
  /// The training runs' scores on each column of the matrix, column by column.
  let features: [Double]
  /// The training runs' means over all instances.
  let means: [Double]
  let population: Int
  let frontier: Frontier

  /// - Throws: `MagnetError` where there is no run to learn from.
  /// - Parameter frontier: the fold's, where it is known.
  init(_ fold: ScoreFold, frontier: Frontier? = nil) throws {
    guard let means = fold.filledItemMeans else { throw MagnetError(.unsupported, noRunToLearnFrom(fold)) }
    var features: [Double] = []
    features.reserveCapacity(fold.matrix.instances.count * fold.train.count)
    for column in fold.matrix.instances.indices {
      for row in fold.train {
        let value = fold.matrix[row, column]
        features.append(value.isNaN ? means[column] : value)
      }
    }
    let width = fold.train.count
    self.features = features
    self.means = (0..<width).map { run in
      fold.columns.map { features[$0 * width + run] }.mean() ?? 0
    }
    population = fold.columns.count
    self.frontier = frontier ?? Frontier(fold)
  }

  func estimate(_ sample: ObservedSample) -> Estimate? {
    let known = sample.known
    let width = means.count
    let rows = known.columns.flatMap { features[$0 * width..<($0 + 1) * width] }
    guard known.count >= 3,
      let ridge = RidgeRegression(features: rows, targets: known.scores, penalties: [1, 10, 100, 1000])
    else {
      return SampleMeanEstimator(population: population).estimate(sample).map {
        var estimate = $0
        estimate.isExtrapolated = frontier.isPassed(by: sample)
        return estimate
      }
    }
    // The intercept bears no penalty: the mean of g over the sample is the sample's mean.
    let squares = ridge.leaveOneOut.reduce(0) { $0 + $1 * $1 }
    return corrected(
      ridge.value(at: means), known, population: population, variance: squares / Double(known.count),
      degrees: known.count - 2, isExtrapolated: frontier.isPassed(by: sample))
  }
}
