/// A point of a plot in the units of a drawing, y downwards, with the ends of its interval.
struct DrawnPoint: Equatable {
  var x: Double
  var y: Double
  var bounds: (low: Double, high: Double)?
  var label: String?
  var isHollow = false

  static func == (a: Self, b: Self) -> Bool {
    a.x == b.x && a.y == b.y && a.bounds?.low == b.bounds?.low && a.bounds?.high == b.bounds?.high
      && a.label == b.label && a.isHollow == b.isHollow
  }
}

/// Leaves out points that a drawing would not show anyway, where there are more than `limit`: first those within the
/// same unit, then within two, four and so on until no more than `limit` are left, or one for each series.
///
/// Of points, the first of each square is kept. Of the stretch of a line within one column, the first, the highest, the
/// lowest and the last are kept, each with the widest bounds of the stretch.
func thinned(_ series: [(points: [DrawnPoint], style: Plot.Style)], to limit: Int, extent: Double)
  -> [[DrawnPoint]]
{
  var kept = series.map(\.points)
  var grain = 1.0
  while kept.reduce(0, { $0 + $1.count }) > limit, grain < extent * 2 {
    kept = series.map {
      $0.style == .line ? thinnedLine($0.points, grain) : thinnedPoints($0.points, grain)
    }
    grain *= 2
  }
  return kept
}

private func thinnedPoints(_ points: [DrawnPoint], _ grain: Double) -> [DrawnPoint] {
  var taken: Set<[Int]> = []
  return points.filter { taken.insert([Int($0.x / grain), Int($0.y / grain)]).inserted }
}

private func thinnedLine(_ points: [DrawnPoint], _ grain: Double) -> [DrawnPoint] {
  var kept: [DrawnPoint] = []
  var start = 0
  while start < points.count {
    let column = Int(points[start].x / grain)
    let end = points[start...].firstIndex { Int($0.x / grain) != column } ?? points.count
    let stretch = start..<end
    start = end
    let bounds = points[stretch].compactMap(\.bounds)
    let widest = bounds.first.map { first in
      bounds.reduce(first) { (min($0.low, $1.low), max($0.high, $1.high)) }
    }
    let extremes = [
      stretch.lowerBound, stretch.min { points[$0].y < points[$1].y },
      stretch.max { points[$0].y < points[$1].y }, stretch.upperBound - 1,
    ]
    for index in Set(extremes.compactMap { $0 }).sorted() {
      kept.append(DrawnPoint(x: points[index].x, y: points[index].y, bounds: widest))
    }
  }
  return kept
}
