/// Checks one symbol of a card.
struct SymbolSchema {
  var reader: SchemaReader
  /// Whether the card runs a pipeline, whose results give values to symbols that have none.
  let isOfPipeline: Bool

  private static let known = [
    "type", "value", "sweep", "python", "sql", "depends_on", "depends", "metadata",
  ]

  mutating func read(_ name: String, _ mark: TextMark, _ node: YAMLNode) -> CardDefinition.Symbol {
    var symbol = CardDefinition.Symbol(name: name, mark: mark)
    let place = "symbol '\(name)'"
    guard node.pairs != nil else {
      reader.error(node.mark, "\(place) is a mapping, not \(node.kindName)", "write \(name): {value: ...}")
      return symbol
    }
    guard let members = reader.members(node, place, known: Self.known) else { return symbol }
    symbol.type = reader.block(members["type"], "the type of \(place)")
    symbol.python = reader.block(members["python"], "the python of \(place)")
    symbol.sql = reader.block(members["sql"], "the sql of \(place)")
    // A null value beside code is not a value, as in MAGNET.
    if let value = members["value"], !value.isNull || symbol.python == nil && symbol.sql == nil {
      symbol.value = value.value
    }
    readSweep(members["sweep"], into: &symbol, place)
    readDependencies(members, into: &symbol, place)
    readMetadata(members["metadata"], into: &symbol, place)
    check(&symbol, members, place)
    return symbol
  }

  private mutating func readSweep(
    _ node: YAMLNode?, into symbol: inout CardDefinition.Symbol, _ place: String
  ) {
    guard let node else { return }
    if let elements = node.elements {
      // An empty sweep is none, as in MAGNET; the symbol then needs another source.
      if !elements.isEmpty { symbol.sweep = .values(elements.map(\.value)) }
    } else if node.pairs?.contains(where: { $0.key.text == "sql" }) == true {
      guard let members = reader.members(node, "the sweep of \(place)", known: ["sql"]),
        let query = reader.block(members["sql"], "the sweep of \(place)")
      else { return }
      if query.text.firstMatch(of: #/(?i)\border\s+by\b/#) == nil {
        reader.error(
          query.mark, "the query of the sweep of \(place) has no order",
          "add ORDER BY, so that settings keep theirs")
      }
      symbol.sweep = .query(query)
    } else {
      reader.error(node.mark, "the sweep of \(place) is a list or {sql: ...}, not \(node.kindName)")
    }
  }

  private mutating func readDependencies(
    _ members: [String: YAMLNode], into symbol: inout CardDefinition.Symbol, _ place: String
  ) {
    func named(_ key: String) -> [(text: String, mark: TextMark)]? {
      guard let node = members[key], !node.isNull else { return nil }
      return reader.texts(node, "\(key) of \(place)")
    }
    let (first, second) = (named("depends_on"), named("depends"))
    if let first, let second, first.map(\.text) != second.map(\.text) {
      reader.error(
        members["depends"]?.mark ?? symbol.mark, "depends and depends_on of \(place) differ",
        "keep depends_on")
    }
    symbol.dependsOn = (first ?? second ?? []).map { ($0.text, $0.mark) }
  }

  private mutating func readMetadata(
    _ node: YAMLNode?, into symbol: inout CardDefinition.Symbol, _ place: String
  ) {
    guard let node, !node.isNull else { return }
    let place = "metadata of \(place)"
    guard
      let members = reader.members(node, place, known: ["kind", "display", "display_name", "define_metric"])
    else { return }
    symbol.metadata = node.value
    _ = reader.word(members["kind"].flatMap(present), "kind", of: ["model", "dataset", "metric"])
    if let display = members["display"].flatMap(present) {
      if case .bool = display.value {
      } else {
        reader.error(display.mark, "display is true or false, not \(display.kindName)")
      }
    }
    symbol.displayName = reader.text(members["display_name"].flatMap(present), "display_name")
    guard let metric = members["define_metric"].flatMap(present),
      let parts = reader.members(metric, "define_metric", known: ["objective", "aggregation_strategy"])
    else { return }
    _ = reader.word(parts["objective"].flatMap(present), "objective", of: ["maximize", "minimize"])
    guard let strategy = parts["aggregation_strategy"] else {
      return reader.error(metric.mark, "define_metric has no aggregation_strategy", "such as {type: mean}")
    }
    guard let details = reader.members(strategy, "aggregation_strategy", known: ["type", "parameters"]) else {
      return
    }
    guard let type = details["type"] else {
      return reader.error(strategy.mark, "aggregation_strategy has no type", "it is mean, max or min")
    }
    if type.text == "custom" {
      return reader.error(
        type.mark, "the aggregation 'custom' is not defined: MAGNET has none either", "use mean, max or min")
    }
    let names = CardDefinition.Reduction.allCases.map(\.rawValue)
    symbol.metric = reader.word(type, "the type of the aggregation", of: names).flatMap {
      .init(rawValue: $0)
    }
  }

  /// Null stands for what is not given.
  private func present(_ node: YAMLNode) -> YAMLNode? { node.isNull ? nil : node }

