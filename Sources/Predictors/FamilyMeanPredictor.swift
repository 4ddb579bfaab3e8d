public import Magnet

/// Predicts the mean of the known scores of the same scenario over models of the same family, the model's name up to
/// its first `/`; where no such model is known, the mean over all. A baseline.
///
///     ŷ = mean over models m of the family of y_ms
///
/// For a new model of a family whose other models are known, before it has run; a family's small and large models are far
/// apart. Mean absolute error on HELM Lite (83 models, six scenarios; arXiv 2506.07673): .124 for held-out models, .208 for
/// the strongest 30% predicted from the weaker half.
public final class FamilyMeanPredictor: ScorePredictor {
  public override class var summary: String {
    "a run's score: the mean over models of the same family on the scenario"
  }
  public override class var isBaseline: Bool { true }
  public override class var dependence: Dependence { .family }

  public override var usesSample: Bool { false }

  public override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
    let family = modelFamily(fold.model)
    let hasFamily = fold.knownScores(in: fold.target.column).contains {
      modelFamily(fold.board.models[$0.model]) == family
    }
    return FixedEstimator(
      mean: try fold.scenarioMean { !hasFamily || modelFamily($0) == family }, frontier: Frontier(fold),
      notes: hasFamily
        ? []
        : ["no other model of \(family) is known on this scenario; the mean over all models is predicted"])
  }
}
