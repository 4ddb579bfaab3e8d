import Foundation
import Magnet
import TestSupport
import Testing

/// Rules of HELM's boards, and what happens where HELM itself stops with an error.
@Suite struct BoardRuleTests {
  private func board(_ folder: TemporaryFolder, _ arguments: String...) throws -> (
    rows: [[String: String]], outcome: Tool.Outcome
  ) {
    let outcome = try Tool.run(
      command: Tool.binary, ["leaderboard", folder.path, "--format", "csv"] + arguments)
    let lines = parseCSV(outcome.output).map { $0.map(\.field) }
    let rows = lines.dropFirst().map {
      Dictionary(zip(lines.first ?? [], $0), uniquingKeysWith: { first, _ in first })
    }
    return (rows, outcome)
  }

  private func made(
    _ task: String, _ model: String, _ score: Double, metric: String, split: String = "test", groups: [String]
  ) -> MadeRun {
    var run = MadeRun(task, model, [score])
    run.metric = metric
    run.split = split
    run.groups = groups
    return run
  }

  @Test func aRunOfTwoSuitesCountsOnceUnlessAsHELMDoes() throws {
    let folder = try TemporaryFolder()
    for (suite, score) in [("v1", 0.25), ("v2", 0.75)] {
      try made("gpqa:x=1", "acme/a", score, metric: "chain_of_thought_correctness", groups: ["gpqa"]).write(
        to: folder, suite: suite)
    }
    let once = try board(folder, "--schema", "capabilities", "--long")
    #expect(once.rows.first { $0["metric"] == "mean" }?["value"] == "0.75")
    #expect(once.outcome.errors.contains("is in suites v1 and v2"))
    let twice = try board(folder, "--schema", "capabilities", "--long", "--helm-exact")
    #expect(twice.rows.first { $0["metric"] == "mean" }?["value"] == "0.5")
  }

  @Test func aSubsetHasWinRatesOfItsOwnAndTheSameMeans() throws {
    let folder = try TemporaryFolder()
    for (model, score) in [("acme/a", 0.2), ("acme/b", 0.4), ("acme/c", 0.6)] {
      try made("gpqa:x=1", model, score, metric: "chain_of_thought_correctness", groups: ["gpqa"]).write(
        to: folder)
      try made("gsm:x=1", model, score, metric: "final_number_exact_match", groups: ["gsm"]).write(
        to: folder, suite: "t")
    }
    func rates(_ arguments: String...) throws -> [String?] {
      let outcome = try Tool.run(
        command: Tool.binary, ["leaderboard", folder.path, "--schema", "lite", "--format", "csv"] + arguments)
      return parseCSV(outcome.output).dropFirst().map { $0[2].field }
    }
    #expect(try rates() == ["1.0", "0.5", "0.0"])
    #expect(try rates("--models", "acme/a", "--models", "acme/b") == ["1.0", "0.0"])
    let means = try board(folder, "--schema", "capabilities", "--models", "acme/b")
    #expect(means.rows.map { $0["Mean score"] } == ["0.4"])
  }

  @Test func lowerIsBetterRanksUpwards() throws {
    let folder = try TemporaryFolder()
    for (model, score) in [("acme/a", 0.5), ("acme/b", 0.1), ("acme/c", 0.9)] {
      try made("czech_bank_qa:x=1", model, score, metric: "error_rate", groups: ["czech_bank_qa"]).write(
        to: folder)
    }
    let found = try board(folder, "--schema", "czech_bank", "--long")
    #expect(found.rows.map { $0["model"] } == ["acme/b", "acme/a", "acme/c"])
    #expect(found.rows.map { $0["best"] } == ["true", "false", "false"])
  }

  @Test func modelsThatLackRunsAreNamed() throws {
    let folder = try TemporaryFolder()
    for (model, count) in [("acme/a", 5), ("acme/b", 3)] {
      for part in 0..<count {
        try made("mmlu:subject=\(part)", model, 0.5, metric: "exact_match", groups: ["mmlu"]).write(
          to: folder)
      }
    }
    let found = try board(folder, "--schema", "lite")
    #expect(found.outcome.errors.contains("incomplete: acme/b: 3 of 5 runs"))
    #expect(found.rows.map { $0["runs"] } == ["5 of 5", "3 of 5"])
  }

