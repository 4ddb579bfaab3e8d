import RealModule

/// A small language model of word trigrams, made from texts: one per era stands for the people who wrote them.
///
/// Probabilities are interpolated by Witten and Bell's method (1991): P(w|h) = (c(h w) + T(h) P(w|h')) / (c(h) + T(h)),
/// where c counts, T(h) is the number of different words after h, and h' is h without its first word; the last resort
/// is a word that was never seen, as likely as all words together are different. An option's chance is proportional to
/// the geometric mean of the probabilities of its words after the request.
///
/// Tuning adds the liked answers, `copies` · epochs times. `dpo` and `rlhf` also take the others away, not below zero.
package struct NGramModel: TunableModel {
  package let identity: ModelIdentity
  package var isInProcess: Bool { true }
  package var samples: Bool { temperature > 0 }

  /// What comes after a history, how often.
  struct Continuations: Sendable {
    var counts: [String: Double] = [:]
    var total = 0.0

    mutating func add(_ word: String, _ amount: Double) {
      let old = counts[word] ?? 0
      let new = max(0, old + amount)
      counts[word] = new > 0 ? new : nil
      total += new - old
    }
  }

  private let name: String
  /// By the 0, 1 or 2 words before, with a line feed between them.
  private let continuations: [String: Continuations]
  private let temperature: Double

  /// The most words of a free answer.
  private static let longest = 40

  /// A model of these texts.
  /// - Parameter temperature: 0 answers with the likeliest option; above 0, answers are drawn.
  package init(name: String, texts: [String], temperature: Double = 0.25) {
    var continuations: [String: Continuations] = [:]
    var hash = SHA256()
    for text in texts {
      hash.update(text)
      Self.count(Self.words(text), after: [], amount: 1, in: &continuations)
    }
    self.init(name: name, continuations, temperature, source: hash.finish())
  }

  private init(
    name: String, _ continuations: [String: Continuations], _ temperature: Double, source: String
  ) {
    self.name = name
    self.continuations = continuations
    self.temperature = temperature
    identity = ModelIdentity(
      name: name,
      digest: ModelIdentity(name: "", parts: ["NGramModel 1", "\(temperature)", source]).digest)
  }

  /// The words of a text as small letters; punctuation marks that end sentences are words.
  static func words(_ text: String) -> [String] {
    var words: [String] = []
    var word = String.UnicodeScalarView()
    func end() {
      if !word.isEmpty { words.append(String(word)) }
      word = String.UnicodeScalarView()
    }
    for scalar in text.lowercased().unicodeScalars {
      if scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar == "'" {
        word.append(scalar)
      } else {
        end()
        if ".!?".unicodeScalars.contains(scalar) { words.append(String(scalar)) }
      }
    }
    end()
    return words
  }

  private static func count(
    _ words: [String], after context: [String], amount: Double,
    in continuations: inout [String: Continuations]
  ) {
    var before = Array(context.suffix(2))
    for word in words {
      for length in 0...before.count {
        continuations[before.suffix(length).joined(separator: "\n"), default: Continuations()].add(
          word, amount)
      }
      before = Array((before + [word]).suffix(2))
    }
  }

  private func probability(_ word: String, after before: ArraySlice<String>) -> Double {
    let shorter: Double
    if before.isEmpty {
      let kinds = Double(continuations[""]?.counts.count ?? 0)
      shorter = 1 / (kinds + 1)
    } else {
      shorter = probability(word, after: before.dropFirst())
    }
    guard let found = continuations[before.joined(separator: "\n")] else { return shorter }
    let kinds = Double(found.counts.count)
    let sum = found.total + kinds
    return sum > 0 ? ((found.counts[word] ?? 0) + kinds * shorter) / sum : shorter
  }

  private static func context(_ request: Request) -> [String] {
    words(request.input) + words(request.instruction) + words(request.output ?? "")
  }

  /// The mean log probability of a text's words after a context; minus infinity for no words.
  func score(_ text: String, after context: [String]) -> Double {
    let words = Self.words(text)
    if words.isEmpty { return -.infinity }
    var before = Array(context.suffix(2))
    var sum = 0.0
    for word in words {
      sum += Double.log(probability(word, after: before[...]))
      before = Array((before + [word]).suffix(2))
    }
    return sum / Double(words.count)
  }

  package func chances(of options: [[String]], for requests: [Request]) async throws -> [[Double]?]? {
    zip(options, requests).map { texts, request in
      let context = Self.context(request)
      let scores = texts.map { score($0, after: context) }
      return scores.contains { $0 > -.infinity } ? PreferenceModel.softmax(scores) : nil
    }
  }

  package func respond(to requests: [Request], draws: [Int]) async throws -> [Answer] {
    zip(requests, draws).map { request, draw in
      var random = SplitMix(
        state: SplitMix.mixed(SplitMix.hash(identity.digest) ^ SplitMix.hash(request.digest))
          &+ UInt64(bitPattern: Int64(draw)))
      let context = Self.context(request)
      if request.options.isEmpty { return generated(after: context, &random) }
      let scores = request.options.map { score($0, after: context) }
      guard let top = scores.max(), top > -.infinity else {
        return Answer(unreadable: "no option has any words")
      }
      if temperature <= 0 { return Answer(request.options[scores.firstIndex(of: top) ?? 0]) }
      let shares = PreferenceModel.softmax(scores.map { $0 / temperature })
      return Answer(request.options[Self.draw(shares, &random)])
    }
  }

  private static func draw(_ shares: [Double], _ random: inout SplitMix) -> Int {
    var rest = Double.random(in: 0..<1, using: &random) * shares.reduce(0, +)
    for (index, share) in shares.enumerated() {
      rest -= share
      if rest < 0 { return index }
    }
    return shares.count - 1
  }

  /// A sentence, drawn word by word from what followed the longest known history.
  private func generated(after context: [String], _ random: inout SplitMix) -> Answer {
    var before = Array(context.suffix(2))
    var words: [String] = []
    while words.count < Self.longest {
      var known: Continuations?
      for length in stride(from: before.count, through: 0, by: -1) where known == nil {
        known = continuations[before.suffix(length).joined(separator: "\n")].flatMap {
          $0.total > 0 ? $0 : nil
        }
      }
      guard let known else { break }
      let choices = known.counts.sorted { $0.key < $1.key }
      let word = choices[Self.draw(choices.map(\.value), &random)].key
      words.append(word)
      if [".", "!", "?"].contains(word) { break }
      before = Array((before + [word]).suffix(2))
    }
    return words.isEmpty
      ? Answer(unreadable: "the model was made from no text") : Answer(words.joined(separator: " "))
  }

  package func tuned(on data: TuningData) async throws -> any TunableModel {
    var changed = continuations
    for sample in data.samples {
      let context = Self.words(sample.input) + Self.words(sample.instruction)
      let amount = Double(sample.copies) * (data.epochs ?? 1)
      Self.count(Self.words(sample.liked), after: context, amount: amount, in: &changed)
      if data.stage == .sft { continue }
      for other in sample.others {
        Self.count(Self.words(other), after: context, amount: -amount, in: &changed)
      }
    }
    let source = ModelIdentity(name: "", parts: [identity.digest, data.digest]).digest
    return NGramModel(name: "ngram-\(source.prefix(8))", changed, temperature, source: source)
  }
}
