import Testing

@testable import Magnet

/// What joining, grouping and stacking keep whatever the order and the pieces of tables.
@Suite struct JoinKindTests {
  private static func lines(_ table: Table) -> [String] {
    table.rows.map { row in table.columnNames.indices.map { "\(row[$0])" }.joined(separator: "|") }
  }

  private static func tables(_ seed: Int) -> (Table, Table, PythonRandom) {
    var random = PythonRandom(seed: seed)
    let here = TableTests.randomTable(["a", "b", "v"], rows: random.below(25), &random)
    let there = TableTests.randomTable(["a", "w", "v"], rows: random.below(25), &random)
    return (here, there, random)
  }

  @Test(arguments: 1...15) func leftJoinsKeepEveryRow(_ seed: Int) {
    let (here, there, _) = Self.tables(seed)
    let inner = here.joined(with: there, on: [("a", "a")])
    let left = here.joined(with: there, on: [("a", "a")], kind: .left)
    #expect(left.columnNames == ["a", "b", "v", "w", "v_right"] && inner.columnNames == left.columnNames)
    let matched = Set(here.joinRows(with: there, on: [("a", "a")]).map(\.here))
    #expect(left.rowCount == inner.rowCount + here.rowCount - matched.count)
    var expected: [[String]] = []
    for row in 0..<here.rowCount {
      let partners = (0..<there.rowCount).filter { TableTests.agree(here[row, "a"], there[$0, "a"]) }
      let own = ["a", "b", "v"].map { here[row, $0].text }
      for partner in partners { expected.append(own + [there[partner, "w"].text, there[partner, "v"].text]) }
      if partners.isEmpty { expected.append(own + ["", ""]) }
    }
    #expect(left.rows.map { row in (0..<5).map { row[$0].text } } == expected)
  }

  @Test(arguments: 1...15) func piecesChangeNothing(_ seed: Int) {
    var (here, there, random) = Self.tables(100 + seed)
    let joined = Self.lines(here.joined(with: there, on: [("a", "a"), ("v", "v")], kind: .left))
    let groups = here.groups(by: ["a", "v"])
    for _ in 0..<4 {
      here = TableTests.chopped(here, &random)
      there = TableTests.chopped(there, &random)
      #expect(Self.lines(here.joined(with: there, on: [("a", "a"), ("v", "v")], kind: .left)) == joined)
      #expect(here.groups(by: ["a", "v"]) == groups)
    }
  }

  /// Groups of permuted rows are the same sets of rows.
  @Test(arguments: 1...10) func orderChangesNoGroup(_ seed: Int) {
    var (here, _, random) = Self.tables(200 + seed)
    here = here.prepending("row", (0..<here.rowCount).map { .int(Int64($0)) })
    func sets(_ table: Table) -> Set<Set<String>> {
      Set(table.groups(by: ["a", "b"]).map { Set($0.map { table[$0, "row"].text }) })
    }
    let order = random.sample(here.rowCount, below: here.rowCount)
    #expect(sets(here.rows(at: order)) == sets(here))
    #expect(here.groups(by: ["a", "b"]).flatMap(\.self).sorted() == Array(0..<here.rowCount))
    for group in here.grouped(by: ColumnKey<JSONValue?>("a")) {
      #expect(group.rows.groups(by: ["a"]).count == 1 && group.rows.rowCount > 0)
    }
  }

  @Test func namesThatBothTablesHaveAreToldApart() {
    let here = Table(columnNames: ["k", "x", "x_right"], rows: [[.int(1), .int(2), .int(3)]])
    let there = Table(columnNames: ["k", "x", "x_right"], rows: [[.int(1), .int(4), .int(5)]])
    let joined = here.joined(with: there, on: [("k", "k")])
    #expect(Set(joined.columnNames).count == joined.columnNames.count)
    #expect(joined.rows[0][3] == .int(4) && joined.rows[0][4] == .int(5))
    let all = here.joined(with: there, on: [])
    #expect(all.rowCount == 1 && all.columnNames.count == 6)
  }

  @Test(arguments: 1...10) func stackingIsAssociative(_ seed: Int) {
    var random = PythonRandom(seed: 300 + seed)
    let tables = (0..<3).map { number in
      TableTests.randomTable(number == 1 ? ["b", "z"] : ["a", "b"], rows: random.below(9), &random)
    }
    let whole = Table(stacking: tables)
    let left = Table(stacking: [Table(stacking: [tables[0], tables[1]]), tables[2]])
    let right = Table(stacking: [tables[0], Table(stacking: [tables[1], tables[2]])])
    #expect(Self.lines(left) == Self.lines(whole) && left.columnNames == whole.columnNames)
    #expect(Self.lines(right) == Self.lines(whole) && right.columnNames == whole.columnNames)
    #expect(whole.rowCount == tables.map(\.rowCount).reduce(0, +))
  }

  /// Two names that Unicode takes for the same are two columns, as in JSON and SQLite.
  @Test func namesInTwoFormsAreTwoColumns() {
    let table = Table(columnNames: ["\u{E9}", "e\u{301}"], rows: [[.int(1), .int(2)]])
    #expect(table[0, "\u{E9}"] == .int(1) && table[0, "e\u{301}"] == .int(2))
    let stacked = Table(stacking: [table.selecting(["e\u{301}"]), table])
    #expect(stacked.columnNames.count == 2 && stacked.rows[1]["\u{E9}"] == .int(1))
    #expect(stacked.rows.map { $0["e\u{301}"] } == [.int(2), .int(2)])
    let one = Table(columnNames: ["\u{E9}"], rows: [[.int(1)]])
    #expect(one[0, "e\u{301}"] == .int(1), "where there is only one, either form names it")
  }
}
