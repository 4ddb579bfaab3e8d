import Foundation
@testable import Magnet
@testable import Shifts

/// What must hold of any bytes as a distribution, a shift specification and an evaluation: they are read, or refused with
/// a fault that names the file; an evaluation read for its numbers alone says what it says when read in full.
struct ShiftCheck: Sendable {
  private let folder: String

  init(folder: String) throws {
    self.folder = folder
    for name in ["distribution", "evaluations/i/m"] {
      try FileManager.default.createDirectory(
        atPath: folder + "/" + name, withIntermediateDirectories: true)
    }
    try Data("[]".utf8).write(to: URL(filePath: folder + "/distribution/train.json"))
  }

  /// What is wrong, for the first byte's kind of file; nil when all is well.
  func complaint(_ bytes: [UInt8]) throws -> String? {
    guard let kind = bytes.first else { return nil }
    let names = ["distribution/test.json", "shifts.json", "evaluations/i/m/t.json"]
    let number = Int(kind) % names.count
    let file = folder + "/" + names[number]
    try Data(bytes.dropFirst()).write(to: URL(filePath: file))
    do {
      switch number {
      case 0:
        for example in try Distribution(folder: folder + "/distribution").test().examples
        where example.pairs.count != example.responses.count - 1 || example.pairs.isEmpty {
          return "example \(example.index) has \(example.pairs.count) pairs"
        }
      case 1:
        _ = try ShiftSet(file: file).distinct
        _ = try RunShift.read(file)
      default:
        let store = EvaluationStore(folder)
        let quick = try store.evaluation("i", "m", "t")
        let full = try store.evaluation("i", "m", "t", readsProbabilities: true)
        if quick?.accuracy != full?.accuracy { return "two accuracies of one evaluation" }
      }
    } catch let fault as DataFault {
      if fault.file != file || fault.problem.isEmpty { return "a fault without an address: \(fault)" }
    }
    return nil
  }
}
