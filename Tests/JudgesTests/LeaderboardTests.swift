import Magnet
import TestSupport
import Testing

@testable import Judges

@Suite struct JudgeLeaderboardTests {
  static func pair(
    _ algorithm: String, _ scores: [Double], repetition: Int = 1, state: PairState = .done,
    stored: Double? = nil
  ) -> JudgePair {
    var result = JudgeResult(challenge: "Follow")
    // A vector at the angle whose cosine with [1, 0] is the score.
    result.examineeVectors = scores.map { [$0, (1 - $0 * $0).squareRoot()] }
    result.actualVectors = scores.map { _ in [1, 0] }
    result.evalTimes = scores.count
    result.possibleSnapshots = 2
    result.score = stored ?? scores.reduce(0, +) / Double(scores.count)
    return JudgePair(
      setting: "s", challenge: "Follow", settingSpec: "{\"challenge\":\"Follow\",\"world\":\"walk\"}",
      algorithm: algorithm, spec: "{}", repetition: repetition, seed: 1, state: state, result: result)
  }

  @Test func meansIntervalsAndRanks() throws {
    var pairs: [JudgePair] = []
    for repetition in 1...3 {
      let shift = Double(repetition) / 100
      pairs.append(Self.pair("Dummy", [0.2 + shift, 0.4 + shift], repetition: repetition))
      pairs.append(Self.pair("B", [0.6 + 2 * shift, 0.8], repetition: repetition))
      pairs.append(Self.pair("A", [0.6 + 2 * shift, 0.8], repetition: repetition))
      pairs.append(
        Self.pair("C", [0.5], repetition: repetition, state: repetition == 2 ? .incomplete : .done))
    }
    let board = Leaderboard(pairs)
    #expect(board.warnings == [])
    let rows = board.sections[0].rows
    #expect(rows.map(\.algorithm) == ["A", "B", "Dummy", "C"])
    #expect(rows.map(\.rank) == [1, 1, 3, nil])
    // By hand: scores .71, .72, .73; Dummy .31, .32, .33.
    let score = try #require(rows[0].score)
    #expect(abs(score.value - 0.72) < 1e-12)
    #expect(abs(try #require(score.upper) - (0.72 + 4.302652729911275 * 0.01 / 3.0.squareRoot())) < 1e-9)
    let skill = try #require(rows[0].skill)
    let expected = [(0.71, 0.31), (0.72, 0.32), (0.73, 0.33)].map { ($0.0 - $0.1) / (1 - $0.1) }
    #expect(abs(skill.value - expected.reduce(0, +) / 3) < 1e-12)
    #expect(rows[2].skill?.value == 0)
    #expect(rows[3].reason == "repetition 2: ended after 1 of 2 snapshots")
    #expect(rows[3].score.map { abs($0.value - 0.5) < 1e-12 } == true)
  }

  @Test func aStoredScoreThatDiffersIsNotUsed() {
    let board = Leaderboard([Self.pair("A", [0.5, 0.7], stored: 0.99)])
    #expect(board.sections[0].rows[0].score.map { abs($0.value - 0.6) < 1e-12 } == true)
    #expect(board.warnings.count == 1)
    #expect(board.warnings.first?.contains("0.99") == true)
  }

  @Test func resultsGoThroughJSON() async throws {
    let world = World(.cycle, seed: 1, timesteps: 5)
    for challenge in challengeCatalog {
      let judge = challenge.make()
      let questions = world.preferences.prefix(20).map { PreferenceQuestion($0) }
      try await judge.reset(
        JudgeSetting(
          eras: world.eras, probe: QuestionProbe(world.probe), questions: questions.map(\.request)))
      let examinee = LifelongDPO()
      try await examinee.reset(ExamineeSetting(questions: questions))
      let result = await judge.test(examinee)
      #expect(
        try JudgeResult(challenge: challenge.name, json: JSONValue(parsing: result.json.text)) == result)
    }
  }

  @Test func filesOfProgressGym() throws {
    let file = """
      {"A": {"Follow": {"eval_times": 2, "examinee_vector": [[1, 0], [0, 1]], "actual_vector": [[1, 0], [1, 0]],
      "score": 0.5, "duration_seconds": 3.5}, "Coevolve": {"error": "<class 'NameError'> ..."}},
      "B": {"Follow": {"eval_times": 1, "supplementary_data": {"examinee_vector": [[1, 0]], "actual_vector": [[1, 0]]}},
      "Coevolve": {"simulated_model_vector": [[1, 0], [1, NaN], [1, 0]], "actual_model_vector": [[1, 0], [1, 0], [0, 1]],
      "score": NaN}}}
      """
    let pairs = try ProgressGymFile.pairs(in: file, path: "x/two.json")
    #expect(pairs.map(\.state) == [.done, .failed, .incomplete, .done])
    #expect(pairs[0].seconds == 3.5)
    let board = Leaderboard(pairs)
    let follow = try #require(board.sections.first { $0.challenge == "Follow" })
    #expect(follow.rows.map(\.algorithm) == ["A", "B"])
    #expect(follow.rows.map(\.rank) == [1, nil])
    #expect(follow.rows.map { $0.score?.value } == [0.5, 1])
    let text = try ProgressGymFile.text(pairs)
    #expect(!text.contains("NaN"))
    let again = try ProgressGymFile.pairs(in: text, path: "x/two.json")
    #expect(again.map(\.result?.examineeVectors) == pairs.map(\.result?.examineeVectors))
    for wrong in [
      "[]", "{\"A\": 1}", "{\"A\": {\"Follow\": 1}}", "{", "{\"A\":{\"Follow\":{\"eval_times\":\"x\"}}}",
    ] {
      #expect(throws: MagnetError.self) { try ProgressGymFile.pairs(in: wrong, path: "w.json") }
    }
  }

  @Test(.enabled(if: Golden.isPresent)) func aFileThatProgressGymWrote() throws {
    let value = try Project.json(#require(Golden.folder) + "/cli_output.json")
    let text = try #require(value["file"]).text
    let pairs = try ProgressGymFile.pairs(in: text, path: "two.json")
    let board = Leaderboard(pairs)
    #expect(board.warnings == [])
    let rows = board.sections.flatMap(\.rows)
    #expect(rows.count { $0.score != nil } == 2)
    #expect(rows.count { $0.state == .failed } == 4)
    let first = try #require(pairs.firstIndex { $0.result?.score != nil })
    var changed = pairs
    changed[first].result?.score = 0.999
    #expect(Leaderboard(changed).warnings.count == 1)
    #expect(Leaderboard(changed).sections.flatMap(\.rows).map(\.score) == rows.map(\.score))
  }
}
