import Magnet
import TestSupport
import Testing

/// Tables as people and other programs read them.
@Suite struct ReportTests {
  @Test(arguments: [
    ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("a\u{300}\u{301}\u{302}b", 2), ("漢字", 4), ("ｆ", 2),
    ("ｶ", 1), ("한국", 4), ("\u{1112}\u{1161}\u{11AB}", 2), ("😀", 2), ("👨‍👩‍👧", 2), ("👍🏽", 2), ("🇩🇪", 2),
    ("🇩🇪🇫🇷", 4), ("❤️", 2), ("❤", 1), ("1️⃣", 2), ("#", 1), ("\u{200B}", 0), ("\u{301}", 0), ("…", 1),
    ("—", 1), ("│", 1), ("日本 x", 6), ("\u{85}", 0), ("٣", 1), ("क", 1),
  ])
  func widthsOfTexts(_ text: String, _ width: Int) { #expect(displayWidth(text) == width) }

  static let words = [
    "a", "bc", " ", "漢", "字", "é", "e\u{301}", "😀", "👨‍👩‍👧", "🇩🇪", "❤️", "\u{200B}", "mmlu:subject=",
    "\u{1F3F4}\u{E0067}\u{E0062}\u{E007F}", "…", "ｶ", "\u{301}",
  ]

  static func randomText(_ random: inout PythonRandom, _ count: Int) -> String {
    (0..<count).map { _ in random.choice(words) }.joined()
  }

  @Test(arguments: 1...5)
  func shortenedTextsFit(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    for _ in 0..<300 {
      let text = Self.randomText(&random, random.below(20))
      for width in [Int.min, -1, 0, 1, 2, 3, 4, 5, 12, 40, .max] {
        let short = shortened(text, to: width)
        #expect(displayWidth(short) <= max(0, width))
        if displayWidth(text) <= width {
          #expect(short == text)
        } else if width > 0 {
          #expect(short.contains("…"))
          #expect(displayWidth(short) >= width - 2)
        }
      }
    }
  }

  @Test func shorteningKeepsBothEnds() {
    #expect(shortened("abcdefghij", to: 5) == "ab…ij")
    #expect(shortened("abcdefghij", to: 4) == "ab…j")
    #expect(shortened("abcdefghij", to: 2) == "a…")
    #expect(shortened("abcdefghij", to: 1) == "…")
    #expect(shortened("漢字漢字", to: 4) == "漢…")
    #expect(shortened("abc", to: 3) == "abc")
  }

  /// Letters that a user sees as one with the letter before take a column of their own.
  @Test(arguments: [("ｶﾞ", 2), ("ﾊﾟﾊﾟ", 4), ("กำ", 2), ("น้ำ", 2)])
  func lettersThatJoinTakeAColumn(_ text: String, _ width: Int) { #expect(displayWidth(text) == width) }

  /// A cell that joins with the space beside it moves no border.
  @Test(arguments: ["\u{D4E}", "\u{903}x", "\u{FF9E}", "\u{E33}"])
  func bordersStandStill(_ text: String) {
    let table = Table(
      columnNames: ["a", "b"], rows: [[.string(text), .string("x")], [.string("abcd"), .null]])
    #expect(Set(Self.lines(TerminalTable(table).drawn()).map { displayWidth($0) }).count == 1)
  }

  static func lines(_ drawing: String) -> [String] {
    drawing.split(separator: "\n").map(String.init)
  }

  static func randomTable(columns: Int, rows: Int, _ random: inout PythonRandom) -> Table {
    let names = (0..<columns).map { "\(randomText(&random, random.below(8)))\($0)" }
    let kinds = names.map { _ in random.below(3) }
    return Table(
      columnNames: names,
      rows: (0..<rows).map { _ in
        kinds.map { kind in
          if random.below(6) == 0 { return .null }
          if kind == 0 { return .double(random.random()) }
          if kind == 1 { return .int(Int64(random.below(1_000_000))) }
          return .string(randomText(&random, random.below(40)))
        }
      })
  }

  @Test(arguments: [40, 60, 100, 200], 1...4)
  func drawnTablesFit(_ width: Int, _ seed: Int) {
    var random = PythonRandom(seed: seed)
    for columns in [1, 2, 5, 30] {
      let table = Self.randomTable(columns: columns, rows: random.below(5), &random)
      for keys in [0, 1, 2] {
        let drawing = TerminalTable(table, keyCount: keys).drawn(width: width)
        for block in drawing.split(separator: "\n\n") {
          let widths = Self.lines(String(block)).map { displayWidth($0) }
          #expect(Set(widths).count == 1, "\(block)")
          #expect(widths.allSatisfy { $0 <= width }, "\(widths)")
        }
      }
    }
  }

  @Test func tablesWithoutRoomAreStillDrawn() {
    var random = PythonRandom(seed: 9)
    let table = Self.randomTable(columns: 6, rows: 3, &random)
    for width in [Int.min, -1, 0, 1, 2, 7, 15, .max] {
      for keys in [0, 1, 6, 100] {
        for block in TerminalTable(table, keyCount: keys).drawn(width: width).split(separator: "\n\n") {
          #expect(Set(Self.lines(String(block)).map { displayWidth($0) }).count == 1)
        }
      }
    }
    #expect(TerminalTable(Table()).drawn(width: 40) == "")
    #expect(TerminalTable(Table(columnNames: [], rows: [[], []])).drawn() == "")
    let empty = TerminalTable(Table(columnNames: ["a"], rows: []))
    #expect(empty.drawn(width: 10) == "┏━━━┓\n┃ a ┃\n┡━━━┩\n└───┘\n")
  }

  /// Where shortened keys would be alike, they are broken into lines.
  @Test(arguments: [60, 80, 100, 200]) func keysStayDifferent(_ width: Int) {
    let runs = ["calendar", "capitals", "marine_biology"].flatMap { subject in
      ["acme_base", "acme_tiny"].map {
        "trivia:subject=\(subject),data_augmentation=misspelling0.2,model=\($0)"
      }
    }
    let numbers = (0..<6).map { "column\($0)" }
    let table = Table(
      columnNames: ["suite", "run"] + numbers,
      rows: runs.map { [.string("plain-v1"), .string($0)] + numbers.map { _ in .double(0.5) } })
    for block in TerminalTable(table, keyCount: 2).drawn(width: width).split(separator: "\n\n") {
      let lines = Self.lines(String(block))
      #expect(
        lines.allSatisfy { displayWidth($0) == displayWidth(lines[0]) } && displayWidth(lines[0]) <= width)
      var shown: [String] = []
      for line in lines where line.hasPrefix("│") {
        let cells = line.split(separator: "│").map { $0.filter { $0 != " " } }
        if cells[0].isEmpty { shown[shown.count - 1] += cells[1] } else { shown.append(cells[1]) }
      }
      #expect(Set(shown).count == runs.count)
      for (cell, run) in zip(shown, runs) {
        let ends = cell.split(separator: "…", maxSplits: 1)
        #expect(cell == run || (ends.count == 2 && run.hasPrefix(ends[0]) && run.hasSuffix(ends[1])))
      }
    }
  }

  @Test func everyColumnIsDrawn() {
    let names = (0..<30).map { "column\($0)" }
    let cells = names.indices.map { Cell.int(Int64($0)) }
    let table = Table(columnNames: ["run"] + names, rows: [[.string("mmlu")] + cells])
    for width in [40, 60, 100, 200] {
      let drawing = TerminalTable(table).drawn(width: width)
      for name in names { #expect(drawing.contains(" \(name) ")) }
      #expect(drawing.split(separator: "\n\n").allSatisfy { $0.contains("┃ run  ┃") })
    }
  }

  static func drawnCell(_ cell: Cell) -> String {
    let line = lines(TerminalTable(Table(columnNames: ["c"], rows: [[cell]])).drawn())[3]
    return line.trimmingPrefix("│").dropLast().filter { $0 != " " }
  }

  @Test(arguments: [
    (0.0005, "0.0005"), (0.0015, "0.002"), (0.0025, "0.002"), (0.6665, "0.666"), (0.0, "0.000"),
    (1.0, "1.000"),
    (-0.0015, "-0.002"), (-0.0001, "-0.0001"), (-0.0, "0.000"), (-1.5, "-1.500"), (0.9996, "1.000"),
    (123_456.789, "123456.789"), (1e11, "100000000000.000"), (1e300, "1e+300"), (-1e300, "-1e+300"),
    (.infinity, "Infinity"), (-.infinity, "-Infinity"), (.nan, "NaN"), (.leastNonzeroMagnitude, "5e-324"),
    (0.00001, "1e-05"), (0.0004567, "0.00046"), (-1.996e-10, "-2e-10"),
    (1.25e-7, "1.3e-07"),
    (.greatestFiniteMagnitude, "1.7976931348623157e+308"),
  ])
  func numbersAreRoundedHalfToEven(_ value: Double, _ expected: String) {
    #expect(Self.drawnCell(.double(value)) == expected)
  }

  @Test func otherCellsAreDrawn() {
    #expect(Self.drawnCell(.null) == "—")
    #expect(Self.drawnCell(.int(.min)) == "-9223372036854775808")
    #expect(Self.drawnCell(.bool(true)) == "true")
    #expect(Self.drawnCell(.json("[1]")) == "[1]")
  }

  @Test func controlsNeverReachTheTerminal() {
    let bad = "a\u{1B}[31mb\u{7}\u{9B}2J\r\n\t\0\u{7F}\u{202E}\u{2066}\u{2028}c\u{8}"
    let table = Table(columnNames: [bad], rows: [[.string(bad)], [.json("[\"\(bad)\"]")]])
    for drawing in [TerminalTable(table).drawn(), TerminalTable(table).drawn(width: 60), "\(table)"] {
      for scalar in drawing.unicodeScalars where scalar != "\n" {
        #expect(scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value))
        #expect(!(0x2028...0x202E).contains(scalar.value) && !(0x2066...0x2069).contains(scalar.value))
      }
      #expect(Self.lines(drawing).count == 6)
      #expect(Set(Self.lines(drawing).map { displayWidth($0) }).count == 1)
    }
    #expect(TerminalTable(table).drawn().contains(#"a\u{1b}[31mb\u{7}\u{9b}2J\r\n\t\u{0}"#))
  }

  @Test func coloursAreThereOnlyWhenAskedFor() {
    let table = Table(
      columnNames: ["source"], rows: [[.string("predicted")], [.string("actual")], [.string("x")]])
    #expect(!TerminalTable(table).drawn(width: 40).contains("\u{1B}"))
    let coloured = TerminalTable(table).drawn(isColored: true)
    #expect(coloured.contains("\u{1B}[36mpredicted") && coloured.contains("\u{1B}[32mactual"))
    #expect(coloured.contains("│ x         │"))
    #expect(coloured.replacing(/\u{1B}\[[0-9]+m/, with: "") == TerminalTable(table).drawn())
  }
}
