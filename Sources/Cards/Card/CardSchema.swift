/// Checks a card's file against the schema of MAGNET 0.1.0 with magnet's own additions (`sql`, `expr`, `message`,
/// `unsure`, `where`, `data`, `attach`), and collects every fault, not only the first.
struct CardSchema {
  private var reader: SchemaReader
  private var card = CardDefinition()

  /// What a card says, and what is wrong with it.
  static func read(_ document: YAMLDocument, file: String) -> (card: CardDefinition, faults: [CardFault]) {
    var schema = CardSchema(reader: SchemaReader(file: file))
    for duplicate in document.duplicates {
      schema.reader.warn(
        duplicate.second, "the key '\(duplicate.key)' is there twice, first in line \(duplicate.first.line)",
        "the last one counts")
    }
    schema.read(document.root)
    func place(_ fault: CardFault) -> (Int, Int) { (fault.mark?.line ?? 0, fault.mark?.column ?? 0) }
    return (schema.card, schema.reader.faults.sorted { place($0) < place($1) })
  }

  private static let header = ["version", "organizations", "submitter", "tags", "links"]
  private static let known =
    header + [
      "title", "description", "claim", "category", "claim_aggregation_strategy", "symbols", "theory",
      "pipeline",
      "kwdagger", "name", "evidence", "data", "attach", "where",
    ]

  private mutating func read(_ root: YAMLNode) {
    if root.isNull {
      return reader.error(
        root.mark, "the file is empty", "a card has a title, a description, a claim and symbols")
    }
    card.value = root.value
    guard let members = reader.members(root, "", known: Self.known) else { return }
    card.title = reader.text(members["title"], "title") ?? ""
    card.description = reader.text(members["description"], "description") ?? ""
    readHeader(members, root.mark)
    readPipeline(members)
    readClaim(members["claim"], root.mark)
    readStrategy(members["claim_aggregation_strategy"])
    card.filter = reader.block(members["where"], "where")
    readData(members["data"])
    readAttached(members["attach"])
    if let symbols = members["symbols"] {
      readSymbols(symbols)
    } else if card.pipeline == nil {
      reader.recommend(root.mark, "the card has no symbols", "write symbols: {} where the claim needs none")
    }
    if let theory = members["theory"] {
      var schema = TheorySchema(reader: reader)
      card.theory = schema.read(theory)
      reader = schema.reader
    }
    checkOrder()
    checkMetrics()
    checkPipeline()
  }

