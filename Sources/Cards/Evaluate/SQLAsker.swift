import Magnet
import Synchronization

/// Answers the queries of a card, for several threads: one query at a time.
final class SQLAsker: @unchecked Sendable {
  /// How a setting fared.
  struct Verdict {
    let status: CardStatus
    let output: String
    var evidence: SettingOutcome.Evidence?
  }

  /// The most rows that are read of an answer.
  private static let rowLimit = 1_000_000

  private let card: CardDefinition
  private let path: String
  private let options: EvaluationOptions
  /// Used only by who holds `lock`.
  private let queries: SQLQueries
  private let lock = Mutex<[DataFault]>([])
  private let scalars: [String]

  /// - Throws: `CardFaults` with every fault of the queries.
  init(
    _ card: CardDefinition, path: String, _ source: (any RunSource)?, _ listing: RunListing?,
    _ results: PipelineResults?, _ options: EvaluationOptions
  ) throws {
    self.card = card
    self.path = path
    self.options = options
    queries = try SQLQueries(card, path: path, source, listing, results, timeLimit: options.timeLimit)
    let tables = queries.tables
    scalars = card.symbols.map(\.name).filter { tables[$0] == nil }
  }

  /// The runs that were left out of answers.
  var notes: [String] {
    var seen: Set<DataFault> = []
    return lock.withLock { $0 }.filter { seen.insert($0).inserted }.map { "left out: \($0)" }
  }

  /// The values of the sweeps that are queries.
  func sweeps() throws -> [String: [CardValue]] {
    var values: [String: [CardValue]] = [:]
    for symbol in card.symbols {
      guard let statement = queries.sweeps[symbol.name], case .query(let block) = symbol.sweep else {
        continue
      }
      do throws(Unresolved) {
        let rows = try ask(statement, [:])
        let type = symbol.type.flatMap { SQLType($0.text) }
        let wanted: SQLType.Scalar? = if case .scalar(let scalar) = type { scalar } else { nil }
        values[symbol.name] = try rows.enumerated().map { number, row throws(Unresolved) in
          try Self.typed(row[0], wanted, where: " in row \(number + 1)")
        }
      } catch {
        throw CardFaults([
          CardFault(
            file: path, mark: block.mark, problem: "the sweep of symbol '\(symbol.name)': \(error.problem)")
        ])
      }
    }
    return values
  }

  /// The numbers of the settings that `where` keeps.
  func kept(_ plan: CardPlan) throws -> [Int] {
    guard let filter = queries.filter, let block = card.filter else { return plan.numbers }
    var fixed: [String: CardValue] = [:]
    for symbol in card.symbols { fixed[symbol.name] = symbol.value }
    return try plan.numbers.filter { number in
      // What cannot be judged is not dropped.
      if plan.problem(number) != nil { return true }
      do throws(Unresolved) {
        let given = plan.results == nil ? plan.swept(number) : plan.given(number)
        let values = fixed.merging(given.map { ($0.name, $0.value) }) { $1 }
        let answer = try ask(filter, values).first?.first ?? .null
        switch answer {
        case .int(let value): return value != 0
        case .double(let value): return value != 0
        default: throw Unresolved("\(Self.shown(answer)) is neither true nor false")
        }
      } catch {
        throw CardFaults([CardFault(file: path, mark: block.mark, problem: "where: \(error.problem)")])
      }
    }
  }

  /// Evaluates a setting of a card without Python.
  func evaluate(_ plan: CardPlan, _ number: Int) -> SettingOutcome {
    let clock = ContinuousClock()
    let begin = clock.now
    var values: [String: CardValue] = [:]
    for (name, value) in plan.given(number) { values[name] = value }
    func outcome(
      _ status: CardStatus, _ output: String, _ evidence: SettingOutcome.Evidence? = nil, line: Int? = nil
    ) -> SettingOutcome {
      plan.outcome(
        number, status, output, values.mapValues { ($0, $0.isSimple) }, evidence: evidence, line: line,
        seconds: (clock.now - begin) / .seconds(1))
    }
    for name in plan.order where values[name] == nil {
      guard let symbol = plan.symbols[name] else { continue }
      if let value = symbol.value {
        values[name] = value
      } else {
        do throws(Unresolved) {
          if symbol.hasNoSource { throw Unresolved(plan.problem(ofSymbol: name)) }
          values[name] = try value(of: symbol, values)
        } catch {
          return outcome(
            .inconclusive, "SymbolNotResolved: \(name): \(error.problem)", line: symbol.sql?.mark.line)
        }
      }
    }
    let verdict = judge(values)
    return outcome(
      verdict.status, verdict.output, verdict.evidence,
      line: verdict.status == .inconclusive ? card.claim?.block.mark.line : nil)
  }

