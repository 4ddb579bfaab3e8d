// Unsafe code, on these invariants: a FileDescriptor owns its number, is not copied, and closes it once; buffers handed to
// the system live during the call.

import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// An open file, closed when it goes out of scope.
///
/// Calls that a signal interrupts are repeated, and calls that transfer a part of the bytes are continued. (swift-system
/// has the same four loops; it lacks rename, mkdir, readdir, flock, fsync and typed errors, which are most of this room.)
package struct FileDescriptor: ~Copyable, Sendable {
  package enum Mode: Sendable {
    /// Reads; never waits for the writer of a pipe.
    case read
    /// Reads; a symbolic link is an error.
    case readNoFollow
    /// Reads and appends, in a file that is created if missing.
    case append
    /// Writes from the beginning, in a file that is created if missing and emptied.
    case truncate
    /// Writes a file that does not exist yet, for this user alone.
    case new
    /// Writes to what exists: a device or a pipe.
    case existing
    /// Reads and writes, in a file that is created if missing. Links are followed.
    case update
  }

  private let number: Int32
  private let isOwned: Bool
  /// Whether the file's lock was taken through this.
  private let isLocked = Atomic(false)

  /// - Throws: `SystemError`.
  package init(_ path: String, _ mode: Mode) throws(SystemError) {
    let flags =
      switch mode {
      case .read: O_RDONLY | O_NONBLOCK
      case .readNoFollow: O_RDONLY | O_NONBLOCK | O_NOFOLLOW
      case .append: O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW
      case .truncate: O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW
      case .new: O_WRONLY | O_CREAT | O_EXCL
      case .existing: O_WRONLY
      case .update: O_RDWR | O_CREAT
      }
    number = unsafe open(path, flags | O_CLOEXEC, mode == .new ? 0o600 : 0o644)
    isOwned = number >= 0
    if number < 0 { throw .last }
  }

  private init(borrowing number: Int32) {
    self.number = number
    isOwned = false
  }

  /// The process's standard input; not closed.
  package static var standardInput: FileDescriptor { FileDescriptor(borrowing: STDIN_FILENO) }
  /// The process's standard output; not closed.
  package static var standardOutput: FileDescriptor { FileDescriptor(borrowing: STDOUT_FILENO) }
  /// The process's standard error; not closed.
  package static var standardError: FileDescriptor { FileDescriptor(borrowing: STDERR_FILENO) }

  deinit {
    guard isOwned else { return }
    // A child that is being started holds a copy until it executes its program, and with it the lock.
    if isLocked.load(ordering: .relaxed) { flock(number, LOCK_UN) }
    close(number)
  }

  /// What the file is, and its size and date.
  package var status: FileStatus? {
    var info = stat()
    return unsafe fstat(number, &info) == 0 ? FileStatus(info) : nil
  }

  /// What lies at a path that begins in this folder; links are followed.
  /// - Parameter path: ends with a zero.
  package func status(of path: [CChar]) -> FileStatus? {
    guard path.last == 0 else { return nil }
    var info = stat()
    return unsafe fstatat(number, path, &info, 0) == 0 ? FileStatus(info) : nil
  }

  /// Reads `count` bytes from `offset` on, or those up to the file's end; returns how many.
  package func read(_ memory: UnsafeMutableRawPointer, _ count: Int, at offset: Int) throws(SystemError)
    -> Int
  {
    try transferred(count) { unsafe pread(number, memory + $0, count - $0, off_t(offset + $0)) }
  }

  /// Hands on all bytes, piece by piece; each is valid inside the call only.
  package func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
    defer { unsafe memory.deallocate() }
    while true {
      let count = unsafe posixRead(number, memory.baseAddress, memory.count)
      if count == 0 { return }
      if count > 0 {
        try unsafe body(UnsafeRawBufferPointer(rebasing: memory[..<count]))
      } else if errno != EINTR {
        throw SystemError.last
      }
    }
  }

  /// All bytes up to the end.
  package func readAll() throws -> [UInt8] {
    var bytes: [UInt8] = []
    try unsafe forEachPiece { unsafe bytes += $0 }
    return bytes
  }

  /// Writes all bytes.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
    _ = try transferred(bytes.count) {
      unsafe posixWrite(number, bytes.baseAddress?.advanced(by: $0), bytes.count - $0)
    }
  }

  /// Writes all bytes.
  package func write(_ bytes: [UInt8]) throws(SystemError) {
    let result = unsafe bytes.withUnsafeBytes { bytes in
      Result { () throws(SystemError) in try unsafe write(bytes) }
    }
    try result.get()
  }

  /// Writes all bytes at a place; not in the mode `append`.
  package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) {
    _ = try transferred(bytes.count) {
      unsafe pwrite(number, bytes.baseAddress?.advanced(by: $0), bytes.count - $0, off_t(offset + $0))
    }
  }

  /// Drops what lies past a place, and continues to write there.
  package func truncate(at place: Int) throws(SystemError) {
    guard ftruncate(number, off_t(place)) == 0, lseek(number, off_t(place), SEEK_SET) >= 0 else {
      throw .last
    }
  }

  /// Waits until the bytes are on the disk. File systems that cannot promise it are believed.
  package func sync() throws(SystemError) {
    if fsync(number) != 0, errno != EINVAL, errno != ENOTSUP { throw .last }
  }

  /// The first `count` bytes as memory that only `munmap` gives back; nil where the system does not give them.
  func mapped(_ count: Int) -> UnsafeRawPointer? {
    let start = unsafe mmap(nil, count, PROT_READ, MAP_SHARED, number, 0)
    return unsafe start == MAP_FAILED ? nil : start.map { UnsafeRawPointer($0) }
  }

  /// Whether this process now holds the file's lock, which ends with the descriptor or the process.
  package func lock() -> Bool {
    guard flock(number, LOCK_EX | LOCK_NB) == 0 else { return false }
    isLocked.store(true, ordering: .relaxed)
    return true
  }

  /// Repeats a call until `count` bytes are transferred or none are left; returns how many were.
  private func transferred(_ count: Int, _ call: (_ done: Int) -> Int) throws(SystemError) -> Int {
    var done = 0
    while done < count {
      let taken = call(done)
      if taken == 0 { break }
      if taken > 0 {
        done += taken
      } else if errno != EINTR {
        throw .last
      }
    }
    return done
  }
}

