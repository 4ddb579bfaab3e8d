import Magnet
import Testing

/// Matching against a naive search, with fields drawn at random.
@Suite struct MatchingTests {
  /// The fields of a statistic's name that are set.
  typealias Fields = [String: Cell]

  static let pools: [(String, [Cell])] = [
    ("run_spec.name", [.string("a"), .string("b")]), ("stats.name.name", [.string("m"), .string("n")]),
    ("stats.name.split", [.null, .string("test")]), ("stats.name.sub_split", [.null, .string("easy")]),
    ("stats.name.perturbation.name", [.null, .string("p"), .string("q")]),
    ("stats.name.perturbation.computed_on", [.null, .string("perturbed")]),
    ("stats.name.perturbation.fairness", [.null, .bool(true), .bool(false)]),
    ("stats.name.perturbation.robustness", [.null, .bool(true)]),
    ("stats.name.perturbation.prob", [.null, .double(0.1), .double(1), .int(1)]),
    ("stats.name.perturbation.source_class", [.null, .string("x"), .json("[1]")]),
  ]

  static func randomFields(_ random: inout PythonRandom, sparse: Int) -> Fields {
    var fields: Fields = [:]
    for (name, cells) in pools {
      let cell = random.choice(cells.first == .null && random.below(10) < sparse ? [.null] : cells)
      if cell != .null { fields[name] = cell }
    }
    return fields
  }

  static func prediction(_ fields: Fields, mean: Double) -> RunPrediction {
    let prefix = "stats.name.perturbation."
    func flag(_ name: String) -> Bool? { fields[prefix + name].map { $0 == .bool(true) } }
    var parameters: [String: Cell] = [:]
    for name in ["prob", "source_class"] { parameters[name] = fields[prefix + name] }
    let perturbation = Perturbation(
      name: fields[prefix + "name"]?.text, computedOn: fields[prefix + "computed_on"]?.text,
      robustness: flag("robustness"), fairness: flag("fairness"), parameters: parameters)
    return RunPrediction(
      run: fields["run_spec.name"]!.text,
      stat: Stat(
        MetricName(
          fields["stats.name.name"]!.text, split: fields["stats.name.split"]?.text,
          subSplit: fields["stats.name.sub_split"]?.text, perturbation: perturbation), mean: mean))
  }

  @Test(arguments: 1...30)
  func matchesAreThoseOfNestedLoops(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let sparse = random.below(10)
    let rows = (0..<random.below(60)).map { _ in Self.randomFields(&random, sparse: sparse) }
    let predicted = (0..<random.below(30)).map { _ in Self.randomFields(&random, sparse: sparse) }
    let actual = Table(
      columnNames: Self.pools.map(\.0) + ["stats.mean"],
      rows: rows.enumerated().map { number, fields in
        Self.pools.map { fields[$0.0] ?? .null } + [.double(Double(number))]
      })
    let always = Self.pools.prefix(8).map(\.0).filter { $0 != "stats.name.sub_split" }
    let on = Set(always).union(predicted.flatMap(\.keys))
    var expected: [[Int]] = []
    for (i, prediction) in predicted.enumerated() {
      for (j, row) in rows.enumerated()
      where on.allSatisfy({ TableTests.agree(prediction[$0] ?? .null, row[$0] ?? .null) }) {
        expected.append([i, j])
      }
    }
    let comparison = Comparison(
      predicted.enumerated().map { Self.prediction($1, mean: Double($0)) }, with: actual)
    #expect(comparison.pairs.map { [Int($0.predicted.mean!), Int($0.actual.mean!)] } == expected)
    let matched = Set(expected.map { $0[0] })
    let unmatched = predicted.indices.filter { !matched.contains($0) }
    #expect(comparison.unmatched.map { Int($0.stat.mean!) } == unmatched)
    #expect(comparison.unmatched.allSatisfy { !$0.reason.isEmpty })
    #expect(
      rows.isEmpty
        || comparison.unmatched.allSatisfy { $0.reason.contains(#/^(no |the prediction has no )/#) })
    #expect(comparison.table.rowCount == expected.count * 2 + comparison.unmatched.count)
    #expect(comparison.pairTable.rowCount == expected.count)
  }
}
