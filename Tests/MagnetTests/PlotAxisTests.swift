import Testing

@testable import Magnet

/// Axes, thinning and canvases of plots: what must hold for any values.
@Suite struct PlotAxisTests {
  /// Values of a size drawn at random, some negative, some far from zero and near one another.
  static func values(_ random: inout PythonRandom) -> [Double] {
    let size = Double(sign: .plus, exponent: random.below(60) - 30, significand: 1 + random.random())
    let offset = random.choice([0, 0, size * 3, -size * 0.5, size * 1000, -size * 40])
    return (0..<1 + random.below(12)).map { _ in offset + (random.random() - 0.3) * size }
  }

  @Test(arguments: 1...5) func linearAxesHoldTheirValues(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    for _ in 0..<300 {
      let (values, count) = (Self.values(&random), 2 + random.below(12))
      let axis = PlotAxis(values, .linear, tickCount: count)
      let places = values.map(axis.position)
      #expect(places.allSatisfy { 0...1 ~= $0 }, "\(values)")
      // In the order of the values, and as far apart as they are.
      for (a, b) in zip(values.sorted(), places.sorted()) { #expect(abs(axis.position(a) - b) < 1e-12) }
      if let least = values.min(), let most = values.max(), most > least {
        let middle = axis.position((least + most) / 2)
        #expect(abs(middle - (axis.position(least) + axis.position(most)) / 2) < 1e-6)
      }
      let ticks = axis.ticks.map(\.value)
      #expect(ticks.count >= 2 && ticks.count <= count + 3, "\(ticks.count) of \(count)")
      let step = ticks[1] - ticks[0]
      for (a, b) in zip(ticks, ticks.dropFirst()) { #expect(abs(b - a - step) < step * 1e-6) }
      // 1, 2 or 5 times a power of ten.
      let mantissa = step / Double.pow10(step)
      #expect([1, 2, 5, 10].contains { abs(mantissa - $0) < 1e-6 }, "\(step)")
      for tick in ticks { #expect(abs((tick / step).rounded() - tick / step) < 1e-3) }
      #expect(Set(axis.ticks.map(\.text)).count == ticks.count, "\(axis.ticks.map(\.text))")
      #expect(axis.tickPositions.map(\.position) == ticks.map(axis.position))
    }
  }

  /// Scaling by a power of ten moves nothing, and mirroring turns the axis round.
  @Test func axesScaleAndMirror() {
    var random = PythonRandom(seed: 9)
    for _ in 0..<200 {
      let values = Self.values(&random)
      let (axis, count) = (PlotAxis(values, .linear, tickCount: 6), Double(values.count))
      let mirrored = PlotAxis(values.map { -$0 }, .linear, tickCount: 6)
      #expect(mirrored.ticks.count == axis.ticks.count)
      for value in values { #expect(abs(axis.position(value) + mirrored.position(-value) - 1) < 1e-6) }
      let scaled = PlotAxis(values.map { $0 * 1000 }, .linear, tickCount: 6)
      for value in values { #expect(abs(axis.position(value) - scaled.position(value * 1000)) < 1e-6) }
      #expect(count >= 1 && scaled.ticks.count == axis.ticks.count)
    }
  }

  @Test(arguments: 1...3) func logarithmicAxesHoldTheirValues(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    for _ in 0..<250 {
      let low = random.random() * 20 - 10
      let span = random.choice([0, 0.01, 0.3, 1, 3, 12]) * random.random()
      let values = (0..<10 + random.below(10)).map { _ in Double.tenTo(low + span * random.random()) }
      let axis = PlotAxis(values, .log, tickCount: 5)
      #expect(values.allSatisfy { 0...1 ~= axis.position($0) })
      #expect(axis.position(0) == 0 && axis.position(-1) == 0)
      let ticks = axis.ticks.map(\.value)
      #expect(ticks == ticks.sorted() && Set(ticks).count == ticks.count)
      #expect(ticks.allSatisfy { axis.position($0) > 0 && axis.position($0) < 1 })
      // Equal ratios are equal distances.
      let (a, b, c) = (Double.tenTo(low), Double.tenTo(low + span / 2), Double.tenTo(low + span))
      if [a, b, c].allSatisfy({ axis.position($0) > 0 && axis.position($0) < 1 }) {
        #expect(abs(axis.position(a) + axis.position(c) - 2 * axis.position(b)) < 1e-6)
      }
      let few = PlotAxis(Array(values.prefix(4)), .log, tickCount: 5, ticksAtFewValues: true)
      #expect(few.ticks.map(\.value) == Set(values.prefix(4)).sorted())
    }
  }

  @Test(arguments: [
    (0.0001, false, "0.0001"), (1, false, "1"), (0.12346, false, "0.1235"), (1234.5, false, "1235"),
    (99999.6, false, "100000"),
    (1e6, false, "10⁶"), (2e6, false, "2×10⁶"), (0.00002, false, "2×10⁻⁵"), (1234, true, "1.234×10³"),
    (1, true, "10⁰"),
    (9.9999e9, false, "10¹⁰"), (5e-300, false, "5×10⁻³⁰⁰"),
  ])
  func numbersAreShort(_ value: Double, _ hasExponent: Bool, _ text: String) {
    #expect(shortText(value, hasExponent: hasExponent) == text)
  }

  /// Rounded half away from zero, by whole numbers.
  @Test func decimalsAreRounded() {
    for eighths in -4000...4000 {
      let value = Double(eighths) / 8
      let hundredths = (abs(eighths) * 100 + 4) / 8
      let fraction = String(hundredths % 100)
      let digits = "\(hundredths / 100)." + (fraction.count == 1 ? "0" : "") + fraction
      #expect(fixedText(value, 2) == (eighths < 0 && hundredths > 0 ? "-" : "") + digits)
      let whole = (abs(eighths) + 4) / 8
      #expect(fixedText(value, 0) == (eighths < 0 && whole > 0 ? "-" : "") + "\(whole)")
    }
    #expect(fixedText(1e30, 2) == "1e+30")
  }

  // MARK: - Places of names

  /// Places are apart, within the range where it has room, and where nothing overlaps they are the wishes.
  @Test func namesAreMovedApart() {
    var random = PythonRandom(seed: 3)
    for _ in 0..<400 {
      let wishes = (0..<1 + random.below(9)).map { _ in random.random() * 100 }.sorted()
      let places = spread(wishes, apart: 10, within: 0...100)
      #expect(places.count == wishes.count)
      for (a, b) in zip(places, places.dropFirst()) { #expect(b - a > 10 - 1e-9) }
      #expect(places.allSatisfy { $0 > -1e-9 && $0 < 100 + 1e-9 }, "\(wishes) \(places)")
      if zip(wishes, wishes.dropFirst()).allSatisfy({ $1 - $0 >= 10 }) { #expect(places == wishes) }
      // A group of names that touch lies around the mean of what they wish, or at an end.
      var start = 0
      for place in places.indices {
        let ends = place + 1 == places.count || places[place + 1] - places[place] > 10 + 1e-6
        guard ends else { continue }
        let group = start...place
        let moved = group.map { places[$0] - wishes[$0] }.reduce(0, +)
        let isAtEnd = places[start] < 1e-9 || places[place] > 100 - 1e-9
        #expect(isAtEnd || abs(moved) < 1e-6, "\(wishes) \(places)")
        start = place + 1
      }
    }
  }

  // MARK: - Thinning

  @Test func thinnedPointsStandForTheOthers() {
    var random = PythonRandom(seed: 4)
    let points = (0..<1200).map { _ in DrawnPoint(x: random.random() * 300, y: random.random() * 200) }
    for limit in [1200, 1000, 200, 20] {
      let kept = thinned([(points, .points)], to: limit, extent: 300)[0]
      #expect(kept.count <= limit)
      #expect(kept.allSatisfy(points.contains))
      if limit == 1200 { #expect(kept == points) }
      // Each point that is left out has one that is kept nearby: in its square.
      let side = (1...10).map { Double(1 << $0) }.first { side in
        points.allSatisfy { point in
          kept.contains { abs($0.x - point.x) <= side && abs($0.y - point.y) <= side }
        }
      }
      #expect(side.map { $0 * $0 * Double(limit) < 300 * 200 * 8 } == true)
    }
  }

  @Test func thinnedLinesKeepEndsAndExtremes() throws {
    var random = PythonRandom(seed: 5)
    let points = (0..<20_000).map { place in
      let y = random.random() * 100
      return DrawnPoint(
        x: Double(place) / 50, y: y, bounds: (y - random.random() * 9, y + random.random() * 9))
    }
    let kept = thinned([(points, .line)], to: 3000, extent: 400)[0]
    #expect(kept.count <= 3000 && kept.first?.x == points[0].x && kept.last?.x == points[19_999].x)
    #expect(kept.map(\.y).min() == points.map(\.y).min() && kept.map(\.y).max() == points.map(\.y).max())
    #expect(kept.compactMap(\.bounds?.low).min() == points.compactMap(\.bounds?.low).min())
    #expect(kept.compactMap(\.bounds?.high).max() == points.compactMap(\.bounds?.high).max())
    #expect(kept.map(\.x) == kept.map(\.x).sorted())
    let drawn = Dictionary(grouping: kept) { Int($0.x) }
    for (column, inside) in Dictionary(grouping: points, by: { Int($0.x) }) {
      let (ys, all) = (drawn[column]?.map(\.y) ?? [], inside.map(\.y))
      #expect(ys.min() == all.min() && ys.max() == all.max())
    }
  }

  // MARK: - Canvas

  /// A canvas against a plain grid of dots.
  @Test func dotsAreThoseOfAGrid() {
    var random = PythonRandom(seed: 6)
    for _ in 0..<50 {
      let (columns, rows) = (1 + random.below(8), 1 + random.below(5))
      var canvas = BrailleCanvas(columns: columns, rows: rows)
      var grid = [[Bool]](repeating: [Bool](repeating: false, count: columns * 2), count: rows * 4)
      for _ in 0..<random.below(40) {
        let (x, y) = (random.below(columns * 2 + 4) - 2, random.below(rows * 4 + 4) - 2)
        canvas.drawDot(x: x, y: y, .series(0))
        if grid.indices.contains(y), grid[y].indices.contains(x) { grid[y][x] = true }
      }
      for row in 0..<rows {
        let text = canvas.runs(row: row).map(\.text).joined()
        #expect(text.count == columns)
        for (column, character) in text.enumerated() {
          let code = character == " " ? 0 : Int(character.unicodeScalars.first?.value ?? 0) - 0x2800
          // Unicode's numbers of the dots: 1 2 3 7 in the left column, 4 5 6 8 in the right one.
          for (dot, place) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)].enumerated() {
            #expect((code >> dot & 1 == 1) == grid[row * 4 + place.1][column * 2 + place.0])
          }
        }
      }
    }
  }

  @Test func linesReachTheirEndsWithoutGaps() {
    var random = PythonRandom(seed: 7)
    for _ in 0..<100 {
      var canvas = BrailleCanvas(columns: 20, rows: 10)
      let (a, b) = ((x: random.below(40), y: random.below(40)), (x: random.below(40), y: random.below(40)))
      canvas.drawLine(from: a, to: b, .series(1))
      var reversed = BrailleCanvas(columns: 20, rows: 10)
      reversed.drawLine(from: b, to: a, .series(1))
      func cells(_ canvas: BrailleCanvas) -> [[Bool]] {
        (0..<10).map { row in canvas.runs(row: row).flatMap { run in run.text.map { $0 != " " } } }
      }
      let drawn = cells(canvas)
      #expect(drawn[a.y / 4][a.x / 2] && drawn[b.y / 4][b.x / 2])
      let rows = Set([a.y / 4, b.y / 4]).sorted()
      for row in rows[0]...(rows.last ?? 0) { #expect(drawn[row].contains(true)) }
      #expect(cells(reversed)[a.y / 4][a.x / 2] && cells(reversed)[b.y / 4][b.x / 2])
    }
  }

  @Test func marksThatShareAPlaceAreShown() {
    var canvas = BrailleCanvas(columns: 4, rows: 1)
    canvas.drawMark("a", x: 0, y: 0, .series(0), shared: "*")
    canvas.drawMark("a", x: 1, y: 3, .series(0), shared: "*")
    canvas.drawMark("b", x: 2, y: 0, .series(1), shared: "*")
    #expect(canvas.runs(row: 0).map(\.text).joined() == "ab  ")
    canvas.drawMark("b", x: 1, y: 1, .series(1), shared: "*")
    canvas.drawMark("z", x: 99, y: 0, .series(1), shared: "*")
    let runs = canvas.runs(row: 0)
    #expect(runs.map(\.text) == ["*", "b", "  "])
    #expect(runs.map(\.owner) == [.several, .series(1), .nobody])
    canvas.drawText("longer than the row", row: 0)
    #expect(canvas.runs(row: 0).map(\.text).joined().count == 4)
  }
}

extension Double {
  /// The largest power of ten that is not above the number, by multiplying.
  fileprivate static func pow10(_ value: Double) -> Double {
    var power = 1.0
    while power * 10 <= value * (1 + 1e-9) { power *= 10 }
    while power > value * (1 + 1e-9) { power /= 10 }
    return power
  }

  /// Ten to a power, by the series of the exponential function.
  fileprivate static func tenTo(_ power: Double) -> Double {
    let whole = power.rounded(.down)
    let x = (power - whole) * 2.302585092994046
    var (sum, term) = (1.0, 1.0)
    for n in 1...40 {
      term *= x / Double(n)
      sum += term
    }
    var scale = 1.0
    for _ in 0..<Int(abs(whole)) { scale *= 10 }
    return whole < 0 ? sum / scale : sum * scale
  }
}
