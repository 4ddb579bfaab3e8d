/// How the instances of a run are chosen whose scores a predictor is shown. A backtest draws them at random unless it is
/// given one of these.
package protocol InstanceSampling: Sendable {
  /// What it is called, such as `adaptive`.
  var name: String { get }

  /// Whether an estimate must not take the sample for a random one, such as when the choice depends on the answers.
  var isAdaptive: Bool { get }

  /// Prepares to choose among the instances of a run, from what is known before any of them is seen.
  /// - Throws: `MagnetError` where there is nothing to choose by.
  func sampler(_ fold: ScoreFold) throws -> any InstanceSampler
}

/// Chooses instances of one run.
package protocol InstanceSampler: Sendable {
  /// Chooses samples of several sizes.
  /// - Parameters:
  ///   - sizes: in ascending order; each at most the number of the fold's columns.
  ///   - seed: the same seed, the same samples.
  ///   - score: the run's score on a column. An adaptive sampler asks for those of the instances it has chosen, one after
  ///     the other, and for no others.
  /// - Returns: for each size as many of the fold's columns, each once.
  func samples(_ sizes: [Int], seed: UInt64, score: (Int) -> Double) -> [[Int]]
}
