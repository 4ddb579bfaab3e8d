extension Plot {
  /// The plot as an SVG 1.1 document that needs no other file, on white, in colours that colour-blind people can tell
  /// apart (Okabe and Ito) and with a mark for each series.
  ///
  /// Where all series are lines, their names stand at the lines' ends, else in a legend to the right. Bounds of lines are
  /// bands, those of points bars. With more than 20,000 points, those that fall together are drawn once, lines keep
  /// their extremes, and `<desc>` says how many are drawn; the document stays below 2 MB for up to 1000 series.
  /// The same plot gives the same bytes.
  /// - Parameters:
  ///   - width: in pixels, from 200 to 4000; what is beyond is taken for these. A square plot takes no more than it
  ///     needs.
  ///   - height: likewise, from 150.
  package func svg(width: Int = 720, height: Int = 480) -> String {
    svg(on: .document, width: width, height: height)
  }

  /// The plot as a document, or as an element of a page, whose colours it then takes.
  func svg(on ground: SVGGround, width: Int = 720, height: Int = 480) -> String {
    var drawing = SVGPlot(
      self, ground, Double(min(max(width, 200), 4000)), Double(min(max(height, 150), 4000)))
    return drawing.document()
  }
}

/// A plot as it becomes an SVG document.
struct SVGPlot {
  let plot: Plot
  let ground: SVGGround
  let placed: PlacedPoints
  private let axes: (x: PlotAxis, y: PlotAxis)?
  var width: Double
  private let height: Double
  private let names: [String]
  var left = 0.0
  var top = 0.0
  var right = 0.0
  var bottom = 0.0
  var out = ""

  static let fontSize = 12.0
  static let lineHeight = 17.0
  private static let mostPoints = 20_000

  init(_ plot: Plot, _ ground: SVGGround, _ width: Double, _ height: Double) {
    self.plot = plot
    self.ground = ground
    self.width = width
    self.height = height
    placed = PlacedPoints(plot)
    axes = placed.axes(xTicks: max(2, Int(width / 90)), yTicks: max(2, Int(height / 70)))
    let limit = width * 0.34 / Self.fontSize
    names = plot.series.map { SVGText.shortened($0.name, to: limit) }
    measure()
  }

  /// The edges of the plot itself, from the texts around it.
  private mutating func measure() {
    let labels = axes?.y.ticks.map { SVGText.width($0.text) * Self.fontSize } ?? []
    left = 16 + (labels.max() ?? 0) + (plot.yLabel.isEmpty ? 0 : 22)
    top = plot.title.isEmpty ? 16 : 44
    bottom = height - 30 - (plot.xLabel.isEmpty ? 0 : 22) - (placed.note == nil ? 0 : 16)
    var legend = entries.map(\.name)
    if plot.isSquare { legend.append("y = x") }
    if legend.count > 8 { legend.append("and 1000 more") }
    let margin = legend.map { SVGText.width($0) * Self.fontSize + 48 }.max() ?? 20
    right = width - margin
    guard plot.isSquare else { return }
    let side = max(10, min(right - left, bottom - top))
    right = left + side
    bottom = top + side
    let title = left + SVGText.width(printable(plot.title)) * 15 + 20
    width = min(width, max(right + margin, title).rounded(.up))
  }

  /// The series that are named, with their numbers.
  var entries: [(number: Int, name: String)] {
    names.enumerated().filter { plot.series.count > 1 || !$1.isEmpty }.map { ($0, $1) }
  }

  mutating func document() -> String {
    out = ground.start(width, height) + "<title>\(SVGText.escaped(plot.title))</title>\n"
    let drawn = drawnPoints()
    out += "<desc>\(SVGText.escaped(description(drawn)))</desc>\n"
    out += ground.background(width, height)
    drawAxes()
    for (number, points) in drawn.enumerated() where !points.isEmpty { drawBounds(points, number) }
    for (number, points) in drawn.enumerated() where !points.isEmpty { drawSeries(points, number) }
    if plot.series.allSatisfy({ $0.style == .line }), !placed.isEmpty {
      drawNamesAtEnds(drawn)
    } else {
      drawLegend()
    }
    out += "</svg>\n"
    return out
  }

  /// What the document's `<desc>` says, for those who do not see it.
  private func description(_ drawn: [[DrawnPoint]]) -> String {
    let counts = zip(plot.series, placed.series).prefix(20).map { "\($0.name) (\($1.count) points)" }
    let more = plot.series.count > 20 ? ", and \(plot.series.count - 20) more series" : ""
    var sentences = ["\(plot.yLabel) by \(plot.xLabel): \(counts.joined(separator: ", "))\(more)."]
    if let note = placed.note { sentences.append(note + ".") }
    let count = drawn.reduce(0) { $0 + $1.count }
    if count < placed.count { sentences.append("Of \(placed.count) points, \(count) are drawn.") }
    return sentences.joined(separator: " ")
  }

