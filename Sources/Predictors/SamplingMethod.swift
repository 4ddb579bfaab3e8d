package import Magnet

/// Ways to choose the instances whose scores an estimate is made from.
package enum SamplingMethod: String, InstanceSampling, CaseIterable {
  /// At random, all instances alike.
  case random
  /// By difficulty: the instances, in the order of the training runs' mean scores on them, are divided into as many parts
  /// as are to be chosen, and one is drawn from each (proportional stratified sampling, Cochran 1977, chapter 5). Any
  /// estimate may take the sample for a random one, and is a little better for it.
  case stratified
  /// One after the other, each the one whose answer x_j says most about the run's score, given the answers so far: under the
  /// item response model of two parameters, the instance j with the greatest
  ///
  ///     Cov(x_j, Σ_rest x)² / Var(x_j) = (Cov(P_j, Σ_rest P) + φ E P_j (1 - P_j))² / (Var P_j + φ E P_j (1 - P_j))
  ///
  /// over the posterior of the ability, sums over the instances not seen yet, φ the scores' dispersion: the part of the
  /// score's variance that the answer is expected to take away, by what it says of the other answers and by being known
  /// itself. (Fluid Benchmarking, arXiv 2509.11106, takes Fisher's information on the ability instead.) The first five are each drawn
  /// from the five best, so that samples differ. Take `2pl` or `auto` with it, which allow for the choice: a mean over such
  /// a sample means nothing.
  ///
  /// The 2PL's mean absolute error from 10, 25 and 50 instances, as a share of that from random samples:
  ///
  /// | runs | held out | frontier |
  /// |---|---|---|
  /// | made (Benchmarks/make_scores.py), three seeds | .65 .69 .72, .67 .66 .72, .65 .63 .70 | .56 .72 .86, .67 .68 .81, .78 .73 .84 |
  /// | HELM Lite (arXiv 2506.07673) | .75 .87 1.08 | .66 .70 .89 |
  ///
  /// Worth it up to 25 instances, and at the frontier; from 50 on, where instances do not follow one ability, the model's own
  /// error weighs more, and random samples are better.
  case adaptive
  /// Anchor points (tinyBenchmarks, arXiv 2402.14992; Vivek and others, 2309.08638): the instances are clustered by
  /// discrimination a and log odds d of the item response model of two parameters (k-means, each scaled to deviation 1),
  /// and from each cluster the instance nearest its centre is taken. All instances can be run at once. Take `2pl` or
  /// `auto` with it: a mean over them means little, and one that weighs them by the sizes of clusters was measured to
  /// err more than a mean over a random sample.
  ///
  /// Worth little: the 2PL erred .068, .047 and .035 on HELM Lite's held-out models (random: .069, .049, .034), on made runs
  /// (Benchmarks/make_scores.py) .070, .050 and .035 (random: .078, .053, .037; adaptive: .051, .037, .026).
  case anchors

  package var name: String { rawValue }

  package var isAdaptive: Bool { self == .adaptive || self == .anchors }

  package func sampler(_ fold: ScoreFold) throws -> any InstanceSampler {
    switch self {
    case .random: return RandomSampler(columns: fold.columns)
    case .stratified:
      guard let means = fold.filledItemMeans else { throw MagnetError(.unsupported, noRunToLearnFrom(fold)) }
      return StratifiedSampler(columns: fold.columns.sorted { (means[$0], $0) < (means[$1], $1) })
    case .adaptive:
      var fits = ItemResponseFits(.twoParameter)
      return AdaptiveSampler(try fits.estimator(fold))
    case .anchors:
      var fits = ItemResponseFits(.twoParameter)
      return AnchorSampler(try fits.estimator(fold))
    }
  }
}

private struct RandomSampler: InstanceSampler {
  let columns: [Int]

  func samples(_ sizes: [Int], seed: UInt64, score: (Int) -> Double) -> [[Int]] {
    var random = SplitMix(state: seed)
    var drawn = columns
    for place in 0..<(sizes.last ?? 0) {
      drawn.swapAt(place, Int.random(in: place..<drawn.count, using: &random))
    }
    return sizes.map { Array(drawn.prefix($0)) }
  }
}

private struct StratifiedSampler: InstanceSampler {
  /// By difficulty.
  let columns: [Int]

