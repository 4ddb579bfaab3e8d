import Foundation
import TestSupport
import Testing

/// Parquet files that magnet wrote are a source like folders of runs, and parts of runs are tables of the whole.
@Suite struct ParquetLakeTests {
  private let fixtures = Project.folder.appending(path: "Fixtures/benchmark_output").path

  private func output(_ arguments: String..., status: Int32 = 0, in folder: String? = nil) throws -> String {
    let outcome = try Tool.run(command: Tool.binary, arguments, in: folder)
    #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
    return outcome.output
  }

  @Test func commandsAnswerAsOverFolders() throws {
    let folder = try TemporaryFolder()
    let lake = folder.path + "/lake"
    _ = try output("export", "parquet", lake, fixtures)
    for table in ["run-specs", "scenario-states", "stats", "per-instance-stats"] {
      func rows(_ source: String) throws -> [NSDictionary] {
        try Tool.run("table", table, source, "--format", "ndjson").output.split(separator: "\n").map { line in
          try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? NSDictionary)
        }
      }
      // Numbers that a file writes as 1 are 1.0 in a column of doubles: equal as numbers.
      let (wanted, found) = (try rows(fixtures), try rows(lake))
      #expect(wanted == found && !found.isEmpty, "\(table)")
    }
    for arguments in [
      ["sql", "SELECT suite, run, model, state FROM runs ORDER BY 1, 2"],
      ["sql", "SELECT metric, count(*), avg(mean) FROM scores GROUP BY metric ORDER BY metric"],
      ["sql", "SELECT run, count(*), min(prompt), max(input) FROM instances GROUP BY run ORDER BY run"],
      ["predict", "perturbation", "--errors", "--format", "csv", "--runs", "trivia*"],
      ["items", "--format", "csv"],
    ] {
      func answer(_ source: String) throws -> Tool.Outcome {
        let place = arguments[0] == "predict" ? 2 : 1
        return try Tool.run(command: Tool.binary, Array(arguments[..<place]) + [source] + arguments[place...])
      }
      let (wanted, found) = (try answer(fixtures), try answer(lake))
      #expect(wanted.output == found.output && wanted.status == found.status, "\(arguments): \(found.errors)")
    }
  }

  /// Files of the fixed schema, a part each, answer as the folders do: what stands in `extra` is found again.
  @Test func partsOfTheFixedSchemaAnswerAsFolders() throws {
    let folder = try TemporaryFolder()
    let parts = folder.path + "/parts.ndjson"
    _ = try output("partitions", fixtures, "--bytes", "1M", "-o", parts)
    for table in ["run-specs", "scenario-states", "stats", "per-instance-stats"] {
      try FileManager.default.createDirectory(
        atPath: folder.path + "/lake/" + table, withIntermediateDirectories: true)
      for part in try Project.text(parts).split(separator: "\n").indices {
        _ = try output(
          "table", table, "--paths-from", "\(parts)#\(part)", "--schema", "v1", "-o",
          folder.path + "/lake/\(table)/part-\(part).parquet")
      }
    }
    let lake = folder.path + "/lake"
    for arguments in [
      ["table", "stats"], ["table", "per-instance-stats"],
      ["table", "run-specs", "--schema", "v1"],
      ["table", "stats", "--schema", "v1"],
      ["leaderboard"], ["headline"], ["runs"], ["predict", "random"],
    ] {
      let wanted = try Tool.run(command: Tool.binary, arguments + [fixtures, "--format", "csv"])
      let found = try Tool.run(command: Tool.binary, arguments + [lake, "--format", "csv"])
      #expect(wanted.output == found.output && wanted.status == found.status, "\(arguments): \(found.errors)")
    }
    let query = """
      SELECT count(*), count(DISTINCT "run_spec.scenario_spec.args.subject") FROM run_specs
      """
    #expect(try output("sql", lake, query) == output("sql", fixtures, query))
  }

  /// One run of Parquet files is named as one of an archive.
  @Test func aRunHasAPathOfItsOwn() throws {
    let folder = try TemporaryFolder()
    let lake = folder.path + "/lake"
    _ = try output("export", "parquet", lake, fixtures)
    let run = "trivia:subject=calendar,model=acme_base"
    for command in ["show", "explain"] {
      let wanted = try output(command, fixtures + "/runs/plain-v1/" + run, "--format", "csv")
      for name in [run, "plain-v1/" + run, "*calendar,model=acme_base"] {
        #expect(try output(command, lake + "!/" + name, "--format", "csv") == wanted)
      }
    }
    // A lake holds all that runs are compared by but their scenario.json.
    let other = "trivia:subject=calendar,model=acme_tiny"
    func lines(_ place: String) throws -> [Substring] {
      try output("diff", place + run, place + other, "--format", "csv").split(separator: "\n").filter {
        !$0.hasPrefix("scenario,")
      }
    }
    #expect(try lines(lake + "!/") == lines(fixtures + "/runs/plain-v1/"))
    let missing = try Tool.run("show", lake + "!/trivia:subject=calender,model=acme_base")
    #expect(missing.status == 2 && missing.errors.contains("did you mean \(run)"), "\(missing.errors)")
    let parts = try Tool.run("partitions", lake)
    #expect(parts.status == 2 && parts.errors.contains("Parquet files are parts already"))
  }

  /// Runs of files without paths stay in the order of their rows, and two of one name are not taken for one.
  @Test func filesWithoutPaths() throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/stats.parquet"
    let suites = ["sweep-v1", "plain-v1"].map { fixtures + "/runs/" + $0 }
    _ = try output("table", "stats", suites[0], suites[1], "-o", file)
    #expect(
      try output("table", "stats", file, "--format", "csv")
        == output("table", "stats", suites[0], suites[1], "--format", "csv"))
    // Two suites have a run of this name.
    _ = try output("table", "stats", fixtures, "-o", file, "--force")
    let note = try Tool.run("table", "stats", file, "--format", "csv").errors
    #expect(note.contains("rows of trivia:subject=capitals,model=acme_base lie apart"), "\(note)")
    let run = "trivia:subject=calendar,model=acme_base"
    for suite in ["a", "b"] {
      _ = try folder.copy(fixtures + "/runs/plain-v1/" + run, to: "runs/\(suite)/" + run)
    }
    _ = try output("table", "run-specs", folder.path + "/runs", "-o", folder.path + "/specs.parquet")
    let found = try Tool.run("leaderboard", folder.path + "/specs.parquet")
    #expect(found.errors.contains("several runs are called \(run)"), "\(found.errors)")
  }

  /// Schemas that lie beside runs are part of the lake: they choose the metrics of scores.
  @Test func schemasComeAlong() throws {
    let folder = try TemporaryFolder()
    let runs = try folder.copy(fixtures, to: "benchmark_output")
    let schema = """
      {"metrics": [{"name": "quasi_exact_match", "lower_is_better": false}],
      "metric_groups": [{"name": "g", "metrics": [{"name": "${main_name}", "split": "${main_split}"}]}],
      "run_groups": [{"name": "trivia", "metric_groups": ["g"],
      "environment": {"main_name": "quasi_exact_match", "main_split": "test"}}]}
      """
    for suite in ["plain-v1", "plain-v2", "sweep-v1"] {
      try folder.write(schema, to: "benchmark_output/runs/\(suite)/schema.json")
    }
    let lake = folder.path + "/lake"
    _ = try output("export", "parquet", lake, runs)
    for command in [["headline"], ["leaderboard"]] {
      let (wanted, found) = (
        try Tool.run(command: Tool.binary, command + [runs, "--format", "csv"]),
        try Tool.run(command: Tool.binary, command + [lake, "--format", "csv"])
      )
      #expect(wanted.output == found.output && wanted.status == found.status, "\(found.errors)")
      if command == ["headline"] {
        #expect(found.output.contains("quasi_exact_match"), "\(found.output)")
      }
    }
    // Written by someone else, the file is not replaced; broken, it is named.
    try folder.write("[{}]", to: "lake/_schemas.json")
    #expect(try Tool.run("export", "parquet", lake, runs).errors.contains("--force"))
    #expect(try Tool.run("headline", lake).errors.contains("_schemas.json"))
  }

  /// Runs that are named both as folders and in Parquet files count once.
  @Test func foldersComeBeforeFiles() throws {
    let folder = try TemporaryFolder()
    _ = try output("export", "parquet", folder.path + "/lake", fixtures)
    let query = "SELECT count(*), count(DISTINCT path) FROM runs"
    #expect(try output("sql", folder.path + "/lake", fixtures, query) == output("sql", fixtures, query))
  }

  @Test func oneFileAndOtherNamesWillDo() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.path + "/lake/suite=a", withIntermediateDirectories: true)
    let run = fixtures + "/runs/plain-v1"
    _ = try output("table", "stats", run, "-o", folder.path + "/lake/suite=a/part-0.parquet")
    let query = "SELECT count(*), avg(mean) FROM scores"
    // Nothing but statistics is there, so the runs are incomplete.
    let found = try Tool.run("sql", folder.path + "/lake", query)
    #expect(try found.output == output("sql", run, query), "\(found.errors)")
  }

  @Test func damagedAndForeignFilesAreNamed() throws {
    let folder = try TemporaryFolder()
    try folder.write("PAR1 and more PAR1", to: "x.parquet")
    let damaged = try Tool.run("sql", folder.path, "SELECT 1 FROM runs")
    #expect(damaged.status == 2 && damaged.errors.contains("x.parquet: "), "\(damaged.errors)")
    let foreign = try TemporaryFolder()
    _ = try output("sql", fixtures, "SELECT 1 AS one", "-o", foreign.path + "/y.parquet")
    let outcome = try Tool.run("runs", foreign.path)
    #expect(outcome.status == 2 && outcome.errors.contains("the columns are not those of a table of runs"))
  }

  @Test func partsCoverEachRunOnce() throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/parts.ndjson"
    _ = try output("partitions", fixtures, "--bytes", "200k", "-o", file)
    let lines = try Project.text(file).split(separator: "\n")
    #expect(lines.count > 2)
    var rows = ""
    for part in lines.indices {
      rows += try output(
        "table", "stats", "--paths-from", "\(file)#\(part)", "--schema", "v1", "--format", "ndjson")
    }
    #expect(try rows == output("table", "stats", fixtures, "--schema", "v1", "--format", "ndjson"))
    #expect(
      try output("table", "stats", "--paths-from", file, "--schema", "v1", "--format", "ndjson") == rows)
    let missing = try Tool.run("table", "stats", "--paths-from", file + "#99")
    #expect(missing.status == 2 && missing.errors.contains("it has no part 99"))
  }

  @Test func pathsComeFromFilesToo() throws {
    let folder = try TemporaryFolder()
    let suites = ["plain-v1", "sweep-v1"].map { fixtures + "/runs/" + $0 }
    let wanted = try Tool.run(command: Tool.binary, ["runs"] + suites).output
    for separator in ["\n", "\0"] {
      try folder.write(suites.joined(separator: separator), to: "list")
      #expect(try output("runs", "--paths-from", folder.path + "/list") == wanted)
    }
    let piped = try Tool.run(
      command: "/bin/sh",
      ["-c", "cat \"$1\" | \"$0\" runs --paths-from -", Tool.binary, folder.path + "/list"])
    #expect(piped.output == wanted)
    try folder.write("{\"part\": 0}\n", to: "list")
    #expect(try Tool.run("runs", "--paths-from", folder.path + "/list").status == 2)
    #expect(try Tool.run("runs").status == 64)
  }

  @Test func faultsAreRowsToo() throws {
    let folder = try TemporaryFolder()
    let broken = Project.folder.appending(path: "Fixtures/broken").path
    let file = folder.path + "/faults.ndjson"
    let outcome = try Tool.run("table", "stats", broken, fixtures, "--faults", file, "--format", "csv")
    #expect(outcome.status == 1)
    let lines = try Project.text(file).split(separator: "\n")
    #expect(lines.count == outcome.messages.count { $0.contains("left out: ") } && lines.count > 3)
    #expect(lines.allSatisfy { $0.contains("\"file\":\"") && $0.contains("\"problem\":\"") })
    _ = try output("table", "stats", fixtures, "--faults", file, "--format", "csv")
    #expect(try Project.text(file).isEmpty)
  }
}
