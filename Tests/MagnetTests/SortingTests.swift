import Testing

@testable import Magnet

/// Rows are sorted and chosen by conditions as going through them one by one does.
@Suite struct SortingTests {
  private static let pool: [Cell] = [
    .null, .int(3), .int(-1), .double(3), .double(0.5), .double(.nan), .double(-.infinity), .string("a"),
    .string("B"), .string(""), .string("é"), .bool(true), .bool(false), .json("[1]"), .double(-0.0), .int(0),
    .int(9_007_199_254_740_993), .int(9_007_199_254_740_992), .int(.max), .int(.max - 1), .int(.min),
  ]

  private static func table(_ random: inout PythonRandom) -> Table {
    let kinds = (0..<3).map { _ in random.below(2) == 0 ? pool : Array(pool[0..<7]) }
    let rows = (0..<random.below(40)).map { row in
      kinds.map { random.choice($0) } + [.int(Int64(row))]
    }
    return TableTests.chopped(Table(columnNames: ["a", "b", "c", "row"], rows: rows), &random)
  }

  /// Where a cell stands: numbers, what is not a number, texts, nothing.
  private static func rank(_ cell: Cell) -> Int {
    switch cell {
    case .null: 3
    case .bool, .int: 0
    case .double(let value): value.isNaN ? 1 : 0
    case .string, .json: 2
    }
  }

  /// Whether one cell is less than another, by the exact values.
  private static func isLess(_ a: Cell, _ b: Cell) -> Bool {
    if rank(a) != rank(b) { return rank(a) < rank(b) }
    switch (a, b) {
    case (.int(let x), .int(let y)): return x < y
    case (.string, _), (.json, _):
      return Array(a.text.utf8).lexicographicallyPrecedes(Array(b.text.utf8))
    default:
      func number(_ cell: Cell) -> Double {
        if case .bool(let value) = cell { return value ? 1 : 0 }
        return cell.number ?? 0
      }
      return number(a) < number(b)
    }
  }

  /// Insertion after all rows that are not greater: slow, stable and plain.
  private static func sorted(_ table: Table, _ columns: [String], _ isDescending: Bool) -> [String] {
    var order: [Int] = []
    func precedes(_ row: Int, _ other: Int) -> Bool {
      for column in columns {
        let (a, b) = (table[row, column], table[other, column])
        if isLess(a, b) || isLess(b, a) {
          if a == .null || b == .null { return b == .null }
          return isDescending ? isLess(b, a) : isLess(a, b)
        }
      }
      return false
    }
    for row in 0..<table.rowCount {
      let place = order.firstIndex { precedes(row, $0) } ?? order.count
      order.insert(row, at: place)
    }
    return order.map { table[$0, "row"].text }
  }

  @Test(arguments: 1...25) func rowsAreInTheOrderOfTheirCells(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let table = Self.table(&random)
    for columns in [["a"], ["b", "a"], ["c", "b", "a"], ["nowhere", "a"], []] {
      for isDescending in [false, true] {
        let sorted = table.sorted(by: columns, isDescending: isDescending)
        let expected = Self.sorted(table, columns.filter(table.hasColumn), isDescending)
        #expect(sorted.rows.map { $0["row"].text } == expected, "\(columns)")
        let again = sorted.sorted(by: columns, isDescending: isDescending)
        #expect(again.rows.map { $0["row"].text } == expected, "sorting twice changes nothing")
      }
    }
  }

