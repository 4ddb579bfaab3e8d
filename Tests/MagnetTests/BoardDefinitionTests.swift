import Testing

@testable import Magnet

/// Ranks, win rates and means of boards against their definitions.
@Suite struct BoardDefinitionTests {
  private static func column(_ rows: Int, _ random: inout PythonRandom) -> [Double?] {
    (0..<rows).map { _ in
      random.below(5) == 0 ? nil : random.choice([0.5, 0.25, 1, random.random(), random.random()])
    }
  }

  /// The mean over columns of the share of other models outdone, a tie half.
  @Test(arguments: 1...25) func winRatesCountDuels(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let rows = 1 + random.below(7)
    let columns = (0..<random.below(4)).map { _ in
      (values: Self.column(rows, &random), lowerIsBetter: random.choice([true, false, nil] as [Bool?]))
    }
    let rates = BoardAggregate.winRates(columns, rowCount: rows)
    for row in 0..<rows {
      var shares: [Double] = []
      for column in columns {
        guard let isReversed = column.lowerIsBetter, let own = column.values[row] else { continue }
        let others = column.values.indices.filter { $0 != row }.compactMap { column.values[$0] }
        if others.isEmpty { continue }
        let wins = others.reduce(0.0) { $0 + (own == $1 ? 0.5 : (own > $1) != isReversed ? 1 : 0) }
        shares.append(wins / Double(others.count))
      }
      let expected = shares.isEmpty ? nil : shares.reduce(0, +) / Double(shares.count)
      if let expected, let rate = rates[row] {
        #expect(abs(rate - expected) < 1e-12)
      } else {
        #expect(rates[row] == nil && expected == nil)
      }
    }
    // Turning a column round turns its rates round, and scaling it changes nothing.
    let scaled = columns.map { ($0.values.map { $0.map { 3 * $0 + 1 } }, $0.lowerIsBetter) }
    #expect(BoardAggregate.winRates(scaled, rowCount: rows) == rates)
    let turned = columns.map { ($0.values.map { $0.map { -$0 } }, $0.lowerIsBetter.map { !$0 }) }
    #expect(BoardAggregate.winRates(turned, rowCount: rows) == rates)
    // A column without a direction does not count.
    let more = columns + [(values: Self.column(rows, &random), lowerIsBetter: nil)]
    #expect(BoardAggregate.winRates(more, rowCount: rows) == rates)
    // Without ties, HELM's old rule is the same.
    if columns.allSatisfy({ Set($0.values.compactMap(\.self)).count == $0.values.compactMap(\.self).count }) {
      #expect(BoardAggregate.winRates(columns, rowCount: rows, breaksTies: true) == rates)
    }
  }

