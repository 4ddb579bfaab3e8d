/// The greatest eigenvalues of a symmetric matrix and their eigenvectors, by Householder's reduction to three diagonals,
/// bisection with Sturm sequences, and inverse iteration (Wilkinson and Reinsch 1971).
package struct SymmetricEigen: Sendable {
  /// The eigenvalues, greatest first.
  package let values: [Double]
  /// The eigenvectors in that order, each of length 1 with its component of greatest size positive.
  package let vectors: [[Double]]

  /// Decomposes a matrix.
  /// - Parameters:
  ///   - matrix: row by row, both triangles.
  ///   - count: how many eigenvalues to find; all where there are fewer.
  package init(_ matrix: [Double], order n: Int, greatest count: Int = .max) {
    precondition(matrix.count == n * n, "a square matrix")
    let reduction = Reduction(matrix, order: n)
    values = reduction.greatest(min(count, n))
    vectors = reduction.vectors(of: values)
  }
}

/// A symmetric matrix brought to three diagonals by reflections.
private struct Reduction {
  private let order: Int
  private var diagonal: [Double] = []
  /// `below[i]` is the element at row i + 1, column i.
  private var below: [Double] = []
  /// The vectors v of the reflections I - v vᵀ, one after the other; none where nothing is to be done.
  private var reflections: [[Double]] = []

  init(_ matrix: [Double], order n: Int) {
    order = n
    var a = WideMatrix(order: n)
    let width = a.width
    for i in 0..<n { for j in 0..<n { a.values[i * width + j] = matrix[i * n + j] } }
    for k in 0..<max(0, n - 2) {
      // The reflection that zeroes row k beyond the diagonal's neighbour; |v|² = 2.
      var v = Array(repeating: 0.0, count: width)
      for i in k + 1..<n { v[i] = a.values[k * width + i] }
      let length = dotProduct(v, 0, v, 0, count: width).squareRoot()
      if length == 0 { continue }
      v[k + 1] += v[k + 1] > 0 ? length : -length
      let scale = (2 / dotProduct(v, 0, v, 0, count: width)).squareRoot()
      for i in k + 1..<n { v[i] *= scale }
      // A <- A - v wᵀ - w vᵀ, w = A v - (vᵀ A v / 2) v. Rows before k are done with.
      var w = a.product(v, from: k)
      let half = dotProduct(v, 0, w, 0, count: width) / 2
      for i in 0..<width { w[i] = i < k ? 0 : w[i] - half * v[i] }
      a.subtractOuterProducts(v, w, from: k)
      reflections.append(v)
    }
    for i in 0..<n {
      diagonal.append(a.values[i * width + i])
      if i + 1 < n { below.append(a.values[i * width + i + 1]) }
    }
  }

  /// The greatest eigenvalues, greatest first; eight at a time.
  func greatest(_ count: Int) -> [Double] {
    var radius = 0.0
    for i in 0..<order {
      let neighbours = abs(i > 0 ? below[i - 1] : 0) + abs(i + 1 < order ? below[i] : 0)
      radius = max(radius, abs(diagonal[i]) + neighbours)
    }
    let squares = below.map { $0 * $0 }
    let smallest = max(radius * 1e-18, 1e-300)
    var found: [Double] = []
    while found.count < count {
      var low = Array(repeating: -radius, count: 8)
      var high = Array(repeating: radius, count: 8)
      for _ in 0..<60 {
        let middle = zip(low, high).map { ($0 + $1) / 2 }
        let above = eigenvaluesAbove(middle, diagonal, squares: squares, smallest: smallest)
        for lane in 0..<8 {
          if above[lane] > found.count + lane { low[lane] = middle[lane] } else { high[lane] = middle[lane] }
        }
      }
      for lane in 0..<min(8, count - found.count) { found.append((low[lane] + high[lane]) / 2) }
    }
    return found
  }

  /// The eigenvectors of eigenvalues given greatest first, each of length 1 with its component of greatest size positive.
  func vectors(of values: [Double]) -> [[Double]] {
    let size = max(values.map { abs($0) }.max() ?? 0, below.map { abs($0) }.max() ?? 0, 1e-100)
    var found: [[Double]] = []
    for (number, value) in values.enumerated() {
      // Equal eigenvalues are told apart, so that their vectors are.
      let shifted = Shifted(diagonal, below, value - Double(number) * 4 * size * Double.ulpOfOne, size: size)
      var random = SplitMix(state: UInt64(number))
      var x = (0..<order).map { _ in Double.random(in: 0.5..<1.5, using: &random) }
      for _ in 0..<3 {
        shifted.solve(&x)
        let largest = x.reduce(0) { max($0, abs($1)) }
        for i in x.indices { x[i] /= largest }
        for _ in 0..<2 {
          for other in found {
            let product = dotProduct(other, 0, x, 0, count: order)
            for i in x.indices { x[i] -= product * other[i] }
          }
          let length = dotProduct(x, 0, x, 0, count: order).squareRoot()
          for i in x.indices { x[i] /= length }
        }
      }
      found.append(x)
    }
    return found.map { vector in
      var x = vector
      for v in reflections.reversed() {
        let product = dotProduct(v, 0, x, 0, count: order)
        for i in x.indices { x[i] -= product * v[i] }
      }
      let greatest = x.reduce(0) { abs($1) > abs($0) ? $1 : $0 }
      return greatest < 0 ? x.map { -$0 } : x
    }
  }
}

/// The factors of a matrix of three diagonals less a shift, rows exchanged so that pivots are large.
private struct Shifted {
  /// For each row the pivot's inverse and the two elements beside it.
  private var rows: [(inverse: Double, next: Double, last: Double)] = []
  /// For each row but the first, what is taken of the row before, and whether the two are exchanged.
  private var steps: [(factor: Double, isExchanged: Bool)] = []

  init(_ diagonal: [Double], _ below: [Double], _ shift: Double, size: Double) {
    let n = diagonal.count
    var row = (n > 0 ? diagonal[0] - shift : 0, n > 1 ? below[0] : 0, 0.0)
    for i in 0..<n {
      if i + 1 == n {
        rows.append((Self.inverse(row.0, size), row.1, row.2))
        continue
      }
      let next = (below[i], diagonal[i + 1] - shift, i + 2 < n ? below[i + 1] : 0)
      let isExchanged = abs(next.0) > abs(row.0)
      let (upper, lower) = isExchanged ? (next, row) : (row, next)
      let inverse = Self.inverse(upper.0, size)
      let factor = lower.0 * inverse
      rows.append((inverse, upper.1, upper.2))
      steps.append((factor, isExchanged))
      row = (lower.1 - factor * upper.1, lower.2 - factor * upper.2, 0)
    }
  }

  private static func inverse(_ pivot: Double, _ size: Double) -> Double {
    let least = size * Double.ulpOfOne
    return 1 / (abs(pivot) < least ? least : pivot)
  }

  /// Puts A⁻¹ x into x.
  func solve(_ x: inout [Double]) {
    for (i, step) in steps.enumerated() {
      if step.isExchanged { x.swapAt(i, i + 1) }
      x[i + 1] -= step.factor * x[i]
    }
    for i in rows.indices.reversed() {
      let next = i + 1 < x.count ? rows[i].next * x[i + 1] : 0
      let last = i + 2 < x.count ? rows[i].last * x[i + 2] : 0
      x[i] = (x[i] - next - last) * rows[i].inverse
    }
  }
}
