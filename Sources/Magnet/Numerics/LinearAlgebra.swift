/// The factor U of a symmetric positive definite matrix A = Uᵀ U (Cholesky).
///
/// Plain loops, as the matrices here have a hundred rows at most, and LAPACK would be one more library to install.
package struct Cholesky: Sendable {
  /// The number of rows.
  package let order: Int
  /// U, row by row; what is before the diagonal is not used.
  private let factor: [Double]

  /// Factors a matrix given row by row; only its upper triangle is read. Nil when it is not positive definite.
  package init?(_ matrix: [Double], order: Int) {
    precondition(matrix.count == order * order, "a square matrix")
    var u = matrix
    var column = Array(repeating: 0.0, count: order)
    for i in 0..<order {
      for k in 0..<i { column[k] = u[k * order + i] }
      subtractRows(&u, width: order, target: i, columns: i..<order, rows: 0..<i, factors: column)
      let square = u[i * order + i]
      guard square > 0, square.isFinite else { return nil }
      let inverse = 1 / square.squareRoot()
      for j in i..<order { u[i * order + j] *= inverse }
    }
    self.order = order
    factor = u
  }

  /// A⁻¹ b.
  package func solve(_ b: [Double]) -> [Double] {
    var x = b
    for i in 0..<order {
      x[i] /= factor[i * order + i]
      let value = x[i]
      for k in i + 1..<order { x[k] -= factor[i * order + k] * value }
    }
    for i in (0..<order).reversed() {
      let known = dotProduct(factor, i * order + i + 1, x, i + 1, count: order - i - 1)
      x[i] = (x[i] - known) / factor[i * order + i]
    }
    return x
  }

  /// bᵀ A⁻¹ b for each column b of a matrix.
  /// - Parameter matrix: row by row, `order` rows of `width` numbers.
  package func squares(_ matrix: [Double], width: Int) -> [Double] {
    precondition(matrix.count == order * width, "as many rows")
    // U⁻ᵀ B, row by row.
    var halves = matrix
    var column = Array(repeating: 0.0, count: order)
    var sums = Array(repeating: 0.0, count: width)
    for i in 0..<order {
      for k in 0..<i { column[k] = factor[k * order + i] }
      subtractRows(&halves, width: width, target: i, columns: 0..<width, rows: 0..<i, factors: column)
      let inverse = 1 / factor[i * order + i]
      for j in 0..<width {
        let half = halves[i * width + j] * inverse
        halves[i * width + j] = half
        sums[j] += half * half
      }
    }
    return sums
  }

  /// The diagonal of A⁻¹.
  package var inverseDiagonal: [Double] {
    // U⁻¹, row by row from the last: each is a combination of those below.
    var inverse = Array(repeating: 0.0, count: order * order)
    var diagonal = Array(repeating: 0.0, count: order)
    for i in (0..<order).reversed() {
      let row = Array(factor[i * order + i + 1..<(i + 1) * order])
      subtractRows(
        &inverse, width: order, target: i, columns: i + 1..<order, rows: i + 1..<order, factors: row,
        isTriangular: true)
      inverse[i * order + i] = 1
      let scale = 1 / factor[i * order + i]
      for j in i..<order {
        inverse[i * order + j] *= scale
        diagonal[i] += inverse[i * order + j] * inverse[i * order + j]
      }
    }
    return diagonal
  }
}

/// The eigenvalues and eigenvectors of a symmetric matrix, by Householder's reduction to three diagonals and the QL
/// algorithm with implicit shifts (Wilkinson and Reinsch 1971).
package struct SymmetricEigen: Sendable {
  /// The eigenvalues, greatest first.
  package let values: [Double]
  /// The eigenvectors in that order, each of length 1 with its component of greatest size positive.
  package let vectors: [[Double]]

  /// Decomposes a matrix given row by row; only its lower triangle is read.
  package init(_ matrix: [Double], order n: Int) {
    precondition(matrix.count == n * n, "a square matrix")
    var reduction = Tridiagonal(matrix, order: n)
    reduction.diagonalize()
    let found = reduction
    let order = (0..<n).sorted { found.diagonal[$0] > found.diagonal[$1] }
    values = order.map { found.diagonal[$0] }
    vectors = order.map { row in
      let vector = Array(found.rows[row * n..<(row + 1) * n])
      let greatest = vector.reduce(0) { abs($1) > abs($0) ? $1 : $0 }
      return greatest < 0 ? vector.map { -$0 } : vector
    }
  }
}

