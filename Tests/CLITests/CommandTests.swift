import Foundation
import Magnet
import TestSupport
import Testing

/// What every command promises: statuses, help, formats, pipes.
@Suite struct CommandTests {
  @Test func versionAndHelp() throws {
    #expect(try Tool.run("--version").output == "0.1.0\n")
    for command in try Self.commands() {
      let outcome = try Tool.run(command: Tool.binary, command + ["--help"])
      #expect(outcome.status == 0, "\(command)")
      #expect(outcome.output.contains("EXAMPLE:\n  magnet"), "\(command)")
    }
  }

  /// Every command that the program says it has, by the words that call it.
  private static func commands() throws -> [[String]] {
    func found(_ command: JSONValue, _ words: [String]) -> [[String]] {
      [words]
        + (command["subcommands"]?.elements ?? []).flatMap { inner -> [[String]] in
          let name = inner["commandName"]?.string ?? ""
          return name == "help" ? [] : found(inner, words + [name])
        }
    }
    let help = try JSONValue(parsing: Tool.run("--experimental-dump-help").output)
    let commands = found(try #require(help["command"]), [])
    #expect(commands.count > 40 && commands.contains(["card", "evaluate"]))
    return commands
  }

  /// On 80 columns, no line of an explanation is broken twice.
  @Test(arguments: [
    [], ["runs"], ["table"], ["sql"], ["export", "sqlite"], ["partitions"], ["predict"], ["backtest"],
    ["items"],
    ["show"], ["download", "helm"], ["materialize"], ["demo"], ["archive"], ["unarchive"],
  ]) func helpFitsTheTerminal(_ command: [String]) throws {
    let help = try Tool.run(
      command: Tool.binary, command + ["--help"], environment: ["COLUMNS": "80"]
    ).output
    let paragraphs = help.prefix(upTo: help.firstRange(of: "USAGE:")?.lowerBound ?? help.endIndex)
      .split(separator: "\n\n").filter { !$0.hasPrefix("EXAMPLE:") && !$0.hasPrefix("EXIT STATUS:") }
    #expect(!paragraphs.isEmpty)
    for paragraph in paragraphs {
      let lines = paragraph.split(separator: "\n")
      for (line, next) in zip(lines, lines.dropFirst()) where next.first != " " {
        #expect(line.count + 1 + next.prefix { $0 != " " }.count > 79, "\(line)")
      }
    }
  }

  @Test func completions() throws {
    for shell in ["bash", "zsh", "fish"] {
      let outcome = try Tool.run("--generate-completion-script", shell)
      #expect(outcome.status == 0 && outcome.output.contains("predict"))
    }
  }

  @Test func wrongUsageIs64() throws {
    #expect(try Tool.run("runs").status == 64)
    #expect(try Tool.run("nonsense").status == 64)
    #expect(try Tool.run("table", "stat", Project.sweep).status == 64)
    #expect(try Tool.run("table", "stats", Project.sweep, "--where", "x").status == 64)
    #expect(try Tool.run("table", "stats", Project.sweep, "--limit", "-1").status == 64)
    #expect(try Tool.run("runs", Project.sweep, "--format", "xml").status == 64)
    let outcome = try Tool.run("predict", "pertubation", Project.sweep)
    #expect(outcome.status == 64)
    #expect(
      outcome.messages.first
        == "error: unknown predictor 'pertubation'; did you mean perturbation? (see: magnet predictors)")
    for (word, command) in [("lst", "runs"), ("rusn", "runs"), ("predit", "predict"), ("scores", "headline")]
    {
      let outcome = try Tool.run(word, Project.sweep)
      #expect(outcome.status == 64)
      #expect(outcome.messages == ["error: unknown command '\(word)'; did you mean \(command)?"])
    }
    for (words, advice) in [
      (["export", "sqlit"], "did you mean sqlite?"), (["card", "evalate"], "did you mean evaluate?"),
      (["judge", "rn"], "did you mean run?"), (["new", "horse"], "see magnet new --help"),
    ] {
      let outcome = try Tool.run(command: Tool.binary, words + ["x"])
      #expect(outcome.status == 64)
      #expect(
        outcome.messages == ["error: unknown command '\(words.joined(separator: " "))'; \(advice)"])
    }
  }

  @Test func quietLeavesOutNotesAndKeepsFaults() throws {
    let noted = try Tool.run("predict", "random", Project.plain)
    #expect(noted.messages.count == 1 && noted.messages[0].hasPrefix("note: "))
    #expect(try Tool.run("predict", "random", Project.plain, "-q").errors.isEmpty)
    let broken = try Tool.run("table", "stats", Project.fixture("broken"), "--quiet")
    #expect(broken.messages.count == 17 && broken.messages.allSatisfy { $0.hasPrefix("warning: left out: ") })
  }

  @Test func nothingDoneIs2() throws {
    let outcome = try Tool.run("runs", "/nowhere/at/all")
    #expect(outcome.status == 2 && outcome.output.isEmpty)
    #expect(outcome.messages == ["error: /nowhere/at/all: no such file or folder; check the path"])
    let broken = try Tool.run("table", "stats", Project.fixture("broken/truncated-stats"))
    #expect(broken.status == 2 && broken.output.isEmpty)
    #expect(broken.messages.last == "error: the run could not be read")
    #expect(try Tool.run("table", "stats", Project.fixture("broken"), "--strict").status == 2)
  }

  @Test func oneFaultyRunIs1AndTheRestGoesOn() throws {
    let outcome = try Tool.run("table", "stats", Project.fixture("broken"))
    #expect(outcome.status == 1)
    #expect(outcome.output.contains("tiny:fault=whole"))
    #expect(outcome.messages.count == 17)
    #expect(
      outcome.messages.contains(
        "warning: left out: \(Project.fixture("broken/empty-file/stats.json")): the file is empty; "
          + "copy or download it again"))
  }

  @Test func aClosedPipeIsSuccess() throws {
    let command = "set -o pipefail; '\(Tool.binary)' table per-instance-stats '\(Project.sweep)' | head -n 1"
    let outcome = try Tool.run(command: "/bin/bash", ["-c", command])
    #expect(outcome.status == 0 && outcome.errors.isEmpty)
    #expect(outcome.output.hasPrefix("run_spec.name,"))
  }

  @Test func predictors() throws {
    let lines = try Tool.run("predictors", "--format", "csv").output.split(separator: "\n")
    let names = lines.map { $0.prefix { $0 != "," } }
    #expect(names.prefix(4) == ["predictor", "random", "random-instance", "perturbation"])
    #expect(names.contains("control-variate") && Set(names).count == names.count)
  }
}

