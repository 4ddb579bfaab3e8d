import Magnet
import TestSupport
import Testing

@testable import Judges

/// How humans are asked what they prefer, and how their answers are read.
@Suite struct ElicitationTests {
  private static func questions(_ count: Int) -> [PreferenceQuestion] {
    (0..<count).map { number in
      PreferenceQuestion(
        id: "q\(number)", "Which \(number)?", input: number % 3 == 0 ? "" : "input \(number)",
        first: "the former of \(number)", second: "the latter of \(number)")
    }
  }

  @Test func questionsAreDrawnAsPythonDraws() {
    // random.seed(42); random.sample(range(7), 7), then random.randint(-1, 0) seven times.
    let draw = PreferenceElicitation.draw(7)
    #expect(draw.map(\.index) == [5, 0, 6, 2, 4, 3, 1])
    #expect(draw.map(\.showsFirstFirst) == [-1, -1, 0, -1, -1, -1, -1].map { $0 == 0 })
    #expect(PreferenceElicitation.draw(0).isEmpty)
    // Of more than the limit, as many as it allows, each once.
    let many = PreferenceElicitation.draw(6000).map(\.index)
    #expect(many.count == 5000 && Set(many).count == 5000 && many.allSatisfy { (0..<6000).contains($0) })
    #expect(Set(PreferenceElicitation.draw(5000).map(\.index)) == Set(0..<5000))
  }

  /// Whatever is answered, in whatever form, stands for the same preference.
  @Test(arguments: [1, 2, 5, 30]) func answersBecomePreferences(_ count: Int) {
    var random = PythonRandom(seed: count)
    let questions = Self.questions(count)
    let elicitation = PreferenceElicitation(questions)
    #expect(
      Set(elicitation.questions) == Set(questions) && elicitation.requests.map(\.id) == Array(0..<count))
    for _ in 0..<10 {
      var expected: [Preference?] = []
      var answers: [Answer] = []
      for (question, request) in zip(elicitation.questions, elicitation.requests) {
        #expect(Set(request.options) == [question.first, question.second])
        // Shown in the order of the options, in quotes.
        let shown = request.options.map { "\"\"\"\($0)\"\"\"" }
        let places = shown.compactMap { request.input.firstRange(of: $0)?.lowerBound }
        #expect(places.count == 2 && places == places.sorted())
        let chosen = random.below(2)
        let form = random.below(6)
        answers.append(
          [
            Answer(request.options[chosen]), Answer("Response \(chosen + 1)"),
            Answer("\n**Response \(chosen + 1).**"), Answer(chosen == 0 ? "A" : " b."),
            Answer(unreadable: "no answer"), Answer("neither, or both"),
          ][form])
        expected.append(
          form > 3
            ? nil
            : Preference(
              question.instruction, input: question.input, liked: request.options[chosen],
              other: request.options[1 - chosen]))
      }
      #expect(elicitation.preferences(from: answers) == expected)
    }
    // Where first and second change places, so does what is shown; one who names a text prefers it still.
    let turned = PreferenceElicitation(
      questions.map { question in
        PreferenceQuestion(
          id: question.id, question.instruction, input: question.input, first: question.second,
          second: question.first)
      })
    #expect(turned.requests.map(\.options) == elicitation.requests.map { $0.options.reversed() })
    #expect(turned.showsFirstFirst == elicitation.showsFirstFirst)
    let liked = elicitation.questions.map { Answer($0.first) }
    #expect(turned.preferences(from: liked) == elicitation.preferences(from: liked))
    // The order depends on the number of questions alone.
    let others = PreferenceElicitation(
      questions.map { PreferenceQuestion(id: $0.id, "x", first: "y", second: "z") })
    #expect(others.questions.map(\.id) == elicitation.questions.map(\.id))
    #expect(others.showsFirstFirst == elicitation.showsFirstFirst)
  }

  // MARK: - Reading

  private static func word(_ random: inout PythonRandom, _ letters: String, _ count: Int) -> String {
    let letters = Array(letters)
    return String((0..<count).map { _ in random.choice(letters) })
  }

  /// Of options without a common letter, an answer means the one of which it misses no more than a third.
  @Test func answersMeanTheOptionThatTheyAreNear() {
    var random = PythonRandom(seed: 3)
    for _ in 0..<300 {
      let count = 6 + random.below(40)
      let first = Self.word(&random, "abcdefghijklm", count)
      let second = Self.word(&random, "nopqrstuvwxyz", count)
      let wrong = random.below(count + 1)
      let places = random.sample(wrong, below: count)
      var letters = Array(random.below(2) == 0 ? first : second)
      let isFirst = first.contains(letters[0])
      for place in places { letters[place] = "é" }
      let answer = String(letters)
      let isNear = 3 * wrong <= count && count >= wrong + 4
      let expected = isNear ? (isFirst ? 1 : 2) : nil
      #expect(AnswerReading.status(answer, first: first, second: second) == expected, "\(answer) \(first)")
      #expect(AnswerReading.status(answer, first: second, second: first) == expected.map { 3 - $0 })
      // Case, spaces and punctuation say nothing.
      let decorated = letters.map { "\($0)".uppercased() + random.choice(["", " ", "-", ".\n", "\"", "…"]) }
        .joined()
      #expect(AnswerReading.status(decorated, first: first, second: second) == expected, "\(decorated)")
      #expect(AnswerReading.preferred(answer, of: [first, second]) == expected.map { $0 - 1 })
      #expect(AnswerReading.option(answer, of: [first, second]) == expected.map { $0 - 1 })
      // Equal responses cannot be told apart.
      #expect(AnswerReading.preferred(answer, of: [first, first]) == nil)
    }
  }

  /// A number says a place, whatever the options are; so does a letter, unless an option is that letter.
  @Test(
    arguments: [
      ("1", "x", "y", 1), ("Response 2!", "x", "y", 2), ("1 or 2", "x", "y", nil), ("12", "x", "y", nil),
      ("21", "2 eggs", "1 egg", nil), ("a", "x", "y", 1), ("(B)", "x", "y", 2), ("A", "a", "b", 1),
      ("a", "B", "A.", 2), ("b", "b", "a", 1), ("a", "a", "x", 1), ("a", "x", "a", 1), ("c", "x", "y", nil),
      ("", "x", "y", nil), ("x", "x", "y", nil), ("the 1st", "first", "second", 1),
    ] as [(String, String, String, Int?)])
  func placesAreRead(_ answer: String, _ first: String, _ second: String, _ status: Int?) {
    #expect(AnswerReading.status(answer, first: first, second: second) == status)
  }

  @Test func oneOfManyOptionsIsNamedWordForWord() {
    var random = PythonRandom(seed: 8)
    for _ in 0..<200 {
      let options = (0..<3 + random.below(4)).map { _ in Self.word(&random, "ab ", 1 + random.below(3)) }
      func plain(_ text: String) -> String { text.replacing(" ", with: "") }
      for (place, option) in options.enumerated() {
        let isOnly = options.count { $0 == option } == 1
        let alike = options.count { plain($0) == plain(option) } == 1
        #expect(AnswerReading.option(option, of: options) == (isOnly || alike ? place : nil), "\(options)")
        #expect(AnswerReading.option(option.uppercased() + "!", of: options) == (alike ? place : nil))
      }
      #expect(AnswerReading.option("1", of: options) == nil && AnswerReading.option("c", of: options) == nil)
    }
    #expect(AnswerReading.option("a", of: []) == nil && AnswerReading.option("a", of: ["A"]) == 0)
  }
}
