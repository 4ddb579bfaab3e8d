import HelmBackend
import Magnet
import Predictors
import Synchronization
import TestSupport
import Testing

@testable import Judges

/// Judges on HELM's timeline.
@Suite struct HelmJudgeTests {
  private let files: HelmFiles

  init() throws { files = try HelmFiles() }

  private func step(_ model: String) -> Int { (HelmFiles.models.firstIndex(of: model) ?? -2) / 2 }

  /// Knows the scores of all times.
  final class Oracle: ResultsExaminee {
    var scores: [String: Double] = [:]
    override func forecast(_ run: Run) -> Double? { scores[run.name] }
  }

  @Test func resultsAreInSteps() async throws {
    let results = try await files.results(observed: 5)
    #expect(results.steps == ["2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4"])
    #expect(results.scenarios == ["chess", "law"])
    #expect(results.runs.count == 16 && results.runs.allSatisfy { $0.step == step($0.model) })
    #expect(results.notes == ["left out: 1 scenarios without runs in some step, such as rare"])
    #expect(results.runs.allSatisfy { Set($0.shown).count == 5 })
    let other = try await files.results(observed: 5, seed: 2)
    #expect(other.runs.map(\.shown) != results.runs.map(\.shown) && other.digest == results.digest)
    #expect(try await files.results(observed: nil).runs.allSatisfy { $0.shown.isEmpty })
    for observed in [HelmFiles.instanceCount, 1000] {
      let failure = await #expect(throws: MagnetError.self) { try await files.results(observed: observed) }
      #expect(failure?.code == .insufficientData)
    }
    let scores = try await ScoreCollection.read(files.runs)
    let one = try ModelTimeline(dates: HelmFiles.dates.mapValues { _ in "2024-01-01" })
    #expect(throws: MagnetError.self) { try HelmResults(scores, timeline: one, observed: nil) }
  }

  /// Asks everything at every timestep, and remembers what it saw.
  final class Curious: ResultsExaminee {
    struct Seen: Sendable {
      let timestep: Int
      let query: String
      let rows: [JSONValue]
    }
    static let queries = [
      "results", "SELECT DISTINCT run, model FROM runs", "SELECT DISTINCT run, model FROM scores",
      "SELECT DISTINCT run, model, instance FROM instances",
      "SELECT DISTINCT run, model, instance, mean FROM instance_scores",
      "SELECT DISTINCT \"run_spec.name\" AS run FROM stats",
      "SELECT DISTINCT \"run_spec.name\" AS run FROM scenario_states",
      "SELECT DISTINCT \"run_spec.name\" AS run, \"per_instance_stats.stats.mean\" AS mean FROM per_instance_stats",
      "SELECT DISTINCT \"run_spec.name\" AS run FROM run_specs",
    ]
    var seen: [Seen] = []

    override func step(_ judge: any JudgeQueries) async throws -> Bool {
      for query in Self.queries {
        let text = try #require(try await judge.queryFromExaminee(.text(query))[0].text)
        let rows = try text.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        seen.append(Seen(timestep: judge.timestep, query: query, rows: rows))
      }
      let wrong = try await judge.queryFromExaminee("DROP TABLE runs")
      #expect(wrong[0].text == nil && wrong[0].unreadable?.isEmpty == false)
      return try await super.step(judge)
    }

    override func forecast(_ run: Run) -> Double? { 0.5 }
  }

