import Magnet
import Testing

@testable import ItemPredictor

@Test func predictsTheShareOfExampleRunsThatAnsweredRight() throws {
  let id = "scenario_state.request_states.instance.id"
  let train = TrainSplit(
    RunTables(
      perInstanceStats: Table(
        columnNames: [
          "run_spec.name", "per_instance_stats.instance_id", "per_instance_stats.stats.name.name",
          "per_instance_stats.stats.mean",
        ],
        rows: [("a", "id1", 0.0), ("b", "id1", 1), ("a", "id2", 1), ("b", "id2", 1)].map {
          [.string($0.0), .string($0.1), .string("exact_match"), .double($0.2)]
        })))
  let test = TestSplit(
    RunTables(
      runSpecs: Table(columnNames: ["run_spec.name"], rows: [[.string("c")]]),
      scenarioStates: Table(
        columnNames: ["run_spec.name", "magnet.instance_predict_id", id],
        rows: ["id1", "id2", "id3"].enumerated().map { [.string("c"), .int(Int64($0)), .string($1)] }))
  ).sequestered()

  let predictions = try ItemPredictor().predict(train: train, test: test)
  #expect(predictions.map(\.instance) == [0, 1, 2])
  #expect(predictions.map(\.stat.mean) == [0.5, 1, 0.75])
}
