public import Magnet

/// Runs in folders that HELM wrote.
///
/// ```swift
/// let runs = try HelmRuns("benchmark_output/runs/v1", "old-results.zip")
/// let listing = try await runs.list()
/// print(listing.runSpecs[.run].unique())
/// ```
public struct HelmRuns: RunSource {
  /// The runs in folders and archives, in path order.
  let folders: [RunDirectory]
  /// The runs in Parquet files.
  let lake: ParquetLake?
  /// What was unusual in archives and Parquet files, a sentence each.
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
  /// mark, `FILE.zip!/runs/v1`; or a folder of Parquet files as `magnet export parquet` writes them, or one of these, or
  /// a pattern of either, or a run in it, `LAKE!/RUN`.
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
    let workers = workers ?? Environment.processorCount
    let named = paths.map { (path: $0, places: ParquetPlace.named($0)) }
    let places = ParquetPlace.joined(named.flatMap(\.places))
    lake = places.isEmpty ? nil : try ParquetLake(places, sources: sources, jobs: workers)
    let folders = named.filter { path, places in
      // A folder of Parquet files may hold runs too.
      places.isEmpty
        || places.allSatisfy { $0.run == nil } && (try? RunLocator([path], limits: limits)) != nil
    }
    .map(\.path)
    self.workers = workers
    let locator = try RunLocator(folders, limits: limits, store: store, workers: self.workers)
    self.folders = locator.runs
    notes = locator.notes + (lake?.notes ?? [])
    archiveFaults = locator.runs.indices.compactMap { locator.runs[$0].fault }
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
  package var runFolders: [String] { folders.map(\.path) }

  /// The runs, as far as the names of their folders say, with the sizes of the files that tables are made of.
  /// - Throws: `DataFault` where runs lie in Parquet files, which say nothing of the kind.
  func sizedRuns() throws -> [(entry: RunEntry, bytes: Int)] {
    if let place = lake?.places.first {
      throw DataFault(
        file: place.path, problem: "Parquet files are parts already",
        advice: "name the folders or archives that runs lie in")
    }
    let all: [(entry: RunEntry, bytes: Int)] =
      folders.filter { $0.fault == nil }.map { folder in
        let names = folder.names
        let entry = RunEntry(
          suite: names.suite, folder: names.folder, path: folder.path, name: nil, files: folder.files,
          faults: [])
        let sizes = sources.filter(folder.has).map { (try? folder.open($0))?.expectedSize ?? 0 }
        return (entry, sizes.reduce(0, +))
      }
    if selection.isOfAll { return all }
    let listing = RunListing(entries: all.map(\.entry), runSpecs: Table(), entryOfRow: [])
    let meant = Set(try selection.filtered(listing).entries.map(\.path))
    return all.filter { meant.contains($0.entry.path) }
  }

  /// What keeps archives from being read whole; each is also the fault of an entry of `list`.
  package let archiveFaults: [DataFault]

