import Magnet

/// Files that hold results: stores of magnet, and ProgressGym's result files.
package enum JudgeFile {
  /// The largest result file that is read.
  private static let largest = 1 << 30

  /// The pairs in a file of either kind.
  /// - Throws: `MagnetError` when it is neither, or is damaged.
  package static func pairs(in path: String) throws -> [JudgePair] {
    let bytes: [UInt8]
    do {
      if try Files.read(path, atMost: 16).starts(with: Array("SQLite format 3\0".utf8)) {
        return try JudgeStore(path, writing: false).all().map(\.pair)
      }
      bytes = try Files.read(path, atMost: largest)
    } catch let error as SystemError {
      throw MagnetError(.notFound, "cannot be read: \(error)", at: path)
    }
    return try ProgressGymFile.pairs(in: String(decoding: bytes, as: UTF8.self), path: path)
  }
}
