import Magnet

/// The user's own `helm-run`, as a child of this process.
struct HelmProgram: Sendable {
  let path: String

  /// Finds `helm-run` on the PATH.
  /// - Throws: `MagnetError` that says how to install it.
  init() throws(MagnetError) {
    for folder in (Environment.variable("PATH") ?? "").split(separator: ":") {
      let path = "\(folder)/helm-run"
      if folder.hasPrefix("/"), Files.isExecutable(path) {
        self.path = path
        return
      }
    }
    throw MagnetError(
      .notFound, "helm-run is not on the PATH, so no run can be computed",
      advice: "install HELM with: python3 -m pip install crfm-helm, or reuse a run from a folder with --from")
  }

  /// Runs it in a folder until it ends. What it prints goes to `cmd_stdout.txt` and `cmd_stderr.txt` there.
  /// - Parameter say: called with its latest line, several times per second at most.
  /// - Throws: `MagnetError` when it fails, with its last lines; `CancellationError`.
  func run(_ arguments: [String], in folder: String, say: (String) -> Void) throws {
    let output = folder + "/cmd_stdout.txt"
    let errorFile = folder + "/cmd_stderr.txt"
    Files.remove(output)
    Files.remove(errorFile)
    let errors: FileDescriptor
    do { errors = try FileDescriptor(errorFile, .truncate) } catch { throw error.writing(errorFile) }
    let child: ChildProcess
    do {
      child = try ChildProcess(
        "/bin/sh", ["-c", Self.starter, "magnet", output, path] + arguments,
        environment: Environment.all, in: folder)
    } catch {
      throw MagnetError(.system, "cannot be started: \(error.description)", at: path)
    }
    var tail: [UInt8] = []
    var read = 0
    var isOpen = true
    func keep(_ bytes: [UInt8]) throws {
      guard !bytes.isEmpty else { return }
      tail = Array((tail + bytes).suffix(8 << 10))
      if let line = Self.lines(tail).last { say(line) }
    }
    while true {
      if Task.isCancelled {
        _ = child.end()
        throw CancellationError()
      }
      let isOver = child.isOver
      if isOpen, let bytes = child.readErrors(waiting: isOver ? 0 : 100) {
        do { try errors.write(bytes) } catch { throw error.writing(errorFile) }
        try keep(bytes)
      } else if isOpen {
        isOpen = false
      } else {
        ChildProcess.pause(milliseconds: 20)
      }
      try keep(Self.read(output, from: &read))
      if isOver { break }
    }
    switch child.end() {
    case .exited(0): return
    case .exited(let status): throw failure("it ended with status \(status)", tail, folder)
    case .signalled(let number):
      throw failure("it was ended by \(ChildProcess.name(ofSignal: number))", tail, folder)
    }
  }

  /// Puts standard output into a file and takes the program's place. The watch it leaves behind kills the program when
  /// this process dies, however.
  private static let starter = #"""
    { read -r nothing <&3; kill -KILL 0; } >/dev/null 2>&1 &
    out=$1; shift
    exec "$@" >"$out" 3<&-
    """#

  private func failure(_ problem: String, _ tail: [UInt8], _ folder: String) -> MagnetError {
    let last = Self.lines(tail).suffix(5).joined(separator: "\n  ")
    return MagnetError(
      .programFailed, "\(problem)" + (last.isEmpty ? "" : "; its last lines:\n  \(last)"), at: "helm-run",
      advice: "all of its output is in \(folder)/cmd_stdout.txt and cmd_stderr.txt")
  }

  /// What was added to a file since it was last read; the last 64 kB at most.
  private static func read(_ path: String, from offset: inout Int) -> [UInt8] {
    guard let size = Files.stamp(path)?.size, size > offset,
      let file = try? FileDescriptor(path, .readNoFollow)
    else {
      return []
    }
    let start = max(offset, size - 65536)
    offset = size
    var bytes = [UInt8](repeating: 0, count: size - start)
    let count = unsafe bytes.withUnsafeMutableBytes { memory in
      unsafe memory.baseAddress.flatMap { try? unsafe file.read($0, memory.count, at: start) } ?? 0
    }
    return Array(bytes.prefix(count))
  }

  /// The lines that hold something, without control characters, none longer than 300 characters.
  private static func lines(_ bytes: [UInt8]) -> [String] {
    String(decoding: bytes, as: UTF8.self).split { $0.isNewline || $0 == "\r" }.map { line in
      String(
        String.UnicodeScalarView(line.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 }.prefix(300))
      )
    }.filter { !$0.allSatisfy(\.isWhitespace) }
  }
}
