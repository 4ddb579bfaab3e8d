import RealModule

/// A made history of people whose values change over time, so that judges and examinees run, and truly learn, without
/// any language model: one small model per timestep, and questions to learn from and to measure with.
///
/// People hold `values.count` values, as strongly as θ_t says. A question asks which of two things they would rather
/// have more of; each thing is named by a word for a value, or (1 in 4) a word against it. People are
/// `PreferenceModel`s in which the words for a value weigh θ_t, those against it −θ_t.
public struct World: Sendable {
  /// How values change.
  public enum Kind: String, Sendable, CaseIterable {
    /// θ_t = θ_0 + tδ
    case linear
    /// θ_t = θ_{t−1} + normal noise of standard deviation 0.35
    case walk
    /// θ_t = θ_0 cos(2πt/8) + 4δ sin(2πt/8)
    case cycle
    /// θ_t = θ_0, and 6δ more from the middle on
    case shock

    /// One line about the world.
    public var summary: String {
      switch self {
      case .linear: "values change by the same amount at every timestep"
      case .walk: "values change at random"
      case .cycle: "values come back after eight timesteps"
      case .shock: "values stay, but for one change in the middle"
      }
    }
  }

  /// The people, one model per timestep, oldest first.
  public let eras: [PreferenceModel]
  /// Questions whose answers examinees learn from.
  public let preferences: [ChoiceQuestion]
  /// Other questions, by which values are measured.
  public let probe: [ChoiceQuestion]

  /// The world with this seed: the same seed makes the same world. δ has a root mean square of 0.35; all θ_t have
  /// noise of standard deviation 0.05.
  /// - Parameters:
  ///   - kind: how values change.
  ///   - seed: of everything random.
  ///   - timesteps: how many there are.
  ///   - questions: how many there are of each kind, 400 at most.
  ///   - temperature: of people's answers; at 1 they answer as their chances say, at 0 always with what they prefer.
  public init(
    _ kind: Kind, seed: UInt64, timesteps: Int = 9, questions: Int = 240, temperature: Double = 1
  ) {
    var random = NormalSource(seed: SplitMix.mixed(seed ^ SplitMix.hash("world \(kind.rawValue)")))
    let first = Self.values.map { _ in random.next() }
    var change = Self.values.map { _ in random.next() }
    let size = (change.reduce(0) { $0 + $1 * $1 } / Double(change.count)).squareRoot()
    change = change.map { $0 / size * 0.35 }
    var walked = first
    let eighths = [1, 0.5.squareRoot(), 0, -0.5.squareRoot(), -1, -0.5.squareRoot(), 0, 0.5.squareRoot()]
    eras = (0..<timesteps).map { time in
      if time > 0 { walked = walked.map { $0 + 0.35 * random.next() } }
      let strengths = first.indices.map { value -> Double in
        let noise = 0.05 * random.next()
        switch kind {
        case .linear: return first[value] + Double(time) * change[value] + noise
        case .walk: return walked[value] + noise
        case .cycle:
          return first[value] * eighths[time % 8] + 4 * change[value] * eighths[(time + 6) % 8] + noise
        case .shock: return first[value] + (2 * time >= timesteps - 1 ? 6 * change[value] : 0) + noise
        }
      }
      var words: [String: Double] = [:]
      for (value, strength) in zip(Self.values, strengths) {
        for word in value.words { words[word] = strength }
        for word in value.against { words[word] = -strength }
      }
      return PreferenceModel(name: "\(kind.rawValue)-t\(time)", words: words, temperature: temperature)
    }
    let questions = min(400, questions)
    var made = Set<[String]>()
    var all: [ChoiceQuestion] = []
    while all.count < 2 * questions {
      let question = Self.question(all.count, &random.uniform)
      if made.insert(question.options.sorted()).inserted { all.append(question) }
    }
    preferences = Array(all[..<questions])
    probe = Array(all[questions...])
  }

  private static func question(_ number: Int, _ random: inout SplitMix) -> ChoiceQuestion {
    let left = Int.random(in: 0..<values.count, using: &random)
    let right = (left + 1 + Int.random(in: 0..<values.count - 1, using: &random)) % values.count
    var options: [String] = []
    var weights: [[Double]] = []
    for (value, other) in [(left, right), (right, left)] {
      let isAgainst = Int.random(in: 0..<4, using: &random) == 0
      let words = isAgainst ? values[value].against : values[value].words
      options.append("more " + words[Int.random(in: 0..<words.count, using: &random)])
      var row = [0.0, 0.0]
      row[value < other ? 0 : 1] = isAgainst ? -1 : 1
      weights.append(row)
    }
    let names = [values[min(left, right)].name, values[max(left, right)].name]
    let context = "Would you rather have \(options[0]) or \(options[1])?"
    return ChoiceQuestion(sound: "w\(number)", names, context, options, weights)
  }

  /// A value that people hold, and the words by which questions name it.
  struct Value: Sendable {
    let name: String
    let words: [String]
    let against: [String]
  }

  static let values = [
    Value(
      name: "freedom", words: ["freedom", "liberty", "independence", "autonomy"],
      against: ["obedience", "submission", "constraint", "confinement"]),
    Value(
      name: "safety", words: ["safety", "security", "caution", "protection"],
      against: ["danger", "risk", "recklessness", "hazard"]),
    Value(
      name: "honesty", words: ["honesty", "truth", "candour", "openness"],
      against: ["deceit", "lying", "concealment", "pretence"]),
    Value(
      name: "loyalty", words: ["loyalty", "duty", "devotion", "allegiance"],
      against: ["betrayal", "desertion", "treachery", "indifference"]),
    Value(
      name: "fairness", words: ["fairness", "justice", "equality", "impartiality"],
      against: ["favouritism", "privilege", "prejudice", "discrimination"]),
    Value(
      name: "tradition", words: ["tradition", "custom", "heritage", "continuity"],
      against: ["novelty", "change", "innovation", "upheaval"]),
  ]
}

/// Standard normal numbers by the polar method (Marsaglia and Bray, 1964).
struct NormalSource {
  var uniform: SplitMix

  init(seed: UInt64) { uniform = SplitMix(state: seed) }

  mutating func next() -> Double {
    while true {
      let x = Double.random(in: -1..<1, using: &uniform)
      let y = Double.random(in: -1..<1, using: &uniform)
      let square = x * x + y * y
      if square > 0, square < 1 {
        return x * (-2 * Double.log(square) / square).squareRoot()
      }
    }
  }
}
