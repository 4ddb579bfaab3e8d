public import Magnet

/// Predicts each instance by the share of the training runs that were right on it, and the run's score by their mean.
/// Uses nothing of the target run: what an instance-level predictor must beat.
///
///     p_j = mean over training runs m of x_mj      ŷ = mean over instances j of p_j
///
/// An instance that no training run has counts as one of mean difficulty.
///
/// For telling hard instances from easy ones, all models alike; for probabilities of a model's own answers take
/// `TwoParameterPredictor`. On HELM Lite (83 models, six scenarios; arXiv 2506.07673), families held out, its Brier score is
/// .175 and its expected calibration error .014 (2pl from 25 instances: .140); its error on runs' scores is that of
/// `ScenarioMeanPredictor`.
public final class ItemMeanPredictor: ScorePredictor {
  public override class var summary: String {
    "a run's score: the mean of its instances' mean scores over models"
  }
  public override class var isBaseline: Bool { true }
  public override class var dependence: Dependence { .none }

  public override var usesSample: Bool { false }

  public override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
    guard let means = fold.filledItemMeans, let score = fold.columns.map({ means[$0] }).mean() else {
      throw MagnetError(.unsupported, noRunToLearnFrom(fold))
    }
    return ItemMeanEstimator(
      score: FixedEstimator(mean: score, frontier: Frontier(fold)), means: fold.columns.map { means[$0] })
  }
}

/// Why a method that learns from the scores of single instances cannot.
func noRunToLearnFrom(_ fold: ScoreFold) -> String {
  (fold.train.isEmpty
    ? "there is no other run of the scenario to learn from"
    : "none of the \(fold.train.count) runs to learn from has a score on an instance of the run\(fold.model.isEmpty ? "" : " of " + fold.model)")
    + "; give runs of other models on the same instances"
}

private struct ItemMeanEstimator: ScoreEstimator {
  let score: FixedEstimator
  let means: [Double]

  func estimate(_ sample: ObservedSample) -> Estimate? { score.estimate(sample) }
  func probabilities(_ sample: ObservedSample) -> [Double]? { means }
}
