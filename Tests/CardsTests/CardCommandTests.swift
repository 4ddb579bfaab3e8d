import Foundation
import TestSupport
import Testing

@testable import Cards

/// The commands as users run them.
@Suite struct CardCommandTests {
  static let seed = """
    title: t
    description: d
    claim:
      python: |
        assert score > bound, f"score {score:.2f} is not above {bound}"
    symbols:
      score: {type: float, value: 0.7}
      bound: {type: float, value: 0.6}

    """

  static func write(_ text: String, _ folder: TemporaryFolder, _ name: String = "card.yaml") throws -> String
  {
    try folder.write(text, to: name)
  }

  @Test(.enabled(if: Shared.python != nil)) func verdictsAndStatuses() throws {
    let folder = try TemporaryFolder()
    let card = try Self.write(Self.seed, folder)
    func evaluate(_ arguments: String...) throws -> Tool.Outcome {
      try Tool.run(
        command: Tool.binary, ["card", "evaluate", card, "--allow-python", "--sandbox", "off"] + arguments)
    }
    let verified = try evaluate()
    #expect(verified.output == "VERIFIED\n" && verified.status == 0)
    let falsified = try evaluate("--set", "score=0.51")
    #expect(
      falsified.output == "Assertion does not hold: score 0.51 is not above 0.6\nFALSIFIED\n"
        && falsified.status == 1)
    let text = try evaluate("--set", "score=abc")
    #expect(text.status == 64 && text.errors.contains("'score' is float, and abc is a text in YAML 1.1"))
    let exponent = try evaluate("--set", "score=1e-3")
    #expect(exponent.status == 64 && exponent.errors.contains("write 0.001"))
    let unknown = try evaluate("--override", "{scor: 1}")
    #expect(unknown.status == 2 && unknown.errors.contains("unknown symbol 'scor' (did you mean score?)"))
    let swept = try evaluate("--override", "{score: [0.5, 0.7]}")
    #expect(swept.status == 64 && swept.errors.contains("[0.5, 0.7] is a list"))
    let alias = try Tool.run(
      "evaluate", card, "--allow-python", "--sandbox", "off", "--output_path", folder.path + "/out")
    #expect(alias.output == "VERIFIED\n" && alias.status == 0)
    let bundles = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/out")
    #expect(bundles.count == 1)
    let name = try #require(bundles.first)
    #expect(try Project.text(folder.path + "/out/\(name)/card.yaml") == Self.seed)
    let summary = try Tool.run("card", "summarize", card, "-o", folder.path + "/out")
    #expect(summary.output.contains("SYMBOLS:     {'score': 0.7, 'bound': 0.6}\n"))
    #expect(summary.output.hasSuffix("STATUS:      VERIFIED\n"))
  }

  @Test func withoutConsentNothingStarts() throws {
    let folder = try TemporaryFolder()
    let card = try Self.write(Self.seed, folder)
    try folder.write("#!/bin/sh\ntouch \(folder.path)/started\nexit 1\n", to: "bin/python3")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: folder.path + "/bin/python3")
    let outcome = try Tool.run(
      "card", "evaluate", card, environment: ["PATH": folder.path + "/bin:/usr/bin:/bin", "VIRTUAL_ENV": ""])
    #expect(outcome.status == 2 && outcome.output == "")
    #expect(
      outcome.errors.contains(
        "card.yaml: line 4: its claim is Python, which was not run; read the card, then add --allow-python"))
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/started"))
  }

  @Test func withoutPythonItIsSaidWhatToInstall() throws {
    let folder = try TemporaryFolder()
    let card = try Self.write(Self.seed, folder)
    try FileManager.default.createDirectory(atPath: folder.path + "/empty", withIntermediateDirectories: true)
    let environment = ["PATH": folder.path + "/empty", "VIRTUAL_ENV": ""]
    let outcome = try Tool.run("card", "evaluate", card, "--allow-python", environment: environment)
    #expect(outcome.status == 2 && outcome.errors.contains("install Python 3.8 or later"))
    let sql = try Self.write(
      "title: t\ndescription: d\nclaim: {expr: x > 0}\nsymbols: {x: {value: 1}}\n", folder, "sql.yaml")
    #expect(try Tool.run("card", "evaluate", sql, environment: environment).output == "VERIFIED\n")
  }

  @Test func settingsAreCountedAndListed() throws {
    let folder = try TemporaryFolder()
    let card = try Self.write(
      """
      title: t
      description: d
      claim: {expr: n <= 3, message: "{n} is above 3"}
      symbols:
        n: {type: int, sweep: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]}
        half:
          type: float
          depends_on: [n]
          sql: "SELECT :n / 2.0"
          metadata: {display_name: Mean half, define_metric: {aggregation_strategy: {type: mean}}}
      """, folder)
    let outcome = try Tool.run("card", "evaluate", card)
    let lines = (4...13).map { "Assertion does not hold: \($0) is above 3\n" }.joined()
    #expect(
      outcome.output == lines + """
        and 3 more; --format csv has all
        ================================
        Settings Evaluated: 16
          Verified:     0.19
          Falsified:    0.81
          Inconclusive: 0.00
        ================================
        Mean half: 4.250
        FALSIFIED

        """)
    #expect(outcome.status == 1)
    let csv = try Tool.run("card", "evaluate", card, "--format", "csv")
    let rows = parseCSV(csv.output)
    #expect(
      rows.count == 17 && rows[0].map(\.field) == ["setting", "n", "half", "status", "output", "seconds"])
    #expect(
      rows[4].prefix(5).map(\.field) == [
        "4", "4", "2.0", "FALSIFIED", "Assertion does not hold: 4 is above 3",
      ])
    let fraction = try Self.write(
      "title: t\ndescription: d\nclaim: {expr: n <= 7}\nclaim_aggregation_strategy: {type: fraction, parameters: {threshold: 0.7}}\nsymbols: {n: {sweep: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}}\n",
      folder, "fraction.yaml")
    #expect(try Tool.run("card", "evaluate", fraction).output.hasSuffix("VERIFIED\n"))
  }

  @Test func faultsAreSaidWithTheirPlace() throws {
    let folder = try TemporaryFolder()
    let card = try Self.write(
      "claim: {python: 'assert (x, \"no\")'}\nsymbols:\n  x: {value: 1, valeu: 2}\n", folder)
    let valid = try Tool.run("card", "validate", card)
    #expect(valid.status == 1)
    #expect(valid.errors.contains(":3:17: unknown key 'valeu' (did you mean value?) in symbol 'x'"))
    if Shared.python != nil {
      #expect(
        valid.errors.contains(
          ":1:17: the claim: line 1 asserts a tuple, which is always true; remove the parentheses"))
    }
    let broken = try Self.write("claim: [\n", folder, "broken.yaml")
    #expect(try Tool.run("card", "validate", broken).status == 2)
    let evaluated = try Tool.run("card", "evaluate", broken)
    #expect(evaluated.status == 2 && evaluated.errors.contains("broken.yaml:2:1: "))
    #expect(try Tool.run("card", "evaluate").status == 64)
    #expect(try Tool.run("card", "evaluate", card, "--jobs", "0").status == 64)
    #expect(try Tool.run("card", "evaluate", folder.path + "/none.yaml").status == 2)
  }

  @Test func newCardsEvaluate() throws {
    let folder = try TemporaryFolder()
    #expect(try Tool.run("card", "new", "mine", in: folder.path).status == 0)
    #expect(try Tool.run("card", "new", "mine", in: folder.path).status == 2)
    let runs = Project.fixture("benchmark_output/runs/sweep-v1")
    let outcome = try Tool.run("card", "evaluate", folder.path + "/mine.yaml", runs)
    #expect(
      outcome.status == 0 && outcome.output.hasSuffix("VERIFIED\n"), "\(outcome.output)\(outcome.errors)")
    #expect(try Tool.run("card", "validate", folder.path + "/mine.yaml").status == 0)
    #expect(try Tool.run("card", "new", "theirs", "--python", in: folder.path).status == 0)
    if Shared.python != nil {
      let python = try Tool.run("card", "evaluate", folder.path + "/theirs.yaml", runs, "--allow-python")
      #expect(python.status == 0 && python.output == "VERIFIED\n", "\(python.output)\(python.errors)")
      #expect(try Tool.run("card", "validate", folder.path + "/theirs.yaml").status == 0)
    }
  }
}
