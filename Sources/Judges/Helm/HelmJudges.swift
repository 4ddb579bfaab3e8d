import Magnet

/// HELM's scores as they come: what do the models of this step score, given all before, and some of their instances?
///
/// At timestep t the examinee may ask about the results of models that came out before step t, and about the observed
/// instances of those of step t (see ``HelmHistory``). At the snapshot it forecasts the score of each run of step t:
/// `queryFromJudge` gets one request per run, with `forecast` as the instruction and as the input a JSON object
///
///     {"timestep": 2, "step": "2024-Q2", "run": "...", "model": "...", "scenario": "...", "metric": "..."}
///
/// and the answer is a number. The vector of a step is the mean score of each scenario over its models, so that the
/// score is Follow's: the mean cosine. Examinees are ranked by their errors, run by run, against those of
/// ``Persistence``.
open class HelmFollowJudge: FollowJudge {
  private var forecasts: [JudgeResult.Forecast] = []

  open override func validate(_ setting: JudgeSetting) throws {
    try super.validate(setting)
    guard let results = setting.results, results.steps.count == setting.eras.count,
      (results.observed == nil) == looksAhead
    else {
      throw MagnetError(
        .usage, "\(challenge) needs results of HELM in steps of time", advice: "see HelmHistory")
    }
  }

  open override func reset(_ setting: JudgeSetting) async throws {
    try await super.reset(setting)
    forecasts = []
  }

  open override func vectors(of examinee: any Examinee) async throws -> (
    examinee: [Double]?, actual: [Double]?
  ) {
    guard let results = setting.results else { throw MagnetError(.usage, "the judge was not reset") }
    let runs = results.runs(of: comparedTimestep)
    let requests = runs.enumerated().map { number, run in
      Request("forecast", input: JSONValue.object(results.description(of: run)).text, id: number)
    }
    let answers = try await examinee.queryFromJudge(.requests(requests))
    guard answers.count == runs.count else {
      throw MagnetError(.invalidData, "the examinee gave \(answers.count) forecasts of \(runs.count) runs")
    }
    var predicted: [String: Double] = [:]
    for (run, answer) in zip(runs, answers) {
      let (value, reason) = Self.number(answer)
      predicted[run.name] = value
      forecasts.append(
        JudgeResult.Forecast(
          timestep: timestep, run: run.name, model: run.model, actual: run.score, predicted: value,
          reason: reason))
    }
    return (results.vector(runs) { predicted[$0.name] }, results.vector(runs) { $0.score })
  }

  private static func number(_ answer: Answer) -> (Double?, String?) {
    guard let text = answer.text else { return (nil, answer.unreadable ?? "no answer") }
    let words = PromptTemplate.trimmed(text)
    guard let value = Double(words), value.isFinite else {
      return (nil, "'\(words.prefix(60))' is not a number")
    }
    return (value, nil)
  }

  open override func produceFinalResult() -> JudgeResult {
    var result = super.produceFinalResult()
    result.forecasts = forecasts
    return result
  }
}

/// HELM's scores some steps ahead: what will the models of step t + k score, given all results up to step t?
///
/// As ``HelmFollowJudge``, but no instance of the runs that are forecast is known; k is `timestepsAhead`.
open class HelmPredictJudge: HelmFollowJudge {
  open override var looksAhead: Bool { true }
}

/// The errors of forecasts beside those of a baseline for the same runs.
struct ForecastErrors {
  /// For each run, its model's family and both errors.
  private var errors: [(family: String, own: Double, baseline: Double)] = []
  private let isWhole: Bool

  init(_ own: [JudgeResult.Forecast], beside baseline: [JudgeResult.Forecast]) {
    struct Key: Hashable { let timestep: Int, run: String }
    let known = Dictionary(
      baseline.map { (Key(timestep: $0.timestep, run: $0.run), $0) }, uniquingKeysWith: { first, _ in first })
    for forecast in own {
      guard let error = forecast.absoluteError,
        let other = known[Key(timestep: forecast.timestep, run: forecast.run)]?.absoluteError
      else { continue }
      errors.append((modelFamily(forecast.model), error, other))
    }
    isWhole = !own.isEmpty && errors.count == own.count
  }

  /// How much of the baseline's error is gone, over all repetitions: 1 − Σ|e| / Σ|b|, with a bootstrap over families.
  /// Nil where a forecast is missing, or the baseline has no error.
  static func skill(_ repetitions: [ForecastErrors]) -> Leaderboard.Mean? {
    guard !repetitions.isEmpty, repetitions.allSatisfy(\.isWhole) else { return nil }
    let all = repetitions.flatMap(\.errors)
    let families = Set(all.map(\.family)).sorted()
    let places = Dictionary(uniqueKeysWithValues: families.enumerated().map { ($1, $0) })
    var sums = [Measure.Sums](repeating: .zero, count: families.count)
    for (family, own, baseline) in all {
      guard let place = places[family] else { continue }
      sums[place][0] += own
      sums[place][1] += baseline
    }
    let sample = ClusterBootstrap(families.count, seed: 1)
    return sample.score("skill", sums, isSpread: families.count > 1) { $0[1] > 0 ? 1 - $0[0] / $0[1] : nil }
      .map { Leaderboard.Mean($0.value, $0.interval) }
  }
}
