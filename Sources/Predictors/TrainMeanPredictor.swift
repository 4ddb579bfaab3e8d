public import Magnet

/// Predicts the mean of all known scores, of every model on every scenario: the least that can be
/// known. A baseline.
///
///     ŷ = mean over all models m and scenarios s of y_ms
///
/// Not for predicting: a method that does not beat it has learned nothing. Mean absolute error on HELM Lite (83 models, six
/// scenarios; arXiv 2506.07673): .169 for held-out models, .283 for the strongest 30% predicted from the weaker half.
public final class TrainMeanPredictor: ScorePredictor {
  public override class var summary: String { "a run's score: the mean of all known scores" }
  public override class var isBaseline: Bool { true }
  public override class var dependence: Dependence { .none }

  public override var usesSample: Bool { false }

  public override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
    guard let score = fold.board.columns.indices.flatMap({ fold.knownScores(in: $0) }).map(\.score).mean()
    else {
      throw MagnetError(
        .insufficientData,
        "no score of \(fold.targetName.name) is known for any run but the one to predict; give more runs")
    }
    return FixedEstimator(mean: score, frontier: Frontier(fold))
  }
}
