import Foundation
import TestSupport
import Testing

@testable import Magnet

/// Which statistic is the score of a run.
@Suite struct HeadlineTests {
  /// A row of stats.json: metric, split, sub-split, perturbation, computed_on, count, sum.
  typealias Stats = [(String, String?, String?, String?, String?, Int, Double)]

  private func stats(_ rows: Stats) -> RunStats {
    let names = [
      "stats.name.name", "stats.name.split", "stats.name.sub_split", "stats.name.perturbation.name",
      "stats.name.perturbation.computed_on", "stats.count", "stats.sum",
    ]
    return RunStats(
      Table(
        columnNames: names,
        rows: rows.map {
          [.string($0.0), Cell($0.1), Cell($0.2), Cell($0.3), Cell($0.4), .int(Int64($0.5)), .double($0.6)]
        }), wanted: nil)
  }

  private func headline(
    _ groups: [String], _ rows: Stats, path: String = "", rules: HeadlineRules = HeadlineRules()
  ) -> Headline? {
    rules.headline(.init(name: groups[0] + ":model=m", path: path, groups: groups), stats(rows))
  }

  @Test func theSplitIsTheMainOneOrNone() {
    let rows: Stats = [
      ("quasi_exact_match", "test", nil, nil, nil, 1, 0.9),
      ("quasi_exact_match", "valid", nil, nil, nil, 1, 0.4),
    ]
    let boolq = headline(["boolq"], rows)
    #expect(boolq?.metric == MetricName("quasi_exact_match", split: "valid") && boolq?.mean == 0.4)
    #expect(boolq?.lowerIsBetter == false && boolq?.isGuessed == false && boolq?.group == "boolq")
    let test = headline(["boolq"], [rows[0]])
    #expect(test?.stat == nil && test?.notes == ["not in this split; the run has it in test"])
  }

