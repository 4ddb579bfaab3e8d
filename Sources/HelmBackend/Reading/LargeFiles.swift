import Magnet

// Files that are read in windows.
extension HelmRuns {
  /// Reads a file in windows, all workers taking them in turn.
  func loadLarge(
    _ kind: TableSource, of run: RunEntry, columns: Set<String>?
  ) async throws -> (Table, ReadingCounts) {
    let folder = directory(run)
    let size = max(1, min(windowThreshold / 8, 8 << 20))
    let list = kind.listKey?.description
    var workers = workers
    var cells: Set<String> = []
    while true {
      let file = try folder.open(kind)
      progress?.expect(file.expectedSize / size, in: .reading)
      let windows = SharedWindows(file, list: list, windowSize: size)
      let parts = try await Workers.run(workers) { [cells] in
        try readWindows(windows, kind, of: run, columns: columns, cells: cells)
      }
      // The first fault in the file's order, whichever worker met its own first.
      if let first = parts.compactMap(\.fault).min(by: { $0.window < $1.window }) { throw first.fault }
      let found = parts.reduce(into: cells) { $0.formUnion($1.cells) }
      if found == cells, !WindowPart.areOverfull(parts) {
        let reader = SourceReader(kind, JSONFileReader(), columns: columns)
        let tables = parts.flatMap(\.tables).sorted { $0.number < $1.number }.map(\.table)
        let table = try reader.table(windows: tables, around: windows, run: run.name)
        var counts = parts.map(\.counts).reduce(into: reader.files.counts) { $0 += $1 }
        counts.mapsKept += cells.count
        return (table, counts)
      }
      // Which maps stay cells depends on the order their keys are met in: one worker finds out, in the file's order.
      if workers == 1 { cells = found }
      workers = 1
    }
  }

  /// What one worker reads of a file's windows; it stops when it finds a map that is to stay a cell.
  private func readWindows(
    _ windows: SharedWindows, _ kind: TableSource, of run: RunEntry, columns: Set<String>?, cells: Set<String>
  ) throws -> WindowPart {
    let reader = SourceReader(
      kind, JSONFileReader(), columns: columns, isOneFile: true, cells: cells)
    var part = WindowPart()
    do throws(DataFault) {
      while part.cells.isSubset(of: cells), !Task.isCancelled,
        let next = try reader.nextWindow(of: windows, run: run.name)
      {
        part.tables.append((number: next.0, table: next.1))
        part.cells = reader.cells
        progress?.advance()
      }
    } catch {
      part.fault = (reader.files.window, error)
      windows.end()
    }
    try Task.checkCancellation()
    part.counts = reader.files.counts
    (part.objects, part.columns) = reader.keysMet
    return part
  }

  /// What one worker made of some of a file's windows.
  private struct WindowPart {
    var tables: [(number: Int, table: Table)] = []
    var counts = ReadingCounts()
    var cells: Set<String> = []
    /// The fault that ended the reading, and the number of its window.
    var fault: (window: Int, fault: DataFault)?
    var objects: [String: Set<String>] = [:]
    var columns: Set<String> = []

    /// Whether the keys that several workers met are together more than an object or a row may have.
    static func areOverfull(_ parts: [WindowPart]) -> Bool {
      if parts.count == 1 { return false }
      let objects = parts.map(\.objects).reduce(into: [:]) { $0.merge($1) { $0.union($1) } }
      let columns = parts.reduce(into: Set<String>()) { $0.formUnion($1.columns) }
      return columns.count > Flattener.columnLimit
        || objects.contains {
          $0.value.count > ($0.key.isEmpty ? Flattener.columnLimit : Int(Flattener.keyLimit))
        }
    }
  }
}
