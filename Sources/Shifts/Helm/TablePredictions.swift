import Magnet

extension Predictions {
  /// Lets a predictor that looks at tables, such as a program, predict each cell from the tables of what is known then.
  func predictTables(
    _ predictor: Predictor, _ targets: [RunCells.Cell], known: (RunCells.Cell) -> Set<RunCells.Cell>
  ) async throws -> Made {
    var made = Made()
    let isOfInstances = predictor is InstancePredictor
    if isOfInstances != (shifts.level == .instance) {
      let reason =
        isOfInstances ? "it predicts instances: --level instance" : "it predicts runs, not instances"
      made.reasons = targets.map { _ in reason }
      return made
    }
    let all: BacktestTables
    do { all = try tables.get() } catch {
      made.reasons = targets.map { _ in "\(error)" }
      return made
    }
    let tables = KnownTables(all: all, cells: cells)
    predictor.seed = shifts.seed
    // Most targets of a shift have the same to learn from.
    var last: (known: Set<RunCells.Cell>, train: TrainSplit)?
    for cell in targets {
      try Task.checkCancellation()
      let name = cells.run(of: cell)?.name ?? cells.models[cell.model]
      do {
        let known = known(cell)
        if known.isEmpty { throw MagnetError(.insufficientData, "no runs are known") }
        if last?.known != known { last = (known, TrainSplit(predictor.prepared(tables.train(known)))) }
        guard let train = last?.train else { continue }
        let sample = shown(cell, name, known).sample
        let test = try tables.test(cell, shown: isOfInstances ? nil : sample.columns)
        let comparison = try await predictor.compare(train: train, test: TestSplit(predictor.prepared(test)))
        made.notes += comparison.notes
        if let prediction = prediction(comparison, cell, name) {
          made.found[cell] = prediction
        } else {
          let wanted = cells.columns[cell.column].name
          let reason = comparison.unmatched.first?.reason ?? "none of its predictions is of \(wanted.text)"
          made.reasons.append("\(name): \(reason)")
        }
      } catch let error as CancellationError { throw error } catch {
        made.reasons.append("\(name): \(error)")
      }
    }
    return made
  }

  /// What of a comparison is of the cell; nil where nothing is.
  private func prediction(
    _ comparison: Comparison, _ cell: RunCells.Cell, _ name: String
  ) -> Prediction? {
    let wanted = cells.columns[cell.column].name
    let own = comparison.pairs.filter { $0.run == name && $0.actual.name.isSame(as: wanted) }
    if shifts.level == .run {
      guard let mean = own.compactMap(\.predicted.mean).first(where: \.isFinite) else { return nil }
      return Prediction(mean: mean, quality: 1 - abs(mean - cells[cell]))
    }
    let points = own.compactMap { pair -> Double? in
      guard let predicted = pair.predicted.mean, predicted.isFinite, let actual = pair.actual.mean else {
        return nil
      }
      return Self.isRight(predicted, actual)
    }
    return points.mean().map { Prediction(mean: .nan, quality: $0) }
  }
}

/// The tables of runs as far as they are known.
struct KnownTables {
  let all: BacktestTables
  let cells: RunCells

  /// What is known of one run.
  private struct Part {
    /// Of which inputs statistics are known: as they are (nil), and with which changes.
    var inputs: Set<Perturbation?> = []
    /// The instances, where only some are known, by their ids.
    var instances: Set<String>?
    /// The known means over these.
    var means: [(name: MetricName, mean: Double)] = []

    /// Whether statistics over inputs with a change are known.
    func hasStat(_ row: Row) -> Bool {
      guard let name = row[.perturbation] else { return inputs.contains(nil) }
      return inputs.contains { known in
        known?.name == name && known?.computedOn == row[.computedOn]
          && known?.parameters["prob"]?.number == row[.prob]
      }
    }

    /// Whether an instance, or a request for one, is known.
    func hasInstance(_ row: Row) -> Bool {
      if let instances, !instances.contains(row[.instance] ?? "") { return false }
      guard let name = row[.perturbation] else {
        return inputs.contains { $0 == nil || $0?.computedOn == "original" }
      }
      return inputs.contains { known in
        known?.name == name && known?.computedOn == "perturbed"
          && known?.parameters["prob"]?.number == row[.prob]
      }
    }
  }

  /// The tables of what is known; nothing else is in them.
  func train(_ known: Set<RunCells.Cell>) -> RunTables {
    var parts: [String: Part] = [:]
    var numbers: Set<Int> = []
    for cell in known.sorted(by: { ($0.column, $0.model) < ($1.column, $1.model) }) {
      guard let number = cells.runNumber(of: cell) else { continue }
      numbers.insert(number)
      let name = cells.columns[cell.column].name
      var part = parts[cells.collection.runs[number].name] ?? Part()
      part.inputs.insert(name.perturbation)
      if let instances = ids(cell) {
        part.instances = (part.instances ?? []).union(instances)
        part.means.append((name, cells[cell]))
      }
      parts[cells.collection.runs[number].name] = part
    }
    let tables = all.of(numbers.sorted())
    let isOfHalves = parts.values.contains { $0.instances != nil }
    return RunTables(
      runSpecs: tables.runSpecs,
      scenarioStates: tables.scenarioStates.filter { parts[$0[.run]]?.hasInstance($0) == true },
      stats: isOfHalves ? Self.stats(parts) : tables.stats.filter { parts[$0[.run]]?.hasStat($0) == true },
      perInstanceStats: tables.perInstanceStats.filter { parts[$0[.run]]?.hasInstance($0) == true })
  }

  /// The target run, with the requests for the instances that are shown or, where a predictor predicts
  /// instances, for all of the target.
  /// - Parameter shown: columns of the scenario's matrix; nil for all of the target.
  /// - Throws: `MagnetError` for a score without a run.
  func test(_ cell: RunCells.Cell, shown: [Int]?) throws -> RunTables {
    guard let number = cells.runNumber(of: cell) else {
      throw MagnetError(.insufficientData, "no run has this score")
    }
    let matrix = cells.matrix(of: cell)
    var part = Part()
    part.instances = shown.map { Set($0.map { matrix.instances[$0] }) } ?? ids(cell)
    // Instances are shown as they are; those that are predicted are the target's.
    part.inputs = [shown == nil ? cells.columns[cell.column].name.perturbation : nil]
    var tables = all.of([number])
    tables.scenarioStates = tables.scenarioStates.filter(part.hasInstance)
    tables.perInstanceStats = tables.perInstanceStats.filter(part.hasInstance)
    return tables
  }

  /// The ids of a cell's instances, where it is not of all.
  private func ids(_ cell: RunCells.Cell) -> Set<String>? {
    cells.instances(of: cell).map { instances in
      let matrix = cells.matrix(of: cell)
      return Set(instances.map { matrix.instances[$0] })
    }
  }

  /// Means over some of the instances, as a table of statistics: HELM's are over all of them.
  private static func stats(_ parts: [String: Part]) -> Table {
    let rows = parts.sorted { $0.key < $1.key }.flatMap { run, part in
      part.means.map { name, mean -> [Cell] in
        [
          .string(run), .string(name.name), name.split.map(Cell.string) ?? .null, .int(1), .double(mean),
          .double(mean),
        ]
      }
    }
    return Table(
      columnNames: [
        ColumnKey.run.name, ColumnKey.metric.name(in: .stats), ColumnKey.split.name(in: .stats),
        ColumnKey.count.name(in: .stats), ColumnKey.sum.name(in: .stats), ColumnKey.mean.name(in: .stats),
      ], rows: rows)
  }
}
