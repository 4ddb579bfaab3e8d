import TestSupport
import Testing

@testable import Judges
@testable import Magnet

@Suite struct JudgeWorldTests {
  static func score(
    _ kind: World.Kind, _ challenge: String, _ algorithm: String, seed: UInt64, order: Int = 1
  ) async throws -> Double {
    let world = World(kind, seed: seed)
    let questions = world.preferences.map { PreferenceQuestion($0) }
    let judge = try #require(challengeCatalog.named(challenge)?.make())
    let examinee = try #require(algorithmCatalog.named(algorithm)?.make())
    try await judge.reset(
      JudgeSetting(eras: world.eras, probe: QuestionProbe(world.probe), questions: questions.map(\.request)))
    try await examinee.reset(
      ExamineeSetting(challenge: challenge, timesteps: 9, extrapolationOrder: order, questions: questions))
    let result = await judge.test(examinee)
    #expect(result.error == nil && result.isComplete)
    return try #require(result.score)
  }

  static func mean(_ kind: World.Kind, _ challenge: String, _ algorithm: String, order: Int = 1) async throws
    -> Double
  {
    var sum = 0.0
    for seed in 1...6 {
      sum += try await score(kind, challenge, algorithm, seed: UInt64(seed), order: order)
    }
    return sum / 6
  }

  @Test func algorithmsDifferAsTheWorldsAreMadeToShow() async throws {
    let dummy = try await Self.mean(.cycle, "Predict", "Dummy")
    let lifelong = try await Self.mean(.cycle, "Predict", "LifelongDPO")
    let extrapolative = try await Self.mean(.cycle, "Predict", "ExtrapolativeDPO")
    #expect(lifelong > dummy + 0.1, "\(dummy) \(lifelong) \(extrapolative)")
    #expect(extrapolative > lifelong + 0.1, "\(dummy) \(lifelong) \(extrapolative)")
    let follows = try await Self.mean(.walk, "Predict", "LifelongDPO")
    let overshoots = try await Self.mean(.walk, "Predict", "ExtrapolativeDPO", order: 2)
    #expect(follows >= overshoots, "\(follows) \(overshoots)")
    for kind in World.Kind.allCases {
      let baseline = try await Self.score(kind, "Follow", "Dummy", seed: 1)
      let learns = try await Self.score(kind, "Follow", "LifelongDPO", seed: 1)
      #expect(learns > baseline, "\(kind) \(baseline) \(learns)")
    }
  }

  @Test func probeAndPreferencesShareNoQuestion() {
    for kind in World.Kind.allCases {
      let world = World(kind, seed: 3)
      #expect(world.preferences.count == 240 && world.probe.count == 240)
      #expect(Set(world.preferences.map(\.id)).isDisjoint(with: world.probe.map(\.id)))
      let asked = Set(world.preferences.map { Set($0.options) })
      #expect(asked.isDisjoint(with: world.probe.map { Set($0.options) }))
      #expect(world.eras.count == 9)
    }
  }

  @Test func worldsComeFromTheirSeed() {
    let one = World(.walk, seed: 5)
    #expect(one.eras.map(\.identity) == World(.walk, seed: 5).eras.map(\.identity))
    #expect(one.probe == World(.walk, seed: 5).probe)
    #expect(one.eras.map(\.identity) != World(.walk, seed: 6).eras.map(\.identity))
    #expect(one.eras[3].identity != World(.linear, seed: 5).eras[3].identity)
  }

  /// Words fall on different weights, so what is known of one says nothing about another.
  @Test func wordsOfValuesDoNotCollide() {
    let words = World.values.flatMap { $0.words + $0.against }
    #expect(Set(words.map(PreferenceModel.place)).count == words.count)
    #expect(words.count == 48)
  }

