import Synchronization

/// How far long work has come; read from any thread while it continues.
///
/// ```swift
/// let progress = WorkProgress()
/// async let tables = HelmRuns("benchmark_output", progress: progress).load()
/// while progress.state.done < progress.state.total { print(progress.state.done) }
/// print(try await tables.stats.rowCount)
/// ```
///
/// To end the work early, cancel its task.
public final class WorkProgress: Sendable {
  /// What is being done.
  public enum Phase: String, Sendable {
    /// Files are read, or runs are predicted.
    case reading, predicting
  }

  /// A moment of the work.
  public struct State: Sendable, Equatable {
    /// What is being done; nil before anything is.
    public internal(set) var phase: Phase?
    /// The parts of the phase that are done: runs, windows of large files, predictions of a group of scores.
    public internal(set) var done = 0
    /// How many parts are known so far; at least `done`.
    public internal(set) var total = 0
  }

  private let current = Mutex(State())

  /// Nothing done yet.
  public init() {}

  /// How far the work has come.
  public var state: State { current.withLock { $0 } }

  /// Adds parts to be done, some of which may be done already. A new phase counts from 0.
  package func expect(_ count: Int, in phase: Phase, done: Int = 0) {
    current.withLock { state in
      if state.phase != phase { state = State(phase: phase) }
      state.total += count
      state.done += done
    }
  }

  /// Counts more parts as done.
  package func advance(by count: Int = 1) {
    current.withLock { state in
      state.done += count
      state.total = max(state.total, state.done)
    }
  }
}
