import Foundation
import Magnet
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Plots as people see them in terminals, and as SVG documents.
@Suite struct PlotTests {
  static func line(_ name: String, _ points: [(Double, Double)], spread: Double? = nil) -> Plot.Series {
    Plot.Series(
      name: name,
      points: points.map { x, y in
        Plot.Point(x: x, y: y, lower: spread.map { y - $0 }, upper: spread.map { y + $0 })
      })
  }

  static let learning = Plot(
    title: "Learning", xLabel: "observed", yLabel: "error", xScale: .log,
    series: [
      line("mean", [(10, 0.4), (25, 0.2), (50, 0.15), (100, 0.1)], spread: 0.02),
      line("irt", [(100, 0.05), (10, 0.15), (25, 0.1), (50, 0.08)]),
    ])

  static func scatter(_ count: Int, series: Int = 2, seed: Int = 1, bars: Bool = false) -> Plot {
    var random = PythonRandom(seed: seed)
    let all = (0..<series).map { number in
      let points = (0..<count).map { _ in
        let (x, y) = (random.random(), random.random())
        return Plot.Point(x: x, y: y, lower: bars ? y - 0.1 : nil, upper: bars ? y + 0.1 : nil)
      }
      return Plot.Series(name: "p\(number)", points: points, style: .points)
    }
    return Plot(title: "Scatter", xLabel: "actual", yLabel: "predicted", series: all, isSquare: true)
  }

  static let nasty = "<b a=\"1\" c='2'>&amp;</b> ]]> 予測器 👩‍👩‍👧 \u{1B}[31m\u{0}\n\u{FFFE}\u{202E}e\u{301}"

  /// Plots of what nobody plots.
  static let odd: [Plot] = {
    func plot(_ series: [Plot.Series], _ x: Plot.Scale = .linear, _ y: Plot.Scale = .linear) -> [Plot] {
      [false, true].map {
        Plot(title: nasty, xLabel: nasty, yLabel: nasty, xScale: x, yScale: y, series: series, isSquare: $0)
      }
    }
    let long = String(repeating: nasty, count: 5)
    let numbers = [
      0, -0.0, 1, -1, .nan, .infinity, -.infinity, .greatestFiniteMagnitude, -1e300, 1e300,
      .leastNonzeroMagnitude, 1e-300, Double.pi, 1 + .ulpOfOne,
    ]
    let everything = numbers.flatMap { x in
      numbers.map { Plot.Point(x: x, y: $0, lower: x, upper: -x) }
    }
    var plots = plot([]) + plot([Plot.Series(name: long, points: [])])
    for scale in [Plot.Scale.linear, .log] {
      plots += plot([Plot.Series(name: "", points: everything)], scale, scale)
      plots += plot([Plot.Series(name: long, points: everything, style: .points)], scale, .log)
      for value in numbers {
        plots += plot([line(nasty, [(value, value)])], scale, scale)
        plots += plot([line(nasty, [(3, value), (3, value)], spread: value)], scale, .linear)
      }
      plots += plot([line("近い", [(1e9, 1e9), (1e9 + 1e-3, 1e9 + 1)])], scale, scale)
      plots += plot([line("near", [(1, 1), (1 + .ulpOfOne, 1 + 1e-8)])], scale, scale)
    }
    plots += plot((0..<40).map { line("\($0)\(nasty)", [(1, Double($0)), (2, 3)]) })
    return plots
  }()

  static func lines(_ drawing: String) -> [String] { drawing.split(separator: "\n").map(String.init) }

  // MARK: - Terminal

