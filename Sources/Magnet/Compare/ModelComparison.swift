/// Two sides compared over one or more scenarios: each scenario by itself, and their mean, in which each scenario weighs
/// the same.
package struct ModelComparison: Sendable {
  package let first: String
  package let second: String
  /// In the order of the scenarios' names.
  package let scenarios: [RunComparison]
  /// Scenarios that could not be compared, with the reason.
  package let omissions: [String]
  let options: RunComparison.Options

  /// The mean difference over scenarios, second minus first; nil for no scenarios.
  package var difference: Double? {
    scenarios.isEmpty ? nil : scenarios.reduce(0) { $0 + $1.difference } / Double(scenarios.count)
  }

  /// The standard error of the mean difference for these very scenarios: only the instances are a sample.
  package var withinError: Double? {
    let errors = scenarios.compactMap(\.standardError)
    guard errors.count == scenarios.count, !errors.isEmpty else { return nil }
    return errors.reduce(0) { $0 + $1 * $1 }.squareRoot() / Double(errors.count)
  }

  /// The mean difference as one of scenarios like these: the scenarios are a sample too. Nil for fewer than two.
  package var between: PairedDifferences.Estimate? {
    PairedDifferences(scenarios.map(\.difference)).estimate
  }

  /// The probability of the mean difference if there were none: over scenarios, or of the only one.
  package var p: Double? { scenarios.count == 1 ? scenarios[0].p : between?.p }

  /// One row per scenario and, for several, two for their mean.
  /// - Parameter margin: where given, the last column has the p of two one-sided tests that the difference lies within
  ///   ±margin (Schuirmann 1987): a small one says that it does.
  package func summary(correction: PValueCorrection = .holm, equivalenceMargin margin: Double? = nil) -> Table
  {
    let adjusted = correction.adjusted(scenarios.map(\.p))
    func equivalence(_ p: Double?) -> [Cell] { margin == nil ? [] : [Cell(p)] }
    func p(withinError error: Double?, _ difference: Double) -> Double? {
      guard let margin, let error else { return nil }
      if error == 0 { return abs(difference) < margin ? 0 : 1 }
      return Normal.cumulative(-(margin - abs(difference)) / error)
    }
    func p(_ estimate: PairedDifferences.Estimate?) -> Double? {
      margin.flatMap { estimate?.equivalenceP(margin: $0) }
    }
    var rows = zip(scenarios, adjusted).map { comparison, adjusted -> [Cell] in
      [
        .string(comparison.first.scenario), .string(comparison.first.headline.metric.name),
        Cell(comparison.splits), .int(Int64(comparison.pairing.pairs.count)),
        .int(Int64(comparison.pairing.unmatched.count { $0.side == .first })),
        .int(Int64(comparison.pairing.unmatched.count { $0.side == .second })),
        .double(comparison.meanFirst), .double(comparison.meanSecond), .double(comparison.difference),
        Cell(comparison.interval?.lower), Cell(comparison.interval?.upper), Cell(comparison.p),
        Cell(adjusted),
        Cell(comparison.flips?.gained), Cell(comparison.flips?.lost), Cell(comparison.detectable),
        .string(comparison.method),
        comparison.notes.isEmpty ? .null : .string(comparison.notes.joined(separator: "; ")),
      ] + equivalence(p(comparison.estimate))
    }
    if scenarios.count > 1, let difference {
      let metric = scenarios.map(\.first.headline.metric.name).unique()
      let n = scenarios.reduce(0) { $0 + $1.pairing.pairs.count }
      let means = (
        scenarios.reduce(0) { $0 + $1.meanFirst } / Double(scenarios.count),
        scenarios.reduce(0) { $0 + $1.meanSecond } / Double(scenarios.count)
      )
      func row(
        _ name: String, _ interval: Interval?, _ p: Double?, _ method: String, _ equivalent: Double?
      ) -> [Cell] {
        [
          .string(name), metric.count == 1 ? .string(metric[0]) : .string("main metrics"), .null,
          .int(Int64(n)),
          .null, .null, .double(means.0), .double(means.1), .double(difference), Cell(interval?.lower),
          Cell(interval?.upper), Cell(p), .null, .null, .null, .null, .string(method), .null,
        ] + equivalence(equivalent)
      }
      let z = Normal.quantile(0.5 + options.level / 2)
      let within = withinError
      rows.append(
        row(
          "mean of \(scenarios.count), these scenarios",
          within.map { Interval(lower: difference - z * $0, upper: difference + z * $0) },
          within.map { $0 == 0 ? (difference == 0 ? 1 : 0) : 2 * Normal.cumulative(-abs(difference / $0)) },
          "stratified, normal", p(withinError: within, difference)))
      rows.append(
        row(
          "mean of \(scenarios.count), scenarios like these", between?.interval(level: options.level),
          between?.p,
          "between scenarios, t", p(between)))
    }
    return Table(
      columnNames: [
        "task", "metric", "split", "n", "only_a", "only_b", "mean_a", "mean_b", "diff", "lower", "upper",
        "p",
        "p_adjusted", "flips_gained", "flips_lost", "detectable", "method", "note",
      ] + (margin == nil ? [] : ["p_equivalent"]), rows: rows)
  }
}

