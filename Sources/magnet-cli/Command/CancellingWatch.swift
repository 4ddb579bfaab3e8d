import Dispatch
import Synchronization

extension Watch {
  /// Does work in a task that the first interruption cancels; the second one ends the process at once. Meanwhile, shows
  /// on a terminal how far it has come, and about how long it will take.
  /// - Parameters:
  ///   - verb: what is being done, such as `judging`.
  ///   - progress: how much is done, and how much there is; a total of 0 shows nothing.
  package static func cancelling<Result: Sendable>(
    _ verb: String, progress: @escaping @Sendable () -> (done: Int, total: Int),
    _ work: @escaping @Sendable () async throws -> Result
  ) async throws -> (result: Result, wasCancelled: Bool) {
    let task = Task { try await work() }
    let queue = DispatchQueue(label: "magnet.cancelling")
    let watcher = watchSignals { signal in
      if task.isCancelled { Terminal.end(after: signal) }
      task.cancel()
    }
    defer { endWatch(watcher) }
    guard Terminal.areErrorsTerminal else { return (try await task.value, task.isCancelled) }
    let start = ContinuousClock.now
    let before = Atomic(-1)
    let timer = DispatchSource.makeTimerSource(queue: queue)
    timer.schedule(deadline: .now() + .milliseconds(500), repeating: .milliseconds(200))
    timer.setEventHandler {
      let (done, total) = progress()
      guard total > 0 else { return }
      if before.load(ordering: .relaxed) < 0 { before.store(done, ordering: .relaxed) }
      let fresh = done - before.load(ordering: .relaxed)
      var line = "\(verb) \(done) of \(total)"
      if fresh > 0, done < total {
        let seconds = ((ContinuousClock.now - start) / fresh * (total - done)).components.seconds
        line += seconds < 60 ? ", \(seconds) s left" : ", \(seconds / 60) min \(seconds % 60) s left"
      }
      Terminal.overwriteErrorLine(line)
    }
    timer.resume()
    defer {
      timer.cancel()
      queue.sync { Terminal.overwriteErrorLine(nil) }
    }
    return (try await task.value, task.isCancelled)
  }
}
