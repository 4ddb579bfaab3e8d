import Magnet
import Synchronization

/// Whether an item response model holds beyond the runs it is learned from: learned from the weaker half of the training
/// runs, it predicts the strongest 30% of them from random samples. `TrainingTrials` cannot tell, as all its runs are
/// among those learned from.
///
/// Where the training runs do not differ by more than chance, which is where the reliability of their scores (Cronbach's α,
/// for right-or-wrong ones KR-20 of Kuder and Richardson 1937) is not above 0, there is no ability to be learned, and
/// nothing to say of a stronger run:
///
///     α = N/(N - 1) (1 - Σ_j Var(x_j) / Var(Σ_j x_j))
final class FrontierTrials: Sendable {
  private struct Findings {
    /// The rows of the training runs, the weakest first, and the model learned from the weaker half, nil where these are
    /// too few; not made until it is asked for.
    var learned: (ranked: [Int], model: ItemResponseEstimator?)?
    /// Whether the training runs differ by no more than chance.
    var areAlike: Bool?
    /// By the number of instances.
    var factors: [Int: IntervalFactors] = [:]
  }

  private let kind: ItemResponseModel.Kind
  private let fold: ScoreFold
  private let findings = Mutex(Findings())

  /// How many samples are looked at: as many of each run, but 3 to 24.
  private static let samples = 192
  /// Fewer runs in a part are too few.
  private static let leastRuns = 4

  init(_ kind: ItemResponseModel.Kind, _ fold: ScoreFold) {
    self.kind = kind
    self.fold = fold
  }

  /// What is known of the model's errors on a run that may be stronger than those learned from.
  enum Finding {
    /// How far intervals are to be widened; `none` where there are too few runs to tell.
    case factors(IntervalFactors)
    /// Why the model is not to be trusted.
    case doubt(String)
  }

  /// Whether the training runs differ by no more than chance: α of those that have all instances is not above 0.
  var areAlike: Bool {
    findings.withLock { findings in
      let areAlike = findings.areAlike ?? differByChance()
      findings.areAlike = areAlike
      return areAlike
    }
  }

  /// What is known at this number of instances.
  func finding(_ count: Int) -> Finding {
    if areAlike {
      return .doubt(
        "the scores of the runs learned from differ by no more than chance, and this one may be stronger")
    }
    let factors = findings.withLock { findings in
      if let known = findings.factors[count] { return known }
      let learned = findings.learned ?? learn()
      findings.learned = learned
      let strongest = learned.ranked.suffix(learned.ranked.count * 3 / 10)
      let made = learned.model.map { measured(count, $0, strongest) } ?? .none
      findings.factors[count] = made
      return made
    }
    guard factors.reason != nil else { return .factors(factors) }
    return .doubt(
      "learned from the weaker half of the runs, the model errs \((factors.last * 10).rounded() / 10) times as "
        + "much as it says on the strongest, and this one may be stronger still")
  }

  private func differByChance() -> Bool {
    let whole = fold.train.filter { row in fold.columns.allSatisfy { !fold.matrix[row, $0].isNaN } }
    guard whole.count >= Self.leastRuns else { return false }
    let count = Double(whole.count)
    // Sums and squares: of each instance over the runs, of each run over the instances.
    var single = 0.0
    var sums = Array(repeating: 0.0, count: whole.count)
    for column in fold.columns {
      var sum = 0.0
      var squares = 0.0
      for (run, row) in whole.enumerated() {
        let score = fold.matrix[row, column]
        sum += score
        squares += score * score
        sums[run] += score
      }
      single += squares / count - (sum / count) * (sum / count)
    }
    return (sums.variance(ofPopulation: true) ?? 0) <= single
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
    guard count > 0 else { return .none }
    var samples = TrialSamples(count, of: fold.columns, model)
    let repetitions = min(24, max(3, Self.samples / max(1, strongest.count)))
    var trials: [(Double, Double, Double)] = []
    for (number, row) in strongest.enumerated() {
      let known = fold.knownSample(ofRow: row)
      guard known.count > count, let actual = known.mean else { continue }
      for repetition in 0..<repetitions {
        let (sample, sums) = samples.sample(number * repetitions + repetition, known) {
          fold.matrix[row, $0]
        }
        let (mean, variance) = model.moments(sample, sums)
        trials.append((mean, variance, actual))
      }
    }
    guard trials.count >= repetitions * Self.leastRuns else { return .none }
    return IntervalFactors(trials, instances: fold.columns.count, degrees: model.degrees, .strongerRuns)
  }
}
