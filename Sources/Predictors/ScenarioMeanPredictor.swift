public import Magnet

/// Predicts the mean of the known scores of the same scenario. A baseline.
///
///     ŷ = mean over models m of y_ms
///
/// All that is known of a model of which nothing is; with an instance or a score of the model's own, take `AutoPredictor` or
/// `RidgeOnOthersPredictor`. Mean absolute error on HELM Lite (83 models, six scenarios; arXiv 2506.07673): .146 for held-out
/// models, .283 for the strongest 30% predicted from the weaker half.
public final class ScenarioMeanPredictor: ScorePredictor {
  public override class var summary: String { "a run's score: the mean over models on the same scenario" }
  public override class var isBaseline: Bool { true }
  public override class var dependence: Dependence { .none }

  public override var usesSample: Bool { false }

  public override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
    FixedEstimator(
      mean: try fold.scenarioMean(ofModels: { _ in true }), frontier: Frontier(fold))
  }
}
