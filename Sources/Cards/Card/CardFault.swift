/// What is wrong with a card, and where in its file.
public struct CardFault: Error, Sendable, Hashable, CustomStringConvertible {
  /// Whether a card can be evaluated in spite of it.
  public enum Severity: Sendable, Hashable {
    /// It cannot be evaluated.
    case error
    /// It can; something in it is not what its author means.
    case warning
    /// It can; MAGNET refuses it.
    case recommendation
  }

  /// Whether it keeps the card from being evaluated.
  public let severity: Severity
  /// The card's path.
  public let file: String
  /// Nil for a fault of the whole file.
  public let mark: TextMark?
  /// What is wrong.
  public let problem: String
  /// What would help.
  public let advice: String?

  /// A fault.
  public init(
    _ severity: Severity = .error, file: String, mark: TextMark?, problem: String, advice: String? = nil
  ) {
    self.severity = severity
    self.file = file
    self.mark = mark
    self.problem = problem
    self.advice = advice
  }

  /// The fault as `FILE:LINE:COLUMN: PROBLEM; ADVICE`.
  public var description: String {
    file + (mark.map { ":\($0.line):\($0.column)" } ?? "") + ": " + problem + (advice.map { "; \($0)" } ?? "")
  }
}

/// Everything that keeps a card from being evaluated, in the order of its lines.
public struct CardFaults: Error, Sendable, CustomStringConvertible {
  /// The faults, in the order of the file.
  public let faults: [CardFault]

  /// The faults.
  public init(_ faults: [CardFault]) { self.faults = faults }

  /// One fault per line.
  public var description: String { faults.map(\.description).joined(separator: "\n") }
}
