/// A table drawn with box characters, its header in heavy lines.
///
/// Numbers have three decimals and stand right. Where a table is too wide, titles are broken into lines after `_` and
/// `.`, and texts are shortened in the middle, or broken into lines where key columns would no longer tell the rows
/// apart; when that is not enough, the columns go into several tables one under the other, each with the key columns in
/// front.
package struct TerminalTable: Sendable {
  private struct Column {
    let cells: [String]
    let isNumeric: Bool
    /// The width of the widest cell, and with the title in one line.
    let content: Int
    let natural: Int
    /// The least width: numbers, short texts and the parts of titles stay whole.
    var least: Int
    let titleParts: [String]
  }

  private let columns: [Column]
  private let keyCount: Int
  private let rowCount: Int

  /// Wider texts are shortened even where there is room.
  private static let widest = 120
  private static let leastText = 12
  private static let longestTitlePart = 16
  /// Columns are not widened beyond this, and not where there are more texts, so that the texts in them differ.
  private static let widestLeast = 32
  private static let mostTexts = 200

  /// A drawing of a table.
  /// - Parameter keyCount: how many of the first columns tell the rows apart.
  package init(_ table: Table, keyCount: Int = 1) {
    self.keyCount = keyCount
    rowCount = table.rowCount
    var cells = table.columnNames.map { _ in [String]() }
    var isNumeric = table.columnNames.map { _ in true }
    table.forEachRow { row in
      for column in cells.indices {
        let cell = row[column]
        switch cell {
        case .string, .json, .bool: isNumeric[column] = false
        default: break
        }
        cells[column].append(Self.text(cell))
      }
    }
    columns = table.columnNames.enumerated().map { number, name in
      let title = printable(name)
      let parts = Self.parts(of: title)
      let cellWidth = min(cells[number].reduce(0) { max($0, displayWidth($1)) }, Self.widest)
      let partWidth = min(parts.reduce(0) { max($0, displayWidth($1)) }, Self.longestTitlePart)
      return Column(
        cells: cells[number], isNumeric: isNumeric[number],
        content: cellWidth, natural: max(cellWidth, min(displayWidth(title), Self.widest)),
        least: max(isNumeric[number] ? cellWidth : min(cellWidth, Self.leastText), partWidth),
        titleParts: parts)
    }
  }

  /// A title cut after each `_` and `.`.
  private static func parts(of title: String) -> [String] {
    var parts = [""]
    for character in title {
      parts[parts.count - 1].append(character)
      if character == "_" || character == "." { parts.append("") }
    }
    return parts.filter { !$0.isEmpty }
  }

  /// A title in lines of at most `width` columns, parts that are wider left as they are.
  private static func titleLines(_ column: Column, _ width: Int) -> [String] {
    var lines: [String] = []
    for part in column.titleParts {
      if let last = lines.last, displayWidth(last) + displayWidth(part) <= width {
        lines[lines.count - 1] = last + part
      } else {
        lines.append(part)
      }
    }
    return lines
  }

  /// A cell as it is shown: doubles to three decimals, nothing as a dash.
  static func text(_ cell: Cell) -> String {
    switch cell {
    case .null: "—"
    case .double(let value): roundedText(value)
    default: printable(cell.text)
    }
  }

  /// Three decimals, rounded as numpy rounds: times 1000, half to even. A number that would look like 0 has two digits
  /// instead: `0.00046`, `1.2e-05`.
  static func roundedText(_ value: Double) -> String {
    let scaled = (value * 1000).rounded(.toNearestOrEven)
    guard scaled.isFinite, abs(scaled) < 1e15 else { return Cell.double(value).text }
    if scaled == 0, value != 0 { return (value < 0 ? "-" : "") + smallText(abs(value)) }
    let whole = Int64(abs(scaled))
    let decimals = String(whole % 1000 + 1000).dropFirst()
    return (scaled < 0 ? "-" : "") + "\(whole / 1000).\(decimals)"
  }

  /// A number from 0 to 0.0005 in two digits.
  private static func smallText(_ value: Double) -> String {
    let parts = value.description.split(separator: "e")
    let digits = parts[0].filter { $0 != "." }
    let leading = digits.prefix { $0 == "0" }.count
    let point = parts[0].prefix { $0 != "." }.count
    var exponent = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) + point - 1 - leading
    let three = Int((digits.dropFirst(leading) + "00").prefix(3)) ?? 0
    var two = (three + 5) / 10
    if two == 100 { (two, exponent) = (10, exponent + 1) }
    let shown = two % 10 == 0 ? "\(two / 10)" : "\(two)"
    if exponent >= -4 { return "0." + String(repeating: "0", count: -exponent - 1) + shown }
    let mantissa = shown.count == 1 ? shown : "\(two / 10).\(two % 10)"
    return mantissa + "e-" + (exponent > -10 ? "0" : "") + "\(-exponent)"
  }

  /// The lines of a cell that is too wide for its column and must not be shortened: broken behind punctuation where
  /// that is possible, about ten at most.
  private static func lines(of text: String, _ width: Int) -> [String] {
    var lines = [""]
    var used = 0
    var piece = ""
    func add(_ text: String) {
      let size = displayWidth(text)
      if used + size > width, used > 0 {
        lines.append("")
        used = 0
      }
      lines[lines.count - 1] += text
      used += size
    }
    for character in shortened(text, to: 10 * (width - width / 4)) {
      if displayWidth(piece) + characterWidth(character) > width {
        add(piece)
        piece = ""
      }
      piece.append(character)
      if ":,=/_- ".contains(character) {
        add(piece)
        piece = ""
      }
    }
    add(piece)
    return lines
  }

  /// Draws the table.
  /// - Parameters:
  ///   - width: how many columns there are; nil for no limit.
  ///   - isColored: whether to use the terminal's colours.
  package func drawn(width: Int? = nil, isColored: Bool = false) -> String {
    guard !columns.isEmpty else { return "" }
    return blocks(width).map { draw($0, isColored) }.joined(separator: "\n")
  }

  /// The columns of each of the tables, with their widths.
  private func blocks(_ limit: Int?) -> [[(column: Column, width: Int)]] {
    guard let limit else { return [columns.map { ($0, $0.natural) }] }
    func total(_ widths: some Sequence<Int>) -> Int { widths.reduce(1) { $0 + $1 + 3 } }
    // What tells the rows apart gets up to a quarter of the line.
    let columns = columns.map { column in
      var wider = column
      wider.least = max(column.least, Self.distinctWidth(column))
      return wider
    }
    let keys = columns.prefix(keyCount).map { column in
      var key = column
      key.least = max(column.least, min(column.content, limit / 4))
      return key
    }
    var blocks: [[Column]] = []
    var current = keys
    for column in columns.dropFirst(keyCount) {
      if current.count > keys.count, total((current + [column]).map(\.least)) > limit {
        blocks.append(current)
        current = keys
      }
      current.append(column)
    }
    blocks.append(current)
    return blocks.map { block in
      var widths = block.map(\.least)
      func widen(_ columns: Range<Int>, _ target: (Column) -> Int) {
        while total(widths) < limit,
          let narrowest = columns.filter({ widths[$0] < target(block[$0]) })
            .min(by: { widths[$0] < widths[$1] })
        {
          widths[narrowest] += 1
        }
      }
      widen(0..<keys.count, \.content)
      widen(0..<block.count, \.content)
      widen(0..<block.count, \.natural)
      while total(widths) > limit, let widest = block.indices.max(by: { widths[$0] < widths[$1] }),
        widths[widest] > 4
      {
        widths[widest] -= 1
      }
      return Array(zip(block, widths))
    }
  }

  /// The width from which on the different texts of a column stay different when they are shortened; 0 where up to
  /// `widestLeast` there is none.
  private static func distinctWidth(_ column: Column) -> Int {
    guard !column.isNumeric, column.content > column.least else { return 0 }
    let texts = Set(column.cells)
    guard texts.count <= mostTexts else { return 0 }
    return (column.least...max(column.least, widestLeast)).first { width in
      width >= column.content || Set(texts.map { shortened($0, to: width) }).count == texts.count
    } ?? 0
  }

  /// Whether some different texts of a column are the same when they are shortened.
  private static func areAlikeWhenShortened(_ column: Column, _ width: Int) -> Bool {
    if column.content <= width || width < 4 { return false }
    let texts = Set(column.cells)
    return Set(texts.map { shortened($0, to: width) }).count < texts.count
  }

  private func draw(_ block: [(column: Column, width: Int)], _ isColored: Bool) -> String {
    func rule(_ left: String, _ line: String, _ joint: String, _ right: String) -> String {
      left + block.map { String(repeating: line, count: $0.width + 2) }.joined(separator: joint) + right
        + "\n"
    }
    func padded(_ text: String, _ part: (column: Column, width: Int)) -> String {
      let text = shortened(text, to: part.width)
      let space = String(repeating: " ", count: part.width - displayWidth(text))
      return part.column.isNumeric ? space + text : text + space
    }
    func styled(_ text: String, _ code: String?) -> String {
      guard isColored, let code else { return text }
      return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
    var out = rule("┏", "━", "┳", "┓")
    let titles = block.map { Self.titleLines($0.column, $0.width) }
    for line in 0..<(titles.map(\.count).max() ?? 0) {
      let cells = zip(block, titles).map { part, lines in
        " " + styled(padded(line < lines.count ? lines[line] : "", part), "1") + " "
      }
      out += "┃" + cells.joined(separator: "┃") + "┃\n"
    }
    out += rule("┡", "━", "╇", "┩")
    let isBroken = block.enumerated().map { $0 < keyCount && Self.areAlikeWhenShortened($1.column, $1.width) }
    for row in 0..<rowCount {
      let cells = zip(block, isBroken).map { part, isBroken in
        let text = part.column.cells[row]
        return isBroken && displayWidth(text) > part.width ? Self.lines(of: text, part.width) : [text]
      }
      for line in 0..<(cells.map(\.count).max() ?? 0) {
        let texts = zip(block, cells).map { part, lines in
          " " + styled(padded(line < lines.count ? lines[line] : "", part), Self.colors[lines[0]]) + " "
        }
        out += "│" + texts.joined(separator: "│") + "│\n"
      }
    }
    return out + rule("└", "─", "┴", "┘")
  }

  /// The colours of the words that rows are told apart by.
  private static let colors = ["predicted": "36", "actual": "32", "complete": "32"]
}

extension Table: CustomStringConvertible {
  /// The table drawn with box characters, as wide as it is.
  public var description: String { TerminalTable(self).drawn() }
}
