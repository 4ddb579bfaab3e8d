package import Magnet

extension HelmRuns {
  /// Parts of the runs, of one project and suite each: one row per part with the columns `part` (0 first), `project`,
  /// `suite`, `bytes` and `runs`, a list of paths.
  /// - Parameter bytes: a part is full once its runs' files have this many bytes.
  /// - Throws: `MagnetError` when the runs that are meant do not exist.
  package func partitions(bytes: Int) throws -> Table {
    var rows: [[Cell]] = []
    var current: (project: String?, suite: String, bytes: Int, runs: [String])?
    func close() {
      guard let part = current else { return }
      rows.append([
        .int(Int64(rows.count)), part.project.map(Cell.string) ?? .null, .string(part.suite),
        .int(Int64(part.bytes)), .json(JSONValue.array(part.runs.map { .string($0) }).text),
      ])
      current = nil
    }
    for run in try sizedRuns() {
      let isOther = current.map { $0.suite != run.entry.suite || $0.project != run.entry.project } ?? true
      if isOther || (current?.bytes ?? 0) >= bytes { close() }
      var part = current ?? (run.entry.project, run.entry.suite, 0, [])
      part.bytes += run.bytes
      part.runs.append(run.entry.path)
      current = part
    }
    close()
    return Table(columnNames: ["part", "project", "suite", "bytes", "runs"], rows: rows)
  }
}

extension HelmRuns {
  /// Neighbouring runs whose files of a kind have about so many bytes together, at least one run for each worker and at
  /// most 1,000.
  package func parts(_ entries: [RunEntry], of kind: TableSource, bytes: Int) -> [Range<Int>] {
    var parts: [Range<Int>] = []
    var start = 0
    var size = 0
    for (number, entry) in entries.enumerated() {
      let folder = directory(entry)
      size +=
        folder.tree is DiskTree
        ? Files.status(folder.file(of: kind))?.size ?? 0 : (try? folder.open(kind))?.expectedSize ?? 0
      let count = number + 1 - start
      if (size >= bytes && count >= workers) || count == 1000 {
        parts.append(start..<number + 1)
        (start, size) = (number + 1, 0)
      }
    }
    if start < entries.count { parts.append(start..<entries.count) }
    return parts
  }
}
