import Testing

@testable import Magnet

/// Two runs compared instance by instance, against sums over the pairs.
@Suite struct RunComparisonTests {
  private typealias Item = (id: String, input: String?, score: Double)

  private static func items(_ random: inout PythonRandom, _ count: Int, _ values: [Double]) -> [Item] {
    (0..<count).map { ("id\($0)", nil, random.choice(values)) }
  }

  private static func near(_ a: Double?, _ b: Double?) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    return abs(a - b) <= 1e-10 * max(1, abs(b))
  }

  @Test(arguments: 1...12) func rightAndWrongAnswersAreCounted(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let count = 2 + random.below(40)
    let (a, b) = (Self.items(&random, count, [0, 1, 1]), Self.items(&random, count, [0, 1]))
    let comparison = try RunComparison(MadeInstances.run("a/1", a), MadeInstances.run("b/1", b))
    let pairs = zip(a, b).map { ($0.score, $1.score) }
    let (gained, lost) = (pairs.count { $0 == (0, 1) }, pairs.count { $0 == (1, 0) })
    #expect(comparison.flips?.gained == gained && comparison.flips?.lost == lost)
    #expect(Self.near(comparison.difference, Double(gained - lost) / Double(count)))
    #expect(Self.near(comparison.meanFirst, pairs.reduce(0) { $0 + $1.0 } / Double(count)))
    #expect(Self.near(comparison.meanSecond, pairs.reduce(0) { $0 + $1.1 } / Double(count)))
    let table = try #require(PairedTable(pairs.map { ($0.1, $0.0) }))
    #expect(comparison.table == table && comparison.p == table.midP && comparison.interval == table.tango())
    #expect(comparison.method == "McNemar mid-p, Tango" && comparison.notes.isEmpty)
    // What differs, the largest difference first, equal ones in the order of the instances.
    let changed = zip(a, b).filter { $0.score != $1.score }
    let flips = comparison.flipTable(limit: nil)
    #expect(flips.rows.map { $0["instance"].text } == changed.map(\.0.id))
    #expect(flips.rows.map { $0["score_a"] } == changed.map { .double($0.0.score) })
    #expect(comparison.flipTable(limit: 2).rowCount == min(2, changed.count))
    // Turned round, the signs change and the probability stays.
    let back = try RunComparison(MadeInstances.run("b/1", b), MadeInstances.run("a/1", a))
    #expect(Self.near(back.difference, -comparison.difference) && Self.near(back.p, comparison.p))
    #expect(abs((back.interval?.lower ?? 9) + (comparison.interval?.upper ?? 0)) < 1e-9)
    for margin in [0, 0.1, 0.3] {
      #expect(comparison.isWorse(by: margin) == ((comparison.interval?.upper ?? 0) < -margin))
    }
  }

  @Test(arguments: 1...12) func gradedScoresAreDifferences(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let count = 3 + random.below(30)
    let values = [0, 0.25, 0.5, 1, 2]
    let (a, b) = (Self.items(&random, count, values), Self.items(&random, count, values))
    let first = MadeInstances.run("a/1", a)
    let second = MadeInstances.run("b/1", b)
    let comparison = try RunComparison(first, second)
    let differences = PairedDifferences(zip(a, b).map { $1.score - $0.score })
    if comparison.table == nil {
      #expect(comparison.flips == nil && comparison.p == differences.signFlipP())
      #expect(comparison.method == (count <= 20 ? "sign flips, exact" : "sign flips, 10000 draws") + ", t")
    }
    #expect(Self.near(comparison.standardError, differences.standardError))
    #expect(
      Self.near(
        comparison.detectable,
        differences.variance.flatMap { PairedDifferences.detectable(variance: $0, count: count) }))
    let sizes = comparison.flipTable(limit: nil).rows.map { row in
      abs((row["score_b"].number ?? 0) - (row["score_a"].number ?? 0))
    }
    #expect(sizes == sizes.sorted(by: >) && sizes.count == differences.values.count { $0 != 0 })
    // Clusters: three instances each, whose deviations are added before they are squared.
    var options = RunComparison.Options()
    options.cluster = { pair in String((Int(pair.first.key.id.dropFirst(2)) ?? 0) / 3) }
    let clustered = try RunComparison(first, second, options: options)
    let groups = (count + 2) / 3
    #expect(clustered.method == (groups == 1 ? "1 cluster, t" : "\(groups) clusters, t"))
    let mean = differences.mean ?? 0
    var squares = 0.0
    for start in stride(from: 0, to: count, by: 3) {
      let sum = differences.values[start..<min(start + 3, count)].reduce(0) { $0 + $1 - mean }
      squares += sum * sum
    }
    let error = (squares * Double(groups) / Double(groups - 1)).squareRoot() / Double(count)
    #expect(Self.near(clustered.standardError, groups > 1 ? error : nil))
    #expect(clustered.notes == (groups > 1 ? [] : ["no interval: a single cluster"]))
    options.interval = .bootstrap
    options.draws = 200
    let drawn = try RunComparison(first, second, options: options)
    #expect(drawn.method == clustered.method + ", bootstrap interval" && drawn.p == clustered.p)
    #expect((drawn.interval == nil) == (groups == 1))
  }

  /// Which way is worse depends on the metric.
  @Test func lowerScoresCanBeBetter() throws {
    let zeros: [Item] = (0..<30).map { ("id\($0)", nil, 0) }
    let ones: [Item] = (0..<30).map { ("id\($0)", nil, $0 == 0 ? 0 : 1) }
    for (lowerIsBetter, isWorse) in [(true, true), (false, false), (nil, false)] as [(Bool?, Bool)] {
      let headline = MadeInstances.headline(lowerIsBetter: lowerIsBetter)
      let comparison = try RunComparison(
        MadeInstances.run("a/1", zeros, headline: headline),
        MadeInstances.run("b/1", ones, headline: headline))
      #expect(comparison.isWorse(by: 0.1) == isWorse, "\(lowerIsBetter.debugDescription)")
      let back = try RunComparison(
        MadeInstances.run("b/1", ones, headline: headline),
        MadeInstances.run("a/1", zeros, headline: headline))
      #expect(back.isWorse(by: 0.1) == !isWorse)
    }
  }

  @Test func whatCannotBeComparedIsSaid() {
    func fault(_ a: RunInstances, _ b: RunInstances) -> String {
      do {
        _ = try RunComparison(a, b)
        return "none"
      } catch { return "\(error)" }
    }
    let one = MadeInstances.run("a/1", [("id1", "x", 1), ("id2", "y", 1)])
    #expect(
      fault(
        one, MadeInstances.run("b/1", [("id1", nil, 1)], headline: MadeInstances.headline("n", split: "test"))
      )
        == "t: the scores are of different metrics: m and n@test; name one with --metric")
    #expect(fault(one, MadeInstances.run("b/1", [])).hasPrefix("t:model=b/1 has no scores of instances by m"))
    #expect(
      fault(one, MadeInstances.run("b/1", [("id3", "z", 1)]))
        == "t: nothing can be paired: no id and no question is in both (2 and 1 instances)")
    #expect(
      fault(one, MadeInstances.run("b/1", [("id1", "z", 1)]))
        == "t: nothing can be paired: 1 ids name other questions (2 and 1 instances)")
  }

  @Test func whatIsSpecialIsNoted() throws {
    let a: [Item] = [("id1", "x", 1), ("id2", "y", 0), ("id3", "z", 0)]
    let b: [Item] = [("id1", "other", 1), ("id8", "y", 0)]
    let comparison = try RunComparison(
      MadeInstances.run("a/1", a, headline: MadeInstances.headline(split: nil)), MadeInstances.run("b/1", b))
    #expect(
      comparison.notes == [
        "only 1 of 3 instances are paired", "1 paired by content, as their ids differ",
        "1 ids name other questions: not paired", "no interval: a single pair",
      ])
    #expect(comparison.interval == nil && comparison.standardError == nil && comparison.p == 1)
    let unmatched = comparison.unmatchedTable
    #expect(unmatched.rows.map { $0["side"].text + $0["instance"].text } == ["aid1", "aid3", "bid1"])
    #expect(unmatched.rows.allSatisfy { $0["perturbation"] == .null && $0["task"] == .string("t") })
    #expect(comparison.splits == nil && comparison.population == "m")
  }
}
