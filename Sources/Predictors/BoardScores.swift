import Magnet

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
