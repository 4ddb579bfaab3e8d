import HelmBackend
import TestSupport
import Testing

@testable import Magnet

/// Functions of groups in SQL against the same numbers in Swift, over values of all kinds.
@Suite struct SQLStatisticsTests {
  private let database: Database

  init() throws { database = Database(try HelmRuns(Project.plain)) }

  private func ask(_ query: String) async throws -> [Cell] {
    let table = try await database.query(query).table
    return table.rows.flatMap { row in table.columnNames.indices.map { row[$0] } }
  }

  private static func areNear(_ cell: Cell, _ value: Double?, _ tolerance: Double = 1e-9) -> Bool {
    guard let value else { return cell == .null }
    return cell.number.map { $0 == value || abs($0 - value) <= tolerance * max(1, abs(value)) } ?? false
  }

  /// SQL literals, and the numbers that they are; nil for what does not count.
  private static let literals: [(text: String, number: Double?)] = [
    ("1", 1), ("2.5", 2.5), ("-3", -3), ("NULL", nil), ("'x'", nil), ("'4'", 4), ("1e3", 1000), ("0", 0),
    ("'1e1'", 10), ("9007199254740993", 9_007_199_254_740_992), ("x'31'", nil), ("''", nil), ("' 7 '", 7),
  ]

  @Test(arguments: 1...12) func statisticsAreThoseOfTheNumbers(_ seed: Int) async throws {
    var random = PythonRandom(seed: seed)
    let pool = seed % 3 == 0 ? Self.literals : Array(Self.literals[0..<8])
    let drawn = (0...random.below(9)).map { _ in random.choice(pool) }
    let numbers = drawn.compactMap(\.number)
    let share = Double(random.below(101)) / 100
    let cells = try await ask(
      """
      WITH v(a) AS (VALUES \(drawn.map { "(\($0.text))" }.joined(separator: ", ")))
      SELECT median(a), percentile(a, \(share * 100)), percentile_cont(a, \(share)), stddev(a), stddev_samp(a),
        stddev_pop(a), variance(a), var_samp(a), var_pop(a) FROM v
      """)
    let expected: [Double?] = [
      numbers.quantile(0.5), numbers.quantile(share), numbers.quantile(share),
      numbers.variance()?.squareRoot(), numbers.variance()?.squareRoot(),
      numbers.variance(ofPopulation: true)?.squareRoot(), numbers.variance(), numbers.variance(),
      numbers.variance(ofPopulation: true),
    ]
    #expect(cells.count == expected.count)
    for (cell, value) in zip(cells, expected) { #expect(Self.areNear(cell, value), "\(drawn) \(cells)") }
  }

  @Test(arguments: 1...8) func intervalsAreThoseOfTheNumbers(_ seed: Int) async throws {
    var random = PythonRandom(seed: seed)
    let areShares = seed % 2 == 0
    let values = (0..<2 + random.below(8)).map { _ in
      areShares ? Double(random.below(2)) : Double(random.below(100)) / 8
    }
    let coverage = Double(1 + random.below(98)) / 100
    let cells = try await ask(
      """
      WITH v(a) AS (VALUES \(values.map { "(\($0))" }.joined(separator: ", ")))
      SELECT mean_low(a, \(coverage)), mean_high(a, \(coverage)), paired_difference(a, 2), paired_low(a, 2),
        paired_high(a, 2) FROM v
      """)
    let differences = PairedDifferences(values)
    let student = try #require(differences.estimate)
    let interval =
      values.allSatisfy { $0 == 0 || $0 == 1 }
      ? try #require(
        Interval.wilson(right: values.reduce(0, +), count: values.count, coverage: coverage))
      : student.interval(level: coverage)
    let paired = student.interval()
    for (cell, value) in zip(
      cells, [interval.lower, interval.upper, student.mean - 2, paired.lower - 2, paired.upper - 2])
    {
      #expect(Self.areNear(cell, value), "\(values)")
    }
  }

