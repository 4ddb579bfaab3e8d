import Magnet
import Synchronization

/// What a store has seen of the files of a run since it was listed, so that the system is asked once for each: what is read
/// of a run belongs together.
final class SeenFiles: Sendable {
  private struct State {
    var key: WarmKey??
    /// What packs had of it, the newest pack first, and when that was looked up.
    var entries: (look: Int, found: [(pack: WarmPack, entries: [WarmEntry])])?
    /// By the kind of table that they become.
    var files: [(kind: UInt64, file: WarmStore.Present?)] = []
  }

  private let state = Mutex(State())
  /// Where the run's folder was found.
  let place: SearchedFolder.Place?

  init(_ place: SearchedFolder.Place? = nil) { self.place = place }

  /// Forgets the files, which may have changed.
  func forget() { state.withLock { $0.files.removeAll() } }

  /// Where a store has the run, found out once.
  func key(_ find: () -> WarmKey?) -> WarmKey? {
    if let key = state.withLock({ $0.key }) { return key }
    let key = find()
    state.withLock { $0.key = .some(key) }
    return key
  }

  /// What packs have of the run, looked up once.
  /// - Parameter look: the number of times that the packs were opened.
  func entries(_ look: Int, _ find: () -> [(pack: WarmPack, entries: [WarmEntry])]) -> [(
    pack: WarmPack, entries: [WarmEntry]
  )] {
    if let known = state.withLock({ $0.entries }), known.look == look { return known.found }
    let found = find()
    state.withLock { $0.entries = (look, found) }
    return found
  }

  /// The file of a kind, looked at once.
  func file(_ kind: UInt64, _ look: () -> WarmStore.Present?) -> WarmStore.Present? {
    if let known = state.withLock({ state in state.files.first { $0.kind == kind } }) { return known.file }
    let file = look()
    state.withLock { $0.files.append((kind, file)) }
    return file
  }
}
