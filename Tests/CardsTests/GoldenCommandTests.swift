import Foundation
import Magnet
import TestSupport
import Testing

@testable import Cards

/// The golden cards through the command.
@Suite(.enabled(if: Shared.cards != nil && Shared.python != nil)) struct GoldenCommandTests {
  static func run(_ command: String, _ name: String, _ more: String...) throws -> Tool.Outcome {
    let path = try #require(Shared.cards) + "/\(name).yaml"
    let evaluating = command == "evaluate" ? ["--allow-python", "--sandbox", "off"] : []
    return try Tool.run(command: Tool.binary, ["card", command, path] + evaluating + more)
  }

  /// What cannot be evaluated is said with file, line and column before anything is run.
  @Test(arguments: [
    ("33_symbol_without_source", "10:3"), ("34_cycle", "10:3"), ("35_unknown_dependency", "10:31"),
    ("52_theory_unresolved", "13:30"), ("55_validate_only_fails", "10:24"),
    ("59_unknown_aggregation", "9:36"),
    ("61_yaml_error", ""), ("65_empty_sweep", "10:25"), ("67_claim_is_a_text", "8:8"),
    ("68_symbol_is_no_mapping", "10:6"), ("73_two_metrics_of_one_name", ""),
  ])
  func faultsHaveTheirPlace(_ name: String, _ place: String) throws {
    let outcome = try Self.run("evaluate", name)
    #expect(outcome.status == 2 && outcome.output == "")
    let pattern = try Regex("error: .*\(name)\\.yaml:\(place.isEmpty ? "\\d+:\\d+" : place): ")
    #expect(outcome.errors.contains(pattern), "\(outcome.errors)")
  }

  @Test func anOverrideOfAnUnknownSymbolIsNamed() throws {
    let outcome = try Self.run("evaluate", "27_override_unknown", "--override", "u: 1")
    #expect(outcome.status == 2 && outcome.errors.contains("unknown symbol 'u'"))
    #expect(outcome.errors.contains("the card has t"))
  }

  @Test func aKeyThatIsThereTwiceIsAWarningAndAFaultOfValidate() throws {
    let outcome = try Self.run("evaluate", "62_duplicate_keys")
    #expect(outcome.status == 0 && outcome.output == "VERIFIED\n")
    let sentence =
      "62_duplicate_keys.yaml:11:3: the key 'x' is there twice, first in line 10; the last one counts"
    #expect(outcome.errors.contains(sentence), "\(outcome.errors)")
    #expect(try Self.run("validate", "62_duplicate_keys").status == 1)
  }

  @Test(arguments: [
    ("29_unknown_symbol_key", "unknown key 'valeu' (did you mean value?)"),
    ("54_validate_only", "unknown key 'unknown_top_level'"),
    ("76_claim_reduce_is_ignored", "claim.reduce is not read; use claim_aggregation_strategy"),
  ])
  func whatIsNotReadIsAWarning(_ name: String, _ sentence: String) throws {
    for command in ["evaluate", "validate"] {
      let outcome = try Self.run(command, name)
      #expect(outcome.errors.contains("warning: ") && outcome.errors.contains(sentence), "\(outcome.errors)")
    }
  }

  @Test(arguments: ["36_empty_claim", "37_tuple_assert"]) func claimsThatCheckNothingAreRefused(
    _ name: String
  ) throws {
    #expect(try Self.run("validate", name).status == 1)
    let outcome = try Self.run("evaluate", name)
    #expect(outcome.status == 2 && outcome.output.hasSuffix("\nINCONCLUSIVE\n"))
  }

  @Test(arguments: ["30_missing_title", "32_seed_form_validated"])
  func cardsOfTheFirstFormAreEvaluatedWithAWarning(_ name: String) throws {
    let outcome = try Self.run("evaluate", name)
    #expect(outcome.output == "VERIFIED\n" && outcome.status == 0 && outcome.errors.contains("warning: "))
  }

  @Test func onTheTerminalTheLinesAreThoseOfTheFirstDescription() throws {
    let outcome = try Self.run("evaluate", "02_falsified")
    #expect(outcome.output == "Assertion does not hold: score 0.51 is not above 0.6\nFALSIFIED\n")
    #expect(outcome.status == 1)
  }
}

