import Magnet
import Synchronization

/// What a store has seen of the files of a run since it was listed, so that the system is asked once for each: what is read
/// of a run belongs together.
final class SeenFiles: Sendable {
  private struct State {
    var key: WarmKey??
    /// By the kind of table that they become.
    var files: [(kind: UInt64, file: WarmStore.Present?)] = []
    /// A bit for each kind of the roll whose file is as the roll has it.
    var rolled: UInt64 = 0
  }

  private let state = Mutex(State())
  /// Where the run's folder was found.
  let place: SearchedFolder.Place?

  init(_ place: SearchedFolder.Place? = nil) { self.place = place }

  /// Forgets the files, which may have changed, but those that are as the roll has them.
  /// - Parameter rolled: a bit for each kind of the roll.
  func renew(_ rolled: UInt64) {
    state.withLock {
      if !$0.files.isEmpty { $0.files = [] }
      $0.rolled = rolled
    }
  }

  /// Where a store has the run, found out once.
  func key(_ find: () -> WarmKey?) -> WarmKey? {
    if let key = state.withLock({ $0.key }) { return key }
    let key = find()
    state.withLock { $0.key = .some(key) }
    return key
  }

  /// Whether the file of a kind is as the roll has it.
  func isRolled(_ kind: UInt64) -> Bool { rolled(kind) != nil }

  private func rolled(_ kind: UInt64) -> WarmStore.Present? {
    let bits = state.withLock { $0.rolled }
    guard bits != 0, let place, let number = place.number, let roll = place.folder.roll,
      let column = roll.kinds.firstIndex(of: kind), bits & 1 << UInt64(column) != 0
    else { return nil }
    return roll.file(number, column)
  }

  /// The file of a kind, looked at once.
  func file(_ kind: UInt64, _ look: () -> WarmStore.Present?) -> WarmStore.Present? {
    if let known = rolled(kind) { return known }
    if let known = state.withLock({ state in state.files.first { $0.kind == kind } }) { return known.file }
    let file = look()
    state.withLock { $0.files.append((kind, file)) }
    return file
  }
}
