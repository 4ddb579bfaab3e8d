/// Writes the tables of runs into a new SQLite file that any program opens, run by run, so that memory does not grow
/// with the number of runs.
///
/// The file has the tables `runs` and `metrics`, a table of rows for each of the four tables (`stats_rows` ...), and
/// views: the four tables under their flattened names, and `scores`, `instances` and `instance_scores` as `Database`
/// has them. NaN, which SQLite does not have, is null.
/// - Parameters:
///   - source: the runs. Of a run with faulty files the others are written; `runs` has every run with its state.
///   - file: the path of a file that does not exist or is empty.
/// - Returns: the faults of what was left out, and notes on what was written in another form.
/// - Throws: `MagnetError` when the file cannot be written, and what the source throws.
public func exportSQLite(_ source: some RunSource, to file: String) async throws -> SQLiteExport {
  let listing = try await source.list()
  let catalog = RunCatalog(listing: listing) { _, _, _ in [:] }
  let writer = try SQLiteWriter(file, kinds: source.sources)
  var faults: [DataFault] = []
  let kinds = source.sources.filter { $0 != .runSpecs }
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
      for kind in kinds {
        guard broken.contains(place) else {
          try writer.add(tables.table(kind, ofRuns: [place]), kind, run: run)
          continue
        }
        // A run with a faulty file has no rows in any table: each table by itself has what can be read.
        let single = try await source.load([entry], tables: [kind])
        found += single.faults.map(\.fault)
        try writer.add(single.table(kind, ofRuns: [0]), kind, run: run)
      }
      try writer.addRun(run, fields(run, found))
      faults += found
    }
  }
  try writer.finish()
  return SQLiteExport(faults: faults, notes: writer.notes)
}

/// What `exportSQLite` has to say of the file it wrote.
public struct SQLiteExport: Sendable {
  /// Faults of the files that were left out.
  public let faults: [DataFault]
  /// Columns that were renamed or put together, because SQLite cannot have them as they are.
  public let notes: [String]
}
