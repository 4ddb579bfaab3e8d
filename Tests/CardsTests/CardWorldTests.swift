import Foundation
import HelmBackend
import Magnet
import TestSupport
import Testing

@testable import Cards

/// Cards against the rest of the world: the terminal, what other commands wrote, and interruptions.
@Suite struct CardWorldTests {
  static let seed = CardCommandTests.seed
  static let hasScript = Files.isExecutable("/usr/bin/script")

  // MARK: The terminal

  @Test(
    .enabled(if: hasScript && Shared.python != nil),
    arguments: [("y", 0), ("n", 2), ("", 2)] as [(String, Int32)])
  func aTerminalIsAsked(_ answer: String, _ status: Int32) throws {
    let folder = try TemporaryFolder()
    let card = try folder.write(Self.seed, to: "card.yaml")
    try folder.write(answer + "\n", to: "answer")
    let command = "\(Tool.binary) card evaluate \(card) --sandbox off; echo status $?"
    let outcome = try Tool.run(
      command: "/bin/sh",
      ["-c", "(sleep 2; cat \(folder.path)/answer; sleep 1) | script -qec '\(command)' /dev/null"])
    let text = outcome.output.replacing("\r\n", with: "\n")
    #expect(
      text.contains("card.yaml runs Python: the claim (1 line; read them in the card). Run it? [y/N]"),
      "\(text)")
    #expect(text.contains("status \(status)\n"))
    #expect(text.contains("VERIFIED\n") == (status == 0))
  }

  /// At 80 columns no line of a table is longer.
  @Test(.enabled(if: hasScript)) func tablesFitTheTerminal() throws {
    let folder = try TemporaryFolder()
    let card = try folder.write(
      "claim: {expr: n > 1, message: '\(String(repeating: "a long message ", count: 20))'}\nsymbols: {n: {sweep: [1, 2]}}\n",
      to: "card.yaml")
    let command = "stty cols 80 rows 24; \(Tool.binary) card evaluate \(card) --format table 2>/dev/null"
    let outcome = try Tool.run(
      command: "/usr/bin/script", ["-qec", command, "/dev/null"],
      environment: ["TERM": "xterm", "NO_COLOR": "1"])
    let lines = outcome.output.replacing("\r\n", with: "\n").split(separator: "\n")
    #expect(lines.count > 3 && lines.allSatisfy { $0.count <= 80 }, "\(outcome.output)")
  }

  // MARK: What other commands wrote

  @Test func theStoreOfJudgesIsAttached() throws {
    let folder = try TemporaryFolder()
    let store = folder.path + "/walk.judge"
    let judged = try Tool.run(
      "judge", "run", "--algorithms", "Trend", "--challenges", "Predict", "--world", "linear", "--questions",
      "20",
      "--timesteps", "4", "--results", store)
    #expect(judged.status == 0, "\(judged.errors)")
    let before = try Data(contentsOf: URL(filePath: store))
    let card = try folder.write(
      """
      title: Every test of the judges came to its end
      description: d
      attach: {judged: walk.judge}
      claim:
        sql: |
          SELECT algorithm, state = 'done' AND json_extract(result, '$.eval_times') = 2 AS holds FROM judged.pair
      symbols: {}

      """, to: "card.yaml")
    let outcome = try Tool.run("card", "evaluate", card)
    #expect(outcome.output == "VERIFIED\n", "\(outcome.output)\(outcome.errors)")
    #expect(try Data(contentsOf: URL(filePath: store)) == before)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
        "card.yaml", "walk.judge",
      ])
    let writing = try folder.write(
      "title: t\nattach: {judged: walk.judge}\nclaim: {sql: DELETE FROM judged.pair}\nsymbols: {}\n",
      to: "evil.yaml")
    #expect(try Tool.run("card", "evaluate", writing).status == 2)
    #expect(try Data(contentsOf: URL(filePath: store)) == before)
  }

  @Test func headlineScoresAreClaimedOf() async throws {
    let card = try EvaluationCard(
      text: """
        title: Every run has one headline score, and it is a share
        description: d
        claim: {expr: runs_scored = 12 AND runs_scored = main_rows AND low >= 0 AND high <= 1}
        symbols:
          runs_scored: {type: int, sql: SELECT count(*) FROM headline WHERE mean IS NOT NULL}
          main_rows: {type: int, sql: SELECT count(*) FROM scores WHERE is_main}
          low: {type: float, sql: SELECT min(mean) FROM scores WHERE is_main}
          high: {type: float, sql: SELECT max(mean) FROM scores WHERE is_main}

        """)
    try await card.evaluate(over: HelmRuns(Project.fixture("benchmark_output/runs/plain-v1")))
    #expect(card.settings.map(\.output) == ["Assertion holds"])
  }

  @Test func theStoreOfShiftsIsAttached() throws {
    let folder = try TemporaryFolder()
    let distributions = Project.fixture("distributions")
    let run = try Tool.run(
      "shift", "run", distributions + "/shifts.json", "--distributions", distributions, "--intervention",
      "bag-of-words", "--baseline", "chance", "--results", folder.path + "/results", "--format", "ndjson")
    #expect(run.status == 0, "\(run.errors)")
    try folder.write(run.output, to: "metrics.ndjson")
    let card = try folder.write(
      """
      title: Chance is one half, and training helps at home
      description: d
      attach: {evaluations: results/evaluations, metrics: metrics.ndjson}
      claim:
        sql: |
          SELECT name, eval_accuracy = 0.5 AS holds FROM evaluations WHERE folder_1 = 'chance'
          UNION ALL SELECT source, source_ID_accuracy > baseline_accuracy FROM metrics
      symbols: {}

      """, to: "card.yaml")
    let outcome = try Tool.run("card", "evaluate", card)
    #expect(outcome.output == "VERIFIED\n", "\(outcome.output)\(outcome.errors)")
  }

  @Test func aListOfObjectsAndDamagedFilesAreToldApart() throws {
    let folder = try TemporaryFolder()
    try folder.write("[{\"a\": 1, \"b\": \"x\"}, {\"a\": 2, \"c\": [1]}]", to: "list.json")
    try folder.write("[1]", to: "other.json")
    try folder.write("{\"a\": ", to: "tree/x/broken.json")
    try folder.write("not a database", to: "plain.txt")
    func evaluate(_ file: String) throws -> Tool.Outcome {
      let card = try folder.write(
        "title: t\nattach: {d: \(file)}\nclaim: {expr: (SELECT sum(a) FROM d) = 3}\nsymbols: {}\n",
        to: "card.yaml")
      return try Tool.run("card", "evaluate", card)
    }
    #expect(try evaluate("list.json").output == "VERIFIED\n")
    #expect(try evaluate("other.json").errors.contains("card.yaml:2:13: "))
    #expect(try evaluate("tree").errors.contains("x/broken.json is not JSON"))
    #expect(try evaluate("none.json").errors.contains("no file"))
    #expect(try evaluate("plain.txt").status == 2)
  }

  // MARK: Result folders

  @Test func nothingIsWrittenUnlessAsked() throws {
    let folder = try TemporaryFolder()
    let card = try folder.write("claim: {expr: '1'}\nsymbols: {}\n", to: "card.yaml")
    #expect(try Tool.run("card", "evaluate", card, in: folder.path).status == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["card.yaml"])
    let file = try Tool.run("card", "evaluate", card, "-o", card + "/out")
    #expect(file.status == 2 && file.errors.contains("cannot be written"), "\(file.errors)")
    // Where magnet and the dashboard of Kitware look.
    #expect(try Tool.run("card", "evaluate", card, "-o", folder.path + "/out").status == 0)
    let bundle = try #require(FileManager.default.contentsOfDirectory(atPath: folder.path + "/out").first)
    #expect(bundle.wholeMatch(of: #/[0-9a-f]{8}_\d{4}-\d\d-\d\d__\d\d-\d\d-\d\d/#) != nil, "\(bundle)")
    let verdict = try Project.json("\(folder.path)/out/\(bundle)/verdict.json")
    #expect(
      verdict["result"]?.string == "VERIFIED"
        && verdict["claim_aggregation_strategy"]?["type"]?.string == "all")
  }

  /// Killed at any moment, a result folder is complete or not there.
  @Test func resultFoldersAppearWhole() async throws {
    let folder = try TemporaryFolder()
    let values = (0..<400).map(String.init).joined(separator: ", ")
    let card = try folder.write(
      "claim: {expr: n >= 0}\nsymbols: {n: {type: int, sweep: [\(values)]}}\n", to: "card.yaml")
    let out = folder.path + "/out"
    for attempt in 0..<12 {
      let process = try Tool.start("card", "evaluate", card, "-o", out)
      try await Task.sleep(for: .milliseconds(15 * attempt))
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: out)) ?? []
    for name in names where !name.hasSuffix(".part") {
      let verdict = try Project.json("\(out)/\(name)/verdict.json")
      let claims = verdict["claims"]?.elements.compactMap(\.string) ?? []
      #expect(claims.count == 400)
      for claim in claims { #expect(Files.exists("\(out)/\(name)/results/\(claim)/verdict.json")) }
    }
    #expect(try Tool.run("card", "evaluate", card, "-o", out).status == 0)
  }

  /// Kitware's dashboard reads MILESTONE/ORGANIZATION/ALGORITHM/HASH_TIME: the statuses of the results, the verdict, the
  /// strategy, and the claim's Python in the card.
  @Test(.enabled(if: Shared.python != nil)) func theDashboardFindsWhatItReads() throws {
    let folder = try TemporaryFolder()
    let card = try folder.write(
      """
      title: t
      description: d
      claim: {python: 'assert n < 3, n'}
      claim_aggregation_strategy: {type: fraction, parameters: {threshold: 0.5}}
      symbols: {n: {type: int, sweep: [1, 2, 3]}}

      """, to: "card.yaml")
    let out = folder.path + "/2026/acme/least"
    let outcome = try Tool.run(
      "card", "evaluate", card, "--allow-python", "--sandbox", "off", "--set", "n=[2, 4]", "-o", out)
    #expect(outcome.output.hasSuffix("VERIFIED\n") && outcome.status == 0, "\(outcome.errors)")
    let bundle = try #require(FileManager.default.contentsOfDirectory(atPath: out).first)
    #expect(bundle.wholeMatch(of: #/[0-9a-f]{8}_\d{4}-\d\d-\d\d__\d\d-\d\d-\d\d/#) != nil)
    let verdict = try Project.json("\(out)/\(bundle)/verdict.json")
    #expect(verdict["result"]?.string == "VERIFIED")
    #expect(verdict["claim_aggregation_strategy"]?["parameters"]?["threshold"]?.double == 0.5)
    let results = Files.matches("\(out)/\(bundle)/results/*/verdict.json")
    #expect(
      try results.compactMap { try Project.json($0)["status"]?.string }.sorted() == ["FALSIFIED", "VERIFIED"])
    let read = try YAMLDocument(CardFiles.read("\(out)/\(bundle)/card.yaml", limit: 1 << 20)).root.value
    #expect(read["claim"]?["python"]?.text == "assert n < 3, n")
  }

  /// What was written is what is shown again: values of every kind, metrics and the verdict.
  @Test(.enabled(if: Shared.python != nil)) func anEvaluationIsRestored() async throws {
    let folder = try TemporaryFolder()
    let text = """
      title: t
      description: d
      claim: {python: 'assert score > 0'}
      symbols:
        score:
          type: float
          value: 0.25
          metadata: {display_name: Mean, define_metric: {aggregation_strategy: {type: mean}}}
        pair: {type: tuple, python: "pair = (1, 'a')"}
        thing: {type: object, python: "thing = object()"}
        odd: {type: float, python: "odd = float('nan')"}
        big: {type: int, python: big = 2 ** 70}
        day: {value: 2024-05-06}
        nothing: {value: null}
        keys: {value: {1: true, x: [0.5]}}

      """
    let path = try folder.write(text, to: "card.yaml")
    let card = try EvaluationCard(path)
    try await card.evaluate(GoldenTests.options())
    let bundle = try card.write(to: folder.path + "/out", version: "0")
    for place in [folder.path + "/out", bundle] {
      let again = try EvaluationCard(path)
      try again.restore(from: place)
      #expect(again.summarize() == card.summarize())
      #expect(again.lastOutcome?.metrics == card.lastOutcome?.metrics)
      #expect(again.settings.map(\.output) == card.settings.map(\.output))
      let outcome = try Tool.run("card", "summarize", path, "-o", place)
      #expect(outcome.output == card.summarize() && outcome.status == 0, "\(outcome.errors)")
    }
    #expect(card.summarize().contains("'pair': (1, 'a'), 'thing': <object object>, 'odd': nan, "))
    // An evaluation of another card, or of this one before it was changed, says nothing of it.
    try folder.write(text.replacing("0.25", with: "0.75"), to: "card.yaml")
    for place in [folder.path + "/out", bundle] {
      let outcome = try Tool.run("card", "summarize", path, "-o", place)
      #expect(outcome.status == 2 && outcome.output == "", "\(outcome.output)")
    }
  }

  // MARK: Large and hostile

  /// Neither `validate` nor an evaluation imports what lies in the current folder, which may be the card's.
  @Test(.enabled(if: Shared.python != nil)) func modulesOfTheCurrentFolderAreNotImported() throws {
    let folder = try TemporaryFolder()
    for name in [
      "json", "re", "os", "typing", "ast", "warnings", "datetime", "sitecustomize", "usercustomize",
    ] {
      try folder.write("open('\(folder.path)/ran-\(name)', 'w')\n", to: name + ".py")
    }
    try folder.write("x = 1\n", to: "source.py")
    try folder.write(
      "title: t\nclaim: {python: assert day.year == 2024}\nsymbols: {day: {value: 2024-05-06}}\ntheory: {empirical_sources: [source.py]}\n",
      to: "card.yaml")
    let valid = try Tool.run("card", "validate", "card.yaml", in: folder.path)
    #expect(valid.status == 0 && valid.output == "card.yaml: sound\n", "\(valid.errors)")
    #expect(try Tool.run("card", "evaluate", "card.yaml", in: folder.path).status == 2)
    let asked = try Tool.run(
      "card", "evaluate", "card.yaml", "--allow-python", "--sandbox", "off", in: folder.path)
    #expect(asked.output == "VERIFIED\n", "\(asked.errors)")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("ran") } == [])
  }

  /// Files that a card names and that never end, or never begin, are not opened.
  @Test(.timeLimit(.minutes(30))) func pipesAndDevicesAreNotRead() throws {
    let folder = try TemporaryFolder()
    #expect(mkfifo(folder.path + "/pipe.ndjson", 0o600) == 0)
    #expect(mkfifo(folder.path + "/pipe.yaml", 0o600) == 0)
    #expect(mkfifo(folder.path + "/pipe.py", 0o600) == 0)
    let head = "title: t\nclaim: {expr: '1'}\nsymbols: {}\n"
    for body in [
      "attach: {d: pipe.ndjson}", "attach: {d: pipe.py}", "attach: {d: /dev/zero}",
      "theory: {indexes: [pipe.yaml]}",
      "theory: {indexes: [/dev/zero]}", "theory: {empirical_sources: [pipe.py]}",
    ] {
      let card = try folder.write(head + body + "\n", to: "card.yaml")
      for command in ["evaluate", "validate"] {
        let outcome = try Tool.run("card", command, card)
        #expect(
          outcome.status == (command == "evaluate" ? 2 : 1), "\(body) \(outcome.output)\(outcome.errors)")
        #expect(outcome.errors.contains("card.yaml:4:"), "\(outcome.errors)")
      }
    }
  }

  @Test func withoutPythonACardIsNotCalledSound() throws {
    let folder = try TemporaryFolder()
    let card = try folder.write(
      "title: t\nclaim: {python: assert x}\nsymbols: {x: {value: 1}}\n", to: "card.yaml")
    let outcome = try Tool.run("card", "validate", card, environment: ["PATH": folder.path])
    #expect(
      outcome.status == 2 && outcome.errors.contains("install Python 3.8 or later"), "\(outcome.errors)")
    #expect(outcome.output.hasSuffix("card.yaml: sound, but not everything was checked\n"))
  }

  /// The options of MAGNET's own command, and runs that are where they usually are.
  @Test func theCommandOfMAGNETHasItsOptions() throws {
    let folder = try TemporaryFolder()
    let card = try folder.write(
      "title: t\nclaim: {expr: '(SELECT count(*) FROM runs) = 12'}\nsymbols: {}\n", to: "card.yaml")
    let runs = Project.fixture("benchmark_output/runs/plain-v1")
    let usual = try Tool.run(
      "evaluate", card, "--validate", "off", "--jobs", "2", "--parallel_backend", "threading", "--verbose",
      environment: ["MAGNET_RUNS": runs])
    #expect(usual.output == "VERIFIED\n" && usual.status == 0, "\(usual.errors)")
    let none = try Tool.run("evaluate", card, in: folder.path)
    #expect(none.status == 2 && none.errors.contains("asks runs, and no runs are given"), "\(none.errors)")
    let only = try Tool.run("evaluate", card, "--validate", "only", in: folder.path)
    #expect(only.status == 0 && only.output.hasSuffix("card.yaml: sound\n"), "\(only.errors)")
  }

  private static let freeMemory: Int = {
    let text = (try? Project.text("/proc/meminfo")) ?? ""
    guard let match = text.firstMatch(of: #/MemAvailable: +(\d+) kB/#) else { return 0 }
    return (Int(match.output.1) ?? 0) << 10
  }()

  /// A text of a gigabyte stays where it is; so do a message and an exit of that size.
  @Test(.enabled(if: Shared.python != nil && freeMemory > 5 << 30)) func aGigabyteIsNotMoved() async throws {
    let card = try await PythonTests.evaluate(
      """
      claim: {python: 'assert len(text) == 1 << 30 and n < 2, text'}
      symbols:
        n: {sweep: [1, 2]}
        text: {type: str, python: 'text = "x" * (1 << 30)'}
      """)
    #expect(card.settings.map(\.status) == [.verified, .falsified])
    #expect(card.settings[0].symbols.last?.value.pythonText == "<str of 1073741824>")
    #expect(card.settings[1].output.utf8.count < 200_000)
  }

  @Test func tooManySettingsAndHugeSweepsEndAtOnce() throws {
    let folder = try TemporaryFolder()
    let sweep = "{sweep: [" + Array(repeating: "1", count: 1000).joined(separator: ", ") + "]}"
    let card = try folder.write(
      "claim: {expr: '1'}\nsymbols: {a: \(sweep), b: \(sweep), c: \(sweep)}\n", to: "card.yaml")
    let outcome = try Tool.run("card", "evaluate", card)
    #expect(outcome.status == 2 && outcome.errors.contains("the sweeps make more than 1000000 settings"))
  }

  /// Time grows with the number of symbols, not with its square.
  @Test func aCardMayHaveManySymbols() async throws {
    let symbols = (0..<20_000).map { "  a\($0): {value: \($0)}\n" }.joined()
    let card = try EvaluationCard(text: "claim: {expr: a7 < a19999}\nsymbols:\n" + symbols)
    #expect(try await card.evaluate() == .verified)
    #expect(card.summarize().contains("'a19999': 19999}"))
  }

  @Test(.enabled(if: Shared.python != nil)) func tenThousandSettingsAreOneConversation() async throws {
    let values = (0..<10_000).map(String.init).joined(separator: ", ")
    let symbols = "symbols: {n: {type: int, sweep: [\(values)]}}\n"
    let sql = try EvaluationCard(text: "claim: {expr: n >= 0}\n" + symbols)
    #expect(try await sql.evaluate() == .verified && sql.settings.count == 10_000)
    let python = try EvaluationCard(text: "claim: {python: assert n >= 0}\n" + symbols)
    #expect(try await python.evaluate(GoldenTests.options()) == .verified && python.settings.count == 10_000)
  }

  @Test(.enabled(if: Shared.python != nil)) func validateRunsNothingOfACard() throws {
    let folder = try TemporaryFolder()
    let card = try folder.write(
      """
      claim: {python: "open('\(folder.path)/ran', 'w'); assert x"}
      symbols:
        x: {type: "__import__('os').system('touch \(folder.path)/ran')", python: "open('\(folder.path)/ran', 'w'); x = 1"}
        y: {type: int, sql: 'SELECT :z', depends_on: []}
        z: {type: int, sql: SELECT 1}

      """, to: "card.yaml")
    let outcome = try Tool.run("card", "validate", card)
    #expect(outcome.status == 1)
    #expect(
      outcome.errors.contains("card.yaml:4:23: symbol 'y' uses :z, which it does not depend on"),
      "\(outcome.errors)")
    #expect(try Tool.run("card", "summarize", card).status == 0)
    #expect(try Tool.run("card", "evaluate", card).status == 2)
    #expect(!Files.exists(folder.path + "/ran"))
  }
}
