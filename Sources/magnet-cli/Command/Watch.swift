import Dispatch
package import HelmBackend
package import Magnet
import Synchronization

/// What goes on beside the work, on threads of its own: a progress bar, and tidying up when the user interrupts.
package enum Watch {
  private static let queue = DispatchQueue(label: "magnet.watch")

  /// Does work while a bar on standard error, when that is a terminal, shows how far it has come. It appears only
  /// when the work takes longer than half a second, and goes when it is done.
  package static func showing<Result>(
    _ progress: LoadProgress, _ work: () async throws -> Result
  ) async throws -> Result {
    guard Terminal.areErrorsTerminal else { return try await work() }
    let timer = DispatchSource.makeTimerSource(queue: queue)
    timer.schedule(deadline: .now() + .milliseconds(500), repeating: .milliseconds(100))
    timer.setEventHandler {
      let (done, total) = progress.state
      guard total > 0 else { return }
      Terminal.overwriteErrorLine(bar("reading", done, total))
    }
    timer.resume()
    defer {
      timer.cancel()
      queue.sync { Terminal.overwriteErrorLine(nil) }
    }
    return try await work()
  }

  /// Does work, and something else every so many milliseconds meanwhile.
  package static func ticking<Result>(
    every milliseconds: Int, _ tick: @escaping @Sendable () -> Void, _ work: () async throws -> Result
  ) async throws -> Result {
    let timer = DispatchSource.makeTimerSource(queue: queue)
    timer.schedule(deadline: .now() + .milliseconds(milliseconds), repeating: .milliseconds(milliseconds))
    timer.setEventHandler(handler: tick)
    timer.resume()
    defer {
      timer.cancel()
      queue.sync {}
    }
    return try await work()
  }

  /// Does work; the first interruption stops the download it does, the second ends the process at once.
  package static func stopping<Result>(
    _ progress: DownloadProgress, _ work: () async throws -> Result
  ) async throws -> Result {
    let sources = watchSignals { signal in
      if progress.state.wasStopped { Terminal.end(after: signal) }
      progress.stop()
    }
    defer { endWatch(sources) }
    return try await work()
  }

  /// Does a backtest, showing how far it has come and how long it will go on; the first interruption lets it end when
  /// the predictions being made are done, the second ends the process at once.
  package static func ending<Result>(
    _ progress: BacktestProgress, _ work: () async throws -> Result
  ) async throws -> Result {
    let sources = watchSignals { signal in
      if progress.wasStopped { Terminal.end(after: signal) }
      progress.endSoon()
    }
    defer { endWatch(sources) }
    guard Terminal.areErrorsTerminal else { return try await work() }
    let start = ContinuousClock.now
    let before = Atomic(-1)
    defer { queue.sync { Terminal.overwriteErrorLine(nil) } }
    return try await ticking(every: 200) {
      let (done, total) = progress.state
      guard total > 0 else { return }
      if before.load(ordering: .relaxed) < 0 { before.store(done, ordering: .relaxed) }
      let fresh = done - before.load(ordering: .relaxed)
      let left = fresh > 0 ? (ContinuousClock.now - start) / fresh * (total - done) : nil
      Terminal.overwriteErrorLine(
        Self.bar("predicting", done, total) + (left.map { ", \(text($0)) left" } ?? ""))
    } _: {
      try await work()
    }
  }

  private static func bar(_ verb: String, _ done: Int, _ total: Int) -> String {
    let filled = 30 * done / total
    let bar = String(repeating: "━", count: filled) + String(repeating: "╌", count: 30 - filled)
    return "\(verb) \(bar) \(done) of \(total)"
  }

  private static func text(_ duration: Duration) -> String {
    let seconds = duration.components.seconds
    return seconds < 60 ? "\(seconds) s" : "\(seconds / 60) min \(seconds % 60) s"
  }

  /// Does work that asks whether to stop; after the first interruption it is to, the second ends the process at once.
  package static func stopping<Result>(_ work: (@escaping StopCheck) throws -> Result) rethrows -> Result {
    let flag = StopFlag()
    let sources = watchSignals { signal in
      if flag.isSet.exchange(true, ordering: .relaxed) { Terminal.end(after: signal) }
    }
    defer { endWatch(sources) }
    return try work { flag.isSet.load(ordering: .relaxed) }
  }

  /// The same for work that waits.
  package static func stopping<Result>(
    _ work: (@escaping @Sendable () -> Bool) async throws -> Result
  ) async rethrows -> Result {
    let flag = StopFlag()
    let sources = watchSignals { signal in
      if flag.isSet.exchange(true, ordering: .relaxed) { Terminal.end(after: signal) }
    }
    defer { endWatch(sources) }
    return try await work { flag.isSet.load(ordering: .relaxed) }
  }

  private final class StopFlag: Sendable { let isSet = Atomic(false) }

  /// Does work; when it is interrupted or terminated meanwhile, removes a file and ends the process.
  package static func removing<Result>(_ file: String, _ work: () throws -> Result) rethrows -> Result {
    let sources = watchSignals { Terminal.end(removing: file, after: $0) }
    defer { endWatch(sources) }
    return try work()
  }

  /// The same for work that waits.
  package static func removing<Result>(_ file: String, _ work: () async throws -> Result) async rethrows
    -> Result
  {
    let sources = watchSignals { Terminal.end(removing: file, after: $0) }
    defer { endWatch(sources) }
    return try await work()
  }

  private static func watchSignals(
    _ body: @escaping @Sendable (Int32) -> Void
  ) -> [any DispatchSourceSignal] {
    Terminal.interruptSignals.map { signal in
      let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
      source.setEventHandler { body(signal) }
      // Before the source is there: on Linux it puts a handler of its own in the place, which must stay.
      Terminal.setIgnored(signal, true)
      source.resume()
      return source
    }
  }

  private static func endWatch(_ sources: [any DispatchSourceSignal]) {
    for (source, signal) in zip(sources, Terminal.interruptSignals) {
      source.cancel()
      Terminal.setIgnored(signal, false)
    }
  }
}
