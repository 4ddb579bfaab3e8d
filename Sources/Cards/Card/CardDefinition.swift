/// What a card's file says, checked against the schema.
struct CardDefinition: Sendable {
  /// A text of the card with its place, such as a block of Python.
  struct Block: Sendable, Hashable {
    let text: String
    let mark: TextMark
    /// The line of the file that the text's first line stands in.
    let firstLine: Int
  }

  /// How a card says what it claims.
  enum Claim: Sendable {
    /// Python, which raises AssertionError where it does not hold.
    case python(Block)
    /// An expression of SQL: 1 where it holds, 0 where it does not.
    case expression(Block)
    /// A query, whose rows say whether it holds.
    case query(Block)

    var block: Block {
      switch self {
      case .python(let block), .expression(let block), .query(let block): block
      }
    }
  }

  /// How the statuses of the settings make the verdict of the card.
  enum Aggregation: Sendable, Hashable {
    case all
    case any
    /// At least this share is to hold.
    case fraction(Double)
  }

  /// How the values of a metric are reduced to one.
  enum Reduction: String, Sendable, CaseIterable {
    case mean, max, min
  }

  /// A symbol of the claim.
  struct Symbol: Sendable {
    enum Sweep: Sendable {
      case values([CardValue])
      case query(Block)
    }

    let name: String
    let mark: TextMark
    var type: Block?
    /// Nil where there is none; `null` is a value.
    var value: CardValue?
    var sweep: Sweep?
    var python: Block?
    var sql: Block?
    var dependsOn: [(name: String, mark: TextMark)] = []
    var displayName: String?
    var metric: Reduction?
    var metadata: CardValue?

    /// How the metric is called.
    var metricName: String { displayName ?? name }
  }

  var title = ""
  var description = ""
  var claim: Claim?
  var message: Block?
  var unsure: Block?
  var filter: Block?
  var data: [String] = []
  var attached: [(name: String, path: String, mark: TextMark)] = []
  var aggregation = Aggregation.all
  /// The strategy as the card has it.
  var strategy = CardValue.mapping([.init(key: .text("type"), value: .text("all"))])
  var symbols: [Symbol] = []
  var theory: TheoryDefinition?
  /// The pipeline that the card runs.
  var pipeline: PipelineDefinition?
  /// The whole card.
  var value = CardValue.null

  /// What of the card is Python, in the order of the symbols, the claim last.
  var pythonBlocks: [(name: String, block: Block)] {
    var blocks = symbols.compactMap { symbol in symbol.python.map { (symbol.name, $0) } }
    if case .python(let block) = claim { blocks.append(("claim", block)) }
    return blocks
  }

  /// All queries and expressions.
  var queryTexts: [String] {
    var texts = symbols.compactMap(\.sql?.text)
    for symbol in symbols { if case .query(let block) = symbol.sweep { texts.append(block.text) } }
    texts += [unsure, filter].compactMap { $0 }.map(\.text)
    if case .python = claim {} else if let claim { texts.append(claim.block.text) }
    return texts
  }

  /// Whether values are asked of data: by a query or an expression.
  var asksSQL: Bool {
    if case .python = claim {} else if claim != nil { return true }
    return unsure != nil || filter != nil
      || symbols.contains { symbol in
        if case .query = symbol.sweep { return true }
        return symbol.sql != nil
      }
  }
}