  private mutating func check(
    _ symbol: inout CardDefinition.Symbol, _ members: [String: YAMLNode], _ place: String
  ) {
    if symbol.python != nil, symbol.sql != nil {
      reader.error(symbol.mark, "\(place) has python and sql", "give one of them")
    }
    let hasSource = symbol.value != nil || symbol.sweep != nil || symbol.python != nil || symbol.sql != nil
    let isBroken =
      ["python", "sql", "sweep"].contains { members[$0] != nil }
      && members["sweep"]?.elements?.isEmpty != true
    if !hasSource, !isOfPipeline, !isBroken {
      if let sweep = members["sweep"] {
        reader.error(sweep.mark, "the sweep of \(place) is empty", "give it values, or the symbol a value")
      } else {
        reader.error(symbol.mark, "\(place) has no value", "give it one of value, sweep, python or sql")
      }
    }
    if let python = symbol.python {
      if !CardSyntax.isIdentifier(symbol.name) {
        reader.error(symbol.mark, "'\(symbol.name)' is not a name that Python can assign")
      }
      if let type = symbol.type, let problem = PythonType.problem(with: type.text) {
        reader.warn(type.mark, "the type of \(place), \(type.text), \(problem)")
      }
      if python.text.allSatisfy(\.isWhitespace), symbol.value == nil, symbol.sweep == nil {
        reader.error(python.mark, "the python of \(place) is empty", "it assigns \(symbol.name)")
      }
    }
    if symbol.sql != nil || symbol.usesQuery {
      if !CardSyntax.isIdentifier(symbol.name) {
        reader.error(symbol.mark, "'\(symbol.name)' is not a name that SQL can use: letters, digits and _")
      }
    }
    if let sql = symbol.sql {
      guard let type = symbol.type else {
        return reader.error(
          sql.mark, "\(place) is asked by SQL and has no type",
          "add one of int, float, str, bool, List[float], table")
      }
      if SQLType(type.text) == nil {
        reader.error(
          type.mark, "the type of \(place), \(type.text), is none that a query can give",
          "use int, float, str, bool, a List of these, List[Tuple[str, float]], Dict[str, float] or table")
      }
    }
  }
}

extension CardDefinition.Symbol {
  /// Whether its values come from a query.
  var usesQuery: Bool { if case .query = sweep { true } else { false } }
}

/// The types of symbols in Python, which MAGNET evaluates and compares with the value structurally.
enum PythonType {
  /// What keeps a type from ever accepting a value in MAGNET; nil for one that can.
  static func problem(with text: String) -> String? {
    let text = text.filter { !$0.isWhitespace }
    for name in ["Optional[", "Union[", "Literal["] where text.contains(name) {
      return "is not known to MAGNET: it has List, Dict, Tuple and Any"
    }
    if text.contains("|") || text.contains("set[") { return "accepts no value in MAGNET; use Any" }
    if text.contains("...") { return "stops MAGNET; name each element, or use tuple" }
    if ["None", "callable"].contains(text) { return "is not a type; use Any" }
    return nil
  }
}

/// The types that the answer of a query can have.
enum SQLType: Sendable, Hashable {
  enum Scalar: String, Sendable {
    case int, float, str, bool
  }
  /// One row and one column.
  case scalar(Scalar)
  /// One column.
  case list(Scalar)
  /// Rows of columns of these types, nil for any: `List[Tuple[str, float]]`.
  case rows([Scalar?])
  /// Two columns, the first without repetitions: `Dict[str, float]`.
  case pairs(key: Scalar?, value: Scalar?)
  /// Any rows and columns.
  case table

  /// Types separated by commas: single values, or `Any`.
  private static func members(_ text: Substring) -> [Scalar?]? {
    let words = text.split(separator: ",", omittingEmptySubsequences: false)
    let types = words.map { Scalar(rawValue: String($0)) }
    return zip(words, types).allSatisfy { $1 != nil || $0 == "Any" } ? types : nil
  }

  /// Whether the symbol is a table of the columns of its query.
  var isTable: Bool {
    switch self {
    case .rows, .pairs, .table: true
    case .scalar, .list: false
    }
  }

  /// Nil for any other text.
  init?(_ text: String) {
    let text = text.filter { !$0.isWhitespace }
    if let scalar = Scalar(rawValue: text) {
      self = .scalar(scalar)
    } else if text == "table" {
      self = .table
    } else if text.hasSuffix("]"), let start = text.firstIndex(of: "[") {
      let inner = String(text[text.index(after: start)...].dropLast())
      switch text[..<start] {
      case "List", "list":
        if let scalar = Scalar(rawValue: inner) {
          self = .list(scalar)
        } else if inner.lowercased().hasPrefix("tuple["), inner.hasSuffix("]"),
          let members = Self.members(inner.dropFirst(6).dropLast())
        {
          self = .rows(members)
        } else {
          return nil
        }
      case "Dict", "dict":
        guard let members = Self.members(inner[...]), members.count == 2 else { return nil }
        self = .pairs(key: members[0], value: members[1])
      default: return nil
      }
    } else {
      return nil
    }
  }
}
