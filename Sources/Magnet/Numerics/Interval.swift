import RealModule

/// A range that is to hold a value with a stated probability.
///
/// ```swift
/// let interval = Interval(lower: 0.4, upper: 0.7)
/// interval.contains(0.5)  // true
/// ```
public struct Interval: Sendable, Hashable {
  /// The lower end, at most `upper`.
  public var lower: Double
  /// The upper end.
  public var upper: Double

  /// The range from `lower` to `upper`.
  public init(lower: Double, upper: Double) {
    self.lower = lower
    self.upper = upper
  }

  /// Upper minus lower end.
  public var width: Double { upper - lower }

  /// Whether a value is in it, ends included.
  public func contains(_ value: Double) -> Bool { lower <= value && value <= upper }

  /// The score interval of a share of right answers (Wilson 1927).
  ///
  /// Without `population` it is for the share in the population of all possible questions; with it, for the share
  /// among `population` questions of which `count` were seen, the variance shrunk by the finite-population factor
  /// (population - count) / (population - 1). Say which when you print it.
  /// - Parameters:
  ///   - right: how many of the `count` seen were right; need not be whole.
  ///   - count: how many were seen.
  ///   - population: how many there are; nil for no end of them.
  ///   - coverage: the probability, such as 0.95.
  /// - Returns: nil for no count; where all of the population were seen, the share itself.
  package static func wilson(
    right: Double, count: Int, population: Int? = nil, coverage: Double = 0.95
  ) -> Interval? {
    guard count > 0 else { return nil }
    let n = Double(count)
    let share = right / n
    var factor = 1.0
    if let population {
      if population <= count { return Interval(lower: share, upper: share) }
      factor = Double(population - count) / Double(population - 1)
    }
    let z = Normal.halfWidth(coverage)
    return wilson(share: share, square: z * z * factor / n)
  }

  /// The score interval of an estimated share whose error has the variance `share (1 - share) / m`: all s with
  /// (s - share)² <= square · s (1 - s). For a sample of unlike weights m is its effective size (Dean and Pagano 2015).
  /// - Parameters:
  ///   - share: the estimate, from 0 to 1.
  ///   - square: the squared quantile of the coverage, divided by m.
  package static func wilson(share: Double, square: Double) -> Interval {
    let centre = (share + square / 2) / (1 + square)
    let half = (square * share * (1 - share) + square * square / 4).squareRoot() / (1 + square)
    return Interval(lower: max(0, centre - half), upper: min(1, centre + half))
  }

  /// The same for the share of so many instances: an end that is nearer to 0 or to 1 than half an instance is there, as no
  /// other share lies between.
  package func whole(of instances: Int) -> Interval {
    let margin = 0.5 / Double(max(1, instances))
    return Interval(lower: lower < margin ? 0 : lower, upper: upper > 1 - margin ? 1 : upper)
  }

  /// The interval score of Gneiting and Raftery (2007), to be low: the width, and 2/(1 - coverage) for each unit by
  /// which the value lies outside.
  package func score(_ value: Double, coverage: Double) -> Double {
    let miss = value < lower ? lower - value : value > upper ? value - upper : 0
    return width + 2 / (1 - coverage) * miss
  }
}

/// The normal distribution.
package enum Normal {
  /// How many standard deviations to both sides hold the share `coverage`: `quantile(0.5 + coverage / 2)`, which is
  /// known for the usual coverages. A backtest asks for them millions of times.
  package static func halfWidth(_ coverage: Double) -> Double {
    usual.first { $0.coverage == coverage }?.width ?? quantile(0.5 + coverage / 2)
  }

  private static let usual = [0.5, 0.8, 0.9, 0.95, 0.99].map {
    (coverage: $0, width: quantile(0.5 + $0 / 2))
  }

  /// The probability of a value up to `x`, mean 0 and deviation 1.
  package static func cumulative(_ x: Double) -> Double {
    0.5 * Double.erfc(-x / 2.0.squareRoot())
  }

  /// The density at `x`, mean 0 and deviation 1.
  package static func density(_ x: Double) -> Double {
    Double.exp(-x * x / 2) / (2 * Double.pi).squareRoot()
  }

  /// The value that is exceeded with probability 1 - `p`; `p` is between 0 and 1, ends left out. By bisection and
  /// Newton steps on `cumulative`, to the last digits of a double.
  package static func quantile(_ p: Double) -> Double {
    precondition(p > 0 && p < 1, "a probability between 0 and 1")
    var low = -40.0
    var high = 40.0
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if cumulative(middle) < p { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// The continuous ranked probability score of a normal prediction, to be low (Gneiting and Raftery 2007, eq. 21):
  /// σ (z (2Φ(z) - 1) + 2φ(z) - 1/√π), z = (value - mean)/σ. With a deviation of 0, the absolute error.
  package static func rankedProbabilityScore(_ value: Double, mean: Double, stddev: Double) -> Double {
    if stddev <= 0 { return abs(value - mean) }
    let z = (value - mean) / stddev
    return stddev * (z * (2 * cumulative(z) - 1) + 2 * density(z) - 1 / Double.pi.squareRoot())
  }
}
