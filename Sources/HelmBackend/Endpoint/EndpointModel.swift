public import Magnet
import RealModule

/// How the chances of options are found out at a server.
public enum ChanceMode: Sendable, Hashable, CustomStringConvertible {
  /// Options are listed as A, B, ...; the log probabilities of the first token of the answer, over these letters.
  case letters
  /// The summed log probability of each option's tokens after the prompt, from completions with `echo`.
  case echo
  /// The shares among this many sampled answers.
  case sample(Int)

  public var description: String {
    switch self {
    case .letters: "letters"
    case .echo: "echo"
    case .sample(let count): "sample:\(count)"
    }
  }

  /// Reads `letters`, `echo` or `sample:K`.
  public init?(_ text: String) {
    switch text {
    case "letters": self = .letters
    case "echo": self = .echo
    default:
      guard text.hasPrefix("sample:"), let count = Int(text.dropFirst(7)), (1...1000).contains(count) else {
        return nil
      }
      self = .sample(count)
    }
  }
}

/// A server that speaks OpenAI's protocol, and how it is asked.
public struct EndpointOptions: Sendable, Hashable {
  /// The address up to the version, such as `http://localhost:8000/v1`.
  public var base: String
  /// The name of the environment variable that holds the API key. The key itself is kept nowhere.
  public var keyVariable: String?
  /// Requests at once.
  public var jobs = 8
  /// How often a request is tried.
  public var attempts = 8
  /// How many seconds an answer may take to begin, and to resume where it pauses; five times as many to come whole.
  public var seconds = 120
  /// After so many requests, no more are sent.
  public var mostRequests: Int?
  /// After so many tokens, no more requests are sent.
  public var mostTokens: Int?
  /// The temperature of answers; 0 for the most likely one.
  public var temperature = 0.25
  /// The most tokens of an answer.
  public var answerTokens = 512
  /// Whether the instruction comes before the input.
  public var inputLast = false
  /// How the chance of an option is found.
  public var chances = ChanceMode.letters

  /// A server at an address.
  public init(base: String) { self.base = base.hasSuffix("/") ? String(base.dropLast()) : base }
}

/// A server of models; all its models share connections and budgets.
///
/// ```swift
/// var options = EndpointOptions(base: "http://localhost:8000/v1")
/// options.mostRequests = 1000
/// let model = try Endpoint(options).model("llama-3-8b")
/// let answers = try await model.respond(to: [Request("What is the capital of France?")])
/// ```
public final class Endpoint: Sendable {
  let client: EndpointClient

  /// How it is asked.
  public var options: EndpointOptions { client.options }

  /// - Throws: `MagnetError` for an address that is not one, plain http to another machine, or a key that is not set.
  public convenience init(_ options: EndpointOptions) throws {
    try self.init(options) { Environment.variable($0) }
  }

  /// A server whose key is among these variables.
  package init(_ options: EndpointOptions, variable: (String) -> String?) throws {
    client = try EndpointClient(options, variable: variable)
  }

  /// A model of the server.
  public func model(_ name: String) -> EndpointModel { EndpointModel(name: name, client: client) }

  /// The requests sent so far, without repetitions, and the tokens they took.
  public var counts: (requests: Int, tokens: Int) { client.counts }
}

/// A language model behind an OpenAI-compatible server.
public struct EndpointModel: LanguageModel {
  public let identity: ModelIdentity
  public var parallelRequests: Int { client.options.jobs }
  public var samples: Bool { client.options.temperature > 0 }

  private let name: String
  private let client: EndpointClient

  init(name: String, client: EndpointClient) {
    self.name = name
    self.client = client
    let options = client.options
    identity = ModelIdentity(
      name: name,
      parts: [
        "EndpointModel 2", options.base, name, "\(options.temperature)", "\(options.answerTokens)",
        options.inputLast ? "input last" : "input first", options.chances.description,
      ])
  }

  private func object(_ members: [(String, JSONValue)]) -> JSONValue {
    .object(members.map { JSONValue.Member(key: $0.0, value: $0.1) })
  }

  /// A seed for the server, the same for the same request and draw.
  private func seed(_ request: Request, _ draw: Int) -> Int64 {
    Int64(SplitMix.mixed(request.shortDigest &+ UInt64(bitPattern: Int64(draw))) >> 33)
  }

