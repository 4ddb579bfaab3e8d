// The one file of this module that calls the operating system.
import Magnet

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Files and folders of this module.
enum Disk {
  /// What the operating system said last.
  private static var lastError: String { String(cString: strerror(errno)) }

  private static func mode(_ path: String) -> mode_t? {
    var info = stat()
    return stat(path, &info) == 0 ? info.st_mode & S_IFMT : nil
  }

  static func isFile(_ path: String) -> Bool { mode(path) == S_IFREG }
  static func isFolder(_ path: String) -> Bool { mode(path) == S_IFDIR }
  /// Whether the path itself is a folder, not a link to one.
  static func isOwnFolder(_ path: String) -> Bool {
    var info = stat()
    return lstat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
  }
  static func exists(_ path: String) -> Bool { mode(path) != nil }
  static func isExecutable(_ path: String) -> Bool { isFile(path) && access(path, X_OK) == 0 }

  /// The path from the root without `.`, `..` and a slash at the end; links stay.
  static func fullPath(_ path: String) -> String {
    var start = ""
    if !path.hasPrefix("/"), let here = getcwd(nil, 0) {
      start = String(cString: here) + "/"
      free(here)
    }
    var parts: [Substring] = []
    for part in (start + path).split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  /// The last component of a path, whatever slashes it ends in.
  static func name(of path: String) -> String {
    fullPath(path).split(separator: "/").last.map(String.init) ?? ""
  }

  /// The folder that holds a path.
  static func parent(of path: String) -> String {
    let parts = fullPath(path).split(separator: "/").dropLast()
    return "/" + parts.joined(separator: "/")
  }

  /// The names in a folder, in order; none where it cannot be read.
  static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let item = readdir(stream) {
      let name = withUnsafeBytes(of: &item.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// All files under a folder, by their paths in it, in order. Links are not followed.
  static func files(under folder: String, skipping skipped: Set<String> = []) -> [String] {
    var found: [String] = []
    func visit(_ part: String) {
      for name in names(in: part.isEmpty ? folder : folder + "/" + part) where !skipped.contains(name) {
        let path = part.isEmpty ? name : part + "/" + name
        var info = stat()
        guard lstat(folder + "/" + path, &info) == 0 else { continue }
        if info.st_mode & S_IFMT == S_IFDIR { visit(path) } else { found.append(path) }
      }
    }
    visit("")
    return found
  }

  /// Size and time of the last change, as text for fingerprints.
  static func stamp(_ path: String) -> String? {
    var info = stat()
    guard stat(path, &info) == 0 else { return nil }
    #if canImport(Darwin)
      let time = info.st_mtimespec
    #else
      let time = info.st_mtim
    #endif
    return "\(info.st_size) \(time.tv_sec).\(time.tv_nsec)"
  }

  /// Reads a file block by block.
  /// - Parameter body: gets up to 1 MB at a time.
  static func read(_ path: String, blockSize: Int = 1 << 20, _ body: (ArraySlice<UInt8>) throws -> Void)
    throws
  {
    let file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else { throw DataFault(path, "", "cannot be read: \(lastError)") }
    defer { close(file) }
    var info = stat()
    guard fstat(file, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
      throw DataFault(path, "", "is not a file")
    }
    var block = [UInt8](repeating: 0, count: min(blockSize, max(1, Int(info.st_size) + 1)))
    while true {
      let count = block.withUnsafeMutableBytes { posixRead(file, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw DataFault(path, "", "cannot be read: \(lastError)")
      }
      if count == 0 { return }
      try body(block[..<count])
    }
  }

  /// A whole file.
  static func read(_ path: String, atMost limit: Int = 1 << 30) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try read(path) { block in
      bytes += block
      if bytes.count > limit {
        throw DataFault(path, "", "is larger than \(limit >> 20) MB")
      }
    }
    return bytes
  }

  /// Makes a folder, and those it lies in, where they are missing.
  static func makeFolder(_ path: String) throws {
    if isFolder(path) { return }
    let above = parent(of: path)
    if above != fullPath(path) { try makeFolder(above) }
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
      throw DataFault(path, "", "cannot be created: \(lastError)")
    }
  }

  /// Writes a new file, and waits until it is on the disk.
  static func write(_ bytes: [UInt8], to path: String) throws {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw DataFault(path, "", "cannot be written: \(lastError)") }
    defer { close(file) }
    try write(bytes[...], to: file, path)
    guard fsync(file) == 0 || errno == EINVAL else {
      throw DataFault(path, "", "cannot be written: \(lastError)")
    }
  }

  /// Copies a file to a new one, block by block.
  static func copy(_ path: String, to target: String) throws {
    let file = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw DataFault(target, "", "cannot be written: \(lastError)") }
    defer { close(file) }
    try read(path) { try write($0, to: file, target) }
  }

  private static func write(_ bytes: ArraySlice<UInt8>, to file: Int32, _ path: String) throws {
    var done = bytes.startIndex
    while done < bytes.endIndex {
      let count = bytes[done...].withUnsafeBytes { posixWrite(file, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw DataFault(path, "", "cannot be written: \(lastError)")
      }
      done += count
    }
  }

  /// Gives a file or folder another name; a file of that name is replaced.
  static func move(_ path: String, to target: String) throws {
    #if canImport(Darwin)
      let status = Darwin.rename(path, target)
    #else
      let status = Glibc.rename(path, target)
    #endif
    guard status == 0 else { throw DataFault(target, "", "cannot be written: \(lastError)") }
  }

  /// Removes a file, or a folder with all that is in it; links are removed, not followed.
  static func remove(_ path: String) {
    var info = stat()
    guard lstat(path, &info) == 0 else { return }
    if info.st_mode & S_IFMT == S_IFDIR {
      chmod(path, 0o700)
      for name in names(in: path) { remove(path + "/" + name) }
      rmdir(path)
    } else {
      unlink(path)
    }
  }

  /// Takes the lock of a file, which is made where it is missing; nil where another process has it.
  static func lock(_ path: String) throws -> FileLock? {
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw DataFault(path, "", "cannot be written: \(lastError)") }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      close(file)
      return nil
    }
    return FileLock(file)
  }

  static var processID: Int { Int(getpid()) }

  private static func posixRead(_ file: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    #if canImport(Darwin)
      Darwin.read(file, bytes, count)
    #else
      Glibc.read(file, bytes, count)
    #endif
  }

  private static func posixWrite(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    #if canImport(Darwin)
      Darwin.write(file, bytes, count)
    #else
      Glibc.write(file, bytes, count)
    #endif
  }
}

/// A lock that is held until this goes.
final class FileLock: Sendable {
  private let file: Int32
  init(_ file: Int32) { self.file = file }
  deinit { close(file) }
}

/// Elementary functions, as the C library has them.
enum Elementary {
  static func logOnePlus(_ x: Double) -> Double { log1p(x) }
  static func exponential(_ x: Double) -> Double { exp(x) }
}

/// 1 / (1 + exp(-x)).
func sigmoid(_ x: Double) -> Double { 1 / (1 + Elementary.exponential(-max(-700, min(700, x)))) }
