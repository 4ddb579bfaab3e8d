import Dispatch
package import Magnet
import Synchronization

/// What happens beside the work, on threads of its own: a progress bar, and the signals that interrupt it.
package enum Watch {
  private static let queue = DispatchQueue(label: "magnet.watch")
  /// The signal that interrupted the work last; 0 for none.
  private static let interruption = Atomic<Int32>(0)

  /// The exit status of work that was interrupted: 128 and the number of the signal.
  package static var interruptedStatus: Int32 {
    let signal = interruption.load(ordering: .relaxed)
    return 128 + (signal == 0 ? Terminal.interruptSignals[0] : signal)
  }

  /// Does work in a task that the first signal (INT, TERM, HUP) cancels; the second one ends the process at once.
  ///
  /// A bar on standard error, when that is a terminal, shows how far the work has come. It appears when the work takes
  /// longer than half a second, and goes when it is done.
  package static func working<Result: Sendable>(
    _ progress: WorkProgress? = nil, _ work: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    interruption.store(0, ordering: .relaxed)
    let task = Task { try await work() }
    let watcher = watchSignals { signal in
      if interruption.exchange(signal, ordering: .relaxed) != 0 { Terminal.end(after: signal) }
      task.cancel()
    }
    defer { endWatch(watcher) }
    guard let progress, Terminal.areErrorsTerminal else { return try await task.value }
    let before = Locked<(phase: WorkProgress.Phase?, done: Int, start: ContinuousClock.Instant)>(
      (nil, 0, .now))
    defer { queue.sync { Terminal.overwriteErrorLine(nil) } }
    return try await ticking(every: 200, after: 500) {
      let state = progress.state
      guard let phase = state.phase, state.total > 0 else { return }
      let (fresh, seconds) = before.withLock { before in
        if before.phase != phase { before = (phase, state.done, .now) }
        return (state.done - before.done, ContinuousClock.now - before.start)
      }
      let left = phase == .predicting && fresh > 0 ? seconds / fresh * (state.total - state.done) : nil
      Terminal.overwriteErrorLine(bar(phase.rawValue, state) + (left.map { ", \(text($0)) left" } ?? ""))
    } _: {
      try await task.value
    }
  }

  /// Does work, and something else every so many milliseconds meanwhile.
  package static func ticking<Result>(
    every milliseconds: Int, after first: Int? = nil, _ tick: @escaping @Sendable () -> Void,
    _ work: () async throws -> Result
  ) async throws -> Result {
    let timer = DispatchSource.makeTimerSource(queue: queue)
    timer.schedule(
      deadline: .now() + .milliseconds(first ?? milliseconds), repeating: .milliseconds(milliseconds))
    timer.setEventHandler(handler: tick)
    timer.resume()
    defer {
      timer.cancel()
      queue.sync {}
    }
    return try await work()
  }

  /// Does work that writes files; a signal meanwhile ends the process, without a trace of those half-written.
  package static func tidying<Result>(_ work: () throws -> Result) rethrows -> Result {
    let watcher = watchSignals { Terminal.end(after: $0) }
    defer { endWatch(watcher) }
    return try work()
  }

  private static func bar(_ verb: String, _ state: WorkProgress.State) -> String {
    let filled = 30 * state.done / state.total
    let bar = String(repeating: "━", count: filled) + String(repeating: "╌", count: 30 - filled)
    return "\(verb) \(bar) \(state.done) of \(state.total)"
  }

  private static func text(_ duration: Duration) -> String {
    let seconds = duration.components.seconds
    return seconds < 60 ? "\(seconds) s" : "\(seconds / 60) min \(seconds % 60) s"
  }

  /// Who is told of signals, the innermost work last. Only `queue` calls them.
  private static let watchers = Mutex<[(number: Int, body: @Sendable (Int32) -> Void)]>([])

  /// The sources of all signals, made once and never cancelled: a source that is made while another one for the same
  /// signal is still going gets no handler, and the signal would be lost. Without any work, a signal ends the process.
  private static let sources = Mutex<[any DispatchSourceSignal]>([])

  private static func makeSources() {
    sources.withLock { sources in
      guard sources.isEmpty else { return }
      sources = Terminal.interruptSignals.map { signal in
        let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
        source.setEventHandler {
          guard let body = watchers.withLock({ $0.last?.body }) else { Terminal.end(after: signal) }
          body(signal)
        }
        // Before the source is there: on Linux it puts a handler of its own in the place, which must stay.
        Terminal.ignore(signal)
        source.resume()
        return source
      }
    }
  }

  /// Lets `body` be called for each signal that interrupts, until `endWatch`.
  static func watchSignals(_ body: @escaping @Sendable (Int32) -> Void) -> Int {
    makeSources()
    return watchers.withLock { watchers in
      let number = (watchers.last?.number ?? 0) + 1
      watchers.append((number, body))
      return number
    }
  }

  static func endWatch(_ number: Int) { watchers.withLock { $0.removeAll { $0.number == number } } }
}
