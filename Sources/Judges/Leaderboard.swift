import Magnet

/// Ranks examinees: one table per setting, by skill.
///
/// Scores are computed again from the vectors with the judge's `interpretResult`; a stored score that differs is
/// reported and not used. The skill of a repetition is (s − b) / (1 − b), where b is the score of the baseline Dummy in
/// the same setting and repetition: 0 for what never learns, 1 for a perfect score. Means over two or more repetitions
/// have a 95% interval by Student's t.
///
/// Of forecasts of HELM's scores the skill is 1 − Σ|e| / Σ|b|, over the runs, where e is the error of a forecast and b
/// that of the baseline Persistence for the same run and repetition; its 95% interval is a bootstrap over families of
/// models, as in a backtest. The difference is the mean absolute error, and the score the cosine. Examinees that did not reach the end of history in every repetition are not
/// ranked, and the reason is given.
public struct Leaderboard: Sendable {
  /// A mean over repetitions.
  public struct Mean: Sendable, Hashable {
    /// The mean.
    public var value: Double
    /// The 95% interval, nil for a single repetition.
    public var lower: Double?
    /// The upper end of the interval.
    public var upper: Double?

    /// A value with its interval.
    init(_ value: Double, _ interval: Interval?) {
      self.value = value
      (lower, upper) = (interval?.lower, interval?.upper)
    }

    /// The mean of values, nil of none.
    init?(_ values: [Double]) {
      guard !values.isEmpty else { return nil }
      let count = Double(values.count)
      value = values.reduce(0, +) / count
      if values.count > 1 {
        let square = values.reduce(0) { $0 + ($1 - value) * ($1 - value) }
        let half =
          StudentT.quantile(0.975, degrees: count - 1) * (square / (count - 1) / count).squareRoot()
        lower = value - half
        upper = value + half
      }
    }
  }

  /// One examinee in one setting.
  public struct Row: Sendable, Hashable {
    /// From 1, shared by equal ones; nil where it is not ranked.
    public var rank: Int?
    /// The name of the algorithm.
    public var algorithm: String
    /// Its options as JSON.
    public var spec: String
    /// Whether it is a baseline.
    public var isBaseline: Bool
    /// How many tests there are.
    public var repetitions: Int
    /// The mean score; nil where none is defined.
    public var score: Mean?
    /// The mean skill.
    public var skill: Mean?
    /// The mean absolute difference of the vectors, or error of the forecasts.
    public var difference: Mean?
    /// How many snapshots were scored.
    public var snapshots: Int
    /// How many snapshots there could be.
    public var possible: Int
    /// How many answers could not be read.
    public var unreadable: Int
    /// How many requests were made.
    public var requests: Int
    /// How many tokens were answered; nil where the models do not say.
    public var tokens: Int
    /// How long the tests took.
    public var seconds: Double
    /// The worst state of its repetitions.
    public var state: PairState
    /// Why it is not ranked.
    public var reason: String?
  }

  /// The rows of one setting.
  public struct Section: Sendable, Hashable {
    /// The digest of the setting.
    public var setting: String
    /// The name of the challenge.
    public var challenge: String
    /// All that decides the setting, as JSON.
    public var settingSpec: String
    /// The name of the history, such as a world's.
    public var history: String
    /// Ranked rows first, then the others by name.
    public var rows: [Row]
  }

  /// The settings in the order in which they were first met.
  public let sections: [Section]
  /// Stored scores that differ from what the vectors give, and results that cannot be interpreted.
  public let warnings: [String]

