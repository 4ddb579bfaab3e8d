import Magnet
import TestSupport
import Testing

@testable import Judges

/// Results of tests: as JSON and back, and what they say of themselves.
@Suite struct JudgeResultTests {
  private static func vector(_ random: inout PythonRandom, _ count: Int) -> [Double]? {
    random.below(6) == 0 ? nil : (0..<count).map { _ in random.random() * 2e3 - 1e3 }
  }

  private static func texts(_ random: inout PythonRandom) -> [String] {
    (0..<random.below(4)).map { _ in random.choice(["", "m 1", "\"quoted\"\n", "é\u{1F536}\u{0}", "NaN"]) }
  }

  /// A result of any challenge, with all that its JSON has room for.
  private static func result(_ random: inout PythonRandom) -> JudgeResult {
    var result = JudgeResult(challenge: random.choice(["Follow", "Coevolve", "Other"]))
    result.evalTimes = random.below(9)
    result.possibleSnapshots = random.below(9)
    result.queryTimes = random.below(1000)
    result.queryTotalLength = random.below(1_000_000) << 30
    result.unreadable = random.below(50)
    result.examineeModels = texts(&random)
    result.judgeModels = texts(&random)
    result.notes = texts(&random)
    result.score = random.choice([nil, 0, -1, 0.1, 1e-300])
    result.error = random.choice([nil, "", "it broke: \\ \"x\""])
    result.timestepsAhead = random.choice([nil, 0, 3])
    let count = 1 + random.below(4)
    func scores() -> [Double?] { (0..<count).map { _ in random.below(4) == 0 ? nil : random.random() } }
    switch random.below(3) {
    case 0:
      result.examineeVectors = (0..<count).map { _ in vector(&random, 3) }
      result.actualVectors = (0..<count).map { _ in vector(&random, 3) }
      result.stepwiseScores = scores()
    case 1:
      result.simulatedModels = texts(&random)
      result.simulatedVectors = (0..<count).map { _ in vector(&random, 2) }
      result.actualVectors = (0..<count).map { _ in vector(&random, 2) }
      result.similarities = (0..<count).map { _ in scores() }
    default: result.rightAnswers = random.below(100)
    }
    for number in 0..<random.below(4) {
      result.forecasts.append(
        JudgeResult.Forecast(
          timestep: number, run: "r:a=\(number)", model: "m/\(number)", actual: random.random(),
          predicted: random.choice([nil, random.random()]), reason: random.choice([nil, "no run is known"])))
    }
    return result
  }

  @Test(arguments: 1...5) func resultsAreReadAsTheyWereWritten(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    for _ in 0..<60 {
      let result = Self.result(&random)
      let json = result.json
      let read = try JudgeResult(challenge: result.challenge, json: JSONValue(parsing: json.text))
      #expect(read == result)
      #expect(!json.text.contains("nan") && !json.text.contains("inf"))
      // ProgressGym's old form keeps some of the members elsewhere.
      guard case .object(let members) = json else {
        Issue.record("not an object")
        continue
      }
      let isMoved = members.map { _ in random.below(2) == 0 }
      let (kept, moved) = [false, true].map { side in
        zip(members, isMoved).filter { $0.1 == side }.map(\.0)
      }.pair
      let old = JSONValue.object(kept + [JSONValue.Member(key: "supplementary_data", value: .object(moved))])
      #expect(try JudgeResult(challenge: result.challenge, json: old) == result)
    }
  }

