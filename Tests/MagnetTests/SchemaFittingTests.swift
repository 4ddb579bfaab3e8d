import Testing

@testable import Magnet

/// Tables fitted to declared columns lose nothing, and columns of several kinds read back.
@Suite struct SchemaFittingTests {
  private static let pool: [Cell] = [
    .null, .int(3), .int(.max), .double(0.5), .double(.nan), .double(-0.0), .string("a"), .string("1"),
    .string(""), .string("\"\\\u{1}é"), .bool(true), .json("[1,{\"a\":null}]"), .json("{}"),
  ]
  private static let types: [ColumnType] = [.bool, .int, .double, .string, .json]

  private static func table(_ names: [String], _ random: inout PythonRandom) -> Table {
    let pools = names.map { _ in random.below(2) == 0 ? pool : [random.choice(pool), random.choice(pool)] }
    return TableTests.chopped(
      Table(
        columnNames: names,
        rows: (0...random.below(20)).map { _ in pools.map { random.choice($0) } }), &random)
  }

  /// The value that a cell stands for, with numbers as JSON has them.
  private static func value(_ cell: Cell) -> JSONValue {
    switch cell {
    case .double(let number) where !number.isFinite: .string(cell.text)
    case .int(let number): .double(Double(number))
    default: JSONValue(cell)
    }
  }

  private static func asDoubles(_ value: JSONValue) -> JSONValue {
    if case .int(let number) = value { .double(Double(number)) } else { value }
  }

  /// What stands in the extra column comes back to its own.
  @Test(arguments: 1...30) func fittingIsUndone(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let names = ["a", "b", "c", "x\"y", "é"]
    let table = Self.table(names, &random)
    let schema = (["c", "a", "new", "b"]).map { DeclaredColumn($0, random.choice(Self.types)) }
    let back = table.fitted(to: schema, extra: "extra").unfitted(extra: "extra")
    #expect(back.rowCount == table.rowCount && Set(back.columnNames).isSubset(of: names))
    for (row, before) in zip(back.rows, table.rows) {
      for name in names {
        let cell = back.hasColumn(name) ? row[name] : .null
        #expect(Self.value(cell) == Self.value(before[name]), "\(name)")
      }
    }
  }

  /// An object of too many keys stays one column.
  @Test func tooManyKeysStayTogether() {
    let rows = (0..<20).map { [Cell.json("{\"k\($0)\":1}"), .int(Int64($0))] }
    let table = Table(columnNames: ["extra", "a"], rows: rows)
    #expect(table.keepingWhole(extra: "extra", as: "x.extra", over: 20).columnNames == ["extra", "a"])
    let whole = table.keepingWhole(extra: "extra", as: "x.extra", over: 19)
    #expect(whole.columnNames == ["x.extra", "a"] && whole[3, "x.extra"] == .json("{\"k3\":1}"))
    #expect(table.unfitted(extra: "extra").columnNames.count == 21)
  }

