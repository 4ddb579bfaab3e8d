/// The scores of runs, one row per run.
///
/// ```swift
/// let rules = HeadlineRules(try await runs.schemas())
/// print(try await HeadlineTable(of: runs, rules: rules).table)
/// ```
public struct HeadlineTable: Sendable {
  /// Columns suite, run, group, metric, split, mean, count, lower_is_better, rule, note.
  public let table: Table
  /// How many runs have no score.
  public let missingCount: Int
  /// What the user should know: suites that repeat runs.
  public let notes: [String]
  /// Faults of runs and schemas that were left out.
  public let faults: [DataFault]

  /// Finds the score of every run of a source; a run that is in several suites has a row for each.
  /// - Parameters:
  ///   - source: the runs.
  ///   - rules: what decides which statistic is the score of a run.
  ///   - patterns: take only runs whose name matches one of these; all when empty.
  /// - Throws: what the source throws.
  public init(of source: some RunSource, rules: HeadlineRules, runs patterns: [String] = []) async throws {
    let runs = try await BoardRuns.read(source, runs: patterns, keepsRepeated: true, wanted: rules.wanted)
    let found = runs.runs.map { run in
      RunHeadline(
        suite: run.suite, .init(name: run.name, path: run.path, groups: run.groups), run.stats, rules)
    }
    table = Table(
      columnNames: RunHeadline.Column.allCases.map(\.rawValue),
      rows: found.map { headline in RunHeadline.Column.allCases.map { headline.cell($0) } })
    missingCount = found.count { $0.headline?.mean == nil }
    notes = runs.notes
    faults = runs.faults + rules.faults
  }
}

/// The score of one run, and what is to be said of it.
struct RunHeadline: Sendable {
  /// A column of a table of scores.
  enum Column: String, CaseIterable {
    case suite, run, group, metric, split, mean, count
    case lowerIsBetter = "lower_is_better"
    case rule, note
  }

  let suite: String
  let run: String
  /// The score; nil where no schema knows the run and it has none of the metrics that are guessed.
  let headline: Headline?
  /// What happened on the way, and what the run has instead of a score.
  let notes: [String]

  init(suite: String, _ subject: HeadlineRules.Subject, _ stats: RunStats, _ rules: HeadlineRules) {
    let headline = rules.headline(subject, stats)
    var notes = headline?.notes ?? []
    if headline == nil {
      let names = stats.available.map(\.metric).filter { !Headline.isBookkeeping($0) }.unique().sorted()
      notes = [
        "no known main metric; choose one with --metric"
          + (names.isEmpty ? "" : ": " + names.prefix(12).joined(separator: ", "))
          + (names.count > 12 ? " and \(names.count - 12) more" : "")
      ]
    }
    if let headline, headline.stat == nil {
      let splits = stats.splits(of: headline.metric.name)
      let areSaid = headline.notes.contains {
        $0.hasPrefix("not in this split") || $0.hasPrefix("no sub-split")
      }
      if !splits.isEmpty, !areSaid {
        notes.append("splits with \(headline.metric.name): \(splits.joined(separator: ", "))")
      } else if splits.isEmpty, !rules.metrics.isEmpty {
        let names = stats.available.map(\.metric).unique().sorted()
        if let advice = suggestion(for: headline.metric.name, among: names) { notes.append(advice) }
      }
    }
    self.suite = suite
    run = subject.name
    self.headline = headline
    self.notes = notes
  }

  /// The cell of a column.
  func cell(_ column: Column) -> Cell {
    switch column {
    case .suite: .string(suite)
    case .run: .string(run)
    case .group: Cell(headline?.group)
    case .metric: Cell(headline?.metric.name)
    case .split: Cell(headline?.metric.split)
    case .mean: Cell(headline?.mean)
    case .count: Cell(headline?.stat?.count)
    case .lowerIsBetter: headline?.lowerIsBetter.map { .bool($0) } ?? .null
    case .rule: Cell(headline?.rule)
    case .note: notes.isEmpty ? .null : .string(notes.joined(separator: "; "))
    }
  }
}

