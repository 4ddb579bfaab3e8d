import Foundation
import Magnet
import TestSupport
import Testing

/// `magnet judge run --helm`: predictors on HELM's timeline.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")))
struct JudgeHelmCommandTests {
  private let folder: TemporaryFolder
  private let arguments: [String]

  init() throws {
    folder = try TemporaryFolder()
    let script = Project.folder.appending(path: "Benchmarks/make_scores.py").path
    let made = try Tool.run(
      command: "/usr/bin/python3", [script, folder.path + "/made", "--models", "14", "--small"])
    #expect(made.status == 0, "\(made.errors)")
    let dates = (0..<13).map { String(format: "maker%02d/model-0,2024-%02d-20", $0, 1 + $0 % 4 * 3) }
    try folder.write("model,date\n" + dates.joined(separator: "\n") + "\n", to: "dates.csv")
    arguments = [
      "judge", "run", "--helm", folder.path + "/made", "--runs", "*subject=astronomy,model*", "--runs",
      "*subject=chess,model*", "--dates", folder.path + "/dates.csv", "--observed", "10", "--format", "csv",
    ]
  }

  private func judge(_ more: String...) throws -> Tool.Outcome {
    try Tool.run(command: Tool.binary, arguments + more, in: folder.path)
  }

  @Test func predictorsAreRankedAgainstPersistence() throws {
    let options = ["--algorithms", "scenario-mean,auto", "--repeats", "2", "--results", "h.judge"]
    let found = try Tool.run(command: Tool.binary, arguments + options + ["--jobs", "2"], in: folder.path)
    #expect(found.status == 0, "\(found.errors) \(found.output)")
    #expect(found.errors.contains("left out, without a date: maker13/model-0"))
    #expect(found.errors.contains("4 steps of time: 2024-Q1, 2024-Q2, 2024-Q3, 2024-Q4"))
    let rows = parseCSV(found.output).map { $0.map(\.field) }
    let titles = try #require(rows.first)
    #expect(rows.count == 1 + 2 * 4)
    func value(_ name: String, _ algorithm: String, _ challenge: String) throws -> String {
      let place = try #require(titles.firstIndex(of: name))
      return try #require(rows.first { $0[0] == challenge && $0[4] == algorithm })[place]
    }
    for challenge in ["HelmFollow", "HelmPredict"] {
      #expect(try value("skill", "Persistence (baseline)", challenge) == "0.0")
      let mean = try value("skill", "MeanOfAll (baseline)", challenge)
      #expect(try value("skill", "scenario-mean", challenge).prefix(8) == mean.prefix(8))
      #expect(try value("skill.lower", "auto", challenge) != "")
    }
    // Ten instances say more than the last step.
    #expect(try #require(Double(try value("skill", "auto", "HelmFollow"))) > 0.2)
    let again = try Tool.run(command: Tool.binary, arguments + options + ["--jobs", "1"], in: folder.path)
    #expect(again.output == found.output)
    let board = try Tool.run("judge", "leaderboard", "h.judge", "--format", "csv", in: folder.path)
    #expect(board.output == found.output && board.status == 0)
    let fresh = try Tool.run(
      command: Tool.binary, arguments + options.dropLast(2) + ["--jobs", "1"], in: folder.path)
    #expect(fresh.output == found.output)
    let snapshots = try Tool.run("judge", "show", "h.judge", "--format", "csv", in: folder.path)
    #expect(parseCSV(snapshots.output).count == 1 + 8 * 3 + 8 * 2)
    let forecasts = try Tool.run(
      "judge", "show", "h.judge", "--forecasts", "--format", "json", in: folder.path)
    let items = try JSONValue(parsing: forecasts.output).elements
    // Nine models after the first step, six after the second, on two scenarios.
    #expect(items.count == 8 * 2 * (9 + 6))
    for item in items {
      let (actual, predicted) = (item["actual"]?.double ?? .nan, item["predicted"]?.double ?? .nan)
      #expect(abs((item["error"]?.double ?? .nan) - (predicted - actual)) < 1e-12)
    }
  }

