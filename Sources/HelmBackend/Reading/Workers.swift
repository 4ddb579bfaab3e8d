import Magnet
import Synchronization

/// How far a long load has come; read from elsewhere while it goes on.
public final class LoadProgress: Sendable {
  private let doneCount = Atomic(0)
  private let totalCount = Atomic(0)

  /// Nothing done yet.
  public init() {}

  /// The parts of the work done, and how many there are: runs, or windows of large files.
  public var state: (done: Int, total: Int) {
    let done = doneCount.load(ordering: .relaxed)
    return (done, max(done, totalCount.load(ordering: .relaxed)))
  }

  func expect(_ count: Int) { totalCount.wrappingAdd(count, ordering: .relaxed) }

  func advance() { doneCount.wrappingAdd(1, ordering: .relaxed) }
}

/// Hands out the numbers 0, 1, 2 ... to several workers, each once.
final class NextItem: Sendable {
  private let counter = Atomic(0)

  func take(below count: Int) -> Int? {
    let number = counter.wrappingAdd(1, ordering: .relaxed).oldValue
    return number < count ? number : nil
  }
}

/// The windows of a file, taken by several workers in turn.
final class SharedWindows: Sendable {
  let path: String
  private let windows: Mutex<RecordWindows>

  init(_ file: any ByteStream, list key: String?, windowSize: Int) {
    path = file.path
    windows = Mutex(RecordWindows(file, list: key, windowSize: windowSize))
  }

  func next(
    _ grow: (_ size: Int, _ keeping: Int) -> UnsafeMutablePointer<UInt8>
  ) throws(RunFault) -> RecordWindows.Window? {
    try windows.withLock { (windows) throws(RunFault) in try windows.next(grow) }
  }

  /// What stands around the list, once all windows were taken.
  var surroundings: [UInt8] { windows.withLock { $0.surroundings } }
}

/// Does work with each of `count` workers at once, and gathers what they return, in no order.
func withWorkers<Result: Sendable>(
  _ count: Int, _ work: @escaping @Sendable () throws -> Result
) async throws -> [Result] {
  try await withThrowingTaskGroup(of: Result.self) { group in
    for _ in 0..<count { group.addTask { try work() } }
    var results: [Result] = []
    for try await result in group { results.append(result) }
    return results
  }
}
