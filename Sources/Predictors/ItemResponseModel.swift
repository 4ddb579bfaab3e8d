import Magnet
import RealModule

/// How likely a model of ability θ answers each instance right, learned from runs (item response theory):
///
///     P_j(θ) = 1 / (1 + exp(-(a_j θ + d_j)))
///
/// a_j is the instance's discrimination, above 0, and b_j = -d_j/a_j its difficulty, on a scale on which the abilities
/// of the runs learned from have mean 0 and deviation 1. In the model of two parameters (Birnbaum 1968) each instance
/// has its own a_j, in Rasch's (1960) all have the same.
///
/// The parameters are the mode of their posterior with the abilities integrated out (Bock and Aitkin 1981: expectation
/// maximization over 21 abilities from -4 to 4), under the priors d_j ~ N(m, s²) and log a_j ~ N(k, 0.4²), whose m, s
/// and k are fitted along (0.5 <= s <= 3). After each round the parameters are put on the scale on which the abilities'
/// posterior has mean 0 and standard deviation 1 (parameter expansion: Liu, Rubin and Wu 1998): with hundreds of
/// instances, which leave little doubt of a run's ability, plain expectation maximization hardly moves the scale from
/// where it started. Each round takes one step of Fisher scoring in log a and d; where the runs' answers draw a down, the
/// step in log a is by the observed information, which is the larger there, as the expected one overshoots for instances that
/// better runs fail more often. Scores between 0 and 1 count as that part of a success. Missing scores are left out.
package struct ItemResponseModel: Sendable {
  /// Whether all instances have one discrimination.
  package enum Kind: Sendable { case rasch, twoParameter }

  /// a_j, for each instance.
  package private(set) var discriminations: [Double]
  /// d_j, for each instance: the log odds of a right answer at ability 0.
  package private(set) var easiness: [Double]
  /// The variance of scores about the model, as a share of that of right-or-wrong scores, P (1 - P): 1 where all scores
  /// are 0 or 1, less for graded ones, which say more each.
  package private(set) var dispersion = 1.0
  /// How many rounds the fit took.
  package private(set) var rounds = 0

  /// b_j, for each instance: the ability at which it is answered right half of the time.
  package var difficulties: [Double] { zip(easiness, discriminations).map { -$0 / $1 } }

  private static let discriminationDeviation = 0.4
  private static let nodes = (0..<21).map { -4 + Double($0) * 0.4 }
  private static let largestStep = 1.0
  /// Each factor is at most 2: so many do not overflow.
  private static let factorsOfProduct = 500
  /// Fewer runs do not tell how abilities are spread.
  private static let leastRunsForScale = 4

  /// Fits to runs' scores.
  /// - Parameters:
  ///   - values: row by row, one row per run, `instances` scores each, from 0 to 1, NaN where there is none.
  ///   - rounds: the most rounds to take.
  package init(_ kind: Kind, values: [Double], instances: Int, rounds limit: Int = 100) {
    let runs = instances == 0 ? 0 : values.count / instances
    var successes = Array(repeating: 0.0, count: instances)
    var counts = successes
    var known = values
    // Instance by instance, a row of all runs' scores each.
    var columns = Array(repeating: 0.0, count: runs * instances)
    var missing: [[Int]] = []
    for run in 0..<runs {
      var absent: [Int] = []
      for item in 0..<instances {
        if values[run * instances + item].isNaN {
          known[run * instances + item] = 0
          absent.append(item)
        } else {
          successes[item] += values[run * instances + item]
          columns[item * runs + run] = values[run * instances + item]
          counts[item] += 1
        }
      }
      missing.append(absent)
    }
    discriminations = Array(repeating: 1, count: instances)
    easiness = zip(successes, counts).map { Logistic.logit(($0 + 0.5) / ($1 + 1)) }
    guard instances > 0 else { return }

    var prior = Prior(mean: easiness.mean() ?? 0, variance: 4, discrimination: 0)
    for round in 1...max(1, limit) {
      let expected = expectation(known, missing: missing, runs: runs)
      let before = (discriminations.map { Double.log($0) }, easiness)
      let spread = maximize(kind, expected, successes: successes, columns, prior: prior)
      if runs >= Self.leastRunsForScale { standardize(mean: expected.mean, deviation: expected.deviation) }
      let logs = discriminations.map { Double.log($0) }
      prior = Prior(easiness: easiness, spread: spread, discriminations: logs)
      rounds = round
      var change = 0.0
      for item in 0..<instances {
        change = max(change, abs(logs[item] - before.0[item]), abs(easiness[item] - before.1[item]))
      }
      if change < 1e-3 { break }
    }
    if !values.allSatisfy({ $0.isNaN || $0 == 0 || $0 == 1 }) {
      dispersion = dispersion(values, abilities: expectation(known, missing: missing, runs: runs).abilities)
    }
  }

  private func dispersion(_ values: [Double], abilities: [Double]) -> Double {
    var squares = 0.0
    var variances = 0.0
    for (run, ability) in abilities.enumerated() {
      for item in easiness.indices where !values[run * easiness.count + item].isNaN {
        let share = Logistic.sigmoid(discriminations[item] * ability + easiness[item])
        let error = values[run * easiness.count + item] - share
        squares += error * error
        variances += share * (1 - share)
      }
    }
    return variances > 0 ? min(1, max(0.01, squares / variances)) : 1
  }

  private struct Prior {
    /// Of d.
    var mean: Double
    var variance: Double
    /// Of log a.
    var discrimination: Double

    init(mean: Double, variance: Double, discrimination: Double) {
      self.mean = mean
      self.variance = variance
      self.discrimination = discrimination
    }

    /// The prior that fits the parameters.
    /// - Parameter spread: the sum of the variances of the easinesses about their modes.
    init(easiness: [Double], spread: Double, discriminations logs: [Double]) {
      mean = easiness.mean() ?? 0
      var squares = spread
      for value in easiness { squares += (value - mean) * (value - mean) }
      variance = min(9, max(0.25, squares / Double(easiness.count)))
      discrimination = logs.mean() ?? 0
    }
  }

  private struct Expectation {
    /// P for each instance and node.
    var shares: [Double]
    /// For each instance and node, how many runs of that ability have a score; the same for all instances, and then
    /// only once, where no score is missing.
    var counts: [Double]
    var isShared: Bool
    /// For each run its mean ability.
    var abilities: [Double]
    /// Mean and standard deviation of the ability over all runs, the doubt of each included.
    var mean: Double
    var deviation: Double
  }

  /// Puts the parameters on the scale of (ability - mean) / deviation.
  private mutating func standardize(mean: Double, deviation: Double) {
    for item in easiness.indices {
      easiness[item] += discriminations[item] * mean
      discriminations[item] *= deviation
    }
  }

  /// The runs' abilities under the parameters as they are.
  private func expectation(_ values: [Double], missing: [[Int]], runs: Int) -> Expectation {
    let nodes = Self.nodes
    let items = easiness.count
    // P, and the sum of log(1 + e^x) over the items, of which the logarithms are taken of products.
    var shares = Array(repeating: 0.0, count: items * nodes.count)
    var total = Array(repeating: 0.0, count: nodes.count)
    var products = Array(repeating: 1.0, count: nodes.count)
    for item in 0..<items {
      let (a, d) = (discriminations[item], easiness[item])
      // e^x at one node is that at the node before times a factor.
      var odds = Double.exp(a * nodes[0] + d)
      let factor = Double.exp(a * (nodes[1] - nodes[0]))
      for (q, node) in nodes.enumerated() {
        let x = a * node + d
        let small = x >= 0 ? 1 / odds : odds
        let whole = 1 + small
        shares[item * nodes.count + q] = (x >= 0 ? 1 : small) / whole
        products[q] *= whole
        if x > 0 { total[q] += x }
        odds *= factor
      }
      if item % Self.factorsOfProduct == 0 || item == items - 1 {
        for q in nodes.indices {
          total[q] += Double.log(products[q])
          products[q] = 1
        }
      }
    }
    var softplus: [Double] = []
    if missing.contains(where: { !$0.isEmpty }) {
      for item in 0..<items {
        for node in nodes {
          softplus.append(Logistic.softplus(discriminations[item] * node + easiness[item]))
        }
      }
    }
    var shared = Array(repeating: 0.0, count: nodes.count)
    var weights: [[Double]] = []
    var abilities: [Double] = []
    for run in 0..<runs {
      let slope = dotProduct(values, run * items, discriminations, 0, count: items)
      let level = dotProduct(values, run * items, easiness, 0, count: items)
      var logs = nodes.enumerated().map { q, node in slope * node + level - total[q] - node * node / 2 }
      for item in missing[run] { for q in nodes.indices { logs[q] += softplus[item * nodes.count + q] } }
      let posterior = normalized(logs)
      abilities.append(zip(posterior, nodes).reduce(0) { $0 + $1.0 * $1.1 })
      for q in nodes.indices { shared[q] += posterior[q] }
      weights.append(posterior)
    }
    let count = max(1, Double(runs))
    let mean = zip(shared, nodes).reduce(0) { $0 + $1.0 * $1.1 } / count
    let square = zip(shared, nodes).reduce(0) { $0 + $1.0 * $1.1 * $1.1 } / count
    let deviation = max(square - mean * mean, 1e-6).squareRoot()
    guard missing.contains(where: { !$0.isEmpty }) else {
      return Expectation(
        shares: shares, counts: shared, isShared: true, abilities: abilities, mean: mean, deviation: deviation
      )
    }
    var counts = (0..<items).flatMap { _ in shared }
    for run in 0..<runs {
      for item in missing[run] {
        for q in nodes.indices { counts[item * nodes.count + q] -= weights[run][q] }
      }
    }
    return Expectation(
      shares: shares, counts: counts, isShared: false, abilities: abilities, mean: mean, deviation: deviation)
  }

  /// A step of Fisher scoring for each instance's parameters. Returns the sum of the variances of the easinesses about
  /// their modes.
  private mutating func maximize(
    _ kind: Kind, _ expected: Expectation, successes: [Double], _ columns: [Double], prior: Prior
  ) -> Double {
    let nodes = Self.nodes
    let items = easiness.count
    // Σ over runs of score times mean ability.
    let runs = expected.abilities.count
    let moments = (0..<items).map { dotProduct(columns, $0 * runs, expected.abilities, 0, count: runs) }
    let deviation = Self.discriminationDeviation
    let precision = kind == .rasch ? 0 : 1 / (deviation * deviation)
    var spread = 0.0
    // Gradient and information of log a and d.
    var steps: [(ga: Double, gd: Double, aa: Double, ad: Double, dd: Double)] = []
    for item in 0..<items {
      let a = discriminations[item]
      let offset = expected.isShared ? 0 : item * nodes.count
      var sums = (n: 0.0, nt: 0.0, w: 0.0, wt: 0.0, wtt: 0.0)
      for (q, node) in nodes.enumerated() {
        let count = expected.counts[offset + q]
        let share = expected.shares[item * nodes.count + q]
        let weight = count * share * (1 - share)
        sums.n += count * share
        sums.nt += count * share * node
        sums.w += weight
        sums.wt += weight * node
        sums.wtt += weight * node * node
      }
      let pull = a * (moments[item] - sums.nt)
      let ga = pull - (Double.log(a) - prior.discrimination) * precision
      let gd = successes[item] - sums.n - (easiness[item] - prior.mean) / prior.variance
      let aa = a * a * sums.wtt + max(0, -pull) + precision
      steps.append((ga, gd, aa, a * sums.wt, sums.w + 1 / prior.variance))
      spread += 1 / steps[item].dd
    }
    var common = 0.0
    if kind == .rasch {
      let gradient = steps.reduce(0) { $0 + $1.ga - $1.ad / $1.dd * $1.gd }
      let information = steps.reduce(1e-9) { $0 + $1.aa - $1.ad * $1.ad / $1.dd }
      common = gradient / information
    }
    for (item, step) in steps.enumerated() {
      let limit = Self.largestStep
      let determinant = step.aa * step.dd - step.ad * step.ad
      let a = kind == .rasch ? common : (step.dd * step.ga - step.ad * step.gd) / determinant
      let da = min(limit, max(-limit, a))
      let dd = (step.gd - step.ad * (kind == .rasch ? da : a)) / step.dd
      discriminations[item] *= Double.exp(da)
      easiness[item] += min(limit, max(-limit, dd))
    }
    return spread
  }
}

/// exp of these logarithms, made to add up to 1.
func normalized(_ logs: [Double]) -> [Double] {
  let greatest = logs.max() ?? 0
  let weights = logs.map { Double.exp($0 - greatest) }
  let sum = weights.reduce(0, +)
  return weights.map { $0 / sum }
}