@Suite struct SQLCommandTests {
  @Test func answersAQuery() throws {
    let outcome = try Tool.run(
      "sql", Project.sweep, "SELECT model, count(*) AS n FROM runs GROUP BY model ORDER BY model")
    #expect(outcome.status == 0 && outcome.errors.isEmpty)
    #expect(outcome.output == "model,n\nacme/base,8\nacme/tiny,8\nzeta/pro,8\n")
  }

  @Test func faultsAreSaidAndRemembered() throws {
    let outcome = try Tool.run("sql", Project.fixture("broken"), "SELECT count(*) FROM scores")
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("empty-file/stats.json: the file is empty"))
    #expect(try Tool.run("sql", Project.sweep, "SELEC 1 ").status == 2)
    // Standard input, which is empty here, is where queries come from otherwise.
    let nothing = try Tool.run("sql", Project.sweep)
    #expect(nothing.status == 64 && nothing.messages == ["error: standard input: contains no query"])
  }

  @Test func queriesComeFromFilesAndStandardInput() throws {
    let folder = try TemporaryFolder()
    let query = "SELECT count(*) AS n FROM runs WHERE model = :model;\n-- a comment; nothing else\n"
    let file = try folder.write(query, to: "q.sql")
    for arguments in [
      ["sql", Project.sweep, "-f", file, "-p", "model", "acme/base"],
      ["sql", "-p", "model=acme/base", Project.sweep, "-f", file],
    ] {
      let outcome = try Tool.run(command: Tool.binary, arguments)
      #expect(outcome.status == 0 && outcome.output == "n\n8\n", "\(arguments) \(outcome.errors)")
    }
    for rest in ["< q.sql", "- < q.sql"] {
      let command = "'\(Tool.binary)' sql '\(Project.sweep)' -p model acme/base \(rest)"
      let outcome = try Tool.run(command: "/bin/bash", ["-c", command], in: folder.path)
      #expect(outcome.status == 0 && outcome.output == "n\n8\n", "\(rest) \(outcome.errors)")
    }
    let both = try folder.write("SELECT 'a;b' AS x; SELECT 2 AS y", to: "two.sql")
    #expect(try Tool.run("sql", Project.sweep, "-f", both).output == "x\na;b\ny\n2\n")
    let written = try Tool.run("sql", Project.sweep, "SELECT 1 AS x", "-o", folder.path + "/x.json")
    #expect(written.status == 0)
    #expect(try Project.text(folder.path + "/x.json").contains("\"x\""))
    #expect(try Tool.run("sql", Project.sweep, "SELECT :y", "-p", "x", "1").status == 2)
    let missing = try Tool.run("sql", Project.sweep, "-f", folder.path + "/none.sql")
    #expect(missing.status == 2 && missing.errors.contains("none.sql: cannot be read: No such file"))
  }

  @Test func relationsAreListedWithoutAPrompt() throws {
    for word in [".schema", ".tables"] {
      let outcome = try Tool.run("sql", Project.sweep, word)
      #expect(outcome.status == 0 && outcome.output.contains("instance_scores"))
    }
    #expect(try Tool.run("sql", Project.sweep, "PRAGMA table_info(scores)").output.contains("mean,REAL"))
  }
}

