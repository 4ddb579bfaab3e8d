import Foundation
import Magnet
import Predictors
import TestSupport

/// A fold of runs to learn from, a row each, for a run on all instances of a model `new/one`. The board has a column
/// for the scenario with the runs' means.
func fold(
  _ rows: [[Double]], models: [String]? = nil, instances: Int? = nil, answers: [Int32]? = nil,
  seed: UInt64 = 1
)
  -> ScoreFold
{
  let count = instances ?? rows.first?.count ?? 0
  let names = models ?? rows.indices.map { "maker\($0 % 3)/model\($0)" }
  let matrix = ScoreMatrix(
    runs: names.map { ScoreMatrix.Run(name: "quiz:model=\($0)", model: $0) },
    instances: (0..<count).map { "id\($0)" }, values: rows.flatMap { $0 }, answers: answers)
  let means = rows.map { row in
    let known = row.filter { !$0.isNaN }
    return known.reduce(0, +) / Double(known.count)
  }
  return ScoreFold(
    matrix: matrix, train: Array(rows.indices), model: "new/one", columns: Array(0..<count),
    board: board(["quiz": means + [.nan]], models: names + ["new/one"]), target: (names.count, 0), seed: seed)
}

/// A board of a metric without perturbation, its columns by the scenarios' names.
func board(_ columns: KeyValuePairs<String, [Double]>, models: [String]) -> ScoreBoard {
  ScoreBoard(
    models: models,
    columns: columns.map { .init(scenario: $0.key, name: MetricName("exact_match", split: "test")) },
    values: models.indices.flatMap { row in columns.map { $0.value[row] } })
}

extension ScoreFold {
  /// The same with another board, whose last model in the first column is to be predicted.
  func with(_ board: ScoreBoard, column: Int = 0) -> ScoreFold {
    ScoreFold(
      matrix: matrix, train: train, model: board.models.last!, columns: columns, board: board,
      target: (board.models.count - 1, column), seed: seed)
  }
}

/// What a method estimates from a fold and the scores of the first instances.
func estimate(_ predictor: ScorePredictor, _ fold: ScoreFold, _ scores: [Double] = []) throws -> Estimate? {
  try predictor.fit(fold).estimate(ObservedSample(columns: Array(scores.indices), scores: scores))
}

/// What a method says of how it learned from a fold.
func notes(_ predictor: ScorePredictor, _ fold: ScoreFold) throws -> [String] {
  try predictor.fit(fold).notes
}

/// The chance of a right answer at this logit.
func logistic(_ logit: Double) -> Double { 1 / (1 + exp(-logit)) }

/// The scores of a run of one of two kinds, of which one is right where the other is wrong, on 200 instances.
func oddRow(_ isTurned: Bool, _ ability: Double, _ random: inout SplitMix) -> [Double] {
  (0..<200).map { item in
    let logit = (isTurned ? -1 : 1) * 3 * (item % 2 == 0 ? 1.0 : -1) + ability
    return Double.random(in: 0..<1, using: &random) < logistic(logit) ? 1 : 0
  }
}

/// Some of a run's instances, other ones with each draw.
func spreadSample(of scores: [Double], _ count: Int, draw: Int) -> ObservedSample {
  let columns = (0..<count).map { ($0 * 7 + draw * 11) % scores.count }
  return ObservedSample(columns: columns, scores: columns.map { scores[$0] })
}

/// Whether two numbers are alike to 1e-9 or so.
func isNear(_ a: Double?, _ b: Double?, _ tolerance: Double = 1e-9) -> Bool {
  guard let a, let b else { return a == nil && b == nil }
  return abs(a - b) <= tolerance * max(1, abs(b))
}

func numbers(_ value: JSONValue?) -> [Double] { value!.elements.map { $0.double ?? .nan } }