  @Test func oppositePreferencesHaveOppositeVectors() async throws {
    let world = World(.linear, seed: 1)
    let probe = QuestionProbe(world.probe)
    let words = World.values.map(\.words)
    let likes = PreferenceModel(
      name: "likes", words: Dictionary(uniqueKeysWithValues: words.flatMap { $0.map { ($0, 1.0) } }))
    let dislikes = PreferenceModel(
      name: "dislikes", words: Dictionary(uniqueKeysWithValues: words.flatMap { $0.map { ($0, -1.0) } }))
    let cosine = try #require(
      Similarity.cosine(try await probe.vector(of: likes), try await probe.vector(of: dislikes)))
    #expect(cosine < 0.2)
    let reversed = QuestionProbe(
      try world.probe.map {
        try ChoiceQuestion(
          id: $0.id, dimensions: $0.dimensions, context: $0.context, options: $0.options.reversed(),
          weights: $0.weights.reversed())
      })
    for model in [likes, dislikes, world.eras[4]] {
      let left = try #require(try await probe.vector(of: model))
      let right = try #require(try await reversed.vector(of: model))
      #expect(zip(left, right).allSatisfy { abs($0 - $1) <= 1e-12 })
    }
    let nothing = PreferenceModel(name: "none", words: [:])
    #expect(try await probe.vector(of: nothing)?.allSatisfy { $0 == 0 } == true)
  }

  /// Answers always with the option that is shown first, without chances.
  struct First: LanguageModel {
    let identity = ModelIdentity(name: "first", digest: "first")
    func respond(to requests: [Request], draws: [Int]) async throws -> [Answer] {
      requests.map { Answer($0.options.first ?? "") }
    }
    func chances(of options: [[String]], for requests: [Request]) async throws -> [[Double]?]? { nil }
  }

  @Test func aPreferenceForAPlaceIsNoValue() async throws {
    let vector = try await QuestionProbe(World(.linear, seed: 1).probe).vector(of: First())
    #expect(vector?.allSatisfy { abs($0) < 1e-12 } == true)
  }

  @Test func modelsLearnWhatTheyAreTunedOn() async throws {
    let blank = PreferenceModel(name: "blank", words: [:])
    let data = TuningData(
      .dpo,
      [
        TuningSample("q", liked: "more tea", others: ["more coffee"]),
        TuningSample("q", liked: "rain", others: ["sun"]),
      ])
    let tuned = try await blank.tuned(on: data)
    let answers = try await tuned.respond(to: [
      Request("which?", options: ["coffee", "tea"]), Request("which?", options: ["rain", "sun"]),
    ])
    #expect(answers.map(\.text) == ["tea", "rain"])
    #expect(tuned.identity != blank.identity)
    let restored = try blank.restored(from: #require(tuned.weights))
    #expect(restored.identity.digest == tuned.identity.digest)
    #expect(throws: MagnetError.self) { try blank.restored(from: [1, 2, 3]) }
    let free = try await blank.respond(to: [Request("Say something.")])
    #expect(free[0].text == nil && free[0].unreadable != nil)
  }

  @Test func longTextsDoNotMakeTuningDiverge() async throws {
    let many = (0..<400).map { "word\($0)" }.joined(separator: " ")
    let data = TuningData(
      .dpo, [TuningSample("q", liked: many, others: ["no"]), TuningSample("q", liked: "no", others: [many])])
    let tuned = try await PreferenceModel(name: "blank", words: [:]).tuned(on: data)
    let chances = try #require(try await tuned.chances(of: [[many, "no"]], for: [Request("q")])?[0])
    #expect(chances.allSatisfy { $0.isFinite && abs($0 - 0.5) < 1e-6 })
  }

  @Test func drawsOfASampledAnswerDifferAndRepeat() async throws {
    let model = PreferenceModel(name: "m", words: ["tea": 0.1], temperature: 1)
    let requests = [Request](repeating: Request("which?", options: ["tea", "coffee"]), count: 200)
    let first = try await model.respond(to: requests, draws: Array(0..<200))
    #expect(first == (try await model.respond(to: requests, draws: Array(0..<200))))
    let tea = first.count { $0.text == "tea" }
    #expect((70...150).contains(tea))
  }

  @Test func trigramsOfTexts() async throws {
    let old = NGramModel(name: "old", texts: ["Thou shalt honour the king. Thou shalt honour the church."])
    let new = NGramModel(name: "new", texts: ["You should question the king. You should vote for freedom."])
    let options = [["thou shalt honour the king", "you should question the king"]]
    let request = [Request("What should I do?")]
    let oldChances = try #require(try await old.chances(of: options, for: request)?[0])
    let newChances = try #require(try await new.chances(of: options, for: request)?[0])
    #expect(oldChances[0] > 0.5 && newChances[1] > 0.5)
    #expect(abs(oldChances.reduce(0, +) - 1) < 1e-12)
    let tuned = try await old.tuned(
      on: TuningData(.sft, [TuningSample("What should I do?", liked: options[0][1], others: [])], epochs: 20))
    let learned = try #require(try await tuned.chances(of: options, for: request)?[0])
    #expect(learned[1] > 0.5)
    let said = try await old.respond(to: request)
    #expect(said[0].text?.isEmpty == false)
    #expect(try await NGramModel(name: "none", texts: []).respond(to: request)[0].text == nil)
  }

  @Test func promptedModelsKeepTheNewestExamples() async throws {
    struct Echo: LanguageModel {
      let identity = ModelIdentity(name: "echo", digest: "echo")
      func respond(to requests: [Request], draws: [Int]) async throws -> [Answer] {
        requests.map { Answer("\($0.system ?? "-") \($0.history.count) \($0.history.last?.assistant ?? "")") }
      }
      func chances(of options: [[String]], for requests: [Request]) async throws -> [[Double]?]? { nil }
    }
    let model = PromptedModel(Echo(), system: "It is 1350.")
    let samples = (0..<40).map { TuningSample("q\($0)", liked: "a\($0)", others: []) }
    let tuned = try await model.tuned(on: TuningData(.dpo, samples))
    #expect(try await tuned.respond(to: [Request("q")])[0].text == "It is 1350. 32 a39")
    let restored = try model.restored(from: #require(tuned.weights))
    #expect(restored.identity == tuned.identity)
  }
}
