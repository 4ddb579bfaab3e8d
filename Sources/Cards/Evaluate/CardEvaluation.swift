import Dispatch
public import Magnet
import Synchronization

extension EvaluationCard {
  /// Evaluates the card.
  ///
  /// Each setting gets its symbols' values in the order of their dependencies, then the claim is judged. What keeps one
  /// setting from being judged makes it inconclusive, and the others go on.
  /// - Parameters:
  ///   - source: the runs that queries are over; nil for a card that asks none.
  ///   - options: what the card may do, and what is told of its progress.
  /// - Returns: the verdict; `settings` and `lastOutcome` have the details.
  /// - Throws: `CardFaults` for a card with errors; `MagnetError` where Python is not allowed or not there, the card runs
  ///   a pipeline, or a query of a sweep is wrong; and what the source throws.
  @discardableResult
  public func evaluate(
    over source: (any RunSource)? = nil, _ options: EvaluationOptions = EvaluationOptions()
  ) async throws -> CardStatus {
    let errors = faults.filter { $0.severity == .error }
    if !errors.isEmpty { throw CardFaults(errors) }
    try checkPipeline(options)
    try checkConsent(options)
    let theory = try TheoryReport(self, options)
    let evaluation = CardEvaluation(definition: definition, path: path, options: options, theory: theory)
    let listing = try await evaluation.listing(source)
    let outcome = try await withCheckedThrowingContinuation { continuation in
      // A thread of its own, as it waits for children, for queries, and for runs that these read.
      DispatchQueue(label: "magnet.card").async {
        continuation.resume(with: Result { try evaluation.run(source, listing) })
      }
    }
    finish(outcome)
    return outcome.status
  }

  private func checkPipeline(_ options: EvaluationOptions) throws {
    guard let pipeline = definition.pipeline else {
      if options.results == nil { return }
      throw MagnetError(
        .usage, "the card runs no pipeline, so it judges no results", at: path,
        advice: "results are for cards with pipeline or kwdagger")
    }
    if options.results != nil { return }
    let command = pipeline.kind == .kwdagger ? "evaluate_new" : "evaluate"
    throw MagnetError(
      .unsupported, "the card runs a pipeline (\(pipeline.kind.rawValue))",
      at: "\(path):\(pipeline.mark.line):\(pipeline.mark.column)",
      advice: "run it with kwdagger (magnet \(command) of aiq-magnet), and judge its results: "
        + "magnet card evaluate \(path) --results FOLDER")
  }

  private func checkConsent(_ options: EvaluationOptions) throws {
    let blocks = definition.pythonBlocks
    guard !options.allowsPython, let first = blocks.map(\.block).min(by: { $0.mark.line < $1.mark.line })
    else { return }
    let symbols = blocks.count { $0.name != "claim" }
    let isClaim = symbols < blocks.count
    let what =
      symbols == 0 ? "its claim is" : isClaim ? "its symbols and claim are" : "its symbols are"
    throw MagnetError(
      .unsupported, "\(what) Python, which was not run", at: "\(path): line \(first.mark.line)",
      advice: "read the card, then add --allow-python")
  }

  /// Whether the card asks queries over runs.
  public var asksRuns: Bool {
    let words = definition.queryTexts.map(QuerySession.words)
    let own = Set(
      definition.symbols.map { $0.name.lowercased() } + definition.attached.map { $0.name.lowercased() })
    return QuerySession.relationNames.contains { name in
      !own.contains(name) && words.contains { $0.contains(name) }
    }
  }

  /// Whether the card asks queries, over runs or other tables.
  public var asksQueries: Bool { definition.asksSQL }

  /// What of the card is Python: how many symbols, whether the claim, and how many lines.
  public var python: (symbols: Int, isClaim: Bool, lines: Int)? {
    let blocks = definition.pythonBlocks
    if blocks.isEmpty { return nil }
    let isClaim = if case .python = definition.claim { true } else { false }
    let lines = blocks.reduce(0) { $0 + $1.block.text.split(whereSeparator: \.isNewline).count }
    return (blocks.count - (isClaim ? 1 : 0), isClaim, lines)
  }
}

/// One evaluation of a card.
struct CardEvaluation: Sendable {
  let definition: CardDefinition
  let path: String
  let options: EvaluationOptions
  let theory: TheoryReport?

  func listing(_ source: (any RunSource)?) async throws -> RunListing? {
    definition.asksSQL ? try await source?.list() : nil
  }

