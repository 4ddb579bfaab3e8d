public import Magnet

/// Predicts each run's exact match at random: one of 0.00, 0.01 ... 1.00, all as likely.
///
/// The least a predictor can do, and a form to start your own from; not for predicting. Its expected absolute error on a
/// score y is 1/2 - y(1 - y): .25 for a score of .5, .41 for one of .9.
public final class RandomPredictor: RunPredictor {
  public override class var summary: String { "a run's exact match: a random number from 0 to 1" }

  public override var disclosure: Disclosure { .runSpec }

  public override func predict(
    train: TrainSplit, test: SequesteredTestSplit
  ) throws -> [RunPrediction] {
    var random = PythonRandom(seed: seed)
    return test.runSpecs[.run].map { run in
      let mean = Double(random.choice(0...100)) / 100
      return RunPrediction(run: run, stat: Stat(MetricName("exact_match", split: "valid"), mean: mean))
    }
  }
}
