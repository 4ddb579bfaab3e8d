/// Sums of a part of a backtest's predictions by family, from which measures and their bootstrap come.
struct PartMeasures {
  private let part: BacktestResult.Part
  private let familyOf: [Int]
  private let plan: BacktestPlan
  private let familyCount: Int
  private let meanErrors: [Int: Double]

  var targetCount: Int { meanErrors.count }

  init(_ part: BacktestResult.Part, _ result: BacktestResult) {
    self.part = part
    plan = result.plan
    familyCount = result.familyCount
    familyOf = result.familyOf
    meanErrors = part.meanErrors(result.backtest.level)
  }

  /// A ratio of two sums over the predictions, by family.
  private struct Ratio {
    var above: [Double]
    var below: [Double]

    func value(_ counts: [Double]?) -> Double? {
      var a = 0.0
      var b = 0.0
      for family in above.indices {
        let count = counts?[family] ?? 1
        a += count * above[family]
        b += count * below[family]
      }
      return b > 0 ? a / b : nil
    }
  }

  private func ratio(_ terms: (BacktestRecord) -> (Double, Double)?) -> Ratio {
    var ratio = Ratio(
      above: Array(repeating: 0, count: familyCount), below: Array(repeating: 0, count: familyCount))
    for record in part.records {
      guard let (above, below) = terms(record) else { continue }
      ratio.above[familyOf[Int(record.target)]] += above
      ratio.below[familyOf[Int(record.target)]] += below
    }
    return ratio
  }

  private func score(
    _ measure: String, _ sample: ClusterBootstrap, draws: Int = 1000, _ value: ([Double]?) -> Double?
  ) -> BacktestScores.Score? {
    guard let whole = value(nil), !whole.isNaN else { return nil }
    // One family says nothing of others.
    let isSpread = Set(meanErrors.keys.map { familyOf[$0] }).count > 1
    return BacktestScores.Score(
      measure: measure, value: whole, interval: isSpread ? sample.interval(draws: draws) { value($0) } : nil)
  }

  private func mean(
    _ measure: String, _ sample: ClusterBootstrap, _ term: (BacktestRecord) -> Double?
  ) -> BacktestScores.Score? {
    let ratio = ratio { record in term(record).map { ($0, 1) } }
    return score(measure, sample, ratio.value)
  }

  /// 1 - error / error of the best null on the same targets.
  private func skill(_ measure: String, nulls: [PartMeasures], _ sample: ClusterBootstrap) -> BacktestScores
    .Score?
  {
    let ratios = nulls.compactMap { null -> Ratio? in
      var ratio = Ratio(
        above: Array(repeating: 0, count: familyCount), below: Array(repeating: 0, count: familyCount))
      var isEmpty = true
      for (target, error) in meanErrors.sorted(by: { $0.key < $1.key }) {
        guard let other = null.meanErrors[target] else { continue }
        ratio.above[familyOf[target]] += error
        ratio.below[familyOf[target]] += other
        isEmpty = false
      }
      return isEmpty ? nil : ratio
    }
    // The best null has the least error, so this predictor's error the largest ratio to it.
    guard let best = ratios.max(by: { ($0.value(nil) ?? .infinity) < ($1.value(nil) ?? .infinity) }) else {
      return nil
    }
    return score(measure, sample) { best.value($0).map { 1 - $0 } }
  }

  /// The measures of predicted scores of runs.
  func runScores(nulls: [PartMeasures], _ sample: ClusterBootstrap) -> [BacktestScores.Score] {
    let squares = ratio { ($0.error * $0.error, 1) }
    let noise = ratio { record in
      let run = plan.collection.runs[plan.targets[Int(record.target)].run]
      guard (0...1).contains(record.actual), !run.instances.isEmpty else { return nil }
      return (
        abs(record.error), PointMeasures.binomialNoise(score: record.actual, count: run.instances.count)
      )
    }
    var scores = [
      mean("mae", sample) { abs($0.error) },
      score("rmse", sample) { squares.value($0)?.squareRoot() },
      mean("bias", sample) { $0.error },
      skill("skill", nulls: nulls, sample),
      score("noise_ratio", sample, noise.value),
    ]
    let ranks = RankMeasures(part, plan, familyOf)
    scores.append(score("spearman", sample, draws: 200) { ranks.mean($0, PointMeasures.spearman) })
    scores.append(score("kendall", sample, draws: 200) { ranks.mean($0, PointMeasures.kendall) })
    for (number, coverage) in Estimate.coverages.enumerated() {
      let name = String(Int(coverage * 100))
      scores.append(
        mean("coverage" + name, sample) { record in
          !record.lower[number].isNaN
            ? (record.lower[number] <= record.actual && record.actual <= record.upper[number] ? 1 : 0) : nil
        })
      scores.append(
        mean("width" + name, sample) { $0.lower[number].isNaN ? nil : $0.upper[number] - $0.lower[number] })
    }
    scores.append(mean("crps", sample, rankedProbability))
    return scores.compactMap { $0 }
  }

  /// Of a normal prediction; its deviation, where the predictor gave none, from the 95 % interval.
  private func rankedProbability(_ record: BacktestRecord) -> Double? {
    let stddev =
      record.stddev.isNaN ? (record.upper.z - record.lower.z) / (2 * 1.959963984540054) : record.stddev
    return stddev.isNaN
      ? nil : Normal.rankedProbabilityScore(record.actual, mean: record.predicted, stddev: stddev)
  }

