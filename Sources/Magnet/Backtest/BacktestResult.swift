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
  /// In the order of the plan.
  let failures: [BacktestOutcome.Failure]
  let remarks: [BacktestOutcome.Remark]
  /// Whether all was predicted; false when the backtest was told to end.
  package let isComplete: Bool
  /// For each target, the number of its model's family among those of the models that were predicted.
  let familyOf: [Int]
  let familyCount: Int
  /// The predictions by predictor and number of observed instances; with conformal intervals where the predictor has
  /// none of its own.
  let parts: [Part]

  init(
    backtest: Backtest, entries: [Backtest.Entry], plan: BacktestPlan, outcomes: consuming [BacktestOutcome],
    isComplete: Bool
  ) {
    self.backtest = backtest
    self.entries = entries
    self.plan = plan
    failures = outcomes.flatMap(\.failures)
    remarks = outcomes.flatMap(\.remarks)
    self.isComplete = isComplete
    let runs = plan.targets.map { plan.collection.runs[$0.run] }
    let families = runs.map(\.family).unique()
    let numbers = Dictionary(uniqueKeysWithValues: families.enumerated().map { ($1, $0) })
    familyOf = runs.map { numbers[$0.family, default: 0] }
    familyCount = families.count
    let models = runs.map(\.model)
    var parts = Self.parts(outcomes)
    for number in parts.indices
    where backtest.level == .run && !parts[number].records.contains(where: \.hasIntervals) {
      parts[number].isConformal = true
      ConformalIntervals.add(to: &parts[number].records, models: models)
    }
    self.parts = parts
  }

  /// All predictions, by predictor and number of observed instances. There may be millions: each is in memory once, but for
  /// those of one outcome.
  private static func parts(_ outcomes: consuming [BacktestOutcome]) -> [Part] {
    func key(_ record: BacktestRecord) -> SIMD2<Int32> { SIMD2(record.predictor, record.observed) }
    var counts: [SIMD2<Int32>: Int] = [:]
    for number in outcomes.indices {
      for record in outcomes[number].records { counts[key(record), default: 0] += 1 }
    }
    let keys = counts.keys.sorted { ($0.x, $0.y) < ($1.x, $1.y) }
    var parts = keys.map { key in
      var part = Part(predictor: Int(key.x), observed: key.y < 0 ? nil : Int(key.y), records: [])
      part.records.reserveCapacity(counts[key, default: 0])
      return part
    }
    let places = Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($1, $0) })
    for number in outcomes.indices {
      for record in outcomes[number].records {
        if let place = places[key(record)] { parts[place].records.append(record) }
      }
      outcomes[number].records = []
    }
    return parts
  }
}

extension BacktestResult {
  /// What one predictor made of each run's score, by the run's name: its only or last prediction, or why there is none.
  /// - Parameter predictor: its number among the entries.
  package func predictions(of predictor: Int) -> [String: Result<Double, MagnetError>] {
    var found: [String: Result<Double, MagnetError>] = [:]
    func run(_ target: Int) -> String { plan.collection.runs[plan.targets[target].run].name }
    for failure in failures where failure.predictor == predictor {
      found[run(failure.target)] = .failure(MagnetError(.insufficientData, failure.reason))
    }
    for part in parts where part.predictor == predictor {
      for record in part.records { found[run(Int(record.target))] = .success(record.predicted) }
    }
    return found
  }
}
