import Magnet

/// A model as judges and examinees of a run see it: counted, noted in the journal, and with answers and tuned models
/// from the store.
struct StoredModel: TunableModel {
  let base: any TunableModel
  let session: PairSession
  /// Whether calls are noted and draws counted; not while values are measured, which may be skipped on replay.
  var isNoted = true

  var identity: ModelIdentity { base.identity }
  var isInProcess: Bool { base.isInProcess }
  var samples: Bool { base.samples }
  var parallelRequests: Int { base.parallelRequests }

  /// The same model, whose calls are not noted.
  var unnoted: StoredModel { StoredModel(base: base, session: session, isNoted: false) }

  func respond(to requests: [Request], draws: [Int]) async throws -> [Answer] {
    var draws = draws
    if isNoted, session.store != nil || base.samples {
      var hash = RepeatedHash()
      let own = SplitMix.hash(identity.digest)
      let keys = requests.map { SplitMix.mixed($0.shortDigest(&hash) ^ own) }
      try session.note("respond", keys.reduce(UInt64(keys.count)) { SplitMix.mixed($0 ^ $1) })
      if base.samples { draws = session.draws(keys) }
    }
    let answers: [Answer]
    if base.isInProcess {
      answers = try await base.respond(to: requests, draws: draws)
    } else {
      let draws = draws
      answers = try await each(requests.count) { index in
        let (request, draw) = (requests[index], draws[index])
        let key = session.store == nil ? "" : request.digest
        return try await kept(key, draw) { try await base.respond(to: [request], draws: [draw]).first }
      }
    }
    if isNoted {
      session.count(requests: requests.count, tokens: answers.reduce(0) { $0 + ($1.tokens ?? 0) })
    }
    return answers
  }

  func chances(of options: [[String]], for requests: [Request]) async throws -> [[Double]?]? {
    if isNoted, session.store != nil {
      var hash = RepeatedHash()
      let keys = zip(requests, options).map { request, texts in
        texts.reduce(request.shortDigest(&hash)) { SplitMix.mixed($0 ^ SplitMix.hash($1)) }
      }
      try session.note(
        "chances", keys.reduce(SplitMix.hash(identity.digest)) { SplitMix.mixed($0 ^ $1) })
    }
    if isNoted { session.count(requests: requests.count, tokens: 0) }
    if base.isInProcess { return try await base.chances(of: options, for: requests) }
    // Whether the model can say at all is asked once, so that nothing is kept of one that cannot.
    guard try await base.chances(of: [], for: []) != nil else { return nil }
    let answers = try await each(requests.count) { index in
      let (request, texts) = (requests[index], options[index])
      let key = ModelIdentity(name: "", parts: ["chances", request.digest] + texts).digest
      return try await kept(key, 0) {
        let found = try await base.chances(of: [texts], for: [request])?.first ?? nil
        return Answer(JSONValue.array((found ?? []).map { .double($0) }).text)
      }
    }
    return try zip(answers, options).map { answer, texts in
      guard let text = answer.text else { return nil }
      let chances = try JSONValue(parsing: text).elements.compactMap(\.double)
      return chances.count == texts.count ? chances : nil
    }
  }

  /// Many calls, as many at once as the model wants, each kept when it comes. After a failure no more are begun, and
  /// those under way come to their ends: what they cost is not lost.
  private func each(_ count: Int, _ call: @escaping @Sendable (Int) async throws -> Answer) async throws
    -> [Answer]
  {
    try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
      var answers = [Answer](repeating: Answer(unreadable: "no answer"), count: count)
      var next = 0
      func start() {
        guard next < count else { return }
        let index = next
        next += 1
        group.addTask { (index, try await call(index)) }
      }
      for _ in 0..<max(1, base.parallelRequests) { start() }
      var failure: (any Error)?
      while let result = await group.nextResult() {
        switch result {
        case .success(let (index, answer)):
          answers[index] = answer
          if failure == nil { start() }
        case .failure(let error): failure = failure ?? error
        }
      }
      if let failure { throw failure }
      return answers
    }
  }

  private func kept(_ request: String, _ draw: Int, _ ask: () async throws -> Answer?) async throws -> Answer
  {
    if let known = try session.store?.answer(model: identity.digest, request: request, draw: draw) {
      return known
    }
    let start = ContinuousClock.now
    guard let answer = try await ask() else {
      throw MagnetError(.invalidData, "\(identity.name) gave no answer")
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    return try session.store?.keep(
      answer, model: identity.digest, request: request, draw: draw, seconds: seconds) ?? answer
  }

  func tuned(on data: TuningData) async throws -> any TunableModel {
    guard let store = session.store else {
      return StoredModel(base: try await base.tuned(on: data), session: session)
    }
    if isNoted {
      try session.note("tune", SplitMix.mixed(SplitMix.hash(identity.digest) ^ data.shortDigest))
    }
    // A small model is tuned sooner than the key is made under which it would be kept.
    if base.isInProcess { return StoredModel(base: try await base.tuned(on: data), session: session) }
    let digest = data.digest
    if let known = try store.tuned(parent: identity.digest, data: digest),
      let model = try? base.restored(from: known.weights), model.identity.digest == known.model
    {
      return StoredModel(base: model, session: session)
    }
    let model = try await base.tuned(on: data)
    if let weights = model.weights {
      try store.keepTuned(model.identity.digest, weights: weights, parent: identity.digest, data: digest)
    }
    return StoredModel(base: model, session: session)
  }

  var weights: [UInt8]? { base.weights }

  func restored(from weights: [UInt8]) throws -> any TunableModel {
    StoredModel(base: try base.restored(from: weights), session: session)
  }
}

/// A probe whose vectors are kept: in the store, and for the run in memory.
struct StoredProbe: ValueProbe {
  let base: any ValueProbe
  let session: PairSession
  let known: VectorCache

  var identity: String { base.identity }

  func vector(of respondent: any Respondent) async throws -> [Double]? {
    guard let model = respondent as? StoredModel else { return try await base.vector(of: respondent) }
    if session.store != nil {
      try session.note(
        "evaluate", SplitMix.mixed(SplitMix.hash(model.identity.digest) ^ SplitMix.hash(identity)))
    }
    let key = VectorCache.Key(model: model.identity.digest, probe: identity)
    if let vector = known[key] { return vector }
    if let vector = try session.store?.vector(model: key.model, probe: key.probe) {
      known[key] = .some(vector)
      return vector
    }
    let vector = try await base.vector(of: model.unnoted)
    try session.store?.keepVector(vector, model: key.model, probe: key.probe)
    known[key] = .some(vector)
    return vector
  }
}
