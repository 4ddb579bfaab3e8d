import Foundation
import Magnet
import TestSupport
import Testing

@Suite struct BacktestCommandTests {
  private let runs = Project.fixture("benchmark_output/runs")

  private func rows(_ csv: String) -> [[String: String]] {
    let lines = parseCSV(csv).map { $0.map(\.field) }
    return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(lines[0], $0)) }
  }

  /// A baseline that was asked for is told of as any predictor is: where it predicts nothing, a row says so.
  @Test func aBaselineThatPredictsNothingIsSaid() throws {
    let folder = try TemporaryFolder()
    for model in ["a/x", "b/y", "c/z"] { try MadeRun("made:part=one", model, [1, 0, 1]).write(to: folder) }
    let arguments = [folder.path, "--metric", "exact_match", "--observed", "5", "--format", "csv"]
    let asked = try Tool.run(command: Tool.binary, ["backtest", "sample-mean"] + arguments)
    #expect(asked.status == 1 && asked.errors.contains("sample-mean: nothing predicted"))
    #expect(rows(asked.output).contains { $0["predictor"] == "sample-mean" && $0["predictions"] == "0" })
    let other = try Tool.run(command: Tool.binary, ["backtest", "ridge-on-others"] + arguments)
    #expect(!rows(other.output).contains { $0["predictor"] == "sample-mean" })
  }

  @Test func scoresAreARowAMeasure() throws {
    let outcome = try Tool.run(
      "backtest", "control-variate", runs, "--hold-out", "model", "--observed", "3,5", "--repeats", "5",
      "--format",
      "csv")
    #expect(outcome.status == 0)
    let rows = rows(outcome.output)
    let errors = rows.filter { $0["measure"] == "mae" }
    #expect(
      errors.map { "\($0["predictor"]!) \($0["observed"]!)" } == [
        "control-variate 3", "control-variate 5", "train-mean ", "scenario-mean ", "family-mean ",
        "item-mean ",
        "sample-mean 3", "sample-mean 5",
      ])
    #expect(errors.allSatisfy { Double($0["value"]!)! > 0 && Int($0["targets"]!)! >= 32 })
    #expect(rows.filter { $0["measure"] == "skill" }.count == errors.count)
    #expect(rows.contains { $0["measure"] == "coverage95" && $0["intervals"] == "own" })
    #expect(outcome.errors.contains("3 observed: left out for 4 of 36 scores"))
    #expect(
      try Tool.run(
        "backtest", "control-variate", runs, "--hold-out", "model", "--observed", "3,5", "--repeats", "5",
        "--format", "csv", "--jobs", "1"
      ).output == outcome.output)
  }

  /// What predicts the same for every model ranks none: a number would only tell what was held out.
  @Test(arguments: ["run", "model", "family"]) func constantBaselinesHaveNoRankCorrelations(_ unit: String)
    throws
  {
    let outcome = try Tool.run(
      "backtest", "sample-mean", runs, "--hold-out", unit, "--observed", "3", "--repeats", "2")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let rows = parseCSV(outcome.output).map { $0.map(\.field) }
    let ranked = Set(rows.filter { $0[3] == "spearman" || $0[3] == "kendall" }.map { $0[0] })
    #expect(ranked == (unit == "family" ? ["sample-mean"] : ["sample-mean", "family-mean"]))
    #expect(
      Set(rows.filter { $0[3] == "mae" }.map { $0[0] }).isSuperset(of: ["train-mean", "scenario-mean"]))
    let constant =
      ["train-mean", "scenario-mean"] + (unit == "family" ? ["family-mean"] : []) + ["item-mean"]
    #expect(
      outcome.messages.last
        == "note: no rank correlations of \(constant.joined(separator: ", ")): predictions that are the same for all "
        + "models rank none")
  }

  @Test func theTableIsForPeople() throws {
    let outcome = try Tool.run(
      "backtest", "auto", runs, "--observed", "5", "--repeats", "2", "--draw", "--compare",
      "auto,sample-mean",
      "--format", "table")
    #expect(outcome.status == 0)
    let titles = outcome.output.split(separator: "\n").first { $0.hasPrefix("┃") }
    #expect(
      titles?.split(separator: "┃").map { $0.trimmingCharacters(in: .whitespaces) }.prefix(6) == [
        "predictor", "observed", "targets", "mae", "mae lower", "mae upper",
      ])
    #expect(outcome.output.contains("│ sample-mean (baseline)"))
    #expect(outcome.output.contains("Error against observed instances"))
    #expect(outcome.output.contains("Predicted against actual scores"))
    #expect(outcome.output.contains("share auto better"))
  }

  @Test func scoresAndPlotsAreKept() throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/scores.ndjson"
    func run() throws -> String {
      let outcome = try Tool.run(
        "backtest", "aipw", runs, "--observed", "5", "--repeats", "2", "--scores", file, "--plot",
        folder.path + "/curve.svg", "--format", "json")
      #expect(outcome.status == 0, "\(outcome.errors)")
      return outcome.output
    }
    let first = try run()
    let lines = try Project.text(file)
    try Data(lines.utf8.prefix(2000)).write(to: URL(filePath: file))
    #expect(try run() == first && Project.text(file) == lines)
    for name in ["curve.svg", "curve-actual.svg"] {
      let text = try Project.text(folder.path + "/" + name)
      #expect(text.contains("<svg") && text.hasSuffix("</svg>\n"), "\(name)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 3)
  }

  @Test func perturbedScoresAreTargets() throws {
    let outcome = try Tool.run(
      "backtest", "perturbation-difference,perturbation", Project.sweep, "--target", "perturbed",
      "--hold-out",
      "model",
      "--format", "csv")
    let errors = rows(outcome.output).filter { $0["measure"] == "mae" }
    #expect(errors.map { $0["predictor"] }.contains("clean-score"))
    #expect(
      errors.first?["predictor"] == "perturbation-difference" && errors[1]["predictor"] == "perturbation")
    #expect(errors.allSatisfy { $0["targets"] == "18" })
  }

  @Test func programsTakePart() throws {
    let folder = try TemporaryFolder()
    // Every run has this score, for a program that does not look.
    let script = try folder.write(
      """
      run=$(sed 's/.*"runs": *\\["\\([^"]*\\)".*/\\1/' task.json | head -n 1)
      printf '{"run":"%s","stat":"exact_match","split":"valid","mean":0.5,"lower":0.2,"upper":0.8}\\n' "$run" \\
        > predictions.jsonl
      """, to: "half.sh")
    let outcome = try Tool.run(
      "backtest", "--exec", "sh \(script)", runs + "/plain-v1", "--runs", "*capitals*", "--hold-out", "model",
      "--disclosure", "run-spec", "--format", "csv")
    let rows = rows(outcome.output).filter { $0["predictor"] == "exec" }
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(
      rows.first { $0["measure"] == "width95" }.flatMap { Double($0["value"]!) }.map { abs($0 - 0.6) < 1e-9 }
        == true)
    #expect(outcome.messages.contains { $0.hasPrefix("note: exec: the program ran ") })
  }

  @Test func instancesAreScored() throws {
    let outcome = try Tool.run(
      "backtest", "2pl", runs, "--level", "instance", "--hold-out", "model", "--observed", "5", "--format",
      "ndjson")
    let rows = try outcome.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    let measures = rows.filter { $0["predictor"]?.string == "2pl" }.compactMap { $0["measure"]?.string }
    #expect(measures == ["brier", "brier_skill", "log_loss", "auroc", "auroc_within", "ece"])
  }

  @Test func anInterruptedBacktestKeepsWhatIsDone() throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/scores.ndjson"
    let arguments = [
      "backtest", "2pl", runs, "--repeats", "400", "--observed", "3,5", "--scores", file, "--jobs", "1",
    ]
    // Where the machine is busy a run may end before it is interrupted; one of five does not.
    var status: Int32 = 0
    for _ in 0..<5 where status == 0 {
      try? FileManager.default.removeItem(atPath: file)
      let process = Process()
      process.executableURL = URL(filePath: Tool.binary)
      process.arguments = arguments
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      // The first predictions are in the file.
      while process.isRunning,
        (try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int) ?? 0 < 5000
      {
        usleep(1000)
      }
      process.interrupt()
      process.waitUntilExit()
      status = process.terminationStatus
    }
    #expect(status == 130)
    let part = try Project.text(file)
    #expect(part.hasSuffix("}\n"))
    let outcome = try Tool.run(command: Tool.binary, arguments)
    let whole = try Project.text(file)
    #expect(outcome.status == 0 && whole.hasPrefix(part))
  }

  @Test(arguments: [
    (["nobody"], "unknown predictor 'nobody'"),
    (["auto", "--observed", "ten"], "--observed takes numbers separated by commas, such as 10,25,50."),
    (["auto", "--repeats", "0"], "--repeats must be 1 or more."),
    (["auto", "--jobs", "0"], "--jobs must be 1 or more."),
    (["auto", "--hold-out", "galaxy"], "The value 'galaxy' is invalid for '--hold-out <hold-out>'."),
    (["auto", "--compare", "auto"], "--compare takes two predictors separated by a comma."),
  ])
  func wrongUseIsExplained(_ arguments: [String], _ sentence: String) throws {
    var all = ["backtest"] + arguments
    all.insert(runs, at: 2)
    let outcome = try Tool.run(command: Tool.binary, all)
    #expect(outcome.status == 64 && outcome.errors.contains(sentence), "\(outcome.errors)")
  }

  /// As `magnet download helm --files headline` leaves them.
  @Test func statisticsAloneAreEnough() throws {
    let folder = try TemporaryFolder()
    for run in try FileManager.default.contentsOfDirectory(atPath: runs + "/plain-v1") {
      for file in ["run_spec.json", "stats.json"] {
        try folder.copy("\(runs)/plain-v1/\(run)/\(file)", to: "suite/\(run)/\(file)")
      }
    }
    let outcome = try Tool.run(
      "backtest", "rank-1-logit,auto", folder.path, "--hold-out", "run", "--format", "csv")
    // A predictor asked for that predicts nothing has a row that says so.
    #expect(outcome.status == 1)
    let silent = rows(outcome.output).filter { $0["predictor"] == "auto" }
    #expect(silent.count == 1 && silent[0]["measure"] == "" && silent[0]["targets"] == "0")
    #expect(
      outcome.messages.contains(
        "note: auto: nothing predicted: it looks at samples of instances, and no run has enough"))
    let errors = rows(outcome.output).filter { $0["measure"] == "mae" }
    #expect(errors[0]["predictor"] == "rank-1-logit" && errors[0]["targets"] == "12")
    let tables = try Tool.run("backtest", "--exec", "true", folder.path)
    #expect(tables.status == 2)
    #expect(
      tables.messages.last
        == "error: trivia:subject=calendar,model=acme_base lacks files, and a predictor here looks at tables; leave out "
        + "such runs with --runs")
    // A file that is there and broken is a fault.
    try folder.write("[", to: "suite/trivia:subject=calendar,model=acme_base/stats.json")
    let broken = try Tool.run("backtest", "rank-1-logit", folder.path, "--hold-out", "run", "--format", "csv")
    #expect(broken.status == 1 && broken.errors.contains("left out: "))
    #expect(rows(broken.output).first?["targets"] == "11")
  }

  @Test func nothingToPredictIsSaid() throws {
    let outcome = try Tool.run("backtest", "auto", runs + "/plain-v1", "--target", "perturbed")
    #expect(
      outcome.messages.suffix(1) == [
        "error: there is no score on perturbed inputs to predict: 12 runs of 4 models have scores; this needs runs made "
          + "with a data_augmentation"
      ])
    #expect(outcome.status == 2)
  }

  @Test func itemsHaveADifficulty() throws {
    let outcome = try Tool.run("items", runs + "/plain-v1", "--format", "csv")
    let rows = rows(outcome.output)
    #expect(outcome.status == 0 && rows.count == 19)
    #expect(rows.allSatisfy { $0["metric"] == "exact_match" && $0["runs"] == "4" })
    #expect(rows.allSatisfy { $0["task"]?.hasPrefix("trivia:subject=") == true })
    #expect(rows.allSatisfy { Double($0["difficulty"]!) != nil && Double($0["discrimination"]!)! > 0 })
    // The question, and a mark where something is odd.
    #expect(rows.allSatisfy { $0["input"]?.isEmpty == false })
    #expect(rows.contains { $0["input"]?.contains("capital of") == true })
    #expect(
      rows.allSatisfy { row in
        row["mean"] == "1.0"
          ? row["note"] == "every run is right"
          : (Double(row["point_biserial"]!).map { $0 < 0 } ?? false) == (row["note"] == "good runs fail it")
      })
  }
}
