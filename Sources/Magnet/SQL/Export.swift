/// Writes the tables of runs into a new SQLite file that any program opens, run by run, so that memory does not grow
/// with the number of runs.
///
/// The file has the tables `runs` and `metrics`, a table of rows for each of the four tables (`stats_rows` ...), and
/// views: the four tables under their flattened names, and `scores`, `instances`, `instance_scores`, `headline` and
/// `leaderboard` as `Database` has them. NaN, which SQLite does not have, is null.
///
/// ```swift
/// let export = try await exportSQLite(runs, to: "runs.sqlite")
/// for fault in export.faults { print(fault) }
/// ```
/// - Parameters:
///   - source: the runs. Of a run with faulty files the others are written; `runs` has every run with its state.
///   - file: the path of a file that does not exist or is empty.
///   - rules: what decides which statistic is the score of a run; nil for what the schemas beside the runs and HELM's own
///     say.
/// - Returns: the faults of what was left out, and notes on what was written in another form.
/// - Throws: `MagnetError` when the file cannot be written, and what the source throws.
public func exportSQLite(
  _ source: some RunSource, to file: String, rules: HeadlineRules? = nil
) async throws -> SQLiteExport {
  let listing = try await source.list()
  let known: HeadlineRules
  if let rules { known = rules } else { known = HeadlineRules(try await source.schemas()) }
  let catalog = RunCatalog(listing: listing) { runs, _, _ in runs.map { _ in nil } }
  let writer = try SQLiteWriter(file, kinds: source.sources, relations: Relation.tidy)
  var faults: [DataFault] = known.faults
  var headlines: [(run: Int, headline: RunHeadline)] = []
  let wanted = known.wanted
  let kinds = source.sources.filter { $0 != .runSpecs }
  var counts = [ReadingCounts](repeating: ReadingCounts(), count: listing.entries.count)
  var specs: [Int: Int] = [:]
  for (row, entry) in listing.entryOfRow.enumerated() { specs[entry] = row }
  let numbers = Array(listing.entries.indices)
  let batches = stride(from: 0, to: numbers.count, by: 16).map { numbers[$0..<min($0 + 16, numbers.count)] }
  func load(_ runs: ArraySlice<Int>) -> Task<RunTables, any Error> {
    let entries = runs.filter { specs[$0] != nil }.map { listing.entries[$0] }
    return Task { try await source.load(entries, tables: Set(kinds)) }
  }
  func fields(_ run: Int, _ faults: [DataFault]) -> [Cell] {
    Relation.RunField.allCases.map { field in
      switch field {
      case .state: .string(RunEntry.state(of: faults))
      case .problem: Cell(listing.entries[run].problem(of: faults))
      default: catalog.cell(field, of: run)
      }
    }
  }
  // A batch is read while the one before it is written.
  var ahead = batches.first.map(load)
  defer { ahead?.cancel() }
  for (number, runs) in batches.enumerated() {
    guard let batch = ahead else { break }
    let tables = try await withTaskCancellationHandler {
      try await batch.value
    } onCancel: {
      batch.cancel()
    }
    ahead = number + 1 < batches.count ? load(batches[number + 1]) : nil
    let broken = Set(tables.faults.map(\.run))
    var place = 0
    for run in runs {
      try Task.checkCancellation()
      let entry = listing.entries[run]
      guard let row = specs[run] else {
        faults += entry.faults
        try writer.addRun(run, fields(run, entry.faults))
        continue
      }
      defer { place += 1 }
      try writer.add(listing.runSpecs.rows(at: [row]), .runSpecs, run: run)
      var found: [DataFault] = []
      var headline: RunHeadline?
      // Statistics first: they tell which rows of others are those of the score.
      for kind in kinds.filter({ $0 == .stats }) + kinds.filter({ $0 != .stats }) {
        var table = Table()
        var isRead = true
        if broken.contains(place) {
          // A run with a faulty file has no rows in any table: each table by itself has what can be read.
          let single = try await source.load([entry], tables: [kind])
          found += single.faults.map(\.fault)
          for part in single.counts { counts[run] += part }
          table = single.table(kind, ofRuns: [0])
          isRead = single.faults.isEmpty
        } else {
          table = tables.table(kind, ofRuns: [place])
          if kind == kinds.first { counts[run] = tables.counts[place] }
        }
        if kind == .stats, isRead {
          let made = RunHeadline(
            suite: entry.suite, .init(listing.runSpecs.rows[row], path: entry.path),
            RunStats(table, wanted: wanted), known)
          headline = made
          if entry.hasStatistics { headlines.append((run, made)) }
        }
        try writer.add(MainRows.marking(table, kind, headline), kind, run: run)
      }
      try writer.addRun(run, fields(run, found))
      faults += found
    }
  }
  for relation in Relation.tidy where relation.rows == .headlines {
    try writer.addHeadlines(headlines, relation)
  }
  let (boards, _, problems) = try await allBoards(of: source, listing, known, readsInstances: true)
  for relation in Relation.tidy where relation.rows == .boards {
    try writer.addTable(
      relation.name, relation.columns.map { ($0.name, $0.type ?? .text) },
      rows: boards.rows.map { row in relation.columns.indices.map { row[$0] } })
  }
  faults += problems
  try writer.finish()
  return SQLiteExport(faults: faults, notes: writer.notes, entries: listing.entries, counts: counts)
}

/// One row per model and column of every leaderboard of some runs; of a run that is in several suites the latest counts.
/// - Parameter readsInstances: whether to read the scores of instances, for standard errors.
func allBoards(
  of source: some RunSource, _ listing: RunListing, _ rules: HeadlineRules, readsInstances: Bool
) async throws -> (table: Table, faults: [DataFault], problems: [DataFault]) {
  let empty = Table(columnNames: Board.longColumns, rows: [])
  var read = try await BoardRuns.read(source, wanted: rules.schema?.metricNames(), listing: listing)
  if read.count == 0 { return (empty, read.faults, []) }
  let schema = try rules.boardSchema(of: read)
  if readsInstances {
    read = try await read.withInstances(source, metrics: schema.metricNames(), listing: listing)
  }
  var maker = BoardMaker(schema, read)
  let boards = maker.allBoards()
  let problems = maker.problems.map { DataFault(file: schema.source, problem: $0) }
  return (Table(stacking: [empty] + boards.map { $0.longTable() }), read.faults, problems)
}

/// What `exportSQLite` has to say of the file it wrote.
public struct SQLiteExport: Sendable {
  /// Faults of the files that were left out.
  public let faults: [DataFault]
  /// Columns that were renamed or put together, because SQLite cannot have them as they are.
  public let notes: [String]
  /// The runs, and what was unusual in the files of each.
  package let entries: [RunEntry]
  package let counts: [ReadingCounts]
}
