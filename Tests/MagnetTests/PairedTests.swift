import Foundation
import TestSupport
import Testing

@testable import Magnet

/// Paired tests against published examples and SciPy's and statsmodels' numbers.
@Suite struct PairedTests {
  private func near(_ a: Double?, _ b: Double?, _ tolerance: Double = 1e-9) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    return abs(a - b) <= tolerance * max(1, abs(b))
  }

  /// Airway hyper-responsiveness before and after stem cell transplantation (Fagerland, Lydersen and Laake 2014).
  @Test func publishedExample() {
    let table = PairedTable(both: 1, onlyFirst: 1, onlySecond: 7, neither: 12)
    #expect(near(table.difference, -0.285714, 1e-6) && near(table.exactP, 0.070312, 1e-5))
    #expect(near(table.midP, 0.0390625) && near(table.asymptoticP, 0.033895, 1e-5))
    #expect(near(table.tango()?.lower, -0.517232, 1e-6) && near(table.tango()?.upper, -0.026003, 1e-6))
    #expect(near(table.bonettPrice()?.lower, -0.508359, 1e-6))
  }

  @Test func noDisagreementIsNoPoint() throws {
    let table = PairedTable(both: 10, onlyFirst: 0, onlySecond: 0, neither: 10)
    #expect(table.exactP == 1 && table.midP == 1 && table.asymptoticP == 1 && table.difference == 0)
    let interval = try #require(table.tango())
    #expect(interval.lower < -0.1 && interval.upper > 0.1)
    let nothing = PairedTable(both: 0, onlyFirst: 0, onlySecond: 0, neither: 0)
    #expect(nothing.difference == nil && nothing.tango() == nil && nothing.bonettPrice() == nil)
    #expect(PairedTable([(1, 0), (0.5, 1)]) == nil)
    #expect(PairedTable([(1, 0), (1, 1)]) == PairedTable(both: 1, onlyFirst: 1, onlySecond: 0, neither: 0))
  }

  @Test func swappingNegates() throws {
    let (a, b) = (
      PairedTable(both: 120, onlyFirst: 25, onlySecond: 11, neither: 64),
      PairedTable(both: 120, onlyFirst: 11, onlySecond: 25, neither: 64)
    )
    #expect(a.midP == b.midP && a.difference == b.difference.map { -$0 })
    #expect(near(a.tango()?.lower, b.tango().map { -$0.upper }, 1e-12))
  }

  @Test func corrections() {
    let p: [Double?] = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216]
    let holm = PValueCorrection.holm.adjusted(p)
    #expect(near(holm[0], 0.01) && near(holm[1], 0.072) && near(holm[6], 0.312) && near(holm[9], 0.615))
    let bh = PValueCorrection.bh.adjusted(p)
    #expect(near(bh[1], 0.04) && near(bh[2], 0.084) && near(bh[6], 0.105714285714) && near(bh[9], 0.216))
    #expect(PValueCorrection.holm.adjusted([nil, 0.03, .nan, 0.01]) == [nil, 0.03, nil, 0.02])
    #expect(PValueCorrection.none.adjusted([0.5]) == [0.5] && PValueCorrection.holm.adjusted([]).isEmpty)
  }

  @Test func power() {
    #expect(near(PairedDifferences.detectable(variance: 1.0 / 9, count: 1000), 0.02953130116))
    #expect(PairedDifferences.needed(variance: 1.0 / 9, difference: 0.03) == 969)
    #expect(PairedDifferences.needed(variance: 1, difference: 0) == nil)
  }

  @Test func fewInstancesHaveNoInterval() {
    #expect(PairedDifferences([]).mean == nil && PairedDifferences([]).signFlipP() == nil)
    #expect(PairedDifferences([0.5]).estimate == nil && PairedDifferences([0.5]).signFlipP() == 1)
    #expect(PairedDifferences([0.5, 0.1]).estimate(clusters: ["a", "a"]) == nil)
    #expect(PairedDifferences([0.5, 0.1]).bootstrap(clusters: ["a", "a"]) == nil)
    #expect(PairedDifferences([0, 0]).estimate?.p == 1)
  }

  @Test(.enabled(if: Project.shared("data/compare/formulas.json") != nil))
  func formulas() throws {
    let file = try Project.json(#require(Project.shared("data/compare/formulas.json")))
    for item in file["tables"]?.elements ?? [] {
      func count(_ key: String) -> Int { Int(item[key]?.double ?? -1) }
      let table = PairedTable(
        both: count("both"), onlyFirst: count("only_a"), onlySecond: count("only_b"),
        neither: count("neither"))
      let note: Comment = "\(item.text)"
      #expect(near(table.difference, item["diff"]?.double), note)
      #expect(near(table.exactP, item["exact"]?.double) && near(table.midP, item["midp"]?.double), note)
      #expect(
        near(table.asymptoticP, item["chi2_p"]?.double) && near(table.kappa, item["kappa"]?.double), note)
      #expect(near(table.tango()?.lower, item["tango"]?[0]?.double), note)
      #expect(near(table.tango()?.upper, item["tango"]?[1]?.double), note)
      #expect(near(table.bonettPrice()?.lower, item["bonett_price"]?[0]?.double), note)
      #expect(near(table.bonettPrice()?.upper, item["bonett_price"]?[1]?.double), note)
    }
    func numbers(_ value: JSONValue?) -> [Double] { (value?.elements ?? []).compactMap(\.double) }
    let graded = try #require(file["graded"])
    let differences = PairedDifferences(zip(numbers(graded["a"]), numbers(graded["b"])).map { $0 - $1 })
    let estimate = try #require(differences.estimate)
    #expect(
      near(estimate.mean, graded["mean_diff"]?.double) && near(estimate.standardError, graded["se"]?.double))
    #expect(near(estimate.p, graded["p_t"]?.double))
    #expect(near(estimate.interval().lower, graded["t_lo"]?.double))
    #expect(near(estimate.interval().upper, graded["t_hi"]?.double))
    #expect(differences.signFlipP() == 156.0 / 4096)
    for (margin, p) in [("0.1", 0.1), ("0.15", 0.15), ("0.2", 0.2)] {
      #expect(near(estimate.equivalenceP(margin: p), file["tost"]?[margin]?.double))
    }
    let clustered = try #require(file["clustered"])
    let keys = (clustered["clusters"]?.elements ?? []).compactMap(\.string)
    let cluster = try #require(PairedDifferences(numbers(clustered["diff"])).estimate(clusters: keys))
    #expect(near(cluster.standardError, clustered["se_corrected"]?.double, 1e-12))
    #expect(
      near(cluster.p, clustered["p"]?.double) && near(cluster.interval().lower, clustered["t_lo"]?.double))
    for item in file["exact_bootstrap"]?.elements ?? [] {
      let (b, c, n) = (
        Int(item["only_a"]?.double ?? 0), Int(item["only_b"]?.double ?? 0), Int(item["n"]?.double ?? 0)
      )
      let interval = PairedTable(both: n - b - c, onlyFirst: b, onlySecond: c, neither: 0).bootstrap()
      #expect(
        near(interval?.lower, item["interval"]?[0]?.double)
          && near(interval?.upper, item["interval"]?[1]?.double))
    }
  }

  /// Drawn signs come near the exact probability, the same for the same seed.
  @Test func drawnSigns() throws {
    var random = SplitMix(state: 3)
    let values = (0..<40).map { _ in Double.random(in: -1...1.3, using: &random) }
    let differences = PairedDifferences(values)
    let p = try #require(differences.signFlipP())
    #expect(p == differences.signFlipP() && abs(p - (differences.estimate?.p ?? 0)) < 0.03)
    let interval = try #require(differences.bootstrap(clusters: Array(values.indices)))
    let normal = try #require(differences.estimate?.interval())
    #expect(abs(interval.lower - normal.lower) < 0.03 && abs(interval.upper - normal.upper) < 0.03)
  }

  /// Resamples are those of `random.Random(seed).choices(range(n), k=n)` in Python, and so are the sorted draws at the
  /// ends.
  @Test func resamplesAreThoseOfPython() throws {
    let flips = PairedDifferences([1, 1, 1, -1, -1] + Array(repeating: 0, count: 7))
    let one = try #require(flips.bootstrap(clusters: Array(0..<12), draws: 1000))
    #expect(one.lower == -0.25 && one.upper == 0.4166666666666667)
    let graded = PairedDifferences([0.5, -0.25, 0.125, 0.75, 0, 0.0625, -0.5])
    let other = try #require(graded.bootstrap(clusters: Array(0..<7), draws: 1000))
    #expect(other.lower == -0.16071428571428573 && other.upper == 0.375)
    let seeded = try #require(graded.bootstrap(clusters: Array(0..<7), draws: 400, seed: 9))
    #expect(seeded.lower == -0.16071428571428573 && seeded.upper == 0.36607142857142855)
  }
}
