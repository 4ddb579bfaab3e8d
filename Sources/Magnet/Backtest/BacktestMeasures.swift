extension BacktestResult {
  private static let runMeasures: [Measure] =
    [.meanAbsoluteError, .rootMeanSquaredError, .bias, .noiseRatio, .spearman, .kendall]
    + MeasuredPair.coverages.flatMap { [.coverage($0), .width($0)] } + [.rankedProbabilityScore]
  private static let instanceMeasures: [Measure] = [
    .brier, .logLoss, .areaUnderROC, .areaUnderROCWithin, .calibrationError(),
  ]

  /// The measures of a part of the predictions, each with its interval over families.
  /// - Parameters:
  ///   - errors: the part's mean error for each target.
  ///   - nullErrors: those of the baselines that were shown as many instances.
  func scores(
    _ part: Part, _ errors: [Int: Double], nullErrors: [[Int: Double]], _ sample: ClusterBootstrap
  ) -> [Measure.Score] {
    let pairs = part.records.map(pair)
    let families = part.records.map { familyOf[Int($0.target)] }
    let isOfRuns = backtest.level == .run
    let isUnranked = unranked.contains(part.predictor)
    let measures = (isOfRuns ? Self.runMeasures : Self.instanceMeasures).filter {
      !isUnranked || $0.name != Measure.spearman.name && $0.name != Measure.kendall.name
    }
    var scores = measures.map {
      sample.score($0, of: pairs, clusters: families)
    }
    let skill = skill(
      isOfRuns ? "skill" : "brier_skill", errors, nullErrors, isSpread: Set(families).count > 1, sample)
    scores.insert(skill, at: isOfRuns ? 3 : 1)
    return scores.compactMap(\.self)
  }

  /// The entries whose predictions do not tell models apart, so that correlations of ranks are undefined.
  var unranked: [Int] {
    guard backtest.level == .run else { return [] }
    return entries.indices.filter { number in
      switch entries[number].dependence {
      case .none: true
      case .family: backtest.heldOut == .family
      case .model: false
      }
    }
  }

  /// A prediction as measures look at it. Runs are ranked within their column of the board, instances within their run.
  func pair(_ record: BacktestRecord) -> MeasuredPair {
    let target = plan.targets[Int(record.target)]
    let instances = plan.collection.runs[target.run].instances.count
    var pair = MeasuredPair(
      predicted: record.predicted, actual: record.actual,
      standardError: record.stddev.isNaN ? nil : record.stddev,
      instanceCount: instances == 0 ? nil : instances,
      group: backtest.level == .run ? target.column : Int(record.target),
      repetition: Int(record.repetition))
    pair.lower = record.lower
    pair.upper = record.upper
    return pair
  }

  /// 1 - error / error of the best baseline on the same targets: how much of that error is gone.
  private func skill(
    _ name: String, _ errors: [Int: Double], _ nullErrors: [[Int: Double]], isSpread: Bool,
    _ sample: ClusterBootstrap
  ) -> Measure.Score? {
    let ordered = errors.sorted { $0.key < $1.key }
    let candidates = nullErrors.compactMap { null -> [Measure.Sums]? in
      var sums = Array(repeating: Measure.Sums.zero, count: familyCount)
      var isEmpty = true
      for (target, error) in ordered {
        guard let other = null[target] else { continue }
        sums[familyOf[target]] += .ratio(error, other)
        isEmpty = false
      }
      return isEmpty ? nil : sums
    }
    func ratio(_ sums: [Measure.Sums]) -> Double { Measure.ratio(sums.reduce(.zero, +)) ?? .infinity }
    // The best baseline has the least error, so this predictor's error has the largest ratio to it.
    return candidates.max { ratio($0) < ratio($1) }.flatMap { best in
      sample.score(name, best, isSpread: isSpread) { sums in Measure.ratio(sums).map { 1 - $0 } }
    }
  }
}
