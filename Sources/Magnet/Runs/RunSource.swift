/// What was met while a run was read.
package struct ReadingCounts: Sendable, Hashable {
  /// The bytes of the files read.
  package var bytes = 0
  /// NaN, Infinity and -Infinity literals, which JSON does not have: kept as such.
  package var nonFinite = 0
  /// Halves of surrogate pairs that stood alone: each became U+FFFD.
  package var loneSurrogates = 0
  /// Objects with more keys than columns are made of: each is kept as one cell.
  package var mapsKept = 0

  /// Nothing yet.
  package init() {}

  /// Adds what was met elsewhere.
  package static func += (a: inout ReadingCounts, b: ReadingCounts) {
    a.bytes += b.bytes
    a.nonFinite += b.nonFinite
    a.loneSurrogates += b.loneSurrogates
    a.mapsKept += b.mapsKept
  }
}

/// The tables of some runs.
///
/// ```swift
/// let tables = try await runs.load(runs.list().entries, tables: [.stats, .perInstanceStats])
/// print(tables.stats.rowCount, tables.perInstanceStats.rowCount)
/// for (_, fault) in tables.faults { print(fault) }
/// ```
public struct RunTables: Sendable {
  private var tables: [TableSource: Table] = [:]
  /// What went wrong, by the number of the run among those asked for. A faulty run has no rows in any table.
  public var faults: [(run: Int, fault: DataFault)] = []
  /// What was read of each of the runs asked for.
  package var counts: [ReadingCounts] = []
  /// In each table, the rows of each of the runs asked for; none for a faulty one.
  private var rowsOfRun: [TableSource: [Range<Int>]] = [:]

  /// Four tables; those not given are empty.
  package init(
    runSpecs: Table = Table(), scenarioStates: Table = Table(), stats: Table = Table(),
    perInstanceStats: Table = Table()
  ) {
    self[.runSpecs] = runSpecs
    self[.scenarioStates] = scenarioStates
    self[.stats] = stats
    self[.perInstanceStats] = perInstanceStats
  }

  /// Tables of several runs, one under the other.
  /// - Parameter runs: for each run asked for, its tables of these kinds, or what is wrong with it.
  package init(stacking runs: [Result<[TableSource: Table], DataFault>], kinds: [TableSource]) {
    self.init(
      stacking: kinds.map { kind in (kind, runs.map { (try? $0.get()[kind]) ?? Table() }) },
      faults: runs.enumerated().compactMap { number, run in
        if case .failure(let fault) = run { (run: number, fault: fault) } else { nil }
      })
  }

  /// Tables of several runs, one under the other.
  /// - Parameters:
  ///   - tables: for each kind, a table for each run asked for, without rows for a faulty one.
  ///   - faults: by the number of the run.
  package init(
    stacking tables: [(kind: TableSource, ofRuns: [Table])], faults: [(run: Int, fault: DataFault)]
  ) {
    self.faults = faults
    let stacked = Workers.results(tables.count, jobs: tables.count) { number in
      Table(stacking: tables[number].ofRuns)
    }
    for (number, (kind, ofRuns)) in tables.enumerated() {
      self[kind] = stacked[number]
      var start = 0
      rowsOfRun[kind] = ofRuns.map { table in
        defer { start += table.rowCount }
        return start..<start + table.rowCount
      }
    }
  }

  /// The rows in a table of some of the runs asked for, by their numbers.
  package func table(_ kind: TableSource, ofRuns runs: some Sequence<Int>) -> Table {
    let ranges = rowsOfRun[kind] ?? []
    return self[kind].rows(in: runs.map { ranges[$0] })
  }

  /// The keys of what files note of runs without rows, whose own files are there: their paths or, where the table has none,
  /// their names; and the kind of the table, which may have no columns of its own then.
  package enum Note {
    package static let runs = "magnet.runs_without_rows"
    package static let kind = "magnet.table"
  }

