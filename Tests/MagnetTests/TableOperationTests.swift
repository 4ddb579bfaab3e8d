@testable import Magnet
import TestSupport
import Testing

/// Joining, grouping and sorting, against doing the same row by row.
@Suite struct TableOperationTests {
  private static let table = Table(columns: [
    "run": [.string("a"), .string("b"), .string("a"), .null], "mean": [.double(2), .null, .double(-1)],
  ])

  @Test func shortColumnsEndInNulls() {
    #expect(Self.table.rowCount == 4 && Self.table.columnNames == ["run", "mean"])
    #expect(Self.table[3, "mean"] == .null && Self.table[2, "mean"] == .double(-1))
    #expect(Table(columns: [:]).rowCount == 0)
  }

  @Test func joinsOfBothKinds() {
    let other = Table(columns: [
      "name": [.string("a"), .null, .string("a"), .string("c")],
      "mean": [.int(1), .int(2), .int(3), .int(4)],
    ])
    let inner = Self.table.joined(with: other, on: [("run", "name")])
    #expect(inner.columnNames == ["run", "mean", "mean_right"])
    #expect(inner.rows.map { $0["mean_right"] } == [.int(1), .int(3), .int(1), .int(3), .int(2)])
    let left = Self.table.joined(with: other, on: [("run", "name")], kind: .left)
    #expect(left.rows.map { $0["mean_right"] } == [.int(1), .int(3), .null, .int(1), .int(3), .int(2)])
    #expect(left.rows.map { $0["run"] } == ["a", "a", "b", "a", "a"].map { .string($0) } + [.null])
  }

  @Test(arguments: 1...20) func joinsAreThoseOfAllPairs(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    func table() -> Table {
      let parts = (0..<3).map { _ in
        Table(
          columnNames: ["k", "l", "v"],
          rows: (0..<random.below(8)).map { _ in
            [
              random.choice([.null, .int(1), .double(1), .string("1")]), .int(Int64(random.below(2))),
              .int(Int64(random.below(99))),
            ]
          })
      }
      return Table(stacking: parts)
    }
    let (here, there) = (table(), table())
    let joined = here.joined(with: there, on: [("k", "k"), ("l", "l")])
    var expected: [[Cell]] = []
    for a in here.rows {
      for b in there.rows where a["k"].joinKey == b["k"].joinKey && a["l"] == b["l"] {
        expected.append([a["k"], a["l"], a["v"], b["v"]])
      }
    }
    #expect(joined.rows.map { row in (0..<4).map { row[$0].text } } == expected.map { $0.map(\.text) })
  }

  @Test func groupsByWhatAColumnMeans() {
    let stats = Table(columns: [
      "stats.name.name": [.string("x"), .string("y"), .string("x")],
      "stats.mean": [.double(1), .double(2), .double(4)],
    ])
    let groups = stats.grouped(by: .metric)
    #expect(groups.map(\.key) == ["x", "y"])
    #expect(groups.map { $0.rows[.mean].mean() } == [2.5, 2])
  }

  @Test func sortsNumbersTextsAndNulls() {
    let cells: [Cell] = [
      .string("b"), .null, .double(.nan), .int(3), .double(-0.5), .string("B"), .bool(true), .null,
    ]
    let table = Table(columnNames: ["c", "n"], rows: cells.enumerated().map { [$1, .int(Int64($0))] })
    func order(_ table: Table) -> [String] { table.rows.map { $0["n"].text } }
    #expect(order(table.sorted(by: ["c"])) == ["4", "6", "3", "2", "5", "0", "1", "7"])
    #expect(order(table.sorted(by: ["c"], isDescending: true)) == ["0", "5", "2", "3", "6", "4", "1", "7"])
    #expect(order(table.sorted(by: ["none"])) == cells.indices.map { "\($0)" })
  }
}
