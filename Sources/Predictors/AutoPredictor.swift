public import Magnet

/// Predicts a run's score from some of its instances: the default. It needs no tuning, and in backtests beat the
/// sample's mean at every number of instances, both among models like those learned from and beyond them.
///
///     ŷ = (ŷ_cv + ŷ_2PL) / 2
///
/// the mean of `ControlVariatePredictor` and `TwoParameterPredictor`. The first is unbiased whatever the model; the
/// second knows more where the model is like those learned from, and their errors at the frontier are of opposite signs.
///
/// The error's distribution is the pool of the two, half each, so that they make it wider where they disagree:
///
///     v = (v_cv + v_2PL)/2 + (ŷ_cv - ŷ_2PL)²/4
///
/// and the interval is Wilson's of that variance, with t as the 2PL's. With fewer than 3 instances it is the 2PL's estimate alone, without
/// any that of its prior. Where there is no run to learn from it is the sample's mean, where scores are not from 0 to 1
/// the control variate, and a note says so. Probabilities of instances are the 2PL's.
public final class AutoPredictor: ScorePredictor {
  public override class var summary: String {
    "a run's score: the mean of control-variate and 2pl, the one to use"
  }

  private var fits = ItemResponseFits(.twoParameter)

  public override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
    guard fold.filledItemMeans != nil else {
      return SampleMeanEstimator(
        population: fold.columns.count,
        notes: [noRunToLearnFrom(fold) + "; until then the sample's mean is predicted"])
    }
    do {
      return AutoEstimator(
        controlVariate: try ControlVariateEstimator(fold), itemResponse: try fits.estimator(fold))
    } catch let error as MagnetError {
      return try ControlVariateEstimator(fold, notes: ["\(error); the control variate alone is predicted"])
    }
  }
}

private struct AutoEstimator: ScoreEstimator {
  let controlVariate: any ScoreEstimator
  let itemResponse: ItemResponseEstimator

  func estimate(_ sample: ObservedSample) -> Estimate? {
    guard let response = itemResponse.estimate(sample) else { return controlVariate.estimate(sample) }
    guard sample.known.count >= 3, let control = controlVariate.estimate(sample), let a = control.stddev,
      let b = response.stddev
    else { return response }
    let difference = control.mean - response.mean
    return shareEstimate(
      (control.mean + response.mean) / 2, variance: (a * a + b * b) / 2 + difference * difference / 4,
      degrees: itemResponse.degrees,
      isExtrapolated: response.isExtrapolated)
  }

  func probabilities(_ sample: ObservedSample) -> [Double]? { itemResponse.probabilities(sample) }
}
