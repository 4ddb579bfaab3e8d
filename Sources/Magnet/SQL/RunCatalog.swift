/// The runs that queries are over, with what was read of them. Not Sendable: one for each query.
final class RunCatalog {
  let listing: RunListing
  /// Loads tables of some runs, by their numbers, and waits for it.
  private let load: ([Int], TableSource, Set<String>?) throws -> [Table?]
  /// By the numbers of the runs; nil where a table was not read yet.
  private var loaded: [TableSource: [Table?]] = [:]
  private var columns: [TableSource: Set<String>] = [:]
  /// The cells that scans have read: there until the query has its answer.
  let scanMemory = ScanMemory()
  /// What is known of all runs, of the fields that were asked for.
  private var fields: [Relation.RunField: [Cell]] = [:]
  /// The numbers of the runs whose run spec could be read.
  let runs: [Int]
  /// The row of each run in the listing's run specs; nil where that cannot be read.
  private let specRows: [Int?]
  private let source: (any RunSource)?
  /// What decides which statistics are scores; nil until that is asked for.
  private var rules: HeadlineRules?
  private var headlines: [Int: RunHeadline] = [:]
  /// The statistics of the runs that scores were asked of, where a metric was asked for.
  private var metricNames: Set<MetricName> = []
  private var boards: (table: Table, haveErrors: Bool)?
  /// Which runs' tables could not be read.
  private var broken: [TableSource: Set<Int>] = [:]
  /// Faults of schemas, of runs that have no score for them, and of boards.
  private(set) var scoreFaults: [DataFault] = []
  private var reported: Set<DataFault> = []

  /// - Parameters:
  ///   - source: where schemas and leaderboards are from; nil where none are asked for.
  ///   - rules: what decides which statistics are scores; nil for what the schemas beside the runs and HELM's own say.
  ///   - load: gives the tables of some runs, by their numbers; none for those that cannot be read.
  init(
    listing: RunListing, source: (any RunSource)? = nil, rules: HeadlineRules? = nil,
    load: @escaping ([Int], TableSource, Set<String>?) throws -> [Table?]
  ) {
    self.listing = listing
    self.source = source
    self.rules = rules
    self.load = load
    runs = listing.entryOfRow
    var rows = [Int?](repeating: nil, count: listing.entries.count)
    for (row, entry) in listing.entryOfRow.enumerated() { rows[entry] = row }
    specRows = rows
  }

  /// The run spec of a run.
  private func spec(_ run: Int) -> Row? { specRows[run].map { listing.runSpecs.rows[$0] } }

  func cell(_ field: Relation.RunField, of run: Int) -> Cell {
    if let known = fields[field] { return known[run] }
    let cells = cells(field)
    fields[field] = cells
    return cells[run]
  }

  /// A field of all runs.
  private func cells(_ field: Relation.RunField) -> [Cell] {
    func each(_ body: (RunEntry, Row?) -> Cell) -> [Cell] {
      listing.entries.indices.map { body(listing.entries[$0], spec($0)) }
    }
    return switch field {
    case .suite: each { entry, _ in .string(entry.suite) }
    case .run: each { entry, _ in .string(entry.name) }
    case .scenario: each { entry, spec in Cell(spec.flatMap { RunName.scenario(entry.name, $0) }) }
    case .task: each { entry, spec in Cell(spec.map { RunName.task(entry.name, $0) }) }
    case .model: each { _, spec in Cell(spec?[.model]) }
    case .method: each { _, spec in Cell(spec?[.method]) }
    case .folder: each { entry, _ in .string(entry.folder) }
    case .path: each { entry, _ in .string(entry.path) }
    case .state: each { entry, _ in .string(entry.faults.isEmpty ? "complete" : "incomplete") }
    case .problem: each { entry, _ in Cell(entry.problem) }
    case .isLatest: listing.isLatest.map { .int($0 ? 1 : 0) }
    }
  }

  /// Says that a query will need columns, before any table is read.
  func need(_ names: [String], of kind: TableSource) { columns[kind, default: []].formUnion(names) }

  /// All columns of a table, of all runs that can be read.
  func allColumns(_ kind: TableSource) throws -> [Table] {
    let tables = try load(runs, kind, nil)
    var known = loaded[kind] ?? Array(repeating: nil, count: listing.entries.count)
    for (run, table) in zip(runs, tables) { known[run] = table ?? Table() }
    loaded[kind] = known
    return tables.compactMap { $0 }
  }

  /// Whether a table has a column in any run. Reads the column where it has not been read.
  func hasColumn(_ name: String, _ kind: TableSource) throws -> Bool {
    if knownColumns(kind).contains(name) { return true }
    if columns[kind]?.contains(name) == true, let known = loaded[kind],
      runs.allSatisfy({ known[$0] != nil })
    {
      return false
    }
    for start in stride(from: 0, to: runs.count, by: 64) {
      let tables = try load(Array(runs[start..<min(start + 64, runs.count)]), kind, [name])
      if tables.contains(where: { $0?.hasColumn(name) == true }) { return true }
    }
    return false
  }

