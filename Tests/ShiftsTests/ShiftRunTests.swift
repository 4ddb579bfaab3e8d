import Foundation
import Magnet
import TestSupport
import Testing

@testable import Shifts

@Suite struct ShiftRunTests {
  let folder: TemporaryFolder
  let fixtures = Project.fixture("distributions")

  init() throws {
    folder = try TemporaryFolder()
    try folder.copy(fixtures, to: "distributions")
  }

  private func run(_ results: String = "results") throws -> ShiftRun {
    var run = ShiftRun(
      shifts: try ShiftSet(file: folder.path + "/distributions/shifts.json"),
      distributions: folder.path + "/distributions", results: folder.path + "/" + results)
    run.interventions = [BagOfWords()]
    return run
  }

  /// The steps that a run takes, as INTERVENTION/MODEL/DISTRIBUTION, and their reasons.
  private func steps(_ run: ShiftRun) throws -> [String: String] {
    Dictionary(
      uniqueKeysWithValues: try run.plan().map {
        ("\($0.kind) \($0.intervention)/\($0.model)/\($0.distribution)", $0.reason)
      })
  }

  /// The files of a tree with their texts.
  private func files(_ path: String) throws -> [String: String] {
    let root = folder.path + "/" + path
    var found: [String: String] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: root) {
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: root + "/" + name, isDirectory: &isFolder)
      if !isFolder.boolValue { found[name] = try Project.text(root + "/" + name) }
    }
    return found
  }

  @Test func aRunShowsTheEffectOfShifts() async throws {
    let outcome = try await run().perform()
    #expect(outcome.failures.isEmpty && outcome.warnings.isEmpty)
    let rows = outcome.metrics[0].rows
    #expect(
      rows.map(\.shift.target) == [
        "mammals_story", "mammals_hard", "mammals_spanish", "open_questions", "flattery",
      ])
    #expect(
      rows.allSatisfy { $0.source == 1 && $0.baseline == 0.5 && $0.capability == 1 && $0.reasons.isEmpty })
    // It carries over to the same animals in sentences, and to nothing else.
    #expect(rows.map(\.generalization) == [1, 0.5, 0.5, 0, 0])
    #expect(rows.map(\.differentialElicitation) == [0.5, 0, 0, -0.5, -0.5])
    let csv = try Project.text(folder.path + "/results/generalization_metrics/base/bag-of-words/shifts.csv")
    #expect(csv == TableWriter(.csv).text(outcome.metrics[0].table))
    // The tree is one that GENIES' reader takes.
    let evaluation = try Project.json(
      folder.path + "/results/evaluations/bag-of-words/base-mammals_easy/mammals_hard.json")
    #expect(
      evaluation["eval_accuracy"] == .double(0.5) && evaluation["eval_probabilities"]?.elements.count == 48)
    let later = GeneralizationMetrics(
      EvaluationStore(folder.path + "/results"), try run().shifts.rows, model: "base",
      intervention: "bag-of-words",
      rules: {
        var rules = MetricsRules(); rules.baseline = "chance"; return rules
      }())
    #expect(TableWriter(.csv).text(later.table) == csv)
  }

  @Test func onlyWhatChangedIsMadeAnew() async throws {
    #expect(try run().plan().count { $0.kind == .train } == 8)
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/results"))
    _ = try await run().perform()
    let before = try files("results")
    #expect(try run().plan().isEmpty)
    _ = try await run().perform()
    #expect(try files("results") == before)

    // One byte of a test half.
    let half = folder.path + "/distributions/mammals_hard/test.json"
    let text = try Project.text(half)
    try text.replacingOccurrences(of: "hard quiz", with: "hard quIz").write(
      toFile: half, atomically: true, encoding: .utf8)
    let changed = "the test half of mammals_hard changed"
    #expect(
      try steps(run()) == [
        "evaluate chance/base/mammals_hard": changed,
        "evaluate bag-of-words/base-mammals_hard/mammals_hard": changed,
        "evaluate bag-of-words/base-mammals_easy/mammals_hard": changed,
      ])
    try text.write(toFile: half, atomically: true, encoding: .utf8)
    #expect(try run().plan().isEmpty)

    // The seed.
    var seeded = try run()
    seeded.seed = 2
    let reseeded = try steps(seeded)
    #expect(
      reseeded.count == before.keys.count { $0.hasPrefix("evaluations/") && !$0.hasSuffix(".magnet.json") }
        + 8)
    #expect(
      reseeded.values.allSatisfy { $0 == "the seed changed" || $0 == "the trained model, the seed changed" })

    // A training half: its models alone.
    let train = folder.path + "/distributions/polite_help/train.json"
    try Project.text(train).replacingOccurrences(of: "Request 1:", with: "Request 01:").write(
      toFile: train, atomically: true, encoding: .utf8)
    #expect(
      try steps(run()) == [
        "train bag-of-words/base-polite_help/polite_help": "the training half of polite_help changed",
        "evaluate bag-of-words/base-polite_help/polite_help": "the trained model changed",
        "evaluate bag-of-words/base-polite_help/flattery": "the trained model changed",
      ])
    _ = try await run().perform()
    #expect(try run().plan().isEmpty)

    // A changed evaluation, a lost one, a lost model.
    try folder.write(
      #"{"eval_accuracy": 1.0}"#, to: "results/evaluations/bag-of-words/base-polite_help/flattery.json")
    try FileManager.default.removeItem(atPath: folder.path + "/results/evaluations/chance/base/flattery.json")
    #expect(
      try steps(run()) == [
        "evaluate bag-of-words/base-polite_help/flattery": "the evaluation's file changed",
        "evaluate chance/base/flattery": "missing",
      ])
    try FileManager.default.removeItem(atPath: folder.path + "/results/models/bag-of-words/base-polite_help")
    #expect(try steps(run())["train bag-of-words/base-polite_help/polite_help"] == "missing")
    #expect(try steps(run()).count == 4)

    // --retrain.
    _ = try await run().perform()
    var again = try run()
    again.retrains = true
    let retrained = try steps(again)
    #expect(retrained.count == 8 + 13 && retrained.keys.allSatisfy { !$0.contains("chance") })
    #expect(retrained.values.allSatisfy { $0 == "--retrain" || $0 == "its model is trained again" })
  }

  @Test func theNumberOfJobsChangesNoByte() async throws {
    _ = try await run("one").perform()
    var parallel = try run("four")
    parallel.jobs = 4
    _ = try await parallel.perform()
    #expect(try files("one") == files("four"))
  }

  @Test func aTreeFromElsewhereIsTakenAsItIs() async throws {
    try folder.write(#"{"eval_accuracy": 0.75}"#, to: "results/evaluations/chance/base/flattery.json")
    try folder.write("mine\n", to: "results/generalization_metrics/base/bag-of-words/shifts.csv")
    let outcome = try await run().perform()
    #expect(outcome.metrics[0].rows[4].baseline == 0.75)
    #expect(outcome.notes.contains { $0.hasPrefix("1 evaluations were not made by magnet") })
    #expect(
      outcome.notes.contains { $0.hasSuffix("shifts.csv: was not written by magnet, and is not replaced") })
    #expect(
      try Project.text(folder.path + "/results/generalization_metrics/base/bag-of-words/shifts.csv")
        == "mine\n")
    var fresh = try run()
    fresh.isFresh = true
    #expect(try await fresh.perform().metrics[0].rows[4].baseline == 0.5)
  }

  @Test func faultyDistributionsCostTheirShiftsAlone() async throws {
    try folder.write(
      #"[{"prompt": "q", "responses": {"a": 1, "b": 1}}]"#, to: "distributions/mammals_hard/test.json")
    try folder.write("[]", to: "distributions/polite_help/train.json")
    try FileManager.default.removeItem(atPath: folder.path + "/distributions/open_questions")
    let outcome = try await run().perform()
    let rows = outcome.metrics[0].rows
    #expect(rows.map { $0.generalization != nil } == [true, false, true, false, false])
    #expect(
      outcome.failures.contains { $0.contains("mammals_hard/test.json: [0].responses: two best answers") })
    #expect(outcome.failures.contains { $0.contains("polite_help/train.json: has no pairs to train on") })
    #expect(outcome.failures.contains { $0.contains("open_questions: there is no such distribution") })
    #expect(rows[1].reasons.contains { $0.contains("two best answers") })
    var strict = try run()
    strict.isStrict = true
    await #expect(throws: (any Error).self) { _ = try await strict.perform() }
  }

  @Test func aMatrixHasEverySourceOnEveryTarget() async throws {
    var run = try run()
    run.isMatrix = true
    let map = try #require(try await run.perform().matrices?.first)
    #expect(map.rows == ["mammals_easy", "precise_facts", "polite_help"] && map.columns.count == 5)
    #expect(
      map.values[0] == [1, 0.5, 0.5, 0.5, 0.5] || map.values.allSatisfy { $0.allSatisfy { $0 != nil } })
  }

  @Test func twoRunsDoNotShareResults() async throws {
    _ = try await run().perform()
    let lock = try #require(try Disk.lock(folder.path + "/results/.magnet/lock"))
    await #expect(throws: MagnetError.self) { _ = try await run().perform() }
    withExtendedLifetime(lock) {}
  }

  @Test func whatCannotBeRunIsSaid() async throws {
    var run = try run()
    run.interventions = [Chance(), Chance()]
    await #expect(throws: MagnetError.self) { _ = try await run.perform() }
    run = ShiftRun(
      shifts: run.shifts, distributions: folder.path + "/none", results: folder.path + "/results")
    #expect(throws: MagnetError.self) { try run.plan() }
    #expect(throws: MagnetError.self) { try BaseModel(folder.path + "/none") }
    #expect(throws: MagnetError.self) { try BaseModel("http://localhost:1/v1") }
    #expect(try BaseModel("http://localhost:1/v1#org/my-model").name == "my-model")
    #expect(try BaseModel(folder.path + "/distributions/").name == "distributions")
  }
}
