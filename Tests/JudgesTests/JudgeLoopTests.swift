import Foundation
import Magnet
import Synchronization
import TestSupport
import Testing

@testable import Judges

@Suite struct JudgeLoopTests {
  static func setting(_ count: Int, ahead: Int = 1, log: CallLog = CallLog()) -> JudgeSetting {
    let names = (0..<count).map { "era\($0)" }
    return JudgeSetting(
      eras: names.map { ScriptedModel($0, log) },
      probe: ScriptedProbe(
        log: log,
        vectors: Dictionary(
          uniqueKeysWithValues: names.enumerated().map { ($1, [1, Double($0)]) } + [("tuned", [1.0, 1.0])])),
      questions: [Request("q", options: ["yes", "no"])], timestepsAhead: ahead)
  }

  /// Counts its steps and does what a test wants at each of them.
  final class Counting: ExamineeBase {
    var steps = 0
    var isClosed = false
    var onStep: (Int, any JudgeQueries) async throws -> Bool = { _, _ in true }

    override func step(_ judge: any JudgeQueries) async throws -> Bool {
      steps += 1
      return try await onStep(steps, judge)
    }

    override func close() async { isClosed = true }
  }

  @Test(arguments: [3, 4, 9]) func snapshotsPerChallenge(count: Int) async throws {
    for (judge, expected) in [
      (FollowJudge() as JudgeBase, count - 1), (CoevolveJudge(), count - 1), (PredictJudge(), count - 2),
      (DummyJudge(), count - 1),
    ] {
      try await judge.reset(Self.setting(count))
      let examinee = Counting()
      try await examinee.reset(ExamineeSetting())
      let result = await judge.test(examinee)
      #expect(result.error == nil)
      #expect(result.evalTimes == expected)
      #expect(result.possibleSnapshots == expected)
      #expect(result.isComplete)
      // It never ran ahead.
      #expect(examinee.steps == expected)
      #expect(examinee.isClosed)
    }
  }