  /// The old rule sorts and counts places: of equal rows, the later wins where higher is better.
  @Test func tiesOfOldBoards() {
    let values: [Double?] = [0.5, 0.9, 0.5, nil, 0.5]
    #expect(
      BoardAggregate.winRates([(values, false)], rowCount: 5, breaksTies: true)
        == [0, 1, 1.0 / 3, nil, 2.0 / 3])
    let reversed = BoardAggregate.winRates([(values, true)], rowCount: 5, breaksTies: true)
    #expect(Set(reversed.compactMap(\.self)) == [0, 1.0 / 3, 2.0 / 3, 1] && reversed[1] == 0)
    #expect(BoardAggregate.winRates([([0.5, nil], false)], rowCount: 2) == [nil, nil], "no duel")
  }

  /// Python's `statistics.mean`, whose sum is exact.
  @Test func exactMeansAreRoundedOnce() {
    #expect(BoardAggregate.exactMean([]) == nil && BoardAggregate.exactMean([0.3]) == 0.3)
    #expect(BoardAggregate.exactMean(Array(repeating: 0.1, count: 10)) == 0.1)
    #expect(BoardAggregate.exactMean([1e16, 1, -1e16]) == 1.0 / 3)
    #expect(BoardAggregate.exactMean([0.1, 0.2, 0.3]) == 0.2)
    #expect(BoardAggregate.exactMean([1e308, -1e308, 3]) == 1)
    var random = PythonRandom(seed: 6)
    for _ in 0..<200 {
      // Multiples of 2⁻⁵³ in 64 bits: the sum of integers is exact, too.
      let count = 1 << random.below(5)
      let parts = (0..<count).map { _ in Int64(random.random() * 0x1p53) }
      let values = parts.map { Double($0) * 0x1p-53 }
      let sum = parts.reduce(0, +)
      let expected = Double(sum) / Double(count) * 0x1p-53
      #expect(BoardAggregate.exactMean(values) == expected)
      #expect(BoardAggregate.exactMean(values.reversed()) == expected, "in any order")
    }
  }

  private static func board(_ values: [[Double?]], lowerIsBetter: [Bool?], errors: [[Double?]]? = nil)
    -> Board
  {
    Board(
      group: "g", name: "n", title: "t",
      columns: lowerIsBetter.enumerated().map { number, direction in
        Board.Column(
          kind: .metric, group: "g\(number)", matcher: Schema.Matcher(name: "m", split: "test"),
          title: "c\(number % 2)", description: "", lowerIsBetter: direction, metadata: [])
      },
      rows: values.enumerated().map { row, cells in
        Board.Row(
          title: "model \(row)", model: "acme/m\(row)", deployment: "", runs: nil,
          cells: cells.enumerated().map {
            Board.Cell(value: $1, standardError: errors?[row][$0])
          })
      }, scenarioRuns: [])
  }

  @Test(arguments: 1...20) func ranksCountWhatIsBetter(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let rows = random.below(8)
    let first = Self.column(rows, &random)
    let isReversed = random.choice([true, false, nil] as [Bool?])
    let board = Self.board(first.map { [$0, 1] }, lowerIsBetter: [isReversed, false])
    let ranked = board.ranked.map { $0.cells[0].value }
    #expect(ranked.count == rows)
    for (place, (value, rank)) in zip(ranked, board.ranks).enumerated() {
      guard let value else {
        #expect(rank == nil && ranked[place...].allSatisfy { $0 == nil }, "those without a value come last")
        continue
      }
      let better = ranked.compactMap(\.self).count { isReversed == true ? $0 < value : $0 > value }
      #expect(rank == better + 1)
    }
    let titles = board.ranked.map(\.title)
    #expect(Set(titles).count == rows)
    for value in Set(first) {
      let own = first.indices.filter { first[$0] == value }.map { "model \($0)" }
      #expect(titles.filter(own.contains) == own, "equal rows keep their order")
    }
  }

  @Test func tablesHaveNoNameTwiceAndErrorsBesideTheirScores() {
    let board = Self.board(
      [[0.5, 0.25, 1], [0.75, nil, 2]], lowerIsBetter: [false, false, true],
      errors: [[0.1, nil, nil], [nil, nil, nil]])
    let table = board.table()
    #expect(table.columnNames == ["rank", "model", "c0", "c0 stderr", "c1", "c0 (2)", "runs"])
    #expect(table.rows.map { $0["model"].text } == ["model 1", "model 0"])
    #expect(table[1, "c0 stderr"] == .double(0.1) && table[0, "c0 stderr"] == .null)
    #expect(board.table(groups: [1, nil]).columnNames.prefix(3) == ["rank", "tie_group", "model"])
    let long = board.longTable()
    #expect(long.rowCount == 6 && long.columnNames == Board.longColumns)
    #expect(long.rows.map { $0["value"] }.prefix(2) == [.double(0.75), .null])
    #expect(
      board.longTable(groups: [1, 2]).rows.map { $0["tie_group"].text } == ["1", "1", "1", "2", "2", "2"])
    let empty = Self.board([[nil, 1], [nil, 2]], lowerIsBetter: [false, false]).withoutEmptyColumns
    #expect(empty.columns.count == 1 && empty.rows.map { $0.cells.count } == [1, 1])
  }

  @Test func theErrorOfAMeanIsThatOfIndependentValues() throws {
    let board = Self.board(
      [[1, 2, nil], [1, 2, 3]], lowerIsBetter: [nil, nil, nil], errors: [[0.3, 0.4, nil], [0.3, 0.4, nil]])
    #expect(BoardAggregate.errorOfMean(board.rows[0]) == 0.25)
    #expect(BoardAggregate.errorOfMean(board.rows[1]) == nil, "one value's error is not known")
    #expect(BoardAggregate.means([[1, nil], [2, nil], [nil, nil]], rowCount: 2) == [1.5, nil])
  }
}
