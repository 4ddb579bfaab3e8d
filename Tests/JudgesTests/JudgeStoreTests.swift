import Foundation
import Magnet
import Synchronization
import TestSupport
import Testing

@testable import Judges

@Suite struct JudgeStoreTests {
  /// A model outside the process, as a server would be: answers are kept, requests are counted, and it fails on demand.
  final class Remote: TunableModel {
    let people: PreferenceModel
    let asked: Mutex<Int>
    let limit: Int
    let name: String

    init(_ people: PreferenceModel, name: String, limit: Int = .max) {
      self.people = people
      self.name = name
      self.limit = limit
      asked = Mutex(0)
    }

    struct Gone: Error, CustomStringConvertible { var description: String { "the machine went away" } }

    var identity: ModelIdentity { ModelIdentity(name: name, digest: "remote " + people.identity.digest) }
    var samples: Bool { people.samples }
    var parallelRequests: Int { 4 }

    func respond(to requests: [Request], draws: [Int]) async throws -> [Answer] {
      let count = asked.withLock { count in
        count += requests.count
        return count
      }
      if count > limit { throw Gone() }
      return try await people.respond(to: requests, draws: draws)
    }

    func chances(of options: [[String]], for requests: [Request]) async throws -> [[Double]?]? {
      asked.withLock { $0 += requests.count }
      return try await people.chances(of: options, for: requests)
    }

    func tuned(on data: TuningData) async throws -> any TunableModel { try await people.tuned(on: data) }
  }

  static func run(
    _ models: [any TunableModel], _ world: World, repeats: Int = 1, jobs: Int = 1,
    algorithms: [Algorithm] = algorithmCatalog.filter { $0.name == "LifelongDPO" },
    challenges: [String] = ["Follow"]
  ) -> JudgeRun {
    let history = JudgeHistory(
      eras: models, initialModel: world.eras[0], probe: QuestionProbe(Array(world.probe.prefix(30))),
      questions: world.preferences.prefix(20).map { PreferenceQuestion($0) })
    var run = JudgeRun(
      algorithms: algorithms, challenges: challenges.compactMap { challengeCatalog.named($0) },
      histories: [FixedHistory(history, name: "fixed")])
    run.repeats = repeats
    run.jobs = jobs
    return run
  }

  /// Everything that a store holds, but for seconds.
  static func contents(_ store: JudgeStore) throws -> [String] {
    try store.flush()
    return try store.file.withLock { file in
      var lines: [String] = []
      for (table, columns, order) in [
        ("setting", "*", "digest"),
        (
          "pair",
          "id, setting, algorithm, spec, repetition, seed, state, snapshots, possible, result, error, requests, tokens",
          "id"
        ),
        ("call", "*", "pair, number"),
        ("answer", "model, request, draw, text, unreadable, tokens", "model, request, draw"),
        ("tuned", "*", "parent, data"), ("vector", "*", "model, probe"),
      ] {
        try file.rows("SELECT \(columns) FROM \(table) ORDER BY \(order)") { lines.append("\(table) \($0)") }
      }
      return lines
    }
  }

  @Test func aFinishedRunAsksNothingAgain() async throws {
    let folder = try TemporaryFolder()
    let world = World(.linear, seed: 1, timesteps: 4)
    let first = world.eras.enumerated().map { Remote($1, name: "r\($0)") }
    let path = folder.path + "/r.judge"
    var pairs: [JudgePair] = []
    do {
      let store = try JudgeStore(path, writing: true)
      pairs = try await Self.run(first, world).run(store: store)
      #expect(pairs.map(\.algorithm) == ["Dummy", "LifelongDPO"])
      #expect(pairs.allSatisfy { $0.state == .done })
      #expect(first.reduce(0) { $0 + $1.asked.withLock { $0 } } > 0)
    }
    let second = world.eras.enumerated().map { Remote($1, name: "r\($0)") }
    let again = try await Self.run(second, world).run(store: JudgeStore(path, writing: true))
    #expect(second.allSatisfy { $0.asked.withLock { $0 } == 0 })
    #expect(again == pairs)
    #expect(Leaderboard(again).table.rowCount == 2)
  }

  @Test func aRunThatWasStoppedEndsAsOneThatWasNot() async throws {
    let folder = try TemporaryFolder()
    let world = World(.cycle, seed: 4, timesteps: 6)
    let whole = world.eras.enumerated().map { Remote($1, name: "r\($0)") }
    let expected = try JudgeStore(folder.path + "/whole.judge", writing: true)
    let wanted = try await Self.run(whole, world).run(store: expected)
    let path = folder.path + "/stopped.judge"
    // The human of timestep 4 goes away in the middle of its answers.
    do {
      let store = try JudgeStore(path, writing: true)
      let models = world.eras.enumerated().map { Remote($1, name: "r\($0)", limit: $0 == 4 ? 7 : .max) }
      let stopped = try await Self.run(models, world).run(store: store)
      let failed = try #require(stopped.first { $0.algorithm == "LifelongDPO" })
      #expect(failed.state == .failed)
      #expect(failed.result?.error == "the machine went away")
      #expect(failed.result?.evalTimes == 3)
    }
    let store = try JudgeStore(path, writing: true)
    let models = world.eras.enumerated().map { Remote($1, name: "r\($0)") }
    let pairs = try await Self.run(models, world).run(store: store)
    #expect(pairs.map(\.result) == wanted.map(\.result))
    #expect(try Self.contents(store) == Self.contents(expected))
    // What was known is not asked again: timesteps 1 to 3, and seven answers of timestep 4.
    #expect(models[1].asked.withLock { $0 } == 0 && models[3].asked.withLock { $0 } == 0)
    #expect(models[4].asked.withLock { $0 } < whole[4].asked.withLock { $0 })
  }

