import Magnet

/// The queries of a card, prepared: whatever is wrong with them is known before any is asked.
final class SQLQueries {
  typealias Symbol = CardDefinition.Symbol
  typealias Block = CardDefinition.Block

  let session: QuerySession
  let claim: QuerySession.Statement?
  let unsure: QuerySession.Statement?
  let filter: QuerySession.Statement?
  private(set) var symbols: [String: QuerySession.Statement] = [:]
  private(set) var sweeps: [String: QuerySession.Statement] = [:]
  /// The symbols that queries see as tables, with the columns of these.
  private(set) var tables: [String: [String]] = [:]
  /// The types of the symbols whose values are asked by a query.
  private(set) var types: [String: SQLType] = [:]
  let message: ClaimMessage?
  /// The rows that tables have.
  var filled: [String: [[Cell]]] = [:]

  /// - Parameter isForChecking: whether the queries are only prepared, so that no runs are needed.
  /// - Throws: `CardFaults` with every fault of the queries; `MagnetError` where a file cannot be attached.
  init(
    _ card: CardDefinition, path: String, _ source: (any RunSource)?, _ listing: RunListing?,
    _ results: PipelineResults?,
    timeLimit: Duration?,
    isForChecking: Bool = false
  ) throws {
    let order: [String] =
      switch SymbolOrder.order(card.symbols.map { ($0.name, $0.dependsOn.map(\.name)) }) {
      case .success(let names): names
      case .failure: card.symbols.map(\.name)
      }
    let known = Dictionary(card.symbols.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    let texts = card.queryTexts
    let folder = CardFiles.folder(of: path)
    let attached = try card.attached.map { name, file, mark in
      let full = CardFiles.path(file, from: folder)
      guard Files.isFile(full) || Files.isFolder(full) else {
        let problem = Files.exists(full) ? "\(full) is not a file" : "no file \(full)"
        throw CardFaults([CardFault(file: path, mark: mark, problem: problem)])
      }
      return (name: name, path: full, mark: mark)
    }
    let runs: any RunSource = source ?? NoRuns()
    let allWords = QuerySession.words(texts.joined(separator: "\n;\n"))
    session = try QuerySession(
      runs, listing: listing ?? Self.noListing(for: isForChecking ? texts : []), texts: texts,
      attached: attached.filter { !LinesTable.reads($0.path) }.map { ($0.name, $0.path) },
      timeLimit: timeLimit)
    var reader = SchemaReader(file: path)
    let session = session
    var prepared: [String: QuerySession.Statement] = [:]
    var swept: [String: QuerySession.Statement] = [:]
    var made: [String: [String]] = [:]

    for (name, file, mark) in attached where LinesTable.reads(file) {
      do {
        let lines = try LinesTable(file)
        try session.makeTable(name, columns: lines.columns)
        try session.fill(name, rows: lines.rows)
      } catch { reader.error(mark, "\(file): \(Self.sentence(error))") }
    }
    if let results {
      let table = results.table
      try session.makeTable(PipelineResults.relation, columns: table.columns)
      try session.fill(
        PipelineResults.relation, rows: table.rows.map { $0.map { Cell($0) ?? .json($0.json) } })
    }

    // Tables whose columns are known from the results alone, and those of symbols that come from such a table.
    var open: Set<String> = []
    if isForChecking {
      if card.pipeline != nil {
        try session.makeTable(PipelineResults.relation, columns: ["process", "problem"])
        open.insert(PipelineResults.relation)
      }
      open.insert(TableSource.runSpecs.sqlName)
    }

    let names = card.symbols.map(\.name)
    // Names of tables as queries write them, in lower case.
    var tableNames: [String: String] = [:]

    /// - Parameter isVisible: whether the query may use a symbol; nil for all of them.
    func prepare(
      _ text: String, _ block: Block, _ place: String, _ isVisible: ((String) -> Bool)?
    ) -> QuerySession.Statement? {
      let words = QuerySession.words(block.text)
      if source == nil, !isForChecking,
        let relation = QuerySession.relationNames.first(where: { words.contains($0) }), made[relation] == nil
      {
        reader.error(
          block.mark, "\(place) asks \(relation), and no runs are given",
          "name them after the card, or in data")
        return nil
      }
      if let isVisible, let name = words.compactMap({ tableNames[$0] }).filter({ !isVisible($0) }).min() {
        reader.error(
          block.mark, "\(place) asks \(name), which it does not depend on", "add depends_on: [\(name)]")
        return nil
      }
      let statement: QuerySession.Statement
      do {
        statement = try session.prepare(text, openTables: words.intersection(open).sorted())
      } catch {
        let sentence = Self.sentence(error)
        let table = tableNames.values.first { sentence.hasPrefix("no such column: \($0)") && made[$0] != nil }
        reader.error(
          block.mark, "\(place): \(sentence)",
          table.map { "'\($0)' is a table: SELECT \(made[$0]?.first ?? "value") FROM \($0)" })
        return nil
      }
      var isSound = true
      for name in statement.parameters {
        if name.isEmpty {
          reader.error(block.mark, "\(place) has a parameter without a name", "write :name")
        } else if known[name] == nil {
          reader.error(
            block.mark, "\(place) uses :\(name), which is not a symbol" + reader.suggestion(name, names)
          )
        } else if made[name] != nil {
          reader.error(
            block.mark, "\(place) uses :\(name), which is a list",
            "ask it as a table: SELECT value FROM \(name)")
        } else if let isVisible, !isVisible(name) {
          reader.error(
            block.mark, "\(place) uses :\(name), which it does not depend on", "add depends_on: [\(name)]")
        } else {
          continue
        }
        isSound = false
      }
      return isSound ? statement : nil
    }

    for name in order {
      guard let symbol = known[name] else { continue }
      let isVisible = { (other: String) in Self.isVisible(other, to: symbol, known) }
      if symbol.sql != nil, let problem = Self.problem(with: name, session) {
        reader.error(symbol.mark, problem, "give the symbol another name")
        continue
      }
      if case .query(let block) = symbol.sweep {
        swept[name] = prepare(block.text, block, "the sweep of symbol '\(name)'") { _ in false }
        if let statement = swept[name], statement.columns.count != 1 {
          reader.error(
            block.mark, "the sweep of symbol '\(name)' has \(statement.columns.count) columns", "it has one")
        }
      }
      if let sql = symbol.sql {
        prepared[name] = prepare(sql.text, sql, "symbol '\(name)'", isVisible)
      }
      var columns: [String]?
      switch symbol.type.flatMap({ SQLType($0.text) }) {
      case let type? where type.isTable && symbol.sql != nil: columns = prepared[name]?.columns
      case .list where symbol.sql != nil || symbol.python != nil: columns = ["value"]
      default: columns = symbol.value.flatMap(Self.columns) ?? symbol.firstSwept.flatMap(Self.columns)
      }
      if let columns, CardSyntax.isIdentifier(name) {
        if symbol.sql == nil, let problem = Self.problem(with: name, session) {
          reader.error(symbol.mark, problem, "give the symbol another name")
          continue
        }
        if let other = tableNames[name.lowercased()] {
          if allWords.contains(name.lowercased()) {
            reader.error(
              symbol.mark, "the tables '\(other)' and '\(name)' have one name in SQL, which ignores case",
              "give one of them another name")
          }
          continue
        }
        do {
          try session.makeTable(name, columns: columns)
          made[name] = columns
          tableNames[name.lowercased()] = name
          if let sql = symbol.sql, !QuerySession.words(sql.text).isDisjoint(with: open) {
            open.insert(name.lowercased())
          }
        } catch { reader.error(symbol.mark, "symbol '\(name)' cannot be a table: \(Self.sentence(error))") }
      }
    }

    /// An expression over the symbols that are single values.
    func expression(_ block: Block, _ place: String, only allowed: Set<String>? = nil) -> QuerySession
      .Statement?
    {
      let words = QuerySession.words(block.text)
      let used = names.filter {
        words.contains($0.lowercased()) && made[$0] == nil && CardSyntax.isIdentifier($0)
      }
      if let allowed, let other = used.first(where: { !allowed.contains($0) }) {
        reader.error(block.mark, "\(place) uses '\(other)'", "it sees symbols that have a value or a sweep")
        return nil
      }
      var seen: [String: String] = [:]
      for name in used {
        if Self.isWord(name, session) {
          reader.error(block.mark, "\(place) uses '\(name)', a word of SQL", "give the symbol another name")
          return nil
        }
        if let other = seen.updateValue(name, forKey: name.lowercased()) {
          reader.error(
            block.mark,
            "\(place) uses '\(other)' or '\(name)', which are one name in SQL, which ignores case",
            "give one of them another name")
          return nil
        }
      }
      let list = used.map { "\"\($0)\"" }.joined(separator: ", ")
      let values = used.map { ":" + $0 }.joined(separator: ", ")
      let text =
        used.isEmpty
        ? "SELECT (\(block.text)\n)"
        : "WITH \"symbols\"(\(list)) AS (SELECT \(values)) SELECT (\(block.text)\n) FROM \"symbols\""
      return prepare(text, block, place, nil)
    }
    unsure = card.unsure.flatMap { expression($0, "claim.unsure") }
    let fixed = Set(
      card.symbols.filter { $0.sql == nil && $0.python == nil || $0.sweep != nil || $0.value != nil }.map(
        \.name))
    filter = card.filter.flatMap { expression($0, "where", only: fixed) }
    var columns: [String] = []
    switch card.claim {
    case .expression(let block): claim = expression(block, "the claim")
    case .query(let block):
      claim = prepare(block.text, block, "the claim", nil)
      columns = claim?.columns ?? []
    default: claim = nil
    }
    var filled: ClaimMessage?
    if let message = card.message {
      do throws(ClaimMessage.Fault) {
        let parsed = try ClaimMessage(message.text)
        let names = card.symbols.map(\.name) + columns
        for name in parsed.names where !names.contains(name) {
          reader.error(
            message.mark,
            "claim.message names '\(name)', which is not a symbol or a column"
              + reader.suggestion(name, names))
        }
        filled = parsed
      } catch { reader.error(message.mark, "claim.message: \(error.problem)") }
    }
    self.message = filled
    symbols = prepared
    for symbol in card.symbols where symbol.sql != nil {
      types[symbol.name] = symbol.type.flatMap { SQLType($0.text) }
    }
    sweeps = swept
    tables = made
    let errors = reader.faults
    if !errors.isEmpty { throw CardFaults(errors.sorted { ($0.mark?.line ?? 0) < ($1.mark?.line ?? 0) }) }
  }

  /// The listing of no runs; for checking with every column of run specs that queries name, as only runs tell which there
  /// are.
  private static func noListing(for texts: [String]) -> RunListing {
    let names = texts.reduce(into: Set<String>()) { $0.formUnion(QuerySession.quotedNames($1)) }
      .filter { $0.hasPrefix(TableSource.runSpecs.prefix) }
    return RunListing(
      entries: [], runSpecs: Table(columnNames: names.sorted(), rows: []), entryOfRow: [])
  }

  /// What keeps a name from being one in queries; nil for one that can be.
  private static func problem(with name: String, _ session: QuerySession) -> String? {
    if QuerySession.relationNames.contains(name.lowercased()) { return "'\(name)' is the name of a relation" }
    return isWord(name, session) ? "'\(name)' is a word of SQL" : nil
  }

  /// Whether a name is a word of SQL that cannot be a name too, as most of them can.
  private static func isWord(_ name: String, _ session: QuerySession) -> Bool {
    let text = "WITH \"names\"(\(name)) AS (SELECT 1) SELECT \(name) FROM \"names\""
    return QuerySession.isKeyword(name) && (try? session.prepare(text)) == nil
  }

  /// What is wrong with a query, without the place, which is said before it.
  static func sentence(_ error: any Error) -> String {
    guard let error = error as? MagnetError else { return "\(error)" }
    return error.problem + (error.advice.map { "; \($0)" } ?? "")
  }

  /// Whether a symbol's query may use another one: those it depends on, directly or not, and those that have a value or
  /// a sweep.
  private static func isVisible(_ name: String, to symbol: Symbol, _ known: [String: Symbol]) -> Bool {
    if name == symbol.name { return false }
    if let other = known[name], other.value != nil || other.sweep != nil { return true }
    var waiting = symbol.dependsOn.map(\.name)
    var seen: Set<String> = []
    while let need = waiting.popLast() {
      if need == name { return true }
      guard seen.insert(need).inserted else { continue }
      waiting += known[need]?.dependsOn.map(\.name) ?? []
    }
    return false
  }

  /// The columns of the table that a value is: a list has `value`, a mapping its keys, a list of mappings those of the
  /// first.
  static func columns(_ value: CardValue) -> [String]? {
    switch value {
    case .list(let elements), .tuple(let elements):
      if case .mapping? = elements.first { return columns(elements[0]) }
      return ["value"]
    case .mapping(let entries): return entries.isEmpty ? nil : entries.map(\.key.plainText)
    default: return nil
    }
  }
}

extension CardDefinition.Symbol {
  /// The first value that is swept, where these stand in the card.
  var firstSwept: CardValue? { if case .values(let values) = sweep { values.first } else { nil } }
}

/// The runs of an evaluation for which none are given.
private struct NoRuns: RunSource {
  func list() async throws -> RunListing { RunListing(entries: [], runSpecs: Table(), entryOfRow: []) }
  func load(_ runs: [RunEntry], tables: Set<TableSource>, columns: Set<String>?) async throws -> RunTables {
    RunTables()
  }
}
