import Magnet
import Synchronization

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
      do throws(DataFault) { return try unsafe state.windows.next(grow) } catch {
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