  /// The value that a symbol's query gives.
  func value(of symbol: CardDefinition.Symbol, _ values: [String: CardValue]) throws(Unresolved) -> CardValue
  {
    guard let statement = queries.symbols[symbol.name], let text = symbol.type?.text, let type = SQLType(text)
    else {
      throw Unresolved("it has no value")
    }
    let rows = try ask(statement, values)
    func single() throws(Unresolved) {
      if statement.columns.count != 1 {
        throw Unresolved("the query has \(statement.columns.count) columns; \(text) takes one")
      }
    }
    switch type {
    case .table: return .list(rows.map { .list($0.map(CardValue.init(_:))) })
    case .rows(let types):
      return .list(
        try typed(rows, statement, types, text).map { row throws(Unresolved) in .tuple(row) })
    case .pairs(let key, let value):
      var seen: Set<CardValue> = []
      var entries: [CardValue.Entry] = []
      for row in try typed(rows, statement, [key, value], text) {
        guard seen.insert(row[0].keyIdentity).inserted else {
          throw Unresolved("the query gave the key \(row[0].pythonText) twice")
        }
        entries.append(.init(key: row[0], value: row[1]))
      }
      return .mapping(entries)
    case .list(let wanted):
      try single()
      var elements: [CardValue] = []
      for (number, row) in rows.enumerated() {
        elements.append(try Self.typed(row[0], wanted, where: " in row \(number + 1)"))
      }
      return .list(elements)
    case .scalar(let wanted):
      try single()
      if rows.count != 1 { throw Unresolved("the query gave \(rows.count) rows; \(text) takes one") }
      return try Self.typed(rows[0][0], wanted, where: "")
    }
  }

  /// Rows whose columns are of these types.
  private func typed(
    _ rows: [[Cell]], _ statement: QuerySession.Statement, _ types: [SQLType.Scalar?], _ text: String
  ) throws(Unresolved) -> [[CardValue]] {
    if statement.columns.count != types.count {
      throw Unresolved("the query has \(statement.columns.count) columns; \(text) takes \(types.count)")
    }
    var result: [[CardValue]] = []
    for (number, row) in rows.enumerated() {
      var values: [CardValue] = []
      for (cell, type) in zip(row, types) {
        values.append(try Self.typed(cell, type, where: " in row \(number + 1)"))
      }
      result.append(values)
    }
    return result
  }

  /// Judges the claim with the values of all symbols.
  func judge(_ values: [String: CardValue]) -> Verdict {
    do throws(Unresolved) {
      if let unsure = queries.unsure, let block = card.unsure {
        let answer = try ask(unsure, values).first?.first ?? .null
        switch answer {
        case .int(0), .double(0): break
        case .null: throw Unresolved("NULL is neither sure nor unsure")
        default: return Verdict(status: .inconclusive, output: "Unsure: " + described(block.text, values))
        }
      }
      guard let claim = queries.claim else { throw Unresolved("there is no claim") }
      let rows = try ask(claim, values)
      return judged(rows, claim.columns, values)
    } catch { return Verdict(status: .inconclusive, output: "ERROR evaluating claim: \(error.problem)") }
  }

  private func judged(_ rows: [[Cell]], _ columns: [String], _ values: [String: CardValue]) -> Verdict {
    let isQuery = if case .query = card.claim { true } else { false }
    if rows.isEmpty {
      return Verdict(
        status: .inconclusive,
        output: "ERROR evaluating claim: the query gave no rows, so nothing was checked",
        evidence: isQuery ? SettingOutcome.Evidence(rows: 0, falsified: 0, inconclusive: 0) : nil)
    }
    let place = columns.firstIndex(of: "holds") ?? columns.count - 1
    func holds(_ row: [Cell]) -> Bool? {
      switch row[place] {
      case .int(1), .double(1), .bool(true): true
      case .int(0), .double(0), .bool(false): false
      default: nil
      }
    }
    let falsified = rows.filter { holds($0) == false }
    let odd = rows.filter { holds($0) == nil }
    let evidence =
      isQuery
      ? SettingOutcome.Evidence(rows: rows.count, falsified: falsified.count, inconclusive: odd.count) : nil
    func named(_ row: [Cell]) -> [(String, CardValue)] {
      zip(columns, row.map(CardValue.init(_:))).map { ($0, $1) }
    }
    if let row = falsified.first {
      let text: String
      if let message = queries.message {
        text = message.filled(isQuery ? values.merging(named(row)) { $1 } : values)
      } else if isQuery {
        text = named(row).map { "\($0) = \(Self.shown($1))" }.joined(separator: ", ")
      } else {
        text = described(card.claim?.block.text ?? "", values)
      }
      return Verdict(status: .falsified, output: "Assertion does not hold: \(text)", evidence: evidence)
    }
    if let row = odd.first {
      return Verdict(
        status: .inconclusive,
        output: "ERROR evaluating claim: \(Self.shown(row[place])) is neither true nor false",
        evidence: evidence)
    }
    return Verdict(status: .verified, output: "Assertion holds", evidence: evidence)
  }

