extension Comparison {
  /// A measure over the pairs.
  ///
  /// ```swift
  /// let comparison = try await predictor.evaluate(on: runs)
  /// comparison.score(.meanAbsoluteError)
  /// ```
  /// - Parameters:
  ///   - measure: what to compute.
  ///   - metric: take only pairs of this metric.
  /// - Returns: nil where the pairs are too few for a value, or are of several metrics and none is named: what they are
  ///   in differs.
  public func score(_ measure: Measure, of metric: String? = nil) -> Double? {
    guard metric != nil || Set(pairs.map(\.actual.name.name)).count == 1 else { return nil }
    return measure.value(of: measuredPairs(of: metric))
  }

  /// The measures people look at first.
  private static let measures: [Measure] = [.meanAbsoluteError, .rootMeanSquaredError, .bias, .coverage()]

  /// How good the predictions of each metric are, in words, such as
  /// `exact_match, 1 pair: mean absolute error 0.200, RMSE 0.200, bias -0.200`.
  package var measureLines: [String] {
    pairs.map(\.actual.name.name).unique().compactMap { metric in
      let measured = measuredPairs(of: metric)
      if measured.isEmpty { return nil }
      let parts = Self.measures.compactMap { measure in
        measure.value(of: measured).map { "\(measure.title) \(TerminalTable.roundedText($0))" }
      }
      return "\(printable(metric)), \(measured.count) \(measured.count == 1 ? "pair" : "pairs"): "
        + parts.joined(separator: ", ")
    }
  }

  /// A row per metric with the number of pairs and the measures people look at first: mean absolute error, root mean
  /// squared error, bias, and the fraction of 95% intervals that hold the actual value, null where predictions have no
  /// intervals. The metrics are in the order of the pairs.
  public var measureTable: Table {
    let rows = pairs.map(\.actual.name.name).unique().compactMap { metric -> [Cell]? in
      let measured = measuredPairs(of: metric)
      if measured.isEmpty { return nil }
      return [.string(metric), .int(Int64(measured.count))]
        + Self.measures.map { Cell($0.value(of: measured)) }
    }
    return Table(columnNames: ["metric", "pairs"] + Self.measures.map(\.name), rows: rows)
  }

  /// The pairs with both means, as measures look at them. Runs are ranked within a statistic, instances within their run.
  private func measuredPairs(of metric: String?) -> [MeasuredPair] {
    let counted = pairs.filter { metric == nil || $0.actual.name.name == metric }
    let groups = counted.map { $0.instance == nil ? "" : $0.run }
    let numbers = Dictionary(uniqueKeysWithValues: groups.unique().enumerated().map { ($1, $0) })
    return zip(counted, groups).compactMap { pair, group in
      guard let predicted = pair.predicted.mean, let actual = pair.actual.mean, predicted.isFinite,
        actual.isFinite
      else { return nil }
      return MeasuredPair(
        predicted: predicted, actual: actual, standardError: pair.standardError, interval: pair.interval,
        group: numbers[group, default: 0])
    }
  }
}