  /// The runs with their run specs, read in full, and their faults, as far as the ends of their other files tell.
  public func list() async throws -> RunListing {
    var all = try await listFolders(isStrict: isStrict && selection.isOfAll)
    if let lake {
      // A run that is read from its folder is not read from a Parquet file too.
      let folders = Set(folders.map(\.path))
      all = RunListing(joining: [all, lake.listing.filter { !folders.contains($0.path) }])
      if lake.havePaths, !folders.isEmpty { all = all.sorted { pathOrder($0.path, $1.path) } }
    }
    if !isStrict, selection.isOfAll { return all }
    let meant = try selection.filtered(all, keeping: Set(folders.filter { $0.fault != nil }.map(\.path)))
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
    let choice = WarmChoice(columns, packs: store?.packs() ?? [])
    var loaded = try await forEach(runs.count, choice) { reader, number -> LoadedRun in
      let run = runs[number]
      reader.files.counts = ReadingCounts()
      var loaded = LoadedRun(tables: Array(repeating: Table(), count: kinds.count))
      let found = self.number(of: run, near: number)
      do throws(DataFault) {
        if found == nil, let lake, lake.has(run) {
          if let fault = lake.fault(of: run, kinds) { throw fault }
          return loaded
        }
        if !run.isNamed, let fault = run.faults.first { throw fault }
        let folder = found.map { folders[$0] } ?? RunDirectory(path: run.path, files: run.files)
        for (place, kind) in kinds.enumerated() where kind.isExpected || folder.has(kind) {
          if let table = try table(kind, of: folder, name: run.name, reader) {
            loaded.tables[place] = table
          } else {
            loaded.large.append(place)
          }
        }
      } catch { loaded.fault = error }
      if isStrict, let fault = loaded.fault { throw fault }
      loaded.counts = reader.files.counts
      return loaded
    }
    for number in loaded.indices where loaded[number].fault == nil {
      for place in loaded[number].large {
        do {
          let (table, counts) = try await largeTable(kinds[place], of: runs[number], columns: columns)
          loaded[number].tables[place] = table
          loaded[number].counts += counts
        } catch let fault as DataFault where !isStrict { loaded[number].fault = fault }
      }
    }
    if let lake {
      let numbers = runs.indices.filter {
        loaded[$0].fault == nil && lake.has(runs[$0]) && number(of: runs[$0]) == nil
      }
      for (place, kind) in kinds.enumerated() {
        let tables = try lake.tables(kind, of: numbers.map { runs[$0] }, columns: columns)
        for (number, table) in zip(numbers, tables) { loaded[number].tables[place] = table }
      }
    }
    var out = RunTables(
      stacking: kinds.enumerated().map { place, kind in
        (kind, loaded.indices.map { loaded[$0].fault == nil ? loaded[$0].tables[place] : Table() })
      },
      faults: loaded.indices.compactMap { number in loaded[number].fault.map { (number, $0) } })
    out.counts = loaded.indices.map { loaded[$0].counts }
    return out
  }

  /// Where a run lies: one of those found, or else a folder on the disk.
  func directory(_ run: RunEntry) -> RunDirectory {
    number(of: run).map { folders[$0] } ?? RunDirectory(path: run.path, files: run.files)
  }

  /// The number of a run among those found; nil where it is none of them.
  /// - Parameter guess: where it is as a rule.
  private func number(of run: RunEntry, near guess: Int = 0) -> Int? {
    if guess < folders.count, folders[guess].path == run.path { return guess }
    var (low, high) = (0, folders.count)
    while low < high {
      let middle = (low + high) / 2
      if pathOrder(folders[middle].path, run.path) { low = middle + 1 } else { high = middle }
    }
    return low < folders.count && folders[low].path == run.path ? low : nil
  }

  private struct LoadedRun {
    /// One for each kind.
    var tables: [Table]
    /// The numbers of those whose files are to be read in windows.
    var large: [Int] = []
    var fault: DataFault?
    var counts = ReadingCounts()
  }

  /// Does work on each number below `count`, several at once with a reader each; the results are in order.
  func forEach<Result: Sendable>(
    _ count: Int, _ choice: WarmChoice, _ work: @escaping @Sendable (RunReader, Int) throws -> Result
  ) async throws -> [Result] {
    let next = NextNumber()
    progress?.expect(count, in: .reading)
    // Of many runs each worker takes some at once; the last ones are short.
    let size = max(1, min(64, count / (workers * 32)))
    let blocks = (count + size - 1) / size
    typealias Part = (done: [(block: Int, results: [Result])], failure: (number: Int, error: any Error)?)
    let parts = try await Workers.run(min(workers, blocks)) { () -> Part in
      let reader = RunReader(choice)
      var done: [(block: Int, results: [Result])] = []
      while let block = next.take(below: blocks) {
        try Task.checkCancellation()
        let numbers = block * size..<min((block + 1) * size, count)
        var results: [Result] = []
        results.reserveCapacity(numbers.count)
        for number in numbers {
          do { results.append(try work(reader, number)) } catch {
            next.end()
            return (done, (number, error))
          }
        }
        done.append((block, results))
        progress?.advance(by: numbers.count)
      }
      return (done, nil)
    }
    // The first failure in order, whichever worker met its own first.
    if let first = parts.compactMap(\.failure).min(by: { $0.number < $1.number }) { throw first.error }
    return parts.flatMap(\.done).sorted { $0.block < $1.block }.flatMap(\.results)
  }
}
