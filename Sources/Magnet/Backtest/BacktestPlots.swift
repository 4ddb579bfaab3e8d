extension BacktestScores {
  /// Error against the number of observed instances: one line per predictor, with a band that holds it with probability
  /// 95%. Predictors that do not depend on the number are level lines.
  package var learningCurve: Plot {
    let measure = groups.contains { $0["brier"] != nil } ? "brier" : "mae"
    let sizes = groups.compactMap(\.observed).unique().sorted()
    let series = groups.filter { !$0.scores.isEmpty }.map(\.predictor).unique().map { name in
      let own = groups.filter { $0.predictor == name }
      let points = own.flatMap { group -> [Plot.Point] in
        guard let score = group[measure] else { return [] }
        return (group.observed.map { [$0] } ?? sizes).map {
          Plot.Point(
            x: Double($0), y: score.value, lower: score.interval?.lower, upper: score.interval?.upper)
        }
      }
      let isBaseline = own[0].isBaseline
      return Plot.Series(
        name: isBaseline ? name + " (baseline)" : name, points: points, isBaseline: isBaseline)
    }
    return Plot(
      title: "Error against observed instances", xLabel: "observed instances",
      yLabel: measure == "mae" ? "mean absolute error" : "Brier score",
      xScale: sizes.first == 0 ? .linear : .log, series: series)
  }
}

extension BacktestResult {
  /// Predicted against actual scores of runs: for each predictor that is not a baseline one point per score, the mean of its
  /// predictions with the number of observed instances that was tried on most scores, the largest of these.
  package var predictedAgainstActual: Plot {
    let parts = parts.filter { !entries[$0.predictor].isBaseline }
    let series = parts.map(\.predictor).unique().compactMap { number -> Plot.Series? in
      let own = parts.filter { $0.predictor == number }
      let largest = own.max { a, b in
        (Set(a.records.map(\.target)).count, a.observed ?? 0) < (
          Set(b.records.map(\.target)).count, b.observed ?? 0
        )
      }
      guard let part = largest else { return nil }
      var sums: [Int32: SIMD3<Double>] = [:]
      for record in part.records {
        sums[record.target, default: .zero] += SIMD3(record.predicted, record.actual, 1)
      }
      let points = sums.sorted { $0.key < $1.key }.map { Plot.Point(x: $1.y / $1.z, y: $1.x / $1.z) }
      let name = entries[number].name + (part.observed.map { ", \($0) observed" } ?? "")
      return Plot.Series(name: name, points: points, style: .points)
    }
    return Plot(
      title: "Predicted against actual scores", xLabel: "actual", yLabel: "predicted", series: series,
      isSquare: true)
  }
}