  @Test func storesDoNotDependOnTheNumberOfJobs() async throws {
    let folder = try TemporaryFolder()
    var contents: [[String]] = []
    for jobs in [1, 8] {
      var run = JudgeRun(
        algorithms: algorithmCatalog, challenges: challengeCatalog,
        histories: [WorldHistory(.walk, seed: 2, timesteps: 5), WorldHistory(.cycle, seed: 2, timesteps: 5)])
      run.repeats = 2
      run.jobs = jobs
      let store = try JudgeStore(folder.path + "/\(jobs).judge", writing: true)
      _ = try await run.run(store: store)
      contents.append(try Self.contents(store))
    }
    #expect(contents[0].count > 1000)
    #expect(contents[0] == contents[1])
  }

  @Test func otherSettingsAreOtherTables() async throws {
    let folder = try TemporaryFolder()
    let store = try JudgeStore(folder.path + "/r.judge", writing: true)
    let world = World(.linear, seed: 1, timesteps: 4)
    let other = World(.linear, seed: 2, timesteps: 4)
    _ = try await Self.run(world.eras, world).run(store: store)
    _ = try await Self.run(other.eras, other).run(store: store)
    let leaderboard = Leaderboard(try store.all().map(\.pair))
    #expect(leaderboard.sections.count == 2)
    #expect(leaderboard.sections.allSatisfy { $0.rows.count == 2 })
  }

  /// Whatever decides answers or measurements makes another setting, and nothing else does.
  @Test func everythingThatMattersIsInTheSetting() async throws {
    let (world, other) = (World(.walk, seed: 1, timesteps: 4), World(.walk, seed: 2, timesteps: 4))
    let questions = world.preferences.prefix(4).map { PreferenceQuestion($0) }
    let base = JudgeHistory(
      eras: world.eras, initialModel: world.eras[0], probe: QuestionProbe(Array(world.probe.prefix(6))),
      questions: questions)
    var changed = [JudgeHistory](repeating: base, count: 6)
    changed[1].eras[2] = other.eras[2]
    changed[2].initialModel = world.eras[1]
    changed[3].probe = QuestionProbe(Array(world.probe.prefix(7)))
    changed[4].questions[1].input = "in short"
    changed[5].questions.swapAt(0, 1)
    func setting(
      _ history: any HistorySource, challenge: String = "Follow",
      _ change: (inout JudgeRun) -> Void = { _ in }
    ) async throws -> String {
      var run = JudgeRun(
        algorithms: [], challenges: challengeCatalog.filter { $0.name == challenge }, histories: [history])
      change(&run)
      return try #require(try await run.run().first).setting
    }
    var found: [String] = []
    for history in changed { found.append(try await setting(FixedHistory(history, name: "fixed"))) }
    for history in [
      WorldHistory(.walk, seed: 1, timesteps: 4), WorldHistory(.walk, seed: 2, timesteps: 4),
      WorldHistory(.cycle, seed: 1, timesteps: 4), WorldHistory(.walk, seed: 1, timesteps: 5),
      WorldHistory(.walk, seed: 1, timesteps: 4, questions: 30),
      WorldHistory(.walk, seed: 1, timesteps: 4, sharesQuestions: true),
    ] { found.append(try await setting(history)) }
    let walk = WorldHistory(.walk, seed: 1, timesteps: 4)
    found.append(try await setting(walk, challenge: "Predict"))
    found.append(try await setting(walk, challenge: "Predict") { $0.timestepsAhead = 2 })
    #expect(Set(found).count == found.count && found.count == 14)
    let same = try await setting(walk) {
      $0.jobs = 3
      $0.repeats = 2
      $0.seed = 9
      $0.timestepsAhead = 2
    }
    #expect(same == found[6])
  }

