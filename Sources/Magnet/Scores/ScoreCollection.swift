/// The scores of runs by the main metric of their scenarios, ordered for prediction: for each scenario a matrix of
/// models and instances, and over all a board of models and scenarios.
package struct ScoreCollection: Sendable {
  /// A run that has a score.
  package struct Run: Sendable, Hashable {
    package let name: String
    package let model: String
    /// The number of its scenario.
    package let scenario: Int
    /// Its row in the scenario's matrix.
    package let row: Int
    /// The columns of the matrix that it has scores in.
    package let instances: [Int]

    /// Who made the model.
    package var family: String { modelFamily(model) }
  }

  /// What runs of several models have in common.
  package struct Scenario: Sendable {
    /// The runs' name without the model.
    package let name: String
    /// The statistic that is the runs' score, and what chose it.
    package let headline: Headline
    /// The metric and split of the score.
    package var metric: MetricName { headline.metric }
    package let matrix: ScoreMatrix
    /// The runs, a row of the matrix each.
    package let runs: [Int]
  }

  package let runs: [Run]
  package let scenarios: [Scenario]
  /// One row per model; one column per scenario, its main metric; and one for each perturbation of it.
  package let board: ScoreBoard
  /// What a user should know of how it came about.
  package private(set) var notes: [String] = []
  /// Which scenarios were left out, and why.
  package private(set) var omissions: [String] = []
  /// Faults of the skipped runs.
  package private(set) var faults: [DataFault] = []

  /// The names of the runs that have a score and no scores of instances.
  package var withoutInstances: [String] { runs.filter(\.instances.isEmpty).map(\.name) }

  /// Orders the scores of runs. Runs without a statistic of their scenario's main metric have no place in it; of
  /// several runs of a model and scenario the last by name has.
  /// - Parameter rules: what decides which statistic is the score.
  init(_ all: [RunScores], rules: HeadlineRules = HeadlineRules()) {
    var notes: [String] = []
    var omitted: [(scenario: String, reason: String)] = []
    var guessed: [(scenario: String, metric: String)] = []
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
      let found = Self.headline(sorted, rules)
      guard let headline = found, headline.stat != nil else {
        omitted.append((name, Self.reason(found, sorted, rules)))
        continue
      }
      let metric = headline.metric
      if headline.isGuessed { guessed.append((name, metric.text)) }
      let scored = sorted.filter { $0.mean(of: metric) != nil }
      for run in sorted where run.mean(of: metric) == nil {
        notes.append("\(run.name): left out, as it has no \(metric.text)")
      }
      let ids = Set(scored.flatMap(\.instances.keys)).sorted(by: Self.idOrder)
      let columns = Dictionary(uniqueKeysWithValues: ids.enumerated().map { ($1, $0) })
      var values = Array(repeating: Double.nan, count: scored.count * ids.count)
      for (row, run) in scored.enumerated() {
        for (id, score) in run.instances { values[row * ids.count + columns[id, default: 0]] = score }
        for (name:statistic, mean:mean) in run.means(of: metric) {
          statistics.append((run.model, .init(scenario: name, name: statistic), mean))
        }
        runs.append(
          Run(
            name: run.name, model: run.model, scenario: scenarios.count, row: row,
            instances: run.instances.keys.compactMap { columns[$0] }.sorted()))
      }
      scenarios.append(
        Scenario(
          name: name, headline: headline,
          matrix: ScoreMatrix(
            runs: scored.map { ScoreMatrix.Run(name: $0.name, model: $0.model) }, instances: ids,
            values: values,
            answers: Self.answers(scored, columns)),
          runs: Array(runs.count - scored.count..<runs.count)))
    }
    self.runs = runs
    self.scenarios = scenarios
    for (metric, found) in Self.grouped(guessed) {
      notes.append("\(found): no schema knows the main metric; \(metric) is used (choose with --metric)")
    }
    self.notes = notes
    omissions = Self.grouped(omitted).map { "\($1): left out: \($0)" }
    board = Self.board(statistics, models: Set(runs.map(\.model)).sorted(), scenarios)
  }

  /// The names for which the same is true, a few of them in words, by what is true.
  static func grouped(_ all: [(String, String)]) -> [(String, String)] {
    let names = Dictionary(grouping: all, by: \.1)
    return all.map(\.1).unique().map { reason in
      let names = names[reason, default: []].map(\.0)
      let few = names.prefix(3).joined(separator: ", ")
      return (reason, names.count > 3 ? few + " and \(names.count - 3) more" : few)
    }
  }

  /// The score of runs of one scenario: that of the first, judged by the statistics of all of them.
  static func headline(_ runs: [RunScores], _ rules: HeadlineRules) -> Headline? {
    runs.first.flatMap { rules.headline($0.subject, RunStats(merging: runs.map(\.stats))) }
  }

  /// Why runs have no score.
  private static func reason(_ headline: Headline?, _ runs: [RunScores], _ rules: HeadlineRules) -> String {
    let available = RunStats(merging: runs.map(\.stats)).available.sorted()
    if available.isEmpty { return "no statistics" }
    let names = available.map(\.text)
    if let asked = rules.metrics.first {
      let known = (names + available.map(\.metric)).unique()
      return "no metric '\(asked.text)'" + (suggestion(for: asked.text, among: known).map { "; " + $0 } ?? "")
    }
    let scores = available.filter { !Headline.isBookkeeping($0.metric) }.map(\.text)
    let list =
      "choose one with --metric: " + scores.prefix(12).joined(separator: ", ")
      + (scores.count > 12 ? " and \(scores.count - 12) more" : "")
    guard let headline else { return "no known main metric; " + list }
    let why = headline.notes.first { $0.hasPrefix("ambiguous") } ?? "absent"
    return "the main metric is \(headline.metric.text) (\(headline.rule)), which is \(why); " + list
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
      guard let row = rows[statistic.model], let position = positions[statistic.column] else { continue }
      board[row, position] = statistic.mean
    }
    return board
  }
}

