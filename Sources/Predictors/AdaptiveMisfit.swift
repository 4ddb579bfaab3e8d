import Magnet
import Synchronization

/// How much an item response model errs beyond what it says of itself when instances are chosen by it: an adaptive choice
/// looks at few instances that say much, and where items do not follow one ability the others are then mispredicted.
/// Learned from training runs, by choosing instances of theirs.
final class AdaptiveMisfit: Sendable {
  private let runs: [KnownSample]
  private let found = Mutex<[Int: Double]>([:])

  /// How many training runs are looked at.
  private static let runLimit = 24

  /// - Parameter fold: what was learned from.
  init(_ fold: ScoreFold) {
    // By name, so that the order of runs is nothing.
    let rows = fold.train.sorted { fold.matrix.runs[$0].name < fold.matrix.runs[$1].name }
    let kept = min(rows.count, Self.runLimit)
    runs = (0..<kept).compactMap { number in
      let row = rows[rows.count * number / kept]
      let known = fold.columns.filter { !fold.matrix[row, $0].isNaN }
      return known.isEmpty ? nil : KnownSample(columns: known, scores: known.map { fold.matrix[row, $0] })
    }
  }

  /// The variance of what is not accounted for, from so many instances.
  func variance(_ count: Int, _ model: ItemResponseEstimator) -> Double {
    if let variance = found.withLock({ $0[count] }) { return variance }
    let sampler = AdaptiveSampler(model)
    var random = SplitMix(state: UInt64(count))
    let excess = runs.filter { $0.count > count }.compactMap { run -> Double? in
      let scores = Dictionary(uniqueKeysWithValues: zip(run.columns, run.scores))
      let columns = sampler.sequence(count, random: &random) { column, chance in scores[column] ?? chance }
      let sample = KnownSample(columns: columns, scores: columns.map { scores[$0] ?? .nan })
      guard let actual = run.mean, !sample.scores.contains(where: \.isNaN) else { return nil }
      let (mean, variance) = model.moments(sample)
      return (mean - actual) * (mean - actual) - variance
    }.mean()
    let variance = max(0, excess ?? 0)
    found.withLock { $0[count] = variance }
    return variance
  }
}