  /// A note names what a run lacks: the split, the sub-split or the perturbation.
  @Test func whatIsMissingIsNamed() throws {
    let rows: Stats = [
      ("quasi_exact_match", "test", "toxic", nil, nil, 1, 0.2),
      ("quasi_exact_match", "test", "mild", nil, nil, 1, 0.9),
    ]
    var rules = HeadlineRules()
    rules.metrics = [try MetricSelector("quasi_exact_match@test/txic")]
    #expect(
      headline(["civil_comments"], rows, rules: rules)?.notes == [
        "no sub-split txic; the run has mild, toxic"
      ])
    rules.metrics = [try MetricSelector("quasi_exact_match@test/toxic")]
    let toxic = headline(["civil_comments"], rows, rules: rules)
    #expect(toxic?.mean == 0.2 && toxic?.notes == ["sub-split toxic"])
    let dialect = headline(
      ["a_okvqa_dialect"], [("quasi_prefix_exact_match", "valid", nil, nil, nil, 1, 0.5)])
    #expect(dialect?.stat == nil && dialect?.notes == ["no worst case of the perturbation fairness"])
  }

  @Test func quasiExactMatchFallsBackAndExactMatchDoesNot() {
    let exact = headline(["boolq"], [("exact_match", "valid", nil, nil, nil, 1, 0.5)])
    #expect(exact?.metric.name == "exact_match" && exact?.notes == ["quasi_exact_match absent"])
    let quasi = headline(["hellaswag"], [("quasi_exact_match", "valid", nil, nil, nil, 1, 0.5)])
    #expect(quasi?.stat == nil)
  }

  @Test func subSplitsWeighTheSameWhateverTheirInstances() {
    let civil = headline(
      ["civil_comments"],
      [
        ("quasi_exact_match", "test", "toxic", nil, nil, 1, 0.2),
        ("quasi_exact_match", "test", "non-toxic", nil, nil, 1, 0.9),
        ("quasi_exact_match", "test", "toxic", "robustness", "worst", 1, 0.1),
      ])
    #expect(civil?.mean == (0.2 + 0.9) / 2 && civil?.notes == ["sub_splits merged"])
    #expect(civil?.stat?.count == 2)
  }

  @Test func aSumOverNothingIsNoScore() {
    let bias = headline(["hellaswag"], [("exact_match", "valid", nil, nil, nil, 0, 0)])
    #expect(bias?.mean == nil && bias?.stat?.count == 0 && bias?.notes == ["count 0"])
  }

  /// Groups that schemas disagree about.
  @Test func conflictingGroups() {
    let both: Stats = [
      ("exact_match_indicator", "test", nil, nil, nil, 1, 0.1),
      ("final_number_exact_match", "test", nil, nil, nil, 1, 0.2),
    ]
    #expect(headline(["gsm"], both)?.mean == 0.2)
    #expect(headline(["gsm"], both, path: "x/classic/benchmark_output/runs/v1/gsm")?.mean == 0.1)
    #expect(headline(["gsm"], both, path: "x/lite/benchmark_output/runs/v1/gsm")?.mean == 0.2)
    #expect(headline(["gsm"], [both[0]])?.mean == 0.1)
    let bbq: Stats = [("quasi_exact_match", "test", nil, nil, nil, 1, 0.3)]
    #expect(headline(["bbq"], bbq)?.mean == 0.3)
    let safety = headline(["bbq"], bbq + [("bbq_accuracy", "test", nil, nil, nil, 1, 0.7)])
    #expect(safety?.mean == 0.7 && safety?.rule == "schema_safety of HELM 0.5.16")
  }

  @Test func unknownGroupsAreGuessedAndSaySo() {
    let guess = headline(
      ["mine"],
      [("num_prompt_tokens", "test", nil, nil, nil, 1, 9), ("f1_score", "dev", nil, nil, nil, 1, 0.5)])
    #expect(guess?.isGuessed == true && guess?.metric == MetricName("f1_score", split: "dev"))
    #expect(guess?.rule == "guessed" && guess?.mean == 0.5)
    #expect(headline(["mine"], [("own", "test", nil, nil, nil, 1, 9)]) == nil)
  }

  /// HELM's schema of HEIM names a perturbation that does not exist.
  @Test func humanRatingsOfImagesHaveAScore() {
    let rated = headline(["mscoco_base"], [("image_text_alignment_human", "test", nil, nil, nil, 1, 3.5)])
    #expect(rated?.mean == 3.5 && rated?.group == "mscoco_base")
  }

  @Test func askedFor() throws {
    var rules = HeadlineRules()
    let rows: Stats = [
      ("NDCG@10", "test", nil, nil, nil, 1, 0.1), ("NDCG@10", "valid", nil, nil, nil, 1, 0.2),
      ("wer_score", "test", "a", nil, nil, 1, 0.3), ("wer_score", "test", "b", nil, nil, 1, 0.5),
    ]
    func mean(_ text: String) throws -> Double? {
      rules.metrics = [try MetricSelector(text)]
      return headline(["boolq"], rows, rules: rules)?.mean
    }
    // boolq's main split is valid.
    #expect(try mean("NDCG@10") == 0.2)
    #expect(try mean("NDCG@10@test") == 0.1)
    #expect(try mean("wer_score") == 0.4)
    #expect(try mean("wer_score@test/b") == 0.5)
    #expect(try mean("wer_score@valid") == nil)
    rules.metrics = [try MetricSelector("wer_score")]
    #expect(headline(["boolq"], rows, rules: rules)?.lowerIsBetter == true)
    rules.lowerIsBetter = false
    #expect(headline(["boolq"], rows, rules: rules)?.lowerIsBetter == false)
    for text in ["", "@test", "a@", "a@test/"] {
      #expect(throws: MagnetError.self) { try MetricSelector(text) }
    }
  }

  @Test func aSchemaBesideTheRunsComesFirstAndTheNewestReleaseBeforeIt() throws {
    func document(_ release: String?, _ metric: String) throws -> SchemaDocument {
      let text = """
        {"metrics":[{"name":"\(metric)","lower_is_better":true}],
        "metric_groups":[{"name":"g","metrics":[{"name":"${main_name}","split":"${main_split}"}]}],
        "run_groups":[{"name":"parent","subgroups":["boolq"]},
        {"name":"boolq","metric_groups":["g"],"environment":{"main_name":"\(metric)","main_split":"dev"}}]}
        """
      return SchemaDocument(
        file: "\(release ?? "suite")/schema.json", release: release, suites: ["runs/v1"],
        json: try JSONValue(parsing: text))
    }
    let rows: Stats = ["a", "b", "c"].enumerated().map { ($1, "dev", nil, nil, nil, 1, Double($0)) }
    let suite = try document(nil, "a")
    let old = try document("v1.9.0", "b")
    let new = try document("v1.10.0", "c")
    func mean(_ documents: [SchemaDocument], release: String? = nil, path: String = "runs/v1/boolq")
      -> Double?
    {
      let rules = HeadlineRules(SchemaDocuments(documents: documents), release: release)
      return headline(["parent", "boolq"], rows, path: path, rules: rules)?.mean
    }
    #expect(mean([suite]) == 0)
    #expect(mean([suite, old, new]) == 2)
    #expect(mean([suite, old, new], release: "v1.9.0") == 1)
    #expect(mean([suite], path: "runs/v2/boolq") == nil)
    let broken = SchemaDocument(file: "x/schema.json", release: nil, suites: ["runs/v1"], json: .array([]))
    #expect(HeadlineRules(SchemaDocuments(documents: [broken])).faults.map(\.file) == ["x/schema.json"])
  }

  /// Worked values of HELM itself.
  @Test func aggregates() {
    let columns: [(values: [Double?], lowerIsBetter: Bool?)] = [
      ([1, 2, 2, 3], false), ([5, nil, 5, 1], true), ([nil, nil, 7, nil], false), ([9, 1, 1, 1], nil),
    ]
    #expect(BoardAggregate.winRates(columns, rowCount: 4) == [0.125, 0.5, 0.375, 1])
    let old = BoardAggregate.winRates([columns[0]], rowCount: 4, breaksTies: true)
    let expected: [Double?] = [0, 1.0 / 3, 2.0 / 3, 1]
    #expect(old == expected)
    #expect(BoardAggregate.means([[1, 2, 2, 3], [5, nil, 5, 1]], rowCount: 4) == [3, 2, 3.5, 2])
    #expect(BoardAggregate.winRates([([1, nil], false)], rowCount: 2) == [nil, nil])
    // Rounded once, however many.
    #expect(BoardAggregate.exactMean([1e16, 1, -1e16]) == 1.0 / 3)
    // Rounded once, as Python's statistics.mean is: the sum is not a double.
    let sevenths = [6, 5.5, 7.5, 11.5, 0, 7.5, 0.5].map { $0 / 13 }
    #expect(BoardAggregate.exactMean(sevenths) == 0.4230769230769231)
    let ninths = [5.5, 5.5, 7, 4, 8.5, 0].map { $0 / 9 }
    #expect(BoardAggregate.exactMean(ninths) == 0.5648148148148149)
  }

  @Test func ambiguousStatisticsAreNoScore() {
    var stats = RunStats()
    for split in ["test", "valid"] {
      stats.add(MetricName("program_accuracy", split: split), MergedStat(mean: 0.5))
    }
    switch stats.match(.init(name: "program_accuracy", split: "__all__")) {
    case .several(let names): #expect(names.count == 2)
    default: Issue.record("one statistic")
    }
  }
}

