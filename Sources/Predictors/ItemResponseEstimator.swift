import Magnet
import RealModule

/// Fits item response models, and keeps the last one for the next fold with the same runs to learn from.
struct ItemResponseFits {
  private let kind: ItemResponseModel.Kind
  private var last: (train: [Int], values: [Double], model: ItemResponseModel, made: ItemResponseEstimator)?

  init(_ kind: ItemResponseModel.Kind) { self.kind = kind }

  /// - Throws: `MagnetError` when there is nothing to learn from, or a score is not from 0 to 1.
  mutating func estimator(_ fold: ScoreFold) throws -> ItemResponseEstimator {
    guard fold.hasScores else { throw MagnetError(.unsupported, noRunToLearnFrom(fold)) }
    let matrix = fold.matrix
    if let last, last.train == fold.train, last.values == matrix.values {
      // What was learned from samples of the training runs stays.
      if last.made.columns == fold.columns { return last.made }
      let made = ItemResponseEstimator(last.model, kind, fold)
      self.last?.made = made
      return made
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
    let made = ItemResponseEstimator(model, kind, fold)
    last = (fold.train, matrix.values, model, made)
    return made
  }
}

struct ItemResponseEstimator: ScoreEstimator {
  private let model: ItemResponseModel
  /// One for each column of the matrix.
  var discriminations: [Double] { model.discriminations }
  var easiness: [Double] { model.easiness }
  var dispersion: Double { model.dispersion }
  /// The training runs less one, at least 1.
  let degrees: Int
  /// The instances of the target run.
  let columns: [Int]
  /// P for each column of the matrix, `AbilityGrid.width` numbers each, one per ability.
  let shares: [Double]
  /// Sums of P and of P (1 - P) over `columns`, for each ability.
  private let shareSums: [Double]
  private let varianceSums: [Double]
  let frontier: Frontier
  let trials: TrainingTrials
  let beyond: FrontierTrials
  private let grid: AbilityGrid
  private var abilities: [Double] { grid.abilities }
  private let logPriors: [AbilityGrid.Prior: [Double]]

  init(_ model: ItemResponseModel, _ kind: ItemResponseModel.Kind, _ fold: ScoreFold) {
    self.model = model
    let grid = AbilityGrid { ability in
      fold.columns.lazy
        .map { Logistic.sigmoid(model.discriminations[$0] * ability + model.easiness[$0]) }.mean() ?? 0
    }
    self.grid = grid
    columns = fold.columns
    frontier = Frontier(fold)
    trials = TrainingTrials(fold)
    beyond = FrontierTrials(kind, fold)
    degrees = max(1, frontier.runs - 1)
    shares = grid.shares(slopes: model.discriminations, levels: model.easiness)
    let sums = Self.sums(over: columns, shares, model, grid.abilities)
    (shareSums, varianceSums) = (sums.shares, sums.variances)
    logPriors = Dictionary(
      uniqueKeysWithValues: AbilityGrid.Prior.allCases.map {
        ($0, grid.logProbabilities($0, scores: sums.shares))
      })
  }

  /// The probability of each ability.
  /// - Parameter prior: for a model of which there is to be a sample, though it may be empty yet.
  func posterior(_ sample: KnownSample, _ prior: AbilityGrid.Prior) -> [Double] {
    posterior(sample, sums(over: sample.columns), prior)
  }

  private func posterior(_ sample: KnownSample, _ sums: SampleSums, _ prior: AbilityGrid.Prior) -> [Double] {
    var slope = 0.0
    var level = 0.0
    for (item, score) in zip(sample.columns, sample.scores) {
      slope += score * discriminations[item]
      level += score * easiness[item]
    }
    let logPrior = logPriors[prior, default: []]
    return normalized(
      abilities.indices.map { q in
        (slope * abilities[q] + level - sums.softpluses[q]) / dispersion + logPrior[q]
      })
  }