/// The instances of runs, read once for comparisons.
package struct ComparedRuns: Sendable {
  /// In the order of the source.
  package let runs: [RunInstances]
  /// The paths of the files that were read for them.
  package let files: [String]
  package let notes: [String]
  package let faults: [DataFault]
  /// Runs without a score, with the reason.
  package let omissions: [String]

  /// The models, in order of their names.
  package var models: [String] { runs.map(\.model).unique().sorted() }

  /// Reads the instances of a source's runs.
  /// - Parameters:
  ///   - patterns: take only runs whose name matches one of these; all when empty.
  ///   - models: take only runs of these models; all when nil.
  ///   - readsContent: whether to read inputs, so that ids that name other questions are found.
  ///   - keepsRepeated: whether to keep a run name that is in several suites several times.
  /// - Throws: what the source throws.
  package static func read(
    _ source: some RunSource, rules: HeadlineRules, runs patterns: [String] = [],
    models: (@Sendable (String) -> Bool)? = nil, population: RunInstances.Population = .init(),
    readsContent: Bool = true, keepsRepeated: Bool = false
  ) async throws -> ComparedRuns {
    let listing = try await source.list()
    var notes: [String] = []
    var omitted: [(String, String)] = []
    var metricNames: [MetricName] = []
    var faults = listing.entries.flatMap(\.scoreFaults)
    let matchers = patterns.map { NamePattern($0) }
    let all =
      keepsRepeated
      ? listing.runSpecs.rows.indices.filter { listing.entries[listing.entryOfRow[$0]].hasStatistics }
      : listing.candidates(notes: &notes, where: \.hasStatistics)
    let rows = all.filter { row in
      let spec = listing.runSpecs.rows[row]
      return (matchers.isEmpty || matchers.contains { $0.matches(spec[.run]) })
        && models?(spec[.model] ?? spec[.run]) ?? true
    }
    let entries = rows.map { listing.entries[listing.entryOfRow[$0]] }
    let wanted = rules.wanted
    let tables = try await source.load(entries, tables: [.stats], columns: RunStats.columns)
    faults += tables.faults.map(\.fault)
    let broken = Set(tables.faults.map(\.run))
    var chosen: [(entry: RunEntry, spec: Row, headline: Headline)] = []
    for (number, entry) in entries.enumerated() where !broken.contains(number) {
      let spec = listing.runSpecs.rows[rows[number]]
      let stats = RunStats(tables.table(.stats, ofRuns: [number]), wanted: wanted)
      guard let headline = rules.headline(.init(spec, path: entry.path), stats), headline.stat != nil else {
        let names = stats.available.sorted().filter { !Headline.isBookkeeping($0.metric) }.prefix(12).map(
          \.text)
        metricNames += stats.names
        omitted.append(
          (
            spec[.run],
            "no score by \(rules.metrics.first?.text ?? "a known main metric"); there is "
              + names.joined(separator: ", ")
          ))
        continue
      }
      chosen.append((entry, spec, headline))
    }
    if chosen.isEmpty {
      try MetricSelector.check(rules.metrics, among: Set(metricNames).sorted { $0.text < $1.text })
    }
    let omissions = ScoreCollection.grouped(omitted).map { "\($1): \($0)" }
    let hasScenarioStates = chosen.allSatisfy { $0.entry.files.contains(TableSource.scenarioStates.fileName) }
    if readsContent, !hasScenarioStates {
      notes.append("instances are paired by their ids alone, as not all runs have a scenario_state.json")
    }
    let read = try await RunInstances.read(
      chosen, in: source, population, readsContent: readsContent && hasScenarioStates, faults: &faults)
    let kinds: [TableSource] =
      [.stats, .perInstanceStats] + (readsContent && hasScenarioStates ? [.scenarioStates] : [])
    let files = chosen.flatMap { run in
      run.entry.parquetFiles.isEmpty
        ? kinds.filter { run.entry.files.contains($0.fileName) }.map { run.entry.path + "/" + $0.fileName }
        : run.entry.parquetFiles
    }
    return ComparedRuns(
      runs: read.compactMap(\.self), files: files, notes: notes, faults: faults.unique(), omissions: omissions
    )
  }

  /// Compares two models on every scenario that both have runs of.
  /// - Throws: `MagnetError` when there is none.
  package func compare(
    _ first: String, _ second: String, options: RunComparison.Options = .init()
  ) throws -> ModelComparison {
    func runs(_ model: String) -> [String: RunInstances] {
      Dictionary(
        self.runs.filter { $0.model == model }.map { ($0.scenario, $0) }, uniquingKeysWith: { $1 })
    }
    let (one, other) = (runs(first), runs(second))
    let shared = one.keys.filter { other[$0] != nil }.sorted()
    var done: [RunComparison] = []
    var omitted: [String] = []
    for (name, has, lacks) in [(first, one, other), (second, other, one)] {
      let alone = has.keys.filter { lacks[$0] == nil }.sorted()
      if !alone.isEmpty {
        omitted.append(
          "only \(name) has \(alone.prefix(3).joined(separator: ", "))"
            + (alone.count > 3 ? " and \(alone.count - 3) more" : ""))
      }
    }
    for scenario in shared {
      guard let a = one[scenario], let b = other[scenario] else { continue }
      do { done.append(try RunComparison(a, b, options: options)) } catch let error as MagnetError {
        omitted.append(error.description)
      }
    }
    guard !done.isEmpty else {
      throw MagnetError(
        .insufficientData, "\(first) and \(second) have no scenario that can be compared",
        advice: omitted.first)
    }
    return ModelComparison(
      first: first, second: second, scenarios: done, omissions: omitted, options: options)
  }
}

