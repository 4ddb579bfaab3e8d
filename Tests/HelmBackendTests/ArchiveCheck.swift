import Foundation
@testable import Magnet

@testable import HelmBackend

/// Opens an archive that may hold anything, reads and unpacks all of it, and says what should not have happened. Used
/// by tests, and by Tests/Fuzz. What must not happen besides: crashing, hanging, and writing elsewhere.
struct ArchiveCheck {
  /// As much as may come out of an archive here.
  static let limits = InflateLimits(bytes: 1 << 20)

  private let folder: String

  /// - Parameter folder: an empty folder to write in.
  init(folder: String) { self.folder = folder }

  /// Reads an archive, and says what is wrong with how it was read; nil when nothing is.
  func complaint(_ bytes: [UInt8]) throws -> String? {
    let path = folder + "/x.archive"
    try Data(bytes).write(to: URL(filePath: path))
    let archive = try? Archive(path, limits: Self.limits)
    var read = 0
    var isSound = archive != nil && archive?.fault == nil
    for entry in archive?.entries ?? [] {
      let parts = entry.name.split(separator: "/", omittingEmptySubsequences: false)
      if parts.contains("") || parts.contains(".") || parts.contains("..") {
        return "an entry has the name \(entry.name.debugDescription)"
      }
      if entry.isFolder { continue }
      let count = archive.flatMap { Self.size(of: entry, in: $0) }
      if let count, count != entry.size { return "\(count) bytes came of an entry of \(entry.size)" }
      isSound = isSound && count != nil
      read += count ?? 0
    }
    if read > max(Self.limits.bytes, bytes.count) { return "\(read) bytes came out" }

    let target = folder + "/out"
    if let outcome = try? unpackArchive(path, to: target, limits: Self.limits).outcome {
      if !isSound { return "what is not sound was unpacked" }
      if outcome.bytes != read { return "\(outcome.bytes) bytes were unpacked of \(read)" }
      try FileManager.default.removeItem(atPath: target)
    }
    let left = try FileManager.default.contentsOfDirectory(atPath: folder)
    if left != ["x.archive"] { return "\(left) are there" }
    // And as runs: whatever is in it, the reader says so or reads it.
    _ = try? HelmRuns(paths: [path], limits: Self.limits)
    return nil
  }

  /// How many bytes come of an entry; nil when it is faulty.
  private static func size(of entry: ArchiveEntry, in archive: Archive) -> Int? {
    guard let stream = (try? archive.bytes(entry.name)) ?? nil else { return nil }
    var count = 0
    do { try stream.forEachPiece { count += $0.count } } catch { return nil }
    return count
  }
}
