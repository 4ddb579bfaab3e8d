/// The score of a run: the statistic that HELM's leaderboards rank it by, and the rule that chose it.
package struct Headline: Sendable {
  /// The run group whose main metric it is; nil where the metric was asked for or guessed.
  package let group: String?
  /// The metric and its split.
  package let metric: MetricName
  /// Whether lower values are better; nil where that is not known.
  package let lowerIsBetter: Bool?
  /// What chose the metric: a schema, `--metric`, or a guess.
  package let rule: String
  /// Whether no schema knows the run, and the metric is the most telling of those it has.
  package let isGuessed: Bool
  /// What happened on the way: `quasi_exact_match absent`, `sub_splits merged`, `count 0`.
  package let notes: [String]
  /// The statistic; nil where the run does not have it.
  package let stat: MergedStat?

  /// The score; nil where the run does not have it, or has it over no values.
  package var mean: Double? { stat?.mean }

  /// Whether a metric counts or times something rather than scoring answers.
  static func isBookkeeping(_ metric: String) -> Bool {
    let beginnings = [
      "num_", "max_num_", "inference_", "training_", "finish_reason_", "estimated_", "batch_size",
      "prompt_truncated",
      "predicted_index", "logprob", "max_prob", "ece_", "platt_", "selective_",
    ]
    return beginnings.contains(where: metric.hasPrefix)
  }
}

extension MetricName {
  /// The metric as `MetricSelector` takes it: `exact_match@test`, with a sub-split `exact_match@test/toxic`.
  public var text: String {
    name + (split.map { "@" + $0 } ?? "") + (subSplit.map { "/" + $0 } ?? "")
  }
}

extension Schema.Matcher {
  /// What takes the statistics of a metric on unperturbed inputs.
  init(_ metric: MetricName) {
    self.init(name: metric.name, split: metric.split ?? "__all__", subSplit: metric.subSplit)
  }
}

/// What decides which statistic is the score of a run.
///
/// In this order: the metrics asked for; the schema asked for; the `schema.json` of the newest release that names the
/// run's suite, then that of the suite; the schema of the project in the run's path, such as `lite`; HELM's schemas
/// together, where nearly all agree; a guess from the metrics that the run has.
public struct HeadlineRules: Sendable {
  /// The metrics asked for; the first that a run has counts.
  public var metrics: [MetricSelector] = []
  /// The schema asked for.
  public var schema: Schema?
  /// Whether lower values of the metrics asked for are better; nil for what the schemas say.
  public var lowerIsBetter: Bool?
  private let documents: [(document: SchemaDocument, schema: Schema)]
  /// Faults of schema files that were not used.
  public private(set) var faults: [DataFault] = []

  /// Rules without schemas beside the runs.
  package init() { self.init(SchemaDocuments()) }

  /// Rules from the schemas beside some runs.
  /// - Parameters:
  ///   - found: what `schemas()` of a source returns.
  ///   - release: take the schema of this release only; nil for the newest that names a run's suite.
  public init(_ found: SchemaDocuments, release: String? = nil) {
    var faults = found.faults
    var documents: [(document: SchemaDocument, schema: Schema)] = []
    for document in found.documents where release == nil || document.release == release {
      do {
        documents.append((document, try Schema(document.json, source: document.file)))
      } catch let error as MagnetError {
        faults.append(DataFault(file: document.file, problem: error.problem))
      } catch { continue }
    }
    // Releases before suites, the newest first.
    self.documents = documents.sorted { a, b in
      guard let one = a.document.release else { return false }
      guard let other = b.document.release else { return true }
      return VersionOrder(one) > VersionOrder(other)
    }
    self.faults = faults
  }

  /// What is known of a run before its statistics are.
  struct Subject: Sendable {
    let name: String
    let path: String
    let groups: [String]

