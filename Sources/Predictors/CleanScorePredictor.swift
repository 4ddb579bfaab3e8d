public import Magnet

/// Predicts a score under a perturbation as the same model's score without it: the null for perturbations.
///
///     ŷ = clean_ms
///
/// The clean score is that of the same instances unperturbed (`computed_on: original`) where it is known, else that of
/// all instances of the run, else that of the model's run without `data_augmentation`.
public final class CleanScorePredictor: ScorePredictor {
  public override var usesSample: Bool { false }

  public override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
    guard let clean = try CleanColumns(fold).score(ofModel: fold.target.model, under: fold.target.column)
    else {
      throw PredictError(
        "no score of \(fold.model) without perturbation is known for "
          + "\(fold.board.columns[fold.target.column].scenario); give its run on inputs as they are")
    }
    return FixedEstimator(mean: clean, frontier: nil)
  }
}

/// Finds the scores without perturbation that belong to those with.
struct CleanColumns {
  private let board: ScoreBoard
  private let metric: String
  /// For each column of the board under a perturbation, the columns of its clean scores, best first.
  private let columns: [Int: [Int]]

  /// - Throws: `PredictError` when the score to be predicted is not under a perturbation.
  init(_ fold: ScoreFold) throws {
    guard fold.targetName.perturbation != nil else {
      throw PredictError(
        "the score to predict, \(fold.targetName.name) of \(fold.board.columns[fold.target.column].scenario), is not "
          + "under a perturbation; this predictor needs runs made with data_augmentation")
    }
    let board = fold.board
    let metric = fold.targetName.name
    var byScenario: [String: [Int]] = [:]
    for column in board.columns.indices where board.columns[column].name.name == metric {
      byScenario[Self.withoutAugmentation(board.columns[column].scenario), default: []].append(column)
    }
    var columns: [Int: [Int]] = [:]
    for (column, perturbed) in board.columns.enumerated() where perturbed.name.name == metric {
      guard let perturbation = perturbed.name.perturbation else { continue }
      let others = byScenario[Self.withoutAugmentation(perturbed.scenario)] ?? []
      func rank(_ other: Int) -> Int? {
        let clean = board.columns[other]
        guard clean.name.split == perturbed.name.split, clean.name.subSplit == perturbed.name.subSplit else {
          return nil
        }
        let isSameRun = clean.scenario == perturbed.scenario
        guard var original = clean.name.perturbation else { return isSameRun ? 1 : 2 }
        guard isSameRun, original.computedOn == "original" else { return nil }
        original.computedOn = perturbation.computedOn
        return original == perturbation && other != column ? 0 : nil
      }
      columns[column] = others.compactMap { other in rank(other).map { ($0, other) } }
        .sorted { $0 < $1 }.map(\.1)
    }
    self.board = board
    self.metric = metric
    self.columns = columns
  }

  /// The columns under a perturbation.
  var perturbed: [Int] { columns.keys.sorted() }

  /// The score of a model on the inputs of a column as they were; nil when none is known.
  func score(ofModel model: Int, under column: Int) -> Double? {
    columns[column, default: []].lazy.map { board[model, $0] }.first { !$0.isNaN }
  }

  /// The clean and the perturbed score of each model that has both in a column.
  func pairs(in column: Int, except target: (model: Int, column: Int)) -> [(clean: Double, perturbed: Double)]
  {
    board.models.indices.compactMap { model in
      let score = board[model, column]
      guard !score.isNaN, (model, column) != target, let clean = self.score(ofModel: model, under: column)
      else { return nil }
      return (clean, score)
    }
  }

  /// A run's name without model, without what says how its inputs were changed.
  private static func withoutAugmentation(_ scenario: String) -> String {
    let parts = scenario.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return scenario }
    let kept = parts[1].split(separator: ",").filter { !$0.hasPrefix("data_augmentation=") }
    return kept.isEmpty ? String(parts[0]) : parts[0] + ":" + kept.joined(separator: ",")
  }
}
