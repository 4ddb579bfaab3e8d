extension HeatMap {
  /// The heat map as an SVG 1.1 document that needs no other file, on white. Each cell has a `<title>` with the full
  /// names of its row and column and every digit of its number; missing cells are hatched. The same heat map gives the
  /// same bytes.
  package func svg() -> String { svg(on: .document) }

  /// The heat map as a document, or as an element of a page, whose colours its texts then take.
  func svg(on ground: SVGGround) -> String { HeatMapDocument(self, ground).text }
}

private struct HeatMapDocument {
  private let map: HeatMap
  private let ground: SVGGround
  private(set) var text = ""
  private let labelWidth: Double
  private let headHeight: Double
  private let top: Double
  private let cellWidth = 56.0
  private let cellHeight = 22.0
  private let groupHeight = 24.0
  private let longestLabel = 46.0

  init(_ map: HeatMap, _ ground: SVGGround) {
    self.map = map
    self.ground = ground
    let longest = longestLabel
    func width(_ name: String) -> Double {
      min(SVGText.width(SVGText.shortened(name, to: longest)), longest) * 12
    }
    labelWidth = max(60, map.rows.map(width).max() ?? 0, map.groups.map(width).max() ?? 0) + 24
    // Names of columns are turned by 45 degrees.
    headHeight = max(20, (map.columns + ["mean"]).map { width($0) * 0.71 }.max() ?? 0) + 16
    top = 44 + headHeight
    draw()
  }

  private func escaped(_ text: String) -> String { SVGText.escaped(text) }
  private func number(_ value: Double) -> String { SVGText.number(value) }

  private mutating func draw() {
    let groupCount = map.groups.indices.count { startsGroup($0) }
    let right = labelWidth + cellWidth * Double(map.columns.count + 1) + 8
    let bottom = top + cellHeight * Double(map.rows.count + 1) + groupHeight * Double(groupCount) + 8
    let width = max(right + headHeight, SVGText.width(map.title) * 15 + 32, 320).rounded(.up)
    let height = (bottom + 60).rounded(.up)
    let count = map.values.joined().count { $0 == nil }
    text =
      ground.start(width, height) + """
        <title>\(escaped(map.title))</title>
        <desc>\(map.rows.count) rows by \(map.columns.count) columns, \(count) cells missing; \(escaped(map.legend)).</desc>

        """
    // An id may stand once in a page: there, missing cells are empty.
    if ground == .document {
      text += """
        <defs><pattern id="missing" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">\
        <rect width="6" height="6" fill="#FFFFFF"/><path d="M0 0V6" stroke="#9A9A9A" stroke-width="2"/></pattern></defs>

        """
    }
    text +=
      ground.background(width, height)
      + "<text x=\"16\" y=\"26\" font-size=\"15\" font-weight=\"600\">\(escaped(map.title))</text>\n"
    for (column, name) in (map.columns + ["mean"]).enumerated() { drawHead(name, column) }
    var y = top
    for row in map.rows.indices {
      if startsGroup(row) {
        text += """
          <text x="16" y="\(number(y + 17))" font-weight="600">\
          \(escaped(SVGText.shortened(map.groups[row], to: longestLabel)))</text>

          """
        y += groupHeight
      }
      drawRow(map.rows[row], map.values[row], mean: map.rowMeans[row], y)
      y += cellHeight
    }
    y += 8
    drawRow("mean", map.columnMeans, mean: map.mean, y)
    drawLegend(y + cellHeight + 14)
    text += "</svg>\n"
  }

  private func startsGroup(_ row: Int) -> Bool {
    !map.groups[row].isEmpty && (row == 0 || map.groups[row] != map.groups[row - 1])
  }

  private func x(_ column: Int) -> Double {
    labelWidth + cellWidth * Double(column) + (column == map.columns.count ? 8 : 0)
  }

  private mutating func drawHead(_ name: String, _ column: Int) {
    let place = "\(number(x(column) + cellWidth / 2)) \(number(top - 8))"
    text += """
      <text transform="translate(\(place)) rotate(-45)">\(escaped(SVGText.shortened(name, to: longestLabel)))</text>

      """
  }

  private mutating func drawRow(_ name: String, _ values: [Double?], mean: Double?, _ y: Double) {
    text += """
      <text x="\(number(labelWidth - 8))" y="\(number(y + 15))" text-anchor="end">\
      \(escaped(SVGText.shortened(name, to: longestLabel)))</text>

      """
    for (column, value) in (values + [mean]).enumerated() {
      let columnName = column < map.columns.count ? map.columns[column] : "mean"
      drawCell(value, title: "\(name), \(columnName)", x(column), y)
    }
  }

  private mutating func drawCell(_ value: Double?, title: String, _ x: Double, _ y: Double) {
    let color = value.map { HeatMap.color(map.place($0)) }
    let fill = color.map { "rgb(\($0.red),\($0.green),\($0.blue))" } ?? missing
    let ink = color.map { HeatMap.needsWhite($0) ? "#FFFFFF" : "#222222" } ?? ground.ink
    let shown = value.map { map.text($0) + map.mark($0) } ?? "—"
    let full = value.map { Cell.double($0).text } ?? "missing"
    text += """
      <g><title>\(escaped("\(title): \(full)"))</title>\
      <rect x="\(number(x))" y="\(number(y))" width="\(number(cellWidth))" height="\(number(cellHeight))" \
      fill="\(fill)" stroke="\(ground.paper)"/>

      """
    if value == nil, ground == .document {
      // A dash on hatching needs a ground to be read.
      text += """
        <rect x="\(number(x + 18))" y="\(number(y + 4))" width="20" height="14" fill="#FFFFFF"/>

        """
    }
    text += """
      <text x="\(number(x + cellWidth / 2))" y="\(number(y + 15))" text-anchor="middle" fill="\(ink)">\(shown)</text></g>

      """
  }

  private var missing: String { ground == .document ? "url(#missing)" : "none" }

  private mutating func drawLegend(_ y: Double) {
    var x = 16.0
    let places: [Double] =
      if case .sequential = map.scale { stride(from: 0, through: 1, by: 0.125).map { $0 } } else {
        stride(from: -1, through: 1, by: 0.25).map { $0 }
      }
    for place in places {
      let color = HeatMap.color(place)
      text += """
        <rect x="\(number(x))" y="\(number(y))" width="18" height="12" fill="rgb(\(color.red),\(color.green),\(color.blue))"/>

        """
      x += 18
    }
    text += "<text x=\"\(number(x + 10))\" y=\"\(number(y + 11))\">\(escaped(map.legend))</text>\n"
    guard map.hasMissing else { return }
    text += """
      <rect x="16" y="\(number(y + 18))" width="18" height="12" fill="\(missing)" stroke="\(ground.line)"/>
      <text x="44" y="\(number(y + 29))">missing</text>

      """
  }
}
