import Testing

@testable import Magnet

/// Differences of run specs, judged by what they change, and words that differ.
@Suite struct RunSpecDiffTests {
  static func row(_ fields: [String: Cell]) -> Row {
    let names = fields.keys.sorted()
    return Table(
      columnNames: names.map { "run_spec." + $0 } + ["other"],
      rows: [names.map { fields[$0] ?? .null } + [.int(1)]]
    ).rows[0]
  }

  static func kinds(_ first: [String: Cell], _ second: [String: Cell]) -> [String: RunSpecDiff.Kind] {
    let changes = RunSpecDiff(row(first), row(second)).changes
    return Dictionary(uniqueKeysWithValues: changes.map { ($0.field, $0.kind) })
  }

  static let base: [String: Cell] = [
    "name": .string("mmlu:model=a"), "adapter_spec.model": .string("a"),
    "adapter_spec.model_deployment": .string("a"),
    "adapter_spec.temperature": .double(0.5), "adapter_spec.stop_sequences": .json(#"["\n", "."]"#),
    "groups": .json(#"["mmlu"]"#),
    "scenario_spec.args.seed": .int(7),
    "metric_specs": .json(#"[{"class_name": "helm.benchmark.basic_metrics.B", "args": {}}]"#),
    "data_augmenter_spec.seeds_per_instance": .int(1),
  ]

  @Test(arguments: [
    ("name", Cell.string("x"), RunSpecDiff.Kind.name), ("adapter_spec.model", .string("b"), .execution),
    ("adapter_spec.model_deployment", .string("b"), .deployment),
    ("adapter_spec.model_deployment", .null, .schemaChurn),
    ("adapter_spec.temperature", .double(0.6), .execution),
    ("adapter_spec.stop_sequences", .json("[]"), .execution),
    ("scenario_spec.args.seed", .int(8), .execution),
    ("data_augmenter_spec.seeds_per_instance", .int(2), .execution),
    ("data_augmenter_spec.seeds_per_instance", .null, .schemaChurn),
    ("groups", .json(#"["other"]"#), .evaluation),
    ("groups", .null, .evaluation), ("metric_specs", .json("[]"), .evaluation),
    ("annotators", .json("[]"), .schemaChurn),
    ("annotators", .json(#"[{"class_name": "x"}]"#), .evaluation),
    ("adapter_spec.max_tokens", .int(100), .schemaChurn),
    ("adapter_spec.max_tokens", .int(99), .execution),
    ("adapter_spec.chain_of_thought_prefix", .string(""), .schemaChurn),
    ("adapter_spec.image_generation_parameters", .json("{}"), .execution),
  ])
  func eachFieldHasItsKind(_ field: String, _ value: Cell, _ kind: RunSpecDiff.Kind) {
    var changed = Self.base
    changed[field] = value
    #expect(Self.kinds(Self.base, changed) == [field: kind])
    #expect(Self.kinds(changed, Self.base) == [field: kind], "in either direction")
  }

  /// The order of lists, the module of a class and the kind of a number are not differences.
  @Test(arguments: [
    ("adapter_spec.stop_sequences", Cell.json(#"[".", "\n"]"#)), ("scenario_spec.args.seed", .double(7)),
    ("metric_specs", .json(#"[{"args": {}, "class_name": "helm.benchmark.metrics.basic_metrics.B"}]"#)),
    ("metric_specs", .json(#"[{"class_name": "helm.benchmark.basic_metrics.B", "args": null}]"#)),
  ])
  func whatMeansTheSameIsNotADifference(_ field: String, _ value: Cell) {
    var changed = Self.base
    changed[field] = value
    #expect(Self.kinds(Self.base, changed) == [:])
  }

  /// Numbers differ by each of their digits, texts by their bytes.
  @Test func smallDifferencesAreSeen() {
    func differs(_ a: Cell, _ b: Cell) -> Bool {
      !Self.kinds(["scenario_spec.args.x": a], ["scenario_spec.args.x": b]).isEmpty
    }
    #expect(differs(.int(9_007_199_254_740_993), .int(9_007_199_254_740_992)))
    #expect(differs(.json("[9007199254740993]"), .json("[9007199254740992]")))
    #expect(differs(.double(0.1 + 0.2), .double(0.3)) && !differs(.int(3), .double(3)))
    #expect(differs(.string("é"), .string("e\u{301}")) && differs(.string("3"), .int(3)))
    #expect(
      differs(.json(#"["a,b"]"#), .json(#"["a","b"]"#)) && differs(.json(#"["a"]"#), .json(#"["a","a"]"#)))
    #expect(differs(.string("a.b_metrics.X"), .string("a.metrics.b_metrics.X")))
    #expect(
      !differs(.json(#"{"a": 1, "b": 2}"#), .json(#"{"b": 2.0, "a": 1}"#))
        && differs(.json(#"{"a": 1}"#), .json(#"{"a": 2}"#)))
  }

  /// Fields of one side alone that other specs have never heard of; columns beside the spec are not looked at.
  @Test func changesAreInTheOrderOfTheFields() {
    let changes = RunSpecDiff(
      Self.row(["b": .int(1), "a": .int(1)]), Self.row(["c": .int(2), "a": .int(2)])
    ).changes
    #expect(changes.map(\.field) == ["a", "b", "c"])
    #expect(changes.map(\.first) == ["1", "1", ""] && changes.map(\.second) == ["2", "", "2"])
    #expect(RunSpecDiff(Self.row(Self.base), Self.row(Self.base)).changes.isEmpty)
  }

  /// What a word difference keeps and drops rebuilds both texts; what stands between is theirs alone.
  @Test func wordDifferencesRebuildBothTexts() throws {
    var random = PythonRandom(seed: 2)
    for _ in 0..<400 {
      let words = ["a", "b", "c", "é", "e\u{301}", "{x}", "\n"]
      func text() -> [String] { (0..<random.below(9)).map { _ in random.choice(words) } }
      let (first, second) = (text().joined(separator: " "), text().joined(separator: " "))
      if haveSameBytes(first, second) { continue }
      let diff = WordDiff.text(first, second)
      #expect(diff.contains("{-") || diff.contains("{+"), "\(first) and \(second) give \(diff)")
      // The parts between marks are pieces of their texts.
      for (mark, end, whole) in [("{-", "-}", first), ("{+", "+}", second)] {
        guard let from = diff.firstRange(of: mark) else { continue }
        let to = try #require(diff[from.upperBound...].firstRange(of: end))
        let part = String(diff[from.upperBound..<to.lowerBound])
        #expect(part.contains("…") || whole.contains(part), "\(part) of \(whole)")
      }
      // Swapping the texts swaps the marks.
      let swapped = WordDiff.text(second, first)
      #expect(swapped.contains("{-") == diff.contains("{+") && swapped.contains("{+") == diff.contains("{-"))
    }
    #expect(WordDiff.text("x é", "x e\u{301}") == "x {-é-}{+e\u{301}+}")
  }
}
