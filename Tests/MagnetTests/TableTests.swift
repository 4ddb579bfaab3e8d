import Testing

@testable import Magnet

/// Tables are stacked, cut, looked up and joined as their rows would be.
@Suite struct TableTests {
  static let table = Table(
    columnNames: ["a.name", "b.name", "count"],
    rows: [
      [.string("x"), .int(1), .double(0.5)], [.string("y"), .null, .double(1.5)], [.null, .int(3), .null],
      [.string("x"), .int(1), .double(2.5)],
    ])

  /// The cells, row by row.
  static func cells(_ table: Table) -> [[Cell]] {
    table.rows.map { row in table.columnNames.indices.map { row[$0] } }
  }

  /// The same rows in chunks of random size.
  static func chopped(_ table: Table, _ random: inout PythonRandom) -> Table {
    var parts: [Table] = []
    var start = 0
    while start < table.rowCount {
      let end = min(table.rowCount, start + random.below(4))
      parts.append(table.rows(at: Array(start..<end)))
      start = end
    }
    return Table(stacking: parts.isEmpty ? [table] : parts)
  }

  static func randomTable(_ names: [String], rows: Int, _ random: inout PythonRandom) -> Table {
    let pool: [Cell] = [
      .null, .null, .int(1), .double(1), .int(2), .double(2.5), .string("1"), .string("a"), .string(""),
      .bool(true), .json("[1]"), .json("{}"), .double(-0.0), .int(0), .int(.max), .int(.max - 1),
    ]
    let kinds = names.map { _ in random.below(3) == 0 ? pool : Array(pool[0..<6]) }
    return chopped(
      Table(
        columnNames: names, rows: (0..<rows).map { _ in kinds.map { random.choice($0) } }), &random)
  }

  @Test func tablesMayBeEmpty() throws {
    for table in [
      Table(), Table(columnNames: [], rows: []), Table(columnNames: ["a"], rows: []), Table(stacking: []),
      Table(stacking: [Table(), Table()]), Self.table.filter { _ in false }, Self.table.prefix(0),
      Self.table.prefix(-1), Table(columnNames: ["a"], rows: []).prefix(-3),
    ] {
      #expect(table.rowCount == 0 && table.rows.isEmpty && table.rows(at: []).rowCount == 0)
      #expect(table.filter { _ in true }.rowCount == 0 && table.groups(by: ["a"]).isEmpty)
      #expect(table[ColumnKey<Double?>("a")].mean() == nil && table[ColumnKey<String>("nowhere")].isEmpty)
      #expect(table.joinRows(with: Self.table, on: [("a", "a.name")]).isEmpty)
      #expect(Self.table.joinRows(with: table, on: []).isEmpty)
      #expect(table.prepending("new", []).columnNames.first == "new")
      #expect(throws: MagnetError.self) { try table.resolve("nowhere") }
    }
    #expect(Self.table.filter { _ in false }.columnNames == Self.table.columnNames)
  }

  @Test func rowsMayHaveNoColumns() {
    let table = Self.table.selecting([])
    #expect(table.rowCount == 4 && table.columnNames.isEmpty && table.rows[3].number == 3)
    #expect(table.groups(by: ["nowhere"]) == [[0, 1, 2, 3]])
    #expect(table.prepending("n", [.int(0), .int(1), .int(2), .null])[3, "n"] == .null)
  }

  @Test func stackingKeepsEveryCell() {
    let other = Table(
      columnNames: ["count", "new"], rows: [[.string("many"), .bool(true)], [.null, .null]])
    let stacked = Table(stacking: [Self.table, Table(), other, Self.table])
    #expect(stacked.columnNames == ["a.name", "b.name", "count", "new"])
    #expect(stacked.rowCount == 10)
    #expect(Self.cells(stacked)[4] == [.null, .null, .string("many"), .bool(true)])
    #expect(Self.cells(stacked)[5] == [.null, .null, .null, .null])
    #expect(Self.cells(stacked)[6] == [.string("x"), .int(1), .double(0.5), .null])
    #expect(stacked[row: 4, column: 2] == .string("many") && stacked[4, "new"] == .bool(true))
    #expect(stacked[4, "nowhere"] == .null && stacked.rows[4]["nowhere"] == .null)
    #expect(stacked.rows.map(\.number) == Array(0..<10))
    let columnsOnly = Table(stacking: [Table(columnNames: ["z"], rows: []), Self.table])
    #expect(columnsOnly.columnNames == ["z", "a.name", "b.name", "count"] && columnsOnly[0, "z"] == .null)
  }

