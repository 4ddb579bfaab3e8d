/// The lines of a score file: one for each target, before the first of its predictions, with what these have in common;
/// one for each target, predictor and number of observed instances, with lists of values by repetition; and one for each
/// failure and note.
///
///     {"target":0,"run":"mmlu:model=a_b","model":"a/b","task":"mmlu","metric":"exact_match","split":"test","actual":0.7}
///     {"target":0,"predictor":"auto","observed":10,"predicted":[0.68,0.71],"stddev":[0.05,0.06],"lower50":[…],…}
///
/// Predictions of single instances have a line for each repetition, with lists by instance as the target's line names
/// them. A value that is not there is null.
struct BacktestText: Sendable {
  /// The first line, without its end: what the predictions depend on.
  let header: String
  private let names: [String]
  private let entryOf: [String: Int]
  private let groupOf: [Int]
  /// For each target, at the level of instances, the places of the matrix's columns among the run's instances.
  private let places: [[Int: Int]]
  /// The lines of the targets.
  private let targets: [String]
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
        ("task", .string(collection.scenarios[run.scenario].name)), ("metric", .string(name.name)),
        ("split", name.split.map(JSONValue.string) ?? .null),
      ]
      if let perturbation = name.perturbation {
        members.append(("perturbation", perturbation.name.map(JSONValue.string) ?? .null))
        if let prob = perturbation.parameters["prob"]?.number { members.append(("prob", .double(prob))) }
      }
      if backtest.level == .run {
        members.append(("actual", .double(target.actual)))
      } else {
        let matrix = plan.matrix(of: target)
        members.append(("instances", .array(run.instances.map { .string(matrix.instances[$0]) })))
        members.append(
          (
            "actual",
            .array(
              run.instances.map { column in
                let score = matrix[run.row, column]
                return score.isNaN ? .null : .double(score)
              })
          ))
      }
      return JSONValue.object(members.map { JSONValue.Member(key: $0.0, value: $0.1) }).text
    }
    places =
      backtest.level == .run
      ? []
      : plan.targets.map { target in
        Dictionary(
          uniqueKeysWithValues: collection.runs[target.run].instances.enumerated().map { ($1, $0) })
      }
    func list(_ numbers: [Int]) -> JSONValue { .array(numbers.map { .int(Int64($0)) }) }
    var members: [(String, JSONValue)] = [
      ("magnet_backtest", .int(3)), ("split", .string(backtest.heldOut.rawValue)),
      ("target", .string(backtest.target.rawValue)), ("level", .string(backtest.level.rawValue)),
      ("observed", list(backtest.observed)), ("repeats", .int(Int64(backtest.repetitions))),
      ("seed", .int(Int64(backtest.seed))),
      ("example_runs", backtest.exampleRuns.map { .int(Int64($0)) } ?? .null),
      ("predictors", .array(names.map(JSONValue.string))),
      ("baselines", .array(entries.filter(\.isBaseline).map { .string($0.name) })),
      ("targets", .int(Int64(targets.count))),
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
    if theirs["magnet_backtest"] != .int(3) { return "was written by another version of magnet" }
    let differing = mine.filter { theirs[$0.key] != $0.value }
    let parts = differing.map { member in
      member.key == "data"
        ? "its scores are of other data"
        : "its \(member.key) is \((theirs[member.key] ?? .null).text), not \(member.value.text)"
    }
    return "holds the predictions of another backtest: \(parts.joined(separator: ", "))"
  }

  /// The lines of what a unit came to.
  func lines(_ outcome: BacktestOutcome, unit: Int) -> [UInt8] {
    var out: [UInt8] = []
    if unit % names.count == 0 {
      for target in plan.groups[unit / names.count].targets {
        out.append(contentsOf: "\(targets[target])\n".utf8)
      }
    }
    for block in blocks(outcome.records) { append(block, to: &out) }
    func begin(_ target: Int, _ predictor: Int) {
      out.append(contentsOf: "{\"target\":\(target),\"predictor\":".utf8)
      JSONText.appendQuoted(names[predictor], to: &out)
    }
    for failure in outcome.failures {
      begin(failure.target, failure.predictor)
      out.append(contentsOf: ",\"failure\":".utf8)
      JSONText.appendQuoted(failure.reason, to: &out)
      if let count = failure.count { out.append(contentsOf: ",\"failed\":\(count)".utf8) }
      out.append(contentsOf: "}\n".utf8)
    }
    for remark in outcome.remarks {
      begin(remark.target, remark.predictor)
      out.append(contentsOf: ",\"note\":".utf8)
      JSONText.appendQuoted(remark.text, to: &out)
      out.append(contentsOf: "}\n".utf8)
    }
    return out
  }

  /// The place of a record in the lists of its line.
  private func place(_ record: BacktestRecord) -> Int {
    level == .run ? Int(record.repetition) : places[Int(record.target)][Int(record.instance)] ?? 0
  }

  /// Records that go into one line each, their places ascending.
  private func blocks(_ records: [BacktestRecord]) -> [ArraySlice<BacktestRecord>] {
    var blocks: [ArraySlice<BacktestRecord>] = []
    var start = 0
    for end in records.indices.dropFirst() {
      let (a, b) = (records[end - 1], records[end])
      let isOfOneLine =
        a.target == b.target && a.observed == b.observed && (level == .run || a.repetition == b.repetition)
        && place(a) < place(b)
      if !isOfOneLine {
        blocks.append(records[start..<end])
        start = end
      }
    }
    if !records.isEmpty { blocks.append(records[start...]) }
    return blocks
  }

  private func append(_ block: ArraySlice<BacktestRecord>, to out: inout [UInt8]) {
    guard let first = block.first else { return }
    func append(_ text: String) { out.append(contentsOf: text.utf8) }
    func list(_ key: String, _ value: (BacktestRecord) -> Double) {
      if block.allSatisfy({ value($0).isNaN }) { return }
      append(",\"\(key)\":[")
      var next = 0
      for record in block {
        let place = place(record)
        for _ in next..<place { append("null,") }
        if value(record).isNaN { append("null") } else { JSONText.append(value(record), to: &out) }
        append(",")
        next = place + 1
      }
      out[out.count - 1] = UInt8(ascii: "]")
    }
    append("{\"target\":\(first.target),\"predictor\":")
    JSONText.appendQuoted(names[Int(first.predictor)], to: &out)
    if first.observed >= 0 { append(",\"observed\":\(first.observed)") }
    if level == .instance { append(",\"repeat\":\(first.repetition)") }
    list("predicted") { $0.predicted }
    list("stddev") { $0.stddev }
    for (number, key) in Self.coverages.enumerated() {
      list("lower\(key)") { $0.lower[number] }
      list("upper\(key)") { $0.upper[number] }
    }
    let extrapolated = block.filter(\.isExtrapolated).map { String(place($0)) }
    if !extrapolated.isEmpty { append(",\"extrapolated\":[\(extrapolated.joined(separator: ","))]") }
    append("}\n")
  }

  private static let coverages = [50, 80, 95]

  /// The unit, and what a line says of it: nil for that of a target; nil for a line of something else.
  func parsed(_ line: String) -> (unit: Int, part: BacktestOutcome?)? {
    guard let value = try? JSONValue(parsing: line),
      let target = value["target"]?.double.flatMap({ Int(exactly: $0) }), targets.indices.contains(target)
    else { return nil }
    let group = groupOf[target] * names.count
    guard let name = value["predictor"] else { return line == targets[target] ? (group, nil) : nil }
    guard let entry = name.string.flatMap({ entryOf[$0] }) else { return nil }
    let unit = group + entry
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
    return records(value, entry: entry, target: target).map { (unit, BacktestOutcome(records: $0)) }
  }

  private func records(_ line: JSONValue, entry: Int, target number: Int) -> [BacktestRecord]? {
    guard case .array(let predicted)? = line["predicted"] else { return nil }
    func list(_ key: String) -> [JSONValue] {
      guard case .array(let values)? = line[key] else { return [] }
      return values
    }
    func value(_ list: [JSONValue], _ place: Int) -> Double {
      guard list.indices.contains(place) else { return .nan }
      return list[place].double ?? list[place].string.flatMap(JSONText.nonFinite) ?? .nan
    }
    let target = plan.targets[number]
    let run = plan.collection.runs[target.run]
    let matrix = plan.matrix(of: target)
    let stddevs = list("stddev")
    let lower = Self.coverages.map { list("lower\($0)") }
    let upper = Self.coverages.map { list("upper\($0)") }
    let extrapolated = Set(list("extrapolated").compactMap { $0.double.flatMap { Int(exactly: $0) } })
    let observed = line["observed"]?.double.flatMap { Int32(exactly: $0) } ?? -1
    let repetition = line["repeat"]?.double.flatMap { Int32(exactly: $0) }
    var records: [BacktestRecord] = []
    for place in predicted.indices where predicted[place] != .null {
      guard let mean = predicted[place].double else { return nil }
      var record = BacktestRecord(
        predictor: Int32(entry), target: Int32(number), observed: observed,
        repetition: repetition ?? Int32(clamping: place), predicted: mean, actual: target.actual)
      if level == .instance {
        guard repetition != nil, run.instances.indices.contains(place) else { return nil }
        record.instance = Int32(run.instances[place])
        record.actual = matrix[run.row, run.instances[place]]
      }
      record.stddev = value(stddevs, place)
      for number in Self.coverages.indices {
        record.lower[number] = value(lower[number], place)
        record.upper[number] = value(upper[number], place)
      }
      record.isExtrapolated = extrapolated.contains(place)
      records.append(record)
    }
    return records
  }
}

