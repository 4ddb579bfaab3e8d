/// The tables of all runs of a backtest, for predictors that look at tables.
package struct BacktestTables: Sendable {
  private let tables: RunTables
  private let runSpecs: Table

  /// Loads the tables of a collection's runs, in its order.
  package init(_ scores: ScoreCollection, _ source: (any RunSource)?) async throws {
    guard let source else {
      throw MagnetError(
        .insufficientData, "a predictor looks at tables, and there is nothing to load them from")
    }
    let listing = try await source.list()
    var notes: [String] = []
    var rows: [String: Int] = [:]
    for row in listing.candidates(notes: &notes) { rows[listing.runSpecs.rows[row][.run]] = row }
    let chosen = try scores.runs.map { run in
      guard let row = rows[run.name] else {
        throw MagnetError(
          .insufficientData,
          "\(run.name) lacks files, and a predictor here looks at tables; leave out such runs with --runs")
      }
      return row
    }
    tables = try await source.load(
      chosen.map { listing.entries[listing.entryOfRow[$0]] },
      tables: [.scenarioStates, .stats, .perInstanceStats])
    if let fault = tables.faults.first { throw fault.fault }
    runSpecs = listing.runSpecs.rows(at: chosen)
  }

  /// The tables of some of the runs, by their numbers.
  package func of(_ runs: [Int]) -> RunTables {
    RunTables(
      runSpecs: runSpecs.rows(at: runs), scenarioStates: tables.table(.scenarioStates, ofRuns: runs),
      stats: tables.table(.stats, ofRuns: runs),
      perInstanceStats: tables.table(.perInstanceStats, ofRuns: runs))
  }

  /// The tables of one run with only the rows of some instances.
  func of(_ run: Int, instances: Set<String>) -> RunTables {
    var sampled = of([run])
    sampled.scenarioStates = sampled.scenarioStates.filter { instances.contains($0[.instance] ?? "") }
    sampled.perInstanceStats = sampled.perInstanceStats.filter { instances.contains($0[.instance] ?? "") }
    return sampled
  }
}

extension BacktestUnit {
  /// The runs that are known when a target of the group is predicted; the same for all of them.
  private var known: [Int] {
    let hidden = Set(plan.hidden(predicting: plan.targets[group.targets[0]].run))
    return plan.collection.runs.indices.filter { !hidden.contains($0) }
  }

  /// All that may be learned from.
  func everyRun(for predictor: Predictor) -> TrainSplit? {
    tables.map { TrainSplit(predictor.prepared($0.of(known))) }
  }

  /// Lets a predictor that looks at tables predict a target: once, or for every sample where it is shown instances.
  /// - Parameter everyRun: what to learn from; nil to draw example runs afresh each time.
  func predictTables(
    _ predictor: Predictor, _ number: Int, _ everyRun: TrainSplit?, _ outcome: inout BacktestOutcome
  ) async throws {
    guard let tables else { return }
    let target = plan.targets[number]
    let run = plan.collection.runs[target.run]
    let known = known
    guard !known.isEmpty else { throw MagnetError(.insufficientData, "no runs are left to learn from") }
    let ids = plan.matrix(of: target).instances
    let isOfInstances = predictor is InstancePredictor
    guard isOfInstances == (backtest.level == .instance) else {
      throw MagnetError(
        .insufficientData,
        isOfInstances ? "it predicts instances: --level instance" : "it predicts runs, not instances")
    }
    let draws: [(size: Int, repetition: Int, items: [Int])]
    if isOfInstances {
      draws = [(-1, 0, run.instances)]
    } else if predictor.disclosure != .runSpec {
      draws = try samples(target)
    } else {
      let items = Array(run.instances.prefix(1))
      draws = (0..<(everyRun == nil ? backtest.repetitions : 1)).map { (-1, $0, items) }
    }
    // A sample that fails leaves the others as they are.
    var failed: (count: Int, reason: String)?
    for (size, repetition, items) in draws {
      predictor.seed = backtest.seed + repetition
      let train =
        everyRun
        ?? TrainSplit(
          predictor.prepared(
            tables.of(
              ItemSample.draw(
                backtest.exampleRuns ?? known.count, of: known, seed: backtest.randomSeed,
                key: "runs " + run.name, repetition: repetition
              ).sorted())))
      let test = TestSplit(predictor.prepared(tables.of(target.run, instances: Set(items.map { ids[$0] }))))
      var problem: String?
      do {
        let comparison = try await predictor.compare(train: train, test: test)
        outcome.add(comparison.notes, predictor: entry, target: number)
        problem = add(comparison, number, size: size, repetition: repetition, &outcome)
      } catch let error as CancellationError {
        throw error
      } catch {
        problem = "\(error)"
      }
      if let problem { failed = ((failed?.count ?? 0) + 1, failed?.reason ?? problem) }
    }
    if let failed {
      outcome.failures.append(
        .init(
          predictor: entry, target: number, reason: failed.reason,
          count: failed.count == draws.count ? nil : failed.count))
    }
  }

  /// Adds what of a comparison is of the target; says why where nothing is.
  private func add(
    _ comparison: Comparison, _ number: Int, size: Int, repetition: Int, _ outcome: inout BacktestOutcome
  ) -> String? {
    let target = plan.targets[number]
    let run = plan.collection.runs[target.run]
    let wanted = plan.collection.board.columns[target.column].name
    var isFound = false
    for pair in comparison.pairs {
      guard pair.run == run.name, pair.actual.name.isSame(as: wanted), let predicted = pair.predicted.mean,
        predicted.isFinite
      else { continue }
      var record = BacktestRecord(
        predictor: Int32(entry), target: Int32(number), observed: Int32(size), repetition: Int32(repetition),
        predicted: predicted, actual: target.actual)
      record.setInterval(pair.interval, stddev: pair.standardError)
      if backtest.level == .instance {
        guard let column = plan.column(of: pair.instance?.id ?? "", for: target) else { continue }
        record.instance = Int32(column)
        record.actual = plan.matrix(of: target)[run.row, column]
      } else if isFound {
        continue
      }
      isFound = true
      outcome.records.append(record)
    }
    if isFound { return nil }
    return comparison.unmatched.first?.reason ?? "none of its predictions is of \(wanted.name)"
  }
}

extension MetricName {
  /// Whether both are of one metric and perturbation; fields that one of them leaves out count as equal.
  package func isSame(as other: MetricName) -> Bool {
    name == other.name && split == other.split && perturbation?.name == other.perturbation?.name
      && perturbation?.computedOn == other.perturbation?.computedOn
      && perturbation?.parameters["prob"] == other.perturbation?.parameters["prob"]
  }
}
