import Magnet

/// What challenges are about.
public enum JudgeSubject: String, Sendable, Hashable {
  /// The values of people over time.
  case values
  /// The scores of HELM's runs over time.
  case scores
}

/// An examinee that ships with magnet, by the name it is called on the command line.
public struct Algorithm: Sendable {
  /// The name, that of ProgressGym's class without `Examinee`.
  public let name: String
  /// What it does, in one line.
  public let summary: String
  /// Whether it is a baseline: always included, and shown as such.
  public let isBaseline: Bool
  /// What else decides its results, such as the text of a program; another one is another row of the leaderboard.
  public let detail: String?
  /// What it can be tested in.
  public let subject: JudgeSubject
  /// Makes an examinee.
  public let make: @Sendable () -> any Examinee

  /// An examinee of one's own beside those that ship.
  public init(
    name: String, summary: String, isBaseline: Bool = false, detail: String? = nil,
    subject: JudgeSubject = .values, make: @escaping @Sendable () -> any Examinee
  ) {
    self.detail = detail
    self.subject = subject
    self.name = name
    self.summary = summary
    self.isBaseline = isBaseline
    self.make = make
  }
}

/// A judge that ships with magnet, by the name it is called on the command line.
public struct Challenge: Sendable {
  /// The name, that of ProgressGym's class without `Judge`.
  public let name: String
  /// What it measures, in one line.
  public let summary: String
  /// Whether `timestepsAhead` decides what is measured.
  public let looksAhead: Bool
  /// What it is about.
  public let subject: JudgeSubject
  /// Makes a judge.
  public let make: @Sendable () -> any Judge

  /// The baseline against which skill is measured.
  public var baseline: String { subject == .values ? "Dummy" : "Persistence" }

  /// A judge of one's own beside those that ship.
  public init(
    name: String, summary: String, looksAhead: Bool = false, subject: JudgeSubject = .values,
    make: @escaping @Sendable () -> any Judge
  ) {
    self.subject = subject
    self.name = name
    self.summary = summary
    self.looksAhead = looksAhead
    self.make = make
  }
}

/// The examinees that ship with magnet, for challenges about values.
public let algorithmCatalog: [Algorithm] = [
  Algorithm(name: "Dummy", summary: "never learns: the baseline of every challenge", isBaseline: true) {
    Dummy()
  },
  Algorithm(
    name: "NoInfluence", summary: "in Coevolve, humans learn from history alone: its second baseline",
    isBaseline: true
  ) { NoInfluence() },
  Algorithm(name: "LifelongDPO", summary: "tunes by DPO on what humans prefer now") { LifelongDPO() },
  Algorithm(name: "LifelongRLHF", summary: "tunes by RLHF on what humans prefer now") { LifelongRLHF() },
  Algorithm(name: "ExtrapolativeDPO", summary: "extrapolates preferences, then tunes by DPO") {
    ExtrapolativeDPO()
  },
  Algorithm(name: "ExtrapolativeRLHF", summary: "extrapolates preferences, then tunes by RLHF") {
    ExtrapolativeRLHF()
  },
  Algorithm(name: "Trend", summary: "draws lines through the strengths of preferences, then tunes by DPO") {
    Trend()
  },
]

/// The judges that ship with magnet, of values.
public let challengeCatalog: [Challenge] = [
  Challenge(name: "Follow", summary: "does the examinee track the humans of now?") { FollowJudge() },
  Challenge(
    name: "Predict", summary: "does it anticipate the humans of some timesteps later?", looksAhead: true
  ) { PredictJudge() },
  Challenge(
    name: "Coevolve", summary: "do humans who listen to it stay on, or ahead of, history?"
  ) { CoevolveJudge() },
  Challenge(name: "Dummy", summary: "does it say that 1+1 is 2? For trying things out") { DummyJudge() },
]

/// The baselines of forecasts of HELM's scores. Any predictor takes part as a `PredictorExaminee`.
public let helmAlgorithmCatalog: [Algorithm] = [
  Algorithm(
    name: "Persistence", summary: "new models score as those of the last step", isBaseline: true,
    subject: .scores
  ) { Persistence() },
  Algorithm(
    name: "MeanOfAll", summary: "new models score as all before", isBaseline: true,
    subject: .scores
  ) { MeanOfAll() },
]

/// The judges of forecasts of HELM's scores.
public let helmChallengeCatalog: [Challenge] = [
  Challenge(
    name: "HelmFollow",
    summary: "of HELM's scores: what do new models score, a few of their instances known?",
    subject: .scores
  ) { HelmFollowJudge() },
  Challenge(
    name: "HelmPredict", summary: "of HELM's scores: what will models of some steps later score?",
    looksAhead: true, subject: .scores
  ) { HelmPredictJudge() },
]

extension Algorithm: Named {}
extension Challenge: Named {}