  @Test(arguments: 1...10)
  func rowsAreTakenByNumber(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let table = Self.randomTable(["a", "b", "c"], rows: 1 + random.below(30), &random)
    let cells = Self.cells(table)
    for _ in 0..<20 {
      let numbers = (0..<random.below(50)).map { _ in random.below(table.rowCount) }
      let taken = table.rows(at: numbers)
      #expect(Self.cells(taken) == numbers.map { cells[$0] })
      #expect(taken.rows.map(\.number) == Array(numbers.indices) && taken.columnNames == table.columnNames)
      let again = numbers.indices.reversed().map { $0 }
      #expect(Self.cells(taken.rows(at: again)) == again.map { cells[numbers[$0]] })
      let ranges = (0..<4).map { _ in
        let start = random.below(table.rowCount)
        return start..<start + random.below(table.rowCount - start + 1)
      }
      #expect(Self.cells(table.rows(in: ranges)) == ranges.flatMap { cells[$0] })
      let limit = random.below(40)
      #expect(Self.cells(table.prefix(limit)) == Array(cells.prefix(limit)))
      let kept = cells.indices.filter { $0 % 3 != limit % 3 }
      #expect(Self.cells(table.filter { $0.number % 3 != limit % 3 }) == kept.map { cells[$0] })
    }
    #expect(Self.cells(table.rows(at: Array(cells.indices.reversed()))) == cells.reversed())
  }

  @Test func filterSeesTheRow() throws {
    let kept = Self.table.filter { $0["a.name"] == .string("x") }
    #expect(kept.rows.map { $0["count"] } == [.double(0.5), .double(2.5)])
    struct Stop: Error {}
    #expect(throws: Stop.self) { try Self.table.filter { _ in throw Stop() } }
  }

  @Test func columnsAreSelectedAndDropped() {
    let selected = Self.table.selecting(["count", "nowhere", "a.name"])
    #expect(selected.columnNames == ["count", "a.name"] && selected.rowCount == 4)
    #expect(selected[1, "count"] == .double(1.5) && selected[1, "b.name"] == .null)
    #expect(Self.table.dropping { $0.hasSuffix(".name") }.columnNames == ["count"])
    #expect(Self.table.dropping { _ in true }.rowCount == 4)
    #expect(Self.table.hasColumn("count") && !Self.table.hasColumn("name"))
    #expect(Self.table.position(of: "count") == 2 && Self.table.position(of: "") == nil)
  }

  @Test func prependingAddsOrReplaces() {
    let stacked = Table(stacking: [Self.table, Self.table.prefix(1)])
    let numbered = stacked.prepending("n", (0..<5).map { .int($0) })
    #expect(numbered.columnNames == ["n", "a.name", "b.name", "count"])
    #expect(numbered.rows.map { $0["n"] } == (0..<5).map { .int($0) })
    let replaced = stacked.prepending("count", [.null, .string("s"), .int(1), .double(2), .null])
    #expect(replaced.columnNames == ["count", "a.name", "b.name"])
    #expect(replaced.rows.map { $0["count"] }[0...1] == [.null, .string("s")])
    #expect(replaced[3, "a.name"] == .string("x"))
  }

  @Test func namesAreResolved() throws {
    #expect(try Self.table.resolve("count") == "count")
    #expect(try Self.table.resolve("a.name") == "a.name")
    #expect(try Table(columnNames: ["name", "x.name"], rows: []).resolve("name") == "name")
    #expect(try Table(columnNames: ["surname", "x.name"], rows: []).resolve("name") == "x.name")
    #expect(throws: MagnetError.self) { try Self.table.resolve("") }
    func sentence(_ name: String) -> String {
      do { return try Self.table.resolve(name) } catch { return "\(error)" }
    }
    #expect(sentence("name") == "several columns end in .name; give one of a.name, b.name")
    #expect(sentence("cuont") == "no column 'cuont'; did you mean count?")
  }

  @Test func keysGiveTypedValues() throws {
    let table = Table(
      columnNames: ["s", "d", "b", "j"],
      rows: [
        [.string("a"), .double(2), .bool(true), .json("[1,2]")],
        [.int(5), .double(2.5), .null, .string("x")],
        [.null, .double(.nan), .int(1), .null],
        [.json("{}"), .double(1e300), .string("true"), .int(.max)],
      ])
    let row = table.rows[0]
    #expect(row[ColumnKey<String?>("s")] == "a" && row[ColumnKey<Double?>("d")] == 2)
    #expect(row[ColumnKey<Int?>("d")] == 2)
    #expect(table[ColumnKey<String?>("s")].map { $0 } == ["a", nil, nil, nil])
    #expect(table[ColumnKey<Int?>("d")].map { $0 } == [2, nil, nil, nil])
    #expect(table[ColumnKey<Bool?>("b")].map { $0 } == [true, nil, nil, nil])
    #expect(table[ColumnKey<Double?>("s")].map { $0 } == [nil, 5, nil, nil])
    #expect(table[ColumnKey<Int?>("j")].map { $0 } == [nil, nil, nil, .max])
    let values = table[ColumnKey<JSONValue?>("j")]
    #expect(values[0]?[1] == .int(2) && values[1] == .string("x") && values[2] == nil)
    #expect(table[ColumnKey<String?>("nowhere")].map { $0 } == [nil, nil, nil, nil])
    #expect(table[ColumnKey<Double?>("nowhere", "d", "s")][1] == 2.5)
    #expect(table.rows[1][ColumnKey<Double?>("nowhere", "d")] == 2.5)
  }

