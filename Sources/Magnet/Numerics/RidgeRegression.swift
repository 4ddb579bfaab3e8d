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
    var columns = Array(repeating: 0.0, count: n * width)
    for i in 0..<n { for j in 0..<width { columns[j * n + i] = features[i * width + j] } }
    self.init(byFeature: columns, targets: targets, penalties: penalties)
  }

  /// Fits.
  /// - Parameter columns: feature by feature, each as long as `targets`.
  package init?(byFeature columns: [Double], targets: [Double], penalties: [Double]) {
    let n = targets.count
    guard n > 0 else { return nil }
    let width = columns.count / n
    precondition(columns.count == n * width, "features of equal length")
    let targetMean = targets.reduce(0, +) / Double(n)
    let y = targets.map { $0 - targetMean }
    // X Xᵀ where factoring and inverting it takes fewer steps than factoring Xᵀ X and solving for each row.
    let isDual = 2 * n * n * n <= width * width * (width + 3 * n)
    let order = isDual ? n : width
    let centred = CentredColumns(columns, rows: n)
    let gram = isDual ? centred.productsOfRows : centred.productsOfColumns
    let right = isDual ? y : centred.products(y)
    var cholesky = Cholesky(order: order)
    var best: (squares: Double, penalty: Double, weights: [Double], errors: [Double])?
    for penalty in penalties {
      guard cholesky.refactor(gram, penalty: penalty) else { continue }
      // Of rows, or of features.
      let weights = cholesky.solve(right)
      var errors: [Double]
      if isDual {
        // y - K(K + penalty)⁻¹ y = penalty (K + penalty)⁻¹ y, and likewise 1 - h.
        let diagonal = cholesky.inverseDiagonal()
        errors = zip(weights, diagonal).map { penalty * $0 / (penalty * $1 - 1 / Double(n)) }
      } else {
        let values = centred.values(weights)
        errors = zip(cholesky.squares(centred.values, width: centred.width), y.indices).map { leverage, i in
          (y[i] - values[i]) / (1 - leverage - 1 / Double(n))
        }
      }
      // One row leaves nothing to predict it from.
      if n == 1 { errors = [targets[0]] }
      let squares = errors.reduce(0) { $0 + $1 * $1 }
      if squares.isFinite, squares < best?.squares ?? .infinity {
        best = (squares, penalty, weights, errors)
      }
    }
    guard let best else { return nil }
    coefficients = isDual ? centred.products(best.weights) : best.weights
    intercept = targetMean - dotProduct(centred.means, 0, coefficients, 0, count: width)
    penalty = best.penalty
    leaveOneOut = best.errors
  }

  /// b + w·x.
  package func value(at features: [Double]) -> Double {
    intercept + dotProduct(coefficients, 0, features, 0, count: coefficients.count)
  }
}

extension CentredColumns {
  /// The upper triangle of X Xᵀ.
  fileprivate var productsOfRows: WideMatrix {
    WideMatrix(productsOfColumns: values, rows: means.count, columns: width)
  }

  /// The upper triangle of Xᵀ X.
  fileprivate var productsOfColumns: WideMatrix {
    let wide = fullWidth(means.count)
    var table = Array(repeating: 0.0, count: rows * wide)
    for column in means.indices {
      for i in 0..<rows { table[i * wide + column] = values[column * width + i] }
    }
    return WideMatrix(productsOfColumns: table, rows: rows, columns: wide)
  }

  /// Xᵀ y.
  fileprivate func products(_ y: [Double]) -> [Double] {
    means.indices.map { dotProduct(values, $0 * width, y, 0, count: rows) }
  }

  /// X w.
  fileprivate func values(_ weights: [Double]) -> [Double] {
    var sums = Array(repeating: 0.0, count: rows)
    for (column, weight) in weights.enumerated() {
      for i in 0..<rows { sums[i] += weight * values[column * width + i] }
    }
    return sums
  }
}
