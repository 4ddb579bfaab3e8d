import Testing

@testable import Magnet

/// Paired tests and corrections against their definitions, counted out.
@Suite struct PairedDefinitionTests {
  private func near(_ a: Double?, _ b: Double?, _ tolerance: Double = 1e-10) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    return abs(a - b) <= tolerance * max(1, abs(b))
  }

  private static func choose(_ n: Int, _ k: Int) -> Double {
    (0..<k).reduce(1.0) { $0 * Double(n - $1) / Double($1 + 1) }
  }

  private static let tables: [PairedTable] = (0...6).flatMap { b in
    (0...6).map { c in PairedTable(both: (b * 3 + c) % 5, onlyFirst: b, onlySecond: c, neither: (b + c) % 4) }
  }

  @Test(arguments: tables) func conditionalTestsCountCoins(_ table: PairedTable) {
    let (b, c) = (table.onlyFirst, table.onlySecond)
    let n = b + c
    func atMost(_ k: Int) -> Double {
      k < 0 ? 0 : (0...k).reduce(0.0) { $0 + Self.choose(n, $1) } / Double(1 << n)
    }
    let exact = min(1, 2 * atMost(min(b, c)))
    #expect(near(table.exactP, exact))
    let own = Self.choose(n, min(b, c)) / Double(1 << n)
    #expect(near(table.midP, min(1, 2 * (atMost(min(b, c)) - own / 2))))
    #expect(table.midP <= table.exactP + 1e-12 && table.exactP <= 1 && table.midP > 0)
  }

  @Test(arguments: tables) func summariesAreThoseOfThePairs(_ table: PairedTable) throws {
    let pairs =
      Array(repeating: (1.0, 1.0), count: table.both) + Array(repeating: (1, 0), count: table.onlyFirst)
      + Array(repeating: (0, 1), count: table.onlySecond) + Array(repeating: (0, 0), count: table.neither)
    #expect(PairedTable(pairs) == table && table.count == pairs.count)
    let differences = PairedDifferences(pairs.map { $0.0 - $0.1 })
    #expect(near(table.difference, differences.mean))
    let n = Double(pairs.count)
    if n > 1 { #expect(near(table.variance.map { $0 * n / (n - 1) }, differences.variance)) }
    guard n > 0 else { return }
    let agreement = Double(pairs.count { $0.0 == $0.1 }) / n
    let (first, second) = (pairs.reduce(0) { $0 + $1.0 } / n, pairs.reduce(0) { $0 + $1.1 } / n)
    let chance = first * second + (1 - first) * (1 - second)
    #expect(near(table.kappa, chance == 1 ? nil : (agreement - chance) / (1 - chance)))
    // Exact tests flip signs as McNemar's does.
    if pairs.count <= 14 { #expect(near(differences.signFlipP(), table.exactP)) }
    for interval in [table.tango(), table.bonettPrice(), table.bootstrap()] {
      let interval = try #require(interval)
      #expect(interval.lower <= interval.upper && interval.lower >= -1 && interval.upper <= 1)
      #expect(interval.lower <= table.difference! + 1e-9 || interval == table.bonettPrice())
    }
    for level in [0.5, 0.9] {
      #expect(table.tango(level: level)!.width <= table.tango(level: 0.95)!.width + 1e-9)
    }
  }

  /// Every resample of few questions with its probability.
  @Test(arguments: [(1, 1, 1, 0), (0, 2, 1, 1), (2, 0, 3, 0), (1, 3, 0, 1)])
  func theExactBootstrapIsThatOfAllResamples(_ both: Int, _ first: Int, _ second: Int, _ neither: Int) throws
  {
    let table = PairedTable(both: both, onlyFirst: first, onlySecond: second, neither: neither)
    let values =
      Array(repeating: 0, count: both + neither) + Array(repeating: 1, count: first)
      + Array(repeating: -1, count: second)
    let n = values.count
    var masses: [Int: Double] = [:]
    func draw(_ left: Int, _ sum: Int, _ mass: Double) {
      if left == 0 {
        masses[sum, default: 0] += mass
        return
      }
      for value in values { draw(left - 1, sum + value, mass / Double(n)) }
    }
    draw(n, 0, 1)
    for level in [0.5, 0.83, 0.95] {
      func quantile(_ p: Double) -> Double {
        var total = 0.0
        for (sum, mass) in masses.sorted(by: { $0.key < $1.key }) {
          total += mass
          if total >= p { return Double(sum) / Double(n) }
        }
        return 1
      }
      let interval = try #require(table.bootstrap(level: level))
      #expect(near(interval.lower, quantile((1 - level) / 2)))
      #expect(near(interval.upper, quantile((1 + level) / 2)))
    }
  }

  @Test(arguments: 1...10) func signsAreFlippedInAllWays(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let values = (0...random.below(9)).map { _ in
      random.choice([0, 1, -1, 0.5, -0.25, random.random() - 0.5])
    }
    let observed = abs(values.reduce(0, +))
    var hits = 0
    for signs in 0..<1 << values.count {
      let sum = values.enumerated().reduce(0.0) { $0 + (signs >> $1.offset & 1 == 1 ? -1 : 1) * $1.element }
      if abs(sum) >= observed - 1e-9 { hits += 1 }
    }
    let differences = PairedDifferences(values)
    #expect(near(differences.signFlipP(), Double(hits) / Double(1 << values.count)))
    #expect(differences.signFlipP() == PairedDifferences(values.map { -$0 }).signFlipP())
    #expect(near(PairedDifferences(values.map { 8 * $0 }).signFlipP(), differences.signFlipP()))
  }

  @Test(arguments: 1...8) func clustersOfOneAreInstances(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let values = (0..<12).map { _ in random.random() - 0.4 }
    let differences = PairedDifferences(values)
    let plain = try #require(differences.estimate)
    let single = try #require(differences.estimate(clusters: Array(values.indices)))
    #expect(near(single.standardError, plain.standardError) && single.degrees == plain.degrees)
    // Doubling every instance within its cluster changes nothing.
    let doubled = PairedDifferences(values.flatMap { [$0, $0] })
    let clustered = try #require(doubled.estimate(clusters: (0..<24).map { $0 / 2 }))
    #expect(near(clustered.mean, plain.mean) && near(clustered.standardError, plain.standardError))
    #expect(differences.estimate(clusters: [1, 2]) == nil, "one cluster for each instance")
    let interval = plain.interval()
    #expect(near((interval.lower + interval.upper) / 2, plain.mean))
    // A difference is significant where its interval leaves out 0.
    for level in [0.5, 0.8, 0.95, 0.99] {
      #expect(plain.interval(level: level).contains(0) == (plain.p >= 1 - level))
    }
    let margin = abs(plain.mean) + StudentT.quantile(0.95, degrees: plain.degrees) * plain.standardError
    #expect(near(plain.equivalenceP(margin: margin), 0.05, 1e-6))
    #expect(near(plain.equivalenceP(margin: abs(plain.mean)), 0.5))
  }

  /// What is detectable with some instances needs as many.
  @Test(arguments: [10, 50, 1000, 4321]) func powerTurnsRound(_ count: Int) throws {
    let least = try #require(PairedDifferences.detectable(variance: 0.3, count: count))
    let needed = try #require(PairedDifferences.needed(variance: 0.3, difference: least * (1 + 1e-12)))
    #expect(needed == count)
    #expect(PairedDifferences.needed(variance: 0.3, difference: -least * (1 + 1e-12)) == count)
    #expect(PairedDifferences.detectable(variance: -1, count: 5) == nil)
    #expect(PairedDifferences.needed(variance: 1, difference: 1e-9) == nil)
  }

  // MARK: Corrections

  private static func values(_ seed: Int) -> [Double?] {
    var random = PythonRandom(seed: seed)
    return (0..<random.below(9)).map { _ in
      random.below(5) == 0 ? nil : random.choice([random.random(), random.random() / 50, 0.01, 1, 0])
    }
  }

  /// Holm's value: the largest over all that are not greater of their number of tests left times p.
  @Test(arguments: 1...20) func holmsValuesAreTheStepDown(_ seed: Int) {
    let values = Self.values(seed)
    let known = values.compactMap(\.self).sorted()
    let adjusted = PValueCorrection.holm.adjusted(values)
    for (value, corrected) in zip(values, adjusted) {
      let expected = value.map { value in
        known.enumerated().filter { $0.element <= value }
          .map { min(1, Double(known.count - $0.offset) * $0.element) }.max() ?? 1
      }
      #expect(near(corrected, expected))
    }
  }

  /// Benjamini's and Hochberg's value: the least over all that are not less of tests by rank times p.
  @Test(arguments: 1...20) func benjaminisValuesAreTheStepUp(_ seed: Int) {
    let values = Self.values(seed)
    let known = values.compactMap(\.self).sorted()
    for (value, corrected) in zip(values, PValueCorrection.bh.adjusted(values)) {
      let expected = value.map { value in
        known.enumerated().filter { $0.element >= value }
          .map { min(1, Double(known.count) / Double($0.offset + 1) * $0.element) }.min() ?? 1
      }
      #expect(near(corrected, expected))
    }
  }

  @Test(arguments: PValueCorrection.allCases) func correctionsKeepTheOrder(_ correction: PValueCorrection) {
    for seed in 1...10 {
      let values = Self.values(seed)
      let adjusted = correction.adjusted(values)
      #expect(adjusted.map { $0 == nil } == values.map { $0 == nil })
      for (i, a) in values.enumerated() {
        for (j, b) in values.enumerated() {
          if let a, let b, a <= b { #expect(adjusted[i]! <= adjusted[j]! + 1e-15) }
        }
        if let a { #expect(adjusted[i]! >= a && adjusted[i]! <= 1) }
      }
      let order = Array(values.indices.reversed())
      #expect(correction.adjusted(order.map { values[$0] }) == order.map { adjusted[$0] })
    }
  }
}
