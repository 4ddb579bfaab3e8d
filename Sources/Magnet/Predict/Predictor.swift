/// What predicts the statistics of a run it has not seen.
///
/// Derive from `RunPredictor` or `InstancePredictor` and override `predict(train:test:)`. A predictor need not be
/// Sendable: whoever runs several at once makes one for each.
open class Predictor {
  /// How many runs the predictor learns from.
  public var exampleRuns: Int
  /// How many instances of the run to be predicted are drawn; all of them when there are fewer.
  public var evalSamples: Int
  /// The seed of the draws. MAGNET's Python draws the same runs and instances from the same seed.
  public var seed: Int

  /// A predictor with MAGNET's defaults.
  public init(exampleRuns: Int = 3, evalSamples: Int = 20, seed: Int = 1) {
    self.exampleRuns = exampleRuns
    self.evalSamples = evalSamples
    self.seed = seed
  }

  /// Whether a run takes part, judged by its row of run specs. All do, unless overridden.
  open func includes(_ runSpec: Row) -> Bool { true }

  /// How much of the run to be predicted `predict` is shown: inputs and responses, unless overridden. A predictor of
  /// instances is not shown the scores of what it predicts, and gets `.responses` for `.scores`.
  open var disclosure: Disclosure { .responses }

  /// Sentences for the user on how the last prediction came about, such as a fallback that was taken.
  public var warnings: [String] = []

  /// The tables of a split as this kind of predictor needs them.
  func prepared(_ tables: RunTables) -> RunTables { tables }

  /// Predicts, and pairs the predictions with the actual values.
  func compare(train: TrainSplit, test: TestSplit) throws -> Comparison {
    throw MagnetError(.unsupported, "\(type(of: self)) is neither a RunPredictor nor an InstancePredictor")
  }
}

/// Predicts statistics of whole runs.
open class RunPredictor: Predictor {
  /// Predicts statistics of the run in `test` from those in `train`. To be overridden.
  /// - Throws: what keeps the predictor from predicting; `MagnetError` for a sentence to the user.
  open func predict(train: TrainSplit, test: SequesteredTestSplit) throws -> [RunPrediction] {
    throw MagnetError(.unsupported, "\(type(of: self)) does not override predict(train:test:)")
  }

  override func compare(train: TrainSplit, test: TestSplit) throws -> Comparison {
    Comparison(try predict(train: train, test: test.sequestered(disclosure)), with: test.stats)
  }
}

/// Predicts statistics of single instances.
open class InstancePredictor: Predictor {
  /// Predicts statistics of the instances in `test`. Each of its rows has a number in the column
  /// `.instancePredictID`, which the prediction names. To be overridden.
  /// - Throws: what keeps the predictor from predicting; `MagnetError` for a sentence to the user.
  open func predict(train: TrainSplit, test: SequesteredTestSplit) throws -> [InstancePrediction] {
    throw MagnetError(.unsupported, "\(type(of: self)) does not override predict(train:test:)")
  }

  override func prepared(_ tables: RunTables) -> RunTables { tables.numberingInstances() }

  override func compare(train: TrainSplit, test: TestSplit) throws -> Comparison {
    // The instances drawn are the ones to be predicted.
    let shown = disclosure == .scores ? .responses : disclosure
    return Comparison(try predict(train: train, test: test.sequestered(shown)), with: test.perInstanceStats)
  }
}

/// A statistic predicted for a run.
public struct RunPrediction: Sendable, Hashable {
  /// The run's name.
  public let run: String
  public let stat: Stat
  /// A range that holds the statistic's mean with probability 0.95, where the predictor gives one.
  public let interval: Interval?

  /// A prediction. A metric name that begins with `predicted_` stands for the metric without it.
  public init(run: String, stat: Stat, interval: Interval? = nil) {
    self.run = run
    self.stat = stat.unprefixed
    self.interval = interval
  }
}

/// A statistic predicted for one request of a run.
public struct InstancePrediction: Sendable, Hashable {
  /// The run's name.
  public let run: String
  /// The request's number: its row's value of `.instancePredictID`.
  public let instance: Int
  /// The statistic. Its split and perturbation are the instance's, whatever the name says.
  public let stat: Stat
  /// A range that holds the statistic's mean with probability 0.95, where the predictor gives one.
  public let interval: Interval?

  /// A prediction. A metric name that begins with `predicted_` stands for the metric without it.
  public init(run: String, instance: Int, stat: Stat, interval: Interval? = nil) {
    self.run = run
    self.instance = instance
    self.stat = stat.unprefixed
    self.interval = interval
  }
}

extension Stat {
  fileprivate var unprefixed: Stat {
    guard name.name.hasPrefix("predicted_") else { return self }
    var stat = self
    stat.name.name.removeFirst("predicted_".count)
    return stat
  }
}
