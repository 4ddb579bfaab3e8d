import Foundation
import Magnet
import TestSupport
import Testing

@Suite struct PredictCommandTests {
  private let plain = Project.fixture("benchmark_output/runs/plain-v1")

  @Test func perturbationPredictsAsPython() throws {
    let outcome = try Tool.run("predict", "perturbation", Project.sweep, "--errors", "--format", "csv")
    #expect(outcome.status == 0)
    let line = parseCSV(outcome.output)[1].map(\.field)
    #expect(line[0] == "trivia:subject=capitals,data_augmentation=misspelling0.2,model=zeta_pro")
    #expect(abs(Double(line[3])! - 0.2) < 1e-9 && line[4] == "0.6")
  }

  /// The target run that is drawn has the metric that was asked for; where none has it, the nearest are named.
  @Test func theTargetRunHasTheMetric() throws {
    let folder = try TemporaryFolder()
    for (number, model) in ["a/s", "a/t", "b/u", "b/v", "c/w", "c/x"].enumerated() {
      for (task, metric) in [("maths:part=one", "equal"), ("quiz:part=one", "exact_match")] {
        var run = MadeRun(task, model, (0..<6).map { $0 <= number ? 1 : 0 })
        run.metric = metric
        try run.write(to: folder)
      }
    }
    for predictor in ["train-mean", "sample-mean", "random"] {
      for seed in 1...8 {
        let outcome = try Tool.run(
          "predict", predictor, folder.path, "--metric", "exact_match", "--seed", "\(seed)", "--format", "csv"
        )
        if predictor == "random" {
          // It predicts a split that the runs do not have: what is drawn is what counts.
          #expect(outcome.output.contains("quiz:part=one"))
        } else {
          #expect(outcome.status == 0, "\(outcome.errors)")
          #expect(parseCSV(outcome.output).dropFirst().allSatisfy { $0[0].field.hasPrefix("quiz:") })
        }
      }
      let missing = try Tool.run("predict", predictor, folder.path, "--metric", "exact_matc")
      #expect(missing.status == 2)
      #expect(missing.errors.contains("no metric 'exact_matc'; did you mean exact_match?"))
    }
    let named = try Tool.run(
      "predict", "train-mean", folder.path, "--metric", "exact_match", "--target-run", "maths:*model=a_s")
    #expect(named.status == 2)
    #expect(named.errors.contains("maths:part=one,model=a_s: no metric 'exact_match'; choose from: equal"))
  }

