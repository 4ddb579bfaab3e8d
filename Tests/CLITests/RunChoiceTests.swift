import TestSupport
import Testing

/// How commands are told which runs to read.
@Suite struct RunChoiceTests {
  /// Without a path, the runs are those of $MAGNET_RUNS, else of ./benchmark_output.
  @Test func thePathMayBeOmitted() throws {
    let folder = try TemporaryFolder()
    try folder.copy(Project.fixture("benchmark_output/runs/sweep-v1"), to: "benchmark_output/runs/sweep-v1")
    let run = "trivia:subject=capitals,data_augmentation=misspelling0.2,model=zeta_pro"
    let commands: [[String]] = [
      ["runs"], ["table", "stats", "--limit", "3"], ["sql", "SELECT count(*) FROM runs"], ["headline"],
      ["predict", "perturbation"], ["predict", "--exec", "true"], ["items"], ["show", run], ["explain", run],
      ["backtest", "sample-mean", "--observed", "2", "--repeats", "2"], ["summary"], ["partitions"],
      ["compare", "--models", "acme/base,acme/tiny"], ["diff", run, run], ["leaderboard"],
      ["select", "-k", "2"], ["plan", "--error", ".2", "--repeats", "1"], ["report", "-o", "-"],
      ["export", "sqlite", "x.db"], ["export", "csv", "out"],
    ]
    let elsewhere = try TemporaryFolder()
    for command in commands {
      let here = try Tool.run(command: Tool.binary, command, in: folder.path)
      let there = try Tool.run(
        command: Tool.binary, command, environment: ["MAGNET_RUNS": folder.path + "/benchmark_output"],
        in: elsewhere.path)
      #expect(here.status < 2 || command.contains("--exec"), "\(command): \(here.errors)")
      #expect(there.status == here.status, "\(command): \(there.errors)")
    }
    for command in [["runs"], ["sql", "SELECT 1 AS x"], ["predict", "random"], ["items"]] {
      let nowhere = try TemporaryFolder()
      let outcome = try Tool.run(
        command: Tool.binary, command, environment: ["MAGNET_RUNS": ""], in: nowhere.path)
      #expect(outcome.status == 64, "\(command)")
      #expect(
        outcome.messages == [
          "error: no folder of runs is given, $MAGNET_RUNS is not set, and there is no ./benchmark_output; "
            + "name a folder that holds runs; magnet demo writes one"
        ])
    }
  }

  /// One grammar everywhere: run names, models and scenarios; what matches nothing is an error with the nearest name.
  @Test func runsAreSelectedAlikeEverywhere() throws {
    let folder = Project.fixture("benchmark_output")
    func names(_ options: String...) throws -> [String] {
      let outcome = try Tool.run(
        command: Tool.binary, ["runs", folder, "--columns", "run", "--format", "ndjson"] + options)
      return outcome.output.split(separator: "\n").map(String.init)
    }
    let all = try names()
    #expect(try names("--model", "zeta/*") == all.filter { $0.contains("model=zeta_") })
    #expect(try names("--model", "zeta/pro|acme/base", "--scenario", "trivia:subject=calendar").count == 2)
    #expect(try names("--scenario", "trivia") == all)
    #expect(try names("--runs", "regex:.*misspelling") == all.filter { $0.contains("misspelling") })
    #expect(
      try names("--runs", "*calendar*", "--runs", "*biology*")
        == all.filter { $0.contains("calendar") || $0.contains("biology") })
    for command in [
      ["runs"], ["table", "stats"], ["items"], ["headline"], ["leaderboard"], ["summary"], ["partitions"],
      ["predict", "random"], ["backtest", "auto"], ["export", "csv", "/nowhere"],
      ["compare", "--models", "acme/base,acme/tiny"], ["plan", "--error", "1"], ["report", "-o", "-"],
    ] {
      for (option, value, message) in [
        ("--model", "acme/bas", "error: no model matches 'acme/bas'; did you mean acme/base?"),
        ("--scenario", "trivai", "error: no scenario matches 'trivai'; did you mean trivia?"),
        ("--runs", "nope*", "error: no run matches 'nope*'"),
      ] where command[0] != "partitions" || option == "--runs" {
        let outcome = try Tool.run(command: Tool.binary, command + [folder, option, value])
        #expect(outcome.status == 2 && outcome.messages == [message], "\(command): \(outcome.errors)")
      }
    }
    let broken = Project.fixture("broken")
    let faulty = try Tool.run("runs", broken, "--runs", "truncated-run-spec")
    #expect(faulty.status == 1 && faulty.output.split(separator: "\n").count == 2)
    #expect(try Tool.run("runs", broken, "--strict", "--runs", "*whole*").status == 0)
  }
}
