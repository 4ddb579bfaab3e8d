public import Magnet
import Synchronization

/// Predicts a run's score from some of its instances and from its model's scores on other scenarios: the default. It
/// needs no tuning; what it combines, and with which weights, it learns from the training runs.
///
///     ŷ_S = w ŷ_2PL + (1 - w) ŷ_AIPW
///     v_S = w v_2PL + (1 - w) v_AIPW + w (1 - w) (ŷ_2PL - ŷ_AIPW)²
///
/// `TwoParameterPredictor` knows most where items follow one ability; `AIPWPredictor` is unbiased whatever they follow.
/// The variance is that of drawing one of the two, so that the interval is wider where they disagree. w is the weight
/// that would have been best for the training runs at this number of instances n, from errors e of the two on three random
/// samples of each, a control variate standing in for AIPW; and at most 1/(1 + (n/100)^1.5), as the bias of a model of
/// items does not shrink with n (`TrainingTrials`):
///
///     w = min(Σ (e_cv² - e_2PL e_cv) / Σ (e_2PL - e_cv)², 1/(1 + (n/100)^1.5)), at least 0
///
/// It is 0 where the sample may be of a run stronger than those learned from and the item response model, learned from the
/// weaker half of the training runs, does not hold for the strongest, or these differ by no more than chance; where it errs
/// there more than it says, v_2PL is that much larger (`FrontierTrials`). Where the sample's mean is above the 90% quantile of
/// the training runs' scores, and the ability that it is expected to show above 2.5, which 99 of 100 such runs are below, none of
/// them says which of the two holds, and v_S is at least that of drawing either with even chance (w = 1/2); ŷ_S is the same.
///
/// Where the model's scores on other scenarios are known, `RidgeOnOthersPredictor` gives ŷ_B of variance v_B, taken a
/// quarter larger, and the two are weighed by their precisions:
///
///     ŷ = (ŷ_S/v_S + ŷ_B/v_B) / (1/v_S + 1/v_B)      v = 1 / (1/v_S + 1/v_B)
///
/// The interval is Wilson's of that variance, with t as the 2PL's, and widened or narrowed by what intervals for the training
/// runs would have had to be (`IntervalFactors`), their scores on other scenarios taken for what the regression without them
/// says. Without that factor it covered .92 to .94 of made runs and .94 to .95 of HELM Lite's, with it .94 to .96. With fewer than 3 instances, and with instances that were chosen, ŷ_S is
/// the 2PL's estimate alone, without any that of its prior. Where there is no run to learn from it is the sample's mean,
/// where scores are not from 0 to 1 the control variate; for a score under a perturbation
/// `PerturbationDifferencePredictor` predicts. Notes say which it was. Probabilities of instances are the 2PL's.
///
/// Mean absolute error from 10, 25, 50 and 100 instances where the strongest 30% of the models are predicted from the
/// weaker half, on score matrices of arXiv 2506.07673, 20 samples per run:
///
/// | matrices | sample mean | 2pl | auto | coverage of auto's 95% intervals |
/// |---|---|---|---|---|
/// | HELM Lite, six scenarios | .094 .058 .041 .027 | .064 .043 .031 .022 | .064 .043 .031 .022 | .942 .955 .953 .962 |
/// | GLUE rte | .120 .072 .047 .030 | .088 .078 .072 .060 | .104 .061 .039 .026 | .906 .922 .960 .950 |
/// | GLUE sst2 | .072 .046 .030 .020 | .106 .086 .080 .072 | .070 .044 .029 .020 | .944 .936 .958 .954 |
/// | GLUE mrpc | .095 .059 .041 .026 | .129 .073 .050 .039 | .073 .042 .028 .023 | .928 .920 .922 .996 |
/// | arc_challenge | .121 .078 .053 .037 | .070 .046 .035 .024 | .071 .047 .036 .025 | .928 .956 .942 .954 |
/// | musr | .124 .074 .051 .035 | .030 .032 .029 .023 | .034 .035 .032 .024 | .996 .996 .962 .958 |
/// | ifeval | .118 .078 .052 .035 | .109 .066 .048 .031 | .108 .065 .045 .030 | .894 .958 .956 .952 |
/// | openllm_math | .087 .053 .037 .025 | .069 .048 .034 .023 | .069 .049 .034 .024 | .946 .986 .992 .974 |
///
/// Each but HELM Lite is one scenario of 25 such models, whose coverage varies by .02 to .05 from chance.
///
/// When not to use it: where no run of another model has the same instances, the sample's mean is all it has.
public final class AutoPredictor: ScorePredictor {
  public override class var summary: String {
    "a run's score: from its sample and its model's other scores, weighed by what suits the other runs; the one to use"
  }

