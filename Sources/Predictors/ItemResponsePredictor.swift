public import Magnet
import RealModule

/// Predicts a run's score from some of its instances by its model's ability, in the item response model of Rasch, where
/// instances differ in difficulty alone. `TwoParameterPredictor` says how; it learns more where it has the runs to.
public final class RaschPredictor: ScorePredictor {
  public override class var summary: String {
    "a run's score: from its model's ability, instances differing in difficulty"
  }

  private var fits = ItemResponseFits(.rasch)

  public override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator { try fits.estimator(fold) }
}

/// Predicts a run's score from some of its instances by its model's ability, in the item response model of two
/// parameters: p-IRT of tinyBenchmarks (arXiv 2402.14992).
///
/// The instances' parameters are learned from the training runs (`ItemResponseModel`). The sample S of n gives the
/// posterior w(θ) of the ability, on 81 abilities from -6 to 6. The prior is that of the runs learned from, N(0, 1), below
/// their mean, and wider above it, with the density of N(0, 2²), as the model may be a new and stronger one. What was
/// seen counts as it is, the rest as expected:
///
///     ŷ = Σ_θ w(θ) (Σ_S x_j + Σ_rest P_j(θ)) / N
///
/// and the probability of an instance is Σ_θ w(θ) P_j(θ). The error's variance is that of the posterior and that of the
/// rest's answers, Σ_rest P_j (1 - P_j) / N²; the interval is Wilson's of that variance,
/// with t of as many degrees of freedom as there are training runs, less one. Without a sample it is the prior of the
/// runs learned from, N(0, 1).
///
/// Where the instances were chosen by the answers (`SamplingMethod.adaptive`), the variance also has what the model erred
/// beyond its own on training runs whose instances were chosen in the same way.
///
/// Scores between 0 and 1 count as that part of a success, their likelihood and variance by the dispersion that graded
/// scores have (quasi-likelihood, Wedderburn 1974); scores beyond are an error.
///
/// Limits: biased, whatever the number of instances, where items do not follow one ability, such as where some models
/// answer the other way round: in the table of `AutoPredictor`, which sees that on the training runs, it errs up to three
/// times as much as the sample's mean on GLUE's sst2.
public final class TwoParameterPredictor: ScorePredictor {
  public override class var name: String { "2pl" }
  public override class var summary: String {
    "a run's score: from its model's ability, instances differing in difficulty and discrimination"
  }

  private var fits = ItemResponseFits(.twoParameter)

  public override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator { try fits.estimator(fold) }
}

/// Fits item response models, and keeps the last one for the next fold with the same runs to learn from.
struct ItemResponseFits {
  private let kind: ItemResponseModel.Kind
  private var last: (train: [Int], values: [Double], model: ItemResponseModel)?

  init(_ kind: ItemResponseModel.Kind) { self.kind = kind }

  /// - Throws: `MagnetError` when there is nothing to learn from, or a score is not from 0 to 1.
  mutating func estimator(_ fold: ScoreFold) throws -> ItemResponseEstimator {
    guard fold.filledItemMeans != nil else { throw MagnetError(.unsupported, noRunToLearnFrom(fold)) }
    let matrix = fold.matrix
    if let last, last.train == fold.train, last.values == matrix.values {
      return ItemResponseEstimator(last.model, fold)
    }
    let count = matrix.instances.count
    let values = fold.train.flatMap { matrix.values[$0 * count..<($0 + 1) * count] }
    if let odd = values.firstIndex(where: { $0 < 0 || $0 > 1 }) {
      throw MagnetError(
        .unsupported,
        "run \(matrix.runs[fold.train[odd / count]].name) has the score \(values[odd]) on instance "
          + "\(matrix.instances[odd % count]); item response models need scores from 0 to 1, such as exact_match"
      )
    }
    let model = ItemResponseModel(kind, values: values, instances: count)
    last = (fold.train, matrix.values, model)
    return ItemResponseEstimator(model, fold)
  }
}

struct ItemResponseEstimator: ScoreEstimator {
  /// One for each column of the matrix.
  let discriminations: [Double]
  let easiness: [Double]
  let dispersion: Double
  /// The training runs less one, at least 1.
  let degrees: Int
  /// The instances of the target run.
  let columns: [Int]
  /// For each column of the matrix and ability: log(1 + e^(aθ + d)), P, P (1 - P).
  private let softplus: [Double]
  let shares: [Double]
  private let variances: [Double]
  /// Sums of P and P (1 - P) over `columns`, for each ability.
  let shareSums: [Double]
  private let varianceSums: [Double]
  let frontier: Frontier
  private let misfit: AdaptiveMisfit

  static let abilities = (0..<81).map { -6 + Double($0) * 0.15 }
  /// The deviation of the ability above the mean of the runs learned from, before a sample is seen; that below it, and
  /// that of both where there is no sample, is 1.
  private static let upperDeviation = 2.0

