import Dispatch
import Synchronization

/// Runs work on several threads at once, and work that waits on threads of its own.
///
/// Everything runs as part of the calling task: when that is cancelled, `Task.isCancelled` is true in the work, which
/// ends early. On blocking threads too: they execute tasks.
package enum Workers {
  /// Does work with each of `count` workers and returns what they return, in no order. When all have ended, the first
  /// error is thrown.
  /// - Parameter isBlocking: whether the work waits for disks, sockets or programs, so that it must not hold up the
  ///   threads that all tasks share.
  package static func run<R: Sendable>(
    _ count: Int, isBlocking: Bool = false, _ work: @escaping @Sendable () async throws -> R
  ) async throws -> [R] {
    let executor: (any TaskExecutor)? = isBlocking ? BlockingThreads.shared : nil
    let results = await withTaskGroup(of: Result<R, any Error>.self) { group in
      for _ in 0..<count {
        group.addTask(executorPreference: executor) {
          do { return .success(try await work()) } catch { return .failure(error) }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    return try results.map { try $0.get() }
  }

  /// What work returns for each number below `count`, in their order, on several threads at once. Waits for all.
  package static func results<R: Sendable>(
    _ count: Int, jobs: Int, _ work: @Sendable (Int) -> R
  ) -> [R] {
    let results = Locked(Array<R?>(repeating: nil, count: count))
    let next = NextNumber()
    DispatchQueue.concurrentPerform(iterations: max(1, min(jobs, count))) { _ in
      while let number = next.take(below: count) {
        let result = work(number)
        results.withLock { $0[number] = result }
      }
    }
    return results.withLock { $0.compactMap(\.self) }
  }

  /// Does work that waits, on a thread of its own.
  package static func blocking<R: Sendable>(
    _ work: @escaping @Sendable () async throws -> R
  ) async throws -> R {
    try await run(1, isBlocking: true, work)[0]
  }

  /// Waits for work that does not block, on a thread that may: one of `blocking`. The work is cancelled with the task
  /// that waits.
  package static func waiting<R: Sendable>(_ work: @escaping @Sendable () async throws -> R) throws -> R {
    let done = DispatchSemaphore(value: 0)
    let result = Locked<Result<R, any Error>?>(nil)
    let task = Task {
      let outcome: Result<R, any Error>
      do { outcome = .success(try await work()) } catch { outcome = .failure(error) }
      result.withLock { $0 = outcome }
      done.signal()
    }
    while done.wait(timeout: .now() + .milliseconds(50)) == .timedOut {
      if Task.isCancelled { task.cancel() }
    }
    guard let outcome = result.withLock({ $0 }) else { throw CancellationError() }
    return try outcome.get()
  }
}

/// Executes tasks that block: each step of a task on a thread that no other waits for.
private final class BlockingThreads: TaskExecutor {
  static let shared = BlockingThreads()

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    DispatchQueue(label: "magnet.blocking").async {
      unsafe job.runSynchronously(on: self.asUnownedTaskExecutor())
    }
  }
}

/// A few threads that take jobs in turn.
package struct ThreadPool: Sendable {
  private let queues: [DispatchQueue]

  package init(count: Int) { queues = (0..<count).map { DispatchQueue(label: "magnet.pool.\($0)") } }

  /// Does a job on one of the threads; jobs of the same number stay in order.
  package func start(_ number: Int, _ job: @escaping @Sendable () -> Void) {
    queues[number % queues.count].async(execute: job)
  }

  /// Waits until all jobs are done.
  package func wait() { for queue in queues { queue.sync {} } }
}

/// Hands out numbers one after the other to several threads, each once.
package final class NextNumber: Sendable {
  private let counter: Atomic<Int>

  package init(_ first: Int = 0) { counter = Atomic(first) }

  /// The next number.
  package func take() -> Int { counter.wrappingAdd(1, ordering: .relaxed).oldValue }

  /// The next number; nil when that is not below `count`.
  package func take(below count: Int) -> Int? {
    let number = take()
    return number < count ? number : nil
  }

  /// Hands out no more.
  package func end() { counter.store(Int.max / 2, ordering: .relaxed) }
}

/// A value that one thread at a time has.
package final class Locked<Value: Sendable>: Sendable {
  private let value: Mutex<Value>

  package init(_ value: Value) { self.value = Mutex(value) }

  package func withLock<Result: Sendable>(_ body: (inout Value) throws -> Result) rethrows -> Result {
    try value.withLock { value in try body(&value) }
  }
}