/// All pairs of some models, and the groups of models that cannot be told apart.
package struct ComparisonMatrix: Sendable {
  /// The models, the best first.
  package let models: [String]
  /// The mean of each model over the scenarios that all have, in their order; higher is better.
  package let strengths: [Double]
  /// Each pair of models, the better first: the difference is that of the second, so mostly negative.
  package let pairs: [ModelComparison]
  /// The corrected p values of the pairs.
  package let adjusted: [Double?]
  /// The group of each model, 1 first: a model joins the group whose first model it cannot be told from.
  package let groups: [Int]
  package let omissions: [String]

  /// Compares every two models.
  /// - Throws: `MagnetError` when there are fewer than two models that share a scenario.
  package init(
    _ runs: ComparedRuns, options: RunComparison.Options = .init(), correction: PValueCorrection = .holm,
    alpha: Double = 0.05
  ) throws {
    let all = runs.models
    guard all.count > 1 else {
      throw MagnetError(
        .insufficientData, "comparing takes two models, not \(all.count)"
      )
    }
    // The mean over the scenarios of all models decides the order.
    var scenarios: [String: [String: RunInstances]] = [:]
    for run in runs.runs { scenarios[run.scenario, default: [:]][run.model] = run }
    let shared = scenarios.keys.filter { scenarios[$0]?.count == all.count }.sorted()
    let used = shared.isEmpty ? scenarios.keys.sorted() : shared
    func strength(_ model: String) -> Double {
      let values = used.compactMap { name -> Double? in
        guard let run = scenarios[name]?[model], !run.instances.isEmpty else { return nil }
        let mean = run.instances.reduce(0) { $0 + $1.score } / Double(run.instances.count)
        return run.headline.lowerIsBetter == true ? -mean : mean
      }
      return values.isEmpty ? -.infinity : values.reduce(0, +) / Double(values.count)
    }
    let known = Dictionary(all.map { ($0, strength($0)) }, uniquingKeysWith: { first, _ in first })
    models = all.sorted { a, b in
      let (one, other) = (known[a] ?? 0, known[b] ?? 0)
      return one == other ? a < b : one > other
    }
    strengths = models.map { known[$0] ?? 0 }
    var pairs: [ModelComparison] = []
    var omissions: [String] = []
    for (place, first) in models.enumerated() {
      for second in models[(place + 1)...] {
        do { pairs.append(try runs.compare(first, second, options: options)) } catch let error as MagnetError
        {
          omissions.append(error.description)
        }
      }
    }
    guard !pairs.isEmpty else {
      throw MagnetError(.insufficientData, "no two models can be compared", advice: omissions.first)
    }
    self.pairs = pairs
    self.omissions = omissions
    let adjusted = correction.adjusted(pairs.map(\.p))
    self.adjusted = adjusted
    var groups: [Int] = []
    var anchor = models[0]
    for model in models {
      if model == anchor {
        groups.append((groups.last ?? 0) + 1)
        continue
      }
      let place = pairs.firstIndex { $0.first == anchor && $0.second == model }
      let isApart = place.flatMap { adjusted[$0] }.map { $0 < alpha } ?? false
      if isApart {
        anchor = model
        groups.append((groups.last ?? 0) + 1)
      } else {
        groups.append(groups.last ?? 1)
      }
    }
    self.groups = groups
  }

  /// One row per pair of models.
  package var table: Table {
    Table(
      columnNames: [
        "model_a", "model_b", "tasks", "n", "diff", "stderr_these", "lower", "upper", "p", "p_adjusted",
        "worse_in", "better_in",
      ],
      rows: zip(pairs, adjusted).map { pair, adjusted in
        let interval =
          pair.scenarios.count == 1
          ? pair.scenarios[0].interval : pair.between?.interval(level: pair.options.level)
        return [
          .string(pair.first), .string(pair.second), .int(Int64(pair.scenarios.count)),
          .int(Int64(pair.scenarios.reduce(0) { $0 + $1.pairing.pairs.count })), Cell(pair.difference),
          Cell(pair.withinError), Cell(interval?.lower), Cell(interval?.upper), Cell(pair.p), Cell(adjusted),
          .int(Int64(pair.scenarios.count { $0.difference < 0 })),
          .int(Int64(pair.scenarios.count { $0.difference > 0 })),
        ]
      })
  }

  /// One row per model: its tie group, and its mean. A group says only that its models cannot be told from its first.
  package var groupTable: Table {
    Table(
      columnNames: ["group", "model", "mean"],
      rows: models.indices.map { place in
        [
          .int(Int64(groups[place])), .string(models[place]),
          strengths[place].isFinite ? .double(strengths[place]) : .null,
        ]
      })
  }
}

