import Foundation
@testable import Magnet

@testable import HelmBackend

/// Reads a file of a run that may hold anything, whole, in windows, in the plainest way, and between two runs that are
/// sound, and says what does not agree. Used by tests, and by Tests/Fuzz.
struct ReaderCheck {
  static let kinds: [TableSource] = [.stats, .perInstanceStats, .scenarioStates, .runSpecs]

  private let folder: String
  private let entries: [RunEntry]
  private let readers: [HelmRuns]
  private let sound: [TableSource: String]

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
    readers = [try reader(1 << 30, 1), try reader(80, 1), try reader(1000, 3)]
    entries = try await readers[0].list().entries
    var sound: [TableSource: String] = [:]
    for kind in Self.kinds {
      let tables = try await readers[0].load([entries[0], entries[2]], tables: [kind])
      sound[kind] = TableWriter(.csv).text(tables[kind])
    }
    self.sound = sound
  }

  /// Reads a file, and says what is wrong with how it was read; nil when nothing is.
  func complaint(_ kind: TableSource, _ bytes: [UInt8]) async throws -> String? {
    let path = RunDirectory(path: entries[1].path, files: []).file(of: kind)
    try Data(bytes).write(to: URL(filePath: path))
    let whole = try await readers[0].load([entries[1]], tables: [kind])
    if whole.faults.isEmpty {
      let plain = try PlainReader(kind, String(decoding: bytes, as: UTF8.self))
      if let difference = plain.difference(from: whole[kind]) { return difference }
    }
    let choice = bytes.reduce(0) { $0 &* 31 &+ Int($1) }
    let windows = try await readers[1 + choice & 1].load([entries[1]], tables: [kind])
    if windows.faults.isEmpty {
      if let fault = whole.faults.first { return "only in windows no fault: \(fault)" }
      let texts = [whole, windows].map { TableWriter(.csv).text($0[kind]) }
      if texts[0] != texts[1] { return "tables differ:\n" + texts.joined(separator: "\n") }
    }
    return choice & 6 == 0 ? try await complaintOfNeighbours(kind, isRead: whole.faults.isEmpty) : nil
  }

  private func complaintOfNeighbours(_ kind: TableSource, isRead: Bool) async throws -> String? {
    let tables = try await readers[0].load(entries, tables: [kind])
    if tables.faults.map(\.run) != (isRead ? [] : [1]) { return "faults beside others: \(tables.faults)" }
    let isSame = isRead || TableWriter(.csv).text(tables[kind]) == sound[kind]
    return isSame ? nil : "the rows of sound runs changed"
  }
}
