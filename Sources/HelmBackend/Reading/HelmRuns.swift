public import Magnet

/// Runs in folders that HELM wrote.
///
/// ```swift
/// let runs = try HelmRuns("benchmark_output/runs/v1", "old-results.zip")
/// let listing = try await runs.list()
/// print(listing.runSpecs[.run].unique())
/// ```
public struct HelmRuns: RunSource {
  let folders: [RunDirectory]
  private let found: [String: RunDirectory]
  let lakes: [ParquetLake]
  /// What was unusual in archives, a sentence each.
  public let notes: [String]
  private let isStrict: Bool
  let workers: Int
  let progress: WorkProgress?
  let windowThreshold: Int
  let store: WarmStore?
  /// Larger files are not read in full to be kept: their columns take a part of the memory that they themselves would.
  var keepLimit = 1 << 30
  /// Which of the runs found there are listed.
  private var selection = RunSelection()
  public let sources: [TableSource]

  /// Files with more bytes are read in windows.
  static let windowThreshold = 64 << 20

  /// The runs under some paths, in path order, each once.
  ///
  /// A path is a folder that contains `benchmark_output`, that folder, `runs` in it, a suite, one run, or a pattern
  /// of these with `*`, `?` and `[...]`; or a zip, tar or tar.gz file of one, or a folder in it after an exclamation
  /// mark, `FILE.zip!/runs/v1`; or a folder of Parquet files as `magnet export parquet` writes them, or one of these.
  /// Nothing is read yet but the folders' and archives' lists of files, and which runs Parquet files hold; a .tar.gz
  /// is inflated once for it.
  /// - Parameters:
  ///   - paths: where runs are.
  ///   - isStrict: whether the first faulty run ends `list` and `load` with its fault, instead of being left out.
  ///   - workers: how many files are read at once; results do not depend on it. As a rule one for each core.
  ///   - progress: told how far `list` and `load` have come.
  ///   - limits: how much archives and compressed files may inflate to.
  ///   - sources: the kinds of files to make tables of; default: HELM's four.
  ///   - store: keeps the columns of what is read, and has those of files that did not change. On a miss all columns
  ///     of a file are read, whichever are asked for.
  /// - Throws: `DataFault` for a path that is not there, a pattern that matches nothing, or a path without runs.
  public init(
    _ paths: String..., isStrict: Bool = false, workers: Int? = nil, progress: WorkProgress? = nil,
    limits: InflateLimits = .standard, sources: [TableSource] = TableSource.allCases, store: WarmStore? = nil
  ) throws {
    try self.init(
      paths: paths, isStrict: isStrict, workers: workers, progress: progress, limits: limits,
      sources: sources, store: store)
  }

  /// The same for a list of paths.
  public init(
    paths: [String], isStrict: Bool = false, workers: Int? = nil, progress: WorkProgress? = nil,
    limits: InflateLimits = .standard, sources: [TableSource] = TableSource.allCases, store: WarmStore? = nil
  ) throws {
    try self.init(
      paths: paths, isStrict: isStrict, workers: workers, progress: progress, limits: limits,
      windowThreshold: Self.windowThreshold, sources: sources, store: store)
  }

  init(
    paths: [String], isStrict: Bool, workers: Int?, progress: WorkProgress?,
    limits: InflateLimits = .standard, windowThreshold: Int, sources: [TableSource] = TableSource.allCases,
    store: WarmStore? = nil
  ) throws {
    self.sources = sources
    self.store = store
    var lakes: [ParquetLake] = []
    var folders: [String] = []
    for path in paths {
      let files = ParquetLake.files(path)
      if !files.isEmpty { lakes.append(try ParquetLake(path: path, files: files, sources: sources)) }
      // A folder of Parquet files may hold runs too.
      if files.isEmpty || (try? RunLocator([path], limits: limits)) != nil { folders.append(path) }
    }
    self.lakes = lakes
    self.workers = workers ?? Environment.processorCount
    let locator = try RunLocator(folders, limits: limits, store: store, workers: self.workers)
    self.folders = locator.runs
    notes = locator.notes
    found = Dictionary(locator.runs.map { ($0.path, $0) }, uniquingKeysWith: { $1 })
    self.isStrict = isStrict
    self.progress = progress
    self.windowThreshold = windowThreshold
  }

  /// These runs, as far as they are meant: `list` leaves out the others.
  public func selecting(_ selection: RunSelection) -> HelmRuns {
    var runs = self
    runs.selection = selection
    return runs
  }

  /// The paths of the runs' folders, in path order.
  public var runFolders: [String] { folders.map(\.path) }

  /// The runs, as far as the names of their folders say, with the sizes of the files that tables are made of.
  func sizedRuns() throws -> [(entry: RunEntry, bytes: Int)] {
    let all: [(entry: RunEntry, bytes: Int)] =
      folders.filter { $0.fault == nil }.map { folder in
        let names = folder.names
        let entry = RunEntry(
          suite: names.suite, folder: names.folder, path: folder.path, name: nil, files: folder.files,
          faults: [])
        let sizes = sources.filter(folder.has).map { (try? folder.open($0))?.expectedSize ?? 0 }
        return (entry, sizes.reduce(0, +))
      } + lakes.flatMap { lake in lake.listing.entries.map { ($0, 0) } }
    if selection.isOfAll { return all }
    let listing = RunListing(entries: all.map(\.entry), runSpecs: Table(), entryOfRow: [])
    let meant = Set(try selection.filtered(listing).entries.map(\.path))
    return all.filter { meant.contains($0.entry.path) }
  }

