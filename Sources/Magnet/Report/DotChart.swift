/// Scores as dots on a line per model, with intervals where they are known, other values of the same score, and how the
/// scores of the instances are spread.
struct DotChart {
  struct Dot {
    let label: String
    let value: Double
    var interval: Interval?
    /// Other values, one for each of `others`; nil where there is none.
    var others: [Double?] = []
    /// How many instances have a score in each of ten equal parts from 0 to 1; none where they are not shown.
    var spread: [Int] = []
  }

  let title: String
  let dots: [Dot]
  /// What the dot is, and after it what the others are, whose marks are a square and a diamond; empty where there are
  /// none.
  var names: [String] = []

  private static let left = 230.0
  private static let width = 440.0
  private static let step = 20.0
  private static let spreadWidth = 110.0

  /// The chart as SVG that follows the page's colours.
  var node: HTMLNode {
    let values = dots.flatMap { dot in
      [dot.value, dot.interval?.lower ?? dot.value, dot.interval?.upper ?? dot.value]
        + dot.others.compactMap(\.self)
    }
    // Of shares the axis ends at 0 and 1, and so do intervals.
    let isOfShares = dots.allSatisfy { dot in
      ([dot.value] + dot.others.compactMap(\.self)).allSatisfy { (0...1).contains($0) }
    }
    let low = isOfShares ? 0 : min(0, values.min() ?? 0)
    let high = isOfShares ? 1 : max(values.max() ?? 1, low + 1e-9)
    let hasSpread = dots.contains { !$0.spread.isEmpty }
    let bottom = Double(dots.count) * Self.step + 34
    let height = bottom + (names.isEmpty ? 0 : Self.step)
    func x(_ value: Double) -> Double { Self.left + (value - low) / (high - low) * Self.width }
    var nodes: [HTMLNode] = [
      .element("title", [:], [.text(title)]),
      .element("desc", [:], [.text(dots.map(describe).joined(separator: "; "))]),
    ]
    var grid = ""
    var intervals = ""
    var spans = ""
    for part in 0...4 {
      let value = low + (high - low) * Double(part) / 4
      grid += "M\(Self.number(x(value))) 4V\(Self.number(bottom - 24))"
      nodes.append(Self.text(ReportText.number(value), x(value), bottom - 8, "middle"))
    }
    if hasSpread {
      nodes.append(
        Self.text("instances from 0 to 1", Self.left + Self.width + 16, bottom - 8, "start"))
    }
    for (place, dot) in dots.enumerated() {
      let y = Double(place) * Self.step + 16
      nodes.append(Self.text(shortened(dot.label, to: 34), Self.left - 10, y + 4, "end"))
      func span(_ low: Double, _ high: Double) -> String {
        "M\(Self.number(x(low))) \(Self.number(y))H\(Self.number(x(high)))"
      }
      if let interval = dot.interval {
        intervals += span(max(low, interval.lower), min(high, interval.upper))
      }
      let all = [dot.value] + dot.others.compactMap(\.self)
      if let least = all.min(), let most = all.max(), all.count > 1 { spans += span(least, most) }
      for (number, value) in ([dot.value] + dot.others).enumerated() {
        guard let value else { continue }
        let name = names.isEmpty ? "" : ", \(names[min(number, names.count - 1)])"
        nodes.append(Self.mark(number, x(value), y, "\(dot.label)\(name): \(ReportText.number(value))"))
      }
      nodes += bars(dot, y)
    }
    for (number, name) in names.enumerated() {
      let start = Self.left + Double(number) * 150
      nodes.append(Self.mark(number, start, height - 8, name))
      nodes.append(Self.text(name, start + 10, height - 4, "start"))
    }
    // Lines lie under the marks.
    let lines = [
      Self.path(grid, opacity: "0.2", width: "1"), Self.path(intervals, opacity: "0.55", width: "2"),
      Self.path(spans, opacity: "0.35", width: "1.5"),
    ].compactMap(\.self)
    nodes.insert(contentsOf: lines, at: 2)
    let size = Self.left + Self.width + (hasSpread ? Self.spreadWidth + 50 : 30)
    return .chart(
      title,
      .element(
        "svg",
        [
          "viewBox": "0 0 \(Self.number(size)) \(Self.number(height))", "width": Self.number(size),
          "height": Self.number(height), "role": "img", "aria-label": title, "fill": "currentColor",
        ], nodes))
  }

  private func describe(_ dot: Dot) -> String {
    let values = ([dot.value] + dot.others).enumerated().compactMap { number, value in
      value.map { (names.isEmpty ? "" : names[min(number, names.count - 1)] + " ") + ReportText.number($0) }
    }
    return "\(dot.label): \(values.joined(separator: ", "))"
  }

  /// How many instances there are in each tenth, as columns of one shape; those without any have none.
  private func bars(_ dot: Dot, _ y: Double) -> [HTMLNode] {
    let most = Double(dot.spread.max() ?? 0)
    guard most > 0 else { return [] }
    let start = Self.left + Self.width + 16
    let wide = Self.spreadWidth / Double(dot.spread.count)
    let columns = dot.spread.enumerated().filter { $0.element > 0 }.map { part, count in
      let tall = Self.number(max(1, 14 * Double(count) / most))
      return
        "M\(Self.number(start + wide * Double(part))) \(Self.number(y + 7))v-\(tall)h\(Self.number(wide - 1))v\(tall)z"
    }
    let title =
      "\(dot.label): instances in each tenth from 0 to 1: "
      + dot.spread.map(String.init).joined(separator: " ")
    return [
      .element(
        "path", ["d": columns.joined(), "fill-opacity": "0.6"],
        [.element("title", [:], [.text(title)])])
    ]
  }

  private static func mark(_ number: Int, _ x: Double, _ y: Double, _ title: String) -> HTMLNode {
    let name = [HTMLNode.element("title", [:], [.text(title)])]
    switch number {
    case 0:
      return .element(
        "circle", ["cx": Self.number(x), "cy": Self.number(y), "r": "4.5"], name)
    case 1:
      return .element(
        "rect",
        [
          "x": Self.number(x - 4), "y": Self.number(y - 4), "width": "8", "height": "8", "fill": "var(--c0)",
        ], name)
    default:
      let (a, b) = (Self.number(x), Self.number(y - 5.5))
      return .element(
        "path", ["d": "M\(a) \(b)l5.5 5.5l-5.5 5.5l-5.5 -5.5z", "fill": "var(--c1)"], name)
    }
  }

  /// Lines of one kind; nil for none.
  private static func path(_ lines: String, opacity: String, width: String) -> HTMLNode? {
    lines.isEmpty
      ? nil
      : .element(
        "path",
        [
          "d": lines, "fill": "none", "stroke": "currentColor", "stroke-width": width,
          "stroke-opacity": opacity,
        ],
        [])
  }

  private static func text(_ text: String, _ x: Double, _ y: Double, _ anchor: String) -> HTMLNode {
    .element(
      "text", ["x": number(x), "y": number(y), "text-anchor": anchor], [.text(text)])
  }

  private static func number(_ value: Double) -> String { SVGText.number(value) }
}
