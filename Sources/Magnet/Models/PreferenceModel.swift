import RealModule

/// A small model of preferences that truly learns: a weight per hashed word. The score of an option is the sum of the
/// weights of its words, the chances of options are the softmax of their scores.
///
/// Tuning on preferences fits logistic regression on differences of word counts (the Bradley-Terry model), held to the
/// parent's weights w₀: it minimises
///
///     e · Σ c log(1 + exp(−w·(φ(liked) − φ(other)))) / Σ c  +  λ/2 |w − w₀|²,      λ = 0.01, e epochs (default: 1)
///
/// in 100 gradient steps of 3.0 (shorter ones where texts are long, so that the steps never overshoot). `dpo` and `sft`
/// do this, `sft` with the answered option as liked over the others. `rlhf` fits a reward from zero in this way and adds
/// it to the parent's weights: the closed form of reinforcement learning with a KL penalty, of weight 1.
///
///     let model = PreferenceModel(name: "me", words: ["tea": 1, "coffee": -1])
///     let answers = try await model.respond(to: [Request("Which?", options: ["tea", "coffee"])])   // "tea"
public struct PreferenceModel: TunableModel {
  public let identity: ModelIdentity
  public var isInProcess: Bool { true }
  public var samples: Bool { temperature > 0 }

  private let values: [Double]
  private let temperature: Double

  /// The number of weights; words are hashed to them by FNV-1a.
  static let size = 4096
  private static let penalty = 0.01
  private static let steps = 100
  private static let step = 3.0

  /// A model in which these words weigh so much, and all others nothing.
  /// - Parameters:
  ///   - name: the name of the model.
  ///   - words: the weight of each word.
  ///   - temperature: 0 answers with the best option, the first of equal ones. Above 0, answers are drawn from the
  ///     softmax of score / temperature.
  public init(name: String, words: [String: Double], temperature: Double = 0) {
    var values = [Double](repeating: 0, count: Self.size)
    // In an order of their own: several words may share a place, and sums depend on their order.
    for (word, weight) in words.sorted(by: { codePointOrder($0.key, $1.key) }) {
      values[Self.place(ofWord: word)] += weight
    }
    self.init(name: name, values: values, temperature: temperature)
  }

  private init(name: String?, values: [Double], temperature: Double) {
    self.values = values
    self.temperature = temperature
    var hash = SHA256()
    hash.update("PreferenceModel 1")
    hash.update(temperature.bitPattern)
    for (place, value) in values.enumerated() where value != 0 {
      hash.update(UInt64(place))
      hash.update(value.bitPattern)
    }
    let digest = hash.finish()
    identity = ModelIdentity(name: name ?? "preference-\(digest.prefix(8))", digest: digest)
  }

  /// The weight of a word.
  package func weight(ofWord word: String) -> Double { values[Self.place(ofWord: word)] }

  // MARK: - Words

  static func place(ofWord word: String) -> Int {
    var place = 0
    forEachPlace(in: word) { place = $0 }
    return place
  }

  /// Calls `body` for each word: letters, digits and all bytes above ASCII, capitals as small letters.
  static func forEachPlace(in text: String, _ body: (Int) -> Void) {
    let start: UInt64 = 0xCBF2_9CE4_8422_2325
    var hash = start
    var isInWord = false
    for byte in text.utf8 {
      var byte = byte
      if byte &- 0x41 < 26 { byte += 0x20 }
      if byte &- 0x61 < 26 || byte &- 0x30 < 10 || byte >= 0x80 {
        hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        isInWord = true
      } else if isInWord {
        body(Int(hash % UInt64(size)))
        hash = start
        isInWord = false
      }
    }
    if isInWord { body(Int(hash % UInt64(size))) }
  }

  /// The sum of the weights of a text's words. The chances of two options are the logistic function of the difference.
  package func score(_ option: String) -> Double {
    var sum = 0.0
    Self.forEachPlace(in: option) { sum += values[$0] }
    return sum
  }

  // MARK: - Answers

  public func respond(to requests: [Request], draws: [Int]) async throws -> [Answer] {
    var hashes = RequestHashes(of: identity)
    return zip(requests, draws).map { request, draw in
      guard !request.options.isEmpty else {
        return Answer(unreadable: "a PreferenceModel answers only questions with options")
      }
      let scores = request.options.map(score)
      if temperature > 0 { return Answer(request.options[drawn(scores, hashes.key(of: request, draw))]) }
      let best = scores.indices.max { scores[$0] < scores[$1] || (scores[$0] == scores[$1] && $0 > $1) }
      return Answer(request.options[best ?? 0])
    }
  }

  /// What draws of one model are keyed by: model, request and draw. Requests in a row often have one instruction.
  private struct RequestHashes {
    private let model: UInt64
    private var instruction = RepeatedHash()

    init(of identity: ModelIdentity) { model = SplitMix.hash(identity.digest) }

    mutating func key(of request: Request, _ draw: Int) -> UInt64 {
      var key = model &+ UInt64(bitPattern: Int64(draw)) &* 0x9E37_79B9_7F4A_7C15
      key = SplitMix.mixed(key ^ instruction.hash(request.instruction)) ^ SplitMix.hash(request.input)
      for option in request.options { key = SplitMix.mixed(key ^ SplitMix.hash(option)) }
      return key
    }
  }

  /// An option drawn from a generator that starts from `key`.
  private func drawn(_ scores: [Double], _ key: UInt64) -> Int {
    var random = SplitMix(state: key)
    var rest = Double.random(in: 0..<1, using: &random)
    let shares = Self.softmax(scores.map { $0 / temperature })
    for (option, share) in shares.enumerated() {
      rest -= share
      if rest < 0 { return option }
    }
    return scores.count - 1
  }

