/// A question with options, each of which speaks for or against some values.
public struct ChoiceQuestion: Sendable, Hashable {
  /// The question's name; the questions of a probe and those that examinees learn from share none.
  package let id: String
  /// The values that the question is about.
  package let dimensions: [String]
  /// The question as it is asked.
  package let context: String
  /// The answers to choose from, two or more.
  package let options: [String]
  /// One row per option: how far it favours (above 0) or offends (below 0) each of the dimensions.
  package let weights: [[Double]]

  /// A question.
  /// - Throws: `MagnetError` unless there are two or more options, and one weight per option and dimension.
  public init(id: String, dimensions: [String], context: String, options: [String], weights: [[Double]])
    throws(MagnetError)
  {
    guard options.count >= 2 else {
      throw MagnetError(.invalidData, "a question needs two or more options", at: id)
    }
    guard weights.count == options.count, weights.allSatisfy({ $0.count == dimensions.count }) else {
      throw MagnetError(.invalidData, "a question needs one weight per option and dimension", at: id)
    }
    guard weights.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      throw MagnetError(.invalidData, "a weight is not a finite number", at: id)
    }
    self.init(sound: id, dimensions, context, options, weights)
  }

  init(
    sound id: String, _ dimensions: [String], _ context: String, _ options: [String], _ weights: [[Double]]
  ) {
    self.id = id
    self.dimensions = dimensions
    self.context = context
    self.options = options
    self.weights = weights
  }
}
