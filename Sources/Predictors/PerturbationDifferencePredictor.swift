public import Magnet

/// Predicts a score under a perturbation from the same model's score without it and what the perturbation costs other
/// models.
///
///     ŷ_ms = clean_ms + (k · mean over k models m' of (perturbed_m's - clean_m's) + 4 · line) / (k + 4)
///     line = prob · (β₀ + β₁ clean_ms)
///
/// The k models are those known on the same scenario under the same perturbation of the same strength, prob; the line is
/// fitted by least squares to the differences at all strengths and scenarios, and counts as four models: where few are
/// known, their mean is mostly noise. Where no other model is known there, the mean is over the same perturbation on
/// other scenarios; where there is none, it is the line alone; and the mean alone where the perturbation has no prob. The
/// clean score is the one that `CleanScorePredictor` takes, of the same kind for all models. Differences of scores from 0
/// to 1 give an estimate from 0 to 1.
///
/// The standard error is the standard deviation of the differences, times √(1 + 1/k), and the interval that of t.
///
/// Limits: needs the clean score. The lever is to start from the model's own. Mean absolute error, one model held out:
/// .034 on made runs of 24 models (Benchmarks/make_scores.py; their clean scores alone .084, a line through all models'
/// strengths .140), .205 on the fixtures' sweep of three models with five instances each (.256, .238).
public final class PerturbationDifferencePredictor: ScorePredictor {
  public override class var summary: String {
    "a score under a perturbation: the model's score without it, less what others lose"
  }

  public override var usesSample: Bool { false }

  /// How many models the line counts as.
  private static let lineWeight = 4.0

  public override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
    let clean = try CleanColumns(fold)
    guard let own = clean.score(ofModel: fold.target.model, under: fold.target.column) else {
      throw MagnetError(
        .unsupported,
        "no score of \(fold.model) without perturbation is known for "
          + "\(fold.board.columns[fold.target.column].scenario); give its run on inputs as they are")
    }
    let isShare = fold.board.values.allSatisfy { $0.isNaN || ($0 >= 0 && $0 <= 1) }
    func differences(_ column: Int) -> [Double] {
      clean.pairs(in: column, kind: own.kind, except: fold.target).map { $0.perturbed - $0.clean }
    }
    var costs = differences(fold.target.column)
    var notes: [String] = []
    if costs.isEmpty {
      costs = clean.perturbed.filter {
        fold.board.columns[$0].name.perturbation == fold.targetName.perturbation
      }.flatMap(differences)
      if !costs.isEmpty {
        notes = [
          "no other model is known under the perturbation on this scenario; its cost on other scenarios is taken"
        ]
      }
    }
    if var cost = costs.mean() {
      let squares = costs.reduce(0) { $0 + ($1 - cost) * ($1 - cost) }
      let count = Double(costs.count)
      if notes.isEmpty, let line = try? strengthSlope(fold, clean, kind: own.kind) {
        let expected = line.prob * (line.level + line.clean * own.score)
        cost = (count * cost + Self.lineWeight * expected) / (count + Self.lineWeight)
      }
      let stddev = costs.count > 1 ? (squares / (count - 1) * (1 + 1 / count)).squareRoot() : nil
      return DifferenceEstimator(
        score: own.score + cost, stddev: stddev, degrees: count - 1, isShare: isShare,
        notes: notes)
    }
    let slope = try strengthSlope(fold, clean, kind: own.kind)
    return DifferenceEstimator(
      score: own.score + slope.prob * (slope.level + slope.clean * own.score), stddev: nil, degrees: 0,
      isShare: isShare,
      notes: [
        "no other model is known under the perturbation at this strength; a line through other strengths is taken"
      ])
  }

  /// β₀ and β₁, and the strength of the perturbation to be predicted.
  private func strengthSlope(_ fold: ScoreFold, _ clean: CleanColumns, kind: Int) throws
    -> (prob: Double, level: Double, clean: Double)
  {
    func prob(_ column: Int) -> Double? {
      fold.board.columns[column].name.perturbation?.parameters["prob"]?.number
    }
    let named = fold.targetName.perturbation
    // difference = β₀ prob + β₁ prob clean.
    var sums = (aa: 0.0, ab: 0.0, bb: 0.0, ay: 0.0, by: 0.0)
    for column in clean.perturbed {
      let other = fold.board.columns[column].name.perturbation
      guard let prob = prob(column), other?.name == named?.name, other?.computedOn == named?.computedOn else {
        continue
      }
      for pair in clean.pairs(in: column, kind: kind, except: fold.target) {
        let (a, b, y) = (prob, prob * pair.clean, pair.perturbed - pair.clean)
        sums.aa += a * a
        sums.ab += a * b
        sums.bb += b * b
        sums.ay += a * y
        sums.by += b * y
      }
    }
    guard let prob = prob(fold.target.column), sums.aa > 0 else {
      throw MagnetError(
        .unsupported,
        "no run but \(fold.model)'s is known under \(named?.name ?? "the perturbation"); give perturbed runs of other "
          + "models, with their scores on inputs as they are")
    }
    let determinant = sums.aa * sums.bb - sums.ab * sums.ab
    if determinant <= 1e-12 * sums.aa * sums.bb { return (prob, sums.ay / sums.aa, 0) }
    return (
      prob, (sums.bb * sums.ay - sums.ab * sums.by) / determinant,
      (sums.aa * sums.by - sums.ab * sums.ay) / determinant
    )
  }
}

private struct DifferenceEstimator: ScoreEstimator {
  let score: Double
  let stddev: Double?
  let degrees: Double
  let isShare: Bool
  let notes: [String]

  func estimate(_ sample: ObservedSample) -> Estimate? {
    func kept(_ value: Double) -> Double { isShare ? min(1, max(0, value)) : value }
    guard let stddev else { return Estimate(mean: kept(score)) }
    return Estimate(mean: kept(score), stddev: stddev) {
      let half = StudentT.quantile(0.5 + $0 / 2, degrees: degrees) * stddev
      return Interval(lower: kept(score - half), upper: kept(score + half))
    }
  }
}
