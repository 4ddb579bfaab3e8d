import Magnet
import Synchronization

/// Algorithms and challenges to be tested against each other.
public struct JudgeRun: Sendable {
  /// The examinees; baselines are added.
  public var algorithms: [Algorithm]
  /// The judges.
  public var challenges: [Challenge]
  /// Where histories come from; one setting per challenge and source.
  public var histories: [any HistorySource]
  /// How often each pair is tested.
  public var repeats = 1
  /// The seed of examinees.
  public var seed: UInt64 = 1
  /// How many tests run at once.
  public var jobs = 1
  /// How far Predict, and the Extrapolative examinees, look ahead.
  public var timestepsAhead = 1
  /// The order of extrapolation.
  public var extrapolationOrder = 1
  /// Whether models are tuned from the first one rather than the last.
  public var isIndependent = false
  /// Whether pairs that failed in an earlier run are left as they are.
  public var keepsFailed = false
  /// Options of the user's own examinees.
  public var options: [String: String] = [:]

  /// A run with everything else at its default.
  public init(algorithms: [Algorithm], challenges: [Challenge], histories: [any HistorySource]) {
    self.algorithms = algorithms
    self.challenges = challenges
    self.histories = histories
  }

  /// How far a run has come; read from elsewhere.
  public final class Progress: Sendable {
    private let counts = Mutex((done: 0, total: 0))

    /// Nothing done yet.
    public init() {}

    /// The tests done, and how many there are.
    public var state: (done: Int, total: Int) { counts.withLock { $0 } }

    fileprivate func expect(_ total: Int) { counts.withLock { $0.total = total } }
    fileprivate func advance() { counts.withLock { $0.done += 1 } }
  }

  /// One test to be made.
  private struct Task: Sendable {
    let algorithm: Algorithm
    let challenge: Challenge
    /// The place of its history among `histories`.
    let history: Int
    let pair: JudgePair
  }

  /// Refuses challenges and algorithms that no test can be made of.
  private func validate() throws {
    for challenge in challenges where !histories.contains(where: { $0.suits(challenge) }) {
      throw MagnetError(
        .usage, "\(challenge.name) cannot be tested on \(histories.map(\.name).joined(separator: ", "))")
    }
    for algorithm in algorithms where !challenges.contains(where: { $0.subject == algorithm.subject }) {
      throw MagnetError(
        .usage, "\(algorithm.name) cannot be tested in \(challenges.map(\.name).joined(separator: ", "))")
    }
  }

  /// The tests in order: by history, challenge, algorithm, repetition.
  private func tasks(_ known: HistoryCache) throws -> [Task] {
    try validate()
    var tasks: [Task] = []
    for (place, history) in histories.enumerated() {
      for challenge in challenges where history.suits(challenge) {
        let judge = challenge.make()
        let first = try known.history(place, repetition: 1)
        try judge.validate(judgeSetting(first))
        var members = [JSONValue.Member(key: "challenge", value: .string(challenge.name))] + history.spec
        if challenge.looksAhead {
          members.append(JSONValue.Member(key: "timesteps_ahead", value: .int(Int64(timestepsAhead))))
        }
        let spec = JSONValue.object(members).text
        let digest = ModelIdentity(name: "", parts: [spec]).digest
        for algorithm in included(for: challenge) {
          let options = algorithm.isBaseline ? "{}" : self.spec(of: algorithm)
          for repetition in 1...max(1, repeats) {
            let key = "\(digest) \(algorithm.name) \(options) \(repetition)"
            let pair = JudgePair(
              setting: digest, challenge: challenge.name, settingSpec: spec, algorithm: algorithm.name,
              spec: options, repetition: repetition,
              seed: SplitMix.mixed(SplitMix.hash("examinee \(key)") ^ SplitMix.mixed(seed)), state: .running)
            tasks.append(Task(algorithm: algorithm, challenge: challenge, history: place, pair: pair))
          }
        }
      }
    }
    return tasks
  }

  /// The algorithms, after the baselines of the challenge.
  private func included(for challenge: Challenge) -> [Algorithm] {
    let baselines = (algorithmCatalog + helmAlgorithmCatalog).filter {
      $0.isBaseline && $0.subject == challenge.subject
        && ($0.name != "NoInfluence" || challenge.name == "Coevolve")
    }
    return baselines
      + algorithms.filter { $0.subject == challenge.subject && baselines.named($0.name) == nil }
  }

  /// The options of examinees as JSON: whoever differs in one is another row of the leaderboard.
  private func spec(of algorithm: Algorithm) -> String {
    var members = [
      JSONValue.Member(key: "timesteps_ahead", value: .int(Int64(timestepsAhead))),
      JSONValue.Member(key: "extrapolation_order", value: .int(Int64(extrapolationOrder))),
      JSONValue.Member(key: "independent", value: .bool(isIndependent)),
      JSONValue.Member(key: "seed", value: .string(String(seed))),
    ]
    if let detail = algorithm.detail {
      members.append(JSONValue.Member(key: "detail", value: .string(detail)))
    }
    for (key, value) in options.sorted(by: { $0.key < $1.key }) {
      members.append(JSONValue.Member(key: key, value: .string(value)))
    }
    return JSONValue.object(members).text
  }

