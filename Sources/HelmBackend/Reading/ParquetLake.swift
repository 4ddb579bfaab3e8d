import Magnet
import Synchronization

/// Runs whose tables lie in Parquet files: those of `magnet export parquet`, or flat ones with the same columns from
/// other programs, in one folder or in folders by project and suite.
///
/// A file's table is told by how its columns are called. Rows belong to the run of their column `source.run_path`, or
/// else to the run of their `run_spec.name`; they may lie in any order and in several files. What the fixed schema puts
/// into the column `extra` stands in columns of its own again. A run that lies in several places has each table of the
/// first of them that has it.
final class ParquetLake: Sendable {
  /// The rows of each run in one file, by the run's path.
  private struct Part: Sendable {
    /// The number of the place.
    let place: Int
    let file: ParquetFile
    let kind: TableSource
    var rows: [String: [Range<Int>]]
  }

  let places: [ParquetPlace]
  private let parts: [Part]
  /// How many columns are read at once.
  private let jobs: Int
  let listing: RunListing
  /// Whether files say which folders the runs lie in.
  let havePaths: Bool
  /// What was unusual, a sentence each.
  let notes: [String]
  /// The columns read so far, of each part.
  private let known: Mutex<[[String: Table]]>
  private let paths: Set<String>
  /// What keeps the tables of some runs from being told, by the runs' paths.
  private let faults: [String: DataFault]

  /// Opens files and reads which runs their rows are of.
  init(_ places: [ParquetPlace], sources: [TableSource], jobs: Int) throws(DataFault) {
    self.places = places
    self.jobs = jobs
    var parts: [Part] = []
    for (number, place) in places.enumerated() {
      var own: [Part] = []
      for name in place.files {
        let file = try Self.open(name)
        let kind = Self.kind(of: file, sources)
        // A table that no run has may have no columns.
        if kind == nil, file.rowCount == 0 { continue }
        guard let kind, file.rowCount == 0 || file.columns.contains(where: { $0.name == ColumnKey.run.name })
        else {
          throw DataFault(
            file: name, problem: "the columns are not those of a table of runs",
            advice: "magnet export parquet writes such files; each has \(ColumnKey.run.name)")
        }
        let rows = try Self.rows(of: file, in: place)
        if let other = own.first(where: { $0.kind == kind && $0.rows == rows && $0.file.isCopy(of: file) }) {
          throw DataFault(
            file: name, problem: "the rows are those of \(other.file.path)", advice: "remove one of the two")
        }
        own.append(Part(place: number, file: file, kind: kind, rows: rows))
      }
      if let run = place.run {
        let meant = try place.paths(of: run, in: Self.listing(own, places, sources, jobs: jobs).listing)
        for part in own.indices { own[part].rows = own[part].rows.filter { meant.contains($0.key) } }
      }
      parts += own
    }
    self.parts = parts
    havePaths = parts.contains(where: \.file.hasPaths)
    notes = parts.compactMap(Self.note) + Self.repeated(parts, places)
    known = Mutex(Array(repeating: [:], count: parts.count))
    (listing, faults) = try Self.listing(parts, places, sources, jobs: jobs)
    paths = Set(listing.entries.map(\.path))
  }

  /// The table that a file's columns are of, or what the file is called where it has no rows.
  private static func kind(of file: ParquetFile, _ sources: [TableSource]) -> TableSource? {
    let ofColumns = sources.first { source in
      file.columns.contains { $0.name.hasPrefix(source.prefix) && $0.name != ColumnKey.run.name }
    }
    if let kind = ofColumns ?? file.notes[RunTables.Note.kind]?.first.flatMap(TableSource.init(rawValue:)) {
      return kind
    }
    return file.rowCount == 0
      ? sources.first { file.path.hasSuffix("/" + $0.sqlName + ParquetPlace.suffix) } : nil
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
    if part.file.hasPaths { return nil }
    guard let apart = part.rows.filter({ $0.value.count > 1 }).keys.min() else { return nil }
    return
      "\(part.file.path): rows of \(apart.firstRange(of: "!/").map { apart[$0.upperBound...] } ?? apart[...]) lie apart, and without a column "
      + "\(SourceColumn.path) they count as one run; magnet export and --schema v1 write it"
  }

