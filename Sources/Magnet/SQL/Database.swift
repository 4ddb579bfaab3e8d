/// SQL over runs: SQLite's query language over the columns of the tables, which are read when a query needs them.
///
/// Queries see the four tables `run_specs`, `scenario_states`, `stats` and `per_instance_stats`, their columns under
/// the flattened names (in double quotes), and relations that need no quotes: `runs`, `scores`, `instances`,
/// `instance_scores`, `headline` (what `HeadlineTable` has, with the run's model and task) and `leaderboard` (the long
/// tables of all boards). In `scores` and `instance_scores`, `is_main` is 1 for the rows that a run's score is made of.
/// Only files that a query needs are read, and of them only the columns it names; conditions on
/// the run, scenario, model or suite keep the files of other runs closed. Nothing can be written or attached.
///
/// ```swift
/// let answer = try await Database(runs).query(
///   "SELECT model, avg(mean) AS mean FROM scores WHERE is_main GROUP BY model ORDER BY mean DESC")
/// print(answer.table)
/// for fault in answer.faults { print(fault) }
/// ```
public struct Database: Sendable {
  private let source: any RunSource
  /// What decides which statistic is the score of a run; nil for what the schemas beside the runs and HELM's own say.
  public var rules: HeadlineRules?
  /// How long a query may take, loading included; nil for no limit.
  public var timeLimit: Duration?

  /// A database over the runs of a source.
  public init(_ source: some RunSource) { self.source = source }

  /// What a query gave.
  public struct Answer: Sendable {
    /// One row per result row.
    public let table: Table
    /// Faults of the runs that the query needed and that were left out.
    public let faults: [DataFault]
    /// What the user should know of how the answer came about.
    package let notes: [String]
  }

  /// Answers a query.
  /// - Throws: `MagnetError` when the query is wrong, tries to write, or takes too long; `CancellationError` when the task
  ///   is cancelled; what the source throws.
  /// - Parameters:
  ///   - text: one SELECT.
  ///   - parameters: values for the query's parameters by their names, without `:`, `@` or `$`.
  public func query(_ text: String, parameters: [String: Cell] = [:]) async throws -> Answer {
    let parsed = SQLText(text)
    var runs = try await source.list()
    var notes: [String] = []
    if parsed.words.contains("runs"),
      parsed.words.contains("state") || parsed.words.contains("problem") || parsed.selectsAll
    {
      runs = try await runs.checkingStatistics(of: source)
      if runs.entries.contains(where: \.faults.isEmpty) {
        notes.append(
          "a complete run is so by stats.json and the ends of its other files; `magnet runs --check` reads all in full"
        )
      }
    }
    let listing = runs
    let known = notes
    let limit = timeLimit
    let source = source
    let rules = rules
    return try await Workers.blocking {
      var faults: [DataFault] = []
      let catalog = RunCatalog(listing: listing, source: source, rules: rules) { runs, kind, columns in
        let tables = try Workers.waiting {
          try await source.load(runs.map { listing.entries[$0] }, tables: [kind], columns: columns)
        }
        faults += tables.faults.map(\.fault)
        return tables.soundTables(kind)
      }
      let relations = try Self.relations(for: parsed, catalog, source.sources)
      let connection = try SQLConnection(relations, catalog, timeLimit: limit)
      let table: Table
      do {
        try connection.checkNames(parsed)
        table = try connection.answer(text, parameters)
      } catch let error as MagnetError { throw Self.advised(error, parsed, catalog, connection) }
      try Self.checkNames(parsed, catalog, source.sources, relations)
      try catalog.checkMetrics()
      // What a run without a readable run spec holds is missing from every table.
      if catalog.hasReadTables { faults = listing.entries.filter { !$0.isNamed }.flatMap(\.faults) + faults }
      faults += catalog.scoreFaults
      var seen: Set<DataFault> = []
      return Answer(table: table, faults: faults.filter { seen.insert($0).inserted }, notes: known)
    }
  }

