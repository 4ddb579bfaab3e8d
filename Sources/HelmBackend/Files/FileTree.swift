import Magnet

/// Folders and files that runs are read from, wherever they lie: paths below a folder that the tree was made for.
protocol FileTree: Sendable {
  /// What is in a folder, in order of the names' code points; nil when it cannot be read.
  func entries(_ folder: String) -> [Files.Entry]?
  /// What identifies a folder whatever path leads to it; nil when it is not there.
  func identity(_ folder: String) -> FileStatus.Identity?
  /// A file's bytes; nil when it is not there.
  func stored(_ path: String) throws(DataFault) -> (any ByteStream)?
  /// Whether a list that was made once the file was complete has it, and not as an empty one.
  func isListedWhole(_ path: String) -> Bool
  /// How much may be inflated.
  var limits: InflateLimits { get }
  /// How many folders deep runs are looked for.
  var depthLimit: Int { get }
}

extension FileTree {
  func isListedWhole(_ path: String) -> Bool { false }

  /// A file's bytes: those of the plain file, or else what `.gz` beside it inflates to.
  /// - Throws: `DataFault` when neither is there or can be read.
  func open(_ path: String) throws(DataFault) -> any ByteStream {
    if let file = try stored(path) {
      if let size = file.size, size < 1024, let text = try file.tail(size),
        let fault = DataFault.gitPointer(path, text)
      {
        throw fault
      }
      return file
    }
    if let file = try stored(path + ".gz") { return InflatedStream(gzip: file, limits: limits) }
    let others: [(path: String, advice: String)] = [
      (path + ".xz", "unpack it with xz -d"), (path + ".bz2", "unpack it with bunzip2"),
      (path + ".zst", "unpack it with zstd -d"),
      (path.replacing(".json", with: "_slim.json"), "it is shortened; download the whole one"),
    ]
    for other in others where try stored(other.path) != nil {
      throw DataFault(
        file: path, problem: "the file is missing", advice: "\(other.path) is there: \(other.advice)")
    }
    throw DataFault(
      file: path, problem: "the file is missing",
      advice: "the run failed, is still running, or was copied only partly")
  }
}

/// The disk.
struct DiskTree: FileTree {
  var limits = InflateLimits.standard
  /// DIR/benchmark/benchmark_output/runs/suite/run.
  let depthLimit = 5

  func entries(_ folder: String) -> [Files.Entry]? { try? Files.entries(folder) }

  func identity(_ folder: String) -> FileStatus.Identity? { Files.status(folder)?.identity }

  func stored(_ path: String) throws(DataFault) -> (any ByteStream)? {
    do { return FilePart(try SharedFile(path)) } catch {
      if error.isMissing { return nil }
      throw error.fault(path)
    }
  }
}
