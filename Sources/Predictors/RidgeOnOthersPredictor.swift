public import Magnet

/// Predicts a run's score from its model's scores on other scenarios, by what these say of other models' scores: scenario
/// completion from the table of runs' scores alone (cf. CPP, arXiv 2407.01300).
///
///     logit ŷ = b + Σ_s w_s logit y_ms      over scenarios s on which the model is known
///
/// A ridge regression over the models known on the scenario to be predicted, its penalty 0.1, 0.3, 1, 3, 10 or 30 by
/// leave-one-out error; these errors give the interval, t of so many models less one. Gaps are filled by μ_s + α_m, the
/// levels of scenario and model. Scores of 0 and 1 count as half an instance within.
///
/// Without another score of the model it is the mean over models on the scenario, and a note says so; from fewer than
/// 3 models it is μ_s + α_m.
///
/// Limits: takes scenarios whose scores are from 0 to 1, with the same perturbation or none. Extrapolates in a straight line
/// for models beyond those known. For a model that has run other scenarios but not this one; with instances of this one take
/// `AutoPredictor`, which uses both. Mean absolute error on HELM Lite (83 models, six scenarios; arXiv 2506.07673): .057 (the
/// mean over models .146; `RankOneLogitPredictor` .060), its 95% intervals cover .951.
public final class RidgeOnOthersPredictor: ScorePredictor {
  public override class var summary: String {
    "a run's score: from its model's scores on other scenarios, by regression"
  }

  public override var usesSample: Bool { false }

  public override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
    let board = try LogitBoard(fold)
    guard board.knownOthers > 0 else { return try withoutOthers(fold) }
    return completed(board).estimator
  }

  /// What the regression says of the target's model and, where there is one, of each model learned from if it were not.
  func completed(_ board: LogitBoard) -> (
    estimator: CompletedEstimator, leftOut: [String: CompletedEstimator]
  ) {
    let train = board.train
    let levels = AdditiveFit(board.values)
    let others = board.values[board.target].indices.filter { $0 > 0 && !board.values[board.target][$0].isNaN }
    func features(_ row: Int) -> [Double] {
      others.map {
        board.values[row][$0].isNaN ? levels.scenarios[$0] + levels.models[row] : board.values[row][$0]
      }
    }
    let isBeyond = isBeyond(board, levels)
    guard train.count >= 3,
      let ridge = RidgeRegression(
        features: train.flatMap(features), targets: train.map { board.values[$0][0] },
        penalties: [0.1, 0.3, 1, 3, 10, 30])
    else {
      let levels = CompletedEstimator(
        logit: levels.scenarios[0] + levels.models[board.target], stddev: .nan, degrees: 0,
        isExtrapolated: isBeyond)
      return (levels, [:])
    }
    let squares = ridge.leaveOneOut.reduce(0) { $0 + $1 * $1 }
    func estimator(_ logit: Double, isExtrapolated: Bool) -> CompletedEstimator {
      CompletedEstimator(
        logit: logit, stddev: (squares / Double(train.count)).squareRoot(), degrees: train.count - 1,
        isExtrapolated: isExtrapolated)
    }
    let leftOut = zip(train, ridge.leaveOneOut).map { row, error in
      (board.models[row], estimator(board.values[row][0] - error, isExtrapolated: false))
    }
    return (
      estimator(ridge.value(at: features(board.target)), isExtrapolated: isBeyond),
      Dictionary(leftOut, uniquingKeysWith: { first, _ in first })
    )
  }
}

extension ScorePredictor {
  /// The fallback where no other score of the model is known.
  func withoutOthers(_ fold: ScoreFold) throws -> any ScoreEstimator {
    FixedEstimator(
      mean: try fold.scenarioMean { _ in true }, frontier: nil,
      notes: [
        "no other score of \(fold.model) is known to complete from; the mean over models on the scenario is "
          + "predicted"
      ])
  }

  /// Whether the level of the target model is above the 90% quantile of those learned from.
  func isBeyond(_ board: LogitBoard, _ levels: AdditiveFit) -> Bool {
    board.train.map { levels.models[$0] }.quantile(0.9).map { levels.models[board.target] > $0 } ?? false
  }
}
