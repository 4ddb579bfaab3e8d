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
  /// The score as `interpretResult` gives it, nil where undefined.
  public var score: Double?
  /// What ended the test before its time.
  public var error: String?
  /// What a user should know of how the result came about.
  public var notes: [String] = []

  /// A result without measurements.
  public init(challenge: String) { self.challenge = challenge }

  /// Whether the test went to its end.
  public var isComplete: Bool { error == nil && evalTimes == possibleSnapshots }

  /// The mean absolute difference of vectors over all snapshots, nil where there is none.
  public var meanAbsoluteDifference: Double? {
    Similarity.mean(
      zip(examineeVectors, actualVectors).map { Similarity.meanAbsoluteDifference($0, $1) })
  }
}
