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

  /// Hands out no more.
  func end() { counter.store(Int.max / 2, ordering: .relaxed) }
}

/// The windows of a file, taken by several workers in turn.
final class SharedWindows: Sendable {
  private struct State: ~Copyable {
    var windows: RecordWindows
    /// Whether no more are handed out; so it is after a fault.
    var isEnded = false
  }

  let path: String
  private let state: Mutex<State>

  init(_ file: any ByteStream, list key: String?, windowSize: Int) {
    path = file.path
    state = Mutex(State(windows: RecordWindows(file, list: key, windowSize: windowSize)))
  }

  func next(
    _ grow: (_ size: Int, _ keeping: Int) -> UnsafeMutablePointer<UInt8>
  ) throws(DataFault) -> RecordWindows.Window? {
    try state.withLock { (state) throws(DataFault) in
      if state.isEnded { return nil }
      do throws(DataFault) { return try state.windows.next(grow) } catch {
        state.isEnded = true
        throw error
      }
    }
  }

  /// Hands out no more windows.
  func end() { state.withLock { $0.isEnded = true } }

  /// What stands around the list, once all windows were taken.
  var surroundings: [UInt8] { state.withLock { $0.windows.surroundings } }
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
