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
  /// P for each column of the matrix, `tableWidth` numbers each, one per ability.
  let shares: [Double]
  /// Sums of P and of P (1 - P) over `columns`, for each ability.
  private let shareSums: [Double]
  private let varianceSums: [Double]
  let frontier: Frontier
  let trials: TrainingTrials
  let beyond: FrontierTrials
  /// The abilities looked at.
  let abilities: [Double]
  /// The deviation of the ability above the mean of the runs learned from, before a sample is seen; that below it, and
  /// that of both where there is no sample, is 1.
  private let upperDeviation: Double
  /// The logarithms of the priors' densities at the abilities, times the abilities' distances, but for a constant.
  private let logPriors: [Prior: [Double]]

  /// How many abilities there are, the middle one 0.
  static let abilityCount = 81
  /// How many numbers a row of a table by ability has.
  static let tableWidth = fullWidth(abilityCount)
  /// How much higher than the mean run a model of ability `upperDeviation` is to score at least.
  private static let leastGain = 0.1
  /// At which `upperDeviation` is given up.
  private static let largestDeviation = 30.0

  init(_ model: ItemResponseModel, _ kind: ItemResponseModel.Kind, _ fold: ScoreFold) {
    let width = Self.abilityCount
    self.model = model
    upperDeviation = Self.upperDeviation(model, fold.columns)
    let (middle, upper) = (width / 2, upperDeviation)
    let abilities = (0..<width).map { place in
      Double(place - middle) * (place > middle ? 0.075 * upper : 0.15)
    }
    self.abilities = abilities
    logPriors = Dictionary(
      uniqueKeysWithValues: Prior.allCases.map { prior in
        // The abilities above 0 are further apart, and stand for more of them each.
        (prior, abilities.map { Self.logDensity($0, prior, upper) + ($0 > 0 ? Double.log(upper / 2) : 0) })
      })
    // P at x = aθ + d; e^x at one ability is that at the one before times a factor.
    var shares = Array(repeating: 0.0, count: model.easiness.count * Self.tableWidth)
    for (item, (a, d)) in zip(model.discriminations, model.easiness).enumerated() {
      for (range, step) in [(0..<middle, 0.15), (middle..<width, 0.075 * upper)] {
        var odds = Double.exp(a * abilities[range.lowerBound] + d)
        let factor = Double.exp(a * step)
        for q in range {
          shares[item * Self.tableWidth + q] = odds < 1e300 ? odds / (1 + odds) : 1
          odds *= factor
        }
      }
    }
    columns = fold.columns
    frontier = Frontier(fold)
    trials = TrainingTrials(fold)
    beyond = FrontierTrials(kind, fold)
    degrees = max(1, frontier.runs - 1)
    self.shares = shares
    (shareSums, varianceSums, _) = Self.sums(over: columns, shares, model, abilities)
  }

  /// The least deviation, from 2 on, at which a model scores so much higher than the mean run.
  private static func upperDeviation(_ model: ItemResponseModel, _ columns: [Int]) -> Double {
    func score(_ ability: Double) -> Double {
      columns.lazy.map { Logistic.sigmoid(model.discriminations[$0] * ability + model.easiness[$0]) }.mean()
        ?? 0
    }
    let middle = score(0)
    let wanted = middle + min(leastGain, (1 - middle) / 2)
    var deviation = 2.0
    while deviation < largestDeviation, score(deviation) < wanted { deviation += 0.5 }
    return deviation
  }

  /// What is known of the ability before a sample is seen.
  enum Prior: CaseIterable {
    /// That of the runs learned from, N(0, 1).
    case narrow
    /// The same with a wider upper half, N(0, u²).
    case wide
    /// Nine in ten the first, one in ten the second.
    case mixed
    /// The lower half of the first; above, all abilities looked at are as likely.
    case open
  }

  private static let wideShare = 0.1

  private static func logDensity(_ ability: Double, _ prior: Prior, _ upperDeviation: Double) -> Double {
    let narrow = -ability * ability / 2
    let standard = ability > 0 ? ability / upperDeviation : ability
    let wide = -standard * standard / 2
    switch prior {
    case .narrow: return narrow
    case .wide: return wide
    case .open: return ability > 0 ? 0 : narrow
    case .mixed:
      // Both of area 1.
      let share = wideShare * 2 / (1 + upperDeviation)
      return Double.log((1 - wideShare) * Double.exp(narrow) + share * Double.exp(wide))
    }
  }

  /// The probability of each ability.
  /// - Parameter prior: for a model of which there is to be a sample, though it may be empty yet.
  func posterior(_ sample: KnownSample, _ prior: Prior) -> [Double] {
    posterior(sample, sums(over: sample.columns), prior)
  }

  private func posterior(_ sample: KnownSample, _ sums: SampleSums, _ prior: Prior) -> [Double] {
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
        (mean, variance, _) = momentsBeyond(known)
        factors = trials.response(known.count, self).widened(by: others)
      case .doubt(let reason):
        return Estimate(
          mean: moments(known).mean, isExtrapolated: isBeyond, withoutInterval: "no interval: " + reason)
      }
    }
    return shareEstimate(
      mean, variance: variance, degrees: degrees, isExtrapolated: isBeyond, factors: factors)
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
    return upperDeviation >= Self.largestDeviation
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
    // Of P, P² and the logarithm, `tableWidth` numbers each.
    let values = ResponseSums.sums(
      over: items, shares: shares, slopes: model.discriminations, levels: model.easiness,
      nodes: abilities + Array(repeating: 0, count: tableWidth - abilityCount))
    let places = 0..<abilityCount
    return (
      Array(values[places]), places.map { values[$0] - values[tableWidth + $0] },
      Array(values[2 * tableWidth..<2 * tableWidth + abilityCount])
    )
  }

  /// The score's mean and variance given a sample.
  func moments(_ sample: KnownSample) -> (mean: Double, variance: Double) {
    moments(sample, sums(over: sample.columns))
  }

  /// The mean and the variance of the score of what may be a stronger run, and the probability that it is stronger than
  /// nearly all of those learned from.
  ///
  /// What is known of abilities before a sample is seen says little of such a run: with that probability the variance, about
  /// the same mean, is that where all abilities above 0 are as likely.
  func momentsBeyond(_ sample: KnownSample) -> (mean: Double, variance: Double, probability: Double) {
    let sums = sums(over: sample.columns)
    let (mean, variance) = moments(sample, sums)
    guard let limit = frontier.limit, variance > 0 else { return (mean, variance, 0) }
    let open = moments(sample, sums, .open)
    let spread = open.variance + (open.mean - mean) * (open.mean - mean)
    let probability = Normal.cumulative((mean - limit) / variance.squareRoot())
    return (mean, variance + probability * max(0, spread - variance), probability)
  }

  func moments(_ sample: KnownSample, _ sums: SampleSums, _ prior: Prior? = nil) -> (
    mean: Double, variance: Double
  ) {
    let weights = posterior(sample, sums, prior ?? (sample.count > 0 ? .wide : .narrow))
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
      dotProduct(weights, 0, shares, item * Self.tableWidth, count: weights.count)
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
func shareEstimate(
  _ mean: Double, variance: Double, degrees: Int, isExtrapolated: Bool, factors: IntervalFactors = .none
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
  }
  return estimate
}
