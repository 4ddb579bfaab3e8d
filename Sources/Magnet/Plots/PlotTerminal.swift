extension Plot {
  /// The plot for a terminal: braille dots and marks in a frame of box characters, the legend below.
  ///
  /// Each series has a mark of its own, at its points where there is room for marks, and a colour if colours are
  /// used. `*` marks what points of several series share. Bounds are dotted bars.
  /// - Parameters:
  ///   - width: how many columns there are, from 1 to 1000. No line is wider.
  ///   - height: how many lines there are, with all texts, up to 1000. There may be more: the plot itself takes four at
  ///     least, and no name is left out.
  ///   - isColored: whether to use the terminal's colours.
  package func drawn(width: Int, height: Int, isColored: Bool) -> String {
    guard width > 0 else { return "" }
    return TerminalPlot(self, min(width, 1000), min(max(height, 0), 1000), isColored).text
  }
}

private struct TerminalPlot {
  private let plot: Plot
  private let points: PlacedPoints
  private let width: Int
  private let isColored: Bool
  private(set) var text = ""

  private static let marks = Array("●■▲◆○□△◇abcdefghijklmnopqrstuvwxyz")
  private static let colors = [
    "36", "33", "35", "32", "34", "31", "96", "93", "95", "92", "94", "91",
  ]
  private static let shared: Character = "*"
  private static let leastRows = 4

  init(_ plot: Plot, _ width: Int, _ height: Int, _ isColored: Bool) {
    self.plot = plot
    self.width = width
    self.isColored = isColored
    points = PlacedPoints(plot)
    let legend = legendLines()
    let note = points.note.map { [styled(shortened($0, to: width), "2")] } ?? []
    // The axis and its numbers take two lines more.
    let texts = [plot.title, plot.xLabel, plot.yLabel].count { !$0.isEmpty } + 2
    draw(rows: max(Self.leastRows, height - texts - legend.count - note.count))
    for line in legend + note { text += line + "\n" }
  }

  private mutating func draw(rows: Int) {
    var rows = rows
    // About twelve columns and three rows to a tick.
    let axes = points.axes(xTicks: max(2, width / 12), yTicks: max(3, min(rows / 3, 10)))
    let labelWidth = min(axes?.y.ticks.map { displayWidth($0.text) }.max() ?? 0, max(0, width / 3 - 2))
    // A column each for the space after the numbers and the axis.
    let margin = labelWidth > 0 ? labelWidth + 1 : 0
    var columns = max(0, width - margin - 1)
    if plot.isSquare {
      rows = max(Self.leastRows, min(rows, columns / 2))
      columns = min(columns, rows * 2)
    }
    appendText(plot.title, indent: 0, "1")
    appendText(plot.yLabel, indent: 0, "2")
    var canvas = BrailleCanvas(columns: columns, rows: rows)
    if let axes { drawSeries(axes, &canvas) } else { canvas.drawText("no points", row: rows / 2) }
    var labels: [Int: String] = [:]
    for (tick, position) in axes?.y.tickPositions ?? [] {
      labels[Self.dot(1 - position, canvas.height) / 4] = tick.text
    }
    for row in 0..<rows {
      let label = shortened(labels[row] ?? "", to: labelWidth)
      let space = String(repeating: " ", count: margin - displayWidth(label) - (margin > 0 ? 1 : 0))
      text += space + label + (margin > 0 ? " " : "") + (labels[row] == nil ? "│" : "┤")
      var runs = canvas.runs(row: row)
      if let last = runs.last, last.owner == .nobody {
        let end = last.text.lastIndex { $0 != " " }
        runs[runs.count - 1].text = end.map { String(last.text[...$0]) } ?? ""
      }
      for run in runs { text += styled(run.text, code(run.owner)) }
      text += "\n"
    }
    appendXAxis(axes?.x, margin, canvas)
  }

