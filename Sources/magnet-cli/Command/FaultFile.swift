package import Magnet
import Synchronization

/// The file of `--faults`: the faults of skipped runs, a JSON object per line, for programs that
/// run it. It is written at the end, without lines when nothing is wrong.
package enum FaultFile {
  private static let state = Mutex<(path: String?, faults: [DataFault])>((nil, []))

  /// - Throws: `MagnetError` for a file that magnet did not write.
  static func open(_ path: String) throws {
    if path == "-" || Files.isFolder(path) || Files.isFile(path) && !WrittenMark.isSet(path) {
      throw MagnetError(
        .alreadyExists, path == "-" ? "not a file" : "already exists, and magnet did not write it", at: path,
        advice: "name another file for --faults")
    }
    state.withLock { $0.path = path }
  }

  /// Adds faults; each stands in the file once.
  package static func add(_ faults: [DataFault]) { state.withLock { $0.faults += faults } }

  static func close() throws {
    let (path, faults) = state.withLock { $0 }
    guard let path else { return }
    let names = ["file", "place", "problem", "advice"]
    let rows = faults.unique().map { fault in
      [fault.file, fault.place, fault.problem, fault.advice].map { $0.map(Cell.string) ?? .null }
    }
    try Terminal.writeFile(path) {
      try TableWriter(.ndjson).write(Table(columnNames: names, rows: rows), $0)
    }
  }
}
