/// The runs that leaderboards are made of, with the statistics that these may show.
package struct BoardRuns: Sendable {
  struct Run: Sendable {
    let name: String
    let path: String
    let suite: String
    let groups: [String]
    let model: String
    let deployment: String
    /// The run's name without its model.
    let task: String
    /// What tells adapter specs apart.
    let adapter: String
    /// The fields of the adapter spec, as Python prints them.
    let adapterFields: [String: Cell]
    let scenario: Scenario
    var stats = RunStats()
    /// How sure its scores are; nothing where its instances were not read.
    var errors = InstanceErrors()
  }

  /// HELM's scenario spec: the class and its arguments.
  struct Scenario: Sendable, Hashable {
    struct Argument: Sendable, Hashable {
      let name: String
      let value: Cell
    }

    let className: String
    /// In the order of the files.
    let arguments: [Argument]

    /// `subject: x, level: 2`.
    var title: String {
      arguments.map { "\($0.name): \(BoardRuns.python($0.value))" }.joined(separator: ", ")
    }
  }

  /// In the order of suites, and in each in that of the folders' names.
  var runs: [Run]
  /// What the user should know: runs that are in several suites.
  package private(set) var notes: [String] = []
  /// Faults of runs that were left out.
  package private(set) var faults: [DataFault] = []

  /// Reads what boards need of a source's runs: run specs, and of `stats.json` the metrics that a schema shows.
  /// - Parameters:
  ///   - patterns: take only runs whose name matches one of these; all when empty.
  ///   - models: take only runs of models whose name or deployment matches one of these; all when empty.
  ///   - keepsRepeated: whether a run that is in several suites counts several times, as in HELM; otherwise the latest
  ///     suite's does.
  ///   - wanted: the metrics to read; all when nil.
  ///   - known: what the source lists, where that is known.
  /// - Throws: what the source throws.
  package static func read(
    _ source: some RunSource, runs patterns: [String] = [], models: [String] = [],
    keepsRepeated: Bool = false,
    wanted: Set<String>? = nil, listing known: RunListing? = nil
  ) async throws -> BoardRuns {
    let listing: RunListing
    if let known { listing = known } else { listing = try await source.list() }
    var notes: [String] = []
    var faults = listing.entries.flatMap(\.scoreFaults)
    let rows =
      keepsRepeated
      ? listing.runSpecs.rows.indices.filter { listing.entries[listing.entryOfRow[$0]].hasStatistics }
      : listing.candidates(notes: &notes, where: \.hasStatistics)
    let named = patterns.map { NamePattern($0) }
    let modelled = models.map { NamePattern($0) }
    var runs: [Run] = []
    for row in rows {
      let run = Run(listing.runSpecs.rows[row], listing.entries[listing.entryOfRow[row]])
      guard named.isEmpty || named.contains(where: { $0.matches(run.name) }),
        modelled.isEmpty || modelled.contains(where: { $0.matches(run.model) || $0.matches(run.deployment) })
      else { continue }
      runs.append(run)
    }
    let entries = Dictionary(listing.entries.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    var broken: Set<Int> = []
    for start in stride(from: 0, to: runs.count, by: 256) {
      let batch = Array(start..<min(start + 256, runs.count))
      let tables = try await source.load(
        batch.compactMap { entries[runs[$0].path] }, tables: [.stats], columns: RunStats.columns)
      for (number, fault) in tables.faults {
        broken.insert(batch[number])
        faults.append(fault)
      }
      for (number, run) in batch.enumerated() where !broken.contains(run) {
        runs[run].stats = RunStats(tables.table(.stats, ofRuns: [number]), wanted: wanted)
      }
    }
    return BoardRuns(
      runs: runs.indices.filter { !broken.contains($0) }.map { runs[$0] }, notes: notes, faults: faults)
  }

  /// Adds faults that were met later.
  mutating func report(_ found: [DataFault]) {
    faults = (faults + found).unique()
  }

  /// How many runs there are.
  package var count: Int { runs.count }

  /// How Python prints a value.
  static func python(_ cell: Cell) -> String {
    switch cell {
    case .null: "None"
    case .bool(let value): value ? "True" : "False"
    case .json(let text): (try? JSONValue(parsing: text)).map { python($0, isNested: false) } ?? text
    default: cell.text
    }
  }

  private static func python(_ value: JSONValue, isNested: Bool) -> String {
    switch value {
    case .null: "None"
    case .bool(let value): value ? "True" : "False"
    case .string(let text):
      !isNested
        ? text
        : text.contains("'") && !text.contains("\"") ? "\"\(text)\"" : "'\(text.replacing("'", with: "\\'"))'"
    case .array(let elements): "[" + elements.map { python($0, isNested: true) }.joined(separator: ", ") + "]"
    case .object(let members):
      "{"
        + members.map { "'\($0.key)': " + python($0.value, isNested: true) }.joined(separator: ", ") + "}"
    default: value.text
    }
  }
}

extension BoardRuns.Run {
  init(_ spec: Row, _ entry: RunEntry) {
    var adapter: [String: Cell] = [:]
    var arguments: [BoardRuns.Scenario.Argument] = []
    for name in spec.table.columnNames {
      if name.hasPrefix(ColumnPrefix.adapter) {
        let cell = spec[name]
        if cell != .null { adapter[String(name.dropFirst(ColumnPrefix.adapter.count))] = cell }
      } else if name.hasPrefix(ColumnPrefix.scenarioArguments) {
        let cell = spec[name]
        if cell != .null {
          arguments.append(
            .init(name: String(name.dropFirst(ColumnPrefix.scenarioArguments.count)), value: cell))
        }
      }
    }
    let subject = HeadlineRules.Subject(spec)
    self.init(
      name: spec[.run], path: entry.path, suite: entry.suite,
      groups: subject.groups, model: adapter["model"]?.text ?? "",
      deployment: adapter["model_deployment"]?.text ?? "", task: RunName.task(spec[.run], spec),
      adapter: adapter.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.text)" }.joined(
        separator: "\u{1F}"),
      adapterFields: adapter,
      scenario: BoardRuns.Scenario(className: spec[.scenario] ?? "", arguments: arguments))
  }
}
