// Unsafe code, on one invariant: what an Anchor's thread makes is read after `ready` was signalled, and then by its owner alone.

import Dispatch
import Synchronization

/// A program that is talked with: one JSON text per line to its standard input, and one per line from its standard
/// output. It runs in a folder of its own, under bubblewrap where that works, and its process group is killed at the end.
///
/// A program that says nothing within the time limit, ends, or writes a line without end fails the call, with the last
/// lines that it wrote to standard error.
package final class ProgramConversation: Sendable {
  /// The most bytes of a line.
  package static let lineLimit = 64 << 20

  private struct State {
    var child: ChildProcess
    /// What was read beyond the last line.
    var rest: [UInt8] = []
    var errors: [UInt8] = []
    var errorCount = 0
    /// The lines that came from the program.
    var lineCount = 0
    var failure: MagnetError?
    /// Whether the program is gone and reaped.
    var hasEnded = false
  }

  private let state: Mutex<State>
  private let anchor: Anchor
  private let stop = Atomic(false)
  private let words: String
  private let timeLimit: Duration
  private let folder: String
  /// How the program is kept from other files and the network.
  package let note: String

  /// Starts the program.
  /// - Throws: `MagnetError` when it cannot be started, or not under bubblewrap where that is required.
  package init(_ program: ExternalProgram) throws {
    words = program.command.words.joined(separator: " ")
    timeLimit = program.timeLimit
    var launch = program.launch
    launch.secrets = "the judge's results"
    let folder = try ProgramLaunch.makeFolder()
    self.folder = folder
    do {
      try Files.makeNewFolder(folder + "/tmp")
      let prepared = try launch.prepare(in: folder)
      note = prepared.note
      let words = ProgramRun.starterArguments(removing: folder) + prepared.command
      anchor = Anchor {
        try ChildProcess(
          "/bin/sh", words, environment: prepared.environment, in: folder, isConversing: true)
      }
      let child: ChildProcess
      do { child = try anchor.child() } catch {
        anchor.leave()
        throw MagnetError(.programFailed, "\(launch.command.words[0]) cannot be started: \(error)")
      }
      state = Mutex(State(child: child))
    } catch {
      Files.removeLeftovers(folder)
      throw error
    }
  }

  deinit {
    state.withLock { if !$0.hasEnded { _ = $0.child.end() } }
    anchor.leave()
    Files.removeLeftovers(folder)
  }

  /// Writes a line, and reads the next one.
  package func ask(_ line: JSONValue) async throws -> JSONValue {
    try await waiting { [self] in
      try write(line)
      return try read()
    }
  }

  /// Writes a line that has no answer, such as the last one, and gives the program a moment to end.
  package func tell(_ line: JSONValue) async {
    _ = try? await waiting { [self] in
      try write(line)
      let end = ContinuousClock.now + min(timeLimit, .seconds(2))
      state.withLock { state in
        while ContinuousClock.now < end, !state.child.isOver {
          _ = state.child.exchange([], waiting: 20)
          if state.child.isOver { break }
          ChildProcess.pause(milliseconds: 2)
        }
      }
      return JSONValue.null
    }
  }

  /// The error of a line that makes no sense.
  package func failure(_ problem: String) -> MagnetError {
    state.withLock { state in
      let error = Self.failure("line \(state.lineCount) of its standard output: \(problem)", &state, words)
      state.failure = error
      return error
    }
  }

  /// Blocks a thread of its own, not one of the pool that tasks share.
  private func waiting(_ body: @escaping @Sendable () throws -> JSONValue) async throws -> JSONValue {
    try Task.checkCancellation()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
      }
    } onCancel: {
      stop.store(true, ordering: .relaxed)
    }
  }

  private func write(_ line: JSONValue) throws {
    let bytes = Array(line.text.utf8) + [UInt8(ascii: "\n")]
    let end = ContinuousClock.now + timeLimit
    try state.withLock { state in
      if let failure = state.failure { throw failure }
      var done = 0
      while done < bytes.count {
        if stop.load(ordering: .relaxed) { throw CancellationError() }
        // What the program says meanwhile is taken, so that neither waits for the other.
        guard let written = try exchange(bytes[done...], &state) else {
          throw fail("ended before it read its line" + Self.ending(&state), &state)
        }
        done += written
        if ContinuousClock.now > end { throw fail("did not read its line for \(seconds) seconds", &state) }
      }
    }
  }

  private func read() throws -> JSONValue {
    let end = ContinuousClock.now + timeLimit
    return try state.withLock { state in
      var searched = 0
      while true {
        if let newline = state.rest[searched...].firstIndex(of: UInt8(ascii: "\n")) {
          let line = String(decoding: state.rest[..<newline], as: UTF8.self)
          state.rest.removeFirst(newline + 1)
          state.lineCount += 1
          do { return try JSONValue(parsing: line) } catch {
            throw fail(
              "line \(state.lineCount) of its standard output is not JSON: \(Self.shown(line))", &state)
          }
        }
        searched = state.rest.count
        if searched > Self.lineLimit {
          throw fail("wrote a line of more than \(Self.lineLimit >> 20) MB", &state)
        }
        if stop.load(ordering: .relaxed) { throw CancellationError() }
        if ContinuousClock.now > end { throw fail("said nothing for \(seconds) seconds", &state) }
        if try exchange([], &state) == nil {
          throw fail("ended without an answer" + Self.ending(&state), &state)
        }
      }
    }
  }

  private var seconds: String { "\(timeLimit / .seconds(1))" }

  /// Gives the program bytes, and takes what it wrote.
  /// - Returns: how many bytes it took; nil when it will write no more.
  private func exchange(_ bytes: ArraySlice<UInt8>, _ state: inout State) throws -> Int? {
    let exchange = state.child.exchange(bytes, waiting: 50)
    state.errors += exchange.errors ?? []
    state.errorCount += exchange.errors?.count ?? 0
    if state.errors.count > 16 << 10 { state.errors.removeFirst(state.errors.count - 8 << 10) }
    if state.errorCount > ProgramRun.errorLimit {
      throw fail("wrote more than \(ProgramRun.errorLimit >> 20) MB to standard error", &state)
    }
    guard let output = exchange.output else { return nil }
    state.rest += output
    // A program that closed its standard error would be asked again and again without a pause.
    if exchange.errors == nil, output.isEmpty, exchange.written == 0 { ChildProcess.pause(milliseconds: 2) }
    return exchange.written
  }

  private func fail(_ problem: String, _ state: inout State) -> MagnetError {
    let error = Self.failure(problem, &state, words)
    state.failure = error
    return error
  }

  /// How the program ended, and what was left on standard error.
  private static func ending(_ state: inout State) -> String {
    for _ in 0..<20 where !state.child.isOver { ChildProcess.pause(milliseconds: 10) }
    guard state.child.isOver, !state.hasEnded else { return "" }
    state.hasEnded = true
    switch state.child.end() {
    case .exited(let status) where status > 128:
      return ", by \(ChildProcess.name(ofSignal: status - 128))"
    case .exited(let status): return ", with status \(status)"
    case .signalled(let signal): return ", by \(ChildProcess.name(ofSignal: signal))"
    }
  }

  private static func failure(_ problem: String, _ state: inout State, _ words: String) -> MagnetError {
    while let bytes = state.child.readErrors(waiting: 0), !bytes.isEmpty { state.errors += bytes }
    let lines = ProgramRun.lastLines(of: state.errors).map { "\n  | " + $0 }.joined()
    return MagnetError(
      .programFailed,
      "the program \(words) \(problem)"
        + (lines.isEmpty
          ? "; it wrote nothing to standard error" : "; the end of its standard error:" + lines))
  }

  private static func shown(_ line: String) -> String {
    let scalars = line.unicodeScalars.prefix(200).filter { $0.value >= 32 && $0.value != 127 }
    return "'" + String(String.UnicodeScalarView(scalars)) + (line.unicodeScalars.count > 200 ? "...'" : "'")
  }
}

/// A thread that starts a program and stays until the conversation is over: bubblewrap ends with the thread that started
/// it, and threads that are shared come and go.
private final class Anchor: Sendable {
  /// Written before `ready` is signalled and read after it.
  private final class Box: @unchecked Sendable { var made: Result<ChildProcess, any Error>? }

  private let box = Box()
  private let ready = DispatchSemaphore(value: 0)
  private let end = DispatchSemaphore(value: 0)

  init(_ make: @escaping @Sendable () throws -> ChildProcess) {
    DispatchQueue(label: "magnet.conversation").async { [box, ready, end] in
      box.made = Result { try make() }
      ready.signal()
      end.wait()
    }
    ready.wait()
  }

  /// The program that was started; the first time only.
  func child() throws -> ChildProcess {
    defer { box.made = nil }
    guard let made = box.made else { throw CancellationError() }
    return try made.get()
  }

  func leave() { end.signal() }
}
