/// What a statistic is of, as HELM's `MetricName` says it.
///
/// ```swift
/// let robust = MetricName(
///   "exact_match", split: "test", perturbation: Perturbation(name: "robustness", computedOn: "worst", robustness: true))
/// ```
public struct MetricName: Sendable, Hashable {
  /// The metric: `exact_match`, `num_prompt_tokens` ...
  public var name: String
  /// HELM's split: `valid`, `test` ...
  public var split: String?
  /// The part of the split it is over; nil for all of it.
  public var subSplit: String?
  /// How the inputs were changed; nil for inputs as they are.
  public var perturbation: Perturbation?

  /// A metric's name; without a perturbation, the statistic is over the inputs as they are.
  public init(
    _ name: String, split: String?, subSplit: String? = nil, perturbation: Perturbation? = nil
  ) {
    self.name = name
    self.split = split
    self.subSplit = subSplit
    self.perturbation = perturbation
  }
}

/// A statistic with HELM's fields. In `stats.json` count, deviations and bounds are over train trials, not instances.
///
/// ```swift
/// let stat = Stat(MetricName("exact_match", split: "test"), mean: 0.71, count: 1)
/// ```
public struct Stat: Sendable, Hashable {
  /// What it is of.
  public var name: MetricName
  /// How many values it is over; where it is 0, HELM gives no mean, bounds and deviations.
  public var count: Int?
  /// The sum of the values, in the metric's unit.
  public var sum: Double?
  /// The sum of the values' squares.
  public var sumSquared: Double?
  /// The least value.
  public var min: Double?
  /// The greatest value.
  public var max: Double?
  /// `sum / count`.
  public var mean: Double?
  /// Population variance.
  public var variance: Double?
  /// The square root of the variance.
  public var stddev: Double?

  /// A statistic as a predictor states it: a mean over one trial, unless it says more. With a sum and no sum of
  /// squares, the latter is the sum's square.
  public init(
    _ name: MetricName, mean: Double?, count: Int? = 1, sum: Double? = nil, sumSquared: Double? = nil,
    min: Double? = nil, max: Double? = nil, variance: Double? = 0, stddev: Double? = 0
  ) {
    self.name = name
    self.mean = mean
    self.count = count
    self.sum = sum
    self.sumSquared = sumSquared ?? sum.map { $0 * $0 }
    self.min = min
    self.max = max
    self.variance = variance
    self.stddev = stddev
  }

  private static let metricColumn = ColumnKey.metric.name(in: .stats)

  /// The statistic in a row of `stats` or `perInstanceStats`.
  public init(row: Row) {
    let isOfRun = row.table.hasColumn(Self.metricColumn)
    let prefix = isOfRun ? ColumnPrefix.statName : ColumnPrefix.instanceStatName
    self.init(
      MetricName(
        row[.metric], split: row[.split], subSplit: row[.subSplit],
        perturbation: Perturbation(row: row, prefix: prefix + "perturbation.")),
      mean: row[.mean], count: row[.count], sum: row[.sum], sumSquared: row[.sumSquared],
      min: row[.min], max: row[.max], variance: row[.variance], stddev: row[.stddev])
    sumSquared = row[.sumSquared]
  }
}
