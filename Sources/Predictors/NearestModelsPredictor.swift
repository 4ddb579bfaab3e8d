public import Magnet
import RealModule

/// Predicts a run as the training runs that are most like it on the instances seen: kernel regression.
///
///     w_m ∝ exp(-h · mean over S of |x_j - x_mj|)      P_j = Σ_m w_m x_mj
///     ŷ = (Σ_S x_j + Σ_rest P_j) / N
///
/// The bandwidth h is 2, 5, 10, 20 or 40: the one that predicts each training run best from the others, from the same
/// instances. There is no interval, and a note says why (`noIntervalByLikeness`). A score that a training run does not have
/// counts as the instance's mean.
///
/// Limits: easy to explain ("like llama-3-70b"), but only ever a mean of models learned from: useless for one beyond
/// them (arXiv 2506.07673). Needs at least 2 training runs and an instance seen. For saying which models a new one is like;
/// for its score take `AutoPredictor`. Mean absolute error from 10, 25, 50 and 100 instances on HELM Lite (83 models, six
/// scenarios): .069 .053 .045 .039 for held-out models, .148 .126 .110 .095 for the strongest 30% predicted from the weaker
/// half.
public final class NearestModelsPredictor: ScorePredictor {
  public override class var summary: String { "a run's score: that of the models most like it on the sample" }

  public override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
    NearestModelsEstimator(runs: try FilledRuns(fold, atLeast: 2), frontier: Frontier(fold))
  }
}

/// The training runs' scores on the instances of the target run, without gaps.
struct FilledRuns: Sendable {
  /// For each run its scores by column of the matrix.
  let scores: [[Double]]
  /// For each run its sum over the instances to be predicted.
  let sums: [Double]
  /// The instances of the target run.
  let columns: [Int]

  /// - Throws: `MagnetError` when fewer runs than needed have a score on an instance of the target run.
  init(_ fold: ScoreFold, atLeast needed: Int) throws {
    let kept = fold.train.filter { fold.score(ofRow: $0) != nil }
    guard kept.count >= needed, let means = fold.filledItemMeans else {
      throw MagnetError(
        .unsupported,
        kept.isEmpty
          ? noRunToLearnFrom(fold)
          : "\(kept.count) of the runs to learn from have scores on the instances of the run of \(fold.model), and "
            + "this predictor needs \(needed); give more runs of the scenario, or take auto")
    }
    scores = kept.map { row in
      means.indices.map { fold.matrix[row, $0].isNaN ? means[$0] : fold.matrix[row, $0] }
    }
    sums = scores.map { row in fold.columns.reduce(0) { $0 + row[$1] } }
    columns = fold.columns
  }
}

private struct NearestModelsEstimator: ScoreEstimator {
  let runs: FilledRuns
  let frontier: Frontier

  private static let bandwidths: [Double] = [2, 5, 10, 20, 40]

  func estimate(_ sample: ObservedSample) -> Estimate? {
    let known = sample.known
    guard known.count > 0 else { return nil }
    let weights = weigh(known)
    let total = Double(runs.columns.count)
    let rest = zip(weights, rests(known)).reduce(0) { $0 + $1.0 * $1.1 }
    let score = (known.scores.reduce(0, +) + rest) / total
    return learned(score, isShare: known.isShare, sample: sample, frontier: frontier)
  }

  func probabilities(_ sample: ObservedSample) -> [Double]? {
    let known = sample.known
    guard known.count > 0 else { return nil }
    let weights = weigh(known)
    return runs.columns.map { column in
      zip(weights, runs.scores).reduce(0) { $0 + $1.0 * $1.1[column] }
    }
  }

  /// For each run the sum of its scores on the instances not seen.
  private func rests(_ sample: KnownSample) -> [Double] {
    zip(runs.sums, runs.scores).map { sum, row in sample.columns.reduce(sum) { $0 - row[$1] } }
  }

  /// The weights under the best bandwidth.
  private func weigh(_ sample: KnownSample) -> [Double] {
    let seen = runs.scores.map { row in sample.columns.map { row[$0] } }
    let rests = rests(sample)
    let n = Double(sample.count)
    func distance(_ a: [Double], _ b: [Double]) -> Double {
      var sum = 0.0
      for j in a.indices { sum += abs(a[j] - b[j]) }
      return sum / n
    }
    let count = seen.count
    var distances = Array(repeating: 0.0, count: count * count)
    for i in 0..<count {
      for k in 0..<i {
        distances[i * count + k] = distance(seen[i], seen[k])
        distances[k * count + i] = distances[i * count + k]
      }
    }
    var best = (squares: Double.infinity, bandwidth: Self.bandwidths[0])
    for bandwidth in Self.bandwidths {
      var squares = 0.0
      for i in 0..<count {
        let nearest = (0..<count).reduce(Double.infinity) {
          $1 == i ? $0 : min($0, distances[i * count + $1])
        }
        var sum = 0.0
        var weight = 0.0
        for k in 0..<count where k != i {
          let w = Double.exp(-bandwidth * (distances[i * count + k] - nearest))
          sum += w * rests[k]
          weight += w
        }
        let error = (sum / weight - rests[i]) / Double(runs.columns.count)
        squares += error * error
      }
      if squares < best.squares { best = (squares, bandwidth) }
    }
    return normalized(seen.map { -best.bandwidth * distance($0, sample.scores) })
  }
}
