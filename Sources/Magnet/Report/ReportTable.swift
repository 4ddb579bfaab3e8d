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
    /// Long texts under titles, which open under the cell's text.
    var parts: [(title: String, text: String)] = []
    /// The style: `b` bold, `t` long text, `s1` to `s5` shaded, `good`, `bad`.
    var style = ""

    /// - Parameter reason: why there is no text, where there is none.
    static func text(
      _ text: String?, note: String? = nil, orElse reason: String? = nil, style: String = ""
    ) -> Cell {
      Cell(text: text, note: text == nil ? note ?? reason : note, style: style)
    }

    static func count(_ value: Int?, orElse reason: String? = nil) -> Cell {
      Cell(text: value.map { "\($0)" }, value: value.map(Double.init), note: value == nil ? reason : nil)
    }

    static func number(
      _ value: Double?, note: String? = nil, orElse reason: String? = nil, style: String = ""
    ) -> Cell {
      Cell(
        text: value.map { ReportText.number($0) }, value: value, note: value == nil ? note ?? reason : note,
        style: style)
    }
  }

  let id: String
  let caption: String
  let columns: [Column]
  let rows: [[Cell]]
  /// How many rows are in the page.
  var limit = 100_000
  /// What a row is, such as `Models`, where a reader may hide rows, and what depends on them is computed again, and
  /// columns, which count all the same.
  var hidable: String?
  /// A last row that is not sorted, such as sums.
  var footer: [Cell] = []

  /// Tables of more rows are drawn a part at a time, from data in the page.
  var drawnWhole = 500
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
    let isInParts = min(rows.count, limit) > drawnWhole
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
            .group(
              footer.isEmpty
                ? []
                : [
                  .element(
                    "tfoot", [:],
                    [
                      .element(
                        "tr", [:], footer.enumerated().map { Self.node($0.element, isHeader: $0.offset == 0) }
                      )
                    ])
                ]),
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

  /// A cell as the page's script draws it: text, number, note, style, address, parts; what is nothing at the end is left
  /// out.
  private static func json(_ cell: Cell) -> JSONValue {
    var all: [JSONValue] = [
      cell.text.map(JSONValue.string) ?? .null,
      cell.value.flatMap { $0.isFinite ? JSONValue.double($0) : nil } ?? .null,
      cell.note.map(JSONValue.string) ?? .null, cell.style.isEmpty ? .null : .string(cell.style),
      cell.href.map(JSONValue.string) ?? .null,
      cell.parts.isEmpty ? .null : .array(cell.parts.map { .array([.string($0.title), .string($0.text)]) }),
    ]
    while all.count > 1, all.last == .null { all.removeLast() }
    return .array(all)
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
      let linked = cell.href.map { HTMLNode.element("a", ["href": $0], [shown]) } ?? shown
      if cell.parts.isEmpty {
        children.append(linked)
      } else {
        let texts = cell.parts.flatMap { part -> [HTMLNode] in
          [
            .element("p", ["class": "soft"], [.text(part.title)]),
            .element("pre", ["tabindex": "0"], [.data(part.text)]),
          ]
        }
        children.append(
          .element("details", ["class": "own"], [.element("summary", [:], [linked])] + texts))
      }
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
