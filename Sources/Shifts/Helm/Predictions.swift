import Magnet

/// Predictions of cells.
struct Predictions {
  /// One predicted score, or the quality of one run's predicted instances.
  struct Prediction {
    let mean: Double
    let quality: Double
  }

  struct Made {
    var found: [RunCells.Cell: Prediction] = [:]
    var reasons: [String] = []
    var notes: [String] = []
  }

  let shifts: HelmShifts
  let cells: RunCells
  /// The tables of all runs, or why there are none.
  let tables: Result<BacktestTables, any Error>

  /// Lets a predictor predict each cell from what is known then.
  func predict(
    _ predictor: Predictor, _ targets: [RunCells.Cell], known: (RunCells.Cell) -> Set<RunCells.Cell>
  ) async throws -> Made {
    var made = Made()
    guard let predictor = predictor as? ScorePredictor else {
      return try await predictTables(predictor, targets, known: known)
    }
    for cell in targets {
      try Task.checkCancellation()
      let name = cells.run(of: cell)?.name ?? cells.models[cell.model]
      do {
        let known = known(cell)
        if known.isEmpty { throw MagnetError(.insufficientData, "no runs are known") }
        let (fold, scored, sample) = shown(cell, name, known)
        let estimator = try predictor.fit(fold)
        if let prediction = prediction(estimator, sample, fold, scored, cell) {
          made.found[cell] = prediction
        } else {
          made.reasons.append("\(name): it has no answer without instances that are shown")
        }
      } catch { made.reasons.append("\(name): \(error)") }
    }
    return made
  }

  /// What a predictor of scores is told about a cell, the scores of its instances by column, and those that are shown.
  func shown(_ cell: RunCells.Cell, _ name: String, _ known: Set<RunCells.Cell>) -> (
    fold: ScoreFold, scored: [Int: Double], sample: ObservedSample
  ) {
    let key = SplitMix.mixed(UInt64(bitPattern: Int64(shifts.seed)) &+ SplitMix.hash(name))
    let (fold, scored) = cells.fold(cell, known: known, seed: key)
    var random = SplitMix(state: key)
    let columns = Array(
      fold.columns.filter { scored[$0] != nil }.shuffled(using: &random).prefix(shifts.observed))
    let sample = ObservedSample(columns: columns, scores: columns.map { scored[$0] ?? .nan })
    return (fold, scored, sample)
  }

  private func prediction(
    _ estimator: any ScoreEstimator, _ sample: ObservedSample, _ fold: ScoreFold, _ scored: [Int: Double],
    _ cell: RunCells.Cell
  ) -> Prediction? {
    if shifts.level == .run {
      guard let estimate = estimator.estimate(sample), estimate.mean.isFinite else { return nil }
      return Prediction(mean: estimate.mean, quality: 1 - abs(estimate.mean - cells[cell]))
    }
    guard let probabilities = estimator.probabilities(sample), probabilities.count == fold.columns.count
    else {
      return nil
    }
    let shown = Set(sample.columns)
    let points = zip(fold.columns, probabilities).compactMap { column, p -> Double? in
      guard let score = scored[column], !score.isNaN, p.isFinite, !shown.contains(column) else { return nil }
      return Self.isRight(p, score)
    }
    return points.mean().map { Prediction(mean: .nan, quality: $0) }
  }

  /// 1 for an instance predicted right, 0 for one predicted wrong, ½ for a tie.
  static func isRight(_ p: Double, _ score: Double) -> Double {
    p == 0.5 ? 0.5 : (p > 0.5) == (score > 0.5) ? 1 : 0
  }

  /// ½ for every cell, and every instance.
  func constant(_ targets: [RunCells.Cell]) -> Made {
    var made = Made()
    for cell in targets {
      made.found[cell] = Prediction(
        mean: 0.5, quality: shifts.level == .run ? 1 - abs(0.5 - cells[cell]) : 0.5)
    }
    return made
  }

  /// The mean of the known scores for every cell.
  func means(_ targets: [RunCells.Cell], known: (RunCells.Cell) -> Set<RunCells.Cell>) -> Made {
    var made = Made()
    for cell in targets {
      // In an order of their own: sums must not depend on the order of a set.
      let scores = known(cell).sorted { ($0.column, $0.model) < ($1.column, $1.model) }.map { cells[$0] }
      guard let mean = scores.mean(), shifts.level == .run else {
        made.reasons.append("\(cells.models[cell.model]): no other runs of the reference are known")
        continue
      }
      made.found[cell] = Prediction(mean: mean, quality: 1 - abs(mean - cells[cell]))
    }
    return made
  }

  /// The mean quality over some cells; nil where none was predicted.
  func quality(_ made: Made, _ over: [RunCells.Cell]) -> Double? {
    over.compactMap { made.found[$0]?.quality }.mean()
  }
}
