/// What is known of a run to be predicted before any of its instances is seen, and of the runs to learn from.
public struct ScoreFold: Sendable {
  /// The scores of runs of the same scenario, instance by instance.
  public let matrix: ScoreMatrix
  /// The rows of `matrix` to learn from.
  public let train: [Int]
  /// The model to be predicted.
  public let model: String
  /// The columns of `matrix` that the score to be predicted is the mean over: the instances of its run.
  public let columns: [Int]
  /// The scores of whole runs, with NaN for all that is not known: the one to be predicted, and what was held out
  /// with it.
  public let board: ScoreBoard
  /// The place in `board` of what is to be predicted.
  public let target: (model: Int, column: Int)
  /// For what is random in a method.
  public let seed: UInt64

  /// A fold. `board[target]` is to be NaN.
  public init(
    matrix: ScoreMatrix, train: [Int], model: String, columns: [Int], board: ScoreBoard,
    target: (model: Int, column: Int), seed: UInt64
  ) {
    self.matrix = matrix
    self.train = train
    self.model = model
    self.columns = columns
    self.board = board
    self.target = target
    self.seed = seed
  }
}

/// The instances of the run to be predicted whose scores are shown.
public struct ObservedSample: Sendable {
  /// The instances: columns of the fold's matrix, each once, all among its `columns`.
  public let columns: [Int]
  /// The score of each.
  public let scores: [Double]
  /// The answer to each, numbered as in the matrix; nil when the answers were not read.
  public let answers: [Int32]?

  public init(columns: [Int], scores: [Double], answers: [Int32]? = nil) {
    self.columns = columns
    self.scores = scores
    self.answers = answers
  }
}

/// A score as predicted.
public struct Estimate: Sendable, Hashable {
  /// The coverages that intervals are given for.
  public static let coverages = [0.5, 0.8, 0.95]

  /// The score, in its metric's unit.
  public var mean: Double
  /// The deviation of the prediction's error, where the method knows it.
  public var stddev: Double?
  /// Ranges that hold the score with the probabilities `coverages`, in their order; nil where the method has none.
  public var intervals: [Interval]?
  /// Whether the method was asked for more than it learned from: a model stronger or weaker than nearly all others.
  public var isExtrapolated: Bool

  public init(
    mean: Double, stddev: Double? = nil, isExtrapolated: Bool = false, interval: ((Double) -> Interval)? = nil
  ) {
    self.mean = mean
    self.stddev = stddev
    self.isExtrapolated = isExtrapolated
    intervals = interval.map { Self.coverages.map($0) }
  }
}

/// What a predictor learned from a fold. Used from several threads.
public protocol ScoreEstimator: Sendable {
  /// The score of the run to be predicted; nil where the method has no answer, such as for an empty sample.
  func estimate(_ sample: ObservedSample) -> Estimate?
  /// The probability that the model answers each of the fold's `columns` right, in their order; nil where the method
  /// has none.
  func probabilities(_ sample: ObservedSample) -> [Double]?
}

extension ScoreEstimator {
  public func probabilities(_ sample: ObservedSample) -> [Double]? { nil }
}

/// Predicts the score of a run from the scores of other runs, and from those of some of its own instances.
///
/// Override `fit(_:)`. Learning from the other runs is apart from looking at the sample, as a backtest learns once and
/// looks at hundreds of samples.
open class ScorePredictor: RunPredictor {
  open override var disclosure: Disclosure { .scores }

  /// Whether the estimate depends on the sample.
  open var usesSample: Bool { true }

  /// Whether the method looks at what the models answered.
  open var usesAnswers: Bool { false }

  /// Learns from what is known. To be overridden.
  /// - Throws: `PredictError` where the method has nothing to learn from.
  open func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
    throw PredictError("\(type(of: self)) does not override fit(_:)")
  }
}
