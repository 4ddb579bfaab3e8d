public import Magnet

/// Predicts a run's exact match under misspellings from their strength: a straight line through the example runs.
///
/// The line is the least-squares fit of the mean exact match on `prob`, the share of words misspelled, over all
/// statistics of the example runs that are computed on misspelled inputs:
///
///     slope = sum((x - x̄)(y - ȳ)) / sum((x - x̄)²)      prediction = ȳ + slope (x - x̄)
///
/// where all example runs have one strength there is no slope, and the prediction is ȳ. The strength of the run to
/// be predicted is that of its first perturbation.
///
/// The predictor that MAGNET's Python began with (`ExamplePerturbationPredictor` of aiq-magnet), to the digit. All models are one
/// line: take `PerturbationDifferencePredictor` where the model's score on the inputs as they were is known. Mean absolute
/// error, one model held out: .140 on made runs of 24 models (Benchmarks/make_scores.py), .238 on the fixtures' sweep (the
/// difference model: .034, .205).
public final class PerturbationPredictor: RunPredictor {
  public override class var summary: String {
    "a run's exact match under misspellings: a line through the example runs"
  }

  public override var disclosure: Disclosure { .runSpec }

  public override func predict(
    train: TrainSplit, test: SequesteredTestSplit
  ) throws -> [RunPrediction] {
    let line = try Line(fitting: points(train), runs: train.runSpecs[.run].joined(separator: ", "))
    let note =
      "the example runs have one strength of misspellings, prob \(line.meanX); "
      + "their mean is predicted, whatever the strength of the target run"
    return try test.runSpecs.rows.map { row in
      guard let prob = row[.perturbationSpecs]?[0]?["args"]?["prob"]?.double else {
        throw MagnetError(
          .unsupported,
          "run \(row[.run]) has no perturbation with a prob in its run spec; the perturbation predictor needs "
            + "runs made with data_augmentation=misspelling_sweep or the like")
      }
      let misspellings = Perturbation(
        name: "misspellings", computedOn: "perturbed", robustness: true, fairness: false,
        parameters: ["prob": .double(prob)])
      return RunPrediction(
        run: row[.run],
        stat: Stat(
          MetricName("exact_match", split: "valid", perturbation: misspellings), mean: line.value(at: prob)),
        notes: line.slope == nil ? [note] : [])
    }
  }

  /// The strength and the mean of each statistic to fit.
  private func points(_ train: TrainSplit) -> [(x: Double, y: Double)] {
    train.stats.rows.compactMap { row in
      guard row[.metric] == "exact_match", row[.perturbation] == "misspellings",
        row[.computedOn] == "perturbed",
        let prob = row[.prob], let mean = row[.mean]
      else { return nil }
      return (prob, mean)
    }
  }
}

/// A straight line by ordinary least squares.
private struct Line {
  let meanX: Double
  let meanY: Double
  /// Nil when all points have one x.
  let slope: Double?

  init(fitting points: [(x: Double, y: Double)], runs: String) throws {
    guard let meanX = points.map({ Optional($0.x) }).mean(), let meanY = points.map({ Optional($0.y) }).mean()
    else {
      throw MagnetError(
        .unsupported,
        "none of the example runs has an exact_match computed on misspelled inputs: \(runs); the perturbation "
          + "predictor needs runs made with data_augmentation=misspelling_sweep")
    }
    let isOneStrength = points.allSatisfy { $0.x == points[0].x }
    self.meanX = isOneStrength ? points[0].x : meanX
    self.meanY = meanY
    if isOneStrength {
      slope = nil
    } else {
      let covariance = points.reduce(0) { $0 + ($1.x - meanX) * ($1.y - meanY) }
      let variance = points.reduce(0) { $0 + ($1.x - meanX) * ($1.x - meanX) }
      slope = covariance / variance
    }
  }

  func value(at x: Double) -> Double { meanY + (slope ?? 0) * (x - meanX) }
}
