import Foundation
import Magnet
import TestSupport
import Testing

/// `magnet materialize` and `magnet demo`, with a stub in helm-run's place.
@Suite struct MaterializeTests {
  let folder: TemporaryFolder
  private var output: String { folder.path + "/out" }
  private static let entry = "trivia:subject=capitals,model=acme/base"
  private static let name = "trivia:subject=capitals,model=acme_base"
  private static let plain = Project.fixture("benchmark_output/runs/plain-v1")

  init() throws { folder = try TemporaryFolder() }

  /// A helm-run that does what its first line says, and the PATH that leads to it.
  private func stub(_ script: String) throws -> [String: String] {
    let file = try folder.write("#!/bin/sh\n" + script, to: "bin/helm-run")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
    return ["PATH": folder.path + "/bin:/usr/bin:/bin", "FIXTURES": Self.plain]
  }

  /// As helm-run: takes its arguments apart, says what it does, and leaves a run.
  private static let working = """
    echo "$@" >> arguments
    while [ $# -gt 0 ]; do
      case "$1" in
        --run-entries) entry=$2;; --suite) suite=$2;; --output-path) out=$2;;
      esac
      shift
    done
    echo "main: running $entry"; echo "warning of HELM" >&2
    name=$(echo "$entry" | tr / _)
    mkdir -p "$out/runs/$suite"
    rm -rf "$out/runs/$suite/$name"
    cp -r "$FIXTURES/$name" "$out/runs/$suite/$name" || exit 3

    """

  private func materialize(
    _ arguments: String..., environment: [String: String] = [:], status: Int32 = 0
  ) throws -> Tool.Outcome {
    let outcome = try Tool.run(
      command: Tool.binary, ["materialize"] + arguments + ["-o", output],
      environment: ["PATH": "/usr/bin:/bin"].merging(environment) { $1 })
    #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
    return outcome
  }

  private func manifest() throws -> JSONValue { try Project.json(output + "/adapter_manifest.json") }
  private var isDone: Bool { FileManager.default.fileExists(atPath: output + "/DONE") }