/// MAGNET's own cards, where it is installed: MAGNET_BENCH_PYTHON_MAGNET names its Python.
enum Installed {
  /// A Python with MAGNET and pandas.
  static let python: String? = {
    guard let path = ProcessInfo.processInfo.environment["MAGNET_BENCH_PYTHON_MAGNET"] else { return nil }
    return Files.isExecutable(path) ? path : nil
  }()

  /// A Python with pandas alone.
  static let pandas: String? = {
    guard let path = ProcessInfo.processInfo.environment["MAGNET_BENCH_PYTHON_PANDAS"] else { return nil }
    return Files.isExecutable(path) ? path : nil
  }()

  /// The folder of MAGNET's package.
  static let folder: String? = {
    guard let python,
      let outcome = try? Tool.run(
        command: python,
        ["-c", "import importlib.util as u; print(u.find_spec('magnet').submodule_search_locations[0])"]),
      outcome.status == 0
    else { return nil }
    return outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }()
}

@Suite(.enabled(if: Installed.folder != nil)) struct InstalledCardTests {
  static let cards = [
    "cards/simple.yaml", "cards/llama.yaml", "cards/llama_pipeline.yaml",
    "examples/llama_consistency/llama_kwdagger.yaml", "examples/theory_links/coin_flip/card.yaml",
    "examples/theory_links/monte_carlo/card.yaml", "examples/theory_links/fibonacci_performance/card.yaml",
  ]

  @Test(arguments: cards) func cardsOfMAGNETAreSound(_ name: String) throws {
    let card = try EvaluationCard(#require(Installed.folder) + "/" + name)
    let found = card.validate()
    #expect(found.faults.map { "\($0)" } == [])
    #expect(found.notes.contains { $0.contains("needs kwdagger") } == (card.definition.pipeline != nil))
  }

  @Test func theSimpleCardHasItsIDs() async throws {
    let card = try EvaluationCard(#require(Installed.folder) + "/cards/simple.yaml")
    #expect(MagnetHash.digits(card.definition.value, count: 8) == "f4174400")
    #expect(try await card.evaluate(GoldenTests.options()) == .verified)
    #expect(MagnetHash.digits(card.settings[0].simpleView, count: 12) == "0e1925af1d1a")
  }

  /// Unchanged, with MAGNET, and with pandas alone and the stand-ins.
  @Test(
    .enabled(if: LlamaTrees.folder != nil),
    arguments: ["falsified", "verified"], [Installed.python, Installed.pandas].compactMap { $0 })
  func theLlamaCardRunsUnchanged(_ tree: String, _ python: String) throws {
    let card = try #require(Installed.folder) + "/cards/llama.yaml"
    let folder = try #require(LlamaTrees.folder).path + "/" + tree
    let out = try TemporaryFolder()
    let outcome = try Tool.run(
      command: Tool.binary,
      ["card", "evaluate", card, "--allow-python", "--python", python, "-o", out.path], in: folder)
    #expect(outcome.status == (tree == "falsified" ? 1 : 0), "\(outcome.errors)")
    #expect(outcome.output.contains("Settings Evaluated: 36\n"))
    if tree == "falsified" {
      #expect(outcome.output.contains("  Verified:     0.61\n  Falsified:    0.39\n"))
      #expect(outcome.output.hasSuffix("Average Exact Match: 0.565\nFALSIFIED\n"))
      let line =
        "Assertion does not hold: meta/llama-3-70b score (0.69) exceeds consistency bound on meta/llama-2-13b (0.51)\n"
      #expect(outcome.output.contains(line))
    } else {
      #expect(outcome.output.hasSuffix("Average Exact Match: 0.575\nVERIFIED\n"))
    }
    let golden = try #require(Shared.cards) + "/llama/expected_\(tree)/llama.yaml.results.jsonl"
    let bundle =
      out.path + "/" + (try #require(FileManager.default.contentsOfDirectory(atPath: out.path).first))
    let lines = try Project.text(golden).split(separator: "\n")
    #expect(lines.count == 36)
    for line in lines {
      let theirs = try JSONValue(parsing: String(line))
      let ours = try Project.json("\(bundle)/results/\(theirs["hash"]?.string ?? "")/verdict.json")
      for key in ["status", "output", "symbols"] { #expect(ours[key] == theirs[key]) }
    }
  }
}
