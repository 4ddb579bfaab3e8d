import Dispatch

/// Threads for work that waits for disks and sockets, which must not hold up the threads that tasks share.
enum Threads {
  /// Does work on a thread of its own.
  static func run<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue(label: "magnet.download").async { continuation.resume(with: Result { try body() }) }
    }
  }
}

/// A few threads that take jobs in turn.
struct ThreadPool: Sendable {
  private let queues: [DispatchQueue]

  init(count: Int) { queues = (0..<count).map { DispatchQueue(label: "magnet.download.\($0)") } }

  /// Does a job on one of the threads; jobs of the same number stay in order.
  func start(_ number: Int, _ job: @escaping @Sendable () -> Void) {
    queues[number % queues.count].async(execute: job)
  }

  /// Waits until all jobs are done.
  func wait() { for queue in queues { queue.sync {} } }
}
