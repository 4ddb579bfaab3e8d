package import Magnet

// Files of which a store may have the columns.
extension HelmRuns {
  /// The table of a run's file, from the store or from the file, whose columns the store then keeps; nil where the file
  /// is so large that it is to be read in windows.
  func table(
    _ kind: TableSource, of folder: RunDirectory, name: String, _ reader: RunReader
  ) throws(DataFault) -> Table? {
    if let (table, counts) = store?.table(kind, of: folder, name: name, &reader.choice) {
      reader.files.counts += counts
      return table
    }
    let ticket = store?.ticket(kind, of: folder)
    let file = try folder.open(kind)
    if kind.isList, file.expectedSize > windowThreshold { return nil }
    guard let store, let ticket else { return try reader[kind].table(of: file, run: name) }
    if let (table, counts) = reader.wholeTable(kind, of: file, name: name) {
      store.keep(table, counts, of: folder, ticket)
      if counts.mapsKept == 0 {
        reader.files.counts += counts
        return table.choosing(kind, reader.choice.choice.wanted)
      }
    }
    // As if there were no store: the fault, or objects that are cells only where all columns are read.
    return try reader[kind].table(of: try folder.open(kind), run: name)
  }

  /// The table of a file that is read in windows.
  func largeTable(
    _ kind: TableSource, of run: RunEntry, columns: Set<String>?
  ) async throws -> (Table, ReadingCounts) {
    let folder = directory(run)
    if let store, let ticket = store.ticket(kind, of: folder), ticket.size <= keepLimit {
      do {
        let (table, counts) = try await loadLarge(kind, of: run, columns: nil)
        store.keep(table, counts, of: folder, ticket)
        if counts.mapsKept == 0 || columns == nil {
          return (table.choosing(kind, columns), counts)
        }
      } catch is DataFault {}
    }
    return try await loadLarge(kind, of: run, columns: columns)
  }

  /// How many runs a store never has: those in archives, buckets and Parquet files.
  package var unkeptRunCount: Int {
    folders.count { !($0.tree is DiskTree) } + (lake?.listing.entries.count ?? 0)
  }

  /// Reads every file whose columns the store does not have yet, whatever its size, so that it has them.
  /// - Returns: the faults of the runs that could not be read.
  package func index() async throws -> [DataFault] {
    var all = self
    all.keepLimit = .max
    let entries = try await all.list().entries
    var faults: [DataFault] = []
    for start in stride(from: 0, to: entries.count, by: 256) {
      let runs = Array(entries[start..<min(start + 256, entries.count)])
      faults += try await all.load(runs, tables: Set(sources), columns: []).faults.map(\.fault)
    }
    store?.flush()
    return faults
  }
}

extension RunReader {
  /// The table of a file with all its columns, and what was met in it; nil for a faulty one.
  fileprivate func wholeTable(
    _ kind: TableSource, of file: any ByteStream, name: String
  ) -> (Table, ReadingCounts)? {
    let reader = ofAllColumns
    let before = reader.files.counts
    reader.files.counts = ReadingCounts()
    defer { reader.files.counts = before }
    return (try? reader[kind].table(of: file, run: name)).map { ($0, reader.files.counts) }
  }
}

extension Table {
  /// The columns that a load asks for.
  fileprivate func choosing(_ kind: TableSource, _ wanted: Set<String>?) -> Table {
    guard let wanted else { return self }
    return selecting(columnNames.filter { kind.isChosen($0, among: wanted) })
  }
}
