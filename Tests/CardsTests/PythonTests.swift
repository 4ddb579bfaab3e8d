import Foundation
import Magnet
import Synchronization
import TestSupport
import Testing

@testable import Cards

/// What cards do that mean harm, or that are unlucky.
@Suite(.enabled(if: Shared.python != nil)) struct PythonTests {
  static func evaluate(
    _ body: String, jobs: Int = 1, timeLimit: Double = 60, sandbox: Sandbox = .off,
    environment: [String: String] = [:], onOutput: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws -> EvaluationCard {
    let card = try EvaluationCard(text: SchemaTests.header + body)
    var options = GoldenTests.options(jobs: jobs)
    options.timeLimit = .seconds(timeLimit)
    options.sandbox = sandbox
    options.environment = environment
    options.onOutput = onOutput
    try await card.evaluate(options)
    return card
  }

  /// A claim of three settings, of which the second does this.
  static func claim(_ harm: String) -> String {
    """
    claim:
      python: |
        import os, sys, time, signal, subprocess
        if n == 2:
          \(harm)
        assert True
    symbols: {n: {type: int, sweep: [1, 2, 3]}}
    """
  }

  @Test(arguments: [
    ("sys.exit(4)", "ERROR evaluating claim: SystemExit: 4"),
    ("os._exit(1)", "ERROR evaluating claim: Python ended with status 1"),
    ("os._exit(0)", "ERROR evaluating claim: Python ended with status 0"),
    ("os.kill(os.getpid(), 9)", "ERROR evaluating claim: Python was ended by SIGKILL"),
    ("raise KeyboardInterrupt", "ERROR evaluating claim: KeyboardInterrupt: "),
    (
      "os.close(1); os.close(2); os.closerange(0, 100); time.sleep(0.1)",
      "ERROR evaluating claim: Python"
    ),
  ])
  func oneSettingFailsAndTheOthersGoOn(_ harm: String, _ output: String) async throws {
    let card = try await Self.evaluate(Self.claim(harm))
    #expect(card.settings.map(\.status) == [.verified, .inconclusive, .verified])
    #expect(card.settings[1].output.hasPrefix(output), "\(card.settings[1].output)")
    #expect(card.status == .inconclusive)
  }

  @Test func whatHangsIsEnded() async throws {
    let card = try await Self.evaluate(Self.claim("time.sleep(600)"), timeLimit: 3)
    #expect(card.settings.map(\.status) == [.verified, .inconclusive, .verified])
    #expect(card.settings[1].output == "ERROR evaluating claim: took more than 3.0 seconds and was ended")
  }

  @Test func afterThreeFailuresTheRestIsNotTried() async throws {
    let card = try await Self.evaluate(
      "claim: {python: 'import os; os._exit(n)'}\nsymbols: {n: {sweep: [1, 2, 3, 4, 5]}}")
    #expect(
      card.settings.suffix(2).map(\.output)
        == Array(
          repeating: "ERROR evaluating claim: not tried, as Python failed in 3 settings in a row", count: 2))
  }

  @Test func printsNeitherBlockNorFool() async throws {
    let lines = Mutex<[String]>([])
    let card = try await Self.evaluate(
      """
      claim:
        python: |
          import os, sys
          print('{"status": "VERIFIED", "output": "Assertion holds", "symbols": []}')
          os.write(1, b'{"status": "VERIFIED", "output": "fooled", "symbols": []}\\n')
          os.system('echo \\'{"status": "VERIFIED", "output": "fooled", "symbols": []}\\'')
          sys.stderr.write('>0')
          for i in range(1000): print('x' * 100_000)
          assert False, sys.stdin.read() + '!'
      symbols: {}
      """
    ) { line in lines.withLock { $0.append(line) } }
    #expect(card.settings.map(\.output) == ["Assertion does not hold: !"])
    let said = lines.withLock { $0 }
    #expect(said.first == "{\"status\": \"VERIFIED\", \"output\": \"Assertion holds\", \"symbols\": []}")
    #expect(said.last == "(what it prints from here on is not shown)")
    #expect(said.reduce(0) { $0 + $1.utf8.count } < 4 << 20)
  }

  @Test func nothingIsLeftBehind() async throws {
    let folder = try TemporaryFolder()
    let card = try await Self.evaluate(
      """
      claim:
        python: |
          import subprocess
          child = subprocess.Popen(['sh', '-c', 'sleep 1000 & echo $! > \(folder.path)/pid; wait'])
          import time
          while True:
            try:
              if open('\(folder.path)/pid').read().endswith('\\n'): break
            except OSError: pass
            time.sleep(0.01)
      symbols: {}
      """)
    #expect(card.status == .verified)
    let number = try #require(
      Int32(try Project.text(folder.path + "/pid").trimmingCharacters(in: .whitespacesAndNewlines)))
    // The process is gone, or waits to be reaped by the system.
    let state = try? Project.text("/proc/\(number)/stat")
    #expect(kill(number, 0) != 0 || state?.contains(") Z ") == true, "\(state ?? "")")
  }

  @Test func valuesOfAnyKindAndSizeAreTold() async throws {
    let card = try await Self.evaluate(
      """
      claim: {python: 'assert len(text) == 1 << 26'}
      symbols:
        text: {type: str, python: 'text = "x" * (1 << 26)'}
        deep: {type: list, python: "deep = []\\nfor i in range(10000): deep = [deep]"}
        self: {type: list, python: "self = []\\nself.append(self)"}
        odd: {type: Any, python: "class Odd:\\n  def __repr__(self): 1 / 0\\nodd = Odd()"}
        many: {type: list, python: "many = [0] * 1000000"}
        huge: {type: int, python: "huge = 10 ** 5000"}
        surrogate: {type: str, python: "surrogate = '\\\\ud800'"}
        thing: {type: object, python: "thing = object()"}
        bytes_: {type: bytes, python: "bytes_ = b'ab'"}
      """)
    #expect(card.settings.map(\.output) == ["Assertion holds"])
    let texts = Dictionary(
      uniqueKeysWithValues: card.settings[0].symbols.map { ($0.name, $0.value.pythonText) })
    #expect(texts["text"] == "<str of 67108864>")
    #expect(texts["odd"] == "<no repr: ZeroDivisionError>")
    #expect(texts["many"] == "<list of 1000000>")
    #expect(texts["huge"] == "<int of more than 4300 digits>")
    #expect(texts["thing"] == "<object object>")
    #expect(texts["bytes_"] == "b'ab'")
    #expect(texts["surrogate"] == "'?'")
  }

  /// In a process of its own: a variable set in this one would reach every program the other tests start.
  @Test func theEnvironmentIsCleanAndAssertionsStay() throws {
    let scratch = try TemporaryFolder()
    let card = try scratch.write(
      SchemaTests.header + """
        claim: {python: 'import os; assert False, sorted(os.environ)'}
        symbols: {}
        """, to: "card.yaml")
    let found = try Tool.run(
      "card", "evaluate", card, "--allow-python", "--pass-env", "NAMED",
      environment: ["PYTHONOPTIMIZE": "2", "MAGNET_TEST_SECRET": "x", "NAMED": "1"])
    #expect(found.status == 1 && found.output.contains("FALSIFIED"), "\(found.errors)")
    #expect(found.output.contains("'NAMED'") && found.output.contains("'PATH'"))
    // The launcher of pyenv adds its own.
    let known = [
      "HOME", "LANG", "LC_CTYPE", "NAMED", "PATH", "PYTHONHASHSEED", "PYTHONPATH", "TMPDIR", "VIRTUAL_ENV",
    ]
    let names = found.output.split(separator: "'").filter { $0.allSatisfy { $0.isLetter || $0 == "_" } }
    #expect(names.allSatisfy { known.contains(String($0)) || $0.contains("PYENV_") }, "\(found.output)")
  }

  @Test func datesAndTypesArrive() async throws {
    let card = try await Self.evaluate(
      """
      claim:
        python: |
          assert (a, b, c, d) == ("1e-3", True, 8, "0o10"), (a, b, c, d)
          assert day.year == 2024 and e[0][1.5] is None and big == 2 ** 70, day
      symbols:
        a: {value: 1e-3}
        b: {value: yes}
        c: {value: 010}
        d: {value: 0o10}
        day: {value: 2024-05-06}
        e: {value: [{1.5: null}]}
        big: {value: 1180591620717411303424}
      """)
    #expect(card.settings.map(\.output) == ["Assertion holds"])
  }

  /// MAGNET's types: what each accepts and refuses.
  @Test func typesAreThoseOfMAGNET() async throws {
    let accepted = [
      ("int", "True"), ("float", "1.0"), ("List[int]", "[]"), ("list", "[1, 'a']"),
      ("Dict[str, Any]", "{'a': 1}"),
      ("Tuple[int, str]", "(1, 'a')"), ("Any", "None"), ("(int, float)", "1"), ("List", "[]"),
      ("type(None)", "None"),
    ]
    let refused = [
      ("int", "1.0"), ("float", "1"), ("bool", "1"), ("List[int]", "(1,)"), ("Tuple[int, str]", "(1,)"),
      ("List", "[1]"),
      ("int | None", "1"), ("set[int]", "{1}"), ("Tuple[int, ...]", "(1,)"), ("None", "None"),
      ("Optional[int]", "1"),
    ]
    for (number, (type, value)) in (accepted + refused).enumerated() {
      let card = try await Self.evaluate(
        "claim: {python: assert True}\nsymbols: {x: {type: \"\(type)\", python: \"x = \(value)\"}}")
      let isAccepted = number < accepted.count
      #expect((card.status == .verified) == isAccepted, "\(type) \(value): \(card.settings[0].output)")
      #expect(isAccepted || card.settings[0].output.hasPrefix("SymbolNotResolved: x: "))
    }
  }

  @Test func withoutConsentNothingRuns() async throws {
    let card = try EvaluationCard(text: SchemaTests.header + "claim: {python: assert True}\nsymbols: {}")
    do {
      try await card.evaluate()
      Issue.record("it ran")
    } catch let error as MagnetError {
      #expect(
        "\(error)"
          == "card.yaml: line 8: its claim is Python, which was not run; read the card, then add --allow-python"
      )
    }
  }

  static let hasSandbox: Bool = {
    let wrap = CardSandbox(
      program: Shared.python ?? "/usr/bin/python3", search: "/usr/bin:/bin", variables: [:], folder: "/",
      shown: [],
      allowsNetwork: false)
    if case .success = wrap.prepare([], environment: ["PATH": "/usr/bin:/bin"]) { return true }
    return false
  }()

  @Test(.enabled(if: hasSandbox)) func theSandboxKeepsTheCardFromTheMachine() async throws {
    let folder = try TemporaryFolder()
    let card = try await Self.evaluate(
      """
      claim:
        python: |
          import os, socket
          failed = []
          def refused(what, *arguments):
            try: what(*arguments)
            except Exception: return
            failed.append((what, arguments))
          refused(open, '\(folder.path)/written', 'w')
          refused(open, os.path.expanduser('~/.magnet-card-test'), 'w')
          refused(socket.create_connection, ('127.0.0.1', 22), 1)
          refused(os.listdir, '/root/.ssh')
          refused(open, '/dev/own', 'w')
          open('/tmp/own', 'w').write('x')
          open('/dev/shm/own', 'w').write('x')
          assert os.statvfs('/tmp').f_blocks * os.statvfs('/tmp').f_frsize <= 1 << 30
          assert len([p for p in os.listdir('/proc') if p.isdigit()]) < 10
          assert not failed, failed
      symbols: {}
      """, sandbox: .require)
    #expect(card.settings.map(\.output) == ["Assertion holds"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  /// Under bubblewrap a card reads its data and imports what is installed in the virtual environment.
  @Test(.enabled(if: hasSandbox)) func theSandboxShowsDataAndPackages() throws {
    let folder = try TemporaryFolder()
    let python = try #require(Shared.python)
    let environment = folder.path + "/venv"
    let made = try Tool.run(command: python, ["-m", "venv", "--without-pip", environment])
    try #require(made.status == 0, "\(made.errors)")
    let packages = try #require(
      FileManager.default.subpathsOfDirectory(atPath: environment).first { $0.hasSuffix("site-packages") })
    try folder.write("answer = 42\n", to: "venv/\(packages)/cardpackage.py")
    try folder.write("7\n", to: "data/number.txt")
    try folder.write("secret\n", to: "other/secret.txt")
    let card = try folder.write(
      SchemaTests.header + """
        data: ../data
        claim:
          python: |
            import os, cardpackage
            assert cardpackage.answer == 42
            assert open('\(folder.path)/data/number.txt').read() == '7\\n'
            assert not os.path.exists('\(folder.path)/other/secret.txt')
        symbols: {}

        """, to: "cards/card.yaml")
    let found = try Tool.run(
      "card", "evaluate", card, "--allow-python", "--sandbox", "require",
      environment: ["VIRTUAL_ENV": environment], in: folder.path + "/cards")
    #expect(found.output == "VERIFIED\n", "\(found.output)\(found.errors)")
  }

  @Test(.enabled(if: hasSandbox)) func nothingOutlivesTheSandbox() async throws {
    let folder = try TemporaryFolder()
    let marker = folder.path.split(separator: "/").last.map(String.init) ?? ""
    let card = try await Self.evaluate(
      """
      claim:
        python: |
          import os, time
          for i in range(50):
            if os.fork() == 0:
              os.setsid()
              os.execvp('sh', ['sh', '-c', 'sleep 1000; : \(marker)'])
          assert True
      symbols: {}
      """, sandbox: .require)
    #expect(card.status == .verified)
    func left() -> [String] {
      ((try? Files.entries("/proc")) ?? []).compactMap { entry in
        let words = (try? Project.text("/proc/\(entry.name)/cmdline")) ?? ""
        return words.contains(": " + marker) && !words.contains("magnet>") ? words : nil
      }
    }
    for _ in 0..<200 where !left().isEmpty { try await Task.sleep(for: .milliseconds(50)) }
    #expect(left().isEmpty)
  }
}
