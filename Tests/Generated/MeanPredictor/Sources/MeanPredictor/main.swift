import Magnet
import MagnetCommand

/// Predicts a run's exact match as the mean over the example runs.
final class MeanPredictor: RunPredictor {
  override class var summary: String { "a run's exact match: the mean over the example runs" }

  override func predict(train: TrainSplit, test: SequesteredTestSplit) throws -> [RunPrediction] {
    // What is asked: each statistic of the run by metric, split and perturbation.
    let asked = test.statsAsked.filter { $0.name == "exact_match" }
    return test.runSpecs[.run].flatMap { run in
      asked.compactMap { name in
        let known = train.stats.filter { Stat(row: $0).name == name }
        return known[.mean].mean().map { RunPrediction(run: run, stat: Stat(name, mean: $0)) }
      }
    }
  }
}

await PredictorCommand<MeanPredictor>.main()
