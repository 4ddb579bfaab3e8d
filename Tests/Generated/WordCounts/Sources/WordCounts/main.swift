import Magnet
import Shifts

/// Prefers the words that best answers had more often than worse ones.
struct WordCounts: RewardIntervention {
  let name = "WordCounts"

  func fit(_ pairs: [PreferencePair], seed: Int) -> any RewardModel {
    var weights: [String: Double] = [:]
    for pair in pairs {
      for word in words(of: pair.best) { weights[word, default: 0] += 1 }
      for word in words(of: pair.worse) { weights[word, default: 0] -= 1 }
    }
    return WordRewards(weights: weights.mapValues { $0 / Double(max(1, pairs.count)) })
  }

  func load(_ value: JSONValue) throws -> any RewardModel {
    guard case .object(let members) = value else { return WordRewards(weights: [:]) }
    return WordRewards(
      weights: Dictionary(members.map { ($0.key, $0.value.double ?? 0) }, uniquingKeysWith: { $1 }))
  }
}

struct WordRewards: RewardModel {
  let weights: [String: Double]

  func reward(prompt: String, response: String) -> Double {
    // In order: equal answers have equal rewards to the last bit.
    words(of: response).sorted().reduce(0) { $0 + (weights[$1] ?? 0) }
  }

  var json: JSONValue {
    .object(weights.keys.sorted().map { JSONValue.Member(key: $0, value: .double(weights[$0] ?? 0)) })
  }
}

func words(of text: String) -> Set<String> {
  Set(text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init))
}

let arguments = CommandLine.arguments
if arguments.count != 3 {
  print("usage: \(arguments[0]) SHIFTS.json DISTRIBUTIONS")
} else {
  var run = ShiftRun(
    shifts: try ShiftSet(file: arguments[1]), distributions: arguments[2], results: "results")
  run.interventions = [WordCounts()]
  let outcome = try await run.perform()
  for failure in outcome.failures { print(failure) }
  print(outcome.metrics[0].table)
}
