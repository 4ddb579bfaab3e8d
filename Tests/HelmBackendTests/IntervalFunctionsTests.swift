import HelmBackend
import Magnet
import TestSupport
import Testing

@Suite struct IntervalFunctionsTests {
  static func ask(_ expression: String, over values: String) async throws -> [Cell] {
    let database = Database(try HelmRuns(Project.fixture("benchmark_output/runs/plain-v1")))
    let table = try await database.query("WITH v(a, b) AS (VALUES \(values)) SELECT \(expression) FROM v")
      .table
    return table.columnNames.indices.map { table[row: 0, column: $0] }
  }

  static func close(_ cells: [Cell], _ numbers: [Double]) -> Bool {
    cells.count == numbers.count
      && zip(cells, numbers).allSatisfy { cell, number in cell.number.map { abs($0 - number) < 1e-9 } ?? false
      }
  }

  /// SciPy 1.14: `binomtest(3, 4).proportion_ci(0.95, 'wilson')`.
  @Test func sharesHaveWilsonsInterval() async throws {
    let found = try await Self.ask("mean_low(a), mean_high(a)", over: "(1, 0), (1, 0), (1, 0), (0, 0)")
    #expect(Self.close(found, [0.30064184258240184, 0.9544127391902995]), "\(found)")
  }

  /// SciPy 1.14: `t.ppf(0.975, 2)` and `t.ppf(0.75, 2)` are 4.302652729696142 and 0.816496580927726.
  @Test func numbersHaveStudentsInterval() async throws {
    let found = try await Self.ask(
      "mean_low(a), mean_high(a), mean_low(a, 0.5)", over: "(1, 0), (2, 0), (3, 0), (NULL, 0), ('x', 0)")
    let (half, quarter) = (4.302652729696142 / 3.0.squareRoot(), 0.816496580927726 / 3.0.squareRoot())
    #expect(Self.close(found, [2 - half, 2 + half, 2 - quarter]), "\(found)")
  }

  @Test func pairsAreComparedWhereBothAre() async throws {
    let found = try await Self.ask(
      "paired_difference(a, b), paired_low(a, b), paired_high(a, b)",
      over: "(1, 0), (2, 2), (3, 1), (9, NULL)")
    let half = 4.302652729696142 / 3.0.squareRoot()
    #expect(Self.close(found, [1, 1 - half, 1 + half]), "\(found)")
  }

  @Test func tooLittleIsNullAndWrongSharesAreErrors() async throws {
    #expect(
      try await Self.ask("mean_low(a), paired_low(a, b), paired_difference(a, b)", over: "(0.5, NULL)") == [
        .null, .null, .null,
      ])
    await #expect(throws: MagnetError.self) { try await Self.ask("mean_low(a, 95)", over: "(1, 1)") }
  }
}