  @Test func aCompleteRunIsReusedByALink() throws {
    let source = Project.fixture()
    let outcome = try materialize(Self.entry, "--from", source, "--mode", "reuse-only")
    let run = output + "/benchmark_output/runs/default-suite/" + Self.name
    #expect(outcome.output == run + "\n")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: run).hasSuffix("plain-v1/" + Self.name))
    #expect(isDone)
    let manifest = try manifest()
    #expect(manifest["status"]?.string == "reused" && manifest["computed"] == .null)
    #expect(manifest["reuse"]?["matched_run_name"]?.string == Self.name)
    #expect(manifest["reuse"]?["materialized_run_dir"]?.string == run)
    #expect(
      manifest["reuse"]?["source_benchmark_output_dir"]?.string?.hasSuffix("Fixtures/benchmark_output")
        == true)
    #expect(manifest["requested"]?["run_entry"]?.string == Self.entry)
    #expect(try Tool.run("runs", output, "--format", "csv").output.contains("capitals"))
    // The same again finds what is there.
    #expect(try materialize(Self.entry).output == run + "\n")
  }

  @Test func copiesHaveTheSameBytes() throws {
    _ = try materialize(Self.entry, "--from", Project.fixture(), "--copy", "--suite", "mine")
    let run = output + "/benchmark_output/runs/mine/" + Self.name
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.plain + "/" + Self.name)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: run).sorted() == names.sorted() && names.count > 3)
    for name in names {
      #expect(
        FileManager.default.contentsEqual(
          atPath: run + "/" + name, andPath: "\(Self.plain)/\(Self.name)/\(name)"))
    }
  }

  @Test func whatDoesNotMatchIsMissing() throws {
    for entry in ["trivia:subject=capitals,model=nobody", "trivia:subject=Capitals,model=acme/base"] {
      let outcome = try materialize(entry, "--from", Project.fixture(), "--mode", "reuse-only", status: 1)
      #expect(outcome.errors.contains("missing: no complete run matches") && outcome.output.isEmpty)
      #expect(try manifest()["status"]?.string == "missing" && !isDone)
    }
    #expect(
      try materialize("x:y", "--from", "/nowhere/at/all", status: 2).errors.contains(
        "/nowhere/at/all: not a folder"))
  }

  @Test func incompleteAndSmallAndPerturbedRunsAreNotReused() throws {
    let root = "runs/benchmark_output/runs/s"
    let run = try folder.copy(Self.plain + "/" + Self.name, to: "\(root)/\(Self.name)")
    let augmented = "trivia:subject=capitals,data_augmentation=misspelling0.2,model=acme_base"
    try folder.copy(
      Project.fixture("benchmark_output/runs/sweep-v1/\(augmented)"), to: "\(root)/\(augmented)")
    func reuse(_ arguments: String..., entry: String = Self.entry) throws -> Int32 {
      try Tool.run(
        command: Tool.binary,
        ["materialize", entry, "-o", output, "--from", folder.path + "/runs", "--mode", "reuse-only"]
          + arguments
      ).status
    }
    #expect(try reuse("--max-eval-instances", "9") == 1, "the run has 8 instances")
    #expect(try reuse("--max-eval-instances", "8") == 0)
    try FileManager.default.removeItem(atPath: output)
    // Damage that the ends of a file do not show.
    let state = try Project.text(run + "/scenario_state.json")
    let middle = state.index(state.startIndex, offsetBy: state.count / 2)
    try folder.write(
      "\(state[..<middle])\u{1}\(state[middle...])", to: "\(root)/\(Self.name)/scenario_state.json")
    #expect(try reuse() == 1)
    let damaged = try materialize(
      Self.entry, "--from", folder.path + "/runs", "--mode", "reuse-only", status: 1)
    #expect(damaged.errors.contains("; incomplete: \(run): scenario_state.json: byte "))
    try folder.write(state, to: "\(root)/\(Self.name)/scenario_state.json")
    #expect(try reuse() == 0)
    try FileManager.default.removeItem(atPath: output)
    try FileManager.default.removeItem(atPath: run + "/stats.json")
    #expect(try reuse() == 1, "the run is incomplete and the perturbed one is another")
    #expect(
      try reuse(entry: "trivia:subject=capitals,data_augmentation=misspelling0.2,model=acme/base") == 0)
    #expect(try manifest()["reuse"]?["matched_run_name"]?.string == augmented)
  }

  @Test func withoutHelmRunTheMessageSaysHowToInstallIt() throws {
    let outcome = try materialize(Self.entry, "--max-eval-instances", "8", status: 2)
    #expect(
      outcome.errors.contains("helm-run is not on the PATH")
        && outcome.errors.contains("pip install crfm-helm"))
    #expect(!isDone)
    #expect(try materialize(Self.entry, status: 64).errors.contains("give --max-eval-instances N"))
    #expect(try materialize("no\nentry", status: 64).errors.contains("is not a run entry"))
  }

  @Test func helmRunComputesWhatIsMissing() throws {
    let environment = try stub(Self.working)
    let other = "trivia:subject=calendar,model=zeta/pro"
    let outcome = try Tool.run(
      command: Tool.binary,
      [
        "materialize", Self.entry, other, "-o", output, "--max-eval-instances", "8", "--helm-args",
        "--plugins mine",
      ],
      environment: environment)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let runs = outcome.output.split(separator: "\n")
    #expect(
      runs.map { $0.split(separator: "/").last } == [
        Self.name[...], "trivia:subject=calendar,model=zeta_pro",
      ])
    #expect(isDone)
    let manifests = try manifest().elements
    #expect(manifests.map { $0["status"]?.string } == ["computed", "computed"])
    #expect(manifests[0]["computed"]?["computed_run_name"]?.string == Self.name)
    let arguments = try Project.text(output + "/arguments")
    #expect(
      arguments.hasPrefix(
        "--run-entries \(Self.entry) --suite default-suite --local-path \(output)/prod_env --output-path "
          + "\(output)/benchmark_output --max-eval-instances 8 --plugins mine\n"))
    #expect(try Project.text(output + "/cmd_stdout.txt") == "main: running \(other)\n")
    #expect(try Project.text(output + "/cmd_stderr.txt") == "warning of HELM\n")
    // Once computed, they are reused; recompute asks helm-run again.
    _ = try materialize(Self.entry, "--max-eval-instances", "8", environment: environment)
    #expect(try Project.text(output + "/arguments").split(separator: "\n").count == 2)
    _ = try materialize(
      Self.entry, "--max-eval-instances", "8", "--mode", "recompute", environment: environment)
    #expect(try Project.text(output + "/arguments").split(separator: "\n").count == 3)
  }

  @Test func recomputingNeverWritesIntoARunThatIsLinkedTo() throws {
    let source = try folder.copy(
      Self.plain + "/" + Self.name, to: "there/benchmark_output/runs/s/\(Self.name)")
    _ = try materialize(Self.entry, "--from", folder.path + "/there")
    let script =
      Self.working.replacingOccurrences(of: "rm -rf", with: "#")
      + "echo '[]' > \"$out/runs/$suite/$name/stats.json\"\n"
    _ = try materialize(
      Self.entry, "--mode", "recompute", "--max-eval-instances", "8", environment: try stub(script))
    #expect(
      FileManager.default.contentsEqual(
        atPath: source + "/stats.json", andPath: "\(Self.plain)/\(Self.name)/stats.json"))
  }

  @Test func failuresOfHelmRunAreSaidAndTheOthersGoOn() throws {
    let script = "case \"$*\" in *calendar*) echo 'cannot load model' >&2; exit 3;; esac\n" + Self.working
    let bad = "trivia:subject=calendar,model=zeta/pro"
    let outcome = try materialize(
      bad, Self.entry, "--max-eval-instances", "8", environment: try stub(script), status: 1)
    #expect(outcome.errors.contains("\(bad): error: helm-run: it ended with status 3; its last lines:"))
    #expect(outcome.errors.contains("cannot load model") && outcome.errors.contains("cmd_stderr.txt"))
    #expect(outcome.output.hasSuffix(Self.name + "\n") && !isDone)
    #expect(try manifest().elements.map { $0["status"]?.string } == ["error", "computed"])
    let silent = try materialize(
      bad, "--max-eval-instances", "8", environment: try stub("exit 0\n"), status: 1)
    #expect(silent.errors.contains("helm-run ended well but left no complete run"))
    let killed = try materialize(
      bad, "--max-eval-instances", "8", environment: try stub("kill -9 $$\n"), status: 1)
    #expect(killed.errors.contains("SIGKILL"))
  }

  @Test func anInterruptEndsHelmRun() throws {
    let environment = try stub("echo $$ > pid; sleep 100\n")
    let process = Process()
    process.executableURL = URL(filePath: Tool.binary)
    process.arguments = ["materialize", Self.entry, "-o", output, "--max-eval-instances", "8"]
    process.environment = environment
    process.standardError = FileHandle.nullDevice
    try process.run()
    var number: Int32?
    for _ in 0..<2000 where number == nil {
      Thread.sleep(forTimeInterval: 0.01)
      number = (try? Project.text(output + "/pid")).flatMap {
        Int32($0.trimmingCharacters(in: .whitespacesAndNewlines))
      }
    }
    let child = try #require(number)
    process.interrupt()
    process.waitUntilExit()
    #expect(process.terminationStatus == 130 && !isDone)
    #expect(kill(child, 0) != 0, "helm-run is gone")
  }

  @Test func theDemoSuiteIsTheFixtures() throws {
    let outcome = try Tool.run("demo", folder.path)
    #expect(outcome.status == 0 && outcome.output == folder.path + "/benchmark_output\n", "\(outcome.errors)")
    let source = Project.fixture("benchmark_output")
    let names = (FileManager.default.enumerator(atPath: source)?.allObjects as? [String] ?? []).sorted()
    let written =
      FileManager.default.enumerator(atPath: folder.path + "/benchmark_output")?.allObjects as? [String]
    #expect(written?.sorted() == names && names.count > 200)
    for name in names where name.hasSuffix(".json") {
      #expect(
        FileManager.default.contentsEqual(
          atPath: source + "/" + name, andPath: folder.path + "/benchmark_output/" + name), "\(name)")
    }
    let again = try Tool.run("demo", folder.path)
    #expect(again.status == 2 && again.errors.contains("benchmark_output: already exists"))
    let here = try TemporaryFolder()
    #expect(try Tool.run("demo", in: here.path).output == "benchmark_output\n")
    #expect(try Tool.run("runs", "benchmark_output", in: here.path).status == 0)
  }

  @Test func demoRunsAreMadeInTheCacheAndReused() throws {
    var environment = try stub(Self.working)
    environment["XDG_CACHE_HOME"] = folder.path + "/cache"
    func demo() throws -> Tool.Outcome {
      try Tool.run(
        command: Tool.binary, ["demo", "--run-entries", Self.entry, "--max-eval-instances", "8"],
        environment: environment)
    }
    let run = "\(folder.path)/cache/magnet/demo/benchmark_output/runs/my-suite/\(Self.name)"
    #expect(try demo().output == run + "\n")
    #expect(try demo().output == run + "\n")
    let arguments = try Project.text(folder.path + "/cache/magnet/demo/arguments")
    #expect(arguments.split(separator: "\n").count == 1)
    #expect(try Tool.run("demo", "x", "--run-entries", Self.entry).status == 64)
  }
}
