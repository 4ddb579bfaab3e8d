public import Magnet

/// Predicts for each instance, at random, that it is answered right (1) or wrong (0).
///
/// The form to start a predictor of single instances from: each row of `test.scenarioStates` is a request to
/// predict, and its number says which one a prediction is about. Not for predicting: half of its guesses are wrong, whatever
/// the instances, which is a Brier score of .5.
public final class RandomInstancePredictor: InstancePredictor {
  public override class var summary: String { "an instance's exact match: 0 or 1 at random" }

  public override func predict(
    train: TrainSplit, test: SequesteredTestSplit
  ) throws -> [InstancePrediction] {
    var random = PythonRandom(seed: seed)
    return test.scenarioStates.rows.compactMap { request in
      guard let number = request[.instancePredictID] else { return nil }
      return InstancePrediction(
        run: request[.run], instance: number,
        stat: Stat(MetricName("exact_match", split: request[.split]), mean: random.choice([0, 1])))
    }
  }
}
