import RealModule

// Measures of predicted probabilities of being right. Outcomes are 1 for right and 0 for wrong.
extension Measure {
  /// The mean squared difference of probability and outcome (Brier 1950): 0 is perfect.
  public static let brier = Measure(
    "brier", title: "Brier score", unit: .ratio, better: .lower, level: .instance,
    meanOf: { $0.error * $0.error })

  /// The mean negative log-likelihood. Probabilities are kept 1e-15 away from 0 and 1, as one sure and wrong prediction
  /// would be infinite.
  public static let logLoss = Measure(
    "log_loss", title: "log loss", unit: .nats, better: .lower, level: .instance,
    meanOf: { pair in
      let p = min(max(pair.predicted, 1e-15), 1 - 1e-15)
      return -(pair.actual * Double.log(p) + (1 - pair.actual) * Double.log(1 - p))
    })

  /// The probability that a right instance is given a higher probability than a wrong one, ties counting half: the area
  /// under the receiver operating characteristic, from the ranks (Mann and Whitney 1947). Nil when all outcomes are
  /// equal.
  public static let areaUnderROC = Measure(
    "auroc", title: "AUROC", unit: .fraction, better: .higher, level: .instance,
    form: .whole(
      area,
      resampled: { pairs, clusters, count in
        let bins = ProbabilityBins(pairs, clusters, count)
        return { bins.areaUnderROC($0) }
      }))

  /// `areaUnderROC` within each group and repetition (each run, as a rule), averaged with their pairs of right and wrong
  /// instances as weights. Groups whose outcomes are all equal do not count.
  package static let areaUnderROCWithin = Measure(
    "auroc_within", title: "AUROC within runs", unit: .fraction, better: .higher, level: .instance,
    form: .rankings { pairs in
      guard let area = area(pairs) else { return nil }
      let right = pairs.count { $0.actual > 0.5 }
      let weight = Double(right * (pairs.count - right))
      return .ratio(weight * area, weight)
    }, value: ratio)

  /// The expected calibration error: the absolute difference of mean probability and fraction of right instances,
  /// averaged over bins of equal numbers of instances in order of their probabilities (Nixon and others 2019).
  public static func calibrationError(bins: Int = 10) -> Measure {
    Measure(
      "ece", title: "expected calibration error", unit: .fraction, better: .lower, level: .instance,
      form: .whole(
        { pairs in
          let order = pairs.indices.sorted { (pairs[$0].predicted, $0) < (pairs[$1].predicted, $1) }
          guard !order.isEmpty, bins > 0 else { return nil }
          var sum = 0.0
          for bin in 0..<bins {
            let members = order[order.count * bin / bins..<order.count * (bin + 1) / bins]
            sum += abs(members.reduce(0.0) { $0 + pairs[$1].predicted - pairs[$1].actual })
          }
          return sum / Double(order.count)
        },
        resampled: { pairs, clusters, count in
          let sums = ProbabilityBins(pairs, clusters, count)
          return { sums.calibrationError($0, bins: bins) }
        }))
  }

  private static let area: @Sendable ([MeasuredPair]) -> Double? = { pairs in
    let ranks = Correlation.ranks(pairs.map(\.predicted))
    var right = 0.0
    var rankSum = 0.0
    for (rank, pair) in zip(ranks, pairs) where pair.actual > 0.5 {
      right += 1
      rankSum += rank
    }
    let wrong = Double(pairs.count) - right
    guard right > 0, wrong > 0 else { return nil }
    return (rankSum - right * (right + 1) / 2) / (right * wrong)
  }
}

/// Right and wrong instances by cluster and predicted probability, in 1,000 steps: fine enough for a bootstrap.
private struct ProbabilityBins {
  private static let count = 1000
  private var right: [[Double]]
  private var wrong: [[Double]]

  init(_ pairs: [MeasuredPair], _ clusters: [Int], _ clusterCount: Int) {
    right = Array(repeating: Array(repeating: 0, count: Self.count), count: clusterCount)
    wrong = right
    for (pair, cluster) in zip(pairs, clusters) {
      let bin = min(Self.count - 1, max(0, Int(pair.predicted * Double(Self.count))))
      if pair.actual > 0.5 { right[cluster][bin] += 1 } else { wrong[cluster][bin] += 1 }
    }
  }

  private func summed(_ bins: [[Double]], _ counts: [Double]) -> [Double] {
    var sum = Array(repeating: 0.0, count: Self.count)
    for (cluster, count) in counts.enumerated() where count > 0 {
      for bin in 0..<Self.count { sum[bin] += count * bins[cluster][bin] }
    }
    return sum
  }

  func areaUnderROC(_ counts: [Double]) -> Double? {
    var below = 0.0
    var area = 0.0
    var rightCount = 0.0
    for (right, wrong) in zip(summed(right, counts), summed(wrong, counts)) {
      area += right * (below + wrong / 2)
      below += wrong
      rightCount += right
    }
    return below > 0 && rightCount > 0 ? area / (below * rightCount) : nil
  }

  /// In bins of about equal mass.
  func calibrationError(_ counts: [Double], bins: Int) -> Double? {
    let right = summed(right, counts)
    let wrong = summed(wrong, counts)
    let total = right.reduce(0, +) + wrong.reduce(0, +)
    guard total > 0 else { return nil }
    var sum = 0.0
    var mass = 0.0
    var difference = 0.0
    for bin in 0..<Self.count {
      let here = right[bin] + wrong[bin]
      difference += here * (Double(bin) + 0.5) / Double(Self.count) - right[bin]
      mass += here
      if mass >= total / Double(bins) {
        sum += abs(difference)
        (mass, difference) = (0, 0)
      }
    }
    return (sum + abs(difference)) / total
  }
}
