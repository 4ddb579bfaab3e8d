package import Magnet

/// Trains and evaluates what a set of shifts needs and is not there yet, and computes the metrics.
///
/// ```swift
/// var run = ShiftRun(shifts: try ShiftSet(file: "shifts.json"), distributions: "distributions", results: "results")
/// run.interventions = [BagOfWords()]
/// let outcome = try await run.perform()
/// print(outcome.metrics[0].table)
/// ```
///
/// Every evaluation has a record of what it was made from; one that was made from something else is made again, and the
/// reason is in `plan()`. Files are written atomically, so a run that was killed resumes. The results do not depend
/// on `jobs`.
public struct ShiftRun: Sendable {
  /// The shifts to evaluate.
  public var shifts: ShiftSet
  /// The folder that holds the distributions.
  public var distributions: String
  /// Where evaluations are kept.
  public var store: EvaluationStore
  /// The base model.
  public var model = BaseModel.none
  /// What is measured.
  public var interventions: [any Intervention] = [BagOfWords()]
  /// What baseline accuracies come from.
  public var baseline: any Intervention = Chance()
  /// The interventions whose best is the target-tuned capability; each intervention's own when empty.
  public var capabilities: [any Intervention] = []
  /// The seed of everything random.
  public var seed = 1
  /// How many models are trained or evaluated at once.
  public var jobs = 1
  /// Whether models are trained again, and what was evaluated with them is stale.
  public var retrains = false
  /// Whether evaluations that magnet did not make are made again.
  public var isFresh = false
  /// Whether the first failure ends the run.
  public var isStrict = false
  /// Whether every source is evaluated on every target.
  public var isMatrix = false
  /// Called before each training, and before the evaluations of each model, from any thread.
  public var onStep: @Sendable (ShiftStep) -> Void = { _ in }
  /// Asked often; the run ends soon once it is true.
  public var isStopped: @Sendable () -> Bool = { Task.isCancelled }

  /// A run with the interventions of this module.
  /// - Parameters:
  ///   - shifts: the shifts to evaluate.
  ///   - distributions: the folder that holds the distributions.
  ///   - results: the folder of results; made where it is missing.
  public init(shifts: ShiftSet, distributions: String, results: String) {
    self.shifts = shifts
    self.distributions = distributions
    store = EvaluationStore(results)
  }

  /// What a run came to.
  public struct Outcome: Sendable {
    /// One for each intervention, in order.
    public let metrics: [GeneralizationMetrics]
    /// Why distributions were not trained or evaluated on, each reason once.
    public let failures: [String]
    /// What is unusual about evaluations that were made.
    public let warnings: [String]
    /// How the run came about.
    public let notes: [String]
    /// The accuracy of each source's model on each target; nil unless `isMatrix`.
    package let matrices: [HeatMap]?
  }

  /// What a run would do, in order, and why.
  /// - Throws: `MagnetError` where nothing can be planned.
  public func plan() throws -> [ShiftStep] {
    try check()
    return try ShiftPlan(self, KnownDistributions(distributions)).steps
  }

  private func check() throws {
    guard Files.isFolder(distributions) else {
      throw MagnetError(.notFound, "there is no folder of distributions", at: distributions)
    }
    var known: Set<String> = []
    for intervention in interventions where !known.insert(intervention.name).inserted {
      throw MagnetError(.usage, "two interventions are called \(intervention.name)")
    }
  }

  /// Trains, evaluates and computes.
  /// - Throws: `MagnetError` where another run uses the results, it was stopped, or, if `isStrict`, something failed.
  ///   Otherwise a failure is a reason in `Outcome.failures` and in the metrics, and the rest goes on.
  public func perform() async throws -> Outcome {
    try check()
    try Disk.makeFolder(store.folder + "/.magnet")
    guard let lock = try Disk.lock(store.folder + "/.magnet/lock") else {
      throw MagnetError(
        .alreadyExists, "another run is using the results", at: store.folder, advice: "wait for its end")
    }
    defer { withExtendedLifetime(lock) {} }
    let scratch = Scratch(store)
    scratch.clear()
    let known = KnownDistributions(distributions)
    let works = try ShiftPlan(self, known).works
    let log = Locked(Log())
    for work in works {
      for (target, reason) in work.failures { log.withLock { $0.fail(work, target, reason, self) } }
    }
    let next = NextNumber()
    _ = try await Workers.run(max(1, min(jobs, works.count)), isBlocking: true) {
      while !isStopped(), let number = next.take(below: works.count) {
        try WorkPerformer(run: self, work: works[number], scratch: scratch, distributions: known, log: log)
          .perform()
      }
    }
    if isStopped() {
      throw MagnetError(.cancelled, "interrupted", advice: "the same command resumes")
    }
    return try outcome(works, log.withLock { $0 }, scratch)
  }

