public import Magnet

/// Predicts a run's score from some of its instances by its model's ability, in the item response model of two
/// parameters: p-IRT of tinyBenchmarks (arXiv 2402.14992).
///
/// The instances' parameters are learned from the training runs (`ItemResponseModel`). The sample S of n gives the
/// posterior w(θ) of the ability, on 88 abilities from -6 up to where 98% is right. The prior is that of the runs learned from,
/// N(0, 1), below their mean, and wider above it, as the model may be a new and stronger one: nineteen parts in twenty
/// N(0, u²), and one part such that all scores from the mean run's up are as likely. u is 2, or as much more as it takes
/// that ability u closes a third of what the mean run lacks. What was seen counts as it is, the rest as expected:
///
///     ŷ = Σ_θ w(θ) (Σ_S x_j + Σ_rest P_j(θ)) / N
///
/// The probability of an instance is Σ_θ w(θ) P_j(θ) under another prior, 0.9 N(0, 1) + 0.1 of the one above: the wide one,
/// which a stronger model needs, makes probabilities for others from 10 instances .02 too high on the average.
///
/// The error's variance is that of the posterior and that of the
/// rest's answers, Σ_rest P_j (1 - P_j) / N²; the interval is Wilson's of that variance, with t of as many degrees of
/// freedom as there are training runs, less one, widened or narrowed by what intervals from as many instances of the training
/// runs would have had to be (`IntervalFactors`). Where that is more than 1.75 times as wide, instances do not follow one
/// ability: there is no interval, and a note says why. For what may be a stronger run than those learned from, the
/// interval is also widened by what it would have had to be for the strongest training runs, learned from the weaker half,
/// and, as far as the run is likely to be stronger, its variance is that where all abilities above the mean are as likely,
/// and as far as its ability is likely to be above 3, where instances are not known as they are among the runs learned from,
/// at least that of the sample's mean;
/// there is none where that is too much, or where the training runs are all alike (`FrontierTrials`). Without a sample it is
/// the prior of the runs learned from, N(0, 1).
///
/// Where the instances were chosen (`SamplingMethod`, `magnet select`), the training runs are looked at on the same instances.
///
/// Scores between 0 and 1 count as that part of a success, their likelihood and variance by the dispersion that graded
/// scores have (quasi-likelihood, Wedderburn 1974); scores beyond are an error.
///
/// For probabilities of single instances, and for instances that were chosen; for scores `AutoPredictor` errs less where items
/// do not follow the model. Mean absolute error from 10, 25, 50 and 100 instances on HELM Lite (83 models, six scenarios;
/// arXiv 2506.07673): .070 .048 .035 .025 for held-out models, .064 .044 .032 .022 for the strongest 30% predicted from the
/// weaker half; its 95% intervals cover .947 to .965.
///
/// Limits: biased, whatever the number of instances, where items do not follow one ability, such as where some models
/// answer the other way round: in the table of `AutoPredictor`, which sees that on the training runs, it errs up to three
/// times as much as the sample's mean on GLUE's sst2. Intervals for a stronger model can be too wide (musr from 10 instances:
/// all 95% intervals hold).
public final class TwoParameterPredictor: ScorePredictor {
  public override class var name: String { "2pl" }
  public override class var summary: String {
    "a run's score: from its model's ability, instances differing in difficulty and discrimination"
  }

  private var fits = ItemResponseFits(.twoParameter)

  public override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator { try fits.estimator(fold) }
}