    init(name: String, path: String = "", groups: [String]) {
      self.name = name
      self.path = path
      // Where a run names no groups, the beginning of its name is one.
      self.groups = groups.isEmpty ? name.split(separator: ":").prefix(1).map(String.init) : groups
    }

    init(_ runSpec: Row, path: String = "") {
      self.init(
        name: runSpec[.run], path: path, groups: (runSpec[.groups]?.elements ?? []).compactMap(\.string))
    }
  }

  /// The schema that describes a run, when one lies beside it or was asked for.
  func schema(of path: String) -> Schema? {
    schema ?? documents.first { $0.document.describes(path) }?.schema ?? BuiltInSchemas.project(of: path)
  }

  /// A metric that may be the score.
  struct Candidate {
    let group: String?
    let matcher: Schema.Matcher
    let lowerIsBetter: Bool?
    let rule: String
    var isGuessed = false
  }

  /// The metrics that may be the score of a run, the first that it has being it. Those of a schema that knows the run
  /// are one; the run has no score when it does not have that.
  func candidates(_ subject: Subject, _ stats: RunStats) -> [Candidate] {
    if !metrics.isEmpty { return metrics.flatMap { asked($0, subject, stats) } }
    let own = [schema, documents.first { $0.document.describes(subject.path) }?.schema]
    for schema in own + [BuiltInSchemas.project(of: subject.path)] {
      if let found = schema.flatMap({ Self.candidate(subject, $0) }) { return [found] }
    }
    for group in subject.groups {
      let schemas = BuiltInSchemas.ofGroup[group] ?? []
      let found = schemas.compactMap { Self.candidate(subject, $0) }
      if !found.isEmpty { return found }
    }
    return Self.general.flatMap { metric in
      (["test", "valid"] + stats.splits(of: metric) + ["__all__"]).unique().map { split in
        Candidate(
          group: nil, matcher: Schema.Matcher(name: metric, split: split),
          lowerIsBetter: BuiltInSchemas.lowerIsBetter[metric], rule: "guessed", isGuessed: true)
      }
    }
  }

  /// The first metric of the first metric group of the run group that a run is shown under: the first in the schema's
  /// order that the run is in and that has metric groups.
  private static func candidate(_ subject: Subject, _ schema: Schema) -> Candidate? {
    let own = Set(subject.groups)
    for group in schema.runGroups where own.contains(group.name) {
      guard let matcher = group.metricGroups.lazy.compactMap(schema.metricGroup).first?.matchers.first,
        let filled = try? matcher.filled(group.environment)
      else { continue }
      return Candidate(
        group: group.name, matcher: filled, lowerIsBetter: schema.metric(filled.name)?.lowerIsBetter,
        rule: schema.source)
    }
    return nil
  }

  /// What a metric asked for may mean in a run: where no split was named, the main split, `test`, `valid`, then others.
  private func asked(_ selector: MetricSelector, _ subject: Subject, _ stats: RunStats) -> [Candidate] {
    var rules = self
    rules.metrics = []
    let main = rules.candidates(subject, stats).first { !$0.isGuessed }
    let readings = selector.readings
    let known = readings.filter { reading in stats.available.contains { $0.metric == reading.metric } }
    // Where the run has neither, what is after an @ is a split.
    return (known.isEmpty ? readings.suffix(1) : known).flatMap { reading -> [Candidate] in
      let splits =
        reading.split.map { [$0] }
        ?? ([main?.matcher.split, "test", "valid"].compactMap(\.self) + stats.splits(of: reading.metric))
        .filter { $0 != "__all__" }.unique() + ["__all__"]
      let direction =
        lowerIsBetter ?? schema(of: subject.path)?.metric(reading.metric)?.lowerIsBetter
        ?? BuiltInSchemas.lowerIsBetter[reading.metric]
      return splits.map { split in
        Candidate(
          group: main?.matcher.name == reading.metric ? main?.group : nil,
          matcher: Schema.Matcher(name: reading.metric, split: split, subSplit: reading.subSplit),
          lowerIsBetter: direction, rule: "--metric")
      }
    }
  }