  /// Ranks pairs.
  /// - Parameters:
  ///   - pairs: the pairs, of any number of settings.
  ///   - challenges: the judges whose `interpretResult` is used; results of others keep their stored score.
  public init(_ pairs: [JudgePair], challenges: [Challenge] = challengeCatalog + helmChallengeCatalog) {
    var warnings: [String] = []
    let judges = Dictionary(challenges.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var scores: [Double?] = []
    for pair in pairs { scores.append(Self.score(pair, judges[pair.challenge], &warnings)) }
    var order: [String] = []
    var members: [String: [Int]] = [:]
    for (index, pair) in pairs.enumerated() {
      if members[pair.setting] == nil { order.append(pair.setting) }
      members[pair.setting, default: []].append(index)
    }
    sections = order.map { setting in
      let own = members[setting] ?? []
      let first = pairs[own[0]]
      let name = judges[first.challenge]?.baseline ?? "Dummy"
      var baseline: [Int: (score: Double?, result: JudgeResult)] = [:]
      for index in own where pairs[index].algorithm == name && pairs[index].state == .done {
        if let result = pairs[index].result { baseline[pairs[index].repetition] = (scores[index], result) }
      }
      var names: [Examinee] = []
      var groups: [Examinee: [Int]] = [:]
      for index in own {
        let name = Examinee(algorithm: pairs[index].algorithm, spec: pairs[index].spec)
        if groups[name] == nil { names.append(name) }
        groups[name, default: []].append(index)
      }
      let rows = names.map { name in
        Self.row(name, (groups[name] ?? []).map { (pairs[$0], scores[$0]) }, baseline)
      }
      let spec = try? JSONValue(parsing: first.settingSpec)
      return Section(
        setting: setting, challenge: first.challenge, settingSpec: first.settingSpec,
        history: spec?["world"]?.string ?? spec?["history"]?.string ?? "", rows: Self.ranked(rows))
    }
    self.warnings = warnings
  }

  private struct Examinee: Hashable {
    let algorithm: String
    let spec: String
  }

  private static func score(_ pair: JudgePair, _ challenge: Challenge?, _ warnings: inout [String]) -> Double?
  {
    guard let result = pair.result else { return nil }
    guard let challenge else { return result.score }
    let name = "\(pair.algorithm) in \(pair.challenge), repetition \(pair.repetition)"
    let score: Double?
    do { score = try type(of: challenge.make()).interpretResult(result) } catch {
      if result.error == nil { warnings.append("\(name): \(error)") }
      return nil
    }
    if let stored = result.score {
      guard let score else {
        warnings.append("\(name): the stored score \(stored) is not used: its vectors give none")
        return nil
      }
      if abs(stored - score) > 1e-9 * max(1, abs(score)) {
        warnings.append("\(name): the stored score \(stored) is not used: its vectors give \(score)")
      }
    }
    return score
  }

  private static func row(
    _ name: Examinee, _ pairs: [(pair: JudgePair, score: Double?)],
    _ baseline: [Int: (score: Double?, result: JudgeResult)]
  ) -> Row {
    let skills = pairs.compactMap { pair, score -> Double? in
      guard let score, pair.state == .done, let base = baseline[pair.repetition]?.score, base < 1 else {
        return nil
      }
      return (score - base) / (1 - base)
    }
    let results = pairs.compactMap(\.pair.result)
    let forecasts = pairs.map { pair, _ in
      ForecastErrors(pair.result?.forecasts ?? [], beside: baseline[pair.repetition]?.result.forecasts ?? [])
    }
    let isOfForecasts = results.contains { !$0.forecasts.isEmpty }
    let known = pairs.compactMap(\.score)
    var row = Row(
      algorithm: name.algorithm, spec: name.spec,
      isBaseline: (algorithmCatalog + helmAlgorithmCatalog).named(name.algorithm)?.isBaseline ?? false,
      repetitions: pairs.count, score: Mean(known),
      skill: isOfForecasts
        ? ForecastErrors.skill(forecasts) : skills.count == pairs.count ? Mean(skills) : nil,
      difference: Mean(results.compactMap(\.meanAbsoluteDifference)),
      snapshots: results.reduce(0) { $0 + $1.evalTimes },
      possible: results.reduce(0) { $0 + $1.possibleSnapshots },
      unreadable: results.reduce(0) { $0 + $1.unreadable },
      requests: pairs.reduce(0) { $0 + $1.pair.requests }, tokens: pairs.reduce(0) { $0 + $1.pair.tokens },
      seconds: pairs.reduce(0) { $0 + ($1.pair.seconds ?? 0) }, state: .done)
    for (pair, score) in pairs {
      let reason: String?
      switch pair.state {
      case .running: reason = "not finished"
      case .failed: reason = pair.result?.error ?? "failed"
      case .incomplete: reason = pair.result?.shortfall ?? "ended early"
      case .done: reason = score == nil ? pair.result?.undefinedVector ?? "undefined" : nil
      }
      guard let reason, row.reason == nil else { continue }
      row.reason = pairs.count > 1 ? "repetition \(pair.repetition): \(reason)" : reason
      row.state = pair.state
    }
    return row
  }

  /// Ranked by skill, or by score where there is no baseline; ties by name, with the same rank.
  private static func ranked(_ rows: [Row]) -> [Row] {
    func value(_ row: Row) -> Double { row.skill?.value ?? row.score?.value ?? -.infinity }
    func name(_ row: Row) -> (String, String) { (row.algorithm, row.spec) }
    // Where a skill is missing in one row, skills and scores must not be mixed.
    let complete = rows.filter { $0.reason == nil }
    let hasSkills = complete.allSatisfy { $0.skill != nil }
    func key(_ row: Row) -> Double { hasSkills ? value(row) : row.score?.value ?? -.infinity }
    var ranked = complete.sorted { key($0) == key($1) ? name($0) < name($1) : key($0) > key($1) }
    for index in ranked.indices {
      let isTie = index > 0 && key(ranked[index]) == key(ranked[index - 1])
      ranked[index].rank = isTie ? ranked[index - 1].rank : index + 1
    }
    return ranked + rows.filter { $0.reason != nil }.sorted { name($0) < name($1) }
  }
}
