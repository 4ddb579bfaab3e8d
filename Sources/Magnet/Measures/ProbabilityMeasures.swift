/// How good predicted probabilities of being right were. Outcomes are 1 for right and 0 for wrong, pair by pair with
/// the probabilities; a measure is nil where there is too little to say anything.
public enum ProbabilityMeasures {
  /// Mean squared difference of probability and outcome (Brier 1950): 0 is perfect; nil for no pairs.
  public static func brier(_ probabilities: [Double], _ outcomes: [Double]) -> Double? {
    PointMeasures.mean(zip(probabilities, outcomes).map { ($0 - $1) * ($0 - $1) })
  }

  /// Mean negative log-likelihood in nats. Probabilities are kept `margin` away from 0 and 1, as one sure and wrong
  /// prediction would be infinite. Nil for no pairs.
  public static func logLoss(
    _ probabilities: [Double], _ outcomes: [Double], margin: Double = 1e-15
  ) -> Double? {
    PointMeasures.mean(
      zip(probabilities, outcomes).map { probability, outcome in
        let p = min(max(probability, margin), 1 - margin)
        return
          -(outcome * ElementaryFunctions.natural(p) + (1 - outcome) * ElementaryFunctions.natural(1 - p))
      })
  }

  /// The probability that a right instance is given a higher probability than a wrong one, ties counting half: the
  /// area under the receiver operating characteristic, from the ranks (Mann and Whitney 1947). Nil when all
  /// outcomes are equal.
  public static func areaUnderROC(_ probabilities: [Double], _ outcomes: [Double]) -> Double? {
    let ranks = PointMeasures.ranks(probabilities)
    var right = 0.0
    var rankSum = 0.0
    for (rank, outcome) in zip(ranks, outcomes) where outcome > 0.5 {
      right += 1
      rankSum += rank
    }
    let wrong = Double(outcomes.count) - right
    guard right > 0, wrong > 0 else { return nil }
    return (rankSum - right * (right + 1) / 2) / (right * wrong)
  }

  /// `areaUnderROC` within each group (each model, as a rule), averaged with the groups' pairs of right and wrong
  /// instances as weights; groups whose outcomes are all equal do not count. Nil when all do not.
  public static func areaUnderROC<Group: Hashable>(
    _ probabilities: [Double], _ outcomes: [Double], within groups: [Group]
  ) -> Double? {
    var members: [Group: [Int]] = [:]
    for (number, group) in groups.enumerated() { members[group, default: []].append(number) }
    var sum = 0.0
    var weights = 0.0
    for numbers in members.values.sorted(by: { $0[0] < $1[0] }) {
      let inside = numbers.map { outcomes[$0] }
      guard let area = areaUnderROC(numbers.map { probabilities[$0] }, inside) else { continue }
      let right = inside.filter { $0 > 0.5 }.count
      let weight = Double(right * (inside.count - right))
      sum += weight * area
      weights += weight
    }
    return weights > 0 ? sum / weights : nil
  }

  /// Expected calibration error: the absolute difference of mean probability and share of right ones, averaged over
  /// bins of equal numbers of instances in order of their probabilities (Nixon and others 2019). Nil for no pairs.
  public static func calibrationError(
    _ probabilities: [Double], _ outcomes: [Double], bins: Int = 10
  ) -> Double? {
    let order = probabilities.indices.sorted { (probabilities[$0], $0) < (probabilities[$1], $1) }
    guard !order.isEmpty, bins > 0 else { return nil }
    var sum = 0.0
    for bin in 0..<bins {
      let members = order[order.count * bin / bins..<order.count * (bin + 1) / bins]
      let difference = members.reduce(0.0) { $0 + probabilities[$1] - outcomes[$1] }
      sum += abs(difference)
    }
    return sum / Double(order.count)
  }
}
