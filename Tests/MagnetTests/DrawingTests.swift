import Foundation
import Testing

@testable import Magnet

/// Heat maps and texts of drawings: numbers, colours and places against plain arithmetic.
@Suite struct DrawingTests {
  static func map(_ random: inout SplitMix, _ scale: HeatMap.Scale) -> HeatMap {
    let (rows, columns) = (1 + Int(random.next() % 5), 1 + Int(random.next() % 5))
    let values = (0..<rows).map { _ in
      (0..<columns).map { _ -> Double? in
        random.next() % 5 == 0 ? nil : Double(Int64(random.next() % 201) - 100) / 100
      }
    }
    return HeatMap(
      title: "t", rows: (0..<rows).map { "row \($0)" }, columns: (0..<columns).map { "c\($0)" },
      values: values, scale: scale)
  }

  @Test(arguments: 1...3) func meansAndPlacesArePlain(_ seed: UInt64) throws {
    var random = SplitMix(state: seed)
    for _ in 0..<60 {
      let limit = Double(1 + random.next() % 10) / 10
      let map = Self.map(&random, .diverging(about: 0, limit: limit))
      let all = map.values.joined().compactMap { $0 }
      func mean(_ values: [Double?]) -> Double? {
        let known = values.compactMap { $0 }
        return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
      }
      for (found, row) in zip(map.rowMeans, map.values) {
        #expect((found == nil) == (mean(row) == nil))
        if let found, let wanted = mean(row) { #expect(abs(found - wanted) < 1e-12) }
      }
      for column in map.columns.indices {
        let wanted = mean(map.values.map { $0[column] })
        #expect((map.columnMeans[column] == nil) == (wanted == nil))
      }
      let farthest = all.map(abs).max() ?? 0
      #expect(map.reach == (farthest > 0 ? min(farthest, limit) : limit))
      for value in all {
        #expect(map.place(value) == max(-1, min(1, value / map.reach)))
        #expect(map.mark(value) == (abs(value) > map.reach + 1e-9 ? value > 0 ? "↑" : "↓" : ""))
        #expect(Double(map.text(value)) == (value * 100).rounded() / 100)
      }
      #expect(map.hasMissing == (all.count < map.rows.count * map.columns.count))
      #expect(map.legend.contains("beyond") == all.contains { abs($0) > limit + 1e-9 })
    }
  }

  /// What is drawn without colours holds each number, and turning the map round turns the numbers.
  @Test func terminalsShowEveryNumber() {
    var random = SplitMix(state: 5)
    for _ in 0..<40 {
      let map = Self.map(&random, .sequential)
      let text = map.drawn(width: 200, isColored: false)
      let lines = text.split(separator: "\n").map(String.init)
      for (row, name) in map.rows.enumerated() {
        guard let line = lines.first(where: { $0.hasPrefix(name + " ") }) else {
          Issue.record("\(name) is not drawn")
          continue
        }
        let numbers = line.dropFirst(name.count).split(separator: " ").map(String.init)
        let shown = (map.values[row] + [map.rowMeans[row]]).map { $0.map { map.text($0) } ?? "—" }
        #expect(numbers == shown)
      }
      for width in [24, 40, 60] {
        let narrow = map.drawn(width: width, isColored: false)
        #expect(narrow.split(separator: "\n").allSatisfy { displayWidth(String($0)) <= width })
      }
      let colored = map.drawn(width: 200, isColored: true)
      #expect(
        colored.replacing(#/\u{1B}\[[0-9;]*m/#, with: "").split(separator: "\n").map {
          $0.drop { $0 == " " }
        }.count == lines.count)
    }
  }

