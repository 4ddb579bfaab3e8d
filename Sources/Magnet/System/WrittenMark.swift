#if canImport(Darwin)
  import Darwin
#else
  import CSpawn
  import Glibc
#endif

/// Remembers which files magnet wrote, so that writing them again needs no permission and other files do.
///
/// The mark is an extended attribute of the file with its size and time of change: whoever edits the file afterwards
/// makes it theirs. Where a file system has no such attributes, no file counts as written by magnet.
package enum WrittenMark {
  private static let name = "user.magnet.written"

  /// Marks a file that was written to its end. A file system without attributes is not an error.
  package static func set(_ path: String) {
    guard let value = state(path) else { return }
    #if canImport(Darwin)
      _ = value.withCString { setxattr(path, name, $0, strlen($0), 0, 0) }
    #else
      _ = unsafe value.withCString { unsafe setxattr(path, name, $0, strlen($0), 0) }
    #endif
  }

  /// Whether magnet wrote the file and nobody changed it since.
  package static func isSet(_ path: String) -> Bool {
    var value = [UInt8](repeating: 0, count: 80)
    #if canImport(Darwin)
      let count = getxattr(path, name, &value, value.count, 0, 0)
    #else
      let count = unsafe getxattr(path, name, &value, value.count)
    #endif
    return count > 0 && String(decoding: value.prefix(count), as: UTF8.self) == state(path)
  }

  private static func state(_ path: String) -> String? {
    guard let status = Files.status(path), status.kind == .file else { return nil }
    return "\(status.size) \(status.stamp.modified)"
  }
}
