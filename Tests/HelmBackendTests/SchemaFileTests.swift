import HelmBackend
import Magnet
import TestSupport
import Testing

/// Schemas that lie beside runs, and the scores that they choose.
@Suite struct SchemaFileTests {
  private static let schema = """
    {"metrics":[{"name":"jury_score","lower_is_better":false}],
    "metric_groups":[{"name":"g","metrics":[{"name":"${main_name}","split":"${main_split}"}]}],
    "run_groups":[{"name":"notes","metric_groups":["g"],"environment":{"main_name":"jury_score","main_split":"test"}}]}
    """

  private func write(_ folder: TemporaryFolder, _ suite: String) throws {
    for (number, model) in ["a/1", "a/2"].enumerated() {
      let run = "benchmark_output/runs/\(suite)/notes:model=\(model.replacing("/", with: "_"))"
      try folder.write(
        "{\n\"name\": \"notes:model=\(model)\", \"groups\": [\"notes\"], \"adapter_spec\": {\"model\": \"\(model)\"}\n}",
        to: run + "/run_spec.json")
      let stats = ["exact_match": 0, "jury_score": 3 + number].map {
        "{\"name\": {\"name\": \"\($0)\", \"split\": \"test\"}, \"count\": 1, \"sum\": \($1), \"mean\": \($1)}"
      }
      try folder.write("[\n" + stats.joined(separator: ",\n") + "\n]", to: run + "/stats.json")
      try folder.write("{\n\"request_states\": []\n}", to: run + "/scenario_state.json")
      try folder.write("[\n]", to: run + "/per_instance_stats.json")
    }
  }

  @Test func theMainMetricIsThatOfTheSchemaBesideTheRuns() async throws {
    let folder = try TemporaryFolder()
    try write(folder, "v1")
    let path = folder.path + "/benchmark_output"
    let guessed = try await ScoreCollection.read(HelmRuns(path))
    #expect(guessed.scenarios.map(\.metric.name) == ["exact_match"] && guessed.notes.count == 1)

    try folder.write(Self.schema, to: "benchmark_output/runs/v1/schema.json")
    let scores = try await ScoreCollection.read(HelmRuns(path))
    #expect(scores.scenarios.map(\.metric.name) == ["jury_score"] && scores.notes.isEmpty)
    #expect(scores.board.values == [3, 4])
    // Whatever way the path is written.
    for path in [path + "/runs", path + "/runs/v1", path + "/runs/v1/notes:model=a_1"] {
      let found = try await HelmRuns(path).schemas()
      #expect(found.documents.count == 1 && found.faults.isEmpty, "\(path)")
    }

    try folder.write(
      "{\"release\": \"r1\", \"suites\": [\"v0\", \"v1\"]}", to: "benchmark_output/releases/r1/summary.json")
    try folder.write(
      Self.schema.replacing("\"jury_score\",\"main_split", with: "\"exact_match\",\"main_split"),
      to: "benchmark_output/releases/r1/schema.json")
    let released = try await ScoreCollection.read(HelmRuns(path))
    #expect(released.scenarios.map(\.metric.name) == ["exact_match"])
    #expect(released.scenarios[0].headline.rule.hasSuffix("releases/r1/schema.json"))
  }

  @Test func aBrokenSchemaIsAFault() async throws {
    let folder = try TemporaryFolder()
    try write(folder, "v1")
    try folder.write("{\"run_groups\": ", to: "benchmark_output/runs/v1/schema.json")
    let scores = try await ScoreCollection.read(HelmRuns(folder.path))
    #expect(scores.faults.map(\.file) == [folder.path + "/benchmark_output/runs/v1/schema.json"])
    #expect(scores.scenarios.count == 1)
  }

  @Test func aScenarioWithoutItsMainMetricIsLeftOutAndNamed() async throws {
    let folder = try TemporaryFolder()
    try write(folder, "v1")
    try folder.write(
      Self.schema.replacing("\"main_split\":\"test\"", with: "\"main_split\":\"valid\""),
      to: "benchmark_output/runs/v1/schema.json")
    let scores = try await ScoreCollection.read(HelmRuns(folder.path))
    #expect(scores.scenarios.isEmpty && scores.omissions.count == 1)
    let said = try #require(scores.omissions.first)
    #expect(said.contains("jury_score@valid") && said.contains("absent") && said.contains("jury_score@test"))
    var rules = HeadlineRules(try await HelmRuns(folder.path).schemas())
    rules.metrics = [try MetricSelector("jury_scor")]
    let misspelt = try await ScoreCollection.read(HelmRuns(folder.path), rules: rules)
    #expect(misspelt.omissions.first?.contains("did you mean jury_score?") == true, "\(misspelt.omissions)")
  }
}
