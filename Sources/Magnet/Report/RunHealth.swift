/// What looks wrong with the answers and scores of runs whose files are whole: a model that mostly answered nothing scores
/// as low as one that answered wrongly.
package struct RunHealth: Sendable {
  /// Counts over one run's requests and scores.
  package struct Entry: Sendable {
    package let suite: String
    package let run: String
    package let requests: Int
    /// Requests whose first completion is empty, or white space.
    package var empty = 0
    /// Completions that ended because of their length.
    package var cutShort = 0
    /// Prompts that HELM shortened to fit.
    package var truncated = 0
    /// Requests that failed.
    package var failed = 0
    /// Unperturbed requests of the main split without a score by the main metric.
    package var unscored = 0
    /// Scores by the main metric that are outside of 0 to 1, of `scores`.
    package var outOfRange = 0
    package var scores = 0
    /// Whether all of several scores are equal.
    package var isConstant = false

    /// What concerns at least a twentieth of the run, in words.
    package var flags: [String] {
      func flag(_ count: Int, of total: Int, _ what: String) -> String? {
        count > 0 && 20 * count >= total ? "\(what): \(count) of \(total)" : nil
      }
      return [
        flag(empty, of: requests, "empty answers"),
        flag(cutShort, of: requests, "answers cut at their length"),
        flag(truncated, of: requests, "prompts cut"), flag(failed, of: requests, "failed requests"),
        flag(unscored, of: unscored + scores, "without a score"),
        flag(outOfRange, of: scores, "scores outside 0 to 1"),
        isConstant ? "all \(scores) scores are equal" : nil,
      ].compactMap(\.self)
    }
  }

  /// In the order of the source; runs without requests are left out.
  package let entries: [Entry]
  package let faults: [DataFault]

  private static let states = ColumnPrefix.requests
  private static let columns: Set<String> = Set(
    [
      "instance.id", "train_trial_index", "instance.split", "instance.perturbation.name",
      "result.completions", "result.success", "prompt_truncated",
    ].map { states + $0 })

  /// Reads the requests and scores of runs, a few at once.
  /// - Throws: what the source throws.
  package init(of source: some RunSource, rules: HeadlineRules) async throws {
    let listing = try await source.list()
    var entries: [Entry] = []
    var faults: [DataFault] = []
    let rows = listing.runSpecs.rows.indices.filter { row in
      listing.entries[listing.entryOfRow[row]].files.contains(TableSource.scenarioStates.fileName)
    }
    let wanted = rules.wanted
    for start in stride(from: 0, to: rows.count, by: 16) {
      let batch = Array(rows[start..<min(start + 16, rows.count)])
      let runs = batch.map { listing.entries[listing.entryOfRow[$0]] }
      let states = try await source.load(runs, tables: [.scenarioStates], columns: Self.columns)
      let stats = try await source.load(runs, tables: [.stats], columns: RunStats.columns)
      let scores = try await source.load(
        runs, tables: [.perInstanceStats], columns: RunScores.instanceColumns)
      faults += (states.faults + stats.faults + scores.faults).map(\.fault)
      for (number, row) in batch.enumerated() {
        let spec = listing.runSpecs.rows[row]
        let headline = rules.headline(
          .init(spec, path: runs[number].path),
          RunStats(stats.table(.stats, ofRuns: [number]), wanted: wanted))
        let entry = Entry(
          runs[number], states.table(.scenarioStates, ofRuns: [number]),
          scores.table(.perInstanceStats, ofRuns: [number]), headline?.stat == nil ? nil : headline?.metric)
        if entry.requests > 0 { entries.append(entry) }
      }
    }
    self.entries = entries
    self.faults = faults.unique()
  }

  /// One row per run: suite, run, requests, empty, cut_short, truncated, failed, unscored, out_of_range, constant, flags.
  package var table: Table {
    Table(
      columnNames: [
        "suite", "run", "requests", "empty", "cut_short", "truncated", "failed", "unscored", "out_of_range",
        "constant", "flags",
      ],
      rows: entries.map { entry in
        let counts = [
          entry.requests, entry.empty, entry.cutShort, entry.truncated, entry.failed, entry.unscored,
          entry.outOfRange,
        ]
        return [.string(entry.suite), .string(entry.run)] + counts.map { .int(Int64($0)) }
          + [
            .bool(entry.isConstant),
            entry.flags.isEmpty ? .null : .string(entry.flags.joined(separator: "; ")),
          ]
      })
  }
}

extension RunHealth.Entry {
  private struct Key: Hashable {
    let id: String
    let trial: Int
  }

  fileprivate init(_ run: RunEntry, _ states: Table, _ scores: Table, _ metric: MetricName?) {
    suite = run.suite
    self.run = run.name
    requests = states.rowCount
    var means: [Key: Double] = [:]
    if let metric {
      scores.forEachRow(where: .metric, is: metric.name) { row in
        guard row[.perturbation] == nil, metric.split == nil || row[.split] == metric.split,
          metric.subSplit == nil || row[.subSplit] == metric.subSplit, let id = row[.instance],
          let mean = row[.mean], mean.isFinite
        else { return }
        means[Key(id: id, trial: row[.trial] ?? 0)] = mean
      }
    }
    let prefix = ColumnPrefix.requests
    var asked: Set<Key> = []
    states.forEachRow { row in
      let first = row[.completions]?[0]
      if first?["text"]?.string?.allSatisfy(\.isWhitespace) ?? true { empty += 1 }
      let reason = first?["finish_reason"]?["reason"]?.string ?? first?["finish_reason"]?.string
      if reason == "length" { cutShort += 1 }
      if row[prefix + "prompt_truncated"] == .bool(true) { truncated += 1 }
      if row[prefix + "result.success"] == .bool(false) { failed += 1 }
      if let metric, row[.perturbation] == nil, metric.split == nil || row[.split] == metric.split,
        let id = row[.instance]
      {
        asked.insert(Key(id: id, trial: row[.trial] ?? 0))
      }
    }
    self.scores = means.count
    // A metric that scores no instance, but all answers together, leaves none without a score.
    unscored = means.isEmpty ? 0 : asked.count { means[$0] == nil }
    outOfRange = means.values.count { !(0...1).contains($0) }
    isConstant = means.count > 1 && Set(means.values).count == 1
  }
}