@Suite struct ExportCommandTests {
  @Test func foldersAndFilesAppearWhole() throws {
    let folder = try TemporaryFolder()
    let tables = folder.path + "/a/b"
    #expect(try Tool.run("export", "csv", tables, Project.sweep).status == 0)
    let names = ["per_instance_stats.csv", "run_specs.csv", "scenario_states.csv", "stats.csv"]
    #expect(try FileManager.default.contentsOfDirectory(atPath: tables).sorted() == names)
    let stats = try Tool.run("table", "stats", Project.sweep).output
    #expect(try Project.text(tables + "/stats.csv") == stats)

    #expect(try Tool.run("export", "ndjson", tables, Project.sweep, "--gzip").status == 0)
    let unzipped = try Tool.run(command: "/bin/gzip", ["-dc", tables + "/stats.ndjson.gz"])
    #expect(try unzipped.output == Tool.run("table", "stats", Project.sweep, "--format", "ndjson").output)

    #expect(try Tool.run("export", "sqlite", folder.path + "/x.db", Project.sweep).status == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["a", "x.db"])
  }

  @Test func whatCannotBeWrittenLeavesNothing() throws {
    let folder = try TemporaryFolder()
    let outcome = try Tool.run("export", "sqlite", folder.path + "/no/x.db", Project.sweep)
    #expect(outcome.status == 2)
    #expect(
      outcome.messages == ["error: \(folder.path)/no/x.db: cannot be written: No such file or directory"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    try folder.write("x", to: "file")
    #expect(try Tool.run("export", "csv", folder.path + "/file", Project.sweep).status == 2)
  }
}

@Suite struct RunsCommandTests {
  @Test func listsRuns() throws {
    let outcome = try Tool.run("runs", Project.fixture(), "--long")
    #expect(outcome.status == 0)
    #expect(
      outcome.messages == [
        "note: complete means by stats.json and the ends of the other files; --check reads all in full"
      ])
    #expect(try Tool.run("runs", Project.fixture(), "--check").errors.isEmpty)
    let lines = parseCSV(outcome.output).map { $0.map(\.field) }
    #expect(lines.count == 38)
    #expect(
      lines[0] == ["suite", "run", "model", "instances", "state", "problem", "scenario", "files", "path"])
    #expect(
      lines[13] == [
        "plain-v2", "trivia:subject=capitals,model=acme_base", "acme/base", "10", "complete", "", "trivia",
        "run_spec scenario_state stats per_instance_stats scenario",
        Project.fixture("benchmark_output/runs/plain-v2/trivia:subject=capitals,model=acme_base"),
      ])
    let short = parseCSV(try Tool.run("runs", Project.fixture()).output).map { $0.map(\.field) }
    #expect(short == lines.map { Array($0.prefix(6)) })
  }

  @Test func saysWhyRunsAreIncomplete() throws {
    let outcome = try Tool.run("runs", Project.fixture("broken"), "--format", "csv")
    #expect(outcome.status == 1)
    let states = Dictionary(
      uniqueKeysWithValues: parseCSV(outcome.output).dropFirst().map {
        ($0[1].field, [$0[4].field, $0[5].field])
      })
    #expect(states["tiny:fault=whole,model=acme_base"] == ["complete", ""])
    #expect(states["empty:model=acme_base"] == ["incomplete", "the run's folder is empty"])
    #expect(states["missing-run-spec"] == ["incomplete", "run_spec.json: the file is missing"])
    #expect(
      states["tiny:fault=truncated-stats,model=acme_base"]
        == ["incomplete", "stats.json: byte 100: unexpected end of file (truncated)"])
  }

  @Test func checkReadsEverything() throws {
    let outcome = try Tool.run("runs", Project.fixture("broken"), "--format", "csv", "--check")
    let states = parseCSV(outcome.output).dropFirst().map { $0[4].field }
    #expect(states.filter { $0 == "complete" }.count == 1)
  }
}