  /// What keeps archives from being read whole; each is also the fault of an entry of `list`.
  public var archiveFaults: [DataFault] { folders.compactMap(\.fault) }

  /// The runs with their run specs, read in full, and their faults, as far as the ends of their other files tell.
  public func list() async throws -> RunListing {
    let own = try await listFolders(isStrict: isStrict && selection.isOfAll)
    // A run that is read from its folder is not read from a Parquet file too.
    let folders = Set(self.folders.map(\.path))
    let all =
      lakes.isEmpty
      ? own : RunListing(joining: [own] + lakes.map { $0.listing.filter { !folders.contains($0.path) } })
    let meant = try selection.filtered(all, keeping: Set(self.folders.filter { $0.fault != nil }.map(\.path)))
    if isStrict, let fault = meant.entries.lazy.flatMap(\.faults).first { throw fault }
    return meant
  }

  /// Reads tables of some runs. A run with a fault in any of the files asked for has no rows in any table.
  ///
  /// Files of more than 64 MB are read in windows, by all workers, so that memory is bounded by the columns asked
  /// for and not by the file.
  public func load(
    _ runs: [RunEntry], tables: Set<TableSource>, columns: Set<String>?
  ) async throws -> RunTables {
    let kinds = sources.filter(tables.contains)
    let choice = WarmChoice(columns)
    var loaded = try await forEach(runs, columns: columns) { reader, run -> LoadedRun in
      reader.files.counts = ReadingCounts()
      var loaded = LoadedRun()
      if found[run.path] == nil, lakes.contains(where: { $0.has(run) }) { return loaded }
      do throws(DataFault) {
        if !run.isNamed, let fault = run.faults.first { throw fault }
        let folder = directory(run)
        for kind in kinds where kind.isExpected || folder.has(kind) {
          if let table = try table(kind, of: folder, name: run.name, reader, choice) {
            loaded.tables[kind] = table
          } else {
            loaded.large.append(kind)
          }
        }
      } catch { loaded.fault = error }
      if isStrict, let fault = loaded.fault { throw fault }
      loaded.counts = reader.files.counts
      return loaded
    }
    for number in loaded.indices where loaded[number].fault == nil {
      for kind in loaded[number].large {
        do {
          let (table, counts) = try await largeTable(kind, of: runs[number], columns: columns)
          loaded[number].tables[kind] = table
          loaded[number].counts += counts
        } catch let fault as DataFault where !isStrict { loaded[number].fault = fault }
      }
    }
    for lake in lakes {
      let numbers = runs.indices.filter { lake.has(runs[$0]) && found[runs[$0].path] == nil }
      if numbers.isEmpty { continue }
      for kind in kinds {
        let tables = try lake.tables(kind, of: numbers.map { runs[$0] }, columns: columns)
        for (number, table) in zip(numbers, tables) { loaded[number].tables[kind] = table }
      }
    }
    var out = RunTables(
      stacking: loaded.map { run in run.fault.map { .failure($0) } ?? .success(run.tables) }, kinds: kinds)
    out.counts = loaded.map(\.counts)
    return out
  }

  /// Where a run lies: one of those found, or else a folder on the disk.
  func directory(_ run: RunEntry) -> RunDirectory {
    found[run.path] ?? RunDirectory(path: run.path, files: run.files)
  }

  private struct LoadedRun {
    var tables: [TableSource: Table] = [:]
    /// The tables whose files are to be read in windows.
    var large: [TableSource] = []
    var fault: DataFault?
    var counts = ReadingCounts()
  }

  /// Does work on each item, several at once with a reader each; the results are in the items' order.
  func forEach<Item: Sendable, Result: Sendable>(
    _ items: [Item], columns: Set<String>?,
    _ work: @escaping @Sendable (RunReader, Item) throws -> Result
  ) async throws -> [Result] {
    let next = NextNumber()
    progress?.expect(items.count, in: .reading)
    typealias Part = (done: [(Int, Result)], failure: (item: Int, error: any Error)?)
    let parts = try await Workers.run(min(workers, items.count)) { () -> Part in
      let reader = RunReader(columns: columns)
      var done: [(Int, Result)] = []
      while let number = next.take(below: items.count) {
        try Task.checkCancellation()
        do { done.append((number, try work(reader, items[number]))) } catch {
          next.end()
          return (done, (number, error))
        }
        progress?.advance()
      }
      return (done, nil)
    }
    // The first failure in the items' order, whichever worker met its own first.
    if let first = parts.compactMap(\.failure).min(by: { $0.item < $1.item }) { throw first.error }
    var results = [Result?](repeating: nil, count: items.count)
    for part in parts { for (number, result) in part.done { results[number] = result } }
    return results.compactMap { $0 }
  }
}
