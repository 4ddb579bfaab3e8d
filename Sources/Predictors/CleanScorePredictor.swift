public import Magnet

/// Predicts a score under a perturbation as the same model's score without it: the baseline for perturbations.
///
///     ŷ = clean_ms
///
/// The clean score is that of the same instances unperturbed (`computed_on: original`) where it is known, else that of
/// all instances of the run, else that of the model's run without `data_augmentation`.
///
/// Right where a perturbation costs nothing, and too high by what it costs; `PerturbationDifferencePredictor` takes that from
/// other models. Mean absolute error: .084 on made runs of 24 models (Benchmarks/make_scores.py), .256 on the fixtures' sweep
/// (the difference model: .034, .205).
public final class CleanScorePredictor: ScorePredictor {
  public override class var summary: String { "a score under a perturbation: the model's score without it" }
  public override class var isBaseline: Bool { true }

  public override var usesSample: Bool { false }

  public override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
    guard let clean = try CleanColumns(fold).score(ofModel: fold.target.model, under: fold.target.column)
    else {
      throw MagnetError(
        .unsupported,
        "no score of \(fold.model) without perturbation is known for "
          + "\(fold.board.columns[fold.target.column].scenario); give its run on inputs as they are")
    }
    return FixedEstimator(mean: clean.score, frontier: nil)
  }
}

/// Finds the scores without perturbation that belong to those with.
struct CleanColumns {
  private let board: ScoreBoard
  /// For each column of the board under a perturbation, the columns of its clean scores, best first.
  private let columns: [Int: [(kind: Int, column: Int)]]

  /// - Throws: `MagnetError` when the score to be predicted is not under a perturbation.
  init(_ fold: ScoreFold) throws {
    guard fold.targetName.perturbation != nil else {
      throw MagnetError(
        .unsupported,
        "the score to predict, \(fold.targetName.name) of \(fold.board.columns[fold.target.column].scenario), is not "
          + "under a perturbation; this predictor needs runs made with data_augmentation")
    }
    let board = fold.board
    let metric = fold.targetName.name
    var byScenario: [String: [Int]] = [:]
    for column in board.columns.indices where board.columns[column].name.name == metric {
      byScenario[Self.withoutAugmentation(board.columns[column].scenario), default: []].append(column)
    }
    var columns: [Int: [(kind: Int, column: Int)]] = [:]
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
        .sorted { $0 < $1 }
    }
    self.board = board
    self.columns = columns
  }

  /// The columns under a perturbation.
  var perturbed: [Int] { columns.keys.sorted() }

  /// The score of a model on the inputs of a column as they were, and of which kind it is: 0 the same instances, 1 the
  /// same run, 2 another. Nil when none is known, or none of the kind asked for.
  func score(ofModel model: Int, under column: Int, kind: Int? = nil) -> (score: Double, kind: Int)? {
    for clean in columns[column, default: []] where kind == nil || clean.kind == kind {
      let score = board[model, clean.column]
      if !score.isNaN { return (score, clean.kind) }
    }
    return nil
  }

  /// The clean and the perturbed score of each model that has both in a column, clean scores of one kind.
  func pairs(
    in column: Int, kind: Int, except target: (model: Int, column: Int)
  ) -> [(clean: Double, perturbed: Double)] {
    board.models.indices.compactMap { model in
      let score = board[model, column]
      guard !score.isNaN, (model, column) != target,
        let clean = self.score(ofModel: model, under: column, kind: kind)
      else { return nil }
      return (clean.score, score)
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