  /// Every cell of a model with its runs and statistics, and those that are missing.
  @Test func cellsAreExplained() throws {
    let folder = try TemporaryFolder()
    for (model, subjects) in [("acme/a", 1...5), ("acme/b", 1...3)] {
      for subject in subjects {
        try made(
          "mmlu:subject=s\(subject)", model, Double(subject) / 8, metric: "exact_match",
          groups: ["mmlu", "mmlu_s\(subject)"]
        ).write(to: folder)
      }
    }
    try made("mmlu:subject=s4", "acme/b", 0.5, metric: "f1_score", groups: ["mmlu"]).write(to: folder)
    let found = try board(folder, "--schema", "lite", "--explain", "acme/b")
    let cells = found.rows.filter { $0["column"]?.hasPrefix("MMLU") == true }
    let counted = cells.filter { $0["verdict"] == "counted" }
    #expect(counted.map { $0["mean"] } == ["0.125", "0.25", "0.375"], "\(found.outcome.output)")
    #expect(
      counted.allSatisfy { $0["metric"] == "exact_match" && $0["split"] == "test" && $0["count"] == "1" })
    #expect(cells.contains { $0["verdict"] == "left out: no exact_match in test" })
    #expect(cells.contains { $0["run"] == "mmlu:subject=s5" && $0["verdict"] == "missing: no run" })
    #expect(found.outcome.errors.contains("0.25 = 0.75 / 3, over 3 of 5 runs: incomplete; exact_match@test"))
    let rate = try board(folder, "--schema", "lite", "--explain", "acme/b", "--column", "Mean win rate")
    #expect(rate.rows.allSatisfy { $0["column"] == "Mean win rate" })
    #expect(rate.rows.first?["mean"] == "0.0" && rate.rows.count == 1, "\(rate.outcome.output)")
    let wrong = try board(folder, "--schema", "lite", "--explain", "acme/c")
    #expect(wrong.outcome.status == 2 && wrong.outcome.errors.contains("did you mean acme/"))
    #expect(try board(folder, "--column", "x").outcome.status == 64)
  }

  /// Scenarios are titled by their arguments in the order of the files, as Python prints them.
  @Test func argumentsKeepTheirOrder() throws {
    let folder = try TemporaryFolder()
    let path = try made(
      "math:x=1", "acme/a", 0.5, metric: "math_equiv_chain_of_thought", groups: ["math_chain_of_thought"]
    ).write(to: folder)
    let spec = try Project.text(path + "/run_spec.json")
    let arguments = #""args": {"subject": "algebra", "level": "1", "chain": true, "parts": ["a", 2, null]}"#
    let changed = spec.replacing(#/"args": ?\{[^}]*\}/#, with: arguments)
    #expect(changed != spec)
    try folder.write(changed, to: String(path.dropFirst(folder.path.count + 1)) + "/run_spec.json")
    let listed = try board(folder, "--schema", "lite", "--group", "math_chain_of_thought", "--list")
    #expect(
      listed.rows.first { $0["group"] == "math_chain_of_thought" }?["title"]
        == "subject: algebra, level: 1, chain: True, parts: ['a', 2, None]",
      "\(listed.outcome.output)\(listed.outcome.errors)")
  }

  /// A page of groups lists what HELM lists: with its counting, the groups without runs too.
  @Test func theIndexListsGroupsWithoutRuns() throws {
    let folder = try TemporaryFolder()
    try made("gsm:x=1", "acme/a", 0.5, metric: "final_number_exact_match", groups: ["gsm"]).write(to: folder)
    let own = try board(folder, "--schema", "lite", "--index")
    #expect(own.rows.map { $0["group"] } == ["core_scenarios", "gsm"])
    let all = try board(folder, "--schema", "lite", "--index", "--helm-exact")
    #expect(all.rows.count == 11 && all.rows.contains { $0["group"] == "mmlu" && $0["models"] == "0" })
  }

  /// HELM shows no calibration of models whose log probabilities are known to be wrong, but keeps what it is made of.
  @Test func hiddenValuesKeepTheirDescription() throws {
    let folder = try TemporaryFolder()
    try made("boolq:x=1", "meta/llama-7b", 0.25, metric: "ece_10_bin", split: "valid", groups: ["boolq"])
      .write(
        to: folder)
    let found = try board(folder, "--schema", "classic", "--group", "boolq", "--all", "--long")
    let cell = try #require(found.rows.first { $0["metric"] == "ece_10_bin" && $0["runs"] == "1" })
    #expect(cell["value"] == "" && cell["note"]?.contains("hidden") == true)
    let json = try Tool.run(
      "leaderboard", folder.path, "--schema", "classic", "--group", "boolq", "--format", "helm")
    #expect(json.output.contains("min=0.25, mean=0.25, max=0.25, sum=0.25 (1)"))
  }

  /// Columns that HELM's own schemas make impossible are named, the boards continue, and the exit status is 1.
  @Test func brokenSchemasLoseColumnsOnly() throws {
    let folder = try TemporaryFolder()
    try made("mscoco:x=1", "acme/a", 4, metric: "image_text_alignment_human", groups: ["mscoco_base"]).write(
      to: folder)
    let heim = try board(folder, "--schema", "heim", "--group", "mscoco_base", "--all")
    #expect(heim.outcome.status == 1 && heim.outcome.errors.contains("perturbation __all__"))
    let other = try TemporaryFolder()
    try made(
      "melt_math:x=1", "acme/a", 0.5, metric: "math_equiv", groups: ["melt_math", "melt_math_regular"]
    ).write(to: other)
    let melt = try board(other, "--schema", "melt", "--group", "melt_math", "--all")
    #expect(melt.outcome.status == 1 && melt.outcome.errors.contains("main_name"), "\(melt.outcome.errors)")
    #expect(melt.outcome.output.contains("0.5"))
  }

  /// A mean over metrics of different directions says nothing: that table has none, others are as they were.
  @Test func aReleaseThatIsNotThereIsAnError() throws {
    let folder = try TemporaryFolder()
    try made("gsm:x=1", "acme/a", 0.5, metric: "final_number_exact_match", groups: ["gsm"]).write(
      to: folder, suite: "benchmark_output/runs/v1")
    let none = try Tool.run("leaderboard", folder.path, "--release", "v1.0.0")
    #expect(none.status == 2 && none.output.isEmpty)
    #expect(none.messages == ["error: no release 'v1.0.0' has a schema.json beside these runs"])
    try folder.write(#"{"suites": ["v1"]}"#, to: "benchmark_output/releases/v1.2.0/summary.json")
    try folder.write(
      #"{"run_groups": [{"name": "gsm"}]}"#, to: "benchmark_output/releases/v1.2.0/schema.json")
    let other = try Tool.run("leaderboard", folder.path, "--release", "v1.1.0")
    #expect(other.status == 2 && other.messages[0].hasSuffix("beside these runs; did you mean v1.2.0?"))
  }

  @Test func meansOfMixedDirectionsAreRefused() throws {
    let folder = try TemporaryFolder()
    try made("one:x=1", "acme/a", 0.5, metric: "exact_match", groups: ["one"]).write(to: folder)
    try made("two:x=1", "acme/a", 0.25, metric: "wer", groups: ["two"]).write(to: folder)
    func group(_ name: String, _ metric: String) -> String {
      """
      {"name": "\(name)", "metric_groups": ["accuracy"], "environment": {"main_name": "\(metric)", "main_split": "test"}}
      """
    }
    let schema = try folder.write(
      """
      {"metrics": [{"name": "exact_match", "lower_is_better": false}, {"name": "wer", "lower_is_better": true}],
       "metric_groups": [{"name": "accuracy", "aggregation_strategies": ["mean"],
         "metrics": [{"name": "${main_name}", "split": "${main_split}"}]}],
       "run_groups": [{"name": "all", "subgroups": ["one", "two"]}, \(group("one", "exact_match")), \(group("two", "wer"))]}
      """, to: "schema.json")
    let found = try board(folder, "--schema", schema)
    #expect(found.outcome.status == 1 && found.outcome.errors.contains("different directions"))
    #expect(found.rows.first?["Mean score"] == nil && found.rows.first?["one - exact_match"] == "0.5")
  }
}
