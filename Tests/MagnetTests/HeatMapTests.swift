import Foundation
import TestSupport
import Testing

@testable import Magnet

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct HeatMapTests {
  private let map = HeatMap(
    title: "Differential <elicitation>", rows: ["a → b", "a & c", "d → \u{1B}[31me"],
    columns: ["mms", "lora_fine_tuning", "chance"],
    values: [[0.234, 0.9, nil], [-0.11, -0.7, 0], [.nan, 0.02, 0]],
    groups: ["context", "context", "quality"],
    scale: .diverging(about: 0, limit: 0.5))

  @Test func theSVGIsWellFormedAndTitlesEveryCell() throws {
    let svg = map.svg()
    let document = Reader()
    let parser = XMLParser(data: Data(svg.utf8))
    parser.delegate = document
    #expect(parser.parse(), "\(String(describing: parser.parserError))")
    // Nine cells, three means of rows, three of columns, one of all, and the document's own.
    #expect(document.titles.count == 9 + 3 + 3 + 1 + 1)
    #expect(document.titles.contains("a → b, mms: 0.234"))
    #expect(document.titles.contains("a → b, chance: missing"))
    #expect(document.titles.contains { $0.hasPrefix("a & c, mean: -0.2") })
    #expect(document.hatched == 2 + 1)
    #expect(
      document.texts.contains("+0.23") && document.texts.contains("+0.90↑")
        && document.texts.contains("-0.70↓"))
    #expect(
      document.texts.contains("—") && document.texts.contains("context") && document.texts.contains("quality")
    )
    #expect(!svg.contains("\u{1B}") && map.svg() == svg)
  }

  private final class Reader: NSObject, XMLParserDelegate {
    var titles: [String] = []
    var texts: [String] = []
    var hatched = 0
    private var current = ""

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String]
    ) {
      current = ""
      if name == "rect", attributes["fill"] == "url(#missing)" { hatched += 1 }
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) { current += text }

    func parser(
      _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
    ) {
      if name == "title" { titles.append(current) }
      if name == "text" { texts.append(current) }
    }
  }

  @Test func withoutColourEveryNumberIsReadable() {
    let text = map.drawn(width: 80, isColored: false)
    #expect(
      text == """
        Differential <elicitation>
                                lora_
                                fine_
                           mms tuning chance   mean
        context
        a → b            +0.23  +0.90↑     —  +0.57↑
        a & c            -0.11  -0.70↓  0.00  -0.27
        quality
        d → \\u{1b}[31me      —  +0.02   0.00  +0.01
        mean             +0.06  +0.07   0.00  +0.05
        scale -0.50 to +0.50; ↑ ↓ beyond it; — missing

        """, "\(text)")
  }

  @Test func sevenColumnsFitAWidthOf80() {
    let names = ["zero_shot", "few_shot", "prompt_tuning", "cra", "lat_stim_1", "lora_fine_tuning", "mms"]
    let wide = HeatMap(
      title: "t", rows: ["us_history_textbook → us_history_fiction"], columns: names,
      values: [names.map { _ in 0.5 }], scale: .sequential)
    for isColored in [false, true] {
      let lines = wide.drawn(width: 80, isColored: isColored).replacing(#/\u{1B}\[[0-9;]*m/#, with: "")
        .split(separator: "\n")
      #expect(lines.allSatisfy { displayWidth($0) <= 80 })
      // One block: the row, and the means.
      #expect(lines.count { $0.contains("0.50") } == 3)
    }
    let narrow = wide.drawn(width: 40, isColored: false).split(separator: "\n")
    #expect(narrow.allSatisfy { displayWidth($0) <= 40 } && narrow.count { $0.contains("0.50") } > 3)
  }

  @Test func namesOfColumnsAreWholeWhereThereIsRoom() {
    let names = ["bag-of-words", "longest", "extraordinary"]
    let map = HeatMap(
      title: "t", rows: ["a → b"], columns: names, values: [names.map { _ in 0.5 }], scale: .sequential)
    let wide = map.drawn(width: 80, isColored: false)
    #expect(wide.contains(" longest ") && wide.contains(" extraordinary "), "\(wide)")
    let narrow = map.drawn(width: 40, isColored: false)
    #expect(!narrow.contains("extraordinary") && narrow.contains("…"), "\(narrow)")
    #expect(narrow.split(separator: "\n").allSatisfy { displayWidth($0) <= 40 })
  }

  @Test func coloursReachTheEndsOfTheScale() {
    #expect(
      HeatMap.color(1) == (0, 114, 178) && HeatMap.color(-1) == (213, 94, 0)
        && HeatMap.color(0) == (255, 255, 255))
    #expect(HeatMap.needsWhite(HeatMap.color(1)) && !HeatMap.needsWhite(HeatMap.color(0.2)))
    #expect(map.reach == 0.5 && map.place(0.9) == 1 && map.place(-0.25) == -0.5)
    let small = HeatMap(
      title: "", rows: ["r"], columns: ["c"], values: [[0.1]], scale: .diverging(about: 0, limit: 0.5))
    #expect(small.reach == 0.1 && small.mark(0.1).isEmpty)
    let empty = HeatMap(title: "none", rows: [], columns: [], values: [], scale: .sequential)
    #expect(empty.svg().contains("</svg>") && empty.drawn(width: 80, isColored: true).contains("none"))
    #expect(map.drawn(width: 80, isColored: true).contains("\u{1B}[48;5;"))
  }
}