  private func drawnPoints() -> [[DrawnPoint]] {
    guard let axes else { return placed.series.map { _ in [] } }
    func x(_ value: Double) -> Double { left + axes.x.position(value) * (right - left) }
    func y(_ value: Double) -> Double { bottom - axes.y.position(value) * (bottom - top) }
    let series = zip(plot.series, placed.series).map { series, points in
      let drawn = points.map { point in
        var drawn = DrawnPoint(x: x(point.x), y: y(point.y), label: point.label, isHollow: point.isHollow)
        if point.lower != nil || point.upper != nil {
          let ends = (y(point.upper ?? point.y), y(point.lower ?? point.y))
          drawn.bounds = (min(ends.0, ends.1), max(ends.0, ends.1))
        }
        return drawn
      }
      return (points: drawn, style: series.style)
    }
    return thinned(series, to: Self.mostPoints, extent: max(width, height))
  }

  // MARK: - Axes and texts

  private mutating func drawAxes() {
    let middle = (left + right) / 2
    drawText(plot.title, left, top - 20, anchor: "start", size: 15, weight: "600", room: width - left - 16)
    let rowRoom = min(middle, width - middle) * 2 - 16
    drawText(plot.xLabel, middle, bottom + 42, size: 13, room: rowRoom)
    if !plot.yLabel.isEmpty {
      let label = SVGText.shortened(plot.yLabel, to: (bottom - top + min(top, 30) * 2 - 16) / 13)
      let place = "\(SVGText.number(20)) \(SVGText.number((top + bottom) / 2))"
      out += """
        <text transform="translate(\(place)) rotate(-90)" font-size="13" text-anchor="middle">\
        \(SVGText.escaped(label))</text>

        """
    }
    if let note = placed.note {
      let y = bottom + (plot.xLabel.isEmpty ? 38 : 60)
      drawText(note, left, y, anchor: "start", size: 11, color: ground.soft, room: width - left - 8)
    }
    guard let axes else {
      drawText("no points", middle, (top + bottom) / 2, color: ground.soft, room: right - left)
      return drawFrame()
    }
    var grid = ""
    for tick in axes.x.ticks {
      grid += "M\(point(left + axes.x.position(tick.value) * (right - left), bottom))V\(SVGText.number(top))"
    }
    for tick in axes.y.ticks {
      grid +=
        "M\(point(left, bottom - axes.y.position(tick.value) * (bottom - top)))H\(SVGText.number(right))"
    }
    out += "<path d=\"\(grid)\" fill=\"none\" stroke=\"\(ground.line)\"/>\n"
    if plot.isSquare {
      out += """
        <path d="M\(point(left, bottom))L\(point(right, top))" fill="none" stroke="\(ground.soft)" stroke-dasharray="5 4"/>

        """
    }
    drawFrame()
    drawTickLabels(axes)
  }

  private mutating func drawFrame() {
    out += """
      <path d="M\(point(left, top))V\(SVGText.number(bottom))H\(SVGText.number(right))" fill="none" stroke="\(ground.soft)"/>

      """
  }

  private mutating func drawTickLabels(_ axes: (x: PlotAxis, y: PlotAxis)) {
    var end = -Double.infinity
    for tick in axes.x.ticks {
      let x = left + axes.x.position(tick.value) * (right - left)
      let half = SVGText.width(tick.text) * Self.fontSize / 2
      guard x - half > end else { continue }
      end = x + half + 6
      drawText(tick.text, x, bottom + 18, room: width)
    }
    end = .infinity
    for tick in axes.y.ticks {
      let y = bottom - axes.y.position(tick.value) * (bottom - top)
      guard y < end else { continue }
      end = y - Self.fontSize - 2
      drawText(tick.text, left - 8, y + 4, anchor: "end", room: width)
    }
  }

  /// Draws a text, shortened to the room it has.
  mutating func drawText(
    _ text: String, _ x: Double, _ y: Double, anchor: String = "middle", size: Double = fontSize,
    weight: String? = nil, color: String? = nil, room: Double
  ) {
    guard !text.isEmpty else { return }
    var attributes = "x=\"\(SVGText.number(x))\" y=\"\(SVGText.number(y))\""
    if anchor != "start" { attributes += " text-anchor=\"\(anchor)\"" }
    if size != Self.fontSize { attributes += " font-size=\"\(SVGText.number(size))\"" }
    if let weight { attributes += " font-weight=\"\(weight)\"" }
    if let color { attributes += " fill=\"\(color)\"" }
    let short = SVGText.shortened(text, to: room / size)
    out += "<text \(attributes)>\(SVGText.escaped(short))</text>\n"
  }

  // MARK: - Series

  func color(_ series: Int) -> String {
    plot.colorNumber(series).map(ground.color) ?? ground.baseline
  }

  /// How the line of a series is dashed: that of a baseline, and of those that have another's colour.
  func dashes(_ series: Int) -> String {
    guard let number = plot.colorNumber(series) else { return " stroke-dasharray=\"6 4\"" }
    return number < SVGGround.colors.count ? "" : " stroke-dasharray=\"2 3\""
  }

