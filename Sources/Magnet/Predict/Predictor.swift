/// What predicts the statistics of a run it has not seen.
///
/// Derive from ``RunPredictor``, ``InstancePredictor`` or ``ScorePredictor``. A predictor need not be Sendable: whoever
/// runs several at once makes one for each. A final class that adds no initializer inherits the one below, by which
/// commands and backtests make predictors from their types.
open class Predictor {
  /// How many runs the predictor learns from.
  public var exampleRuns: Int
  /// How many instances of the target run are drawn; all of them when there are fewer.
  public var evalSamples: Int
  /// The seed of the draws. MAGNET's Python draws the same runs and instances from the same seed.
  public var seed: Int
  /// The ids of the instances that are shown instead of a draw of `evalSamples`, such as those that `magnet select` chose;
  /// nil to draw.
  public var instances: [String]?
  /// The target run, by its name with `*` and `?`, instead of a drawn one; all runs of other models are then
  /// learned from.
  public var targetRun: String?
  /// The metrics that are wanted: the runs that are drawn have one of them. Any runs will do when empty.
  package var wantedMetrics: [MetricSelector] = []

  /// A predictor with MAGNET's defaults.
  public required init(exampleRuns: Int = 3, evalSamples: Int = 20, seed: Int = 1) {
    self.exampleRuns = exampleRuns
    self.evalSamples = evalSamples
    self.seed = seed
  }

  /// What the predictor is called on the command line and in tables: by default its type's name in lower case, words
  /// joined by hyphens, without `Predictor` at the end. `NearestModelsPredictor` is `nearest-models`.
  open class var name: String { hyphenated(String(describing: self)) }

  /// What it predicts, in one line.
  open class var summary: String { "" }

  /// Whether it is a baseline: one that uses no method, and that others are to beat.
  open class var isBaseline: Bool { false }

  /// Whether a run takes part, judged by its row of run specs. All do, unless overridden.
  open func includes(_ runSpec: Row) -> Bool { true }

  /// How much of the target run `predict` is shown: inputs and responses, unless overridden. A predictor of
  /// instances is not shown the scores of what it predicts, and gets `.responses` for `.scores`.
  open var disclosure: Disclosure { .responses }

  /// Takes on what the schemas beside the runs say about main metrics.
  func adopt(_ rules: HeadlineRules) {}

  /// The tables of a split as this kind of predictor needs them.
  package func prepared(_ tables: RunTables) -> RunTables { tables }

  /// Predicts, and pairs the predictions with the actual values.
  package nonisolated(nonsending) func compare(train: TrainSplit, test: TestSplit) async throws -> Comparison
  {
    throw MagnetError(.unsupported, "\(type(of: self)) is neither a RunPredictor nor an InstancePredictor")
  }
}

/// The name of a predictor's type as it is called on the command line.
private func hyphenated(_ type: String) -> String {
  let suffix = "Predictor"
  let stem = type.hasSuffix(suffix) && type != suffix ? type.dropLast(suffix.count) : type[...]
  var name = ""
  var last: Character?
  for (character, next) in zip(stem, stem.dropFirst().map(Optional.some) + [nil]) {
    let startsWord = character.isUppercase && (last?.isUppercase != true || next?.isLowercase == true)
    if startsWord, !name.isEmpty, last != "_" { name += "-" }
    name += character == "_" ? "-" : character.lowercased()
    last = character
  }
  return name
}

/// Predicts statistics of whole runs.
///
/// ```swift
/// /// Predicts that a run scores what the other runs scored on average.
/// final class Average: RunPredictor {
///   override func predict(train: TrainSplit, test: SequesteredTestSplit) throws -> [RunPrediction] {
///     let exact = train.stats.filter { $0[.metric] == "exact_match" && $0[.perturbation] == nil }
///     guard let mean = exact[.mean].mean() else { return [] }
///     return test.runSpecs[.run].map { run in
///       RunPrediction(run: run, stat: Stat(MetricName("exact_match", split: "valid"), mean: mean))
///     }
///   }
/// }
/// ```
open class RunPredictor: Predictor {
  /// Predicts statistics of the run in `test` from those in `train`. Override this, or the asynchronous method of the
  /// same name.
  /// - Throws: what keeps the predictor from predicting; `MagnetError` for a sentence to the user.
  open func predict(train: TrainSplit, test: SequesteredTestSplit) throws -> [RunPrediction] {
    throw MagnetError(.unsupported, "\(type(of: self)) does not override predict(train:test:)")
  }

  /// Predicts statistics of the run in `test` from those in `train`. Override this where predicting waits for something,
  /// such as a model behind an endpoint; by default it calls the synchronous method.
  /// - Throws: what keeps the predictor from predicting; `MagnetError` for a sentence to the user.
  open nonisolated(nonsending) func predict(
    train: TrainSplit, test: SequesteredTestSplit
  ) async throws -> [RunPrediction] {
    let synchronous: (TrainSplit, SequesteredTestSplit) throws -> [RunPrediction] = predict
    return try synchronous(train, test)
  }

  package override nonisolated(nonsending) func compare(train: TrainSplit, test: TestSplit) async throws
    -> Comparison
  {
    Comparison(try await predict(train: train, test: test.sequestered(disclosure)), with: test.stats)
  }
}

/// Predicts statistics of single instances.
///
/// ```swift
/// /// Predicts a coin's result for each instance.
/// final class Coin: InstancePredictor {
///   override func predict(train: TrainSplit, test: SequesteredTestSplit) throws -> [InstancePrediction] {
///     let coin = Stat(MetricName("exact_match", split: "test"), mean: 0.5)
///     return test.scenarioStates.rows.compactMap { row in
///       row[.instancePredictID].map { InstancePrediction(run: row[.run], instance: $0, stat: coin) }
///     }
///   }
/// }
/// ```
open class InstancePredictor: Predictor {
  /// Predicts statistics of the instances in `test`. Each of its rows has a number in the column
  /// `.instancePredictID`, which the prediction names. Override this, or the asynchronous method of the same name.
  /// - Throws: what keeps the predictor from predicting; `MagnetError` for a sentence to the user.
  open func predict(train: TrainSplit, test: SequesteredTestSplit) throws -> [InstancePrediction] {
    throw MagnetError(.unsupported, "\(type(of: self)) does not override predict(train:test:)")
  }

  /// Predicts statistics of the instances in `test`. Override this where predicting waits for something, such as a model
  /// behind an endpoint; by default it calls the synchronous method.
  /// - Throws: what keeps the predictor from predicting; `MagnetError` for a sentence to the user.
  open nonisolated(nonsending) func predict(
    train: TrainSplit, test: SequesteredTestSplit
  ) async throws -> [InstancePrediction] {
    let synchronous: (TrainSplit, SequesteredTestSplit) throws -> [InstancePrediction] = predict
    return try synchronous(train, test)
  }

  package override func prepared(_ tables: RunTables) -> RunTables { tables.numberingInstances() }

  package override nonisolated(nonsending) func compare(train: TrainSplit, test: TestSplit) async throws
    -> Comparison
  {
    // The instances drawn are the ones to be predicted.
    let shown = disclosure == .scores ? .responses : disclosure
    return Comparison(
      try await predict(train: train, test: test.sequestered(shown)), with: test.perInstanceStats)
  }
}
