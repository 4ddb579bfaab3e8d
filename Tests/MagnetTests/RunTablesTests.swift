import Testing

@testable import Magnet

/// Tables of several runs: whose rows are whose, and which number a statistic's request has.
@Suite struct RunTablesTests {
  private static func table(_ run: Int, _ count: Int, extra: String?) -> Table {
    Table(
      columnNames: ["run_spec.name", "stats.mean"] + (extra.map { [$0] } ?? []),
      rows: (0..<count).map { row in
        [.string("r\(run)"), .double(Double(100 * run + row))]
          + (extra == nil ? [] : [.int(Int64(row))])
      })
  }

  @Test(arguments: 1...15) func rowsOfRunsAreFoundAgain(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    var counts: [Int] = []
    let runs = (0..<6).map { run -> Result<[TableSource: Table], DataFault> in
      let count = random.below(4)
      counts.append(count)
      if random.below(5) == 0 {
        counts[run] = 0
        return .failure(DataFault(file: "r\(run)", problem: "is broken"))
      }
      return .success([
        .stats: Self.table(run, count, extra: random.choice([nil, "stats.x", "stats.y"]))
      ])
    }
    let tables = RunTables(stacking: runs, kinds: [.stats, .perInstanceStats])
    #expect(tables.stats.rowCount == counts.reduce(0, +) && tables.perInstanceStats.rowCount == 0)
    #expect(tables.faults.map(\.run) == runs.indices.filter { (try? runs[$0].get()) == nil })
    for (run, count) in counts.enumerated() {
      let own = tables.table(.stats, ofRuns: [run])
      #expect(own.rows.map { $0[.mean] } == (0..<count).map { Double(100 * run + $0) })
      #expect(own.rows.allSatisfy { $0[.run] == "r\(run)" })
    }
    let some = [4, 1, 1]
    #expect(
      tables.table(.stats, ofRuns: some).rows.map { $0[.mean] }
        == some.flatMap { run in (0..<counts[run]).map { Double(100 * run + $0) } })
    #expect(tables.table(.scenarioStates, ofRuns: []).rowCount == 0)
  }

  @Test func tablesAreSetByTheirKind() {
    var tables = RunTables(stats: Self.table(1, 2, extra: nil))
    #expect(tables[.stats].rowCount == 2 && tables[.scenarios].rowCount == 0)
    tables.runSpecs = Self.table(2, 1, extra: nil)
    tables.scenarioStates = Self.table(3, 3, extra: nil)
    tables.perInstanceStats = Self.table(4, 4, extra: nil)
    #expect(TableSource.allCases.map { tables[$0].rowCount } == [1, 3, 2, 4])
  }

  private static let states = "scenario_state.request_states."
  private static let stats = "per_instance_stats."

  /// Each statistic has the numbers of all requests of its instance, trial and perturbation.
  @Test(arguments: 1...25) func numbersAreThoseOfNestedLoops(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    func key() -> [Cell] {
      let name = random.choice([nil, nil, "typos"] as [String?])
      return [
        .string(random.choice(["r1", "r2"])), .string("id\(random.below(3))"), .string("test"),
        .int(Int64(random.below(2))), Cell(name),
        name == nil ? .null : random.choice([.double(0.5), .int(1)]),
      ]
    }
    let requests = (0..<random.below(10)).map { _ in key() }
    let statistics = (0..<random.below(14)).map { _ in key() }
    let tables = RunTables(
      scenarioStates: Table(
        columnNames: [
          "run_spec.name", Self.states + "instance.id", Self.states + "instance.split",
          Self.states + "train_trial_index", Self.states + "instance.perturbation.name",
          Self.states + "instance.perturbation.prob",
        ], rows: requests),
      perInstanceStats: Table(
        columnNames: [
          "run_spec.name", Self.stats + "instance_id", Self.stats + "stats.name.split",
          Self.stats + "train_trial_index", Self.stats + "stats.name.perturbation.name",
          Self.stats + "stats.name.perturbation.prob", Self.stats + "stats.mean",
        ],
        rows: statistics.enumerated().map { $1 + [.double(Double($0))] }))
    let numbered = tables.numberingInstances()
    #expect(numbered.scenarioStates.rows.map { $0[.instancePredictID] } == Array(requests.indices))
    var expected: [[Double]] = []
    for (row, statistic) in statistics.enumerated() {
      for (number, request) in requests.enumerated()
      where zip(statistic, request).allSatisfy({
        $0 == $1 || ($0.number != nil && $0.number == $1.number)
      }) {
        expected.append([Double(row), Double(number)])
      }
    }
    let found = numbered.perInstanceStats.rows.map { row in
      [row[.mean] ?? -1, Double(row[.instancePredictID] ?? -1)]
    }
    #expect(found == expected)
    // Numbering what is numbered changes nothing.
    let again = numbered.numberingInstances()
    #expect(again.scenarioStates.columnNames == numbered.scenarioStates.columnNames)
    #expect(again.scenarioStates.rows.map { $0[.instancePredictID] } == Array(requests.indices))
  }

  @Test func kindsOfFilesAreKnownByTheirNames() {
    for kind in TableSource.allCases + [.scenarios] {
      #expect(
        kind.fileName == kind.prefix + "json"
          && kind.sqlName == kind.rawValue.replacing("-", with: "_"))
      #expect(kind.isChosen("run_spec.name", among: []) && kind.isChosen("anything", among: nil))
      #expect(
        !kind.isChosen("anything", among: ["other"]) && kind.isChosen("other", among: ["other"]))
      if let column = kind.requiredColumn { #expect(kind.isChosen(column, among: [])) }
      #expect(kind.isObject || kind.isList)
    }
    #expect(
      TableSource.allCases.map(\.rawValue).compactMap(TableSource.init) == TableSource.allCases)
    #expect(TableSource(rawValue: "scenarios") == nil && TableSource(rawValue: "Stats") == nil)
    #expect(TableSource.runSpecs.namesRun && !TableSource.stats.namesRun)
    #expect(TableSource.perInstanceStats.metricColumn == "per_instance_stats.stats.name.name")
    #expect(TableSource.scenarioStates.listKey?.description == "request_states")
    // What a table is made of is in its number.
    let kinds = [
      TableSource("a", prefix: "a.", shape: .records),
      TableSource("a", prefix: "a.", shape: .object),
      TableSource("a", prefix: "b.", shape: .records),
      TableSource("b", prefix: "a.", shape: .records),
      TableSource("a", prefix: "a.", fileName: "c.json", shape: .records),
      TableSource("a", prefix: "a.", shape: .records, textColumns: ["a.id"]),
      TableSource("a", prefix: "a.", shape: .records, requiredText: ["name"]),
      TableSource("a", prefix: "a.", shape: .records, isExpected: true),
      TableSource("a", prefix: "a.", shape: .bundles("x")),
      TableSource("a", prefix: "a.", shape: .bundles("y")),
      TableSource("a", prefix: "a.", shape: .recordsInObject("x")),
    ]
    #expect(Set(kinds.map(\.fingerprint)).count == kinds.count)
  }

  private static let statColumns =
    ["name.name", "name.split", "name.sub_split"]
    + ["name", "computed_on", "robustness", "fairness", "prob", "words"].map {
      "name.perturbation." + $0
    }
    + ["count", "sum", "sum_squared", "min", "max", "mean", "variance", "stddev"]

  /// A row of either table is the statistic that it was made of.
  @Test(arguments: ["stats.", "per_instance_stats.stats."], 1...12)
  func statisticsAreReadAsWritten(_ prefix: String, _ seed: Int) {
    var random = PythonRandom(seed: seed)
    func number() -> Double? { random.below(4) == 0 ? nil : random.random() }
    let perturbation =
      random.below(2) == 0
      ? nil
      : Perturbation(
        name: random.choice([nil, "typos"]), computedOn: "worst",
        robustness: random.choice([true, false, nil]),
        fairness: random.choice([true, nil]),
        parameters: random.choice([
          [:], ["prob": .double(0.5)], ["prob": .int(1), "words": .json("[1]")],
        ]))
    var stat = Stat(
      MetricName(
        "em", split: random.choice(["test", nil]), subSplit: random.choice(["easy", nil]),
        perturbation: perturbation),
      mean: number(), count: random.choice([0, 3, nil]), sum: number(), min: number(),
      max: number(),
      variance: number(), stddev: number())
    stat.sumSquared = number()
    let fields = perturbation?.fields ?? [:]
    let cells: [Cell] =
      [.string("em"), Cell(stat.name.split), Cell(stat.name.subSplit)]
      + ["name", "computed_on", "robustness", "fairness", "prob", "words"].map {
        fields[$0] ?? .null
      }
      + [
        Cell(stat.count), Cell(stat.sum), Cell(stat.sumSquared), Cell(stat.min), Cell(stat.max),
        Cell(stat.mean), Cell(stat.variance), Cell(stat.stddev),
      ]
    let table = Table(columnNames: Self.statColumns.map { prefix + $0 }, rows: [cells])
    #expect(Stat(row: table.rows[0]) == stat)
    #expect(Set(fields.keys).isSuperset(of: perturbation?.parameters.keys.map(\.self) ?? []))
  }

  @Test func aSumOfOneValueHasItsSquare() {
    let name = MetricName("em", split: nil)
    #expect(Stat(name, mean: 1, sum: 3).sumSquared == 9 && Stat(name, mean: 1).sumSquared == nil)
    #expect(Stat(name, mean: 1, sum: 3, sumSquared: 4).sumSquared == 4)
  }
}