  /// The measures of predicted probabilities of instances.
  func instanceScores(nulls: [PartMeasures], _ sample: ClusterBootstrap) -> [BacktestScores.Score] {
    let probabilities = part.records.map(\.predicted)
    let outcomes = part.records.map(\.actual)
    let bins = ProbabilityBins(part.records, familyOf, familyCount)
    // The area within the predictions of a run from one sample, weighted by its pairs of right and wrong instances, is a sum over runs.
    var within = Ratio(
      above: Array(repeating: 0, count: familyCount), below: Array(repeating: 0, count: familyCount))
    let groups = Dictionary(grouping: part.records.indices) { number in
      SIMD2(part.records[number].target, part.records[number].repetition)
    }
    for (_, members) in groups.sorted(by: { ($0.key.x, $0.key.y) < ($1.key.x, $1.key.y) }) {
      let inside = members.map { outcomes[$0] }
      guard let area = ProbabilityMeasures.areaUnderROC(members.map { probabilities[$0] }, inside) else {
        continue
      }
      let right = inside.count { $0 > 0.5 }
      let weight = Double(right * (inside.count - right))
      within.above[familyOf[Int(part.records[members[0]].target)]] += weight * area
      within.below[familyOf[Int(part.records[members[0]].target)]] += weight
    }
    let area = ProbabilityMeasures.areaUnderROC(probabilities, outcomes)
    let calibration = ProbabilityMeasures.calibrationError(probabilities, outcomes)
    let scores = [
      mean("brier", sample) { $0.error * $0.error },
      skill("brier_skill", nulls: nulls, sample),
      mean("log_loss", sample) { ProbabilityMeasures.logLoss([$0.predicted], [$0.actual]) },
      score("auroc", sample, draws: 200) { $0 == nil ? area : bins.areaUnderROC($0!) },
      score("auroc_within", sample, within.value),
      score("ece", sample, draws: 200) { $0 == nil ? calibration : bins.calibrationError($0!) },
    ]
    return scores.compactMap { $0 }
  }
}

/// Predicted against actual ranks of the models of each scenario, repetition by repetition.
private struct RankMeasures {
  private struct Ranking {
    var predicted: [Double] = []
    var actual: [Double] = []
    var families: [Int] = []
  }

  private let rankings: [Ranking]
  /// Those that the bootstrap takes: of up to ten repetitions.
  private let few: [Ranking]

  init(_ part: BacktestResult.Part, _ plan: BacktestPlan, _ familyOf: [Int]) {
    var all: [SIMD2<Int>: Ranking] = [:]
    for record in part.records {
      let target = plan.targets[Int(record.target)]
      let key = SIMD2(Int(record.repetition), target.column)
      all[key, default: Ranking()].predicted.append(record.predicted)
      all[key]!.actual.append(record.actual)
      all[key]!.families.append(familyOf[Int(record.target)])
    }
    let sorted = all.sorted { ($0.key.x, $0.key.y) < ($1.key.x, $1.key.y) }
    rankings = sorted.map(\.value)
    few = sorted.filter { $0.key.x < 10 }.map(\.value)
  }

  /// The mean of a correlation over the rankings in which it is one.
  func mean(_ counts: [Double]?, _ correlation: ([Double], [Double]) -> Double?) -> Double? {
    guard let counts else {
      return PointMeasures.mean(rankings.compactMap { correlation($0.predicted, $0.actual) })
    }
    return PointMeasures.mean(
      few.compactMap { ranking in
        var predicted: [Double] = []
        var actual: [Double] = []
        for (number, family) in ranking.families.enumerated() {
          for _ in 0..<Int(counts[family]) {
            predicted.append(ranking.predicted[number])
            actual.append(ranking.actual[number])
          }
        }
        return correlation(predicted, actual)
      })
  }
}

/// Right and wrong instances by family and predicted probability, in 1,000 steps: fine enough for a bootstrap.
private struct ProbabilityBins {
  private static let count = 1000
  private var right: [[Double]]
  private var wrong: [[Double]]

  init(_ records: [BacktestRecord], _ familyOf: [Int], _ familyCount: Int) {
    right = Array(repeating: Array(repeating: 0, count: Self.count), count: familyCount)
    wrong = right
    for record in records {
      let bin = min(Self.count - 1, max(0, Int(record.predicted * Double(Self.count))))
      let family = familyOf[Int(record.target)]
      if record.actual > 0.5 { right[family][bin] += 1 } else { wrong[family][bin] += 1 }
    }
  }

  private func summed(_ bins: [[Double]], _ counts: [Double]) -> [Double] {
    var sum = Array(repeating: 0.0, count: Self.count)
    for (family, count) in counts.enumerated() where count > 0 {
      for bin in 0..<Self.count { sum[bin] += count * bins[family][bin] }
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

  /// In ten bins of about equal mass.
  func calibrationError(_ counts: [Double]) -> Double? {
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
      if mass >= total / 10 {
        sum += abs(difference)
        (mass, difference) = (0, 0)
      }
    }
    return (sum + abs(difference)) / total
  }
}
