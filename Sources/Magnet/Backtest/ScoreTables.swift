extension BacktestScores {
  /// One row per predictor and number of observed instances, and one for each predictor that predicted nothing, with the
  /// measures people look at first. Of a run's score: mean absolute error with its 95% interval, root mean squared error, bias, skill against the best baseline, error against
  /// the binomial noise floor, rank correlations, and how the intervals did.
  package var table: Table {
    let measures = groups.flatMap { $0.scores.map(\.measure) }.unique()
    let first = ["mae", "brier"].first(where: measures.contains)
    let shown = measures.filter { !["coverage50", "coverage80", "width50", "width80"].contains($0) }
    var names = ["predictor", "observed", "targets"]
    for measure in shown {
      names.append(measure)
      if measure == first { names += ["\(measure) lower", "\(measure) upper"] }
    }
    if measures.contains("coverage95") { names.append("intervals") }
    let rows = groups.map { group -> [Cell] in
      var cells: [Cell] = [
        .string(group.isBaseline ? "\(group.predictor) (baseline)" : group.predictor), Cell(group.observed),
        .int(Int64(group.targets)),
      ]
      for measure in shown {
        let score = group[measure]
        cells.append(Cell(score?.value))
        if measure == first { cells += [Cell(score?.interval?.lower), Cell(score?.interval?.upper)] }
      }
      if measures.contains("coverage95") { cells.append(group.intervals.map(Cell.string) ?? .null) }
      return cells
    }
    return Table(columnNames: names, rows: rows)
  }

  /// One row per predictor, number of observed instances and measure: the value with its 95% interval, and the counts of
  /// scores and predictions it is over.
  package var longTable: Table {
    let rows = groups.flatMap { group in
      // A row without a measure says that nothing was predicted.
      (group.scores.isEmpty ? [nil] : group.scores.map(Optional.some)).map { score -> [Cell] in
        [
          .string(group.predictor), .bool(group.isBaseline), Cell(group.observed), Cell(score?.measure),
          Cell(score?.value), Cell(score?.interval?.lower), Cell(score?.interval?.upper),
          .int(Int64(group.targets)), .int(Int64(group.predictions)),
          group.intervals.map(Cell.string) ?? .null,
        ]
      }
    }
    return Table(
      columnNames: [
        "predictor", "baseline", "observed", "measure", "value", "lower", "upper", "targets", "predictions",
        "intervals",
      ], rows: rows)
  }
}

extension BacktestResult {
  /// Two predictors on the same scores and samples: a row for each number of observed instances, with the mean
  /// absolute errors, their difference with its 95% interval over families, and the share of bootstrap draws in which
  /// the first is the better one.
  /// - Throws: `MagnetError` where one of them took no part, or they have no predictions in common.
  package func comparison(of first: String, with second: String) throws -> Table {
    let numbers = try [first, second].map { name in
      guard let number = entries.firstIndex(where: { $0.name == name }) else {
        let near = nearestNames(to: name, among: entries.map(\.name))
        throw MagnetError(
          .notFound, "\(name) takes no part in the backtest; nearest: \(near.joined(separator: ", "))")
      }
      return number
    }
    let sample = ClusterBootstrap(familyCount, seed: backtest.randomSeed)
    var rows: [[Cell]] = []
    for observed in parts.map(\.observed).unique() {
      func part(_ number: Int) -> Part? {
        parts.first { $0.predictor == numbers[number] && $0.observed == observed }
          ?? parts.first { $0.predictor == numbers[number] && $0.observed == nil }
      }
      guard let a = part(0), let b = part(1), [a.observed, b.observed].contains(observed) else { continue }
      let (errorsA, errorsB) = (a.meanErrors(backtest.level), b.meanErrors(backtest.level))
      var sums = Array(repeating: SIMD3<Double>.zero, count: familyCount)
      for (target, error) in errorsA.sorted(by: { $0.key < $1.key }) {
        guard let other = errorsB[target] else { continue }
        sums[familyOf[target]] += SIMD3(error, other, 1)
      }
      func difference(_ counts: [Double]?) -> SIMD3<Double> {
        sums.indices.reduce(SIMD3.zero) { $0 + sums[$1] * (counts?[$1] ?? 1) }
      }
      let whole = difference(nil)
      if whole.z == 0 { continue }
      let interval = sample.interval { counts in
        let sum = difference(counts)
        return sum.z > 0 ? (sum.x - sum.y) / sum.z : nil
      }
      let better = sample.counts.count { counts in
        let sum = difference(counts)
        return sum.x < sum.y
      }
      rows.append([
        observed.map { .int(Int64($0)) } ?? .null, .int(Int64(whole.z)), .double(whole.x / whole.z),
        .double(whole.y / whole.z), .double((whole.x - whole.y) / whole.z),
        interval.map { .double($0.lower) } ?? .null, interval.map { .double($0.upper) } ?? .null,
        sample.counts.isEmpty ? .null : .double(Double(better) / Double(sample.counts.count)),
      ])
    }
    if rows.isEmpty { throw MagnetError(.notFound, "\(first) and \(second) have no predictions in common") }
    let error = backtest.level == .run ? "mae" : "brier"
    return Table(
      columnNames: [
        "observed", "targets", "\(error) \(first)", "\(error) \(second)", "difference", "lower", "upper",
        "share \(first) better",
      ], rows: rows)
  }

