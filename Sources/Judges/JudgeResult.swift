/// What a test measured.
public struct JudgeResult: Sendable, Hashable {
  /// The name of the challenge.
  public var challenge: String
  /// The snapshots made.
  public var evalTimes = 0
  /// The snapshots that a test has when the examinee stays to the end.
  public var possibleSnapshots = 0
  /// The requests that the examinee asked its judge.
  public var queryTimes = 0
  /// The characters of these requests.
  public var queryTotalLength = 0
  /// How many of them had no answer.
  public var unreadable = 0
  /// The names of the examinee's models, one per snapshot; empty where it answers for itself.
  public var examineeModels: [String] = []
  /// The names of the humans, one per snapshot.
  public var judgeModels: [String] = []
  /// The examinee's value vectors, one per snapshot; nil where undefined.
  public var examineeVectors: [[Double]?] = []
  /// What they are compared with: one per snapshot, in Coevolve one per timestep.
  public var actualVectors: [[Double]?] = []
  /// The cosines of both, one per snapshot.
  public var stepwiseScores: [Double?] = []
  /// The simulated humans of Coevolve, the first included.
  public var simulatedModels: [String] = []
  /// Their value vectors.
  public var simulatedVectors: [[Double]?] = []
  /// Their cosines with all of history; none for the first.
  public var similarities: [[Double?]] = []
  /// How far Predict looked ahead.
  public var timestepsAhead: Int?
  /// How many answers Dummy found right.
  public var rightAnswers: Int?
  /// What was forecast of HELM's scores, in order.
  public var forecasts: [Forecast] = []
  /// The score as `interpretResult` gives it, nil where undefined.
  public var score: Double?
  /// What ended the test before its time.
  public var error: String?
  /// What a user should know of how the result came about.
  public var notes: [String] = []

  /// A result without measurements.
  public init(challenge: String) { self.challenge = challenge }

  /// A forecast of a run's score, beside the actual score.
  public struct Forecast: Sendable, Hashable {
    /// The snapshot.
    public var timestep: Int
    /// The run's name.
    public var run: String
    /// Its model.
    public var model: String
    /// The score that the run has.
    public var actual: Double
    /// The score that was forecast, nil where there is no forecast.
    public var predicted: Double?
    /// Why there is no forecast.
    public var reason: String?

    /// A forecast.
    public init(
      timestep: Int, run: String, model: String, actual: Double, predicted: Double?, reason: String? = nil
    ) {
      self.timestep = timestep
      self.run = run
      self.model = model
      self.actual = actual
      self.predicted = predicted
      self.reason = reason
    }

    /// |predicted − actual|, nil where there is no forecast.
    public var absoluteError: Double? { predicted.map { abs($0 - actual) } }
  }

  /// Whether the test went to its end, and everything was forecast that was to be.
  public var isComplete: Bool { error == nil && shortfall == nil }

  /// What the examinee left out, nil for nothing.
  public var shortfall: String? {
    if evalTimes < possibleSnapshots { return "ended after \(evalTimes) of \(possibleSnapshots) snapshots" }
    let missing = forecasts.filter { $0.predicted == nil }
    guard let first = missing.first else { return nil }
    return
      "no forecast for \(missing.count) of \(forecasts.count) runs: \(first.run): \(first.reason ?? "none given")"
  }

  /// Why a result without an error has no score: the first value vector that is missing, all zeros or not finite, which has
  /// no direction that could be compared.
  public var undefinedVector: String {
    let kinds = [
      ("human", actualVectors), ("examinee", examineeVectors), ("simulated human", simulatedVectors),
    ]
    for (name, vectors) in kinds {
      for (place, vector) in vectors.enumerated() where Similarity.cosine(vector, vector) == nil {
        let isZero = vector.map { !$0.isEmpty && $0.allSatisfy { $0 == 0 } } ?? false
        let what = vector == nil ? "missing" : isZero ? "all zeros" : "not finite"
        return "undefined: the \(name)'s value vector \(place + 1) of \(vectors.count) is \(what)"
      }
    }
    return "undefined"
  }

  /// The mean absolute error of forecasts, or the mean absolute difference of vectors over all snapshots; nil where
  /// there is none, or one is missing.
  public var meanAbsoluteDifference: Double? {
    if !forecasts.isEmpty { return Similarity.mean(forecasts.map(\.absoluteError)) }
    return Similarity.mean(
      zip(examineeVectors, actualVectors).map { Similarity.meanAbsoluteDifference($0, $1) })
  }
}