  public func chances(of options: [[String]], for requests: [Request]) async throws -> [[Double]?]? {
    options.map { $0.isEmpty ? nil : Self.softmax($0.map(score)) }
  }

  static func softmax(_ scores: [Double]) -> [Double] {
    let top = scores.max() ?? 0
    let shares = scores.map { Double.exp($0 - top) }
    let sum = shares.reduce(0, +)
    return shares.map { $0 / sum }
  }

  // MARK: - Tuning

  public func tuned(on data: TuningData) async throws -> any TunableModel {
    if data.stage != .rlhf { return fitted(to: data.samples, epochs: data.epochs ?? 1) }
    let none = PreferenceModel(name: nil, values: values.map { _ in 0 }, temperature: temperature)
    let reward = none.fitted(to: data.samples, epochs: data.epochs ?? 1)
    return PreferenceModel(name: nil, values: zip(values, reward.values).map(+), temperature: temperature)
  }

  /// This model after fitting it to preferences.
  public func fitted(to samples: [TuningSample], epochs: Double = 1) -> PreferenceModel {
    let pairs = samples.flatMap { sample in
      sample.others.compactMap { Pair(liked: sample.liked, other: $0, copies: sample.copies) }
    }
    var fitted = values
    Self.fit(&fitted, to: pairs, epochs: epochs)
    return PreferenceModel(name: nil, values: fitted, temperature: temperature)
  }

  /// A preference as differences of word counts.
  private struct Pair {
    let counts: [(place: Int, count: Double)]
    let copies: Double

    init?(liked: String, other: String, copies: Int) {
      var words: [(place: Int, count: Double)] = []
      forEachPlace(in: liked) { words.append(($0, 1)) }
      forEachPlace(in: other) { words.append(($0, -1)) }
      words.sort { $0.place < $1.place }
      var counts: [(place: Int, count: Double)] = []
      for word in words {
        if counts.last?.place == word.place {
          counts[counts.count - 1].count += word.count
        } else {
          counts.append(word)
        }
      }
      counts.removeAll { $0.count == 0 }
      if counts.isEmpty || copies < 1 { return nil }
      self.counts = counts
      self.copies = Double(copies)
    }

    var squaredLength: Double { counts.reduce(0) { $0 + $1.count * $1.count } }
  }

  /// Gradient descent over the weights that occur; the others have no gradient and stay.
  private static func fit(_ values: inout [Double], to pairs: [Pair], epochs: Double) {
    let total = pairs.reduce(0) { $0 + $1.copies }
    guard total > 0, epochs > 0 else { return }
    var occurs = [Bool](repeating: false, count: size)
    for pair in pairs { for (place, _) in pair.counts { occurs[place] = true } }
    let places = occurs.indices.filter { occurs[$0] }
    var order = [Int](repeating: 0, count: size)
    for (index, place) in places.enumerated() { order[place] = index }
    // One row per pair, the rows one after the other.
    var starts = [0]
    var columns: [Int] = []
    var counts: [Double] = []
    for pair in pairs {
      for (place, count) in pair.counts {
        columns.append(order[place])
        counts.append(count)
      }
      starts.append(columns.count)
    }
    let parent = places.map { values[$0] }
    let penalty = penalty / epochs
    // The gradient changes at most by this factor of a change of the weights; steps under 2 / bound converge.
    let bound = (pairs.map(\.squaredLength).max() ?? 0) / 4 + penalty
    let step = min(step, 1.8 / bound)
    var weights = parent
    var gradient = [Double](repeating: 0, count: places.count)
    for _ in 0..<steps {
      for index in gradient.indices { gradient[index] = penalty * (weights[index] - parent[index]) }
      for row in pairs.indices {
        var margin = 0.0
        for at in starts[row]..<starts[row + 1] { margin += counts[at] * weights[columns[at]] }
        let pull = pairs[row].copies / total / (1 + Double.exp(margin))
        for at in starts[row]..<starts[row + 1] { gradient[columns[at]] -= pull * counts[at] }
      }
      for index in weights.indices { weights[index] -= step * gradient[index] }
    }
    for (index, place) in places.enumerated() { values[place] = weights[index] }
  }

  // MARK: - Weights

  /// Temperature, then place and weight of each weight that is not 0, as 8 bytes each, the lowest first.
  public var weights: [UInt8]? {
    var words = [temperature.bitPattern]
    for (place, value) in values.enumerated() where value != 0 { words += [UInt64(place), value.bitPattern] }
    return words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
  }

  public func restored(from weights: [UInt8]) throws -> any TunableModel {
    let words = stride(from: 0, to: weights.count - weights.count % 8, by: 8).map { start in
      (0..<8).reduce(UInt64(0)) { $0 | UInt64(weights[start + $1]) << (8 * $1) }
    }
    guard weights.count % 16 == 8 else {
      throw MagnetError(.invalidData, "these are not the weights of a PreferenceModel")
    }
    var values = [Double](repeating: 0, count: Self.size)
    for index in stride(from: 1, to: words.count, by: 2) {
      guard words[index] < UInt64(Self.size) else {
        throw MagnetError(.invalidData, "these are not the weights of a PreferenceModel")
      }
      values[Int(words[index])] = Double(bitPattern: words[index + 1])
    }
    return PreferenceModel(name: nil, values: values, temperature: Double(bitPattern: words[0]))
  }
}
