import Judges
import Magnet
import Synchronization

/// What scripted models were asked, in order.
final class CallLog: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }
  func add(_ line: String) { lines.withLock { $0.append(line) } }
  func clear() { lines.withLock { $0 = [] } }
}

/// A model whose every call is noted. Its answer to a question with options is the first one, but for the last
/// `unreadable` of a call, which have none.
struct ScriptedModel: TunableModel {
  let identity: ModelIdentity
  let log: CallLog
  var unreadable = 0
  /// Names the model that comes out of the n-th tuning.
  let naming: @Sendable (TuningData) -> String

  init(
    _ name: String, _ log: CallLog, unreadable: Int = 0,
    naming: @escaping @Sendable (TuningData) -> String = { _ in "tuned" }
  ) {
    identity = ModelIdentity(name: name, digest: name)
    self.log = log
    self.unreadable = unreadable
    self.naming = naming
  }

  func respond(to requests: [Request], draws: [Int]) async throws -> [Answer] {
    log.add("inference \(identity.name) \(requests.count)")
    return requests.enumerated().map { number, request in
      number >= requests.count - unreadable
        ? Answer("neither") : Answer(request.options.first ?? "Hello 2")
    }
  }

  func chances(of options: [[String]], for requests: [Request]) async throws -> [[Double]?]? { nil }

  func tuned(on data: TuningData) async throws -> any TunableModel {
    let result = naming(data)
    let samples = data.samples.reduce(0) { $0 + $1.copies }
    log.add(
      "finetune \(identity.name) \(data.stage) \(data.epochs.map { "\($0)" } ?? "-") \(result) \(samples)")
    return ScriptedModel(result, log, unreadable: 0, naming: naming)
  }
}

/// Vectors by the names of models.
struct ScriptedProbe: ValueProbe {
  let identity = "scripted"
  let log: CallLog
  let vectors: [String: [Double]]

  func vector(of respondent: any Respondent) async throws -> [Double]? {
    guard let model = respondent as? ScriptedModel else { return nil }
    log.add("evaluate \(model.identity.name)")
    return vectors[model.identity.name]
  }
}