  func samples(_ sizes: [Int], seed: UInt64, score: (Int) -> Double) -> [[Int]] {
    sizes.map { size in
      var random = SplitMix(state: SplitMix.mixed(seed &+ UInt64(size)))
      return (0..<size).map { part in
        let range = columns.count * part / size..<columns.count * (part + 1) / size
        return columns[Int.random(in: range, using: &random)]
      }
    }
  }
}

/// Chooses by the item response model. See `SamplingMethod.adaptive`.
struct AdaptiveSampler: InstanceSampler {
  private let model: ItemResponseEstimator
  /// The places among the model's abilities that the choice looks at.
  private let places: [Int]
  /// P for each column of the matrix and place.
  private let shares: [Double]
  /// Their squares.
  private let squares: [Double]

  /// The first so many are each drawn from as many best ones.
  private static let drawnFromBest = 5

  init(_ model: ItemResponseEstimator) {
    self.model = model
    let width = AbilityGrid.width
    let places = Array(stride(from: 0, to: AbilityGrid.count, by: 4))
    self.places = places
    shares = model.easiness.indices.flatMap { item in places.map { model.shares[item * width + $0] } }
    squares = shares.map { $0 * $0 }
  }

  func samples(_ sizes: [Int], seed: UInt64, score: (Int) -> Double) -> [[Int]] {
    var random = SplitMix(state: seed)
    let chosen = sequence(sizes.last ?? 0, random: &random) { column, _ in score(column) }
    return sizes.map { Array(chosen.prefix($0)) }
  }

  /// The instances one after the other.
  /// - Parameters:
  ///   - known: what was answered before.
  ///   - isVaried: whether the first ones are drawn from the best ones.
  ///   - score: the score on the instance chosen, from its column and the probability of a right answer.
  func sequence(
    _ count: Int, known: KnownSample = KnownSample(columns: [], scores: []), isVaried: Bool = true,
    random: inout some RandomNumberGenerator, score: (_ column: Int, _ chance: Double) -> Double
  ) -> [Int] {
    var columns = known.columns
    var answers = known.scores
    let seen = Set(columns)
    var left = model.columns.filter { !seen.contains($0) }
    // What is expected of these, at each place.
    var rest = places.indices.map { q in left.reduce(0) { $0 + shares[$1 * places.count + q] } }
    for number in 0..<min(count, left.count) {
      let posterior = model.posterior(KnownSample(columns: columns, scores: answers), .wide)
      var weights = places.map { posterior[$0] }
      let sum = weights.reduce(0, +)
      for q in weights.indices { weights[q] /= sum }
      let gains = gains(left, weights, rest)
      let best: Int
      if isVaried, number + known.count < Self.drawnFromBest {
        let order = left.indices.sorted { (gains[$1].gain, left[$0]) < (gains[$0].gain, left[$1]) }
        best = order[Int.random(in: 0..<min(Self.drawnFromBest, order.count), using: &random)]
      } else {
        best = left.indices.reduce(0) { gains[$1].gain > gains[$0].gain ? $1 : $0 }
      }
      let column = left.remove(at: best)
      for q in rest.indices { rest[q] -= shares[column * rest.count + q] }
      let answer = score(column, gains[best].chance)
      columns.append(column)
      answers.append(answer.isNaN ? gains[best].chance : min(1, max(0, answer)))
    }
    return Array(columns.dropFirst(known.count))
  }

  /// The instances to look at first where no answer is known but these: each answer is taken for its probability.
  func best(_ count: Int, known: KnownSample) -> [Int] {
    var random = SplitMix(state: 1)
    return sequence(count, known: known, isVaried: false, random: &random) { $1 }
  }

  /// What each instance's answer is expected to say, and its probability to be right.
  private func gains(_ left: [Int], _ weights: [Double], _ rest: [Double]) -> [(gain: Double, chance: Double)]
  {
    let middle = zip(weights, rest).reduce(0) { $0 + $1.0 * $1.1 }
    let slopes = zip(weights, rest).map { $0 * ($1 - middle) }
    let width = weights.count
    return left.map { item in
      let chance = dotProduct(shares, item * width, weights, 0, count: width)
      let covariance = dotProduct(shares, item * width, slopes, 0, count: width)
      let square = dotProduct(squares, item * width, weights, 0, count: width)
      let own = model.dispersion * (chance - square)
      let shared = covariance + own
      return (shared * shared / max(1e-9, square - chance * chance + own), chance)
    }
  }
}
