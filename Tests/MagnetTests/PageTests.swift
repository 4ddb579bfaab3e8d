import Foundation
import Testing

@testable import Magnet

/// Pieces of pages: whatever the texts, markup is the program's own, and tables say what they hold and leave out.
@Suite struct PageTests {
  static func html(_ node: HTMLNode) -> String {
    var out = ""
    node.appendHTML(to: &out)
    return out
  }

  static func soup(_ random: inout SplitMix, _ count: Int = 12) -> String {
    let pieces = [
      "<", ">", "&", "\"", "'", "</script>", "<!--", "]]>", "a", "é", "漢", "\u{0}", "\u{1B}", "\n", "\t",
      "\r", "\u{85}", "\u{FFFE}", "\u{2028}",
      "&lt;", "😀", "\u{202E}", "{{", "javascript:", "\(Unicode.Scalar(0xFDD0 as UInt32)!)", "\\u003c",
    ]
    return (0..<Int(random.next() % UInt64(count))).map { _ in
      pieces[Int(random.next() % UInt64(pieces.count))]
    }.joined()
  }

  /// What a browser reads from an escaped text.
  static func unescaped(_ html: String) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")].reduce(html) {
      $0.replacingOccurrences(of: $1.0, with: $1.1)
    }
  }

  /// The text with what HTML does not allow replaced, scalar by scalar.
  static func allowed(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { scalar -> Unicode.Scalar in
          let value = scalar.value
          let isControl = value < 0x20 && value != 9 && value != 10 || (0x7F...0x9F).contains(value)
          let isNone = (0xFDD0...0xFDEF).contains(value) || value & 0xFFFF >= 0xFFFE
          return isControl || isNone ? "\u{FFFD}" : scalar
        }))
  }

  @Test(arguments: 1...4) func textsAreReadAsTheyAre(_ seed: UInt64) throws {
    var random = SplitMix(state: seed)
    for _ in 0..<200 {
      let (text, title) = (Self.soup(&random), Self.soup(&random))
      let html = Self.html(.element("p", ["title": title, "id": "x"], [.text(text)]))
      let inner = html.dropFirst("<p title=\"".utf8.count)
      let end = try #require(inner.firstIndex(of: "\""))
      #expect(
        html.hasPrefix("<p title=\"") && inner[end...].hasPrefix("\" id=\"x\">") && html.hasSuffix("</p>"))
      let body = String(inner[end...].dropFirst("\" id=\"x\">".count).dropLast("</p>".count))
      #expect(!body.unicodeScalars.contains { "<>\"'".unicodeScalars.contains($0) })
      #expect(haveSameBytes(Self.unescaped(body), Self.allowed(text)), "\(text.debugDescription)")
      #expect(haveSameBytes(Self.unescaped(String(inner[..<end])), Self.allowed(title)))
    }
  }

  /// Data for scripts reads back as the value, and nothing in it can end the element or begin a comment.
  @Test func dataReadsBack() throws {
    var random = SplitMix(state: 9)
    for _ in 0..<200 {
      let value = JSONValue.object([
        .init(key: Self.soup(&random), value: .string(Self.soup(&random))),
        .init(key: "n", value: .array([.double(0.5), .null, .bool(true)])),
      ])
      let html = Self.html(.json(id: "a<b", value))
      #expect(
        html.hasPrefix("<script type=\"application/json\" id=\"a&lt;b\">") && html.hasSuffix("</script>"))
      let body = html.dropFirst("<script type=\"application/json\" id=\"a&lt;b\">".count).dropLast(
        "</script>".count)
      #expect(!body.contains("<") && !body.contains(">") && !body.contains("&") && !body.contains("\u{2028}"))
      #expect(try JSONValue(parsing: String(body)) == value)
    }
  }

  @Test func elementsWithoutContentAreNotClosed() {
    #expect(Self.html(.element("br", [:], [.text("x")])) == "<br>")
    #expect(Self.html(.element("input", ["type": "search"], [])) == "<input type=\"search\">")
    #expect(Self.html(.group([.text("a"), .element("b", [:], []), .data("c")])) == "a<b></b><bdi>c</bdi>")
  }

  // MARK: - Tables

  static func table(_ rows: Int, limit: Int = 100_000, whole: Int = 500) -> ReportTable {
    ReportTable(
      id: "t", caption: "A <table>",
      columns: [.init(title: "name"), .init(title: "value", lowFirst: true, description: "what")],
      rows: (0..<rows).map { [.text("row \($0)"), .number(Double($0) / 8)] }, limit: limit, drawnWhole: whole)
  }

  static func count(_ part: String, _ html: String) -> Int { html.components(separatedBy: part).count - 1 }

  @Test(arguments: [
    (0, 100, 50, 0, 0), (3, 100, 50, 3, 0), (50, 100, 50, 50, 0), (51, 100, 50, 51, 51),
    (200, 100, 500, 100, 0),
    (300, 200, 150, 100, 200), (300, 100, 150, 100, 0), (120, 120, 50, 100, 120),
  ])
  func tablesAreDrawnWholeOrInParts(_ rows: Int, _ limit: Int, _ whole: Int, _ drawn: Int, _ data: Int) throws
  {
    let table = Self.table(rows, limit: limit, whole: whole)
    let html = Self.html(table.node)
    // One row of titles more.
    #expect(Self.count("<tr>", html) == drawn + 1)
    let start = html.firstRange(of: "id=\"t-data\">")
    #expect((start != nil) == (data > 0))
    if let start {
      let text = html[start.upperBound...].prefix { $0 != "<" }
      let cells = try JSONValue(parsing: String(text)).elements
      #expect(cells.count == data)
      #expect(
        cells.enumerated().allSatisfy {
          $1[0]?[0] == .string("row \($0)") && $1[1]?[1]?.double == Double($0) / 8
        })
    }
    #expect((table.omission != nil) == (rows > limit))
    #expect(html.contains("--max-rows \(rows) has all.") == (rows > limit))
    #expect(
      html.contains("<caption>A &lt;table&gt;</caption>") && html.contains("data-low=\"true\" title=\"what\"")
    )
  }

  @Test func cellsSayWhatIsMissing() {
    func cell(_ cell: ReportTable.Cell) -> String {
      Self.html(
        ReportTable(
          id: "t", caption: "", columns: [.init(title: "a"), .init(title: "b")], rows: [[.text("x"), cell]]
        ).node)
    }
    #expect(
      cell(.text(nil, orElse: "no run")).contains(
        "<td title=\"no run\"><span aria-hidden=\"true\">—</span><span class=\"hide\">no run</span></td>"))
    #expect(cell(.count(3, orElse: "none")).contains("<td class=\"n\" data-v=\"3.0\">3</td>"))
    #expect(cell(.count(nil)).contains("<span class=\"hide\">no value</span>"))
    #expect(
      cell(.number(1.0 / 3, style: "b")).contains(
        "<td class=\"b n\" data-v=\"0.3333333333333333\">0.333</td>"))
    var link = ReportTable.Cell.text("<x>")
    link.href = "/a?b=\"c\""
    #expect(cell(link).contains("<td><a href=\"/a?b=&quot;c&quot;\"><bdi>&lt;x&gt;</bdi></a></td>"))
    link.parts = [("Prompt", "a\nb")]
    #expect(
      cell(link).contains("<summary><a href=")
        && cell(link).contains("<pre tabindex=\"0\"><bdi>a\nb</bdi></pre>"))
    #expect(
      Self.html(ReportTable(id: "t", caption: "", columns: [], rows: [], footer: [.text("sum")]).node)
        .contains("<tfoot><tr><th scope=\"row\">"))
  }

  @Test func numbersKeepWhatTheyMean() {
    for thousandths in -3000...3000 {
      let value = Double(thousandths) / 1000
      #expect(Double(ReportText.number(value)) == value)
    }
    #expect(
      ReportText.number(0.00049) == "0.00049" && ReportText.number(-0.0004) == "-0.0004"
        && ReportText.number(.infinity) == "Infinity")
    #expect(ReportText.cut("漢字", to: nil) == "漢字" && ReportText.cut("漢字", to: 1) == "漢… (1 more characters)")
  }

  // MARK: - Charts

  @Test func dotsStandAtTheirValues() throws {
    var random = SplitMix(state: 4)
    for _ in 0..<30 {
      let dots = (0..<1 + Int(random.next() % 6)).map { number -> DotChart.Dot in
        let value = Double(random.next() % 101) / 100
        return DotChart.Dot(
          label: "m\(number) <&>", value: value, interval: Interval(lower: value - 0.3, upper: value + 0.3),
          others: [random.next() % 2 == 0 ? nil : 0.5])
      }
      let html = Self.html(DotChart(title: "Scores", dots: dots, names: ["now", "before"]).node)
      let circles = html.components(separatedBy: "<circle cx=\"").dropFirst().compactMap {
        Double($0.prefix { $0 != "\"" })
      }
      // One of the legend.
      #expect(circles.count == dots.count + 1)
      for (dot, x) in zip(dots, circles) { #expect(abs(x - (230 + 440 * dot.value)) < 0.051) }
      let squares = html.components(separatedBy: "<rect x=\"").count - 1
      #expect(squares == dots.count { $0.others[0] != nil } + 1)
      for dot in dots {
        #expect(html.contains("\(Self.html(.text(dot.label))), now: \(ReportText.number(dot.value))"))
      }
      // Intervals of shares end at 0 and 1.
      let spans = html.components(separatedBy: "stroke-opacity=\"0.55\"")
      #expect(spans.count == 2)
    }
    #expect(Self.html(DotChart(title: "none", dots: []).node).contains("<title>none</title>"))
  }
}
