public import Magnet

/// What a judge is reset to: the history, and how it is measured.
public struct JudgeSetting: Sendable {
  /// The models that stand for humans, one per timestep, oldest first.
  public var eras: [any TunableModel]
  /// The model that examinees start from, nil for the oldest of `eras`.
  public var initialModel: (any TunableModel)?
  /// How value vectors are measured.
  public var probe: any ValueProbe
  /// The questions that the simulated humans of Coevolve learn from.
  public var questions: [Request]
  /// How far Predict looks ahead.
  public var timestepsAhead: Int
  /// The results of HELM that are forecast, nil where values are measured.
  public var results: HelmResults?
  /// Called after each tick with the new timestep.
  public var onTick: (@Sendable (Int) -> Void)?

  /// A setting.
  public init(
    eras: [any TunableModel], initialModel: (any TunableModel)? = nil, probe: any ValueProbe,
    questions: [Request] = [], timestepsAhead: Int = 1
  ) {
    self.eras = eras
    self.initialModel = initialModel
    self.probe = probe
    self.questions = questions
    self.timestepsAhead = timestepsAhead
  }
}

/// What an examinee is reset to. Nothing in it tells about later timesteps or how it is measured.
public struct ExamineeSetting: Sendable {
  /// The name of the challenge.
  public var challenge: String
  /// For whatever the examinee draws at random. It says nothing about the seed of the history.
  public var seed: UInt64
  /// Which of several tests of one kind this is, from 1.
  public var repetition = 1
  /// The timesteps of the history, timestep 0 included.
  public var timesteps: Int
  /// How far Predict looks ahead; what Extrapolative examinees look ahead.
  public var timestepsAhead: Int
  /// The order of extrapolation.
  public var extrapolationOrder: Int
  /// Whether each timestep's model is tuned from the first model rather than from the last one.
  public var independent: Bool
  /// The questions to ask humans about.
  public var questions: [PreferenceQuestion]
  /// Options of the user's own examinees.
  public var options: [String: String]

  /// A setting.
  public init(
    challenge: String = "", seed: UInt64 = 0, timesteps: Int = 0, timestepsAhead: Int = 1,
    extrapolationOrder: Int = 1, independent: Bool = false, questions: [PreferenceQuestion] = [],
    options: [String: String] = [:]
  ) {
    self.challenge = challenge
    self.seed = seed
    self.timesteps = timesteps
    self.timestepsAhead = timestepsAhead
    self.extrapolationOrder = extrapolationOrder
    self.independent = independent
    self.questions = questions
    self.options = options
  }
}
