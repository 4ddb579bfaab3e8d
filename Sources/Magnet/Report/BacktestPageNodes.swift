extension BacktestPage.Group {
  /// The predictions of each target, in the order of their numbers.
  private var byTarget: [[BacktestPage.Prediction]] {
    Dictionary(grouping: predictions, by: \.target).sorted { $0.key < $1.key }.map(\.value)
  }

  /// The mean absolute error of each target.
  private var errors: [Double] {
    byTarget.map { own in own.map { abs($0.predicted - $0.actual) }.mean() ?? .nan }
  }

  /// The mean absolute error over targets.
  var error: Double {
    errors.mean() ?? .nan
  }

  /// The 95% interval of the error over targets, Student's t; nil for one target.
  var errorInterval: Interval? {
    PairedDifferences(errors).estimate.map { estimate in
      let interval = estimate.interval()
      return Interval(lower: max(0, interval.lower), upper: interval.upper)
    }
  }

  var bias: Double {
    predictions.reduce(0) { $0 + $1.predicted - $1.actual } / Double(predictions.count)
  }

  /// The share of intervals of a level that hold the actual score; nil without intervals.
  func coverage(_ level: Int) -> Double? {
    let known = predictions.compactMap { $0.isCovered[level] }
    return known.isEmpty ? nil : Double(known.count { $0 }) / Double(known.count)
  }

  /// A score, with the means of its predictions and of their intervals' ends.
  struct Target {
    let run: String
    let model: String
    let task: String
    let predicted: Double
    let actual: Double
    let interval: Interval?
  }

  /// One for each target, in the order of their numbers.
  var targets: [Target] {
    byTarget.map { own in
      func mean(_ values: [Double]) -> Double { values.mean() ?? .nan }
      let intervals = own.compactMap(\.interval)
      return Target(
        run: own[0].run, model: own[0].model, task: own[0].task, predicted: mean(own.map(\.predicted)),
        actual: mean(own.map(\.actual)),
        interval: intervals.count < own.count
          ? nil : Interval(lower: mean(intervals.map(\.lower)), upper: mean(intervals.map(\.upper))))
    }
  }
}

extension BacktestPage {
  /// Errors, calibration, ranks, what failed and the worst misses.
  var nodes: [HTMLNode] {
    let facts = ["split", "target", "level", "observed", "repeats", "seed", "targets"].flatMap {
      name -> [HTMLNode] in
      guard let value = header[name] else { return [] }
      let text = value.string ?? value.text
      let title = name == "split" ? "held out" : name
      return [.element("dt", [:], [.text(title)]), .element("dd", [:], [.data(text)])]
    }
    let last = lastGroups
    let shown = last.filter { !baselines.contains($0.predictor) }
    let plots =
      [learningCurve] + (shown.isEmpty ? last : shown).prefix(Self.mostPredictors).map(predictedAgainstActual)
      + [reliability(last), coverageByLevel(last), coverage, ranks(last)]
    let left = max(0, shown.count - Self.mostPredictors)
    return [.element("dl", [:], facts), skill.node]
      + plots.filter { !$0.series.isEmpty }.map { HTMLNode.chart($0.title, .plot($0)) }
      + (left == 0
        ? [] : [.element("p", ["class": "soft"], [.text("\(left) predictors are not drawn one by one.")])])
      + [.element("h3", [:], [.text("Worst misses")]), misses.node]
      + (failures.isEmpty ? [] : [.element("h3", [:], [.text("Not predicted")]), failed.node])
  }

  /// Of how many predictors predicted is drawn against actual.
  private static let mostPredictors = 8

  /// Each predictor with the most observed instances.
  private var lastGroups: [Group] {
    let last = Dictionary(groups.map { ($0.predictor, $0) }, uniquingKeysWith: { $1 })
    return groups.map(\.predictor).unique().compactMap { last[$0] }
  }

  private var skill: ReportTable {
    ReportTable(
      id: "backtest-table", caption: "Predictors: error over targets, and how often intervals hold the score",
      columns: (["predictor", "observed", "predictions", "mean absolute error", "bias"]
        + Self.levels.map { "coverage of \($0)% intervals" })
        .enumerated().map { .init(title: $0.element, lowFirst: $0.offset == 3) },
      rows: groups.map { group in
        [
          .text(title(group.predictor)),
          .count(group.observed, orElse: "does not depend on instances"),
          .count(group.predictions.count), .number(group.error), .number(group.bias),
        ] + Self.levels.indices.map { .number(group.coverage($0), orElse: "no intervals") }
      })
  }

  private var misses: ReportTable {
    let all = groups.flatMap { group in group.predictions.map { (group.predictor, $0) } }
    let worst = all.enumerated().sorted { a, b in
      let one = abs(a.element.1.predicted - a.element.1.actual)
      let other = abs(b.element.1.predicted - b.element.1.actual)
      return one == other ? a.offset < b.offset : one > other
    }.prefix(20).map(\.element)
    return ReportTable(
      id: "backtest-misses", caption: "The \(worst.count) worst misses",
      columns: ["run", "predictor", "observed", "predicted", "actual"].map { .init(title: $0) },
      rows: worst.map { predictor, miss in
        [
          .text(miss.run), .text(title(predictor)), .count(miss.observed, orElse: "none"),
          .number(miss.predicted), .number(miss.actual),
        ]
      })
  }

  private var failed: ReportTable {
    ReportTable(
      id: "backtest-failures", caption: "Targets left out: \(failures.count)",
      columns: ["run", "predictor", "reason"].map { .init(title: $0) },
      rows: failures.map { [.text($0.run), .text(title($0.predictor)), .text($0.reason, style: "t")] })
  }

