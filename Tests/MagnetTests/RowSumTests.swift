import Testing

@testable import Magnet

/// Sums over rows of numbers, which are computed four at a time, against plain loops.
@Suite struct RowSumTests {
  private static func numbers(_ count: Int, _ random: inout PythonRandom) -> [Double] {
    // Small whole numbers: sums are exact in any order.
    (0..<count).map { _ in Double(random.below(41) - 20) }
  }

  @Test(arguments: 0...20) func productsOfRanges(_ count: Int) {
    var random = PythonRandom(seed: count)
    let (a, b) = (Self.numbers(40, &random), Self.numbers(50, &random))
    for _ in 0..<20 {
      let (i, j) = (random.below(41 - count), random.below(51 - count))
      let expected = (0..<count).reduce(0.0) { $0 + a[i + $1] * b[j + $1] }
      #expect(dotProduct(a, i, b, j, count: count) == expected)
      #expect(
        dotProduct(a, i, a, i, count: count)
          == (0..<count).reduce(0.0) { $0 + a[i + $1] * a[i + $1] })
    }
    #expect(dotProduct([], 0, [], 0, count: 0) == 0)
  }

  @Test(arguments: 0...11) func sumsOfSomeRows(_ width: Int) {
    var random = PythonRandom(seed: width)
    let table = Self.numbers(9 * width, &random)
    for count in 0...12 {
      let rows = (0..<count).map { _ in random.below(9) }
      let sums = (0..<width).map { column in rows.reduce(0.0) { $0 + table[$1 * width + column] } }
      let squares = (0..<width).map { column in
        rows.reduce(0.0) { $0 + table[$1 * width + column] * table[$1 * width + column] }
      }
      #expect(sumOfRows(table, width: width, rows) == sums)
      let found = sumsOfRows(table, width: width, rows)
      #expect(found.sums == sums && found.squares == squares)
    }
  }

  @Test(arguments: 1...12) func ridgeLeavesOneOut(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let (count, width) = (4 + random.below(5), 1 + random.below(9))
    let rows = (0..<count).map { _ in (0..<width).map { _ in random.random() - 0.5 } }
    let targets = rows.map { row in row.reduce(1) { $0 + 2 * $1 } + 0.1 * random.random() }
    let penalty = random.choice([0.01, 0.5, 3])
    let whole = try #require(
      RidgeRegression(features: rows.flatMap(\.self), targets: targets, penalties: [penalty]))
    #expect(whole.penalty == penalty && whole.coefficients.count == width)
    for left in 0..<count {
      let others = rows.indices.filter { $0 != left }
      let part = try #require(
        RidgeRegression(
          features: others.flatMap { rows[$0] }, targets: others.map { targets[$0] },
          penalties: [penalty]))
      #expect(abs(whole.leaveOneOut[left] - (targets[left] - part.value(at: rows[left]))) < 1e-8)
    }
    // The best of several penalties is the one with the least errors of this kind.
    let choices = [0.001, 0.1, 1, 10]
    let best = try #require(
      RidgeRegression(features: rows.flatMap(\.self), targets: targets, penalties: choices))
    let squares = try choices.map { penalty in
      let one = try #require(
        RidgeRegression(features: rows.flatMap(\.self), targets: targets, penalties: [penalty]))
      return one.leaveOneOut.reduce(0) { $0 + $1 * $1 }
    }
    #expect(best.penalty == choices[squares.firstIndex(of: squares.min()!)!])
    // A constant added to all targets is in the intercept alone.
    let moved = try #require(
      RidgeRegression(
        features: rows.flatMap(\.self), targets: targets.map { $0 + 5 }, penalties: [penalty]))
    for (a, b) in zip(moved.coefficients, whole.coefficients) { #expect(abs(a - b) < 1e-9) }
    #expect(abs(moved.intercept - whole.intercept - 5) < 1e-9)
  }

  @Test func ridgeNeedsTargets() {
    #expect(RidgeRegression(features: [], targets: [], penalties: [1]) == nil)
    let flat = RidgeRegression(features: [1, 1, 1], targets: [2, 2, 2], penalties: [1])
    #expect(flat?.coefficients == [0] && flat?.intercept == 2 && flat?.value(at: [7]) == 2)
    #expect(RidgeRegression(features: [], targets: [1, 3], penalties: [1])?.intercept == 2)
    #expect(RidgeRegression(features: [.nan, 1], targets: [1, 3], penalties: [1]) == nil)
    #expect(RidgeRegression(features: [1, 2], targets: [1, 3], penalties: []) == nil)
  }
}