  /// What is not said follows from the vectors.
  @Test func countsFollowFromVectors() throws {
    func read(_ text: String) throws -> JudgeResult {
      try JudgeResult(challenge: "Follow", json: JSONValue(parsing: text))
    }
    let cases = [
      ("{}", 0, 0), (#"{"examinee_vector": [[1], [2]]}"#, 2, 2),
      (#"{"simulated_model_vector": [[1], [2], [3]]}"#, 2, 2), (#"{"simulated_model_vector": []}"#, 0, 0),
      (#"{"examinee_vector": [[1]], "eval_times": 5}"#, 5, 5), (#"{"eval_times": 2.0}"#, 2, 2),
      (#"{"eval_times": null, "possible_snapshots": 4}"#, 0, 4),
    ]
    for (text, times, possible) in cases {
      let result = try read(text)
      #expect(result.evalTimes == times && result.possibleSnapshots == possible, "\(text)")
    }
    // A number that is missing or not one leaves its vector undefined, not the others.
    let holes = try read(#"{"examinee_vector": [[1, NaN], [1, null], null, ["x", 1], [1, 2], []]}"#)
    #expect(holes.examineeVectors == [nil, nil, nil, nil, [1, 2], []])
    #expect(try read(#"{"score": NaN}"#).score == nil && read(#"{"score": Infinity}"#).score == nil)
    #expect(try read(#"{"stepwise_scores": [1, NaN, null, "x"]}"#).stepwiseScores == [1, nil, nil, nil])
  }

  @Test(arguments: [
    ("[]", "a result is not an object"), ("null", "a result is not an object"),
    (#"{"eval_times": "2"}"#, "eval_times is not a whole number"),
    (#"{"eval_times": 2.5}"#, "eval_times is not a whole number"),
    (#"{"query_times": 1e300}"#, "query_times is not a whole number"),
    (#"{"unreadable": [1]}"#, "unreadable is not a whole number"),
    (#"{"right_answers": true}"#, "right_answers is not a whole number"),
    (#"{"examinee_vector": 1}"#, "examinee_vector is not a list of vectors"),
    (#"{"examinee_vector": [1]}"#, "examinee_vector is not a list of vectors"),
    (#"{"actual_vector": [[true]]}"#, "actual_vector is not a list of vectors"),
    (#"{"simulated_model_vector": [[[1]]]}"#, "simulated_model_vector is not a list of vectors"),
    (#"{"actual_model_vector": {}}"#, "actual_model_vector is not a list of vectors"),
    (#"{"forecasts": [1]}"#, "forecasts is not a list of forecasts"),
    (
      #"{"forecasts": [{"timestep": 1, "run": "r", "model": "m"}]}"#, "forecasts is not a list of forecasts"
    ),
    (
      #"{"forecasts": [{"timestep": 1.5, "run": "r", "model": "m", "actual": 1}]}"#,
      "forecasts is not a list of forecasts"
    ),
    (#"{"supplementary_data": {"eval_times": "2"}}"#, "eval_times is not a whole number"),
  ])
  func whatIsNotAResultIsNamed(_ text: String, _ problem: String) throws {
    let value = try JSONValue(parsing: text)
    let error = #expect(throws: MagnetError.self) { try JudgeResult(challenge: "Follow", json: value) }
    #expect(error?.problem == problem)
  }

  // MARK: - What results say of themselves

  @Test func differencesAreMeansOfAbsoluteOnes() throws {
    var random = PythonRandom(seed: 6)
    for _ in 0..<200 {
      var result = JudgeResult(challenge: "Follow")
      let count = random.below(4)
      result.examineeVectors = (0..<count).map { _ in Self.vector(&random, 1 + random.below(2)) }
      result.actualVectors = (0..<count).map { _ in Self.vector(&random, 2) }
      var differences: [Double]? = []
      for (a, b) in zip(result.examineeVectors, result.actualVectors) {
        guard let a, let b, a.count == b.count else {
          differences = nil
          break
        }
        differences?.append(a.indices.reduce(0) { $0 + abs(a[$1] - b[$1]) } / Double(a.count))
      }
      let mean = differences.flatMap { $0.isEmpty ? nil : $0.reduce(0, +) / Double($0.count) }
      #expect((result.meanAbsoluteDifference == nil) == (mean == nil))
      if let mean, let found = result.meanAbsoluteDifference { #expect(abs(found - mean) < 1e-9) }
      // Of forecasts it is their mean error, whatever the vectors are.
      let errors = (0..<1 + random.below(4)).map { _ in Double(random.below(8)) / 8 }
      result.forecasts = errors.enumerated().map { number, error in
        JudgeResult.Forecast(
          timestep: 0, run: "r\(number)", model: "m", actual: 0.5,
          predicted: 0.5 + (random.below(2) == 0 ? error : -error))
      }
      let expected = errors.reduce(0, +) / Double(errors.count)
      #expect(abs(try #require(result.meanAbsoluteDifference) - expected) < 1e-12)
      #expect(result.shortfall == nil && result.isComplete)
      let place = random.below(errors.count)
      result.forecasts[place].predicted = nil
      #expect(result.meanAbsoluteDifference == nil && !result.isComplete)
      #expect(result.shortfall == "no forecast for 1 of \(errors.count) runs: r\(place): none given")
      result.forecasts[place].reason = "it is new"
      #expect(result.shortfall?.hasSuffix("r\(place): it is new") == true)
      result.possibleSnapshots = 3
      result.evalTimes = random.below(3)
      #expect(result.shortfall == "ended after \(result.evalTimes) of 3 snapshots")
    }
  }

  @Test(
    arguments: [
      ([nil, [1]], [], [], "the human's value vector 1 of 2 is missing"),
      ([[1], [0, 0]], [nil], [], "the human's value vector 2 of 2 is all zeros"),
      ([[1]], [[1], [.infinity]], [nil], "the examinee's value vector 2 of 2 is not finite"),
      ([[1]], [[1]], [[2], [3], []], "the simulated human's value vector 3 of 3 is not finite"),
      ([], [], [nil], "the simulated human's value vector 1 of 1 is missing"),
    ] as [([[Double]?], [[Double]?], [[Double]?], String)])
  func theFirstVectorWithoutADirectionIsNamed(
    _ actual: [[Double]?], _ examinee: [[Double]?], _ simulated: [[Double]?], _ text: String
  ) {
    var result = JudgeResult(challenge: "Coevolve")
    (result.actualVectors, result.examineeVectors, result.simulatedVectors) = (actual, examinee, simulated)
    #expect(result.undefinedVector == "undefined: " + text)
    #expect(JudgeResult(challenge: "Follow").undefinedVector == "undefined")
  }
}

extension Array {
  /// The first two elements.
  fileprivate var pair: (Element, Element) { (self[0], self[1]) }
}
