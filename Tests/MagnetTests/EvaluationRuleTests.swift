import Testing

@testable import Magnet

extension EvaluationTests {
  @Test func aRunOfTwoSuitesIsDrawnOnce() async throws {
    let source = MemorySource([
      Self.run("quiz", 1, scores: [1, 1], suite: "v1"),
      Self.run("quiz", 1, scores: [0, 0], suite: "v2"),
      Self.run("quiz", 2, scores: [1, 0], suite: "v1"),
    ])
    let comparison = try await Self.predictor(Mean.self, 1, 2, 1).evaluate(on: source)
    #expect(
      Set(comparison.trainRuns + [comparison.testRun!]) == [
        "quiz:model=org_m1", "quiz:model=org_m2",
      ])
    #expect(
      comparison.notes.contains { $0.contains("is in suites v1 and v2; the one in v2 is used") })
    let pair = try #require(comparison.pairs.first)
    #expect(pair.actual.mean == (pair.run.hasSuffix("1") ? 0 : 0.5))
  }

  @Test func aPredictorOfNeitherKindIsAnError() async throws {
    final class Odd: Predictor {}
    final class Empty: RunPredictor {}
    final class Silent: InstancePredictor {}
    let source = Self.source(1)
    for (predictor, sentence) in [
      (
        Self.predictor(Odd.self, 1, 1, 1) as Predictor,
        "Odd is neither a RunPredictor nor an InstancePredictor"
      ),
      (Self.predictor(Empty.self, 1, 1, 1), "Empty does not override predict(train:test:)"),
      (Self.predictor(Silent.self, 1, 1, 1), "Silent does not override predict(train:test:)"),
    ] {
      await #expect {
        try await predictor.evaluate(on: source)
      } throws: {
        "\($0)" == sentence && ($0 as? MagnetError)?.code == .unsupported
      }
    }
  }
}
