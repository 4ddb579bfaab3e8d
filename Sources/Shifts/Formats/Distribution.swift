@_spi(Reading) public import Magnet

/// A set of questions with best and worse answers on disk: a folder with `train.json`, `test.json` and, as a rule,
/// `metadata.json`. Nothing is read before a half is asked for.
public struct Distribution: Sendable, Hashable {
  /// The last component of the folder's path.
  public let id: String
  /// The folder's full path, without a slash at the end.
  public let folder: String

  /// The distribution in a folder.
  /// - Throws: `DataFault` where the folder, or one of `train.json` and `test.json`, is missing.
  public init(folder: String) throws {
    self.folder = Files.absolute(folder)
    id = Disk.name(of: folder)
    guard Files.isFolder(self.folder) else { throw DataFault(folder, "", "there is no such distribution") }
    for file in [trainFile, testFile] where !Files.isFile(file) {
      throw DataFault(file, "", "missing; a distribution has train.json and test.json")
    }
  }

  package var trainFile: String { folder + "/train.json" }
  package var testFile: String { folder + "/test.json" }
  package var metadataFile: String { folder + "/metadata.json" }

  /// The half to train on.
  /// - Throws: `DataFault` at the first example that is not valid.
  public func train() throws -> TrainingHalf {
    TrainingHalf(id: id, file: trainFile, examples: try Self.load(trainFile))
  }

  /// The half to evaluate on.
  /// - Throws: `DataFault` at the first example that is not valid.
  public func test() throws -> TestHalf {
    TestHalf(id: id, file: testFile, examples: try Self.load(testFile))
  }

  private static func load(_ file: String) throws -> [PreferenceExample] {
    var examples: [PreferenceExample] = []
    try PreferenceExample.forEach(in: file) { examples.append($0) }
    return examples
  }

  /// What `metadata.json` holds; nil where it is missing.
  /// - Throws: `DataFault` where it is not JSON.
  public func metadata() throws -> JSONValue? {
    guard Files.isFile(metadataFile) else { return nil }
    return try readJSON(metadataFile)
  }
}

/// The half of a distribution that an intervention trains on. It has no member for the other half: a training program
/// that peeks does not compile.
public struct TrainingHalf: Sendable {
  /// The distribution's id.
  public let id: String
  package let file: String
  /// In the order of the file.
  public let examples: [PreferenceExample]

  /// A half of examples that are in no file.
  public init(id: String, examples: [PreferenceExample]) { self.init(id: id, file: "", examples: examples) }

  init(id: String, file: String, examples: [PreferenceExample]) {
    self.id = id
    self.file = file
    self.examples = examples
  }

  /// All pairs of a best answer and a worse one, in the order of the file.
  public var pairs: [PreferencePair] { examples.flatMap(\.pairs) }
}

/// The half of a distribution that models are evaluated on.
public struct TestHalf: Sendable {
  /// The distribution's id.
  public let id: String
  package let file: String
  /// In the order of the file.
  public let examples: [PreferenceExample]

  init(id: String, file: String, examples: [PreferenceExample]) {
    self.id = id
    self.file = file
    self.examples = examples
  }

  /// How many pairs of a best answer and a worse one there are.
  public var pairCount: Int { examples.reduce(0) { $0 + $1.responses.count - 1 } }
}

/// A whole file as JSON.
/// - Throws: `DataFault` with the byte where it is not.
func readJSON(_ file: String, atMost limit: Int = 1 << 30) throws -> JSONValue {
  try parseJSON(try Disk.read(file, atMost: limit), file)
}

/// Bytes as JSON.
/// - Throws: `DataFault` with the byte where they are not.
func parseJSON(_ bytes: [UInt8], _ file: String) throws -> JSONValue {
  do throws(JSONFault) {
    let document = try unsafe bytes.withUnsafeBufferPointerResult { bytes throws(JSONFault) in
      try unsafe TolerantParser.parse(bytes)
    }
    return document.withTape { JSONValue($0, at: JSONTape.top) }
  } catch { throw DataFault(file, "", "byte \(error.offset): \(error.problem)") }
}

extension [UInt8] {
  fileprivate func withUnsafeBufferPointerResult<R>(
    _ body: (UnsafeBufferPointer<UInt8>) throws(JSONFault) -> R
  ) throws(JSONFault) -> R {
    let result: Result<R, JSONFault> = unsafe withUnsafeBufferPointer { bytes in
      do throws(JSONFault) { return unsafe .success(try body(bytes)) } catch { return .failure(error) }
    }
    return try result.get()
  }
}

/// The kind of a JSON value, for messages: "a number", "an object".
func kind(of value: JSONValue) -> String {
  switch value {
  case .null: "null"
  case .bool: "a boolean"
  case .int, .double: "a number"
  case .string: "a string"
  case .array: "a list"
  case .object: "an object"
  }
}
