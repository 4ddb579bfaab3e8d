import Foundation
import Magnet
import TestSupport
import Testing

@testable import Shifts

/// The reward models of words against a naive bag of words and the conditions of their minima.
@Suite struct WordModelTests {
  static let pieces = [
    "the", "The", "cat", "CAT2", "a", "b", " ", "  ", "\n", "\t", ".", ",", "-", "é", "東", "京", "🔶", "\u{A0}",
    "\u{301}", "0", "9x", "\r\n", "_",
  ]

  static func text(_ random: inout SplitMix, words: Int = 12) -> String {
    (0..<Int(random.next() % UInt64(words))).map { _ in pieces[Int(random.next() % UInt64(pieces.count))] }
      .joined()
  }

  /// The words of a text: runs of ASCII letters and digits in lower case; of other scalars but ASCII blanks each.
  static func words(_ text: String) -> [String] {
    var words: [String] = []
    var open = false
    for scalar in text.unicodeScalars {
      let isWord =
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
      let isBlank = scalar == " " || ("\t"..."\r").contains(scalar)
      if isWord {
        let letter = String(scalar).lowercased()
        if open { words[words.count - 1] += letter } else { words.append(letter) }
      } else if !isBlank {
        words.append(String(scalar))
      }
      open = isWord
    }
    return words
  }

  static func slot(_ word: String) -> Int {
    var hash: UInt64 = 2_166_136_261
    for byte in word.utf8 { hash = (hash ^ UInt64(byte)) * 16_777_619 % (1 << 32) }
    return Int(hash % 65536)
  }

  static func features(_ text: String) -> [Int: Double] {
    var counts: [[UInt8]: (slot: Int, count: Int)] = [:]
    for word in words(text) { counts[Array(word.utf8), default: (slot(word), 0)].count += 1 }
    return counts.values.reduce(into: [:]) { $0[$1.slot, default: 0] += log1p(Double($1.count)) }
  }

