import HelmBackend
import Magnet

/// Predicts a run's exact match as the mean over the example runs.
final class MeanPredictor: RunPredictor {
  override func predict(train: TrainSplit, test: SequesteredTestSplit) throws -> [RunPrediction] {
    let exact = train.stats.filter { $0[.metric] == "exact_match" && $0[.perturbation] == nil }
    guard let mean = exact[.mean].mean() else { return [] }
    return test.runSpecs[.run].map { run in
      RunPrediction(run: run, stat: Stat(MetricName("exact_match", split: "valid"), mean: mean))
    }
  }
}

let runs = try HelmRuns("Fixtures/benchmark_output/runs/plain-v1")
let comparison = try await MeanPredictor().evaluate(on: runs)
print(comparison.table)
