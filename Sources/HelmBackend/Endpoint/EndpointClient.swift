import Magnet
import Synchronization

/// Talks with one server over one driver, whose connections all models of a run share. Requests are repeated where that
/// may help; what a server refuses for good comes back as it is. The driver's thread ends a second after the last call.
final class EndpointClient: Sendable {
  /// What came of a request.
  enum Reply: Sendable {
    /// An answer of the protocol: an object with `choices`.
    case answer(JSONValue)
    /// The status and the server's message.
    case refused(status: Int, problem: String)
  }

  private struct State {
    var waiting: [EndpointCall] = []
    var waker: HTTPWaker?
    var isRunning = false
    var lastCall = ContinuousClock.now
    var requests = 0
    var tokens = 0
    var proven: Set<String> = []
  }

  let options: EndpointOptions
  private let headers: [String: String]
  private let key: String?
  private let state = Mutex(State())

  /// - Parameter variable: the variables of the environment, for the key.
  /// - Throws: `MagnetError` when the address or the key's variable will not do.
  init(_ options: EndpointOptions, variable: (String) -> String?) throws {
    self.options = options
    try HTTPAddress.checkLibrary()
    // A user, password or query in the address would be a secret that tables and stores repeat.
    guard HTTPAddress.host(options.base) != nil,
      !options.base.contains(where: { $0.isWhitespace || "?#@".contains($0) })
    else {
      throw MagnetError(
        .usage, "is not the address of a server", at: options.base,
        advice: "use one such as http://localhost:8000/v1")
    }
    guard options.base.lowercased().hasPrefix("https:") || HTTPAddress.isLoopback(options.base) else {
      throw MagnetError(
        .usage, "plain http is refused: the server is not on this machine", at: options.base,
        advice: "use https")
    }
    var headers = ["Content-Type": "application/json"]
    var secret: String?
    if let name = options.keyVariable {
      guard let key = variable(name).map({ trimmed($0) }), !key.isEmpty else {
        throw MagnetError(.usage, "the environment variable \(name) with the API key is not set")
      }
      guard key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
        throw MagnetError(.usage, "the value of the environment variable \(name) is not an API key")
      }
      headers["Authorization"] = "Bearer \(key)"
      secret = key
    }
    self.headers = headers
    key = secret
  }

  /// The requests sent and the tokens they took.
  var counts: (requests: Int, tokens: Int) { state.withLock { ($0.requests, $0.tokens) } }

  func count(tokens: Int) { state.withLock { $0.tokens += tokens } }

  /// Notes that a model answers.
  func prove(_ model: String) { state.withLock { _ = $0.proven.insert(model) } }

  func isProven(_ model: String) -> Bool { state.withLock { $0.proven.contains(model) } }

  /// A server's message as it may be shown: without the key, should the server repeat it, and without control
  /// characters.
  private func shown(_ problem: String) -> String {
    printable(key.map { problem.replacing($0, with: "[key]") } ?? problem)
  }

  /// Posts a JSON text.
  /// - Throws: `MagnetError` when the budget is used up, or the server cannot be reached or keeps failing.
  func post(_ path: String, _ body: JSONValue) async throws -> Reply {
    try Task.checkCancellation()
    let call = EndpointCall(
      url: options.base + path, headers: headers, body: Array(body.text.utf8), attempts: options.attempts,
      seconds: options.seconds)
    do {
      let reply = try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
          call.wait(continuation)
          if let failure = enqueue(call) { call.finish(.failure(failure)) }
        }
      } onCancel: {
        call.finish(.failure(CancellationError()))
      }
      if case .refused(let status, let problem) = reply {
        return .refused(status: status, problem: shown(problem))
      }
      return reply
    } catch let error as MagnetError {
      throw MagnetError(error.code, shown(error.problem), at: error.place, advice: error.advice)
    }
  }

  /// - Returns: why the call cannot be made, nil where it is.
  private func enqueue(_ call: EndpointCall) -> MagnetError? {
    let (failure, starts) = state.withLock { state -> (MagnetError?, Bool) in
      for (limit, used, name) in [
        (options.mostRequests, state.requests, "requests"), (options.mostTokens, state.tokens, "tokens"),
      ] {
        if let limit, used >= limit {
          let problem = "the budget of \(limit) \(name) is used up"
          return (MagnetError(.insufficientData, problem, advice: "rerun to continue"), false)
        }
      }
      state.requests += 1
      state.waiting.append(call)
      state.lastCall = .now
      state.waker?.wake()
      defer { state.isRunning = true }
      return (nil, !state.isRunning)
    }
    if starts { Task.detached { await self.drive() } }
    return failure
  }

  /// Drives transfers until there has been nothing to do for a second.
  private func drive() async {
    var driving = HTTPOptions()
    driving.jobs = options.jobs
    driving.attempts = options.attempts
    // An answer may take long to begin, and then comes at once.
    driving.stallSeconds = options.seconds
    driving.leastRate = 1
    repeat {
      do {
        try await HTTPDriver.onItsThread(driving) { [self] driver in
          state.withLock { $0.waker = driver.waker }
          // Before the driver goes, nobody holds its waker any more.
          defer { state.withLock { $0.waker = nil } }
          try driver.run(EndpointWork(self))
        }
      } catch {
        let calls = state.withLock { state in
          defer { state.waiting = [] }
          return state.waiting
        }
        for call in calls { call.finish(.failure(MagnetError(.network, sentence(error), at: options.base))) }
      }
    } while state.withLock { state in
      state.isRunning = !state.waiting.isEmpty
      return state.isRunning
    }
  }

  fileprivate func next() -> EndpointCall? {
    state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
  }

  fileprivate var isEmpty: Bool { state.withLock { $0.waiting.isEmpty } }

  fileprivate var isLingering: Bool { state.withLock { .now - $0.lastCall < .seconds(1) } }
}

