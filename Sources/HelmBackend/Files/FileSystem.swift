#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What the operating system said when a file could not be used.
struct FileError: Error {
  let code: Int32
  var description: String { String(cString: strerror(code)) }
  var isMissing: Bool { code == ENOENT || code == ENOTDIR }
}

/// The few calls to the operating system that reading needs. None of them writes.
enum FileSystem {
  enum Kind { case file, folder, missing }

  struct Entry: Hashable {
    let name: String
    let isFolder: Bool
    let isLink: Bool
  }

  /// What identifies a folder whatever path leads to it.
  struct Identity: Hashable {
    let device: UInt64
    let inode: UInt64
    /// The folder in the file, where that is an archive.
    var inside = ""
  }

  static func kind(_ path: String) -> Kind {
    var info = stat()
    guard stat(path, &info) == 0 else { return .missing }
    return info.st_mode & S_IFMT == S_IFDIR ? .folder : .file
  }

  static func identity(_ path: String) -> Identity? {
    var info = stat()
    guard stat(path, &info) == 0 else { return nil }
    return Identity(device: UInt64(info.st_dev), inode: UInt64(info.st_ino))
  }

  /// What is in a folder, in order of the names' code points; links are looked through.
  static func entries(_ path: String) throws(FileError) -> [Entry] {
    guard let folder = opendir(path) else { throw FileError(code: errno) }
    defer { closedir(folder) }
    var entries: [Entry] = []
    while let item = readdir(folder) {
      let name = withUnsafeBytes(of: &item.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name == "." || name == ".." { continue }
      let type = Int32(item.pointee.d_type)
      let isSure = type != Int32(DT_LNK) && type != Int32(DT_UNKNOWN)
      entries.append(
        Entry(
          name: name,
          isFolder: isSure ? type == Int32(DT_DIR) : kind(path + "/" + name) == .folder,
          isLink: type == Int32(DT_LNK)))
    }
    return entries.sorted { codePointOrder($0.name, $1.name) }
  }

  /// The absolute form of a path, without `.` and `..`; links stay.
  static func absolute(_ path: String) -> String {
    var parts: [Substring] = []
    var full = path
    if !path.hasPrefix("/"), let folder = getcwd(nil, 0) {
      full = String(cString: folder) + "/" + path
      free(folder)
    }
    for part in full.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  /// The paths that match a pattern of the shell: `*`, `?`, `[...]`.
  static func matches(_ pattern: String) -> [String] {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(pattern, GLOB_NOSORT, nil, &found) == 0 else { return [] }
    return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
  }

  /// Whether a name matches a pattern of the shell.
  static func matches(_ name: String, _ pattern: String) -> Bool { fnmatch(pattern, name, FNM_PERIOD) == 0 }

  static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}

/// A file open for reading; closed when it goes.
struct OpenFile: ~Copyable, Sendable {
  private let descriptor: Int32
  let size: Int
  private let modified: timespec

  init(_ path: String) throws(FileError) {
    // Without O_NONBLOCK, a pipe would be waited for.
    #if canImport(Darwin)
      descriptor = Darwin.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    #else
      descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    #endif
    var info = stat()
    guard descriptor >= 0, fstat(descriptor, &info) == 0 else {
      size = 0
      modified = timespec()
      throw FileError(code: errno)
    }
    size = Int(info.st_size)
    modified = Self.modified(info)
    if info.st_mode & S_IFMT == S_IFDIR { throw FileError(code: EISDIR) }
  }

  private static func modified(_ info: stat) -> timespec {
    #if canImport(Darwin)
      info.st_mtimespec
    #else
      info.st_mtim
    #endif
  }

  /// Whether the file was written since it was opened, as far as its size and date tell.
  var hasChanged: Bool {
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { return true }
    let now = Self.modified(info)
    return Int(info.st_size) != size || now.tv_sec != modified.tv_sec || now.tv_nsec != modified.tv_nsec
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Reads `count` bytes from `offset` on, or those up to the file's end; returns how many.
  func read(_ memory: UnsafeMutableRawPointer, _ count: Int, at offset: Int) throws(FileError) -> Int {
    var filled = 0
    while filled < count {
      let taken = pread(descriptor, memory + filled, count - filled, off_t(offset + filled))
      if taken == 0 { break }
      if taken > 0 {
        filled += taken
      } else if errno != EINTR {
        throw FileError(code: errno)
      }
    }
    return filled
  }
}

/// Whether `a` comes before `b` in the order of their code points, Python's.
func codePointOrder(_ a: String, _ b: String) -> Bool {
  let order = a.utf8.withContiguousStorageIfAvailable { a in
    b.utf8.withContiguousStorageIfAvailable { b in
      let order = memcmp(a.baseAddress!, b.baseAddress!, min(a.count, b.count))
      return order == 0 ? a.count < b.count : order < 0
    }
  }
  return order.flatMap { $0 } ?? a.utf8.lexicographicallyPrecedes(b.utf8)
}

/// Whether path `a` comes before `b`: folder by folder, in the order of code points.
func pathOrder(_ a: String, _ b: String) -> Bool {
  // A name that ends comes before one that goes on, so the slash is below all other bytes.
  func rank(_ byte: UInt8) -> UInt8 { byte == UInt8(ascii: "/") ? 0 : byte }
  return a.utf8.lexicographicallyPrecedes(b.utf8) { rank($0) < rank($1) }
}
