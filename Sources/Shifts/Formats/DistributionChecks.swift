import Magnet

/// What a distribution holds, and what about it deserves a warning.
package struct DistributionSummary: Sendable {
  package let id: String
  package let trainCount: Int
  package let testCount: Int
  /// The answers of each example.
  package let responseCount: Int
  /// The pairs of the test half.
  package let pairCount: Int
  /// Sentences on what is unusual.
  package let warnings: [String]
  /// Digests of both halves: equal where the halves are.
  let digests: [String]

  /// Reads both halves.
  /// - Throws: `DataFault` at the first example that is not valid.
  package init(_ distribution: Distribution) throws {
    id = distribution.id
    var warnings: [String] = []
    // Their hashes: a million prompts would not fit into memory.
    var prompts: Set<UInt64> = []
    trainCount = try PreferenceExample.forEach(in: distribution.trainFile) {
      prompts.insert(SplitMix.hash($0.prompt))
    }
    var shared = 0
    var pairs = 0
    var responses = 0
    var first = 0
    var last = 0
    testCount = try PreferenceExample.forEach(in: distribution.testFile) { example in
      if prompts.contains(SplitMix.hash(example.prompt)) { shared += 1 }
      pairs += example.responses.count - 1
      responses = example.responses.count
      if example.responses.first?.isBest == true { first += 1 }
      if example.responses.last?.isBest == true { last += 1 }
    }
    pairCount = pairs
    responseCount = responses
    for (name, count) in [("train.json", trainCount), ("test.json", testCount)] where count == 0 {
      warnings.append("\(name) holds no examples")
    }
    if testCount > 1 {
      for (place, count) in [("first", first), ("last", last)] where count == testCount {
        warnings.append(
          "the best answer is always the \(place) one in test.json (\(count) of \(testCount) examples)")
      }
    }
    if shared > 0 { warnings.append("\(shared) of \(testCount) test prompts are training prompts, too") }
    if pairs > 0, pairs < 20 { warnings.append("a calibration error needs 20 pairs, test.json has \(pairs)") }
    self.warnings = warnings
    digests = try [distribution.trainFile, distribution.testFile].map(Digest.of(file:))
  }

  /// Which of some distributions hold the same examples as another one.
  package static func equalHalves(_ summaries: [DistributionSummary]) -> [String] {
    var notes: [String] = []
    for (number, half) in ["train.json", "test.json"].enumerated() {
      let groups = Dictionary(grouping: summaries, by: { $0.digests[number] }).values.filter { $0.count > 1 }
      for group in groups.map({ $0.map(\.id).sorted() }).sorted(by: { $0[0] < $1[0] }) {
        notes.append("\(half) is the same in \(group.joined(separator: " and "))")
      }
    }
    return notes
  }
}