  /// Whether a query has looked at the rows of a table, or at scores, be there any or not.
  var hasReadTables: Bool { !asked.isEmpty || boards != nil || hasAskedForScores }
  private var hasAskedForScores = false

  /// The columns that a table has in the first run that can be read.
  func sampleColumns(_ kind: TableSource) throws -> [String] {
    for run in runs {
      if let table = try load([run], kind, nil).first ?? nil, table.rowCount > 0 { return table.columnNames }
    }
    return []
  }

  /// The columns that a table has in the runs read so far.
  func knownColumns(_ kind: TableSource) -> Set<String> {
    var schemas: [ObjectIdentifier: TableSchema] = [:]
    for table in loaded[kind] ?? [] {
      if let schema = table?.schema { schemas[ObjectIdentifier(schema)] = schema }
    }
    return Set(schemas.values.flatMap(\.names))
  }

  /// Which runs' tables were asked for since the last call of `forgetAsked`.
  private(set) var asked: [TableSource: Set<Int>] = [:]

  func forgetAsked() {
    asked = [:]
    hasAskedForScores = false
  }

  /// The tables of all runs, by their numbers, of which some are asked for; those read before are not read again. A faulty
  /// run's is empty.
  func tables(_ kind: TableSource, of runs: [Int]) throws -> [Table?] {
    asked[kind, default: []].formUnion(runs)
    var known = loaded[kind] ?? Array(repeating: nil, count: listing.entries.count)
    let missing = runs.filter { known[$0] == nil }
    if missing.isEmpty { return known }
    let fresh =
      kind == .runSpecs
      ? missing.map { run in specRows[run].map { listing.runSpecs.rows(at: [$0]) } }
      : try load(missing, kind, columns[kind] ?? [])
    for (run, table) in zip(missing, fresh) {
      if table == nil { broken[kind, default: []].insert(run) }
      known[run] = table ?? Table()
    }
    loaded[kind] = known
    return known
  }

  private func report(_ faults: [DataFault]) {
    for fault in faults where reported.insert(fault).inserted { scoreFaults.append(fault) }
  }

  private func knownRules() throws -> HeadlineRules {
    if let rules { return rules }
    var found = HeadlineRules()
    if let source { found = HeadlineRules(try Workers.waiting { try await source.schemas() }) }
    report(found.faults)
    rules = found
    return found
  }

  /// The scores of some runs, by their numbers; none of runs whose statistics cannot be read.
  func headlines(of runs: [Int]) throws -> [Int: RunHeadline] {
    let new = runs.filter { headlines[$0] == nil && broken[.stats]?.contains($0) != true }
    if new.isEmpty { return headlines }
    let rules = try knownRules()
    let wanted = rules.wanted
    let stats = try tables(.stats, of: new)
    for run in new where broken[.stats]?.contains(run) != true {
      guard let spec = spec(run), let table = stats[run] else { continue }
      let entry = listing.entries[run]
      let stats = RunStats(table, wanted: wanted)
      if !rules.metrics.isEmpty { metricNames.formUnion(stats.names) }
      headlines[run] = RunHeadline(suite: entry.suite, .init(spec, path: entry.path), stats, rules)
    }
    return headlines
  }

  /// Makes sure that, of the runs that scores were asked of, one has a metric that was asked for.
  /// - Throws: `MagnetError` with the nearest names.
  func checkMetrics() throws {
    if let rules, !headlines.isEmpty {
      try MetricSelector.check(rules.metrics, among: metricNames.sorted { $0.text < $1.text })
    }
  }

  /// Those of some runs that have statistics; the faults of others are reported.
  func withStatistics(_ runs: [Int]) -> [Int] {
    hasAskedForScores = true
    let kept = runs.filter { listing.entries[$0].hasStatistics }
    report(runs.flatMap { listing.entries[$0].scoreFaults })
    return kept
  }

  /// One row per model and column of every leaderboard; of a run that is in several suites the latest counts.
  /// - Parameter needsErrors: whether standard errors will be asked for, which takes the scores of instances.
  func leaderboard(needsErrors: Bool) throws -> Table {
    if let boards, boards.haveErrors || !needsErrors { return boards.table }
    guard let source else { return Table(columnNames: Board.longColumns, rows: []) }
    let rules = try knownRules()
    let (table, faults, problems) = try Workers.waiting { [listing] in
      try await allBoards(of: source, listing, rules, readsInstances: needsErrors)
    }
    report(faults + problems)
    boards = (table, needsErrors)
    return table
  }
}

extension RunTables {
  /// The rows in a table of each of the runs asked for; nil for those with a fault.
  func soundTables(_ kind: TableSource) -> [Table?] {
    var tables = runTables(kind).map(Optional.some)
    for (run, _) in faults { tables[run] = nil }
    return tables
  }
}