// Outside the type, whose methods have the same names.
private func posixRead(_ file: Int32, _ memory: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  unsafe read(file, memory, count)
}

private func posixWrite(_ file: Int32, _ memory: UnsafeRawPointer?, _ count: Int) -> Int {
  unsafe write(file, memory, count)
}

/// What a file is, and what tells its contents from other contents without reading them.
package struct FileStatus: Sendable {
  package enum Kind: Sendable { case file, folder, link, other }

  /// What identifies a file's contents without reading them.
  package struct Stamp: Sendable, Hashable {
    /// Bytes.
    package let size: Int
    /// Nanoseconds since 1970.
    package let modified: Int

    package init(size: Int, modified: Int) {
      self.size = size
      self.modified = modified
    }
  }

  /// What identifies a file or folder whatever path leads to it.
  package struct Identity: Sendable, Hashable {
    package let device: UInt64
    package let inode: UInt64
    /// The folder in the file, where that is an archive.
    package var inside = ""

    package init(device: UInt64, inode: UInt64, inside: String = "") {
      self.device = device
      self.inode = inode
      self.inside = inside
    }
  }

  /// Which file it is and which of its contents: what changes with every change of the file, if its clock went on.
  package struct Version: Sendable, Hashable {
    package let device: UInt64
    package let inode: UInt64
    /// Bytes.
    package let size: Int
    /// Nanoseconds since 1970 of the last change of the contents, which programs may set.
    package let modified: Int
    /// Nanoseconds since 1970 of the last change of any kind, which programs cannot set.
    package let changed: Int

    package init(device: UInt64, inode: UInt64, size: Int, modified: Int, changed: Int) {
      self.device = device
      self.inode = inode
      self.size = size
      self.modified = modified
      self.changed = changed
    }

    /// What identifies the file whatever is in it.
    package var identity: Identity { Identity(device: device, inode: inode) }

    /// Whether a change after `time` is sure to show: the last one was so long before it that the file system's clock
    /// has gone on. Some count whole seconds, or two at once.
    package func isSettled(at time: Int) -> Bool {
      let isFine = changed % 1_000_000 != 0
      return max(modified, changed) < time - (isFine ? 1_000_000_000 : 3_000_000_000)
    }
  }

  package let kind: Kind
  package let stamp: Stamp
  package let version: Version
  package let identity: Identity
  private let owner: uid_t

  /// Whether this user owns it.
  package var isOwn: Bool { owner == geteuid() }

  package var size: Int { stamp.size }

  init(_ info: stat) {
    kind =
      switch info.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .folder
      case S_IFLNK: .link
      default: .other
      }
    #if canImport(Darwin)
      let (time, change) = (info.st_mtimespec, info.st_ctimespec)
    #else
      let (time, change) = (info.st_mtim, info.st_ctim)
    #endif
    stamp = Stamp(size: Int(info.st_size), modified: time.tv_sec * 1_000_000_000 + time.tv_nsec)
    owner = info.st_uid
    identity = Identity(device: UInt64(info.st_dev), inode: UInt64(info.st_ino))
    version = Version(
      device: identity.device, inode: identity.inode, size: stamp.size, modified: stamp.modified,
      changed: change.tv_sec * 1_000_000_000 + change.tv_nsec)
  }
}
