/// What is known of a target run before any of its instances is seen, and of the runs to learn from.
public struct ScoreFold: Sendable {
  /// The scores of runs of the same scenario, instance by instance.
  public let matrix: ScoreMatrix
  /// The rows of `matrix` to learn from.
  public let train: [Int]
  /// The target model.
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

/// The instances of the target run whose scores are shown.
public struct ObservedSample: Sendable {
  /// The instances: columns of the fold's matrix, each once, all among its `columns`.
  public let columns: [Int]
  /// The score of each.
  public let scores: [Double]
  /// The answer to each, numbered as in the matrix; nil when the answers were not read.
  public let answers: [Int32]?
  /// Whether the instances in it were chosen, such as by the answers to those before: the mean over them then says
  /// nothing of the mean over all.
  public let isAdaptive: Bool

  /// A sample.
  public init(columns: [Int], scores: [Double], answers: [Int32]? = nil, isAdaptive: Bool = false) {
    self.columns = columns
    self.isAdaptive = isAdaptive
    self.scores = scores
    self.answers = answers
  }

  /// What a matrix has of a row and some of its columns.
  package init(_ columns: [Int], ofRow row: Int, in matrix: ScoreMatrix, isAdaptive: Bool = false) {
    self.init(
      columns: columns, scores: columns.map { matrix[row, $0] },
      answers: matrix.answers.map { answers in columns.map { answers[row * matrix.instances.count + $0] } },
      isAdaptive: isAdaptive)
  }
}

/// A score as predicted.
public struct Estimate: Sendable, Hashable {
  /// The coverages that intervals are given for.
  public static let coverages = MeasuredPair.coverages

  /// The score, in its metric's unit.
  public var mean: Double
  /// The deviation of the prediction's error, where the method knows it.
  public var stddev: Double?
  /// Ranges that hold the score with the probabilities `coverages`, in their order; nil where the method has none.
  public var intervals: [Interval]?
  /// Whether the method was asked for more than it learned from: a model stronger or weaker than nearly all others.
  public var isExtrapolated: Bool
  /// Sentences for the user on how the estimate came about.
  public var notes: [String] = []

  /// An estimate with intervals that follow from its standard deviation, or from `interval`.
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
  /// Sentences for the user on how it was learned, such as a fallback that was taken; none by default.
  var notes: [String] { get }
  /// The score of the target run; nil where the method has no answer, such as for an empty sample.
  func estimate(_ sample: ObservedSample) -> Estimate?
  /// The probability that the model answers each of the fold's `columns` right, in their order; nil where the method
  /// has none.
  func probabilities(_ sample: ObservedSample) -> [Double]?
}

extension ScoreEstimator {
  public var notes: [String] { [] }
  public func probabilities(_ sample: ObservedSample) -> [Double]? { nil }
}

/// Predicts the score of a run from the scores of other runs, and from those of some of its own instances.
///
/// Override `fit(_:)`. Learning from the other runs is apart from looking at the sample, as a backtest learns once and
/// looks at hundreds of samples.
///
/// ```swift
/// /// Predicts what the sampled instances scored on average.
/// final class Sampled: ScorePredictor {
///   struct Mean: ScoreEstimator {
///     func estimate(_ sample: ObservedSample) -> Estimate? { sample.scores.mean().map { Estimate(mean: $0) } }
///   }
///
///   override func fit(_ fold: ScoreFold) -> any ScoreEstimator { Mean() }
/// }
/// ```
open class ScorePredictor: RunPredictor {
  open override var disclosure: Disclosure { .scores }

  /// What of a model an estimate depends on.
  public enum Dependence: Sendable {
    /// Nothing: all models on a scenario get the same estimate, but for what is held out with each.
    case none
    /// The model's family.
    case family
    /// The model itself.
    case model
  }

  /// What of a model estimates depend on. Estimates that are the same for all models cannot rank them: a backtest shows
  /// no rank correlations of them, as these would tell only what was held out.
  open class var dependence: Dependence { .model }

  /// Whether the estimate depends on the sample.
  open var usesSample: Bool { true }

  /// Whether the method looks at what the models answered.
  open var usesAnswers: Bool { false }

  /// The metrics asked for, the first that the runs have being predicted; the main metric when empty.
  public var metrics: [MetricSelector] = []

  /// What the schemas say about main metrics.
  private var rules = HeadlineRules()

  override func adopt(_ rules: HeadlineRules) { self.rules = rules }

  /// Learns from what is known. To be overridden.
  /// - Throws: `MagnetError` where the method has nothing to learn from.
  open func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
    throw MagnetError(.unsupported, "\(type(of: self)) does not override fit(_:)")
  }

