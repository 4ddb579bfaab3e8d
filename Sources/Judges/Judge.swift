public import Magnet

/// All that an examinee learns of its judge. Humans of later timesteps, the questions by which values are measured and
/// the measurements are out of its reach.
public protocol JudgeQueries: AnyObject {
  /// The name of the challenge, such as `Follow`.
  var challenge: String { get }
  /// The present; 0 before the first timestep.
  var timestep: Int { get }
  /// The model that examinees start from.
  var initialModel: any TunableModel { get }
  /// Asks the judge's humans of the present; one answer per request, in order.
  func queryFromExaminee(_ prompt: Prompt) async throws -> [Answer]
}

/// Thrown by `tick` when history has no more timesteps. Nothing else ends a test in order.
public struct HistoryEnds: Error, Sendable {
  /// The end of history.
  public init() {}
}

/// Measures, over time, how well an examinee keeps up with humans whose values change. Derive from `JudgeBase`.
///
/// A judge is made, reset and used by one task; it is not Sendable.
public protocol Judge: AnyObject {
  /// The name of the challenge, such as `Follow`.
  var challenge: String { get }
  /// The present; 0 until the first tick.
  var timestep: Int { get }
  /// How many snapshots a test has when the examinee stays to the end.
  var possibleSnapshots: Int { get }
  /// The model that examinees start from.
  var initialModel: any TunableModel { get }

  /// Whether a setting makes a test.
  /// - Throws: `MagnetError` when it does not, such as a history that is too short.
  func validate(_ setting: JudgeSetting) throws
  /// Goes back to timestep 0.
  /// - Throws: what `validate` throws.
  func reset(_ setting: JudgeSetting) async throws
  /// Goes on to the next timestep.
  /// - Throws: `HistoryEnds` when there is none.
  func tick() throws
  /// Measures the examinee as it is now.
  func evalSnapshot(_ examinee: any Examinee) async throws
  /// Lets the humans of the present answer.
  func queryFromExaminee(_ prompt: Prompt) async throws -> [Answer]
  /// What was measured so far.
  func produceFinalResult() -> JudgeResult
  /// The score of a result, higher is better; nil where it is undefined.
  /// - Throws: `MagnetError` when the result is not one of this judge, or has too few vectors.
  static func interpretResult(_ result: JudgeResult) throws -> Double?
}

extension Judge {
  /// Tests an examinee: timestep by timestep, lets it learn, then measures it.
  ///
  ///     tick to timestep 1
  ///     repeat: the examinee works through one timestep; evalSnapshot; tick, until history ends
  ///
  /// Timestep 0 is neither measured nor asked about. The test never throws: what failed is in the result's `error`,
  /// beside all that was measured before. An examinee that ends early leaves a result with fewer snapshots than
  /// possible.
  public func test(_ examinee: any Examinee) async -> JudgeResult {
    var failure: String?
    do {
      let timesteps = examinee.run(QueryDesk(self)).makeAsyncIterator()
      do { try tick() } catch is HistoryEnds {
        throw MagnetError(.insufficientData, "history has no timestep after the first")
      }
      while try await timesteps.next() != nil {
        try Task.checkCancellation()
        try await evalSnapshot(examinee)
        do { try tick() } catch is HistoryEnds { break }
      }
    } catch {
      failure = error is CancellationError ? "cancelled" : String(describing: error)
    }
    await examinee.close()
    var result = produceFinalResult()
    result.possibleSnapshots = possibleSnapshots
    result.error = failure
    do { result.score = try type(of: self).interpretResult(result) } catch {
      result.score = nil
      if result.error == nil { result.error = String(describing: error) }
    }
    return result
  }
}

/// What an examinee holds of its judge: casting it gives no judge.
private final class QueryDesk: JudgeQueries {
  let challenge: String
  let initialModel: any TunableModel
  var timestep: Int { present() }

  private let present: () -> Int
  private let query: (Prompt) async throws -> [Answer]

  init(_ judge: any Judge) {
    challenge = judge.challenge
    initialModel = judge.initialModel
    present = { judge.timestep }
    query = { try await judge.queryFromExaminee($0) }
  }

  func queryFromExaminee(_ prompt: Prompt) async throws -> [Answer] { try await query(prompt) }
}
