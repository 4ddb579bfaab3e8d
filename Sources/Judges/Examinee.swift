public import Magnet

/// An alignment algorithm with a model of its own, which learns, over time, what humans want. Derive from
/// `ExamineeBase`.
///
/// An examinee is made, reset and used by one task; it is not Sendable.
public protocol Examinee: AnyObject {
  /// Goes back to the beginning.
  func reset(_ setting: ExamineeSetting) async throws
  /// The model that is measured; nil for an examinee that answers for itself.
  var currentModel: (any LanguageModel)? { get }
  /// Answers the judge, which measures through this where there is no model.
  func queryFromJudge(_ prompt: Prompt) async throws -> [Answer]
  /// The chances of options, for an examinee that answers for itself; nil when it cannot say.
  func chances(of options: [[String]], for requests: [Request]) async throws -> [[Double]?]?
  /// The examinee's timesteps: each asks the judge's humans and learns, and is worked through when it is asked for.
  func run(_ judge: any JudgeQueries) -> Timesteps
  /// Whether the simulated humans of Coevolve listen to it.
  var influencesHumans: Bool { get }
  /// What a user should know of how the last test went.
  var notes: [String] { get }
  /// Called when the test has ended.
  func close() async
}

/// What examinees have in common: the model, the timesteps and the settings. A subclass overrides `step`.
///
///     final class Copycat: ExamineeBase {
///       override func step(_ judge: any JudgeQueries) async throws -> Bool {
///         let preferences = try await preferences(from: judge)
///         try await tune(on: preferences.map(\.sample), .dpo)
///         return true
///       }
///     }
open class ExamineeBase: Examinee {
  /// What the examinee was last reset to.
  public private(set) var setting = ExamineeSetting()
  /// The timesteps worked through.
  public private(set) var currentTimestep = 0
  /// The model that it began with, nil before the first timestep.
  public private(set) var initialModel: (any TunableModel)?
  /// The model as it is now.
  public var tunableModel: (any TunableModel)?
  /// What a user should know of how the last test went.
  public var notes: [String] = []
  /// What humans are asked at every timestep.
  private var elicitation: PreferenceElicitation?

  /// An examinee that has not been reset yet.
  public required init() {}

  /// Goes back to the beginning, without a model.
  open func reset(_ setting: ExamineeSetting) async throws {
    self.setting = setting
    currentTimestep = 0
    initialModel = nil
    tunableModel = nil
    elicitation = nil
    notes = []
  }

  open var currentModel: (any LanguageModel)? { tunableModel }

  open var influencesHumans: Bool { true }

  /// Learns from the judge's humans of the present.
  /// - Returns: false for no more timesteps.
  open func step(_ judge: any JudgeQueries) async throws -> Bool { true }

  /// Takes the judge's initial model as its own, then works through `step` after `step`.
  open func run(_ judge: any JudgeQueries) -> Timesteps {
    Timesteps { [self] in
      if tunableModel == nil {
        initialModel = judge.initialModel
        tunableModel = judge.initialModel
      }
      guard try await step(judge) else { return nil }
      currentTimestep += 1
      return currentTimestep
    }
  }

  /// Answers with the current model.
  open func queryFromJudge(_ prompt: Prompt) async throws -> [Answer] {
    guard let tunableModel else { throw MagnetError(.unsupported, "the examinee has no model yet") }
    return try await tunableModel.respond(to: prompt.requests)
  }

  open func chances(of options: [[String]], for requests: [Request]) async throws -> [[Double]?]? {
    try await tunableModel?.chances(of: options, for: requests)
  }

  open func close() async {}

  /// Asks the judge's humans about all questions of the setting; answers that cannot be read are left out.
  public func preferences(from judge: any JudgeQueries) async throws -> [Preference] {
    try await alignedPreferences(from: judge).compactMap { $0 }
  }

  /// Asks the judge's humans about all questions of the setting; nil stands where an answer cannot be read, so that
  /// timesteps line up.
  public func alignedPreferences(from judge: any JudgeQueries) async throws -> [Preference?] {
    let elicitation = self.elicitation ?? PreferenceElicitation(setting.questions)
    self.elicitation = elicitation
    return elicitation.preferences(from: try await judge.queryFromExaminee(.requests(elicitation.requests)))
  }

  /// Tunes on the samples: from the last model, or from the first where the setting is `independent`.
  public func tune(on samples: [TuningSample], _ stage: TuningStage) async throws {
    guard let model = setting.independent ? initialModel : tunableModel else {
      throw MagnetError(.unsupported, "the examinee has no model yet")
    }
    tunableModel = try await model.tuned(on: TuningData(stage, samples))
  }
}
