/// One run of a program in a folder, watched until it ends.
package struct ProgramRun {
  /// The most a program may write to a file, and to standard error, in bytes.
  package static let fileLimit = 1 << 30
  static let errorLimit = 64 << 20
  /// How much of the end of standard error is kept.
  private static let keptErrors = 8 << 10

  /// How a run came to its end.
  enum Outcome: Equatable {
    case ended(ChildProcess.End)
    case tookTooLong
    /// It wrote more than the limit to standard error.
    case wroteTooManyErrors
    /// It wrote more than the limit to the file that is watched.
    case wroteTooMuch
    /// It was stopped from outside.
    case stopped
  }

  let outcome: Outcome
  /// The last of what it wrote to standard error.
  let lastErrors: [UInt8]

  /// Started by the shell first, which keeps the program from writing huge files and dumping its memory, and leaves a
  /// watch behind: when this process dies, however, the watch removes the folder and kills the program's group. Then
  /// the program takes the shell's place.
  private static let starter = #"""
    { ulimit -c 0; ulimit -f "$1"; } 2>/dev/null; watched=$2; kept=$3; shift 3
    { read -r nothing <&3; rm -rf -- "$watched" "$kept"; kill -KILL 0; } >/dev/null 2>&1 &
    exec "$@" 3<&-
    """#

  /// The arguments of the shell before those of the program.
  /// - Parameters:
  ///   - folder: what goes when this process dies meanwhile.
  ///   - other: another folder that goes then.
  static func starterArguments(
    fileLimit: Int = ProgramRun.fileLimit, removing folder: String, _ other: String? = nil
  ) -> [String] {
    ["-c", starter, "magnet", String(fileLimit / 512), folder, other ?? folder]
  }

  /// Runs a program to its end, or until it takes too long or writes too much.
  /// - Parameters:
  ///   - watched: a file and the most bytes it may have.
  ///   - removed: the folder that goes when this process dies meanwhile.
  ///   - kept: another that goes then.
  ///   - isStopped: asked many times a second; ends the program once it is true. By default, whether the task was cancelled.
  init(
    _ command: [String], environment: [String: String], in folder: String, timeLimit: Duration,
    fileLimit: Int = ProgramRun.fileLimit, watched: (file: String, limit: Int), removed: String,
    kept: String? = nil, isStopped: () -> Bool = { Task.isCancelled }
  ) throws(SystemError) {
    let child = try ChildProcess(
      "/bin/sh", Self.starterArguments(fileLimit: fileLimit, removing: removed, kept) + command,
      environment: environment, in: folder)
    let clock = ContinuousClock()
    let end = clock.now + timeLimit
    var errors: [UInt8] = []
    var count = 0
    var isOpen = true
    var outcome: Outcome?
    func keep(_ bytes: [UInt8]) {
      count += bytes.count
      errors += bytes
      if errors.count > 2 * Self.keptErrors { errors.removeFirst(errors.count - Self.keptErrors) }
    }
    while outcome == nil {
      if isOpen {
        if let bytes = child.readErrors(waiting: 50) { keep(bytes) } else { isOpen = false }
      } else {
        ChildProcess.pause(milliseconds: 2)
      }
      if child.isOver { break }
      if count > Self.errorLimit {
        outcome = .wroteTooManyErrors
      } else if let size = Files.stamp(watched.file)?.size, size > watched.limit {
        outcome = .wroteTooMuch
      } else if clock.now >= end {
        outcome = .tookTooLong
      } else if isStopped() {
        outcome = .stopped
      }
    }
    let status = child.end()
    // What is still in the pipe; it holds no more than this.
    var left = 16
    while isOpen, left > 0, let bytes = child.readErrors(waiting: 0), !bytes.isEmpty {
      keep(bytes)
      left -= 1
    }
    self.outcome = outcome ?? .ended(status)
    lastErrors = errors.suffix(Self.keptErrors)
  }

  /// The last lines of standard error, for people: no more than ten, none longer than 300 characters, control
  /// characters left out.
  var lastLines: [String] { Self.lastLines(of: lastErrors) }

  static func lastLines(of errors: [UInt8]) -> [String] {
    let text = String(decoding: errors, as: UTF8.self)
    let lines = text.split(whereSeparator: \.isNewline).map { line in
      String(
        String.UnicodeScalarView(line.unicodeScalars.prefix(300).filter { $0.value >= 32 && $0.value != 127 })
      )
    }
    return lines.filter { !$0.allSatisfy(\.isWhitespace) }.suffix(10)
  }
}
