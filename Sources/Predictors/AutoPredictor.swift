public import Magnet
import RealModule
import Synchronization

/// Predicts a run's score from some of its instances and from its model's scores on other scenarios: the default. It
/// needs no tuning; what it combines, and with which weights, it learns from the training runs.
///
///     ŷ_S = w ŷ_2PL + (1 - w) ŷ_AIPW
///     v_S = w v_2PL + (1 - w) v_AIPW + w (1 - w) (ŷ_2PL - ŷ_AIPW)²
///
/// `TwoParameterPredictor` knows most where items follow one ability; `AIPWPredictor` is unbiased whatever they follow.
/// The variance is that of drawing one of the two, so that the interval is wider where they disagree. w is the weight
/// that would have been best for the training runs at this number of instances n, from errors e of the two on random samples
/// of each, AIPW learned from the other runs; and at most 1/(1 + (n/100)^1.5), as the bias of a model of items does not
/// shrink with n (`TrainingTrials`):
///
///     w = min(Σ (e_AIPW² - e_2PL e_AIPW) / Σ (e_2PL - e_AIPW)², 1/(1 + (n/100)^1.5)), at least 0
///
/// It is 0 where the sample may be of a run stronger than those learned from and the item response model, learned from the
/// weaker half of the training runs, does not hold for the strongest, or these differ by no more than chance
/// (`FrontierTrials`). The probability p that the run's score is above the 90% quantile of the training runs' is known from
/// the 2PL's estimate. What is known of abilities before a sample is seen says little of such a run: with probability p
/// v_2PL is that about ŷ_2PL where all abilities above the mean are as likely; ŷ_S is the same. With the probability of an
/// ability above 3 v_2PL is at least that of the sample's mean.
///
/// Where none of the model's scores on other scenarios is known, the estimate ŷ_L by the training runs most like it on the sample
/// is weighed in (`Likeness`), with the weight u that would have been best for the training runs, each predicted from the
/// others, at most 1/2; and with u (1 - p)¹⁶ where the run may be a stronger one, as likeness fails there. v_L is its errors'
/// share of ŷ_L(1 - ŷ_L) on the training runs:
///
///     ŷ_S ← u ŷ_L + (1 - u) ŷ_S      v_S ← u v_L + (1 - u) v_S + u (1 - u) (ŷ_L - ŷ_S)²
///
/// Where they are, `RidgeOnOthersPredictor` gives ŷ_B of variance v_B, taken a
/// quarter larger, and the two are weighed by their precisions:
///
///     ŷ = (ŷ_S/v_S + ŷ_B/v_B) / (1/v_S + 1/v_B)      v = 1 / (1/v_S + 1/v_B)
///
/// The interval is Wilson's of that variance, with t as the 2PL's, and widened or narrowed by what intervals for the training
/// runs would have had to be (`IntervalFactors`), their scores on other scenarios taken for what the regression without them
/// says; and with probability p by what they would have had to be for the strongest training runs, both estimates learned from
/// the weaker half, where that is more. With fewer than 3 instances, and with instances that were chosen, ŷ_S is
/// the 2PL's estimate alone, without any that of its prior. Where there is no run to learn from it is the sample's mean,
/// where scores are not from 0 to 1 the control variate; for a score under a perturbation
/// `PerturbationDifferencePredictor` predicts. Notes say which it was. Probabilities of instances are the 2PL's.
///
/// Mean absolute error from 10, 25, 50 and 100 instances where the strongest 30% of the models are predicted from the
/// weaker half, on score matrices of arXiv 2506.07673, 20 samples per run:
///
/// | matrices | sample mean | 2pl | auto | coverage of auto's 95% intervals |
/// |---|---|---|---|---|
/// | HELM Lite, six scenarios | .096 .061 .042 .028 | .064 .044 .032 .022 | .064 .044 .032 .022 | .946 .949 .945 .954 |
/// | GLUE rte | .112 .074 .049 .031 | .103 .095 .088 .070 | .096 .064 .043 .027 | .942 .942 .930 .936 |
/// | GLUE sst2 | .066 .041 .029 .020 | .098 .081 .076 .071 | .066 .042 .029 .020 | .954 .942 .946 .934 |
/// | GLUE mrpc | .093 .062 .041 .027 | .091 .061 .050 .041 | .069 .043 .029 .019 | .948 .956 .950 .960 |
/// | arc_challenge | .122 .075 .052 .035 | .071 .047 .036 .024 | .071 .048 .037 .025 | .958 .940 .976 .976 |
/// | musr | .127 .083 .053 .038 | .054 .046 .041 .032 | .061 .048 .040 .030 | 1.00 .988 .968 .950 |
/// | ifeval | .114 .069 .049 .032 | .110 .068 .046 .031 | .110 .066 .046 .029 | .932 .968 .986 .976 |
/// | openllm_math | .095 .057 .042 .028 | .084 .054 .041 .027 | .091 .054 .040 .026 | .978 .992 .942 .970 |
///
/// Each but HELM Lite is one scenario of 25 such models, whose coverage varies by .02 to .05 from chance; the last four are of
/// 84 models of 218 to 448, evenly spaced in the order of the matrix. On four other choices of ifeval's models coverage is .936
/// to .984, and the error .85 to .99 of the sample's mean's.
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
        instances: fold.columns.count, degrees: max(1, fold.columns.count - 1),
        notes: [noRunToLearnFrom(fold) + "; until then the sample's mean is predicted"] + others.notes)
    }
    do {
      let itemResponse = try fits.estimator(fold)
      let aipw = try AIPWEstimator(
        fold, frontier: itemResponse.frontier, intervals: (itemResponse.trials, itemResponse.beyond))
      // A model's other scores say more of which models are like it.
      let likeness = others.estimate == nil ? Likeness(fold) : nil
      let base = WeighedEstimator(itemResponse: itemResponse, aipw: aipw, likeness: likeness)
      return AutoEstimator(
        base: base, others: others, models: (itemResponse, aipw), instances: fold.columns.count,
        degrees: itemResponse.degrees, notes: others.notes)
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
  func factors(_ count: Int, _ model: ItemResponseEstimator, _ aipw: AIPWEstimator) -> IntervalFactors {
    if let known = found.withLock({ $0[count] }) { return known }
    let learned = model.trials.weighed(count, model, aipw)
    let trials = learned.trials.compactMap { trial -> (Double, Double, Double)? in
      guard let other = leftOut[trial.row], trial.variance > 0 else { return nil }
      let both = Self.weighed(
        (trial.estimate, trial.variance.squareRoot() * learned.factors.last), other)
      return (both.mean, both.variance, trial.actual)
    }
    let factors = model.trials.factors(
      trials, model.degrees, .trainingRunsElsewhere(count, share: learned.weight))
    found.withLock { $0[count] = factors }
    return factors
  }
}