  private func messages(_ request: Request) -> JSONValue {
    .array(
      PromptTemplate.messages(request, inputLast: client.options.inputLast).map {
        object([("role", .string($0.role)), ("content", .string($0.content))])
      })
  }

  /// A request's answer, or why there is none.
  private func answer(_ request: Request, _ draw: Int) async throws -> Answer {
    let options = client.options
    let (found, refusal) = try await ask(
      .chat,
      [
        ("messages", messages(request)), ("temperature", .double(options.temperature)),
        ("max_tokens", .int(Int64(options.answerTokens))), ("seed", .int(seed(request, draw))),
      ])
    guard let body = found else { return Answer(unreadable: refusal) }
    let tokens = counted(body)
    let choice = body["choices"]?[0]
    guard let text = choice?["message"]?["content"]?.string else {
      return Answer(unreadable: "the server's answer has no text")
    }
    return Answer(text, tokens: tokens)
  }

  /// What of the protocol is used.
  private enum Path: String {
    case chat = "/chat/completions"
    case completions = "/completions"
  }

  /// Asks the server.
  /// - Parameters:
  ///   - needs: words in a refusal that tell of the way of asking, not of what was asked.
  ///   - advice: what else to use then.
  /// - Returns: the answer; nil for what the server refuses of this request alone, and why: it is wrong or too long, or
  ///   its content is refused.
  /// - Throws: `MagnetError` for what it refuses of every request.
  private func ask(
    _ path: Path, _ members: [(String, JSONValue)], needs: [String] = [], advice: String = ""
  ) async throws -> (answer: JSONValue?, refusal: String) {
    switch try await client.post(path.rawValue, object([("model", .string(name))] + members)) {
    case .answer(let answer):
      client.prove(path.rawValue + name)
      return (answer, "")
    case .refused(let status, let problem):
      if needs.contains(where: problem.contains) { throw unsupported(problem, advice) }
      guard [400, 413, 422].contains(status), try await isProven(path) else {
        throw MagnetError(.network, problem, at: client.options.base)
      }
      return (nil, problem)
    }
  }

  /// Whether the server answers this model at all. Some refuse unknown models and keys with the status that a single
  /// request's refusal has elsewhere: a model that has not answered yet is asked something that nobody refuses.
  private func isProven(_ path: Path) async throws -> Bool {
    if client.isProven(path.rawValue + name) { return true }
    let hello = JSONValue.array([object([("role", .string("user")), ("content", .string("Hello"))])])
    let question: (String, JSONValue) =
      path == .chat ? ("messages", hello) : ("prompt", .string("Hello"))
    let members = [("model", .string(name)), question, ("max_tokens", .int(1))]
    guard case .answer(let answer) = try await client.post(path.rawValue, object(members)) else {
      return false
    }
    _ = counted(answer)
    client.prove(path.rawValue + name)
    return true
  }

  /// Adds up the tokens that an answer says it took.
  private func counted(_ answer: JSONValue) -> Int? {
    let tokens = answer["usage"]?["total_tokens"]?.double.flatMap { Int(exactly: $0) }
    client.count(tokens: max(0, tokens ?? 0))
    return tokens
  }

  /// The server cannot say what the way of finding out chances needs.
  private func unsupported(_ problem: String, _ advice: String) -> MagnetError {
    MagnetError(.unsupported, problem, at: client.options.base, advice: advice)
  }

  public func respond(to requests: [Request], draws: [Int]) async throws -> [Answer] {
    try await each(requests.count) { try await answer(requests[$0], draws[$0]) }
  }

  /// Many calls, as many at once as the options say.
  private func each<R: Sendable>(_ count: Int, _ call: @escaping @Sendable (Int) async throws -> R)
    async throws
    -> [R]
  {
    if count == 1 { return [try await call(0)] }
    return try await withThrowingTaskGroup(of: (Int, R).self) { group in
      var results: [Int: R] = [:]
      for index in 0..<count {
        if index >= parallelRequests, let (done, result) = try await group.next() { results[done] = result }
        group.addTask { (index, try await call(index)) }
      }
      while let (done, result) = try await group.next() { results[done] = result }
      return (0..<count).compactMap { results[$0] }
    }
  }