  /// Each group has numbers of its own, in whatever order the rows come.
  @Test func groupsAreKeptApart() async throws {
    let cells = try await ask(
      """
      WITH v(g, a) AS (VALUES ('x', 1), ('y', 10), ('x', 2), ('z', NULL), ('y', 30), ('x', 4))
      SELECT g, median(a), var_pop(a), mean_low(a) IS NULL FROM v GROUP BY g ORDER BY g
      """)
    #expect(
      cells[0..<2] == [.string("x"), .double(2)] && cells[4..<7] == [.string("y"), .double(20), .double(100)])
    #expect(cells[8...] == [.string("z"), .null, .null, .int(1)])
    let none = try await ask("SELECT median(1), stddev(1), mean_low(1), paired_difference(1, 2) WHERE 0")
    #expect(none == [.null, .null, .null, .null])
  }

  @Test(arguments: [
    ("percentile(a, 101)", "percentile() takes a second argument from 0 to 100"),
    ("percentile(a, -1)", "percentile() takes a second argument from 0 to 100"),
    ("percentile(a, 'x')", "percentile() takes a second argument from 0 to 100"),
    ("percentile(a, NULL)", "percentile() takes a second argument from 0 to 100"),
    ("percentile_cont(a, 1.5)", "percentile_cont() takes a second argument from 0 to 1"),
    ("percentile_cont(a, a)", "percentile_cont() takes the same second argument in all rows"),
    ("mean_low(a, 1)", "mean_low() takes a coverage between 0 and 1 last"),
    ("mean_high(a, 0)", "mean_high() takes a coverage between 0 and 1 last"),
    ("paired_low(a, a, NULL)", "paired_low() takes a coverage between 0 and 1 last"),
    ("paired_high(a, a, 'x')", "paired_high() takes a coverage between 0 and 1 last"),
    ("mean_low(a, a / 2)", "mean_low() takes the same coverage in all rows"),
  ])
  func wrongArgumentsAreSaid(_ call: String, _ sentence: String) async throws {
    let error = await #expect(throws: MagnetError.self) {
      try await ask("WITH v(a) AS (VALUES (0.25), (0.5)) SELECT \(call) FROM v")
    }
    #expect(error?.description.contains(sentence) == true, "\(error.map { "\($0)" } ?? "")")
    #expect(error?.code == .invalidData)
  }

  @Test func numbersAsTextsAreShares() async throws {
    let cells = try await ask(
      "WITH v(a) AS (VALUES (1), (3)) SELECT percentile(a, '50'), mean_low(a, '0.5') FROM v")
    #expect(cells[0] == .double(2) && cells[1] != .null)
  }

  @Test(arguments: [
    ("'abc' REGEXP 'b'", Cell.int(1)), ("'abc' REGEXP '^b'", .int(0)), ("NULL REGEXP 'b'", .null),
    ("'b' REGEXP NULL", .null), ("12 REGEXP '^1'", .int(1)), ("'é' REGEXP '^.$'", .int(1)),
    ("'' REGEXP ''", .int(1)),
  ])
  func patternsMatchAnywhere(_ expression: String, _ expected: Cell) async throws {
    #expect(try await ask("SELECT \(expression)") == [expected])
  }

  /// Infinities stand beside numbers as in arithmetic.
  @Test func infinitiesAreNumbers() async throws {
    let cells = try await ask(
      "WITH v(a) AS (VALUES (1), (2), (9e999)) SELECT median(a), percentile(a, 100), percentile(a, 0) FROM v")
    #expect(cells == [.double(2), .double(.infinity), .double(1)])
  }

  /// Line ends are those of any system; a comment ends with its line.
  @Test(arguments: ["\n", "\r\n"]) func commentsEndWithTheirLine(_ end: String) async throws {
    let columns = try await database.query("-- all" + end + "SELECT * FROM stats LIMIT 1" + end).table
      .columnNames
    #expect(columns.contains("stats.mean") && columns.count > 5)
    let error = await #expect(throws: MagnetError.self) {
      try await ask("-- all" + end + "SELECT count(*) FROM stats WHERE 0 AND \"stats.meann\" > 0")
    }
    #expect(error?.description == "no column 'stats.meann'; did you mean stats.mean?")
  }
}
