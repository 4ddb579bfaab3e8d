import Foundation
import Magnet
import TestSupport
import Testing

/// `magnet predict --exec` with programs of a few lines of shell, written into a folder of each test's own.
struct Programs {
  let folder: TemporaryFolder
  /// Where magnet makes the programs' folders.
  let scratch: TemporaryFolder

  static let line =
    #"{"run":"trivia:subject=capitals,data_augmentation=misspelling0.2,model=zeta_pro","stat":"exact_match","split":"valid","mean":0.5}"#

  /// Whether bubblewrap works on this machine.
  static let isSandboxed: Bool = {
    let outcome = try? Tool.run(
      command: "/usr/bin/env", ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "true"])
    return outcome?.status == 0
  }()

  /// The modes of the sandbox that work here.
  static let modes = isSandboxed ? ["require", "off"] : ["off"]

  init() throws {
    folder = try TemporaryFolder()
    scratch = try TemporaryFolder()
  }

  /// Predicts a run of the sweep with a program of these lines.
  func predict(
    _ script: String, _ options: String..., sandbox: String = "auto", runs: String = Project.sweep,
    words: String = "", environment: [String: String] = [:]
  ) throws -> Tool.Outcome {
    let file = try folder.write(script + "\n", to: "program.sh")
    var arguments = ["predict", "--exec", "sh '\(file)' \(words)", runs, "--sandbox", sandbox, "--errors"]
    arguments += ["--format", "csv"] + options
    let variables = environment.merging(["TMPDIR": scratch.path]) { $1 }
    return try Tool.run(command: Tool.binary, arguments, environment: variables)
  }

  /// What is left where magnet makes the programs' folders.
  var leftovers: [String] { (try? FileManager.default.contentsOfDirectory(atPath: scratch.path)) ?? ["?"] }

  /// How many processes have this among their arguments.
  static func processes(with word: String) -> Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.filter { name in
      guard Int(name) != nil, let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") else {
        return false
      }
      return line.split(separator: 0).contains(Data(word.utf8)[...])
    }.count
  }

  /// Waits until something holds, half a minute at most.
  static func waits(until holds: () -> Bool) -> Bool {
    for _ in 0..<600 {
      if holds() { return true }
      Thread.sleep(forTimeInterval: 0.05)
    }
    return false
  }
}

@Suite struct ExecTests {
  /// A program that is asked for the scores of instances cannot be shown them.
  @Test func disclosingTheScoresOfInstancesIsRefusedAloud() throws {
    let programs = try Programs()
    let warning = "warning: --disclosure scores: the scores of instances are what is asked for"
    let asked = try programs.predict(": > predictions.jsonl", "--instance", "--disclosure", "scores")
    #expect(asked.errors.contains(warning + "; the program sees the responses"), "\(asked.errors)")
    let runs = try programs.predict(": > predictions.jsonl", "--disclosure", "scores")
    #expect(!runs.errors.contains(warning))
    let lower = try programs.predict(": > predictions.jsonl", "--instance", "--disclosure", "inputs")
    #expect(!lower.errors.contains(warning))
  }

