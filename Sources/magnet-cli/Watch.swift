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

  /// Does work; when it is interrupted or terminated meanwhile, removes a file and ends the process.
  static func removing(_ file: String, _ work: () throws -> Void) rethrows {
    let sources = Terminal.interruptSignals.map { signal in
      let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
      source.setEventHandler { Terminal.end(removing: file, after: signal) }
      source.resume()
      Terminal.setIgnored(signal, true)
      return source
    }
    defer {
      for (source, signal) in zip(sources, Terminal.interruptSignals) {
        source.cancel()
        Terminal.setIgnored(signal, false)
      }
    }
    try work()
  }
}