  /// The names of the predictors that others are compared with.
  private var baselines: Set<String> { Set((header["baselines"]?.elements ?? []).compactMap(\.string)) }

  /// A predictor's name, and whether it is a baseline.
  private func title(_ predictor: String) -> String {
    baselines.contains(predictor) ? predictor + " (baseline)" : predictor
  }

  /// A predictor's name with how many instances it saw.
  private func title(_ group: Group) -> String {
    title(group.predictor) + (group.observed.map { ", \($0) observed" } ?? "")
  }

  private func series(_ group: Group, _ points: [Plot.Point], _ style: Plot.Style = .line) -> Plot.Series? {
    points.isEmpty
      ? nil
      : Plot.Series(
        name: title(group), points: points, style: style, isBaseline: baselines.contains(group.predictor))
  }

  /// A value of each predictor by the number of observed instances; of those that see none a level line.
  private func curve(_ title: String, _ yLabel: String, _ value: (Group) -> Plot.Point?) -> Plot {
    let sizes = groups.compactMap(\.observed).unique().sorted()
    let baselines = baselines
    let groupsOf = Dictionary(grouping: groups, by: \.predictor)
    let series = groups.map(\.predictor).unique().compactMap { name -> Plot.Series? in
      let points = (groupsOf[name] ?? []).flatMap { group -> [Plot.Point] in
        guard var point = value(group) else { return [] }
        return (group.observed.map { [$0] } ?? sizes).map {
          point.x = Double($0)
          return point
        }
      }
      return points.isEmpty
        ? nil : Plot.Series(name: self.title(name), points: points, isBaseline: baselines.contains(name))
    }
    return Plot(
      title: title, xLabel: "observed instances", yLabel: yLabel,
      xScale: (sizes.first ?? 0) < 1 ? .linear : .log, series: series)
  }

  private var learningCurve: Plot {
    curve("Error against observed instances", "mean absolute error, 95% bands over targets") { group in
      let interval = group.errorInterval
      return Plot.Point(x: 0, y: group.error, lower: interval?.lower, upper: interval?.upper)
    }
  }

  private var coverage: Plot {
    curve("Coverage of 95% intervals (0.95 is right)", "share of intervals that hold the score") { group in
      group.coverage(Self.levels.count - 1).map { Plot.Point(x: 0, y: $0) }
    }
  }

  /// One predictor's scores, in the colours of the models' makers, hollow where the 95% interval does not hold them.
  private func predictedAgainstActual(_ group: Group) -> Plot {
    func family(_ model: String) -> String { model.split(separator: "/").first.map(String.init) ?? model }
    let targets = group.targets
    let series = targets.map { family($0.model) }.unique().sorted().map { name in
      Plot.Series(
        name: name,
        points: targets.filter { family($0.model) == name }.map { target in
          Plot.Point(
            x: target.actual, y: target.predicted, lower: target.interval?.lower,
            upper: target.interval?.upper,
            label: "\(target.run): predicted \(ReportText.number(target.predicted)), actual "
              + ReportText.number(target.actual),
            isHollow: target.interval.map { !($0.lower...$0.upper).contains(target.actual) } ?? false)
        }, style: .points)
    }
    let hasIntervals = targets.contains { $0.interval != nil }
    return Plot(
      title: "Predicted against actual: \(title(group))",
      xLabel: "actual" + (hasIntervals ? "; hollow: outside its 95% interval" : ""), yLabel: "predicted",
      series: series, isSquare: true)
  }

  /// Predictions in up to ten parts of the same size, from the lowest: what is predicted in each beside what comes true.
  private func reliability(_ last: [Group]) -> Plot {
    let series = last.compactMap { group -> Plot.Series? in
      let sorted = group.predictions.sorted { ($0.predicted, $0.target) < ($1.predicted, $1.target) }
      let count = min(10, sorted.count / 5)
      guard count > 1 else { return nil }
      let points = (0..<count).map { part in
        let own = sorted[part * sorted.count / count..<(part + 1) * sorted.count / count]
        return Plot.Point(
          x: own.map(\.predicted).mean() ?? .nan, y: own.map(\.actual).mean() ?? .nan,
          label: "\(own.count) predictions")
      }
      return self.series(group, points)
    }
    return Plot(
      title: "Reliability: bins of equally many predictions", xLabel: "mean predicted", yLabel: "mean actual",
      series: series, isSquare: true)
  }

  private func coverageByLevel(_ last: [Group]) -> Plot {
    let series = last.compactMap { group in
      self.series(
        group,
        Self.levels.enumerated().compactMap { place, level in
          group.coverage(place).map { Plot.Point(x: Double(level) / 100, y: $0) }
        })
    }
    return Plot(
      title: "Coverage of 50, 80 and 95% intervals", xLabel: "share that should be held",
      yLabel: "share that is held", series: series, isSquare: true)
  }

  /// The ranks of models within their tasks, 1 for the lowest score.
  private func ranks(_ last: [Group]) -> Plot {
    let series = last.compactMap { group -> Plot.Series? in
      let tasks = Dictionary(grouping: group.targets, by: \.task).filter { $0.value.count > 1 }
      let points = tasks.sorted { $0.key < $1.key }.flatMap { _, own in
        zip(
          own, zip(Correlation.ranks(own.map(\.actual)), Correlation.ranks(own.map(\.predicted)))
        ).map { target, ranks in
          Plot.Point(x: ranks.0, y: ranks.1, label: target.run)
        }
      }
      return self.series(group, points, .points)
    }
    return Plot(
      title: "Ranks of models within their tasks (1 is the lowest score)", xLabel: "actual rank",
      yLabel: "predicted rank", series: series, isSquare: true)
  }
}
