import Dispatch
import Synchronization

/// Does work on `count` threads at once, which may block, and waits for all. The first error is thrown when all have
/// ended.
func withBlockingWorkers(_ count: Int, _ work: @escaping @Sendable () throws -> Void) async throws {
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
