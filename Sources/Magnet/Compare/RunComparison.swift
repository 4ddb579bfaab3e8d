/// Two runs of one scenario compared instance by instance. Differences are second minus first: positive where the
/// second run has more.
package struct RunComparison: Sendable {
  /// How intervals of graded scores are made.
  package enum IntervalMethod: String, Sendable, CaseIterable { case t, bootstrap }

  package struct Options: Sendable {
    /// The coverage of intervals.
    package var level = 0.95
    /// The seed of drawn signs and resamples.
    package var seed = 1
    package var interval = IntervalMethod.t
    /// How many resamples of the bootstrap; nil for 10,000, and for the exact distribution of scores of 0 and 1.
    package var draws: Int?
    /// What an instance's cluster is; nil where instances are independent.
    package var cluster: (@Sendable (Pairing.Pair) -> String)?

    package init() {}
  }

  package let first: RunInstances
  package let second: RunInstances
  package let pairing: Pairing
  /// The counts of right and wrong answers; nil for graded scores. The first model of the table is the second run.
  package let table: PairedTable?
  /// Second minus first, pair by pair.
  package let differences: PairedDifferences
  package let interval: Interval?
  package let p: Double?
  package let standardError: Double?
  /// The mean difference with its standard error, over instances or clusters; nil for fewer than two.
  package let estimate: PairedDifferences.Estimate?
  /// How interval and p were computed.
  package let method: String
  /// The smallest difference that these pairs would show.
  package let detectable: Double?
  /// What is special: other ids, few pairs, scores left out.
  package let notes: [String]
  let options: Options

  /// Compares two runs.
  /// - Throws: `MagnetError` when their metrics differ or nothing can be paired.
  package init(_ first: RunInstances, _ second: RunInstances, options: Options = Options()) throws {
    guard first.headline.metric.name == second.headline.metric.name else {
      throw MagnetError(
        .invalidData,
        "the scores are of different metrics: \(first.headline.metric.text) and \(second.headline.metric.text)",
        at: first.scenario, advice: "name one with --metric")
    }
    self.first = first
    self.second = second
    self.options = options
    pairing = Pairing(first, second)
    guard !pairing.pairs.isEmpty else { throw Self.nothingPaired(first, second, pairing) }
    let scores = pairing.pairs.map { ($0.second.score, $0.first.score) }
    differences = PairedDifferences(scores.map { $0.0 - $0.1 })
    let table = PairedTable(scores)
    self.table = table
    let n = pairing.pairs.count
    let seed = UInt64(bitPattern: Int64(options.seed))
    if let cluster = options.cluster {
      let keys = pairing.pairs.map(cluster)
      let estimate = differences.estimate(clusters: keys)
      self.estimate = estimate
      interval =
        options.interval == .bootstrap
        ? differences.bootstrap(
          clusters: keys, level: options.level, draws: options.draws ?? 10_000, seed: options.seed)
        : estimate?.interval(level: options.level)
      p = estimate?.p
      standardError = estimate?.standardError
      method =
        (Set(keys).count == 1 ? "1 cluster" : "\(Set(keys).count) clusters") + ", t"
        + (options.interval == .bootstrap ? ", bootstrap interval" : "")
    } else if let table {
      estimate = differences.estimate
      // One pair says nothing of how far others would differ.
      if n < 2 {
        interval = nil
      } else if options.interval == .t {
        interval = table.tango(level: options.level)
      } else if let draws = options.draws {
        interval = differences.bootstrap(
          clusters: Array(0..<n), level: options.level, draws: draws, seed: options.seed)
      } else {
        interval = table.bootstrap(level: options.level) ?? table.tango(level: options.level)
      }
      p = table.midP
      standardError = differences.standardError
      method =
        "McNemar mid-p, "
        + (options.interval == .bootstrap && (n <= 5000 || options.draws != nil) ? "bootstrap" : "Tango")
    } else {
      estimate = differences.estimate
      interval =
        options.interval == .bootstrap
        ? differences.bootstrap(
          clusters: Array(0..<n), level: options.level, draws: options.draws ?? 10_000, seed: options.seed)
        : differences.estimate?.interval(level: options.level)
      p = n > 1 ? differences.signFlipP(seed: seed) : nil
      standardError = differences.standardError
      method =
        (n <= 20 ? "sign flips, exact" : "sign flips, 10000 draws")
        + (options.interval == .bootstrap ? ", bootstrap" : ", t")
    }
    detectable = differences.variance.flatMap { PairedDifferences.detectable(variance: $0, count: n) }
    notes =
      Self.notes(first, second, pairing)
      + (interval == nil ? ["no interval: a single \(options.cluster == nil ? "pair" : "cluster")"] : [])
  }

  /// The mean difference, second minus first.
  package var difference: Double { differences.mean ?? 0 }

  package var meanFirst: Double {
    pairing.pairs.reduce(0) { $0 + $1.first.score } / Double(pairing.pairs.count)
  }
  package var meanSecond: Double {
    pairing.pairs.reduce(0) { $0 + $1.second.score } / Double(pairing.pairs.count)
  }

  /// The splits of the pairs, such as `test` or `test+valid`; nil where instances have none.
  package var splits: String? {
    let splits = Set(pairing.pairs.compactMap(\.first.key.split)).sorted()
    return splits.isEmpty ? nil : splits.joined(separator: "+")
  }

  /// What is compared: the metric with the splits of the pairs, and their perturbations, such as `exact_match@test` or
  /// `exact_match@test+valid under misspellings`.
  package var population: String {
    let keys = pairing.pairs.map(\.first.key)
    let perturbed = keys.filter { !$0.perturbation.isEmpty }
    let names = Set(perturbed.map { $0.perturbation.split(separator: ",").first.map(String.init) ?? "" })
      .map { $0.replacing("name=", with: "") }.sorted()
    return first.headline.metric.name + (splits.map { "@" + $0 } ?? "")
      + (names.isEmpty ? "" : " under \(names.joined(separator: ", "))")
      + (!names.isEmpty && perturbed.count < keys.count ? " and unperturbed" : "")
  }

  /// Instances that only the second run has right, and only the first; nil for graded scores.
  package var flips: (gained: Int, lost: Int)? { table.map { ($0.onlyFirst, $0.onlySecond) } }

  /// Whether the second run is worse by more than `margin`: the whole interval says so, in the metric's direction.
  package func isWorse(by margin: Double) -> Bool {
    guard let interval else { return false }
    return first.headline.lowerIsBetter == true ? interval.lower > margin : interval.upper < -margin
  }

  private static func nothingPaired(
    _ first: RunInstances, _ second: RunInstances, _ pairing: Pairing
  ) -> MagnetError {
    if first.instances.isEmpty || second.instances.isEmpty {
      let empty = first.instances.isEmpty ? first : second
      return MagnetError(
        .insufficientData, "\(empty.run) has no scores of instances by \(empty.headline.metric.text)",
        advice: "this needs per_instance_stats.json; see also --metric, --split and --perturbation")
    }
    let reused =
      pairing.reusedCount > 0
      ? "\(pairing.reusedCount) ids name other questions" : "no id and no question is in both"
    return MagnetError(
      .insufficientData,
      "nothing can be paired: \(reused) (\(first.instances.count) and \(second.instances.count) instances)",
      at: first.scenario)
  }

  private static func notes(_ first: RunInstances, _ second: RunInstances, _ pairing: Pairing) -> [String] {
    var notes: [String] = []
    let n = pairing.pairs.count
    let largest = max(first.instances.count, second.instances.count)
    if Double(n) < 0.9 * Double(largest) {
      notes.append("only \(n) of \(largest) instances are paired")
    }
    if pairing.byContentCount > 0 {
      notes.append("\(pairing.byContentCount) paired by content, as their ids differ")
    }
    if pairing.reusedCount > 0 { notes.append("\(pairing.reusedCount) ids name other questions: not paired") }
    for run in [first, second] {
      if run.conflictCount > 0 {
        notes.append("\(run.run): \(run.conflictCount) instances with several scores left out")
      }
      if run.notFiniteCount > 0 {
        notes.append("\(run.run): \(run.notFiniteCount) scores that are not finite left out")
      }
    }
    if first.headline.metric.split != second.headline.metric.split {
      notes.append(
        "splits differ: \(first.headline.metric.split ?? "none") and \(second.headline.metric.split ?? "none")"
      )
    }
    return notes
  }

  /// The pairs whose scores differ, the largest difference first.
  package func flipTable(limit: Int?) -> Table {
    let changed = pairing.pairs.enumerated().filter { $0.element.first.score != $0.element.second.score }
      .sorted { a, b in
        let one = abs(a.element.second.score - a.element.first.score)
        let other = abs(b.element.second.score - b.element.first.score)
        return one == other ? a.offset < b.offset : one > other
      }.map(\.element)
    let rows = changed.prefix(limit ?? changed.count).map { pair -> [Cell] in
      [
        .string(first.scenario), .string(pair.first.key.id), Cell(pair.first.key.split),
        Cell(pair.first.key.perturbation.isEmpty ? nil : pair.first.key.perturbation),
        .double(pair.first.score),
        .double(pair.second.score), Cell(pair.first.answer), Cell(pair.second.answer), Cell(pair.first.input),
        Cell(pair.first.target),
      ]
    }
    return Table(
      columnNames: [
        "task", "instance", "split", "perturbation", "score_a", "score_b", "answer_a", "answer_b",
        "input",
        "target",
      ], rows: Array(rows))
  }

  /// What could not be paired: side (a or b), instance, split, perturbation, reason.
  package var unmatchedTable: Table {
    Table(
      columnNames: ["task", "side", "instance", "split", "perturbation", "reason"],
      rows: pairing.unmatched.map { item in
        [
          .string(first.scenario), .string(item.side == .first ? "a" : "b"), .string(item.key.id),
          Cell(item.key.split), Cell(item.key.perturbation.isEmpty ? nil : item.key.perturbation),
          .string(item.reason),
        ]
      })
  }
}