/// A symmetric matrix brought to three diagonals.
private struct Tridiagonal {
  let order: Int
  var diagonal: [Double]
  /// `below[i]` is the element at row i + 1, column i; the last is 0.
  var below: [Double]
  /// The transformation, transposed: in the end one row per eigenvector.
  var rows: [Double]

  init(_ matrix: [Double], order n: Int) {
    order = n
    var a = matrix
    for i in 0..<n { for j in 0..<i { a[j * n + i] = a[i * n + j] } }
    diagonal = Array(repeating: 0, count: n)
    below = Array(repeating: 0, count: n)
    rows = Array(repeating: 0, count: n * n)
    for i in 0..<n { rows[i * n + i] = 1 }
    guard n > 0 else { return }
    for k in 0..<max(0, n - 2) {
      // The reflection I - v vᵀ that zeroes column k under the subdiagonal; |v|² = 2.
      var length = 0.0
      for i in k + 1..<n { length += a[i * n + k] * a[i * n + k] }
      length = length.squareRoot()
      if length == 0 { continue }
      let first = a[(k + 1) * n + k]
      let target = first > 0 ? -length : length
      var v = Array(repeating: 0.0, count: n)
      for i in k + 1..<n { v[i] = a[i * n + k] }
      v[k + 1] -= target
      var square = 0.0
      for i in k + 1..<n { square += v[i] * v[i] }
      let scale = (2 / square).squareRoot()
      for i in k + 1..<n { v[i] *= scale }
      // A <- A - v wᵀ - w vᵀ, w = A v - (vᵀ A v / 2) v.
      var w = Array(repeating: 0.0, count: n)
      var product = 0.0
      for i in k..<n {
        var sum = 0.0
        for j in k + 1..<n { sum += a[i * n + j] * v[j] }
        w[i] = sum
        product += v[i] * sum
      }
      for i in k..<n { w[i] -= product / 2 * v[i] }
      for i in k..<n { for j in k..<n { a[i * n + j] -= v[i] * w[j] + w[i] * v[j] } }
      // rows <- (I - v vᵀ) rows.
      var projection = Array(repeating: 0.0, count: n)
      for i in k + 1..<n { for j in 0..<n { projection[j] += v[i] * rows[i * n + j] } }
      for i in k + 1..<n { for j in 0..<n { rows[i * n + j] -= v[i] * projection[j] } }
    }
    for i in 0..<n {
      diagonal[i] = a[i * n + i]
      if i + 1 < n { below[i] = a[(i + 1) * n + i] }
    }
  }

  mutating func diagonalize() {
    let n = order
    for l in 0..<n {
      for _ in 0..<200 {
        var m = l
        while m + 1 < n {
          let size = abs(diagonal[m]) + abs(diagonal[m + 1])
          if abs(below[m]) <= Double.ulpOfOne * size { break }
          m += 1
        }
        if m == l { break }
        var g = (diagonal[l + 1] - diagonal[l]) / (2 * below[l])
        var r = (g * g + 1).squareRoot()
        g = diagonal[m] - diagonal[l] + below[l] / (g + (g >= 0 ? r : -r))
        var s = 1.0
        var c = 1.0
        var p = 0.0
        var isSplit = false
        for i in stride(from: m - 1, through: l, by: -1) {
          let f = s * below[i]
          let b = c * below[i]
          r = (f * f + g * g).squareRoot()
          below[i + 1] = r
          if r == 0 {
            diagonal[i + 1] -= p
            below[m] = 0
            isSplit = true
            break
          }
          s = f / r
          c = g / r
          g = diagonal[i + 1] - p
          r = (diagonal[i] - g) * s + 2 * c * b
          p = s * r
          diagonal[i + 1] = g + p
          g = c * r - b
          for k in 0..<n {
            let upper = rows[(i + 1) * n + k]
            let lower = rows[i * n + k]
            rows[(i + 1) * n + k] = s * lower + c * upper
            rows[i * n + k] = c * lower - s * upper
          }
        }
        if isSplit { continue }
        diagonal[l] -= p
        below[l] = g
        below[m] = 0
      }
    }
  }
}
