public import Magnet

/// Predicts a run's score by a ridge regression on its sample, fitted on the training runs' scores on the same
/// instances: "Random-Sampling-Learn" of arXiv 2506.07673.
///
///     ŷ = b + Σ_S w_j x_j      min Σ_m (y_m - b - Σ_S w_j x_mj)² + penalty · |w|²
///
/// y_m is a training run's score on all N instances; the penalty is 0.1, 1, 10 or 100 by leave-one-out error, which also
/// gives the interval. There is none where the sample does not rule out a model
/// beyond 90% of those learned from. A score that a training run does not have counts as the instance's mean. Scores from 0 to 1 give
/// an estimate from 0 to 1.
///
/// Limits: among the best from few instances within the cloud of models learned from, and far off for models beyond
/// (see `isExtrapolated`). Needs at least 3 training runs and an instance seen.
public final class SampleRidgePredictor: ScorePredictor {
  public override class var name: String { "ridge" }
  public override class var summary: String {
    "a run's score: from its sample, by regression over the other runs"
  }

  public override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
    SampleRidgeEstimator(runs: try FilledRuns(fold, atLeast: 3), frontier: Frontier(fold))
  }
}

private struct SampleRidgeEstimator: ScoreEstimator {
  let runs: FilledRuns
  let frontier: Frontier

  func estimate(_ sample: ObservedSample) -> Estimate? {
    let known = sample.known
    let rows = runs.scores.flatMap { row in known.columns.map { row[$0] } }
    guard known.count > 0,
      let ridge = RidgeRegression(
        features: rows, targets: runs.sums.map { $0 / Double(runs.columns.count) },
        penalties: [0.1, 1, 10, 100])
    else { return nil }
    let variance = ridge.leaveOneOut.reduce(0) { $0 + $1 * $1 } / Double(ridge.leaveOneOut.count)
    return learned(
      ridge.value(at: known.scores), isShare: known.isShare, variance: variance,
      runs: runs.scores.count, population: runs.columns.count, sample: sample, frontier: frontier)
  }
}

/// An estimate from what was learned from so many training runs, its error's variance that among them. It has no interval
/// where the run may be beyond them: errors among the training runs say nothing of errors there.
func learned(
  _ score: Double, isShare: Bool, variance: Double, runs: Int, population: Int, sample: ObservedSample,
  frontier: Frontier
) -> Estimate {
  let isExtrapolated = frontier.isPassed(by: sample)
  if frontier.mayBePassed(by: sample.known, population: population) {
    var estimate = Estimate(mean: isShare ? min(1, max(0, score)) : score, isExtrapolated: isExtrapolated)
    estimate.notes = [
      "no interval: the sample does not rule out a model stronger than 90% of those learned from, where errors are larger"
    ]
    return estimate
  }
  let degrees = max(1, runs - 1)
  if isShare {
    return shareEstimate(score, variance: variance, degrees: degrees, isExtrapolated: isExtrapolated)
  }
  let stddev = variance.squareRoot()
  return Estimate(mean: score, stddev: stddev, isExtrapolated: isExtrapolated) {
    let half = StudentT.quantile(0.5 + $0 / 2, degrees: Double(degrees)) * stddev
    return Interval(lower: score - half, upper: score + half)
  }
}
