import Magnet
import TestSupport
import Testing

@testable import Shifts

/// What a run needs, against a plain list of what its shifts ask for; and what a change makes stale.
@Suite struct ShiftPlanTests {
  private static let ids = ["a", "b", "c", "d"]
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for id in Self.ids { try write(id) }
  }

  private func write(_ id: String, train: String = "", test: String = "") throws {
    func examples(_ word: String) -> [String] {
      (0..<3).map { example("question \($0)", best: "good \(word) \($0)", worse: "bad \(word)") }
    }
    try folder.writeDistribution(id, train: examples(id + train), test: examples(id + test))
  }

  private func run(_ random: inout PythonRandom) -> ShiftRun {
    let rows = (0..<1 + random.below(5)).map { _ in
      DistributionShift(
        source: random.choice(Self.ids), target: random.choice(Self.ids),
        targetReference: random.below(3) == 0 ? random.choice(Self.ids) : nil)
    }
    var run = ShiftRun(
      shifts: ShiftSet(name: "s", rows: rows), distributions: folder.path + "/distributions",
      results: folder.path + "/results")
    let all: [any Intervention] = [BagOfWords(), Longest(), MassMean()]
    run.interventions = random.sample(1 + random.below(2), below: 3).map { all[$0] }
    run.capabilities =
      random.below(2) == 0 ? [] : random.sample(1 + random.below(2), below: 3).map { all[$0] }
    run.isMatrix = random.below(3) == 0
    return run
  }

  /// A step as `KIND INTERVENTION/MODEL/DISTRIBUTION`.
  private static func text(_ step: ShiftStep) -> String {
    "\(step.kind) \(step.intervention)/\(step.model)/\(step.distribution)"
  }

  /// Every evaluation that a number of the tables is from, with the source of its model.
  private static func evaluations(_ run: ShiftRun) -> [(text: String, source: String?, target: String)] {
    var found: [String: (String, String?, String)] = [:]
    func add(_ intervention: any Intervention, _ source: String?, _ target: String) {
      let text = "evaluate \(intervention.name)/base\(source.map { "-" + $0 } ?? "")/\(target)"
      found[text] = (text, source, target)
    }
    for shift in run.shifts.rows {
      add(run.baseline, nil, shift.target)
      for intervention in run.interventions {
        add(intervention, shift.source, shift.target)
        add(intervention, shift.source, shift.source)
        if run.isMatrix { for other in run.shifts.rows { add(intervention, shift.source, other.target) } }
      }
      for intervention in run.capabilities.isEmpty ? run.interventions : run.capabilities {
        add(intervention, shift.targetReference, shift.targetReference)
      }
    }
    return found.values.sorted { $0.0 < $1.0 }
  }

  /// The trainings that evaluations need.
  private static func trainings(_ evaluations: [(text: String, source: String?, target: String)]) -> Set<
    String
  > {
    Set(
      evaluations.compactMap { evaluation in
        let name = evaluation.text.split(separator: " ")[1].split(separator: "/")[0]
        guard let source = evaluation.source, name != "longest" else { return nil }
        return "train \(name)/base-\(source)/\(source)"
      })
  }

  @Test(arguments: 1...25) func emptyResultsNeedEverythingOnce(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let run = run(&random)
    let steps = try run.plan()
    let evaluations = Self.evaluations(run)
    let texts = steps.map(Self.text)
    #expect(texts.sorted() == (evaluations.map(\.text) + Self.trainings(evaluations)).sorted())
    #expect(steps.allSatisfy { $0.reason == "missing" })
    #expect(try run.plan() == steps, "planning changes nothing")
    // The steps of a model are together, and its training is the first of them.
    let models = steps.map { "\($0.intervention)/\($0.model)" }
    #expect(zip(models, models.dropFirst()).count { $0 != $1 } + 1 == Set(models).count)
    for (place, step) in steps.enumerated() where step.kind == .train {
      #expect(models.firstIndex(of: models[place]) == place)
    }
    #expect(steps.first?.intervention == "chance" && steps.first?.kind == .evaluate)
  }

  /// The repeats of a shift cost nothing, and a matrix has all that the shifts need.
  @Test(arguments: 1...10) func repeatsAndOrderChangeNoStep(_ seed: Int) throws {
    var random = PythonRandom(seed: 100 + seed)
    var run = run(&random)
    run.isMatrix = false
    let own = Set(try run.plan().map(Self.text))
    let rows = run.shifts.rows
    let order = random.sample(rows.count, below: rows.count)
    run.shifts = ShiftSet(name: "s", rows: order.map { rows[$0] } + rows)
    #expect(Set(try run.plan().map(Self.text)) == own)
    run.isMatrix = true
    #expect(Set(try run.plan().map(Self.text)).isSuperset(of: own))
    // Each shift alone needs a part of it.
    run.isMatrix = false
    for row in rows {
      run.shifts = ShiftSet(name: "s", rows: [row])
      #expect(Set(try run.plan().map(Self.text)).isSubset(of: own))
    }
  }

  @Test(arguments: 1...5) func aChangeMakesStaleWhatItReaches(_ seed: Int) async throws {
    var random = PythonRandom(seed: seed)
    var run = run(&random)
    let outcome = try await run.perform()
    #expect(outcome.failures.isEmpty)
    #expect(try run.plan() == [])
    let evaluations = Self.evaluations(run)
    let id = random.choice(Self.ids)

    // The test half of a distribution: whatever is evaluated on it, and nothing is trained.
    try write(id, test: " changed")
    var steps = try run.plan()
    #expect(steps.map(Self.text).sorted() == evaluations.filter { $0.target == id }.map(\.text))
    #expect(steps.allSatisfy { $0.reason == "the test half of \(id) changed" })
    _ = try await run.perform()
    #expect(try run.plan() == [])

    // The training half: the models that were trained on it, and all that they were evaluated on.
    try write(id, train: " changed", test: " changed")
    steps = try run.plan()
    let trained = evaluations.filter { $0.source == id && !$0.text.contains("longest") }
    #expect(steps.map(Self.text).sorted() == (trained.map(\.text) + Self.trainings(trained)).sorted())
    for step in steps {
      #expect(
        step.reason
          == (step.kind == .train ? "the training half of \(id) changed" : "the trained model changed"))
    }
    _ = try await run.perform()
    #expect(try run.plan() == [])

    // A file that is gone: it alone, without a training.
    let lost = random.choice(evaluations)
    let path = lost.text.dropFirst("evaluate ".count)
    Disk.remove("\(folder.path)/results/evaluations/\(path).json")
    #expect(try run.plan().map(Self.text) == [lost.text])

    // Another seed: everything.
    run.seed += 1
    steps = try run.plan()
    #expect(steps.map(Self.text).sorted() == (evaluations.map(\.text) + Self.trainings(evaluations)).sorted())
    run.seed -= 1
    _ = try await run.perform()
    run.retrains = true
    steps = try run.plan()
    let again = evaluations.filter { $0.source != nil && !$0.text.contains("longest") }
    #expect(steps.map(Self.text).sorted() == (again.map(\.text) + Self.trainings(again)).sorted())
    #expect(
      steps.allSatisfy { $0.reason == ($0.kind == .train ? "--retrain" : "its model is trained again") })
  }

  /// A distribution that cannot be read takes away its own steps alone.
  @Test(arguments: 1...6) func damagedDistributionsTakeTheirStepsAway(_ seed: Int) throws {
    var random = PythonRandom(seed: 40 + seed)
    let run = run(&random)
    let id = random.choice(Self.ids)
    Disk.remove("\(folder.path)/distributions/\(id)")
    let left = Self.evaluations(run).filter { evaluation in
      let isTrained = evaluation.source != nil && !evaluation.text.contains("longest")
      return evaluation.target != id && !(isTrained && evaluation.source == id)
    }
    let steps = try run.plan().map(Self.text)
    #expect(steps.filter { $0.hasPrefix("evaluate") }.sorted() == left.map(\.text))
    #expect(Set(steps.filter { $0.hasPrefix("train") }) == Self.trainings(left))
  }
}