  /// Notes which of the runs are sound and have no rows in a table.
  /// - Parameter havePaths: whether the table that is written has the runs' paths.
  package func noteRowless(_ kind: TableSource, of runs: [RunEntry], havePaths: Bool, in notes: FileNotes) {
    let faulty = Set(faults.map(\.run))
    let rowless = zip(runs.indices, rowsOfRun[kind] ?? []).compactMap { number, rows in
      let run = runs[number]
      return rows.isEmpty && !faulty.contains(number) && run.files.contains(kind.fileName) ? run : nil
    }
    if rowless.isEmpty { return }
    notes.add(rowless.map { havePaths ? $0.path : $0.name }, to: Note.runs)
    notes.add([kind.rawValue], to: Note.kind)
  }

  /// The table of each of the runs asked for.
  func runTables(_ kind: TableSource) -> [Table] { self[kind].parts(rowsOfRun[kind] ?? []) }

  /// The table of one kind of file; without columns and rows when it was not asked for.
  public subscript(kind: TableSource) -> Table {
    get { tables[kind] ?? Table() }
    set { tables[kind] = newValue }
  }

  /// One row per run; columns `run_spec.`...
  public var runSpecs: Table {
    get { self[.runSpecs] }
    set { self[.runSpecs] = newValue }
  }
  /// One row per request; columns `run_spec.name` and `scenario_state.`...
  public var scenarioStates: Table {
    get { self[.scenarioStates] }
    set { self[.scenarioStates] = newValue }
  }
  /// One row per statistic; columns `run_spec.name` and `stats.`...
  public var stats: Table {
    get { self[.stats] }
    set { self[.stats] = newValue }
  }
  /// One row per statistic of an instance; columns `run_spec.name` and `per_instance_stats.`...
  public var perInstanceStats: Table {
    get { self[.perInstanceStats] }
    set { self[.perInstanceStats] = newValue }
  }
}

/// What can list runs and load their tables.
public protocol RunSource: Sendable {
  /// The kinds of files that tables can be made of; HELM's four unless the source says otherwise.
  var sources: [TableSource] { get }
  /// The runs, and their run specs. A run that is incomplete is listed with its faults.
  func list() async throws -> RunListing
  /// The tables of some runs, stacked in the order given. A run that cannot be read is left out and reported in
  /// the result.
  /// - Parameters:
  ///   - runs: entries of `list()`.
  ///   - tables: the kinds of files to read.
  ///   - columns: the columns to make, by their full names, beside `run_spec.name`; nil for all. What is not asked
  ///     for is not kept, and costs little.
  func load(_ runs: [RunEntry], tables: Set<TableSource>, columns: Set<String>?) async throws -> RunTables
  /// The schemas that lie beside the runs: those of releases that name their suites, and those of the suites.
  func schemas() async throws -> SchemaDocuments
}

extension RunSource {
  public var sources: [TableSource] { TableSource.allCases }

  /// Lists the runs and loads all of them, with all columns of some kinds of files.
  ///
  /// ```swift
  /// let tables = try await runs.load()
  /// let models = tables.runSpecs[.model].unique()
  /// ```
  /// - Parameter tables: the kinds of files; nil for all that the source has.
  public func load(tables: Set<TableSource>? = nil) async throws -> RunTables {
    try await load(try await list().entries, tables: tables ?? Set(sources))
  }

  /// Loads all columns.
  public func load(_ runs: [RunEntry], tables: Set<TableSource>) async throws -> RunTables {
    try await load(runs, tables: tables, columns: nil)
  }

  /// Loads some columns, by what they mean.
  ///
  /// ```swift
  /// let entries = try await runs.list().entries
  /// let tables = try await runs.load(entries, tables: [.stats], columns: .metric, .split, .mean)
  /// ```
  public func load<First, each Rest>(
    _ runs: [RunEntry], tables: Set<TableSource>, columns first: ColumnKey<First>,
    _ rest: repeat ColumnKey<each Rest>
  ) async throws -> RunTables {
    var names = Set(first.names)
    repeat names.formUnion((each rest).names)
    return try await load(runs, tables: tables, columns: names)
  }
}
