/// What a backtest has predicted so far, in memory and, where there is one, in its file. The file always holds the
/// beginning of what a backtest writes that runs to its end.
final class BacktestLog: Sendable {
  private struct State: Sendable {
    var outcomes: [BacktestOutcome?]
    /// The units that are in the file.
    var writtenCount = 0
    var text: BacktestText?
    var file: AppendLog?
  }

  private let state: Locked<State>
  private let file: ScoreFile?

  init(unitCount: Int, file: ScoreFile?) {
    state = Locked(State(outcomes: Array(repeating: nil, count: unitCount)))
    self.file = file
  }

  /// How many units were done before, all from the first on.
  var doneCount: Int { state.withLock { $0.writtenCount } }

  /// Takes over what the file holds of this backtest.
  /// - Throws: a sentence where the file holds something else.
  func open(_ backtest: Backtest, _ entries: [Backtest.Entry], _ plan: BacktestPlan) throws {
    guard let file else { return }
    let text = BacktestText(backtest, entries, plan)
    var outcomes: [Int: BacktestOutcome] = [:]
    var lastUnit = 0
    // The last unit may lack lines.
    let opened = try AppendLog(file.path, of: "backtest", header: text.header, mismatch: text.difference) {
      line, number in
      guard let (unit, part) = text.parsed(line) else {
        throw MagnetError(
          .alreadyExists, "is not a prediction of this backtest", at: "\(file.path): line \(number)",
          advice: "give another file, or remove this one")
      }
      outcomes[unit, default: BacktestOutcome()] += part
      lastUnit = unit
      return unit
    }
    state.withLock { state in
      state.writtenCount = lastUnit
      for unit in 0..<state.writtenCount { state.outcomes[unit] = outcomes[unit] ?? BacktestOutcome() }
      state.text = text
      state.file = opened
    }
  }

  /// Keeps what a unit came to; writes it when all before it are written.
  func add(_ outcome: BacktestOutcome, unit: Int) throws {
    try state.withLock { state in
      state.outcomes[unit] = outcome
      while state.writtenCount < state.outcomes.count, let next = state.outcomes[state.writtenCount] {
        if let text = state.text { try state.file?.append(text.lines(next)) }
        state.writtenCount += 1
      }
    }
  }

  /// All that was predicted, in order.
  func finish() -> BacktestOutcome {
    state.withLock { state in
      state.file = nil
      var all = BacktestOutcome()
      for case let outcome? in state.outcomes { all += outcome }
      return all
    }
  }
}

/// The lines of a score file.
struct BacktestText: Sendable {
  /// The first line, without its end: what the predictions depend on.
  let header: String
  private let names: [String]
  private let entryOf: [String: Int]
  private let groupOf: [Int]
  /// What the lines of a target have in common.
  private let targets: [[UInt8]]
  private let plan: BacktestPlan
  private let level: Backtest.Level

