public import Magnet

/// Predicts a run's score from some of its instances by its model's ability, in the item response model of Rasch, where
/// instances differ in difficulty alone (Rasch 1960):
///
///     P_j(θ) = 1 / (1 + exp(-(a θ + d_j)))      ŷ = Σ_θ w(θ) (Σ_S x_j + Σ_rest P_j(θ)) / N
///
/// w is the posterior of the ability; `TwoParameterPredictor` says how it and the interval are found, and learns more from 20
/// runs or more. For fewer runs, whose answers do not tell discriminations apart. Not where instances do not follow one
/// ability. Mean absolute error from 10, 25, 50 and 100 instances on HELM Lite (83 models, six scenarios; arXiv 2506.07673):
/// .074 .050 .037 .025 for held-out models, .068 .046 .034 .023 for the strongest 30% predicted from the weaker half; its 95%
/// intervals cover .952 to .968.
public final class RaschPredictor: ScorePredictor {
  public override class var summary: String {
    "a run's score: from its model's ability, instances differing in difficulty"
  }

  private var fits = ItemResponseFits(.rasch)

  public override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator { try fits.estimator(fold) }
}
