/// How good the predictions of a backtest were, by predictor and number of observed instances.
public struct BacktestScores: Sendable {
  /// A measure's value, and how sure it is.
  public struct Score: Sendable, Hashable {
    /// What is measured, such as `mae`.
    public let measure: String
    public let value: Double
    /// Holds the measure with probability 95 % over families of models like these; nil for one family. By the
    /// percentiles of a bootstrap that draws whole families.
    public let interval: Interval?
  }

  /// The predictions of one predictor that were shown as many instances.
  public struct Group: Sendable {
    public let predictor: String
    public let isNull: Bool
    /// Nil where predictions do not depend on it.
    public let observed: Int?
    /// How many scores were predicted.
    public let targets: Int
    /// How many predictions were made of them.
    public let predictions: Int
    public let scores: [Score]
    /// Where intervals come from: `own`, or `conformal`.
    public let intervals: String?
    /// The share of predictions that the predictor said were extrapolated.
    public let extrapolated: Double

    /// The score of a measure.
    public subscript(measure: String) -> Score? { scores.first { $0.measure == measure } }
  }

  /// Predictors in the order of the entries, each by the number of observed instances.
  public let groups: [Group]

  /// Scores a backtest's predictions.
  public init(_ result: BacktestResult) {
    let sample = ClusterBootstrap(
      result.familyCount, seed: result.backtest.randomSeed)
    let parts = result.parts
    let measured = parts.map { PartMeasures($0, result) }
    groups = zip(parts, measured).map { part, measures in
      let nulls = zip(parts, measured).filter { other, _ in
        result.entries[other.predictor].isNull && (other.observed == part.observed || other.observed == nil)
      }.map(\.1)
      let scores =
        result.backtest.level == .run
        ? measures.runScores(nulls: nulls, sample) : measures.instanceScores(nulls: nulls, sample)
      let entry = result.entries[part.predictor]
      return Group(
        predictor: entry.name, isNull: entry.isNull, observed: part.observed, targets: measures.targetCount,
        predictions: part.records.count, scores: scores,
        intervals: part.records.contains(where: \.hasIntervals)
          ? (part.isConformal ? "conformal" : "own") : nil,
        extrapolated: Double(part.records.count(where: \.isExtrapolated)) / Double(max(1, part.records.count))
      )
    }
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

/// Draws families with replacement, the same draws for every measure, so that differences of measures are fair.
struct ClusterBootstrap: Sendable {
  /// For each draw, how often each family is in it.
  let counts: [[Double]]

  init(_ familyCount: Int, seed: UInt64, draws: Int = 1000) {
    var random = SplitMix(state: seed ^ 0x5EED)
    counts =
      familyCount < 2
      ? []
      : (0..<draws).map { _ in
        var counts = Array(repeating: 0.0, count: familyCount)
        for _ in 0..<familyCount { counts[Int.random(in: 0..<familyCount, using: &random)] += 1 }
        return counts
      }
  }

  /// The 2.5 and 97.5 percentiles of a measure over the draws, those left out where it is nil; nil for too few.
  /// - Parameter draws: how many of the draws to take.
  func interval(draws: Int = 1000, _ measure: ([Double]) -> Double?) -> Interval? {
    let values = counts.prefix(draws).compactMap(measure).filter { !$0.isNaN }.sorted()
    guard values.count >= 40 else { return nil }
    func percentile(_ share: Double) -> Double {
      let place = share * Double(values.count - 1)
      let low = Int(place)
      let high = min(low + 1, values.count - 1)
      return values[low] + (place - Double(low)) * (values[high] - values[low])
    }
    return Interval(lower: percentile(0.025), upper: percentile(0.975))
  }
}