  @Test(arguments: Programs.modes) func predictionsAreComparedAndIntervalsShown(_ sandbox: String) throws {
    let programs = try Programs()
    let line = Programs.line.dropLast() + #","lower":0.25,"upper":0.75,"stddev":0.125,"perturbation":null}"#
    let outcome = try programs.predict(
      "echo ignored; printf '%s\\n\\n' '\(line)' > predictions.jsonl", sandbox: sandbox)
    #expect(outcome.status == 0)
    let lines = parseCSV(outcome.output).map { $0.map(\.field) }
    #expect(
      lines[0] == [
        "run_spec", "split", "stat_name", "predicted_mean", "actual_mean", "error", "lower", "upper",
      ])
    #expect(Array(lines[1].dropFirst(2)) == ["exact_match", "0.5", "0.875", "-0.375", "0.25", "0.75"])
    let note = outcome.messages.last ?? ""
    #expect(note.contains(sandbox == "off" ? "could read the user's other files" : "ran under bubblewrap"))
    #expect(programs.leftovers.isEmpty)
  }

  /// A file without predictions, and a metric that no run has: a row that says so, and status 1.
  @Test func nothingPredictedIsSaid() throws {
    let programs = try Programs()
    let empty = try programs.predict(": > predictions.jsonl", sandbox: "off")
    #expect(empty.status == 1)
    #expect(empty.messages.contains { $0.hasSuffix("the program predicted nothing") })
    #expect(empty.messages.last == "warning: no prediction can be compared")
    let row = parseCSV(empty.output).map { $0.map(\.field) }[1]
    #expect(row[0].hasPrefix("trivia:") && row[3] == "")
    let misspelt = try programs.predict(
      "printf '%s' '\(Programs.line.replacing("exact_match", with: "exact_matc"))' > predictions.jsonl",
      sandbox: "off")
    #expect(misspelt.status == 1 && misspelt.messages.contains { $0.contains("no stat exact_matc") })
  }

  /// 12 predictions that match nothing are not 12 lines.
  @Test func manyThatMatchNothingAreCounted() throws {
    let programs = try Programs()
    let lines = (0..<12).map { Programs.line.replacing("exact_match", with: "metric_\($0)") }
    let outcome = try programs.predict(
      "printf '%s\\n' " + lines.map { "'\($0)'" }.joined(separator: " ") + " > predictions.jsonl",
      sandbox: "off")
    #expect(outcome.status == 1)
    #expect(outcome.messages.count { $0.contains("no match for metric_") } == 10)
    #expect(outcome.messages.contains("warning: no match for 2 other predictions"))
  }

  @Test func theFolderHoldsWhatTheContractSays() throws {
    let programs = try Programs()
    let outcome = try programs.predict("ls -R . >&2; cat task.json >&2; exit 4", "--metric", "exact_match")
    #expect(outcome.status == 2)
    let kept = try programs.folder.write("", to: "kept/x")
    let copy = try programs.predict(
      "cp -R . \"$KEPT\"", "--pass-env", "KEPT", "--metric", "exact_match", "--disclosure", "scores",
      sandbox: "off",
      environment: ["KEPT": (kept as NSString).deletingLastPathComponent])
    #expect(copy.messages.last?.contains("wrote no file predictions.jsonl") == true)
    let folder = programs.folder.path + "/kept/"
    let task = try Project.json(folder + "task.json")
    #expect(task["contract"] == .string("1") && task["predict"] == .string("runs"))
    #expect(task["seed"] == .int(1) && task["disclosure"] == .string("scores"))
    #expect(task["runs"]?.elements.count == 1 && task["predictions"] == .string("predictions.jsonl"))
    let stats = try #require(task["stats"]?.elements)
    #expect(stats.count == 6 && stats.allSatisfy { $0["stat"] == .string("exact_match") })
    #expect(stats.contains { $0["perturbation"]?["prob"] == .double(0.2) })
    for part in ["train", "test"] {
      for table in ["runs", "scores", "instances", "instance_scores", "run_specs", "scenario_states"] {
        #expect(try Project.text(folder + "\(part)/\(table).csv").contains("\n"), "\(part)/\(table)")
      }
      let bytes = try #require(FileManager.default.contents(atPath: folder + part + ".sqlite"))
      #expect(bytes.starts(with: Data("SQLite format 3".utf8)))
      // The number of free pages, at byte 36 of a SQLite file.
      #expect(bytes[36..<40].allSatisfy { $0 == 0 })
    }
    // With the scores of instances disclosed; of the run none.
    #expect(try parseCSV(Project.text(folder + "test/instance_scores.csv")).count > 100)
    #expect(try parseCSV(Project.text(folder + "test/scores.csv")).count == 1)
    #expect(try parseCSV(Project.text(folder + "train/scores.csv")).count > 300)
  }

  static let faults: [(script: String, sentence: String)] = [
    ("kill -SEGV $$", "was ended by SIGSEGV; it wrote nothing to standard error"),
    ("echo first >&2; echo last >&2; exit 3", "ended with status 3; the end of its standard error:"),
    ("exit 0", "wrote no file predictions.jsonl"),
    ("mkdir predictions.jsonl", "that is not a file"),
    ("mkfifo predictions.jsonl", "that is not a file"),
    ("ln -s /etc/passwd predictions.jsonl", "that is not a file"),
    ("ln -s /dev/zero predictions.jsonl", "that is not a file"),
    ("echo nonsense > predictions.jsonl", "line 1 of its predictions is not JSON: byte "),
    ("yes > predictions.jsonl", "wrote more than 64 MB of predictions"),
    ("yes complaint >&2", "wrote more than 64 MB to standard error and was ended"),
    ("exec 2>&-; sleep 0.2; kill -KILL $$", "was ended by SIGKILL"),
  ]

  @Test(arguments: faults.indices, Programs.modes) func faultsAreNamed(_ number: Int, sandbox: String) throws
  {
    let programs = try Programs()
    let (script, sentence) = Self.faults[number]
    let outcome = try programs.predict(script, sandbox: sandbox)
    #expect(outcome.status == 2 && outcome.output.isEmpty)
    #expect(outcome.errors.contains(sentence), "\(script): \(outcome.errors)")
    #expect(programs.leftovers.isEmpty)
  }

  @Test func theLastLinesOfStandardErrorAreShown() throws {
    let script =
      "i=0; while [ $i -lt 5000 ]; do i=$((i+1)); echo line $i >&2; done; printf 'x\\033[31my' >&2; exit 1"
    let outcome = try Programs().predict(script)
    let lines = outcome.messages.suffix(10)
    #expect(lines.first == "  | line 4992" && lines.last == "  | x[31my")
  }

  @Test(arguments: Programs.modes) func timeIsLimitedForAllThatWasStarted(_ sandbox: String) throws {
    let programs = try Programs()
    let mark = "987654\(Int.random(in: 100_000..<999_999))"
    let outcome = try programs.predict(
      "trap '' TERM INT HUP; yes & sleep \(mark) & sleep \(mark)", "--time-limit", "0.7", sandbox: sandbox)
    #expect(outcome.errors.contains("took more than 0.7 seconds and was ended"))
    #expect(Programs.waits { Programs.processes(with: mark) == 0 })
    #expect(programs.leftovers.isEmpty)
  }

  @Test(arguments: Programs.modes) func whatGoesOnInTheBackgroundIsEnded(_ sandbox: String) throws {
    let programs = try Programs()
    let mark = "987654\(Int.random(in: 100_000..<999_999))"
    let outcome = try programs.predict(
      "sleep \(mark) & printf '%s' '\(Programs.line)' > predictions.jsonl", sandbox: sandbox)
    #expect(outcome.status == 0)
    #expect(Programs.waits { Programs.processes(with: mark) == 0 })
  }

  @Test(arguments: Programs.modes) func theProgramDiesWithMagnet(_ sandbox: String) throws {
    let programs = try Programs()
    let mark = "987654\(Int.random(in: 100_000..<999_999))"
    let file = try programs.folder.write("sleep \(mark)\n", to: "program.sh")
    let process = try Tool.start("predict", "--exec", "sh '\(file)'", Project.sweep, "--sandbox", sandbox)
    #expect(Programs.waits { Programs.processes(with: mark) > 0 })
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(Programs.waits { Programs.processes(with: mark) == 0 })
  }

  /// The first signal ends work and program, whatever the command did before it began to predict.
  @Test(arguments: [SIGINT, SIGTERM]) func theFirstSignalEndsABacktest(_ signal: Int32) throws {
    let programs = try Programs()
    let mark = "987654\(Int.random(in: 100_000..<999_999))"
    let file = try programs.folder.write("sleep \(mark)\n", to: "program.sh")
    let process = try Tool.start(
      "backtest", "--exec", "sh '\(file)'", Project.plain, "--observed", "3", "--sandbox", "off")
    #expect(Programs.waits { Programs.processes(with: mark) > 0 })
    kill(process.processIdentifier, signal)
    #expect(Programs.waits { !process.isRunning && Programs.processes(with: mark) == 0 })
    if process.isRunning { process.terminate() } else { #expect(process.terminationStatus == 128 + signal) }
  }

  @Test func programsThatCannotBeStartedAreNamed() throws {
    func message(_ command: String, status: Int32) throws -> String {
      let outcome = try Tool.run("predict", "--exec", command, Project.sweep)
      #expect(outcome.status == status && outcome.output.isEmpty)
      return outcome.messages.last ?? ""
    }
    #expect(
      try message("no-such-python x.py", status: 2)
        == "error: no program 'no-such-python' on the PATH")
    #expect(try message("./nowhere.py", status: 2) == "error: no program ./nowhere.py")
    #expect(
      try message("./README.md", status: 2).contains("cannot be executed; name its interpreter before it"))
    #expect(try message("sh 'x", status: 64).contains("a ' that is not closed"))
    #expect(try message("", status: 64).contains("the command names no program"))
    let usage = try Tool.run("predict", "--exec", "sh", Project.sweep, "--time-limit", "-1")
    #expect(usage.status == 64)
    #expect(try Tool.run("predict", "random", Project.sweep, "--instance").status == 64)
    #expect(try Tool.run("predict", "random").status == 64)
  }
}

