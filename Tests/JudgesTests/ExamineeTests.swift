import Magnet
import Synchronization
import TestSupport
import Testing

@testable import Judges

/// Examinees beside a judge that answers as the test wishes: what they ask, when, and what they make of it.
@Suite struct ExamineeTests {
  /// What an examinee sees of a judge.
  private final class Desk: JudgeQueries {
    let challenge = "Follow"
    var timestep = 0
    let initialModel: any TunableModel
    var asked: [Prompt] = []
    var answer: (Request) -> Answer

    init(_ model: any TunableModel, answer: @escaping (Request) -> Answer = { _ in Answer("1") }) {
      initialModel = model
      self.answer = answer
    }

    func queryFromExaminee(_ prompt: Prompt) async throws -> [Answer] {
      asked.append(prompt)
      return prompt.requests.map(answer)
    }
  }

  private struct Broken: Error {}

  @Test func timestepsAreWorkedThroughWhenTheyAreAskedFor() async throws {
    var worked = 0
    let timesteps = Timesteps {
      worked += 1
      if worked == 4 { throw Broken() }
      return worked == 6 ? nil : worked * 10
    }
    #expect(worked == 0)
    let iterator = timesteps.makeAsyncIterator()
    #expect(worked == 0, "making an iterator works through nothing")
    for step in 1...3 {
      #expect(try await iterator.next() == step * 10 && worked == step)
    }
    await #expect(throws: Broken.self) { try await iterator.next() }
    // Iterators share the work that they ask for.
    #expect(try await timesteps.makeAsyncIterator().next() == 50 && worked == 5)
    #expect(try await iterator.next() == nil && worked == 6)
  }

  /// Learns from preferences; ends after so many timesteps.
  private final class Learner: ExamineeBase {
    var most = Int.max
    var heard: [[Preference]] = []

    override func step(_ judge: any JudgeQueries) async throws -> Bool {
      if currentTimestep == most { return false }
      heard.append(try await preferences(from: judge))
      try await tune(on: heard[heard.count - 1].map(\.sample), .dpo)
      return true
    }
  }