  private func judgeSetting(_ history: JudgeHistory) -> JudgeSetting {
    var setting = JudgeSetting(
      eras: history.eras, initialModel: history.initialModel, probe: history.probe,
      questions: history.questions.map(\.request), timestepsAhead: timestepsAhead)
    setting.results = history.results
    return setting
  }

  /// Makes all tests, several at once. One pair's failure never ends the others; a cancelled run leaves those under way
  /// to the next one.
  /// - Parameters:
  ///   - store: where results are kept, and found if they are there already; nil keeps nothing.
  ///   - progress: told how many tests are done.
  /// - Returns: the pairs in an order that does not depend on `jobs`.
  /// - Throws: `MagnetError` when a challenge cannot be tested on a history at all, or the store fails.
  public func run(store: JudgeStore? = nil, progress: Progress? = nil) async throws -> [JudgePair] {
    let known = HistoryCache(histories)
    let tasks = try tasks(known)
    progress?.expect(tasks.count)
    var ids = [Int64](repeating: 0, count: tasks.count)
    var pairs = tasks.map(\.pair)
    if let store {
      for (index, found) in try store.register(pairs).enumerated() { (ids[index], pairs[index]) = found }
    }
    let waiting = pairs.indices.filter { index in
      switch pairs[index].state {
      case .running: true
      case .failed: !keepsFailed
      case .done, .incomplete: false
      }
    }
    for _ in waiting.count..<tasks.count { progress?.advance() }
    let vectors = VectorCache()
    let next = NextPlace()
    let (numbers, registered) = (ids, pairs)
    try await withThrowingTaskGroup(of: [(Int, JudgePair)].self) { group in
      for _ in 0..<min(max(1, jobs), max(1, waiting.count)) {
        group.addTask {
          var made: [(Int, JudgePair)] = []
          while !_Concurrency.Task.isCancelled {
            let place = next.take()
            guard place < waiting.count else { break }
            let index = waiting[place]
            var pair = registered[index]
            try await test(tasks[index], &pair, numbers[index], store, known, vectors)
            if pair.state != .running { progress?.advance() }
            made.append((index, pair))
          }
          return made
        }
      }
      for try await made in group { for (index, pair) in made { pairs[index] = pair } }
    }
    try store?.flush()
    return pairs
  }

  /// Makes one test and keeps it.
  private func test(
    _ task: Task, _ pair: inout JudgePair, _ id: Int64, _ store: JudgeStore?, _ known: HistoryCache,
    _ vectors: VectorCache
  )
    async throws
  {
    let start = ContinuousClock.now
    let session = try PairSession(store: store, pair: id, repetition: pair.repetition)
    var result: JudgeResult
    do {
      let history = try known.history(task.history, repetition: pair.repetition)
      func kept(_ model: any TunableModel) -> StoredModel { StoredModel(base: model, session: session) }
      var setting = judgeSetting(history)
      setting.eras = history.eras.map(kept)
      setting.initialModel = history.initialModel.map(kept)
      setting.probe = StoredProbe(base: history.probe, session: session, known: vectors)
      setting.onTick = { session.tick($0) }
      let judge = task.challenge.make()
      let examinee = task.algorithm.make()
      try await judge.reset(setting)
      var own = ExamineeSetting(
        challenge: task.challenge.name, seed: pair.seed, timesteps: history.eras.count,
        timestepsAhead: timestepsAhead, extrapolationOrder: extrapolationOrder, independent: isIndependent,
        questions: history.questions, options: options)
      own.repetition = pair.repetition
      try await examinee.reset(own)
      result = await judge.test(examinee)
      result.notes += examinee.notes
    } catch {
      result = JudgeResult(challenge: task.challenge.name)
      result.error = String(describing: error)
    }
    // Stopped, not failed: the next run starts it again.
    if _Concurrency.Task.isCancelled { return }
    try session.end()
    if let number = session.differsFrom {
      result.notes.append("not deterministic from call \(number): the run that was stopped made other calls")
    }
    pair.state = result.error != nil ? .failed : result.isComplete ? .done : .incomplete
    pair.result = result
    pair.requests = session.requests
    pair.tokens = session.tokens
    pair.seconds = (ContinuousClock.now - start) / .seconds(1)
    try store?.finish(id, pair)
  }
}

/// Hands out places in a list to several tasks, each once.
private final class NextPlace: Sendable {
  private let counter = Atomic(0)

  func take() -> Int { counter.wrappingAdd(1, ordering: .relaxed).oldValue }
}
