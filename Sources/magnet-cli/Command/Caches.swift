import HelmBackend
import Magnet
import Synchronization

/// The caches that a command uses, one for each folder.
enum Caches {
  private static let stores = Mutex<[String: WarmStore]>([:])

  static func open(_ folder: String, _ make: () throws -> WarmStore) throws -> WarmStore {
    try stores.withLock { stores in
      if let store = stores[folder] { return store }
      let store = try make()
      stores[folder] = store
      return store
    }
  }

  /// Completes what is being written. A cache that cannot be written is a pity, not a fault: the answer is right.
  static func close() {
    for (_, store) in stores.withLock({ $0 }) {
      store.flush()
      if let failure = store.use.failure { Terminal.say("the cache is of no use: \(failure)") }
    }
  }
}