  @Test func theMeanOfNothingIsNil() {
    #expect([Double?]().mean() == nil)
    #expect(([nil, nil] as [Double?]).mean() == nil)
    #expect(([nil, 1, nil, 2] as [Double?]).mean() == 1.5)
    #expect(Self.table[ColumnKey<Double?>("count")].mean() == 1.5)
    #expect(Self.table[ColumnKey<Double?>("nowhere")].mean() == nil)
    #expect(Self.table[ColumnKey<Double?>("a.name")].mean() == nil)
  }

  @Test func distinctValuesKeepTheirOrder() {
    #expect([3, 1, 3, 2, 1].unique() == [3, 1, 2])
    #expect(Self.table[ColumnKey<String?>("a.name")].unique() == ["x", "y", nil])
    #expect([Int]().unique().isEmpty)
  }

  /// As in SQLite and in Python, not as in Unicode.
  @Test func textsAreEqualWhereTheirBytesAre() throws {
    let names: [Cell] = [.string("\u{E9}"), .string("e\u{301}"), .string("\u{E9}")]
    let table = Self.table.selecting([]).filter { $0.number < 3 }.prepending("name", names)
    #expect(table.groups(by: ["name"]) == [[0, 2], [1]])
    #expect(table.joinRows(with: table, on: [("name", "name")]).count == 5)
    #expect(names[0] != names[1] && Set(names).count == 2)
  }

  @Test func rowsAreGrouped() {
    #expect(Self.table.groups(by: ["a.name"]) == [[0, 3], [1], [2]])
    #expect(Self.table.groups(by: ["a.name", "b.name"]) == [[0, 3], [1], [2]])
    #expect(Self.table.groups(by: ["a.name", "b.name", "count"]) == [[0], [1], [2], [3]])
    #expect(Self.table.groups(by: []) == [[0, 1, 2, 3]])
    #expect(Self.table.groups(by: ["nowhere"]) == [[0, 1, 2, 3]])
  }

  /// How a table is stored does not change which rows agree.
  @Test(arguments: [Cell.double(.nan), .double(-0.0), .null, .string(""), .json("[]"), .bool(false)])
  func groupsDoNotDependOnChunks(_ cell: Cell) {
    let same = Table(columnNames: ["a"], rows: [[cell], [cell]])
    let different = Table(columnNames: ["a"], rows: [[cell], [cell], [.double(9)]])
    #expect(same.groups(by: ["a"]).count + 1 == different.groups(by: ["a"]).count)
  }

  /// Whether two cells are equal as keys.
  static func agree(_ a: Cell, _ b: Cell) -> Bool {
    switch (a, b) {
    case (.int(let int), .double(let double)), (.double(let double), .int(let int)):
      Int64(exactly: double) == int
    default: a == b
    }
  }

  @Test(arguments: 1...20)
  func joinsAreThoseOfNestedLoops(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let here = Self.randomTable(["a", "b", "c"], rows: random.below(40), &random)
    let there = Self.randomTable(["x", "b", "c"], rows: random.below(40), &random)
    for on in [
      [("a", "x")], [("b", "b"), ("c", "c")], [("a", "x"), ("b", "c"), ("c", "b")], [("nowhere", "x")],
      [("a", "nowhere"), ("b", "b")], [("no", "where")], [],
    ] {
      var expected: [[Int]] = []
      for i in 0..<here.rowCount {
        for j in 0..<there.rowCount where on.allSatisfy({ Self.agree(here[i, $0], there[j, $1]) }) {
          expected.append([i, j])
        }
      }
      #expect(here.joinRows(with: there, on: on).map { [$0.here, $0.there] } == expected, "on \(on)")
    }
    var groups: [[Int]] = []
    for i in 0..<here.rowCount {
      let place = groups.firstIndex { group in
        ["a", "b"].allSatisfy { Self.agree(here[group[0], $0], here[i, $0]) }
      }
      if let place { groups[place].append(i) } else { groups.append([i]) }
    }
    #expect(here.groups(by: ["a", "b"]) == groups)
  }
}