  /// An expression with the values it names: `score >= bound (bound = 0.6, score = 0.51)`.
  private func described(_ text: String, _ values: [String: CardValue]) -> String {
    let words = QuerySession.words(text)
    let named = scalars.compactMap { name in
      words.contains(name.lowercased()) ? values[name].map { "\(name) = \(Self.shown($0))" } : nil
    }
    let end = text.lastIndex { !$0.isWhitespace } ?? text.startIndex
    return (text.isEmpty ? "" : String(text[...end]))
      + (named.isEmpty ? "" : " (" + named.joined(separator: ", ") + ")")
  }

  private static func shown(_ value: CardValue) -> String {
    switch value {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .text(let text): JSONText.quoted(text)
    default: value.pythonText
    }
  }

  private static func shown(_ cell: Cell) -> String {
    if case .null = cell { "NULL" } else { CardValue(cell).pythonText }
  }

  /// Asks a query with the values of its parameters, and of the tables that are symbols.
  private func ask(_ statement: QuerySession.Statement, _ values: [String: CardValue]) throws(Unresolved)
    -> [[Cell]]
  {
    var cells: [String: Cell] = [:]
    for name in statement.parameters {
      guard let value = values[name] else { throw Unresolved("'\(name)' has no value") }
      guard let cell = Cell(value) else {
        throw Unresolved("'\(name)' is \(value.kindName), which a query cannot take")
      }
      cells[name] = cell
    }
    var tables: [(name: String, rows: [[Cell]])] = []
    for (name, columns) in queries.tables {
      guard let value = values[name] else { continue }
      if case .pairs = queries.types[name], case .mapping(let entries) = value {
        tables.append(
          (name, entries.map { Self.rows(of: .tuple([.tuple([$0.key, $0.value])]), columns)[0] }))
      } else {
        tables.append((name, Self.rows(of: value, columns)))
      }
    }
    let result: Result<(rows: [[Cell]], faults: [DataFault]), any Error> = lock.withLock { known in
      Result {
        for (name, rows) in tables { try queries.fill(name, rows) }
        let answer = try queries.session.ask(statement, cells, limit: Self.rowLimit + 1)
        known += answer.faults
        return answer
      }
    }
    switch result {
    case .failure(let error): throw Unresolved(SQLQueries.sentence(error))
    case .success(let answer):
      if answer.rows.count > Self.rowLimit {
        throw Unresolved("the query gave more than \(Self.rowLimit) rows")
      }
      if !answer.faults.isEmpty, !options.ignoresFaults {
        let count = answer.faults.count
        throw Unresolved("\(count) run\(count == 1 ? " was" : "s were") left out as faulty")
      }
      return answer.rows
    }
  }

  /// The rows of the table that a value is.
  private static func rows(of value: CardValue, _ columns: [String]) -> [[Cell]] {
    func cells(_ value: CardValue) -> [Cell] {
      switch value {
      case .mapping: return columns.map { name in value[name].flatMap { Cell($0) } ?? .null }
      case .list(let elements), .tuple(let elements):
        return columns.indices.map {
          $0 < elements.count ? Cell(elements[$0]) ?? .json(elements[$0].json) : .null
        }
      default: return [Cell(value) ?? .json(value.json)] + columns.dropFirst().map { _ in .null }
      }
    }
    switch value {
    case .list(let elements), .tuple(let elements): return elements.map(cells)
    default: return [cells(value)]
    }
  }

  /// A cell as a symbol's type has it.
  private static func typed(
    _ cell: Cell, _ wanted: SQLType.Scalar?, where place: String
  ) throws(Unresolved) -> CardValue {
    guard let wanted else { return CardValue(cell) }
    switch (wanted, cell) {
    case (_, .null):
      throw Unresolved(
        "the query gave NULL\(place)" + (place.isEmpty ? "; is there a row that matches?" : ""))
    case (.int, .int), (.float, .double), (.str, .string): return CardValue(cell)
    case (.float, .int(let value)): return .float(Double(value))
    case (.bool, .int(0)): return .bool(false)
    case (.bool, .int(1)): return .bool(true)
    default: throw Unresolved("\(CardValue(cell).pythonText)\(place) is not \(wanted.rawValue)")
    }
  }
}

extension SQLQueries {
  /// Gives a table its rows, where it has others.
  func fill(_ name: String, _ rows: [[Cell]]) throws {
    if filled[name] == rows { return }
    filled[name] = nil
    try session.fill(name, rows: rows)
    filled[name] = rows
  }
}

extension Cell {
  /// A value that SQL can take; nil for lists, mappings, and what is too large.
  init?(_ value: CardValue) {
    switch value {
    case .null: self = .null
    case .bool(let value): self = .int(value ? 1 : 0)
    case .int(let number):
      guard let value = number.int64 else { return nil }
      self = .int(value)
    case .float(let value): self = .double(value)
    case .text(let text), .date(let text): self = .string(text)
    case .list, .tuple, .mapping, .opaque: return nil
    }
  }
}

extension CardValue {
  /// A cell of an answer.
  init(_ cell: Cell) {
    switch cell {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .int(WholeNumber(value))
    case .double(let value): self = .float(value)
    case .string(let text), .json(let text): self = .text(text)
    }
  }

  /// The value as JSON on one line.
  public var json: String { CardJSON.text(self, isCompact: true) }
}
