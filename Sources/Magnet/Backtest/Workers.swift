import Dispatch
import Synchronization

/// Does work on `count` threads at once, which may block, and waits for all. The first error is thrown when all have
/// ended.
package func withBlockingWorkers(_ count: Int, _ work: @escaping @Sendable () throws -> Void) async throws {
  let queue = DispatchQueue(label: "magnet.backtest", attributes: .concurrent)
  let results = await withTaskGroup(of: Result<Void, any Error>.self) { group in
    for _ in 0..<count {
      group.addTask {
        await withCheckedContinuation { continuation in
          queue.async { continuation.resume(returning: Result { try work() }) }
        }
      }
    }
    return await group.reduce(into: []) { $0.append($1) }
  }
  for result in results { try result.get() }
}

/// Runs asynchronous work to its end and waits for it, on a thread that may block: the work runs on threads of its own
/// that may block too, so that the threads that tasks share are left alone.
func waitForBlocking<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) throws -> Result
{
  let result = Locked<Swift.Result<Result, any Error>?>(nil)
  let done = DispatchSemaphore(value: 0)
  Task(executorPreference: BlockingExecutor.shared) {
    let outcome: Swift.Result<Result, any Error>
    do { outcome = .success(try await work()) } catch { outcome = .failure(error) }
    result.withLock { $0 = outcome }
    done.signal()
  }
  done.wait()
  guard let outcome = result.withLock({ $0 }) else { throw CancellationError() }
  return try outcome.get()
}

/// Runs tasks on a queue that starts further threads where some block.
private final class BlockingExecutor: TaskExecutor {
  static let shared = BlockingExecutor()
  private let queue = DispatchQueue(label: "magnet.blocking", attributes: .concurrent)

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}

/// Hands out numbers one after the other to several threads, each once.
package final class NextNumber: Sendable {
  private let counter: Atomic<Int>

  package init(_ first: Int) { counter = Atomic(first) }

  package func take() -> Int { counter.wrappingAdd(1, ordering: .relaxed).oldValue }
}

/// A value that one thread at a time has.
package final class Locked<Value: Sendable>: Sendable {
  private let value: Mutex<Value>

  package init(_ value: Value) { self.value = Mutex(value) }

  package func withLock<Result: Sendable>(_ body: (inout Value) throws -> Result) rethrows -> Result {
    try value.withLock { value in try body(&value) }
  }
}

/// How far a backtest has come; read and stopped from elsewhere while it goes on.
public final class BacktestProgress: Sendable {
  private let doneCount = Atomic(0)
  private let totalCount = Atomic(0)
  private let stop = Atomic(false)

  /// Nothing done yet.
  public init() {}

  /// The parts of the work done, and how many there are.
  public var state: (done: Int, total: Int) {
    (doneCount.load(ordering: .relaxed), totalCount.load(ordering: .relaxed))
  }

  /// Lets the backtest end when the predictions being made are done.
  public func endSoon() { stop.store(true, ordering: .relaxed) }

  /// Whether it was told to end.
  public var wasStopped: Bool { stop.load(ordering: .relaxed) }

  func expect(_ count: Int, done: Int) {
    totalCount.store(count, ordering: .relaxed)
    doneCount.store(done, ordering: .relaxed)
  }

  func advance() { doneCount.wrappingAdd(1, ordering: .relaxed) }
}
