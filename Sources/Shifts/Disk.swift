import Magnet

/// What this module does with files and folders beyond `Files`, with faults that name the path.
enum Disk {
  /// Whether the path itself is a folder, not a link to one.
  static func isOwnFolder(_ path: String) -> Bool { Files.status(path, followsLinks: false)?.kind == .folder }

  /// The last component of a path, whatever slashes it ends in.
  static func name(of path: String) -> String {
    Files.absolute(path).split(separator: "/").last.map(String.init) ?? ""
  }

  /// The folder that holds a path.
  static func parent(of path: String) -> String {
    "/" + Files.absolute(path).split(separator: "/").dropLast().joined(separator: "/")
  }

  /// The names in a folder, in order; none where it cannot be read.
  static func names(in folder: String) -> [String] { ((try? Files.entries(folder)) ?? []).map(\.name) }

  /// All files under a folder, by their paths in it, in order. Links are not followed.
  static func files(under folder: String, skipping skipped: Set<String> = []) -> [String] {
    var found: [String] = []
    func visit(_ part: String) {
      let entries = (try? Files.entries(part.isEmpty ? folder : folder + "/" + part)) ?? []
      for entry in entries where !skipped.contains(entry.name) {
        let path = part.isEmpty ? entry.name : part + "/" + entry.name
        if entry.isFolder, !entry.isLink { visit(path) } else { found.append(path) }
      }
    }
    visit("")
    return found
  }

  /// Size and time of the last change, as text for fingerprints.
  static func stamp(_ path: String) -> String? {
    Files.status(path).map { "\($0.stamp.size) \($0.stamp.modified)" }
  }

  /// Does something with a file, and names it in what fails.
  private static func naming<R>(_ path: String, _ verb: String, _ body: () throws -> R) throws -> R {
    do { return try body() } catch let error as SystemError {
      throw DataFault(path, "", "cannot be \(verb): \(error)")
    }
  }

  /// Reads a file block by block.
  /// - Parameter body: gets up to `blockSize` bytes at a time.
  static func read(_ path: String, blockSize: Int = 1 << 20, _ body: (ArraySlice<UInt8>) throws -> Void)
    throws
  {
    try naming(path, "read") {
      let file = try FileDescriptor(path, .read)
      guard let status = file.status, status.kind == .file else { throw DataFault(path, "", "is not a file") }
      var block = [UInt8](repeating: 0, count: min(blockSize, max(1, status.size + 1)))
      var offset = 0
      while true {
        let count = try unsafe block.withUnsafeMutableBytes { memory in
          try unsafe memory.baseAddress.map { try unsafe file.read($0, memory.count, at: offset) } ?? 0
        }
        if count == 0 { return }
        try body(block[..<count])
        offset += count
      }
    }
  }

  /// A whole file.
  static func read(_ path: String, atMost limit: Int = 1 << 30) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try read(path) { block in
      bytes += block
      if bytes.count > limit { throw DataFault(path, "", "is larger than \(limit >> 20) MB") }
    }
    return bytes
  }

  /// Makes a folder, and those it lies in, where they are missing.
  static func makeFolder(_ path: String) throws { try naming(path, "created") { try Files.makeFolder(path) } }

  /// Writes a file, and waits until it is on the disk.
  static func write(_ bytes: [UInt8], to path: String) throws {
    try naming(path, "written") {
      let file = try FileDescriptor(path, .truncate)
      try file.write(bytes)
      try file.sync()
    }
  }

  /// Copies a file, links followed, to a new one.
  static func copy(_ path: String, to target: String) throws {
    try naming(target, "written") {
      let copy = try FileDescriptor(target, .new)
      try read(path) { try copy.write(Array($0)) }
    }
  }

  /// Gives a file or folder another name; a file of that name is replaced.
  static func move(_ path: String, to target: String) throws {
    try naming(target, "written") { try Files.move(path, to: target) }
  }

  /// Removes a file, or a folder with all that is in it; links are removed, not followed.
  static func remove(_ path: String) {
    if isOwnFolder(path) { Files.removeTree(path) } else { Files.remove(path) }
  }

  /// Takes the lock of a file, which is made where it is missing; nil where another run has it. A process that is being
  /// started has a copy of a lock for a moment, so this tries for half a second.
  static func lock(_ path: String) throws -> FileLock? {
    try naming(path, "written") {
      let lock = FileLock(try FileDescriptor(path, .update))
      for attempt in 0..<25 {
        if attempt > 0 { ChildProcess.pause(milliseconds: 20) }
        if lock.take() { return lock }
      }
      return nil
    }
  }

}

/// A lock on a file, held until this goes.
final class FileLock: Sendable {
  private let file: FileDescriptor
  init(_ file: consuming FileDescriptor) { self.file = file }
  func take() -> Bool { file.lock() }
}