  @Test func programsArePredictors() throws {
    let made = try Tool.run("new", "predictor", "mine", "--python", in: folder.path)
    #expect(made.status == 0, "\(made.errors)")
    let found = try judge(
      "--exec", "/usr/bin/python3 \(folder.path)/mine/mine.py", "--challenges", "HelmFollow")
    #expect(found.output.contains(",exec,"), "\(found.errors)")
    let row = try #require(
      parseCSV(found.output).map { $0.map(\.field) }.first { $0.count > 4 && $0[4] == "exec" })
    #expect(row.contains("done") && row[5] != "", "\(row)")
  }

  @Test func theArticlesCommandsWork() throws {
    // Release dates in a schema, and in a file.
    let models = (0..<13).map { number in
      String(
        format: #"{"name": "maker%02d/model-0", "release_date": "2024-%02d-20"}"#, number, 1 + number % 4)
    }
    let empty = ["adapter", "metrics", "perturbations", "metric_groups", "run_groups"].map { "\"\($0)\": []" }
    try folder.write(
      "{\(empty.joined(separator: ", ")), \"models\": [\(models.joined(separator: ","))]}",
      to: "made/benchmark_output/runs/scores-v1/schema.json")
    try folder.write(Project.text(folder.path + "/dates.csv"), to: "made/dates.csv")
    for command in try JudgeCommandTests.commands(in: "ForecastHELMsScores") {
      let outcome = try Tool.run(
        command: "/bin/sh",
        ["-c", command.replacing("magnet ", with: "'\(Tool.binary)' ", maxReplacements: 1)],
        in: folder.path + "/made")
      #expect(outcome.output.contains("Persistence (baseline)"), "\(command): \(outcome.errors)")
      #expect(outcome.status == 0, "\(command): \(outcome.errors) \(outcome.output)")
    }
  }

  /// The file of --dates, else the dates of schema.json, else the suites.
  @Test func theOrderIsThatOfDatesThenOfSuites() throws {
    let runs = folder.path + "/made/benchmark_output/runs"
    func steps(_ more: String...) throws -> (steps: String, errors: String) {
      let outcome = try Tool.run(
        command: Tool.binary,
        [
          "judge", "run", "--helm", folder.path + "/made", "--runs", "*subject=chess,model*", "--algorithms",
          "MeanOfAll", "--challenges", "HelmFollow", "--observed", "5", "--format", "csv",
        ] + more, in: folder.path)
      let line = outcome.messages.first { $0.contains(" steps of time: ") } ?? ""
      return (String(line.split(separator: "time: ").last ?? ""), outcome.errors)
    }
    func writeSchema(_ suite: String, _ member: (Int) -> String) throws {
      let models = (0..<14).map { String(format: #"{"name": "maker%02d/model-0"\#(member($0))}"#, $0) }
      let empty = ["adapter", "metrics", "perturbations", "metric_groups", "run_groups"].map {
        "\"\($0)\": []"
      }
      try folder.write(
        "{\(empty.joined(separator: ", ")), \"models\": [\(models.joined(separator: ","))]}",
        to: "made/benchmark_output/runs/\(suite)/schema.json")
    }
    // Suites alone, the tenth after the ninth.
    for suite in ["scores-v9", "scores-v10"] {
      try FileManager.default.createDirectory(atPath: "\(runs)/\(suite)", withIntermediateDirectories: true)
    }
    for name in try FileManager.default.contentsOfDirectory(atPath: runs + "/scores-v1") {
      guard name.contains("subject=chess,"), let number = Int(name.suffix(10).prefix(2)) else { continue }
      let suite = number < 4 ? "scores-v1" : number < 9 ? "scores-v9" : "scores-v10"
      if suite == "scores-v1" { continue }
      try FileManager.default.moveItem(
        atPath: "\(runs)/scores-v1/\(name)", toPath: "\(runs)/\(suite)/\(name)")
    }
    var found = try steps()
    #expect(found.steps == "scores-v1, scores-v9, scores-v10", "\(found.errors)")
    #expect(found.errors.contains("note: no release date is known"), "\(found.errors)")
    // A schema that has no dates changes nothing.
    try writeSchema("scores-v10") { _ in #", "description": "x""# }
    #expect(try steps().steps == "scores-v1, scores-v9, scores-v10")
    #expect(try steps("--step", "suite").steps == "scores-v1, scores-v9, scores-v10")
    #expect(try steps("--step", "quarter").errors.contains("left out, without a date: maker00/model-0"))
    // Dates of a schema go before suites.
    try writeSchema("scores-v10") { $0 == 13 ? "" : #", "release_date": "202\#($0 % 2 + 3)-05-01""# }
    found = try steps()
    #expect(found.steps == "2023-Q2, 2024-Q2", "\(found.errors)")
    #expect(found.errors.contains("left out, without a date: maker13/model-0"), "\(found.errors)")
    // Those of a file go before the schema's, one by one.
    let file = try folder.write("maker13/model-0,2025-01-31\nmaker00/model-0,2022-12-31\n", to: "own.csv")
    found = try steps("--dates", file)
    #expect(
      found.steps == "2022-Q4, 2023-Q2, 2024-Q2, 2025-Q1" && !found.errors.contains("left out"),
      "\(found.errors)")
    #expect(try steps("--dates", file, "--step", "month").steps == "2022-12, 2023-05, 2024-05, 2025-01")
    #expect(try steps("--step", "suite").steps == "scores-v1, scores-v9, scores-v10")
  }

  @Test func wrongUsageIsExplained() throws {
    for (more, status, text) in [
      (["--challenges", "Follow"], 64, "unknown challenge 'Follow'; did you mean HelmFollow"),
      (["--algorithms", "atuo"], 64, "unknown algorithm 'atuo'; did you mean auto"),
      (["--world", "walk"], 64, "give one of --world"),
      (["--challenges", "HelmPredict", "--timesteps-ahead", "3"], 64, "looks 1 to 2 ahead"),
      (["--challenges", "HelmFollow", "--observed", "500"], 2, "no run has more than 500 instances"),
      (["--step", "suite"], 64, "--dates goes with steps of dates"),
    ] as [([String], Int32, String)] {
      let outcome = try Tool.run(command: Tool.binary, arguments + more, in: folder.path)
      #expect(outcome.status == status, "\(more): \(outcome.errors)")
      #expect(outcome.errors.contains(text), "\(more): \(outcome.errors)")
    }
    let bare = try Tool.run("judge", "run", "--challenges", "HelmPredict")
    #expect(bare.status == 64 && bare.errors.contains("HelmPredict needs runs of HELM: --helm PATH"))
    let dates = try Tool.run("judge", "run", "--dates", "x.csv")
    #expect(dates.status == 64 && dates.errors.contains("go with --helm"))
    // Neither a schema nor a file has dates of these models.
    let undated = try Tool.run("judge", "run", "--helm", folder.path + "/made", "--format", "csv")
    #expect(undated.status == 2 && undated.errors.contains("needs models of at least 2 timesteps"))
  }
}