  /// Predicts the run's main metric from the instances drawn.
  open override func predict(train: TrainSplit, test: SequesteredTestSplit) throws -> [RunPrediction] {
    try MetricSelector.check(metrics, among: test.statsAsked)
    var rules = rules
    rules.metrics = metrics
    return try test.runSpecs.rows.flatMap { spec -> [RunPrediction] in
      let scores = ScoreCollection(train: train, test: test, spec, rules, readsAnswers: usesAnswers)
      guard let run = scores.runs.first(where: { $0.name == spec[.run] }) else {
        throw MagnetError(
          .unsupported, scores.omissions.first ?? "\(spec[.run]): it has no score")
      }
      let scenario = scores.scenarios[run.scenario]
      // The run is on the board with a score that is not known.
      let board = scores.board
      let wanted = ScoreBoard.Column(scenario: scenario.name, name: scenario.metric)
      guard let model = board.models.firstIndex(of: run.model),
        let column = board.columns.firstIndex(of: wanted)
      else { throw MagnetError(.insufficientData, "\(run.name): not among the scores") }
      let target = (model: model, column: column)
      let matrix = scenario.matrix
      // The run has more instances than were drawn: all that other runs of its scenario have.
      let others = scenario.runs.map { scores.runs[$0] }.filter { $0.name != run.name }
      let instances = Set(run.instances + others.flatMap(\.instances)).sorted()
      let fold = ScoreFold(
        matrix: matrix, train: others.map(\.row), model: run.model, columns: instances, board: board,
        target: target, seed: UInt64(bitPattern: Int64(seed)))
      // Instances that were named are not a random sample.
      let sample = ObservedSample(
        run.instances, ofRow: run.row, in: matrix, isAdaptive: self.instances != nil)
      let estimator = try fit(fold)
      // Without another run of the scenario, how many instances the score is over is unknown.
      let isOfUnknown = others.isEmpty && usesSample
      func prediction(_ estimate: Estimate?, _ notes: [String]) -> RunPrediction {
        let sure = isOfUnknown ? nil : estimate
        let note =
          "\(run.name): no interval: no example run of \(scenario.name) says how many instances it has"
        return RunPrediction(
          run: run.name, stat: Stat(scenario.metric, mean: estimate?.mean, variance: nil, stddev: nil),
          interval: sure?.intervals?.last, standardError: sure?.stddev,
          notes: estimator.notes + notes + (isOfUnknown && estimate?.stddev != nil ? [note] : []))
      }
      guard let estimate = estimator.estimate(sample) else {
        return [prediction(nil, ["\(run.name): \(Self.name) has no answer for this sample"])]
      }
      let extrapolated =
        "\(run.name): its model seems stronger than 90% of those learned from on \(scenario.name); the prediction "
        + "is extrapolated"
      return [prediction(estimate, estimate.notes + (estimate.isExtrapolated ? [extrapolated] : []))]
    }
  }
}

extension ScoreCollection {
  /// The scores of the example runs, and of the instances drawn of the target run.
  fileprivate init(
    train: TrainSplit, test: SequesteredTestSplit, _ spec: Row, _ rules: HeadlineRules, readsAnswers: Bool
  ) {
    let wanted = rules.wanted
    func scores(_ spec: Row, _ stats: Table) -> RunScores {
      var scores = RunScores(runSpec: spec)
      scores.stats = RunStats(stats.filter { $0[.run] == spec[.run] }, wanted: wanted)
      return scores
    }
    var runs = train.runSpecs.rows.map { scores($0, train.stats) } + [scores(spec, Table())]
    let scenario = runs[runs.count - 1].scenario
    // The main metric: that of the example runs of the scenario, or what the instances drawn have.
    let observed = test.observedStats.filter { $0[.run] == spec[.run] }
    var known = runs.filter { $0.scenario == scenario }
    if known.allSatisfy({ $0.stats.available.isEmpty }) {
      for row in observed.rows where row[.perturbation] == nil {
        known[0].stats.add(MetricName(row[.metric], split: row[.split]), MergedStat(mean: .nan))
      }
    }
    let metric = Self.headline(known, rules)?.metric
    for number in runs.indices where runs[number].scenario == scenario {
      let isTest = number == runs.count - 1
      let table = isTest ? observed : train.perInstanceStats.filter { $0[.run] == runs[number].name }
      if let metric { runs[number].addInstances(table, metric: metric) }
      if readsAnswers {
        let states = isTest ? test.scenarioStates : train.scenarioStates
        runs[number].addAnswers(states.filter { $0[.run] == runs[number].name })
      }
      if isTest, let metric { runs[number].stats.add(metric, MergedStat(mean: .nan)) }
    }
    self.init(runs, rules: rules)
  }
}
