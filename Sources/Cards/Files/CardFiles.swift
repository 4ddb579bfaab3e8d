// Unsafe code, on this invariant: each buffer handed to `read` is as long as the count handed with it.

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The calls to the operating system that reading cards and writing their results needs.
enum CardFiles {
  /// A refusal of the operating system.
  struct Refusal: Error, CustomStringConvertible {
    let code: Int32
    var description: String { String(cString: strerror(code)) }
    var isAlreadyThere: Bool { code == EEXIST || code == ENOTEMPTY }
  }

  /// A file's bytes, at most one more than the limit.
  static func read(_ path: String, limit: Int) throws(Refusal) -> [UInt8] {
    let file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else { throw Refusal(code: errno) }
    defer { close(file) }
    var info = stat()
    guard fstat(file, &info) == 0 else { throw Refusal(code: errno) }
    guard info.st_mode & S_IFMT != S_IFDIR else { throw Refusal(code: EISDIR) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count <= limit {
      let count = posixRead(file, &block, block.count)
      if count < 0, errno != EINTR { throw Refusal(code: errno) }
      if count == 0 { break }
      if count > 0 { bytes += block[..<count] }
    }
    return bytes
  }

  private static func posixRead(_ file: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    #if canImport(Darwin)
      Darwin.read(file, bytes, count)
    #else
      Glibc.read(file, bytes, count)
    #endif
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  static func isFolder(_ path: String) -> Bool {
    var info = stat()
    return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
  }

  /// The folder that a path lies in.
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// A path as seen from a folder: itself where it is absolute.
  static func path(_ path: String, from folder: String) -> String {
    path.hasPrefix("/") || folder == "." ? path : folder + "/" + path
  }
}
