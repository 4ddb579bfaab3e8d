/// What a model is: two models with one identity answer alike, so answers can be kept by it.
public struct ModelIdentity: Sendable, Hashable {
  /// A short name for people.
  public let name: String
  /// A digest of all that decides the answers: weights; or endpoint, model, sampling and prompt.
  public let digest: String

  /// An identity with a digest that the caller made.
  public init(name: String, digest: String) {
    self.name = name
    self.digest = digest
  }

  /// An identity whose digest is that of the parts.
  package init(name: String, parts: [String]) {
    var hash = SHA256()
    for part in parts { hash.update(part) }
    self.init(name: name, digest: hash.finish())
  }
}

/// Answers requests. Both language models and examinees that answer for themselves do.
public protocol Respondent {
  /// One answer per request, in order.
  /// - Parameters:
  ///   - requests: what is asked.
  ///   - draws: one number per request. The same model, request and draw give the same answer; another draw gives
  ///     another sample where the model samples.
  func respond(to requests: [Request], draws: [Int]) async throws -> [Answer]

  /// The chance of each option as the answer to its request.
  /// - Parameters:
  ///   - options: one list of texts per request.
  ///   - requests: what is asked.
  /// - Returns: one list per request, which sums to 1, or nil where the model cannot say; nil when it never can.
  func chances(of options: [[String]], for requests: [Request]) async throws -> [[Double]?]?
}

extension Respondent {
  /// One answer per request, each its first draw.
  public func respond(to requests: [Request]) async throws -> [Answer] {
    try await respond(to: requests, draws: [Int](repeating: 0, count: requests.count))
  }
}

/// A language model: requests in, answers out.
public protocol LanguageModel: Respondent, Sendable {
  /// What the model is.
  var identity: ModelIdentity { get }
  /// Whether answering and tuning take so little that doing it again is cheaper than keeping what came of it: a small
  /// model in the process. Of other models, answers and tuned models are kept where there is a store.
  var isInProcess: Bool { get }
  /// Whether answers depend on the draw.
  var samples: Bool { get }
  /// How many requests may be under way at once, for models outside the process.
  var parallelRequests: Int { get }
}

extension LanguageModel {
  public var isInProcess: Bool { false }
  public var samples: Bool { true }
  public var parallelRequests: Int { 1 }
}

/// A language model that other models can be made from. Tuning is out of place: the model itself never changes.
public protocol TunableModel: LanguageModel {
  /// A model tuned on the data, starting from this one.
  func tuned(on data: TuningData) async throws -> any TunableModel

  /// What `restored(from:)` needs to make the model again, nil when it can only be tuned again.
  var weights: [UInt8]? { get }

  /// A model of the same kind with these weights.
  /// - Throws: an error when the bytes are not weights of such a model.
  func restored(from weights: [UInt8]) throws -> any TunableModel
}

extension TunableModel {
  public var weights: [UInt8]? { nil }

  public func restored(from weights: [UInt8]) throws -> any TunableModel {
    throw MagnetError(.unsupported, "\(identity.name) cannot be restored from weights")
  }
}