  func point(_ x: Double, _ y: Double) -> String { SVGText.number(x) + " " + SVGText.number(y) }

  private mutating func drawBounds(_ points: [DrawnPoint], _ number: Int) {
    var bars = ""
    var bands = ""
    // Neighbours with bounds make a band; a single one, and those of points, a bar.
    for stretch in points.split(whereSeparator: { $0.bounds == nil }) {
      let ends = stretch.compactMap { point in point.bounds.map { (x: point.x, bounds: $0) } }
      if plot.series[number].style == .line, stretch.count > 1 {
        let lower = ends.map { point($0.x, $0.bounds.low) }
        let upper = ends.reversed().map { point($0.x, $0.bounds.high) }
        bands += "M" + (lower + upper).joined(separator: "L") + "Z"
      } else {
        for bar in ends { bars += "M\(point(bar.x, bar.bounds.low))V\(SVGText.number(bar.bounds.high))" }
      }
    }
    if !bands.isEmpty {
      out +=
        "<path d=\"\(bands)\" fill=\"\(color(number))\" fill-opacity=\"\(plot.series.count > 8 ? "0.07" : "0.14")\"/>\n"
    }
    if !bars.isEmpty {
      out += "<path d=\"\(bars)\" fill=\"none\" stroke=\"\(color(number))\" stroke-opacity=\"0.45\"/>\n"
    }
  }

  private mutating func drawSeries(_ points: [DrawnPoint], _ number: Int) {
    let isLine = plot.series[number].style == .line
    if isLine, points.count > 1 {
      let line = points.map { point($0.x, $0.y) }.joined(separator: "L")
      out += """
        <path d="M\(line)" fill="none" stroke="\(color(number))" stroke-width="\(points.count > 500 ? "1.2" : "2")"\
        \(dashes(number)) stroke-linejoin="round"/>

        """
    }
    guard hasMarks(number) else { return }
    let gap = isLine ? (points.count + 23) / 24 : 1
    let count = isLine ? 1 : placed.count
    let radius = count > 2000 ? 1.5 : count > 300 ? 2.5 : 3.5
    let opacity = count > 2000 ? "0.4" : count > 300 ? "0.6" : isLine ? "1" : "0.8"
    out += "<g fill=\"\(color(number))\" fill-opacity=\"\(opacity)\""
    out += radius > 2 ? " stroke=\"\(ground.paper)\" stroke-width=\"0.75\">\n" : ">\n"
    for index in stride(from: 0, to: points.count, by: gap) {
      out += mark(number, points[index], radius) + "\n"
    }
    out += "</g>\n"
  }

  /// Whether a series has marks: not a line of so many points that marks would hide it.
  func hasMarks(_ series: Int) -> Bool {
    plot.series[series].style == .points || placed.series[series].count <= 200
  }

  /// The mark of a series: circle, square, triangle, diamond, triangle downwards.
  func mark(_ series: Int, _ x: Double, _ y: Double, _ radius: Double) -> String {
    let (name, attributes) = shape(series, x, y, radius)
    return "<\(name) \(attributes)/>"
  }

  /// The mark of a point, hollow where it is, with its name as a tooltip.
  private func mark(_ series: Int, _ point: DrawnPoint, _ radius: Double) -> String {
    var (name, attributes) = shape(series, point.x, point.y, radius)
    if point.isHollow {
      attributes +=
        " fill=\"\(ground.paper)\" fill-opacity=\"1\" stroke=\"\(color(series))\" stroke-width=\"1.5\""
    }
    guard let label = point.label else { return "<\(name) \(attributes)/>" }
    return "<\(name) \(attributes)><title>\(SVGText.escaped(label))</title></\(name)>"
  }

  /// The element that draws the mark of a series, and where and how large it is.
  private func shape(
    _ series: Int, _ x: Double, _ y: Double, _ radius: Double
  ) -> (name: String, attributes: String) {
    func number(_ factor: Double) -> String { SVGText.number(radius * factor) }
    let path: String
    switch series % 5 {
    case 1:
      path = "\(point(x - radius * 0.9, y - radius * 0.9))h\(number(1.8))v\(number(1.8))h\(number(-1.8))"
    case 2: path = "\(point(x, y - radius * 1.2))l\(number(1.2)) \(number(2.1))h\(number(-2.4))"
    case 3:
      path =
        "\(point(x, y - radius * 1.3))l\(number(1.3)) \(number(1.3))\(number(-1.3)) \(number(1.3))"
        + "\(number(-1.3)) \(number(-1.3))"
    case 4: path = "\(point(x, y + radius * 1.2))l\(number(1.2)) \(number(-2.1))h\(number(-2.4))"
    default:
      let center = "cx=\"\(SVGText.number(x))\" cy=\"\(SVGText.number(y))\""
      return ("circle", "\(center) r=\"\(SVGText.number(radius))\"")
    }
    return ("path", "d=\"M\(path)z\"")
  }
}
