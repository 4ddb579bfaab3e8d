#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif
import Magnet
import Synchronization

/// Standard output and standard error.
package enum Terminal {
  /// Lets writes to a closed pipe fail instead of killing the process.
  package static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

  /// The signals that interrupt the work. SIGHUP is not among them where it is ignored, as `nohup` has it.
  package static let interruptSignals: [Int32] = {
    var action = sigaction()
    unsafe sigaction(SIGHUP, nil, &action)
    #if canImport(Darwin)
      let handler = action.__sigaction_u.__sa_handler
    #else
      let handler = unsafe action.__sigaction_handler.sa_handler
    #endif
    return unsafe [SIGINT, SIGTERM] + (unsafeBitCast(handler, to: Int.self) == 1 ? [] : [SIGHUP])
  }()

  static func ignore(_ number: Int32) { signal(number, SIG_IGN) }

  /// Ends the process at once, as the signal would have, without a trace of files half-written.
  package static func end(after number: Int32) -> Never {
    removePartFiles()
    _exit(128 + number)
  }

  package static var areErrorsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// Shows a text in place of the last line on standard error; nil clears the line.
  package static func overwriteErrorLine(_ text: String?) {
    try? FileDescriptor.standardError.write(Array("\r\u{1B}[2K\(text ?? "")".utf8))
  }

  package static var isInputTerminal: Bool { isatty(STDIN_FILENO) == 1 }

  package static var isOutputTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Colours are used on a terminal, unless NO_COLOR is set to anything (no-color.org) or the terminal is dumb.
  package static var isColored: Bool {
    isOutputTerminal && Environment.nonEmpty("NO_COLOR") == nil && Environment.variable("TERM") != "dumb"
  }

  /// The columns of the terminal; COLUMNS where the terminal does not say. Nil when standard output is none.
  package static var width: Int? {
    guard isOutputTerminal else { return nil }
    var size = winsize()
    if unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    return Environment.variable("COLUMNS").flatMap { Int($0) } ?? 80
  }

  /// Writes to standard output. When its reader has gone, the program has done its work: it ends, with success.
  package static func write(_ bytes: [UInt8]) throws {
    do { try FileDescriptor.standardOutput.write(bytes) } catch {
      if error.isBrokenPipe { exit(0) }
      throw error.writing("standard output")
    }
  }

  package static func write(_ text: String) throws { try write(Array(text.utf8)) }

  /// What the program was called by.
  package static let programName =
    CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? "magnet"

  /// How grave a message is: what it begins with.
  package enum Gravity: String {
    case note, warning, error
  }

  private static let isQuiet = Atomic(false)

  /// Leaves out notes from now on, as `--quiet` asks.
  package static func leaveOutNotes() { isQuiet.store(true, ordering: .relaxed) }

  /// Says a sentence on standard error, behind `note:`, `warning:` or `error:`.
  package static func say(_ sentence: String, as gravity: Gravity = .note) {
    if gravity == .note, isQuiet.load(ordering: .relaxed) { return }
    let message = "\(gravity.rawValue): \(withoutControls(sentence))\n"
    try? FileDescriptor.standardError.write(Array(message.utf8))
  }

  /// Writes a file, which is complete or not there. Devices and pipes are written to as they are.
  package static func writeFile(_ path: String, _ body: (([UInt8]) throws -> Void) throws -> Void) throws {
    func write(_ target: String, _ mode: FileDescriptor.Mode) throws {
      do {
        let file = try FileDescriptor(target, mode)
        try body { try file.write($0) }
      } catch let error as SystemError { throw error.writing(path) }
    }
    if Files.exists(path), !Files.isFile(path) { return try write(path, .existing) }
    try replacing(path) { temporary in
      try Watch.tidying { try write(temporary, .truncate) }
      WrittenMark.set(temporary)
    }
  }

  /// Lets `body` make a temporary file, by its path, which takes the place of the file at `path` when it is done.
  package static func replacingFile<R>(_ path: String, _ body: (String) async throws -> R) async throws -> R {
    try await replacing(path) { temporary in
      let result = try await body(temporary)
      WrittenMark.set(temporary)
      return result
    }
  }

  /// Writes a new folder of files, which is complete or not there.
  package static func writeFolder(_ path: String, _ files: [(path: String, text: String)]) throws {
    try makingFolder(path) { temporary in
      for (name, text) in files {
        let parts = name.split(separator: "/").dropLast()
        do throws(SystemError) {
          if !parts.isEmpty { try Files.makeFolder(temporary + "/" + parts.joined(separator: "/")) }
          let file = try FileDescriptor(temporary + "/" + name, .truncate)
          try file.write(Array(text.utf8))
        } catch { throw error.writing(path) }
      }
    }
  }
}