  func estimate(_ sample: ObservedSample) -> Estimate? {
    let known = sample.known
    guard known.isShare, !columns.isEmpty else { return nil }
    let isBeyond = frontier.isPassed(by: sample)
    let (mean, variance): (Double, Double)
    var factors = IntervalFactors.none
    if known.count == 0 || sample.isAdaptive {
      (mean, variance) = moments(known)
      if known.count > 0 { factors = trials.factors(chosen: known, estimate: mean, self) }
    } else {
      switch stronger(known) ?? alike {
      case nil:
        (mean, variance) = moments(known)
        factors = trials.response(known.count, self)
      case .factors(let others):
        let moments = momentsBeyond(known)
        (mean, variance) = (moments.mean, moments.variance)
        factors = trials.response(known.count, self).widened(by: others).widened(
          by: .none, share: moments.far)
      case .doubt(let reason):
        return Estimate(
          mean: moments(known).mean, isExtrapolated: isBeyond, withoutInterval: "no interval: " + reason)
      }
    }
    return shareEstimate(
      mean, variance: variance, instances: columns.count, degrees: degrees, isExtrapolated: isBeyond,
      factors: factors)
  }

  /// Where the runs learned from differ by no more than chance the model says nothing of any other, though a sample by chance
  /// looks like theirs.
  private var alike: FrontierTrials.Finding? {
    beyond.areAlike ? .doubt("the scores of the runs learned from differ by no more than chance") : nil
  }

  /// Where this random sample may be of a run stronger than those learned from, whether the model is to be trusted there,
  /// and how far; nil where it may not.
  /// - Parameter weight: that of this model, where AIPW's estimate has the rest.
  func stronger(_ sample: KnownSample, weight: Double? = nil) -> FrontierTrials.Finding? {
    guard frontier.isInReach(of: sample, dispersion: dispersion) else { return nil }
    return grid.isFlat
      ? .doubt("the runs learned from are too much alike to tell what a stronger one scores")
      : beyond.finding(sample.count, weight: weight)
  }

  /// For each ability, what estimates from some instances need, whatever the scores on them.
  struct SampleSums {
    /// The sum of log(1 + e^(aθ + d)) over these instances.
    fileprivate let softpluses: [Double]
    /// What is to be expected of the others of `columns`: their part of the score, and its variance.
    fileprivate let rest: [Double]
    fileprivate let restVariance: [Double]
  }

  func sums(over items: [Int]) -> SampleSums {
    let sums = Self.sums(over: items, shares, model, abilities)
    let total = Double(columns.count)
    return SampleSums(
      softpluses: sums.softpluses,
      rest: zip(shareSums, sums.shares).map { ($0 - $1) / total },
      restVariance: zip(varianceSums, sums.variances).map {
        dispersion * max(0, $0 - $1) / (total * total)
      })
  }

  /// Sums of P, P (1 - P) and log(1 + e^(aθ + d)) over some instances, for each ability.
  private static func sums(
    over items: [Int], _ shares: [Double], _ model: ItemResponseModel, _ abilities: [Double]
  ) -> (shares: [Double], variances: [Double], softpluses: [Double]) {
    // Of P, P² and the logarithm, `AbilityGrid.width` numbers each.
    let values = ResponseSums.sums(
      over: items, shares: shares, slopes: model.discriminations, levels: model.easiness,
      nodes: abilities + Array(repeating: 0, count: AbilityGrid.width - AbilityGrid.count))
    let places = 0..<AbilityGrid.count
    return (
      Array(values[places]), places.map { values[$0] - values[AbilityGrid.width + $0] },
      Array(values[2 * AbilityGrid.width..<2 * AbilityGrid.width + AbilityGrid.count])
    )
  }

  /// The score's mean and variance given a sample.
  func moments(_ sample: KnownSample) -> (mean: Double, variance: Double) {
    moments(sample, sums(over: sample.columns))
  }

  /// Beyond this ability instances are not known as they are among the runs learned from.
  private static let farAbility = 3.0

