/// A statistic predicted for a run.
public struct RunPrediction: Sendable, Hashable {
  /// The run's name.
  public let run: String
  /// The statistic. Its mean is nil where the predictor has none to give; its notes say why.
  public let stat: Stat
  /// A range that holds the statistic's mean with probability 0.95, where the predictor gives one.
  public let interval: Interval?
  /// The standard deviation of the prediction's error, above 0; nil where the predictor does not know it.
  public let standardError: Double?
  /// Sentences for the user on how the prediction came about, such as a fallback that was taken. The same sentence on
  /// many predictions is shown once.
  public let notes: [String]

  /// A prediction. A metric name that begins with `predicted_` stands for the metric without it.
  /// - Parameters:
  ///   - run: the name of the run.
  ///   - stat: the metric and its predicted values.
  ///   - interval: holds the actual value with probability 0.95; nil where none can be given.
  ///   - standardError: by default the statistic's own standard deviation, where that is above 0.
  ///   - notes: sentences for the user.
  public init(
    run: String, stat: Stat, interval: Interval? = nil, standardError: Double? = nil,
    notes: [String] = []
  ) {
    self.run = run
    self.stat = stat.unprefixed
    self.interval = interval
    self.standardError = standardError ?? stat.stddev.flatMap { $0 > 0 ? $0 : nil }
    self.notes = notes
  }
}

/// A statistic predicted for one request of a run.
public struct InstancePrediction: Sendable, Hashable {
  /// The run's name.
  public let run: String
  /// The request's number: its row's value of `.instancePredictID`.
  public let instance: Int
  /// The statistic. Its split and perturbation are the instance's, whatever the name says. Its mean is nil where the
  /// predictor has none to give; its notes say why.
  public let stat: Stat
  /// A range that holds the statistic's mean with probability 0.95, where the predictor gives one.
  public let interval: Interval?
  /// The standard deviation of the prediction's error, above 0; nil where the predictor does not know it.
  public let standardError: Double?
  /// Sentences for the user on how the prediction came about, such as a fallback that was taken. The same sentence on
  /// many predictions is shown once.
  public let notes: [String]

  /// A prediction. A metric name that begins with `predicted_` stands for the metric without it.
  /// - Parameters:
  ///   - run: the name of the run.
  ///   - instance: the number of the request, from the column `.instancePredictID`.
  ///   - stat: the metric and its predicted values.
  ///   - interval: holds the actual value with probability 0.95; nil where none can be given.
  ///   - standardError: by default the statistic's own standard deviation, where that is above 0.
  ///   - notes: sentences for the user.
  public init(
    run: String, instance: Int, stat: Stat, interval: Interval? = nil, standardError: Double? = nil,
    notes: [String] = []
  ) {
    self.run = run
    self.instance = instance
    self.stat = stat.unprefixed
    self.interval = interval
    self.standardError = standardError ?? stat.stddev.flatMap { $0 > 0 ? $0 : nil }
    self.notes = notes
  }
}

extension Stat {
  fileprivate var unprefixed: Stat {
    guard name.name.hasPrefix("predicted_") else { return self }
    var stat = self
    stat.name.name.removeFirst("predicted_".count)
    return stat
  }
}
