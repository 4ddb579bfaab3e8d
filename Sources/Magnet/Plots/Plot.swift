/// A plot of series of points, drawn for terminals (`drawn`) or as an SVG document (`svg`).
///
/// A learning curve is lines over a logarithmic x axis, their bounds a band; predicted against actual values are
/// points in a square plot. Points without a place on the axes are left out, and the drawing says how many: those with
/// a NaN, an infinity or a number beyond ±1e300, and on a logarithmic axis those that are not above zero.
package struct Plot: Sendable, Hashable {
  /// How an axis is divided.
  package enum Scale: Sendable, Hashable {
    case linear, log
  }

  /// How a series is drawn: its points joined in the order of x, or each for itself.
  package enum Style: Sendable, Hashable {
    case line, points
  }

  /// A value and, where they are known, the ends of its interval: y values, not distances. An end that is nil lies at
  /// the value itself.
  package struct Point: Sendable, Hashable {
    package var x: Double
    package var y: Double
    package var lower: Double?
    package var upper: Double?
    /// What it is of, shown by SVG where the pointer is on it; none when nil.
    package var label: String?
    /// Whether SVG draws its mark hollow: something is missing from it.
    package var isHollow: Bool

    package init(
      x: Double, y: Double, lower: Double? = nil, upper: Double? = nil, label: String? = nil,
      isHollow: Bool = false
    ) {
      self.x = x
      self.y = y
      self.lower = lower
      self.upper = upper
      self.label = label
      self.isHollow = isHollow
    }
  }

  /// Points that belong together under a name.
  package struct Series: Sendable, Hashable {
    package var name: String
    package var points: [Point]
    package var style: Style
    /// Whether it is what the others are compared with: drawn in grey, its lines dashed.
    package var isBaseline: Bool

    package init(name: String, points: [Point], style: Style = .line, isBaseline: Bool = false) {
      self.name = name
      self.points = points
      self.style = style
      self.isBaseline = isBaseline
    }
  }

  /// The place of a series among those that have a colour of their own; nil for a baseline.
  func colorNumber(_ number: Int) -> Int? {
    series[number].isBaseline ? nil : series[..<number].count { !$0.isBaseline }
  }

  package var title: String
  package var xLabel: String
  package var yLabel: String
  package var xScale: Scale
  package var yScale: Scale
  /// Drawn in their order, the last on top.
  package var series: [Series]
  /// Whether both axes are the same, of scale `xScale`, with the diagonal y = x drawn.
  package var isSquare: Bool

  /// A plot. Texts may be empty; they take no room then.
  package init(
    title: String, xLabel: String, yLabel: String, xScale: Scale = .linear, yScale: Scale = .linear,
    series: [Series], isSquare: Bool = false
  ) {
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.xScale = xScale
    self.yScale = yScale
    self.series = series
    self.isSquare = isSquare
  }
}

/// The points of a plot that have a place on its axes, those of lines in the order of x.
struct PlacedPoints {
  let series: [[Plot.Point]]
  let leftOut: Int
  private let scales: (x: Plot.Scale, y: Plot.Scale)
  private let isSquare: Bool

  init(_ plot: Plot) {
    let scales = (x: plot.xScale, y: plot.isSquare ? plot.xScale : plot.yScale)
    series = plot.series.map { series in
      let points = series.points.compactMap { point -> Plot.Point? in
        guard let x = scales.x.value(point.x), let y = scales.y.value(point.y) else { return nil }
        return Plot.Point(
          x: x, y: y, lower: point.lower?.plottable, upper: point.upper?.plottable, label: point.label,
          isHollow: point.isHollow)
      }
      guard series.style == .line else { return points }
      // The sort is stable.
      return points.sorted { $0.x < $1.x }
    }
    leftOut = plot.series.reduce(0) { $0 + $1.points.count } - series.reduce(0) { $0 + $1.count }
    self.scales = scales
    isSquare = plot.isSquare
  }

  var isEmpty: Bool { series.allSatisfy(\.isEmpty) }
  var count: Int { series.reduce(0) { $0 + $1.count } }

  /// What is to be said about points left out; nil where there are none.
  var note: String? {
    switch leftOut {
    case 0: nil
    case 1: "1 point has no place on the axes and is left out"
    default: "\(leftOut) points have no place on the axes and are left out"
    }
  }

  /// The axes, with about so many ticks each; nil where there are no points.
  func axes(xTicks: Int, yTicks: Int) -> (x: PlotAxis, y: PlotAxis)? {
    guard !isEmpty else { return nil }
    let xs = series.flatMap { $0.map(\.x) }
    let ys = series.flatMap { points in
      points.flatMap { [$0.y, $0.lower, $0.upper] }.compactMap { $0.flatMap(scales.y.value) }
    }
    if isSquare {
      let axis = PlotAxis(xs + ys, scales.x, tickCount: min(xTicks, yTicks))
      return (axis, axis)
    }
    return (
      PlotAxis(xs, scales.x, tickCount: xTicks, ticksAtFewValues: true),
      PlotAxis(ys, scales.y, tickCount: yTicks)
    )
  }
}

extension Plot.Scale {
  /// The value, if it has a place on such an axis.
  func value(_ value: Double) -> Double? {
    value.plottable.flatMap { self == .log && $0 <= 0 ? nil : $0 }
  }
}

extension Double {
  /// The number where arithmetic on differences of such numbers neither overflows nor loses everything.
  fileprivate var plottable: Double? {
    guard isFinite, magnitude <= 1e300 else { return nil }
    return magnitude < 1e-300 ? 0 : self
  }
}
