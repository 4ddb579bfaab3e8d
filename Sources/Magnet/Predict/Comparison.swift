/// Predictions beside the actual values.
///
/// ```swift
/// let comparison = Comparison(predictions, with: tables.stats)
/// for pair in comparison.pairs { print(pair.run, pair.predicted.mean ?? "-", pair.actual.mean ?? "-") }
/// for prediction in comparison.unmatched { print(prediction.run, prediction.reason) }
/// ```
public struct Comparison: Sendable {
  /// A prediction and an actual value it was matched with. A prediction matches as many as agree with it.
  public struct Pair: Sendable {
    /// The run's name.
    public let run: String
    /// The instance's id and the request's number; nil for a statistic of a whole run.
    public let instance: (id: String?, number: Int)?
    /// The statistic as predicted.
    public let predicted: Stat
    /// The statistic as HELM measured it.
    public let actual: Stat
    /// The range that the prediction gives the mean with probability 0.95; nil where it gives none.
    public let interval: Interval?
    /// The standard deviation of the prediction's error; nil where it gives none.
    public let standardError: Double?

    /// Predicted minus actual mean; nil where either is missing.
    public var error: Double? {
      guard let predicted = predicted.mean, let actual = actual.mean else { return nil }
      return predicted - actual
    }
  }

  /// A prediction that matched nothing.
  public struct Unmatched: Sendable {
    /// The run's name, as predicted.
    public let run: String
    /// The request's number; nil for a statistic of a whole run.
    public let instance: Int?
    /// The statistic as predicted.
    public let stat: Stat
    /// The range that the prediction gives the mean with probability 0.95; nil where it gives none.
    package let interval: Interval?
    /// The standard deviation of the prediction's error; nil where it gives none.
    package let standardError: Double?
    /// Why, in a sentence, with the nearest names there are.
    public let reason: String
  }

  /// In the order of the predictions.
  public private(set) var pairs: [Pair]
  /// In the order of the predictions.
  public private(set) var unmatched: [Unmatched]
  /// The names of the example runs, in the order drawn.
  public internal(set) var trainRuns: [String] = []
  /// The name of the run that was predicted.
  public internal(set) var testRun: String?
  /// What a user should know of how the result came about: notes on the split, then those of the predictions.
  public internal(set) var notes: [String] = []
  /// Faults of the skipped runs.
  public internal(set) var faults: [DataFault] = []

  /// Matches predictions with `stats` of the same run, metric, split and fields of the perturbation: all those that
  /// any of the predictions carries, null equal to null. The sub-split counts when any prediction carries one.
  public init(_ predictions: [RunPrediction], with actual: Table) {
    let matcher = Matcher(
      names: predictions.map(\.stat.name), runs: predictions.map(\.run), instances: nil, actual: actual,
      prefix: ColumnPrefix.statName)
    pairs = matcher.rowPairs.map { prediction, row in
      Pair(
        run: predictions[prediction].run, instance: nil, predicted: predictions[prediction].stat,
        actual: Stat(row: actual.rows[row]), interval: predictions[prediction].interval,
        standardError: predictions[prediction].standardError)
    }
    unmatched = matcher.unmatched.map { number, reason in
      Unmatched(
        run: predictions[number].run, instance: nil, stat: predictions[number].stat,
        interval: predictions[number].interval, standardError: predictions[number].standardError,
        reason: reason)
    }
    notes = predictions.flatMap(\.notes).unique()
  }

  /// Matches predictions with `perInstanceStats` of the same run, request and metric.
  /// - Parameters:
  ///   - predictions: what was predicted.
  ///   - actual: statistics with the column `magnet.instance_predict_id`.
  public init(_ predictions: [InstancePrediction], with actual: Table) {
    let matcher = Matcher(
      names: predictions.map(\.stat.name), runs: predictions.map(\.run),
      instances: predictions.map(\.instance), actual: actual, prefix: ColumnPrefix.instanceStatName)
    pairs = matcher.rowPairs.map { prediction, row in
      let found = actual.rows[row]
      return Pair(
        run: predictions[prediction].run, instance: (found[.instance], predictions[prediction].instance),
        predicted: predictions[prediction].stat, actual: Stat(row: found),
        interval: predictions[prediction].interval,
        standardError: predictions[prediction].standardError)
    }
    unmatched = matcher.unmatched.map { number, reason in
      Unmatched(
        run: predictions[number].run, instance: predictions[number].instance, stat: predictions[number].stat,
        interval: predictions[number].interval, standardError: predictions[number].standardError,
        reason: reason)
    }
    notes = predictions.flatMap(\.notes).unique()
  }

  /// Whether there is a prediction beside an actual value.
  package var isMeasurable: Bool { pairs.contains { $0.error != nil } }
}

extension Comparison {
  /// The comparison of the predictions of some metrics; all of it when none is named.
  /// - Throws: `MagnetError` when these metrics have no prediction.
  package func selecting(_ metrics: [MetricSelector]) throws -> Comparison {
    guard !metrics.isEmpty else { return self }
    var chosen = self
    chosen.pairs = pairs.filter { pair in metrics.contains { $0.matches(pair.actual.name) } }
    chosen.unmatched = unmatched.filter { miss in metrics.contains { $0.matches(miss.stat.name) } }
    if chosen.pairs.isEmpty, chosen.unmatched.isEmpty, !pairs.isEmpty {
      throw MagnetError(
        .notFound, "no prediction of metric '\(metrics[0])'",
        advice: suggestion(for: metrics[0].text, among: pairs.map(\.actual.name.text).unique()))
    }
    return chosen
  }
}
