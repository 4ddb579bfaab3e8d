public import Magnet

/// Predicts a run's score from what its model answers, by where it lies among the other models: the data kernel
/// perspective space (Helm, Priebe and others, arXiv 2410.01106; 2605.07096), with one-hot answers.
///
///     D_mm' = ‖R_m - R_m'‖ / √q      classical multidimensional scaling of D to 8 dimensions
///     g: linear regression from there to the score on all N instances, fitted on the training runs
///     ŷ = (n x̄_S + (N - n) g) / N, g clipped to 0 to 1
///
/// R_m has for each of the q instances seen a row with a 1 at what model m answered; no answer is a row of zeros.
/// Answers are compared as the matrix numbers them. Where the answers were not read their scores take their place, and a
/// note says so. There is no interval, and a note says why (`noIntervalByLikeness`).
///
/// Limits: needs 20 training runs, and answers that models share, such as those to questions of choice; fails for models
/// beyond those learned from (see `isExtrapolated`). The one method here that needs no scores of the target run
/// to place it. Mean absolute error from 10, 25, 50 and 100 instances on HELM Lite (83 models, six scenarios; arXiv
/// 2506.07673), whose matrices have scores as answers: .067 .047 .034 .024 for held-out models, .122 .090 .072 .057 for the
/// strongest 30% predicted from the weaker half.
public final class DKPSPredictor: ScorePredictor {
  public override class var name: String { "dkps" }
  public override class var summary: String {
    "a run's score: from what its model answers, by its place among the others"
  }

  public override var usesAnswers: Bool { true }

  private static let leastRuns = 20

  public override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
    let count = fold.matrix.instances.count
    let kept = fold.train.filter { fold.score(ofRow: $0) != nil }
    return DKPSEstimator(
      runs: try FilledRuns(fold, atLeast: Self.leastRuns),
      answers: fold.matrix.answers.map { answers in kept.map { Array(answers[$0 * count..<($0 + 1) * count]) }
      },
      frontier: Frontier(fold),
      notes: fold.matrix.answers == nil ? ["the answers were not read; scores take their place"] : [])
  }
}

private struct DKPSEstimator: ScoreEstimator {
  let runs: FilledRuns
  /// For each run its answers by column of the matrix.
  let answers: [[Int32]]?
  let frontier: Frontier
  let notes: [String]

  private static let dimensions = 8

  func estimate(_ sample: ObservedSample) -> Estimate? {
    let known = sample.known
    // Answers place the run even where none of them is scored.
    guard known.count > 0 || sample.answers?.isEmpty == false else { return nil }
    let points = classicalScaling(squaredDistances(sample), dimensions: Self.dimensions)
    let total = Double(runs.columns.count)
    let count = runs.scores.count
    guard
      let line = RidgeRegression(
        features: points[..<count].flatMap { $0 }, targets: runs.sums.map { $0 / total }, penalties: [1e-9])
    else { return nil }
    let unseen = total - Double(known.count)
    let located = line.value(at: points[count])
    let isShare = known.isShare && runs.sums.allSatisfy { (0...total).contains($0) }
    let kept = isShare ? min(1, max(0, located)) : located
    return learned(
      (known.scores.reduce(0, +) + unseen * kept) / total, isShare: isShare, sample: sample,
      frontier: frontier)
  }

  /// D² of the training runs and, last, the target run, row by row.
  private func squaredDistances(_ sample: ObservedSample) -> [Double] {
    let order = runs.scores.count + 1
    var squares = Array(repeating: 0.0, count: order * order)
    let q = sample.columns.count
    func fill(_ square: (Int, Int) -> Double) {
      for i in 0..<order {
        for k in 0..<i {
          squares[i * order + k] = square(i, k) / Double(q)
          squares[k * order + i] = squares[i * order + k]
        }
      }
    }
    if let answers, let own = sample.answers {
      // Filled up with places in which all agree.
      let width = fullWidth(q)
      var table = Array(repeating: Int32(0), count: order * width)
      for (run, row) in (answers + [[]]).enumerated() {
        for (place, column) in sample.columns.enumerated() {
          table[run * width + place] = run < answers.count ? row[column] : own[place]
        }
      }
      // Two unlike rows with a 1 differ in two places, a row of zeros from one in one.
      fill { Double(disagreement(table, $0, $1, width: width)) }
    } else {
      let rows =
        runs.scores.map { row in sample.columns.map { row[$0] } } + [
          sample.scores.map { $0.isNaN ? 0.5 : $0 }
        ]
      // |a - b|² = |a|² - 2ab + |b|²
      let table = rows.flatMap { $0 }
      let own = rows.indices.map { dotProduct(table, $0 * q, table, $0 * q, count: q) }
      fill { max(0, own[$0] + own[$1] - 2 * dotProduct(table, $0 * q, table, $1 * q, count: q)) }
    }
    return squares
  }
}

/// Points whose distances are nearest to those given (Torgerson 1952): the eigenvectors of -½ J D² J with the greatest
/// eigenvalues, each as long as the root of its eigenvalue. Dimensions in which nothing varies are left out.
/// - Parameter squares: the squared distances, row by row.
func classicalScaling(_ squares: [Double], dimensions: Int) -> [[Double]] {
  let order = Int(Double(squares.count).squareRoot())
  let means = (0..<order).map { row in squares[row * order..<(row + 1) * order].reduce(0, +) / Double(order) }
  let total = means.mean() ?? 0
  var centred = squares
  for i in 0..<order {
    for k in 0..<order {
      centred[i * order + k] = -(squares[i * order + k] - means[i] - means[k] + total) / 2
    }
  }
  let eigen = SymmetricEigen(centred, order: order, greatest: dimensions)
  let kept = eigen.values.indices.filter { eigen.values[$0] > 1e-9 * max(1e-300, eigen.values[0]) }
  return (0..<order).map { row in kept.map { eigen.vectors[$0][row] * eigen.values[$0].squareRoot() } }
}
