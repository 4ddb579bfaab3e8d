// Unsafe code, on these invariants:
// - The buffers live during the loop, and the ranges lie in them: the precondition checks that.
import CVector

/// Σ a[i + k] b[j + k] over k from 0 to count - 1, in eight partial sums: a single one would wait for each addition.
package func dotProduct(_ a: [Double], _ i: Int, _ b: [Double], _ j: Int, count: Int) -> Double {
  precondition(
    i >= 0 && j >= 0 && count >= 0 && i + count <= a.count && j + count <= b.count, "ranges within")
  return unsafe a.withUnsafeBufferPointer { a in
    unsafe b.withUnsafeBufferPointer { b in
      var first = SIMD4<Double>.zero
      var second = SIMD4<Double>.zero
      var k = 0
      while k + 8 <= count {
        unsafe first += four(a, i + k) * four(b, j + k)
        unsafe second += four(a, i + k + 4) * four(b, j + k + 4)
        k += 8
      }
      var sum = (first + second).sum()
      while k < count {
        unsafe sum += a[i + k] * b[j + k]
        k += 1
      }
      return sum
    }
  }
}

/// The sum of some rows of a table, row by row: Σ table[row * width + k] over `rows` for each k below `width`.
package func sumOfRows(_ table: [Double], width: Int, _ rows: [Int]) -> [Double] {
  precondition(rows.allSatisfy { $0 >= 0 && ($0 + 1) * width <= table.count }, "rows of the table")
  var sums = Array(repeating: 0.0, count: width)
  unsafe cvector_sum_rows(table, width, rows, rows.count, &sums, nil)
  return sums
}

/// The sums of some rows of a table, and of the squares of their numbers.
package func sumsOfRows(_ table: [Double], width: Int, _ rows: [Int]) -> (sums: [Double], squares: [Double]) {
  precondition(rows.allSatisfy { $0 >= 0 && ($0 + 1) * width <= table.count }, "rows of the table")
  var sums = Array(repeating: 0.0, count: width)
  var squares = sums
  unsafe cvector_sum_rows(table, width, rows, rows.count, &sums, &squares)
  return (sums, squares)
}

/// Lᵀ R, L the first columns of a table and R the rest, the numbers of both multiples of 8.
/// - Parameter isLower: whether nothing is above the diagonal of L.
func productsOfParts(_ table: [Double], width: Int, split: Int, isLower: Bool) -> [Double] {
  precondition(split % 8 == 0 && width % 8 == 0 && split <= width && table.count % width == 0, "in eights")
  let rows = table.count / width
  precondition(!isLower || split <= rows, "a diagonal")
  var products = Array(repeating: 0.0, count: split * (width - split))
  unsafe cvector_products_of_parts(table, rows, width, split, isLower ? 1 : 0, &products)
  return products
}

/// What regressions of each feature on all others leave out, from residuals row by row, a multiple of 8 numbers each: for
/// each feature Σ e_i², where e_i = r_i/own / (rest_i + r_i r_i/own), and Σ r_i point_i.
func sumsLeftOut(_ residuals: [Double], own: [Double], rest: [Double], point: [Double]) -> (
  squares: [Double], sums: [Double]
) {
  let (rows, width) = (rest.count, own.count)
  precondition(width % 8 == 0 && residuals.count >= rows * width && point.count == rows, "rows in eights")
  var squares = Array(repeating: 0.0, count: width)
  var sums = squares
  unsafe cvector_sum_left_out(residuals, rows, width, own, rest, point, &squares, &sums)
  return (squares, sums)
}

/// How many numbers a row is to have, filled up to a multiple of 8.
package func fullWidth(_ count: Int) -> Int { (count + 7) / 8 * 8 }

/// A square matrix of a number of rows that is a multiple of 8, as `CVector` takes them.
struct WideMatrix: Sendable {
  /// How many rows and columns there are.
  let width: Int
  /// Row by row.
  var values: [Double]

  /// A matrix of zeros with at least so many rows.
  init(order: Int) {
    width = fullWidth(order)
    values = Array(repeating: 0, count: width * width)
  }

  /// The upper triangle of Tᵀ T, T a table of so many columns; the rest is 0 or means nothing.
  init(productsOfColumns table: [Double], rows: Int, columns: Int) {
    self.init(order: columns)
    precondition(columns == width && table.count == rows * width, "rows of the table")
    unsafe cvector_products_of_columns(table, rows, width, &values)
  }

  /// Makes this the factor U of A + penalty = Uᵀ U, A the first rows and columns of a matrix as wide; the rest of U is the
  /// unit matrix. Only the upper triangle of A is read, and what is below that of U means nothing. False, with the work
  /// half done, where A + penalty is not positive definite.
  mutating func factor(_ matrix: WideMatrix, order: Int, penalty: Double) -> Bool {
    precondition(matrix.width == width && order <= width, "as wide")
    return unsafe cvector_factor(matrix.values, width, order, penalty, &values) != 0
  }

