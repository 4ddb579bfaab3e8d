public import Magnet

/// Gives every answer the same reward: p = ½ for every pair, and with ties counted half an accuracy of exactly ½.
public struct Chance: RewardIntervention {
  public let name = "chance"
  public var isTrained: Bool { false }

  /// An intervention without parameters.
  public init() {}

  public func fit(_ pairs: [PreferencePair], seed: Int) -> any RewardModel { SameReward() }
  public func load(_ value: JSONValue) -> any RewardModel { SameReward() }

  private struct SameReward: RewardModel {
    var json: JSONValue { .null }
    func reward(prompt: String, response: String) -> Double { 0 }
  }
}

/// The interventions of this module.
public let interventionCatalog: [any Intervention] = [
  BagOfWords(), MassMean(), Longest(), Shortest(), Chance(),
]
