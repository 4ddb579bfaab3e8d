public import Foundation
import Synchronization
public import Magnet
public import Testing

/// Where the project and its fixtures are.
public enum Project {
  public static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The path of something in Fixtures/.
  public static func fixture(_ path: String = "") -> String {
    folder.appending(path: "Fixtures").path + (path.isEmpty ? "" : "/" + path)
  }

  public static let plain = fixture("benchmark_output/runs/plain-v1")
  public static let sweep = fixture("benchmark_output/runs/sweep-v1")

  /// Two runs that HELM's authors published, in a folder beside the project; nil where it is absent.
  public static let publishedRuns: String? = {
    let path = folder.deletingLastPathComponent().appending(path: "shared/data/published-runs").path
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }()

  /// The path of reference data for tests that is not part of the project: a folder named by $MAGNET_SHARED, or `shared`
  /// beside the project; nil where it is absent.
  public static func shared(_ path: String) -> String? {
    let folder =
      ProcessInfo.processInfo.environment["MAGNET_SHARED"]
      ?? folder.deletingLastPathComponent().appending(path: "shared").path
    let file = folder + "/" + path
    return FileManager.default.fileExists(atPath: file) ? file : nil
  }

  public static func text(_ path: String) throws -> String {
    try String(contentsOfFile: path, encoding: .utf8)
  }

  public static func json(_ path: String) throws -> JSONValue { try JSONValue(parsing: text(path)) }
}

/// A folder of a test's own, removed when the test lets go of it, or when the tests end.
public final class TemporaryFolder: Sendable {
  public let path: String

  /// The folders that are there; what all tests share is never let go of.
  private static let paths = Mutex<Set<String>>([])
  private static let removesAtEnd: Bool =
    atexit {
      for path in TemporaryFolder.paths.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: path) }
    } == 0

  public init() throws {
    let path = NSTemporaryDirectory() + "magnet-tests-" + UUID().uuidString
    self.path = path
    precondition(Self.removesAtEnd)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    Self.paths.withLock { _ = $0.insert(path) }
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
    Self.paths.withLock { _ = $0.remove(path) }
  }

  /// Writes a file in the folder, and the folders it lies in.
  @discardableResult
  public func write(_ text: String, to name: String) throws -> String {
    let file = path + "/" + name
    try FileManager.default.createDirectory(
      atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(filePath: file))
    return file
  }

  /// Writes a file of any bytes in the folder, and the folders it lies in.
  @discardableResult
  public func write(_ bytes: [UInt8], to name: String) throws -> String {
    let file = try write("", to: name)
    try Data(bytes).write(to: URL(filePath: file))
    return file
  }

  /// Copies a file or folder into the folder.
  @discardableResult
  public func copy(_ source: String, to name: String) throws -> String {
    let target = path + "/" + name
    try FileManager.default.createDirectory(
      atPath: (target as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: source, toPath: target)
    return target
  }
}

/// Bytes as one member of gzip.
public func gzip(_ bytes: [UInt8]) -> [UInt8] {
  var stored: [UInt8] = []
  var writer = GzipWriter()
  writer.add(bytes, isLast: true) { stored += $0 }
  return stored
}

/// Reads CSV as RFC 4180 has it, for checking what was written: one list of fields a line.
public func parseCSV(_ text: String) -> [[(field: String, isQuoted: Bool)]] {
  var lines: [[(field: String, isQuoted: Bool)]] = []
  var line: [(field: String, isQuoted: Bool)] = []
  var field: [UInt8] = []
  var isQuoted = false
  var isInside = false
  let bytes = Array(text.utf8)
  var at = 0
  func ended() -> (field: String, isQuoted: Bool) { (String(decoding: field, as: UTF8.self), isQuoted) }
  while at < bytes.count {
    let byte = bytes[at]
    if isInside {
      if byte == UInt8(ascii: "\""), at + 1 < bytes.count, bytes[at + 1] == byte {
        field.append(byte)
        at += 1
      } else if byte == UInt8(ascii: "\"") {
        isInside = false
      } else {
        field.append(byte)
      }
    } else if byte == UInt8(ascii: "\"") {
      isInside = true
      isQuoted = true
    } else if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\n") {
      line.append(ended())
      field = []
      isQuoted = false
      if byte == UInt8(ascii: "\n") {
        lines.append(line)
        line = []
      }
    } else {
      field.append(byte)
    }
    at += 1
  }
  return lines
}

/// One of the cases of an expected file, shown by its number.
public struct ExpectedCase: CustomTestStringConvertible, Sendable {
  public let number: Int
  public let value: JSONValue
  public var testDescription: String { "case \(number)" }

  /// The cases in a list of Fixtures/expected.
  public static func all(_ file: String) throws -> [ExpectedCase] {
    try Project.json(Project.fixture("expected/" + file)).elements.enumerated().map {
      ExpectedCase(number: $0, value: $1)
    }
  }

  public subscript(key: String) -> JSONValue? { value[key] }
}
