import Testing

@testable import Magnet

/// What looks wrong with answers and scores, counted out by hand over random requests.
@Suite struct RunHealthTests {
  private struct Request {
    let id: String
    let trial: Int
    let split: String
    let perturbation: String?
    let answer: String?
    let reason: Cell
    let isTruncated: Cell
    let isSuccess: Cell
  }

  private static let states = "scenario_state.request_states."

  private static func requests(_ random: inout PythonRandom) -> [Request] {
    (0..<(20 + random.below(60))).map { number in
      Request(
        id: "id\(number / 2)", trial: number % 2, split: random.choice(["test", "test", "valid"]),
        perturbation: random.choice([nil, nil, nil, "typos"]),
        answer: random.choice(["A", "no", "", " \n\t", nil, "B"]),
        reason: random.choice([.string("length"), .string("stop"), .null]),
        isTruncated: random.choice([.bool(true), .bool(false), .null]),
        isSuccess: random.choice([.bool(false), .bool(true), .bool(true), .null]))
    }
  }

  private static func cells(_ request: Request) -> [Cell] {
    let reason = request.reason == .null ? "null" : "{\"reason\":\"\(request.reason.text)\"}"
    let completions =
      request.answer.map { "[{\"text\":\(JSONValue.string($0).text),\"finish_reason\":\(reason)}]" } ?? "[]"
    return [
      .string(request.id), .int(Int64(request.trial)), .string(request.split), Cell(request.perturbation),
      .json(completions), request.isTruncated, request.isSuccess,
    ]
  }

  private static func source(_ requests: [Request], _ scores: [[Cell]]) -> MemorySource {
    var run = MemorySource.Run("quiz", "acme/a")
    run.addStats([("m", "test", 0.5)])
    run.tables[.scenarioStates] = run.named(
      requests.map(cells),
      [
        "instance.id", "train_trial_index", "instance.split", "instance.perturbation.name",
        "result.completions",
        "prompt_truncated", "result.success",
      ].map { states + $0 })
    run.tables[.perInstanceStats] = run.named(
      scores,
      [
        "per_instance_stats.instance_id", "per_instance_stats.train_trial_index",
        "per_instance_stats.stats.name.name", "per_instance_stats.stats.name.split",
        "per_instance_stats.stats.name.perturbation.name", "per_instance_stats.stats.mean",
      ])
    return MemorySource([run])
  }

  private static func health(_ requests: [Request], _ scores: [[Cell]]) async throws -> RunHealth {
    var rules = HeadlineRules()
    rules.metrics = [try MetricSelector("m@test")]
    return try await RunHealth(of: source(requests, scores), rules: rules)
  }

  @Test(arguments: 1...20) func countsAreThoseOfTheRows(_ seed: Int) async throws {
    var random = PythonRandom(seed: seed)
    let requests = Self.requests(&random)
    // A score for most requests, of one metric or another, some of them out of range or not finite.
    let values: [Cell] = [
      .double(0), .double(1), .double(0.5), .double(-0.1), .double(1.5), .double(.nan), .null,
    ]
    let scored = requests.filter { _ in random.below(5) > 0 }
    let scores = scored.map { request -> [Cell] in
      [
        .string(request.id), .int(Int64(request.trial)), .string(random.choice(["m", "m", "m", "other"])),
        .string(request.split), Cell(request.perturbation), random.choice(values),
      ]
    }
    let health = try await Self.health(requests, scores)
    let entry = try #require(health.entries.first)
    #expect(health.entries.count == 1 && health.faults.isEmpty && entry.requests == requests.count)
    #expect(
      entry.empty
        == requests.count { ($0.answer ?? "").trimmingPrefix(while: \.isWhitespace).isEmpty })
    #expect(entry.cutShort == requests.count { $0.answer != nil && $0.reason == .string("length") })
    #expect(entry.truncated == requests.count { $0.isTruncated == .bool(true) })
    #expect(entry.failed == requests.count { $0.isSuccess == .bool(false) })
    // Scores by the main metric on its split, of inputs as they are; those that are not finite are none.
    let main = scores.filter { row in
      row[2] == .string("m") && row[3] == .string("test") && row[4] == .null
        && row[5].number?.isFinite == true
    }
    let known = Set(main.map { [$0[0].text, $0[1].text] })
    let asked = requests.filter { $0.split == "test" && $0.perturbation == nil }
    #expect(entry.scores == known.count)
    #expect(
      entry.unscored
        == (known.isEmpty ? 0 : asked.count { !known.contains([$0.id, String($0.trial)]) }))
    #expect(entry.outOfRange == main.count { !(0...1).contains($0[5].number ?? 0) })
    #expect(entry.isConstant == (main.count > 1 && Set(main.map { $0[5].number }).count == 1))
    let row = try #require(health.table.rows.first)
    #expect(row["empty"] == .int(Int64(entry.empty)) && row["unscored"] == .int(Int64(entry.unscored)))
    #expect(row["flags"] == (entry.flags.isEmpty ? .null : .string(entry.flags.joined(separator: "; "))))
  }

  /// From a twentieth on.
  @Test func flagsBeginAtATwentieth() {
    func entry(_ requests: Int, _ change: (inout RunHealth.Entry) -> Void) -> [String] {
      var entry = RunHealth.Entry(suite: "s", run: "r", requests: requests)
      change(&entry)
      return entry.flags
    }
    #expect(entry(100) { $0.empty = 4 } == [])
    #expect(entry(100) { $0.empty = 5 } == ["empty answers: 5 of 100"])
    #expect(entry(99) { $0.cutShort = 5 } == ["answers cut at their length: 5 of 99"])
    #expect(entry(101) { $0.truncated = 5 } == [])
    #expect(entry(1) { $0.failed = 1 } == ["failed requests: 1 of 1"])
    #expect(
      entry(10) {
        $0.unscored = 1
        $0.scores = 19
        $0.outOfRange = 1
        $0.isConstant = true
      } == ["without a score: 1 of 20", "scores outside 0 to 1: 1 of 19", "all 19 scores are equal"])
    #expect(entry(0) { _ in } == [])
  }

  /// A metric over all answers together leaves none without a score, and a run without requests is not listed.
  @Test func whatIsNotThereIsNotCounted() async throws {
    var random = PythonRandom(seed: 3)
    let requests = Self.requests(&random)
    let health = try await Self.health(requests, [])
    let entry = try #require(health.entries.first)
    #expect(entry.scores == 0 && entry.unscored == 0 && entry.outOfRange == 0 && !entry.isConstant)
    #expect(try await Self.health([], []).entries.isEmpty)
    var broken = Self.source(requests, [])
    broken.runs[0].fault = DataFault(file: "runs/x", problem: "broken")
    let read = try await RunHealth(of: broken, rules: HeadlineRules())
    #expect(read.entries.isEmpty && read.faults.map(\.problem) == ["broken"])
  }
}