  public func chances(of options: [[String]], for requests: [Request]) async throws -> [[Double]?]? {
    try await each(requests.count) { index in
      let (texts, request) = (options[index], requests[index])
      guard texts.count > 1 else { return texts.isEmpty ? nil : [1] }
      switch client.options.chances {
      case .letters: return try await letters(texts, request)
      case .echo: return try await echo(texts, request)
      case .sample(let count): return try await sample(texts, request, count)
      }
    }
  }

  private func letters(_ texts: [String], _ request: Request) async throws -> [Double]? {
    guard texts.count <= LetteredChoice.letters.count else { return nil }
    let asked = LetteredChoice.asking(request, texts)
    let advice = "use --chances echo or --chances sample:K"
    let (found, _) = try await ask(
      .chat,
      [
        ("messages", messages(asked)), ("temperature", .int(0)), ("max_tokens", .int(1)),
        ("logprobs", .bool(true)), ("top_logprobs", .int(20)), ("seed", .int(seed(asked, 0))),
      ], needs: ["logprob"], advice: advice)
    guard let body = found else { return nil }
    _ = counted(body)
    guard let top = body["choices"]?[0]?["logprobs"]?["content"]?[0]?["top_logprobs"]?.elements else {
      throw unsupported("the server gives no log probabilities", advice)
    }
    var sums = texts.map { _ in 0.0 }
    for item in top {
      guard let token = item["token"]?.string, let log = item["logprob"]?.double, !log.isNaN,
        let place = LetteredChoice.place(ofToken: token, count: texts.count)
      else { continue }
      sums[place] += Double.exp(min(0, log))
    }
    return Self.shares(sums)
  }

  private func echo(_ texts: [String], _ request: Request) async throws -> [Double]? {
    let prompt = PromptTemplate.alpaca(instruction: request.instruction, input: request.input)
    let advice = "use --chances letters or --chances sample:K"
    let start = Double(prompt.unicodeScalars.count)
    var logs: [Double] = []
    for text in texts {
      // Servers differ about 0 tokens: some refuse it, for some it means no limit. What is generated is not counted.
      let (answer, _) = try await ask(
        .completions,
        [
          ("prompt", .string(prompt + text)), ("max_tokens", .int(1)), ("echo", .bool(true)),
          ("logprobs", .int(1)), ("temperature", .int(0)),
        ], needs: ["logprob", "echo"], advice: advice)
      guard let body = answer else { return nil }
      _ = counted(body)
      let found = body["choices"]?[0]?["logprobs"]
      let offsets = found?["text_offset"]?.elements.map(\.double) ?? []
      let tokens = found?["token_logprobs"]?.elements.map(\.double) ?? []
      guard offsets.count == tokens.count, (offsets.first ?? nil) == 0, tokens.count > 1 else {
        throw unsupported("the server does not echo log probabilities", advice)
      }
      let end = start + Double(text.unicodeScalars.count)
      // A token that begins before the option and reaches into it is counted too.
      let own = offsets.indices.filter { place in
        let next = offsets.indices.contains(place + 1) ? offsets[place + 1] ?? end : end
        return (offsets[place] ?? end) < end && next > start
      }
      let known = own.compactMap { tokens[$0] }
      guard !own.isEmpty, known.count == own.count else { return nil }
      logs.append(known.reduce(0, +))
    }
    let highest = logs.max() ?? 0
    return Self.shares(logs.map { Double.exp($0 - highest) })
  }

  private func sample(_ texts: [String], _ request: Request, _ count: Int) async throws -> [Double]? {
    guard texts.count <= LetteredChoice.letters.count else { return nil }
    let asked = LetteredChoice.asking(request, texts)
    var counts = texts.map { _ in 0.0 }
    for draw in 0..<count {
      guard let text = try await answer(asked, draw).text,
        let place = LetteredChoice.place(of: text, options: texts)
      else { continue }
      counts[place] += 1
    }
    return Self.shares(counts)
  }

  /// The numbers over their sum; nil where all are 0.
  private static func shares(_ sums: [Double]) -> [Double]? {
    let total = sums.reduce(0, +)
    return total > 0 && total.isFinite ? sums.map { $0 / total } : nil
  }
}
