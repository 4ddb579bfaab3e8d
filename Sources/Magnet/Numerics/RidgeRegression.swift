/// Linear regression with a penalty on the squared coefficients, not on the intercept (Hoerl and Kennard 1970):
///
///     min Σ_i (y_i - b - w·x_i)² + penalty · |w|²
///
/// Of several penalties the one with the least squared leave-one-out error is taken, which needs no refitting: without
/// row i its error is e_i / (1 - h_i), h_i its leverage.
package struct RidgeRegression: Sendable {
  /// w.
  package let coefficients: [Double]
  /// b.
  package let intercept: Double
  /// The penalty taken.
  package let penalty: Double
  /// For each row, the error of the target's prediction from the other rows: target minus prediction.
  package let leaveOneOut: [Double]

  /// Fits. Nil for no rows, or when no penalty gives a solution.
  /// - Parameters:
  ///   - features: row by row, each as long as the others; no NaN.
  ///   - targets: one a row.
  ///   - penalties: above 0; the first of equally good ones is taken.
  package init?(features: [Double], targets: [Double], penalties: [Double]) {
    let n = targets.count
    guard n > 0 else { return nil }
    let width = features.count / n
    precondition(features.count == n * width, "rows of equal length")
    var means = Array(repeating: 0.0, count: width)
    for i in 0..<n { for j in 0..<width { means[j] += features[i * width + j] / Double(n) } }
    var x = features
    for i in 0..<n { for j in 0..<width { x[i * width + j] -= means[j] } }
    let targetMean = targets.reduce(0, +) / Double(n)
    let y = targets.map { $0 - targetMean }

    // X Xᵀ where factoring and inverting it takes fewer steps than factoring Xᵀ X and solving for each row.
    let isDual = 2 * n * n * n <= width * width * (width + 3 * n)
    // Column by column.
    var columns = Array(repeating: 0.0, count: n * width)
    for i in 0..<n { for j in 0..<width { columns[j * n + i] = x[i * width + j] } }
    let gram =
      isDual ? Self.products(x, rows: n, width: width) : Self.products(columns, rows: width, width: n)
    let right = isDual ? [] : (0..<width).map { dotProduct(columns, $0 * n, y, 0, count: n) }
    var best: (squares: Double, penalty: Double, coefficients: [Double], errors: [Double])?
    for penalty in penalties {
      var shifted = gram
      let order = isDual ? n : width
      for i in 0..<order { shifted[i * order + i] += penalty }
      guard let cholesky = Cholesky(shifted, order: order) else { continue }
      var coefficients: [Double]
      var errors: [Double]
      if isDual {
        let weights = cholesky.solve(y)
        coefficients = (0..<width).map { dotProduct(columns, $0 * n, weights, 0, count: n) }
        // y - K(K + penalty)⁻¹ y = penalty (K + penalty)⁻¹ y, and likewise 1 - h.
        errors = zip(weights, cholesky.inverseDiagonal).map { penalty * $0 / (penalty * $1 - 1 / Double(n)) }
      } else {
        coefficients = cholesky.solve(right)
        errors = cholesky.squares(columns, width: n).enumerated().map { i, leverage in
          let value = dotProduct(x, i * width, coefficients, 0, count: width)
          return (y[i] - value) / (1 - leverage - 1 / Double(n))
        }
      }
      // One row leaves nothing to predict it from.
      if n == 1 { errors = [targets[0]] }
      let squares = errors.reduce(0) { $0 + $1 * $1 }
      if squares.isFinite, squares < best?.squares ?? .infinity {
        best = (squares, penalty, coefficients, errors)
      }
    }
    guard let best else { return nil }
    coefficients = best.coefficients
    intercept = targetMean - zip(means, best.coefficients).reduce(0) { $0 + $1.0 * $1.1 }
    penalty = best.penalty
    leaveOneOut = best.errors
  }

  /// b + w·x.
  package func value(at features: some Sequence<Double>) -> Double {
    zip(coefficients, features).reduce(intercept) { $0 + $1.0 * $1.1 }
  }

  /// Products of the rows of a table, each with each.
  private static func products(_ x: [Double], rows n: Int, width: Int) -> [Double] {
    var gram = Array(repeating: 0.0, count: n * n)
    for i in 0..<n {
      for k in 0...i {
        let sum = dotProduct(x, i * width, x, k * width, count: width)
        gram[i * n + k] = sum
        gram[k * n + i] = sum
      }
    }
    return gram
  }
}