  @Test func integersThatNoDoubleTellsApartAreSorted() {
    let large: [Int64] = [
      9_007_199_254_740_993, .max, 9_007_199_254_740_992, .max - 1, 9_007_199_254_740_994,
    ]
    let table = Table(columns: ["n": large.map { .int($0) }])
    #expect(table.sorted(by: ["n"]).rows.map { $0["n"] } == large.sorted().map { .int($0) })
    #expect(
      table.sorted(by: ["n"], isDescending: true).rows.map { $0["n"] } == large.sorted(by: >).map { .int($0) }
    )
  }

  @Test func conditionsKeepAllDigitsOfIntegers() throws {
    let table = Table(columns: ["n": [.int(9_007_199_254_740_993), .int(9_007_199_254_740_992), .int(5)]])
    for (value, count) in [("9007199254740993", 1), ("9007199254740992", 1), ("5.0", 1), ("5e0", 1)] {
      let condition = try #require(RowCondition("n=" + value))
      #expect(try table.filtered(by: [condition]).rowCount == count, "\(value)")
    }
    #expect(throws: MagnetError.self) {
      try table.filtered(by: [try #require(RowCondition("n=9007199254740991"))])
    }
  }

  /// A minus before a name turns its column round; the first name decides.
  @Test(arguments: 1...8) func namesMayBeTurnedRound(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let table = Self.table(&random)
    let sorted = try table.sorted(byNames: ["-a", "b"])
    let expected = table.sorted(by: ["b"]).sorted(by: ["a"], isDescending: true)
    #expect(sorted.rows.map { $0["row"].text } == expected.rows.map { $0["row"].text })
    #expect(try table.sorted(byNames: []).rows.map { $0["row"] } == table.rows.map { $0["row"] })
    let odd = Table(columnNames: ["-a", "x.b"], rows: [[.int(2), .int(1)], [.int(1), .int(2)]])
    #expect(try odd.sorted(byNames: ["-a"])[0, "-a"] == .int(1), "a name that begins with a minus")
    #expect(try odd.sorted(byNames: ["--a"])[0, "-a"] == .int(2))
    #expect(try odd.sorted(byNames: ["-b"])[0, "x.b"] == .int(2), "the end of a name")
    #expect(throws: MagnetError.self) { try odd.sorted(byNames: ["-nowhere"]) }
  }

  // MARK: Conditions

  /// Whether a cell is what a condition asks for.
  private static func holds(_ cell: Cell, _ value: String) -> Bool {
    switch cell {
    case .null: value.isEmpty
    case .int(let number): Int64(value).map { $0 == number } ?? (Double(value) == Double(number))
    case .double(let number):
      Double(value).map { $0 == number || $0.isNaN && number.isNaN } ?? (cell.text == value)
    default: cell.text == value
    }
  }

  @Test(arguments: 1...15) func conditionsKeepTheRowsThatMeetThem(_ seed: Int) throws {
    var random = PythonRandom(seed: 50 + seed)
    let table = Self.table(&random)
    let values = ["", "3", "3.0", "0.5", "nan", "-inf", "a", "é", "true", "[1]", "9007199254740993", "0"]
    for _ in 0..<40 where table.rowCount > 0 {
      let chosen = (0...random.below(2)).map { _ in (random.choice(["a", "b", "c"]), random.choice(values)) }
      let conditions = try chosen.map { try #require(RowCondition("\($0)=\($1)")) }
      let kept = table.rows.indices.filter { row in chosen.allSatisfy { Self.holds(table[row, $0], $1) } }
      let areMet = chosen.allSatisfy { column, value in
        table.rows.contains { Self.holds($0[column], value) }
      }
      if areMet {
        #expect(
          try table.filtered(by: conditions).rows.map { $0["row"].text }
            == kept.map { table[$0, "row"].text },
          "\(chosen)")
      } else {
        #expect(throws: MagnetError.self, "\(chosen)") { try table.filtered(by: conditions) }
      }
    }
    #expect(try table.filtered(by: []).rowCount == table.rowCount)
  }

  @Test(arguments: ["", "a", "=", "=b"]) func whatIsNotACondition(_ text: String) {
    #expect(RowCondition(text) == nil)
  }

  @Test func conditionsAreReadUpToTheFirstSign() throws {
    let condition = try #require(RowCondition("a.b=c=d"))
    #expect(condition.column == "a.b" && condition.value == "c=d")
    #expect(RowCondition("a=")?.value == "")
  }

  @Test(arguments: [
    ("n=x", "n: 'x' is not a number"), ("n=5", "n: no row with '5'"), ("t=", "t: no row without a value"),
    ("t=abd", "t: no row with 'abd'; did you mean abc?"), ("m=x", "m: no row with 'x'; did you mean a?"),
    ("none=1", "no column 'none'; choose from: n, t, m"),
  ])
  func conditionsThatNoRowMeetsSaySo(_ text: String, _ sentence: String) throws {
    let table = Table(columns: [
      "n": [.int(1), .double(2.5)], "t": [.string("abc"), .string("xyz")], "m": [.int(1), .string("a")],
    ])
    let condition = try #require(RowCondition(text))
    let error = #expect(throws: MagnetError.self) { try table.filtered(by: [condition]) }
    #expect(error?.description == sentence)
  }
}