  @Test func tableIsDrawnWithAHeavyHeader() throws {
    let lines = try Tool.run("predict", "perturbation", Project.sweep, "--format", "table").output
      .split(separator: "\n")
    #expect(lines.count == 7)
    #expect(lines[6] == "exact_match, 1 pair: mean absolute error 0.400, RMSE 0.400, bias -0.400")
    #expect(lines[0].hasPrefix("┏━") && lines[2].hasPrefix("┡━") && lines[5].hasPrefix("└─"))
    let titles = lines[1].split(separator: "┃").map { $0.trimmingCharacters(in: .whitespaces) }
    #expect(
      titles.prefix(11) == [
        "run_spec", "source", "name", "mean", "min", "max", "count", "stddev", "sum", "sum_squared",
        "variance",
      ])
    #expect(lines[3].contains("│ predicted │") && lines[4].contains("│ actual    │"))
    #expect(lines[4].contains("│ 0.600 │"))
  }

  /// Errors of a prediction beside it in JSON, and below the table, a line for each metric; nothing in CSV.
  @Test func measuresStandBesideThePredictions() throws {
    let outcome = try Tool.run("predict", "random-instance", Project.sweep, "--errors", "--format", "json")
    let found = try JSONValue(parsing: outcome.output)
    let predictions = try #require(found["predictions"]).elements
    let errors = predictions.compactMap { $0["error"]?.double }
    let measures = try #require(found["measures"]).elements
    #expect(measures.count == 1 && measures[0]["metric"] == .string("exact_match"))
    #expect(measures[0]["pairs"] == .int(Int64(errors.count)) && errors.count > 1)
    let absolute = errors.map { abs($0) }.reduce(0, +) / Double(errors.count)
    #expect(measures[0]["mae"]?.double == absolute && measures[0]["coverage95"] == .null)
    let squares = errors.map { $0 * $0 }.reduce(0, +) / Double(errors.count)
    #expect(measures[0]["rmse"]?.double == squares.squareRoot())
    #expect(measures[0]["bias"]?.double == errors.reduce(0, +) / Double(errors.count))
    let markdown = try Tool.run("predict", "perturbation", Project.sweep, "--format", "markdown").output
    #expect(
      markdown.hasSuffix("|\n\nexact_match, 1 pair: mean absolute error 0.400, RMSE 0.400, bias -0.400\n"))
    let csv = try Tool.run("predict", "perturbation", Project.sweep, "--format", "csv").output
    #expect(parseCSV(csv).count == 3)
  }

  /// What a predictor knows of its own error is shown, in tables and comparisons.
  @Test func intervalsAndStandardErrorsAreShown() throws {
    let capitals = "trivia:subject=capitals,*"
    for flags in [[], ["--errors"]] {
      let arguments =
        ["predict", "sample-mean", plain, "--observed", "5", "--runs", capitals, "--format", "csv"]
        + flags
      let outcome = try Tool.run(command: Tool.binary, arguments)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let table = parseCSV(outcome.output).map { $0.map(\.field) }
      func value(_ name: String) throws -> String { table[1][try #require(table[0].firstIndex(of: name))] }
      let mean = try #require(Double(try value(flags.isEmpty ? "mean" : "predicted_mean")))
      let lower = try #require(Double(try value("lower")))
      let upper = try #require(Double(try value("upper")))
      #expect(lower < mean && mean < upper && upper <= 1)
      if flags.isEmpty {
        #expect(try Double(value("standard_error")).map { $0 > 0.05 } == true)
        #expect(try value("stddev") == "")
      }
    }
    let line = try Tool.run(
      "predict", "sample-mean", plain, "--observed", "5", "--runs", capitals, "--format", "table"
    )
    .output.split(separator: "\n").last
    #expect(line?.contains("coverage of 95% intervals ") == true)
  }

  @Test func sameSeedSameBytes() throws {
    for predictor in ["random", "random-instance", "perturbation"] {
      func output(_ seed: String) throws -> String {
        try Tool.run("predict", predictor, Project.sweep, "--seed", seed, "--format", "csv").output
      }
      #expect(try output("3") == output("3"))
      #expect(try output("3") != output("4"))
    }
  }

  @Test func instancePredictionsAreMatched() throws {
    let outcome = try Tool.run(
      "predict", "random-instance", Project.sweep, "--observed", "4", "--errors", "--format", "ndjson")
    let pairs = try outcome.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    #expect(Set(pairs.map { $0["instance_id"]?.string }).count == 4)
    #expect(pairs.allSatisfy { $0["actual_mean"]?.double != nil && $0["error"]?.double != nil })
    #expect(outcome.errors.isEmpty)
  }

  @Test func runsWithoutPerturbationsAreNamed() throws {
    let outcome = try Tool.run("predict", "perturbation", plain)
    #expect(outcome.status == 2 && outcome.output.isEmpty)
    #expect(
      outcome.messages == [
        "error: none of the example runs has an exact_match computed on misspelled inputs: "
          + "trivia:subject=calendar,model=acme_tiny, trivia:subject=calendar,model=zeta_lite, "
          + "trivia:subject=marine_biology,model=acme_tiny; the perturbation predictor needs runs made with "
          + "data_augmentation=misspelling_sweep"
      ])
  }

  @Test func oneStrengthPredictsTheMeanAndWarns() throws {
    let outcome = try Tool.run(
      "predict", "perturbation", Project.sweep, "--runs", "*misspelling0.2,*", "--format", "csv")
    #expect(outcome.status == 0)
    #expect(
      outcome.messages.last
        == "note: the example runs have one strength of misspellings, prob 0.2; "
        + "their mean is predicted, whatever the strength of the target run")
  }

  @Test func tooFewRuns() throws {
    let outcome = try Tool.run("predict", "random", plain, "--example-runs", "12")
    #expect(outcome.status == 2)
    #expect(
      outcome.messages == [
        "error: the split needs 13 runs (12 example runs and one to predict), and 12 are left of the 12 found; "
          + "give more runs, a wider filter, or fewer example runs"
      ])
    let none = try Tool.run("predict", "random", plain, "--runs", "mmlu*")
    #expect(none.messages == ["error: no run matches 'mmlu*'"])
  }

  @Test func fewerInstancesThanSamplesWarns() throws {
    let outcome = try Tool.run("predict", "random", plain)
    #expect(outcome.status == 0)
    #expect(
      outcome.messages == [
        "note: trivia:subject=capitals,model=acme_base: only 8 of the requested 20 instances available; "
          + "using all 8"
      ])
  }

  @Test func repeatedRunNamesCountOnce() throws {
    let outcome = try Tool.run(
      "predict", "random", Project.fixture(), "--runs", "*model=acme_base", "--observed", "1")
    #expect(outcome.status == 0)
    #expect(
      outcome.messages == [
        "note: run trivia:subject=capitals,model=acme_base is in suites plain-v1 and plain-v2; "
          + "the one in plain-v2 is used"
      ])
  }

  @Test func brokenRunsAreLeftOutAndTheSplitIsThatOfTheRest() throws {
    let folder = try TemporaryFolder()
    try folder.copy(Project.sweep, to: "s")
    for fault in [
      "truncated-stats", "number-for-stat-name", "missing-scenario-state", "empty:model=acme_base",
    ] {
      try folder.copy(Project.fixture("broken/" + fault), to: "s/" + fault)
    }
    for seed in 1...8 {
      let whole = try Tool.run(
        "predict", "perturbation", Project.sweep, "--seed", "\(seed)", "--format", "csv")
      let damaged = try Tool.run(
        "predict", "perturbation", folder.path, "--seed", "\(seed)", "--format", "csv")
      #expect(damaged.status == (whole.status == 0 ? 1 : 2))
      // A fault inside a file shows when the file is read: the run takes part in the draw until then.
      if damaged.messages.filter({ $0.contains("left out") }).count == 4 {
        #expect(damaged.output == whole.output)
      }
      #expect(damaged.messages.contains { $0.contains("truncated-stats/stats.json: byte 100") })
    }
    #expect(try Tool.run("predict", "random", folder.path, "--strict").status == 2)
  }
}

