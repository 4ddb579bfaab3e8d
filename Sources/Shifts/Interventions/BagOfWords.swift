public import Magnet

/// A linear reward model of hashed words.
///
/// A word is a run of ASCII letters and digits in lower case; any other character but ASCII white space is one, too. A
/// word's slot is the low 16 bits of the FNV-1a hash (32 bits) of its UTF-8; each distinct word of an answer adds
/// log(1 + count) to its slot. The reward is w · x, where w minimises
/// |w|²/2 + 2 Σ log(1 + exp(−w · (x_best − x_worse))) over all pairs. The minimum is unique. Only the answer is looked
/// at, not the prompt, so it learns what good answers look like, and fails where that changes.
public struct BagOfWords: RewardIntervention {
  public let name = "bag-of-words"

  /// An intervention with the usual parameters.
  public init() {}

  public func fit(_ pairs: [PreferencePair], seed: Int) -> any RewardModel {
    WordWeights(slots: PairwiseLogistic.weights(of: WordFeatures.differences(pairs), penalty: 1, cost: 2))
  }

  public func load(_ value: JSONValue) throws -> any RewardModel { try WordWeights(value) }
}

/// The direction from worse to best answers in the space of hashed words: the mean-mass-shift method on the features of
/// `BagOfWords` instead of a model's activations.
///
/// The direction is the mean of x_best − x_worse over all pairs, scaled to length 1; the reward is a · (direction · x),
/// where a ≥ 0 minimises Σ log(1 + exp(−a · margin)) + a²/2 for the training pairs' margins.
public struct MassMean: RewardIntervention {
  public let name = "mass-mean"

  /// An intervention with the usual parameters.
  public init() {}

  public func fit(_ pairs: [PreferencePair], seed: Int) -> any RewardModel {
    let rows = WordFeatures.differences(pairs)
    var direction: [Int: Double] = [:]
    for row in rows { for term in row { direction[term.slot, default: 0] += term.value } }
    let slots = direction.keys.sorted()
    let length = slots.reduce(0.0) { $0 + (direction[$1] ?? 0) * (direction[$1] ?? 0) }.squareRoot()
    if length == 0 { return WordWeights(slots: [:]) }
    for slot in slots { direction[slot] = (direction[slot] ?? 0) / length }
    let margins = rows.map { row in row.reduce(0.0) { $0 + $1.value * (direction[$1.slot] ?? 0) } }
    let scale = Self.scale(margins)
    return WordWeights(slots: direction.mapValues { $0 * scale })
  }

  public func load(_ value: JSONValue) throws -> any RewardModel { try WordWeights(value) }

  /// The minimum of the convex loss, by bisection of its slope.
  private static func scale(_ margins: [Double]) -> Double {
    func slope(_ a: Double) -> Double { margins.reduce(a) { $0 - $1 * sigmoid(-a * $1) } }
    var (low, high) = (0.0, 1.0)
    if slope(0) >= 0 { return 0 }
    while slope(high) < 0 { high *= 2 }
    for _ in 0..<80 {
      let middle = (low + high) / 2
      if slope(middle) < 0 { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}

/// Weights of hashed words.
struct WordWeights: RewardModel {
  /// The weight of each slot that is not 0.
  private let weights: [Int: Double]

  init(slots: [Int: Double]) { weights = slots.filter { $0.value != 0 } }

  init(_ value: JSONValue) throws {
    guard case .object(let members) = value else {
      throw MagnetError(.invalidData, "reward.json is not an object of weights")
    }
    var weights: [Int: Double] = [:]
    for member in members {
      guard let slot = Int(member.key), (0..<1 << 16).contains(slot), let weight = member.value.double,
        weight.isFinite
      else {
        throw MagnetError(
          .invalidData, "reward.json: \(quotedBeginning(member.key)) is not a slot with its weight")
      }
      weights[slot] = weight
    }
    self.init(slots: weights)
  }

  var json: JSONValue {
    .object(weights.keys.sorted().map { JSONValue.Member(key: "\($0)", value: .double(weights[$0] ?? 0)) })
  }

  func reward(prompt: String, response: String) -> Double {
    // In the order of the slots: answers of the same words have the same reward to the last bit.
    WordFeatures.of(response).reduce(0) { sum, term in
      weights[term.slot].map { sum + $0 * term.value } ?? sum
    }
  }
}