  /// The statements of a script, without the semicolons between them; a semicolon in a text or comment ends none. A line
  /// that begins with a dot where a statement would begin is one by itself.
  package static func statements(in script: String) -> [String] {
    var statements: [String] = []
    let bytes = Array(script.utf8)
    var start = 0
    var at = 0
    var isEmpty = true
    func end() {
      let text = String(decoding: bytes[start..<at], as: UTF8.self)
      if !isEmpty { statements.append(text) }
      isEmpty = true
    }
    /// Goes on to what follows the next of some bytes.
    func skip(to ending: [UInt8]) {
      while at < bytes.count, !bytes[at...].starts(with: ending) { at += 1 }
      at = min(at + ending.count, bytes.count)
    }
    while at < bytes.count {
      let byte = bytes[at]
      switch byte {
      case UInt8(ascii: ";"):
        end()
        at += 1
        start = at
      case UInt8(ascii: "."):
        if isEmpty {
          start = at
          isEmpty = false
          while at < bytes.count, bytes[at] != UInt8(ascii: "\n") { at += 1 }
          end()
          start = at
        } else {
          at += 1
        }
      case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: "["):
        isEmpty = false
        at += 1
        skip(to: [byte == UInt8(ascii: "[") ? UInt8(ascii: "]") : byte])
      case UInt8(ascii: "-") where bytes[at...].starts(with: "--".utf8): skip(to: [UInt8(ascii: "\n")])
      case UInt8(ascii: "/") where bytes[at...].starts(with: "/*".utf8):
        at += 2
        skip(to: Array("*/".utf8))
      default:
        if byte > 0x20 { isEmpty = false }
        at += 1
      }
    }
    end()
    return statements
  }

  /// Whether a text ends with the semicolon of a whole statement.
  package static func isComplete(_ text: String) -> Bool { SQLConnection.isComplete(text) }

  /// The names and columns of the relations that need no quotes, for people.
  package static var schema: [(name: String, columns: [String])] {
    Relation.tidy.map { ($0.name, $0.columns.map(\.name)) }
  }

  /// The relations a query may name. A table has the columns that the query's text names; all of them where it asks
  /// for all.
  static func relations(
    for text: SQLText, _ catalog: RunCatalog, _ kinds: [TableSource]
  ) throws -> [Relation] {
    let tables = try kinds.map { kind in
      var names = text.quotedNames.filter { $0.hasPrefix(kind.prefix) }.sorted()
      names.removeAll { $0.contains("\0") }
      if text.selectsAll || text.words.contains("pragma"), text.words.contains(kind.sqlName) {
        names = try allColumns(kind, catalog)
      } else if kind == .runSpecs {
        names = catalog.listing.runSpecs.columnNames
      }
      if names.count >= Relation.columnLimit {
        throw MagnetError(
          .unsupported,
          "\(kind.sqlName) has \(names.count) columns, more than the \(Relation.columnLimit) that SQLite allows",
          advice: "name those you need instead of *")
      }
      let used = text.quotedNames.intersection(names)
      if let (one, other) = SQLColumnNames.clash(in: used.sorted()) {
        throw MagnetError(
          .unsupported,
          "the names '\(one)' and '\(other)' differ in the case of letters alone, and SQL cannot tell them apart",
          advice:
            "name one of them; (SELECT * FROM \(kind.sqlName)) has both, one with _2 at the end of its name")
      }
      return Relation.table(kind, columns: names, used: used)
    }
    return Relation.tidy + tables
  }

  /// The names of all columns that a table has in any run; reads all its files.
  private static func allColumns(_ kind: TableSource, _ catalog: RunCatalog) throws -> [String] {
    if kind == .runSpecs { return catalog.listing.runSpecs.columnNames }
    let tables = try catalog.allColumns(kind)
    return Table(stacking: tables).columnNames
  }

  /// A query's error with what would help against it: the nearest columns or relations, or other quotes.
  private static func advised(
    _ error: MagnetError, _ text: SQLText, _ catalog: RunCatalog, _ connection: SQLConnection
  ) -> MagnetError {
    func name(after start: String) -> String? {
      guard error.code == .invalidData, error.problem.hasPrefix(start) else { return nil }
      // Later versions of SQLite repeat the quotes and add a remark.
      let name = error.problem.dropFirst(start.count).prefix { $0 != " " || text.quotedNames.isEmpty }
      return name.hasPrefix("\"") ? String(name.dropFirst().prefix { $0 != "\"" }) : String(name)
    }
    if let name = name(after: "no such table: ") {
      let names = Relation.tidy.map(\.name) + TableSource.allCases.map(\.sqlName)
      return MagnetError(error.code, error.problem, advice: suggestion(for: name, among: names))
    }
    // A column may have the name of a word of SQL.
    if let word = name(after: "near "),
      Relation.tidy.contains(where: { relation in
        text.words.contains(relation.name) && relation.columns.contains { $0.name == word }
      })
    {
      return MagnetError(
        error.code, error.problem, advice: "put a column that is a word of SQL in double quotes: \"\(word)\"")
    }
    if let name = name(after: "no such function: ") {
      return MagnetError(
        error.code, error.problem, advice: suggestion(for: name, among: connection.functionNames))
    }
    let joined = error.problem.split(separator: " ").dropFirst(4).first.map(String.init)
    guard
      let name = name(after: "no such column: ")
        ?? (error.problem.hasPrefix("cannot join using column ") ? joined : nil)
    else { return error }
    var columns = Relation.tidy.filter { text.words.contains($0.name) }.flatMap { $0.columns.map(\.name) }
    let tables = TableSource.allCases.filter { text.words.contains($0.sqlName) }
    let flattened = tables.flatMap { (try? catalog.sampleColumns($0)) ?? [] }
    if flattened.contains(name) {
      return MagnetError(
        error.code, "no such column: \(name)", advice: "put flattened names in double quotes: \"\(name)\"")
    }
    columns += flattened
    let isQuoted = text.quotedNames.contains(name)
    // Without the alias of its table.
    let last = String(name.split(separator: ".").last ?? "")
    let advice = suggestion(for: name, among: columns) ?? suggestion(for: last, among: columns)
    if name == joined, error.problem.hasPrefix("cannot join") {
      return MagnetError(error.code, error.problem, advice: columns.contains(name) ? nil : advice)
    }
    return MagnetError(
      error.code, "no such column: \(name)",
      advice: advice ?? (isQuoted ? "put texts in single quotes: '\(name)'" : nil))
  }

  /// A flattened name that a query uses is a column of the table, whether a run has it or not: names that no run has
  /// are errors.
  private static func checkNames(
    _ text: SQLText, _ catalog: RunCatalog, _ kinds: [TableSource], _ relations: [Relation]
  ) throws {
    for kind in kinds where text.words.contains(kind.sqlName) {
      var given = text.aliases
      if text.selectsAll {
        given.formUnion(relations.filter { $0.name == kind.sqlName }.flatMap { $0.columns.map(\.name) })
      }
      let names = text.quotedNames.subtracting(given).sorted()
      for name in names where name.hasPrefix(kind.prefix) && name != ColumnKey.run.name {
        if try catalog.runs.isEmpty || catalog.hasColumn(name, kind) { continue }
        throw MagnetError(
          .notFound, "no column '\(name)'",
          advice: suggestion(for: name, among: try catalog.sampleColumns(kind)))
      }
    }
  }
}
