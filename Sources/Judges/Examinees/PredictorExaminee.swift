package import Magnet

/// A predictor of scores as an examinee of ``HelmFollowJudge`` and ``HelmPredictJudge``.
///
/// Its forecasts are those of a backtest that holds out by time: each is made from the models that came out before, and
/// from the same observed instances that the judge shows to others.
package final class PredictorExaminee: Examinee {
  package var currentModel: (any LanguageModel)? { nil }
  package private(set) var notes: [String] = []
  package var influencesHumans: Bool { false }

  private let entry: Backtest.Entry
  private let histories: [HelmHistory]
  private let source: any RunSource
  private var setting = ExamineeSetting()
  private var forecasts: [String: Result<Double, MagnetError>] = [:]
  private var timestep = 0

  /// A predictor that is made when it is asked.
  /// - Parameters:
  ///   - histories: those of the run in which it takes part.
  ///   - source: where predictors that look at tables find them.
  package init(_ entry: Backtest.Entry, histories: [HelmHistory], source: any RunSource) {
    self.entry = entry
    self.histories = histories
    self.source = source
  }

  package func reset(_ setting: ExamineeSetting) async throws {
    self.setting = setting
    notes = []
    forecasts = [:]
    timestep = 0
    let looksAhead = helmChallengeCatalog.named(setting.challenge)?.looksAhead ?? false
    guard let history = histories.first(where: { ($0.results.observed == nil) == looksAhead }) else {
      throw MagnetError(.usage, "a predictor takes part in challenges about results of HELM only")
    }
    let results = try history.results(repetition: setting.repetition)
    var backtest = Backtest()
    backtest.heldOut = .time
    backtest.timeline = results.timeline
    backtest.stepsAhead = looksAhead ? setting.timestepsAhead : 1
    backtest.observed = [results.observed ?? 0]
    backtest.repetitions = 1
    backtest.seed = results.seed
    let made = try await backtest.run([entry], on: results.scores, source: source)
    try Task.checkCancellation()
    forecasts = made.predictions(of: 0)
    notes = made.notes
  }

  package func run(_ judge: any JudgeQueries) -> Timesteps {
    Timesteps { [self] in
      timestep += 1
      return timestep
    }
  }

  package func queryFromJudge(_ prompt: Prompt) async throws -> [Answer] {
    prompt.requests.map { request in
      let run = (try? JSONValue(parsing: request.input))?["run"]?.string ?? ""
      switch forecasts[run] {
      case .success(let score)?: return Answer("\(score)")
      case .failure(let error)?: return Answer(unreadable: error.problem)
      case nil: return Answer(unreadable: "\(entry.name) has no forecast of it")
      }
    }
  }

  package func chances(of options: [[String]], for requests: [Request]) async throws -> [[Double]?]? { nil }

  package func close() async {}
}
