public import Magnet

/// Prefers the longer answer, in characters (Unicode scalars); equal lengths are ties. Nothing is trained.
public struct Longest: RewardIntervention {
  public let name = "longest"
  public var isTrained: Bool { false }
  public var givesDecisions: Bool { true }

  /// An intervention without parameters.
  public init() {}

  public func fit(_ pairs: [PreferencePair], seed: Int) -> any RewardModel { LengthReward(sign: 1) }
  public func load(_ value: JSONValue) -> any RewardModel { LengthReward(sign: 1) }
}

/// Prefers the shorter answer, in characters (Unicode scalars); equal lengths are ties. Nothing is trained.
public struct Shortest: RewardIntervention {
  public let name = "shortest"
  public var isTrained: Bool { false }
  public var givesDecisions: Bool { true }

  /// An intervention without parameters.
  public init() {}

  public func fit(_ pairs: [PreferencePair], seed: Int) -> any RewardModel { LengthReward(sign: -1) }
  public func load(_ value: JSONValue) -> any RewardModel { LengthReward(sign: -1) }
}

private struct LengthReward: RewardModel {
  let sign: Double
  var json: JSONValue { .null }
  func reward(prompt: String, response: String) -> Double { sign * Double(response.unicodeScalars.count) }
}
