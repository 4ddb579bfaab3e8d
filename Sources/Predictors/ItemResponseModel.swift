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
///
/// Beside girth's `twopl_mml`, which has no prior: on made runs the median discrimination is the true one with both (1.80; 1.80
/// and 1.83 from 83 runs). On HELM Lite's commonsense (83 runs, 120 instances) it is 2.4, girth's 3.3, and 3.2 here without the
/// prior: a quarter of girth's are at its limit of 5, as so few runs do not tell how steep an instance is that nearly parts
/// them in two.
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
  /// Fewer runs do not tell how abilities are spread.
  private static let leastRunsForScale = 4

  /// Fits to runs' scores.
  /// - Parameters:
  ///   - values: row by row, one row per run, `instances` scores each, from 0 to 1, NaN where there is none.
  ///   - rounds: the most rounds to take.
  package init(_ kind: Kind, values: [Double], instances: Int, rounds limit: Int = 100) {
    let runs = instances == 0 ? 0 : values.count / instances
    let width = fullWidth(instances)
    var successes = Array(repeating: 0.0, count: instances)
    var counts = successes
    var known = Array(repeating: 0.0, count: runs * width)
    var missing: [[Int]] = []
    for run in 0..<runs {
      var absent: [Int] = []
      for item in 0..<instances {
        let value = values[run * instances + item]
        if value.isNaN {
          absent.append(item)
        } else {
          successes[item] += value
          counts[item] += 1
          known[run * width + item] = value
        }
      }
      missing.append(absent)
    }
    discriminations = Array(repeating: 1, count: instances)
    easiness = zip(successes, counts).map { Logistic.logit(($0 + 0.5) / ($1 + 1)) }
    guard instances > 0 else { return }

    var logs = Array(repeating: 0.0, count: instances)
    var prior = Prior(mean: easiness.mean() ?? 0, variance: 4, discrimination: 0)
    for round in 1...max(1, limit) {
      let expected = expectation(known, missing: missing, runs: runs)
      let before = (logs, easiness)
      let spread = maximize(kind, expected, &logs, successes: successes, known, prior: prior)
      if runs >= Self.leastRunsForScale {
        // On the scale of (ability - mean) / deviation.
        let scale = Double.log(expected.deviation)
        for item in 0..<instances {
          easiness[item] += discriminations[item] * expected.mean
          logs[item] += scale
          discriminations[item] *= expected.deviation
        }
      }
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
    /// P node by node, in full width.
    var shares: [Double]
    /// For each node, how many runs of that ability there are; where scores are missing, node by node for each item how
    /// many of them have a score.
    var counts: [Double]
    /// For each run its mean ability.
    var abilities: [Double]
    /// Mean and standard deviation of the ability over all runs, the doubt of each included.
    var mean: Double
    var deviation: Double
  }

  /// The runs' abilities under the parameters as they are.
  private func expectation(_ values: [Double], missing: [[Int]], runs: Int) -> Expectation {
    let nodes = Self.nodes
    let items = easiness.count
    let width = fullWidth(items)
    let filling = width - items
    let slopes = discriminations + Array(repeating: 0, count: filling)
    let levels = easiness + Array(repeating: -700, count: filling)
    let (shares, total) = ResponseSums.responses(
      slopes: slopes, levels: levels, odds: zip(slopes, levels).map { Double.exp($0 * nodes[0] + $1) },
      factors: slopes.map { Double.exp($0 * (nodes[1] - nodes[0])) }, nodes: nodes)
    let products = ResponseSums.products(ofRows: values, slopes, levels)
    let isWhole = missing.allSatisfy(\.isEmpty)
    var shared = Array(repeating: 0.0, count: nodes.count)
    var weights: [[Double]] = []
    var abilities: [Double] = []
    for run in 0..<runs {
      let (slope, level) = (products.a[run], products.b[run])
      var logs = nodes.indices.map { q in
        slope * nodes[q] + level - total[q] - nodes[q] * nodes[q] / 2
      }
      for item in missing[run] {
        for q in nodes.indices { logs[q] += Logistic.softplus(slopes[item] * nodes[q] + levels[item]) }
      }
      let posterior = normalized(logs)
      var ability = 0.0
      for q in nodes.indices {
        ability += posterior[q] * nodes[q]
        shared[q] += posterior[q]
      }
      abilities.append(ability)
      if !isWhole { weights.append(posterior) }
    }
    let count = max(1, Double(runs))
    let mean = zip(shared, nodes).reduce(0) { $0 + $1.0 * $1.1 } / count
    let square = zip(shared, nodes).reduce(0) { $0 + $1.0 * $1.1 * $1.1 } / count
    var counts = shared
    if !isWhole {
      counts = shared.flatMap { Array(repeating: $0, count: width) }
      for run in 0..<runs {
        for item in missing[run] {
          for q in nodes.indices { counts[q * width + item] -= weights[run][q] }
        }
      }
    }
    return Expectation(
      shares: shares, counts: counts, abilities: abilities, mean: mean,
      deviation: max(square - mean * mean, 1e-6).squareRoot())
  }

  /// A step of Fisher scoring for each instance's parameters. Returns the sum of the variances of the easinesses about
  /// their modes.
  /// - Parameter logs: log a, which is changed with a.
  private mutating func maximize(
    _ kind: Kind, _ expected: Expectation, _ logs: inout [Double], successes: [Double], _ values: [Double],
    prior: Prior
  ) -> Double {
    let items = easiness.count
    let width = fullWidth(items)
    // Σ over runs of score times mean ability.
    let moments =
      expected.abilities.isEmpty
      ? Array(repeating: 0, count: width) : ResponseSums.sum(ofRows: values, weights: expected.abilities)
    // Σ over nodes of count times P, P θ, P (1 - P), P (1 - P) θ, P (1 - P) θ².
    let sums = ResponseSums.information(shares: expected.shares, counts: expected.counts, nodes: Self.nodes)
    let deviation = Self.discriminationDeviation
    let precision = kind == .rasch ? 0 : 1 / (deviation * deviation)
    var spread = 0.0
    // Gradient and information of log a and d.
    var steps: [(ga: Double, gd: Double, aa: Double, ad: Double, dd: Double)] = []
    steps.reserveCapacity(items)
    for item in 0..<items {
      let a = discriminations[item]
      let pull = a * (moments[item] - sums[width + item])
      let ga = pull - (logs[item] - prior.discrimination) * precision
      let gd = successes[item] - sums[item] - (easiness[item] - prior.mean) / prior.variance
      let aa = a * a * sums[4 * width + item] + max(0, -pull) + precision
      let dd = sums[2 * width + item] + 1 / prior.variance
      steps.append((ga, gd, aa, a * sums[3 * width + item], dd))
      spread += 1 / dd
    }
    var common = 0.0
    if kind == .rasch {
      let gradient = steps.reduce(0) { $0 + $1.ga - $1.ad / $1.dd * $1.gd }
      let information = steps.reduce(1e-9) { $0 + $1.aa - $1.ad * $1.ad / $1.dd }
      common = gradient / information
    }
    let limit = Self.largestStep
    for (item, step) in steps.enumerated() {
      let determinant = step.aa * step.dd - step.ad * step.ad
      let a = kind == .rasch ? common : (step.dd * step.ga - step.ad * step.gd) / determinant
      let da = min(limit, max(-limit, a))
      let dd = (step.gd - step.ad * (kind == .rasch ? da : a)) / step.dd
      logs[item] += da
      discriminations[item] = Double.exp(logs[item])
      easiness[item] += min(limit, max(-limit, dd))
    }
    return spread
  }
}

/// exp of these logarithms, made to add up to 1; those too small to change a sum are 0.
func normalized(_ logs: [Double]) -> [Double] {
  let greatest = logs.max() ?? 0
  var sum = 0.0
  var weights = logs
  for place in weights.indices {
    let difference = weights[place] - greatest
    weights[place] = difference < -45 ? 0 : Double.exp(difference)
    sum += weights[place]
  }
  for place in weights.indices { weights[place] /= sum }
  return weights
}
