import Foundation
import Magnet
import TestSupport
import Testing

/// `headline`, `explain`, `compare`, `show` on the fixtures.
@Suite struct ScoreCommandTests {
  /// A metric that no run has is an error with the nearest name, in every command that takes one.
  @Test(arguments: [
    ["leaderboard"], ["sql", "SELECT avg(mean) FROM headline"], ["sql", "SELECT sum(is_main) FROM scores"],
    ["sql", "SELECT count(*) FROM leaderboard"], ["items"], ["select"], ["plan", "--error", "0.1"],
    ["backtest", "train-mean"], ["predict", "random"], ["compare", "--all"], ["report", "-o", "-"],
  ])
  func aMisspeltMetricIsAnError(_ command: [String]) throws {
    for metric in ["exact_mach", "exact_match@tst"] {
      var arguments = command
      arguments.insert(Project.plain, at: command[0] == "backtest" || command[0] == "predict" ? 2 : 1)
      let outcome = try Tool.run(command: Tool.binary, arguments + ["--metric", metric])
      #expect(outcome.status == 2, "\(command) \(metric): \(outcome.errors)")
      #expect(outcome.errors.contains("no metric '\(metric)'"), "\(command): \(outcome.errors)")
      #expect(outcome.errors.contains("exact_match"))
    }
  }

  /// The order of rows in files decides nothing.
  @Test func rowsInAnotherOrderGiveTheSameBytes() throws {
    func shown(_ isReversed: Bool) throws -> [String] {
      let folder = try TemporaryFolder()
      for (model, trials) in [
        ("acme/a", [[1, 0, 0.5, 1, 0, 1], [0, 0, 1, 1, 0, 1]]),
        ("acme/b", [[0, 1, 1, 0, 0, 1], [1, 1, 1, 0.25, 0, 0]]),
      ] {
        var run = MadeRun("made:part=one", model, trials)
        run.id = { "id\($0 * 3)" }
        run.isReversed = isReversed
        try run.write(to: folder)
      }
      let options = ["--metric", "exact_match", "--format", "csv"]
      return try [
        ["--models", "acme/a,acme/b", "--flips", "9"],
        ["--models", "acme/a,acme/b", "--interval", "bootstrap"], ["--all"],
      ].map { more in
        let outcome = try Tool.run(command: Tool.binary, ["compare", folder.path] + options + more)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return outcome.output
      }
    }
    #expect(try shown(false) == shown(true))
  }

  /// Perturbed scores are paired with perturbed ones, clean with clean.
  @Test func allPerturbationsArePairedEachWithItsOwn() throws {
    func count(_ more: String...) throws -> Int {
      let runs = ["base", "tiny"].map {
        Project.sweep + "/trivia:subject=capitals,data_augmentation=misspelling0.2,model=acme_\($0)"
      }
      let outcome = try Tool.run(command: Tool.binary, ["compare"] + runs + ["--format", "csv"] + more)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let lines = parseCSV(outcome.output).map { $0.map(\.field) }
      #expect(lines[0][3...5] == ["n", "only_a", "only_b"] && lines[1][4...5] == ["0", "0"])
      return Int(lines[1][3]) ?? 0
    }
    let (clean, perturbed) = (try count(), try count("--perturbation", "misspellings"))
    #expect(clean > 0 && perturbed > 0)
    #expect(try count("--perturbation", "all") == clean + perturbed)
  }

  private let runs = Project.fixture("benchmark_output/runs")

  private func rows(_ text: String) -> [[String: String]] {
    let lines = parseCSV(text)
    guard let titles = lines.first?.map(\.field) else { return [] }
    return lines.dropFirst().map { line in
      Dictionary(zip(titles, line.map(\.field)), uniquingKeysWith: { first, _ in first })
    }
  }

  @Test func headlinesOfUnknownGroupsAreGuessed() throws {
    let outcome = try Tool.run("headline", runs + "/plain-v1", "--format", "csv")
    let found = rows(outcome.output)
    #expect(outcome.status == 0 && found.count == 12)
    #expect(found.allSatisfy { $0["rule"] == "guessed" && $0["metric"] == "exact_match" })
    let capitals = found.filter { $0["run"]?.contains("capitals") == true }
    #expect(capitals.allSatisfy { $0["split"] == "valid" && $0["lower_is_better"] == "false" })
    let asked = try Tool.run(
      "headline", runs + "/plain-v1", "--metric", "exact_match@test", "--format", "csv")
    #expect(asked.status == 1 && rows(asked.output).count { $0["mean"] == "" } == 8)
    #expect(rows(asked.output).first { $0["mean"] == "" }?["note"]?.contains("valid") == true)
  }