  @Test(arguments: [nil, 5] as [Int?]) func nothingOfLaterStepsIsKnown(observed: Int?) async throws {
    let history = try await files.history(observed: observed)
    let world = try history.history(repetition: 1)
    let judge: HelmFollowJudge = observed == nil ? HelmPredictJudge() : HelmFollowJudge()
    var setting = JudgeSetting(eras: world.eras, probe: world.probe)
    setting.results = world.results
    try await judge.reset(setting)
    let examinee = Curious()
    try await examinee.reset(ExamineeSetting())
    let result = await judge.test(examinee)
    #expect(result.error == nil && result.evalTimes == (observed == nil ? 2 : 3))
    #expect(examinee.seen.count == Curious.queries.count * result.evalTimes)
    let shown = Dictionary(
      uniqueKeysWithValues: (world.results?.runs ?? []).map { ($0.name, Set($0.shown)) })
    for seen in examinee.seen {
      let models = try seen.rows.map { row in
        try #require(row["model"]?.string ?? row["run"]?.string?.split(separator: "=").last.map(String.init))
      }
      #expect(models.contains { step($0) == 0 }, "\(seen.query)")
      #expect(models.allSatisfy { step($0) <= seen.timestep }, "\(seen.query)")
      guard observed != nil else { continue }
      // Of the present, single instances at most.
      let present = zip(models, seen.rows).filter { step($0.0) == seen.timestep }.map(\.1)
      if ["results", "scores", "stats"].contains(where: {
        seen.query == $0 || seen.query.hasSuffix("FROM " + $0)
      }) {
        #expect(present.isEmpty, "\(seen.query)")
      } else {
        #expect(!present.isEmpty, "\(seen.query)")
      }
      for row in present {
        guard let instance = row["instance"]?.string, let run = row["run"]?.string else { continue }
        #expect(shown[run]?.contains(instance) == true, "\(seen.query) \(instance)")
      }
      if seen.query.contains("instance FROM instances") { #expect(present.count == 2 * 2 * 5) }
    }
  }

  @Test func baselinesAreComputedByHand() async throws {
    let results = try await files.results(observed: nil)
    let scores = Dictionary(uniqueKeysWithValues: results.runs.map { ($0.name, $0.score) })
    let oracle = Algorithm(name: "Oracle", summary: "", subject: .scores) {
      let examinee = Oracle()
      examinee.scores = scores
      return examinee
    }
    var run = JudgeRun(
      algorithms: [oracle], challenges: helmChallengeCatalog.filter(\.looksAhead),
      histories: [HelmHistory(results, source: files.runs)])
    run.jobs = 2
    let pairs = try await run.run()
    #expect(pairs.map(\.algorithm) == ["Persistence", "MeanOfAll", "Oracle"])
    #expect(pairs.allSatisfy { $0.state == .done && $0.result?.evalTimes == 2 })
    func mean(_ scenario: String, _ steps: ClosedRange<Int>) -> Double {
      let found = results.runs.filter { $0.scenario == scenario && steps.contains($0.step) }.map(\.score)
      return found.reduce(0, +) / Double(found.count)
    }
    for (pair, first) in [(pairs[0], { $0 }), (pairs[1], { _ in 0 })] as [(JudgePair, (Int) -> Int)] {
      for forecast in try #require(pair.result).forecasts {
        let target = try #require(results.runs.first { $0.name == forecast.run })
        #expect(target.step == forecast.timestep + 1 && forecast.actual == target.score)
        let wanted = mean(target.scenario, first(forecast.timestep)...forecast.timestep)
        #expect(abs(try #require(forecast.predicted) - wanted) < 1e-12)
      }
      #expect(pair.result?.forecasts.count == 8)
    }
    let rows = Leaderboard(pairs).sections[0].rows
    let skill = Dictionary(uniqueKeysWithValues: rows.map { ($0.algorithm, $0.skill?.value) })
    #expect(skill["Persistence"] == 0 && skill["Oracle"] == 1)
    let errors = try pairs.map { try #require($0.result?.meanAbsoluteDifference) }
    #expect(abs(try #require(skill["MeanOfAll"] ?? nil) - (1 - errors[1] / errors[0])) < 1e-12)
    #expect(rows.map(\.algorithm).first == "Oracle" && rows.first?.rank == 1)
    let oracleRow = try #require(rows.first)
    #expect(oracleRow.skill?.lower == 1 && oracleRow.difference?.value == 0)
    #expect(abs(try #require(oracleRow.score).value - 1) < 1e-12)
    #expect(rows.allSatisfy { $0.isBaseline == ($0.algorithm != "Oracle") })
    let title = Leaderboard.title(of: Leaderboard(pairs).sections[0])
    #expect(title == "HelmPredict, in HELM, 1 ahead, 4 steps (2024-Q1 to 2024-Q4)")
    let later = try #require(JudgePlots.overTime(pairs).first)
    #expect(later.yLabel == "mean absolute error" && later.series.count == 3)
  }

  /// Forecasts of predictors are those of independent computations on what is known.
  @Test func predictorsTakePart() async throws {
    let histories = [try await files.history(observed: 5), try await files.history(observed: nil)]
    func examinee(_ type: Predictor.Type) -> Algorithm {
      Algorithm(name: type.name, summary: "", subject: .scores) { [runs = files.runs] in
        PredictorExaminee(Backtest.Entry(type), histories: histories, source: runs)
      }
    }
    var run = JudgeRun(
      algorithms: [examinee(ScenarioMeanPredictor.self), examinee(SampleMeanPredictor.self)],
      challenges: helmChallengeCatalog, histories: histories)
    run.repeats = 2
    let pairs = try await run.run()
    func pair(_ name: String, _ challenge: String, _ repetition: Int = 1) throws -> JudgePair {
      try #require(
        pairs.first { $0.algorithm == name && $0.challenge == challenge && $0.repetition == repetition })
    }
    for challenge in ["HelmFollow", "HelmPredict"] {
      let (own, baseline) = (try pair("scenario-mean", challenge), try pair("MeanOfAll", challenge))
      #expect(own.state == .done && own.result?.forecasts.count == (challenge == "HelmFollow" ? 12 : 8))
      for (a, b) in zip(own.result?.forecasts ?? [], baseline.result?.forecasts ?? []) {
        #expect(a.run == b.run && abs((a.predicted ?? .nan) - (b.predicted ?? .nan)) < 1e-8, "\(a) \(b)")
      }
    }
    for repetition in 1...2 {
      let own = try pair("sample-mean", "HelmFollow", repetition)
      let results = try histories[0].results(repetition: repetition)
      for forecast in own.result?.forecasts ?? [] {
        let target = try #require(results.runs.first { $0.name == forecast.run })
        let scenario = try #require(results.scores.scenarios.first { $0.name == target.scenario })
        let row = try #require(scenario.matrix.runs.firstIndex { $0.name == target.name })
        let seen = target.shown.map { id in
          scenario.matrix[row, scenario.matrix.instances.firstIndex(of: id) ?? 0]
        }
        #expect(abs((forecast.predicted ?? .nan) - seen.reduce(0, +) / 5) < 1e-12)
      }
    }
    // Without any instance it has no answer, and is not ranked.
    let blind = try pair("sample-mean", "HelmPredict")
    #expect(blind.state == .incomplete)
    #expect(blind.result?.shortfall?.hasPrefix("no forecast for 8 of 8 runs: ") == true)
    let rows = Leaderboard(pairs).sections.flatMap(\.rows).filter { $0.algorithm == "sample-mean" }
    #expect(rows.map { $0.rank == nil } == [false, true] && rows[1].skill == nil)
    for pair in pairs {
      let result = try #require(pair.result)
      #expect(
        try JudgeResult(challenge: pair.challenge, json: JSONValue(parsing: result.json.text)) == result)
    }
  }

  @Test func storesResume() async throws {
    let folder = try TemporaryFolder()
    let histories = [try await files.history(observed: nil)]
    let run = JudgeRun(
      algorithms: [], challenges: helmChallengeCatalog.filter(\.looksAhead), histories: histories)
    let path = folder.path + "/h.judge"
    let first = try await run.run(store: JudgeStore(path, writing: true))
    let again = try await run.run(store: JudgeStore(path, writing: true))
    #expect(again == first && first.count == 2)
    let read = Leaderboard(try JudgeStore(path, writing: false).all().map(\.pair))
    #expect(read.sections == Leaderboard(first).sections && read.warnings == [])
    #expect(try JudgeStore(path, writing: false).calls().rowCount == 2 * 2)
  }

  /// Answers with something that is not a number.
  final class Odd: ExamineeBase {
    override func queryFromJudge(_ prompt: Prompt) async throws -> [Answer] {
      prompt.requests.indices.map { Answer(["0.25", " 1e-3\n", "NaN", "about a half", "inf"][$0 % 5]) }
    }
  }

  @Test func whatDoesNotSuitIsRefused() async throws {
    let history = try await files.history(observed: nil)
    func run(_ algorithms: [Algorithm], _ challenges: [Challenge], _ source: any HistorySource) async throws
      -> [JudgePair]
    {
      try await JudgeRun(algorithms: algorithms, challenges: challenges, histories: [source]).run()
    }
    let world = WorldHistory(.linear, seed: 1, timesteps: 3)
    for (algorithms, challenges, source) in [
      ([], helmChallengeCatalog, history as any HistorySource), ([], challengeCatalog, history),
      ([], helmChallengeCatalog, world),
      (algorithmCatalog, helmChallengeCatalog.filter(\.looksAhead), history),
    ] {
      let failure = await #expect(throws: MagnetError.self) { try await run(algorithms, challenges, source) }
      #expect(failure?.code == .usage)
    }
    var late = JudgeRun(
      algorithms: [], challenges: helmChallengeCatalog.filter(\.looksAhead), histories: [history])
    for ahead in [0, 3, 4] {
      late.timestepsAhead = ahead
      let failure = await #expect(throws: MagnetError.self) { try await late.run() }
      #expect(failure?.description.contains("looks 1 to 2 ahead") == true)
    }
    late.timestepsAhead = 2
    #expect(try await late.run().map(\.result?.evalTimes) == [1, 1])
    let odd = Algorithm(name: "Odd", summary: "", subject: .scores) { Odd() }
    let pairs = try await run([odd], helmChallengeCatalog.filter(\.looksAhead), history)
    let result = try #require(pairs.last?.result)
    #expect(pairs.last?.state == .incomplete && result.score == nil)
    #expect(result.forecasts.prefix(4).map(\.predicted) == [0.25, 1e-3, nil, nil])
    #expect(result.forecasts[3].reason == "'about a half' is not a number")
  }
}