/// What a terminal shows, through script(1).
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script"), "script(1) is missing"))
struct TerminalTests {
  private func screen(_ width: Int, _ arguments: String, environment: String = "") throws -> [String] {
    #if os(macOS)
      let command = [
        "-q", "/dev/null", "/bin/sh", "-c",
        "stty cols \(width); \(environment) '\(Tool.binary)' \(arguments)",
      ]
    #else
      let command = [
        "-qec",
        "stty cols \(width); \(environment) '\(Tool.binary)' \(arguments.contains("2>&1") ? arguments : arguments + " 2>/dev/null")",
        "/dev/null",
      ]
    #endif
    let outcome = try Tool.run(
      command: "/usr/bin/script", command, environment: ["TERM": "xterm", "SHELL": "/bin/sh"])
    return outcome.output.replacing("\r\n", with: "\n").split(separator: "\n").map(String.init)
  }

  @Test(arguments: [60, 100, 200]) func fitsTheWidth(_ width: Int) throws {
    for command in ["predict perturbation", "predict random-instance", "runs", "predict random --errors"] {
      let lines = try screen(width, "\(command) '\(Project.sweep)'", environment: "NO_COLOR=1")
      #expect(lines.count > 4)
      for line in lines where "┏┃┡│└".contains(line.first!) {
        #expect(displayWidth(line) <= width, "\(command): \(line)")
      }
      #expect(!lines.joined().contains("\u{1B}"))
    }
  }

  @Test func coloursOnATerminalOnly() throws {
    #expect(
      try screen(100, "predict random '\(Project.sweep)'", environment: "env -u NO_COLOR").joined().contains(
        "\u{1B}["))
    #expect(try !Tool.run("predict", "random", Project.sweep).output.contains("\u{1B}["))
  }

  /// Twenty rows, and on standard error how to see the others; all in a pipe, in a file, and where they are asked for.
  @Test func longTablesAreCutOnATerminalOnly() throws {
    func rows(_ options: String) throws -> Int {
      try screen(80, "table stats '\(Project.sweep)' --columns stats.name.name \(options)").count - 4
    }
    let count =
      try Tool.run("table", "stats", Project.sweep, "--columns", "stats.name.name").output
      .split(separator: "\n").count - 1
    #expect(count > 1000)
    #expect(try rows("") == 20 && rows("--limit 0") == count && rows("--limit 30") == 30)
    #expect(try rows("--where stats.name.name=exact_match --limit 0") < 1000)
    let said = try screen(80, "table stats '\(Project.sweep)' --columns mean 2>&1").last
    #expect(said == "note: 20 of \(count) rows; --limit 0 shows all, -o FILE writes all")
  }

  @Test func tableIsATableOnATerminalAndCSVInAPipe() throws {
    let arguments = "table stats '\(Project.sweep)' --limit 1 --columns stats.name.name"
    #expect(try screen(80, arguments).first?.hasPrefix("┏") == true)
    #expect(try Tool.run("table", "stats", Project.sweep, "--limit", "1").output.hasPrefix("run_spec.name,"))
  }
}
