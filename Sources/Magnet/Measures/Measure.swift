/// A measure of how good predictions are: what it is called, what it is in, which way is better, and how it comes from
/// pairs of predicted and actual values.
///
/// Most measures are a function of sums over pairs, so that their value over any resampling of runs or families comes
/// from the sums of the parts; see `ClusterBootstrap`. Measures of your own are made the same way:
///
/// ```swift
/// let relativeError = Measure(
///   "relative_error", title: "mean relative error", unit: .ratio, better: .lower, level: .run,
///   meanOf: { $0.actual == 0 ? nil : abs($0.error / $0.actual) })
/// comparison.score(relativeError)
/// ```
public struct Measure: Sendable {
  /// What a value is in.
  public enum Unit: String, Sendable {
    /// The unit of the predicted metric.
    case metric
    /// A fraction, from 0 to 1.
    case fraction
    /// The natural logarithm of a probability.
    case nats
    /// A number without a unit.
    case ratio
  }

  /// Which way is better.
  public enum Direction: Sendable, Hashable {
    /// Lower values are better.
    case lower, higher
    /// The nearer to a value, the better: 0 for a bias, 0.95 for the coverage of intervals of 95%.
    case near(Double)

    /// Whether one value is better than another.
    package func isBetter(_ a: Double, than b: Double) -> Bool {
      switch self {
      case .lower: a < b
      case .higher: a > b
      case .near(let ideal): abs(a - ideal) < abs(b - ideal)
      }
    }
  }

  /// What predictions are of.
  public enum Level: String, Sendable, CaseIterable {
    /// The score of a run: any number.
    case run
    /// Whether single instances are answered right: probabilities.
    case instance
  }

  /// Sums over pairs: as many of the eight as the measure needs, the others 0.
  package typealias Sums = SIMD8<Double>

  /// A value with what it is uncertain by.
  package struct Score: Sendable, Hashable {
    /// The measure's name, such as `mae`.
    package let measure: String
    /// The value of the measure.
    package let value: Double
    /// Holds the measure with probability 95% over families of models like these; nil for one family. By the
    /// percentiles of a bootstrap that draws whole families.
    package let interval: Interval?
  }

  /// How the value comes from pairs.
  enum Form: Sendable {
    /// From sums over pairs.
    case pairs(@Sendable (MeasuredPair) -> Sums?)
    /// From sums over what pairs that are ranked among themselves come to.
    case rankings(@Sendable ([MeasuredPair]) -> Sums?)
    /// From all pairs at once.
    case whole(
      @Sendable ([MeasuredPair]) -> Double?,
      resampled:
        @Sendable (_ pairs: [MeasuredPair], _ clusters: [Int], _ count: Int) -> (_ counts: [Double]) ->
        Double?
    )
  }

  /// The name in tables and files, such as `mae`.
  public let name: String
  /// The name for people, such as `mean absolute error`.
  public let title: String
  /// What a value is in.
  public let unit: Unit
  /// Which values are better.
  public let better: Direction
  /// What predictions it is of.
  public let level: Level
  let form: Form
  let value: @Sendable (Sums) -> Double?

  /// A measure that is a function of sums over pairs.
  /// - Parameters:
  ///   - name: the name in tables and files.
  ///   - title: the name in sentences.
  ///   - unit: what a value is in.
  ///   - better: which values are better.
  ///   - level: whether pairs are of runs or of instances.
  ///   - sums: what a pair adds; nil where it does not count, such as one without an interval.
  ///   - value: the value from the sums; nil where they are too little to say anything.
  package init(
    _ name: String, title: String, unit: Unit, better: Direction, level: Level,
    sums: @escaping @Sendable (MeasuredPair) -> Sums?, value: @escaping @Sendable (Sums) -> Double?
  ) {
    self.init(name, title: title, unit: unit, better: better, level: level, form: .pairs(sums), value: value)
  }

  init(
    _ name: String, title: String, unit: Unit, better: Direction, level: Level, form: Form,
    value: @escaping @Sendable (Sums) -> Double? = { _ in nil }
  ) {
    self.name = name
    self.title = title
    self.unit = unit
    self.better = better
    self.level = level
    self.form = form
    self.value = value
  }

  /// A measure that is the mean of a term over pairs.
  /// - Parameters:
  ///   - name: the name in tables and files.
  ///   - title: the name in sentences.
  ///   - unit: what a value is in.
  ///   - better: which values are better.
  ///   - level: whether pairs are of runs or of instances.
  ///   - term: nil for a pair that does not count.
  public init(
    _ name: String, title: String, unit: Unit, better: Direction, level: Level,
    meanOf term: @escaping @Sendable (MeasuredPair) -> Double?
  ) {
    self.init(
      name, title: title, unit: unit, better: better, level: level,
      form: .pairs { term($0).map { .ratio($0, 1) } }, value: Self.ratio)
  }

  /// The value over all pairs; nil where they are too few to say anything.
  package func value(of pairs: some Collection<MeasuredPair>) -> Double? {
    let value: Double? =
      switch form {
      case .pairs(let sums): self.value(pairs.reduce(into: .zero) { $0 += sums($1) ?? .zero })
      case .rankings(let sums): self.value(pairs.ranked().reduce(into: .zero) { $0 += sums($1) ?? .zero })
      case .whole(let value, _): value(Array(pairs))
      }
    return value.flatMap { $0.isNaN ? nil : $0 }
  }

  /// The value over predicted and actual values, pair by pair.
  public func value(_ predicted: [Double], _ actual: [Double]) -> Double? {
    value(of: zip(predicted, actual).map { MeasuredPair(predicted: $0, actual: $1) })
  }

  /// The first sum divided by the second; nil where that is 0.
  static let ratio: @Sendable (Sums) -> Double? = { $0[1] > 0 ? $0[0] / $0[1] : nil }
}

extension Measure.Sums {
  static func ratio(_ numerator: Double, _ denominator: Double) -> Self {
    var sums = Self.zero
    sums[0] = numerator
    sums[1] = denominator
    return sums
  }
}
