import Magnet

/// An archive. Paths in it begin with its own path and an exclamation mark: `suite.zip!/runs/v1`.
struct ArchiveTree: FileTree {
  let archive: Archive
  /// Deeper than on the disk: an archive may have been made from far above.
  let depthLimit = 20

  var limits: InflateLimits { archive.limits }
  /// The path of the archive's top.
  var top: String { archive.path + "!" }

  private func name(_ path: String) -> String { String(path.dropFirst(top.count + 1)) }

  func entries(_ folder: String) -> [Files.Entry]? { archive.entries(name(folder)) }

  func identity(_ folder: String) -> FileStatus.Identity? {
    guard var identity = archive.identity, entries(folder) != nil else { return nil }
    identity.inside = "/" + name(folder)
    return identity
  }

  func stored(_ path: String) throws(DataFault) -> (any ByteStream)? { try archive.bytes(name(path)) }
}
