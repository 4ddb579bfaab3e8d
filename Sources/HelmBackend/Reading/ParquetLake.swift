import Magnet
import Synchronization

/// Runs whose tables lie in Parquet files: those of `magnet export parquet`, or flat ones with the same columns from
/// other programs, in one folder or in folders by project and suite.
///
/// A file's table is told by how its columns are called. Rows belong to the run of their column `source.run_path`, or
/// else to the run of their `run_spec.name`; they may lie in any order and in several files.
final class ParquetLake: Sendable {
  /// The rows of each run in one file.
  private struct Part: Sendable {
    let file: ParquetFile
    let kind: TableSource
    let rows: [String: [Range<Int>]]
  }

  /// The folder or file that was named.
  let path: String
  private let parts: [Part]
  private let sources: [TableSource]
  let listing: RunListing
  /// The columns read so far, of each part.
  private let known: Mutex<[[String: Table]]>
  /// The paths of the entries, and what rows of theirs are called by.
  private let keys: [String: String]

  /// The Parquet files that a path names: the file itself, or those in a folder and the folders in it. Folders of
  /// HELM's runs are not looked through.
  static func files(_ path: String, depth: Int = 0) -> [String] {
    if path.hasSuffix(".parquet") { return Files.isFile(path) ? [path] : [] }
    guard depth < 5, let entries = try? Files.entries(path),
      !entries.contains(where: {
        [TableSource.runSpecs.fileName, "benchmark_output", "runs"].contains($0.name)
      })
    else { return [] }
    return entries.flatMap { entry -> [String] in
      if entry.name.hasPrefix(".") || entry.name.hasPrefix("_") || entry.name.contains(":") { return [] }
      if entry.isFolder { return entry.isLink ? [] : files(path + "/" + entry.name, depth: depth + 1) }
      return entry.name.hasSuffix(".parquet") ? [path + "/" + entry.name] : []
    }
  }

  /// The file with the schemas of the runs in a folder of Parquet files.
  static func schemaFile(in folder: String) -> String { folder + "/_schemas.json" }

  /// The file with the schemas of these runs, if there are any.
  var schemaFile: String {
    guard path.hasSuffix(".parquet") else { return Self.schemaFile(in: path) }
    return Self.schemaFile(in: path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ".")
  }

  /// Opens files and reads which runs their rows are of.
  init(path: String, files: [String], sources: [TableSource]) throws(DataFault) {
    self.path = path
    self.sources = sources
    var parts: [Part] = []
    for name in files {
      let file = try Self.open(name)
      let kind = sources.first { source in
        file.columns.contains { $0.name.hasPrefix(source.prefix) && $0.name != ColumnKey.run.name }
      }
      guard let kind, file.columns.contains(where: { $0.name == ColumnKey.run.name }) else {
        throw DataFault(
          file: name, problem: "the columns are not those of a table of runs",
          advice: "magnet export parquet writes such files; each has \(ColumnKey.run.name)")
      }
      parts.append(Part(file: file, kind: kind, rows: try Self.rows(of: file)))
    }
    self.parts = parts
    known = Mutex(Array(repeating: [:], count: parts.count))
    (listing, keys) = try Self.listing(parts, path: path, sources)
  }

  /// A file that is opened again for each part read, as a lake may have more files than a process may hold open.
  private static func open(_ path: String) throws(DataFault) -> ParquetFile {
    @Sendable func opened() throws(DataFault) -> SharedFile {
      do throws(SystemError) { return try SharedFile(path) } catch { throw error.fault(path) }
    }
    let stamp = try opened().stamp
    return try ParquetFile(path: path, size: stamp.size) { (range: Range<Int>) throws(DataFault) -> [UInt8] in
      let file = try opened()
      try file.check(stamp)
      return try file.bytes(range)
    }
  }

  /// The ranges of rows of each run.
  private static func rows(of file: ParquetFile) throws(DataFault) -> [String: [Range<Int>]] {
    let table = try file.table { $0 == ColumnKey.run.name || $0 == SourceColumn.path }
    let column = table.hasColumn(SourceColumn.path) ? SourceColumn.path : ColumnKey.run.name
    guard let position = table.position(of: column) else { return [:] }
    var rows: [String: [Range<Int>]] = [:]
    var first = 0
    try table.forEachRepeat(position) { (cell, count) throws(DataFault) in
      guard case .string(let key) = cell else {
        throw DataFault(file: file.path, place: "row \(first)", problem: "\(column) is not a text")
      }
      rows[key, default: []].append(first..<first + count)
      first += count
    }
    return rows
  }

