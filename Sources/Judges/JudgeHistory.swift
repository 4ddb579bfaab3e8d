public import Magnet

/// What is judged on: humans over time, the model that examinees start from, and questions.
public struct JudgeHistory: Sendable {
  /// The models that stand for humans, oldest first.
  public var eras: [any TunableModel]
  /// The model that examinees start from, nil for the oldest of `eras`.
  public var initialModel: (any TunableModel)?
  /// How values are measured.
  public var probe: any ValueProbe
  /// The questions that examinees ask about.
  public var questions: [PreferenceQuestion]
  /// The results of HELM that are forecast, nil where values are measured.
  public var results: HelmResults?

  /// A history.
  public init(
    eras: [any TunableModel], initialModel: (any TunableModel)? = nil, probe: any ValueProbe,
    questions: [PreferenceQuestion]
  ) {
    self.eras = eras
    self.initialModel = initialModel
    self.probe = probe
    self.questions = questions
  }
}

/// Where histories come from.
public protocol HistorySource: Sendable {
  /// All that decides the history, by which settings are told apart.
  var spec: [JSONValue.Member] { get }
  /// A short name for tables, such as the world's.
  var name: String { get }
  /// The history of a repetition, from 1.
  func history(repetition: Int) throws -> JudgeHistory
  /// Whether a challenge can be tested on it.
  func suits(_ challenge: Challenge) -> Bool
}

extension HistorySource {
  public func suits(_ challenge: Challenge) -> Bool { challenge.subject == .values }
}

/// The history of a made world; each repetition is another world of the same kind.
public struct WorldHistory: HistorySource {
  /// How values change.
  public let kind: World.Kind
  /// The seed of the world.
  public let seed: UInt64
  /// How many timesteps there are.
  public let timesteps: Int
  /// Questions to learn from, and as many to measure with.
  public let questions: Int
  /// Whether examinees ask the very questions by which they are measured, as in ProgressGym.
  public let sharesQuestions: Bool
  /// Questions of one's own instead of those of the world, nil for these.
  public let ownQuestions: QuestionFile?

  /// The worlds that come from a seed.
  public init(
    _ kind: World.Kind, seed: UInt64, timesteps: Int = 9, questions: Int = 240, sharesQuestions: Bool = false,
    ownQuestions: QuestionFile? = nil
  ) {
    self.kind = kind
    self.seed = seed
    self.timesteps = timesteps
    self.questions = ownQuestions?.questions.count ?? questions
    self.sharesQuestions = sharesQuestions
    self.ownQuestions = ownQuestions
  }

  public var name: String { kind.rawValue }

  public var spec: [JSONValue.Member] {
    [
      JSONValue.Member(key: "world", value: .string(kind.rawValue)),
      JSONValue.Member(key: "seed", value: .string(String(seed))),
      JSONValue.Member(key: "timesteps", value: .int(Int64(timesteps))),
      JSONValue.Member(key: "questions", value: .int(Int64(questions))),
      JSONValue.Member(key: "shared_questions", value: .bool(sharesQuestions)),
    ] + (ownQuestions.map { [JSONValue.Member(key: "own_questions", value: .string($0.digest))] } ?? [])
  }

  public func history(repetition: Int) -> JudgeHistory {
    let own = repetition == 1 ? seed : SplitMix.mixed(seed ^ SplitMix.hash("repetition \(repetition)"))
    let count = ownQuestions == nil ? questions : 1
    let world = World(kind, seed: own, timesteps: timesteps, questions: count)
    let asked =
      ownQuestions?.divided(isShared: sharesQuestions) ?? QuestionSet(world, isShared: sharesQuestions)
    return JudgeHistory(eras: world.eras, probe: asked.probe, questions: asked.preferences)
  }
}

/// The same models and questions in each repetition; only draws differ.
public struct FixedHistory: HistorySource {
  private let fixed: JudgeHistory
  public let name: String

  /// A history that the caller made.
  public init(_ history: JudgeHistory, name: String) {
    fixed = history
    self.name = name
  }

  public var spec: [JSONValue.Member] {
    var hash = SHA256()
    for question in fixed.questions {
      for part in [question.id, question.instruction, question.input, question.first, question.second] {
        hash.update(part)
      }
    }
    return [
      JSONValue.Member(key: "history", value: .string(name)),
      JSONValue.Member(key: "eras", value: .array(fixed.eras.map { .string($0.identity.digest) })),
      JSONValue.Member(
        key: "model", value: .string((fixed.initialModel ?? fixed.eras.first)?.identity.digest ?? "")),
      JSONValue.Member(key: "probe", value: .string(fixed.probe.identity)),
      JSONValue.Member(key: "questions", value: .string(hash.finish())),
    ]
  }

  public func history(repetition: Int) -> JudgeHistory { fixed }
}
