import RealModule
import Testing

@testable import Magnet

/// Intervals against what defines them: the likelihood's own maximum, and errors in their order.
@Suite struct ScoreIntervalTests {
  /// How many standard errors the observed difference lies from `d`, with the share of answers that the second alone has
  /// right where the likelihood is greatest, searched for.
  private static func distance(_ table: PairedTable, _ d: Double) -> Double {
    let (b, c, n) = (Double(table.onlyFirst), Double(table.onlySecond), Double(table.count))
    func term(_ count: Double, _ share: Double) -> Double {
      count == 0 ? 0 : share <= 0 ? -.infinity : count * Double.log(share)
    }
    func likelihood(_ q: Double) -> Double { term(b, q + d) + term(c, q) + term(n - b - c, 1 - 2 * q - d) }
    var (low, high) = (max(0, -d), (1 - d) / 2)
    for _ in 0..<200 {
      let (one, other) = (low + (high - low) / 3, high - (high - low) / 3)
      if likelihood(one) < likelihood(other) { low = one } else { high = other }
    }
    let variance = n * (low + high + d - d * d)
    return abs(b - c - n * d) / variance.squareRoot()
  }

  private static let tables: [PairedTable] = (0...4).flatMap { b in
    (0...4).flatMap { c in
      [0, 3, 20].map { PairedTable(both: $0, onlyFirst: 2 * b, onlySecond: c, neither: 1 + $0 / 2) }
    }
  }

  /// Tango's interval ends where the score test begins to reject.
  @Test(arguments: tables) func theScoreTestDecides(_ table: PairedTable) throws {
    for (level, z) in [(0.95, 1.959963984540054), (0.8, 1.2815515655446004)] {
      let interval = try #require(table.tango(level: level))
      for end in [interval.lower, interval.upper] where abs(end) < 1 - 1e-9 {
        #expect(abs(Self.distance(table, end) - z) < 1e-4, "\(table) \(level) \(end)")
      }
      let middle = (interval.lower + interval.upper) / 2
      #expect(Self.distance(table, middle) < z)
      for (outside, bound) in [(interval.lower - 0.01, -1.0), (interval.upper + 0.01, 1)]
      where abs(outside) < 1 {
        #expect(Self.distance(table, outside) > z, "\(table) \(outside) \(bound)")
      }
    }
    // The other way round, the ends change their signs and the tests say the same.
    let turned = PairedTable(
      both: table.neither, onlyFirst: table.onlySecond, onlySecond: table.onlyFirst, neither: table.both)
    for (one, other) in [(table.tango(), turned.tango()), (table.bonettPrice(), turned.bonettPrice())] {
      let (one, other) = (try #require(one), try #require(other))
      #expect(abs(one.lower + other.upper) < 1e-9 && abs(one.upper + other.lower) < 1e-9)
    }
    #expect(
      turned.midP == table.midP && turned.exactP == table.exactP && turned.asymptoticP == table.asymptoticP)
    #expect(turned.kappa.map { abs($0 - (table.kappa ?? 9)) < 1e-12 } ?? (table.kappa == nil))
  }

  /// With ten times as many questions, intervals are narrower and differences clearer.
  @Test(arguments: tables) func moreQuestionsSayMore(_ table: PairedTable) throws {
    let more = PairedTable(
      both: 10 * table.both, onlyFirst: 10 * table.onlyFirst, onlySecond: 10 * table.onlySecond,
      neither: 10 * table.neither)
    #expect(try #require(more.tango()).width < #require(table.tango()).width)
    #expect(try #require(more.bonettPrice()).width < #require(table.bonettPrice()).width)
    #expect(more.asymptoticP <= table.asymptoticP && more.difference == table.difference)
  }

  // MARK: Conformal intervals

  /// From the errors on other models: of n, the one at place ⌈(n + 1) · coverage⌉; none where there are too few.
  @Test(arguments: 1...12) func widthsAreErrorsOfOtherModels(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let models = (0..<6).map { _ in random.choice(["a", "b", "c"]) }
    let made = (0..<(10 + random.below(60))).map { _ in
      let actual = random.random()
      return BacktestRecord(
        predictor: 0, target: Int32(random.below(6)), observed: -1, repetition: 0,
        predicted: actual + random.choice([0, 0.125, -0.25, random.random() - 0.5]), actual: actual)
    }
    var records = made
    ConformalIntervals.add(to: &records, models: models)
    #expect(records.map(\.predicted) == made.map(\.predicted) && records.map(\.target) == made.map(\.target))
    for record in records {
      let errors = made.filter { models[Int($0.target)] != models[Int(record.target)] }
        .map { abs($0.predicted - $0.actual) }.sorted()
      let places = [0.5, 0.8, 0.95].map { Int((Double(errors.count + 1) * $0).rounded(.up)) }
      guard places[2] <= errors.count else {
        #expect(!record.hasIntervals)
        continue
      }
      for (number, place) in places.enumerated() {
        #expect(abs(record.upper[number] - record.predicted - errors[place - 1]) < 1e-12)
        #expect(abs(record.predicted - record.lower[number] - errors[place - 1]) < 1e-12)
      }
    }
    // A model's own errors do not count for it.
    let first = models[0]
    var changed = made.map { record -> BacktestRecord in
      var record = record
      if models[Int(record.target)] == first { record.predicted += 3 }
      return record
    }
    ConformalIntervals.add(to: &changed, models: models)
    for (one, other) in zip(records, changed) where models[Int(one.target)] == first && one.hasIntervals {
      #expect(abs((one.upper.z - one.lower.z) - (other.upper.z - other.lower.z)) < 1e-9)
    }
  }
}
