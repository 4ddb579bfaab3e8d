import Magnet
import Synchronization

/// Whether an item response model holds beyond the runs it is learned from, and how far AIPW's errors there differ: learned
/// from the weaker half of the training runs, both predict the strongest 30% of them from random samples.
/// `TrainingTrials` cannot tell, as all its runs are among those learned from. A model that is not trusted with n instances is
/// not with 2n either: its bias stays, and it admits to less.
///
/// Where the training runs do not differ by more than chance, which is where the reliability of their scores (Cronbach's α,
/// for right-or-wrong ones KR-20 of Kuder and Richardson 1937) is not above 0, there is no ability to be learned, and
/// nothing to say of a stronger run:
///
///     α = N/(N - 1) (1 - Σ_j Var(x_j) / Var(Σ_j x_j))
final class FrontierTrials: Sendable {
  private struct Findings {
    /// Not made until it is asked for.
    var learned: Learned?
    /// Whether the training runs differ by no more than chance.
    var areAlike: Bool?
    var factors: [Question: Factors] = [:]
    var unbiased: [Int: Double?] = [:]
  }

  /// What is learned from the weaker half of the training runs, nil where these are too few.
  private struct Learned {
    /// The rows of the strongest runs.
    var strongest: ArraySlice<Int>
    var model: ItemResponseEstimator?
    var aipw: AIPWEstimator?
  }

  /// A sample of the strongest runs: the same instances of each, and the runs' scores.
  private struct Drawn {
    var columns: [Int]
    var samples: [KnownSample] = []
    var actual: [Double] = []
  }

  /// The number of instances, and the weight of the item response model, nil for it alone.
  private struct Question: Hashable {
    var count: Int
    var weight: Double?
  }

  private struct Factors {
    /// Those of the item response model alone.
    var response = IntervalFactors.none
    /// Those of the estimate asked about.
    var weighed = IntervalFactors.none
  }

  private let kind: ItemResponseModel.Kind?
  private let fold: ScoreFold
  private let findings = Mutex(Findings())

  /// On how many samples, which they share, the strongest runs are looked at; few runs on more.
  private static func samples(_ runs: Int) -> Int { runs < 16 ? 16 : 4 }
  /// Fewer runs in a part are too few.
  private static let leastRuns = 4
  /// From fewer instances than these errors say little.
  private static let leastCount = 10

