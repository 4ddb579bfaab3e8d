/// What runs there are, in a table for people: suite, run, model, instances, state, problem, scenario, files and path.
package struct RunSummary: Sendable {
  /// One row per run, in the listing's order.
  package let table: Table
  /// The same without scenario, files and path.
  package var shortTable: Table { table.dropping { ["scenario", "files", "path"].contains($0) } }
  /// What is wrong with incomplete runs.
  package let faults: [DataFault]
  /// Whether any run is complete.
  package let hasComplete: Bool

  /// Lists the runs of a source.
  ///
  /// The number of instances is HELM's own statistic `num_instances` over the inputs as they are, summed over the
  /// splits; where a run has none, the number of distinct instances in its scenario state.
  /// - Parameter isThorough: whether every file is read in full; otherwise `stats.json` alone is.
  /// - Throws: what the source throws.
  package init(of source: some RunSource, isThorough: Bool = false) async throws {
    let (listing, instances) = try await source.list().checked(of: source, isThorough: isThorough)
    let entries = listing.entries

    var rowOfEntry: [Int: Row] = [:]
    for (row, entry) in zip(listing.runSpecs.rows, listing.entryOfRow) { rowOfEntry[entry] = row }
    let names = ["suite", "run", "model", "instances", "state", "problem", "scenario", "files", "path"]
    let rows = entries.indices.map { number -> [Cell] in
      let entry = entries[number]
      let spec = rowOfEntry[number]
      return [
        .string(entry.suite), .string(entry.name), Cell(spec?[.model]),
        instances[number].map { .int(Int64($0)) } ?? .null, .string(RunEntry.state(of: entry.faults)),
        Cell(entry.problem), Cell(spec.flatMap { RunName.scenario(entry.name, $0) }),
        .string(entry.files.map(Self.shortName).joined(separator: " ")), .string(entry.path),
      ]
    }
    table = Table(columnNames: names, rows: rows)
    faults = entries.flatMap(\.faults)
    hasComplete = entries.contains(where: \.faults.isEmpty)
  }

  private static func shortName(_ file: String) -> String {
    file.hasSuffix(".json") ? String(file.dropLast(5)) : file
  }
}

extension RunListing {
  /// The listing with what reading finds wrong with runs that seem complete by their files' ends, and the number of
  /// each run's instances; nil where it is not known. This is what makes a run complete, in every command.
  /// - Parameter isThorough: whether every file is read in full; otherwise `stats.json` alone is, and the requests of
  ///   runs whose statistics do not say how many instances there are.
  package func checked(
    of source: some RunSource, isThorough: Bool = false
  ) async throws -> (listing: RunListing, instances: [Int?]) {
    let whole = entries.indices.filter { entries[$0].faults.isEmpty }
    let kinds: Set<TableSource> = isThorough ? [.scenarioStates, .stats, .perInstanceStats] : [.stats]
    var found: [Int: [DataFault]] = [:]
    var instances = [Int?](repeating: nil, count: entries.count)
    for batch in stride(from: 0, to: whole.count, by: 2048) {
      let part = Array(whole[batch..<min(batch + 2048, whole.count)])
      let counts = try await Self.countInstances(part.map { entries[$0] }, in: source, kinds)
      for (number, count) in zip(part, counts.counts) { instances[number] = count }
      for (number, fault) in counts.faults { found[part[number], default: []].append(fault) }
    }
    var checked = entries
    for (number, faults) in found {
      let entry = entries[number]
      checked[number] = RunEntry(
        suite: entry.suite, folder: entry.folder, path: entry.path, name: entry.isNamed ? entry.name : nil,
        files: entry.files, faults: faults, parquetFiles: entry.parquetFiles)
    }
    return (RunListing(entries: checked, runSpecs: runSpecs, entryOfRow: entryOfRow), instances)
  }

  /// The columns of `stats` that are read to count instances.
  private static let statisticsColumns = TableSource.stats.names(.metric, .perturbation, .mean)

  private static func countInstances(
    _ entries: [RunEntry], in source: some RunSource, _ kinds: Set<TableSource>
  ) async throws -> (counts: [Int?], faults: [(Int, DataFault)]) {
    let tables = try await source.load(
      entries, tables: kinds, columns: kinds == [.stats] ? statisticsColumns : nil)
    var counts = entries.indices.map { number -> Int? in
      let means = tables.table(.stats, ofRuns: [number]).rows.compactMap { row in
        row[.metric] == "num_instances" && row[.perturbation] == nil ? row[.mean] : nil
      }
      return means.isEmpty ? nil : Int(exactly: means.reduce(0, +))
    }
    var faults = tables.faults.map { ($0.run, $0.fault) }
    let broken = Set(tables.faults.map(\.run))
    let uncounted = entries.indices.filter { counts[$0] == nil && !broken.contains($0) }
    for number in uncounted {
      let states = try await source.load(
        [entries[number]], tables: [.scenarioStates],
        columns: TableSource.scenarioStates.names(.instance))
      faults += states.faults.map { (number, $0.fault) }
      if states.faults.isEmpty { counts[number] = states.scenarioStates[.instance].unique().count }
    }
    return (counts, faults)
  }
}
