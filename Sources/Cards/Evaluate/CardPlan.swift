import Magnet

/// What an evaluation does: the order of the symbols, and the settings.
struct CardPlan: Sendable {
  /// The most settings of a card.
  static let settingLimit = 1_000_000

  let card: CardDefinition
  /// The symbols in the order in which they get their values.
  let order: [String]
  let symbols: [String: CardDefinition.Symbol]
  /// The symbols that are swept with their values, in the order of the card.
  let sweeps: [(name: String, values: [CardValue])]
  /// The numbers of the settings: all, or those that `where` keeps.
  var numbers: [Int]

  /// The results that are judged, one row per setting; nil for a card without a pipeline, or with a query that judges
  /// all rows at once.
  let results: PipelineResults?

  /// - Parameters:
  ///   - answers: the values of the sweeps that are queries.
  ///   - results: what a pipeline left behind.
  init(
    _ card: CardDefinition, file: String, answers: [String: [CardValue]] = [:],
    results: PipelineResults? = nil
  ) throws {
    let isQuery = if case .query = card.claim { true } else { false }
    self.results = isQuery ? nil : results
    self.card = card
    symbols = Dictionary(card.symbols.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    switch SymbolOrder.order(card.symbols.map { ($0.name, $0.dependsOn.map(\.name)) }) {
    case .success(let names): order = names
    case .failure(let cycle):
      throw MagnetError(.invalidData, "the symbols depend on each other: \(cycle.names)", at: file)
    }
    var sweeps: [(name: String, values: [CardValue])] = []
    var count = 1
    for symbol in card.symbols {
      switch symbol.sweep {
      case .values(let values): sweeps.append((symbol.name, values))
      case .query: sweeps.append((symbol.name, answers[symbol.name] ?? []))
      case nil: continue
      }
      let (product, isTooMany) = count.multipliedReportingOverflow(by: sweeps[sweeps.count - 1].values.count)
      if isTooMany || product > Self.settingLimit {
        throw MagnetError(.unsupported, "the sweeps make more than \(Self.settingLimit) settings", at: file)
      }
      count = product
    }
    if results != nil, let swept = card.symbols.first(where: { $0.sweep != nil }) {
      throw MagnetError(
        .unsupported, "symbol '\(swept.name)' is swept, and results of a pipeline are judged one by one",
        at: "\(file):\(swept.mark.line):\(swept.mark.column)")
    }
    self.sweeps = sweeps
    numbers = Array(0..<(self.results?.rows.count ?? count))
  }

  /// The values that are swept in a setting: the last symbol varies fastest.
  func swept(_ number: Int) -> [(name: String, value: CardValue)] {
    if sweeps.isEmpty { return [] }
    var rest = number
    var values: [(name: String, value: CardValue)] = []
    for (name, choices) in sweeps.reversed() {
      values.append((name, choices[rest % choices.count]))
      rest /= choices.count
    }
    return values.reversed()
  }

  /// What a setting gives the child before it begins. A null that is swept is not a value where the symbol has another,
  /// as in MAGNET.
  func given(_ number: Int) -> [(name: String, value: CardValue)] {
    if let results { return results.values(of: card, in: results.rows[number]) }
    return swept(number).filter { name, value in
      guard value == .null, let symbol = symbols[name] else { return true }
      return symbol.value == nil && symbol.python == nil && symbol.sql == nil
    }
  }

  /// The columns of a setting's row of results, for the claim.
  func columns(_ number: Int) -> [(name: String, value: CardValue)] {
    guard let results, results.kind == .kwdagger else { return [] }
    return results.rows[number].columns
  }

  /// Why a setting cannot be judged at all; nil where it can.
  func problem(_ number: Int) -> String? { results?.rows[number].problem }

  /// Why a symbol without a source has no value.
  func problem(ofSymbol name: String) -> String {
    guard let results else { return "it has no value" }
    let names = results.rows.first { $0.problem == nil }?.columns.map(\.name) ?? []
    return "no column of the results is called '\(name)'" + SchemaReader.suggestion(name, names)
  }

  private func judged(_ number: Int, consumed: [String]) -> JudgedRow? {
    guard let results else { return nil }
    let row = results.rows[number]
    return JudgedRow(
      kind: results.kind, process: row.process, artifact: row.artifact,
      columns: row.columns.map { .init(key: .text($0.name), value: $0.value) },
      filled: Set(results.values(of: card, in: row).map(\.name)), consumed: consumed)
  }

  /// A setting's outcome.
  func outcome(
    _ number: Int, _ status: CardStatus, _ output: String,
    _ values: [String: (value: CardValue, isSimple: Bool)],
    evidence: SettingOutcome.Evidence? = nil, consumed: [String] = [], line: Int? = nil, seconds: Double
  ) -> SettingOutcome {
    let given = results == nil ? swept(number) : self.given(number)
    let swept = Dictionary(given.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    let known = card.symbols.compactMap { symbol -> SettingOutcome.Symbol? in
      let value = values[symbol.name] ?? (swept[symbol.name] ?? symbol.value).map { ($0, $0.isSimple) }
      return value.map {
        .init(
          name: symbol.name, value: $0.0, isSimple: $0.1, isSwept: results == nil && swept[symbol.name] != nil
        )
      }
    }
    return SettingOutcome(
      status: status, output: output, symbols: known, evidence: evidence,
      judged: judged(number, consumed: consumed), line: line, seconds: seconds)
  }
}

/// Why a symbol has no value.
struct Unresolved: Error {
  let problem: String
  init(_ problem: String) { self.problem = problem }
}
