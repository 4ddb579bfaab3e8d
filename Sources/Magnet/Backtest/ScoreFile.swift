#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A file of a backtest's predictions: JSON lines, first one that says which backtest it is, then one for each
/// prediction, in an order that does not depend on the number of jobs.
public struct ScoreFile: Sendable {
  public let path: String

  /// The file at a path, which need not be there.
  public init(_ path: String) { self.path = path }

  /// What cannot be done with the file, and why.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  func failure(_ problem: String) -> Failure { Failure(description: "\(path): \(problem)") }

  /// Opens the file for reading and writing, as the only one who does.
  func open() throws -> OpenScoreFile {
    #if canImport(Darwin)
      let descriptor = Darwin.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    #else
      let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    #endif
    guard descriptor >= 0 else { throw failure("cannot be written: \(String(cString: strerror(errno)))") }
    let file = OpenScoreFile(self, descriptor)
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw failure("another backtest is writing it; wait for its end, or give another file")
    }
    return file
  }
}

/// A score file that is open and locked; closed when it goes.
final class OpenScoreFile: Sendable {
  private let file: ScoreFile
  private let descriptor: Int32

  init(_ file: ScoreFile, _ descriptor: Int32) {
    self.file = file
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Calls `body` with each whole line and the place where it ends. A last line without an end is not whole.
  func forEachLine(_ body: (_ line: String, _ end: Int) throws -> Void) throws {
    var rest: [UInt8] = []
    var end = 0
    var block = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = block.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress, $0.count, off_t(end + rest.count))
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw file.failure("cannot be read: \(String(cString: strerror(errno)))")
      }
      if count == 0 { return }
      rest += block[..<count]
      var start = 0
      while let newline = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
        end += newline + 1 - start
        try body(String(decoding: rest[start..<newline], as: UTF8.self), end)
        start = newline + 1
      }
      rest.removeFirst(start)
    }
  }

  /// Drops what lies past a place, and goes on there.
  func truncate(at place: Int) throws {
    guard ftruncate(descriptor, off_t(place)) == 0, lseek(descriptor, off_t(place), SEEK_SET) >= 0 else {
      throw file.failure("cannot be written: \(String(cString: strerror(errno)))")
    }
  }

  func write(_ bytes: [UInt8]) throws {
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { posixWrite($0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw file.failure("cannot be written: \(String(cString: strerror(errno)))")
      }
      done += count
    }
  }

  private func posixWrite(_ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    #if canImport(Darwin)
      Darwin.write(descriptor, bytes, count)
    #else
      Glibc.write(descriptor, bytes, count)
    #endif
  }
}
