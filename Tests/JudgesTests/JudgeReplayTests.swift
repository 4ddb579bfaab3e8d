import Magnet
import Synchronization
import TestSupport
import Testing

@testable import Judges

/// What a store keeps of tests that were stopped, against a plain list of what happened.
@Suite struct JudgeReplayTests {
  private static func pair(_ number: Int = 1, seed: UInt64 = 1) -> JudgePair {
    JudgePair(
      setting: "s\(number / 4)", challenge: "Follow", settingSpec: "{}", algorithm: "A\(number % 4 / 2)",
      spec: "{}", repetition: 1 + number % 2, seed: seed, state: .running)
  }

  private static func digests(_ random: inout PythonRandom) -> [UInt64] {
    (0..<random.below(9)).map { _ in
      random.choice([0, 1, 2, .max, UInt64(random.nextWord()) << 32 | UInt64(random.nextWord())])
    }
  }

  @Test(arguments: 1...10) func journalsBecomeThoseOfTheLastRun(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let folder = try TemporaryFolder()
    let store = try JudgeStore(folder.path + "/r.judge", writing: true)
    let id = try store.register([Self.pair()])[0].id
    var journal: [UInt64] = []
    for _ in 0..<25 {
      // A run like the one before up to some call, with others after it; or one that ends or is killed before.
      let common = random.below(journal.count + 1)
      let calls = Array(journal.prefix(common)) + (random.below(2) == 0 ? [] : Self.digests(&random))
      let session = try PairSession(store: store, pair: id, repetition: 1)
      for (number, digest) in calls.enumerated() {
        session.tick(number / 2)
        try session.note("respond", digest)
      }
      let isKilled = random.below(2) == 0
      if !isKilled { try session.end() }
      var differs = zip(calls, journal).enumerated().first { $1.0 != $1.1 }.map { $0.offset + 1 }
      if differs == nil && !isKilled && calls.count < journal.count { differs = calls.count + 1 }
      #expect(session.differsFrom == differs)
      // Of a run that was killed before it differed, what came after in the one before is still to be replayed.
      if isKilled && differs == nil && calls.count < journal.count {
        #expect(journal.starts(with: calls))
      } else {
        journal = calls
      }
      #expect(try store.journal(of: id).map { UInt64(bitPattern: $0) } == journal)
    }
    var found: [UInt64] = []
    try store.forEachCall { call in
      #expect(call.pair == id && call.number == found.count && call.kind == "respond")
      #expect(call.timestep == call.number / 2)
      found.append(call.digest)
    }
    #expect(found == journal)
  }

  @Test func drawsCountWhatWasAskedBefore() throws {
    var random = PythonRandom(seed: 2)
    for repetition in 1...3 {
      let session = try PairSession(store: nil, pair: 0, repetition: repetition)
      var asked: [UInt64: Int] = [:]
      for _ in 0..<40 {
        let keys = (0..<random.below(6)).map { _ in UInt64(random.below(5)) }
        let expected = keys.map { key in
          defer { asked[key, default: 0] += 1 }
          return (repetition - 1) * 4_294_967_296 + (asked[key] ?? 0)
        }
        #expect(session.draws(keys) == expected)
        session.count(requests: keys.count, tokens: 2 * keys.count)
      }
      #expect(session.requests == asked.values.reduce(0, +) && session.tokens == 2 * session.requests)
      // Without a store nothing is noted, and nothing differs.
      try session.note("respond", 1)
      try session.end()
      #expect(session.differsFrom == nil)
    }
  }

  // MARK: - Answers

  /// A model outside the process whose answers tell the draw; it counts what it is asked.
  private struct Remote: TunableModel {
    let identity = ModelIdentity(name: "remote", digest: "remote")
    var parallelRequests = 3
    let asked = Counter()

    final class Counter: Sendable {
      private let count = Mutex(0)
      var value: Int { count.withLock { $0 } }
      func add(_ more: Int) { count.withLock { $0 += more } }
    }

    func respond(to requests: [Request], draws: [Int]) async throws -> [Answer] {
      asked.add(requests.count)
      return zip(requests, draws).map { request, draw in
        draw % 3 == 2 ? Answer(unreadable: "no") : Answer("\(request.instruction) \(draw)", tokens: draw)
      }
    }

    func chances(of options: [[String]], for requests: [Request]) async throws -> [[Double]?]? {
      asked.add(requests.count)
      return options.map { texts in
        texts.count < 2 ? nil : texts.indices.map { $0 == 0 ? 1 - Double(texts.count - 1) / 8 : 0.125 }
      }
    }

    func tuned(on data: TuningData) async throws -> any TunableModel { self }
  }

