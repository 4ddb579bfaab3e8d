#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Why the operating system refused a call.
package struct SystemError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The value of `errno`.
  package let code: Int32

  package init(code: Int32) { self.code = code }

  /// The reason of the call that failed last on this thread.
  package static var last: SystemError { SystemError(code: errno) }

  package var description: String { unsafe String(cString: strerror(code)) }

  package var isMissing: Bool { code == ENOENT || code == ENOTDIR }
  /// Whether no more can be written.
  package var isDiskFull: Bool { code == ENOSPC || code == EDQUOT }
  /// Whether the reader of a pipe has gone.
  package var isBrokenPipe: Bool { code == EPIPE }

  package static let isFolder = SystemError(code: EISDIR)
  static let isNotAFile = SystemError(code: EINVAL)
  static let alreadyExists = SystemError(code: EEXIST)

  /// The error for people: the file at `path` cannot be written.
  package func writing(_ path: String) -> MagnetError {
    MagnetError(.system, "cannot be written: \(description)", at: path)
  }

  /// The error for people: the file at `path` cannot be read.
  package func reading(_ path: String) -> MagnetError {
    MagnetError(.system, "cannot be read: \(description)", at: path)
  }
}