  /// Evaluates all settings. To be called on a thread that may wait.
  func run(_ source: (any RunSource)?, _ listing: RunListing?) throws -> CardOutcome {
    let results = try definition.pipeline.flatMap { pipeline in
      try options.results.map { try PipelineResults(pipeline, in: $0, card: path) }
    }
    let definition = results?.extending(definition) ?? definition
    let asker =
      try definition.asksSQL ? SQLAsker(definition, path: path, source, listing, results, options) : nil
    var plan = try CardPlan(definition, file: path, answers: asker?.sweeps() ?? [:], results: results)
    if let asker, definition.filter != nil { plan.numbers = try asker.kept(plan) }
    let all = plan.numbers
    plan.numbers = all.filter { [plan] number in plan.problem(number) == nil }
    var judged = try definition.pythonBlocks.isEmpty ? askAll(plan, asker) : runPython(plan, asker)
    judged.reverse()
    // In the order of the settings, those that could not be judged included.
    let outcomes = all.compactMap { number in
      plan.problem(number).map {
        plan.outcome(number, .inconclusive, "ERROR evaluating claim: \($0)", [:], seconds: 0)
      } ?? judged.popLast()
    }
    let statuses = outcomes.map(\.status)
    let (metrics, missing) = Self.metrics(plan, outcomes)
    let nothing = results == nil ? "the sweeps give no settings" : "there are no results to judge"
    let notes = outcomes.isEmpty ? [nothing + ", so nothing was checked"] : missing
    return CardOutcome(
      status: definition.aggregation.verdict(of: statuses), settings: outcomes, metrics: metrics,
      notes: notes + (results?.notes ?? []) + (results?.clashes(with: definition) ?? [])
        + (asker?.notes ?? [])
        + (theory?.notes ?? []) + (theory?.unread ?? []),
      theory: theory?.value, discovered: results?.discovered)
  }

  /// Evaluates settings without Python.
  private func askAll(_ plan: CardPlan, _ asker: SQLAsker?) throws -> [SettingOutcome] {
    guard let asker else { return [] }
    return plan.numbers.enumerated().map { place, number in
      defer { options.onProgress(place + 1, plan.numbers.count) }
      return asker.evaluate(plan, number)
    }
  }

  /// Evaluates settings in child processes.
  private func runPython(_ plan: CardPlan, _ asker: SQLAsker?) throws -> [SettingOutcome] {
    let program = try PythonProgram(options, card: path, data: options.dataPaths)
    if !program.note.isEmpty { options.onNote(program.note) }
    let jobs = max(1, min(options.jobs, plan.numbers.count))
    let found = Mutex<(outcomes: [SettingOutcome?], done: Int, failure: (any Error)?)>(
      ([SettingOutcome?](repeating: nil, count: plan.numbers.count), 0, nil))
    let options = options
    let total = plan.numbers.count
    let group = DispatchGroup()
    for job in 0..<jobs {
      DispatchQueue(label: "magnet.card.\(job)").async(group: group) {
        let places = Array(stride(from: job, to: total, by: jobs))
        let runner = PythonRunner(plan, program, options, asker)
        var next = places.makeIterator()
        do {
          try runner.run(places.map { plan.numbers[$0] }) { _, outcome in
            let place = next.next() ?? 0
            let (done, isStopped) = found.withLock { state in
              state.outcomes[place] = outcome
              state.done += 1
              return (state.done, state.failure != nil)
            }
            options.onProgress(done, total)
            return !isStopped
          }
        } catch {
          found.withLock { state in if state.failure == nil { state.failure = error } }
        }
      }
    }
    group.wait()
    let (outcomes, _, failure) = found.withLock { $0 }
    if let failure { throw failure }
    return outcomes.compactMap { $0 }
  }

  /// The metrics that the card defines, and why some have no value.
  static func metrics(
    _ plan: CardPlan, _ outcomes: [SettingOutcome]
  ) -> (metrics: [CardOutcome.Metric], notes: [String]) {
    var metrics: [CardOutcome.Metric] = []
    var notes: [String] = []
    guard plan.card.symbols.contains(where: { $0.metric != nil }) else { return ([], []) }
    let found = outcomes.map { outcome in
      Dictionary(outcome.symbols.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
    for symbol in plan.card.symbols {
      guard let reduction = symbol.metric else { continue }
      let values = found.map { $0[symbol.name] }
      let missing = values.count { $0 == nil || $0 == .null }
      if missing > 0 {
        notes.append(
          "the metric '\(symbol.metricName)' is not computed: '\(symbol.name)' has no value in \(missing) of "
            + "\(values.count) settings")
      } else if let value = reduction(values.compactMap { $0 }) {
        metrics.append(.init(name: symbol.metricName, value: value))
      } else if !values.isEmpty {
        notes.append(
          "the metric '\(symbol.metricName)' is not computed: not every value of '\(symbol.name)' is a number"
        )
      }
    }
    return (metrics, notes)
  }
}