/// Programs that try to know what they may not.
@Suite struct CheatTests {
  /// The actual exact match of the target run, as it stands in its `stats.json`.
  static let run = "/trivia:subject=capitals,data_augmentation=misspelling0.2,model=zeta_pro/"

  @Test(.enabled(if: Programs.isSandboxed, "bubblewrap does not work here"))
  func runsAreNotSeenUnderBubblewrap() throws {
    let programs = try Programs()
    // In the script's own folder, which is shown: the runs there, a link to them, and a suite that is a link.
    let runs = try programs.folder.copy(Project.fixture("benchmark_output"), to: "benchmark_output")
    try FileManager.default.createSymbolicLink(
      atPath: programs.folder.path + "/link", withDestinationPath: runs)
    try programs.folder.write("seen", to: "beside.txt")
    let script = #"""
      for place in "$1" "$2/link" "$3" /proc/1/root"$1" /proc/self/root"$1" ..; do
        find -L "$place" -name '*stats.json' 2>/dev/null
      done | sed 's/^/FOUND /' >&2
      cat "$2/beside.txt" >&2
      exit 9
      """#
    let words = "'\(runs)' '\(programs.folder.path)' '\(Project.fixture())'"
    let outcome = try programs.predict(script, sandbox: "require", runs: runs, words: words)
    #expect(outcome.errors.contains("| seen") && !outcome.errors.contains("FOUND"), "\(outcome.errors)")
    // The same program finds them where nothing keeps it from it.
    let bare = try programs.predict(script, sandbox: "off", runs: runs, words: words)
    #expect(bare.errors.contains("FOUND"))
  }

  @Test(.enabled(if: Programs.isSandboxed, "bubblewrap does not work here"))
  func archivesAndScoreFilesAreNotSeen() throws {
    let programs = try Programs()
    let archive = programs.folder.path + "/results.zip"
    #expect(try Tool.run("archive", Project.sweep, "-o", archive).status == 0)
    let script = #"echo "seen: $(head -c 4 "$(dirname "$0")/results.zip")" >&2; exit 9"#
    let outcome = try programs.predict(script, sandbox: "require", runs: archive)
    #expect(outcome.messages.last == "  | seen: ", "\(outcome.errors)")
    #expect(
      try programs.predict(script, sandbox: "off", runs: archive).messages.last?.hasPrefix("  | seen: PK")
        == true)

    let file = try programs.folder.write(
      "cat \"$(dirname \"$0\")/scores.ndjson\" > /dev/stderr; exit 9\n", to: "program.sh")
    let backtest = try Tool.run(
      "backtest", "--exec", "sh '\(file)'", Project.fixture("benchmark_output/runs/plain-v1"), "--repeats",
      "1",
      "--observed", "3", "--jobs", "1", "--sandbox", "require", "--scores",
      programs.folder.path + "/scores.ndjson")
    #expect(backtest.errors.contains("ended with status 9"), "\(backtest.errors)")
    #expect(!backtest.errors.contains("| {"))
    #expect(try Project.text(programs.folder.path + "/scores.ndjson").contains("{"))
  }

  @Test(.enabled(if: Programs.isSandboxed, "bubblewrap does not work here"))
  func aScriptAmongTheRunsStillRuns() throws {
    let programs = try Programs()
    let suite = try programs.folder.copy(Project.sweep, to: "suite")
    let file = try programs.folder.write("ls \"$(dirname \"$0\")\" >&2; exit 9\n", to: "suite/program.sh")
    let outcome = try Tool.run("predict", "--exec", "sh '\(file)'", suite, "--sandbox", "require")
    #expect(outcome.messages.suffix(1) == ["  | program.sh"], "\(outcome.errors)")
  }

  @Test(.enabled(if: Programs.isSandboxed, "bubblewrap does not work here"))
  func nothingElseIsReachedUnderBubblewrap() throws {
    let programs = try Programs()
    let script = #"""
      cat /proc/net/dev | grep -c : >&2
      ls -d /proc/[0-9]* | wc -l >&2
      cat /proc/*/environ 2>/dev/null | tr '\0' '\n' | grep -c SECRET >&2
      touch "$1/written" 2>/dev/null && echo WROTE >&2
      touch /usr/written /written /proc/written 2>/dev/null && echo WROTE >&2
      head -c 1 /etc/shadow 2>/dev/null && echo READ >&2
      exit 9
      """#
    let outcome = try programs.predict(
      script, sandbox: "require", words: "'\(programs.folder.path)'", environment: ["SECRET": "s3"])
    let said = outcome.messages.filter { $0.hasPrefix("  | ") }.map { $0.dropFirst(4) }
    // One network device, the loop; the processes of the sandbox alone; no variable of magnet's.
    #expect(said.count == 3 && said.first == "1" && said.last == "0", "\(outcome.errors)")
    #expect(Int(said[1]).map { $0 <= 6 } == true)
    #expect(!FileManager.default.fileExists(atPath: programs.folder.path + "/written"))
  }

  @Test(.enabled(if: Programs.isSandboxed, "bubblewrap does not work here"))
  func daemonsEndUnderBubblewrap() throws {
    let programs = try Programs()
    let mark = "987654\(Int.random(in: 100_000..<999_999))"
    let outcome = try programs.predict(
      "setsid sh -c 'setsid sleep \(mark) &' & printf '%s' '\(Programs.line)' > predictions.jsonl; sleep 0.3",
      sandbox: "require")
    #expect(outcome.status == 0)
    #expect(Programs.waits { Programs.processes(with: mark) == 0 })
  }

  @Test(arguments: Programs.modes) func theEnvironmentIsClean(_ sandbox: String) throws {
    let programs = try Programs()
    let script = "env | cut -d= -f1 | sort | tr '\\n' ' ' >&2; ls -l /proc/self/fd >&2 2>/dev/null; exit 9"
    let outcome = try programs.predict(
      script, "--pass-env", "PASSED", sandbox: sandbox,
      environment: ["PASSED": "1", "SECRET": "s3", "LD_PRELOAD": "", "PYTHONPATH": "/x"])
    let names = Set(outcome.errors.split(whereSeparator: \.isWhitespace).map(String.init))
    #expect(names.isSuperset(of: ["PATH", "HOME", "LANG", "TMPDIR", "PASSED"]))
    #expect(names.isDisjoint(with: ["SECRET", "LD_PRELOAD", "PYTHONPATH", "USER"]))
    #expect(!outcome.errors.contains(".sqlite"))
  }

  @Test(arguments: Programs.modes) func nothingIsKeptFromOneRunToTheNext(_ sandbox: String) throws {
    let programs = try Programs()
    let script = """
      ls -a "$HOME" "$TMPDIR" | grep -c left >&2
      touch "$HOME/left" "$TMPDIR/left"; mkdir -p "$HOME/deep/down"; chmod 000 "$HOME/deep"; exit 9
      """
    for _ in 0..<2 {
      let outcome = try programs.predict(script, sandbox: sandbox)
      #expect(outcome.messages.last == "  | 0")
      #expect(programs.leftovers.isEmpty)
    }
  }

  @Test func withoutBubblewrapItIsSaid() throws {
    let programs = try Programs()
    let script = "printf '%s' '\(Programs.line)' > predictions.jsonl"
    // A PATH on which there is no bwrap, and one whose bwrap fails.
    let file = try programs.folder.write("#!/bin/sh\necho no user namespaces >&2; exit 1\n", to: "bin/bwrap")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
    let path = (file as NSString).deletingLastPathComponent + ":/usr/bin:/bin"
    let broken = try programs.predict(script, environment: ["PATH": path])
    #expect(broken.status == 0)
    #expect(broken.errors.contains("bubblewrap does not work here: no user namespaces"))
    let required = try programs.predict(script, sandbox: "require", environment: ["PATH": path])
    #expect(required.status == 2)
    #expect(required.errors.contains("the program was not started: bubblewrap does not work here"))
  }
}
