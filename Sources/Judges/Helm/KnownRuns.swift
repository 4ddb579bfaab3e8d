import Magnet

/// The runs whose results are known at a timestep, and of those that are forecast the observed instances alone: their
/// statistics are not there, nor what else was kept of them.
struct KnownRuns: RunSource {
  private let base: any RunSource
  private let results: HelmResults
  private let timestep: Int
  private let lastStep: Int
  /// The observed instances of the runs that are forecast now.
  private let shown: [String: Set<String>]

  init(_ results: HelmResults, at timestep: Int, _ base: any RunSource) {
    self.base = base
    self.results = results
    self.timestep = timestep
    lastStep = results.lastKnownStep(at: timestep)
    shown =
      results.observed == nil
      ? [:]
      : Dictionary(
        results.runs(of: timestep).map { ($0.name, Set($0.shown)) }, uniquingKeysWith: { $1 })
  }

  var sources: [TableSource] { base.sources }

  func list() async throws -> RunListing {
    let all = try await base.list()
    var models: [Int: String] = [:]
    for (row, entry) in zip(all.runSpecs.rows, all.entryOfRow) { models[entry] = row[.model] }
    let kept = all.entries.indices.filter { number in
      guard let step = models[number].flatMap({ results.step(of: $0) }) else { return false }
      return step <= lastStep || (step == timestep && shown[all.entries[number].name] != nil)
    }
    let names = Set(kept.map { all.entries[$0].path })
    return all.filter { names.contains($0.path) }
  }

  func load(_ runs: [RunEntry], tables: Set<TableSource>, columns: Set<String>?) async throws -> RunTables {
    let ids = ColumnKey<String?>.instance.names
    let loaded = try await base.load(runs, tables: tables, columns: columns.map { $0.union(ids) })
    let faults = Dictionary(loaded.faults.map { ($0.run, $0.fault) }, uniquingKeysWith: { first, _ in first })
    let kinds = tables.sorted { $0.rawValue < $1.rawValue }
    let parts = runs.indices.map { number -> Result<[TableSource: Table], DataFault> in
      if let fault = faults[number] { return .failure(fault) }
      var own: [TableSource: Table] = [:]
      for kind in kinds { own[kind] = loaded.table(kind, ofRuns: [number]) }
      guard let ids = shown[runs[number].name] else { return .success(own) }
      for kind in kinds {
        switch kind {
        case .runSpecs: break
        case .scenarioStates, .perInstanceStats:
          own[kind] = own[kind]?.filter { ids.contains($0[.instance] ?? "") }
        default: own[kind] = Table()
        }
      }
      return .success(own)
    }
    return RunTables(stacking: parts, kinds: kinds)
  }

  func schemas() async throws -> SchemaDocuments { try await base.schemas() }
}