extension ModelComparison {
  /// Compares two runs, or two collections of runs: those of one name, or where each side has one run, these two; else
  /// those of one scenario that stands once on each side.
  /// - Throws: `MagnetError` when there is nothing to compare.
  package init(
    _ first: ComparedRuns, _ second: ComparedRuns, names: (String, String),
    options: RunComparison.Options = .init()
  ) throws {
    var pairs: [(RunInstances, RunInstances)] = []
    if first.runs.count == 1, second.runs.count == 1 {
      pairs = [(first.runs[0], second.runs[0])]
    } else {
      let byName = Dictionary(second.runs.map { ($0.run, $0) }, uniquingKeysWith: { $1 })
      pairs = first.runs.compactMap { run in byName[run.run].map { (run, $0) } }
      if pairs.isEmpty {
        let byScenario = Dictionary(grouping: second.runs, by: \.scenario)
        for (scenario, runs) in Dictionary(grouping: first.runs, by: \.scenario).sorted(by: {
          $0.key < $1.key
        }) {
          guard runs.count == 1, let others = byScenario[scenario], others.count == 1 else { continue }
          pairs.append((runs[0], others[0]))
        }
      }
    }
    guard !pairs.isEmpty else {
      throw MagnetError(
        .insufficientData,
        "no run is in both: \(first.runs.count) runs in \(names.0) and \(second.runs.count) in \(names.1)",
        advice: "name one run on each side")
    }
    var done: [RunComparison] = []
    var omitted: [String] = []
    var failure: MagnetError?
    let missing = first.runs.count - pairs.count
    if missing > 0 {
      omitted.append("\(missing) of \(first.runs.count) runs in \(names.0) have no counterpart")
    }
    let extra = second.runs.count - pairs.count
    if extra > 0 { omitted.append("\(extra) of \(second.runs.count) runs in \(names.1) have no counterpart") }
    for (one, other) in pairs {
      do { done.append(try RunComparison(one, other, options: options)) } catch let error as MagnetError {
        failure = failure ?? error
        omitted.append(error.description)
      }
    }
    if done.isEmpty, let failure { throw failure }
    self.init(first: names.0, second: names.1, scenarios: done, omissions: omitted, options: options)
  }
}
