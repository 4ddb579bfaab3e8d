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
      let (wanted, found) = (
        try output("table", table, fixtures, "--format", "ndjson"),
        try output("table", table, lake, "--format", "ndjson")
      )
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
    for name in [lake + "!", lake + "!/"] {
      #expect(try output("runs", name, "--format", "csv") == output("runs", lake, "--format", "csv"))
    }
    #expect(try Tool.run("runs", lake + "!" + run).status == 2)
    _ = try output("archive", lake, "-o", folder.path + "/lake.zip")
    let packed = try Tool.run("runs", folder.path + "/lake.zip")
    #expect(packed.status == 2 && packed.errors.contains("lake.zip: Parquet files are in it, which are read"))
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

  /// The shell writes `lake/*.parquet` out, and a quoted pattern is written out by magnet: the files are one place.
  @Test func filesNamedOneByOneAreOnePlace() throws {
    let folder = try TemporaryFolder()
    let lake = folder.path + "/lake"
    _ = try output("export", "parquet", lake, fixtures)
    let files = ["stats", "run_specs", "per_instance_stats", "scenario_states"].map {
      "\(lake)/\($0).parquet"
    }
    let query = "SELECT suite, run, model, state FROM runs ORDER BY path"
    let wanted = try output("sql", fixtures, query)
    #expect(try output("sql", files[0], files[1], files[2], files[3], query) == wanted)
    for pattern in ["/*.parquet", "*", "/[a-z]*.parquet"] {
      #expect(try output("sql", lake + pattern, query) == wanted)
    }
    // Folders of one table each, as Spark's parts lie.
    for file in files {
      let name = URL(filePath: file).deletingPathExtension().lastPathComponent
      try FileManager.default.createDirectory(
        atPath: "\(folder.path)/parts/\(name)", withIntermediateDirectories: true)
      try FileManager.default.moveItem(atPath: file, toPath: "\(folder.path)/parts/\(name)/0.parquet")
    }
    #expect(try output("sql", folder.path + "/parts/*", query) == wanted)
  }

  /// Rows that are there twice are not counted twice.
  @Test func nothingCountsTwice() throws {
    let folder = try TemporaryFolder()
    let (lake, other) = (folder.path + "/lake", folder.path + "/other")
    _ = try output("export", "parquet", lake, fixtures)
    _ = try output("export", "parquet", other, fixtures, "--schema", "v1")
    let query = "SELECT count(*), count(DISTINCT suite || run) FROM scores"
    let wanted = try output("sql", fixtures, query)
    let twice = try Tool.run("sql", lake, other, query)
    #expect(twice.output == wanted && twice.status == 0)
    #expect(twice.messages.contains("note: 37 runs are in \(lake) and in \(other); read from \(lake)"))
    #expect(try output("sql", lake, lake + "!/plain-v1/*", lake + "/stats.parquet", query) == wanted)

    let stats = try folder.copy(lake + "/stats.parquet", to: "lake/more/stats.parquet")
    let copied = try Tool.run("sql", lake, query)
    #expect(copied.status == 2 && copied.errors.contains("the rows are those of "), "\(copied.errors)")
    try FileManager.default.removeItem(atPath: stats)
    // An export of one suite beside that of all.
    _ = try output("export", "parquet", lake + "/more", fixtures + "/runs/plain-v2")
    let again = try Tool.run("sql", lake, query)
    #expect(again.status == 1 && again.messages.count == 1)
    #expect(
      again.errors.contains("plain-v2/trivia:subject=capitals,model=acme_base is in "), "\(again.errors)")
    #expect(
      try again.output == output("sql", fixtures + "/runs/plain-v1", fixtures + "/runs/sweep-v1", query))
  }

  /// Some runs as folders and some as Parquet files are as all of them as folders.
  @Test func aLakeBesideFolders() throws {
    let folder = try TemporaryFolder()
    let lake = folder.path + "/lake"
    let suites = ["plain-v1", "plain-v2", "sweep-v1"].map { fixtures + "/runs/" + $0 }
    _ = try output("export", "parquet", lake, suites[1])
    for command in [["headline"], ["table", "stats"], ["table", "run-specs"], ["runs"]] {
      let wanted = try Tool.run(command: Tool.binary, command + [fixtures, "--format", "csv"])
      let found = try Tool.run(
        command: Tool.binary, command + [lake, suites[0], suites[2], "--format", "csv"])
      #expect(wanted.output == found.output && wanted.errors == found.errors, "\(command): \(found.errors)")
    }
  }

  /// What some of the tables do not tell is named once, not once for each run.
  @Test func aPartOfTheTablesIsSaidOnce() throws {
    let folder = try TemporaryFolder()
    let lake = folder.path + "/lake"
    _ = try output("export", "parquet", lake, fixtures)
    let stats = lake + "/stats.parquet"
    let absent = "no Parquet file has these tables; name the folder with all that magnet export parquet wrote"
    for (arguments, status) in [
      (["headline", stats], 1), (["runs", stats], 1), (["leaderboard", stats], 2),
      (["compare", stats, "--all"], 2),
      (["items", stats], 2), (["summary", stats], 1),
    ] as [([String], Int32)] {
      let outcome = try Tool.run(command: Tool.binary, arguments)
      #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
      let told = outcome.messages.filter { $0.contains(absent) }
      #expect(told.count == 1, "\(arguments): \(outcome.errors)")
      #expect(
        told.first?.contains(": \(stats): run_spec.json, scenario_state.json, per_instance_stats.json: ")
          == true)
    }
    // A table that is not there is not an empty one.
    for arguments in [
      ["table", "per-instance-stats", stats], ["table", "run-specs", stats, "--schema", "v1"],
      ["show", stats + "!/plain-v1/trivia:subject=calendar,model=acme_base"],
    ] {
      let outcome = try Tool.run(command: Tool.binary, arguments)
      #expect(outcome.status == 2 && outcome.output.isEmpty, "\(arguments): \(outcome.errors)")
      #expect(outcome.errors.contains(absent), "\(arguments): \(outcome.errors)")
    }
    let instances = try Tool.run("sql", stats, "SELECT count(*) FROM instances")
    #expect(instances.status == 1 && instances.errors.contains(absent), "\(instances.errors)")
    // Scores take run specs and statistics, in files as in folders.
    #expect(
      try output("leaderboard", stats, lake + "/run_specs.parquet", "--format", "csv")
        == output("leaderboard", fixtures, "--format", "csv"))
  }

  /// A table that no run has is a file without rows, which does not keep the others from being read.
  @Test(arguments: [[], ["--schema", "v1"]]) func aTableThatNoRunHas(_ schema: [String]) throws {
    let folder = try TemporaryFolder()
    let runs = try folder.copy(fixtures + "/runs/plain-v1", to: "runs/plain-v1")
    for name in try FileManager.default.subpathsOfDirectory(atPath: runs)
    where name.hasSuffix("per_instance_stats.json") || name.hasSuffix("scenario_state.json") {
      try FileManager.default.removeItem(atPath: runs + "/" + name)
    }
    let lake = folder.path + "/lake"
    #expect(try Tool.run(command: Tool.binary, ["export", "parquet"] + schema + [lake, runs]).status == 1)
    for arguments in [["headline"], ["leaderboard"], ["table", "stats"], ["table", "run-specs"]] {
      let options = ["--format", "csv"] + (arguments == ["table", "run-specs"] ? ["--schema", "v1"] : [])
      let wanted = try Tool.run(command: Tool.binary, arguments + [runs] + options)
      let found = try Tool.run(command: Tool.binary, arguments + [lake] + options)
      #expect(
        wanted.status == found.status && wanted.output == found.output && wanted.errors == found.errors,
        "\(arguments): \(found.errors)")
    }
    let query = "SELECT count(*) FROM per_instance_stats"
    #expect(try Tool.run("sql", lake, query).output == Tool.run("sql", runs, query).output)
    let none = try Tool.run(command: Tool.binary, ["table", "scenario-states", lake])
    #expect(none.status == 2 && none.output.isEmpty && none.errors.contains("rows of it"), "\(none.errors)")
  }

  /// Facts of files are those of the files that were read, whatever lies where the runs once lay.
  @Test func factsOfFiles() throws {
    let folder = try TemporaryFolder()
    let lake = folder.path + "/lake"
    _ = try output("export", "parquet", lake, fixtures)
    let files = try Tool.run("summary", lake, "--show", "files")
    #expect(files.output == "file,count,bytes,oldest,newest,stale\n", "\(files.output)")
    #expect(files.messages == ["note: 148 files in archives or Parquet files left out"])
    let run = "!/plain-v1/trivia:subject=calendar,model="
    let compared = try output(
      "compare", lake + run + "acme_base", lake + run + "acme_tiny", "--format", "json")
    let read = try JSONSerialization.jsonObject(with: Data(compared.utf8)) as? [String: Any]
    let paths = (read?["files"] as? [[String: String]])?.map { $0["path"] ?? "" } ?? []
    #expect(
      Set(paths)
        == Set(
          ["stats", "run_specs", "per_instance_stats", "scenario_states"].map { "\(lake)/\($0).parquet" }))
    #expect((read?["files"] as? [[String: String]])?.allSatisfy { $0["sha256"]?.count == 64 } == true)
  }

  /// Runs whose files are there and hold nothing are complete, in files of one schema and the other; odd values in `extra`
  /// are the same again.
  @Test func emptyListsAndOddValues() throws {
    let folder = try TemporaryFolder()
    let odd = Project.fixture("odd")
    for (name, schema) in [("lake", []), ("v1", ["--schema", "v1"])] {
      let lake = folder.path + "/" + name
      let export = try Tool.run(
        command: Tool.binary, ["export", "parquet", lake, odd, "--quiet"] + schema)
      #expect(export.status == 0, "\(export.errors)")
      for command in [["runs"], ["headline"], ["table", "stats"], ["items"]] {
        let arguments =
          command + ["--format", "csv", "--quiet"] + (command[0] == "table" ? ["--schema", "v1"] : [])
        let wanted = try Tool.run(command: Tool.binary, arguments + [odd])
        let found = try Tool.run(command: Tool.binary, arguments + [lake])
        #expect(wanted.output == found.output && wanted.status == found.status, "\(command): \(found.errors)")
      }
      for table in ["run-specs", "per-instance-stats", "scenario-states"] {
        let arguments = ["table", table, "--format", "csv", "--schema", "v1", "--quiet"]
        let wanted = try Tool.run(command: Tool.binary, arguments + [odd])
        let found = try Tool.run(command: Tool.binary, arguments + [lake])
        #expect(wanted.output == found.output && wanted.status == found.status, "\(table): \(found.errors)")
      }
    }
    // A table of no rows, and files of one table that have no paths.
    let empty = odd + "/empty-lists"
    _ = try output("export", "parquet", folder.path + "/none", empty)
    #expect(
      try output("runs", folder.path + "/none").contains("empty-lists,model=acme_base\",acme/base,0,complete")
    )
    try FileManager.default.createDirectory(atPath: folder.path + "/apart", withIntermediateDirectories: true)
    for table in ["run-specs", "scenario-states", "stats", "per-instance-stats"] {
      _ = try output("table", table, empty, "-o", folder.path + "/apart/\(table).parquet")
    }
    #expect(
      try output("runs", folder.path + "/apart").contains(
        "empty-lists,model=acme_base\",acme/base,0,complete"))
  }

  /// Programs that predict do not see the files either.
  @Test(.enabled(if: Programs.isSandboxed, "bubblewrap does not work here"))
  func programsDoNotSeeTheFiles() throws {
    let programs = try Programs()
    let lake = programs.folder.path + "/lake"
    _ = try output("export", "parquet", lake, Project.sweep)
    let script = "head -c 4 \"$1\"/lake/stats.parquet >&2; ls \"$1\" >&2; exit 9"
    for source in [lake, lake + "/*.parquet"] {
      let outcome = try programs.predict(
        script, sandbox: "require", runs: source, words: "'\(programs.folder.path)'")
      #expect(outcome.errors.contains("| program.sh"), "\(outcome.errors)")
      #expect(!outcome.errors.contains("PAR1"), "\(outcome.errors)")
    }
  }

  @Test func helmCannotUseTheFiles() throws {
    let folder = try TemporaryFolder()
    _ = try output("export", "parquet", folder.path + "/lake", Project.plain)
    let outcome = try Tool.run(
      "materialize", "trivia:subject=calendar,model=acme/base", "-o", folder.path + "/out", "--from",
      folder.path + "/lake", "--mode", "reuse-only")
    #expect(
      outcome.status == 2 && outcome.errors.contains("HELM cannot use runs in Parquet files"),
      "\(outcome.errors)")
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
    try folder.write("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", to: "x.parquet")
    let pointer = try Tool.run("sql", folder.path, "SELECT 1 FROM runs")
    #expect(
      pointer.status == 2 && pointer.errors.contains("x.parquet: it is a pointer of Git LFS"),
      "\(pointer.errors)")
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