  /// (Uᵀ U)⁻¹ b, where this is U.
  func solve(_ b: [Double]) -> [Double] {
    precondition(b.count <= width, "as many rows")
    var x = b
    unsafe cvector_solve(values, width, b.count, &x)
    return x
  }

  /// U⁻ᵀ B in place, where this is U.
  /// - Parameter columns: of B, a multiple of 8.
  func solveTransposed(_ matrix: inout [Double], columns: Int) {
    precondition(columns % 8 == 0 && matrix.count == width * columns, "as many rows, in eights")
    unsafe cvector_solve_transposed(values, width, &matrix, columns)
  }

  /// The diagonal of (Uᵀ U)⁻¹, where this is U.
  /// - Parameter room: a matrix as wide, all zeros or left by this.
  func diagonalOfInverse(_ room: inout WideMatrix) -> [Double] {
    precondition(room.width == width, "as wide")
    var diagonal = Array(repeating: 0.0, count: width)
    unsafe cvector_diagonal_of_inverse(values, width, &room.values, &diagonal)
    return diagonal
  }

  /// A v, for a vector that is 0 before `first`; what the product is there is left out.
  func product(_ vector: [Double], from first: Int) -> [Double] {
    precondition(vector.count == width && first >= 0, "as long as a row")
    var product = Array(repeating: 0.0, count: width)
    unsafe cvector_product_of_rows(values, width, first / 8 * 8, vector, &product)
    return product
  }

  /// Subtracts v wᵀ + w vᵀ, both 0 before `first`.
  mutating func subtractOuterProducts(_ v: [Double], _ w: [Double], from first: Int) {
    precondition(v.count == width && w.count == width && first >= 0, "as long as a row")
    unsafe cvector_subtract_outer_products(&values, width, first / 8 * 8, v, w)
  }
}

/// Columns less their means.
struct CentredColumns {
  let means: [Double]
  /// How many numbers each column has, and how many, a multiple of 8, it has in `values`: zeros at the end.
  let rows: Int
  let width: Int
  /// Column by column.
  let values: [Double]

  /// - Parameter columns: one after the other.
  init(_ columns: [Double], rows: Int) {
    precondition(rows > 0 && columns.count % rows == 0, "columns of equal length")
    let count = columns.count / rows
    self.rows = rows
    width = fullWidth(rows)
    var values = Array(repeating: 0.0, count: count * width)
    var means = Array(repeating: 0.0, count: count)
    unsafe cvector_centre(columns, count, rows, width, &values, &means)
    self.values = values
    self.means = means
  }
}

/// How many eigenvalues of a matrix of three diagonals are above each of eight numbers (Sturm sequences).
/// - Parameters:
///   - squares: those of the elements below the diagonal.
///   - smallest: a pivot nearer to 0 counts as -smallest.
func eigenvaluesAbove(_ at: [Double], _ diagonal: [Double], squares: [Double], smallest: Double) -> [Int64] {
  precondition(at.count == 8 && squares.count >= diagonal.count - 1, "eight numbers")
  var above = Array(repeating: Int64(0), count: 8)
  unsafe cvector_count_above(diagonal, squares, diagonal.count, smallest, at, &above)
  return above
}

/// In how many places two rows of answers differ, each place counted twice where both have an answer (a number from 0 on).
/// - Parameter width: of a row, a multiple of 8.
package func disagreement(_ answers: [Int32], _ i: Int, _ j: Int, width: Int) -> Int {
  precondition(
    width % 8 == 0 && i >= 0 && j >= 0 && (max(i, j) + 1) * width <= answers.count, "rows of the table")
  return unsafe answers.withUnsafeBytes { answers in
    var sum = SIMD8<Int32>.zero
    for k in stride(from: 0, to: width, by: 8) {
      let a = unsafe answers.loadUnaligned(fromByteOffset: (i * width + k) * 4, as: SIMD8<Int32>.self)
      let b = unsafe answers.loadUnaligned(fromByteOffset: (j * width + k) * 4, as: SIMD8<Int32>.self)
      // The sign of a | b is set where one of them has no answer: 2 becomes 1.
      let points = SIMD8<Int32>(repeating: 2) &+ ((a | b) &>> 31)
      sum &+= SIMD8<Int32>.zero.replacing(with: points, where: a .!= b)
    }
    return Int(sum.wrappedSum())
  }
}

@inline(__always)
private func four(_ values: UnsafeBufferPointer<Double>, _ start: Int) -> SIMD4<Double> {
  unsafe SIMD4<Double>(values[start], values[start + 1], values[start + 2], values[start + 3])
}
