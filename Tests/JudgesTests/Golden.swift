import Foundation
import Magnet
import TestSupport
import Testing

/// Cases of Fixtures/judges, and those made with ProgressGym's own classes, in a folder beside the project or where
/// `MAGNET_SHARED` says, if it is there.
enum Golden {
  static let folder: String? = {
    let shared =
      ProcessInfo.processInfo.environment["MAGNET_SHARED"]
      ?? Project.folder.deletingLastPathComponent().appending(path: "shared").path
    let path = shared + "/data/judges"
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }()

  static var isPresent: Bool { folder != nil }

  /// The cases of a file in both folders, each with its number.
  static func cases(_ file: String) -> [GoldenCase] {
    [Project.fixture("judges"), folder].compactMap { $0 }.flatMap { folder -> [GoldenCase] in
      guard let value = try? Project.json("\(folder)/\(file).json") else { return [] }
      return (value["cases"]?.elements ?? []).enumerated().map { GoldenCase(number: $0, value: $1) }
    }
  }
}

/// A case and its number.
struct GoldenCase {
  let number: Int
  let value: JSONValue

  subscript(key: String) -> JSONValue? { value[key] }
}

extension JSONValue {
  var int: Int? {
    switch self {
    case .int(let value): Int(value)
    case .double(let value): Int(exactly: value)
    default: nil
    }
  }

  var isTrue: Bool { self == .bool(true) }

  var vector: [Double] { elements.compactMap(\.double) }

  var vectors: [[Double]?] { elements.map(\.vector) }

  var strings: [String] { elements.compactMap(\.string) }

  var members: [Member] { if case .object(let members) = self { members } else { [] } }

  var isNull: Bool { self == .null }
}

/// Equal to 1e-12, relative to the larger one where that is above 1.
func isClose(_ a: Double?, _ b: Double?) -> Bool {
  guard let a, let b else { return a == nil && b == nil }
  return abs(a - b) <= 1e-12 * max(1, abs(a), abs(b))
}
