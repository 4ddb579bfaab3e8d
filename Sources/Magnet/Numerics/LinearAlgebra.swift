/// The factor U of a symmetric positive definite matrix A = Uᵀ U (Cholesky).
///
/// Loops of our own, as the matrices here have a hundred rows at most, and LAPACK would be one more library to install.
package struct Cholesky: Sendable {
  /// The number of rows.
  package let order: Int
  /// U; what is before the diagonal is not used, and what is beyond `order` is the unit matrix.
  private var factor: WideMatrix
  /// Room to invert it.
  private lazy var room = WideMatrix(order: order)

  /// Factors a matrix given row by row; only its upper triangle is read. Nil when it is not positive definite.
  package init?(_ matrix: [Double], order: Int) {
    precondition(matrix.count == order * order, "a square matrix")
    var wide = WideMatrix(order: order)
    for i in 0..<order { for j in i..<order { wide.values[i * wide.width + j] = matrix[i * order + j] } }
    self.init(order: order)
    guard refactor(wide, penalty: 0) else { return nil }
  }

  /// The factor of the unit matrix.
  init(order: Int) {
    self.order = order
    factor = WideMatrix(order: order)
    for i in 0..<factor.width { factor.values[i * factor.width + i] = 1 }
  }

  /// Factors the first rows and columns of another matrix, with something added to its diagonal. False, and of no use then,
  /// when that is not positive definite.
  mutating func refactor(_ matrix: WideMatrix, penalty: Double) -> Bool {
    factor.factor(matrix, order: order, penalty: penalty)
  }

  /// A⁻¹ b.
  package func solve(_ b: [Double]) -> [Double] {
    precondition(b.count == order, "as many rows")
    return factor.solve(b)
  }

  /// bᵀ A⁻¹ b for each column b of a matrix.
  /// - Parameter matrix: row by row, `order` rows of `count` numbers.
  package func squares(_ matrix: [Double], width count: Int) -> [Double] {
    precondition(matrix.count == order * count, "as many rows")
    let columns = fullWidth(count)
    var halves = Array(repeating: 0.0, count: factor.width * columns)
    for i in 0..<order { for j in 0..<count { halves[i * columns + j] = matrix[i * count + j] } }
    factor.solveTransposed(&halves, columns: columns)
    return Array(sumsOfRows(halves, width: columns, Array(0..<order)).squares.prefix(count))
  }

  /// Lᵀ A⁻¹ R and the diagonals of Lᵀ A⁻¹ L and Rᵀ A⁻¹ R, for the first columns L of a matrix and the rest R.
  /// - Parameters:
  ///   - matrix: row by row, in full width: `order` rows, and as many of zeros as make that a full width.
  ///   - split: how many columns L has, a full width.
  ///   - isLower: whether nothing is above the diagonal of L.
  func productsOfInverse(_ matrix: [Double], width: Int, split: Int, isLower: Bool) -> (
    products: [Double], diagonal: [Double]
  ) {
    precondition(matrix.count == factor.width * width, "as many rows")
    var halves = matrix
    factor.solveTransposed(&halves, columns: width)
    return (
      productsOfParts(halves, width: width, split: split, isLower: isLower),
      sumsOfRows(halves, width: width, Array(0..<order)).squares
    )
  }

  /// The diagonal of A⁻¹.
  package mutating func inverseDiagonal() -> [Double] {
    Array(factor.diagonalOfInverse(&room).prefix(order))
  }
}
