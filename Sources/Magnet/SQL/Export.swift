/// Writes the tables of runs into a new SQLite file that any program opens, run by run, so that memory does not grow
/// with the number of runs.
///
/// The file has the tables `runs` and `metrics`, a table of rows for each of the four tables (`stats_rows` ...), and
/// views: the four tables under their flattened names, and `scores`, `instances` and `instance_scores` as `Database`
/// has them. NaN, which SQLite does not have, is null.
/// - Parameters:
///   - source: the runs; a faulty one is left out.
///   - file: the path of a file that does not exist or is empty.
/// - Returns: what is wrong with the runs left out.
/// - Throws: `MagnetError` when the file cannot be written, and what the source throws.
public func exportSQLite(_ source: some RunSource, to file: String) async throws -> [DataFault] {
  let listing = try await source.list()
  let catalog = RunCatalog(listing: listing) { _, _, _ in [:] }
  let writer = try SQLiteWriter(file)
  var faults = listing.entries.filter { !$0.isNamed }.flatMap(\.faults)
  let kinds: [TableKind] = [.scenarioStates, .stats, .perInstanceStats]
  let runs = listing.entryOfRow
  let batches = stride(from: 0, to: runs.count, by: 16).map { $0..<min($0 + 16, runs.count) }
  func load(_ rows: Range<Int>) -> Task<RunTables, any Error> {
    let entries = rows.map { listing.entries[runs[$0]] }
    return Task { try await source.load(entries, tables: Set(kinds)) }
  }
  // A batch is read while the one before it is written.
  var ahead = batches.first.map(load)
  defer { ahead?.cancel() }
  for (number, rows) in batches.enumerated() {
    let tables = try await ahead!.value
    ahead = number + 1 < batches.count ? load(batches[number + 1]) : nil
    faults += tables.faults.map(\.fault)
    let broken = Set(tables.faults.map(\.run))
    for (number, row) in rows.enumerated() where !broken.contains(number) {
      let entry = runs[row]
      try writer.addRun(entry, Relation.RunField.allCases.map { catalog.cell($0, of: entry) })
      try writer.add(listing.runSpecs.rows(at: [row]), .runSpecs, run: entry)
      for kind in kinds { try writer.add(tables.table(kind, ofRuns: [number]), kind, run: entry) }
    }
  }
  try writer.finish()
  return faults
}