/// An estimate from the sample, and that from other scenarios, by their precisions.
private struct AutoEstimator: ScoreEstimator {
  let base: any ScoreEstimator
  let others: OtherScenarios
  /// Nil where there is none to learn from.
  var models: (response: ItemResponseEstimator, aipw: AIPWEstimator)?
  /// How many the score is over.
  let instances: Int
  let degrees: Int
  let notes: [String]

  func estimate(_ sample: ObservedSample) -> Estimate? {
    let own = base.estimate(sample)
    guard let board = others.estimate, sample.known.isShare else { return own }
    guard let own, let deviation = own.stddev else { return own ?? board }
    if deviation == 0 { return own }
    let both = OtherScenarios.weighed((own.mean, deviation), board)
    var estimate = shareEstimate(
      both.mean, variance: both.variance, instances: instances, degrees: degrees,
      isExtrapolated: own.isExtrapolated, factors: factors(sample))
    estimate.notes = own.notes
    return estimate
  }

  /// Those of random samples that the item response model is used for.
  private func factors(_ sample: ObservedSample) -> IntervalFactors {
    let known = sample.known
    guard let models, known.count >= 3, !sample.isAdaptive else { return .none }
    let weight = models.response.trials.weighed(known.count, models.response, models.aipw).weight
    if case .doubt = models.response.stronger(known, weight: weight) { return .none }
    return others.factors(known.count, models.response, models.aipw)
  }

  func probabilities(_ sample: ObservedSample) -> [Double]? { base.probabilities(sample) }
}

/// The item response model's estimate and AIPW's, by a weight that depends on the number of instances.
private struct WeighedEstimator: ScoreEstimator {
  let itemResponse: ItemResponseEstimator
  let aipw: AIPWEstimator
  let likeness: Likeness?

  func estimate(_ sample: ObservedSample) -> Estimate? {
    let known = sample.known
    // AIPW is for random samples.
    guard known.count >= 3, known.isShare, !sample.isAdaptive, let fit = aipw.fit(known)
    else { return itemResponse.estimate(sample) ?? aipw.estimate(sample) }
    let learned = itemResponse.trials.weighed(known.count, itemResponse, aipw, likeness: likeness)
    let w = learned.weight
    var factors = learned.likeness?.factors ?? learned.factors
    var response: (mean: Double, variance: Double)
    var u = learned.likeness?.weight ?? 0
    switch itemResponse.stronger(known, weight: w) {
    case nil: response = itemResponse.moments(known)
    case .factors(let others):
      let moments = itemResponse.momentsBeyond(known)
      response = (moments.mean, moments.variance)
      let within = Double.pow(1 - moments.probability, 16)
      u *= within
      factors = factors.widened(by: learned.factors, share: 1 - within)
        .widened(by: others, share: moments.probability).widened(by: .none, share: moments.far)
    case .doubt(let reason):
      var estimate = aipw.estimate(sample, fit)
      estimate?.notes.append("aipw alone is used: " + reason)
      return estimate
    }
    var moments = PairedTrial.pooled(response, aipw.moments(fit, known), w)
    if let alike = learned.likeness, u > 0 {
      moments = PairedTrial.pooled(alike.likeness.moments(known, alike.fit), moments, u)
    }
    var estimate = shareEstimate(
      moments.mean, variance: moments.variance, instances: itemResponse.columns.count,
      degrees: itemResponse.degrees, isExtrapolated: itemResponse.frontier.isPassed(by: sample),
      factors: factors)
    func tenths(_ weight: Double) -> String {
      let tenths = Int((weight * 10).rounded())
      return tenths == 10 ? "1" : "0.\(tenths)"
    }
    let alike = u < 0.05 ? "" : ", the runs most like it \(tenths(u))"
    estimate.notes += [
      "2pl has weight \(tenths(w * (1 - u)))\(alike) and aipw the rest, by their errors on the training runs"
    ]
    return estimate
  }

  func probabilities(_ sample: ObservedSample) -> [Double]? { itemResponse.probabilities(sample) }
}
