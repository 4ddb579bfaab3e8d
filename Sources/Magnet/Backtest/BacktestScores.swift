/// How good the predictions of a backtest were, by predictor and number of observed instances.
package struct BacktestScores: Sendable {
  /// A measure's value, and how sure it is.
  package typealias Score = Measure.Score

  /// The predictions of one predictor that were shown as many instances.
  package struct Group: Sendable {
    package let predictor: String
    package let isBaseline: Bool
    /// Nil where predictions do not depend on it.
    package let observed: Int?
    /// How many scores were predicted.
    package let targets: Int
    /// How many predictions were made of them.
    package let predictions: Int
    package let scores: [Score]
    /// Where intervals come from: `own`, or `conformal`.
    package let intervals: String?
    /// The share of predictions that the predictor said were extrapolated.
    package let extrapolated: Double

    /// The score of a measure.
    package subscript(measure: String) -> Score? { scores.first { $0.measure == measure } }
  }

  /// Predictors in the order of the entries, each by the number of observed instances.
  package let groups: [Group]

  /// Scores a backtest's predictions.
  package init(_ result: BacktestResult) {
    let sample = ClusterBootstrap(
      result.familyCount, seed: result.backtest.randomSeed)
    let parts = result.parts
    let errors = parts.map { $0.meanErrors(result.backtest.level) }
    let measured = Workers.results(parts.count, jobs: result.backtest.jobs) { number in
      let part = parts[number]
      let nulls = parts.indices.filter { other in
        result.entries[parts[other].predictor].isBaseline
          && (parts[other].observed == part.observed || parts[other].observed == nil)
      }
      let scores = result.scores(part, errors[number], nullErrors: nulls.map { errors[$0] }, sample)
      let entry = result.entries[part.predictor]
      return Group(
        predictor: entry.name, isBaseline: entry.isBaseline, observed: part.observed,
        targets: errors[number].count,
        predictions: part.records.count, scores: scores,
        intervals: part.records.contains(where: \.hasIntervals)
          ? (part.isConformal ? "conformal" : "own") : nil,
        extrapolated: Double(part.records.count(where: \.isExtrapolated)) / Double(max(1, part.records.count))
      )
    }
    let missing = result.isComplete ? result.unpredicted : []
    let silent = missing.map { number in
      (
        number,
        Group(
          predictor: result.entries[number].name, isBaseline: result.entries[number].isBaseline,
          observed: nil, targets: 0, predictions: 0, scores: [], intervals: nil, extrapolated: 0)
      )
    }
    let all = zip(parts.map(\.predictor), measured) + silent
    groups = all.sorted { $0.0 < $1.0 }.map(\.1)
  }
}

/// Intervals for predictors that give none: split-conformal ones (Vovk, Gammerman and Shafer 2005), from the absolute
/// errors on other models with as many observed instances. They hold what they say where models can be exchanged for
/// each other, which at the frontier they cannot.
enum ConformalIntervals {
  /// - Parameter models: the model of each target.
  static func add(to records: inout [BacktestRecord], models: [String]) {
    let sorted = records.map { (error: abs($0.error), model: models[Int($0.target)]) }.sorted {
      $0.error < $1.error
    }
    var widths: [String: SIMD3<Double>] = [:]
    for model in Set(sorted.map(\.model)) {
      let others = sorted.lazy.filter { $0.model != model }.map(\.error)
      let errors = Array(others)
      let ranks = Estimate.coverages.map { Int((Double(errors.count + 1) * $0).rounded(.up)) }
      guard let last = ranks.last, last <= errors.count else { continue }
      widths[model] = SIMD3(ranks.map { errors[$0 - 1] })
    }
    for number in records.indices {
      guard let width = widths[models[Int(records[number].target)]] else { continue }
      records[number].lower = SIMD3(repeating: records[number].predicted) - width
      records[number].upper = SIMD3(repeating: records[number].predicted) + width
    }
  }
}
