// Unsafe code, on these invariants: a DiskFile owns its descriptor, is not copied, and closes it when it goes; buffers
// handed to the system live during the call.

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A file open for writing or reading, and the few other calls to the system that writing needs.
struct DiskFile: ~Copyable, Sendable {
  enum Mode { case read, append, truncate }

  /// What identifies a file's contents without reading them.
  struct Stamp: Sendable, Hashable {
    let size: Int
    /// Nanoseconds since 1970.
    let modified: Int
  }

  private let descriptor: Int32

  init(_ path: String, _ mode: Mode) throws(FileError) {
    let flags =
      switch mode {
      case .read: O_RDONLY
      case .append: O_RDWR | O_CREAT | O_APPEND
      case .truncate: O_WRONLY | O_CREAT | O_TRUNC
      }
    descriptor = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o644)
    if descriptor < 0 { throw FileError(code: errno) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  var stamp: Stamp {
    var info = stat()
    fstat(descriptor, &info)
    return Stamp(info)
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var done = 0
    while done < bytes.count {
      #if canImport(Darwin)
        let count = Darwin.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      #else
        let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      #endif
      if count >= 0 {
        done += count
      } else if errno != EINTR {
        throw FileError(code: errno)
      }
    }
  }

  /// Writes bytes at a place; not in the mode `append`.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) {
    var done = 0
    while done < bytes.count {
      let count = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
      if count >= 0 {
        done += count
      } else if errno != EINTR {
        throw FileError(code: errno)
      }
    }
  }

  /// Hands on all bytes, piece by piece.
  func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { memory.deallocate() }
    while true {
      #if canImport(Darwin)
        let count = Darwin.read(descriptor, memory.baseAddress, memory.count)
      #else
        let count = Glibc.read(descriptor, memory.baseAddress, memory.count)
      #endif
      if count == 0 { return }
      if count > 0 {
        try body(UnsafeRawBufferPointer(rebasing: memory[..<count]))
      } else if errno != EINTR {
        throw FileError(code: errno)
      }
    }
  }

  /// Waits until the bytes are on the disk; file systems that cannot promise it are believed.
  func sync() throws(FileError) {
    if fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP { throw FileError(code: errno) }
  }

  /// Whether this process now holds the file's lock, which ends with the process.
  func lock() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 }

  static func stamp(_ path: String) -> Stamp? {
    var info = stat()
    guard lstat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return nil }
    return Stamp(info)
  }

  static func move(_ from: String, to: String) throws(FileError) {
    if rename(from, to) != 0 { throw FileError(code: errno) }
  }

  static func remove(_ path: String) { unlink(path) }

  /// Removes a folder and what is in it; links in it are removed, not followed.
  static func removeTree(_ path: String) {
    for entry in (try? FileSystem.entries(path)) ?? [] {
      let inner = path + "/" + entry.name
      if entry.isFolder, !entry.isLink { removeTree(inner) } else { unlink(inner) }
    }
    rmdir(path)
  }

  /// Waits until everything written is on the disk.
  static func syncAll() { systemSync() }

  static var processNumber: Int { Int(getpid()) }

  /// Makes a folder, and those it lies in, where they are not there.
  static func makeFolder(_ path: String) throws(FileError) {
    if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard errno == ENOENT, parts.count > 1 else { throw FileError(code: errno) }
    try makeFolder(parts.dropLast().joined(separator: "/"))
    if mkdir(path, 0o755) != 0, errno != EEXIST { throw FileError(code: errno) }
  }

  /// Bytes free for the user on the disk that holds a path, or will.
  static func freeSpace(_ path: String) -> Int? {
    var info = statvfs()
    var path = FileSystem.absolute(path)
    while statvfs(path, &info) != 0 {
      guard path != "/", let slash = path.lastIndex(of: "/") else { return nil }
      path = slash == path.startIndex ? "/" : String(path[..<slash])
    }
    return Int(info.f_bavail) * Int(info.f_frsize)
  }

  static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  static var secondsSince1970: Int { time(nil) }
}

private func systemSync() {
  #if canImport(Darwin)
    Darwin.sync()
  #else
    Glibc.sync()
  #endif
}

extension FileError {
  /// Whether nothing more can be written.
  var isDiskFull: Bool { [ENOSPC, EDQUOT].contains(code) }
}

extension DiskFile.Stamp {
  fileprivate init(_ info: stat) {
    #if canImport(Darwin)
      let time = info.st_mtimespec
    #else
      let time = info.st_mtim
    #endif
    self.init(size: Int(info.st_size), modified: time.tv_sec * 1_000_000_000 + time.tv_nsec)
  }
}

/// A text without the white space around it.
func trimmed(_ text: some StringProtocol) -> String {
  var rest = Substring(text)
  while rest.first?.isWhitespace == true { rest.removeFirst() }
  while rest.last?.isWhitespace == true { rest.removeLast() }
  return String(rest)
}
