import Testing

@testable import Magnet

/// Which models of a board cannot be told apart, against the tests that its columns call for.
@Suite struct BoardTieTests {
  private typealias Unit = (isReversed: Bool, scenarios: [BoardTies.ScenarioScores])

  private static func column(_ kind: Board.Column.Kind, lowerIsBetter: Bool? = false) -> Board.Column {
    Board.Column(
      kind: kind, group: "g", matcher: nil, title: "c", description: "", lowerIsBetter: lowerIsBetter,
      metadata: [])
  }

  /// A board of one metric, its rows with these values, the best first.
  private static func board(_ values: [Double?], _ columns: [Board.Column] = [column(.metric)]) -> Board {
    Board(
      group: "g", name: "g", title: "g", columns: columns,
      rows: values.enumerated().map { number, value in
        Board.Row(
          title: "model \(number)", model: "m/\(number)", deployment: "", runs: nil,
          cells: columns.map { _ in
            var cell = Board.Cell()
            cell.value = value
            return cell
          })
      }, scenarioRuns: [])
  }

  /// Scores of some rows on some questions, as a scenario keeps them: row by row, question by question.
  private static func scenario(_ scores: [[Double?]], _ rows: [Int]? = nil) -> BoardTies.ScenarioScores {
    var all = BoardTies.ScenarioScores()
    for (number, own) in scores.enumerated() {
      let items = own.enumerated().compactMap { place, score in
        score.map { (id: "id\(place)", input: String?.none, score: $0) }
      }
      all.add(MadeInstances.run("m/\(number)", items), row: rows?[number] ?? number)
    }
    return all
  }

  /// The probability for two rows, by what the board is made of.
  private static func p(_ units: [[[[Double?]]]], _ first: Int, _ second: Int) -> Double? {
    func differences(_ scenario: [[Double?]]) -> [Double] {
      zip(scenario[first], scenario[second]).compactMap { a, b in a.flatMap { a in b.map { a - $0 } } }
    }
    let columns = units.map { $0.map(differences).filter { !$0.isEmpty } }.filter { !$0.isEmpty }
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    if columns.count != 1 {
      return PairedDifferences(columns.map { mean($0.map(mean)) }).estimate?.p
    }
    if columns[0].count != 1 { return PairedDifferences(columns[0].map(mean)).estimate?.p }
    let own = columns[0][0]
    let scenario = units.joined().first { !differences($0).isEmpty } ?? []
    let pairs = zip(scenario[first], scenario[second]).filter { $0 != nil && $1 != nil }
    if pairs.allSatisfy({ [0, 1].contains($0 ?? -1) && [0, 1].contains($1 ?? -1) }) {
      let (up, down) = (own.count { $0 > 0 }, own.count { $0 < 0 })
      return PairedTable(both: 0, onlyFirst: up, onlySecond: down, neither: own.count - up - down).midP
    }
    return own.count > 1 && own.count <= 20
      ? PairedDifferences(own).signFlipP() : PairedDifferences(own).estimate?.p
  }

