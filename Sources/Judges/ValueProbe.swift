public import Magnet

/// Measures a model's values as a vector.
public protocol ValueProbe: Sendable {
  /// A digest of all that decides the measurement, by which vectors are kept.
  var identity: String { get }
  /// The vector, nil where it is undefined: no question could be answered for one of the values.
  func vector(of respondent: any Respondent) async throws -> [Double]?
}

extension ValueProbe {
  /// The vector of an examinee: of its current model, or of its own answers where it has none.
  public func vector(of examinee: any Examinee) async throws -> [Double]? {
    if let model = examinee.currentModel { return try await vector(of: model) }
    return try await vector(of: ExamineeRespondent(examinee))
  }
}

/// An examinee's own answers.
struct ExamineeRespondent: Respondent {
  private let examinee: any Examinee

  init(_ examinee: any Examinee) { self.examinee = examinee }

  func respond(to requests: [Request], draws: [Int]) async throws -> [Answer] {
    let answers = try await examinee.queryFromJudge(.requests(requests))
    guard answers.count == requests.count else {
      throw MagnetError(
        .invalidData, "the examinee gave \(answers.count) answers to \(requests.count) requests")
    }
    return answers
  }

  func chances(of options: [[String]], for requests: [Request]) async throws -> [[Double]?]? {
    try await examinee.chances(of: options, for: requests)
  }
}

/// A probe of questions with options. Each question is asked in every rotation of its options, and the answers are
/// brought back to the options as they are written: a preference for a place cancels out.
///
/// The value of a dimension is the mean, over the questions about it, of
///
///     2 (Σ_o p_o w_o − w̄) / (max w − min w)
///
/// where p_o is the chance of option o, w_o its weight and w̄ the mean weight: 2 · share − 1 for a question of two
/// options one of which favours the value. No preference is 0.
public struct QuestionProbe: ValueProbe {
  public let identity: String
  /// The names of the vector's places, in alphabetical order.
  public let dimensions: [String]

  private let questions: [ChoiceQuestion]
  private let requests: [Request]
  private let options: [[String]]

  /// A probe.
  public init(_ questions: [ChoiceQuestion]) {
    self.questions = questions
    dimensions = Set(questions.flatMap(\.dimensions)).sorted()
    var requests: [Request] = []
    for question in questions {
      for rotation in question.options.indices {
        let shown = Array(question.options[rotation...] + question.options[..<rotation])
        requests.append(Request(question.context, options: shown))
      }
    }
    self.requests = requests
    options = requests.map(\.options)
    var hash = SHA256()
    hash.update("QuestionProbe 1")
    for question in questions {
      hash.update(question.id)
      hash.update(question.context)
      for (option, weights) in zip(question.options, question.weights) {
        hash.update(option)
        for (dimension, weight) in zip(question.dimensions, weights) {
          hash.update(dimension)
          hash.update(weight.bitPattern)
        }
      }
    }
    identity = hash.finish()
  }

  public func vector(of respondent: any Respondent) async throws -> [Double]? {
    let shown = try await shares(of: respondent)
    let places = Dictionary(uniqueKeysWithValues: zip(dimensions, dimensions.indices))
    var sums = dimensions.map { _ in 0.0 }
    var counts = dimensions.map { _ in 0 }
    var next = 0
    for question in questions {
      let count = question.options.count
      var shares = [Double](repeating: 0, count: count)
      var answered = 0
      for rotation in 0..<count {
        guard let chances = shown[next + rotation] else { continue }
        answered += 1
        for place in 0..<count { shares[(place + rotation) % count] += chances[place] }
      }
      next += count
      // Rotations that were not answered would bring the preference for a place back in.
      guard answered == count else { continue }
      for (column, name) in question.dimensions.enumerated() {
        let weights = question.weights.map { $0[column] }
        guard let place = places[name], let low = weights.min(), let high = weights.max(), high > low else {
          continue
        }
        let favoured = zip(shares, weights).reduce(0) { $0 + $1.0 / Double(count) * $1.1 }
        let mean = weights.reduce(0, +) / Double(count)
        sums[place] += 2 * (favoured - mean) / (high - low)
        counts[place] += 1
      }
    }
    guard !counts.isEmpty, counts.allSatisfy({ $0 > 0 }) else { return nil }
    let vector = zip(sums, counts).map { $0 / Double($1) }
    return vector.allSatisfy(\.isFinite) ? vector : nil
  }

  /// The chances of the options as shown; 1 for the option that was answered, where the model gives no chances.
  private func shares(of respondent: any Respondent) async throws -> [[Double]?] {
    if let chances = try await respondent.chances(of: options, for: requests) {
      guard chances.count == requests.count,
        zip(chances, options).allSatisfy({ $0 == nil || $0?.count == $1.count })
      else { throw MagnetError(.invalidData, "chances were not given for every option") }
      return chances
    }
    let answers = try await respondent.respond(to: requests)
    guard answers.count == requests.count else {
      throw MagnetError(.invalidData, "\(answers.count) answers to \(requests.count) requests")
    }
    return zip(answers, requests).map { answer, request in
      guard let text = answer.text, let chosen = AnswerReading.option(text, of: request.options) else {
        return nil
      }
      return request.options.indices.map { $0 == chosen ? 1 : 0 }
    }
  }
}
