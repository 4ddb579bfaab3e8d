import Foundation
import Shifts
import TestSupport

/// Published results of one model, in a folder beside the project or where MAGNET_SHARED says; nil where they are
/// absent.
let published: String? = {
  let shared =
    ProcessInfo.processInfo.environment["MAGNET_SHARED"]
    ?? Project.folder.deletingLastPathComponent().appending(path: "shared").path
  let path = shared + "/data/genies"
  return FileManager.default.fileExists(atPath: path) ? path : nil
}()

/// The text of one example.
func example(_ prompt: String, best: String, worse: String..., bestFirst: Bool = true) -> String {
  func quoted(_ text: String) -> String { "\"\(text)\"" }
  let others = worse.map { quoted($0) + ": 0.0" }
  let all = bestFirst ? [quoted(best) + ": 1.0"] + others : others + [quoted(best) + ": 1.0"]
  return "{\"prompt\": \(quoted(prompt)), \"responses\": {\(all.joined(separator: ", "))}}"
}

extension TemporaryFolder {
  /// Writes a distribution of these examples.
  @discardableResult
  func writeDistribution(_ id: String, train: [String], test: [String]) throws -> String {
    try write("[\(train.joined(separator: ",\n"))]", to: "distributions/\(id)/train.json")
    try write("[\(test.joined(separator: ",\n"))]", to: "distributions/\(id)/test.json")
    try write("{\"id\": \"\(id)\"}", to: "distributions/\(id)/metadata.json")
    return path + "/distributions/" + id
  }
}
