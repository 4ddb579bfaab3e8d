public import Magnet
import Synchronization

/// Runs in folders that HELM wrote.
public struct HelmRuns: RunSource {
  private let folders: [RunDirectory]
  private let isStrict: Bool
  private let workers: Int

  /// The runs under some paths, in path order, each once.
  ///
  /// A path is a folder that contains `benchmark_output`, that folder, `runs` in it, a suite, one run, or a pattern
  /// of these with `*`, `?` and `[...]`. Nothing is read yet but the folders' lists of files.
  /// - Parameters:
  ///   - isStrict: whether the first faulty run ends `list` and `load` with its fault, instead of being left out.
  ///   - workers: how many files are read at once; results do not depend on it. As a rule one for each core.
  /// - Throws: `RunFault` for a path that is not there, a pattern that matches nothing, or a path without runs.
  public init(_ paths: String..., isStrict: Bool = false, workers: Int? = nil) throws {
    try self.init(paths: paths, isStrict: isStrict, workers: workers)
  }

  /// The same for a list of paths.
  public init(paths: [String], isStrict: Bool = false, workers: Int? = nil) throws {
    folders = try RunLocator.locate(paths)
    self.isStrict = isStrict
    self.workers = workers ?? FileSystem.processorCount
  }

  /// The runs with their run specs, read in full, and their faults, as far as the ends of their other files tell.
  public func list() async throws -> RunListing {
    let found = try await forEach(folders) { reader, folder -> (RunEntry, Table?) in
      var faults = folder.faults(reader.files)
      var table: Table?
      if !folder.files.isEmpty {
        do throws(RunFault) { table = try reader.table(.runSpecs, of: folder, run: "") } catch {
          faults.insert(error, at: 0)
        }
      }
      if isStrict, let fault = faults.first { throw fault }
      let entry = RunEntry(
        suite: folder.suite, folder: folder.folder, path: folder.path,
        name: table?[.run].first,
        files: RunDirectory.knownFiles.filter(folder.files.contains), faults: faults)
      return (entry, table)
    }
    return RunListing(
      entries: found.map(\.0), runSpecs: Table(stacking: found.compactMap(\.1)),
      entryOfRow: found.indices.filter { found[$0].1 != nil })
  }

  /// Reads tables of some runs. A run with a fault in any of the files asked for has no rows in any table.
  public func load(_ runs: [RunEntry], tables: Set<TableKind>) async throws -> RunTables {
    let kinds = TableKind.allCases.filter(tables.contains)
    let loaded = try await forEach(runs) {
      reader, run -> (Result<[TableKind: Table], RunFault>, ReadingCounts) in
      reader.files.counts = ReadingCounts()
      let result = self.read(run, kinds, reader)
      if isStrict, case .failure(let fault) = result { throw fault }
      return (result, reader.files.counts)
    }
    var tables = RunTables(stacking: loaded.map(\.0), kinds: kinds)
    tables.counts = loaded.map(\.1)
    return tables
  }

  private func read(
    _ run: RunEntry, _ kinds: [TableKind], _ reader: RunReader
  ) -> Result<[TableKind: Table], RunFault> {
    if !run.isNamed, let fault = run.faults.first { return .failure(fault) }
    let folder = RunDirectory(path: run.path, files: run.files)
    do throws(RunFault) {
      var out: [TableKind: Table] = [:]
      for kind in kinds { out[kind] = try reader.table(kind, of: folder, run: run.name) }
      return .success(out)
    } catch { return .failure(error) }
  }

  /// Does work on each item, several at once with a reader each; the results are in the items' order.
  private func forEach<Item: Sendable, Result: Sendable>(
    _ items: [Item], _ work: @escaping @Sendable (RunReader, Item) throws -> Result
  ) async throws -> [Result] {
    let next = NextItem()
    return try await withThrowingTaskGroup(of: [(Int, Result)].self) { group in
      for _ in 0..<min(workers, items.count) {
        group.addTask {
          let reader = RunReader()
          var done: [(Int, Result)] = []
          while let number = next.take(below: items.count) {
            try Task.checkCancellation()
            done.append((number, try work(reader, items[number])))
          }
          return done
        }
      }
      var results = [Result?](repeating: nil, count: items.count)
      for try await done in group {
        for (number, result) in done { results[number] = result }
      }
      return results.compactMap { $0 }
    }
  }
}

/// Hands out the numbers 0, 1, 2 ... to several workers, each once.
private final class NextItem: Sendable {
  private let counter = Atomic(0)

  func take(below count: Int) -> Int? {
    let number = counter.wrappingAdd(1, ordering: .relaxed).oldValue
    return number < count ? number : nil
  }
}
