import Magnet
import TestSupport
import Testing

/// Solutions equal to NumPy's (Fixtures/expected/estimates.json), and the edges.
@Suite struct LinearAlgebraTests {
  static let expected = try! Project.json(Project.fixture("expected/estimates.json"))

  private func numbers(_ value: JSONValue?) -> [Double] { value!.elements.map { $0.double! } }

  private func areNear(_ a: [Double], _ b: [Double], _ tolerance: Double = 1e-9) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) }
  }

  /// Many regressions at once are those made one by one, whether rows or features are more.
  @Test(arguments: [(9, 20), (40, 6), (12, 12), (5, 1), (200, 30)])
  func sharedRidgesAreRidgeRegressions(_ rows: Int, _ features: Int) throws {
    var random = PythonRandom(seed: rows)
    let penalties = [0.5, 5, 50]
    let columns = (0..<features).map { _ in (0..<rows).map { _ in random.random() } }
    let point = columns.indices.map { _ in random.random() }
    let targets = (0..<3).map { _ in
      (0..<rows).map { row in columns[0][row] + (columns.last?[row] ?? 0) + 0.3 * random.random() }
    }
    let shared = SharedRidge(byFeature: columns.flatMap(\.self), rows: rows, at: point)
    func check(_ fit: SharedRidge.Fit?, _ columns: [[Double]], _ target: [Double], _ point: [Double]) throws {
      let alone = try #require(
        RidgeRegression(byFeature: columns.flatMap(\.self), targets: target, penalties: penalties))
      let squares = alone.leaveOneOut.reduce(0) { $0 + $1 * $1 }
      let fit = try #require(fit)
      #expect(areNear([fit.value, fit.squares], [alone.value(at: point), squares]))
    }
    for (fit, target) in zip(shared.fits(of: targets, penalties: penalties), targets) {
      try check(fit, columns, target, point)
    }
    let ofFeatures = shared.fitsOfFeatures(penalties: penalties)
    #expect(ofFeatures.count == features)
    for number in columns.indices where features > 1 {
      let others = columns.indices.filter { $0 != number }
      try check(
        ofFeatures[number], others.map { columns[$0] }, columns[number], others.map { point[$0] })
    }
  }

  @Test func ridgeRegressionEqualsNumPysAndRefitting() throws {
    for item in Self.expected["ridges"]!.elements {
      let ridge = try #require(
        RidgeRegression(
          features: numbers(item["features"]), targets: numbers(item["targets"]),
          penalties: [item["penalty"]!.double!]))
      #expect(areNear(ridge.coefficients, numbers(item["coefficients"])))
      #expect(areNear([ridge.intercept], [item["intercept"]!.double!]))
      let errors = numbers(item["leave_one_out"])
      if !errors.isEmpty { #expect(areNear(ridge.leaveOneOut, errors)) }
    }
  }

  @Test func thePenaltyWithTheLeastErrorIsTaken() throws {
    // y = 2x: the less penalty the better. y unlike x: the more the better.
    let x: [Double] = [0, 1, 2, 3, 4, 5]
    let line = try #require(
      RidgeRegression(features: x, targets: x.map { 2 * $0 }, penalties: [10, 0.001, 1]))
    #expect(line.penalty == 0.001 && abs(line.value(at: [10]) - 20) < 0.01)
    let noise = try #require(
      RidgeRegression(features: x, targets: [1, -1, 1, -1, 1, -1], penalties: [0.001, 1e6]))
    #expect(noise.penalty == 1e6)
    #expect(RidgeRegression(features: [], targets: [], penalties: [1]) == nil)
  }

  @Test func eigenvaluesEqualNumPysAndVectorsSolve() {
    for item in Self.expected["eigen"]!.elements {
      let matrix = numbers(item["matrix"])
      let wanted = numbers(item["values"])
      let eigen = SymmetricEigen(matrix, order: wanted.count)
      #expect(areNear(eigen.values, wanted))
      expectSolution(matrix, eigen)
    }
  }

  private func expectSolution(_ matrix: [Double], _ eigen: SymmetricEigen) {
    let n = eigen.values.count
    for (value, vector) in zip(eigen.values, eigen.vectors) {
      for i in 0..<n {
        let product = (0..<n).reduce(0) { $0 + matrix[i * n + $1] * vector[$1] }
        #expect(abs(product - value * vector[i]) < 1e-9)
      }
    }
    for i in 0..<n {
      for j in 0...i {
        let product = zip(eigen.vectors[i], eigen.vectors[j]).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(abs(product - (i == j ? 1 : 0)) < 1e-9)
      }
    }
  }

  /// The greatest eigenvalues alone, of matrices that fall into parts and have equal eigenvalues, too.
  @Test func theGreatestEigenvaluesAreThoseOfAll() {
    var random = SplitMix(state: 5)
    var matrices: [[Double]] = []
    for n in [1, 2, 3, 5, 12, 29, 60] {
      let x = (0..<n * n).map { _ in Double.random(in: -1..<1, using: &random) }
      matrices.append((0..<n * n).map { x[$0] + x[$0 % n * n + $0 / n] })
      // Of rank 3, with a double eigenvalue.
      matrices.append((0..<n * n).map { $0 / n % 3 == $0 % n % 3 ? 1 : 0 })
      matrices.append((0..<n * n).map { $0 / n == $0 % n ? Double($0 % 2) : 0 })
    }
    for matrix in matrices {
      let n = Int(Double(matrix.count).squareRoot())
      let all = SymmetricEigen(matrix, order: n)
      for count in [1, 3, 8, 11] {
        let greatest = SymmetricEigen(matrix, order: n, greatest: count)
        let kept = min(count, n)
        #expect(areNear(greatest.values, Array(all.values.prefix(kept)), 1e-10))
        for (value, vector) in zip(greatest.values, greatest.vectors) {
          #expect(vector.count == n)
          for i in 0..<n {
            let product = (0..<n).reduce(0) { $0 + matrix[i * n + $1] * vector[$1] }
            #expect(abs(product - value * vector[i]) < 1e-8 * Double(n))
          }
        }
        for i in greatest.vectors.indices {
          for j in 0...i {
            let product = zip(greatest.vectors[i], greatest.vectors[j]).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(abs(product - (i == j ? 1 : 0)) < 1e-9)
          }
        }
      }
    }
    #expect(SymmetricEigen([], order: 0, greatest: 3).values.isEmpty)
  }

  @Test func eigenvectorsOfEqualEigenvaluesAreOrthogonal() {
    for (matrix, n) in [
      ([1.0, 0, 0, 0, 1, 0, 0, 0, 1], 3), ([0, 0, 0, 0], 2), (Array(repeating: 1, count: 16), 4), ([], 0),
    ] {
      expectSolution(matrix, SymmetricEigen(matrix, order: n))
    }
  }

  @Test func theFactorSolves() throws {
    // [[4, 2], [2, 3]]: the inverse is [[3, -2], [-2, 4]] / 8.
    var cholesky = try #require(Cholesky([4, 2, 2, 3], order: 2))
    #expect(areNear(cholesky.solve([8, 8]), [1, 2]))
    #expect(areNear(cholesky.inverseDiagonal(), [3.0 / 8, 0.5]))
    #expect(Cholesky([1, 2, 2, 1], order: 2) == nil)
    #expect(Cholesky([.nan], order: 1) == nil)
  }

  /// Rows are added up four at a time: all remainders are met.
  @Test(arguments: 1...14) func solutionsOfAllSizes(_ n: Int) throws {
    var random = SplitMix(state: UInt64(n))
    func table(_ count: Int) -> [Double] {
      (0..<count).map { _ in Double.random(in: -1..<1, using: &random) }
    }
    // X Xᵀ + 1.
    let x = table(n * n)
    var matrix = Array(repeating: 0.0, count: n * n)
    for i in 0..<n {
      for j in 0..<n {
        matrix[i * n + j] = (0..<n).reduce(i == j ? 1 : 0) { $0 + x[i * n + $1] * x[j * n + $1] }
      }
    }
    var cholesky = try #require(Cholesky(matrix, order: n))
    let width = n + 3
    let right = table(n * width)
    var squares: [Double] = []
    for column in 0..<width {
      let b = (0..<n).map { right[$0 * width + column] }
      let solution = cholesky.solve(b)
      let product = (0..<n).map { i in (0..<n).reduce(0) { $0 + matrix[i * n + $1] * solution[$1] } }
      #expect(areNear(product, b))
      squares.append(zip(b, solution).reduce(0) { $0 + $1.0 * $1.1 })
    }
    #expect(areNear(cholesky.squares(right, width: width), squares))
    let solved = cholesky
    let inverse = (0..<n).map { i in solved.solve((0..<n).map { $0 == i ? 1 : 0 })[i] }
    #expect(areNear(cholesky.inverseDiagonal(), inverse))

    let rows = (0..<n).filter { _ in Bool.random(using: &random) }
    let sums = sumsOfRows(right, width: width, rows)
    let wanted = (0..<width).map { k in rows.reduce(0) { $0 + right[$1 * width + k] } }
    #expect(areNear(sums.sums, wanted) && sumOfRows(right, width: width, rows) == sums.sums)
    #expect(
      areNear(
        sums.squares,
        (0..<width).map { k in rows.reduce(0) { $0 + right[$1 * width + k] * right[$1 * width + k] } }))
  }

  /// Few rows and many features, and the other way round: the error without a row is that of a fit without it.
  @Test(arguments: [(5, 12), (12, 5), (9, 9), (30, 4)]) func errorsWithoutARow(_ n: Int, _ width: Int) throws
  {
    var random = SplitMix(state: UInt64(n * 100 + width))
    let x = (0..<n * width).map { _ in Double.random(in: -1..<1, using: &random) }
    let y = (0..<n).map { _ in Double.random(in: -1..<1, using: &random) }
    let whole = try #require(RidgeRegression(features: x, targets: y, penalties: [0.7]))
    for row in 0..<n {
      let others = (0..<n).filter { $0 != row }
      let rest = try #require(
        RidgeRegression(
          features: others.flatMap { Array(x[$0 * width..<($0 + 1) * width]) }, targets: others.map { y[$0] },
          penalties: [0.7]))
      let error = y[row] - rest.value(at: Array(x[row * width..<(row + 1) * width]))
      #expect(areNear([whole.leaveOneOut[row]], [error], 1e-8))
    }
  }
}
