/// A table of a page, with what its script needs to sort and filter it.
struct ReportTable {
  struct Column {
    let title: String
    /// Whether lower values come first when a reader sorts.
    var lowFirst = false
    /// What the column shows, for a tooltip and for screen readers.
    var description: String?
    /// What is computed again when rows are hidden; nil for what does not depend on other rows.
    var part: Part?
  }

  /// What a column of a leaderboard depends on: `higher` or `lower` values are better, so that they count in the win
  /// rate, or `rate`, which is that, or `group`, which nothing on the page can compute again.
  enum Part: String {
    case higher, lower, rate, group
  }

  struct Cell {
    /// What stands in the cell; a dash where nil.
    let text: String?
    /// The number by which the column is sorted, with every digit.
    var value: Double?
    /// Why there is nothing, or what the number is made of.
    var note: String?
    /// What the text leads to, an address of the program's own.
    var href: String?
    /// The style: `b` bold, `t` long text, `s1` to `s5` shaded, `good`, `bad`.
    var style = ""

    static func text(_ text: String?, note: String? = nil, style: String = "") -> Cell {
      Cell(text: text, note: note, style: style)
    }

    static func count(_ value: Int?, note: String? = nil) -> Cell {
      Cell(text: value.map { "\($0)" }, value: value.map(Double.init), note: note)
    }

    static func number(_ value: Double?, note: String? = nil, style: String = "") -> Cell {
      Cell(text: value.map { ReportText.number($0) }, value: value, note: note, style: style)
    }
  }

  let id: String
  let caption: String
  let columns: [Column]
  let rows: [[Cell]]
  /// How many rows are in the page.
  var limit = 100_000
  /// What a row is, such as `Models`, where a reader may hide rows and what depends on them is computed again.
  var hidable: String?

  /// Tables of more rows are drawn a part at a time, from data in the page.
  static let drawnWhole = 500
  /// How many rows such a table has where scripts do not run.
  private static let drawnFirst = 100

  /// The table, and a sentence on what was left out.
  var node: HTMLNode {
    let head = columns.map { column -> HTMLNode in
      var attributes: HTMLAttributes = ["scope": "col"]
      if column.lowFirst { attributes.add("data-low", "true") }
      if let description = column.description { attributes.add("title", description) }
      if let part = column.part { attributes.add("data-part", part.rawValue) }
      return .element("th", attributes, [.data(column.title)])
    }
    let isInParts = min(rows.count, limit) > Self.drawnWhole
    let body = rows.prefix(isInParts ? Self.drawnFirst : limit).map { row -> HTMLNode in
      .element("tr", [:], row.enumerated().map { place, cell in Self.node(cell, isHeader: place == 0) })
    }
    var attributes: HTMLAttributes = ["id": id, "data-tools": ""]
    if let hidable, !isInParts { attributes.add("data-hidable", hidable) }
    let table = HTMLNode.element(
      "div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": caption],
      [
        .element(
          "table", attributes,
          [
            .element("caption", [:], [.text(caption)]),
            .element("thead", [:], [.element("tr", [:], head)]), .element("tbody", [:], body),
          ])
      ])
    var nodes = [table]
    if isInParts {
      nodes.append(.json(id: id + "-data", .array(rows.prefix(limit).map { .array($0.map(Self.json)) })))
    }
    if rows.count > limit {
      nodes.append(
        .element(
          "p", ["class": "soft"],
          [.text("\(limit) of \(rows.count) rows are in the page; --max-rows \(rows.count) has all.")]))
    }
    return .group(nodes)
  }

  /// What is left out of the page, in a sentence; nil where nothing is.
  var omission: String? {
    rows.count > limit
      ? "\(id): \(limit) of \(rows.count) rows are in the page; --max-rows \(rows.count) has all" : nil
  }

  /// A cell as the page's script draws it: text, number, note, style. Links are in tables that are drawn whole.
  private static func json(_ cell: Cell) -> JSONValue {
    .array([
      cell.text.map(JSONValue.string) ?? .null,
      cell.value.flatMap { $0.isFinite ? JSONValue.double($0) : nil } ?? .null,
      cell.note.map(JSONValue.string) ?? .null, .string(cell.style),
    ])
  }

  private static func node(_ cell: Cell, isHeader: Bool) -> HTMLNode {
    var classes = cell.style
    if cell.value != nil { classes += classes.isEmpty ? "n" : " n" }
    var attributes: HTMLAttributes = [:]
    if !classes.isEmpty { attributes.add("class", classes) }
    if let value = cell.value { attributes.add("data-v", "\(value)") }
    if let note = cell.note { attributes.add("title", note) }
    var children: [HTMLNode] = []
    if let text = cell.text {
      let shown = cell.value == nil ? HTMLNode.data(text) : .text(text)
      children.append(cell.href.map { .element("a", ["href": $0], [shown]) } ?? shown)
    } else {
      children.append(.element("span", ["aria-hidden": "true"], [.text("—")]))
      children.append(.element("span", ["class": "hide"], [.text(cell.note ?? "no value")]))
    }
    if isHeader {
      attributes.add("scope", "row")
      return .element("th", attributes, children)
    }
    return .element("td", attributes, children)
  }
}

