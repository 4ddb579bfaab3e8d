import Foundation
import Magnet
import TestSupport
import Testing

@testable import Shifts

/// Damaged files of the three formats, from fixed seeds: no crash, and every fault names its file.
@Suite struct ShiftMutationTests {
  private static let pieces: [[UInt8]] =
    [
      "{", "}", "[", "]", ",", ":", "\"", "\\", "null", "1e999", "-0", "NaN", "\\ud83d", "\u{0}", "0.5", "1",
      "\"prompt\"",
      "\"responses\"", "\"eval_accuracy\"", "\u{FEFF}", " ",
    ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xED, 0xA0, 0x80]]

  private func mutated(_ bytes: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let at = Int.random(in: 0...bytes.count, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...9, using: &random)))
      case 1: bytes.insert(contentsOf: Self.pieces.randomElement(using: &random) ?? [], at: at)
      case 2: bytes.removeSubrange(at...)
      default: if at < bytes.count { bytes[at] = UInt8.random(in: 0...255, using: &random) }
      }
    }
    return bytes
  }

  private func check(_ sound: String, _ name: String, _ read: (String) throws -> Void) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(sound, to: name)
    try read(file)
    var random = SplitMix(state: 7)
    var refused = 0
    for _ in 0..<1500 {
      try Data(mutated(Array(sound.utf8), &random)).write(to: URL(filePath: file))
      do { try read(file) } catch let fault as DataFault {
        #expect(fault.file == file && !fault.problem.isEmpty)
        refused += 1
      }
    }
    #expect(refused > 300)
  }

  @Test func damagedDistributions() throws {
    let sound = """
      [{"prompt": "q\\u00e9", "responses": {"a": 1.0, "b": 0.0}, "level": [1, {"x": null}]},
       {"prompt": "", "responses": {"\\ud83d\\udd36": 0.0, "c": 1}}]
      """
    try check(sound, "test.json") { file in
      try PreferenceExample.forEach(in: file, keepsOthers: true) { example in
        #expect(
          example.responses.count(where: \.isBest) == 1 && example.pairs.count == example.responses.count - 1)
      }
    }
  }

  @Test func damagedShifts() throws {
    let sound =
      #"[{"source": "a", "target": "b", "label": "extreme"}, {"source": "a", "target": "c", "target_reference": "d"}]"#
    try check(sound, "shifts.json") { file in
      for shift in try ShiftSet(file: file).rows {
        #expect(!shift.source.contains("/") && !shift.target.isEmpty)
      }
    }
    try check(
      #"[{"kind": "models", "source": "a*", "target": "b"}, {"kind": "perturbation", "target": {"name": "m", "prob": 0.5}}]"#,
      "runs.json"
    ) {
      _ = try RunShift.read($0)
    }
  }

  /// Read for one number and read in full, an evaluation says the same or is refused.
  @Test func damagedEvaluations() throws {
    let sound =
      #"{"eval_accuracy": 0.75, "eval_probabilities": [0.5, 0.25, 1e-3], "x": {"y": ["}"]}, "eval_rms_calibration_error": 0.5}"#
    try check(sound, "t.json") { file in
      let bytes = try Disk.read(file)
      let quick = try Evaluation(bytes, distribution: "t", file: file, readsProbabilities: false)
      let full = try Evaluation(bytes, distribution: "t", file: file, readsProbabilities: true)
      #expect(
        quick.accuracy == full.accuracy && quick.publishedCalibrationError == full.publishedCalibrationError)
      #expect((0...1).contains(quick.accuracy))
    }
  }
}
