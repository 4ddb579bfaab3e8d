public import Magnet

/// Predicts the mean of all known scores, of every model on every scenario: the least that can be
/// known. A baseline.
///
///     ŷ = mean over all models m and scenarios s of y_ms
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

/// Predicts the mean of the known scores of the same scenario. A baseline.
///
///     ŷ = mean over models m of y_ms
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

/// Predicts the mean of the known scores of the same scenario over models of the same family, the model's name up to
/// its first `/`; where no such model is known, the mean over all. A baseline.
///
///     ŷ = mean over models m of the family of y_ms
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

extension ScoreFold {
  /// What is to be predicted.
  var targetName: MetricName { board.columns[target.column].name }

  /// The known scores of a column of the board, with the models' rows; none unless the column is of the perturbation to
  /// be predicted. Each scenario has a metric of its own.
  func knownScores(in column: Int) -> [(model: Int, score: Double)] {
    guard board.columns[column].name.perturbation == targetName.perturbation else { return [] }
    return board.models.indices.compactMap { model in
      let score = board[model, column]
      return score.isNaN || (model, column) == target ? nil : (model, score)
    }
  }

  /// The mean of the known scores of the scenario to be predicted over some models.
  func scenarioMean(ofModels isIncluded: (String) -> Bool) throws -> Double {
    let scores = knownScores(in: target.column).filter { isIncluded(board.models[$0.model]) }.map(\.score)
    guard let score = scores.mean() else {
      throw MagnetError(
        .insufficientData,
        "no score of \(board.columns[target.column].scenario) is known for any model but \(model); "
          + "give runs of other models on this scenario")
    }
    return score
  }
}
