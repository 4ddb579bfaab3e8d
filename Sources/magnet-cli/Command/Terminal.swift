#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif
import Magnet

/// Standard output and standard error.
package enum Terminal {
  /// Lets writes to a closed pipe fail instead of killing the process.
  package static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

  package static let interruptSignals = [SIGINT, SIGTERM]

  package static func setIgnored(_ number: Int32, _ isIgnored: Bool) {
    signal(number, isIgnored ? SIG_IGN : SIG_DFL)
  }

  /// Ends the process as the signal would have, after a file is removed.
  package static func end(removing file: String, after number: Int32) {
    unlink(file)
    exit(128 + number)
  }

  /// Ends the process at once, as the signal would have.
  package static func end(after number: Int32) { _exit(128 + number) }

  package static var areErrorsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// Shows a text in place of the last line on standard error; nil clears the line.
  package static func overwriteErrorLine(_ text: String?) {
    try? write(Array("\r\u{1B}[2K\(text ?? "")".utf8), to: STDERR_FILENO)
  }

  package static var isInputTerminal: Bool { isatty(STDIN_FILENO) == 1 }

  package static var isOutputTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Colours are used on a terminal, unless NO_COLOR is set to anything (no-color.org) or the terminal is dumb.
  package static var isColored: Bool {
    isOutputTerminal && (getenv("NO_COLOR").map { $0.pointee == 0 } ?? true)
      && getenv("TERM").map { String(cString: $0) } != "dumb"
  }

  /// The columns of the terminal; COLUMNS where the terminal does not say. Nil when standard output is none.
  package static var width: Int? {
    guard isOutputTerminal else { return nil }
    var size = winsize()
    if ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    return getenv("COLUMNS").flatMap { Int(String(cString: $0)) } ?? 80
  }

  /// A variable of the environment.
  package static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// Writes to standard output. When its reader has gone, the program has done its work: it ends, with success.
  package static func write(_ bytes: [UInt8]) throws {
    do {
      try write(bytes, to: STDOUT_FILENO)
    } catch let error as WriteError where error.code == EPIPE {
      exit(0)
    }
  }

  package static func write(_ text: String) throws { try write(Array(text.utf8)) }

  /// What the program was called by.
  package static let programName =
    CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? "magnet"

  /// Says a sentence on standard error.
  package static func say(_ sentence: String) {
    try? write(Array("\(programName): \(sentence)\n".utf8), to: STDERR_FILENO)
  }

  package struct WriteError: Error, CustomStringConvertible {
    let code: Int32
    let file: String
    package var description: String { "\(file): cannot be written: \(String(cString: strerror(code)))" }
  }

  private static func write(_ bytes: [UInt8], to file: Int32, name: String = "standard output") throws {
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { posixWrite(file, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw WriteError(code: errno, file: name)
      }
      done += count
    }
  }

  package static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// The most memory the process has had, in bytes.
  package static var peakMemory: Int {
    var usage = rusage()
    #if canImport(Darwin)
      getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss
    #else
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      return usage.ru_maxrss * 1024
    #endif
  }

  private static func posixWrite(_ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    #if canImport(Darwin)
      Darwin.write(file, bytes, count)
    #else
      Glibc.write(file, bytes, count)
    #endif
  }

  /// Writes a file: to a temporary one beside it, which takes its name when all is written. Devices and pipes are
  /// written to as they are.
  package static func writeFile(_ path: String, _ body: (([UInt8]) throws -> Void) throws -> Void) throws {
    if isThere(path), !isRegularFile(path) {
      let file = open(path, O_WRONLY | O_CLOEXEC)
      guard file >= 0 else { throw WriteError(code: errno, file: path) }
      defer { close(file) }
      return try body { try write($0, to: file, name: path) }
    }
    let temporary = temporaryName(path)
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw WriteError(code: errno, file: path) }
    do {
      try Watch.removing(temporary) { try body { try write($0, to: file, name: path) } }
      guard fsync(file) == 0 || errno == EINVAL, close(file) == 0 else {
        throw WriteError(code: errno, file: path)
      }
      WrittenMark.set(temporary)
      try rename(temporary, path)
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Lets `body` make a temporary file, by its path, which takes the place of the file at `path` when it is done.
  package static func replacingFile<R>(_ path: String, _ body: (String) async throws -> R) async throws -> R {
    let temporary = temporaryName(path)
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw WriteError(code: errno, file: path) }
    close(file)
    do {
      let result = try await Watch.removing(temporary) { try await body(temporary) }
      let written = open(temporary, O_RDONLY | O_CLOEXEC)
      guard written >= 0, fsync(written) == 0, close(written) == 0 else {
        throw WriteError(code: errno, file: path)
      }
      WrittenMark.set(temporary)
      try rename(temporary, path)
      return result
    } catch {
      unlink(temporary)
      throw error
    }
  }

  private static func temporaryName(_ path: String) -> String { "\(path).\(getpid()).part" }

  private static func rename(_ temporary: String, _ path: String) throws {
    #if canImport(Darwin)
      let status = Darwin.rename(temporary, path)
    #else
      let status = Glibc.rename(temporary, path)
    #endif
    if status != 0 { throw WriteError(code: errno, file: path) }
  }

  package static func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }

  package static func isFolder(_ path: String) -> Bool { isOf(S_IFDIR, path) }

  package static func isRegularFile(_ path: String) -> Bool { isOf(S_IFREG, path) }

  private static func isOf(_ kind: mode_t, _ path: String) -> Bool {
    var info = stat()
    return stat(path, &info) == 0 && info.st_mode & S_IFMT == kind
  }

  /// Makes a folder, and those it lies in, where they are not there.
  package static func makeFolder(_ path: String) throws {
    if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard errno == ENOENT, parts.count > 1 else { throw WriteError(code: errno, file: path) }
    try makeFolder(parts.dropLast().joined(separator: "/"))
    guard mkdir(path, 0o755) == 0 else { throw WriteError(code: errno, file: path) }
  }

  package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// A path from the root, without `.` and `..`; links stay.
  package static func fullPath(_ path: String) -> String {
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

  /// Writes a new folder of files: under another name, which it changes for its own when all is written.
  package static func writeFolder(_ path: String, _ files: [(path: String, text: String)]) throws {
    var info = stat()
    if lstat(path, &info) == 0 { throw WriteError(code: EEXIST, file: path) }
    let temporary = temporaryName(path)
    guard mkdir(temporary, 0o755) == 0 else { throw WriteError(code: errno, file: path) }
    do {
      for (name, text) in files {
        let parts = name.split(separator: "/").dropLast()
        if !parts.isEmpty { try makeFolder(temporary + "/" + parts.joined(separator: "/")) }
        try writeFile(temporary + "/" + name) { try $0(Array(text.utf8)) }
      }
      try rename(temporary, path)
    } catch {
      removeFolder(temporary)
      throw error
    }
  }

  private static func removeFolder(_ path: String) {
    guard let folder = opendir(path) else { return }
    var names: [String] = []
    while let item = readdir(folder) {
      names.append(
        withUnsafeBytes(of: &item.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    closedir(folder)
    for name in names where name != "." && name != ".." {
      if unlink(path + "/" + name) != 0 { removeFolder(path + "/" + name) }
    }
    rmdir(path)
  }
}