  /// Says which places have tables of runs that places before them have too.
  private static func repeated(_ parts: [Part], _ places: [ParquetPlace]) -> [String] {
    var first: [TableSource: [String: Part]] = [:]
    var repeated: [[Int]: Set<String>] = [:]
    for part in parts {
      for key in part.rows.keys {
        guard let other = first[part.kind]?[key] else {
          first[part.kind, default: [:]][key] = part
          continue
        }
        if other.place != part.place, other.file.path != part.file.path {
          repeated[[other.place, part.place], default: []].insert(key)
        }
      }
    }
    return repeated.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { pair, runs in
      let (one, other) = (places[pair[0]].path, places[pair[1]].path)
      return
        "\(runs.count == 1 ? "1 run is" : "\(runs.count) runs are") in \(one) and in \(other); read from \(one)"
    }
  }

  /// The ranges of rows of each run.
  private static func rows(
    of file: ParquetFile, in place: ParquetPlace
  ) throws(DataFault) -> [String: [Range<Int>]] {
    let table = try file.table { $0 == ColumnKey.run.name || $0 == SourceColumn.path }
    let havePaths = table.hasColumn(SourceColumn.path)
    let column = havePaths ? SourceColumn.path : ColumnKey.run.name
    guard let position = table.position(of: column) else { return [:] }
    func path(_ text: String) -> String { havePaths ? text : place.path + "!/" + text }
    var rows: [String: [Range<Int>]] = [:]
    var first = 0
    try table.forEachRepeat(position) { (cell, count) throws(DataFault) in
      guard case .string(let text) = cell else {
        throw DataFault(file: file.path, place: "row \(first)", problem: "\(column) is not a text")
      }
      let key = path(text)
      let start = rows[key]?.last.flatMap { $0.upperBound == first ? $0.lowerBound : nil }
      if start != nil { rows[key]?.removeLast() }
      rows[key, default: []].append((start ?? first)..<first + count)
      first += count
    }
    for key in (file.notes[RunTables.Note.runs] ?? []).map(path) where rows[key] == nil { rows[key] = [] }
    return rows
  }

