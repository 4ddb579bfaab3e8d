/// Makes any model tunable without touching its weights: `tuned` keeps samples as example turns before each request,
/// up to 32, newest last. It is not training, and results say so.
package struct PromptedModel: TunableModel {
  package let identity: ModelIdentity
  package var isInProcess: Bool { base.isInProcess }
  package var samples: Bool { base.samples }
  package var parallelRequests: Int { base.parallelRequests }

  private let base: any LanguageModel
  private let examples: [Request.Turn]
  /// Instructions before all else, such as which century it is.
  private let system: String?

  /// The most examples kept.
  package static let mostExamples = 32

  /// A model without examples yet.
  package init(_ base: any LanguageModel, system: String? = nil, name: String? = nil) {
    self.init(base, system, [], name: name ?? base.identity.name)
  }

  private init(_ base: any LanguageModel, _ system: String?, _ examples: [Request.Turn], name: String?) {
    self.base = base
    self.system = system
    self.examples = examples
    let digest = ModelIdentity(
      name: "",
      parts: ["PromptedModel 1", base.identity.digest, system ?? "", system == nil ? "" : "system"]
        + examples.flatMap { [$0.user, $0.assistant] }
    ).digest
    identity = ModelIdentity(name: name ?? "prompted-\(digest.prefix(8))", digest: digest)
  }

  private func prompted(_ request: Request) -> Request {
    var request = request
    request.history = examples + request.history
    if let system { request.system = request.system.map { system + "\n\n" + $0 } ?? system }
    return request
  }

  package func respond(to requests: [Request], draws: [Int]) async throws -> [Answer] {
    try await base.respond(to: requests.map(prompted), draws: draws)
  }

  package func chances(of options: [[String]], for requests: [Request]) async throws -> [[Double]?]? {
    try await base.chances(of: options, for: requests.map(prompted))
  }

  package func tuned(on data: TuningData) async throws -> any TunableModel {
    var turns: [Request.Turn] = []
    let passes = max(1, Int((data.epochs ?? 1).rounded()))
    for _ in 0..<passes {
      for sample in data.samples.suffix(Self.mostExamples) {
        let question = PromptTemplate.messages(Request(sample.instruction, input: sample.input))
        turns.append(Request.Turn(user: question.first?.content ?? "", assistant: sample.liked))
      }
    }
    return PromptedModel(base, system, Array((examples + turns).suffix(Self.mostExamples)), name: nil)
  }

  /// The examples as JSON.
  package var weights: [UInt8]? {
    let turns = examples.map { JSONValue.array([.string($0.user), .string($0.assistant)]) }
    return Array(JSONValue.array(turns).text.utf8)
  }

  package func restored(from weights: [UInt8]) throws -> any TunableModel {
    guard let value = try? JSONValue(parsing: String(decoding: weights, as: UTF8.self)) else {
      throw MagnetError(.invalidData, "these are not the examples of a PromptedModel")
    }
    let turns = value.elements.compactMap { turn -> Request.Turn? in
      guard let user = turn[0]?.string, let assistant = turn[1]?.string else { return nil }
      return Request.Turn(user: user, assistant: assistant)
    }
    return PromptedModel(base, system, turns, name: nil)
  }
}