  @Test(arguments: 1...5) func replayedTestsAskNothingAndHearTheSame(_ seed: Int) async throws {
    var random = PythonRandom(seed: seed)
    let folder = try TemporaryFolder()
    let store = try JudgeStore(folder.path + "/r.judge", writing: true)
    let id = try store.register([Self.pair()])[0].id
    let rounds = (0..<8).map { _ in (0..<random.below(5)).map { _ in Request("q\(random.below(3))") } }
    let options = (0..<4).map { _ in (0..<1 + random.below(4)).map { "option \($0)" } }
    func heard(by model: Remote, _ repetition: Int) async throws -> ([[Answer]], [[Double]?]?) {
      let session = try PairSession(store: store, pair: id, repetition: repetition)
      let stored = StoredModel(base: model, session: session)
      var answers: [[Answer]] = []
      for requests in rounds { answers.append(try await stored.respond(to: requests)) }
      let chances = try await stored.chances(of: options, for: options.map { Request("c\($0.count)") })
      #expect(session.requests == rounds.joined().count + options.count)
      #expect(session.tokens == answers.joined().reduce(0) { $0 + ($1.tokens ?? 0) })
      return (answers, chances)
    }
    let (first, second) = (Remote(), Remote())
    let one = try await heard(by: first, 1)
    // The n-th time a question is asked, its answer is the n-th draw.
    var seen: [String: Int] = [:]
    for (request, answer) in zip(rounds.joined(), one.0.joined()) {
      let draw = seen[request.instruction, default: 0]
      seen[request.instruction] = draw + 1
      #expect(answer.text == (draw % 3 == 2 ? nil : "\(request.instruction) \(draw)"))
      #expect(answer.unreadable == (draw % 3 == 2 ? "no" : nil))
    }
    #expect(one.1 == (try await Remote().chances(of: options, for: options.map { Request("c\($0.count)") })))
    let two = try await heard(by: second, 1)
    #expect(two.0 == one.0 && two.1 == one.1 && second.asked.value == 0)
    // Another repetition draws its own answers, and shares the chances.
    let third = Remote()
    let three = try await heard(by: third, 2)
    #expect(third.asked.value == rounds.joined().count && three.1 == one.1)
    seen = [:]
    for (request, answer) in zip(rounds.joined(), three.0.joined()) {
      let draw = 4_294_967_296 + seen[request.instruction, default: 0]
      seen[request.instruction, default: 0] += 1
      #expect(answer.text == (draw % 3 == 2 ? nil : "\(request.instruction) \(draw)"))
    }
    try store.flush()
  }

  @Test func theFirstThatIsKeptCounts() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/r.judge"
    do {
      let store = try JudgeStore(path, writing: true)
      #expect(try store.vector(model: "m", probe: "p") == nil)
      try store.keepVector([0.1, -1e-300, 3], model: "m", probe: "p")
      try store.keepVector([9], model: "m", probe: "p")
      try store.keepVector(nil, model: "n", probe: "p")
      func keep(_ answer: Answer, _ draw: Int) throws -> Answer {
        try store.keep(answer, model: "m", request: "r", draw: draw, seconds: 0)
      }
      #expect(try keep(Answer("yes", tokens: 3), 0) == Answer("yes", tokens: 3))
      #expect(try keep(Answer("no"), 0) == Answer("yes", tokens: 3))
      #expect(try keep(Answer(unreadable: "silence"), 1 << 40) == Answer(unreadable: "silence"))
      try store.keepTuned("t", weights: [0, 255, 7], parent: "m", data: "d")
      try store.keepTuned("u", weights: [], parent: "m", data: "d")
      try store.flush()
    }
    // Read by another process, which may not write.
    let store = try JudgeStore(path, writing: false)
    #expect(try store.vector(model: "m", probe: "p") == .some([0.1, -1e-300, 3]))
    #expect(try store.vector(model: "n", probe: "p") == .some(nil))
    #expect(try store.vector(model: "m", probe: "q") == nil)
    #expect(try store.answer(model: "m", request: "r", draw: 0) == Answer("yes", tokens: 3))
    #expect(try store.answer(model: "m", request: "r", draw: 1 << 40)?.unreadable == "silence")
    #expect(try store.answer(model: "m", request: "r", draw: 1) == nil)
    let tuned = try #require(try store.tuned(parent: "m", data: "d"))
    #expect(tuned.model == "t" && tuned.weights == [0, 255, 7])
    #expect(try store.tuned(parent: "m", data: "e") == nil)
    #expect(throws: (any Error).self) { try store.keepVector([1], model: "x", probe: "p") }
  }

  /// Pairs are there once, in the order in which they were first asked for, with what came of them.
  @Test(arguments: 1...5) func pairsAreRegisteredOnce(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let folder = try TemporaryFolder()
    let store = try JudgeStore(folder.path + "/r.judge", writing: true)
    var known: [JudgePair] = []
    for _ in 0..<8 {
      let asked = random.sample(random.below(6), below: 12).map {
        Self.pair($0, seed: random.choice([0, 1, .max, 1 << 63]))
      }
      func isSame(_ a: JudgePair, _ b: JudgePair) -> Bool {
        a.setting == b.setting && a.algorithm == b.algorithm && a.repetition == b.repetition
      }
      for pair in asked where !known.contains(where: { isSame($0, pair) }) { known.append(pair) }
      let found = try store.register(asked)
      #expect(found.map(\.pair) == asked.compactMap { pair in known.first { isSame($0, pair) } })
      if let (id, pair) = found.first, let place = known.firstIndex(of: pair) {
        known[place].state = random.choice([.done, .failed, .incomplete])
        known[place].requests = random.below(1000)
        known[place].tokens = random.below(1000)
        known[place].seconds = random.random()
        var result = JudgeResult(challenge: "Follow")
        result.evalTimes = random.below(4)
        result.possibleSnapshots = 4
        result.examineeVectors = [[random.random()], nil]
        result.error = random.choice(["it's \"over\"\n\u{1F536}", nil])
        known[place].result = result
        try store.finish(id, known[place])
      }
      #expect(try store.all().map(\.pair) == known)
      let ids = try store.all().map(\.id)
      #expect(ids == ids.sorted() && Set(ids).count == known.count)
    }
  }
}
