import Foundation
import Magnet
import TestSupport
import Testing

@testable import Cards

/// The golden cards against the files that MAGNET 0.1.0 wrote.
@Suite(.enabled(if: Shared.cards != nil && Shared.python != nil)) struct GoldenTests {
  /// What MAGNET refuses, or evaluates after all other work has been done: faults here.
  static let faulty: Set = [
    "27_override_unknown", "33_symbol_without_source", "34_cycle", "35_unknown_dependency",
    "52_theory_unresolved",
    "55_validate_only_fails", "59_unknown_aggregation", "61_yaml_error", "63_pipeline", "65_empty_sweep",
    "67_claim_is_a_text", "68_symbol_is_no_mapping", "73_two_metrics_of_one_name",
  ]
  /// What is knowingly different: verdicts, and how the outputs begin.
  static let different: [String: (CardStatus, [String])] = [
    "09_imports_are_not_shared": (
      .inconclusive,
      [
        "SymbolNotResolved: y: name 'math' is not defined; imports and helpers are not passed from one block to another"
      ]
    ),
    "11_default_type_is_list_of_int": (.verified, ["Assertion holds"]),
    "13_int_is_no_float": (.inconclusive, ["SymbolNotResolved: x: 1 is not float; write 1.0"]),
    "23_bool_sweep_collides": (.falsified, ["Assertion holds", "Assertion does not hold: off"]),
    "25_metric_of_a_bool_is_dropped": (.verified, ["Assertion holds"]),
    "28_override_of_python_is_ignored": (.falsified, ["Assertion does not hold: 5"]),
    "30_missing_title": (.verified, ["Assertion holds"]),
    "32_seed_form_validated": (.verified, ["Assertion holds"]),
    "36_empty_claim": (.inconclusive, ["ERROR evaluating claim: the claim is empty, so nothing was checked"]),
    "37_tuple_assert": (
      .inconclusive,
      ["ERROR evaluating claim: line 1 asserts a tuple, which is always true; remove the parentheses"]
    ),
    "38_symbol_fails_in_one_setting": (
      .inconclusive, ["Assertion holds", "SymbolNotResolved: y: division by zero (line 11)"]
    ),
    "39_null_value": (.verified, ["Assertion holds"]),
    "40_exit_in_claim": (.inconclusive, ["ERROR evaluating claim: SystemExit: 3"]),
    "41_shared_mutable_value": (.verified, ["Assertion holds", "Assertion holds"]),
    "50_empty_list_symbol": (.verified, ["Assertion holds"]),
    "54_validate_only": (.inconclusive, ["ERROR evaluating claim: invalid syntax (<string>, line 1)"]),
    "66_null_in_sweep": (.verified, ["Assertion holds", "Assertion holds"]),
    "70_assertion_in_a_symbol": (.inconclusive, ["SymbolNotResolved: y: not here"]),
    "71_name_not_assigned": (.inconclusive, ["SymbolNotResolved: y: the code does not assign y"]),
  ]

  static func card(_ name: String) throws -> EvaluationCard {
    let cards = try #require(Shared.cards)
    let card = try EvaluationCard(cards + "/\(name).yaml")
    guard let arguments = try? Project.text(cards + "/\(name).args").split(separator: "\n"),
      let place = arguments.firstIndex(of: "--override"), arguments.indices.contains(place + 1)
    else { return card }
    return try card.overriding(
      EvaluationCard.overrides(yaml: String(arguments[place + 1]), source: "--override"))
  }

  static func options(jobs: Int = 1) -> EvaluationOptions {
    var options = EvaluationOptions()
    options.allowsPython = true
    options.sandbox = .off
    options.jobs = jobs
    return options
  }

  @Test(arguments: Shared.names) func filesAreThoseOfMAGNET(_ name: String) async throws {
    if Self.faulty.contains(name) {
      await #expect(throws: (any Error).self) { try await Self.card(name).evaluate(Self.options()) }
      return
    }
    let card = try Self.card(name)
    try await card.evaluate(Self.options())
    if let (status, outputs) = Self.different[name] {
      #expect(card.status == status)
      let found = card.settings.map(\.output)
      #expect(found.count == outputs.count && zip(found, outputs).allSatisfy { $0.hasPrefix($1) }, "\(found)")
      return
    }
    let folder = try TemporaryFolder()
    let ours = try card.write(to: folder.path, version: "0")
    let theirs = try #require(Shared.cards) + "/\(name).expected"
    #expect(
      FileManager.default.fileExists(atPath: theirs),
      "MAGNET has no result; it is not among the different ones")
    try Self.compare(ours + "/verdict.json", theirs + "/verdict.json")
    for id in try FileManager.default.contentsOfDirectory(atPath: theirs + "/results") {
      try Self.compare(ours + "/results/\(id)/verdict.json", theirs + "/results/\(id)/verdict.json")
    }
    for file in ["theory.json", "symbol_metadata.json"] where Files.exists(theirs + "/" + file) {
      #expect(try Project.json(ours + "/" + file) == Project.json(theirs + "/" + file), "\(file)")
    }
    #expect(Files.exists(ours + "/symbol_metadata.json") == Files.exists(theirs + "/symbol_metadata.json"))
    let text = try Project.text(try #require(Shared.cards) + "/\(name).expected.txt")
    if let match = text.firstMatch(of: #/OUT/([0-9a-f]{8})_TIMESTAMP/#) {
      #expect(ours.split(separator: "/").last?.hasPrefix(match.output.1 + "_") == true)
    }
  }

  /// The members that MAGNET writes too, in its order.
  static func compare(_ ours: String, _ theirs: String) throws {
    let added: Set = [
      "all_symbols", "reprs", "seconds", "evidence", "overrides", "data", "magnet", "timestamp",
    ]
    func members(_ path: String) throws -> [JSONValue.Member] {
      guard case .object(let members) = try Project.json(path) else { return [] }
      return members.filter { !added.contains($0.key) }
    }
    func text(_ members: [JSONValue.Member]) -> String { JSONValue.object(members).text }
    #expect(try text(members(ours)) == text(members(theirs)), "\(ours)")
  }

  @Test func settingsOfSweepsAreTheSameWithAnyNumberOfJobs() async throws {
    for name in [
      "17_sweep_product", "19_fraction_reached", "22_any_with_inconclusive", "38_symbol_fails_in_one_setting",
      "41_shared_mutable_value",
    ] {
      let one = try Self.card(name)
      let three = try Self.card(name)
      try await one.evaluate(Self.options())
      try await three.evaluate(Self.options(jobs: 3))
      #expect(one.settings.map(\.output) == three.settings.map(\.output))
      #expect(one.settings.map(\.simpleView) == three.settings.map(\.simpleView))
      #expect(one.status == three.status)
    }
  }

  @Test func twoSettingsWithOneIDHaveTwoFolders() async throws {
    let card = try Self.card("23_bool_sweep_collides")
    try await card.evaluate(Self.options())
    let folder = try TemporaryFolder()
    let first = try card.write(to: folder.path, version: "0")
    let second = try card.write(to: folder.path, version: "0")
    #expect(first != second)
    let verdict = try Project.json(first + "/verdict.json")
    #expect(verdict["claims"]?.elements.compactMap(\.string) == ["abd043ecafef", "abd043ecafef-2"])
    let flags = try ["abd043ecafef", "abd043ecafef-2"].map {
      try Project.json(first + "/results/\($0)/verdict.json")["all_symbols"]?["flag"]
    }
    #expect(flags == [.bool(true), .bool(false)])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 2)
  }

  @Test func metricsCountBoolsAndAreExact() async throws {
    let bools = try Self.card("25_metric_of_a_bool_is_dropped")
    try await bools.evaluate(Self.options())
    #expect(bools.lastOutcome?.metrics.map(\.value) == [.float(1)])
    #expect(bools.lastOutcome?.notes == [])
    let card = try Self.card("24_metrics")
    try await card.evaluate(Self.options())
    #expect(card.lastOutcome?.metrics.map(\.value.plainText) == ["0.3125", "0.5", "400"])
  }

  @Test func numbersAreValidJSON() async throws {
    let card = try Self.card("46_nan_and_big")
    try await card.evaluate(Self.options())
    let folder = try TemporaryFolder()
    let path = try card.write(to: folder.path, version: "0")
    let id = MagnetHash.digits(card.settings[0].simpleView, count: 12)
    #expect(id == "fdd41cd32fa6")
    let text = try Project.text(path + "/results/\(id)/verdict.json")
    #expect(text.contains("\"nan\": \"NaN\"") && text.contains("\"big\": 1180591620717411303424"))
    _ = try JSONSerialization.jsonObject(with: Data(text.utf8))
  }
}

extension Shared {
  /// The Python that the tests' cards run with; nil where there is none.
  static let python: String? = try? PythonProgram.interpreter(
    nil, ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin")
}
