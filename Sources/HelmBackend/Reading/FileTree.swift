import Magnet

/// Folders and files that runs are read from, wherever they lie: paths below a folder that the tree was made for.
protocol FileTree: Sendable {
  /// What is in a folder, in order of the names' code points; nil when it cannot be read.
  func entries(_ folder: String) -> [FileSystem.Entry]?
  /// What identifies a folder whatever path leads to it; nil when it is not there.
  func identity(_ folder: String) -> FileSystem.Identity?
  /// A file's bytes; nil when it is not there.
  func stored(_ path: String) throws(RunFault) -> (any ByteStream)?
  /// How much may be inflated.
  var limits: InflateLimits { get }
}

extension FileTree {
  /// A file's bytes: those of the plain file, or else what `.gz` beside it inflates to.
  /// - Throws: `RunFault` when neither is there or can be read.
  func open(_ path: String) throws(RunFault) -> any ByteStream {
    if let file = try stored(path) { return file }
    if let file = try stored(path + ".gz") { return InflatedStream(gzip: file, limits: limits) }
    throw RunFault(
      file: path, problem: "the file is missing", advice: "the run failed, goes on, or was copied in part")
  }
}

/// The disk.
struct DiskTree: FileTree {
  var limits = InflateLimits.standard

  func entries(_ folder: String) -> [FileSystem.Entry]? { try? FileSystem.entries(folder) }

  func identity(_ folder: String) -> FileSystem.Identity? { FileSystem.identity(folder) }

  func stored(_ path: String) throws(RunFault) -> (any ByteStream)? {
    do { return FilePart(try SharedFile(path)) } catch {
      if error.isMissing { return nil }
      throw error.fault(path)
    }
  }
}