  @Test func aLearningCurveIsDrawn() {
    #expect(
      Self.learning.drawn(width: 40, height: 14, isColored: false) == """
        Learning
        error
        0.4 ┤ ●
            │ ⠉⠑⠢⢄⡀
            │     ⠈⠑⠢⣀
            │         ⠉⠒⠤⣀
        0.2 ┤             ⠉●⠒⠤⠤⠤⣀⣀⣀
            │ ■⠉⠒⠒⠒⠤⠤⠤⢄⣀⣀⡀         ⠉●⠉⠒⠒⠢⠤⠤⣀⣀⡀⢀
            │            ⠈⠉■⠉⠉⠉⠉⠒⠒⠒⠒■⠒⠒⠤⠤⠤⠤⠤⣀⣈*
        0.0 ┤
            └─┬────────────┬────────┬─────────┬─
             10           25       50        100
                          observed
        ● mean   ■ irt

        """)
  }

  @Test func aSquarePlotIsDrawn() {
    let points = [(0.1, 0.2), (0.5, 0.4), (0.9, 1.0)].map { Plot.Point(x: $0, y: $1) }
    let plot = Plot(
      title: "", xLabel: "actual", yLabel: "",
      series: [Plot.Series(name: "p", points: points, style: .points)],
      isSquare: true)
    #expect(
      plot.drawn(width: 80, height: 10, isColored: false) == """
        1.0 ┤          ●
            │         ⠂
            │      ⡀⠈
        0.5 ┤    ⠠ ●
            │ ● ⠂
        0.0 ┤⡀⠈
            └┬─────┬────┬
            0.0   0.5  1.0
                actual
        ● p   ⡠ y = x

        """)
  }

  @Test(arguments: [Self.learning, Self.scatter(20)] + Self.odd)
  func noLineIsWiderThanTheTerminal(_ plot: Plot) {
    for width in Array(-1...12) + [20, 40, 99, 200] {
      for height in [Int.min, 24] {
        for line in Self.lines(plot.drawn(width: width, height: height, isColored: false)) {
          #expect(displayWidth(line) <= width, "\(width): \(line)")
        }
      }
    }
  }

  @Test func endlessTerminalsAreNotFilled() {
    let lines = Self.lines(Self.learning.drawn(width: .max, height: .max, isColored: false))
    #expect(lines.count == 1000 && lines.allSatisfy { displayWidth($0) <= 1000 })
  }

  @Test(arguments: 20...200) func everyWidthIsKept(_ width: Int) {
    for plot in [Self.learning, Self.scatter(20), Self.scatter(200)] {
      let drawing = plot.drawn(width: width, height: 30, isColored: false)
      #expect(Self.lines(drawing).allSatisfy { displayWidth($0) <= width })
      #expect(Self.lines(drawing).count <= 30)
      #expect(plot.series.allSatisfy { drawing.contains(" " + $0.name) })
    }
    #expect(Self.lines(Self.learning.drawn(width: width, height: 30, isColored: false)).count == 30)
  }

  @Test func coloursAreThereOnlyWhenAskedFor() {
    for plot in [Self.learning, Self.scatter(5)] {
      let plain = plot.drawn(width: 70, height: 20, isColored: false)
      let coloured = plot.drawn(width: 70, height: 20, isColored: true)
      #expect(!plain.contains("\u{1B}"))
      #expect(coloured.contains("\u{1B}[36m●\u{1B}[0m") && coloured.contains("\u{1B}[33m■\u{1B}[0m"))
      #expect(coloured.replacing(/\u{1B}\[[0-9]+m/, with: "") == plain)
    }
  }

  @Test func seriesAreToldApartWithoutColours() {
    let plain = Self.scatter(3000).drawn(width: 60, height: 30, isColored: false)
    #expect(plain.contains("*") && plain.contains("● p0") && plain.contains("■ p1"))
    #expect(!Self.scatter(3000).drawn(width: 60, height: 30, isColored: true).contains("*"))
  }

  @Test(arguments: odd) func nothingReachesTheTerminalThatItActsOn(_ plot: Plot) {
    for scalar in plot.drawn(width: 80, height: 20, isColored: false).unicodeScalars where scalar != "\n" {
      #expect(scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) && scalar.value != 0x202E)
    }
  }

  // MARK: - Numbers and axes

  /// The numbers at the ticks of the y axis, from the top.
  static func yTicks(_ values: [Double], _ scale: Plot.Scale = .linear, height: Int = 20) -> [String] {
    let points = values.map { Plot.Point(x: 1, y: $0) }
    let plot = Plot(
      title: "", xLabel: "", yLabel: "", yScale: scale, series: [Plot.Series(name: "", points: points)])
    return lines(plot.drawn(width: 100, height: height, isColored: false)).filter { $0.contains("┤") }
      .map { $0.prefix { $0 != "┤" }.trimmingCharacters(in: .whitespaces) }
  }

  @Test(arguments: [
    ([0, 1], ["1.0", "0.8", "0.6", "0.4", "0.2", "0.0"]),
    ([0.5, 0.5], ["0.7", "0.6", "0.5", "0.4", "0.3"]),
    ([0, 0], ["1.0", "0.5", "0.0", "-0.5", "-1.0"]),
    ([0.31, 0.34], ["0.340", "0.335", "0.330", "0.325", "0.320", "0.315", "0.310"]),
    ([-3, -200], ["0", "-50", "-100", "-150", "-200"]),
    ([0, 3e7], ["3.0×10⁷", "2.5×10⁷", "2.0×10⁷", "1.5×10⁷", "1.0×10⁷", "0.5×10⁷", "0"]),
    ([0, 2e-9], ["2.0×10⁻⁹", "1.5×10⁻⁹", "1.0×10⁻⁹", "0.5×10⁻⁹", "0"]),
  ])
  func ticksAreRound(_ values: [Double], _ expected: [String]) {
    #expect(Self.yTicks(values) == expected)
  }

  @Test(arguments: [
    ([0.01, 1], ["1", "0.5", "0.2", "0.1", "0.05", "0.02", "0.01"]),
    ([1e-6, 1e6], ["10⁶", "10⁴", "10²", "10⁰", "10⁻²", "10⁻⁴", "10⁻⁶"]),
    ([0.3, 0.35], ["0.35", "0.34", "0.33", "0.32", "0.31", "0.30"]),
    ([-1, 0, 5], ["8", "6", "4"]),
  ])
  func ticksOfLogarithmicAxesAreRound(_ values: [Double], _ expected: [String]) {
    #expect(Self.yTicks(values, .log) == expected)
  }

  @Test func fewValuesHaveTheirOwnTicks() {
    #expect(Self.learning.drawn(width: 60, height: 20, isColored: false).contains(/10 +25 +50 +100\n/))
    var many = Self.learning
    many.series = [Self.line("many", (3...300).map { (Double($0), 1) })]
    #expect(many.drawn(width: 60, height: 20, isColored: false).contains(#/ 5 +10 +20 +50 +100 +200\n/#))
  }

  // MARK: - SVG

  /// The elements of a well-formed document with their attributes and texts.
  final class Document: NSObject, XMLParserDelegate {
    var elements: [(name: String, attributes: [String: String], text: String)] = []
    private var open: [Int] = []

    init(_ text: String) throws {
      super.init()
      let parser = XMLParser(data: Data(text.utf8))
      parser.delegate = self
      guard parser.parse() else { throw parser.parserError ?? CocoaError(.fileReadCorruptFile) }
    }

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String]
    ) {
      open.append(elements.count)
      elements.append((name, attributes, ""))
    }

    func parser(
      _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
    ) {
      open.removeLast()
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
      elements[open[open.count - 1]].text += text
    }

    func texts(_ name: String) -> [String] { elements.filter { $0.name == name }.map(\.text) }
  }

  @Test(arguments: [Self.learning, Self.scatter(20, bars: true)] + Self.odd)
  func documentsAreWellFormed(_ plot: Plot) throws {
    for (width, height) in [(720, 480), (0, 0), (Int.max, Int.min), (300, 900)].prefix(
      plot == Self.learning ? 4 : 2)
    {
      let text = plot.svg(width: width, height: height)
      let document = try Document(text)
      #expect(document.elements[0].name == "svg")
      #expect(document.elements[0].attributes["viewBox"]?.hasPrefix("0 0 ") == true)
      #expect(document.texts("title").count >= 1 && document.texts("desc").count == 1)
      for element in document.elements {
        for (key, value) in element.attributes where ["d", "x", "y", "cx", "cy", "transform"].contains(key) {
          #expect(value.firstMatch(of: /nan|inf|e[0-9+-]*[0-9]{2}/) == nil, "\(value)")
        }
      }
      #expect(text == plot.svg(width: width, height: height))
    }
  }

  /// Baselines are grey and dashed; of the others, no two look alike.
  @Test func seriesAreToldApart() throws {
    let points = [Plot.Point(x: 1, y: 1), Plot.Point(x: 2, y: 2)]
    let plot = Plot(
      title: "", xLabel: "", yLabel: "",
      series: (0..<20).map { .init(name: "\($0)", points: points, isBaseline: $0 < 3) })
    let strokes = plot.svg().matches(
      of: #/M[^"]*L[^"]*" fill="none" stroke="([^"]+)" stroke-width="2"( stroke-dasharray="[^"]+")?/#
    )
    .map { ($0.output.1 + ($0.output.2 ?? "")) }
    #expect(strokes.count == 20)
    #expect(Set(strokes.prefix(3)) == ["#8A8A8A stroke-dasharray=\"6 4\""])
    #expect(Set(strokes.dropFirst(3)).count == 17)
  }

  @Test func namesAreEscaped() throws {
    var plot = Self.learning
    plot.series[0].name = "<a & 'b' \"c\">"
    let svg = plot.svg()
    #expect(svg.contains(">&lt;a &amp; &#39;b&#39; &quot;c&quot;&gt;</text>"))
    #expect(try Document(svg).texts("text").contains("<a & 'b' \"c\">"))
  }

  @Test func longNamesAreShortenedAndKeptWhole() throws {
    var plot = Self.learning
    plot.series[1].name = String(repeating: "long", count: 50)
    let document = try Document(plot.svg())
    #expect(document.texts("title").contains(plot.series[1].name))
    #expect(document.texts("text").contains { $0.hasPrefix("longlong") && $0.contains("…") })
  }

  /// The middles of the circles, which mark the first series: those of points, and one in the legend.
  static func circles(_ svg: String) throws -> [(x: Double, y: Double)] {
    try Document(svg).elements.filter { $0.name == "circle" }
      .map { (Double($0.attributes["cx"]!)!, Double($0.attributes["cy"]!)!) }
  }

  @Test func pointsStandWhereTheyShould() throws {
    let corners = [(0.0, 0.0), (1, 1), (0.5, 0.5), (0.25, 1)].map { Plot.Point(x: $0, y: $1) }
    let plot = Plot(
      title: "t", xLabel: "x", yLabel: "y", series: [Plot.Series(name: "", points: corners, style: .points)],
      isSquare: true)
    let circles = try Self.circles(plot.svg())
    #expect(circles.count == 4)
    let side = circles[1].x - circles[0].x
    #expect(side > 300 && abs(side - (circles[0].y - circles[1].y)) < 0.2)
    #expect(abs(circles[2].x - circles[0].x - side / 2) < 0.2)
    #expect(abs(circles[3].x - circles[0].x - side / 4) < 0.2 && circles[3].y == circles[1].y)
  }

  @Test func namesAtLineEndsNeverOverlap() throws {
    for count in [2, 10, 60] {
      let series = (0..<count).map { Self.line("s\($0)", [(1, 1), (2, 2 + Double($0) / 1000)]) }
      let plot = Plot(title: "", xLabel: "", yLabel: "", series: series)
      let names = try Document(plot.svg()).elements.filter {
        $0.name == "text" && $0.text.contains(/^s[0-9]|more/)
      }
      let places = names.map { Double($0.attributes["y"]!)! }.sorted()
      #expect(zip(places, places.dropFirst()).allSatisfy { $1 - $0 > 14 })
      #expect(places.allSatisfy { (0...480).contains($0) })
      #expect((count == 60) == names.contains { $0.text.hasSuffix("more") })
    }
  }

  @Test func manyPointsMakeNoHugeDocument() throws {
    let plot = Self.scatter(50_000, bars: true)
    let svg = plot.svg(width: 4000, height: 4000)
    #expect(svg.utf8.count < 2_000_000 && svg.utf8.count > 100_000)
    #expect(svg == plot.svg(width: 4000, height: 4000))
    #expect(try Document(svg).texts("desc")[0].contains(/Of 100000 points, 1?[0-9]{4} are drawn\./))
    #expect(plot.drawn(width: 100, height: 30, isColored: true).utf8.count < 100_000)
  }

  @Test func longLinesKeepTheirExtremes() throws {
    var points = (0..<100_000).map { Plot.Point(x: Double($0), y: 0.5, lower: 0.4, upper: 0.6) }
    points[31_415].y = 1
    points[62_832].y = 0
    let plot = Plot(title: "", xLabel: "", yLabel: "", series: [Plot.Series(name: "", points: points)])
    let svg = plot.svg()
    #expect(svg.utf8.count < 500_000)
    let path = try Document(svg).elements.first { $0.attributes["stroke-linejoin"] != nil }!.attributes["d"]!
    let heights = path.matches(of: #/ ([0-9.]+)/#).map { Double($0.output.1)! }
    #expect(Set(heights).count == 3)
  }

  @Test func whatHasNoPlaceIsCounted() throws {
    var plot = Self.learning
    plot.series[0].points += [(.nan, 1), (1, .infinity), (0, 1)].map { Plot.Point(x: $0, y: $1) }
    let sentence = "3 points have no place on the axes and are left out"
    #expect(plot.drawn(width: 80, height: 20, isColored: false).hasSuffix(sentence + "\n"))
    #expect(try Document(plot.svg()).texts("desc")[0].contains(sentence))
    plot.series = [Self.line("none", [(0, 0)])]
    #expect(plot.drawn(width: 80, height: 20, isColored: false).contains("no points"))
    #expect(try Document(plot.svg()).texts("text").contains("no points"))
  }
}
