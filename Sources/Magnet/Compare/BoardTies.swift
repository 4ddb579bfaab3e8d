/// The models of a board that its data cannot tell apart.
///
/// Every two models are tested on the instances that both answered, in the columns that the ranking is made of: one
/// column by its scenarios, or where it has a single one by the instances of that (McNemar's mid-p for scores of 0 and 1,
/// sign flips for up to 20 instances, otherwise t); several columns by the t of their mean differences, as in
/// `ModelComparison`. The p values are corrected together (Holm). Down the ranking, a model joins the group of the model
/// that began it unless the two differ; then it begins the next group. So a group is a statement about its first model
/// only, and where models are ranked by win rates it is about their scores.
package struct BoardTies: Sendable {
  /// The group of each row of the board's `ranked`, 1 first; nil for rows without a value and where nothing was tested.
  package let groups: [Int?]
  /// For each pair of ranked rows, the better first, the corrected p value; nil where the two have nothing in common.
  package let pairs: [(first: Int, second: Int, p: Double?)]
  /// What should be known of them: models that could not be tested.
  package let notes: [String]
  /// Faults of runs whose instances could not be read.
  package let faults: [DataFault]

  /// Reads the instances of a board's runs, and tests its models.
  /// - Parameters:
  ///   - board: the board.
  ///   - runs: what it was made of.
  ///   - readsContent: whether to read inputs, so that an id that names another question elsewhere is not paired.
  /// - Throws: what the source throws.
  package static func read(
    _ board: Board, of runs: BoardRuns, in source: some RunSource, readsContent: Bool = true,
    alpha: Double = 0.05
  ) async throws -> BoardTies {
    let listing = try await source.list()
    var specs: [String: (entry: RunEntry, spec: Row)] = [:]
    for (row, entry) in zip(listing.runSpecs.rows, listing.entryOfRow) {
      specs[listing.entries[entry].path] = (listing.entries[entry], row)
    }
    let stats = Dictionary(runs.runs.map { ($0.path, $0.stats) }, uniquingKeysWith: { first, _ in first })
    let ranked = board.ranked
    var places: [(column: Int, row: Int)] = []
    var wanted: [(entry: RunEntry, spec: Row, headline: Headline)] = []
    for column in board.rankedColumns {
      guard let matcher = board.columns[column].matcher else { continue }
      for (number, row) in ranked.enumerated() where row.cells[column].value != nil {
        for path in row.cells[column].paths {
          guard let known = specs[path], case .one(let name, let stat, _)? = stats[path]?.match(matcher),
            known.entry.files.contains(TableSource.perInstanceStats.fileName)
          else { continue }
          let headline = Headline(
            group: nil, metric: name, lowerIsBetter: board.columns[column].lowerIsBetter, rule: "board",
            isGuessed: false, notes: [], stat: stat)
          places.append((column, number))
          wanted.append((known.entry, known.spec, headline))
        }
      }
    }
    let haveStates = wanted.allSatisfy { $0.entry.files.contains(TableSource.scenarioStates.fileName) }
    var faults: [DataFault] = []
    let read = try await RunInstances.read(
      wanted, in: source, RunInstances.Population(), readsContent: readsContent && haveStates, faults: &faults
    )
    var columns: [Int: [String: ScenarioScores]] = [:]
    for (place, run) in zip(places, read) {
      guard let run, !run.instances.isEmpty else { continue }
      columns[place.column, default: [:]][run.scenario, default: ScenarioScores()].add(run, row: place.row)
    }
    let units = columns.sorted { $0.key < $1.key }.map { column, scenarios in
      (
        isReversed: board.columns[column].lowerIsBetter == true,
        scenarios: scenarios.sorted { $0.key < $1.key }.map(\.value)
      )
    }
    return BoardTies(board, units, alpha: alpha, idsAlone: !(readsContent && haveStates), faults: faults)
  }

  /// The scores of one scenario: a list for each row of the board, with a place for each question, NaN where the row has
  /// none. A question is an instance with its input, where that was read, so that pairs are found without comparing texts.
  struct ScenarioScores: Sendable {
    private struct Question: Hashable {
      let key: RunInstances.Key
      let content: String?
    }

    private var places: [Question: Int] = [:]
    private var scores: [Int: [Double]] = [:]

    mutating func add(_ run: RunInstances, row: Int) {
      var values = scores[row] ?? []
      for instance in run.instances {
        let question = Question(key: instance.key, content: instance.content)
        let place = places[question] ?? places.count
        places[question] = place
        if place >= values.count {
          values += Array(repeating: Double.nan, count: place + 1 - values.count)
        }
        values[place] = instance.score
      }
      scores[row] = values
    }

    /// The scores of two rows on the questions that both have.
    func pairs(_ first: Int, _ second: Int) -> [(Double, Double)] {
      guard let one = scores[first], let other = scores[second] else { return [] }
      return zip(one, other).filter { !$0.isNaN && !$1.isNaN }
    }
  }

  init(
    _ board: Board, _ units: [(isReversed: Bool, scenarios: [ScenarioScores])], alpha: Double,
    idsAlone: Bool, faults: [DataFault]
  ) {
    let ranked = board.ranked
    let rows =
      board.rankingColumn.map { column in
        ranked.indices.filter { ranked[$0].cells[column].value != nil }
      } ?? []
    var pairs: [(first: Int, second: Int, p: Double?)] = []
    for (place, first) in rows.enumerated() {
      for second in rows[(place + 1)...] {
        pairs.append((first, second, Self.p(units, first, second)))
      }
    }
    let adjusted = PValueCorrection.holm.adjusted(pairs.map(\.p))
    self.pairs = zip(pairs, adjusted).map { ($0.first, $0.second, $1) }
    var known: [SIMD2<Int>: Double] = [:]
    for pair in self.pairs { known[SIMD2(pair.first, pair.second)] = pair.p }
    let tested = Set(self.pairs.filter { $0.p != nil }.flatMap { [$0.first, $0.second] })
    var groups: [Int?] = Array(repeating: nil, count: ranked.count)
    var anchor: Int?
    var group = 0
    for row in rows where tested.contains(row) {
      if let anchor, known[SIMD2(anchor, row)].map({ $0 >= alpha }) ?? true {
        groups[row] = group
        continue
      }
      anchor = row
      group += 1
      groups[row] = group
    }
    self.groups = groups
    self.faults = faults
    var notes: [String] = []
    let left = rows.filter { !tested.contains($0) }
    if !left.isEmpty {
      let names = left.prefix(3).map { ranked[$0].title }.joined(separator: ", ")
      notes.append(
        "no tie group, as no scores of instances are shared with other models: \(names)"
          + (left.count > 3 ? " and \(left.count - 3) more" : ""))
    }
    if idsAlone, !tested.isEmpty {
      notes.append("instances are paired by their ids alone, as not all runs have a scenario_state.json")
    }
    self.notes = notes
  }

  /// The probability of a difference as large as that of two rows if there were none.
  private static func p(
    _ units: [(isReversed: Bool, scenarios: [ScenarioScores])], _ first: Int, _ second: Int
  ) -> Double? {
    var means: [[Double]] = []
    var last: [(Double, Double)] = []
    for unit in units {
      let differences = unit.scenarios.compactMap { scenario -> Double? in
        let pairs = scenario.pairs(first, second)
        if pairs.isEmpty { return nil }
        last = pairs
        return PairedDifferences(pairs.map { $0.0 - $0.1 }).mean.map { unit.isReversed ? -$0 : $0 }
      }
      if !differences.isEmpty { means.append(differences) }
    }
    let values = means.count == 1 ? means[0] : means.map { $0.reduce(0, +) / Double($0.count) }
    if values.count != 1 { return PairedDifferences(values).estimate?.p }
    if let table = PairedTable(last) { return table.midP }
    let differences = PairedDifferences(last.map { $0.0 - $0.1 })
    return differences.count <= 20 && differences.count > 1
      ? differences.signFlipP() : differences.estimate?.p
  }
}

extension Board {
  /// The columns that the ranking is made of: the first, or for an aggregate those it is over.
  var rankedColumns: [Int] {
    guard let column = rankingColumn else { return [] }
    switch columns[column].kind {
    case .metric: return [column]
    case .mean: return columns.indices.filter { columns[$0].kind == .metric }
    case .winRate:
      return columns.indices.filter { columns[$0].kind == .metric && columns[$0].lowerIsBetter != nil }
    }
  }
}