  /// Boards of one column and scenario, of one column and several, and of several columns.
  @Test(arguments: 1...24) func groupsFollowFromThePairs(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let (columnCount, scenarioCount) = [(1, 1), (1, 4), (3, 2)][seed % 3]
    let rowCount = 2 + random.below(4)
    let isGraded = seed % 2 == 0
    let units = (0..<columnCount).map { _ in
      (0..<scenarioCount).map { _ -> [[Double?]] in
        (0..<rowCount).map { row in
          let isAbsent = random.below(8) == 0
          return (0..<(isGraded ? 9 : 26)).map { _ -> Double? in
            if isAbsent || random.below(12) == 0 { return nil }
            let isRight = random.random() > 0.1 + 0.2 * Double(row)
            return isRight ? 1 : isGraded ? random.choice([0, 0.5]) : 0
          }
        }
      }
    }
    let board = Self.board((0..<rowCount).map { 1 - Double($0) / 10 })
    let alpha = 0.2
    func ties(isReversed: Bool) -> BoardTies {
      BoardTies(
        board, units.map { (isReversed, $0.map { Self.scenario($0) }) }, alpha: alpha, idsAlone: false,
        faults: [])
    }
    let found = ties(isReversed: false)
    let places = (0..<rowCount).flatMap { one in (one + 1..<rowCount).map { (one, $0) } }
    let raw = places.map { Self.p(units, $0.0, $0.1) }
    let adjusted = PValueCorrection.holm.adjusted(raw)
    #expect(found.pairs.map { [$0.first, $0.second] } == places.map { [$0.0, $0.1] })
    for (pair, p) in zip(found.pairs, adjusted) {
      #expect((pair.p == nil) == (p == nil))
      if let own = pair.p, let p { #expect(abs(own - p) < 1e-9) }
    }
    // Down the ranking, each row against the first of its group.
    let tested = Set(found.pairs.filter { $0.p != nil }.flatMap { [$0.first, $0.second] })
    var (group, anchor) = (0, -1)
    for row in 0..<rowCount {
      guard tested.contains(row) else {
        #expect(found.groups[row] == nil)
        continue
      }
      let p = found.pairs.first { $0.first == anchor && $0.second == row }?.p
      let isApart = anchor < 0 || p.map { $0 < alpha } ?? false
      if isApart { (group, anchor) = (group + 1, row) }
      #expect(found.groups[row] == group)
    }
    let left = (0..<rowCount).filter { !tested.contains($0) }
    #expect(found.notes.isEmpty == left.isEmpty)
    // Which direction is better changes no probability.
    let turned = ties(isReversed: true)
    #expect(turned.groups == found.groups)
    for (one, other) in zip(turned.pairs, found.pairs) {
      #expect(abs((one.p ?? -1) - (other.p ?? -1)) < 1e-9)
    }
  }

  /// Questions are the same where id and input are, in whatever order runs have them.
  @Test(arguments: 1...8) func questionsAreFoundByIDAndInput(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    func items() -> [(id: String, input: String?, score: Double)] {
      (0..<12).filter { _ in random.below(4) > 0 }.map {
        ("id\($0)", "question \($0) \(random.below(2))", Double(random.below(5)))
      }
    }
    let (a, b) = (items(), items())
    var scores = BoardTies.ScenarioScores()
    scores.add(MadeInstances.run("a", a), row: 4)
    scores.add(MadeInstances.run("b", b), row: 2)
    let expected = a.compactMap { one in
      b.first { $0.id == one.id && $0.input == one.input }.map { [one.score, $0.score] }
    }
    #expect(scores.pairs(4, 2).map { [$0.0, $0.1] } == expected)
    #expect(scores.pairs(2, 4).map { [$0.1, $0.0] } == expected)
    #expect(scores.pairs(4, 3).isEmpty && scores.pairs(0, 1).isEmpty)
  }

  @Test func whatCannotBeTestedIsNoted() {
    let scores = Self.scenario([[1, 1, 0], [0, 1, 0]])
    let units: [Unit] = [(false, [scores])]
    let ties = BoardTies(
      Self.board([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, nil]), units, alpha: 0.05, idsAlone: true, faults: [])
    #expect(ties.groups == [1, 1, nil, nil, nil, nil, nil])
    #expect(
      ties.notes == [
        "no tie group, as no scores of instances are shared with other models: model 2, model 3, model 4 and 1 more",
        "instances are paired by their ids alone, as not all runs have a scenario_state.json",
      ])
    // Rows without a value are in no pair.
    #expect(ties.pairs.count == 15 && ties.pairs.filter { $0.p != nil }.count == 1)
    let none = BoardTies(Self.board([], []), [], alpha: 0.05, idsAlone: true, faults: [])
    #expect(none.groups.isEmpty && none.pairs.isEmpty && none.notes.isEmpty)
  }

  @Test func theColumnsOfARankingAreThoseItIsMadeOf() {
    let metrics = [
      Self.column(.metric), Self.column(.metric, lowerIsBetter: nil),
      Self.column(.metric, lowerIsBetter: true),
    ]
    #expect(Self.board([1], metrics).rankedColumns == [0])
    #expect(Self.board([1], [Self.column(.mean, lowerIsBetter: nil)] + metrics).rankedColumns == [1, 2, 3])
    #expect(Self.board([1], [Self.column(.winRate)] + metrics).rankedColumns == [1, 3])
    #expect(Self.board([1], [Self.column(.winRate), Self.column(.mean)] + metrics).rankedColumns == [2, 4])
    #expect(Self.board([], []).rankedColumns == [])
  }
}
