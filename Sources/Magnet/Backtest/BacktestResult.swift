/// What a backtest came to.
package struct BacktestResult: Sendable {
  /// Predictions of one predictor that were shown as many instances.
  struct Part: Sendable {
    let predictor: Int
    let observed: Int?
    var records: [BacktestRecord]
    var isConformal = false

    /// For each target with predictions the mean over them, of the absolute error or, for instances, its square.
    func meanErrors(_ level: Backtest.Level) -> [Int: Double] {
      var sums: [Int: SIMD2<Double>] = [:]
      for record in records {
        let size = level == .run ? abs(record.error) : record.error * record.error
        sums[Int(record.target), default: .zero] += SIMD2(size, 1)
      }
      return sums.mapValues { $0.x / $0.y }
    }
  }

  let backtest: Backtest
  let entries: [Backtest.Entry]
  let plan: BacktestPlan
  let outcome: BacktestOutcome
  /// Whether all was predicted; false when the backtest was told to end.
  package let isComplete: Bool
  /// For each target, the number of its model's family among those of the models that were predicted.
  let familyOf: [Int]
  let familyCount: Int
  /// The predictions by predictor and number of observed instances; with conformal intervals where the predictor has
  /// none of its own.
  let parts: [Part]

  init(
    backtest: Backtest, entries: [Backtest.Entry], plan: BacktestPlan, outcome: BacktestOutcome,
    isComplete: Bool
  ) {
    self.backtest = backtest
    self.entries = entries
    self.plan = plan
    self.outcome = outcome
    self.isComplete = isComplete
    let runs = plan.targets.map { plan.collection.runs[$0.run] }
    let families = runs.map(\.family).unique()
    let numbers = Dictionary(uniqueKeysWithValues: families.enumerated().map { ($1, $0) })
    familyOf = runs.map { numbers[$0.family, default: 0] }
    familyCount = families.count
    var parts: [SIMD2<Int32>: Part] = [:]
    for record in outcome.records {
      parts[
        SIMD2(record.predictor, record.observed),
        default: Part(
          predictor: Int(record.predictor), observed: record.observed < 0 ? nil : Int(record.observed),
          records: [])
      ].records.append(record)
    }
    let models = runs.map(\.model)
    self.parts = parts.sorted { ($0.key.x, $0.key.y) < ($1.key.x, $1.key.y) }.map { _, part in
      var part = part
      if backtest.level == .run, !part.records.contains(where: \.hasIntervals) {
        part.isConformal = true
        ConformalIntervals.add(to: &part.records, models: models)
      }
      return part
    }
  }
}

extension BacktestResult {
  /// What one predictor made of each run's score, by the run's name: its only or last prediction, or why there is none.
  /// - Parameter predictor: its number among the entries.
  package func predictions(of predictor: Int) -> [String: Result<Double, MagnetError>] {
    var found: [String: Result<Double, MagnetError>] = [:]
    func run(_ target: Int) -> String { plan.collection.runs[plan.targets[target].run].name }
    for failure in outcome.failures where failure.predictor == predictor {
      found[run(failure.target)] = .failure(MagnetError(.insufficientData, failure.reason))
    }
    for record in outcome.records where record.predictor == Int32(predictor) {
      found[run(Int(record.target))] = .success(record.predicted)
    }
    return found
  }
}