@Suite struct TableCommandTests {
  let run = Project.sweep + "/trivia:subject=capitals,data_augmentation=misspelling0.2,model=zeta_pro"

  @Test func filtersAndColumns() throws {
    let outcome = try Tool.run(
      "table", "stats", run, "--where", "stats.name.name=exact_match", "--where", "prob=0.2",
      "--where", "computed_on=perturbed", "--columns", "run_spec.name,mean,count,prob")
    #expect(outcome.status == 0)
    #expect(
      outcome.output == """
        run_spec.name,stats.mean,stats.count,stats.name.perturbation.prob
        "trivia:subject=capitals,data_augmentation=misspelling0.2,model=zeta_pro",0.6,1,0.2

        """)
  }

  /// Conditions that no row can meet are mistakes.
  @Test func conditionsAreChecked() throws {
    func message(_ condition: String) throws -> String? {
      let outcome = try Tool.run("table", "stats", run, "--where", condition)
      return outcome.status == 2 && outcome.output.isEmpty ? outcome.messages.first : nil
    }
    #expect(try message("mean=abc") == "error: stats.mean: 'abc' is not a number")
    #expect(try message("mean=") == nil)
    #expect(try message("mean=NaN") == "error: stats.mean: no row with 'NaN'")
    #expect(
      try message("name.name=exact_matc")
        == "error: stats.name.name: no row with 'exact_matc'; did you mean exact_match?")
    #expect(try message("split=") == "error: stats.name.split: no row without a value")
    #expect(try message("men=1")?.hasPrefix("error: no column 'men'; did you mean ") == true)
    let finite = try Tool.run(
      "table", "stats", Project.fixture("odd/non-finite"), "--where", "mean=NaN", "--columns", "mean")
    #expect(finite.status == 0 && finite.output.split(separator: "\n").dropFirst().allSatisfy { $0 == "NaN" })
    #expect(finite.output.split(separator: "\n").count > 1)
  }

  @Test func rowsAreSorted() throws {
    func means(_ sort: String) throws -> [Double] {
      try Tool.run(
        "table", "stats", run, "--columns", "mean", "--where", "stats.name.name=exact_match", "--sort", sort
      ).output.split(separator: "\n").compactMap { Double($0) }
    }
    let up = try means("mean")
    #expect(up.count > 2 && up == up.sorted())
    #expect(try means("-mean") == up.sorted(by: >))
    #expect(try means("name.split,-mean") == up.sorted(by: >))
    let runs = try Tool.run("runs", Project.sweep, "--sort", "-run", "--limit", "1", "--columns", "run")
    #expect(runs.status == 0 && runs.output.contains("zeta_pro"))
  }

  @Test func emptyValueIsNothing() throws {
    let outcome = try Tool.run(
      "table", "stats", run, "--where", "stats.mean=", "--columns", "stats.name.name,mean")
    #expect(outcome.output.contains("training_co2_cost,\n"))
  }

  @Test func unknownAndAmbiguousColumns() throws {
    let unknown = try Tool.run("table", "stats", run, "--columns", "stats.meen")
    #expect(unknown.status == 2)
    #expect(
      unknown.messages == [
        "error: no column 'stats.meen'; did you mean stats.mean or stats.min?"
      ])
    let ambiguous = try Tool.run("table", "stats", run, "--columns", "name")
    #expect(
      ambiguous.messages == [
        "error: several columns end in .name; give one of run_spec.name, stats.name.name, "
          + "stats.name.perturbation.name"
      ])
  }

  @Test func fileAppearsWholeAndAloneInItsFolder() throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/stats.ndjson"
    let outcome = try Tool.run("table", "stats", run, "-o", file, "--format", "ndjson", "--limit", "3")
    #expect(outcome.status == 0 && outcome.output.isEmpty)
    #expect(try Project.text(file).split(separator: "\n").count == 3)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["stats.ndjson"])
    let nowhere = try Tool.run("table", "stats", run, "-o", folder.path + "/no/such/file.csv")
    #expect(nowhere.status == 2)
    #expect(
      nowhere.messages == [
        "error: \(folder.path)/no/such/file.csv: cannot be written: No such file or directory"
      ])
  }

  /// A file that could not be written at the end is refused before the work.
  @Test func aFileThatCannotBeWrittenIsRefusedBeforeTheWork() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("", to: "file")
    let run = ["judge", "run", "--algorithms", "LifelongDPO", "--challenges", "Follow", "--timesteps", "3"]
    for (option, ending) in [("--progressgym", "json"), ("--plot", "svg"), ("-o", "csv")] {
      for (place, reason) in [
        (folder.path + "/no", "No such file or directory"), (file, "Not a directory"),
      ] {
        let path = "\(place)/x.\(ending)"
        let outcome = try Tool.run(command: Tool.binary, run + [option, path])
        #expect(outcome.status == 2 && outcome.output.isEmpty)
        #expect(outcome.messages == ["error: \(path): cannot be written: \(reason)"])
      }
    }
    guard JudgeExecTests.hasBubblewrap else { return }
    let path = folder.path + "/x.json"
    let outcome = try Tool.run(
      command: "/usr/bin/env",
      ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", Tool.binary] + run
        + ["--progressgym", path])
    #expect(outcome.status == 2 && outcome.output.isEmpty)
    #expect(outcome.messages == ["error: \(path): cannot be written: Read-only file system"])
  }

  @Test func aFormatIsAlsoNamedByItsEnding() throws {
    let names = [("md", "markdown"), ("jsonl", "ndjson"), ("txt", "table")]
    for (ending, name) in names {
      let short = try Tool.run("judge", "list", "--format", ending)
      #expect(short.status == 0 && !short.output.isEmpty)
      #expect(try short.output == Tool.run("judge", "list", "--format", name).output)
    }
  }

  @Test func fileEndingsDecideTheFormat() throws {
    let folder = try TemporaryFolder()
    for (ending, format) in [("csv", "csv"), ("json", "json"), ("jsonl", "ndjson"), ("md", "markdown")] {
      let file = folder.path + "/x." + ending
      #expect(try Tool.run("table", "stats", run, "-o", file).status == 0)
      #expect(
        try Project.text(file)
          == Tool.run(command: Tool.binary, ["table", "stats", run, "--format", format]).output)
    }
    let packed = folder.path + "/x.csv.gz"
    #expect(try Tool.run("runs", run, "-o", packed).status == 0)
    #expect(
      try Tool.run(command: "/bin/gzip", ["-dc", packed]).output
        == Tool.run("runs", run, "--format", "csv").output)
    for name in ["x.xlsx", "x", "x.", "x.gz", "x.csv/"] {
      let outcome = try Tool.run("table", "stats", run, "-o", folder.path + "/" + name)
      #expect(outcome.status == 64, "\(name)")
      #expect(
        outcome.errors.contains("names no format; use .txt, .csv, .json, .ndjson, .md, .parquet"), "\(name)")
    }
    let contrary = try Tool.run("table", "stats", run, "-o", folder.path + "/y.json", "--format", "csv")
    #expect(contrary.status == 64 && contrary.errors.contains("is the name of a json file"))
    #expect(try Tool.run("table", "stats", run, "-o", folder.path + "/y", "--format", "csv").status == 0)
    let direct = try Tool.run("table", "stats", run, "-o", "-", "--format", "csv", in: folder.path)
    #expect(try direct.output == Tool.run("table", "stats", run, "--format", "csv").output)
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/-"))
    #expect(try Tool.run("runs", run, "-o", "/dev/null", "--format", "csv").status == 0)
    #expect(!FileManager.default.fileExists(atPath: "/dev/null.part"))
  }

  /// What magnet wrote it may write again; what is another's, or was changed since, only with `--force`.
  @Test func nothingIsOverwrittenUnasked() throws {
    let folder = try TemporaryFolder()
    let commands: [(file: String, arguments: [String])] = [
      ("x.csv", ["table", "stats", run, "-o", "x.csv"]), ("y.md", ["runs", run, "-o", "y.md"]),
      ("z.db", ["export", "sqlite", "z.db", run]), ("out/stats.csv", ["export", "csv", "out", run]),
    ]
    for (file, arguments) in commands {
      func status(_ more: String...) throws -> Int32 {
        try Tool.run(command: Tool.binary, arguments + more, in: folder.path).status
      }
      #expect(try status() == 0)
      #expect(try status() == 0, "\(file)")
      try Data("precious".utf8).write(to: URL(filePath: folder.path + "/" + file))
      let refused = try Tool.run(command: Tool.binary, arguments, in: folder.path)
      #expect(refused.status == 2)
      #expect(
        refused.messages == [
          "error: \(file): already exists, and magnet did not write it; use --force to overwrite it"
        ])
      #expect(try Project.text(folder.path + "/" + file) == "precious")
      #expect(try status("--force") == 0)
      #expect(try status() == 0)
    }
    let onFolder = try Tool.run("runs", run, "-o", folder.path + "/../", "--format", "csv")
    #expect(onFolder.status == 2 && onFolder.errors.contains("is a folder"))
  }

  @Test func formatsAgree() throws {
    let columns = ["--columns", "stats.name.name,stats.mean", "--limit", "2"]
    func text(_ format: String) throws -> String {
      try Tool.run(command: Tool.binary, ["table", "stats", run, "--format", format] + columns).output
    }
    #expect(try text("csv").hasPrefix("stats.name.name,stats.mean\nnum_references,4.0\n"))
    #expect(try text("ndjson").hasPrefix(#"{"stats.name.name":"num_references","stats.mean":4.0}"#))
    #expect(try text("json").hasPrefix("[\n" + #"{"stats.name.name":"num_references","stats.mean":4.0},"#))
    #expect(
      try text("markdown").hasPrefix(
        "| stats.name.name | stats.mean |\n| --- | --- |\n| num_references | 4.0 |\n"))
    #expect(try text("table").contains("│ num_references   │      4.000 │"))
  }
}
