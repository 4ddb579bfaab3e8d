public import Magnet

/// What examinees of ``HelmFollowJudge`` and ``HelmPredictJudge`` have in common: at each timestep they take over the
/// results that are known; a subclass overrides `forecast`.
///
///     final class Optimist: ResultsExaminee {
///       override func forecast(_ run: Run) -> Double? { known.filter { $0.scenario == run.scenario }.map(\.score).max() }
///     }
open class ResultsExaminee: ExamineeBase {
  /// A run, with its score where that is known.
  public struct Run: Sendable, Hashable {
    /// The step in which its model came out, from 0.
    public let timestep: Int
    /// The run's name.
    public let name: String
    /// The run's model.
    public let model: String
    /// The run's name without the model.
    public let scenario: String
    /// The metric that is its score.
    public let metric: String

    init?(_ value: JSONValue) {
      guard case .int(let timestep)? = value["timestep"], let name = value["run"]?.string,
        let model = value["model"]?.string, let scenario = value["scenario"]?.string,
        let metric = value["metric"]?.string
      else { return nil }
      self.timestep = Int(timestep)
      self.name = name
      self.model = model
      self.scenario = scenario
      self.metric = metric
    }
  }

  /// A run whose score is known.
  public struct KnownRun: Sendable, Hashable {
    /// The run.
    public let run: Run
    /// Its score.
    public let score: Double
    /// The run's scenario.
    public var scenario: String { run.scenario }
  }

  /// The runs whose scores are known, by step, then name.
  public private(set) var known: [KnownRun] = []

  open override func reset(_ setting: ExamineeSetting) async throws {
    try await super.reset(setting)
    known = []
  }

  open override func step(_ judge: any JudgeQueries) async throws -> Bool {
    let answers = try await judge.queryFromExaminee("results")
    guard let text = answers.first?.text else {
      throw MagnetError(
        .invalidData, "the judge does not know results: \(answers.first?.unreadable ?? "no answer")")
    }
    known = try text.split(whereSeparator: \.endsLine).map { line in
      let value = try JSONValue(parsing: String(line))
      guard let run = Run(value), let score = value["score"]?.double else {
        throw MagnetError(.invalidData, "'\(line.prefix(100))' is not a result")
      }
      return KnownRun(run: run, score: score)
    }
    return true
  }

  /// The score that a run will have, nil for no forecast. To be overridden.
  open func forecast(_ run: Run) -> Double? { nil }

  open override func queryFromJudge(_ prompt: Prompt) async throws -> [Answer] {
    prompt.requests.map { request in
      guard let value = try? JSONValue(parsing: request.input), let run = Run(value) else {
        return Answer(unreadable: "not a run")
      }
      guard let score = forecast(run) else { return Answer(unreadable: "no run of \(run.scenario) is known") }
      return Answer("\(score)")
    }
  }
}