  @Test(arguments: 1...30) func everyCellIsInItsColumnOrInTheExtraOne(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let names = ["a", "b", "c", "x\"y", "é"]
    let table = Self.table(names, &random)
    let schema = (["c", "a", "new", "b"]).map { DeclaredColumn($0, random.choice(Self.types)) }
    let fitted = table.fitted(to: schema, extra: "extra")
    #expect(fitted.columnNames == ["c", "a", "new", "b", "extra"] && fitted.rowCount == table.rowCount)
    #expect(fitted.columnTypes == schema.map(\.type) + [.json])
    for (row, before) in zip(fitted.rows, table.rows) {
      let extra = row["extra"] == .null ? JSONValue.object([]) : JSONValue(row["extra"])
      var found = 0
      for name in names {
        let cell = before[name]
        let column = schema.contains { $0.name == name } ? row[name] : .null
        guard cell != .null else {
          #expect(column == .null && extra[name] == nil)
          continue
        }
        let left = extra[name]
        #expect((column == .null) == (left != nil), "in one of both: \(name) \(cell)")
        if column != .null { #expect(Self.value(column) == Self.value(cell), "\(name)") }
        if let left {
          found += 1
          #expect(Self.asDoubles(left) == Self.value(cell), "\(name)")
        }
      }
      #expect(row["new"] == .null)
      if case .object(let members) = extra {
        #expect(members.count == found)
      } else {
        Issue.record("not an object")
      }
      #expect(row["extra"] != .json("{}"), "nothing is null")
    }
  }

  /// The cells of a column with a declared type are of that type.
  @Test(arguments: 1...20) func cellsHaveTheDeclaredTypes(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let schema = Self.types.map { DeclaredColumn($0.rawValue, $0) }
    let fitted = Self.table(schema.map(\.name), &random).fitted(to: schema, extra: "e")
    for row in fitted.rows {
      if case .bool? = Optional(row["bool"]) {} else { #expect(row["bool"] == .null) }
      if case .int? = Optional(row["int"]) {} else { #expect(row["int"] == .null) }
      if case .double? = Optional(row["double"]) {} else { #expect(row["double"] == .null) }
      if case .string? = Optional(row["string"]) {} else { #expect(row["string"] == .null) }
    }
  }

  @Test func declaredTypesHoldWhereAllCellsFit() {
    let table = Table(columns: [
      "whole": [.int(1), .int(2)], "empty": [.null, .null], "text": [.string("a"), .null],
      "some": [.int(1), .null],
    ])
    let declared = table.declaring(["whole": .double, "empty": .bool, "text": .int, "other": .int])
    #expect(declared.columnTypes == [.int, .bool, .string, .int], "integers stay integers")
    #expect(declared[0, "whole"] == .int(1) && declared[0, "text"] == .string("a"))
    #expect(declared.rows(at: [1]).columnTypes == declared.columnTypes, "rows keep the declaration")
    #expect(declared.selecting(["empty", "whole"]).columnTypes == [.bool, .int])
    #expect(Table([DeclaredColumn("n", .int), DeclaredColumn("s", .json)]).columnTypes == [.int, .json])
    #expect(declared.withoutNulls.columnNames == ["whole", "empty", "text", "some"])
    #expect(table.withoutNulls.columnNames == ["whole", "text", "some"])
  }

  @Test func typesOfSeveralChunksAreJoined() {
    func type(_ cells: Cell...) -> ColumnType? {
      Table(stacking: cells.map { Table(columnNames: ["c"], rows: [[$0]]) }).columnTypes[0]
    }
    #expect(type(.null) == nil && type(.null, .int(1)) == .int && type(.int(1), .double(0.5)) == .double)
    #expect(type(.bool(true), .int(1)) == .json && type(.string("a"), .json("[]")) == .json)
    #expect(type(.string("a"), .null, .string("b")) == .string && type(.double(1), .bool(true)) == .json)
  }

  /// A column of text holds cells of any kind and gives each back.
  @Test func mixedTextsReadBack() {
    let texts = [
      "", "a", "1", "1.0", "null", "true", "NaN", "Infinity", "-Infinity", "[1]", "{}", "\"", "\"a\"", "\"\"",
      " 1",
      "1 ", "é", "\u{1}", "-0", "-0.0", "1e400", "9223372036854775808", "[1", "'a'", "\\n", "tru",
      "\u{FEFF}1",
    ]
    let cells: [Cell] =
      texts.map { .string($0) } + [
        .bool(true), .bool(false), .int(.min), .int(0), .double(0.1), .double(1e300), .double(-2.5),
        .json("[1,2]"), .json(#"{"a":"b"}"#), .json("[]"),
      ]
    for cell in cells {
      let read = Cell(mixedText: cell.mixedText)
      #expect(ColumnTests.isSame(read, cell), "\(cell) as \(cell.mixedText)")
    }
    #expect(Cell.string("a").mixedText == "a" && Cell.string("1").mixedText == "\"1\"")
    #expect(Cell.string("null").mixedText == "null" && Cell.int(1).mixedText == "1")
  }

  @Test(arguments: 1...10) func repeatsAddUpToTheRows(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let table = TableTests.randomTable(["a", "b"], rows: 1 + random.below(50), &random)
    for column in 0..<2 {
      var cells: [Cell] = []
      table.forEachRepeat(column) { (cell, count) throws(Never) in
        #expect(count > 0)
        cells += Array(repeating: cell, count: count)
      }
      #expect(cells == (0..<table.rowCount).map { table[row: $0, column: column] })
    }
    var rows: [Int] = []
    table.forEachRow { rows.append($0.number) }
    #expect(rows == Array(0..<table.rowCount))
  }

  @Test func constantsTakeThePlaceOfColumns() {
    let table = Table(stacking: [TableTests.table, TableTests.table])
    let changed = table.appending([("count", .string("x")), ("new", .null)])
    #expect(changed.columnNames == ["a.name", "b.name", "count", "new"] && changed.rowCount == 8)
    #expect(changed.rows.allSatisfy { $0["count"] == .string("x") && $0["new"] == .null })
    let beside = Table(beside: [table, table.selecting(["count"]).appending([("n", .int(1))])])
    #expect(beside.columnNames == ["a.name", "b.name", "count", "count", "n"] && beside.rowCount == 8)
    #expect(beside.rows.allSatisfy { $0[2] == $0[3] && $0[4] == .int(1) })
    #expect(Table(beside: []).rowCount == 0)
  }
}
