import Magnet
import Testing

@testable import MeanPredictor

@Test func predictsTheMeanOfTheExampleRuns() throws {
  func stats(_ means: [String: Double]) -> Table {
    Table(
      columnNames: ["run_spec.name", "stats.name.name", "stats.name.split", "stats.mean"],
      rows: means.map { [.string($0), .string("exact_match"), .string("test"), .double($1)] })
  }
  let train = TrainSplit(RunTables(stats: stats(["a": 0.5, "b": 1])))
  let asked = Table(columnNames: ["run_spec.name"], rows: [[.string("c")]])
  let test = TestSplit(RunTables(runSpecs: asked, stats: stats(["c": 0.7]))).sequestered()

  let predictions = try MeanPredictor().predict(train: train, test: test)
  #expect(predictions.map(\.run) == ["c"])
  #expect(predictions.map(\.stat) == [Stat(MetricName("exact_match", split: "test"), mean: 0.75)])
}