  private static func listing(
    _ parts: [Part], _ places: [ParquetPlace], _ sources: [TableSource], jobs: Int
  ) throws(DataFault) -> (listing: RunListing, faults: [String: DataFault]) {
    var holders: [String: [Int]] = [:]
    for (number, part) in parts.enumerated() {
      for key in part.rows.keys { holders[key, default: []].append(number) }
    }
    // A row for each run: its run spec, or, where the files hold none, its name in another table.
    var runs: [String] = []
    var specs: [Table] = []
    var seen: [String: Part] = [:]
    var faults: [String: DataFault] = [:]
    for part in parts.filter({ $0.kind == .runSpecs }) + parts.filter({ $0.kind != .runSpecs }) {
      let isSpec = part.kind == .runSpecs
      for key in isSpec ? Array(part.rows.keys) : [] {
        guard let other = seen[key], other.place == part.place else { continue }
        faults[key] = DataFault(
          file: part.file.path, problem: "the run spec of \(key) is in \(other.file.path) too",
          advice: "keep one of the two exports of the run")
      }
      let fresh = part.rows.filter { seen[$0.key] == nil }
      if fresh.isEmpty { continue }
      let table = try part.file.table(jobs: jobs) { name in
        isSpec || name == ColumnKey.run.name || SourceColumn.all.contains { $0.name == name }
      }
      .keepingWhole(extra: TableSource.extraColumn, as: part.kind.prefix + "extra", over: extraLimit)
      try Self.check(table, of: part)
      let firsts = fresh.compactMap { key, rows in rows.first.map { (key: key, row: $0.lowerBound) } }
        .sorted { $0.row < $1.row }
      specs.append(Self.own(table.rows(at: firsts.map(\.row)), of: part.kind))
      runs += firsts.map(\.key)
      for (key, row) in firsts {
        seen[key] = part
        if isSpec, fresh[key]?.reduce(0, { $0 + $1.count }) ?? 0 > 1 {
          faults[key] = DataFault(
            file: part.file.path, place: "row \(row)",
            problem: "several runs are called \(table.rows(at: [row])[.run].first ?? key)",
            advice: "write the file with --schema v1, whose \(SourceColumn.path) tells them apart")
        }
      }
    }
    let table = Table(stacking: specs)
    let expected = sources.filter(\.isExpected)
    let nowhere = expected.filter { kind in !parts.contains { $0.kind == kind } }
    var files: [[Int]: [String]] = [:]
    var entries: [RunEntry] = []
    for (row, key) in runs.enumerated() {
      let holder = holders[key] ?? []
      let held = Set(holder.map { parts[$0].kind })
      let place = places[holder.first.map { parts[$0].place } ?? 0].path
      if files[holder] == nil { files[holder] = holder.map { parts[$0].file.path }.unique() }
      var found = [faults[key]].compactMap(\.self)
      if !nowhere.isEmpty {
        found.append(
          DataFault(
            file: place, place: nowhere.map(\.fileName).joined(separator: ", "),
            problem: "no Parquet file has \(nowhere.count == 1 ? "this table" : "these tables")",
            advice: "name the folder with all that magnet export parquet wrote"))
      }
      for kind in expected where !held.contains(kind) && !nowhere.contains(kind) {
        found.append(
          DataFault(
            file: key + "/" + kind.fileName, problem: "no Parquet file under \(place) has rows of it",
            advice: "export the run again, complete"))
      }
      func text(_ column: String) -> String? {
        if case .string(let text) = table[row, column] { text } else { nil }
      }
      entries.append(
        RunEntry(
          suite: text(SourceColumn.suite) ?? place.split(separator: "/").last.map(String.init) ?? place,
          folder: key.split(separator: "/").last.map(String.init) ?? key, path: key,
          name: text(ColumnKey.run.name) ?? key, files: sources.filter(held.contains).map(\.fileName),
          faults: found,
          parquetFiles: files[holder] ?? []))
    }
    // Runs whose folders are not known stay in the order of their rows.
    let order =
      parts.contains(where: \.file.hasPaths)
      ? entries.indices.sorted { pathOrder(entries[$0].path, entries[$1].path) } : Array(entries.indices)
    let sourceNames = Set(SourceColumn.all.map(\.name))
    return (
      RunListing(
        entries: order.map { entries[$0] },
        runSpecs: table.rows(at: order).dropping(sourceNames.contains).withoutNulls,
        entryOfRow: Array(order.indices)), faults
    )
  }

  /// Whether a run is one of these.
  func has(_ run: RunEntry) -> Bool { paths.contains(run.path) }

  /// What keeps tables of a run from being read.
  func fault(of run: RunEntry, _ kinds: [TableSource]) -> DataFault? {
    if let fault = faults[run.path] { return fault }
    let missing = kinds.first { $0.isExpected && !run.files.contains($0.fileName) }
    return missing.map(run.absence)
  }

  /// One table of some runs, by their places among them.
  /// - Parameter columns: the columns to read beside `run_spec.name`; nil for all.
  func tables(
    _ kind: TableSource, of runs: [RunEntry], columns: Set<String>?
  ) throws(DataFault) -> [Table] {
    var found = Array(repeating: [Table](), count: runs.count)
    var places: [Int?] = Array(repeating: nil, count: runs.count)
    for (number, part) in parts.enumerated() where part.kind == kind {
      let wanted = runs.indices.filter { run in
        part.rows[runs[run].path] != nil && (places[run] ?? part.place) == part.place
      }
      if wanted.isEmpty { continue }
      let table = try table(number, columns)
      for run in wanted {
        places[run] = part.place
        if let rows = part.rows[runs[run].path], !rows.isEmpty {
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
}

extension ParquetFile {
  /// Whether the rows say which folders their runs lie in.
  fileprivate var hasPaths: Bool { columns.contains { $0.name == SourceColumn.path } }
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