  private func drawSeries(_ axes: (x: PlotAxis, y: PlotAxis), _ canvas: inout BrailleCanvas) {
    let (dotsWide, dotsHigh) = (canvas.width, canvas.height)
    func place(_ x: Double, _ y: Double) -> (x: Int, y: Int) {
      (Self.dot(axes.x.position(x), dotsWide), Self.dot(1 - axes.y.position(y), dotsHigh))
    }
    if plot.isSquare {
      canvas.drawLine(from: (0, dotsHigh - 1), to: (dotsWide - 1, 0), every: 3, .guide)
    }
    // Marks tell more than dots where few of them fall together, and where there are no colours.
    let hasMarks = points.count <= canvas.columns * canvas.rows / 6
    let needsMarks = !isColored && points.series.count { !$0.isEmpty } > 1
    for (number, series) in points.series.enumerated() {
      for point in series where hasMarks && (point.lower ?? point.upper) != nil {
        canvas.drawLine(
          from: place(point.x, point.lower ?? point.y), to: place(point.x, point.upper ?? point.y), every: 2,
          .series(number))
      }
    }
    for (number, series) in points.series.enumerated() {
      let places = series.map { place($0.x, $0.y) }
      if plot.series[number].style == .line {
        for (start, end) in zip(places, places.dropFirst()) {
          canvas.drawLine(from: start, to: end, .series(number))
        }
      }
      for place in places { canvas.drawDot(x: place.x, y: place.y, .series(number)) }
    }
    for (number, series) in points.series.enumerated() {
      guard hasMarks || needsMarks && plot.series[number].style == .points else { continue }
      for point in series {
        let place = place(point.x, point.y)
        canvas.drawMark(
          Self.mark(number), x: place.x, y: place.y, .series(number), shared: Self.shared)
      }
    }
  }

  /// The axis under the plot, the numbers of its ticks as far as they have room, and its label.
  private mutating func appendXAxis(_ axis: PlotAxis?, _ margin: Int, _ canvas: BrailleCanvas) {
    let indent = String(repeating: " ", count: margin)
    var line = Array(repeating: "─", count: canvas.columns)
    var labels = ""
    var end = -1
    for (tick, position) in axis?.tickPositions ?? [] where canvas.columns > 0 {
      let column = Self.dot(position, canvas.width) / 2
      line[column] = "┬"
      let labelWidth = displayWidth(tick.text)
      let start = min(max(0, margin + 1 + column - labelWidth / 2), width - labelWidth)
      guard start > end else { continue }
      labels += String(repeating: " ", count: start - displayWidth(labels)) + tick.text
      end = start + labelWidth
    }
    text += indent + "└" + line.joined() + "\n" + (labels.isEmpty ? "" : labels + "\n")
    let label = shortened(printable(plot.xLabel), to: width)
    let middle = margin + 1 + (canvas.columns - displayWidth(label)) / 2
    appendText(label, indent: min(max(0, middle), width - displayWidth(label)), "2")
  }

  /// The names of the series with their marks, as many in a line as have room.
  private func legendLines() -> [String] {
    var entries: [(text: String, mark: Character, code: String?)] = []
    for (number, series) in plot.series.enumerated() where !series.name.isEmpty || plot.series.count > 1 {
      let count = points.series[number].isEmpty ? " (no points)" : ""
      entries.append((printable(series.name) + count, Self.mark(number), code(.series(number))))
    }
    if plot.isSquare, !points.isEmpty { entries.append(("y = x", "⡠", code(.guide))) }
    var lines: [String] = []
    var used = width
    for entry in entries {
      let name = shortened(entry.text, to: width - 2)
      let item = styled(String(entry.mark), entry.code) + (name.isEmpty ? "" : " " + name)
      let itemWidth = name.isEmpty ? 1 : displayWidth(name) + 2
      if used + 3 + itemWidth <= width {
        lines[lines.count - 1] += "   " + item
        used += 3 + itemWidth
      } else {
        lines.append(item)
        used = itemWidth
      }
    }
    return lines
  }

  private mutating func appendText(_ text: String, indent: Int, _ code: String) {
    guard !text.isEmpty else { return }
    self.text +=
      String(repeating: " ", count: indent) + styled(shortened(printable(text), to: width), code) + "\n"
  }

  private func styled(_ text: String, _ code: String?) -> String {
    guard isColored, let code, text.contains(where: { $0 != " " }) else { return text }
    return "\u{1B}[\(code)m\(text)\u{1B}[0m"
  }

  private static func mark(_ series: Int) -> Character { marks[series % marks.count] }

  private func code(_ owner: BrailleCanvas.Owner) -> String? {
    switch owner {
    case .nobody, .several: nil
    case .guide: "2"
    case .series(let number):
      plot.colorNumber(number).map { Self.colors[$0 % Self.colors.count] } ?? "2"
    }
  }

  /// The dot nearest to a position between 0 and 1 among `count`.
  private static func dot(_ position: Double, _ count: Int) -> Int {
    Int((position * Double(max(0, count - 1))).rounded())
  }
}
