public import Magnet

/// What judges have in common: the history, the present and the counts. A subclass overrides `evalSnapshot`,
/// `produceFinalResult` and `interpretResult`, calling `super` first.
open class JudgeBase: Judge {
  /// The name of the challenge: that of the class without `Judge`.
  open var challenge: String {
    let name = String(describing: type(of: self))
    return name.hasSuffix("Judge") ? String(name.dropLast(5)) : name
  }
  /// The present; 0 until the first tick.
  public private(set) var timestep = 0
  /// What the judge was last reset to.
  public private(set) var setting = JudgeSetting(eras: [], probe: NoProbe())
  /// How often the examinee was measured.
  public private(set) var evalTimes = 0

  private var queryTimes = 0
  private var queryTotalLength = 0
  private var unreadable = 0
  private var examineeModels: [String] = []
  private var judgeModels: [String] = []

  /// A judge that has not been reset yet.
  public init() {}

  /// Whether the examinee is compared with a timestep that is `timestepsAhead` of the present: that much earlier the
  /// test ends.
  open var looksAhead: Bool { false }

  /// Every challenge needs a timestep after the first, and one to look ahead to.
  open func validate(_ setting: JudgeSetting) throws {
    let count = setting.eras.count
    guard count >= (looksAhead ? 3 : 2) else {
      throw MagnetError(
        .insufficientData, "\(challenge) needs at least \(looksAhead ? 3 : 2) timesteps, not \(count)")
    }
    if looksAhead, !(1...count - 2).contains(setting.timestepsAhead) {
      throw MagnetError(
        .usage, "\(challenge) cannot look \(setting.timestepsAhead) timesteps ahead",
        advice: "with \(count) timesteps it looks 1 to \(count - 2) ahead")
    }
  }

  /// The timestep that the examinee is compared with.
  public var comparedTimestep: Int { timestep + (looksAhead ? setting.timestepsAhead : 0) }

  /// Goes back to timestep 0.
  open func reset(_ setting: JudgeSetting) async throws {
    try validate(setting)
    self.setting = setting
    timestep = 0
    evalTimes = 0
    queryTimes = 0
    queryTotalLength = 0
    unreadable = 0
    examineeModels = []
    judgeModels = []
  }

  /// The human of the present.
  public var currentModel: any TunableModel {
    get throws {
      guard setting.eras.indices.contains(timestep) else { throw HistoryEnds() }
      return setting.eras[timestep]
    }
  }

  /// Who answers the examinee: the human of the present, unless a subclass says otherwise.
  open var respondent: any TunableModel { get throws { try currentModel } }

  /// The model that examinees start from.
  public var initialModel: any TunableModel { setting.initialModel ?? setting.eras.first ?? NoModel() }

  /// Every timestep after the first, but for those from which nothing is ahead.
  open var possibleSnapshots: Int { setting.eras.count - 1 - (looksAhead ? setting.timestepsAhead : 0) }

  /// Goes on to the next timestep.
  open func tick() throws {
    guard comparedTimestep + 1 < setting.eras.count else { throw HistoryEnds() }
    timestep += 1
    setting.onTick?(timestep)
  }

  /// Counts the snapshot and notes the models of both sides.
  open func evalSnapshot(_ examinee: any Examinee) async throws {
    evalTimes += 1
    examineeModels.append(examinee.currentModel?.identity.name ?? "")
    judgeModels.append(try currentModel.identity.name)
  }

  /// Lets the respondent answer, and counts requests and their characters.
  open func queryFromExaminee(_ prompt: Prompt) async throws -> [Answer] {
    let requests = prompt.requests
    queryTimes += requests.count
    queryTotalLength += requests.reduce(0) { $0 + $1.length }
    let answers = try await respondent.respond(to: requests)
    unreadable += answers.count { $0.text == nil }
    return answers
  }

  /// The counts, and the models at each snapshot.
  open func produceFinalResult() -> JudgeResult {
    var result = JudgeResult(challenge: challenge)
    result.evalTimes = evalTimes
    result.queryTimes = queryTimes
    result.queryTotalLength = queryTotalLength
    result.unreadable = unreadable
    result.examineeModels = examineeModels
    result.judgeModels = judgeModels
    if looksAhead { result.timestepsAhead = setting.timestepsAhead }
    return result
  }

  /// A subclass says what its results are worth; the base has no score.
  open class func interpretResult(_ result: JudgeResult) throws -> Double? { nil }
}

/// Stands for a model where there is none.
struct NoModel: TunableModel {
  let identity = ModelIdentity(name: "", digest: "")

  private var failure: MagnetError { MagnetError(.unsupported, "the judge was not reset: it has no models") }
  func respond(to requests: [Request], draws: [Int]) async throws -> [Answer] { throw failure }
  func chances(of options: [[String]], for requests: [Request]) async throws -> [[Double]?]? { throw failure }
  func tuned(on data: TuningData) async throws -> any TunableModel { throw failure }
}

/// Stands for a probe where there is none.
struct NoProbe: ValueProbe {
  let identity = ""
  func vector(of respondent: any Respondent) async throws -> [Double]? { nil }
}
