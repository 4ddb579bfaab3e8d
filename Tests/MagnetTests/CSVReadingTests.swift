import Magnet
import TestSupport
import Testing

/// Comma-separated values are read as they were written, and any text as RFC 4180 has it.
@Suite struct CSVReadingTests {
  @Test(arguments: 1...20) func whatIsWrittenReadsBack(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    for _ in 0..<15 {
      let table = TableWriterTests.randomTable(&random)
      let records = CSVRecords.all(in: TableWriter(.csv).text(table))
      // A line of one null is empty, which is passed over.
      let rows = table.rows.filter { row in
        table.columnNames.count > 1 || row[0] != .null
      }
      try #require(records.count == rows.count + 1)
      #expect(records[0].fields.map { Array($0.utf8) } == table.columnNames.map { Array($0.utf8) })
      for (record, row) in zip(records.dropFirst(), rows) {
        let expected = table.columnNames.indices.map { Array(row[$0].text.utf8) }
        #expect(record.fields.map { Array($0.utf8) } == expected)
      }
    }
  }

  /// The line a record begins on is that of its first byte.
  @Test(arguments: 1...10) func linesAreCounted(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    for _ in 0..<60 {
      let end = random.choice(["\n", "\r\n", "\r"])
      var text = random.below(3) == 0 ? "\u{FEFF}" : ""
      var line = 1
      var expected: [(Int, [String])] = []
      for _ in 0..<random.below(6) {
        if random.below(4) == 0 {
          text += end
          line += 1
          continue
        }
        let fields = (0...random.below(3)).map { _ in
          random.choice(["", "a", "b c", "x,y", "\"", "l1\nl2", "l1\r\nl2\r\n", "é", " q"])
        }
        let isBare = fields.count == 1 && fields[0].isEmpty
        expected.append((line, fields))
        text +=
          fields.map { field in
            isBare || field.contains { ",\"\n\r\r\n".contains($0) }
              ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
          }.joined(separator: ",") + end
        line += 1 + fields.reduce(0) { $0 + $1.count { $0.isNewline } }
      }
      let records = CSVRecords.all(in: text)
      #expect(records.map(\.line) == expected.map(\.0), "\(text)")
      #expect(records.map(\.fields) == expected.map(\.1), "\(text)")
      let cut = CSVRecords.all(in: String(text.dropLast()))
      #expect(end == "\r\n" || cut.map(\.fields) == records.map(\.fields), "the last end may lack")
    }
  }

  @Test(arguments: [
    ("a\"b,c", [["a\"b", "c"]]), ("\"a\"b,c", [["ab", "c"]]), ("\"a,b", [["a,b"]]), ("\"\"\"\"", [["\""]]),
    ("a, \"b\"", [["a", " \"b\""]]), ("\u{FEFF}", []), (",", [["", ""]]), ("\"\"", [[""]]),
    ("a\n\n\nb", [["a"], ["b"]]), ("\"a\n\"\n", [["a\n"]]), ("a\r\rb", [["a"], ["b"]]),
    ("\"\"\"a\"\"\"", [["\"a\""]]), ("x,\"\"\n", [["x", ""]]),
  ])
  func oddTexts(_ text: String, _ expected: [[String]]) {
    #expect(CSVRecords.all(in: text).map(\.fields) == expected)
  }
}