  @Test func explainNamesEveryCandidate() throws {
    let run = runs + "/plain-v1/trivia:subject=capitals,model=acme_base"
    let outcome = try Tool.run("explain", run)
    #expect(outcome.status == 0 && outcome.errors.contains("guessed"))
    #expect(
      rows(outcome.output).map { $0["verdict"] } == [
        "accepted", "rejected: perturbed inputs", "rejected: perturbed inputs",
      ])
    let many = try Tool.run("explain", runs + "/plain-v1")
    #expect(many.status == 64 && many.errors.contains("12 runs"))
  }

  @Test func aRunComparedWithItself() throws {
    let run = runs + "/plain-v1/trivia:subject=capitals,model=acme_base"
    let outcome = try Tool.run("compare", run, run, "--format", "csv")
    let row = try #require(rows(outcome.output).first)
    #expect(outcome.status == 0 && row["n"] == "8" && row["diff"] == "0.0" && row["p"] == "1.0")
    #expect(row["flips_gained"] == "0" && row["only_a"] == "0" && row["only_b"] == "0")
  }

  @Test func swappingTheSidesNegatesTheDifference() throws {
    let a = runs + "/plain-v1/trivia:subject=capitals,model=acme_base"
    let b = runs + "/plain-v1/trivia:subject=capitals,model=acme_tiny"
    let one = try #require(rows(try Tool.run("compare", a, b, "--format", "csv").output).first)
    let other = try #require(rows(try Tool.run("compare", b, a, "--format", "csv").output).first)
    func number(_ row: [String: String], _ key: String) -> Double { Double(row[key] ?? "") ?? .nan }
    #expect(number(one, "diff") == -number(other, "diff") && one["p"] == other["p"])
    #expect(abs(number(one, "lower") + number(other, "upper")) < 1e-12)
    #expect(one["flips_gained"] == other["flips_lost"] && number(one, "mean_a") == 0.75)
  }

  /// The same run under other ids is paired by content; a run whose ids name other questions is not paired.
  @Test func idsAreCheckedAgainstContent() throws {
    let folder = try TemporaryFolder()
    let name = "trivia:subject=capitals,model=acme_base"
    let run = runs + "/plain-v1/" + name
    let renamed = try folder.copy(run, to: "a/" + name)
    for file in ["scenario_state.json", "per_instance_stats.json"] {
      let text = try Project.text(renamed + "/" + file)
      try folder.write(text.replacing(#/"id(\d+)"/#) { "\"x\($0.output.1)\"" }, to: "a/\(name)/\(file)")
    }
    let outcome = try Tool.run("compare", run, renamed, "--format", "csv")
    #expect(rows(outcome.output).first?["n"] == "8" && outcome.errors.contains("8 paired by content"))

    let other = try folder.copy(run, to: "b/" + name)
    let text = try Project.text(other + "/scenario_state.json")
    try folder.write(text.replacing("capital", with: "harbour"), to: "b/\(name)/scenario_state.json")
    let changed = try Tool.run("compare", run, other, "--format", "csv")
    #expect(changed.errors.contains("ids name other questions"), "\(changed.errors)")
  }

  @Test func perturbedScoresPairWithPerturbedOnes() throws {
    let sweep = runs + "/sweep-v1/trivia:subject=capitals,data_augmentation=misspelling0.2,model="
    let clean = try Tool.run("compare", sweep + "acme_base", sweep + "zeta_pro", "--format", "csv")
    let perturbed = try Tool.run(
      "compare", sweep + "acme_base", sweep + "zeta_pro", "--perturbation", "misspellings", "--format", "csv")
    let flips = try Tool.run(
      "compare", sweep + "acme_base", sweep + "zeta_pro", "--perturbation", "misspellings", "--show", "flips",
      "--format", "csv")
    #expect(clean.status == 0 && rows(clean.output).count == 1)
    #expect(perturbed.status == 0, "\(perturbed.errors)")
    #expect(rows(flips.output).allSatisfy { $0["perturbation"]?.contains("name=misspellings") == true })
  }

  @Test func modelsAreComparedOverScenarios() throws {
    let outcome = try Tool.run(
      "compare", runs + "/plain-v1", "--models", "acme/base,acme/tiny", "--format", "csv")
    let found = rows(outcome.output)
    #expect(outcome.status == 0 && found.count == 5, "\(outcome.errors)")
    #expect(
      found[3]["task"] == "mean of 3, these scenarios" && found[4]["method"] == "between scenarios, t")
    let mean = found.prefix(3).compactMap { Double($0["diff"] ?? "") }.reduce(0, +) / 3
    #expect(abs((Double(found[3]["diff"] ?? "") ?? 9) - mean) < 1e-12)
    let unknown = try Tool.run("compare", runs + "/plain-v1", "--models", "acme/base,nobody")
    #expect(unknown.status == 2 && unknown.errors.contains("nobody"))
    let all = try Tool.run("compare", runs + "/plain-v1", "--all", "--format", "csv")
    #expect(rows(all.output).count == 6)
    let groups = try Tool.run("compare", runs + "/plain-v1", "--all", "--show", "groups", "--format", "csv")
    #expect(rows(groups.output).first?["group"] == "1" && rows(groups.output).count == 4)
  }

  /// Of several trials the instance is the unit; the order of rows does not matter.
  @Test func trialsAreAveragedAndRowsMayStandInAnyOrder() throws {
    let folder = try TemporaryFolder()
    let a = try MadeRun("made:part=one", "acme/a", [[1, 0, 1, 1, 0, 1], [1, 1, 1, 0, 0, 1]]).write(to: folder)
    let b = try MadeRun("made:part=one", "acme/b", [[0, 0, 1, 1, 0, 0], [0, 1, 0, 0, 0, 1]]).write(to: folder)
    let outcome = try Tool.run("compare", a, b, "--format", "csv")
    let row = try #require(rows(outcome.output).first)
    #expect(outcome.status == 0 && row["n"] == "6" && row["method"]?.hasPrefix("sign flips, exact") == true)
    let path = b + "/per_instance_stats.json"
    let turned = try Project.json(path).elements.reversed()
    let name = String(b.dropFirst(folder.path.count + 1))
    try folder.write(JSONValue.array(Array(turned)).text, to: name + "/per_instance_stats.json")
    #expect(try Tool.run("compare", a, b, "--format", "csv").output == outcome.output)
  }

  @Test func jsonHasWhatItTakesToRepeatIt() throws {
    let folder = try TemporaryFolder()
    let a = try MadeRun("made:part=one", "acme/a", [1, 0, 1, 1, 0, 1]).write(to: folder)
    let b = try MadeRun("made:part=one", "acme/b", [1, 1, 1, 1, 0, 0]).write(to: folder)
    let outcome = try Tool.run("compare", a, b, "--format", "json", "--seed", "7", "--equivalent", "0.3")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let value = try JSONValue(parsing: outcome.output)
    #expect(value["schema_version"] == .int(1) && value["seed"] == .int(7) && value["level"] == .double(0.95))
    #expect(value["a"]?.string == a && value["b"]?.string == b && value["correction"]?.string == "holm")
    #expect(value["flips"]?.elements.count == 2 && value["unmatched"]?.elements.isEmpty == true)
    let files = value["files"]?.elements ?? []
    #expect(files.count == 6 && !outcome.output.contains("NaN"))
    let file = try #require(files.first)
    let path = try #require(file["path"]?.string)
    var hash = SHA256()
    hash.update(try Project.text(path).utf8)
    #expect(file["sha256"]?.string == hash.finish())
    // D = 0, sd = 0.632, n = 6: both one-sided tests at t = 0.3 / 0.258 with 5 degrees of freedom.
    let p = try #require(value["summary"]?[0]?["p_equivalent"]?.double)
    #expect(abs(p - 0.1488) < 0.001)
    #expect(try Tool.run("compare", a, b, "--equivalent", "0").status == 64)
  }

  /// Every object that compare writes is as its schema says, which names every key.
  @Test func jsonIsAsItsSchemaSays() throws {
    let schema = try JSONValue(parsing: try Tool.run("compare", "--print-schema").output)
    let folder = try TemporaryFolder()
    let single = (
      try MadeRun("made:part=two", "acme/a", [1]).write(to: folder),
      try MadeRun("made:part=two", "acme/b", [0]).write(to: folder)
    )
    var graded = MadeRun("made:part=three", "acme/a", [0.1, 0.5, 0.25])
    let one = try graded.write(to: folder)
    graded.model = "acme/b"
    graded.trials = [[0.2, 0.1, 1, 0.5]]
    let other = try graded.write(to: folder)
    let sweep = runs + "/sweep-v1/trivia:subject=capitals,data_augmentation=misspelling0.2,model="
    for arguments in [
      [single.0, single.1], [one, other, "--interval", "bootstrap", "--draws", "500"],
      [sweep + "acme_base", sweep + "zeta_pro", "--perturbation", "all", "--equivalent", "0.1"],
      [runs + "/plain-v1", "--models", "acme/base,zeta/pro", "--correct", "bh"],
    ] {
      let outcome = try Tool.run(command: Tool.binary, ["compare"] + arguments + ["--format", "json"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let value = try JSONValue(parsing: outcome.output)
      #expect(faults(of: value, by: schema) == [])
    }
    #expect(faults(of: .object([]), by: schema).count >= 10)
  }

  /// Of 0 and 1 the bootstrap is exact unless draws are asked for.
  @Test func drawsAreAsAskedFor() throws {
    let folder = try TemporaryFolder()
    let a = try MadeRun("made:part=one", "acme/a", [0, 0, 0, 1, 1] + Array(repeating: 1, count: 7)).write(
      to: folder)
    let b = try MadeRun("made:part=one", "acme/b", [1, 1, 1, 0, 0] + Array(repeating: 1, count: 7)).write(
      to: folder)
    let drawn = try Tool.run(
      "compare", a, b, "--interval", "bootstrap", "--draws", "1000", "--format", "csv")
    let row = try #require(rows(drawn.output).first)
    #expect(row["lower"] == "-0.25" && row["upper"] == "0.4166666666666667", "\(drawn.output)")
    #expect(try Tool.run("compare", a, b, "--draws", "1000").status == 64)
  }

  /// A single pair, or a single cluster, has no interval, which is said.
  @Test func whatSaysNothingOfOthersHasNoInterval() throws {
    let folder = try TemporaryFolder()
    let a = try MadeRun("made:part=one", "acme/a", [1]).write(to: folder)
    let b = try MadeRun("made:part=one", "acme/b", [0]).write(to: folder)
    let pair = try Tool.run("compare", a, b, "--format", "csv")
    #expect(rows(pair.output).first?["lower"] == "" && pair.errors.contains("no interval: a single pair"))
    let plain = runs + "/plain-v1/trivia:subject=capitals,model="
    let cluster = try Tool.run("compare", plain + "acme_base", plain + "acme_tiny", "--cluster", "split")
    #expect(cluster.errors.contains("no interval: a single cluster"))
  }

  /// Splits are put together when asked, and then named together.
  @Test func theLineNamesTheSplit() throws {
    let plain = runs + "/plain-v1/trivia:subject=calendar,model="
    func compared(_ more: String...) throws -> (row: [String: String], errors: String) {
      let outcome = try Tool.run(
        command: Tool.binary,
        ["compare", plain + "acme_base", plain + "acme_tiny", "--format", "table"] + more)
      let csv = try Tool.run(
        command: Tool.binary, ["compare", plain + "acme_base", plain + "acme_tiny", "--format", "csv"] + more)
      return (try #require(rows(csv.output).first), outcome.errors)
    }
    let main = try compared()
    #expect(main.row["split"] == "test" && main.row["n"] == "3")
    #expect(main.errors.contains("exact_match@test, paired 3 of 3 | A 3, B 3"), "\(main.errors)")
    let all = try compared("--split", "all")
    #expect(all.row["split"] == "test+valid" && all.row["n"] == "8")
    #expect(all.errors.contains("exact_match@test+valid, paired 8 of 8"))
  }

  @Test func otherQuestionsUnderTheSameIdsAreNotPaired() throws {
    let folder = try TemporaryFolder()
    let a = try MadeRun("made:part=one", "acme/a", [1, 0, 1]).write(to: folder)
    var other = MadeRun("made:part=one", "acme/b", [1, 1, 1])
    other.input = { "Another \($0)?" }
    let b = try other.write(to: folder)
    let outcome = try Tool.run("compare", a, b)
    #expect(outcome.status == 2 && outcome.errors.contains("3 ids name other questions"))
  }

  @Test func worseFails() throws {
    let a = runs + "/plain-v1/trivia:subject=marine_biology,model=zeta_pro"
    let b = runs + "/plain-v1/trivia:subject=marine_biology,model=acme_tiny"
    #expect(try Tool.run("compare", a, b, "--fail-if-worse", "0.0").status == 3)
    #expect(try Tool.run("compare", a, b, "--fail-if-worse", "0.9").status == 0)
    #expect(try Tool.run("compare", b, a, "--fail-if-worse", "0.0").status == 0)
  }

  @Test func instancesAreShownReadably() throws {
    let run = runs + "/plain-v1/trivia:subject=capitals,model=acme_base"
    let outcome = try Tool.run("show", run, "--wrong", "--limit", "2")
    #expect(outcome.status == 0 && outcome.output.contains("wrong") && outcome.output.contains("✓"))
    #expect(outcome.output.contains("References") && outcome.output.contains("Answer"))
    let csv = try Tool.run("show", run, "--limit", "0", "--format", "csv")
    let found = rows(csv.output)
    #expect(found.count == 8)
    let id = try #require(found.first?["instance"])
    let one = try Tool.run("show", run, "--instance", id, "--format", "csv")
    #expect(Set(rows(one.output).map { $0["instance"] }) == [id])
    let none = try Tool.run("show", run, "--instance", "nope")
    #expect(none.status == 2 && none.errors.contains("nope"))
    #expect(try Tool.run("show", runs + "/plain-v1").status == 64)
  }
}

/// `diff`: the first level at which two runs differ.
@Suite struct DiffCommandTests {
  private let run = Project.fixture("benchmark_output/runs/plain-v1/trivia:subject=capitals,model=acme_base")

  /// The verdict on the run and a copy of it in which one file is changed.
  private func verdict(_ file: String, _ change: (String) -> String) throws -> (String, String) {
    let folder = try TemporaryFolder()
    let copy = try folder.copy(run, to: "v2/trivia:subject=capitals,model=acme_base")
    let text = try Project.text(copy + "/" + file)
    let changed = change(text)
    #expect(file.isEmpty || changed != text || file == "run_spec.json")
    try folder.write(changed, to: "v2/trivia:subject=capitals,model=acme_base/" + file)
    let outcome = try Tool.run("diff", run, copy, "--examples", "--format", "csv")
    let line = outcome.messages.first { $0.contains("verdict: ") } ?? outcome.errors
    return (String(line.split(separator: ": ").last ?? ""), outcome.output)
  }

  @Test func theFirstLevelThatDiffersIsNamed() throws {
    #expect(try verdict("run_spec.json") { $0 }.0 == "identical files")
    let churn = try verdict("run_spec.json") {
      $0.replacing(#/"num_trials": 1,\s*/#, with: "")
    }
    #expect(churn.0 == "same recipe, same answers" && churn.1.contains("schema churn"), "\(churn)")
    let words = try verdict("run_spec.json") {
      $0.replacing("\"instructions\": \"", with: "\"instructions\": \"Answer with a letter. ")
    }
    #expect(words.0 == "execution spec" && words.1.contains("adapter_spec.instructions"))
    let answers = try verdict("scenario_state.json") { text in
      text.replacing(#/"completions": \[\s*\{\s*"text": "/#, maxReplacements: 1) { "\($0.output)x" }
    }
    #expect(answers.0 == "answers", "\(answers)")
    let prompts = try verdict("scenario_state.json") { text in
      text.replacing("\"prompt\": \"", with: "\"prompt\": \"x", maxReplacements: 1)
    }
    #expect(prompts.0 == "prompts")
  }

  @Test func theScenarioIsALevel() throws {
    let folder = try TemporaryFolder()
    let name = "trivia:subject=capitals,model=acme_base"
    for (suite, text) in [
      ("a", #"{"name": "trivia", "description": "Capitals.", "output_path": "x"}"#),
      ("b", #"{"name": "trivia", "description": "Capitals.", "output_path": "y"}"#),
      ("c", #"{"name": "trivia", "description": "Cities.", "output_path": "x"}"#),
    ] {
      try folder.copy(run, to: suite + "/" + name)
      try folder.write(text, to: suite + "/" + name + "/scenario.json")
    }
    func diff(_ other: String) throws -> Tool.Outcome {
      try Tool.run("diff", folder.path + "/a/" + name, folder.path + "/\(other)/" + name, "--format", "csv")
    }
    let same = try diff("b")
    #expect(same.errors.contains("verdict: identical files") && same.output.contains("scenario,equal"))
    let changed = try diff("c")
    #expect(changed.errors.contains("verdict: scenario") && changed.output.contains("differs in description"))
  }

  @Test func otherScenariosAreAWrongPair() throws {
    let other = Project.fixture("benchmark_output/runs/plain-v1/trivia:subject=calendar,model=acme_base")
    let outcome = try Tool.run("diff", run, other)
    #expect(outcome.status == 0 && outcome.errors.contains("verdict: wrong pair"))
  }
}
