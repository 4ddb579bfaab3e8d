import Testing

@testable import Magnet

/// Runs of scores that a test writes down, instance by instance.
enum MadeInstances {
  static func headline(_ metric: String = "m", split: String? = nil, lowerIsBetter: Bool? = false) -> Headline
  {
    Headline(
      group: nil, metric: MetricName(metric, split: split), lowerIsBetter: lowerIsBetter, rule: "test",
      isGuessed: false, notes: [], stat: MergedStat(mean: 0))
  }

  static func spec(_ task: String, _ model: String) -> Row {
    Table(
      columnNames: ["run_spec.name", "run_spec.adapter_spec.model"],
      rows: [[.string("\(task):model=\(model)"), .string(model)]]
    ).rows[0]
  }

  /// - Parameter items: each instance's id, its input (nil where the scenario state has no such instance) and its score.
  static func run(
    _ model: String, on task: String = "t", _ items: [(id: String, input: String?, score: Double)],
    headline: Headline = headline()
  ) -> RunInstances {
    let prefix = "scenario_state.request_states.instance."
    let hasInputs = items.contains { $0.input != nil }
    let states = Table(
      columnNames: [prefix + "id", prefix + "input.text"],
      rows: items.filter { $0.input != nil }.map { [.string($0.id), Cell($0.input)] })
    return RunInstances(
      spec(task, model), headline,
      Table(
        columnNames: [
          "per_instance_stats.instance_id", "per_instance_stats.train_trial_index",
          "per_instance_stats.stats.name.name", "per_instance_stats.stats.mean",
        ], rows: items.map { [.string($0.id), .int(0), .string(headline.metric.name), .double($0.score)] }),
      hasInputs ? states : nil, RunInstances.Population())
  }
}

/// Which instances of two runs are the same question, against the rule spelled out for every two of them.
@Suite struct InstancePairingTests {
  private typealias Item = (id: String, input: String?, score: Double)

  private static func items(_ random: inout PythonRandom, withInputs: Bool) -> [Item] {
    (0..<9).filter { _ in random.below(4) > 0 }.map { number in
      let input = withInputs && random.below(8) > 0 ? "question \(random.below(7))" : nil
      return ("id\(number)", input, Double(random.below(3)) / 2)
    }
  }

  /// The pairs by the rule, as ids: the same id unless both questions are known and differ; then, of those left over,
  /// a question that stands once on each side.
  private static func pairs(_ first: [Item], _ second: [Item]) -> (
    all: [[String]], byContent: Int, reused: Int
  ) {
    func isReused(_ a: Item, _ b: Item) -> Bool {
      a.id == b.id && a.input != nil && b.input != nil && a.input != b.input
    }
    var found: [String: String] = [:]
    for a in first {
      for b in second where a.id == b.id && !isReused(a, b) { found[a.id] = b.id }
    }
    let taken = Set(found.values)
    let left = (first.filter { found[$0.id] == nil }, second.filter { !taken.contains($0.id) })
    var byContent = 0
    for a in left.0 {
      guard let input = a.input, left.0.count(where: { $0.input == input }) == 1 else { continue }
      let others = left.1.filter { $0.input == input }
      if others.count == 1 {
        found[a.id] = others[0].id
        byContent += 1
      }
    }
    let reused = first.count { a in second.contains { isReused(a, $0) } }
    return (first.compactMap { a in found[a.id].map { [a.id, $0] } }, byContent, reused)
  }