  @Test func oneProcessWritesAtATime() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/r.judge"
    let store = try JudgeStore(path, writing: true)
    let start = ContinuousClock.now
    let failure = #expect(throws: MagnetError.self) { try JudgeStore(path, writing: true) }
    #expect(failure?.description.contains("another magnet is writing it") == true)
    #expect(ContinuousClock.now - start < .seconds(1))
    // Others may read meanwhile.
    #expect(try JudgeStore(path, writing: false).all().isEmpty)
    #expect(try store.all().isEmpty)
  }

  @Test func whatIsNoStoreIsLeftAsItIs() async throws {
    let folder = try TemporaryFolder()
    let text = try folder.write("not a database", to: "text.judge")
    let random = try folder.write([UInt8](repeating: 7, count: 5000), to: "random.judge")
    let foreign = folder.path + "/foreign.sqlite"
    _ = try SQLiteFile(
      foreign, application: 1, kind: "another file", schema: "CREATE TABLE t(a)", writing: true)
    let world = World(.linear, seed: 1, timesteps: 3)
    let damaged = folder.path + "/damaged.judge"
    do {
      let store = try JudgeStore(damaged, writing: true)
      _ = try await Self.run(world.eras, world).run(store: store)
      try store.file.withLock { try $0.run("PRAGMA wal_checkpoint(TRUNCATE)") }
    }
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: damaged)))
    for index in 4096..<min(bytes.count, 20000) { bytes[index] = UInt8(truncatingIfNeeded: index &* 31) }
    try Data(bytes).write(to: URL(filePath: damaged))
    for path in [text, random, foreign, damaged] {
      let before = try Data(contentsOf: URL(filePath: path))
      for writing in [true, false] {
        let failure = #expect(throws: MagnetError.self) { try JudgeStore(path, writing: writing) }
        #expect(failure?.description.contains(path) == true)
      }
      #expect(try Data(contentsOf: URL(filePath: path)) == before)
    }
    #expect(throws: MagnetError.self) { try JudgeStore(folder.path + "/none.judge", writing: false) }
    #expect(throws: MagnetError.self) { try JudgeStore("/nowhere/at/all.judge", writing: true) }
  }

  /// Damage that SQLite does not see is refused by name, before anything is changed.
  @Test func damageWithinACellIsNamedAndChangesNothing() async throws {
    let folder = try TemporaryFolder()
    let world = World(.linear, seed: 1, timesteps: 3)
    let path = folder.path + "/r.judge"
    do {
      let store = try JudgeStore(path, writing: true)
      _ = try await Self.run(world.eras, world).run(store: store)
      try store.file.withLock {
        try $0.run("UPDATE pair SET result = '[1, oops' WHERE id = 1; PRAGMA wal_checkpoint(TRUNCATE)")
      }
    }
    let before = try Data(contentsOf: URL(filePath: path))
    var other = Self.run(world.eras, world)
    other.seed = 99
    for writing in [true, false] {
      let store = try JudgeStore(path, writing: writing)
      await #expect {
        if writing { _ = try await other.run(store: store) } else { _ = try store.all() }
      } throws: { "\($0)".hasPrefix("\(path): is damaged: the result of pair 1: ") }
    }
    #expect(try Data(contentsOf: URL(filePath: path)) == before)
  }

  /// Tunes on a random part of the preferences.
  final class Random: ExamineeBase {
    override func step(_ judge: any JudgeQueries) async throws -> Bool {
      let preferences = try await preferences(from: judge)
      try await tune(on: preferences.filter { _ in Bool.random() }.map(\.sample), .dpo)
      if judge.timestep == 3, Random.failures.withLock({ $0 }) { throw Remote.Gone() }
      return true
    }
    static let failures = Mutex(true)
  }

  @Test func anExamineeThatIsNotDeterministicIsNoticed() async throws {
    let folder = try TemporaryFolder()
    let store = try JudgeStore(folder.path + "/r.judge", writing: true)
    let world = World(.linear, seed: 1, timesteps: 6)
    let algorithm = Algorithm(name: "Random", summary: "") { Random() }
    let run = Self.run(world.eras, world, algorithms: [algorithm])
    let failed = try await run.run(store: store).last
    #expect(failed?.state == .failed)
    #expect(failed?.result?.evalTimes == 2)
    Random.failures.withLock { $0 = false }
    let pair = try await run.run(store: store).last
    #expect(pair?.state == .done)
    #expect(pair?.result?.notes.contains { $0.contains("not deterministic from call") } == true)
  }

  @Test func onePairsFailureDoesNotEndTheOthers() async throws {
    let world = World(.linear, seed: 1, timesteps: 5)
    let broken = Algorithm(name: "Broken", summary: "") { JudgeLoopTests.Failing() }
    var run = JudgeRun(
      algorithms: [broken] + algorithmCatalog.filter { $0.name == "LifelongDPO" },
      challenges: challengeCatalog.filter { $0.name == "Follow" },
      histories: [
        FixedHistory(
          JudgeHistory(
            eras: world.eras, probe: QuestionProbe(world.probe),
            questions: world.preferences.map { PreferenceQuestion($0) }), name: "fixed")
      ])
    run.jobs = 3
    let pairs = try await run.run()
    #expect(pairs.map(\.state) == [.done, .failed, .done])
    let rows = Leaderboard(pairs).sections[0].rows
    #expect(rows.map(\.algorithm) == ["LifelongDPO", "Dummy", "Broken"])
    #expect(rows.map(\.rank) == [1, 2, nil])
    #expect(rows[2].reason == "the examinee died")
    #expect(rows[2].snapshots == 2)
  }
}