  private func outcome(_ works: [ShiftWork], _ log: Log, _ scratch: Scratch) throws -> Outcome {
    let reader = EvaluationReader(store)
    reader.unavailable = log.unavailable
    var rules = MetricsRules()
    rules.baseline = baseline.name
    if !capabilities.isEmpty { rules.capability = .interventions(capabilities.map(\.name)) }
    let metrics = interventions.map { intervention in
      GeneralizationMetrics(
        reader, shifts.rows, model: model.name, intervention: intervention.name, rules: rules, pairs: [],
        readsProbabilities: false)
    }
    var notes = log.notes.sorted()
    let foreign = works.reduce(0) { $0 + $1.foreign.count }
    if foreign > 0 {
      notes.append(
        "\(foreign) evaluations were not made by magnet and are taken as they are (--fresh makes them again)")
    }
    for metrics in metrics {
      let text = TableWriter(.csv).text(metrics.table)
      let file =
        "\(store.folder)/generalization_metrics/\(metrics.model)/\(metrics.intervention)/\(shifts.name).csv"
      if try !writeTable(text, to: file, scratch) {
        notes.append("\(file): was not written by magnet, and is not replaced")
      }
    }
    // In the order of the works: the same whatever the number of jobs.
    let failures = works.flatMap { work in
      work.targets.compactMap { log.unavailable[store.file(work.intervention.name, work.modelName, $0)] }
    }
    let warnings = works.flatMap { work in
      work.targets.flatMap { target in
        (log.warnings[store.file(work.intervention.name, work.modelName, target)] ?? [])
          .map { "\(work.intervention.name), \(work.modelName) on \($0)" }
      }
    }
    return Outcome(
      metrics: metrics, failures: failures.unique(), warnings: warnings, notes: notes,
      matrices: isMatrix ? interventions.map { matrix($0.name, reader) } : nil)
  }

  /// Writes a table with its record, unless there is one that magnet did not write.
  private func writeTable(_ text: String, to file: String, _ scratch: Scratch) throws -> Bool {
    let bytes = Array(text.utf8)
    let record = file.dropLast(4) + ".magnet.json"
    let digest = Digest.of(bytes)
    let current = Files.exists(file) ? try Digest.of(file: file) : nil
    let known =
      (try? readJSON(String(record), atMost: 1 << 16))?["tables"]?.elements.compactMap(\.string) ?? []
    if let current, current != digest, !known.contains(current) { return false }
    // The record names the old and the new table before that is written: whenever this ends, it names the one there.
    let names = [current, digest].compactMap(\.self).unique()
    if names != known {
      let list = JSONValue.array(names.map(JSONValue.string)).text
      try scratch.write(Array("{\"tables\":\(list)}\n".utf8), to: String(record))
    }
    if current != digest { try scratch.write(bytes, to: file) }
    return true
  }

  /// The accuracy of each source's model on each target.
  private func matrix(_ intervention: String, _ reader: EvaluationReader) -> HeatMap {
    let sources = shifts.rows.map(\.source).unique()
    let targets = shifts.rows.map(\.target).unique()
    return HeatMap(
      title: "Accuracy of \(intervention), \(model.name): source by target", rows: sources, columns: targets,
      values: sources.map { source in
        targets.map { try? reader.accuracy(intervention, "\(model.name)-\(source)", $0).get().accuracy }
      },
      scale: ShiftMeasure.accuracy.scale)
  }

  /// What threads collect.
  struct Log: Sendable {
    /// Why evaluations are not there, by their files.
    var unavailable: [String: String] = [:]
    var warnings: [String: [String]] = [:]
    var notes: Set<String> = []

    mutating func fail(_ work: ShiftWork, _ target: String, _ reason: String, _ run: ShiftRun) {
      unavailable[run.store.file(work.intervention.name, work.modelName, target)] = reason
    }
  }
}
