extension HeatMap {
  /// The heat map for a terminal: one line per row. In 256 colours, or in digits and signs alone.
  /// - Parameters:
  ///   - width: how many columns there are. Columns of cells that do not fit follow in further blocks.
  ///   - isColored: whether to use the terminal's colours.
  package func drawn(width: Int, isColored: Bool) -> String {
    HeatMapLines(self, max(24, min(width, 1000)), isColored).text
  }
}

private struct HeatMapLines {
  private let map: HeatMap
  private let isColored: Bool
  private let labelWidth: Int
  private(set) var text = ""
  private let cellWidth: Int

  init(_ map: HeatMap, _ width: Int, _ isColored: Bool) {
    self.map = map
    self.isColored = isColored
    let longest = (map.rows + map.groups + ["mean"]).map { displayWidth(printable($0)) }.max() ?? 4
    let cells = map.columns.count + 1
    // Cells are as wide as a number, or as the longest word of a column's name where there is room for all.
    let words = map.columns.flatMap { Self.words(printable($0)).map { displayWidth($0) } }
    cellWidth = max(7, min((words.max() ?? 0) + 1, (width - 1 - longest) / cells))
    // Names of rows give way to cells, but keep 16 columns.
    let room = width - 1 - cells * cellWidth
    labelWidth = min(longest, max(min(16, width / 2), room))
    let perBlock = max(1, (width - labelWidth - 1) / cellWidth)
    text = styled(shortened(printable(map.title), to: width), "1") + "\n"
    let all = Array(0...map.columns.count)
    for start in stride(from: 0, to: all.count, by: perBlock) {
      if start > 0 { text += "\n" }
      drawBlock(Array(all[start..<min(start + perBlock, all.count)]))
    }
    let missing = map.hasMissing ? "; — missing" : ""
    text += styled(shortened(map.legend + missing, to: width), "2") + "\n"
  }

  private mutating func drawBlock(_ columns: [Int]) {
    let names = map.columns + ["mean"]
    let heads = columns.map { lines(printable(names[$0])) }
    let height = heads.map(\.count).max() ?? 0
    for line in 0..<height {
      var out = String(repeating: " ", count: labelWidth + 1)
      for head in heads {
        let number = line - (height - head.count)
        out += padded((number >= 0 ? head[number] : "") + " ")
      }
      text += Self.trimmed(out) + "\n"
    }
    let rowMeans = map.rowMeans
    for row in map.rows.indices {
      if !map.groups[row].isEmpty, row == 0 || map.groups[row] != map.groups[row - 1] {
        text += styled(shortened(printable(map.groups[row]), to: labelWidth), "1") + "\n"
      }
      drawRow(map.rows[row], columns.map { $0 < map.columns.count ? map.values[row][$0] : rowMeans[row] })
    }
    let columnMeans = map.columnMeans + [map.mean]
    drawRow("mean", columns.map { columnMeans[$0] })
  }

  private mutating func drawRow(_ name: String, _ values: [Double?]) {
    let label = label(printable(name))
    var out = label + String(repeating: " ", count: labelWidth - displayWidth(label) + 1)
    for value in values { out += cell(value) }
    text += Self.trimmed(out) + "\n"
  }

  /// A name in the room for names; of `source → target`, both ends are shortened.
  private func label(_ name: String) -> String {
    guard displayWidth(name) > labelWidth else { return name }
    let parts = name.split(separator: " → ", maxSplits: 1).map(String.init)
    let room = labelWidth - 3
    guard parts.count == 2, room >= 8 else { return shortened(name, to: labelWidth) }
    let source = shortened(parts[0], to: max(room / 2, room - displayWidth(parts[1])))
    return source + " → " + shortened(parts[1], to: room - displayWidth(source))
  }

  private func cell(_ value: Double?) -> String {
    guard let value else { return padded("— ") }
    let shown = padded(map.text(value) + (map.mark(value).isEmpty ? " " : map.mark(value)))
    guard isColored else { return shown }
    let color = HeatMap.color(map.place(value))
    // The 6 × 6 × 6 cube of the 256 colours.
    func step(_ part: Int) -> Int { Int((Double(part) / 51).rounded()) }
    let code = 16 + 36 * step(color.red) + 6 * step(color.green) + step(color.blue)
    let ink = HeatMap.needsWhite(color) ? 231 : 16
    return "\u{1B}[48;5;\(code);38;5;\(ink)m\(shown)\u{1B}[0m"
  }

  /// The pieces of a name, each up to a `_`, a `-` or a blank.
  private static func words(_ name: String) -> [String] {
    var parts = [""]
    for character in name {
      parts[parts.count - 1].append(character)
      if "_- ".contains(character) { parts.append("") }
    }
    return parts.filter { !$0.isEmpty }
  }

  /// A name in lines as wide as a cell.
  private func lines(_ name: String) -> [String] {
    var lines: [String] = []
    for part in Self.words(name) {
      if let last = lines.last, displayWidth(last) + displayWidth(part) < cellWidth {
        lines[lines.count - 1] = last + part
      } else {
        // A break needs no `_` before it where that has no room.
        let isTooWide = displayWidth(part) == cellWidth && "_- ".contains(part.last ?? "x")
        lines.append(isTooWide ? String(part.dropLast()) : shortened(part, to: cellWidth - 1))
      }
    }
    return lines
  }

  private func padded(_ text: String) -> String {
    String(repeating: " ", count: max(0, cellWidth - displayWidth(text))) + text
  }

  private static func trimmed(_ line: String) -> String {
    var line = line
    while line.last == " " { line.removeLast() }
    return line
  }

  private func styled(_ text: String, _ code: String) -> String {
    isColored && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