/// Why a run's score is what it is.
package struct HeadlineExplanation: Sendable {
  /// One row per statistic that has the metric's name, or of all when none was asked for: metric, split, sub_split,
  /// perturbation, computed_on, count, sum, mean, verdict.
  package let table: Table
  /// How the metric was chosen, a sentence each.
  package let steps: [String]
  /// The score.
  package let headline: Headline?

  /// Explains the score of the only run of a source, or of its `metric`.
  /// - Throws: `MagnetError` where the source has several runs or the run no statistics, and what the source throws.
  package init(of source: some RunSource, rules: HeadlineRules) async throws {
    let all = try await BoardRuns.read(source, keepsRepeated: true)
    if let fault = all.faults.first, all.runs.isEmpty { throw fault }
    guard let run = all.runs.first, all.runs.count == 1 else {
      throw MagnetError(
        .usage, "explain is about one run, and \(all.runs.count) runs were given",
        advice: "name a run's folder")
    }
    let subject = HeadlineRules.Subject(name: run.name, path: run.path, groups: run.groups)
    let candidates = rules.candidates(subject, run.stats)
    let headline = rules.headline(subject, run.stats)
    var steps = ["groups of the run: \(run.groups.joined(separator: ", "))"]
    if let schema = rules.schema(of: run.path) {
      let knows = run.groups.contains { schema.group($0) != nil }
      steps.append("schema: \(schema.source)" + (knows ? "" : ", which knows none of them"))
    } else {
      steps.append("no schema beside the run and no project in its path")
    }
    for candidate in candidates.prefix(candidates.first?.isGuessed == true ? 0 : 8) {
      let name = candidate.matcher.name + "@" + candidate.matcher.split
      let taken =
        headline.map { $0.rule == candidate.rule && $0.group == candidate.group && $0.stat != nil } ?? false
      steps.append(
        "\(candidate.rule): "
          + (candidate.group.map { "run group \($0): " } ?? "") + name + (taken ? ": taken" : ": not taken"))
    }
    if headline?.isGuessed == true { steps.append("guessed: the first known metric that the run has") }
    steps += headline?.notes ?? []
    if let headline, !rules.metrics.isEmpty,
      !run.stats.available.contains(where: { $0.metric == headline.metric.name }),
      let advice = suggestion(
        for: headline.metric.name, among: run.stats.available.map(\.metric).unique().sorted())
    {
      steps.append(advice)
    }
    let names = Set(
      candidates.filter { !$0.isGuessed }.map(\.matcher.name) + [headline?.metric.name].compactMap(\.self))
    let rows = run.stats.entries.filter { names.isEmpty || names.contains($0.name.name) }.map {
      entry -> [Cell] in
      [
        .string(entry.name.name), Cell(entry.name.split), Cell(entry.name.subSplit),
        Cell(entry.name.perturbation?.name), Cell(entry.name.perturbation?.computedOn),
        .int(Int64(entry.stat.count)), .double(entry.stat.sum), Cell(entry.stat.mean),
        .string(Self.verdict(entry.name, headline)),
      ]
    }
    table = Table(
      columnNames: [
        "metric", "split", "sub_split", "perturbation", "computed_on", "count", "sum", "mean", "verdict",
      ], rows: rows)
    self.steps = steps
    self.headline = headline
  }

  private static func verdict(_ name: MetricName, _ headline: Headline?) -> String {
    guard let headline else { return "rejected: no score" }
    if name.name != headline.metric.name { return "rejected: the metric is \(headline.metric.name)" }
    if name.perturbation != nil { return "rejected: perturbed inputs" }
    if let split = headline.metric.split, name.split != split { return "rejected: the split is \(split)" }
    if let part = headline.metric.subSplit, name.subSplit != part {
      return "rejected: the sub-split is \(part)"
    }
    if headline.stat == nil { return "rejected: " + headline.notes.joined(separator: ", ") }
    return name.subSplit == nil ? "accepted" : "accepted: one of the sub-splits merged"
  }
}
