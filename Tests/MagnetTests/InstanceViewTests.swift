import Testing

@testable import Magnet

/// Requests of a run as people read them: what was asked and answered, with its scores, the worst first.
@Suite struct InstanceViewTests {
  private static let states = "scenario_state.request_states."

  private struct Made {
    var source: MemorySource
    var requests: [(id: String, trial: Int, split: String, perturbation: String?)] = []
    var scores: [[Cell]] = []
  }

  private static let columns = [
    "instance.id", "train_trial_index", "instance.split", "instance.perturbation.name",
    "instance.perturbation.computed_on", "instance.input.text", "request.prompt", "instance.references",
    "result.completions", "result.success", "result.error", "output_mapping.A", "output_mapping.B",
  ]

  private static let scoreColumns = [
    "instance_id", "train_trial_index", "stats.name.name", "stats.name.split", "stats.name.perturbation.name",
    "stats.name.perturbation.computed_on", "stats.mean",
  ].map { "per_instance_stats." + $0 }

  private static func made(_ seed: Int) -> Made {
    var random = PythonRandom(seed: seed)
    var run = MemorySource.Run("quiz", "acme/a")
    run.addStats([("m", "test", 0.5)])
    var made = Made(source: MemorySource([]))
    for number in 0..<12 {
      for trial in 0..<2 {
        let perturbation = number % 4 == 3 ? "typos" : nil
        made.requests.append(("id\(number)", trial, number % 5 == 4 ? "valid" : "test", perturbation))
      }
    }
    for request in made.requests {
      for metric in ["m", "f1", "num_bytes"] {
        // Language models have several rows for one request.
        for _ in 0..<random.choice([0, 1, 1, 1, 2]) {
          made.scores.append([
            .string(request.id), .int(Int64(request.trial)), .string(metric), .string(request.split),
            Cell(request.perturbation), Cell(request.perturbation.map { _ in "perturbed" }),
            .double(Double(random.below(5)) / 4),
          ])
        }
      }
    }
    run.tables[.perInstanceStats] = run.named(made.scores, scoreColumns)
    run.tables[.scenarioStates] = run.named(
      made.requests.enumerated().map { number, request in
        [
          .string(request.id), .int(Int64(request.trial)), .string(request.split), Cell(request.perturbation),
          Cell(request.perturbation.map { _ in "perturbed" }), .string("input \(number)"),
          .string("prompt \(number)"),
          .json(#"[{"output":{"text":"yes"},"tags":["correct"]},{"output":{"text":"no"},"tags":[]}]"#),
          .json(#"[{"text":" B because"},{"text":"A"}]"#), .bool(number % 7 != 0),
          number % 14 == 0 ? .string("timed out") : .null, .string("yes"), .string("no"),
        ]
      }, columns.map { states + $0 })
    made.source = MemorySource([run])
    return made
  }

  private static func read(
    _ made: Made, lowerIsBetter: Bool? = false, where isWanted: (String) -> Bool = { _ in true }
  ) async throws -> InstanceViews {
    var rules = HeadlineRules()
    rules.metrics = [try MetricSelector("m@test")]
    rules.lowerIsBetter = lowerIsBetter
    let listing = try await made.source.list()
    return try await InstanceViews.read(
      listing.entries[0], listing.runSpecs.rows[0], in: made.source, rules: rules, where: isWanted)
  }

  @Test(arguments: 1...10) func requestsHaveTheirOwnScores(_ seed: Int) async throws {
    let made = Self.made(seed)
    let views = try await Self.read(made)
    #expect(views.run == "quiz:model=acme_a" && views.faults.isEmpty)
    #expect(views.instances.map { "\($0.id) \($0.trial)" } == made.requests.map { "\($0.id) \($0.trial)" })
    for (number, (view, request)) in zip(views.instances, made.requests).enumerated() {
      let own = made.scores.filter {
        $0[0] == .string(request.id) && $0[1] == .int(Int64(request.trial))
      }
      let metrics = own.map { $0[2].text }.unique()
      #expect(view.scores.map(\.metric) == metrics)
      for (metric, mean) in view.scores {
        let values = own.filter { $0[2] == .string(metric) }.compactMap { $0[6].number }
        #expect(abs(mean - values.reduce(0, +) / Double(values.count)) < 1e-12)
      }
      // The main metric is that of the test split.
      let main = view.scores.first { $0.metric == "m" }?.mean
      #expect(view.score == (request.split == "test" ? main : nil))
      #expect(view.split == request.split && view.perturbation == request.perturbation)
      #expect(view.input == "input \(number)" && view.prompt == "prompt \(number)")
      #expect(view.answers == [" B because", "A"] && view.mappedAnswer == "no")
      #expect(
        view.references == [
          .init(text: "yes", isCorrect: true, letter: "A"), .init(text: "no", isCorrect: false, letter: "B"),
        ])
      #expect(view.failure == (number % 14 == 0 ? "timed out" : number % 7 == 0 ? "failed" : nil))
    }
    let some = try await Self.read(made) { $0.hasSuffix("1") }
    #expect(some.instances.map(\.id) == ["id1", "id1", "id11", "id11"])
    let table = views.table
    #expect(table.rows.map { $0["score"] } == views.instances.map { Cell($0.score) })
    #expect(table.rows.allSatisfy { $0["target"] == .string("yes") && $0["mapped_answer"] == .string("no") })
  }

  @Test(arguments: 1...10, [false, true]) func theWorstComeFirst(_ seed: Int, _ lowerIsBetter: Bool)
    async throws
  {
    var views = try await Self.read(Self.made(seed), lowerIsBetter: lowerIsBetter)
    let before = views.instances
    views.putWorstFirst()
    let scores = views.instances.compactMap(\.score)
    #expect(scores == (lowerIsBetter ? scores.sorted(by: >) : scores.sorted()))
    #expect(views.instances.prefix(scores.count).allSatisfy { $0.score != nil })
    // Equal ones stay in order.
    func place(_ view: InstanceView) -> Int { before.firstIndex { $0.prompt == view.prompt } ?? -1 }
    for (one, other) in zip(views.instances, views.instances.dropFirst()) where one.score == other.score {
      #expect(place(one) < place(other))
    }
    #expect(Set(views.instances.map(place)).count == before.count)
  }

  /// Conversations and several media are read as texts, whichever column they are in.
  @Test func inputsOfEveryKindAreTexts() async throws {
    func view(_ column: String, _ cell: Cell) async throws -> InstanceView {
      var run = MemorySource.Run("quiz", "acme/a")
      run.tables[.scenarioStates] = run.named(
        [[.string("id1"), cell, .json("[]")]],
        ["instance.id", column, "result.completions"].map { Self.states + $0 })
      return try #require(try await Self.read(Made(source: MemorySource([run]))).instances.first)
    }
    let talk = Cell.json(#"[{"role":"user","content":"Hi"},{"role":"assistant","content":"Ho"}]"#)
    for column in ["instance.input.messages", "request.messages"] {
      let view = try await view(column, talk)
      #expect((column.hasPrefix("i") ? view.input : view.prompt) == "[user]\nHi\n[assistant]\nHo")
      #expect((column.hasPrefix("i") ? view.prompt : view.input) == "")
      #expect(
        view.answers.isEmpty && view.mappedAnswer == nil && view.score == nil && view.references.isEmpty)
    }
    let media = Cell.json(
      #"[{"content_type":"image/png","location":"a.png"},{"content_type":"text/plain","text":"What?"},{}]"#)
    #expect(
      try await view("instance.input.multimedia_content.media_objects", media).input
        == "[image/png] a.png\nWhat?\n[media] ")
    #expect(try await view("instance.input", .string("old")).input == "old")
  }

  @Test func aRunWithoutRequestsIsAFault() async throws {
    var made = Self.made(1)
    made.source.runs[0].fault = DataFault(file: "runs/v1/x", problem: "broken")
    let broken = made
    let fault = await #expect(throws: DataFault.self) { try await Self.read(broken) }
    #expect(fault?.problem == "broken")
  }

  // MARK: As text

  @Test(arguments: 1...6) func textsHaveNothingThatATerminalActsOn(_ seed: Int) async throws {
    var random = SplitMix(state: UInt64(seed))
    for _ in 0..<40 {
      func soup() -> String { PageTests.soup(&random) }
      let view = InstanceView(
        run: "r", id: soup(), split: soup(), perturbation: soup(), trial: Int(random.next() % 2),
        input: soup(),
        prompt: soup(), references: [.init(text: soup(), isCorrect: true, letter: "A")],
        answers: (0..<Int(random.next() % 3)).map { _ in soup() }, mappedAnswer: soup(), failure: soup(),
        score: random.next() % 2 == 0 ? 1 : nil, scores: [(soup(), 0.5), ("num_bytes", 7)])
      for showsPrompt in [false, true] {
        let text = view.text(metric: "m", width: 100, showsPrompt: showsPrompt)
        for scalar in text.unicodeScalars where scalar != "\n" {
          #expect(scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value))
          #expect(!(0x2028...0x202E).contains(scalar.value))
        }
        #expect(text.contains("\nFailed\n") && text.contains("\nReferences\n  ✓ A. "))
        #expect(text.contains("num_bytes") == false, "what only counts is left out")
      }
    }
  }

  @Test func theHeadingSaysHowItWent() {
    func heading(_ score: Double?, _ metric: String?, trial: Int = 0, split: String? = "test") -> String {
      let view = InstanceView(
        run: "r", id: "id7", split: split, perturbation: nil, trial: trial, input: "in", prompt: "",
        references: [],
        answers: [], mappedAnswer: nil, failure: nil, score: score, scores: [])
      let text = view.text(metric: metric, width: 40)
      #expect(text.hasSuffix("\nInput\n  in\nAnswer\n  none\n"))
      let line = text.prefix { $0 != "\n" }
      #expect(displayWidth(String(line)) >= 40 && line.hasPrefix("── id7"))
      return String(line.dropFirst(3).prefix { $0 != "─" }.dropLast())
    }
    #expect(
      heading(1, "m") == "id7 · test · m 1.0 · right" && heading(0, "m") == "id7 · test · m 0.0 · wrong")
    #expect(heading(0.5, "m", trial: 2) == "id7 · test · trial 2 · m 0.5")
    #expect(heading(1, nil, split: nil) == "id7 · score 1.0" && heading(nil, "m") == "id7 · test · no score")
  }
}
