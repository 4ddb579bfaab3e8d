import Foundation
import Testing

@testable import Magnet

/// Small models and what answers mean, against their definitions.
@Suite struct LanguageModelTests {
  private static let words = ["tea", "coffee", "water", "milk", "Tea", "juice", "é", "x1"]

  private static func text(_ random: inout PythonRandom, _ most: Int = 5) -> String {
    (0...random.below(most)).map { _ in random.choice(words) }.joined(
      separator: random.choice([" ", ", ", "-"]))
  }

  // MARK: Preferences

  @Test(arguments: 1...8) func scoresAreSumsOfWords(_ seed: Int) async throws {
    var random = PythonRandom(seed: seed)
    let weights = ["tea": 1.5, "coffee": -0.5, "water": 0.25, "é": 2.0]
    let model = PreferenceModel(name: "m", words: weights)
    for _ in 0..<40 {
      let options = (0..<2 + random.below(3)).map { _ in Self.text(&random) }
      let scores = options.map { option in
        option.lowercased().split { " ,-".contains($0) }.reduce(0.0) { $0 + (weights[String($1)] ?? 0) }
      }
      for (option, score) in zip(options, scores) {
        #expect(abs(model.score(option) - score) < 1e-12, "\(option)")
      }
      let answer = try await model.respond(to: [Request("Which?", options: options)], draws: [0])[0]
      #expect(answer.text == options[scores.firstIndex(of: scores.max()!)!], "the first of the best")
      let chances = try #require(try await model.chances(of: [options], for: [Request("Which?")])?[0])
      #expect(abs(chances.reduce(0, +) - 1) < 1e-12)
      for (i, chance) in chances.enumerated() {
        let odds = PreferenceModel.softmax([scores[i], scores[0]])
        #expect(
          abs(chance / (chance + chances[0]) - odds[0]) < 1e-9, "two options' odds are those of their scores")
      }
    }
  }

  /// Words that share a place are added in one order, whatever order the dictionary has.
  @Test func aModelDoesNotDependOnTheOrderOfItsWords() {
    let words: [(String, Double)] = [("tea", 0.1), ("Tea", 0.2), ("TEA", 0.3), ("tEA", 0.7), ("teA", 1e-9)]
    var digests: Set<String> = []
    for capacity in [0, 10, 50, 200, 1000, 5000] {
      for list in [words, words.reversed()] {
        var dictionary: [String: Double] = [:]
        dictionary.reserveCapacity(capacity)
        for (word, weight) in list { dictionary[word] = weight }
        digests.insert(PreferenceModel(name: "m", words: dictionary).identity.digest)
      }
    }
    #expect(digests.count == 1)
  }

  @Test func weightsAreRestored() throws {
    let model = PreferenceModel(name: "m", words: ["tea": 1.5, "coffee": -0.5], temperature: 0.75)
    let bytes = try #require(model.weights)
    #expect(bytes.count == 8 + 2 * 16)
    let other = try #require(
      try PreferenceModel(name: "n", words: [:]).restored(from: bytes) as? PreferenceModel)
    #expect(other.weights == bytes && other.identity.digest == model.identity.digest && other.samples)
    #expect(other.weight(ofWord: "TEA") == 1.5 && other.weight(ofWord: "none") == 0)
    for wrong in [
      [], Array(bytes.dropLast()), bytes + [0], Array(bytes.dropFirst(8)),
      [UInt8](repeating: 0xFF, count: 24),
    ] {
      #expect(throws: MagnetError.self) { try model.restored(from: wrong) }
    }
  }

  @Test func fittedModelsLikeWhatWasLiked() async throws {
    let model = PreferenceModel(name: "m", words: ["coffee": 0.3])
    let samples = [TuningSample("Which?", liked: "tea with milk", others: ["coffee with milk"])]
    let fitted = model.fitted(to: samples)
    #expect(fitted.score("tea with milk") > fitted.score("coffee with milk"))
    #expect(fitted.weight(ofWord: "milk") == 0, "what both have says nothing")
    #expect(fitted.weight(ofWord: "tea") > 0 && fitted.weight(ofWord: "coffee") < 0.3)
    #expect(model.fitted(to: samples).identity == fitted.identity, "the same again")
    #expect(model.fitted(to: []).weights == model.weights)
    let longer = model.fitted(to: samples, epochs: 8)
    #expect(longer.weight(ofWord: "tea") > fitted.weight(ofWord: "tea"))
  }

  // MARK: Trigrams

  @Test(arguments: 1...6) func chancesOfNextWordsAddUpToLessThanOne(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let texts = (0..<5).map { _ in Self.text(&random, 8) + ". " + Self.text(&random, 8) }
    let model = NGramModel(name: "m", texts: texts)
    let known = Set(texts.flatMap(NGramModel.words))
    for context in [[], ["tea"], ["tea", "coffee"], ["unseen", "words"], [".", "water"]] {
      let sum = known.reduce(0.0) { sum, word in sum + probability(model, word, context) }
      let unseen = probability(model, "never", context)
      #expect(sum < 1 + 1e-9 && unseen > 0 && sum + unseen <= 1 + 1e-9, "\(context)")
      for word in known { #expect(probability(model, word, context) > 0) }
    }
  }

  private func probability(_ model: NGramModel, _ word: String, _ context: [String]) -> Double {
    exp(model.score(word, after: context))
  }

  /// Witten and Bell's formula by hand: after "a" came b twice and c once.
  @Test func oneProbabilityByHand() {
    let model = NGramModel(name: "m", texts: ["a b a b a c"])
    // Words: a 3, b 2, c 1; three kinds.
    func unigram(_ count: Double) -> Double { (count + 3 * (1.0 / 4)) / (6 + 3) }
    func afterA(_ count: Double, _ single: Double) -> Double { (count + 2 * unigram(single)) / (3 + 2) }
    #expect(abs(probability(model, "b", ["a"]) - afterA(2, 2)) < 1e-12)
    #expect(abs(probability(model, "c", ["x", "a"]) - afterA(1, 1)) < 1e-12)
    #expect(abs(probability(model, "z", []) - unigram(0)) < 1e-12)
    #expect(model.score("", after: []) == -.infinity && model.score("?!", after: []) > -.infinity)
  }

  @Test(arguments: [
    ("Hello, World!", ["hello", "world", "!"]), ("it's 5 o'clock.", ["it's", "5", "o'clock", "."]), ("", []),
    ("a\nb\tc", ["a", "b", "c"]), ("É--é", ["é", "é"]), ("...", [".", ".", "."]), ("x²", ["x²"]),
  ])
  func wordsOfTexts(_ text: String, _ words: [String]) { #expect(NGramModel.words(text) == words) }

  // MARK: Letters

  @Test(
    arguments: [
      ("B", 1), (" b ", 1), ("(B)", 1), ("B.", 1), ("The answer is B.", 1), ("A", 0), ("A) tea", 0),
      ("A tea", 0),
      ("I think A.", 0), ("tea", 0), ("I like tea", 0), ("green tea", 2), ("tea or coffee", nil),
      ("A or B", nil), ("D", nil),
      ("", nil), ("a steak", nil), ("coffee!", 1), ("The answer is a.", nil),
      ("C because coffee is bitter", 2), ("[A]", 0),
      ("GREEN TEA", 2), ("B's fine", nil),
    ] as [(String, Int?)])
  func lettersAndWordsChooseOptions(_ answer: String, _ place: Int?) {
    #expect(LetteredChoice.place(of: answer, options: ["tea", "coffee", "green tea"]) == place)
  }

  @Test func optionsAreListedAndTokensNameThem() {
    let asked = LetteredChoice.asking(Request("Which?"), ["tea", "coffee"])
    #expect(asked.instruction == "Which?\n\nA. tea\nB. coffee\n\nAnswer with the letter of one option only.")
    for (token, place) in [("A", 0), (" B", 1), ("(B", 1), ("C", nil), ("a", nil), ("AB", nil), ("", nil)]
      as [(String, Int?)]
    {
      #expect(LetteredChoice.place(ofToken: token, count: 2) == place, "\(token)")
    }
  }

  // MARK: Prompts

  @Test func alpacasTemplateHasTheirWords() {
    let plain = PromptTemplate.alpaca(instruction: " Do it. ", input: "")
    #expect(plain.hasSuffix("### Instruction:\nDo it.\n\n### Response:\n") && !plain.contains("Input"))
    let both = PromptTemplate.alpaca(instruction: "Do", input: "this\n")
    #expect(both.contains("### Instruction:\nDo\n\n### Input:\nthis\n\n### Response:\n"))
    #expect(
      PromptTemplate.alpaca(instruction: "\n", input: "x")
        == PromptTemplate.alpaca(instruction: "x", input: ""))
  }

  @Test func messagesStandInTheOrderOfAChat() {
    let request = Request(
      "Do", input: "this", system: "Be kind.", history: [.init(user: "u", assistant: "a")], output: "Well,")
    let messages = PromptTemplate.messages(request)
    #expect(messages.map(\.role) == ["system", "user", "assistant", "user", "assistant"])
    #expect(messages.map(\.content) == ["Be kind.", "u", "a", "this\n\nDo", "Well,"])
    #expect(PromptTemplate.messages(request, inputLast: true)[3].content == "Do\n\nthis")
    #expect(PromptTemplate.messages(Request("")).isEmpty)
    #expect(request.length == 6 && Request("é漢😀").length == 3)
  }

  /// Every member of a request but its number is in its digests.
  @Test func digestsTellRequestsApart() {
    let base = Request(
      "a", input: "b", options: ["x", "y"], system: "s", history: [.init(user: "u", assistant: "v")],
      output: "o")
    var others: [Request] = []
    func add(_ change: (inout Request) -> Void) {
      var other = base
      change(&other)
      others.append(other)
    }
    add { $0.instruction = "ab" }
    add { ($0.instruction, $0.input) = ("ab", "") }
    add { $0.input = "c" }
    add { $0.system = nil }
    add { $0.system = "" }
    add { $0.history = [] }
    add { $0.history[0] = .init(user: "uv", assistant: "") }
    add { $0.output = nil }
    add { $0.output = "" }
    add { $0.options = ["y", "x"] }
    add { $0.options = ["xy"] }
    add { $0.options = [] }
    #expect(Set((others + [base]).map(\.digest)).count == others.count + 1)
    var numbered = base
    numbered.id = 7
    #expect(numbered.digest == base.digest && numbered.shortDigest == base.shortDigest)
  }

  @Test func questionsNeedOptionsAndWeights() throws {
    for (options, weights, problem) in [
      (["a"], [[1]], "a question needs two or more options"),
      (["a", "b"], [[1]], "a question needs one weight per option and dimension"),
      (["a", "b"], [[1], [1, 2]], "a question needs one weight per option and dimension"),
      (["a", "b"], [[1], [.nan]], "a weight is not a finite number"),
    ] as [([String], [[Double]], String)] {
      let error = #expect(throws: MagnetError.self) {
        try ChoiceQuestion(id: "q", dimensions: ["d"], context: "?", options: options, weights: weights)
      }
      #expect(error?.description == "q: " + problem)
    }
  }
}
