/// The names of the series of an SVG document.
extension SVGPlot {
  /// Names of lines beside their ends, moved apart where they would overlap.
  mutating func drawNamesAtEnds(_ drawn: [[DrawnPoint]]) {
    let room = max(1, Int((bottom - top) / Self.lineHeight) + 1)
    var ends = entries.map { entry in (entry: entry, y: drawn[entry.number].last?.y ?? bottom) }
    let hidden = ends.count > room ? ends.count - room + 1 : 0
    ends.removeLast(hidden)
    ends.sort { $0.y < $1.y }
    let end = hidden > 0 ? bottom - Self.lineHeight : bottom
    let places = spread(ends.map(\.y), apart: Self.lineHeight, within: top...max(top, end))
    for (end, y) in zip(ends, places) {
      if let last = drawn[end.entry.number].last, right - last.x < (right - left) * 0.04 {
        out += """
          <path d="M\(point(last.x, last.y))L\(point(right + 12, y))" fill="none" stroke="\(color(end.entry.number))" \
          stroke-opacity="0.5"/>

          """
      }
      drawEntry(end.entry, y)
    }
    if hidden > 0 { drawMore(hidden, bottom) }
  }

  mutating func drawLegend() {
    let isSquare = plot.isSquare && !placed.isEmpty
    let room = max(1, Int((bottom - top) / Self.lineHeight) - (isSquare ? 1 : 0))
    let hidden = entries.count > room ? entries.count - room + 1 : 0
    var y = top + 8
    for entry in entries.dropLast(hidden) {
      drawEntry(entry, y)
      y += Self.lineHeight
    }
    if hidden > 0 {
      drawMore(hidden, y)
      y += Self.lineHeight
    }
    guard isSquare else { return }
    out += """
      <path d="M\(point(right + 12, y))h18" fill="none" stroke="\(ground.soft)" stroke-dasharray="5 4"/>

      """
    drawText("y = x", right + 36, y + 4, anchor: "start", room: width - right - 40)
  }

  private mutating func drawEntry(_ entry: (number: Int, name: String), _ y: Double) {
    let color = color(entry.number)
    if plot.series[entry.number].style == .line {
      out +=
        "<path d=\"M\(point(right + 12, y))h18\" fill=\"none\" stroke=\"\(color)\" stroke-width=\"2\""
        + dashes(entry.number) + "/>\n"
    }
    if hasMarks(entry.number) {
      out += "<g fill=\"\(color)\">\(mark(entry.number, right + 21, y, 3.5))</g>\n"
    }
    out += "<text x=\"\(SVGText.number(right + 36))\" y=\"\(SVGText.number(y + 4))\">"
    let name = plot.series[entry.number].name
    if entry.name != name { out += "<title>\(SVGText.escaped(name))</title>" }
    out += "\(SVGText.escaped(entry.name))</text>\n"
  }

  private mutating func drawMore(_ count: Int, _ y: Double) {
    drawText(
      "and \(count) more", right + 36, y + 4, anchor: "start", color: ground.soft, room: width - right - 40)
  }
}

/// The places nearest to the wished ones, which ascend, that are so far apart and within the range if it has room:
/// overlapping ones gather around the middle of what they wish.
func spread(_ wishes: [Double], apart gap: Double, within range: ClosedRange<Double>) -> [Double] {
  var clusters: [(start: Double, sum: Double, count: Int)] = []
  for wish in wishes {
    // A cluster's start is the mean of where its members would like it to be.
    clusters.append((wish, wish, 1))
    while clusters.count > 1 {
      let last = clusters[clusters.count - 1]
      let before = clusters[clusters.count - 2]
      guard before.start + Double(before.count) * gap > last.start else { break }
      clusters.removeLast()
      let count = before.count + last.count
      let sum = before.sum + last.sum - Double(before.count * last.count) * gap
      let start = min(max(sum / Double(count), range.lowerBound), range.upperBound - Double(count - 1) * gap)
      clusters[clusters.count - 1] = (start, sum, count)
    }
  }
  return clusters.flatMap { cluster in (0..<cluster.count).map { cluster.start + Double($0) * gap } }
}
