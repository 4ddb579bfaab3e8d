// Without `@testable`: what a package that depends on this one can write.
import Cards
import HelmBackend
import Magnet
import TestSupport
import Testing

@Suite struct LibraryTests {
  /// The library as MAGNET's first description has it, line by line.
  @Test func aCardIsReadSummarizedAndEvaluated() async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      """
      title: Sums
      description: A sum is what it is
      claim: {expr: one + one = two}
      symbols: {one: {value: 1}, two: {value: 2}}
      """, to: "card.yaml")

    let card = try EvaluationCard(path)
    card.summarize()
    #expect(card.status == .unverified)
    try await card.evaluate()
    card.summarize()

    #expect(card.title == "Sums" && card.details == "A sum is what it is" && card.claim == "one + one = two")
    #expect(card.status == .verified && card.settings.count == 1)
    #expect(card.symbols.map(\.name) == ["one", "two"])
    #expect(card.settings.first?.output == "Assertion holds" && card.settings.first?.process == nil)
    #expect(card.summarize().hasSuffix("STATUS:      VERIFIED\n"))
    #expect(card.faults.map(\.severity) == [.recommendation])
  }

  @Test func faultsAreThrownAndHavePlaces() async throws {
    do {
      _ = try EvaluationCard(text: "claim: [")
      Issue.record("it was read")
    } catch { #expect(error.faults.first?.mark != nil) }
    let card = try EvaluationCard(text: "title: t\nclaim: {expr: x}\nsymbols: {x: {}}\n")
    await #expect(throws: CardFaults.self) { try await card.evaluate() }
    let sql = try EvaluationCard(
      text: "title: t\nclaim: {expr: (SELECT count(*) FROM runs) > 0}\nsymbols: {}\n")
    #expect(
      try await sql.evaluate(over: HelmRuns(Project.fixture("benchmark_output/runs/plain-v1"))) == .verified)
    let folder = try TemporaryFolder()
    let bundle = try sql.write(to: folder.path, version: "1")
    #expect(try Project.json(bundle + "/verdict.json")["result"]?.string == "VERIFIED")
  }
}
