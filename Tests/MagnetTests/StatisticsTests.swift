import Testing

@testable import Magnet

/// Means, quantiles, variances and correlations against their definitions, written out.
@Suite struct StatisticsTests {
  static func numbers(_ count: Int, _ random: inout PythonRandom) -> [Double] {
    (0..<count).map { _ in
      random.below(3) == 0 ? Double(random.below(4)) : (random.random() - 0.5) * 20
    }
  }

  private func areNear(_ a: Double?, _ b: Double?, _ tolerance: Double = 1e-10) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    return abs(a - b) <= tolerance * max(1, abs(a), abs(b))
  }

  private static let shares = [0, 0.025, 0.1, 0.25, 1.0 / 3, 0.5, 0.75, 0.9, 0.975, 1]

  @Test(arguments: 1...12) func quantilesLieBetweenNeighbours(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    for count in [1, 2, 3, 5, 41] {
      let values = Self.numbers(count, &random)
      let sorted = values.sorted()
      var last = -Double.infinity
      for p in Self.shares {
        let quantile = try #require(values.quantile(p))
        let below = Int((p * Double(count - 1)).rounded(.down))
        let above = Int((p * Double(count - 1)).rounded(.up))
        let weight = p * Double(count - 1) - Double(below)
        #expect(areNear(quantile, (1 - weight) * sorted[below] + weight * sorted[above]))
        #expect(quantile >= last - 1e-12, "a quantile grows with its share")
        last = quantile
        #expect(areNear(Array(values.reversed()).quantile(p), quantile))
        #expect(areNear(values.map { 3 * $0 - 7 }.quantile(p), 3 * quantile - 7))
        #expect(areNear(values.map { -$0 }.quantile(1 - p), -quantile))
      }
      #expect(values.quantile(0) == values.min() && values.quantile(1) == values.max())
    }
  }

  /// A quantile that falls on a value is that value, whatever its neighbours are.
  @Test func quantilesBesideInfinities() {
    let values: [Double] = [.infinity, 1, 2, -.infinity, 3]
    #expect(values.quantile(0.5) == 2 && values.quantile(0.25) == 1 && values.quantile(0.75) == 3)
    #expect(values.quantile(0) == -.infinity && values.quantile(1) == .infinity)
    let ends: [Double] = [1, 2, .infinity]
    #expect(ends.quantile(0.5) == 2 && ends.quantile(0.75) == .infinity)
    #expect(Array(ends.suffix(1)).quantile(0.3) == .infinity)
  }

  @Test(arguments: 1...8) func varianceIsThatOfAllPairs(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    for count in [2, 3, 10, 33] {
      let values = Self.numbers(count, &random)
      var pairs = 0.0
      for (i, a) in values.enumerated() { for b in values[..<i] { pairs += (a - b) * (a - b) } }
      let n = Double(count)
      #expect(areNear(values.variance(), pairs / (n * (n - 1))))
      #expect(areNear(values.variance(ofPopulation: true), pairs / (n * n)))
      #expect(areNear(values.map { $0 + 1e6 }.variance(), values.variance(), 1e-6))
      #expect(areNear(values.map { -4 * $0 }.variance(), 16 * values.variance()!))
    }
  }

  @Test func tooFewValuesHaveNoStatistics() {
    #expect([Double]().mean() == nil && [Double]().quantile(0.5) == nil && [Double]().variance() == nil)
    #expect([2.0].variance() == nil && [2.0].variance(ofPopulation: true) == 0)
    #expect([2.0].mean() == 2 && [2.0].quantile(0.9) == 2)
    #expect(Correlation.pearson([1], [2]) == nil && Correlation.kendall([], []) == nil)
    #expect(
      Correlation.spearman([1, 1, 1], [1, 2, 3]) == nil && Correlation.kendall([1, 2], [5, 5]) == nil)
  }

  @Test(arguments: 1...10) func ranksCountWhatIsBelow(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let values = (0..<40).map { _ in Double(random.below(15)) - 7 }
    let expected = values.map { value in
      Double(values.count { $0 < value }) + Double(values.count { $0 == value } + 1) / 2
    }
    #expect(Correlation.ranks(values) == expected)
    #expect(Correlation.ranks(values).reduce(0, +) == 40 * 41 / 2)
    #expect(Correlation.ranks(values.map { $0 * $0 * $0 }) == expected)
  }

  @Test(arguments: 1...10) func correlationsKeepUnderChangesOfScale(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let a = Self.numbers(30, &random)
    let b = zip(a, Self.numbers(30, &random)).map { $0 + 2 * $1 }
    let pearson = try #require(Correlation.pearson(a, b))
    let (n, meanA, meanB) = (30.0, a.mean()!, b.mean()!)
    let covariance = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } / n - meanA * meanB
    let scale = (a.variance(ofPopulation: true)! * b.variance(ofPopulation: true)!).squareRoot()
    #expect(areNear(pearson, covariance / scale, 1e-8) && abs(pearson) <= 1 + 1e-12)
    var shuffler = SplitMix(state: UInt64(seed))
    let order = Array(a.indices).shuffled(using: &shuffler)
    for correlation in [Correlation.pearson, Correlation.spearman, Correlation.kendall] {
      let value = correlation(a, b)
      #expect(areNear(correlation(b, a), value), "either may come first")
      #expect(areNear(correlation(order.map { a[$0] }, order.map { b[$0] }), value), "in any order")
      #expect(areNear(correlation(a.map { 5 * $0 + 3 }, b), value), "in any unit")
      #expect(areNear(correlation(a.map { -$0 }, b), value.map { -$0 }), "turned round")
      #expect(areNear(correlation(a, a), 1))
    }
    for correlation in [Correlation.spearman, Correlation.kendall] {
      #expect(areNear(correlation(a.map { $0 * $0 * $0 }, b), correlation(a, b)), "of ranks alone")
    }
  }

  /// What agrees in all is 1, not a little less or more, whatever the scale.
  @Test(arguments: 1...12) func perfectCorrelationsAreOne(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let a = Self.numbers(2 + random.below(20), &random) + [-30, 30]
    for scale in [1, 3, 1e-3, 1e70, 1e-70] {
      let b = a.map { $0 * scale }
      for correlation in [Correlation.pearson, Correlation.spearman, Correlation.kendall] {
        #expect(correlation(b, b) == 1 && correlation(b, b.map { -$0 }) == -1, "\(scale)")
        #expect(correlation(a, b).map { $0 <= 1 && $0 > 1 - 1e-12 } == true)
      }
    }
  }

  @Test func generatorsGiveThePublishedNumbers() {
    var random = SplitMix(state: 1_234_567)
    #expect(
      (0..<5).map { _ in random.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ])
    #expect(SplitMix.hash("") == 0xCBF2_9CE4_8422_2325)
    #expect(SplitMix.hash("a") == 0xAF63_DC4C_8601_EC8C)
    #expect(SplitMix.hash("foobar") == 0x8594_4171_F739_67E8)
  }

  /// What a text hashes to does not depend on the one before it, even where Swift takes both for equal.
  @Test func repeatedHashesAreThoseOfTheTexts() {
    var hash = RepeatedHash()
    for text in ["", "a", "a", "b", "a", "\u{E9}", "e\u{301}", "\u{E9}", "", "\u{1E69}", "s\u{323}\u{307}"] {
      #expect(hash.hash(text) == SplitMix.hash(text))
    }
  }

  /// All starts and lengths around the steps of eight.
  @Test func productsOfPartsAreSums() {
    var random = PythonRandom(seed: 4)
    let a = (0..<40).map { _ in Double(random.below(9)) - 4 }
    let b = (0..<40).map { _ in Double(random.below(9)) - 4 }
    for count in 0...33 {
      for (i, j) in [(0, 0), (1, 3), (7, 2), (40 - count, 40 - count)] where max(i, j) + count <= 40 {
        let expected = (0..<count).reduce(0) { $0 + a[i + $1] * b[j + $1] }
        #expect(dotProduct(a, i, b, j, count: count) == expected)
      }
    }
  }
}