extension ScoreCollection {
  /// Reads the scores of a source's runs, those of 64 runs at once. Run names that repeat across suites count once. Of
  /// a run whose files are not all there the statistics do: it has a score, but no instances.
  /// - Parameters:
  ///   - patterns: take only runs whose name matches one of these, with `*` and `?`; all when empty.
  ///   - rules: what decides which statistic is the score; nil for what the schemas beside the runs and HELM's own say.
  ///   - readsAnswers: whether to read what the models answered too.
  /// - Throws: what the source throws.
  package static func read(
    _ source: some RunSource, runs patterns: [String] = [], rules: HeadlineRules? = nil,
    readsAnswers: Bool = false
  ) async throws -> ScoreCollection {
    let listing = try await source.list()
    var notes: [String] = []
    var faults = listing.entries.flatMap(\.scoreFaults)
    let matchers = patterns.map { NamePattern($0) }
    let rows = listing.candidates(notes: &notes, where: \.hasStatistics).filter { row in
      matchers.isEmpty || matchers.contains { $0.matches(listing.runSpecs.rows[row][.run]) }
    }
    let entries = rows.map { listing.entries[listing.entryOfRow[$0]] }
    var runs = zip(rows, entries).map { RunScores(runSpec: listing.runSpecs.rows[$0], path: $1.path) }
    let known: HeadlineRules
    if let rules { known = rules } else { known = HeadlineRules(try await source.schemas()) }
    faults += known.faults
    var broken: Set<Int> = []

    /// Reads a table of all runs that are sound so far, a batch at once.
    func read(
      _ kind: TableSource, _ columns: Set<String>, _ add: (inout RunScores, Table) -> Void
    ) async throws {
      let sound = runs.indices.filter {
        !broken.contains($0) && entries[$0].files.contains(kind.fileName)
      }
      for start in stride(from: 0, to: sound.count, by: 64) {
        let batch = Array(sound[start..<min(start + 64, sound.count)])
        let tables = try await source.load(batch.map { entries[$0] }, tables: [kind], columns: columns)
        for (number, fault) in tables.faults {
          // Without statistics there is no score; without the rest there are no instances.
          if kind == .stats { broken.insert(batch[number]) }
          faults.append(fault)
        }
        let failed = Set(tables.faults.map(\.run))
        for (number, run) in batch.enumerated() where !failed.contains(number) {
          add(&runs[run], tables.table(kind, ofRuns: [number]))
        }
      }
      // Tables of another kind are read by other threads.
      Heap.giveBackFreed()
    }

    let wanted = known.wanted
    try await read(.stats, RunStats.columns) { $0.stats = RunStats($1, wanted: wanted) }
    var metricOf: [String: MetricName] = [:]
    for (scenario, numbers) in Dictionary(grouping: runs.indices, by: { runs[$0].scenario }) {
      metricOf[scenario] = headline(numbers.map { runs[$0] }, known)?.metric
    }
    try await read(.perInstanceStats, RunScores.instanceColumns) { run, table in
      if let metric = metricOf[run.scenario] { run.addInstances(table, metric: metric) }
    }
    if readsAnswers {
      try await read(.scenarioStates, RunScores.answerColumns) { $0.addAnswers($1) }
    }
    var collection = ScoreCollection(
      runs.indices.filter { !broken.contains($0) }.map { runs[$0] }, rules: known)
    collection.notes = notes + collection.notes
    collection.faults = faults.unique()
    runs = []
    Heap.giveBackFreed()
    return collection
  }
}

extension RunEntry {
  /// Whether nothing is wrong with its run spec and its statistics, as far as is known. Other files may be damaged or
  /// lack.
  var hasStatistics: Bool {
    files.contains(TableSource.stats.fileName) && faults.allSatisfy { Self.isBesideScores($0) }
  }

  /// What whoever asks for its score is told: all that is wrong, but for files that are not there beside sound
  /// statistics.
  var scoreFaults: [DataFault] {
    if !hasStatistics { return faults }
    return faults.filter { fault in
      Self.fileNames(fault).contains { files.contains($0) || files.contains($0 + ".gz") }
    }
  }

  /// The fault that says why a file of the run is not there.
  package func absence(of kind: TableSource) -> DataFault {
    faults.first { Self.fileNames($0).contains(kind.fileName) }
      ?? DataFault(file: path + "/" + kind.fileName, problem: "missing")
  }

  /// The files that a fault is of: its own, or where it is one of Parquet files, those of which the tables are.
  private static func fileNames(_ fault: DataFault) -> [String] {
    let tables = fault.place?.split(separator: ", ").map(String.init) ?? []
    if !tables.isEmpty, tables.allSatisfy({ name in TableSource.allCases.contains { $0.fileName == name } }) {
      return tables
    }
    return [fault.file.split(separator: "/").last.map(String.init) ?? ""]
  }

  /// Whether a fault is of files that no score is made of.
  private static func isBesideScores(_ fault: DataFault) -> Bool {
    fileNames(fault).allSatisfy { name in
      TableSource.allCases.contains { source in
        source != .stats && source != .runSpecs
          && (name == source.fileName || name == source.fileName + ".gz")
      }
    }
  }
}