  private var fits = ItemResponseFits(.twoParameter)

  public override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
    if fold.targetName.perturbation != nil {
      return NotedEstimator(
        base: try PerturbationDifferencePredictor().fit(fold), note: "perturbation-difference predicts")
    }
    let others = OtherScenarios(fold)
    guard fold.hasScores else {
      return AutoEstimator(
        base: SampleMeanEstimator(population: fold.columns.count), others: others,
        degrees: max(1, fold.columns.count - 1),
        notes: [noRunToLearnFrom(fold) + "; until then the sample's mean is predicted"] + others.notes)
    }
    do {
      let itemResponse = try fits.estimator(fold)
      let aipw = try AIPWEstimator(fold, frontier: itemResponse.frontier)
      let base = WeighedEstimator(itemResponse: itemResponse, aipw: aipw)
      return AutoEstimator(
        base: base, others: others, itemResponse: itemResponse, degrees: itemResponse.degrees,
        notes: others.notes)
    } catch let error as MagnetError {
      return NotedEstimator(
        base: try ControlVariateEstimator(fold), note: "\(error); the control variate alone is predicted")
    }
  }
}

/// Another estimator, and a note on why it was taken.
private struct NotedEstimator: ScoreEstimator {
  let base: any ScoreEstimator
  let note: String

  var notes: [String] { [note] + base.notes }
  func estimate(_ sample: ObservedSample) -> Estimate? { base.estimate(sample) }
  func probabilities(_ sample: ObservedSample) -> [Double]? { base.probabilities(sample) }
}

/// What the model's scores on other scenarios say.
private final class OtherScenarios: Sendable {
  let estimate: Estimate?
  let notes: [String]
  /// What those of the models learned from would have said of their score, by the row of the matrix.
  private let leftOut: [Int: Estimate]
  private let found = Mutex<[Int: IntervalFactors]>([:])

  /// The estimate's variance is taken as so much larger: its errors are those on models that the regression has seen.
  private static let inflation = 1.25

  init(_ fold: ScoreFold) {
    guard let board = try? LogitBoard(fold), board.knownOthers > 0 else {
      estimate = nil
      notes = []
      leftOut = [:]
      return
    }
    let completed = RidgeOnOthersPredictor().completed(board)
    estimate = Self.widened(completed.estimator)
    leftOut = Dictionary(
      uniqueKeysWithValues: fold.train.compactMap { row in
        completed.leftOut[fold.matrix.runs[row].model].flatMap(Self.widened).map { (row, $0) }
      })
    notes =
      estimate == nil
      ? []
      : [
        "the model's scores on \(board.knownOthers) other \(board.knownOthers == 1 ? "scenario" : "scenarios") are used"
      ]
  }

  private static func widened(_ estimator: CompletedEstimator) -> Estimate? {
    guard var estimate = estimator.estimate(ObservedSample(columns: [], scores: [])),
      let stddev = estimate.stddev, stddev.isFinite, stddev > 0
    else { return nil }
    estimate.stddev = stddev * inflation.squareRoot()
    return estimate
  }

  /// Two estimates with deviations above 0 by their precisions.
  static func weighed(_ own: (mean: Double, stddev: Double), _ other: Estimate) -> (
    mean: Double, variance: Double
  ) {
    let (p, q) = (
      1 / (own.stddev * own.stddev), 1 / ((other.stddev ?? .infinity) * (other.stddev ?? .infinity))
    )
    return ((own.mean * p + other.mean * q) / (p + q), 1 / (p + q))
  }

