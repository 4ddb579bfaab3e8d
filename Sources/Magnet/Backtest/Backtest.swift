/// Predicts many scores that are known, each as if it were not, and keeps every prediction.
///
/// Duplicates of runs are removed first. What `heldOut` says is held out, in turn; each score is predicted from what
/// is left and from samples of the run's instances, the same samples for all predictors. Everything random comes from
/// `seed`, and the result does not depend on `jobs`.
package struct Backtest: Sendable {
  /// A predictor that takes part.
  package struct Entry: Sendable {
    package let name: String
    /// Whether this is a baseline.
    package let isBaseline: Bool
    /// Whether somebody wants to know how it does, and not only how others compare with it: what it cannot predict is
    /// said then.
    package var isAskedFor: Bool
    /// What of a model its predictions depend on.
    let dependence: ScorePredictor.Dependence
    /// Makes one: each is used by one thread at a time, for scores predicted from the same runs.
    package let make: @Sendable () -> Predictor

    package init(name: String, isBaseline: Bool = false, make: @escaping @Sendable () -> Predictor) {
      self.init(name: name, isBaseline: isBaseline, dependence: .model, make: make)
      isAskedFor = !isBaseline
    }

    private init(
      name: String, isBaseline: Bool, dependence: ScorePredictor.Dependence,
      make: @escaping @Sendable () -> Predictor
    ) {
      self.name = name
      self.isBaseline = isBaseline
      isAskedFor = true
      self.dependence = dependence
      self.make = make
    }

    /// A predictor by its type, under its own name.
    package init(_ type: Predictor.Type) {
      let dependence = (type as? ScorePredictor.Type)?.dependence ?? .model
      self.init(name: type.name, isBaseline: type.isBaseline, dependence: dependence) {
        type.init(exampleRuns: 3, evalSamples: 20, seed: 1)
      }
    }
  }

  /// What predictions are of: scores of runs, or whether single instances that were not shown are answered right.
  package typealias Level = Measure.Level

  package var heldOut = HeldOut.family
  /// When models came out, for `HeldOut.time`.
  package var timeline: ModelTimeline?
  /// For `HeldOut.time`, how many steps before a model the newest model is that is learned from.
  package var stepsAhead = 1
  package var target = BacktestTarget.score
  package var level = Level.run
  /// How many instances of the target run are shown with their scores.
  package var observed = [10, 25, 50, 100]
  /// How many samples are drawn for each number of observed instances.
  package var repetitions = 200
  package var seed = 1
  /// How many predictions are made at once.
  package var jobs = 1
  /// How many example runs, drawn afresh in each repetition, a predictor that is not a `ScorePredictor` is shown; nil for
  /// all that are not held out.
  package var exampleRuns: Int?
  /// How the instances are chosen that are shown; nil to draw them at random.
  package var sampling: (any InstanceSampling)?

  /// The seed, as generators take it.
  var randomSeed: UInt64 { UInt64(bitPattern: Int64(seed)) }

  package init() {}

  /// Makes all predictions.
  /// - Parameters:
  ///   - scores: what is to be predicted, and learned from.
  ///   - source: where predictors that look at tables find them; nil when none of the entries does.
  ///   - file: a file that keeps every prediction as it is made. Predictions that it holds are not made again.
  /// - Returns: the predictions; when the task was cancelled meanwhile, those made before, and `isComplete` is false.
  /// - Throws: `MagnetError` when there is nothing to predict or the file is of another backtest; what the source and
  ///   the file throw.
  package func run(
    _ entries: [Entry], on scores: ScoreCollection, source: (any RunSource)? = nil,
    keepingIn file: ScoreFile? = nil,
    progress: WorkProgress = WorkProgress()
  ) async throws -> BacktestResult {
    if heldOut == .frontier,
      let scenario = scores.scenarios.first(where: { $0.headline.lowerIsBetter == nil })
    {
      throw MagnetError(
        .insufficientData,
        "the strongest models are not known: no schema says whether lower values of \(scenario.metric.name) are better",
        at: scenario.name, advice: "say so with --lower-is-better or --no-lower-is-better")
    }
    if heldOut == .time {
      let known = Set(scores.board.models.compactMap { timeline?.steps[$0] })
      guard known.count >= 2 else {
        throw MagnetError(
          .insufficientData, "needs models of at least 2 timesteps, not \(known.count)",
          advice: "give their dates with --dates, or shorter steps with --step")
      }
    }
    let plan = BacktestPlan(
      scores, heldOut: heldOut, kind: target, timeline: timeline, stepsAhead: stepsAhead)
    guard !plan.targets.isEmpty else { throw nothingToPredict(scores) }
    let needsTables = entries.contains { !($0.make() is ScorePredictor) }
    let tables = needsTables ? try await BacktestTables(scores, source) : nil
    let log = BacktestLog(unitCount: plan.groups.count * entries.count, file: file)
    try log.open(self, entries, plan)
    let unitCount = plan.groups.count * entries.count
    progress.expect(unitCount, in: .predicting, done: log.doneCount)
    let next = NextNumber(log.doneCount)
    _ = try await Workers.run(max(1, jobs), isBlocking: true) {
      while !Task.isCancelled, let unit = next.take(below: unitCount) {
        let entry = unit % entries.count
        let work = BacktestUnit(
          backtest: self, plan: plan, group: plan.groups[unit / entries.count], entry: entry, tables: tables)
        do { try log.add(try await work.outcome(entries[entry]), unit: unit) } catch is CancellationError {
          return
        }
        progress.advance()
      }
    }
    return BacktestResult(
      backtest: self, entries: entries, plan: plan, outcomes: log.finish(),
      isComplete: !Task.isCancelled)
  }

  private func nothingToPredict(_ scores: ScoreCollection) -> MagnetError {
    // Why scenarios were left out is said where they are.
    if scores.runs.isEmpty, !scores.omissions.isEmpty {
      return MagnetError(.insufficientData, "there is no score to predict")
    }
    let found = "\(scores.runs.count) runs of \(scores.board.models.count) models have scores"
    return MagnetError(
      .insufficientData,
      target == .perturbed
        ? "there is no score on perturbed inputs to predict: \(found); this needs runs made with a data_augmentation"
        : "there is no score to predict: \(found); this needs runs with run_spec.json and stats.json"
    )
  }
}
