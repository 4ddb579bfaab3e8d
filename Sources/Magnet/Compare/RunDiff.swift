/// Why two runs differ: level by level, from the recipe to the scores.
package struct RunDiff: Sendable {
  package enum State: String, Sendable { case equal, differs, unknown }

  /// A difference: what it is of, and both values.
  package struct Example: Sendable {
    package let what: String
    package let first: String
    package let second: String
  }

  package struct Level: Sendable {
    package let name: String
    package let state: State
    package let detail: String
    package let examples: [Example]
  }

  /// In the order in which one causes the next: run spec, scenario, instances, prompts, answers, statistics, instance scores.
  package let levels: [Level]
  /// The first level that explains the others: `identical files`, `execution spec`, `prompts`, `answers` ...
  package let verdict: String
  package let faults: [DataFault]

  private static let exampleLimit = 5

  /// Compares two runs, one from each source.
  /// - Throws: `MagnetError` where a source does not have exactly one run, and what the sources throw.
  package init(_ first: some RunSource, _ second: some RunSource) async throws {
    let one = try await Side(first)
    let other = try await Side(second)
    faults = one.faults + other.faults
    let spec = RunSpecDiff(one.spec, other.spec)
    let levels = [
      Self.specLevel(spec), Self.scenarioLevel(one, other), Self.instanceLevel(one, other),
      Self.textLevel("prompts", one, other, \.prompt), Self.textLevel("answers", one, other, \.answer),
      Self.statLevel(one, other), Self.scoreLevel(one, other),
    ]
    self.levels = levels
    verdict = Self.verdict(levels, spec, isSameScenario: one.scenario == other.scenario)
  }

  private static func verdict(_ levels: [Level], _ spec: RunSpecDiff, isSameScenario: Bool) -> String {
    func differs(_ name: String) -> Bool { levels.contains { $0.name == name && $0.state == .differs } }
    let kinds = Set(spec.changes.map(\.kind))
    if !levels.contains(where: { $0.state == .differs }) {
      let unknown = levels.contains { $0.state == .unknown && $0.name != "scenario" }
      if unknown { return "no difference found" }
      return spec.changes.isEmpty ? "identical files" : "same recipe, same answers"
    }
    if !isSameScenario { return "wrong pair" }
    if kinds.contains(.execution) { return "execution spec" }
    if kinds.contains(.deployment) { return "deployment" }
    if differs("scenario") { return "scenario" }
    if differs("instances") { return "instances" }
    if differs("prompts") { return "prompts" }
    if differs("answers") { return "answers" }
    if differs("instance scores") || (differs("statistics") && !isBookkeepingOnly(levels)) {
      return kinds.contains(.evaluation) ? "metric specs" : "scores"
    }
    if kinds.contains(.evaluation) { return "metric specs" }
    if differs("statistics") { return "bookkeeping only" }
    return "same recipe, same answers"
  }

  private static func isBookkeepingOnly(_ levels: [Level]) -> Bool {
    levels.first { $0.name == "statistics" }?.examples.allSatisfy { example in
      Headline.isBookkeeping(example.what)
    } ?? true
  }

  private static func specLevel(_ spec: RunSpecDiff) -> Level {
    let kinds = RunSpecDiff.Kind.allCases.compactMap { kind -> String? in
      let count = spec.changes.count { $0.kind == kind }
      return count == 0 ? nil : "\(count) \(kind.rawValue)"
    }
    let isSame = spec.changes.allSatisfy { $0.kind == .schemaChurn }
    return Level(
      name: "run spec", state: isSame ? .equal : .differs,
      detail: kinds.isEmpty ? "all fields equal" : kinds.joined(separator: ", "),
      examples: spec.changes.sorted { rank($0.kind) < rank($1.kind) }.prefix(exampleLimit).map { change in
        let isText = change.first.contains(" ") && change.second.contains(" ")
        return Example(
          what: "\(change.field) (\(change.kind.rawValue))",
          first: isText ? WordDiff.text(change.first, change.second) : shortened(change.first, to: 200),
          second: isText ? "" : shortened(change.second, to: 200))
      })
  }

  private static func rank(_ kind: RunSpecDiff.Kind) -> Int {
    RunSpecDiff.Kind.allCases.firstIndex(of: kind) ?? 0
  }

  /// `scenario.json`, where both sides have it.
  private static func scenarioLevel(_ one: Side, _ other: Side) -> Level {
    guard let a = one.scenarioFields, let b = other.scenarioFields else {
      return Level(
        name: "scenario", state: .unknown, detail: "scenario.json is not on both sides", examples: [])
    }
    let (ours, theirs) = (
      Dictionary(a, uniquingKeysWith: { $1 }), Dictionary(b, uniquingKeysWith: { $1 })
    )
    let names = (a.map(\.0) + b.map(\.0)).unique().filter {
      ours[$0].map(ExactText.init) != theirs[$0].map(ExactText.init)
    }
    return Level(
      name: "scenario", state: names.isEmpty ? .equal : .differs,
      detail: names.isEmpty ? "all fields equal" : "differs in \(names.joined(separator: ", "))",
      examples: names.prefix(exampleLimit).map { name in
        Example(
          what: name, first: shortened(ours[name] ?? "absent", to: 160),
          second: shortened(theirs[name] ?? "absent", to: 160))
      })
  }

  /// The first request of each instance.
  private static func instances(of requests: [Side.Request]) -> [(key: Side.RequestKey, content: String)] {
    var seen: Set<Side.RequestKey> = []
    return requests.filter { seen.insert($0.key.instance).inserted }.map { ($0.key.instance, $0.content) }
  }

  private static func instanceLevel(_ one: Side, _ other: Side) -> Level {
    guard let requests = one.requests, let others = other.requests else {
      return unknown("instances", one, other)
    }
    let (a, b) = (instances(of: requests), instances(of: others))
    let keys = (Set(a.map(\.key)), Set(b.map(\.key)))
    let shared = keys.0.intersection(keys.1)
    let all = keys.0.union(keys.1)
    let contents = Dictionary(b.map { ($0.key, $0.content) }, uniquingKeysWith: { first, _ in first })
    let changed = a.filter { request in
      contents[request.key].map { !haveSameBytes($0, request.content) } ?? false
    }
    let alone = (a.filter { !keys.1.contains($0.key) }, b.filter { !keys.0.contains($0.key) })
    var examples = changed.prefix(exampleLimit).map { request in
      Example(
        what: request.key.text, first: shortened(request.content, to: 160),
        second: shortened(contents[request.key] ?? "", to: 160))
    }
    examples += alone.0.prefix(max(0, exampleLimit - examples.count)).map {
      Example(what: $0.key.text, first: shortened($0.content, to: 160), second: "absent")
    }
    examples += alone.1.prefix(max(0, exampleLimit - examples.count)).map {
      Example(what: $0.key.text, first: "absent", second: shortened($0.content, to: 160))
    }
    let share = all.isEmpty ? 1 : Double(shared.count) / Double(all.count)
    return Level(
      name: "instances", state: changed.isEmpty && shared.count == all.count ? .equal : .differs,
      detail: "\(shared.count) of \(all.count) in both (Jaccard \(PythonRound.three(share))), "
        + "content equal in \(shared.count - changed.count) of \(shared.count)",
      examples: examples)
  }

  private static func textLevel(
    _ name: String, _ one: Side, _ other: Side, _ text: (Side.Request) -> String
  ) -> Level {
    guard let a = one.requests, let b = other.requests else { return unknown(name, one, other) }
    let texts = Dictionary(b.map { ($0.key, text($0)) }, uniquingKeysWith: { first, _ in first })
    var shared = 0
    var equal = 0
    var trimmed = 0
    var examples: [Example] = []
    func bare(_ text: String) -> Substring {
      var part = text[...]
      while part.first?.isWhitespace == true { part = part.dropFirst() }
      while part.last?.isWhitespace == true { part = part.dropLast() }
      return part
    }
    for request in a {
      guard let theirs = texts[request.key] else { continue }
      shared += 1
      let ours = text(request)
      if haveSameBytes(ours, theirs) {
        equal += 1
        trimmed += 1
        continue
      }
      if bare(ours).utf8.elementsEqual(bare(theirs).utf8) { trimmed += 1 }
      if examples.count < exampleLimit {
        let place =
          zip(ours, theirs).enumerated().first { !$0.element.0.utf8.elementsEqual($0.element.1.utf8) }?.offset
          ?? min(ours.count, theirs.count)
        func around(_ text: String) -> String {
          let start = max(0, place - 30)
          return (start > 0 ? "…" : "") + shortened(String(text.dropFirst(start)), to: 120)
        }
        examples.append(
          Example(
            what: "\(request.key.text), character \(place)", first: around(ours), second: around(theirs)))
      }
    }
    let more = trimmed > equal ? ", \(trimmed) after trimming" : ""
    let empty = (a.count { text($0).isEmpty }, b.count { text($0).isEmpty })
    let blanks = empty.0 + empty.1 > 0 ? "; empty: \(empty.0) and \(empty.1)" : ""
    return Level(
      name: name, state: equal == shared ? .equal : .differs,
      detail: "\(equal) of \(shared) equal\(more)\(blanks)",
      examples: examples)
  }

  private static func statLevel(_ one: Side, _ other: Side) -> Level {
    guard let a = one.stats, let b = other.stats else { return unknown("statistics", one, other) }
    let theirs = Dictionary(b, uniquingKeysWith: { first, _ in first })
    let ours = Dictionary(a, uniquingKeysWith: { first, _ in first })
    var changes: [(what: String, first: Double?, second: Double?)] = []
    for (key, value) in a {
      guard let other = theirs[key] else { continue }
      if !isNear(value, other) { changes.append((key, value, other)) }
    }
    let alone = (a.filter { theirs[$0.0] == nil }.map(\.0), b.filter { ours[$0.0] == nil }.map(\.0))
    // Scores before what counts and times.
    func weight(_ change: (what: String, first: Double?, second: Double?)) -> (Int, Double) {
      (Headline.isBookkeeping(change.what) ? 1 : 0, -abs((change.first ?? 0) - (change.second ?? 0)))
    }
    let sorted = changes.enumerated().sorted {
      let (x, y) = (weight($0.element), weight($1.element))
      return x == y ? $0.offset < $1.offset : x < y
    }.map(\.element)
    let scores = changes.count { !Headline.isBookkeeping($0.what) }
    var examples = sorted.prefix(12).map {
      Example(
        what: $0.what, first: $0.first.map { "\($0)" } ?? "none", second: $0.second.map { "\($0)" } ?? "none")
    }
    examples += alone.0.prefix(3).map { Example(what: $0, first: "present", second: "absent") }
    examples += alone.1.prefix(3).map { Example(what: $0, first: "absent", second: "present") }
    return Level(
      name: "statistics", state: changes.isEmpty && alone.0.isEmpty && alone.1.isEmpty ? .equal : .differs,
      detail: "\(scores) scores and \(changes.count - scores) bookkeeping values differ of \(ours.count); "
        + "only in one: \(alone.0.count) and \(alone.1.count)",
      examples: examples)
  }

  private static func isNear(_ a: Double?, _ b: Double?) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    if !a.isFinite || !b.isFinite { return !a.isFinite && !b.isFinite }
    return abs(a - b) <= max(1e-9, 1e-9 * max(abs(a), abs(b)))
  }

  private static func scoreLevel(_ one: Side, _ other: Side) -> Level {
    guard let a = one.scores, let b = other.scores else { return unknown("instance scores", one, other) }
    let theirs = Dictionary(b, uniquingKeysWith: { first, _ in first })
    var shared = 0
    var changed: [(key: Side.ScoreKey, first: Double, second: Double)] = []
    var within = [0.001: 0, 0.01: 0, 0.05: 0, 0.1: 0, 0.5: 0]
    for (key, value) in a where !Headline.isBookkeeping(key.metric) {
      guard let other = theirs[key] else { continue }
      shared += 1
      for tolerance in within.keys where abs(value - other) <= tolerance {
        within[tolerance, default: 0] += 1
      }
      if !isNear(value, other) { changed.append((key, value, other)) }
    }
    let curve = within.sorted { $0.key < $1.key }.map { "\($0.value) within \($0.key)" }.joined(
      separator: ", ")
    return Level(
      name: "instance scores", state: changed.isEmpty ? .equal : .differs,
      detail: "\(shared - changed.count) of \(shared) equal" + (changed.isEmpty ? "" : "; \(curve)"),
      examples: changed.prefix(exampleLimit).map {
        Example(
          what: "\($0.key.metric) of \($0.key.request.text)", first: "\($0.first)", second: "\($0.second)")
      })
  }

  private static func unknown(_ name: String, _ one: Side, _ other: Side) -> Level {
    Level(name: name, state: .unknown, detail: "the files are not readable on both sides", examples: [])
  }

  /// One row per level: level, state, detail.
  package var table: Table {
    Table(
      columnNames: ["level", "state", "detail"],
      rows: levels.map { [.string($0.name), .string($0.state.rawValue), .string($0.detail)] })
  }

  /// One row per example: level, what, a, b.
  package var exampleTable: Table {
    Table(
      columnNames: ["level", "what", "a", "b"],
      rows: levels.flatMap { level in
        level.examples.map { [.string(level.name), .string($0.what), .string($0.first), .string($0.second)] }
      })
  }
}
