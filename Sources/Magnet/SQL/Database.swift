import Dispatch

/// SQL over runs: SQLite's query language over the columns of the tables, which are read when a query needs them.
///
/// Queries see the four tables `run_specs`, `scenario_states`, `stats` and `per_instance_stats`, their columns under
/// the flattened names (in double quotes), and relations that need no quotes: `runs`, `scores`, `instances`,
/// `instance_scores`. Only files that a query needs are read, and of them only the columns it names; conditions on
/// the run, scenario, model or suite keep the files of other runs closed. Nothing can be written or attached.
public struct Database: Sendable {
  private let source: any RunSource
  /// How long a query may take, loading included; nil for no limit.
  public var timeLimit: Duration?

  /// A database over the runs of a source.
  public init(_ source: some RunSource) { self.source = source }

  /// What a query gave.
  public struct Answer: Sendable {
    /// A row a row of the answer.
    public let table: Table
    /// What is wrong with runs that the query needed and that were left out.
    public let faults: [DataFault]
  }

  /// Answers a query.
  /// - Throws: `MagnetError` when the query is wrong, tries to write, or takes too long, and what the source throws.
  public func query(_ text: String) async throws -> Answer {
    let listing = try await source.list()
    let limit = timeLimit
    let source = source
    return try await Self.onThread {
      var faults: [DataFault] = []
      let catalog = RunCatalog(listing: listing) { runs, kind, columns in
        let tables = try Self.waiting {
          try await source.load(runs.map { listing.entries[$0] }, tables: [kind], columns: columns)
        }
        faults += tables.faults.map(\.fault)
        return Dictionary(
          uniqueKeysWithValues: runs.enumerated().map { ($1, tables.table(kind, ofRuns: [$0])) })
      }
      let relations = try Self.relations(for: SQLText(text), catalog)
      let connection = try SQLConnection(relations, catalog, timeLimit: limit)
      let table = try connection.answer(text)
      try Self.checkNames(SQLText(text), catalog)
      return Answer(table: table, faults: faults)
    }
  }

  /// The names and columns of the relations that need no quotes, for people.
  public static var schema: [(name: String, columns: [String])] {
    Relation.tidy.map { ($0.name, $0.columns.map(\.name)) }
  }

  /// The relations a query may name. A table has the columns that the query's text names; all of them where it asks
  /// for all.
  private static func relations(for text: SQLText, _ catalog: RunCatalog) throws -> [Relation] {
    let tables = try TableKind.allCases.map { kind in
      var names = text.quotedNames.filter { $0.hasPrefix(kind.prefix) }.sorted()
      if text.selectsAll, text.words.contains(kind.sqlName) {
        names = try allColumns(kind, catalog)
      } else if kind == .runSpecs {
        names = catalog.listing.runSpecs.columnNames
      }
      return Relation.table(kind, columns: names)
    }
    return Relation.tidy + tables
  }

  /// The names of all columns that a table has in any run; reads all its files.
  private static func allColumns(_ kind: TableKind, _ catalog: RunCatalog) throws -> [String] {
    if kind == .runSpecs { return catalog.listing.runSpecs.columnNames }
    let tables = try catalog.allColumns(kind)
    return Table(stacking: catalog.runs.compactMap { tables[$0] }).columnNames
  }

  /// SQLite takes a name in double quotes that no table has for a text: say so instead.
  private static func checkNames(_ text: SQLText, _ catalog: RunCatalog) throws {
    for kind in TableKind.allCases where text.words.contains(kind.sqlName) {
      for name in text.quotedNames.sorted() where name.hasPrefix(kind.prefix) && name != "run_spec.name" {
        let known = catalog.knownColumns(kind)
        if known.isEmpty || known.contains(name) { continue }
        let nearest = nearestNames(to: name, among: try catalog.sampleColumns(kind))
        throw MagnetError(
          .notFound, "no run has a column \(name); near it: \(nearest.joined(separator: ", "))")
      }
    }
  }

  /// Does work on a thread of its own, as it waits for tasks.
  private static func onThread<R: Sendable>(_ work: @escaping @Sendable () throws -> R) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue(label: "magnet.sql").async { continuation.resume(with: Result(catching: work)) }
    }
  }

  /// Waits for a task. Not to be called on a thread that tasks run on.
  private static func waiting<R: Sendable>(_ task: @escaping @Sendable () async throws -> R) throws -> R {
    let done = DispatchSemaphore(value: 0)
    let box = ResultBox<R>()
    Task {
      do { box.result = .success(try await task()) } catch { box.result = .failure(error) }
      done.signal()
    }
    done.wait()
    return try box.result!.get()
  }
}

/// Written by one thread before a semaphore is signalled and read by another after it was waited for.
private final class ResultBox<R: Sendable>: @unchecked Sendable {
  var result: Result<R, any Error>?
}
