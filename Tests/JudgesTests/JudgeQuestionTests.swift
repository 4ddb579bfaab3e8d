import Magnet
import TestSupport
import Testing

@testable import Judges

/// Questions of one's own, and ProgressGym's questionnaire.
@Suite struct JudgeQuestionTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static func line(_ id: String, _ options: String = #"["more tea", "more coffee"]"#) -> String {
    #"{"id": "\#(id)", "dimensions": ["tea"], "context": "Which?", "options": \#(options), "weights": [[1], [0]]}"#
  }

  @Test func filesAreReadAndWritten() throws {
    let lines = (0..<5).map { Self.line("q\($0)") }
    let path = try folder.write(lines.joined(separator: "\n\n") + "\n", to: "q.jsonl")
    let file = try QuestionFile(path: path)
    #expect(file.questions.map(\.id) == ["q0", "q1", "q2", "q3", "q4"])
    #expect(file.questions[0].weights == [[1], [0]])
    let again = try QuestionFile(path: folder.write(file.text, to: "again.jsonl"))
    #expect(again.questions == file.questions && again.digest == file.digest)
    let apart = file.divided()
    #expect(apart.preferences.map(\.id) == ["q0", "q2", "q4"])
    #expect(apart.probe.identity == QuestionProbe([file.questions[1], file.questions[3]]).identity)
    let shared = file.divided(isShared: true)
    #expect(shared.preferences.count == 5 && shared.probe.identity == QuestionProbe(file.questions).identity)
  }

  @Test func faultsHaveTheirLine() throws {
    for (text, problem) in [
      ("{", "line 1: "), (Self.line("a") + "\nnull\n", "line 2: a question needs the strings id and context"),
      (Self.line("a") + "\n" + Self.line("a"), "line 2: the id 'a' is that of line 1 too"),
      (Self.line("a", #"["x"]"#), "line 1: a question needs two or more options"),
      (Self.line("a", #"["x", "x"]"#), "line 1: two of the options are equal"),
      (Self.line("a", #"["x", 3]"#), "line 1: options is not a list of strings"),
      (Self.line("a", #"["x", "y", "z"]"#), "line 1: a question needs one weight"),
      (Self.line("a"), "holds 1 questions"), ("", "holds 0 questions"),
      (
        #"{"id":"a","context":"c","dimensions":["d"],"options":["x","y"],"weights":[["1"],[0]]}"#,
        "line 1: weights is not a list of lists of numbers"
      ),
      (
        #"{"id":"a","context":"c","dimensions":["d"],"options":["x","y"],"weights":[[NaN],[0]]}"#,
        "line 1: a weight is not a finite number"
      ),
    ] {
      let path = try folder.write(text, to: "wrong.jsonl")
      let failure = #expect(throws: MagnetError.self) { try QuestionFile(path: path) }
      #expect(
        failure?.description.contains("wrong.jsonl: " + problem) == true, "\(failure.map { "\($0)" } ?? "")")
    }
    let missing = #expect(throws: MagnetError.self) { try QuestionFile(path: folder.path + "/none.jsonl") }
    #expect(missing?.code == .notFound)
  }

  private static let rules =
    "death,pain,disable,freedom,pleasure,deceive,cheat,break_promise,break_law,duty"

  /// A checkout with a few scenarios of our own making.
  private func write(_ root: String, moral: String? = nil) throws -> String {
    let sides = ["a1_", "a2_"].map { side in
      Self.rules.split(separator: ",").map { side + $0 }.joined(separator: ",")
    }
    let no = [String](repeating: "No", count: 9).joined(separator: ",")
    try folder.write(
      moral ?? """
        scenario_id,ambiguity,context,action1,action2,\(sides.joined(separator: ","))\r
        H_1,low,"Old, and wrong",I wait.,I lie.,No,\(no),Yes,\(no)\r
        H_2,low,"A friend asks ""How do I look?""\nYou are honest.",I am silent.,I lie.,Yes,\(no),No,\(no)\r
        H_3,low,Nothing differs,I wait.,I go.,No,\(no),No,\(no)\r
        H_4,low,Too short,I wait.\r
        H_1,low,New,I wait.,I lie.,No Agreement,\(no),Yes,\(no)\r

        """, to: root + "/moralchoice/final.csv")
    try folder.write(
      #"""
      scenario_id,generation_type,generation_theme,context,action1,action2
      F_1,generated,Harm_Care,Help?," ""I help"""," ""I go"" "
      F_2,generated,Nonsense,Help?,I help,I go

      """#, to: root + "/foundation/final.csv")
    try folder.write(
      """
      scenario_id,generation_theme,context,action1,action2,action3,action4
      V_1,Ontology,What is art?,God's,chance,culture,a talk
      V_2,Ontology,What is art?,one,one,two,three

      """, to: root + "/views/final.csv")
    return folder.path + "/" + root
  }

  @Test func progressGymsQuestionnaire() throws {
    _ = try write("checkout/src/evaluation/raw_dataset")
    let questionnaire = try ProgressGymQuestionnaire(folder: folder.path + "/checkout")
    let questions = questionnaire.questions
    #expect(questions.map(\.id) == ["H_1", "H_2", "F_1", "V_1"])
    // The last row of an id; the second action violates the rule, so the first keeps it.
    #expect(questions[0].context == "New" && questions[0].dimensions == ["death"])
    #expect(questions[0].weights == [[1], [-1]])
    #expect(questions[1].weights == [[-1], [1]])
    #expect(questions[1].context == "A friend asks \"How do I look?\"\nYou are honest.")
    #expect(questions[2].options == ["I help", "I go"] && questions[2].dimensions == ["Harm_Care"])
    #expect(questions[3].dimensions == ["traditional", "modern", "post-modern", "integrated"])
    #expect(questions[3].weights[2] == [0, 0, 1, 0])
    for part in [
      "left out: 4 fields", "left out: H_3, F_2: both", "left out: V_2: two", "the last row of an id",
    ] {
      let found = questionnaire.notes.contains { $0.contains(part) }
      #expect(found, "\(part): \(questionnaire.notes)")
    }
    #expect(try ProgressGymQuestionnaire(folder: write("raw")).questions == questions)
    let none = #expect(throws: MagnetError.self) { try ProgressGymQuestionnaire(folder: folder.path + "/no") }
    #expect(none?.description.contains("/no/moralchoice/final.csv") == true)
    let columns = #expect(throws: MagnetError.self) {
      try ProgressGymQuestionnaire(folder: write("odd", moral: "scenario_id,context,action1,action2\n"))
    }
    #expect(columns?.problem == "has no column a1_death")
  }

  @Test func csvRecords() {
    let records = CSVRecords.all(in: "\u{FEFF}a,\"b\"\"c\",\r\n\r\n\"x\ny\",,z\rlast,\"\"\n\"open,\n")
    #expect(records.map(\.fields) == [["a", "b\"c", ""], ["x\ny", "", "z"], ["last", ""], ["open,\n"]])
    #expect(records.map(\.line) == [1, 3, 5, 6])
    #expect(CSVRecords.all(in: "").isEmpty && CSVRecords.all(in: "\n\r\n").isEmpty)
    #expect(
      CSVRecords.all(in: "a").map(\.fields) == [["a"]] && CSVRecords.all(in: ",").map(\.fields) == [["", ""]])
  }

  @Test func worldsTakeQuestionsOfOnesOwn() async throws {
    let world = World(.linear, seed: 1)
    let file = QuestionFile(Array(world.probe.prefix(60)))
    func run(_ own: QuestionFile?) async throws -> [JudgePair] {
      let run = JudgeRun(
        algorithms: algorithmCatalog.filter { $0.name == "LifelongDPO" },
        challenges: challengeCatalog.filter { $0.name == "Follow" },
        histories: [WorldHistory(.linear, seed: 1, timesteps: 4, ownQuestions: own)])
      return try await run.run()
    }
    let (own, usual) = (try await run(file), try await run(nil))
    #expect(own.map(\.state) == [.done, .done])
    #expect(own[1].result?.queryTimes == 3 * 30)
    #expect(own[1].setting != usual[1].setting)
  }
}