  /// What a user should know of how the result came about.
  package var notes: [String] {
    let runs = plan.collection.runs
    var notes: [String] = []
    for (number, entry) in entries.enumerated() where entry.isAskedFor {
      notes += remarks(number).map { "\(entry.name): \($0)" }
      func told(_ failures: [BacktestOutcome.Failure], _ what: String) -> [String] {
        failures.first.map { first in
          "\(entry.name): \(what), the first of \(runs[plan.targets[first.target].run].name): \(first.reason)"
        }.map { [$0] } ?? []
      }
      let failures = failures.filter { $0.predictor == number }
      let whole = failures.filter { $0.count == nil }
      notes += told(whole, "\(whole.count) of \(plan.targets.count) scores not predicted")
      let partial = failures.filter { $0.count != nil }
      let failed = partial.compactMap(\.count).reduce(0, +)
      notes += told(
        partial, "\(failed) predictions of \(partial.count) of \(plan.targets.count) scores not made")
      let own = parts.filter { $0.predictor == number }
      if own.isEmpty, failures.isEmpty, isComplete {
        notes.append(
          "\(entry.name): nothing predicted: it looks at samples of instances, and no run has enough")
      }
      let made = own.map(\.records.count).reduce(0, +)
      let extrapolated = own.map { $0.records.count(where: \.isExtrapolated) }.reduce(0, +)
      if extrapolated > 0 {
        notes.append(
          "\(entry.name): \(100 * extrapolated / made)% of its predictions are extrapolated: they are of scores "
            + "above those of 90% of the runs it learned from")
      }
    }
    let usesSamples = parts.contains { $0.observed != nil }
    for size in backtest.observed.sorted() where usesSamples {
      let small = plan.targets.filter { runs[$0.run].instances.count <= size }
      if !small.isEmpty {
        notes.append(
          "\(size) observed: left out for \(small.count) of \(plan.targets.count) scores, whose runs have no more "
            + "instances")
      }
    }
    let constant = unranked.filter { number in parts.contains { $0.predictor == number } }.map {
      entries[$0].name
    }
    if !constant.isEmpty {
      notes.append(
        "no rank correlations of \(constant.joined(separator: ", ")): predictions that are the same for all models rank "
          + "none")
    }
    if !isComplete { notes.append("interrupted: these are the predictions made so far") }
    return notes
  }

  /// What a predictor said of its predictions, with the numbers of scores: the first three different sentences, and how
  /// many more there are.
  private func remarks(_ predictor: Int) -> [String] {
    let own = remarks.filter { $0.predictor == predictor }
    var counts: [String: Int] = [:]
    for remark in own { counts[remark.text, default: 0] += 1 }
    let texts = own.map(\.text).unique()
    let shown = texts.prefix(3).map { "\($0) (\(counts[$0, default: 0]) of \(plan.targets.count) scores)" }
    return shown + (texts.count > 3 ? ["\(texts.count - 3) other notes like these"] : [])
  }

  /// How many scores predictors failed to predict, in whole or in part, and one for each predictor without any
  /// prediction; only those asked for count.
  package var failureCount: Int {
    let silent = unpredicted.filter { number in !failures.contains { $0.predictor == number } }
    return failures.count { entries[$0.predictor].isAskedFor } + (isComplete ? silent.count : 0)
  }

  /// The numbers of the predictors asked for that predicted nothing.
  var unpredicted: [Int] {
    let predicted = Set(parts.map(\.predictor))
    return entries.indices.filter { entries[$0].isAskedFor && !predicted.contains($0) }
  }
}
