/// The scores of runs by the main metric of their scenarios, ordered for prediction: for each scenario a matrix of
/// models and instances, and over all a board of models and scenarios.
public struct ScoreCollection: Sendable {
  /// A run that has a score.
  public struct Run: Sendable, Hashable {
    public let name: String
    public let model: String
    /// The number of its scenario.
    public let scenario: Int
    /// Its row in the scenario's matrix.
    public let row: Int
    /// The columns of the matrix that it has scores in.
    public let instances: [Int]

    /// Who made the model.
    public var family: String { modelFamily(model) }
  }

  /// What runs of several models have in common.
  public struct Scenario: Sendable {
    /// The runs' name without the model.
    public let name: String
    /// The statistic that is the runs' score.
    public let metric: MetricName
    public let matrix: ScoreMatrix
    /// The runs, a row of the matrix each.
    public let runs: [Int]
  }

  public let runs: [Run]
  public let scenarios: [Scenario]
  /// A row a model; a column a scenario, its main metric; and one for each perturbation of it.
  public let board: ScoreBoard
  /// What a user should know of how it came about.
  public private(set) var notes: [String] = []
  /// What is wrong with runs that were left out.
  public private(set) var faults: [DataFault] = []

  /// Orders the scores of runs. Runs without a statistic of their scenario's main metric have no place in it; of
  /// several runs of a model and scenario the last by name has.
  init(_ all: [RunScores]) {
    var notes: [String] = []
    var members: [String: [String: RunScores]] = [:]
    for run in all.sorted(by: { $0.name < $1.name }) {
      if let other = members[run.scenario]?[run.model] {
        notes.append("\(other.name) and \(run.name) are runs of one model and scenario; the latter is used")
      }
      members[run.scenario, default: [:]][run.model] = run
    }
    var runs: [Run] = []
    var scenarios: [Scenario] = []
    var statistics: [(model: String, column: ScoreBoard.Column, mean: Double)] = []
    for (name, byModel) in members.sorted(by: { $0.key < $1.key }) {
      let sorted = byModel.values.sorted { $0.model < $1.model }
      guard let metric = Self.metric(sorted, scenario: name) else {
        notes.append("\(name): its runs have none of the metrics that scores are made of; name one")
        continue
      }
      let scored = sorted.filter { run in
        run.statistics.contains { $0.name == metric } || run.statistics.isEmpty
      }
      let ids = Set(scored.flatMap(\.instances.keys)).sorted(by: Self.idOrder)
      let columns = Dictionary(uniqueKeysWithValues: ids.enumerated().map { ($1, $0) })
      var values = Array(repeating: Double.nan, count: scored.count * ids.count)
      for (row, run) in scored.enumerated() {
        for (id, score) in run.instances { values[row * ids.count + columns[id]!] = score }
        for statistic in run.statistics where Self.isOf(metric, statistic.name) {
          statistics.append((run.model, .init(scenario: name, name: statistic.name), statistic.mean))
        }
        runs.append(
          Run(
            name: run.name, model: run.model, scenario: scenarios.count, row: row,
            instances: run.instances.keys.compactMap { columns[$0] }.sorted()))
      }
      scenarios.append(
        Scenario(
          name: name, metric: metric,
          matrix: ScoreMatrix(
            runs: scored.map { ScoreMatrix.Run(name: $0.name, model: $0.model) }, instances: ids,
            values: values,
            answers: Self.answers(scored, columns)),
          runs: Array(runs.count - scored.count..<runs.count)))
    }
    self.runs = runs
    self.scenarios = scenarios
    self.notes = notes
    board = Self.board(statistics, models: Set(runs.map(\.model)).sorted(), scenarios)
  }

  /// Whether a statistic is the metric, or the metric under a perturbation.
  private static func isOf(_ metric: MetricName, _ name: MetricName) -> Bool {
    var plain = name
    plain.perturbation = nil
    return plain == metric
  }

  /// The main metric and its split: HELM's `test` before `valid`.
  static func metric(_ runs: [RunScores], scenario: String) -> MetricName? {
    let names = runs.flatMap { $0.statistics.map(\.name) }.filter { $0.perturbation == nil }
    guard
      let metric = MainMetric.of(scenario: scenario, available: Set(names.map(\.name))) ?? names.first?.name
    else { return nil }
    let splits = Set(names.filter { $0.name == metric }.map(\.split))
    let split = ["test", "valid"].first(where: splits.contains) ?? splits.compactMap { $0 }.min()
    return MetricName(metric, split: split)
  }

  /// Ids as people count: id2 before id10.
  private static func idOrder(_ a: String, _ b: String) -> Bool {
    a.utf8.count != b.utf8.count ? a.utf8.count < b.utf8.count : a < b
  }