  /// How far intervals from so many instances and other scenarios are off, on the training runs.
  func factors(_ count: Int, _ model: ItemResponseEstimator) -> IntervalFactors {
    if let known = found.withLock({ $0[count] }) { return known }
    let learned = model.trials.learned(count, model)
    let trials = learned.trials.compactMap { trial -> (Double, Double, Double)? in
      guard let other = leftOut[trial.row], trial.variance > 0 else { return nil }
      let both = Self.weighed(
        (trial.estimate, trial.variance.squareRoot() * learned.weighed.last), other)
      return (both.mean, both.variance, trial.actual)
    }
    let factors = model.trials.factors(trials, model.degrees, .trainingRunsElsewhere(count))
    found.withLock { $0[count] = factors }
    return factors
  }
}

/// An estimate from the sample, and that from other scenarios, by their precisions.
private struct AutoEstimator: ScoreEstimator {
  let base: any ScoreEstimator
  let others: OtherScenarios
  /// Nil where there is none to learn from.
  var itemResponse: ItemResponseEstimator?
  let degrees: Int
  let notes: [String]

  func estimate(_ sample: ObservedSample) -> Estimate? {
    let own = base.estimate(sample)
    guard let board = others.estimate, sample.known.isShare else { return own }
    guard let own, let deviation = own.stddev else { return own ?? board }
    if deviation == 0 { return own }
    let both = OtherScenarios.weighed((own.mean, deviation), board)
    var estimate = shareEstimate(
      both.mean, variance: both.variance, degrees: degrees, isExtrapolated: own.isExtrapolated,
      factors: factors(sample))
    estimate.notes = own.notes
    return estimate
  }

  /// Those of random samples that the item response model is used for.
  private func factors(_ sample: ObservedSample) -> IntervalFactors {
    let known = sample.known
    guard let itemResponse, known.count >= 3, !sample.isAdaptive else { return .none }
    if case .doubt = itemResponse.stronger(known) { return .none }
    return others.factors(known.count, itemResponse)
  }

  func probabilities(_ sample: ObservedSample) -> [Double]? { base.probabilities(sample) }
}

/// The item response model's estimate and AIPW's, by a weight that depends on the number of instances.
private struct WeighedEstimator: ScoreEstimator {
  let itemResponse: ItemResponseEstimator
  let aipw: AIPWEstimator

  /// Beyond, a run is far from those learned from, whose abilities have mean 0 and deviation 1.
  private static let farAbility = 2.5

  func estimate(_ sample: ObservedSample) -> Estimate? {
    let known = sample.known
    // AIPW is for random samples.
    guard known.count >= 3, known.isShare, !sample.isAdaptive, let unbiased = aipw.estimate(sample),
      let deviation = unbiased.stddev
    else { return itemResponse.estimate(sample) ?? aipw.estimate(sample) }
    let learned = itemResponse.trials.learned(known.count, itemResponse)
    // How far the item response model's deviation is to be widened for what may be a stronger run.
    var widening = 1.0
    switch itemResponse.stronger(known) {
    case nil: break
    case .factors(let others): widening = max(1, others.last)
    case .doubt(let reason):
      var estimate = unbiased
      estimate.notes.append("aipw alone is used: " + reason)
      return estimate
    }
    let (mean, ownVariance) = itemResponse.moments(known)
    let variance = ownVariance * widening * widening
    let w = learned.weight
    let difference = mean - unbiased.mean
    func pooled(_ w: Double) -> Double {
      w * variance + (1 - w) * deviation * deviation + w * (1 - w) * difference * difference
    }
    let isBeyond = itemResponse.frontier.isPassed(by: sample)
    let isFarOut = isBeyond && itemResponse.ability(known) > Self.farAbility
    var estimate = shareEstimate(
      w * mean + (1 - w) * unbiased.mean,
      variance: isFarOut ? max(pooled(w), pooled(0.5)) : pooled(w),
      degrees: itemResponse.degrees, isExtrapolated: isBeyond,
      factors: learned.weighed)
    let tenths = Int((w * 10).rounded())
    estimate.notes += [
      "2pl has weight \(tenths == 10 ? "1" : "0.\(tenths)") and aipw the rest, by their errors on the training runs"
    ]
    return estimate
  }

  func probabilities(_ sample: ObservedSample) -> [Double]? { itemResponse.probabilities(sample) }
}
