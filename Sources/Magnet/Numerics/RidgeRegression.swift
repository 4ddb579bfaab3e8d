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
    let isDual = Self.isDual(rows: n, features: width)
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

  /// Whether X Xᵀ is to be taken, not Xᵀ X.
  static func isDual(rows n: Int, features width: Int) -> Bool {
    2 * n * n * n <= width * width * (width + 3 * n)
  }

  /// b + w·x.
  package func value(at features: [Double]) -> Double {
    intercept + dotProduct(coefficients, 0, features, 0, count: coefficients.count)
  }

  /// What `SharedRidge` gives for this target.
  package func fit(at features: [Double]) -> SharedRidge.Fit {
    SharedRidge.Fit(value: value(at: features), squares: leaveOneOut.reduce(0) { $0 + $1 * $1 })
  }
}

/// Ridge regressions of many targets on the same features: what does not depend on the target is worked out once for each
/// penalty, which `RidgeRegression`, the same regression, does for each target again.
package struct SharedRidge {
  /// A target's regression, of the penalty with the least squared leave-one-out errors.
  package struct Fit: Sendable {
    /// The prediction at the point asked for.
    package var value: Double
    /// The sum of the squared leave-one-out errors.
    package var squares: Double
  }

  private let centred: CentredColumns
  /// X Xᵀ where that is quicker, else Xᵀ X.
  private let isDual: Bool
  private let gram: WideMatrix
  /// The point less the features' means.
  private let offsets: [Double]

  /// - Parameters:
  ///   - columns: feature by feature, each of `rows` numbers.
  ///   - point: where to predict, a number for each feature.
  package init(byFeature columns: [Double], rows n: Int, at point: [Double]) {
    let width = point.count
    precondition(n > 0 && columns.count == n * width, "features of equal length")
    isDual = RidgeRegression.isDual(rows: n, features: width)
    centred = CentredColumns(columns, rows: n)
    gram = isDual ? centred.productsOfRows : centred.productsOfColumns
    offsets = zip(point, centred.means).map { $0 - $1 }
  }

  /// The regression of each of these targets, a number per row each.
  package func fits(of targets: [[Double]], penalties: [Double]) -> [Fit?] {
    let means = targets.map { $0.reduce(0, +) / Double(centred.rows) }
    let point = isDual ? centred.values(offsets) : offsets
    return best(penalties, count: targets.count) { factors, number in
      let y = targets[number].map { $0 - means[number] }
      let weights = factors.cholesky.solve(isDual ? y : centred.products(y))
      let values = isDual ? [] : centred.values(weights)
      var squares = 0.0
      for row in y.indices {
        let error = (isDual ? factors.penalty * weights[row] : y[row] - values[row]) / factors.rest[row]
        squares += error * error
      }
      let rise = dotProduct(weights, 0, point, 0, count: weights.count)
      return Fit(value: means[number] + rise, squares: squares)
    }
  }

  /// The regression of each feature on all others.
  ///
  /// With B = (Xᵀ X + penalty)⁻¹ the coefficients of feature i on the others are -B_ki/B_ii, its residuals
  /// (X B)_ji/B_ii, and the leverage of a row is less by (X B)²_ji/B_ii than that among all features. X B is
  /// (X Xᵀ + penalty)⁻¹ X, and penalty B_ii is 1 less the i-th diagonal element of Xᵀ X B.
  package func fitsOfFeatures(penalties: [Double]) -> [Fit?] {
    let features = offsets.count
    let rows = centred.rows
    let point = centred.values(offsets)
    // The unit matrix and X, or the transpose of X and the unit matrix: X B is the product of the two parts.
    let order = isDual ? rows : features
    let split = fullWidth(rows)
    let width = split + fullWidth(features)
    var table = Array(repeating: 0.0, count: fullWidth(order) * width)
    for row in 0..<order { table[row * width + row + (isDual ? 0 : split)] = 1 }
    for feature in 0..<features {
      for row in 0..<rows {
        let place = isDual ? row * width + split + feature : feature * width + row
        table[place] = centred.values[feature * centred.width + row]
      }
    }
    var best: [Fit?] = Array(repeating: nil, count: features)
    var cholesky = Cholesky(order: order)
    for penalty in penalties {
      guard cholesky.refactor(gram, penalty: penalty) else { continue }
      let (residuals, diagonal) = cholesky.productsOfInverse(
        table, width: width, split: split, isLower: isDual)
      let own = diagonal[split...].map { isDual ? (1 - $0) / penalty : $0 }
      let rest = diagonal[..<rows].map { (isDual ? penalty * $0 : 1 - $0) - 1 / Double(rows) }
      let (squares, rises) = sumsLeftOut(residuals, own: own, rest: rest, point: point)
      for feature in 0..<features
      where squares[feature].isFinite && squares[feature] < best[feature]?.squares ?? .infinity {
        // (B offsets)_i = (offsets - Bᵀ Xᵀ X offsets)_i / penalty.
        let rise = (offsets[feature] - rises[feature]) / penalty
        best[feature] = Fit(
          value: centred.means[feature] + offsets[feature] - rise / own[feature], squares: squares[feature])
      }
    }
    return best
  }

  /// What all targets have in common at a penalty.
  private struct Factors {
    let penalty: Double
    let cholesky: Cholesky
    /// For each row 1 less its leverage, the intercept's included.
    let rest: [Double]
  }

  private func factors(_ penalty: Double) -> Factors? {
    var cholesky = Cholesky(order: isDual ? centred.rows : offsets.count)
    guard cholesky.refactor(gram, penalty: penalty) else { return nil }
    let rest =
      isDual
      ? cholesky.inverseDiagonal().map { penalty * $0 - 1 / Double(centred.rows) }
      : cholesky.squares(centred.values, width: centred.width).prefix(centred.rows)
        .map { 1 - $0 - 1 / Double(centred.rows) }
    return Factors(penalty: penalty, cholesky: cholesky, rest: rest)
  }

  /// For each target the fit of least squares, the first of equally good ones; nil where there is none.
  private func best(_ penalties: [Double], count: Int, _ fit: (Factors, Int) -> Fit) -> [Fit?] {
    var found: [Fit?] = Array(repeating: nil, count: count)
    for penalty in penalties {
      guard let factors = factors(penalty) else { continue }
      for number in 0..<count {
        let made = fit(factors, number)
        if made.squares.isFinite, made.squares < found[number]?.squares ?? .infinity { found[number] = made }
      }
    }
    return found
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
