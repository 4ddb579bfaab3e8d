// Unsafe code, on these invariants: C strings and entries that the system hands out are copied before the next call.

#if canImport(Darwin)
  import Darwin
#else
  import CSpawn
  import Glibc
#endif
import Synchronization

/// The locks of this process's temporary folders: they tell other processes that the folders are in use.
private let temporaryLocks = Mutex<[String: FolderLock]>([:])

private final class FolderLock: Sendable {
  private let file: FileDescriptor

  init?(_ path: String) {
    do { file = try FileDescriptor(path, .readNoFollow) } catch { return nil }
    _ = file.lock()
  }
}

/// Files and folders by their paths.
package enum Files {
  // MARK: What there is

  /// What lies at a path; nil when there is nothing, or it cannot be seen.
  /// - Parameter followsLinks: whether a symbolic link is what it leads to.
  package static func status(_ path: String, followsLinks: Bool = true) -> FileStatus? {
    var info = stat()
    return unsafe (followsLinks ? stat(path, &info) : lstat(path, &info)) == 0 ? FileStatus(info) : nil
  }

  package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
  package static func isFile(_ path: String) -> Bool { status(path)?.kind == .file }
  package static func isFolder(_ path: String) -> Bool { status(path)?.kind == .folder }
  package static func isExecutable(_ path: String) -> Bool { unsafe isFile(path) && access(path, X_OK) == 0 }

  /// How far the times and inodes of a file system tell one content of a file from another.
  package enum Trust: Sendable {
    /// They change with every change, at once.
    case local
    /// They do by a server's clock, and are asked for again when a file is opened.
    case network
    /// Programs may set them all, or nobody knows.
    case none
  }

  /// How far the file system that a path lies in is trusted.
  package static func trust(_ path: String) -> Trust {
    var info = statfs()
    guard unsafe statfs(path, &info) == 0 else { return .none }
    #if canImport(Darwin)
      let name = withUnsafeBytes(of: &info.f_fstypename) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      return name == "apfs" || name == "hfs" ? .local : name == "nfs" ? .network : .none
    #else
      switch UInt32(truncatingIfNeeded: info.f_type) {
      // ext2 to ext4, XFS, Btrfs, tmpfs, ramfs, overlayfs, ZFS, F2FS, bcachefs; SquashFS, EROFS and ISO 9660, which are
      // never written.
      case 0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x8584_58F6, 0x794C_7630, 0x2FC1_2FC1, 0xF2F5_2010,
        0xCA45_1A4E, 0x7371_7368, 0xE0F5_E1E2, 0x9660:
        return .local
      // NFS, Lustre, Ceph, GPFS.
      case 0x6969, 0x0BD0_0BD0, 0x00C3_6400, 0x4750_4653: return .network
      default: return .none
      }
    #endif
  }

  /// What identifies the contents of a regular file; nil for anything else, links included.
  package static func stamp(_ path: String) -> FileStatus.Stamp? {
    status(path, followsLinks: false).flatMap { $0.kind == .file ? $0.stamp : nil }
  }

  /// One thing in a folder.
  package struct Entry: Sendable, Hashable {
    package let name: String
    /// Whether it is a folder, or a link to one.
    package let isFolder: Bool
    package let isLink: Bool

    package init(name: String, isFolder: Bool, isLink: Bool) {
      self.name = name
      self.isFolder = isFolder
      self.isLink = isLink
    }
  }

  /// What is in a folder, in the order of the names' code points.
  package static func entries(_ path: String) throws(SystemError) -> [Entry] {
    guard let folder = unsafe opendir(path) else { throw .last }
    defer { unsafe closedir(folder) }
    var entries: [Entry] = []
    while let item = unsafe readdir(folder) {
      let name = unsafe withUnsafeBytes(of: &item.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name == "." || name == ".." { continue }
      let type = unsafe Int32(item.pointee.d_type)
      let isSure = type != Int32(DT_LNK) && type != Int32(DT_UNKNOWN)
      entries.append(
        Entry(
          name: name, isFolder: isSure ? type == Int32(DT_DIR) : isFolder(path + "/" + name),
          isLink: type == Int32(DT_LNK)))
    }
    return entries.sorted { codePointOrder($0.name, $1.name) }
  }

  /// The paths that match a pattern of the shell: `*`, `?`, `[...]`.
  package static func matches(_ pattern: String) -> [String] {
    var found = unsafe glob_t()
    defer { unsafe globfree(&found) }
    guard unsafe glob(pattern, GLOB_NOSORT, nil, &found) == 0 else { return [] }
    return unsafe (0..<Int(found.gl_pathc)).compactMap {
      unsafe found.gl_pathv[$0].map { unsafe String(cString: $0) }
    }
  }

  /// Whether a name matches a pattern of the shell.
  package static func matches(_ name: String, _ pattern: String) -> Bool {
    unsafe fnmatch(pattern, name, FNM_PERIOD) == 0
  }

  /// A regular file's bytes, at most so many. Links are not followed, and nothing waits for a pipe's writer.
  package static func read(_ path: String, atMost limit: Int) throws(SystemError) -> [UInt8] {
    let file = try FileDescriptor(path, .readNoFollow)
    guard let status = file.status, status.kind == .file else { throw .isNotAFile }
    var bytes = [UInt8](repeating: 0, count: min(limit, status.size))
    let result = unsafe bytes.withUnsafeMutableBytes { memory in
      Result { () throws(SystemError) in
        try unsafe memory.baseAddress.map { start throws(SystemError) in
          try unsafe file.read(start, memory.count, at: 0)
        }
          ?? 0
      }
    }
    return Array(bytes.prefix(try result.get()))
  }

  /// The SHA-256 of a file's bytes, in hexadecimal digits.
  package static func sha256(_ path: String) throws -> String {
    var hash = SHA256()
    try unsafe FileDescriptor(path, .readNoFollow).forEachPiece { unsafe hash.update($0) }
    return hash.finish()
  }

  // MARK: Changes

  /// Makes a folder, and those it lies in, where they do not exist.
  package static func makeFolder(_ path: String) throws(SystemError) {
    if unsafe mkdir(path, 0o755) == 0 || errno == EEXIST { return }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard errno == ENOENT, parts.count > 1 else { throw .last }
    try makeFolder(parts.dropLast().joined(separator: "/"))
    if unsafe mkdir(path, 0o755) != 0, errno != EEXIST { throw .last }
  }

  /// Makes a folder that does not exist yet.
  package static func makeNewFolder(_ path: String, isPrivate: Bool = false) throws(SystemError) {
    guard unsafe mkdir(path, isPrivate ? 0o700 : 0o755) == 0 else { throw .last }
  }

  /// Makes a folder for temporary files that nobody else can look into.
  package static func makeTemporaryFolder(_ prefix: String) throws(SystemError) -> String {
    var name = Array("\(temporaryFolder)/\(prefix)-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&name) != nil else { throw .last }
    let path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let lock = FolderLock(path)
    temporaryLocks.withLock { $0[path] = lock }
    return path
  }

  /// Says that a temporary folder of this process is no longer in use.
  package static func releaseTemporaryFolder(_ path: String) { temporaryLocks.withLock { $0[path] = nil } }

  /// Removes temporary folders of a prefix that processes which were killed left behind: nobody has locked them, and
  /// they are older than a minute, so that none is in the making.
  package static func removeStaleTemporaryFolders(_ prefix: String) {
    let parent = temporaryFolder
    let limit = (WallClock.secondsSince1970 - 60) * 1_000_000_000
    for entry in (try? entries(parent)) ?? [] where entry.name.hasPrefix(prefix + "-") {
      let path = parent + "/" + entry.name
      guard let status = status(path, followsLinks: false), status.kind == .folder, status.isOwn,
        status.stamp.modified < limit, let file = try? FileDescriptor(path, .readNoFollow), file.lock()
      else { continue }
      removeTree(path)
    }
  }

  /// Writes a new file, for this user alone.
  package static func writeNew(_ path: String, _ body: (([UInt8]) throws -> Void) throws -> Void) throws {
    let file = try FileDescriptor(path, .new)
    try body { try file.write($0) }
  }

  /// Copies a file to a new one. A link is an error.
  package static func copy(_ path: String, to target: String) throws {
    let file = try FileDescriptor(path, .readNoFollow)
    let copy = try FileDescriptor(target, .new)
    try unsafe file.forEachPiece { try unsafe copy.write($0) }
  }

  /// Why a file cannot be written at a path, as far as its folder tells; nil where nothing stands in the way.
  package static func obstacle(toWriting path: String) -> SystemError? {
    let isReplaced = !exists(path) || isFile(path)
    let place = isReplaced ? folder(of: path) + "/." : path
    return unsafe access(place, isReplaced ? W_OK | X_OK : W_OK) == 0 ? nil : .last
  }

  package static func move(_ from: String, to: String) throws(SystemError) {
    if unsafe rename(from, to) != 0 { throw .last }
  }

  /// Makes a symbolic link to a path.
  package static func link(_ path: String, to target: String) throws(SystemError) {
    if unsafe symlink(target, path) != 0 { throw .last }
  }

  /// Removes a file or link, if there is one.
  package static func remove(_ path: String) { unsafe unlink(path) }

  /// Removes a folder and what is in it. Links in it are removed, not followed.
  package static func removeTree(_ path: String) {
    for entry in (try? entries(path)) ?? [] {
      let inner = path + "/" + entry.name
      if entry.isFolder, !entry.isLink { removeTree(inner) } else { unsafe unlink(inner) }
    }
    unsafe rmdir(path)
  }

  /// Waits until everything written is on the disk.
  package static func syncAll() { sync() }

  /// Bytes free for the user on the disk that holds a path, or will.
  package static func freeSpace(_ path: String) -> Int? {
    var info = statvfs()
    var path = absolute(path)
    while unsafe statvfs(path, &info) != 0 {
      if path == "/" { return nil }
      path = folder(of: path)
    }
    return Int(info.f_bavail) * Int(info.f_frsize)
  }

  // MARK: Paths

  /// The current folder.
  package static var current: String { unsafe copied(getcwd(nil, 0)) ?? "/" }

  /// The folder for temporary files, with all links followed.
  package static var temporaryFolder: String {
    let path = Environment.nonEmpty("TMPDIR") ?? "/tmp"
    return realPath(path) ?? path
  }

  /// A path from the root, without `.` and `..`; links stay.
  package static func absolute(_ path: String) -> String {
    var parts: [Substring] = []
    let isAbsolute = path.utf8.first == UInt8(ascii: "/")
    for part in Self.parts(of: isAbsolute ? path : current + "/" + path) where !part.isEmpty && part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  /// What stands between the slashes of a path. Slashes are looked for among the bytes, as the system does: to String,
  /// a slash and a combining mark behind it are one character, which is not a slash.
  package static func parts(of path: String) -> [Substring] {
    path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { Substring($0) }
  }

  /// Whether a text is the name of one file or folder, which leads nowhere else: not empty, `.` or `..`, without slashes
  /// and NUL bytes.
  package static func isName(_ text: some StringProtocol) -> Bool {
    !text.isEmpty && text != "." && text != ".." && !text.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
  }

  /// The folder that a path lies in, by its text: "." for a bare name.
  package static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The path with all links followed; nil when there is nothing.
  package static func realPath(_ path: String) -> String? { unsafe copied(realpath(path, nil)) }

  /// Where a link leads; nil for anything else.
  package static func linkTarget(_ path: String) -> String? {
    var bytes = [CChar](repeating: 0, count: 4096)
    let count = unsafe readlink(path, &bytes, bytes.count)
    return count < 0 ? nil : String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func copied(_ text: UnsafeMutablePointer<CChar>?) -> String? {
    unsafe text.map { text in
      defer { unsafe free(text) }
      return unsafe String(cString: text)
    }
  }
}
