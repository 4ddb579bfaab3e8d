extension Predictor {
  /// Draws a split of a source's runs, predicts, and compares with the actual values.
  ///
  /// ```swift
  /// let comparison = try await predictor.evaluate(on: runs, runs: ["boolq:*"])
  /// print(comparison.table)
  /// ```
  /// - Parameters:
  ///   - source: the runs.
  ///   - patterns: take only runs whose name matches one of these, with `*` and `?`; all when empty.
  /// - Throws: `MagnetError` when too few runs are left or the predictor cannot predict, and what the source throws.
  public nonisolated(nonsending) func evaluate(
    on source: some RunSource, runs patterns: [String] = []
  ) async throws -> Comparison {
    try await evaluate(try await split(source, runs: patterns))
  }

  /// Predicts the test part of a split, and compares with the actual values.
  /// - Throws: what the predictor throws.
  public nonisolated(nonsending) func evaluate(_ split: DataSplit) async throws -> Comparison {
    var comparison = try await compare(train: split.train, test: split.test)
    comparison.trainRuns = split.trainRuns
    comparison.testRun = split.testRun
    comparison.notes = split.notes + comparison.notes
    comparison.faults = split.faults
    return comparison
  }

  /// Lists the runs, draws a split and loads the runs drawn.
  ///
  /// Run names that repeat across suites count once, in the latest suite. Incomplete runs take no part, and a run
  /// that turns out to be broken when it is read is left out and the split drawn again; both are in the result's
  /// `faults`.
  ///
  /// ```swift
  /// let split = try await predictor.split(runs)
  /// print("to be predicted: \(split.testRun), from \(split.trainRuns)")
  /// ```
  /// - Parameters:
  ///   - source: the runs.
  ///   - patterns: take only runs whose name matches one of these, with `*` and `?`; all when empty.
  /// - Throws: `MagnetError` when too few runs are left, and what the source throws.
  public nonisolated(nonsending) func split(
    _ source: some RunSource, runs patterns: [String] = []
  ) async throws -> DataSplit {
    let listing = try await source.list()
    adopt(HeadlineRules(try await source.schemas()))
    var notes: [String] = []
    var faults = listing.entries.flatMap(\.faults)
    let matchers = patterns.map { NamePattern($0) }
    var population = listing.candidates(notes: &notes).filter { number in
      let row = listing.runSpecs.rows[number]
      return (matchers.isEmpty || matchers.contains { $0.matches(row[.run]) }) && includes(row)
    }

    while true {
      let draw: SplitDraw
      if let targetRun {
        draw = try self.draw(targetRun, among: population, of: listing)
      } else if let drawn = SplitDraw(population: population.count, exampleRuns: exampleRuns, seed: seed) {
        draw = drawn
      } else {
        throw tooFewRuns(population.count, of: listing, faults)
      }
      let rows = draw.train.map { population[$0] }.sorted() + [population[draw.test]]
      let trainCount = draw.train.count
      let tables = try await source.load(
        rows.map { listing.entries[listing.entryOfRow[$0]] },
        tables: [.scenarioStates, .stats, .perInstanceStats])
      if !tables.faults.isEmpty {
        faults += tables.faults.map(\.fault)
        let broken = Set(tables.faults.map { rows[$0.run] })
        population.removeAll(where: broken.contains)
        continue
      }
      func name(_ number: Int) -> String { listing.runSpecs.rows[population[number]][.run] }
      if !wantedMetrics.isEmpty, targetRun != nil {
        try MetricSelector.check(wantedMetrics, among: statistics(tables, trainCount), of: name(draw.test))
      } else if !wantedMetrics.isEmpty, !rows.indices.allSatisfy({ haveWanted(statistics(tables, $0)) }) {
        let entries = population.map { listing.entries[listing.entryOfRow[$0]] }
        let places = try await wantedRuns(of: entries, in: source)
        let metric = wantedMetrics.map(\.text).joined(separator: " or ")
        guard places.count > exampleRuns else {
          throw MagnetError(
            .insufficientData,
            "the split needs \(exampleRuns + 1) runs with \(metric), and \(places.count) of \(entries.count) have it",
            advice: "give more runs, or fewer example runs")
        }
        notes.append(
          "\(entries.count - places.count) of \(entries.count) runs have no \(metric): the runs are drawn from the others"
        )
        population = places.map { population[$0] }
        continue
      }
      func part(_ runs: Range<Int>) -> RunTables {
        RunTables(
          runSpecs: listing.runSpecs.rows(at: Array(rows[runs])),
          scenarioStates: tables.table(.scenarioStates, ofRuns: runs),
          stats: tables.table(.stats, ofRuns: runs),
          perInstanceStats: tables.table(.perInstanceStats, ofRuns: runs))
      }
      let drawn = try sampled(part(trainCount..<rows.count), draw, run: name(draw.test), notes: &notes)
      let test = TestSplit(prepared(drawn))
      let unknown = disclosure == .everything ? [] : SequesteredTestSplit.unknownFields(of: test)
      if !unknown.isEmpty {
        let names = unknown.prefix(5).map { shown($0) }.joined(separator: ", ")
        notes.append(
          "\(name(draw.test)): not shown to the predictor, as HELM does not know what it is: \(names)"
            + (unknown.count > 5 ? " and \(unknown.count - 5) more" : ""))
      }
      if targetRun != nil {
        notes += partialNotes(
          rows.map { listing.runSpecs.rows[$0] }, tables.instanceCounts(ofFirst: rows.count))
      }
      return DataSplit(
        train: TrainSplit(prepared(part(0..<trainCount))), test: test,
        trainRuns: draw.train.map(name), testRun: name(draw.test), notes: notes, faults: faults)
    }
  }

  /// The names of a loaded run's statistics.
  private func statistics(_ tables: RunTables, _ run: Int) -> [MetricName] {
    RunStats(tables.table(.stats, ofRuns: [run]), wanted: nil).entries.map(\.name)
  }

  /// Whether one of the metrics wanted is among some.
  private func haveWanted(_ names: [MetricName]) -> Bool {
    names.contains { name in wantedMetrics.contains { $0.matches(name) } }
  }

  /// The places of the runs that have one of the metrics wanted.
  /// - Throws: `MagnetError` with the nearest names when none has.
  private nonisolated(nonsending) func wantedRuns(
    of entries: [RunEntry], in source: some RunSource
  ) async throws -> [Int] {
    var names: Set<MetricName> = []
    var places: [Int] = []
    for start in stride(from: 0, to: entries.count, by: 64) {
      let batch = Array(start..<min(start + 64, entries.count))
      let tables = try await source.load(
        batch.map { entries[$0] }, tables: [.stats], columns: RunStats.columns)
      for (number, place) in batch.enumerated() {
        let own = statistics(tables, number)
        names.formUnion(own)
        if haveWanted(own) { places.append(place) }
      }
    }
    try MetricSelector.check(wantedMetrics, among: names.sorted { $0.text < $1.text })
    return places
  }

  /// What is to be said of the target run, the last one, where others of its scenario have more instances: its actual score
  /// is over its own alone.
  private func partialNotes(_ specs: [Row], _ instances: [Int]) -> [String] {
    guard let own = specs.last, let count = instances.last else { return [] }
    let task = RunName.task(own[.run], own)
    let others = zip(specs, instances).filter { RunName.task($0.0[.run], $0.0) == task }.map(\.1)
    guard let most = others.max(), most > count else { return [] }
    return [
      "\(own[.run]): has \(count) instances, other runs of its scenario up to \(most); its actual score is the mean over "
        + "its own \(count)"
    ]
  }

  /// The run that matches, and all runs of other models to learn from.
  private func draw(_ pattern: String, among population: [Int], of listing: RunListing) throws -> SplitDraw {
    let matcher = NamePattern(pattern)
    func name(_ number: Int) -> String { listing.runSpecs.rows[population[number]][.run] }
    let found = population.indices.filter { matcher.matches(name($0)) }
    guard let test = found.first, found.count == 1 else {
      let near = nearestNames(to: pattern, among: population.indices.map(name))
      throw MagnetError(
        found.isEmpty ? .notFound : .usage,
        found.isEmpty ? "no complete run matches '\(pattern)'" : "\(found.count) runs match '\(pattern)'",
        advice: found.isEmpty
          ? "did you mean \(near.joined(separator: ", "))?" : "name one, such as \(name(found[0]))")
    }
    func model(_ number: Int) -> String? { listing.runSpecs.rows[population[number]][.model] }
    let train = population.indices.filter { model($0) != model(test) }
    guard !train.isEmpty else {
      throw MagnetError(
        .insufficientData, "\(name(test)): there is no run of another model to learn from",
        advice: "give more runs")
    }
    return SplitDraw(train: train, test: test, seed: seed)
  }

  /// The tables of the target run with only the rows of the instances drawn.
  private func sampled(_ tables: RunTables, _ draw: SplitDraw, run: String, notes: inout [String]) throws
    -> RunTables
  {
    let ids = tables.scenarioStates[.instance].unique()
    if let instances {
      let wanted = Set(instances)
      let found = ids.count { $0.map(wanted.contains) ?? false }
      guard found > 0 else {
        throw MagnetError(
          .notFound, "\(run): it has none of the \(wanted.count) instances asked for",
          advice: "choose them from runs of the same scenario")
      }
      if found < wanted.count {
        notes.append("\(run): it has \(found) of the \(wanted.count) instances asked for")
      }
      var chosen = tables
      chosen.scenarioStates = tables.scenarioStates.filter { $0[.instance].map(wanted.contains) ?? false }
      chosen.perInstanceStats = tables.perInstanceStats.filter { $0[.instance].map(wanted.contains) ?? false }
      return chosen
    }
    if ids.count < evalSamples {
      notes.append(
        "\(run): only \(ids.count) of the requested \(evalSamples) instances available; using all \(ids.count)"
      )
    }
    let drawn = Set(draw.instances(of: ids.count, samples: evalSamples).map { ids[$0] })
    var sampled = tables
    sampled.scenarioStates = tables.scenarioStates.filter { drawn.contains($0[.instance]) }
    sampled.perInstanceStats = tables.perInstanceStats.filter { drawn.contains($0[.instance]) }
    return sampled
  }

  private func tooFewRuns(_ count: Int, of listing: RunListing, _ faults: [DataFault]) -> MagnetError {
    var sentence =
      "the split needs \(exampleRuns + 1) runs (\(exampleRuns) example \(exampleRuns == 1 ? "run" : "runs") and one to predict), and "
      + (count == 1 ? "1 is" : "\(count) are") + " left of the \(listing.entries.count) found"
    if !faults.isEmpty {
      let files = Set(faults.map(\.file)).sorted(by: codePointOrder)
      sentence +=
        " (\(files.count) broken \(files.count == 1 ? "file" : "files"): \(files.prefix(3).map { shown($0) }.joined(separator: ", "))"
      sentence += files.count > 3 ? " and \(files.count - 3) more)" : ")"
    }
    return MagnetError(
      .insufficientData, sentence + "; give more runs, a wider filter, or fewer example runs")
  }
}

extension RunTables {
  /// How many instances each of the first runs has requests of.
  fileprivate func instanceCounts(ofFirst count: Int) -> [Int] {
    (0..<count).map { table(.scenarioStates, ofRuns: $0..<$0 + 1)[.instance].unique().count }
  }
}
