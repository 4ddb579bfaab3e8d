package import ArgumentParser
package import HelmBackend
package import Magnet

/// The options of every command that looks at the scores of runs.
package struct ScoreOptions: ParsableArguments {
  @OptionGroup package var metrics: MetricOptions
  @OptionGroup package var chosen: SelectionOptions

  /// Which runs are meant.
  package var selection: RunSelection { get throws { try chosen.selection } }

  /// Reads the scores, with a bar, and reports what was left out.
  package func read(
    _ source: HelmRuns, _ progress: WorkProgress, readsAnswers: Bool = false
  ) async throws -> ScoreCollection {
    try await metrics.read(source, progress, readsAnswers: readsAnswers)
  }

  package init() {}
}

/// The options that choose the metric which is the score.
package struct MetricOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The metric that is the score, such as exact_match, exact_match@valid or exact_match@test/toxic (a sub-split); the first of several that a run has (default: the main metric of the run's group in HELM's schema).",
      valueName: "metric"), completion: .metrics)
  package var metric: [String] = []
  @Option(
    help: ArgumentHelp(
      "The schema that defines main metrics: a name such as lite, or a schema.json (default: the schema.json beside the runs, else HELM's).",
      valueName: "name or file"),
    completion: .schemas)
  package var schema: String?
  @Flag(inversion: .prefixedNo, help: "Whether lower values of --metric are better, where no schema says.")
  package var lowerIsBetter: Bool?

  package init() {}

  package func validate() throws {
    do { _ = try selectors } catch { throw ValidationError("\(error)") }
  }

  /// Reads the scores, with a bar, and reports what was left out.
  package func read(
    _ source: HelmRuns, _ progress: WorkProgress, readsAnswers: Bool = false
  ) async throws -> ScoreCollection {
    let scores = try await Watch.working(progress) { [self] in
      try await ScoreCollection.read(source, rules: try await rules(source), readsAnswers: readsAnswers)
    }
    say(scores.faults)
    for note in scores.notes { Terminal.say(note) }
    for omission in scores.omissions { Terminal.say(omission, as: .warning) }
    return scores
  }

  /// Says which runs have a score and no scores of instances, where these are what a command is about.
  /// - Returns: how many.
  package func sayWithoutInstances(_ scores: ScoreCollection) -> Int {
    let names = scores.withoutInstances
    if let first = names.first {
      let others = names.count == 1 ? "" : " and \(names.count - 1) more"
      Terminal.say("left out: no scores of instances: \(first)\(others)", as: .warning)
    }
    return names.count
  }

  private var selectors: [MetricSelector] {
    get throws { try metric.map { try MetricSelector($0) } }
  }

  /// Whether any was given.
  package var areGiven: Bool { !metric.isEmpty || schema != nil || lowerIsBetter != nil }

  /// What decides which statistic is the score of these runs.
  package func rules(_ source: HelmRuns, release: String? = nil) async throws -> HeadlineRules {
    let found = try await source.schemas()
    let releases = found.documents.compactMap(\.release).unique()
    if let release, !releases.contains(release), found.faults.isEmpty {
      throw MagnetError(
        .notFound, "no release '\(release)' has a schema.json beside these runs",
        advice: suggestion(for: release, among: releases))
    }
    var rules = HeadlineRules(found, release: release)
    rules.metrics = try selectors
    rules.schema = try schema.map(Self.schema)
    rules.lowerIsBetter = lowerIsBetter
    return rules
  }

  /// The schema of HELM with this name, or that in a file.
  private static func schema(_ name: String) throws -> Schema {
    if let schema = Schema.builtIn(name) { return schema }
    guard Files.isFile(name) else {
      let nearest = nearestNames(to: name, among: Schema.builtInNames, count: 1)
      throw MagnetError(
        .notFound, "neither a schema of HELM nor a file",
        at: name,
        advice: "did you mean \(nearest.joined())? known: \(Schema.builtInNames.joined(separator: ", "))")
    }
    return try HelmRuns.schema(inFile: name)
  }
}
