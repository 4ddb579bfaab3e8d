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
    /// Files are read, runs are predicted, or files are downloaded.
    case reading, predicting, downloading
  }

  /// A moment of the work.
  public struct State: Sendable, Equatable {
    /// What is being done; nil before anything is.
    public internal(set) var phase: Phase?
    /// The parts of the phase that are done: runs, windows of large files, predictions of a group of scores, downloaded
    /// files.
    public internal(set) var done = 0
    /// How many parts are known so far; at least `done`.
    public internal(set) var total = 0
    /// What came over the network.
    package internal(set) var transfer = Transfer()
  }

  /// What came over the network, and what is still to come.
  package struct Transfer: Sendable, Equatable {
    /// Stored bytes that came, of those planned. Bytes fetched again count again only in `received`.
    package var bytes = 0, totalBytes = 0
    /// Everything that came.
    package var received = 0
    package var retries = 0, failures = 0
    /// Whether more files may be planned: the listing goes on.
    package var isListing = false
  }

  private let current = Mutex(State())

  /// Nothing done yet.
  public init() {}

  /// How far the work has come.
  public var state: State { current.withLock { $0 } }

  /// Adds parts to be done, some of which may be done already. A new phase counts from 0.
  package func expect(_ count: Int, in phase: Phase, done: Int = 0) {
    current.withLock { state in
      if state.phase != phase { state = State(phase: phase, transfer: state.transfer) }
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

  /// Counts what comes over the network.
  package func count(_ change: (inout Transfer) -> Void) {
    current.withLock { change(&$0.transfer) }
  }
}