  private static func listing(
    _ parts: [Part], path: String, _ sources: [TableSource]
  ) throws(DataFault) -> (RunListing, [String: String]) {
    var held: [String: Set<TableSource>] = [:]
    for part in parts { for key in part.rows.keys { held[key, default: []].insert(part.kind) } }
    // A row for each run: its run spec, or, where the files hold none, its name in another table.
    var specs: [(key: String, row: Table)] = []
    var seen: Set<String> = []
    for part in parts.sorted(by: { $0.kind == .runSpecs && $1.kind != .runSpecs }) {
      let isSpec = part.kind == .runSpecs
      let fresh = part.rows.filter { !seen.contains($0.key) }
      if fresh.isEmpty { continue }
      let table = try part.file.table { name in
        isSpec || name == ColumnKey.run.name || SourceColumn.all.contains { $0.name == name }
      }
      for (key, rows) in fresh.sorted(by: {
        ($0.value.first?.lowerBound ?? 0) < ($1.value.first?.lowerBound ?? 0)
      }) {
        guard let first = rows.first?.lowerBound, seen.insert(key).inserted else { continue }
        specs.append((key, table.rows(at: [first])))
      }
    }
    let name = path.split(separator: "/").last.map(String.init) ?? path
    var keys: [String: String] = [:]
    let expected = sources.filter(\.isExpected)
    var entries: [RunEntry] = []
    for (key, row) in specs {
      let run = row[.run].first ?? key
      func text(_ column: String) -> String? {
        if case .string(let text) = row[0, column] { text } else { nil }
      }
      let place = text(SourceColumn.path) ?? path + "!/" + run
      keys[place] = key
      let files = sources.filter { held[key]?.contains($0) == true }.map(\.fileName)
      entries.append(
        RunEntry(
          suite: text(SourceColumn.suite) ?? name,
          folder: place.split(separator: "/").last.map(String.init) ?? run,
          path: place, name: run, files: files,
          faults: expected.filter { held[key]?.contains($0) != true }.map {
            DataFault(
              file: place, problem: "no Parquet file under \(path) has rows of its \($0.fileName)",
              advice: "export the run again, complete")
          }))
    }
    let order = entries.indices.sorted { pathOrder(entries[$0].path, entries[$1].path) }
    let sourceNames = Set(SourceColumn.all.map(\.name))
    return (
      RunListing(
        entries: order.map { entries[$0] },
        runSpecs: Table(stacking: order.map { specs[$0].row.dropping(sourceNames.contains).withoutNulls }),
        entryOfRow: Array(order.indices)), keys
    )
  }

  /// Whether a run is one of these.
  func has(_ run: RunEntry) -> Bool { keys[run.path] != nil }

  /// One table of some runs, by their places among them.
  /// - Parameter columns: the columns to read beside `run_spec.name`; nil for all.
  func tables(
    _ kind: TableSource, of runs: [RunEntry], columns: Set<String>?
  ) throws(DataFault) -> [Table] {
    var found = Array(repeating: [Table](), count: runs.count)
    for (number, part) in parts.enumerated() where part.kind == kind {
      let table = try table(number, columns)
      for (run, entry) in runs.enumerated() {
        if let key = keys[entry.path], let rows = part.rows[key] { found[run].append(table.rows(in: rows)) }
      }
    }
    return found.map { $0.count == 1 ? $0[0] : Table(stacking: $0) }
  }

  /// Columns of a part, of which those read before are not read again.
  private func table(_ number: Int, _ columns: Set<String>?) throws(DataFault) -> Table {
    let file = parts[number].file
    let sourceNames = Set(SourceColumn.all.map(\.name))
    let wanted = file.columns.map(\.name).filter { name in
      !sourceNames.contains(name) && (columns?.contains(name) ?? true || name == ColumnKey.run.name)
    }
    let missing = known.withLock { known in Set(wanted.filter { known[number][$0] == nil }) }
    if !missing.isEmpty {
      let read = try file.table(where: missing.contains)
      known.withLock { known in for name in missing { known[number][name] = read.selecting([name]) } }
    }
    return known.withLock { known in Table(beside: wanted.compactMap { known[number][$0] }) }
  }
}
