import Dispatch
import HelmBackend

/// What goes on beside the work, on threads of its own: a progress bar, and tidying up when the user interrupts.
enum Watch {
  private static let queue = DispatchQueue(label: "magnet.watch")

  /// Does work while a bar on standard error, when that is a terminal, shows how far it has come. It appears only
  /// when the work takes longer than half a second, and goes when it is done.
  static func showing<Result>(
    _ progress: LoadProgress, _ work: () async throws -> Result
  ) async throws -> Result {
    guard Terminal.areErrorsTerminal else { return try await work() }
    let timer = DispatchSource.makeTimerSource(queue: queue)
    timer.schedule(deadline: .now() + .milliseconds(500), repeating: .milliseconds(100))
    timer.setEventHandler {
      let (done, total) = progress.state
      guard total > 0 else { return }
      let filled = 30 * done / total
      let bar = String(repeating: "━", count: filled) + String(repeating: "╌", count: 30 - filled)
      Terminal.overwriteErrorLine("reading \(bar) \(done) of \(total)")
    }
    timer.resume()
    defer {
      timer.cancel()
      queue.sync { Terminal.overwriteErrorLine(nil) }
    }
    return try await work()
  }

  /// Does work, and something else every so many milliseconds meanwhile.
  static func ticking<Result>(
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
  static func stopping<Result>(
    _ progress: DownloadProgress, _ work: () async throws -> Result
  ) async throws -> Result {
    let sources = watchSignals { signal in
      if progress.state.wasStopped { Terminal.end(after: signal) }
      progress.stop()
    }
    defer { endWatch(sources) }
    return try await work()
  }

  /// Does work; when it is interrupted or terminated meanwhile, removes a file and ends the process.
  static func removing<Result>(_ file: String, _ work: () throws -> Result) rethrows -> Result {
    let sources = watchSignals { Terminal.end(removing: file, after: $0) }
    defer { endWatch(sources) }
    return try work()
  }

  /// The same for work that waits.
  static func removing<Result>(_ file: String, _ work: () async throws -> Result) async rethrows -> Result {
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