/// The schemas of HELM in the binary.
@Suite struct SchemaTests {
  @Test func schemasOfHELM() throws {
    #expect(Schema.builtInNames.count == 37 && Schema.builtIn("scenarios") != nil)
    #expect(Schema.builtIn("nope") == nil)
    for name in Schema.builtInNames {
      let schema = try #require(Schema.builtIn(name))
      #expect(!schema.runGroups.isEmpty && !schema.metricGroups.isEmpty, "\(name)")
    }
    #expect(Schema.builtIn("lite")?.expanded(Schema.builtIn("lite")!.group("core_scenarios")!).count == 11)
    #expect(
      BuiltInSchemas.lowerIsBetter["wer_score"] == true && BuiltInSchemas.lowerIsBetter["f1_score"] == false)
    #expect(BuiltInSchemas.lowerIsBetter["edit_similarity"] == nil)
  }

  /// Every group's first metric, split and direction, as HELM's own code resolves them.
  @Test(.enabled(if: Project.shared("data/headline/schema_groups.tsv") != nil))
  func groupsAgreeWithHELM() throws {
    let lines = try Project.text(#require(Project.shared("data/headline/schema_groups.tsv")))
      .split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
    let titles = lines[0]
    var count = 0
    for line in lines.dropFirst() where line.count == titles.count {
      let row = Dictionary(uniqueKeysWithValues: zip(titles, line))
      let schema = try #require(Schema.builtIn(row["schema"]!))
      let group = try #require(schema.group(row["group"]!))
      let first = group.metricGroups.lazy.compactMap(schema.metricGroup).first?.matchers.first
      let filled = try? first?.filled(group.environment)
      #expect(filled?.name ?? "" == row["first_metric"], "\(row)")
      #expect(filled?.split ?? "" == row["first_split"], "\(row)")
      let direction = filled.flatMap { schema.metric($0.name)?.lowerIsBetter }
      #expect(direction.map { $0 ? "True" : "False" } ?? "" == row["first_lower_is_better"], "\(row)")
      #expect(group.subgroups.joined(separator: ",") == row["subgroups"], "\(row)")
      count += 1
    }
    #expect(count == 662)
  }

  /// The table in the binary is what the generator makes of an installed HELM of the same version.
  @Test func theGeneratorMakesTheTable() throws {
    let version = try Tool.run(
      command: "/usr/bin/env",
      ["python3", "-c", "import importlib.metadata as m, yaml; print(m.version('crfm-helm'))"])
    guard version.output == EmbeddedSchemas.version + "\n" else { return }
    let made = try Tool.run(
      command: "/usr/bin/env", ["python3", Project.folder.path + "/Fixtures/generate/write_schemas.py"])
    #expect(made.status == 0)
    #expect(
      try made.output == Project.text(Project.folder.path + "/Sources/Magnet/Scores/EmbeddedSchemas.swift"))
  }
}
