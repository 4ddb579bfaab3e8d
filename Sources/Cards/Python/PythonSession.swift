import Magnet

/// A Python child process that runs the blocks of a card, one request after the other.
final class PythonSession {
  /// How a child came to its end before it had answered.
  struct Ended: Error {
    /// A sentence such as `Python ended with status 1`.
    let problem: String
  }

  /// The most bytes of one answer.
  private static let answerLimit = 64 << 20

  private let child: ChildProcess
  private let timeLimit: Duration?
  private let onOutput: ([UInt8]) -> Void
  private var unsent: ArraySlice<UInt8> = []
  private var received: [UInt8] = []
  /// Where the next line begins in `received`, and how far it has been looked at for the line's end.
  private var start = 0
  private var searched = 0
  private var hasEnded = false
  /// The number of the block that began last, by which a symbol or the claim is named.
  private(set) var block: Int?

  /// Starts Python.
  /// - Parameters:
  ///   - timeLimit: how long a block may take; nil for no limit.
  ///   - onOutput: gets what the card writes to standard output and standard error.
  init(
    _ program: PythonProgram, timeLimit: Duration?, onOutput: @escaping ([UInt8]) -> Void
  ) throws {
    self.timeLimit = timeLimit
    self.onOutput = onOutput
    do {
      child = try ChildProcess(
        "/bin/sh", ["-c", Self.starter, "magnet"] + program.command, environment: program.environment,
        in: program.folder, isConversing: true)
    } catch { throw MagnetError(.programFailed, "\(program.path) cannot be started: \(error)") }
  }

  deinit { close() }

  /// Leaves a watch behind, which kills the child's process group when this process ends, however it does; then Python
  /// takes the shell's place.
  private static let starter = #"""
    ulimit -c 0 2>/dev/null
    { read -r nothing <&3; kill -KILL 0; } >/dev/null 2>&1 </dev/null &
    exec "$@" 3<&-
    """#

  /// Queues a request.
  func send(_ request: [UInt8]) { unsent = unsent + request }

  /// The next answer.
  /// - Parameter limit: how long it may take, instead of a block's limit.
  /// - Throws: `Ended` where the child ends, hangs or breaks the contract.
  func answer(within limit: Duration? = nil) throws(Ended) -> JSONValue {
    let clock = ContinuousClock()
    let timeLimit = limit ?? self.timeLimit
    var deadline = timeLimit.map { clock.now + $0 }
    while true {
      while let line = nextLine() {
        if line.first == UInt8(ascii: ">") {
          block = Int(String(decoding: line.dropFirst(), as: UTF8.self))
          deadline = timeLimit.map { clock.now + $0 }
          continue
        }
        guard let answer = try? JSONValue(parsing: String(decoding: line, as: UTF8.self)),
          case .object = answer
        else { throw stop("the card's code wrote into the answers of its process") }
        if let fault = answer["fault"]?.string { throw stop("the process of the card failed: \(fault)") }
        return answer
      }
      if received.count - start > Self.answerLimit {
        throw stop("an answer has more than \(Self.answerLimit >> 20) MB")
      }
      if !exchange(waiting: 50) || child.isOver {
        // What it still wrote before its end.
        var count = -1
        while received.count > count {
          count = received.count
          _ = exchange(waiting: 0)
        }
        if received[searched...].contains(UInt8(ascii: "\n")) { continue }
        throw ended()
      }
      if let limit = timeLimit, let end = deadline, clock.now >= end {
        throw stop("took more than \(limit / .seconds(1)) seconds and was ended")
      }
    }
  }

  private func nextLine() -> ArraySlice<UInt8>? {
    guard let end = received[searched...].firstIndex(of: UInt8(ascii: "\n")) else {
      received.removeSubrange(..<start)
      start = 0
      searched = received.count
      return nil
    }
    defer { (start, searched) = (end + 1, end + 1) }
    return received[start..<end]
  }

  /// Sends and receives what can be, waiting at most so long.
  /// - Returns: whether the child may still answer.
  private func exchange(waiting milliseconds: Int32) -> Bool {
    let part = child.exchange(unsent, waiting: milliseconds)
    unsent = unsent.dropFirst(part.written)
    if let errors = part.errors, !errors.isEmpty { onOutput(errors) }
    received += part.output ?? []
    return part.output != nil
  }

  private func stop(_ problem: String) -> Ended {
    close()
    return Ended(problem: problem)
  }

  private func ended() -> Ended {
    hasEnded = true
    // A process that ends closes its pipes a moment before; one that lives on has closed them itself.
    var patience = 50
    while !child.isOver, patience > 0 {
      ChildProcess.pause(milliseconds: 10)
      patience -= 1
    }
    let isDeaf = !child.isOver
    let end = child.end()
    unsent = []
    var left = 64
    while left > 0, let errors = child.exchange([], waiting: 10).errors, !errors.isEmpty {
      onOutput(errors)
      left -= 1
    }
    if isDeaf { return Ended(problem: "Python closed the pipe of its answers and was ended") }
    switch end {
    // bubblewrap, as a shell does, tells of a signal by a status above 128.
    case .exited(let status) where status > 128:
      return Ended(problem: "Python was ended by \(ChildProcess.name(ofSignal: status - 128))")
    case .exited(let status): return Ended(problem: "Python ended with status \(status)")
    case .signalled(let signal):
      return Ended(problem: "Python was ended by \(ChildProcess.name(ofSignal: signal))")
    }
  }

  /// Ends the child and all that it started.
  func close() {
    guard !hasEnded else { return }
    hasEnded = true
    _ = child.end()
  }
}
