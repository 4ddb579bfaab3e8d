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
/// - Throws: `TableError` when the file cannot be written, and what the source throws.
public func exportSQLite(_ source: some RunSource, to file: String) async throws -> [RunFault] {
  let listing = try await source.list()
  let catalog = RunCatalog(listing: listing) { _, _, _ in [:] }
  let writer = try SQLiteWriter(file)
  var faults = listing.entries.filter { !$0.isNamed }.flatMap(\.faults)
  let kinds: [TableKind] = [.scenarioStates, .stats, .perInstanceStats]
  let batch = 16
  for start in stride(from: 0, to: listing.entryOfRow.count, by: batch) {
    let rows = start..<min(start + batch, listing.entryOfRow.count)
    let entries = rows.map { listing.entryOfRow[$0] }
    let tables = try await source.load(entries.map { listing.entries[$0] }, tables: Set(kinds))
    faults += tables.faults.map(\.fault)
    let broken = Set(tables.faults.map(\.run))
    for (number, row) in rows.enumerated() where !broken.contains(number) {
      let entry = entries[number]
      try writer.addRun(entry, Relation.RunField.allCases.map { catalog.cell($0, of: entry) })
      try writer.add(listing.runSpecs.rows(at: [row]), .runSpecs, run: entry)
      for kind in kinds { try writer.add(tables.table(kind, ofRuns: [number]), kind, run: entry) }
    }
  }
  try writer.finish()
  return faults
}
