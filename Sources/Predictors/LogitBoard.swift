import Magnet

/// The scores of a board that can be compared with the target score, as log odds: one row per model, one column per
/// scenario, the target scenario first.
///
/// Scores of 0 and 1 are drawn in by half an instance: 1/(2N), N the instances of the target run, 100 where
/// that is not known.
struct LogitBoard: Sendable {
  /// NaN where nothing is known.
  var values: [[Double]]
  /// The row of the target model.
  let target: Int
  let models: [String]

  /// - Throws: `MagnetError` when a score of the scenario is not from 0 to 1, or no other model is known on the scenario.
  init(_ fold: ScoreFold) throws {
    _ = try fold.scenarioMean { _ in true }
    let margin = 0.5 / Double(fold.columns.isEmpty ? 100 : fold.columns.count)
    let others = fold.board.columns.indices.filter { $0 != fold.target.column }
    var values = fold.board.models.map { _ in [Double]() }
    for column in [fold.target.column] + others {
      let known = fold.knownScores(in: column)
      if let odd = known.first(where: { $0.score < 0 || $0.score > 1 }) {
        // A metric of another scale says nothing to those of shares.
        if column != fold.target.column { continue }
        throw MagnetError(
          .insufficientData,
          "\(fold.board.models[odd.model]) has the score \(odd.score) on \(fold.board.columns[column].scenario); "
            + "this predictor needs scores from 0 to 1, such as exact_match")
      }
      if known.isEmpty { continue }
      for row in values.indices { values[row].append(.nan) }
      for (model, score) in known {
        values[model][values[model].count - 1] = Logistic.logit(min(1 - margin, max(margin, score)))
      }
    }
    self.values = values
    target = fold.target.model
    models = fold.board.models
  }

  /// The rows to learn from: those of models known on the scenario to be predicted.
  var train: [Int] { values.indices.filter { $0 != target && !values[$0][0].isNaN } }

  /// How many other scores of the target model are known.
  var knownOthers: Int { values[target].dropFirst().count { !$0.isNaN } }
}

/// An estimate from a prediction of log odds whose error has this deviation and so many degrees of freedom.
func logitEstimate(_ logit: Double, stddev: Double, degrees: Int, isExtrapolated: Bool) -> Estimate {
  let share = Logistic.sigmoid(logit)
  guard degrees > 0, stddev.isFinite else { return Estimate(mean: share, isExtrapolated: isExtrapolated) }
  return Estimate(mean: share, stddev: share * (1 - share) * stddev, isExtrapolated: isExtrapolated) {
    let half = StudentT.quantile(0.5 + $0 / 2, degrees: Double(degrees)) * stddev
    return Interval(lower: Logistic.sigmoid(logit - half), upper: Logistic.sigmoid(logit + half))
  }
}

/// A score as completed from the board.
struct CompletedEstimator: ScoreEstimator {
  let logit: Double
  let stddev: Double
  let degrees: Int
  /// Whether the model's other scores are above nearly all of those learned from.
  let isExtrapolated: Bool

  func estimate(_ sample: ObservedSample) -> Estimate? {
    logitEstimate(logit, stddev: stddev, degrees: degrees, isExtrapolated: isExtrapolated)
  }
}

/// What the levels of models and scenarios alone say: logit y_ms = μ_s + α_m.
struct AdditiveFit {
  /// μ_s, by column.
  var scenarios: [Double]
  /// α_m, by row; 0 for a model with nothing known.
  var models: [Double]

  /// Fits by taking turns, 30 rounds, α drawn towards 0 as by 0.1 scores there.
  init(_ values: [[Double]]) {
    scenarios = Array(repeating: 0, count: values.first?.count ?? 0)
    models = Array(repeating: 0, count: values.count)
    for _ in 0..<30 {
      for column in scenarios.indices {
        scenarios[column] =
          values.indices.filter { !values[$0][column].isNaN }.map { values[$0][column] - models[$0] }.mean()
          ?? 0
      }
      for row in models.indices {
        var sum = 0.0
        var count = 0.1
        for column in scenarios.indices where !values[row][column].isNaN {
          sum += values[row][column] - scenarios[column]
          count += 1
        }
        models[row] = sum / count
      }
    }
  }
}
