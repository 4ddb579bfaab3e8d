import Magnet
import TestSupport
import Testing

/// What is written for other programs reads back as it was.
@Suite struct TableWriterTests {
  static let texts = [
    "", "a", "a,b", "\"", "\"\"", "a\nb", "\r\n", "\r", " a ", "é", "e\u{301}", "漢字😀", "\u{FEFF}", "null",
    "|",
    "\\", "\\|", "\t", "\0", "NaN", "'", ",", "\n", "#", "=1+1",
  ]

  static func randomCell(_ kind: Int, _ random: inout PythonRandom) -> Cell {
    if random.below(5) == 0 { return .null }
    switch kind {
    case 0:
      return .double(random.choice([random.random(), 0.1, -0.0, 1e300, .nan, .infinity, -.infinity]))
    case 1: return .int(random.choice([0, .max, .min, 9_007_199_254_740_993]))
    case 2: return .bool(random.below(2) == 0)
    case 3: return .json(random.choice(["[]", #"{"a":[1,"x,y\n"]}"#, #"["|"]"#]))
    default: return .string(random.choice(texts) + random.choice(texts))
    }
  }

  static func randomTable(_ random: inout PythonRandom) -> Table {
    let kinds = (0...random.below(6)).map { _ in random.below(6) }
    let parts = (0..<3).map { _ in
      Table(
        columnNames: kinds.indices.map { "\(random.choice(["", "a,b", "\"q\"", "n\nm", "x|y"]))\($0)" },
        rows: (0..<random.below(12)).map { _ in kinds.map { randomCell($0, &random) } })
    }
    return Table(stacking: parts)
  }

  /// A format goes by the endings of its files too.
  @Test func formatsHaveTheNamesOfTheirEndings() {
    for format in TableFormat.allCases {
      for ending in format.endings + [format.name] { #expect(TableFormat(named: ending) == format) }
    }
    #expect(TableFormat(named: "md") == .markdown && TableFormat(named: "yaml") == nil)
  }

  @Test(arguments: 1...20)
  func csvReadsBack(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    for _ in 0..<20 {
      let table = Self.randomTable(&random)
      let lines = parseCSV(TableWriter(.csv).text(table))
      #expect(lines.count == table.rowCount + 1)
      try #require(lines[0].map { Array($0.field.utf8) } == table.columnNames.map { Array($0.utf8) })
      for (line, row) in zip(lines.dropFirst(), table.rows) {
        try #require(line.count == table.columnNames.count)
        for (column, field) in line.enumerated() {
          #expect(Array(field.field.utf8) == Array(row[column].text.utf8))
          #expect(row[column] != .null || !field.isQuoted)
          #expect(row[column] != .string("") || field.isQuoted)
        }
      }
    }
  }

  /// A cell as JSON has it.
  static func json(_ cell: Cell) throws -> JSONValue {
    switch cell {
    case .null: .null
    case .bool(let value): .bool(value)
    case .int(let value): .int(value)
    case .double(let value): value.isFinite ? .double(value) : .string(cell.text)
    case .string(let value): .string(value)
    case .json(let text): try JSONValue(parsing: text)
    }
  }

  @Test(arguments: 1...20)
  func jsonReadsBack(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    for _ in 0..<20 {
      let table = Self.randomTable(&random)
      let expected = try table.rows.map { row in
        JSONValue.object(
          try table.columnNames.enumerated().map { .init(key: $1, value: try Self.json(row[$0])) })
      }
      let list = try JSONValue(parsing: TableWriter(.json).text(table))
      #expect(list == .array(expected) && list.text == JSONValue.array(expected).text)
      let text = TableWriter(.ndjson).text(table)
      let lines = text.utf8.split(separator: UInt8(ascii: "\n"))
      #expect(try lines.map { try JSONValue(parsing: String(Substring($0))) } == expected)
      #expect(text.isEmpty || text.hasSuffix("\n"))
    }
  }

  @Test func emptyTablesAreWritten() throws {
    let empty = Table(columnNames: ["a", "b"], rows: [])
    #expect(TableWriter(.csv).text(empty) == "a,b\n")
    #expect(try JSONValue(parsing: TableWriter(.json).text(empty)) == .array([]))
    #expect(TableWriter(.ndjson).text(empty) == "")
    #expect(TableWriter(.markdown).text(empty) == "| a | b |\n| --- | --- |\n")
    #expect(try JSONValue(parsing: TableWriter(.json).text(Table())) == .array([]))
    let bare = Table(columnNames: [], rows: [[], []])
    #expect(TableWriter(.ndjson).text(bare) == "{}\n{}\n")
    #expect(try JSONValue(parsing: TableWriter(.json).text(bare)) == .array([.object([]), .object([])]))
  }

  @Test func markdownEscapes() {
    let table = Table(
      columnNames: ["a|b"],
      rows: [[.string("x|y\\|z\nw\r\nv")], [.null], [.double(0.1)], [.json(#"["a\n|"]"#)]])
    #expect(
      TableWriter(.markdown).text(table)
        == "| a\\|b |\n| --- |\n| x\\|y\\\\\\|z<br>w<br>v |\n|  |\n| 0.1 |\n| [\"a\\\\n\\|\"] |\n")
  }

  @Test func markdownHasALineForEachRow() {
    var random = PythonRandom(seed: 4)
    for _ in 0..<100 {
      let table = Self.randomTable(&random)
      let lines = TableWriter(.markdown).text(table).utf8.split(separator: UInt8(ascii: "\n"))
      #expect(lines.count == table.rowCount + 2)
      for line in lines {
        var bars = 0
        var isEscaped = false
        for byte in line {
          if byte == UInt8(ascii: "|"), !isEscaped { bars += 1 }
          isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
        }
        #expect(bars == table.columnNames.count + 1)
        #expect(!line.contains(UInt8(ascii: "\r")))
      }
    }
  }

  @Test(arguments: [TableFormat.csv, .json, .ndjson, .markdown])
  func largeTablesComeInPieces(_ format: TableFormat) throws {
    let table = Table(
      columnNames: ["n", "text"],
      rows: (0..<5000).map { [.int(Int64($0)), .string(String(repeating: "x", count: $0 % 100))] })
    var pieces: [[UInt8]] = []
    try TableWriter(format).write(table) { pieces.append($0) }
    #expect(pieces.count > 2 && pieces.allSatisfy { $0.count < 100_000 })
    #expect(String(decoding: pieces.joined(), as: UTF8.self) == TableWriter(format).text(table))
    struct Full: Error {}
    #expect(throws: Full.self) { try TableWriter(format).write(table) { _ in throw Full() } }
  }

  @Test func endingsNameFormats() {
    let named: [(String, TableFormat?)] = [
      ("a.csv", .csv), ("a.b/c.CSV", .csv), ("x.csv.gz", .csv), ("x.jsonl", .ndjson), ("x.md", .markdown),
      ("x.txt", .terminal), ("a.csv/x", nil), ("csv", nil), ("gz", nil), ("x.gz", nil), ("x.xlsx", nil),
      ("", nil),
      ("x.csv.", nil), ("x.csv/", nil), (".csv", .csv), ("x.csv.gz.gz", nil),
    ]
    for (file, format) in named { #expect(TableFormat(fileName: file) == format, "\(file)") }
    let endings = TableFormat.allCases.flatMap(\.endings)
    #expect(
      Set(endings).count == endings.count && Set(TableFormat.allCases).count == TableFormat.allCases.count)
    for format in TableFormat.allCases { #expect(TableFormat(named: format.name) == format) }
  }

  @Test func terminalTablesAreOneOfTheFormats() {
    let table = Table(columnNames: ["a"], rows: [[.int(1)], [.null]])
    #expect(TableWriter(.terminal).text(table) == TerminalTable(table).drawn())
  }

  /// A text that recurs is written from a copy; here each column has short and long ones, many rows and few.
  @Test func repeatedTextsAreWrittenAsSingleOnes() {
    let long = String(repeating: "x\"", count: 2000)
    let cells: [Cell] = [
      .string("a"), .string(long), .null, .string(""), .json("[1]"), .int(3), .string("a"),
    ]
    let rows = (0..<100).map { [cells[$0 % 7], cells[$0 * 3 % 7], cells[0]] }
    let whole = Table(columnNames: ["a", "b", "c"], rows: rows)
    let single = Table(stacking: rows.map { Table(columnNames: ["a", "b", "c"], rows: [$0]) })
    for format in [TableFormat.csv, .json, .ndjson, .markdown] {
      #expect(TableWriter(format).text(whole) == TableWriter(format).text(single))
    }
  }
}