  init(_ backtest: Backtest, _ entries: [Backtest.Entry], _ plan: BacktestPlan) {
    names = entries.map(\.name)
    entryOf = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { $1 })
    var groupOf = Array(repeating: 0, count: plan.targets.count)
    for (number, group) in plan.groups.enumerated() {
      for target in group.targets { groupOf[target] = number }
    }
    self.groupOf = groupOf
    let collection = plan.collection
    self.plan = plan
    level = backtest.level
    targets = plan.targets.enumerated().map { number, target in
      let run = collection.runs[target.run]
      let name = collection.board.columns[target.column].name
      var members: [(String, JSONValue)] = [
        ("target", .int(Int64(number))), ("run", .string(run.name)), ("model", .string(run.model)),
        ("scenario", .string(collection.scenarios[run.scenario].name)), ("metric", .string(name.name)),
        ("split", name.split.map(JSONValue.string) ?? .null),
      ]
      if let perturbation = name.perturbation {
        members.append(("perturbation", perturbation.name.map(JSONValue.string) ?? .null))
        if let prob = perturbation.parameters["prob"]?.number { members.append(("prob", .double(prob))) }
      }
      let text = JSONValue.object(members.map { JSONValue.Member(key: $0.0, value: $0.1) }).text
      return Array(text.utf8.dropLast())
    }
    func list(_ numbers: [Int]) -> JSONValue { .array(numbers.map { .int(Int64($0)) }) }
    var members: [(String, JSONValue)] = [
      ("magnet_backtest", .int(1)), ("split", .string(backtest.heldOut.rawValue)),
      ("target", .string(backtest.target.rawValue)), ("level", .string(backtest.level.rawValue)),
      ("observed", list(backtest.observed)), ("repeats", .int(Int64(backtest.repetitions))),
      ("seed", .int(Int64(backtest.seed))),
      ("example_runs", backtest.exampleRuns.map { .int(Int64($0)) } ?? .null),
      ("predictors", .array(names.map(JSONValue.string))), ("targets", .int(Int64(targets.count))),
      ("data", .string(Self.digest(plan))),
    ]
    if let sampling = backtest.sampling { members.append(("sample", .string(sampling.name))) }
    header = JSONValue.object(members.map { JSONValue.Member(key: $0.0, value: $0.1) }).text
  }

  /// A number that changes with the scores.
  private static func digest(_ plan: BacktestPlan) -> String {
    var hash: UInt64 = 0
    for run in plan.collection.runs { hash = SplitMix.mixed(hash ^ SplitMix.hash(run.name)) }
    for scenario in plan.collection.scenarios {
      for value in scenario.matrix.values {
        hash = SplitMix.mixed(hash ^ (value.isNaN ? 1 : value.bitPattern))
      }
    }
    for (model, step) in plan.steps.sorted(by: { $0.key < $1.key }) {
      hash = SplitMix.mixed(hash ^ SplitMix.hash(model) ^ UInt64(bitPattern: Int64(step)))
    }
    for target in plan.targets { hash = SplitMix.mixed(hash ^ target.actual.bitPattern ^ UInt64(target.run)) }
    return String(hash, radix: 16)
  }

  /// What another first line says differently.
  func difference(from other: String) -> String {
    guard case .object(let mine)? = try? JSONValue(parsing: header),
      let theirs = try? JSONValue(parsing: other),
      theirs["magnet_backtest"] != nil
    else { return "is not a score file of a backtest" }
    let differing = mine.filter { theirs[$0.key] != $0.value }
    let parts = differing.map { member in
      member.key == "data"
        ? "its scores are of other data"
        : "its \(member.key) is \((theirs[member.key] ?? .null).text), not \(member.value.text)"
    }
    return "holds the predictions of another backtest: \(parts.joined(separator: ", "))"
  }

  func lines(_ outcome: BacktestOutcome) -> [UInt8] {
    var out: [UInt8] = []
    func append(_ key: StaticString, _ value: Double) {
      key.withUTF8Buffer { out.append(contentsOf: $0) }
      JSONText.append(value, to: &out)
    }
    func append(_ text: String) { out.append(contentsOf: text.utf8) }
    for record in outcome.records {
      out.append(contentsOf: targets[Int(record.target)])
      append(",\"predictor\":")
      JSONText.appendQuoted(names[Int(record.predictor)], to: &out)
      if record.observed >= 0 { append(",\"observed\":\(record.observed)") }
      append(",\"repeat\":\(record.repetition)")
      if record.instance >= 0 {
        append(",\"instance\":")
        let matrix = plan.matrix(of: plan.targets[Int(record.target)])
        JSONText.appendQuoted(matrix.instances[Int(record.instance)], to: &out)
      }
      append(",\"predicted\":", record.predicted)
      append(",\"actual\":", record.actual)
      if !record.stddev.isNaN { append(",\"stddev\":", record.stddev) }
      if !record.lower.x.isNaN {
        append(",\"lower50\":", record.lower.x)
        append(",\"upper50\":", record.upper.x)
        append(",\"lower80\":", record.lower.y)
        append(",\"upper80\":", record.upper.y)
      }
      if record.hasIntervals {
        append(",\"lower95\":", record.lower.z)
        append(",\"upper95\":", record.upper.z)
      }
      if record.isExtrapolated { append(",\"extrapolated\":true") }
      append("}\n")
    }
    for failure in outcome.failures {
      out.append(contentsOf: targets[failure.target])
      append(",\"predictor\":")
      JSONText.appendQuoted(names[failure.predictor], to: &out)
      append(",\"failure\":")
      JSONText.appendQuoted(failure.reason, to: &out)
      if let count = failure.count { append(",\"failed\":\(count)") }
      append("}\n")
    }
    for remark in outcome.remarks {
      out.append(contentsOf: targets[remark.target])
      append(",\"predictor\":")
      JSONText.appendQuoted(names[remark.predictor], to: &out)
      append(",\"note\":")
      JSONText.appendQuoted(remark.text, to: &out)
      append("}\n")
    }
    return out
  }

  /// The unit and what a line says of it; nil for a line of something else.
  func parsed(_ line: String) -> (unit: Int, part: BacktestOutcome)? {
    guard let value = try? JSONValue(parsing: line),
      let entry = value["predictor"]?.string.flatMap({ entryOf[$0] }),
      let target = value["target"]?.double.flatMap({ Int(exactly: $0) }), targets.indices.contains(target)
    else { return nil }
    let unit = groupOf[target] * names.count + entry
    if let reason = value["failure"]?.string {
      let count = value["failed"]?.double.flatMap { Int(exactly: $0) }
      return (
        unit,
        BacktestOutcome(failures: [.init(predictor: entry, target: target, reason: reason, count: count)])
      )
    }
    if let text = value["note"]?.string {
      return (unit, BacktestOutcome(remarks: [.init(predictor: entry, target: target, text: text)]))
    }
    guard let predicted = value["predicted"]?.double, let actual = value["actual"]?.double,
      let repetition = value["repeat"]?.double.flatMap({ Int32(exactly: $0) })
    else { return nil }
    var record = BacktestRecord(
      predictor: Int32(entry), target: Int32(target),
      observed: value["observed"]?.double.flatMap { Int32(exactly: $0) } ?? -1, repetition: repetition,
      predicted: predicted, actual: actual)
    if let id = value["instance"]?.string {
      guard level == .instance, let column = plan.column(of: id, for: plan.targets[target]) else {
        return nil
      }
      record.instance = Int32(column)
    }
    func number(_ key: String) -> Double { value[key]?.double ?? .nan }
    record.stddev = number("stddev")
    record.lower = SIMD3(number("lower50"), number("lower80"), number("lower95"))
    record.upper = SIMD3(number("upper50"), number("upper80"), number("upper95"))
    record.isExtrapolated = value["extrapolated"] == .bool(true)
    return (unit, BacktestOutcome(records: [record]))
  }
}
