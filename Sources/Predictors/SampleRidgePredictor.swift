public import Magnet

/// Predicts a run's score by a ridge regression on its sample, fitted on the training runs' scores on the same
/// instances: "Random-Sampling-Learn" of arXiv 2506.07673.
///
///     ŷ = b + Σ_S w_j x_j      min Σ_m (y_m - b - Σ_S w_j x_mj)² + penalty · |w|²
///
/// y_m is a training run's score on all N instances; the penalty is 0.1, 1, 10 or 100 by leave-one-out error. There is
/// no interval, and a note says why (`noIntervalByLikeness`). A score that a training run does not have counts as the instance's mean. Scores from 0 to 1 give
/// an estimate from 0 to 1.
///
/// Limits: among the best from few instances within the cloud of models learned from, and far off for models beyond
/// (see `isExtrapolated`). Needs at least 3 training runs and an instance seen. For models that are surely like those known,
/// such as fine-tuned ones. Mean absolute error from 10, 25, 50 and 100 instances on HELM Lite (83 models, six scenarios):
/// .067 .047 .035 .025 for held-out models, .132 .108 .091 .074 for the strongest 30% predicted from the weaker half.
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
    return learned(
      ridge.value(at: known.scores), isShare: known.isShare, sample: sample, frontier: frontier)
  }
}

/// Why methods by likeness give no interval. Errors among the training runs give one that holds for runs like these (93 to
/// 95% of HELM Lite's held-out models); of the strongest models, predicted from the weaker half, it covered 45 to 65%, and
/// a few instances cannot tell which of the two a model is. Backtests add conformal intervals, from errors on other models.
let noIntervalByLikeness =
  "no interval: errors among the runs learned from say nothing of a stronger model's, which a sample cannot rule out"

/// An estimate by likeness to the training runs.
func learned(_ score: Double, isShare: Bool, sample: ObservedSample, frontier: Frontier) -> Estimate {
  Estimate(
    mean: isShare ? min(1, max(0, score)) : score, isExtrapolated: frontier.isPassed(by: sample),
    withoutInterval: noIntervalByLikeness)
}
