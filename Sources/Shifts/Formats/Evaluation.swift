import Magnet

/// How well a model tells the best answers of a distribution's test half from the worse ones.
public struct Evaluation: Sendable, Hashable {
  /// Who computed the numbers.
  public enum Origin: String, Sendable {
    /// A program reported them.
    case program
    /// magnet computed them from probabilities or rewards.
    case magnet
  }

  /// The id of the distribution.
  public var distribution: String
  /// The share of pairs in which the best answer was preferred.
  public var accuracy: Double
  /// The probability given to the best answer of each pair, in order; nil where they are unknown.
  public var probabilities: [Double]?
  /// RMS calibration error as published, where the evaluation has one.
  public var publishedCalibrationError: Double?
  /// The number of pairs, where the evaluation tells.
  public var pairCount: Int?
  /// Who computed the numbers; nil for evaluations of unknown origin.
  public var origin: Origin?
  /// The bytes that a program wrote; nil for an evaluation that magnet computed.
  package var original: [UInt8]?
  /// What is unusual about it, in sentences.
  public var warnings: [String] = []
  /// How it came about, in a sentence.
  package var note: String?

  /// An evaluation that magnet computes from the probabilities of the best answers.
  /// - Returns: nil for no pairs.
  public init?(distribution: String, probabilities: [Double]) {
    guard let accuracy = PairScores.accuracy(probabilities) else { return nil }
    self.distribution = distribution
    self.accuracy = accuracy
    self.probabilities = probabilities
    publishedCalibrationError =
      PairScores.areDecisions(probabilities) ? nil : PairScores.publishedCalibrationError(probabilities)
    pairCount = probabilities.count
    origin = .magnet
  }

  /// The evaluation in a file's text.
  /// - Parameters:
  ///   - readsProbabilities: whether `probabilities` is filled. Without, they are counted and not looked at.
  /// - Throws: `DataFault` where it is not JSON, or `eval_accuracy` is missing or not a number from 0 to 1.
  init(_ bytes: [UInt8], distribution: String, file: String, readsProbabilities: Bool) throws {
    let members = try Self.members(bytes, file: file, readsProbabilities: readsProbabilities)
    self.distribution = distribution
    guard let value = members.accuracy else {
      let isOther =
        members.hasPlainAccuracy ? "has 'accuracy', not 'eval_accuracy'" : "has no 'eval_accuracy'"
      throw DataFault(file, "", isOther)
    }
    guard let accuracy = value.double else {
      throw DataFault(file, "eval_accuracy", "expected a number from 0 to 1, found \(kind(of: value))")
    }
    guard accuracy >= 0, accuracy <= 1 else {
      throw DataFault(
        file, "eval_accuracy", "expected a number from 0 to 1, found \(Cell.double(accuracy).text)")
    }
    self.accuracy = accuracy
    publishedCalibrationError = members.calibration?.double.flatMap { $0.isFinite ? $0 : nil }
    pairCount = members.probabilityCount
    if readsProbabilities, let list = members.probabilities {
      guard case .array(let elements) = list else {
        throw DataFault(file, "eval_probabilities", "expected a list of numbers, found \(kind(of: list))")
      }
      probabilities = try elements.enumerated().map { number, element in
        guard let p = element.double, p >= 0, p <= 1 else {
          throw DataFault(
            file, "eval_probabilities[\(number)]", "expected a number from 0 to 1, found \(element.text)")
        }
        return p
      }
    }
  }

  private struct Members {
    var accuracy: JSONValue?
    var calibration: JSONValue?
    var probabilities: JSONValue?
    var probabilityCount: Int?
    var hasPlainAccuracy = false
  }

  private static func members(_ bytes: [UInt8], file: String, readsProbabilities: Bool) throws -> Members {
    var found = Members()
    if !readsProbabilities {
      let isPlain = unsafe bytes.withUnsafeBufferPointer { all in
        unsafe TopMembers.forEach(in: all) { key, value in
          func text() -> JSONValue? { try? unsafe JSONValue(parsing: String(decoding: value, as: UTF8.self)) }
          func isKey(_ name: StaticString) -> Bool {
            unsafe key.count == name.utf8CodeUnitCount
              && key.elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
          }
          if isKey("eval_accuracy") {
            found.accuracy = text()
            return found.accuracy != nil
          }
          if isKey("eval_rms_calibration_error") { found.calibration = text() }
          if isKey("accuracy") { found.hasPlainAccuracy = true }
          if isKey("eval_probabilities") { found.probabilityCount = unsafe TopMembers.elementCount(value) }
          return true
        }
      }
      if isPlain { return found }
    }
    let value = try parseJSON(bytes, file)
    guard case .object = value else {
      throw DataFault(file, "", "expected an object, found \(kind(of: value))")
    }
    found = Members()
    found.accuracy = value["eval_accuracy"]
    found.calibration = value["eval_rms_calibration_error"]
    found.hasPlainAccuracy = value["accuracy"] != nil
    if let list = value["eval_probabilities"], list != .null {
      found.probabilities = list
      if case .array(let elements) = list { found.probabilityCount = elements.count }
    }
    return found
  }

  /// The file GENIES' programs would write: `eval_accuracy` first, then what is known.
  var json: JSONValue {
    var members = [JSONValue.Member(key: "eval_accuracy", value: .double(accuracy))]
    func add(_ key: String, _ value: Double?) {
      if let value { members.append(JSONValue.Member(key: key, value: .double(value))) }
    }
    if let probabilities {
      add("eval_average_probability", PairScores.mean(probabilities))
      add("eval_brier_score", PairScores.brier(probabilities))
      add("eval_rms_calibration_error", publishedCalibrationError)
      members.append(
        JSONValue.Member(key: "eval_probabilities", value: .array(probabilities.map(JSONValue.double))))
    }
    members.append(JSONValue.Member(key: "distribution_id", value: .string(distribution)))
    return .object(members)
  }
}