  @Test(arguments: 1...40) func pairsAreThoseOfTheRule(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let withInputs = seed % 4 != 0
    let (a, b) = (Self.items(&random, withInputs: withInputs), Self.items(&random, withInputs: withInputs))
    let (one, other) = (MadeInstances.run("a/1", a), MadeInstances.run("b/1", b))
    let pairing = Pairing(one, other)
    let expected = Self.pairs(a, b)
    #expect(pairing.pairs.map { [$0.first.key.id, $0.second.key.id] } == expected.all)
    #expect(pairing.byContentCount == expected.byContent && pairing.reusedCount == expected.reused)
    // What is not in a pair is left over, once, on its side.
    let left = (
      a.map(\.id).filter { id in !expected.all.contains { $0[0] == id } },
      b.map(\.id).filter { id in !expected.all.contains { $0[1] == id } }
    )
    #expect(pairing.unmatched.filter { $0.side == .first }.map(\.key.id) == left.0)
    #expect(pairing.unmatched.filter { $0.side == .second }.map(\.key.id) == left.1)
    for item in pairing.unmatched {
      let (mine, theirs) = item.side == .first ? (a, b) : (b, a)
      let own = mine.first { $0.id == item.key.id }?.input
      let namesake = theirs.first { $0.id == item.key.id }?.input
      let isReused = own != nil && namesake != nil && own != namesake
      #expect(
        item.reason == (isReused ? "its id names another question in the other run" : "not in the other run"))
    }
  }

  /// Turned round, the pairs are the same.
  @Test(arguments: 1...20) func pairingHasNoDirection(_ seed: Int) {
    var random = PythonRandom(seed: 100 + seed)
    let (a, b) = (Self.items(&random, withInputs: true), Self.items(&random, withInputs: true))
    let (one, other) = (MadeInstances.run("a/1", a), MadeInstances.run("b/1", b))
    let (there, back) = (Pairing(one, other), Pairing(other, one))
    let thesePairs = Set(there.pairs.map { [$0.first.key.id, $0.second.key.id] })
    #expect(thesePairs == Set(back.pairs.map { [$0.second.key.id, $0.first.key.id] }))
    #expect(there.byContentCount == back.byContentCount && there.reusedCount == back.reusedCount)
    func left(_ pairing: Pairing, _ side: Pairing.Side) -> Set<[String]> {
      Set(pairing.unmatched.filter { $0.side == side }.map { [$0.key.id, $0.reason] })
    }
    #expect(left(there, .first) == left(back, .second) && left(there, .second) == left(back, .first))
    let own = Pairing(one, one)
    #expect(own.pairs.count == a.count && own.unmatched.isEmpty && own.byContentCount == 0)
  }

  /// Ids by length first, whatever their order in the file.
  @Test(arguments: 1...8) func instancesAreInTheOrderOfTheirIDs(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    var ids = (0..<25).map { "id\($0 * 7)" }
    for place in ids.indices.reversed() { ids.swapAt(place, random.below(place + 1)) }
    let run = MadeInstances.run("a/1", ids.map { ($0, nil, 1) })
    #expect(run.instances.map(\.key.id) == (0..<25).map { "id\($0 * 7)" })
    #expect(run.model == "a/1" && run.scenario == "t" && run.run == "t:model=a/1")
  }

  // MARK: Reading scores

  private static let columns = [
    "per_instance_stats.instance_id", "per_instance_stats.train_trial_index",
    "per_instance_stats.stats.name.name", "per_instance_stats.stats.name.split",
    "per_instance_stats.stats.name.perturbation.name", "per_instance_stats.stats.mean",
  ]

  /// Random rows, with repetitions, other metrics and splits, perturbations and numbers that are not finite, read for each
  /// kind of population.
  @Test(arguments: 1...20) func scoresAreReadAsThePopulationSays(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let rows = (0..<80).map { _ -> [Cell] in
      [
        .string("id\(random.below(6))"), .int(Int64(random.below(2))),
        .string(random.choice(["m", "m", "other"])),
        Cell(random.choice(["test", "test", "valid", nil])), Cell(random.choice([nil, nil, "typos"])),
        random.choice([.double(0), .double(1), .double(1), .double(.nan), .double(.infinity), .null]),
      ]
    }
    let table = Table(columnNames: Self.columns, rows: rows)
    var populations: [RunInstances.Population] = [.init(), .init(), .init(), .init(), .init()]
    populations[1].split = "valid"
    populations[2].isOfAllSplits = true
    populations[3].perturbation = "typos"
    populations[4].isOfAllPerturbations = true
    for population in populations {
      let run = RunInstances(
        MadeInstances.spec("t", "a/1"), MadeInstances.headline(split: "test"), table, nil, population)
      var found: [[String]: [Int: [Double]]] = [:]
      var notFinite = 0
      for row in rows {
        guard row[2] == .string("m"), let mean = row[5].number else { continue }
        guard population.isOfAllSplits || row[3] == .string(population.split ?? "test") else { continue }
        guard population.isOfAllPerturbations || row[4] == Cell(population.perturbation) else { continue }
        if !mean.isFinite {
          notFinite += 1
          continue
        }
        let trial = Int(row[1].number ?? 0)
        found[[row[0].text, row[3].text, row[4].text], default: [:]][trial, default: []].append(mean)
      }
      let conflicts = found.filter { $0.value.values.contains { Set($0).count > 1 } }
      let kept = found.filter { conflicts[$0.key] == nil }
      #expect(run.notFiniteCount == notFinite && run.conflictCount == conflicts.count)
      #expect(run.instances.count == kept.count)
      for instance in run.instances {
        let perturbation = instance.key.perturbation.replacing("name=", with: "")
        guard let trials = kept[[instance.key.id, instance.key.split ?? "", perturbation]] else {
          Issue.record("an instance that is not in the rows: \(instance.key)")
          continue
        }
        #expect(instance.scores == trials.mapValues { $0[0] })
        let mean = trials.values.reduce(0) { $0 + $1[0] } / Double(trials.count)
        #expect(abs(instance.score - mean) < 1e-12)
        #expect(instance.content == nil && instance.answer == nil)
      }
    }
  }

  /// The windows of a text are averaged for language models, and contradict each other for all others.
  @Test func windowsOfATextAreAveraged() {
    let rows: [[Cell]] = [1, 2, 6].map { [.string("id0"), .int(0), .string("m"), .null, .null, .double($0)] }
    let table = Table(columnNames: Self.columns, rows: rows)
    func run(_ method: String) -> RunInstances {
      let spec = Table(
        columnNames: ["run_spec.name", "run_spec.adapter_spec.method"],
        rows: [[.string("t"), .string(method)]]
      ).rows[0]
      return RunInstances(spec, MadeInstances.headline(), table, nil, .init())
    }
    #expect(run("language_modeling").instances.map(\.score) == [3])
    #expect(run("generation").instances.isEmpty && run("generation").conflictCount == 1)
  }
}
