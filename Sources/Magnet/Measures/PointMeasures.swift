/// How good predictions of numbers were. All measures take predicted and actual values of equal length, pair by pair,
/// and are nil where there are too few values to say anything.
public enum PointMeasures {
  /// Mean absolute error, in the values' unit; nil for no pairs.
  public static func meanAbsoluteError(_ predicted: [Double], _ actual: [Double]) -> Double? {
    mean(zip(predicted, actual).map { abs($0 - $1) })
  }

  /// Root of the mean squared error, in the values' unit; nil for no pairs.
  public static func rootMeanSquaredError(_ predicted: [Double], _ actual: [Double]) -> Double? {
    mean(zip(predicted, actual).map { ($0 - $1) * ($0 - $1) }).map { $0.squareRoot() }
  }

  /// Mean of predicted minus actual; nil for no pairs.
  public static func bias(_ predicted: [Double], _ actual: [Double]) -> Double? {
    mean(zip(predicted, actual).map { $0 - $1 })
  }

  /// The largest absolute error; nil for no pairs.
  public static func maximumError(_ predicted: [Double], _ actual: [Double]) -> Double? {
    zip(predicted, actual).map { abs($0 - $1) }.max()
  }

  /// Spearman's rank correlation: Pearson's of the ranks, equal values sharing their mean rank (Spearman 1904).
  /// From -1 to 1; nil for fewer than two pairs or when all values of one side are equal.
  public static func spearman(_ predicted: [Double], _ actual: [Double]) -> Double? {
    correlation(ranks(predicted), ranks(actual))
  }

  /// Kendall's tau-b: concordant minus discordant pairs, corrected for ties on each side (Kendall 1945). From -1 to 1;
  /// nil for fewer than two pairs or when all values of one side are equal. Takes time in proportion to the square
  /// of the number of pairs.
  public static func kendall(_ predicted: [Double], _ actual: [Double]) -> Double? {
    var balance = 0
    var untiedPredicted = 0
    var untiedActual = 0
    for i in predicted.indices {
      for j in 0..<i {
        let a = sign(predicted[i] - predicted[j])
        let b = sign(actual[i] - actual[j])
        balance += a * b
        untiedPredicted += a * a
        untiedActual += b * b
      }
    }
    guard untiedPredicted > 0, untiedActual > 0 else { return nil }
    return Double(balance) / (Double(untiedPredicted).squareRoot() * Double(untiedActual).squareRoot())
  }

  /// 1 - error / error of the null: how much of the null's error a predictor takes away. Nil when the null has none.
  public static func skill(error: Double, nullError: Double) -> Double? {
    nullError > 0 ? 1 - error / nullError : nil
  }

  /// The mean absolute error that chance alone causes in a score `p` measured on `count` right-or-wrong instances:
  /// sqrt(2/π · p(1 - p)/count), the mean absolute deviation of the normal approximation to the binomial.
  public static func binomialNoise(score p: Double, count: Int) -> Double {
    (2 / Double.pi * p * (1 - p) / Double(count)).squareRoot()
  }

  static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  private static func sign(_ value: Double) -> Int { value > 0 ? 1 : value < 0 ? -1 : 0 }

  /// The rank of each value, 1 first; equal values have the mean of their ranks.
  static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = Array(repeating: 0.0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
      for place in start..<end { ranks[order[place]] = Double(start + end + 1) / 2 }
      start = end
    }
    return ranks
  }

  private static func correlation(_ a: [Double], _ b: [Double]) -> Double? {
    guard a.count > 1, let meanA = mean(a), let meanB = mean(b) else { return nil }
    var covariance = 0.0
    var varianceA = 0.0
    var varianceB = 0.0
    for (x, y) in zip(a, b) {
      covariance += (x - meanA) * (y - meanB)
      varianceA += (x - meanA) * (x - meanA)
      varianceB += (y - meanB) * (y - meanB)
    }
    guard varianceA > 0, varianceB > 0 else { return nil }
    return covariance / (varianceA.squareRoot() * varianceB.squareRoot())
  }
}
