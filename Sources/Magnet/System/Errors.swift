/// A fault in a file or folder: where it is, what is wrong, and what would help.
///
/// The description is one sentence that starts with the address:
///
/// ```swift
/// let fault = DataFault(
///   file: "runs/v1/boolq/stats.json", place: "[3].name.name", problem: "expected a string, found a number")
/// print(fault)
/// // runs/v1/boolq/stats.json: [3].name.name: expected a string, found a number
/// ```
public struct DataFault: Error, Sendable, Hashable, CustomStringConvertible {
  /// The path of the file or folder at fault.
  public let file: String
  /// The place in the file: a byte offset, or a dotted path such as `[3].name.name`.
  public let place: String?
  /// What is wrong.
  public let problem: String
  /// What would help.
  public let advice: String?

  /// A fault of one file.
  public init(file: String, place: String? = nil, problem: String, advice: String? = nil) {
    self.file = file
    self.place = place
    self.problem = problem
    self.advice = advice
  }

  public var description: String { Sentence.joined([file, place], problem, advice) }

  /// What is wrong with a file that begins with these bytes, where they are a pointer of Git LFS; nil where not.
  package static func gitPointer(_ file: String, _ bytes: some Sequence<UInt8>) -> DataFault? {
    guard bytes.starts(with: "version https://git-lfs.".utf8) else { return nil }
    return DataFault(
      file: file, problem: "it is a pointer of Git LFS, and the file itself is missing",
      advice: "run git lfs pull in its repository")
  }
}

/// An error for people to read and for programs to switch on.
///
/// ```swift
/// do {
///   try await predictor.evaluate(on: runs)
/// } catch let error as MagnetError where error.code == .insufficientData {
///   print(error)  // says how many runs are missing, and what would help
/// }
/// ```
public struct MagnetError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of error. New kinds may be added; a `switch` needs a `default`.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    /// The exit status of a command that ends with this error: 2 for a failure, 64 for wrong usage, 130 for an
    /// interrupt.
    public let exitStatus: Int32

    private init(_ description: String, exitStatus: Int32 = 2) {
      self.description = description
      self.exitStatus = exitStatus
    }

    /// A wrong argument or option.
    public static let usage = Code("usage", exitStatus: 64)
    /// A name, path or column that does not exist.
    public static let notFound = Code("notFound")
    /// Something that would be overwritten.
    public static let alreadyExists = Code("alreadyExists")
    /// Input that is not what it should be: a query, a prediction, a file.
    public static let invalidData = Code("invalidData")
    /// Too few runs, instances or scores for the work.
    public static let insufficientData = Code("insufficientData")
    /// Work that this object cannot do.
    public static let unsupported = Code("unsupported")
    /// An attempt to change what is read-only.
    public static let readOnly = Code("readOnly")
    /// A time limit that was reached.
    public static let timedOut = Code("timedOut")
    /// Work that was cancelled.
    public static let cancelled = Code("cancelled", exitStatus: 130)
    /// A child program that failed.
    public static let programFailed = Code("programFailed")
    /// A server or network that failed.
    public static let network = Code("network")
    /// A refusal of the operating system: no permission, no space.
    public static let system = Code("system")
  }

  /// The kind of error.
  public let code: Code
  /// Where it happened: a file, a line, a column of a table.
  public let place: String?
  /// What is wrong.
  public let problem: String
  /// What would help.
  public let advice: String?

  /// An error with a sentence.
  public init(_ code: Code, _ problem: String, at place: String? = nil, advice: String? = nil) {
    self.code = code
    self.place = place
    self.problem = problem
    self.advice = advice
  }

  public var description: String { Sentence.joined([place], problem, advice) }
}

/// How addresses, problems and advice become one sentence.
private enum Sentence {
  static func joined(_ address: [String?], _ problem: String, _ advice: String?) -> String {
    address.compactMap { $0.map { "\($0): " } }.joined() + problem + (advice.map { "; \($0)" } ?? "")
  }
}