  @Test func coloursAreBetweenWhiteAndTheirEnds() {
    var last = HeatMap.color(0)
    #expect(
      last == (255, 255, 255) && HeatMap.color(1) == (0, 114, 178)
        && HeatMap.color(-1) == (213, 94, 0))
    for step in 1...100 {
      let color = HeatMap.color(Double(step) / 100)
      #expect(color.red <= last.red && color.green <= last.green && color.blue <= last.blue)
      last = color
    }
    #expect(HeatMap.color(7) == HeatMap.color(1) && HeatMap.color(-7) == HeatMap.color(-1))
    #expect(
      HeatMap.needsWhite((0, 0, 0)) && !HeatMap.needsWhite((255, 255, 255))
        && HeatMap.needsWhite(HeatMap.color(1)))
  }

  @Test func missingRowsAndCellsAreNil() {
    let map = HeatMap(
      title: "", rows: ["a", "b"], columns: ["x", "y"], values: [[1, .nan], []], groups: ["g"])
    #expect(map.values == [[1, nil], [nil, nil]] && map.groups == ["g", ""])
    #expect(
      map.rowMeans == [1, nil] && map.columnMeans == [1, nil] && map.mean == 1 && map.reach == 1)
    let empty = HeatMap(title: "", rows: [], columns: [], values: [])
    #expect(
      empty.mean == nil && !empty.svg().isEmpty && !empty.drawn(width: 0, isColored: false).isEmpty)
  }

  /// Numbers of drawings have one decimal at most; texts fit the room that they are cut to.
  @Test func textsOfDrawingsFit() {
    for tenths in -500...500 {
      let value = Double(tenths) / 10
      #expect(
        Double(SVGText.number(value)) == value
          && SVGText.number(value + 0.04) == SVGText.number(value))
    }
    var random = SplitMix(state: 6)
    for _ in 0..<300 {
      let text = PageTests.soup(&random, 30)
      let limit = Double(random.next() % 100) / 10
      let short = SVGText.shortened(text, to: limit)
      #expect(SVGText.width(short) <= limit || short.isEmpty)
      if SVGText.width(printable(text)) <= limit { #expect(short == printable(text)) }
      let escaped = SVGText.escaped(text)
      #expect(
        !escaped.unicodeScalars.contains {
          "<>\"'".unicodeScalars.contains($0) || $0.value < 0x20 || $0 == "\u{FFFE}"
        })
    }
  }

  // MARK: - Command lines

  /// Words quoted in any way come out again.
  @Test func quotedWordsComeOutAgain() throws {
    var random = SplitMix(state: 7)
    let pieces = ["a", " ", "'", "\"", "\\", "$", "`", "é", "\t", "*", "~", "#", "|", "漢"]
    for _ in 0..<400 {
      let words = (0..<1 + Int(random.next() % 4)).map { _ in
        (0..<1 + Int(random.next() % 5)).map { _ in
          pieces[Int(random.next() % UInt64(pieces.count))]
        }.joined()
      }
      let line = words.map { word -> String in
        switch random.next() % 3 {
        case 0: return "'" + word.replacing("'", with: "'\\''") + "'"
        case 1:
          return "\"" + word.map { "\"\\$`".contains($0) ? "\\\($0)" : String($0) }.joined() + "\""
        default: return word.map { "\\\($0)" }.joined()
        }
      }
      let blanks = [" ", "  ", "\t", " \n "][Int(random.next() % 4)]
      #expect(
        try CommandWords(parsing: blanks + line.joined(separator: blanks) + blanks).words == words,
        "\(line)")
    }
    #expect(
      try CommandWords(parsing: "a '' b").words == ["a", "", "b"]
        && CommandWords(parsing: #"a"b 'c'"d"#).words == ["ab 'c'd"])
    #expect(CommandWords(program: "a b", arguments: ["c d"]).words == ["a b", "c d"])
    for (line, problem) in [
      ("a 'b", "the command has a ' that is not closed: a 'b"),
      ("a \"b", "the command has a \" that is not closed: a \"b"),
      ("", "the command names no program"),
      ("  ", "the command names no program"), ("'' a", "the command names no program"),
    ] {
      let error = #expect(throws: MagnetError.self) { try CommandWords(parsing: line) }
      #expect(error?.problem == problem && error?.code == .usage)
    }
  }

  /// Folders are told apart by their bytes, as the system does.
  @Test func pathsInFolders() {
    for (path, folder, isIn) in [
      ("/a", "/a", true), ("/a/b", "/a", true), ("/ab", "/a", false), ("/a", "/a/b", false),
      ("/a/\u{301}b", "/a", true), ("/\u{E9}/x", "/e\u{301}", false),
      ("/e\u{301}", "/\u{E9}", false), ("", "/a", false),
    ] { #expect(SandboxFolders.isIn(path, folder) == isIn, "\(path) in \(folder)") }
  }
}
