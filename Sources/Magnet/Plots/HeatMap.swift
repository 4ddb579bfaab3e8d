/// A table of numbers as coloured cells, drawn for terminals (`drawn`) or as an SVG document (`svg`).
///
/// Every cell carries its number to two decimals, so colour is never the only sign. A missing value is hatched, or a
/// dash. Each row and column ends in the mean of the values that are there.
///
///     let map = HeatMap(
///       title: "Differential elicitation", rows: ["a → b", "a → c"], columns: ["mms", "chance"],
///       values: [[0.23, 0], [-0.11, nil]], groups: ["context", "quality"], scale: .diverging(about: 0, limit: 0.5))
///     print(map.drawn(width: 80, isColored: false))
package struct HeatMap: Sendable, Hashable {
  /// How values become colours.
  package enum Scale: Sendable, Hashable {
    /// Orange below the middle and blue above it. The ends lie as far from the middle as the farthest value, but no
    /// farther than `limit`; values beyond the ends take their colours and are marked ↑ or ↓.
    case diverging(about: Double, limit: Double)
    /// White for 0 to blue for the largest value.
    case sequential
  }

  package var title: String
  /// The names of the rows.
  package var rows: [String]
  /// The names of the columns.
  package var columns: [String]
  /// One list per row, one value per column; nil for a missing one, as for NaN and the infinities.
  package var values: [[Double?]]
  /// The group of each row; rows of a group follow one another. Empty names make no headings.
  package var groups: [String]
  package var scale: Scale

  /// A heat map. Missing rows and cells of `values` and `groups` count as nil and "".
  package init(
    title: String, rows: [String], columns: [String], values: [[Double?]], groups: [String] = [],
    scale: Scale = .sequential
  ) {
    self.title = title
    self.rows = rows
    self.columns = columns
    self.values = rows.indices.map { row in
      columns.indices.map { column in
        guard row < values.count, column < values[row].count, let value = values[row][column], value.isFinite
        else {
          return nil
        }
        return value
      }
    }
    self.groups = rows.indices.map { $0 < groups.count ? groups[$0] : "" }
    self.scale = scale
  }

  /// The mean of each row's values.
  var rowMeans: [Double?] { values.map { $0.mean() } }

  /// The mean of each column's values.
  var columnMeans: [Double?] { columns.indices.map { column in values.map { $0[column] }.mean() } }

  /// The mean of all values.
  var mean: Double? { values.joined().mean() }

  /// The distance from the middle of the scale to its ends.
  var reach: Double {
    let all = values.joined().compactMap(\.self)
    switch scale {
    case .diverging(let middle, let limit):
      let farthest = all.map { abs($0 - middle) }.max() ?? 0
      return farthest > 0 ? min(farthest, limit) : limit
    case .sequential: return max(all.max() ?? 0, 1e-12)
    }
  }

  /// Where a value lies on the scale, from -1 to 1, or from 0 to 1 on a sequential one.
  func place(_ value: Double) -> Double {
    switch scale {
    case .diverging(let middle, _): max(-1, min(1, (value - middle) / reach))
    case .sequential: max(0, min(1, value / reach))
    }
  }

  /// `↑` or `↓` for a value beyond the ends of the scale.
  func mark(_ value: Double) -> String {
    guard case .diverging(let middle, _) = scale else { return "" }
    // Not for the rounding of the last digit.
    let beyond = abs(value - middle) - reach > 1e-9
    return beyond ? value > middle ? "↑" : "↓" : ""
  }

  /// A value to two decimals, with a sign where the scale has its middle at 0.
  func text(_ value: Double) -> String {
    let text = fixedText(value, 2)
    if text == "-0.00" { return "0.00" }
    if case .diverging(0, _) = scale, value > 0, text != "0.00" { return "+" + text }
    return text
  }

  /// The colour of a place on the scale: red, green and blue from 0 to 255.
  static func color(_ place: Double) -> (red: Int, green: Int, blue: Int) {
    // Okabe and Ito's blue and vermilion.
    let end = place >= 0 ? (0.0, 114.0, 178.0) : (213.0, 94.0, 0.0)
    let share = min(1, abs(place))
    func mixed(_ end: Double) -> Int { Int((255 + (end - 255) * share).rounded()) }
    return (mixed(end.0), mixed(end.1), mixed(end.2))
  }

  /// Whether a text on a colour must be white to be read: by its relative luminance (WCAG 2.1, simplified to weights).
  static func needsWhite(_ color: (red: Int, green: Int, blue: Int)) -> Bool {
    0.2126 * Double(color.red) + 0.7152 * Double(color.green) + 0.0722 * Double(color.blue) < 120
  }

  /// What the scale's ends mean.
  var legend: String {
    switch scale {
    case .diverging(let middle, _):
      let marked = values.joined().contains { $0.map { !mark($0).isEmpty } ?? false }
      return "scale \(text(middle - reach)) to \(text(middle + reach))" + (marked ? "; ↑ ↓ beyond it" : "")
    case .sequential: return "scale 0.00 to \(text(reach))"
    }
  }

  /// Whether a cell is missing.
  var hasMissing: Bool { values.joined().contains { $0 == nil } }
}
