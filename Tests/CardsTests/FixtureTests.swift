import Foundation
import HelmBackend
import Magnet
import TestSupport
import Testing

@testable import Cards

/// The project's own cards, Fixtures/cards.
@Suite struct FixtureTests {
  static func evaluate(_ name: String) async throws -> EvaluationCard {
    let card = try EvaluationCard(Project.fixture("cards/\(name).yaml"))
    #expect(card.validate().faults.map { "\($0)" } == [])
    try await card.evaluate(over: card.data.isEmpty ? nil : HelmRuns(paths: card.data))
    return card
  }

  @Test func additionIsCommutative() async throws {
    let card = try await Self.evaluate("simple")
    #expect(card.status == .verified)
    #expect(card.settings[0].evidence?.rows == 11)
  }

  @Test func familiesAreCompared() async throws {
    let card = try await Self.evaluate("consistency")
    #expect(card.settings.map(\.status) == [.verified, .verified])
    let names = card.settings.map { $0.symbols.filter(\.isSwept).map(\.value.plainText) }
    #expect(names == [["acme/base", "acme/tiny"], ["zeta/lite", "zeta/pro"]])
    let strict = try EvaluationCard(Project.fixture("cards/consistency.yaml")).overriding([
      (name: "threshold", value: .float(0.1))
    ])
    try await strict.evaluate(over: HelmRuns(paths: strict.data))
    #expect(
      strict.settings.first?.output
        == "Assertion does not hold: acme/tiny score (0.65) exceeds consistency bound on acme/base (0.89)")
  }

  @Test func whatIsUnsureIsInconclusive() async throws {
    let card = try await Self.evaluate("robustness")
    #expect(card.settings.count == 3)
    for setting in card.settings {
      func value(_ name: String) -> Double { setting.symbols.first { $0.name == name }?.value.number ?? .nan }
      #expect(value("low") < value("loss") && value("loss") < value("high"))
      let isUnsure = value("low") <= 0.2 && value("high") > 0.2
      #expect((setting.status == .inconclusive) == isUnsure, "\(setting.output)")
      #expect(
        setting.output.hasPrefix("Unsure: low <= bound AND high > bound (bound = 0.2, low = ") == isUnsure)
    }
  }

  @Test func scoresOfABacktestAreAttached() async throws {
    #expect(try await Self.evaluate("backtest").status == .verified)
  }

  @Test func resultsOfAPipelineAreJudged() async throws {
    let card = try EvaluationCard(Project.fixture("cards/pipeline.yaml"))
    #expect(card.validate().faults.map { "\($0)" } == [])
    var options = EvaluationOptions()
    options.results = Project.fixture("cards/pipeline")
    #expect(try await card.evaluate(options) == .falsified)
    #expect(card.settings.map(\.status) == [.verified, .verified, .falsified])
  }

  @Test(.enabled(if: Shared.python != nil)) func everyKindOfTheoryLinkIsReported() async throws {
    let card = try await Self.evaluate("theory")
    #expect(card.status == .verified)
    let folder = try TemporaryFolder()
    let theory = try Project.json(try card.write(to: folder.path, version: "0") + "/theory.json")
    #expect(
      theory["statement_links"]?.elements.map { $0["relation"]?.string } == [
        "tests", "approximates", "motivates", "tests",
      ])
    let relations = theory["premise_links"]?.elements.compactMap { $0["relation"]?.string } ?? []
    #expect(
      relations == ["assumes", "satisfies", "checks", "approximates", "ignores", "violates", "substitutes"])
    let first = theory["premise_links"]?[0]
    #expect(first?["file"] == .string("theory_source.py") && first?["line"] == .int(8))
    #expect(first?["qualname"] == .string("mean") && first?["note"] == .string("Mersenne Twister"))
    let coverage = theory["premise_coverage"]
    #expect(coverage?.elements.count == 1 && coverage?[0]?["complete"] == .bool(true))
    #expect(
      theory["entries"]?.elements.map { $0["id"]?.string } == [
        "Means.Converge", "Coins.AreFair", "Means.HowFast",
      ])
    #expect(theory["unattached_premise_links"] == .array([]))
  }

  @Test(.enabled(if: Shared.python != nil)) func theoryThatLeadsNowhereIsAFault() throws {
    let folder = try TemporaryFolder()
    try folder.write("from magnet.theory import tests\n@tests('A')\ndef f(): pass\n", to: "bare.py")
    try folder.write("from magnet import theory\n@theory.tests(ref)\ndef f(): pass\n", to: "bad.py")
    let head = "title: t\ndescription: d\nclaim: {expr: '1'}\nsymbols: {}\ntheory:\n"
    func faults(_ body: String) throws -> (faults: [String], notes: [String]) {
      let path = try folder.write(head + body, to: "card.yaml")
      let found = try EvaluationCard(path).validate()
      return (
        found.faults.filter { $0.severity == .error }.map { "\($0)".replacing(folder.path + "/", with: "") },
        found.notes
      )
    }
    #expect(
      try faults("  links: [{relation: tests, ref: No.Such}]\n").faults
        == ["card.yaml:6:34: no entry or premise of theory is called 'No.Such'"])
    #expect(
      try faults("  empirical_sources: [bad.py]\n").faults
        == ["bad.py:2:1: theory.tests reference must be a literal string"])
    #expect(
      try faults("  empirical_sources: [bare.py]\n").notes.first?.hasPrefix(
        "bare.py:2: tests(...) is not read as an annotation")
        == true)
    #expect(try faults("  entries: [{id: A, kind: law, statement: s}]\n").faults.count == 1)
  }
}
