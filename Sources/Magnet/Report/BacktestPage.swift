/// The predictions of a backtest, from the score file that it wrote, as sections of a page.
///
/// A point of a learning curve is the mean absolute error over targets, each target's error being the mean over its
/// repetitions; a score's point in the plot of predicted against actual is the mean of its predictions.
package struct BacktestPage: Sendable {
  private struct Prediction {
    let target: Int64
    let run: String
    let predictor: String
    let observed: Int?
    let predicted: Double
    let actual: Double
    /// Whether the 95% interval holds the actual score; nil without an interval.
    let isCovered: Bool?
  }

  /// The predictions of one predictor from one number of instances.
  private struct Group {
    let predictor: String
    let observed: Int?
    var predictions: [Prediction] = []

    /// The mean absolute error over targets.
    var error: Double {
      let targets = Dictionary(grouping: predictions, by: \.target)
      let errors = targets.sorted { $0.key < $1.key }.map { _, own in
        own.reduce(0) { $0 + abs($1.predicted - $1.actual) } / Double(own.count)
      }
      return errors.reduce(0, +) / Double(errors.count)
    }

    var bias: Double {
      predictions.reduce(0) { $0 + $1.predicted - $1.actual } / Double(predictions.count)
    }

    /// The share of intervals that hold the actual score; nil without intervals.
    var coverage: Double? {
      let known = predictions.compactMap(\.isCovered)
      return known.isEmpty ? nil : Double(known.count { $0 }) / Double(known.count)
    }
  }

  private let header: JSONValue
  private let groups: [Group]
  /// What was left out of the file.
  package let notes: [String]

  /// Reads a score file.
  /// - Throws: `MagnetError` when it cannot be read or is not a score file.
  package init(file path: String) throws {
    let bytes: [UInt8]
    do { bytes = try Files.read(path, atMost: 1 << 30) } catch {
      throw MagnetError(.notFound, "cannot be read: \(error)", at: path)
    }
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    guard let first = lines.first,
      let header = try? JSONValue(parsing: String(decoding: first, as: UTF8.self)),
      header["magnet_backtest"] != nil
    else {
      throw MagnetError(
        .invalidData, "is not a score file", at: path, advice: "magnet backtest --scores FILE writes one")
    }
    guard header["magnet_backtest"] == .int(3) else {
      throw MagnetError(.unsupported, "was written by another version of magnet", at: path)
    }
    self.header = header
    var groups: [Group] = []
    var places: [String: Int] = [:]
    var targets: [Int64: (run: String, actual: [Double?])] = [:]
    var leftOut = 0
    var failures = 0
    for line in lines.dropFirst() {
      guard let value = try? JSONValue(parsing: String(decoding: line, as: UTF8.self)),
        let number = value["target"]?.double, let target = Int64(exactly: number)
      else {
        leftOut += 1
        continue
      }
      if let run = value["run"]?.string {
        let single: [Double?]? = value["actual"]?.double.map { [$0] }
        targets[target] = (run, single ?? (value["actual"]?.elements ?? []).map(\.double))
        continue
      }
      if value["failure"] != nil { failures += 1 }
      guard let predictor = value["predictor"]?.string, let list = value["predicted"],
        let known = targets[target]
      else { continue }
      let observed = value["observed"]?.double.flatMap { Int(exactly: $0) }
      let key = predictor + "\u{1F}" + (observed.map { "\($0)" } ?? "")
      let place = places[key] ?? groups.count
      if place == groups.count {
        places[key] = place
        groups.append(Group(predictor: predictor, observed: observed))
      }
      for (item, element) in list.elements.enumerated() {
        // Of a run all repetitions predict one score, of instances each its own.
        let actual =
          known.actual.count == 1 ? known.actual[0] : item < known.actual.count ? known.actual[item] : nil
        guard let predicted = element.double, let actual, predicted.isFinite, actual.isFinite else {
          continue
        }
        var isCovered: Bool?
        if let low = value["lower95"]?[item]?.double, let high = value["upper95"]?[item]?.double, low <= high
        {
          isCovered = (low...high).contains(actual)
        }
        groups[place].predictions.append(
          Prediction(
            target: target, run: known.run, predictor: predictor, observed: observed, predicted: predicted,
            actual: actual, isCovered: isCovered))
      }
    }
    self.groups = groups.filter { !$0.predictions.isEmpty }
    notes =
      (leftOut == 0 ? [] : ["\(path): \(leftOut) lines that are not those of a score file left out"])
      + (failures == 0 ? [] : ["\(path): \(failures) predictions failed and are left out"])
  }

  /// The learning curve, predicted against actual scores, coverage, and the worst misses.
  var nodes: [HTMLNode] {
    let facts = ["split", "target", "level", "observed", "repeats", "seed", "targets"].flatMap {
      name -> [HTMLNode] in
      guard let value = header[name] else { return [] }
      let text = value.string ?? value.text
      let title = name == "split" ? "held out" : name
      return [.element("dt", [:], [.text(title)]), .element("dd", [:], [.data(text)])]
    }
    let table = ReportTable(
      id: "backtest-table", caption: "Predictors: error over targets, and how often intervals hold the score",
      columns: [
        "predictor", "observed", "predictions", "mean absolute error", "bias", "coverage of 95% intervals",
      ]
      .enumerated().map { .init(title: $0.element, lowFirst: $0.offset == 3) },
      rows: groups.map { group in
        [
          .text(title(group.predictor)),
          .count(group.observed, note: "does not depend on instances"),
          .count(group.predictions.count), .number(group.error), .number(group.bias),
          .number(group.coverage, note: "no intervals"),
        ]
      })
    let all = groups.flatMap(\.predictions)
    let worst = all.enumerated().sorted { a, b in
      let (one, other) = (
        abs(a.element.predicted - a.element.actual), abs(b.element.predicted - b.element.actual)
      )
      return one == other ? a.offset < b.offset : one > other
    }.prefix(20).map(\.element)
    let misses = ReportTable(
      id: "backtest-misses", caption: "The \(worst.count) worst misses",
      columns: ["run", "predictor", "observed", "predicted", "actual"].map { .init(title: $0) },
      rows: worst.map { miss in
        [
          .text(miss.run), .text(title(miss.predictor)), .count(miss.observed, note: "none"),
          .number(miss.predicted), .number(miss.actual),
        ]
      })
    return [
      .element("dl", [:], facts), table.node, .image(learningCurve.svg(), alt: learningCurve.summary),
      .image(predictedAgainstActual.svg(), alt: predictedAgainstActual.summary),
      coverage.series.isEmpty ? .group([]) : .image(coverage.svg(), alt: coverage.summary),
      .element("h3", [:], [.text("Worst misses")]), misses.node,
    ]
  }

  /// The names of the predictors that others are compared with.
  private var baselines: Set<String> { Set((header["baselines"]?.elements ?? []).compactMap(\.string)) }

  /// A predictor's name, and whether it is a baseline.
  private func title(_ predictor: String) -> String {
    baselines.contains(predictor) ? predictor + " (baseline)" : predictor
  }

  /// A value of each predictor by the number of observed instances; of those that see none a level line.
  private func curve(_ title: String, _ yLabel: String, _ value: (Group) -> Double?) -> Plot {
    let sizes = groups.compactMap(\.observed).unique().sorted()
    let baselines = baselines
    let groupsOf = Dictionary(grouping: groups, by: \.predictor)
    let series = groups.map(\.predictor).unique().compactMap { name -> Plot.Series? in
      let points = (groupsOf[name] ?? []).flatMap { group -> [Plot.Point] in
        guard let y = value(group) else { return [] }
        return (group.observed.map { [$0] } ?? sizes).map { Plot.Point(x: Double($0), y: y) }
      }
      return points.isEmpty
        ? nil : Plot.Series(name: name, points: points, isBaseline: baselines.contains(name))
    }
    return Plot(
      title: title, xLabel: "observed instances", yLabel: yLabel,
      xScale: (sizes.first ?? 0) < 1 ? .linear : .log, series: series)
  }

  private var learningCurve: Plot {
    curve("Error against observed instances", "mean absolute error", \.error)
  }

  private var coverage: Plot {
    curve("Coverage of 95% intervals (0.95 is right)", "share of intervals that hold the score", \.coverage)
  }

  private var predictedAgainstActual: Plot {
    let last = Dictionary(groups.map { ($0.predictor, $0) }, uniquingKeysWith: { $1 })
    let baselines = baselines
    let series = groups.map(\.predictor).unique().compactMap { name -> Plot.Series? in
      guard let group = last[name] else { return nil }
      let targets = Dictionary(grouping: group.predictions, by: \.target).sorted { $0.key < $1.key }
      let points = targets.map { _, own in
        Plot.Point(x: own[0].actual, y: own.reduce(0) { $0 + $1.predicted } / Double(own.count))
      }
      return Plot.Series(
        name: name + (group.observed.map { ", \($0) observed" } ?? ""), points: points, style: .points,
        isBaseline: baselines.contains(name))
    }
    return Plot(
      title: "Predicted against actual scores", xLabel: "actual", yLabel: "predicted", series: series,
      isSquare: true)
  }
}

extension Plot {
  /// The plot in a sentence, for those who do not see it.
  fileprivate var summary: String {
    let names = series.map { "\($0.name) (\($0.points.count) points)" }
    return "\(title): \(yLabel) by \(xLabel). " + names.joined(separator: ", ")
  }
}

extension HTMLNode {
  /// A drawing, as an image that the page carries: nothing in it can run.
  static func image(_ svg: String, alt: String) -> HTMLNode {
    .element("img", ["src": "data:image/svg+xml;base64," + base64(svg.utf8), "alt": alt], [])
  }

  /// RFC 4648, with padding.
  static func base64(_ bytes: some Sequence<UInt8>) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var out: [UInt8] = []
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
      let part = rest.prefix(3)
      rest = rest.dropFirst(3)
      let bits = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
      for place in 0..<4 {
        out.append(place <= part.count ? alphabet[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
