/// What results of a pipeline give to a card's symbols and queries.
extension PipelineResults {
  /// The name of the relation that holds all rows, for queries.
  static let relation = "results"

  /// The values of the symbols that the card gives none: each is the column of its name, or the first one whose name
  /// ends in `.NAME`.
  func values(of card: CardDefinition, in row: Row) -> [(name: String, value: CardValue)] {
    card.symbols.filter(\.hasNoSource).compactMap { symbol in
      Self.columns(called: symbol.name, of: row).first.map { (symbol.name, $0.value) }
    }
  }

  private static func columns(called name: String, of row: Row) -> [(name: String, value: CardValue)] {
    if let exact = row.columns.first(where: { $0.name == name }) { return [exact] }
    return row.columns.filter { column in
      column.name.hasSuffix("." + name) && namespaces.contains(String(column.name.prefix { $0 != "." }))
    }
  }

  /// The card with a symbol for each field of the results, as MAGNET's first evaluator has it.
  func extending(_ card: CardDefinition) -> CardDefinition {
    guard kind == .pipeline, let pipeline = card.pipeline else { return card }
    var card = card
    var known = Set(card.symbols.map(\.name))
    for row in rows {
      for column in row.columns where known.insert(column.name).inserted {
        card.symbols.append(.init(name: column.name, mark: pipeline.mark))
      }
    }
    return card
  }

  /// Symbols whose names fit several columns that differ, a sentence each.
  func clashes(with card: CardDefinition) -> [String] {
    card.symbols.filter(\.hasNoSource).compactMap { symbol in
      for row in rows {
        let columns = Self.columns(called: symbol.name, of: row)
        if Set(columns.map(\.value)).count > 1 {
          let names = columns.map(\.name).joined(separator: " and ")
          return "the symbol '\(symbol.name)' fits \(names), which differ; it is \(columns[0].name)"
        }
      }
      return nil
    }
  }

  /// All rows as a table for queries: the process, why it cannot be judged, and every column of any row.
  var table: (columns: [String], rows: [[CardValue]]) {
    var columns = ["process", "problem"]
    // SQLite does not tell apart names in upper and lower case.
    var seen = Set(columns)
    for row in rows {
      for column in row.columns
      where !column.name.isEmpty && columns.count < LinesTable.columnLimit
        && seen.insert(column.name.lowercased()).inserted
      {
        columns.append(column.name)
      }
    }
    let table = rows.map { row in
      let values = Dictionary(row.columns.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
      return [.text(row.process), row.problem.map(CardValue.text) ?? .null]
        + columns.dropFirst(2).map { values[$0] ?? .null }
    }
    return (columns, table)
  }
}

extension CardDefinition.Symbol {
  /// Whether the card says nothing of its value.
  var hasNoSource: Bool { value == nil && sweep == nil && python == nil && sql == nil }
}