  private static func answers(_ runs: [RunScores], _ columns: [String: Int]) -> [Int32]? {
    if runs.allSatisfy(\.answers.isEmpty) { return nil }
    var numbers: [String: Int32] = [:]
    var answers = Array(repeating: Int32(-1), count: runs.count * columns.count)
    for (row, run) in runs.enumerated() {
      for (id, text) in run.answers.sorted(by: { $0.key < $1.key }) {
        guard let column = columns[id] else { continue }
        let number = numbers[text] ?? Int32(numbers.count)
        numbers[text] = number
        answers[row * columns.count + column] = number
      }
    }
    return answers
  }

  private static func board(
    _ statistics: [(model: String, column: ScoreBoard.Column, mean: Double)], models: [String],
    _ scenarios: [Scenario]
  ) -> ScoreBoard {
    let columns = statistics.map(\.column).unique()
    let positions = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($1, $0) })
    let rows = Dictionary(uniqueKeysWithValues: models.enumerated().map { ($1, $0) })
    var board = ScoreBoard(
      models: models, columns: columns,
      values: Array(repeating: .nan, count: models.count * columns.count))
    for statistic in statistics {
      board[rows[statistic.model]!, positions[statistic.column]!] = statistic.mean
    }
    return board
  }
}

extension ScoreCollection {
  /// Reads the scores of a source's runs, those of 64 runs at once. Run names that repeat across suites count once. Of
  /// a run whose files are not all there the statistics do: it has a score, but no instances.
  /// - Parameters:
  ///   - patterns: take only runs whose name matches one of these, with `*` and `?`; all when empty.
  ///   - metrics: the metrics that may be scores; by default those that HELM's leaderboards rank by.
  ///   - readsAnswers: whether to read what the models answered too.
  /// - Throws: what the source throws.
  public static func read(
    _ source: some RunSource, runs patterns: [String] = [], metrics: Set<String>? = nil,
    readsAnswers: Bool = false
  ) async throws -> ScoreCollection {
    let listing = try await source.list()
    var notes: [String] = []
    var faults = listing.entries.flatMap { $0.hasStatistics ? [] : $0.faults }
    let matchers = patterns.map { NamePattern($0) }
    let rows = listing.candidates(notes: &notes, where: \.hasStatistics).filter { row in
      matchers.isEmpty || matchers.contains { $0.matches(listing.runSpecs.rows[row][.run]) }
    }
    var runs = rows.map { RunScores(runSpec: listing.runSpecs.rows[$0]) }
    let entries = rows.map { listing.entries[listing.entryOfRow[$0]] }
    var broken: Set<Int> = []

    /// Reads a table of all runs that are sound so far, a batch at once.
    func read(
      _ kind: TableKind, _ columns: Set<String>, _ add: (inout RunScores, Table) -> Void
    ) async throws {
      let sound = runs.indices.filter {
        !broken.contains($0) && entries[$0].files.contains(kind.fileName)
      }
      for start in stride(from: 0, to: sound.count, by: 64) {
        let batch = Array(sound[start..<min(start + 64, sound.count)])
        let tables = try await source.load(batch.map { entries[$0] }, tables: [kind], columns: columns)
        for (number, fault) in tables.faults {
          broken.insert(batch[number])
          faults.append(fault)
        }
        for (number, run) in batch.enumerated() where !broken.contains(run) {
          add(&runs[run], tables.table(kind, ofRuns: [number]))
        }
      }
    }

    try await read(.stats, RunScores.statColumns) { $0.addStatistics($1, metrics: metrics ?? MainMetric.all) }
    var metricOf: [String: MetricName] = [:]
    for (scenario, numbers) in Dictionary(grouping: runs.indices, by: { runs[$0].scenario }) {
      metricOf[scenario] = metric(numbers.map { runs[$0] }, scenario: scenario)
    }
    try await read(.perInstanceStats, RunScores.instanceColumns) { run, table in
      if let metric = metricOf[run.scenario] { run.addInstances(table, metric: metric) }
    }
    if readsAnswers {
      try await read(.scenarioStates, RunScores.answerColumns) { $0.addAnswers($1) }
    }
    var collection = ScoreCollection(runs.indices.filter { !broken.contains($0) }.map { runs[$0] })
    collection.notes = notes + collection.notes
    collection.faults = faults
    return collection
  }
}

extension RunEntry {
  /// Whether its statistics are there and nothing is wrong with what there is of it, though files may lack.
  fileprivate var hasStatistics: Bool {
    files.contains(TableSource.stats.fileName)
      && faults.allSatisfy { fault in
        let name = fault.file.split(separator: "/").last.map(String.init) ?? ""
        return !files.contains(name) && !files.contains(name + ".gz")
      }
  }
}
