/// What measures look at: one predicted value beside the actual one, with what the prediction says of its own error.
public struct MeasuredPair: Sendable, Hashable {
  /// The coverages for which predictions may carry intervals, in ascending order.
  package static let coverages = [0.5, 0.8, 0.95]

  /// The predicted value; for an outcome that is right or wrong, the probability of right.
  public var predicted: Double
  /// The actual value, in the same unit; 1 for a right outcome, 0 for a wrong one.
  public var actual: Double
  /// The standard deviation of the prediction's error, above 0; nil where the prediction has none.
  public var standardError: Double?
  /// How many instances the actual value is the mean over; nil where that is unknown.
  package var instanceCount: Int?
  /// Pairs of one group and repetition are ranked among themselves: the runs of a scenario, or the instances of a run.
  package var group = 0
  /// Which of several predictions of the same value this is.
  package var repetition = 0
  /// The ends of the intervals, in the order of `coverages`; NaN where there is none.
  package var lower = SIMD3<Double>(repeating: .nan)
  package var upper = SIMD3<Double>(repeating: .nan)

  /// A pair.
  /// - Parameters:
  ///   - predicted: the predicted value.
  ///   - actual: the actual value.
  ///   - standardError: of the prediction, where it has one.
  ///   - interval: holds the actual value with probability 0.95.
  ///   - instanceCount: how many instances the actual value is over.
  ///   - group: the number of what is resampled together, such as a family of models.
  ///   - repetition: which of several draws of a sample it is of.
  package init(
    predicted: Double, actual: Double, standardError: Double? = nil, interval: Interval? = nil,
    instanceCount: Int? = nil, group: Int = 0, repetition: Int = 0
  ) {
    self.predicted = predicted
    self.actual = actual
    self.standardError = standardError
    self.instanceCount = instanceCount
    self.group = group
    self.repetition = repetition
    if let interval {
      lower.z = interval.lower
      upper.z = interval.upper
    }
  }

  /// Predicted minus actual.
  public var error: Double { predicted - actual }

  /// The interval for a coverage; nil where the prediction has none.
  /// - Parameter coverage: 0.5, 0.8 or 0.95.
  public func interval(_ coverage: Double) -> Interval? {
    guard let place = Self.coverages.firstIndex(of: coverage), !lower[place].isNaN else { return nil }
    return Interval(lower: lower[place], upper: upper[place])
  }
}

extension Collection<MeasuredPair> {
  /// The pairs that are ranked among themselves, by group and then repetition, or by repetition and then group.
  func ranked(byRepetition: Bool = false) -> [[MeasuredPair]] {
    Dictionary(grouping: self) { pair in
      byRepetition ? SIMD2(pair.repetition, pair.group) : SIMD2(pair.group, pair.repetition)
    }
    .sorted { ($0.key.x, $0.key.y) < ($1.key.x, $1.key.y) }.map(\.value)
  }
}
