import TestSupport
import Testing

@testable import Magnet

/// The lines programs write, and the files they are given.
@Suite struct ExternalTests {
  static let states = "scenario_state.request_states."

  /// A split whose test run has the answer 0.987654, and requests of two instances, one of them perturbed too.
  static func task(
    isOfInstances: Bool = false, disclosure: Disclosure = .responses
  ) -> ProgramTask {
    let stats = Table(
      columnNames: ["run_spec.name", "stats.name.name", "stats.name.split", "stats.mean"],
      rows: [[.string("r"), .string("secret_metric"), .string("test"), .double(0.987654)]])
    let instanceStats = Table(
      columnNames: [
        "run_spec.name", "per_instance_stats.instance_id", "per_instance_stats.stats.name.name",
        "per_instance_stats.stats.mean",
      ],
      rows: [[.string("r"), .string("id1"), .string("secret_metric"), .double(0.123456)]])
    let requests: [[Cell]] = [("id1", nil), ("id2", nil), ("id2", "dialect")].enumerated().map {
      [
        .string("r"), .int(Int64($0)), .string($1.0), Cell($1.1), .string("Where?"),
        .string("the answer is A"),
        .json(#"[{"text":"hidden completion"}]"#),
        .json(#"[{"output":{"text":"x"},"tags":["correct"]},{"tags":[]}]"#),
      ]
    }
    let test = TestSplit(
      RunTables(
        runSpecs: Table(columnNames: ["run_spec.name"], rows: [[.string("r")]]),
        scenarioStates: Table(
          columnNames: [
            "run_spec.name", Table.instancePredictID, states + "instance.id",
            states + "instance.perturbation.name", states + "instance.input.text",
            states + "instance.extra_data.answer", states + "result.completions",
            states + "instance.references",
          ], rows: requests), stats: stats, perInstanceStats: instanceStats))
    return ProgramTask(
      train: TrainSplit(RunTables(runSpecs: Table(columnNames: ["run_spec.name"], rows: [[.string("t")]]))),
      test: test.sequestered(disclosure), seed: 1, isOfInstances: isOfInstances, metrics: [])
  }

  static func fault(_ text: String, isOfInstances: Bool = false) -> String? {
    do {
      _ = try PredictionLines(Array(text.utf8), for: task(isOfInstances: isOfInstances))
      return nil
    } catch { return "\(error)" }
  }

  @Test(arguments: [
    ("nonsense", "line 1 of its predictions is not JSON: byte 0: "),
    (#"{"run":"r","stat":"m","mean":1}{}"#, "line 1 of its predictions is not JSON: byte 31: "),
    ("[1]", "line 1 of its predictions is not an object"),
    (
      #"{"run":"r","stat":"m","mean":1,"uper":2}"#,
      "has a field 'uper', which there is not; did you mean upper"
    ),
    (#"{"run":"r","stat":"m","mean":1,"mean":2}"#, "has 'mean' twice"),
    (#"{"stat":"m","mean":1}"#, "has no 'run' that is a text"),
    (#"{"run":"q","stat":"m","mean":1}"#, "is of a run that is not asked for: q; asked for is r"),
    (#"{"run":"r","mean":1}"#, "has no 'stat' that is a text"),
    (#"{"run":"r","stat":"m"}"#, "has no 'mean'"),
    (#"{"run":"r","stat":"m","mean":null}"#, "has no 'mean'"),
    (#"{"run":"r","stat":"m","mean":"1"}"#, #"has a 'mean' that is not a number: "1""#),
    (#"{"run":"r","stat":"m","mean":NaN}"#, "has a 'mean' that is not finite: NaN"),
    (#"{"run":"r","stat":"m","mean":1e999}"#, "has a 'mean' that is not finite: Infinity"),
    (
      #"{"run":"r","stat":"m","mean":1,"lower":-Infinity,"upper":1}"#, "'lower' that is not finite: -Infinity"
    ),
    (
      #"{"run":"r","stat":"m","mean":1,"lower":2,"upper":1}"#, "has a 'lower' of 2.0 above its 'upper' of 1.0"
    ),
    (#"{"run":"r","stat":"m","mean":1,"lower":2}"#, "has a 'lower' and no 'upper'"),
    (#"{"run":"r","stat":"m","mean":1,"upper":2}"#, "has an 'upper' and no 'lower'"),
    (#"{"run":"r","stat":"m","mean":1,"stddev":-1}"#, "has a negative 'stddev'"),
    (#"{"run":"r","stat":"m","mean":1,"split":3}"#, "has a 'split' that is not a text: 3"),
    (#"{"run":"r","stat":"m","mean":1,"perturbation":"x"}"#, "has a 'perturbation' that is not an object"),
    (
      #"{"run":"r","stat":"m","mean":1,"instance":0}"#,
      "has an 'instance', and whole runs are to be predicted"
    ),
    (
      "\n" + #"{"run":"r","stat":"m","mean":1}"# + "\n\n" + #"{"run":"r","stat":"m","mean":2}"#,
      "line 4 of its predictions predicts what line 2 predicts"
    ),
  ])
  func faultsHaveAnAddress(_ text: String, sentence: String) throws {
    let fault = try #require(Self.fault(text))
    #expect(fault.contains(sentence), "\(fault)")
    #expect(fault.hasPrefix("line "))
  }

  /// When the task is cancelled, the program is killed, and its folder goes.
  @Test func programsAreKilledWhenCancelled() async throws {
    let folder = try TemporaryFolder()
    let mark = folder.path + "/mark"
    let script = "{ echo $$; pwd; } > $MARK.new; mv $MARK.new $MARK; sleep 600; sleep 600"
    var program = ExternalProgram(CommandWords(program: "/bin/sh", arguments: ["-c", script]))
    program.sandbox = .off
    program.environment["MARK"] = mark
    let work = Task { [program] in
      try await Workers.blocking { _ = try program.predict(Self.task(), known: WrittenTrain()) }
    }
    while !Files.exists(mark) { try await Task.sleep(for: .milliseconds(1)) }
    work.cancel()
    await #expect(throws: CancellationError.self) { try await work.value }
    let lines = String(decoding: try Files.read(mark, atMost: 1000), as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 2 && !Files.exists(String(lines[1])))
    #expect(!Files.exists("/proc/\(lines[0])"))
  }

  @Test func aMeanOutsideItsIntervalIsAFault() {
    let fault = Self.fault(#"{"run":"r","stat":"m","mean":3,"lower":0,"upper":2}"#)
    #expect(fault == "line 1 of its predictions has a 'mean' of 3.0 outside its own interval, 0.0 to 2.0")
  }

  /// What a program wrote is repeated in part only, and without control characters.
  @Test func faultsRepeatLittleOfWhatWasWritten() throws {
    let long = String(repeating: "x", count: 1 << 20)
    for line in [
      #"{"run":"\#(long)","stat":"m","mean":1}"#, #"{"run":"r","stat":"m","mean":"\#(long)"}"#,
      #"{"run":"r","stat":"m","mean":1,"\#(long)":2}"#,
      #"{"run":"r","stat":"m","mean":1,"split":["\#(long)"]}"#,
    ] { #expect(try #require(Self.fault(line)).utf8.count < 1000) }
    let escape = try #require(Self.fault(#"{"run":"a\u001b[2Jb","stat":"m","mean":1}"#))
    #expect(escape.contains(#"a\u{1b}[2Jb"#) && !escape.contains("\u{1B}"))
  }

  @Test func textsAreShownWithoutControls() {
    #expect(shown("a\u{1B}[2Jb\n") == #"a\u{1b}[2Jb\n"#)
    #expect(shown("abcdef", limit: 3) == "abc..." && shown("abc", limit: 3) == "abc" && shown("") == "")
    #expect(withoutControls("one\u{7}\n  | two\u{202E}") == "one\\u{7}\n  | two\\u{202e}")
  }

  /// A field that HELM does not know may be a score, whatever its name is.
  @Test func fieldsThatHELMDoesNotKnowAreNotShown() throws {
    let names = [
      "run_spec.name", Self.states + "instance.id", Self.states + "instance.input.text",
      Self.states + "request.prompt", Self.states + "request.gold", Self.states + "score",
      Self.states + "instance.gold", Self.states + "instance.contrast_references",
      Self.states + "instance.references", Self.states + "result.completions", Self.states + "result.score",
      Self.states + "output_mapping.A", Self.states + "annotations.judge", "scenario_state.gold",
    ]
    let row: [Cell] = names.map { name in
      switch name.split(separator: ".").last {
      case "references":
        .json(
          #"[{"output":{"text":"x","gold":1},"tags":["correct"],"score":1},{"output":{"text":"y"},"tags":[]}]"#
        )
      case "completions":
        .json(#"[{"text":"y","logprob":-1.5,"score":0.75,"tokens":[{"text":"y","gold":1}]}]"#)
      default: .string("v")
      }
    }
    let split = TestSplit(
      RunTables(
        runSpecs: Table(columnNames: ["run_spec.name"], rows: [[.string("r")]]),
        scenarioStates: Table(columnNames: names, rows: [row])))
    func columns(_ disclosure: Disclosure) -> [String] {
      split.sequestered(disclosure).scenarioStates.columnNames.map { $0.replacing(Self.states, with: "") }
    }
    let inputs = [
      "run_spec.name", "instance.id", "instance.input.text", "request.prompt", "instance.references",
    ]
    #expect(columns(.inputs) == inputs)
    #expect(columns(.responses) == inputs + ["result.completions"])
    #expect(columns(.everything).count == names.count)
    let shown = split.sequestered(.responses).scenarioStates.rows[0]
    #expect(
      shown[Self.states + "instance.references"].text
        == #"[{"output":{"text":"x"}},{"output":{"text":"y"}}]"#)
    #expect(
      shown[Self.states + "result.completions"].text
        == #"[{"text":"y","logprob":-1.5,"tokens":[{"text":"y"}]}]"#)
  }

  @Test func brokenBytesAreNoCrash() throws {
    for bytes: [UInt8] in [
      [0xFF], [0], [0x7B], Array("{\"run\":\"\\ud800\"}".utf8), Array(repeating: 0x5B, count: 5000),
    ] {
      #expect(throws: MagnetError.self) { try PredictionLines(bytes, for: Self.task()) }
    }
    #expect(try PredictionLines([], for: Self.task()).predictions.isEmpty)
  }

  @Test func splitsAndPerturbationsTellStatisticsApart() throws {
    let lines = [
      "", #","split":"test""#, #","perturbation":{"name":"dialect","computed_on":"worst","prob":0.5}"#,
    ]
    .map { #"{"run":"r","stat":"m","mean":1,"lower":0,"upper":2"# + $0 + "}\r\n" }.joined()
    let read = try PredictionLines(Array(lines.utf8), for: Self.task()).predictions
    #expect(read.map(\.stat.name.split) == [nil, "test", nil])
    #expect(read[2].stat.name.perturbation?.parameters == ["prob": .double(0.5)])
    #expect(read[0].interval == Interval(lower: 0, upper: 2) && read[0].stat.stddev == 0)
  }

  @Test func instancesAreMeantByNumberOrID() throws {
    func numbers(_ instances: String...) throws -> [Int?] {
      let lines = instances.map { #"{"run":"r","stat":"m","mean":1,"instance":\#($0)}"# }.joined(
        separator: "\n")
      return try PredictionLines(Array(lines.utf8), for: Self.task(isOfInstances: true)).predictions.map(
        \.instance)
    }
    #expect(try numbers("2", "0") == [2, 0])
    #expect(
      try numbers(#""id1""#, #""id2","perturbation":{"name":"dialect"}"#, #""id2","perturbation":null"#) == [
        0, 2, 1,
      ])
    for (instance, sentence) in [
      ("3", "number 3"), (#""id7""#, "not asked for: id7; did you mean id1, id2?"), ("-1", "number -1"),
      (#""id2""#, "one of 2 requests of instance id2; give its number"), ("null", "has no 'instance'"),
      (#""id1","perturbation":{"name":"x"}"#, "id1 with this perturbation and trial"),
      ("1.5", "has no 'instance'"),
    ] {
      let fault = Self.fault(#"{"run":"r","stat":"m","mean":1,"instance":\#(instance)}"#, isOfInstances: true)
      #expect(fault?.contains(sentence) == true, "\(fault ?? "none")")
    }
    // The same request by number and by id.
    let lines =
      #"{"run":"r","stat":"m","mean":1,"instance":0}"# + "\n"
      + #"{"run":"r","stat":"m","mean":1,"instance":"id1"}"#
    #expect(Self.fault(lines, isOfInstances: true)?.contains("predicts what line 1 predicts") == true)
  }

  /// Written again or copied, the files are the same; another split has its own, and what a program does to its copy
  /// is its own affair.
  @Test func whatIsLearnedFromIsWrittenOnce() throws {
    func split(_ run: String) -> TrainSplit {
      TrainSplit(RunTables(runSpecs: Table(columnNames: ["run_spec.name"], rows: [[.string(run)]])))
    }
    let (a, b) = (split("a"), split("b"))
    let known = WrittenTrain()
    var texts: [String] = []
    for train in [a, a, a, b, b, a] {
      let folder = try TemporaryFolder()
      try known.write(train, into: folder.path)
      let names = try Files.entries(folder.path + "/train").map(\.name)
      #expect(names.contains("runs.csv"))
      var text = names.joined(separator: " ")
      for file in names.map({ "train/" + $0 }) + ["train.sqlite"] {
        text += String(decoding: try Files.read(folder.path + "/" + file, atMost: 1 << 20), as: UTF8.self)
      }
      texts.append(text)
      try folder.write("gone", to: "train/runs.csv")
    }
    #expect(texts[0].contains("a") && texts[1] == texts[0] && texts[2] == texts[0] && texts[5] == texts[0])
    #expect(texts[3] == texts[4] && texts[3] != texts[0])
  }

  @Test(arguments: Disclosure.allCases) func theFilesHoldNoMoreThanIsDisclosed(_ disclosure: Disclosure)
    throws
  {
    let folder = try TemporaryFolder()
    try Self.task(isOfInstances: true, disclosure: disclosure).write(into: folder.path)
    var text = ""
    for file in ["task.json", "test.sqlite"]
      + ["runs", "scores", "instances", "instance_scores", "scenario_states"].map({ "test/\($0).csv" })
    {
      guard let bytes = try? Files.read(folder.path + "/" + file, atMost: 1 << 24) else { continue }
      text += String(decoding: bytes, as: UTF8.self)
      // Doubles in SQLite are big-endian.
      for secret in [0.987654, 0.123456] {
        let pattern = (0..<8).map { UInt8(truncatingIfNeeded: secret.bitPattern >> (56 - 8 * UInt64($0))) }
        let isThere = bytes.indices.contains { bytes[$0...].starts(with: pattern) }
        #expect(isThere == (secret == 0.123456 && disclosure == .scores && file == "test.sqlite"), "\(file)")
      }
    }
    #expect(!text.contains("0.987654"))
    #expect(text.contains("0.123456") == (disclosure == .scores))
    #expect(text.contains("Where?") == (disclosure != .runSpec))
    #expect(text.contains("hidden completion") == [.responses, .scores, .everything].contains(disclosure))
    #expect(text.contains("the answer is A") == (disclosure == .everything))
    #expect(text.contains("correct") == (disclosure == .everything))
    #expect(text.contains("secret_metric"))
  }

  @Test func wordsAreSplitAsAShellDoes() throws {
    func words(_ line: String) throws -> [String] { try CommandWords(parsing: line).words }
    #expect(try words("python3 a.py") == ["python3", "a.py"])
    #expect(
      try words(#"  sh -c 'a "b" $c'  "d\"e \x" f\ g"" '' "#) == [
        "sh", "-c", #"a "b" $c"#, #"d"e \x"#, "f g", "",
      ])
    for line in ["", "  ", "'a", "\"a", "''"] { #expect(throws: MagnetError.self) { try words(line) } }
  }
}
