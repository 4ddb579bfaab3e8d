import Magnet
import Synchronization

/// Runs whose tables lie in Parquet files: those of `magnet export parquet`, or flat ones with the same columns from
/// other programs, in one folder or in folders by project and suite.
///
/// A file's table is told by how its columns are called. Rows belong to the run of their column `source.run_path`, or
/// else to the run of their `run_spec.name`; they may lie in any order and in several files. What the fixed schema puts
/// into the column `extra` stands in columns of its own again.
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
  /// How many columns are read at once.
  private let jobs: Int
  let listing: RunListing
  /// What was unusual, a sentence each.
  let notes: [String]
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

  /// The folder or file, and the run in it, that a path names: `LAKE!/RUN`; nil where it does not name them so.
  static func parts(of path: String) -> (path: String, run: String)? {
    guard let mark = path.firstRange(of: "!/"), mark.upperBound < path.endIndex else { return nil }
    return (String(path[..<mark.lowerBound]), String(path[mark.upperBound...]))
  }

  /// Opens files and reads which runs their rows are of.
  /// - Parameter run: the only runs to have: those whose name or folder this is, with `*` and `?`, or whose suite stands
  ///   before it, `SUITE/RUN`.
  init(
    path: String, files: [String], sources: [TableSource], run: String? = nil, jobs: Int
  ) throws(DataFault) {
    self.path = path
    self.sources = sources
    self.jobs = jobs
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
    notes = parts.compactMap(Self.note)
    known = Mutex(Array(repeating: [:], count: parts.count))
    let (all, keys) = try Self.listing(parts, path: path, sources, jobs: jobs)
    self.keys = keys
    guard let run else {
      listing = all
      return
    }
    let pattern = NamePattern(run)
    listing = all.filter { entry in
      let names = [entry.name, entry.folder, entry.suite + "/" + entry.folder]
      return names.contains { pattern.matches($0) }
    }
    if listing.entries.isEmpty {
      throw DataFault(
        file: path, problem: "no run in it is called \(run)",
        advice: suggestion(for: run, among: all.entries.compactMap(\.name)) ?? "magnet runs lists them")
    }
  }

  /// Files whose column `extra` has more keys keep it as it is.
  private static let extraLimit = 256

  /// The columns that hold JSON, or cells of several kinds.
  private static let jsonColumns = Set(
    TableSource.allCases.flatMap { $0.columnTypes.filter { $0.value == .json }.keys } + [
      TableSource.extraColumn
    ])

  /// A file that is opened again for each part read, as a lake may have more files than a process may hold open.
  private static func open(_ path: String) throws(DataFault) -> ParquetFile {
    @Sendable func opened() throws(DataFault) -> SharedFile {
      do throws(SystemError) { return try SharedFile(path) } catch { throw error.fault(path) }
    }
    let stamp = try opened().stamp
    return try ParquetFile(path: path, size: stamp.size, json: jsonColumns) {
      (range: Range<Int>) throws(DataFault) -> [UInt8] in
      let file = try opened()
      try file.check(stamp)
      return try file.bytes(range)
    }
  }

  /// Says where runs of one name in several suites would be taken for one.
  private static func note(_ part: Part) -> String? {
    if part.file.columns.contains(where: { $0.name == SourceColumn.path }) { return nil }
    guard let apart = part.rows.filter({ $0.value.count > 1 }).keys.min() else { return nil }
    return
      "\(part.file.path): rows of \(apart) lie apart, and without a column \(SourceColumn.path) they count as one run; "
      + "magnet export and --schema v1 write it"
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
      let start = rows[key]?.last.flatMap { $0.upperBound == first ? $0.lowerBound : nil }
      if start != nil { rows[key]?.removeLast() }
      rows[key, default: []].append((start ?? first)..<first + count)
      first += count
    }
    return rows
  }

  private static func listing(
    _ parts: [Part], path: String, _ sources: [TableSource], jobs: Int
  ) throws(DataFault) -> (RunListing, [String: String]) {
    var held: [String: Set<TableSource>] = [:]
    for part in parts { for key in part.rows.keys { held[key, default: []].insert(part.kind) } }
    // A row for each run: its run spec, or, where the files hold none, its name in another table.
    var specs: [(key: String, row: Table)] = []
    var seen: Set<String> = []
    var ambiguous: [String: DataFault] = [:]
    for part in parts.sorted(by: { $0.kind == .runSpecs && $1.kind != .runSpecs }) {
      let isSpec = part.kind == .runSpecs
      let fresh = part.rows.filter { !seen.contains($0.key) }
      if fresh.isEmpty { continue }
      let table = try part.file.table(jobs: jobs) { name in
        isSpec || name == ColumnKey.run.name || SourceColumn.all.contains { $0.name == name }
      }
      .keepingWhole(extra: TableSource.extraColumn, as: part.kind.prefix + "extra", over: extraLimit)
      try Self.check(table, of: part)
      for (key, rows) in fresh.sorted(by: {
        ($0.value.first?.lowerBound ?? 0) < ($1.value.first?.lowerBound ?? 0)
      }) {
        guard let first = rows.first?.lowerBound, seen.insert(key).inserted else { continue }
        specs.append((key, Self.own(table.rows(at: [first]), of: part.kind)))
        if isSpec, rows.reduce(0, { $0 + $1.count }) > 1 {
          ambiguous[key] = DataFault(
            file: part.file.path, place: "row \(first)", problem: "several runs are called \(key)",
            advice: "write the file with --schema v1, whose \(SourceColumn.path) tells them apart")
        }
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
          faults: [ambiguous[key]].compactMap(\.self)
            + expected.filter { held[key]?.contains($0) != true }.map {
              DataFault(
                file: place, problem: "no Parquet file under \(path) has rows of its \($0.fileName)",
                advice: "export the run again, complete")
            }))
    }
    // Runs whose folders are not known stay in the order of their rows.
    let havePaths = parts.contains { part in part.file.columns.contains { $0.name == SourceColumn.path } }
    let order =
      havePaths
      ? entries.indices.sorted { pathOrder(entries[$0].path, entries[$1].path) } : Array(entries.indices)
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
        if let key = keys[entry.path], let rows = part.rows[key] {
          found[run].append(Self.own(table.rows(in: rows), of: kind, columns))
        }
      }
    }
    return found.map { $0.count == 1 ? $0[0] : Table(stacking: $0) }
  }

  /// Columns of a part, of which those read before are not read again.
  private func table(_ number: Int, _ columns: Set<String>?) throws(DataFault) -> Table {
    let file = parts[number].file
    let sourceNames = Set(SourceColumn.all.map(\.name))
    let names = Set(file.columns.map(\.name))
    let isMissing = columns.map { !names.isSuperset(of: $0) } ?? true
    let wanted = file.columns.map(\.name).filter { name in
      !sourceNames.contains(name)
        && (columns?.contains(name) ?? true || name == ColumnKey.run.name
          || name == TableSource.extraColumn && isMissing)
    }
    let missing = known.withLock { known in Set(wanted.filter { known[number][$0] == nil }) }
    if !missing.isEmpty {
      let read = try file.table(jobs: jobs, where: missing.contains)
      try Self.check(read, of: parts[number])
      let whole = read.keepingWhole(
        extra: TableSource.extraColumn, as: parts[number].kind.prefix + "extra", over: Self.extraLimit)
      known.withLock { known in
        for (name, own) in zip(read.columnNames, whole.columnNames) {
          known[number][name] = whole.selecting([own])
        }
      }
    }
    return known.withLock { known in Table(beside: wanted.compactMap { known[number][$0] }) }
  }

  /// Throws where a column of a file of another program does not hold what its name says. In magnet's own files it
  /// holds what HELM's files did, whatever that was.
  private static func check(_ table: Table, of part: Part) throws(DataFault) {
    if part.file.isOwn { return }
    let declared = part.kind.columnTypes
    for (name, type) in zip(table.columnNames, table.columnTypes) {
      guard let type, let wanted = declared[name], wanted != .json, type != wanted else { continue }
      if [type, wanted].allSatisfy({ $0 == .int || $0 == .double }) { continue }
      throw DataFault(
        file: part.file.path, place: "column \(name)",
        problem: "the column holds \(type.plural), and of \(part.kind.fileName) it holds \(wanted.plural)",
        advice: "write it with the type it had")
    }
  }

  /// The rows of a run as its own file would make them, as far as they are of the fixed schema.
  private static func own(_ rows: Table, of kind: TableSource, _ columns: Set<String>? = nil) -> Table {
    guard rows.hasColumn(TableSource.extraColumn) else { return rows }
    let run = ColumnKey.run.name
    let own = rows.unfitted(extra: TableSource.extraColumn).dropping { name in
      columns.map { !$0.contains(name) && name != run } ?? false
    }
    // The columns of records stand in the order of their names, those of objects in that of the object, where what is new
    // follows the columns that it has most of its name in common with.
    if kind != .runSpecs {
      return own.selecting([run] + own.columnNames.filter { $0 != run }.sorted(by: codePointOrder))
    }
    let names = rows.columnNames.filter(own.hasColumn)
    return own.selecting(
      own.columnNames.filter { !rows.hasColumn($0) }.reduce(into: names) { names, new in
        var prefix = new[...]
        while let dot = prefix.lastIndex(of: ".") {
          prefix = prefix[..<dot]
          if let place = names.lastIndex(where: { $0.hasPrefix(prefix + ".") }) {
            names.insert(new, at: place + 1)
            return
          }
        }
        names.append(new)
      })
  }
}

extension ColumnType {
  /// What cells of the type are, in messages.
  fileprivate var plural: String {
    switch self {
    case .bool: "booleans"
    case .int, .double: "numbers"
    case .string: "texts"
    case .json: "cells of several kinds"
    }
  }
}