  /// The mean and the variance of the score of what may be a stronger run, the probability that it is stronger than nearly all
  /// of those learned from, and that it is far above them, at an ability above `farAbility`.
  ///
  /// What is known of abilities before a sample is seen says little of such a run: with the first probability the variance,
  /// about the same mean, is that where all abilities above 0 are as likely. Nor are instances known so far from all runs
  /// that were seen: with the second probability it is at least that of the sample's mean.
  func momentsBeyond(_ sample: KnownSample) -> (
    mean: Double, variance: Double, probability: Double, far: Double
  ) {
    let sums = sums(over: sample.columns)
    let weights = posterior(sample, sums, .wide)
    let (mean, variance) = moments(sample, sums, weights)
    guard let limit = frontier.limit, variance > 0 else { return (mean, variance, 0, 0) }
    let open = moments(sample, sums, posterior(sample, sums, .open))
    let spread = open.variance + (open.mean - mean) * (open.mean - mean)
    let probability = Normal.cumulative((mean - limit) / variance.squareRoot())
    let known = variance + probability * max(0, spread - variance)
    let far = zip(abilities, weights).reduce(0) { $1.0 > Self.farAbility ? $0 + $1.1 : $0 }
    let (count, total) = (Double(sample.count), Double(columns.count))
    let free = dispersion * max(0, mean * (1 - mean)) / count * (1 - count / total)
    return (mean, known + far * max(0, free - known), probability, far)
  }

  func moments(_ sample: KnownSample, _ sums: SampleSums) -> (mean: Double, variance: Double) {
    moments(sample, sums, posterior(sample, sums, sample.count > 0 ? .wide : .narrow))
  }

  private func moments(_ sample: KnownSample, _ sums: SampleSums, _ weights: [Double]) -> (
    mean: Double, variance: Double
  ) {
    let total = Double(columns.count)
    // The score to expect at each ability.
    let share = sample.scores.reduce(0, +) / total
    var mean = 0.0
    for q in weights.indices where weights[q] > 0 { mean += weights[q] * (share + sums.rest[q]) }
    var variance = 0.0
    for q in weights.indices where weights[q] > 0 {
      let difference = share + sums.rest[q] - mean
      variance += weights[q] * (difference * difference + sums.restVariance[q])
    }
    return (mean, variance)
  }

  func probabilities(_ sample: ObservedSample) -> [Double]? {
    let known = sample.known
    guard known.isShare else { return nil }
    let weights = posterior(known, known.count > 0 ? .mixed : .narrow)
    return columns.map { item in
      dotProduct(weights, 0, shares, item * AbilityGrid.width, count: weights.count)
    }
  }
}

extension Estimate {
  /// An estimate that has no interval.
  /// - Parameter reason: why, in the words of a note.
  init(mean: Double, isExtrapolated: Bool, withoutInterval reason: String) {
    self.init(mean: mean, isExtrapolated: isExtrapolated)
    notes = [reason]
  }
}

/// An estimate of a score from 0 to 1 with Wilson's interval of its error's variance, the quantile that of t with so many
/// degrees of freedom; without an interval where the factors say that there is none.
/// - Parameter instances: how many the score is over.
func shareEstimate(
  _ mean: Double, variance: Double, instances: Int, degrees: Int, isExtrapolated: Bool,
  factors: IntervalFactors = .none
) -> Estimate {
  let share = min(1, max(0, mean))
  if let reason = factors.reason {
    return Estimate(mean: share, isExtrapolated: isExtrapolated, withoutInterval: reason)
  }
  let spread = max(share * (1 - share), 1e-9)
  var estimate = Estimate(
    mean: share, stddev: variance.squareRoot() * factors.last, isExtrapolated: isExtrapolated)
  estimate.intervals = zip(Estimate.coverages, factors.values).map { coverage, factor in
    let quantile = factor * StudentT.quantile(0.5 + coverage / 2, degrees: Double(degrees))
    return Interval.wilson(share: share, square: quantile * quantile * variance / spread)
      .whole(of: instances)
  }
  return estimate
}
