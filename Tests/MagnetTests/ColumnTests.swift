@_spi(Reading) import Magnet
import Testing

/// Cells put into a column come out as they were.
@Suite struct ColumnTests {
  /// Whether two cells are the same to the bit.
  static func isSame(_ a: Cell, _ b: Cell) -> Bool {
    switch (a, b) {
    case (.double(let a), .double(let b)): a.bitPattern == b.bitPattern
    case (.string(let a), .string(let b)), (.json(let a), .json(let b)): a.utf8.elementsEqual(b.utf8)
    default: a == b
    }
  }

  /// The cells as one column gives them back.
  static func stored(_ cells: [Cell]) -> [Cell] {
    Table(columnNames: ["c"], rows: cells.map { [$0] }).rows.map { $0["c"] }
  }

  static func expectStored(
    _ cells: [Cell], as expected: [Cell]? = nil, _ location: SourceLocation = #_sourceLocation
  ) {
    let read = stored(cells)
    let wrong = zip(read, expected ?? cells).enumerated().filter { !isSame($1.0, $1.1) }
    #expect(read.count == cells.count && wrong.isEmpty, sourceLocation: location)
  }

  static let doubles = [
    0, -0.0, 1, -1.5, 0.1, .nan, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
    1e15,
  ]
  static let texts = [
    "", " ", "a", "null", "1", "NaN", "é", "e\u{301}", "漢字", "😀", "\0", "a\nb", "\"", "{", "\u{FEFF}",
  ]

  enum Kind: CaseIterable { case bools, ints, doubles, strings, json }

