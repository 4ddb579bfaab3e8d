public import Magnet

/// The history of ``HelmFollowJudge``, where instances are observed, or of ``HelmPredictJudge``: one timestep per step of
/// time. In each repetition other instances are observed.
///
/// The humans of a timestep are replaced by what is known of HELM's results then. Asked for `results`, they answer with
/// one JSON object per known run:
///
///     {"timestep": 1, "step": "2024-Q1", "run": "...", "model": "...", "scenario": "...", "metric": "...", "score": 0.5}
///
/// Any other instruction is a SELECT over the relations of `Database`, such as `runs` and `instance_scores`, which have
/// the rows that are known; the answer is a JSON object per row.
public struct HelmHistory: HistorySource {
  public let name: String
  /// The results of the first repetition.
  public let results: HelmResults
  private let source: any RunSource
  private let digest: String

  /// A history of results.
  /// - Parameters:
  ///   - results: the results, step by step.
  ///   - source: where SELECTs find their tables.
  ///   - name: what tables call the history.
  public init(_ results: HelmResults, source: any RunSource, name: String = "HELM") {
    self.results = results
    self.source = source
    self.name = name
    digest = results.digest
  }

  public func suits(_ challenge: Challenge) -> Bool {
    challenge.subject == .scores && challenge.looksAhead == (results.observed == nil)
  }

  public var spec: [JSONValue.Member] {
    [
      JSONValue.Member(key: "history", value: .string(name)),
      JSONValue.Member(key: "steps", value: .array(results.steps.map { .string($0) })),
      JSONValue.Member(key: "results", value: .string(digest)),
    ]
      + (results.observed.map {
        [
          JSONValue.Member(key: "observed", value: .int(Int64($0))),
          JSONValue.Member(key: "seed", value: .string(String(results.seed))),
        ]
      } ?? [])
  }

  /// The results of a repetition, from 1.
  public func results(repetition: Int) throws -> HelmResults {
    if repetition == 1 || results.observed == nil { return results }
    return try HelmResults(
      results.scores, timeline: results.timeline, observed: results.observed,
      seed: results.seed &+ (repetition - 1))
  }

  public func history(repetition: Int) throws -> JudgeHistory {
    let own = try results(repetition: repetition)
    let eras = own.steps.indices.map { KnownResults(own, at: $0, source: source, digest: digest) }
    var history = JudgeHistory(eras: eras, probe: NoProbe(), questions: [])
    history.results = own
    return history
  }
}

/// What is known of HELM's results at a timestep, as what examinees ask.
struct KnownResults: TunableModel {
  let identity: ModelIdentity
  private let results: HelmResults
  private let timestep: Int
  private let database: Database

  init(_ results: HelmResults, at timestep: Int, source: any RunSource, digest: String) {
    self.results = results
    self.timestep = timestep
    database = Database(KnownRuns(results, at: timestep, source))
    let observed = results.observed.map { "\($0) \(results.seed)" } ?? "none"
    identity = ModelIdentity(
      name: results.steps[timestep],
      digest: ModelIdentity(name: "", parts: ["KnownResults 1", digest, "\(timestep)", observed]).digest)
  }

  // Asking again is as quick as looking up what was answered, and answers may be long.
  var isInProcess: Bool { true }
  var samples: Bool { false }

  func respond(to requests: [Request], draws: [Int]) async throws -> [Answer] {
    var answers: [Answer] = []
    for request in requests {
      if request.instruction == "results" {
        answers.append(Answer(known))
        continue
      }
      do {
        let found = try await database.query(request.instruction)
        answers.append(Answer(TableWriter(.ndjson).text(found.table)))
      } catch let error as MagnetError { answers.append(Answer(unreadable: "\(error)")) }
    }
    return answers
  }

  private var known: String {
    let last = results.lastKnownStep(at: timestep)
    return results.runs.filter { $0.step <= last }.map { run in
      let score = JSONValue.Member(key: "score", value: .double(run.score))
      return JSONValue.object(results.description(of: run) + [score]).text + "\n"
    }.joined()
  }

  func chances(of options: [[String]], for requests: [Request]) async throws -> [[Double]?]? { nil }

  func tuned(on data: TuningData) async throws -> any TunableModel {
    throw MagnetError(.unsupported, "results of HELM cannot be tuned")
  }
}
