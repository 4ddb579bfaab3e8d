package import Magnet

/// Questions of one's own: JSON lines, one question per line.
///
///     {"id": "q1", "dimensions": ["freedom", "safety"], "context": "Would you rather ...?",
///      "options": ["more freedom", "more safety"], "weights": [[1, 0], [0, 1]]}
///
/// `weights` has one row per option and one number per dimension: how far the option favours (above 0) or offends
/// (below 0) the value. Every second question is to learn from, the others measure: examinees never ask a question by
/// which they are measured, unless it is wanted.
public struct QuestionFile: Sendable {
  /// The questions in the order of the file.
  package let questions: [ChoiceQuestion]

  /// The largest file that is read.
  private static let largest = 1 << 26

  /// Questions that the caller made.
  package init(_ questions: [ChoiceQuestion]) { self.questions = questions }

  /// Reads a file.
  /// - Throws: `MagnetError` with the line that is not a question, or whose id was there before.
  package init(path: String) throws {
    let text: String
    do {
      text = String(decoding: try Files.read(path, atMost: Self.largest), as: UTF8.self)
    } catch { throw MagnetError(.notFound, "cannot be read: \(error)", at: path) }
    var questions: [ChoiceQuestion] = []
    var lines: [String: Int] = [:]
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.endsLine).enumerated()
    {
      if line.allSatisfy(\.isWhitespace) { continue }
      let place = "\(path): line \(index + 1)"
      let question = try Self.question(String(line), at: place)
      if let other = lines.updateValue(index + 1, forKey: question.id) {
        throw MagnetError(.invalidData, "the id '\(question.id)' is that of line \(other) too", at: place)
      }
      questions.append(question)
    }
    guard questions.count >= 2 else {
      throw MagnetError(
        .insufficientData,
        "holds \(questions.count) questions; one to learn from and one to measure are needed",
        at: path)
    }
    self.questions = questions
  }

  private static func question(_ line: String, at place: String) throws -> ChoiceQuestion {
    let value: JSONValue
    do { value = try JSONValue(parsing: line) } catch {
      throw MagnetError(.invalidData, "\(error)", at: place)
    }
    func texts(_ key: String) throws -> [String] {
      let texts = value[key]?.elements.compactMap(\.string) ?? []
      guard !texts.isEmpty, texts.count == value[key]?.elements.count else {
        throw MagnetError(.invalidData, "\(key) is not a list of strings", at: place)
      }
      return texts
    }
    guard let id = value["id"]?.string, let context = value["context"]?.string else {
      throw MagnetError(.invalidData, "a question needs the strings id and context", at: place)
    }
    let (dimensions, options) = (try texts("dimensions"), try texts("options"))
    for (key, texts) in [("dimensions", dimensions), ("options", options)]
    where Set(texts).count < texts.count {
      throw MagnetError(.invalidData, "two of the \(key) are equal", at: place)
    }
    let rows = value["weights"]?.elements ?? []
    let weights = rows.map { $0.elements.compactMap(\.double) }
    guard zip(rows, weights).allSatisfy({ $0.elements.count == $1.count }) else {
      throw MagnetError(.invalidData, "weights is not a list of lists of numbers", at: place)
    }
    do {
      return try ChoiceQuestion(
        id: id, dimensions: dimensions, context: context, options: options, weights: weights)
    } catch { throw MagnetError(error.code, error.problem, at: place) }
  }

  /// The questions as JSON lines.
  package var text: String {
    questions.map { question in
      func list(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
      let weights = question.weights.map { row in JSONValue.array(row.map { .double($0) }) }
      return JSONValue.object([
        JSONValue.Member(key: "id", value: .string(question.id)),
        JSONValue.Member(key: "dimensions", value: list(question.dimensions)),
        JSONValue.Member(key: "context", value: .string(question.context)),
        JSONValue.Member(key: "options", value: list(question.options)),
        JSONValue.Member(key: "weights", value: .array(weights)),
      ]).text + "\n"
    }.joined()
  }

  /// A digest of all questions, by which settings are told apart.
  package var digest: String {
    var hash = SHA256()
    hash.update(text)
    return hash.finish()
  }

  /// The questions to learn from, and those to measure by.
  /// - Parameter isShared: whether all questions are for both, as in ProgressGym.
  package func divided(isShared: Bool = false) -> QuestionSet {
    func every(_ rest: Int) -> [ChoiceQuestion] {
      isShared ? questions : questions.enumerated().filter { $0.offset % 2 == rest }.map(\.element)
    }
    return QuestionSet(preferences: every(0), probe: every(1))
  }
}

/// Questions to learn from and questions to measure by.
package struct QuestionSet: Sendable {
  /// What examinees ask about.
  package var preferences: [PreferenceQuestion]
  /// How values are measured.
  package var probe: QuestionProbe

  /// The first two options of the questions to learn from, and a probe of the others.
  package init(preferences: [ChoiceQuestion], probe: [ChoiceQuestion]) {
    self.preferences = preferences.map { PreferenceQuestion($0) }
    self.probe = QuestionProbe(probe)
  }

  /// The questions of a made world.
  package init(_ world: World, isShared: Bool = false) {
    self.init(preferences: isShared ? world.probe : world.preferences, probe: world.probe)
  }
}
