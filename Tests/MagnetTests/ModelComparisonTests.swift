import Testing

@testable import Magnet

/// Models compared over several scenarios, against means and errors written out.
@Suite struct ModelComparisonTests {
  /// Runs of some models on some scenarios, with gaps; stronger models have more right.
  private static func world(_ seed: Int, lowerIsBetter: Bool = false) -> ComparedRuns {
    var random = PythonRandom(seed: seed)
    let headline = MadeInstances.headline(lowerIsBetter: lowerIsBetter)
    var runs: [RunInstances] = []
    for scenario in 0..<4 {
      for model in 0..<4 where model < 2 || random.below(4) > 0 {
        let items = (0..<(scenario == 3 ? 8 : 8 + 10 * (seed % 3))).map { number in
          (
            id: "id\(number)", input: String?.none,
            score: random.random() < 0.2 + 0.2 * Double(model) ? 1.0 : scenario == 3 ? 0.5 : 0
          )
        }
        runs.append(MadeInstances.run("m/\(model)", on: "s\(scenario)", items, headline: headline))
      }
    }
    return ComparedRuns(runs: runs, files: [], notes: [], faults: [], omissions: [])
  }

  private static func near(_ a: Double?, _ b: Double?) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    return abs(a - b) <= 1e-10 * max(1, abs(b))
  }

  @Test(arguments: 1...10) func scenariosWeighTheSame(_ seed: Int) throws {
    let runs = Self.world(seed)
    let comparison = try runs.compare("m/0", "m/1")
    #expect(comparison.scenarios.map(\.first.scenario) == ["s0", "s1", "s2", "s3"])
    #expect(comparison.omissions.isEmpty)
    var differences: [Double] = []
    var errors: [Double] = []
    for scenario in 0..<4 {
      func scores(_ model: String) -> [Double] {
        runs.runs.first { $0.scenario == "s\(scenario)" && $0.model == model }?.instances.map(\.score) ?? []
      }
      let own = PairedDifferences(zip(scores("m/0"), scores("m/1")).map { $1 - $0 })
      differences.append(own.mean ?? .nan)
      errors.append(own.standardError ?? .nan)
    }
    let mean = differences.reduce(0, +) / 4
    #expect(Self.near(comparison.difference, mean))
    #expect(Self.near(comparison.withinError, errors.reduce(0) { $0 + $1 * $1 }.squareRoot() / 4))
    let spread = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 3
    #expect(Self.near(comparison.between?.standardError, (spread / 4).squareRoot()))
    #expect(comparison.p == comparison.between?.p && comparison.between?.degrees == 3)
  }

  @Test(arguments: 1...6) func summariesSayTheNumbers(_ seed: Int) throws {
    let comparison = try Self.world(seed).compare("m/0", "m/1")
    for correction in PValueCorrection.allCases {
      let table = comparison.summary(correction: correction, equivalenceMargin: 0.2)
      #expect(table.rowCount == 6 && table.columnNames.last == "p_equivalent")
      let adjusted = correction.adjusted(comparison.scenarios.map(\.p))
      for (number, scenario) in comparison.scenarios.enumerated() {
        let row = table.rows[number]
        #expect(
          row["task"] == .string(scenario.first.scenario) && row["diff"] == .double(scenario.difference))
        #expect(row["p"] == Cell(scenario.p) && row["p_adjusted"] == Cell(adjusted[number]))
        #expect(row["n"] == .int(Int64(scenario.pairing.pairs.count)) && row["only_a"] == .int(0))
        #expect(row["p_equivalent"] == Cell(scenario.estimate?.equivalenceP(margin: 0.2)))
      }
      let (these, like) = (table.rows[4], table.rows[5])
      #expect(these["task"] == .string("mean of 4, these scenarios"))
      #expect(like["task"] == .string("mean of 4, scenarios like these"))
      for row in [these, like] {
        #expect(row["diff"] == Cell(comparison.difference) && row["metric"] == .string("m"))
        let (low, high) = (row["lower"].number ?? .nan, row["upper"].number ?? .nan)
        #expect(Self.near((low + high) / 2, comparison.difference))
      }
      let half = ((these["upper"].number ?? 0) - (these["lower"].number ?? 0)) / 2
      #expect(Self.near(half, 1.959963984540054 * (comparison.withinError ?? 0)))
    }
    #expect(!comparison.summary().columnNames.contains("p_equivalent"))
  }

  @Test func scenariosOfOneModelAloneAreSaid() throws {
    let item = [(id: "id1", input: String?.none, score: 1.0), (id: "id2", input: nil, score: 0)]
    let runs = ComparedRuns(
      runs: ["s1", "s2", "s3", "s4", "s5"].map { MadeInstances.run("a", on: $0, item) }
        + ["s5", "s6"].map { MadeInstances.run("b", on: $0, item) },
      files: [], notes: [], faults: [], omissions: [])
    let comparison = try runs.compare("a", "b")
    #expect(comparison.omissions == ["only a has s1, s2, s3 and 1 more", "only b has s6"])
    #expect(comparison.summary().rowCount == 1 && comparison.between == nil && comparison.p == 1)
    let error = #expect(throws: MagnetError.self) { try runs.compare("a", "c") }
    #expect(error?.code == .insufficientData && error?.advice == "only a has s1, s2, s3 and 2 more")
  }

  // MARK: All pairs

  @Test(arguments: 1...12) func modelsAreInTheOrderOfTheirMeans(_ seed: Int) throws {
    for lowerIsBetter in [false, true] {
      let runs = Self.world(seed, lowerIsBetter: lowerIsBetter)
      let matrix = try ComparisonMatrix(runs)
      // The mean over the scenarios that all models have; over all where there is none.
      let all = Dictionary(grouping: runs.runs, by: \.scenario)
      let shared = all.filter { $0.value.count == runs.models.count }
      let used = shared.isEmpty ? all : shared
      func strength(_ model: String) -> Double {
        let means = used.values.flatMap { own in
          own.filter { $0.model == model }.map { run in
            run.instances.reduce(0) { $0 + $1.score } / Double(run.instances.count)
          }
        }
        return (lowerIsBetter ? -1 : 1) * means.reduce(0, +) / Double(means.count)
      }
      #expect(Set(matrix.models) == Set(runs.models))
      for (model, value) in zip(matrix.models, matrix.strengths) {
        #expect(Self.near(value, strength(model)))
      }
      #expect(matrix.strengths == matrix.strengths.sorted(by: >))
      // Every two models once, the better first.
      let every = matrix.models.indices.flatMap { one in
        matrix.models.indices.filter { $0 > one }.map { [matrix.models[one], matrix.models[$0]] }
      }
      func scenarios(_ model: String) -> Set<String> {
        Set(runs.runs.filter { $0.model == model }.map(\.scenario))
      }
      let expected = every.filter { !scenarios($0[0]).isDisjoint(with: scenarios($0[1])) }
      #expect(matrix.pairs.map { [$0.first, $0.second] } == expected)
      #expect(matrix.omissions.count == every.count - expected.count)
      #expect(matrix.adjusted == PValueCorrection.holm.adjusted(matrix.pairs.map(\.p)))
      for (row, pair) in zip(matrix.table.rows, matrix.pairs) {
        let (worse, better) = (row["worse_in"].number ?? -1, row["better_in"].number ?? -1)
        #expect(worse == Double(pair.scenarios.count { $0.meanSecond < $0.meanFirst }))
        #expect(better == Double(pair.scenarios.count { $0.meanSecond > $0.meanFirst }))
        #expect(row["diff"] == Cell(pair.difference))
      }
    }
  }

  /// A group ends where a model differs from the group's first.
  @Test(arguments: 1...12, [0.05, 0.5, 0.99]) func groupsAreOfTheirFirstModel(_ seed: Int, _ alpha: Double)
    throws
  {
    let matrix = try ComparisonMatrix(Self.world(seed), correction: .none, alpha: alpha)
    var (group, anchor) = (1, 0)
    for (place, model) in matrix.models.enumerated() {
      if place > anchor {
        let pair = matrix.pairs.firstIndex { $0.first == matrix.models[anchor] && $0.second == model }
        if let pair, let p = matrix.pairs[pair].p, p < alpha {
          group += 1
          anchor = place
        }
      }
      #expect(matrix.groups[place] == group)
    }
    #expect(matrix.groupTable.rows.map { $0["model"].text } == matrix.models)
    #expect(matrix.groupTable.rows.map { $0["group"] } == matrix.groups.map { .int(Int64($0)) })
  }

  @Test func aModelAloneIsNotCompared() {
    let run = MadeInstances.run("a", [("id1", nil, 1)])
    func matrix(_ runs: [RunInstances]) -> String {
      do {
        _ = try ComparisonMatrix(ComparedRuns(runs: runs, files: [], notes: [], faults: [], omissions: []))
        return "none"
      } catch { return "\(error)" }
    }
    #expect(matrix([]) == "comparing takes two models, not 0")
    #expect(matrix([run]) == "comparing takes two models, not 1")
    let other = MadeInstances.run("b", on: "u", [("id1", nil, 1)])
    #expect(
      matrix([run, other]).hasPrefix("no two models can be compared; a and b have no scenario that can be"))
  }
}
