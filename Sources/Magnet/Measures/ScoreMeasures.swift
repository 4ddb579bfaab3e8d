// Measures of predicted scores: of any numbers.
extension Measure {
  /// The mean of |predicted - actual|.
  public static let meanAbsoluteError = Measure(
    "mae", title: "mean absolute error", unit: .metric, better: .lower, level: .run, meanOf: { abs($0.error) }
  )

  /// The square root of the mean of (predicted - actual)².
  public static let rootMeanSquaredError = Measure(
    "rmse", title: "RMSE", unit: .metric, better: .lower, level: .run,
    sums: { .ratio($0.error * $0.error, 1) }, value: { ratio($0)?.squareRoot() })

  /// The mean of predicted minus actual.
  public static let bias = Measure(
    "bias", title: "bias", unit: .metric, better: .near(0), level: .run, meanOf: { $0.error })

  /// The largest |predicted - actual|.
  public static let maximumError = Measure(
    "max_error", title: "largest error", unit: .metric, better: .lower, level: .run,
    form: .whole(
      { pairs in pairs.map { abs($0.error) }.max() },
      resampled: resampling { pairs in
        pairs.map { abs($0.error) }.max()
      }))

  /// The absolute errors' sum, divided by the sum of those that chance alone causes: in a score p measured on N
  /// right-or-wrong instances √(2/π · p(1 - p)/N), the mean absolute deviation of the normal approximation to the
  /// binomial distribution. At 1 or below there is nothing left to explain. Pairs whose score is not from 0 to 1, or
  /// whose number of instances is unknown, do not count.
  public static let noiseRatio = Measure(
    "noise_ratio", title: "error by binomial noise", unit: .ratio, better: .lower, level: .run,
    sums: { pair in
      guard let count = pair.instanceCount, count > 0, (0...1).contains(pair.actual) else { return nil }
      let noise = (2 / Double.pi * pair.actual * (1 - pair.actual) / Double(count)).squareRoot()
      return .ratio(abs(pair.error), noise)
    }, value: ratio)

  /// Spearman's rank correlation (1904) of predicted and actual values: the mean over groups and repetitions, those in
  /// which one side does not vary left out.
  public static let spearman = Measure(
    "spearman", title: "Spearman's rank correlation", unit: .ratio, better: .higher, level: .run,
    form: meanOverRankings(Correlation.spearman))

  /// Kendall's tau-b (1945) of predicted and actual values: the mean over groups and repetitions, those in which one
  /// side does not vary left out.
  public static let kendall = Measure(
    "kendall", title: "Kendall's tau-b", unit: .ratio, better: .higher, level: .run,
    form: meanOverRankings(Correlation.kendall))

  /// The fraction of actual values within the intervals, ends included; pairs without one do not count.
  /// - Parameter coverage: which intervals, 0.5, 0.8 or 0.95.
  public static func coverage(_ coverage: Double = 0.95) -> Measure {
    Measure(
      "coverage" + percent(coverage), title: "coverage of \(percent(coverage))% intervals", unit: .fraction,
      better: .near(coverage), level: .run,
      meanOf: { pair in pair.interval(coverage).map { $0.contains(pair.actual) ? 1 : 0 } })
  }

  /// The mean width of the intervals; pairs without one do not count.
  /// - Parameter coverage: which intervals, 0.5, 0.8 or 0.95.
  public static func width(_ coverage: Double = 0.95) -> Measure {
    Measure(
      "width" + percent(coverage), title: "width of \(percent(coverage))% intervals", unit: .metric,
      better: .lower, level: .run, meanOf: { $0.interval(coverage)?.width })
  }

  /// The mean interval score of Gneiting and Raftery (2007): the width, and 2/(1 - coverage) for each unit by which the
  /// actual value lies outside. Pairs without an interval do not count.
  /// - Parameter coverage: which intervals, 0.5, 0.8 or 0.95.
  public static func intervalScore(_ coverage: Double = 0.95) -> Measure {
    Measure(
      "interval_score" + percent(coverage), title: "interval score of \(percent(coverage))% intervals",
      unit: .metric, better: .lower, level: .run,
      meanOf: { pair in pair.interval(coverage)?.score(pair.actual, coverage: coverage) })
  }

  /// The mean continuous ranked probability score of normal predictions (Gneiting and Raftery 2007); their standard
  /// error, where it is unknown, from the 95% interval. Pairs with neither do not count.
  public static let rankedProbabilityScore = Measure(
    "crps", title: "CRPS", unit: .metric, better: .lower, level: .run,
    meanOf: { pair in
      let width = pair.interval(0.95).map { $0.width / (2 * 1.959963984540054) }
      return (pair.standardError ?? width).map {
        Normal.rankedProbabilityScore(pair.actual, mean: pair.predicted, stddev: $0)
      }
    })

  private static func percent(_ coverage: Double) -> String { String(Int((coverage * 100).rounded())) }

  /// Rankings of up to ten repetitions are enough for a bootstrap.
  private static let rankedRepetitions = 10

  private static func meanOverRankings(_ correlation: @escaping @Sendable ([Double], [Double]) -> Double?)
    -> Form
  {
    .whole(
      { pairs in
        pairs.ranked(byRepetition: true).compactMap { ranking in
          correlation(ranking.map(\.predicted), ranking.map(\.actual))
        }.mean()
      },
      resampled: { pairs, clusters, _ in
        let numbered = zip(pairs, clusters).filter { $0.0.repetition < rankedRepetitions }
        let rankings = Dictionary(grouping: numbered) { SIMD2($0.0.repetition, $0.0.group) }
          .sorted { ($0.key.x, $0.key.y) < ($1.key.x, $1.key.y) }.map(\.value)
        return { counts in
          rankings.compactMap { ranking in
            var predicted: [Double] = []
            var actual: [Double] = []
            for (pair, cluster) in ranking {
              for _ in 0..<Int(counts[cluster]) {
                predicted.append(pair.predicted)
                actual.append(pair.actual)
              }
            }
            return correlation(predicted, actual)
          }.mean()
        }
      })
  }

  /// A value over the pairs of clusters drawn as often as counted.
  static func resampling(
    _ value: @escaping @Sendable ([MeasuredPair]) -> Double?
  ) -> @Sendable ([MeasuredPair], [Int], Int) -> ([Double]) -> Double? {
    { pairs, clusters, _ in
      { counts in
        value(
          zip(pairs, clusters).flatMap { pair, cluster in repeatElement(pair, count: Int(counts[cluster])) })
      }
    }
  }
}