  static func randomCell(_ kind: Kind, _ random: inout PythonRandom) -> Cell {
    switch kind {
    case .bools: return .bool(random.below(2) == 0)
    case .ints: return .int(random.choice([0, 1, -1, 300, .max, .min, Int64(random.nextWord())]))
    case .doubles: return .double(random.below(2) == 0 ? random.random() : random.choice(doubles))
    case .strings:
      return .string(random.choice(texts) + (random.below(2) == 0 ? "" : String(random.below(500))))
    case .json:
      let distinct = "[\"\(random.below(400))\"]"
      return .json(random.choice(["[]", "{}", #"["a",1]"#, #"{"a":{"b":null}}"#, distinct]))
    }
  }

  static func randomColumn(_ kind: Kind, rows: Int, nulls: Int, _ random: inout PythonRandom) -> [Cell] {
    (0..<rows).map { _ in random.below(10) < nulls ? .null : randomCell(kind, &random) }
  }

  @Test(arguments: Kind.allCases, [0, 3, 9])
  func columnsOfOneKind(_ kind: Kind, nulls: Int) {
    var random = PythonRandom(seed: 11 + nulls)
    for rows in [0, 1, 2, 15, 16, 17, 63, 64, 65, 700] {
      Self.expectStored(Self.randomColumn(kind, rows: rows, nulls: nulls, &random))
    }
  }

  @Test(arguments: Kind.allCases)
  func constantColumns(_ kind: Kind) {
    var random = PythonRandom(seed: 3)
    for _ in 0..<20 {
      let cell = Self.randomCell(kind, &random)
      for rows in [1, 2, 100] {
        Self.expectStored(Array(repeating: cell, count: rows))
        Self.expectStored(Array(repeating: cell, count: rows) + [.null])
        Self.expectStored([.null] + Array(repeating: cell, count: rows))
      }
    }
    Self.expectStored([.null, .null, .null])
    Self.expectStored([.double(0), .double(-0.0)])
  }

  @Test func integersBecomeDoublesBesideDoubles() {
    Self.expectStored(
      [.int(1), .null, .double(0.5), .int(.max), .int(-3)],
      as: [.double(1), .null, .double(0.5), .double(0x1p63), .double(-3)])
    Self.expectStored([.double(.nan), .int(0)], as: [.double(.nan), .double(0)])
    Self.expectStored([.null, .int(0), .double(2)], as: [.null, .double(0), .double(2)])
  }

  /// Columns of several kinds keep each cell; an integer may have become a double first.
  @Test(arguments: 1...8)
  func mixedColumns(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    for rows in [2, 3, 5, 40, 300] {
      let cells = (0..<rows).map { _ -> Cell in
        if random.below(5) == 0 { return .null }
        let cell = Self.randomCell(random.choice(Kind.allCases), &random)
        if case .double(let value) = cell, !value.isFinite { return .double(0.5) }
        return cell
      }
      let read = Self.stored(cells)
      for (a, b) in zip(read, cells) {
        if case (.double(let read), .int(let value)) = (a, b) {
          #expect(read == Double(value))
        } else {
          #expect(Self.isSame(a, b), "\(a) for \(b)")
        }
      }
    }
  }

  /// Text that looks like JSON stays text beside lists.
  @Test func textsBesideListsStayTexts() {
    let others: [Cell] = [.json("[1]"), .json("{}"), .bool(true), .int(.min), .null]
    Self.expectStored(Self.texts.map { .string($0) } + others)
    Self.expectStored(others + Self.texts.map { .string($0) })
    Self.expectStored([.json("[1]"), .string("[1]"), .string("null"), .string("true"), .null])
    Self.expectStored([.string("x"), .double(-0.0), .double(.leastNonzeroMagnitude), .double(1e300)])
  }

  @Test(arguments: [255, 256, 257, 65_535, 65_536, 70_000])
  func manyDistinctTexts(_ count: Int) {
    let cells = (0..<count).map { Cell.string("text \($0)") }
    Self.expectStored(cells)
    Self.expectStored([.null] + cells.reversed() + [.null, .string("")])
  }

  /// Codes that another column left behind are forgotten.
  @Test func aBuilderStartsAfresh() {
    var builder = ColumnBuilder()
    for round in 0..<4 {
      let rows = round == 1 ? 70_000 : 50
      for row in 0..<rows { builder.set(.string("\(round) \(row % 40_000)"), row: row) }
      let chunk = builder.finish(rowCount: rows)
      #expect((0..<rows).allSatisfy { chunk[$0] == .string("\(round) \($0 % 40_000)") })
    }
    builder.set(2.5, row: 1)
    let chunk = builder.finish(rowCount: 3)
    #expect((0..<3).map { chunk[$0] } == [.null, .double(2.5), .null])
  }

  /// Random writes: rows skipped, and the last row set again with cells of any kind.
  @Test(arguments: 1...12)
  func lastCellsAreReplacedAndSkippedRowsAreNull(_ seed: Int) {
    var random = PythonRandom(seed: 100 + seed)
    for _ in 0..<30 {
      var builder = ColumnBuilder()
      var expected: [Cell] = []
      let kinds = seed % 3 == 0 ? Kind.allCases : [random.choice(Kind.allCases)]
      for _ in 0..<random.below(60) {
        let row = expected.count + random.below(3)
        while expected.count <= row { expected.append(.null) }
        for _ in 0...random.below(3) {
          var cell = random.below(4) == 0 ? .null : Self.randomCell(random.choice(kinds), &random)
          if case .double(let value) = cell, !value.isFinite { cell = .double(0.5) }
          builder.set(cell, row: row)
          expected[row] = cell
        }
      }
      let tail = random.below(40)
      expected += Array(repeating: .null, count: tail)
      let chunk = builder.finish(rowCount: expected.count)
      for (row, cell) in expected.enumerated() {
        if case (.double(let read), .int(let value)) = (chunk[row], cell) {
          #expect(read == Double(value))
        } else {
          #expect(Self.isSame(chunk[row], cell), "row \(row): \(chunk[row]) for \(cell)")
        }
      }
    }
  }

  @Test func cellsAreRepeatedAndTakenBack() {
    for cell: Cell in [.bool(true), .int(7), .double(.nan), .string("a"), .json("[1]"), .null] {
      var builder = ColumnBuilder()
      builder.set(cell, row: 0)
      builder.set(.null, row: 1)
      builder.repeatCell(of: 0, rows: 2..<3)
      builder.repeatCell(of: 1, rows: 3..<4)
      builder.set(cell, row: 5)
      builder.removeCells(from: 5)
      let chunk = builder.finish(rowCount: 7)
      let expected: [Cell] = [cell, .null, cell, .null, .null, .null, .null]
      for (row, cell) in expected.enumerated() {
        #expect(Self.isSame(chunk[row], cell), "\(cell) in row \(row)")
      }
    }
  }

  /// A row that was skipped is null, and so is a row that repeats it.
  @Test func aSkippedCellIsRepeatedAsNull() {
    for cell: Cell in [.bool(true), .int(7), .double(2), .string("a"), .json("[1]")] {
      var builder = ColumnBuilder()
      builder.set(cell, row: 0)
      builder.repeatCell(of: 1, rows: 2..<3)
      #expect(builder.finish(rowCount: 3)[2] == .null, "beside \(cell)")
    }
  }

  @Test func cellsAsText() {
    let cells: [Cell] = [
      .null, .bool(true), .bool(false), .int(.min), .double(0.1), .double(.nan), .double(-.infinity),
      .string("é"),
      .json("[1]"),
    ]
    #expect(
      cells.map(\.text)
        == ["", "true", "false", "-9223372036854775808", "0.1", "NaN", "-Infinity", "é", "[1]"])
    #expect(cells.map { $0.number == nil } == [true, true, true, false, false, false, false, true, true])
  }

  /// Texts with common beginnings are stored as their ends; characters may be cut in two by that.
  @Test func textsThatBeginAlikeReadBack() {
    var texts: [String] = []
    for example in 0..<5 {
      let beginning = String(repeating: "Frage \(example): größer? 日本 ", count: 6)
      for number in 0..<40 {
        texts.append(beginning + String(repeating: "ü", count: number % 7) + "\(number)")
        texts.append(String(beginning.prefix(number * 3)))
        texts.append(number % 2 == 0 ? "" : "kurz \(number)")
      }
    }
    let cells = (texts + texts.reversed()).map(Cell.string)
    let table = Table(columnNames: ["a"], rows: cells.map { [$0] })
    #expect(table.rows.map { $0["a"] } == cells)
    let picked = [3, 599, 0, 7]
    #expect(table.rows(at: picked).rows.map { $0["a"] } == picked.map { cells[$0] })
  }

  /// A column of numbers that begins late, all of whose cells are taken back and looked through, as it happens to each
  /// column of a file in which a key is repeated: eight times the rows take about eight times as long, not 64 times.
  @Test func nullsOfNumbersAreFoundInTimeProportionalToTheRows() {
    func seconds(_ rows: Int) -> Double {
      (0..<3).map { _ in
        var builder = ColumnBuilder()
        builder.set(1.5, row: rows)
        let start = ContinuousClock.now
        builder.removeCells(from: rows / 2)
        let isCleared = builder.holdsNothing
        builder.set(2.5, row: rows)
        let isSet = !builder.holdsNothing
        #expect(isCleared && isSet)
        builder.repeatCell(of: rows / 3, rows: rows + 1..<rows + 2)
        return (ContinuousClock.now - start) / .seconds(1)
      }.min() ?? 0
    }
    #expect(seconds(80_000) < 30 * seconds(10_000))
  }
}
