import Magnet
import RealModule

/// The abilities that estimates look at, and how likely each is before a sample is seen.
///
/// Runs learned from have abilities of mean 0 and deviation 1. Another model may be a stronger one, so its ability is as
/// likely as theirs below 0, and above has a wider distribution: nineteen parts in twenty N(0, u²), and one part such that
/// all scores from that of the mean run to the highest are as likely. u is 2, or as much more as it takes that ability u
/// closes a third of what the mean run lacks.
///
/// Both are for models far above the runs learned from: on ifeval's matrix (arXiv 2506.07673) the strongest 30% of the models
/// are 3 to 8 deviations above the weaker half. With N(0, 2²) alone the 2PL's mean absolute error on five choices of 84 of
/// them was .114 to .193 from 10 instances, and its 95% intervals covered .53 to .98; now it is .101 to .110, and they cover
/// .94 to .99.
package struct AbilityGrid: Sendable {
  /// What is known of the ability before a sample is seen.
  package enum Prior: CaseIterable {
    /// That of the runs learned from, N(0, 1).
    case narrow
    /// That of a model that may be stronger.
    case wide
    /// Nine in ten the first, one in ten the second.
    case mixed
    /// The lower half of the first; above, all abilities up to 3 u are as likely, and beyond all scores.
    case open
  }

  /// How many abilities there are, `lowerCount` of them below 0, and one 0.
  package static let count = 88
  /// How many numbers a row of a table by ability has.
  static let width = fullWidth(count)
  private static let lowerCount = 40
  /// Their distance up to 0.
  private static let step = 0.15

  package let abilities: [Double]
  /// The deviation u.
  private let upper: Double

  /// Whether not even ability u closes as much of what the mean run lacks.
  package var isFlat: Bool { upper >= Self.largestDeviation }

  private static let leastDeviation = 2.0
  private static let largestDeviation = 30.0
  /// The share of what the mean run lacks that ability u closes.
  private static let leastGain = 1.0 / 3
  /// The part of the wide prior by which all scores are as likely.
  private static let uniformShare = 0.05
  /// The part of the wide prior in the mixed one.
  private static let wideShare = 0.1
  /// The abilities end where so much is right, between 3 u and 15 u.
  private static let nearlyAll = 0.98
  private static let ends = (nearest: 3.0, farthest: 15.0)

  /// From -6 to 0 evenly, and above the further apart the further up.
  /// - Parameter score: the score to expect at an ability.
  package init(score: (_ ability: Double) -> Double) {
    let middle = score(0)
    var upper = Self.leastDeviation
    while upper < Self.largestDeviation, score(upper) < middle + Self.leastGain * (1 - middle) {
      upper += 0.5
    }
    self.upper = upper
    var end = Self.ends.nearest * upper
    while end < Self.ends.farthest * upper, score(end) < Self.nearlyAll { end += upper }
    let upperCount = Self.count - Self.lowerCount - 1
    // c sinh(b s) for s from 0 to 1, the first steps 0.075 u.
    let bend = Self.bend(end / (0.075 * upper * Double(upperCount)))
    abilities =
      (-Self.lowerCount...0).map { Double($0) * Self.step }
      + (1...upperCount).map { place in
        end * Double.sinh(bend * Double(place) / Double(upperCount)) / Double.sinh(bend)
      }
  }

  /// b above 0 with sinh(b) = ratio b, the least where the ratio is not above 1.
  private static func bend(_ ratio: Double) -> Double {
    var (low, high) = (1e-3, 10.0)
    for _ in 0..<50 {
      let middle = (low + high) / 2
      if Double.sinh(middle) < ratio * middle { low = middle } else { high = middle }
    }
    return low
  }

  /// P = 1 / (1 + e^-(aθ + d)) for each item, `width` numbers each, one per ability.
  func shares(slopes: [Double], levels: [Double]) -> [Double] {
    var shares = Array(repeating: 0.0, count: slopes.count * Self.width)
    for (item, (a, d)) in zip(slopes, levels).enumerated() {
      let row = item * Self.width
      // Up to 0 e^x at one ability is that at the one before times a factor.
      var odds = Double.exp(a * abilities[0] + d)
      let factor = Double.exp(a * Self.step)
      for place in 0...Self.lowerCount {
        shares[row + place] = odds < 1e300 ? odds / (1 + odds) : 1
        odds *= factor
      }
      for place in Self.lowerCount + 1..<Self.count {
        shares[row + place] = Logistic.sigmoid(a * abilities[place] + d)
      }
    }
    return shares
  }

  /// The logarithm of each ability's probability, but for a constant.
  /// - Parameter scores: what to expect at each ability, in any unit.
  package func logProbabilities(_ prior: Prior, scores: [Double]) -> [Double] {
    let last = Self.count - 1
    func reach(_ values: [Double], _ place: Int) -> Double {
      (values[min(last, place + 1)] - values[max(0, place - 1)]) / 2
    }
    let gain = scores[last] - scores[Self.lowerCount]
    // The area of e^(-θ²/2) above 0, and of the same with u.
    let half = (Double.pi / 2).squareRoot()
    func uniform(_ place: Int) -> Double {
      gain > 0 ? upper * half * reach(scores, place) / gain / reach(abilities, place) : 0
    }
    func wide(_ place: Int) -> Double {
      let standard = abilities[place] / upper
      return (1 - Self.uniformShare) * Double.exp(-standard * standard / 2) + Self.uniformShare
        * uniform(place)
    }
    let edge = abilities.firstIndex { $0 > Self.ends.nearest * upper } ?? last
    return abilities.indices.map { place in
      let narrow = Double.exp(-abilities[place] * abilities[place] / 2)
      let isBelow = place <= Self.lowerCount
      let density =
        switch prior {
        case .narrow: narrow
        case .wide: isBelow ? narrow : wide(place)
        case .open: isBelow ? narrow : place <= edge ? 1 : uniform(place) / uniform(edge)
        case .mixed:
          // Both of area 1.
          (1 - Self.wideShare) * narrow / (2 * half)
            + Self.wideShare * (isBelow ? narrow : wide(place)) / (half + upper * half)
        }
      return Double.log(density * reach(abilities, place))
    }
  }
}