enum ReportText {
  /// A number with three decimals, more where it would seem to be 0.
  static func number(_ value: Double) -> String {
    if !value.isFinite { return Cell.double(value).text }
    if value != 0, abs(value) < 0.0005 { return "\(value)" }
    return PythonRound.three(value).description
  }

  /// The text, cut after a number of characters, with how many more there are.
  static func cut(_ text: String, to limit: Int?) -> String {
    guard let limit, text.count > limit else { return text }
    return text.prefix(limit) + "… (\(text.count - limit) more characters)"
  }
}

/// Scores as dots on a line per model, with intervals where they are known.
struct DotChart {
  struct Dot {
    let label: String
    let value: Double
    let interval: Interval?
  }

  let title: String
  let dots: [Dot]

  /// The chart as SVG that follows the page's colours.
  var node: HTMLNode {
    let values = dots.flatMap { [$0.value, $0.interval?.lower ?? $0.value, $0.interval?.upper ?? $0.value] }
    // Of shares the axis ends at 0 and 1, and so do intervals.
    let isOfShares = dots.allSatisfy { (0...1).contains($0.value) }
    let low = isOfShares ? 0 : min(0, values.min() ?? 0)
    let high = isOfShares ? 1 : max(values.max() ?? 1, low + 1e-9)
    let (left, width, step) = (230.0, 440.0, 20.0)
    let height = Double(dots.count) * step + 34
    func x(_ value: Double) -> String { Self.text(left + (value - low) / (high - low) * width) }
    var nodes: [HTMLNode] = [
      .element("title", [:], [.text(title)]),
      .element(
        "desc", [:],
        [.text(dots.map { "\($0.label): \(ReportText.number($0.value))" }.joined(separator: "; "))]),
    ]
    for part in 0...4 {
      let value = low + (high - low) * Double(part) / 4
      nodes.append(
        .element(
          "line",
          [
            "x1": x(value), "x2": x(value), "y1": "4", "y2": Self.text(height - 24), "stroke": "currentColor",
            "stroke-opacity": "0.2",
          ], []))
      nodes.append(
        .element(
          "text",
          ["x": x(value), "y": Self.text(height - 8), "text-anchor": "middle", "fill": "currentColor"],
          [.text(ReportText.number(value))]))
    }
    for (place, dot) in dots.enumerated() {
      let y = Self.text(Double(place) * step + 16)
      nodes.append(
        .element(
          "text",
          [
            "x": Self.text(left - 10), "y": Self.text(Double(place) * step + 20), "text-anchor": "end",
            "fill": "currentColor",
          ], [.text(shortened(dot.label, to: 34))]))
      if let interval = dot.interval {
        nodes.append(
          .element(
            "line",
            [
              "x1": x(max(low, interval.lower)), "x2": x(min(high, interval.upper)), "y1": y, "y2": y,
              "stroke": "currentColor", "stroke-width": "2", "stroke-opacity": "0.55",
            ], []))
      }
      nodes.append(
        .element(
          "circle", ["cx": x(dot.value), "cy": y, "r": "4.5", "fill": "currentColor"],
          [.element("title", [:], [.text("\(dot.label): \(ReportText.number(dot.value))")])]))
    }
    return .element(
      "svg",
      [
        "viewBox": "0 0 700 \(Self.text(height))", "width": "700", "height": Self.text(height), "role": "img",
        "aria-label": title,
      ], nodes)
  }

  private static func text(_ value: Double) -> String { PythonRound.three(value).description }
}
