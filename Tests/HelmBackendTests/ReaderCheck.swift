import Foundation
import Magnet

@testable import HelmBackend

/// Reads a file of a run that may hold anything, whole and in windows, between two runs that are sound, and says
/// what does not agree. Used by tests, and by Tests/Fuzz.
struct ReaderCheck {
  static let kinds: [TableKind] = [.stats, .perInstanceStats, .scenarioStates, .runSpecs]

  private let folder: String
  private let entries: [RunEntry]
  private let readers: [HelmRuns]
  private let sound: [TableKind: String]

  /// - Parameters:
  ///   - folder: an empty folder to write in.
  ///   - run: a sound run.
  init(folder: String, run: String) async throws {
    self.folder = folder
    for name in ["a:1", "b:1", "c:1"] {
      try FileManager.default.copyItem(atPath: run, toPath: folder + "/" + name)
    }
    func reader(_ threshold: Int, _ workers: Int) throws -> HelmRuns {
      try HelmRuns(
        paths: [folder], isStrict: false, workers: workers, progress: nil, windowThreshold: threshold)
    }
    readers = [try reader(1 << 30, 1), try reader(0, 1), try reader(100, 3)]
    entries = try await readers[0].list().entries
    var sound: [TableKind: String] = [:]
    for kind in Self.kinds {
      let tables = try await readers[0].load([entries[0], entries[2]], tables: [kind])
      sound[kind] = TableWriter(.csv).text(tables[kind])
    }
    self.sound = sound
  }

  /// Reads a file, and says what is wrong with how it was read; nil when nothing is.
  func complaint(_ kind: TableKind, _ bytes: [UInt8]) async throws -> String? {
    let path = RunDirectory(path: entries[1].path, files: []).file(of: kind)
    try Data(bytes).write(to: URL(filePath: path))
    var texts: [String] = []
    for (number, runs) in readers.enumerated() {
      let tables = try await runs.load(entries, tables: [kind])
      if tables.faults.isEmpty {
        texts.append(TableWriter(.csv).text(tables[kind]))
      } else if tables.faults.contains(where: { $0.run != 1 }) {
        return "a sound run has a fault: \(tables.faults)"
      } else if TableWriter(.csv).text(tables[kind]) != sound[kind] {
        return "the rows of sound runs changed"
      } else if number == 0 {
        // What is no JSON is none in windows either; their limits are others.
        texts.append("a fault: \(tables.faults[0].fault)")
      }
    }
    if texts.count == 2, texts[0].hasPrefix("a fault: ") {
      return "only in windows no fault: \(texts[0])\n\(texts[1])"
    }
    return Set(texts).count > 1 ? "tables differ:\n" + texts.joined(separator: "\n") : nil
  }
}