  /// The metrics that no schema names for a run, the most telling first.
  private static let general = [
    "math_equiv_chain_of_thought", "math_equiv", "final_number_exact_match", "chain_of_thought_correctness",
    "ifeval_strict_accuracy", "omni_math_accuracy", "wildbench_score_rescaled", "exact_match",
    "quasi_exact_match", "f1_score", "rouge_l", "bleu_4",
  ]

  /// The metrics whose rows in `stats.json` may decide; all when nil.
  var wanted: Set<String>? {
    if !metrics.isEmpty { return Set(metrics.flatMap { $0.readings.map(\.metric) }) }
    var names = Set(Self.general)
    let all =
      documents.map(\.schema) + BuiltInSchemas.order.compactMap(BuiltInSchemas.named)
      + [schema].compactMap(\.self)
    for schema in all {
      for group in schema.runGroups {
        let matcher = group.metricGroups.lazy.compactMap(schema.metricGroup).first?.matchers.first
        if let filled = try? matcher?.filled(group.environment) { names.insert(filled.name) }
      }
    }
    if names.contains("quasi_exact_match") { names.insert("exact_match") }
    return names
  }

  private static let absent = "no such statistic"

  /// The score of a run; nil where no schema knows it and it has none of the metrics that are guessed.
  func headline(_ subject: Subject, _ stats: RunStats) -> Headline? {
    let candidates = candidates(subject, stats)
    var refused: Headline?
    for candidate in candidates {
      func made(_ metric: MetricName, _ stat: MergedStat?, _ notes: [String]) -> Headline {
        Headline(
          group: candidate.group, metric: metric,
          lowerIsBetter: metric.name == candidate.matcher.name
            ? candidate.lowerIsBetter : candidate.lowerIsBetter ?? BuiltInSchemas.lowerIsBetter[metric.name],
          rule: candidate.rule, isGuessed: candidate.isGuessed, notes: notes, stat: stat)
      }
      let split = candidate.matcher.split == "__all__" ? nil : candidate.matcher.split
      let name = MetricName(candidate.matcher.name, split: split, subSplit: candidate.matcher.subSplit)
      var match = stats.match(candidate.matcher)
      // HEIM's schema asks for a perturbation that no run has: all inputs are meant.
      if case .none = match, candidate.matcher.perturbation == "__all__" {
        var matcher = candidate.matcher
        matcher.perturbation = nil
        match = stats.match(matcher)
      }
      switch match {
      case .one(let metric, let stat, let notes):
        let part = candidate.matcher.subSplit.map { ["sub-split \($0)"] } ?? []
        return made(metric, stat, part + notes)
      case .several(let names):
        refused = refused ?? made(name, nil, ["ambiguous: \(names.count) statistics match"])
      case .none:
        if candidate.isGuessed { continue }
        let splits = stats.splits(of: candidate.matcher.name)
        if splits.isEmpty {
          refused = refused ?? made(name, nil, [Self.absent])
        } else if let perturbation = candidate.matcher.perturbation, splits.contains(candidate.matcher.split)
        {
          refused = refused ?? made(name, nil, ["no worst case of the perturbation \(perturbation)"])
        } else if let part = candidate.matcher.subSplit, splits.contains(candidate.matcher.split) {
          var whole = candidate.matcher
          whole.subSplit = nil
          let parts = stats.entries(matching: whole).compactMap(\.name.subSplit).unique().sorted()
          let known = parts.isEmpty ? "the run has none" : "the run has \(parts.joined(separator: ", "))"
          refused = refused ?? made(name, nil, ["no sub-split \(part); \(known)"])
        } else if refused.map({ $0.notes == [Self.absent] }) ?? true {
          refused = made(
            name, nil, ["not in this split; the run has it in \(splits.joined(separator: ", "))"])
        }
      }
    }
    return refused
  }
}