/// The client's queue as the driver sees it.
private final class EndpointWork: HTTPWork {
  private let client: EndpointClient

  init(_ client: EndpointClient) { self.client = client }

  func next() -> (any HTTPTransfer)? { client.next().map { EndpointTransfer($0) } }
  var isEmpty: Bool { client.isEmpty }
  func turn() throws -> Bool { client.isLingering }
}

/// One request, from whoever waits for it to the driver's thread.
final class EndpointCall: Sendable {
  let url: String
  let headers: [String: String]
  let body: [UInt8]
  let attempts: Int
  let seconds: Int

  private enum State {
    case idle
    case waiting(CheckedContinuation<EndpointClient.Reply, any Error>)
    case over(Result<EndpointClient.Reply, any Error>)
  }

  private let state = Mutex(State.idle)

  init(url: String, headers: [String: String], body: [UInt8], attempts: Int, seconds: Int) {
    self.url = url
    self.headers = headers
    self.body = body
    self.attempts = attempts
    self.seconds = seconds
  }

  /// Whether nobody waits any more.
  var isOver: Bool { state.withLock { if case .over = $0 { true } else { false } } }

  func wait(_ continuation: CheckedContinuation<EndpointClient.Reply, any Error>) {
    let early = state.withLock { state -> Result<EndpointClient.Reply, any Error>? in
      if case .over(let result) = state { return result }
      state = .waiting(continuation)
      return nil
    }
    if let early { continuation.resume(with: early) }
  }

  /// Hands over the result, the first time.
  func finish(_ result: Result<EndpointClient.Reply, any Error>) {
    let waiter = state.withLock { state -> CheckedContinuation<EndpointClient.Reply, any Error>? in
      defer { if case .over = state {} else { state = .over(result) } }
      if case .waiting(let continuation) = state { return continuation }
      return nil
    }
    waiter?.resume(with: result)
  }
}

/// The attempts of one request.
private final class EndpointTransfer: HTTPTransfer {
  private let call: EndpointCall
  private var received: [UInt8] = []
  private var beginning = ContinuousClock.now
  private var retries: HTTPRetries

  /// The most bytes of an answer.
  private static let limit = 16 << 20
  /// How many times as long as it may take to begin an answer may take to come.
  private static let patience = 5

  init(_ call: EndpointCall) {
    self.call = call
    retries = HTTPRetries(limit: call.attempts)
  }

  func request() throws -> HTTPRequest {
    if call.isOver { throw CancellationError() }
    var request = HTTPRequest(call.url, method: "POST")
    request.headers = call.headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    request.body = call.body
    return request
  }

  func begin(_ response: HTTPResponse) throws {
    received = []
    beginning = .now
  }

  func receive(_ bytes: UnsafeRawBufferPointer) throws {
    if call.isOver { throw CancellationError() }
    guard received.count + bytes.count <= Self.limit else {
      throw HTTPFault(kind: .permanent, problem: "the answer has more than \(Self.limit >> 20) MB")
    }
    // Whoever sends a byte now and then is not stalled, and never ends.
    guard ContinuousClock.now - beginning < .seconds(Self.patience * call.seconds) else {
      throw HTTPFault(
        kind: .transient, problem: "the answer was not there after \(Self.patience * call.seconds) seconds")
    }
    unsafe received.append(contentsOf: bytes)
  }

  func end(_ outcome: Result<HTTPResponse, any Error>) throws -> Double? {
    if call.isOver { return nil }
    switch outcome {
    case .success(let response) where response.isSuccess:
      switch answer() {
      case .success(let answer): call.finish(.success(.answer(answer)))
      case .failure(let fault): return postponed(fault, retries.delay())
      }
    case .success(let response) where response.isTransient:
      return postponed(
        HTTPFault(kind: .transient, problem: response.problem), retries.delay(after: response))
    case .success(let response):
      call.finish(.success(.refused(status: response.status, problem: response.problem)))
    case .failure(let error):
      let fault = error as? HTTPFault ?? HTTPFault(kind: .permanent, problem: sentence(error))
      if fault.kind != .permanent {
        return postponed(fault, retries.delay(isUnreachable: fault.kind == .unreachable))
      }
      call.finish(.failure(MagnetError(.network, fault.problem, at: call.url)))
    }
    return nil
  }

  /// The delay until the next attempt; without one, the call fails with what the last attempt brought.
  private func postponed(_ fault: HTTPFault, _ delay: Double?) -> Double? {
    if delay == nil {
      let times = retries.count > 1 ? ", \(retries.count) times" : ""
      call.finish(.failure(MagnetError(.network, fault.problem + times, at: call.url)))
    }
    return delay
  }

  /// What came, as an answer of the protocol. Anything else is worth another attempt: gateways send pages and errors
  /// with the status of a success when the server behind them is in trouble.
  private func answer() -> Result<JSONValue, HTTPFault> {
    func fault(_ problem: String) -> Result<JSONValue, HTTPFault> {
      .failure(HTTPFault(kind: .transient, problem: problem))
    }
    let text = String(decoding: received, as: UTF8.self)
    let value: JSONValue
    do { value = try JSONValue(parsing: text) } catch {
      return fault("the server's answer is not JSON: \(error)")
    }
    guard case .array? = value["choices"] else {
      let message = HTTPResponse.message(in: value).map { ": \($0)" } ?? ""
      return fault("the server's answer has no choices" + message)
    }
    return .success(value)
  }
}
