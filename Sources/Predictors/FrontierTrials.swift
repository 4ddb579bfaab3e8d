import Magnet
import Synchronization

/// Whether an item response model holds beyond the runs it is learned from: learned from the weaker half of the training
/// runs, it predicts the strongest 30% of them from random samples. `TrainingTrials` cannot tell, as all its runs are
/// among those learned from.
final class FrontierTrials: Sendable {
  private struct Findings {
    /// The rows of the training runs, the weakest first, and the model learned from the weaker half, nil where these are
    /// too few; not made until it is asked for.
    var learned: (ranked: [Int], model: ItemResponseEstimator?)?
    /// By the number of instances.
    var factors: [Int: IntervalFactors] = [:]
  }

  private let kind: ItemResponseModel.Kind
  private let fold: ScoreFold
  private let findings = Mutex(Findings())

  /// How many samples of each run are looked at.
  private static let samples = 3
  /// Fewer runs in a part are too few.
  private static let leastRuns = 4

  init(_ kind: ItemResponseModel.Kind, _ fold: ScoreFold) {
    self.kind = kind
    self.fold = fold
  }

  /// Why the model is not to be trusted with runs stronger than those learned from, at this number of instances; nil where
  /// it is, or where there are too few runs to tell.
  func doubt(_ count: Int) -> String? {
    let factors = findings.withLock { findings in
      if let known = findings.factors[count] { return known }
      let learned = findings.learned ?? learn()
      findings.learned = learned
      let strongest = learned.ranked.suffix(learned.ranked.count * 3 / 10)
      let made = learned.model.map { measured(count, $0, strongest) } ?? .none
      findings.factors[count] = made
      return made
    }
    guard factors.reason != nil else { return nil }
    return
      "learned from the weaker half of the runs, the model errs \((factors.last * 10).rounded() / 10) times as "
      + "much as it says on the strongest, and this one may be stronger still"
  }

  private func learn() -> (ranked: [Int], model: ItemResponseEstimator?) {
    let ranked = fold.train.compactMap { row in fold.score(ofRow: row).map { (row, $0) } }
      .sorted { ($0.1, fold.matrix.runs[$0.0].name) < ($1.1, fold.matrix.runs[$1.0].name) }
      .map(\.0)
    let weaker = Array(ranked.prefix(ranked.count / 2))
    guard weaker.count >= Self.leastRuns else { return (ranked, nil) }
    var fits = ItemResponseFits(kind)
    let model = try? fits.estimator(
      ScoreFold(
        matrix: fold.matrix, train: weaker, model: fold.model, columns: fold.columns, board: fold.board,
        target: fold.target, seed: fold.seed))
    return (ranked, model)
  }

  private func measured(_ count: Int, _ model: ItemResponseEstimator, _ strongest: ArraySlice<Int>)
    -> IntervalFactors
  {
    var random = SplitMix(state: UInt64(count))
    var trials: [(Double, Double, Double)] = []
    for row in strongest {
      let known = fold.knownSample(ofRow: row)
      guard known.count > count, let actual = known.mean else { continue }
      for _ in 0..<Self.samples {
        let (mean, variance) = model.moments(known.drawn(count, using: &random))
        trials.append((mean, variance, actual))
      }
    }
    guard trials.count >= Self.samples * Self.leastRuns else { return .none }
    return IntervalFactors(
      trials, instances: fold.columns.count, degrees: model.degrees,
      most: IntervalFactors.mostOfRandom)
  }
}