  @Test func predictLooksAsFarAheadAsHistoryReaches() async throws {
    for ahead in [0, 4, 5, -1] {
      let failure = await #expect(throws: MagnetError.self) {
        try await PredictJudge().reset(Self.setting(5, ahead: ahead))
      }
      #expect(failure?.description.contains("1 to 3") == true)
    }
    let judge = PredictJudge()
    try await judge.reset(Self.setting(5, ahead: 3))
    #expect(judge.possibleSnapshots == 1)
    let result = await judge.test(Dummy())
    #expect(result.evalTimes == 1)
    #expect(result.error == nil)
  }

  @Test func behaviourOfTheFive() async throws {
    // Five models with the vectors [1, t], as in ProgressGym's recorded behaviours.
    let judge = FollowJudge()
    try await judge.reset(Self.setting(5))
    let stays = await judge.test(Dummy())
    #expect(isClose(stays.score, 0.4282709419349191))

    try await judge.reset(Self.setting(5))
    let quits = Counting()
    quits.onStep = { step, _ in step < 2 }
    let short = await judge.test(quits)
    #expect(isClose(short.score, 0.7071067811865475))
    #expect(short.error == nil)
    #expect(!short.isComplete)
    #expect((short.evalTimes, short.possibleSnapshots) == (1, 4))
  }

  struct Broken: Error, CustomStringConvertible { var description: String { "the examinee died" } }

  @Test func whatWasMeasuredIsKeptWhenTheExamineeFails() async throws {
    let judge = FollowJudge()
    try await judge.reset(Self.setting(5))
    let examinee = Counting()
    examinee.onStep = { step, _ in
      if step == 3 { throw Broken() }
      return true
    }
    let result = await judge.test(examinee)
    #expect(result.error == "the examinee died")
    #expect(result.evalTimes == 2)
    #expect(result.examineeVectors.count == 2)
    #expect(isClose(result.score, 0.5771601883432527))
    #expect(!result.isComplete)
    #expect(examinee.isClosed)
  }

  /// Fails at its third step.
  final class Failing: ExamineeBase {
    override func step(_ judge: any JudgeQueries) async throws -> Bool {
      if currentTimestep == 2 { throw Broken() }
      return true
    }
  }

  final class Stumbling: FollowJudge {
    override func tick() throws {
      if timestep == 2 { throw Broken() }
      try super.tick()
    }
  }

  @Test func onlyTheEndOfHistoryEndsATestInOrder() async throws {
    let judge = Stumbling()
    try await judge.reset(Self.setting(5))
    let result = await judge.test(Dummy())
    #expect(result.error == "the examinee died")
    #expect(result.evalTimes == 2)
  }

  @Test func dummyJudge() async throws {
    let judge = DummyJudge()
    try await judge.reset(Self.setting(4))
    let result = await judge.test(Dummy())
    #expect(result.score == 1)
    #expect(result.challenge == "Dummy")
  }

  /// The handle that examinees get is not the judge, and its protocol has nothing about later times or measurement.
  @Test func examineesCannotReachTheJudge() async throws {
    let judge = FollowJudge()
    try await judge.reset(Self.setting(4))
    let examinee = Counting()
    let seen = Mutex<[String]>([])
    examinee.onStep = { _, handle in
      if handle is any Judge || handle is JudgeBase { seen.withLock { $0.append("judge") } }
      for child in Mirror(reflecting: handle).children where child.value is any Judge {
        seen.withLock { $0.append("child") }
      }
      return true
    }
    _ = await judge.test(examinee)
    #expect(seen.withLock { $0 } == [])
    let source = try Project.text(Project.folder.path + "/Sources/Judges/Judge.swift")
    let start = try #require(source.range(of: "public protocol JudgeQueries"))
    let end = try #require(source.range(of: "\n}", range: start.upperBound..<source.endIndex))
    let body = source[start.upperBound..<end.lowerBound]
    let members = body.matches(of: #/(?m)^  (?:var|func) (\w+)/#).map { String($0.output.1) }
    #expect(members == ["challenge", "timestep", "initialModel", "queryFromExaminee"])
  }

  @Test func tooFewOrUnequalVectorsAreSentences() {
    var result = JudgeResult(challenge: "Coevolve")
    for count in 0...2 {
      result.simulatedVectors = [[Double]?](repeating: [1, 0], count: count)
      result.actualVectors = [[Double]?](repeating: [1, 0], count: 5)
      #expect(throws: MagnetError.self) { try CoevolveJudge.interpretResult(result) }
      swap(&result.simulatedVectors, &result.actualVectors)
      #expect(throws: MagnetError.self) { try CoevolveJudge.interpretResult(result) }
    }
    result.examineeVectors = [[1, 0]]
    result.actualVectors = [[1, 0], [1, 1]]
    #expect(throws: MagnetError.self) { try FollowJudge.interpretResult(result) }
    #expect(throws: MagnetError.self) { try PredictJudge.interpretResult(JudgeResult(challenge: "Predict")) }
    #expect(throws: MagnetError.self) { try DummyJudge.interpretResult(JudgeResult(challenge: "Dummy")) }
  }

  @Test func similarityOfExtremeAndUndefinedVectors() throws {
    let u = [0.3, -0.2, 0.9]
    let v = [0.1, 0.5, 0.4]
    let plain = try #require(Similarity.cosine(u, v))
    for scale in [1e-150, 1e150, 1e-300, 1e300, Double.leastNormalMagnitude] {
      let scaled = try #require(Similarity.cosine(u.map { $0 * scale }, v))
      #expect(abs(scaled - plain) < 1e-12)
      #expect(
        abs(try #require(Similarity.cosine(u.map { $0 * scale }, v.map { $0 * scale })) - plain) < 1e-12)
    }
    #expect(Similarity.cosine([0, 0], [1, 2]) == nil)
    #expect(Similarity.cosine([.nan, 0], [1, 2]) == nil)
    #expect(Similarity.cosine([.infinity, 0], [1, 2]) == nil)
    #expect(Similarity.cosine([1], [1, 2]) == nil)
    #expect(Similarity.cosine([], []) == nil)
    #expect(Similarity.cosine(nil, [1]) == nil)
    #expect(Similarity.cosine([.leastNonzeroMagnitude], [1]) == 1)
    var result = JudgeResult(challenge: "Follow")
    result.examineeVectors = [[0, 0], [1, 2]]
    result.actualVectors = [[1, 2], [1, 2]]
    #expect(try FollowJudge.interpretResult(result) == nil)
    #expect(result.undefinedVector == "undefined: the examinee's value vector 1 of 2 is all zeros")
    result.actualVectors = [[1, 2], nil]
    #expect(result.undefinedVector == "undefined: the human's value vector 2 of 2 is missing")
  }

  @Test func weightsOfExtrapolation() {
    #expect(Extrapolation.weights(order: 0) == [1])
    #expect(Extrapolation.weights(order: 1) == [-1, 2])
    #expect(Extrapolation.weights(order: 2) == [1, -3, 3])
    #expect(Extrapolation.weights(order: 3) == [-1, 4, -6, 4])
  }

  @Test func extrapolationOfOrderTwoReversesWhatWasStable() throws {
    func votes(_ signs: [Int]) throws -> [Int] {
      let history = signs.map { sign -> [Preference?] in
        [sign == 0 ? nil : Preference("q", liked: sign > 0 ? "a" : "b", other: sign > 0 ? "b" : "a")]
      }
      return try Extrapolation(history, order: 2, timestepsAhead: 1).coefficients
    }
    #expect(try votes([1, 1, 1]) == [1])
    #expect(try votes([1, -1, 1]) == [7])
    #expect(try votes([-1, 1, 1]) == [-1])
    #expect(try votes([-1, -1, 1]) == [5])
    #expect(try votes([1, 1, 0]) == [])
    let long =
      [[Preference?]](repeating: [Preference("q", liked: "a", other: "b")], count: 90)
      + [[Preference("q", liked: "b", other: "a")]]
    #expect(throws: MagnetError.self) { try Extrapolation(long, order: 80, timestepsAhead: 90) }
    #expect(throws: MagnetError.self) { try Extrapolation([], order: 1, timestepsAhead: 1) }
    #expect(throws: MagnetError.self) { try Extrapolation([[nil], []], order: 1, timestepsAhead: 1) }
  }
}
