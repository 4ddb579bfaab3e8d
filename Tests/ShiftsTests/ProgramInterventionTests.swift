import Foundation
import Magnet
import TestSupport
import Testing

@testable import Shifts

/// Interventions that are programs. They are shell scripts and, where lists are taken apart, Python.
@Suite struct ProgramInterventionTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for id in ["s", "t", "u"] {
      let train = (0..<3).map { example("train-\(id) \($0)", best: "a\($0)", worse: "b\($0)", "c\($0)") }
      let test = (0..<12).map {
        example("test-\(id) \($0)", best: "SECRET-\(id)-x\($0)", worse: "y\($0)", "z\($0)", "w\($0)")
      }
      try folder.writeDistribution(id, train: train, test: test)
    }
    try folder.write("weights", to: "models/my model/weights.bin")
  }

  private func intervention(_ name: String, train: String?, eval: String) throws -> ProgramIntervention {
    let place = "interventions/\(name)"
    if let train { try folder.write(train, to: place + "/train.py") }
    try folder.write(eval, to: place + "/eval.py")
    var program = try ProgramIntervention(folder: folder.path + "/" + place)
    program.timeLimit = .seconds(60)
    return program
  }

  private func run(_ intervention: any Intervention, targets: [String] = ["t"], _ results: String = "results")
    throws
    -> ShiftRun
  {
    var run = ShiftRun(
      shifts: ShiftSet(name: "shifts", rows: targets.map { DistributionShift(source: "s", target: $0) }),
      distributions: folder.path + "/distributions", results: folder.path + "/" + results)
    run.interventions = [intervention]
    run.capabilities = [Chance()]
    run.model = try BaseModel(folder.path + "/models/my model/")
    return run
  }

  /// Writes what it was given beside its evaluation: arguments, environment, files.
  private static let recorder = """
    import json, os, sys
    def listing(root):
        return sorted(os.path.relpath(os.path.join(d, f), root) for d, _, fs in os.walk(root) for f in fs)
    def record():
        texts = {}
        for d, _, fs in os.walk("."):
            for f in fs:
                texts[os.path.join(d, f)] = open(os.path.join(d, f), errors="replace").read()
        return {"arguments": sys.argv[1:], "seed": os.environ["MAGNET_SEED"], "contract": os.environ["MAGNET_CONTRACT"], "files": texts}
    """

  private static let train =
    recorder + """

      i = sys.argv.index("--output_dir")
      json.dump(record(), open(sys.argv[i + 1] + "/record.json", "w"))
      """

  private static let eval =
    recorder + """

      import ast
      o = dict(zip(sys.argv[1::2], sys.argv[2::2]))
      both = [(json.loads(o[k]), ast.literal_eval(o[k])) for k in ("--distribution_dirs", "--output_paths")]
      assert all(a == b for a, b in both)
      trained = os.path.join(o["--model_dir"], "record.json")
      r = {"eval": record(), "train": json.load(open(trained))}
      for d, path in zip(both[0][0], both[1][0]):
          json.dump({"eval_accuracy": 0.75, "record": r, "model": o["--model_dir"]}, open(path, "w"))
      """

  private func record(_ results: String = "results", _ model: String = "my model-s", _ name: String = "rec")
    throws
    -> JSONValue
  {
    try Project.json("\(folder.path)/\(results)/evaluations/\(name)/\(model)/t.json")
  }

  @Test(arguments: [Sandbox.auto, .off]) func programsGetExactlyTheirArguments(_ sandbox: Sandbox)
    async throws
  {
    var program = try intervention("rec", train: Self.train, eval: Self.eval)
    program.sandbox = sandbox
    let outcome = try await run(program).perform()
    #expect(outcome.failures.isEmpty, "\(outcome.failures)")
    #expect(outcome.metrics[0].rows[0].generalization == 0.75 && outcome.metrics[0].rows[0].source == 0.75)
    let found = try #require(try record()["record"])
    let train = try #require(found["train"])
    let words = try #require(train["arguments"]).elements.compactMap(\.string)
    #expect(words.count == 6)
    #expect([words[0], words[2], words[4]] == ["--model_dir", "--train_distribution", "--output_dir"])
    #expect(words[1].hasSuffix("/my model") && words[3].hasSuffix("/distributions/s"))
    #expect(words[5].hasSuffix("/my model-s"))
    #expect(train["seed"]?.string == "1" && train["contract"]?.string == "1")
    // Training sees nothing of a test half, and no other distribution.
    let text = train.text
    #expect(
      text.contains("train-s 0") && !text.contains("SECRET") && !text.contains("test-")
        && !text.contains("train-t"))
    guard case .object(let files)? = train["files"] else { throw MagnetError(.invalidData, "no files") }
    #expect(files.first { $0.key.hasSuffix("/s/test.json") }?.value == .string("[]"))

    let eval = try #require(found["eval"]?["arguments"]).elements.compactMap(\.string)
    #expect(
      [eval[0], eval[2], eval[4]] == ["--model_dir", "--distribution_dirs", "--output_paths"]
        && eval.count == 6)
    #expect(eval[1].hasSuffix("/my model-s"))
    let lists = try [eval[3], eval[5]].map { try JSONValue(parsing: $0).elements.compactMap(\.string) }
    #expect(lists[0].map { $0.split(separator: "/").last } == ["t", "s"])
    #expect(lists[1].map { $0.split(separator: "/").last } == ["t.json", "s.json"])
    // Nothing stays behind.
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/results/.magnet/tmp").isEmpty)
    // Nothing is started a second time.
    #expect(try run(program).plan().isEmpty)
  }

  @Test func theNamesOfGENIESAreThoseOfItsCode() async throws {
    var program = try intervention("rec", train: Self.train, eval: Self.eval)
    program.arguments = .genies
    program.trainKeywords = [.init(key: "lr", value: .double(0.5)), .init(key: "fast", value: .bool(true))]
    program.evalKeywords = [.init(key: "note", value: .string("a b 'c'"))]
    _ = try await run(program).perform()
    let found = try #require(try record()["record"])
    let words = try #require(found["train"]?["arguments"]).elements.compactMap(\.string)
    #expect(
      stride(from: 0, to: 8, by: 2).map { words[$0] } == [
        "--model_dir", "--output_dir", "--training_distribution_dir", "--test_distribution_dirs",
      ])
    #expect(words.suffix(4) == ["--lr", "0.5", "--fast", "True"] && words.count == 12)
    #expect(try JSONValue(parsing: words[7]).elements.compactMap(\.string) == [words[5]])
    let eval = try #require(found["eval"]?["arguments"]).elements.compactMap(\.string)
    #expect(eval.suffix(2) == ["--note", "a b 'c'"])
    // A keyword, one byte of eval.py: the evaluations alone; train.py: the training, too.
    program.evalKeywords = []
    #expect(Set(try run(program).plan().map(\.reason)) == ["--eval-kwargs changed"])
    program.evalKeywords = [.init(key: "note", value: .string("other"))]
    #expect(Set(try run(program).plan().map(\.reason)) == ["--eval-kwargs changed"])
    #expect(try run(program).plan().allSatisfy { $0.kind == .evaluate })
    program.evalKeywords = [.init(key: "note", value: .string("a b 'c'"))]
    #expect(try run(program).plan().isEmpty)
    var tuned = program
    tuned.trainKeywords = [.init(key: "lr", value: .double(0.25))]
    #expect(
      Set(try run(tuned).plan().map(\.reason)) == [
        "--train-kwargs changed", "the trained model changed",
      ])
    var changed = try intervention("rec", train: Self.train + "\n#", eval: Self.eval)
    (changed.arguments, changed.trainKeywords, changed.evalKeywords) = (
      .genies, program.trainKeywords, program.evalKeywords
    )
    #expect(try run(changed).plan().map(\.reason).first == "the training program changed")
  }

  @Test func listsAreJSONAndPython() {
    let list = ProgramIntervention.list(["/a b/ü", "/q\"'\\", "/🔶"])
    #expect(list == #"["/a b/\u00fc", "/q\"'\\", "/\ud83d\udd36"]"#)
    #expect((try? JSONValue(parsing: list))?.elements.compactMap(\.string) == ["/a b/ü", "/q\"'\\", "/🔶"])
  }

  private static func writing(_ expression: String) -> String {
    """
    import json, os, sys
    o = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    for path in json.loads(o["--output_paths"]):
        if path.endswith("t.json"):
            \(expression)
        else:
            open(path, "w").write('{"eval_accuracy": 0.5}')
    """
  }

  @Test(arguments: [
    (#"open(path, "w").write('{"other": 1}')"#, "t.json: has no 'eval_accuracy'"),
    (#"open(path, "w").write('{"eval_accuracy": NaN}')"#, "expected a number from 0 to 1, found NaN"),
    (#"open(path, "w").write('{"eval_accuracy": "0.5"}')"#, "expected a number from 0 to 1, found a string"),
    (#"open(path, "w").write('{"eval_accuracy": 1.2}')"#, "expected a number from 0 to 1, found 1.2"),
    (#"open(path, "w").write('[1]')"#, "expected an object, found a list"),
    (#"open(path, "w")"#, "t.json: byte 0"), ("pass", "wrote no file t.json"),
    (#"os.symlink("/etc/passwd", path)"#, "left something as t.json that is not a file"),
    (#"os.mkdir(path)"#, "left something as t.json that is not a file"),
    (#"open(path, "w").truncate(65 << 20)"#, "wrote more than 64 MB of evaluation"),
  ])
  func whatAProgramMustNotWriteIsNamedAndNotKept(_ line: String, _ problem: String) async throws {
    let program = try intervention("bad", train: nil, eval: Self.writing(line))
    let outcome = try await run(program, targets: ["t", "u"]).perform()
    let rows = outcome.metrics[0].rows
    #expect(rows[0].generalization == nil && rows[1].generalization == 0.5)
    #expect(outcome.failures.count == 1 && outcome.failures[0].contains(problem), "\(outcome.failures)")
    #expect(rows[0].reasons.contains { $0.contains(problem) })
    let kept = try FileManager.default.contentsOfDirectory(
      atPath: folder.path + "/results/evaluations/bad/my model-s")
    #expect(kept.sorted() == ["s.json", "s.magnet.json", "u.json", "u.magnet.json"])
  }

  @Test func numbersThatDoNotAgreeAreWarnedOf() async throws {
    let program = try intervention(
      "odd", train: nil,
      eval: Self.writing(
        #"open(path, "w").write('{"eval_accuracy": 0.9, "eval_probabilities": [0.9, 0.9, 0.9, 0.1, 0.1]}')"#))
    let outcome = try await run(program).perform()
    #expect(outcome.metrics[0].rows[0].generalization == 0.9 && outcome.failures.isEmpty)
    #expect(
      outcome.warnings == [
        "odd, my model-s on t: eval_probabilities has 5 numbers for 36 pairs",
        "odd, my model-s on t: eval_accuracy is 0.9, but eval_probabilities say 0.6",
      ])
  }

  @Test func aProgramThatFailsOnOneTargetCostsThatOne() async throws {
    let program = try intervention(
      "crash", train: nil,
      eval: """
        import json, os, sys
        o = dict(zip(sys.argv[1::2], sys.argv[2::2]))
        for d, path in zip(json.loads(o["--distribution_dirs"]), json.loads(o["--output_paths"])):
            if d.endswith("/t"):
                sys.exit("no idea about t")
            open(path, "w").write('{"eval_accuracy": 0.25}')
        """)
    let outcome = try await run(program, targets: ["u", "t"]).perform()
    let rows = outcome.metrics[0].rows
    #expect(rows.map(\.generalization) == [0.25, nil] && rows.map(\.source) == [0.25, 0.25])
    #expect(outcome.failures.count == 1 && outcome.failures[0].contains("ended with status 1"))
    #expect(outcome.failures[0].contains("no idea about t"))
  }

  @Test func floodsOfOutputAreContained() async throws {
    let eval = """
      import json, os, sys
      block = b"x" * (1 << 20)
      for _ in range(200): os.write(FILE, block)
      o = dict(zip(sys.argv[1::2], sys.argv[2::2]))
      for path in json.loads(o["--output_paths"]):
          open(path, "w").write('{"eval_accuracy": 0.5}')
      """
    // What goes to standard output is dropped; standard error ends at 64 MB.
    let loud = try intervention("loud", train: nil, eval: eval.replacing("FILE", with: "1"))
    let dropped = try await run(loud).perform()
    #expect(dropped.failures.isEmpty && dropped.metrics[0].rows[0].generalization == 0.5)
    let shrill = try intervention("shrill", train: nil, eval: eval.replacing("FILE", with: "2"))
    let ended = try await run(shrill, "other").perform()
    #expect(ended.failures.contains { $0.contains("64 MB") }, "\(ended.failures)")
    #expect(ended.metrics[0].rows[0].generalization == nil)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/other/.magnet/tmp").isEmpty)
  }

  @Test func aTrainingThatFailsCostsItsShifts() async throws {
    for (train, problem) in [
      ("import sys; sys.exit(3)", "ended with status 3"),
      ("import time; time.sleep(60)", "took more than 1.0 seconds"),
      (
        "import os, sys, shutil\nd = sys.argv[-1]\nshutil.rmtree(d)\nos.symlink('/etc', d)", "is not a folder"
      ),
    ] {
      var program = try intervention("t", train: train, eval: Self.writing("pass"))
      if problem.contains("1.0") { program.timeLimit = .seconds(1) }
      let outcome = try await run(program).perform()
      #expect(outcome.metrics[0].rows[0].generalization == nil)
      #expect(outcome.failures.contains { $0.contains(problem) }, "\(outcome.failures)")
      #expect(!FileManager.default.fileExists(atPath: folder.path + "/results/models/t/my model-s"))
    }
  }

  @Test func withoutLabelsAProgramRewardsAnswers() async throws {
    let eval = """
      import json, os, sys
      o = dict(zip(sys.argv[1::2], sys.argv[2::2]))
      for d, path in zip(json.loads(o["--distribution_dirs"]), json.loads(o["--output_paths"])):
          assert not os.path.exists(d + "/train.json")
          examples = json.load(open(d + "/test.json"))
          assert all(set(e) == {"prompt", "responses"} and isinstance(e["responses"], list) for e in examples)
          rewards = [[1.0 if r.startswith("SECRET") else 0.0 for r in e["responses"]] for e in examples]
          json.dump({"eval_rewards": rewards, "orders": [e["responses"] for e in examples]}, open(path, "w"))
          open(os.path.dirname(path) + "/orders", "w").write(json.dumps([e["responses"] for e in examples]))
      """
    var program = try intervention("blind", train: nil, eval: eval)
    program.isBlind = true
    let outcome = try await run(program).perform()
    #expect(outcome.failures.isEmpty, "\(outcome.failures)")
    let evaluation = try record("results", "my model-s", "blind")
    #expect(
      evaluation["eval_accuracy"] == .double(1) && evaluation["eval_probabilities"]?.elements.count == 36)
    // The order is not the file's, which has the best first; the same seed draws the same.
    let half = try Distribution(folder: folder.path + "/distributions/t").test()
    let orders = half.examples.map { BlindOrder.order(of: $0, in: "t", seed: 1) }
    #expect(orders.contains { $0 != [0, 1, 2, 3] } && Set(orders.map { $0.firstIndex(of: 0) }).count > 2)
    #expect(orders == half.examples.map { BlindOrder.order(of: $0, in: "t", seed: 1) })
    #expect(orders != half.examples.map { BlindOrder.order(of: $0, in: "t", seed: 2) })
    for (line, problem) in [
      ("rewards = rewards[1:]", "t.json: eval_rewards: has 11 lists for 12 examples"),
      ("rewards[3] = rewards[3][1:]", "t.json: eval_rewards[3]: expected a list of 4 rewards"),
      ("rewards[3][0] = float('nan')", "t.json: eval_rewards[3]: expected numbers, found \"NaN\""),
    ] {
      let changed = eval.replacingOccurrences(of: "    json.dump(", with: "    \(line); json.dump(")
      var program = try intervention("liar", train: nil, eval: changed)
      program.isBlind = true
      let outcome = try await run(program).perform()
      #expect(outcome.failures.contains { $0.contains(problem) }, "\(outcome.failures)")
    }
  }

  private static let hasBubblewrap: Bool = {
    (try? Tool.run(
      command: "/usr/bin/env",
      ["bwrap", "--ro-bind", "/", "/", "--unshare-all", "/bin/sh", "-c", ":"]))?.status == 0
  }()

  @Test(.enabled(if: hasBubblewrap)) func underBubblewrapNothingElseIsReached() async throws {
    let marker = folder.path + "/marker"
    let listener = Process()
    let ports = Pipe()
    listener.executableURL = URL(filePath: "/usr/bin/env")
    listener.arguments = [
      "python3", "-c",
      "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); sys.stdin.read()",
    ]
    listener.standardOutput = ports
    // It ends with its standard input.
    let end = Pipe()
    listener.standardInput = end
    try listener.run()
    defer { try? end.fileHandleForWriting.close() }
    let port = try #require(
      Int(String(decoding: ports.fileHandleForReading.availableData, as: UTF8.self).filter(\.isNumber)))
    let eval = """
      import json, os, socket, sys
      o = dict(zip(sys.argv[1::2], sys.argv[2::2]))
      done = []
      def attempt(name, action):
          try:
              action()
              done.append(name)
          except OSError:
              pass
      # Under bubblewrap /tmp is its own: this lands nowhere.
      try:
          open("\(marker)", "w").write("x")
      except OSError:
          pass
      attempt("read", lambda: open("\(folder.path)/distributions/s/test.json").read())
      attempt("model", lambda: open(o["--model_dir"] + "/weights.bin", "a").write("x"))
      attempt("socket", lambda: socket.create_connection(("127.0.0.1", \(port)), 1))
      if os.fork() == 0:
          os.setsid()
          import time
          time.sleep(3)
          open("\(marker)", "w").write("late")
          os._exit(0)
      for path in json.loads(o["--output_paths"]):
          json.dump({"eval_accuracy": 0.5, "done": done}, open(path, "w"))
      """
    var program = try intervention("spy", train: nil, eval: eval)
    program.sandbox = .require
    let outcome = try await run(program).perform()
    #expect(outcome.failures.isEmpty, "\(outcome.failures)")
    #expect(try record("results", "my model-s", "spy")["done"] == .array([]))
    #expect(outcome.notes.contains { $0.contains("under bubblewrap") })
    try await Task.sleep(for: .seconds(4))
    #expect(!FileManager.default.fileExists(atPath: marker))
    // Without, the note says so.
    program.sandbox = .off
    let bare = try await run(program, "bare").perform()
    let done = try #require(try record("bare", "my model-s", "spy")["done"])
    #expect(done.elements.contains(.string("read")) && done.elements.contains(.string("socket")))
    #expect(
      bare.notes.contains { $0.contains("could read the user's other files, the distributions among them") })
  }

  /// Scripts find their neighbours, whether their folder or they themselves are behind a link.
  @Test(.enabled(if: hasBubblewrap)) func scriptsBehindLinksFindTheirNeighbours() async throws {
    let eval = """
      import json, sys, neighbour
      o = dict(zip(sys.argv[1::2], sys.argv[2::2]))
      for path in json.loads(o["--output_paths"]):
          json.dump({"eval_accuracy": neighbour.accuracy}, open(path, "w"))
      """
    try folder.write(eval, to: "real/inner/eval.py")
    // Nor does a link show what is hidden.
    try folder.write(
      "import glob\naccuracy = 0.75 if not glob.glob(__file__[:-12] + 'runs/*/*') else 2\n",
      to: "real/inner/neighbour.py")
    try folder.write("{}", to: "real/inner/runs/mmlu:model=a/run_spec.json")
    try folder.write("", to: "interventions/file/readme.txt")
    let manager = FileManager.default
    try manager.createSymbolicLink(
      atPath: folder.path + "/interventions/folder", withDestinationPath: folder.path + "/real/inner")
    try manager.createSymbolicLink(atPath: folder.path + "/above", withDestinationPath: "real")
    try manager.createSymbolicLink(
      atPath: folder.path + "/interventions/file/eval.py", withDestinationPath: "../../real/inner/eval.py")
    for place in ["interventions/folder", "above/inner", "interventions/file"] {
      var program = try ProgramIntervention(folder: folder.path + "/" + place)
      program.sandbox = .require
      program.timeLimit = .seconds(60)
      let outcome = try await run(program, "results-" + program.name).perform()
      #expect(outcome.failures.isEmpty, "\(place): \(outcome.failures)")
    }
  }

  @Test func anEndpointIsHandedOverWhereProgramsHaveTheNetwork() async throws {
    let eval = """
      import json, sys
      o = dict(zip(sys.argv[1::2], sys.argv[2::2]))
      e = json.load(open(o["--model_dir"] + "/endpoint.json"))
      for path in json.loads(o["--output_paths"]):
          json.dump({"eval_accuracy": 0.5, "endpoint": e}, open(path, "w"))
      """
    var program = try intervention("ask", train: nil, eval: eval)
    var run = try run(program)
    run.model = try BaseModel("http://localhost:8000/v1#org/tiny")
    let refused = try await run.perform()
    #expect(refused.failures.contains { $0.contains("add --network") })
    program.hasNetwork = true
    run.interventions = [program]
    let outcome = try await run.perform()
    #expect(outcome.failures.isEmpty, "\(outcome.failures)")
    let endpoint = try record("results", "tiny-s", "ask")["endpoint"]
    #expect(
      endpoint?["base_url"]?.string == "http://localhost:8000/v1" && endpoint?["model"]?.string == "org/tiny")
  }

  @Test func folderIsTakenForWhatItHolds() throws {
    #expect(throws: MagnetError.self) { try ProgramIntervention(folder: folder.path + "/none") }
    try folder.write("", to: "i/train.py")
    #expect(throws: MagnetError.self) { try ProgramIntervention(folder: folder.path + "/i") }
    let eval = try folder.write("#!/bin/sh\n", to: "i/eval")
    #expect(throws: MagnetError.self) { try ProgramIntervention(folder: folder.path + "/i") }
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: eval)
    let program = try ProgramIntervention(folder: folder.path + "/i/", python: "python3.11")
    #expect(program.name == "i" && program.evalCommand.words == [eval])
    #expect(program.trainCommand?.words == ["python3.11", folder.path + "/i/train.py"])
  }

  /// A working intervention in Python, beside the project or where MAGNET_SHARED says; nil without scikit-learn.
  private static let bagOfWords: String? = {
    guard let published else { return nil }
    let path = published + "-bow"
    let check = try? Tool.run(command: "/usr/bin/env", ["python3", "-c", "import sklearn"])
    return FileManager.default.fileExists(atPath: path + "/train.py") && check?.status == 0 ? path : nil
  }()

  @Test(.enabled(if: bagOfWords != nil), arguments: ProgramIntervention.Arguments.allCases)
  func aWorkingInterventionRunsUnchangedAndItsTwinAgrees(_ form: ProgramIntervention.Arguments) async throws {
    var program = try ProgramIntervention(folder: try #require(Self.bagOfWords))
    program.arguments = form
    let value = try Project.json(Project.fixture("expected/interventions.json"))
    for id in ["d", "e"] {
      for half in ["train", "test"] {
        try folder.write(try #require(value[half]).text, to: "distributions/\(id)/\(half).json")
      }
    }
    var run = try run(program)
    run.shifts = ShiftSet(name: "twin", rows: [DistributionShift(source: "d", target: "e")])
    run.interventions = [program, BagOfWords()]
    let outcome = try await run.perform()
    #expect(outcome.failures.isEmpty, "\(outcome.failures)")
    let rows = outcome.metrics.map { $0.rows[0] }
    #expect(rows[0].generalization == rows[1].generalization && rows[0].source == rows[1].source)
    let p = try [program.name, "bag-of-words"].map { name in
      try #require(
        try Project.json("\(folder.path)/results/evaluations/\(name)/my model-d/e.json")["eval_probabilities"]
      ).elements.compactMap(\.double)
    }
    #expect(p[0].count == 160 && zip(p[0], p[1]).allSatisfy { abs($0 - $1) < 1e-4 })
  }
}
