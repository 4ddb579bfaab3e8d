import Testing

@testable import Magnet

/// What a predictor is shown of the target run, and what it is not.
@Suite struct DisclosureTests {
  static let prefix = "scenario_state.request_states."
  static let references =
    #"[{"output":{"text":"Paris"},"tags":["correct"]},"#
    + #"{"output":{"text":"Rome","tags":["correct"]},"tags":[]}]"#
  static let contrast = #"[[{"output":{"text":"Bern"},"tags":["correct"]}],[]]"#

  static let columns: [(name: String, cells: [Cell])] = [
    ("run_spec.name", [.string("r"), .string("r")]),
    ("scenario_state.adapter_spec.model", [.string("acme/tiny"), .string("acme/tiny")]),
    (prefix + "instance.id", [.string("id1"), .string("id2")]),
    (prefix + "instance.input.text", [.string("Where?"), .string("Who?")]),
    (prefix + "instance.references", [.json(references), .json("[]")]),
    (prefix + "instance.contrast_references", [.json(contrast), .null]),
    (prefix + "instance.contrast_inputs", [.json(#"[{"text":"x","tags":["correct"]}]"#), .string("x")]),
    (prefix + "instance.extra_data.answer", [.string("correct is A"), .null]),
    (prefix + "instance.extra_data", [.null, .json(#"["correct"]"#)]),
    (prefix + "request.prompt", [.string("Q: Where?"), .string("Q: Who?")]),
    (prefix + "output_mapping", [.null, .json("[]")]),
    (prefix + "output_mapping.A", [.string("Paris, correct"), .null]),
    (prefix + "annotations", [.null, .json(#"["correct"]"#)]),
    (prefix + "annotations.judge.score", [.string("correct"), .int(1)]),
    (prefix + "result", [.null, .null]),
    (prefix + "result.success", [.bool(true), .bool(false)]),
    (prefix + "result.completions", [.json(#"[{"text":" A","tags":["dropped"]}]"#), .json("[]")]),
    (prefix + "result_note", [.string("of no field that HELM knows"), .null]),
    (prefix + "train_trial_index", [.int(0), .int(0)]),
  ]

  /// The split, its rows in `chunks` parts.
  static func split(chunks: Int) -> TestSplit {
    let part = Table(
      columnNames: columns.map(\.name), rows: (0..<2).map { row in columns.map { $0.cells[row] } })
    let secret = Table(columnNames: ["run_spec.name", "stats.mean"], rows: [[.string("r"), .double(0.987)]])
    return TestSplit(
      RunTables(
        runSpecs: Table(columnNames: ["run_spec.name"], rows: [[.string("r")]]),
        scenarioStates: Table(stacking: (0..<chunks).map { _ in part } + [part.prefix(1)]), stats: secret,
        perInstanceStats: secret))
  }

  /// All that a split shows, as text.
  static func everything(_ split: SequesteredTestSplit) -> String {
    var out = ""
    dump(split, to: &out)
    for table in [split.runSpecs, split.scenarioStates] {
      out += TableWriter(.csv).text(table) + TableWriter(.json).text(table) + "\(table)"
    }
    return out
  }

  static let answers = ["output_mapping", "annotations", "extra_data"]

  @Test(arguments: [Disclosure.runSpec, .inputs, .responses], [0, 1, 3])
  func answersAreNotShown(_ disclosure: Disclosure, chunks: Int) {
    let split = Self.split(chunks: chunks).sequestered(disclosure)
    let names = split.scenarioStates.columnNames
    #expect(!names.contains { name in Self.answers.contains { name.contains($0) } })
    #expect(!TableWriter(.json).text(split.scenarioStates).contains("correct"))
    #expect(!TableWriter(.csv).text(split.scenarioStates).contains("\"tags\"\":[\"\"correct"))
    #expect(!names.contains { $0.contains("stats") })
    #expect(split.runSpecs.rowCount == 1 && split.disclosure == disclosure)
    #expect(split.observedStats.rowCount == 0)
  }

  /// Nor are they there for one who looks inside with a mirror: not in any stored byte.
  @Test(arguments: [Disclosure.runSpec, .inputs, .responses])
  func answersAreNotStored(_ disclosure: Disclosure) {
    let split = Self.split(chunks: 2).sequestered(disclosure)
    #expect(
      Mirror(reflecting: split).children.compactMap(\.label) == [
        "runSpecs", "scenarioStates", "observedStats", "disclosure", "statNames", "instanceStatNames",
      ])
    let secrets = [#""correct""#, "correct is A", "Paris, correct", "0.987"]
    func search(_ value: Any) -> Bool {
      if let bytes = value as? [UInt8] {
        let text = String(decoding: bytes, as: UTF8.self)
        return secrets.contains { text.contains($0) }
      }
      if let memory = value as? SharedMemory {
        let bytes = Array(memory.bytes)
        return search(bytes) || bytes.firstRange(of: withUnsafeBytes(of: 0.987) { Array($0) }) != nil
      }
      if let text = value as? String { return secrets.contains { text.contains($0) } }
      if let number = value as? Double { return number == 0.987 }
      return Mirror(reflecting: value).children.contains { search($0.value) }
    }
    #expect(!search(split))
    #expect(search(Self.split(chunks: 2).sequestered(.everything)))
  }

  @Test func theRunSpecAloneHasNoRequests() {
    let states = Self.split(chunks: 2).sequestered(.runSpec).scenarioStates
    #expect(states.rowCount == 0 && states.columnNames.isEmpty)
  }

  @Test func inputsHaveNoResults() {
    let split = Self.split(chunks: 2).sequestered(.inputs)
    let shown = split.scenarioStates
    #expect(
      !shown.columnNames.contains { $0 == Self.prefix + "result" || $0.hasPrefix(Self.prefix + "result.") })
    #expect(shown.rowCount == 5 && shown[0, Self.prefix + "request.prompt"] == .string("Q: Where?"))
    #expect(!shown.hasColumn(Self.prefix + "result_note"))
    #expect(shown.rows[1][.instance] == "id2" && shown.rows[0][.input] == "Where?")
  }

  @Test func responsesHaveCompletionsAndReferences() {
    let shown = Self.split(chunks: 1).sequestered().scenarioStates
    #expect(Self.split(chunks: 1).sequestered().disclosure == .responses)
    #expect(shown[0, Self.prefix + "result.completions"] == .json(#"[{"text":" A"}]"#))
    #expect(
      shown[0, Self.prefix + "instance.references"]
        == .json(#"[{"output":{"text":"Paris"}},{"output":{"text":"Rome"}}]"#))
    #expect(shown[1, Self.prefix + "instance.references"] == .json("[]"))
    #expect(!shown.hasColumn(Self.prefix + "instance.contrast_references"))
    #expect(shown[0, Self.prefix + "instance.contrast_inputs"] == .json(#"[{"text":"x"}]"#))
    #expect(shown[1, Self.prefix + "instance.contrast_inputs"] == .string("x"))
  }

  /// Of the instances drawn, not of the run.
  @Test func scoresAreThoseOfTheInstancesDrawn() async {
    var tables = RunTables()
    tables.stats = Table(columnNames: ["stats.mean"], rows: [[.double(0.987)]])
    tables.perInstanceStats = Table(columnNames: ["per_instance_stats.stats.mean"], rows: [[.double(0.5)]])
    let shown = TestSplit(tables).sequestered(.scores)
    #expect(shown.observedStats[0, "per_instance_stats.stats.mean"] == .double(0.5))
    #expect(!Self.everything(shown).contains("0.987"))
    final class Curious: InstancePredictor {
      var shown: [Disclosure] = []
      override var disclosure: Disclosure { .scores }
      override func predict(train: TrainSplit, test: SequesteredTestSplit) -> [InstancePrediction] {
        shown.append(test.disclosure)
        return []
      }
    }
    let curious = Curious()
    _ = try? await curious.compare(train: TrainSplit(RunTables()), test: TestSplit(tables))
    #expect(curious.shown == [.responses])
  }

  /// A field that HELM does not know may be a score: it is not shown, and that is said.
  @Test func unknownFieldsAreNotShown() async throws {
    let run = Table(
      columnNames: [
        "run_spec.name", "run_spec.adapter_spec.model", "run_spec.adapter_spec.best", "run_spec.score",
      ],
      rows: [[.string("r"), .string("acme/tiny"), .int(1), .double(0.987)]])
    let states = Table(
      columnNames: [
        Self.prefix + "instance.id", Self.prefix + "instance.input.text", Self.prefix + "instance.input.gold",
        Self.prefix + "score", "scenario_state.adapter_spec.gold", "scenario_state.adapter_spec.model",
      ],
      rows: [
        [.string("id1"), .string("Where?"), .string("Paris"), .double(1), .string("x"), .string("acme/tiny")]
      ])
    let split = TestSplit(
      RunTables(runSpecs: run, scenarioStates: states, stats: Table(), perInstanceStats: Table()))
    for disclosure in [Disclosure.runSpec, .inputs, .responses, .scores] {
      let shown = split.sequestered(disclosure)
      #expect(shown.runSpecs.columnNames == ["run_spec.name", "run_spec.adapter_spec.model"])
      #expect(
        shown.scenarioStates.columnNames.allSatisfy { !$0.hasSuffix("gold") && !$0.hasSuffix("score") })
    }
    #expect(split.sequestered(.everything).runSpecs.columnNames == run.columnNames)
    #expect(
      SequesteredTestSplit.unknownFields(of: split) == [
        "run_spec.adapter_spec.best", "run_spec.score", Self.prefix + "instance.input.gold",
        Self.prefix + "score",
        "scenario_state.adapter_spec.gold",
      ])
    #expect(
      SequesteredTestSplit.unknownFields(of: Self.split(chunks: 1)) == [Self.prefix + "result_note"])
  }

  @Test func everythingIsEverything() {
    let split = Self.split(chunks: 2)
    let shown = split.sequestered(.everything).scenarioStates
    #expect(shown.columnNames == split.scenarioStates.columnNames)
    #expect(TableTests.cells(shown) == TableTests.cells(split.scenarioStates))
  }

  @Test(arguments: Disclosure.allCases)
  func aSplitMayBeEmpty(_ disclosure: Disclosure) {
    let split = TestSplit(RunTables()).sequestered(disclosure)
    #expect(split.scenarioStates.rowCount == 0 && split.runSpecs.rowCount == 0)
  }

  /// A free-text question's references are its accepted answers: to show them is to show the answer.
  @Test func referencesThatAreAllCorrectAreNotShown() {
    let free = Table(
      columnNames: ["run_spec.name", Self.prefix + "instance.references"],
      rows: [
        [.string("r"), .json(#"[{"output":{"text":"Bern"},"tags":["correct"]}]"#)],
        [
          .string("r"), .json(#"[{"output":{"text":"Bern"},"tags":["correct"]},{"output":{"text":"Rome"}}]"#),
        ],
      ])
    let shown = TestSplit(RunTables(scenarioStates: free)).sequestered(.inputs).scenarioStates
    #expect(shown[0, Self.prefix + "instance.references"] == .json("[]"))
    #expect(
      shown[1, Self.prefix + "instance.references"]
        == .json(#"[{"output":{"text":"Bern"}},{"output":{"text":"Rome"}}]"#))
  }
}