  @Test(arguments: 1...4) func featuresAreThoseOfANaiveBag(_ seed: UInt64) {
    var random = SplitMix(state: seed)
    for _ in 0..<200 {
      let text = Self.text(&random)
      let found = WordFeatures.of(text)
      #expect(found.map(\.slot) == found.map(\.slot).sorted())
      let expected = Self.features(text)
      #expect(Set(found.map(\.slot)) == Set(expected.keys), "\(text)")
      for term in found { #expect(abs(term.value - (expected[term.slot] ?? 0)) < 1e-12, "\(text)") }
    }
  }

  static func pairs(_ random: inout SplitMix, _ count: Int) -> [PreferencePair] {
    (0..<count).map { number in
      let worse = text(&random)
      let best = text(&random) + (random.next() % 3 == 0 ? "" : " the cat")
      return PreferencePair(example: number / 2, prompt: "p\(number)", best: best, worse: worse)
    }
  }

  static func margin(_ model: any RewardModel, _ pair: PreferencePair) -> Double {
    model.reward(prompt: pair.prompt, response: pair.best)
      - model.reward(prompt: pair.prompt, response: pair.worse)
  }

  static func weights(_ model: any RewardModel) -> [Int: Double] {
    guard case .object(let members) = model.json else { return [:] }
    return Dictionary(uniqueKeysWithValues: members.map { (Int($0.key) ?? -1, $0.value.double ?? .nan) })
  }

  /// At the minimum of |w|²/2 + 2 Σ log(1 + exp(−w · x)), w is 2 Σ σ(−w · x) x; and nothing near it is lower.
  @Test(arguments: 1...3) func weightsAreWhereTheGradientIsZero(_ seed: UInt64) {
    var random = SplitMix(state: seed)
    let pairs = Self.pairs(&random, 60)
    let model = BagOfWords().fit(pairs, seed: 1)
    let weights = Self.weights(model)
    let rows = pairs.map { pair in
      Self.features(pair.best).merging(Self.features(pair.worse).mapValues { -$0 }) { $0 + $1 }
    }
    func dot(_ row: [Int: Double], _ w: [Int: Double]) -> Double {
      row.reduce(0) { $0 + $1.value * (w[$1.key] ?? 0) }
    }
    func loss(_ w: [Int: Double]) -> Double {
      w.values.reduce(0) { $0 + $1 * $1 / 2 } + 2 * rows.reduce(0) { $0 + log1p(exp(-dot($1, w))) }
    }
    var gradient = weights
    for row in rows {
      let share = 2 / (1 + exp(dot(row, weights)))
      for (slot, value) in row { gradient[slot, default: 0] -= share * value }
    }
    let scale = rows.reduce(0) { $0 + $1.values.reduce(0) { $0 + abs($1) } }
    #expect(gradient.values.allSatisfy { abs($0) < 1e-7 * scale })
    let least = loss(weights)
    for slot in weights.keys.sorted().prefix(20) {
      for step in [-0.01, 0.01] { #expect(loss(weights.merging([slot: step]) { $0 + $1 }) > least) }
    }
    for (pair, row) in zip(pairs, rows) { #expect(abs(Self.margin(model, pair) - dot(row, weights)) < 1e-9) }
    // The order of the pairs does not matter.
    let shuffled = Self.weights(BagOfWords().fit(pairs.shuffled(using: &random), seed: 2))
    #expect(weights.allSatisfy { abs($0.value - (shuffled[$0.key] ?? 0)) < 1e-6 })
    // With best and worse exchanged, every weight changes its sign.
    let exchanged = pairs.map {
      PreferencePair(example: $0.example, prompt: $0.prompt, best: $0.worse, worse: $0.best)
    }
    let mirrored = Self.weights(BagOfWords().fit(exchanged, seed: 1))
    #expect(weights.allSatisfy { abs($0.value + (mirrored[$0.key] ?? 0)) < 1e-6 })
  }

  /// The direction is that of the mean difference; the scale is where the slope of its loss is zero.
  @Test(arguments: 1...3) func massMeanIsTheMeanDifference(_ seed: UInt64) {
    var random = SplitMix(state: seed + 10)
    let pairs = Self.pairs(&random, 50)
    var sum: [Int: Double] = [:]
    for pair in pairs {
      sum.merge(Self.features(pair.best)) { $0 + $1 }
      sum.merge(Self.features(pair.worse).mapValues { -$0 }) { $0 + $1 }
    }
    let length = sum.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let model = MassMean().fit(pairs, seed: 1)
    let weights = Self.weights(model)
    let scale = weights.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    for (slot, value) in sum { #expect(abs((weights[slot] ?? 0) - scale * value / length) < 1e-9) }
    let margins = pairs.map { Self.margin(model, $0) / scale }
    let slope = margins.reduce(scale) { $0 - $1 / (1 + exp(scale * $1)) }
    #expect(abs(slope) < 1e-7 && scale > 0)
  }

  @Test func nothingIsLearntFromEqualAnswers() throws {
    let same = [PreferencePair(example: 0, prompt: "", best: "a b", worse: "B A")]
    for intervention in [BagOfWords(), MassMean()] as [any RewardIntervention] {
      let model = try intervention.fit(same, seed: 1)
      #expect(model.json == .object([]) && model.reward(prompt: "", response: "a b") == 0)
      #expect(try intervention.fit([], seed: 1).json == .object([]))
      let read = try intervention.load(
        .object([.init(key: "5", value: .double(0.5)), .init(key: "6", value: .int(0))]))
      #expect(read.json == .object([.init(key: "5", value: .double(0.5))]))
    }
  }

  @Test(arguments: [
    ("[]", "reward.json is not an object of weights"),
    (#"{"x": 1}"#, "reward.json: 'x' is not a slot with its weight"),
    (#"{"65536": 1}"#, "reward.json: '65536' is not a slot with its weight"),
    (#"{"-1": 1}"#, "reward.json: '-1' is not a slot with its weight"),
    (#"{"1": "2"}"#, "reward.json: '1' is not a slot with its weight"),
    (#"{"1": null}"#, "reward.json: '1' is not a slot with its weight"),
  ])
  func modelsThatAreNone(_ text: String, _ problem: String) throws {
    let value = try JSONValue(parsing: text)
    let error = #expect(throws: MagnetError.self) { try BagOfWords().load(value) }
    #expect(error?.problem == problem && error?.code == .invalidData)
  }

  /// A model that is written and read gives the same rewards to the last bit.
  @Test func modelsAreReadAsTheyWereWritten() throws {
    var random = SplitMix(state: 33)
    let pairs = Self.pairs(&random, 40)
    for intervention in [BagOfWords(), MassMean()] as [any RewardIntervention] {
      let model = try intervention.fit(pairs, seed: 1)
      let read = try intervention.load(JSONValue(parsing: model.json.text))
      for pair in pairs {
        #expect(
          read.reward(prompt: "", response: pair.best).bitPattern
            == model.reward(prompt: "", response: pair.best).bitPattern)
      }
    }
    let longest = Longest().fit([], seed: 1)
    #expect(
      longest.reward(prompt: "", response: "e\u{301}") == 2 && longest.reward(prompt: "", response: "") == 0)
    #expect(Shortest().fit([], seed: 1).reward(prompt: "x", response: "abc") == -3)
  }

  /// Ids of distributions are names of folders, whatever stands behind a slash.
  @Test(arguments: ["a/b", "..", ".", "", "../\u{301}x", "x/\u{301}y", "a\\u0000"])
  func idsThatLeadElsewhereAreRefused(_ id: String) throws {
    let folder = try TemporaryFolder()
    for key in ["source", "target", "target_reference"] {
      let members =
        ["source", "target"].filter { $0 != key }.map { "\"\($0)\": \"s\"" } + ["\"\(key)\": \"\(id)\""]
      let file = try folder.write("[{\(members.joined(separator: ", "))}]", to: "shifts.json")
      let fault = #expect(throws: DataFault.self) { try ShiftSet(file: file) }
      #expect(
        fault?.place == "[0].\(key)" && fault?.problem.hasSuffix("is not the name of a distribution") == true)
    }
  }

  @Test func sigmoidIsItsDefinition() {
    for x in stride(from: -40.0, through: 40, by: 0.37) {
      #expect(abs(sigmoid(x) - 1 / (1 + exp(-x))) < 1e-15)
      #expect(abs(sigmoid(x) + sigmoid(-x) - 1) < 1e-15)
    }
    #expect(sigmoid(.infinity) == 1 && sigmoid(-.infinity) < 1e-300 && sigmoid(0) == 0.5)
  }
}