  private mutating func readPipeline(_ members: [String: YAMLNode]) {
    var schema = PipelineSchema(reader: reader)
    if let pipeline = members["pipeline"] {
      card.pipeline = schema.readFirst(pipeline)
      if members["kwdagger"] != nil {
        schema.reader.error(pipeline.mark, "a card has pipeline or kwdagger, not both")
      }
    } else if let kwdagger = members["kwdagger"] {
      card.pipeline = schema.readKwdagger(kwdagger, evidence: members["evidence"])
      if let name = schema.reader.text(members["name"], "name"),
        name.wholeMatch(of: #/[A-Za-z0-9_-]+/#) == nil
      {
        schema.reader.error(
          members["name"]?.mark ?? kwdagger.mark, "name '\(name)' is not a folder's name",
          "use letters, digits, _ and -, and put the readable name into title")
      }
    }
    reader = schema.reader
  }

  /// What symbols of a card with kwdagger may not be: swept, or named like a column of its results.
  private mutating func checkPipeline() {
    guard card.pipeline?.kind == .kwdagger else { return }
    for symbol in card.symbols {
      if symbol.sweep != nil {
        reader.error(
          symbol.mark, "symbol '\(symbol.name)' is swept, and the card runs a pipeline",
          "vary parameters in kwdagger.matrix")
      }
      if PipelineResults.roots.contains(symbol.name) {
        reader.error(
          symbol.mark, "'\(symbol.name)' is the name of columns of the results",
          "give the symbol another name")
      }
    }
  }

  private mutating func readHeader(_ members: [String: YAMLNode], _ start: TextMark) {
    for key in ["title", "description"] where members[key] == nil {
      reader.recommend(start, "the card has no \(key)")
    }
    let missing = Self.header.filter { members[$0] == nil }
    if !missing.isEmpty {
      reader.recommend(
        start, "the card has no \(missing.joined(separator: ", "))", "MAGNET 0.1.0 refuses a card without")
    }
    if let version = members["version"] {
      switch version.value {
      case .text, .int, .float: break
      default: reader.error(version.mark, "version is a text or a number, not \(version.kindName)")
      }
    }
    _ = reader.texts(members["organizations"], "organizations")
    _ = reader.texts(members["tags"], "tags")
    _ = reader.text(members["category"], "category")
    if let submitter = members["submitter"],
      let parts = reader.members(submitter, "submitter", known: ["name", "email"])
    {
      for key in ["name", "email"] { required(parts, key, "submitter", submitter.mark) }
    }
    guard let links = members["links"] else { return }
    guard let elements = links.elements else {
      return reader.error(links.mark, "links is a list of {title, url, type}, not \(links.kindName)")
    }
    for (number, link) in elements.enumerated() {
      let place = "links[\(number)]"
      guard let parts = reader.members(link, place, known: ["title", "url", "type"]) else { continue }
      for key in ["title", "url", "type"] { required(parts, key, place, link.mark) }
    }
  }

  private mutating func required(
    _ members: [String: YAMLNode], _ key: String, _ place: String, _ mark: TextMark
  ) {
    if members[key] == nil {
      reader.error(mark, "\(place) has no \(key)")
    } else {
      _ = reader.text(members[key], "\(place).\(key)")
    }
  }

  private mutating func readClaim(_ node: YAMLNode?, _ start: TextMark) {
    guard let node else { return reader.error(start, "the card has no claim") }
    let forms = ["python", "expr", "sql"]
    guard node.pairs != nil else {
      return reader.error(
        node.mark, "claim is a mapping, not \(node.kindName)",
        "write it as claim: {python: ...} or claim: {expr: ...}")
    }
    if let reduce = node.pairs?.first(where: { $0.key.text == "reduce" }) {
      reader.warn(reduce.key.mark, "claim.reduce is not read", "use claim_aggregation_strategy")
    }
    guard let members = reader.members(node, "claim", known: forms + ["message", "unsure", "reduce"]) else {
      return
    }
    let given = forms.filter { members[$0] != nil }
    if given.count > 1 {
      return reader.error(node.mark, "claim has \(given.joined(separator: " and "))", "give one of them")
    }
    guard let form = given.first else {
      return reader.error(node.mark, "claim has no python, expr or sql", "one of them says what is claimed")
    }
    card.message = reader.block(members["message"], "claim.message")
    card.unsure = reader.block(members["unsure"], "claim.unsure")
    guard let block = reader.block(members[form], "claim.\(form)") else { return }
    if form == "python" {
      for (key, part) in [("message", card.message), ("unsure", card.unsure)] {
        if let part {
          reader.error(part.mark, "claim.\(key) goes with expr and sql; in Python, write it into the claim")
        }
      }
      let lines = block.text.split(whereSeparator: \.isNewline).map { $0.drop(while: \.isWhitespace) }
      if lines.allSatisfy({ $0.isEmpty || $0.hasPrefix("#") }) {
        reader.warn(block.mark, "the claim is empty, so nothing is checked")
      }
      card.claim = .python(block)
    } else {
      if block.text.allSatisfy(\.isWhitespace) { reader.error(block.mark, "the claim is empty") }
      card.claim = form == "expr" ? .expression(block) : .query(block)
    }
  }

  private mutating func readStrategy(_ node: YAMLNode?) {
    guard let node else { return }
    let place = "claim_aggregation_strategy"
    guard let members = reader.members(node, place, known: ["type", "parameters"]) else { return }
    card.strategy = node.value
    guard members["type"] != nil else { return reader.error(node.mark, "\(place) has no type") }
    guard let type = reader.word(members["type"], "\(place).type", of: ["all", "any", "fraction"]) else {
      return
    }
    if type == "all" { return }
    if type == "any" {
      card.aggregation = .any
      return
    }
    guard let parameters = members["parameters"],
      let parts = reader.members(parameters, "\(place).parameters", known: ["threshold"])
    else { return reader.error(node.mark, "fraction needs parameters: {threshold: ...}") }
    guard let threshold = parts["threshold"] else {
      return reader.error(parameters.mark, "\(place).parameters has no threshold")
    }
    switch threshold.value {
    case .int, .float:
      let share = threshold.value.number ?? .nan
      if share.isNaN {
        reader.error(threshold.mark, "threshold is not a number")
      } else {
        card.aggregation = .fraction(share)
        if share <= 0 || share > 1 {
          reader.warn(
            threshold.mark,
            "a threshold of \(threshold.value.pythonText) is "
              + (share <= 0 ? "always reached" : "never reached"), "it is a share, such as 0.8")
        }
      }
    default: reader.error(threshold.mark, "threshold is a number, not \(threshold.kindName)")
    }
  }

  private mutating func readData(_ node: YAMLNode?) {
    guard let node else { return }
    if let text = node.text {
      card.data = [text]
    } else if node.elements != nil {
      card.data = reader.texts(node, "data")?.map(\.text) ?? []
    } else {
      reader.error(node.mark, "data is a path or a list of paths, not \(node.kindName)")
    }
  }

  private mutating func readAttached(_ node: YAMLNode?) {
    guard let node else { return }
    guard let pairs = node.pairs else {
      return reader.error(node.mark, "attach is a mapping of names to files, not \(node.kindName)")
    }
    for pair in pairs {
      guard let name = pair.key.text, CardSyntax.isIdentifier(name) else {
        reader.error(pair.key.mark, "\(pair.key.value.pythonText) is not a name: letters, digits and _")
        continue
      }
      if let path = reader.text(pair.value, "attach.\(name)") {
        card.attached.append((name, path, pair.value.mark))
      }
    }
  }

  private mutating func readSymbols(_ node: YAMLNode) {
    guard let pairs = node.pairs else {
      return reader.error(node.mark, "symbols is a mapping of names to symbols, not \(node.kindName)")
    }
    for pair in pairs {
      guard let name = pair.key.text else {
        reader.error(
          pair.key.mark, "the name of a symbol is a text, not \(pair.key.kindName)", "put it in quotes")
        continue
      }
      var symbols = SymbolSchema(reader: reader, isOfPipeline: card.pipeline != nil)
      let symbol = symbols.read(name, pair.key.mark, pair.value)
      reader = symbols.reader
      card.symbols.append(symbol)
    }
  }

  /// Dependencies that are not there, and cycles.
  private mutating func checkOrder() {
    let names = card.symbols.map(\.name)
    let known = Set(names)
    for symbol in card.symbols {
      for need in symbol.dependsOn where !known.contains(need.name) {
        reader.error(
          need.mark,
          "symbol '\(symbol.name)' depends on '\(need.name)', which is not a symbol"
            + reader.suggestion(need.name, names.lazy.filter { $0 != symbol.name }))
      }
    }
    guard
      case .failure(let cycle) = SymbolOrder.order(card.symbols.map { ($0.name, $0.dependsOn.map(\.name)) }),
      let symbol = card.symbols.first(where: { $0.name == cycle.names.first })
    else { return }
    reader.error(
      symbol.mark, "the symbols depend on each other in a circle: \(cycle.names.joined(separator: " -> "))")
  }

  private mutating func checkMetrics() {
    var seen: [String: String] = [:]
    for symbol in card.symbols where symbol.metric != nil {
      if let other = seen[symbol.metricName] {
        reader.error(
          symbol.mark, "the metrics of '\(other)' and '\(symbol.name)' have one name, '\(symbol.metricName)'")
      }
      seen[symbol.metricName] = symbol.name
    }
  }
}

/// What names and types may be.
enum CardSyntax {
  /// Whether a text is a name in Python and SQL: letters, digits and `_`, no digit first.
  static func isIdentifier(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first else { return false }
    return (first == "_" || first.properties.isXIDStart)
      && text.unicodeScalars.allSatisfy { $0.properties.isXIDContinue }
  }
}