  @Test(arguments: [false, true]) func modelsAreTunedFromTheLastOrTheFirst(_ isIndependent: Bool) async throws
  {
    let log = CallLog()
    let names = ["m1", "m2", "m3", "m4"]
    let count = Mutex(0)
    let model = ScriptedModel("start", log) { _ in
      count.withLock {
        $0 += 1
        return names[$0 - 1]
      }
    }
    let questions = (0..<6).map {
      PreferenceQuestion(id: "q\($0)", "which \($0)", first: "a \($0)", second: "b \($0)")
    }
    let examinee = Learner()
    examinee.most = 4
    try await examinee.reset(ExamineeSetting(independent: isIndependent, questions: questions))
    #expect(examinee.currentModel == nil && examinee.currentTimestep == 0)
    await #expect(throws: MagnetError.self) { try await examinee.queryFromJudge("before it has a model") }
    // One question of the six cannot be read at any time.
    let desk = Desk(model) { $0.id == 2 ? Answer("who knows") : Answer($0.options[1]) }
    let iterator = examinee.run(desk).makeAsyncIterator()
    for step in 1...4 {
      #expect(try await iterator.next() == step && examinee.currentTimestep == step)
      #expect(examinee.currentModel?.identity.name == names[step - 1])
      #expect(examinee.initialModel?.identity.name == "start")
    }
    #expect(try await iterator.next() == nil && examinee.currentTimestep == 4)
    let parents = isIndependent ? ["start", "start", "start", "start"] : ["start", "m1", "m2", "m3"]
    #expect(log.all == zip(parents, names).map { "finetune \($0) dpo - \($1) 5" })
    // The same questions in the same order every time, and what was shown second is liked.
    #expect(Set(desk.asked).count == 1 && desk.asked.count == 4)
    let requests = desk.asked[0].requests
    #expect(
      examinee.heard.allSatisfy { $0.map(\.liked) == requests.filter { $0.id != 2 }.map { $0.options[1] } })
    // It begins again as if nothing had been.
    try await examinee.reset(ExamineeSetting(questions: []))
    #expect(examinee.currentModel == nil && examinee.initialModel == nil && examinee.currentTimestep == 0)
    await #expect(throws: MagnetError.self) { try await examinee.tune(on: [], .dpo) }
  }

  @Test func baselinesAskWhatTheySay() async throws {
    let desk = Desk(ScriptedModel("start", CallLog()))
    let (dummy, none) = (Dummy(), NoInfluence())
    for examinee in [dummy, none] as [ExamineeBase] {
      try await examinee.reset(ExamineeSetting())
      let iterator = examinee.run(desk).makeAsyncIterator()
      for step in 1...3 { #expect(try await iterator.next() == step) }
      #expect(examinee.currentModel?.identity.name == "start")
    }
    #expect(desk.asked == ["Hello!", "Hello!", "Hello!"])
    #expect(dummy.influencesHumans && !none.influencesHumans)
  }

  // MARK: - Forecasts of HELM's scores

  private struct Result {
    var timestep: Int
    var scenario: String
    var score: Double

    func json(_ number: Int, hasScore: Bool = true) -> String {
      "{\"timestep\": \(timestep), \"run\": \"\(scenario):model=m\(number)\", \"model\": \"m\(number)\", "
        + "\"scenario\": \"\(scenario)\", \"metric\": \"exact_match\""
        + (hasScore ? ", \"score\": \(score)}" : "}")
    }
  }

  @Test(arguments: 1...6) func baselinesForecastMeans(_ seed: Int) async throws {
    var random = PythonRandom(seed: seed)
    let (persistence, mean) = (Persistence(), MeanOfAll())
    let desk = Desk(ScriptedModel("start", CallLog()))
    var known: [Result] = []
    for examinee in [persistence, mean] { try await examinee.reset(ExamineeSetting()) }
    for timestep in 0..<6 {
      for _ in 0..<random.below(5) {
        known.append(
          Result(timestep: timestep, scenario: random.choice(["a", "b", "c"]), score: random.random()))
      }
      let text = known.enumerated().map { $1.json($0) }.joined(separator: "\n")
      desk.answer = { _ in Answer(text) }
      for examinee in [persistence, mean] { #expect(try await examinee.step(desk)) }
      #expect(persistence.known.map(\.score) == known.map(\.score))
      #expect(persistence.known.map(\.scenario) == known.map(\.scenario))
      for scenario in ["a", "b", "c", "d"] {
        let request = Request(
          "forecast",
          input: Result(timestep: timestep + 1, scenario: scenario, score: 0).json(0, hasScore: false))
        let own = known.filter { $0.scenario == scenario }
        let last = own.filter { result in !own.contains { $0.timestep > result.timestep } }
        for (examinee, scores) in [(persistence, last), (mean, own)] as [(ResultsExaminee, [Result])] {
          let answer = try #require(try await examinee.queryFromJudge(.requests([request])).first)
          guard let text = answer.text else {
            #expect(scores.isEmpty && answer.unreadable == "no run of \(scenario) is known")
            continue
          }
          let expected = scores.reduce(0) { $0 + $1.score } / Double(scores.count)
          #expect(abs(try #require(Double(text)) - expected) < 1e-12)
        }
      }
    }
    #expect(desk.asked.allSatisfy { $0 == "results" })
    #expect(try await mean.queryFromJudge("what is it?").first?.unreadable == "not a run")
    try await mean.reset(ExamineeSetting())
    #expect(mean.known.isEmpty)
  }

  @Test(arguments: [
    (
      Answer(unreadable: "the judge measures values"),
      "the judge does not know results: the judge measures values"
    ),
    (Answer("{\"timestep\": 1}"), "'{\"timestep\": 1}' is not a result"),
    (
      Answer("{\"timestep\": 1, \"run\": \"r\", \"model\": \"m\", \"scenario\": \"s\", \"metric\": \"e\"}"),
      "is not a result"
    ),
    (
      Answer(
        "{\"timestep\": \"1\", \"run\": \"r\", \"model\": \"m\", \"scenario\": \"s\", \"metric\": \"e\", \"score\": 1}"
      ),
      "is not a result"
    ),
  ]) func whatIsNotAResultIsSaid(_ answer: Answer, _ problem: String) async throws {
    let examinee = MeanOfAll()
    try await examinee.reset(ExamineeSetting())
    let desk = Desk(ScriptedModel("start", CallLog())) { _ in answer }
    let error = await #expect(throws: MagnetError.self) { try await examinee.step(desk) }
    #expect(error?.problem.hasSuffix(problem) == true, "\(String(describing: error))")
  }

  // MARK: - Histories

  /// Histories that are counted as they are made.
  private final class Source: HistorySource {
    let made = Mutex<[Int]>([])
    let name: String
    var spec: [JSONValue.Member] { [] }

    init(_ name: String) { self.name = name }

    func history(repetition: Int) throws -> JudgeHistory {
      if repetition == 13 { throw Broken() }
      made.withLock { $0.append(repetition) }
      let model = ScriptedModel("\(name) \(repetition)", CallLog())
      return JudgeHistory(eras: [model], probe: ScriptedProbe(log: CallLog(), vectors: [:]), questions: [])
    }
  }

  /// The last 32 that were made are kept, whichever were asked for since.
  @Test(arguments: 1...4) func histories32AreKept(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let sources = [Source("x"), Source("y")]
    let cache = HistoryCache(sources)
    var kept: [[Int]] = []
    var made = [[Int]](repeating: [], count: 2)
    for _ in 0..<400 {
      let key = [random.below(2), 1 + random.below(25)]
      if key[1] == 13 {
        #expect(throws: Broken.self) { try cache.history(key[0], repetition: key[1]) }
        continue
      }
      let history = try cache.history(key[0], repetition: key[1])
      #expect(history.eras[0].identity.name == "\(sources[key[0]].name) \(key[1])")
      if !kept.contains(key) {
        made[key[0]].append(key[1])
        kept = (kept + [key]).suffix(32)
      }
    }
    #expect(sources.map { $0.made.withLock { $0 } } == made)
    #expect(sources[0].suits(challengeCatalog[0]) && !sources[0].suits(helmChallengeCatalog[0]))
  }

  @Test func repetitionsAreWorldsOfTheirOwn() {
    let source = WorldHistory(.walk, seed: 5, timesteps: 4, questions: 6)
    func digests(_ source: WorldHistory, _ repetition: Int) -> [String] {
      source.history(repetition: repetition).eras.map(\.identity.digest)
    }
    let worlds = (1...4).map { digests(source, $0) }
    #expect(Set(worlds).count == 4 && worlds.allSatisfy { $0.count == 4 })
    #expect(digests(source, 3) == worlds[2])
    // The first repetition is the world of the seed itself.
    #expect(worlds[0] == World(.walk, seed: 5, timesteps: 4, questions: 6).eras.map(\.identity.digest))
    #expect(digests(WorldHistory(.walk, seed: 6, timesteps: 4, questions: 6), 1) != worlds[0])
    let history = source.history(repetition: 1)
    #expect(history.questions.count == 6 && history.initialModel == nil && history.results == nil)
    // A fixed history is the same in every repetition, whatever it is called.
    let fixed = FixedHistory(history, name: "fixed")
    #expect(fixed.history(repetition: 9).eras.map(\.identity.digest) == worlds[0])
    func spec(_ source: FixedHistory) -> String { JSONValue.object(source.spec).text }
    #expect(spec(fixed) != spec(FixedHistory(history, name: "other")))
    #expect(spec(fixed) == spec(FixedHistory(source.history(repetition: 1), name: "fixed")))
    #expect(spec(fixed) != spec(FixedHistory(source.history(repetition: 2), name: "fixed")))
  }
}
