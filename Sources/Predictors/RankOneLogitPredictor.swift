public import Magnet

/// Predicts a run's score from the table of all runs' scores, by the levels of models and scenarios and one factor:
/// low-rank matrix completion of log odds (cf. observational scaling laws, arXiv 2405.10938; CPP, 2407.01300).
///
///     logit ŷ_ms = μ_s + α_m + u_m v_s
///
/// fitted by alternating ridge regressions, 40 rounds from u = α and v = 0.1, the penalty on α² a third of that on u²
/// and v². That is 0.1, 0.3, 1 or 3: the one with the least error in five-fold cross-validation over the models known on
/// the scenario to be predicted, whose errors also give the interval. Scores of 0 and 1 count as half an instance
/// within.
///
/// Without another score of the model it is the mean over models on the scenario, and a note says so.
///
/// Limits: takes scenarios whose scores are from 0 to 1, with the same perturbation or none. Of the completions the one that
/// errs least for models beyond those known: take it there, else `RidgeOnOthersPredictor`. Mean absolute error on HELM Lite
/// (83 models, six scenarios; arXiv 2506.07673): .060, its 95% intervals cover .964; on made runs (Benchmarks/make_scores.py)
/// .081 (ridge-on-others .084).
public final class RankOneLogitPredictor: ScorePredictor {
  public override class var name: String { "rank-1-logit" }
  public override class var summary: String {
    "a run's score: from the table of models and scenarios, by its levels and a factor"
  }

  public override var usesSample: Bool { false }

  private static let penalties = [0.1, 0.3, 1, 3]
  private static let folds = 5

  public override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
    let board = try LogitBoard(fold)
    guard board.knownOthers > 0 else { return try withoutOthers(fold) }
    // By name, so that the order of runs is nothing.
    let train = board.train.sorted { board.models[$0] < board.models[$1] }
    var best = (squares: Double.infinity, penalty: 1.0)
    if train.count > 2 {
      for penalty in Self.penalties {
        var squares = 0.0
        for part in 0..<min(Self.folds, train.count) {
          let held = stride(from: part, to: train.count, by: Self.folds).map { train[$0] }
          var values = board.values
          for row in held { values[row][0] = .nan }
          let fit = RankOneFit(values, penalty: penalty)
          for row in held {
            let error = fit.value(row, 0) - board.values[row][0]
            squares += error * error
          }
        }
        if squares < best.squares { best = (squares, penalty) }
      }
    }
    let isKnown = best.squares.isFinite
    return CompletedEstimator(
      logit: RankOneFit(board.values, penalty: best.penalty).value(board.target, 0),
      stddev: isKnown ? (best.squares / Double(train.count)).squareRoot() : .nan,
      degrees: isKnown ? train.count - 1 : 0, isExtrapolated: isBeyond(board, AdditiveFit(board.values)))
  }
}

/// μ_s + α_m + u_m v_s, fitted to a matrix with gaps.
private struct RankOneFit {
  private var levels: AdditiveFit
  private var models: [Double]
  private var scenarios: [Double]

  init(_ values: [[Double]], penalty: Double) {
    levels = AdditiveFit(values)
    models = levels.models
    scenarios = Array(repeating: 0.1, count: levels.scenarios.count)
    for _ in 0..<40 {
      for column in scenarios.indices {
        let line = Self.line(
          values.indices.map { (models[$0], values[$0][column] - levels.models[$0]) }, penalties: (0, penalty)
        )
        if let line { (levels.scenarios[column], scenarios[column]) = line }
      }
      for row in models.indices {
        let line = Self.line(
          scenarios.indices.map { (scenarios[$0], values[row][$0] - levels.scenarios[$0]) },
          penalties: (penalty / 3, penalty))
        if let line { (levels.models[row], models[row]) = line }
      }
    }
  }

  func value(_ row: Int, _ column: Int) -> Double {
    levels.scenarios[column] + levels.models[row] + models[row] * scenarios[column]
  }

  /// The intercept and slope of y on x under penalties on their squares; nil where no y is known.
  private static func line(_ points: [(x: Double, y: Double)], penalties: (Double, Double)) -> (
    Double, Double
  )? {
    var n = penalties.0
    var sums = (x: 0.0, y: 0.0, xx: penalties.1, xy: 0.0)
    for (x, y) in points where !y.isNaN {
      n += 1
      sums.x += x
      sums.y += y
      sums.xx += x * x
      sums.xy += x * y
    }
    let determinant = n * sums.xx - sums.x * sums.x
    guard n > penalties.0, determinant > 0 else { return nil }
    return (
      (sums.xx * sums.y - sums.x * sums.xy) / determinant, (n * sums.xy - sums.x * sums.y) / determinant
    )
  }
}