  init(_ model: ItemResponseModel, _ fold: ScoreFold) {
    let width = Self.abilities.count
    discriminations = model.discriminations
    easiness = model.easiness
    dispersion = model.dispersion
    var softplus: [Double] = []
    softplus.reserveCapacity(easiness.count * width)
    for (a, d) in zip(discriminations, easiness) {
      for ability in Self.abilities { softplus.append(Logistic.softplus(a * ability + d)) }
    }
    var shares = softplus
    for (item, (a, d)) in zip(discriminations, easiness).enumerated() {
      // P = e^(aθ + d - log(1 + e^(aθ + d))).
      for (q, ability) in Self.abilities.enumerated() {
        shares[item * width + q] = Double.exp(a * ability + d - softplus[item * width + q])
      }
    }
    let variances = shares.map { $0 * (1 - $0) }
    columns = fold.columns
    frontier = Frontier(fold)
    misfit = AdaptiveMisfit(fold)
    degrees = max(1, fold.train.count { fold.score(ofRow: $0) != nil } - 1)
    self.softplus = softplus
    self.shares = shares
    self.variances = variances
    shareSums = Self.sums(shares, over: columns)
    varianceSums = Self.sums(variances, over: columns)
  }

  private static func sums(_ table: [Double], over items: [Int]) -> [Double] {
    var sums = Array(repeating: 0.0, count: abilities.count)
    for item in items { for q in sums.indices { sums[q] += table[item * sums.count + q] } }
    return sums
  }

  /// The probability of each ability.
  /// - Parameter isSampled: whether there is to be a sample, though it may be empty yet.
  func posterior(_ sample: KnownSample, isSampled: Bool = false) -> [Double] {
    let softpluses = Self.sums(softplus, over: sample.columns)
    var slope = 0.0
    var level = 0.0
    for (item, score) in zip(sample.columns, sample.scores) {
      slope += score * discriminations[item]
      level += score * easiness[item]
    }
    return normalized(
      Self.abilities.indices.map { q in
        let ability = Self.abilities[q]
        let standard =
          ability > 0 && (isSampled || sample.count > 0) ? ability / Self.upperDeviation : ability
        return (slope * ability + level - softpluses[q]) / dispersion - standard * standard / 2
      })
  }

  func estimate(_ sample: ObservedSample) -> Estimate? {
    let known = sample.known
    guard known.isShare, !columns.isEmpty else { return nil }
    let (mean, own) = moments(known)
    let variance = own + (sample.isAdaptive ? misfit.variance(known.count, self) : 0)
    return shareEstimate(
      mean, variance: variance, degrees: degrees, isExtrapolated: frontier.isPassed(by: sample))
  }

  /// The score's mean and variance given a sample.
  func moments(_ sample: KnownSample) -> (mean: Double, variance: Double) {
    let weights = posterior(sample)
    let seenVariances = Self.sums(variances, over: sample.columns)
    let total = Double(columns.count)
    let scores = scores(sample)
    let mean = zip(weights, scores).reduce(0) { $0 + $1.0 * $1.1 }
    var variance = 0.0
    for q in weights.indices {
      let difference = scores[q] - mean
      let rest = dispersion * max(0, varianceSums[q] - seenVariances[q]) / (total * total)
      variance += weights[q] * (difference * difference + rest)
    }
    return (mean, variance)
  }

  /// The score to expect at each ability.
  private func scores(_ sample: KnownSample) -> [Double] {
    let seen = Self.sums(shares, over: sample.columns)
    let right = sample.scores.reduce(0, +)
    let total = Double(columns.count)
    return shareSums.indices.map { (right + shareSums[$0] - seen[$0]) / total }
  }

  /// The estimate's mean alone.
  func mean(_ sample: KnownSample) -> Double {
    zip(posterior(sample), scores(sample)).reduce(0) { $0 + $1.0 * $1.1 }
  }

  func probabilities(_ sample: ObservedSample) -> [Double]? {
    let known = sample.known
    guard known.isShare else { return nil }
    let weights = posterior(known)
    return columns.map { item in
      weights.indices.reduce(0) { $0 + weights[$1] * shares[item * weights.count + $1] }
    }
  }
}

/// An estimate of a score from 0 to 1 with Wilson's interval of its error's variance, the quantile that of t with so many
/// degrees of freedom.
func shareEstimate(_ mean: Double, variance: Double, degrees: Int, isExtrapolated: Bool) -> Estimate {
  let share = min(1, max(0, mean))
  let spread = max(share * (1 - share), 1e-9)
  return Estimate(mean: share, stddev: variance.squareRoot(), isExtrapolated: isExtrapolated) {
    let quantile = StudentT.quantile(0.5 + $0 / 2, degrees: Double(degrees))
    return Interval.wilson(share: share, square: quantile * quantile * variance / spread)
  }
}