extension BacktestOutcome {
  /// What a score file keeps of it: predictions in the order of its lines, their values of nine significant digits.
  var asKept: BacktestOutcome {
    var kept = self
    for number in kept.records.indices { kept.records[number].round() }
    kept.records.sort {
      ($0.target, $0.observed, $0.repetition, $0.instance) < (
        $1.target, $1.observed, $1.repetition, $1.instance
      )
    }
    return kept
  }
}

extension BacktestRecord {
  /// Rounds what was predicted to nine significant digits: a score file is a third of the size.
  fileprivate mutating func round() {
    predicted = predicted.ofNineDigits()
    stddev = stddev.ofNineDigits()
    // Outwards: an interval holds what it held.
    for number in 0..<3 {
      lower[number] = lower[number].ofNineDigits(.down)
      upper[number] = upper[number].ofNineDigits(.up)
    }
  }
}

extension Double {
  /// The nearest number of nine significant digits; itself where it has no such, as NaN.
  fileprivate func ofNineDigits(_ rule: FloatingPointRoundingRule = .toNearestOrEven) -> Double {
    guard isFinite, magnitude >= 1e-9, magnitude < 1e9 else { return self }
    var scale = 1e8
    var size = magnitude
    while size >= 10 {
      size /= 10
      scale /= 10
    }
    while size < 1 {
      size *= 10
      scale *= 10
    }
    let digits = (self * scale).rounded()
    // What has no more digits is left as it is, whatever the rule.
    if digits / scale == self { return self }
    return (self * scale).rounded(rule) / scale
  }
}