  /// - Parameter kind: that of the item response model; nil where only AIPW's estimates are asked about.
  init(_ kind: ItemResponseModel.Kind?, _ fold: ScoreFold) {
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
  /// - Parameter weight: that of the item response model, where AIPW's estimate has the rest; nil for it alone.
  func finding(_ count: Int, weight: Double? = nil) -> Finding {
    if areAlike {
      return .doubt(
        "the scores of the runs learned from differ by no more than chance, and this one may be stronger")
    }
    let question = Question(count: count, weight: weight)
    let factors = findings.withLock { findings in
      if let known = findings.factors[question] { return known }
      let learned = learned(&findings)
      let made = learned.model.map { measured(question, $0, learned.aipw, learned.strongest) } ?? Factors()
      findings.factors[question] = made
      return made
    }
    guard factors.response.reason != nil || factors.weighed.reason != nil else {
      if count / 2 >= Self.leastCount, case .doubt(let reason) = finding(count / 2) { return .doubt(reason) }
      return .factors(factors.weighed)
    }
    let most = max(factors.response.last, factors.weighed.last)
    return .doubt(
      "learned from the weaker half of the runs, the model errs \((most * 10).rounded() / 10) times as "
        + "much as it says on the strongest, and this one may be stronger still")
  }

  /// The mean squared error of AIPW's estimates at this number of instances, as a share of the variance of a single score;
  /// nil where there are too few runs to tell.
  func unbiased(_ count: Int) -> Double? {
    findings.withLock { findings in
      if let known = findings.unbiased[count] { return known }
      let learned = learned(&findings)
      let share = learned.aipw.flatMap { aipw in
        AIPWEstimator.expectedShare(
          drawn(count, learned.strongest).flatMap { drawn in
            zip(aipw.estimates(drawn.samples), drawn.actual).map { ($0.mean, $1) }
          })
      }
      findings.unbiased[count] = .some(share)
      return share
    }
  }

  private func differByChance() -> Bool {
    let whole = fold.wholeRows
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

  private func learned(_ findings: inout Findings) -> Learned {
    let learned = findings.learned ?? learn()
    findings.learned = learned
    return learned
  }

  private func learn() -> Learned {
    let ranked = fold.train.compactMap { row in fold.score(ofRow: row).map { (row, $0) } }
      .sorted { ($0.1, fold.matrix.runs[$0.0].name) < ($1.1, fold.matrix.runs[$1.0].name) }
      .map(\.0)
    let weaker = Array(ranked.prefix(ranked.count / 2))
    var learned = Learned(strongest: ranked.suffix(ranked.count * 3 / 10))
    guard weaker.count >= Self.leastRuns else { return learned }
    let part = ScoreFold(
      matrix: fold.matrix, train: weaker, model: fold.model, columns: fold.columns, board: fold.board,
      target: fold.target, seed: fold.seed)
    if let kind {
      var fits = ItemResponseFits(kind)
      learned.model = try? fits.estimator(part)
    }
    learned.aipw = try? AIPWEstimator(part, frontier: learned.model?.frontier)
    return learned
  }

  /// Random samples of the strongest runs, shared by those that have the instances; none where there are too few runs.
  private func drawn(_ count: Int, _ strongest: ArraySlice<Int>) -> [Drawn] {
    guard count > 0, fold.columns.count >= count else { return [] }
    var random = SplitMix(state: UInt64(count))
    let runs = strongest.compactMap { row -> (row: Int, known: KnownSample, actual: Double)? in
      let known = fold.knownSample(ofRow: row)
      return known.count > count ? known.mean.map { (row, known, $0) } : nil
    }
    guard runs.count >= Self.leastRuns else { return [] }
    let all = KnownSample(columns: fold.columns, scores: Array(repeating: 0, count: fold.columns.count))
    var found: [Drawn] = []
    for _ in 0..<Self.samples(strongest.count) {
      var shared = Drawn(columns: all.drawn(count, using: &random).columns)
      for run in runs {
        let scores = shared.columns.map { fold.matrix[run.row, $0] }
        if scores.contains(where: \.isNaN) {
          // One of those instances that it has.
          let own = run.known.drawn(count, using: &random)
          found.append(Drawn(columns: own.columns, samples: [own], actual: [run.actual]))
        } else {
          shared.samples.append(KnownSample(columns: shared.columns, scores: scores))
          shared.actual.append(run.actual)
        }
      }
      if !shared.samples.isEmpty { found.append(shared) }
    }
    return found
  }

  private func measured(
    _ question: Question, _ model: ItemResponseEstimator, _ aipw: AIPWEstimator?, _ strongest: ArraySlice<Int>
  ) -> Factors {
    let trials = drawn(question.count, strongest).flatMap { drawn in
      let sums = model.sums(over: drawn.columns)
      let unbiased = question.weight == nil || question.count < 3 ? nil : aipw?.estimates(drawn.samples)
      return drawn.samples.indices.map { place in
        let response = model.moments(drawn.samples[place], sums)
        return PairedTrial(
          response: response, unbiased: unbiased?[place] ?? response,
          actual: drawn.actual[place])
      }
    }
    guard !trials.isEmpty else { return Factors() }
    func factors(_ weight: Double) -> IntervalFactors {
      IntervalFactors(
        trials.map { $0.pooled(weight) }, instances: fold.columns.count, degrees: model.degrees, .strongerRuns
      )
    }
    let response = factors(1)
    return Factors(response: response, weighed: question.weight.map(factors) ?? response)
  }
}
