import Foundation
import Magnet
import TestSupport
import Testing

/// Examinees that are programs.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3"))) struct JudgeExecTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func judge(_ arguments: [String]) throws -> Tool.Outcome {
    try Tool.run(
      command: Tool.binary, ["judge", "run", "--format", "csv", "--timesteps", "4"] + arguments,
      in: folder.path)
  }

  /// The row of an examinee by the names of the columns.
  private func row(_ name: String, _ outcome: Tool.Outcome) throws -> [String: String] {
    let lines = parseCSV(outcome.output).map { $0.map(\.field) }
    let titles = try #require(lines.first, "\(outcome.errors)")
    let found = try #require(lines.first { $0.count > 4 && $0[4] == name }, "\(outcome.errors)")
    return Dictionary(uniqueKeysWithValues: zip(titles, found))
  }

  @Test func theGeneratedProgramScoresAsLifelongDPO() throws {
    let made = try Tool.run(
      command: Tool.binary, ["new", "examinee", "mine", "--python"], in: folder.path)
    #expect(made.status == 0, "\(made.errors)")
    #expect(made.errors.contains("magnet judge run --exec"))
    let outcome = try judge([
      "--exec", "/usr/bin/python3 mine/mine.py", "--algorithms", "LifelongDPO", "--challenges",
      "Follow,Coevolve",
      "--world", "linear",
    ])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let lines = parseCSV(outcome.output).map { $0.map(\.field) }
    for challenge in ["Follow", "Coevolve"] {
      func score(_ name: String) -> Double? {
        lines.first { $0[0] == challenge && $0[4] == name }.flatMap { Double($0[5]) }
      }
      let (own, shipped) = (try #require(score("exec")), try #require(score("LifelongDPO")))
      #expect(abs(own - shipped) < 1e-12)
    }
    #expect(
      try Tool.run(command: Tool.binary, ["new", "examinee", "mine", "--python"], in: folder.path).status == 2
    )
    #expect(try Tool.run(command: Tool.binary, ["new", "examinee", "a b"], in: folder.path).status == 64)
  }

  /// The classes in new packages are those that are compiled among the tests.
  @Test func generatedPackages() throws {
    for (kind, name) in [("examinee", "MyExaminee"), ("judge", "MyJudge")] {
      let made = try Tool.run(
        command: Tool.binary, ["new", kind, name, "--magnet", Project.folder.path], in: folder.path)
      #expect(made.status == 0, "\(made.errors)")
      let written = try Project.text(folder.path + "/\(name)/Sources/\(name)/\(name).swift")
      #expect(
        written == (try Project.text(Project.folder.path + "/Tests/JudgesTests/Generated/\(name).swift")))
      #expect(try Project.text(folder.path + "/\(name)/Package.swift").contains("\"Judges\""))
    }
  }

  /// A program that learns nothing and does what its argument says at the second timestep.
  private static let script = #"""
    import json, os, socket, sys, time
    def hear():
        return json.loads(sys.stdin.readline() or '{"call":"close"}')
    def say(message):
        print(json.dumps(message), flush=True)
    mode = sys.argv[1]
    hear(); say({"ready": "1"})
    while True:
        message = hear()
        if message["call"] == "close":
            break
        if message["call"] == "chances":
            say({"chances": [[1.0] + [0.0] * (len(r["options"]) - 1) for r in message["requests"]]}); continue
        if message["call"] == "respond":
            say({"answers": [{"id": r["id"], "predict": r["options"][0]} for r in message["requests"]]}); continue
        print("at timestep", message["timestep"], file=sys.stderr, flush=True)
        if message["timestep"] == 2:
            if mode == "garbage": print("this is not JSON", flush=True); continue
            if mode == "member": say({"foo": 1}); continue
            if mode == "model": say({"yield": "m7"}); continue
            if mode == "id": say({"query": [{"id": 5, "instruction": "a"}, {"id": 5, "instruction": "b"}]}); continue
            if mode == "extra": say({"yield": "initial", "model": "m1"}); continue
            if mode == "options": say({"query": [{"id": 0, "instruction": "a", "options": ["x", 1]}]}); continue
            if mode == "epochs": say({"tune": "initial", "stage": "sft", "data": [], "epochs": "2"}); continue
            if mode == "silence": time.sleep(60)
            if mode == "long":
                for _ in range(101): sys.stdout.write("x" * 1000000)
                sys.stdout.flush()
            if mode == "death": os.kill(os.getpid(), 9)
            if mode == "exit": sys.exit(3)
            if mode == "end": say({"end": True}); continue
        if mode == "reach":
            found = []
            try:
                socket.create_connection(("127.0.0.1", int(sys.argv[2])), 2); found.append("network")
            except OSError: pass
            try:
                store = os.path.join(os.path.dirname(os.path.abspath(__file__)), "r.judge")
                if open(store, "rb").read(1): found.append("store")
            except OSError: pass
            if found:
                print("reached", found, file=sys.stderr, flush=True); sys.exit(1)
        say({"yield": None if mode == "own" else "initial"})
    """#

  @Test(arguments: [
    ("garbage", "is not JSON: 'this is not JSON'"), ("member", "expected an object with query"),
    ("model", "unknown model \"m7\"; known: initial"), ("silence", "said nothing for 6.0 seconds"),
    ("long", "a line of more than 64 MB"), ("death", "ended without an answer"),
    ("exit", "ended without an answer"), ("extra", "yield has an unknown member \"model\"; known: yield"),
    ("options", "options of request 0 is not a list of strings: [\"x\",1]"),
    ("epochs", "epochs of tune is not a number: \"2\""), ("id", "the id 5 occurs twice"),
  ]) func oneTestFailsAloneWithItsReason(mode: String, reason: String) throws {
    let script = try folder.write(Self.script, to: "e.py")
    let outcome = try judge([
      "--exec", "/usr/bin/python3 \(script) \(mode)", "--algorithms", "LifelongDPO", "--challenges", "Follow",
      "--time-limit", mode == "silence" ? "6" : "60",
    ])
    #expect(outcome.status == 1)
    let failed = try row("exec", outcome)
    #expect(failed["state"] == "failed" && failed["rank"] == "" && failed["snapshots"] == "1")
    #expect(failed["reason"]?.contains(reason) == true, "\(failed)")
    #expect(failed["reason"]?.contains("at timestep 2") == true, "\(failed)")
    #expect(try row("LifelongDPO", outcome)["state"] == "done")
  }

  @Test func aProgramThatEndsEarlyIsIncomplete() throws {
    let script = try folder.write(Self.script, to: "e.py")
    let outcome = try judge(["--exec", "/usr/bin/python3 \(script) end", "--challenges", "Follow"])
    #expect(outcome.status == 1)
    let short = try row("exec", outcome)
    #expect(short["state"] == "incomplete" && short["snapshots"] == "1" && short["possible"] == "3")
    #expect(short["score"] != "" && short["rank"] == "")
  }

  @Test func aProgramMayAnswerForItself() throws {
    let script = try folder.write(Self.script, to: "e.py")
    let outcome = try judge(["--exec", "/usr/bin/python3 \(script) own", "--challenges", "Follow,Coevolve"])
    // Always the first option: no preference at all, a vector of zeros; the humans of Coevolve learn from it.
    let lines = parseCSV(outcome.output).map { $0.map(\.field) }
    let follow = try #require(lines.first { $0[0] == "Follow" && $0[4] == "exec" })
    #expect(follow[5] == "" && follow.contains { $0.contains("undefined") })
    let coevolve = try #require(lines.first { $0[0] == "Coevolve" && $0[4] == "exec" })
    let none = try #require(lines.first { $0[0] == "Coevolve" && $0[4] == "NoInfluence (baseline)" })
    #expect(coevolve[5] != "" && coevolve[5] != none[5])
  }

  static let hasBubblewrap: Bool = {
    let arguments = ["--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "true"]
    return (try? Tool.run(command: "/usr/bin/bwrap", arguments).status) == 0
  }()

  @Test(.enabled(if: hasBubblewrap)) func aProgramReachesNeitherStoreNorNetwork() throws {
    let script = try folder.write(Self.script, to: "e.py")
    let store = folder.path + "/r.judge"
    let server = try StoreServer()
    let outcome = try judge([
      "--exec", "/usr/bin/python3 \(script) reach \(server.port)", "--challenges", "Follow",
      "--results", store,
      "--sandbox", "require",
    ])
    #expect(outcome.status == 0, "\(outcome.output)")
    let open = try judge([
      "--exec", "/usr/bin/python3 \(script) reach \(server.port)", "--challenges", "Follow",
      "--results", store,
      "--sandbox", "off", "--seed", "2",
    ])
    #expect(open.status == 1 && open.output.contains("reached"))
  }
}
