import Synchronization

/// Vectors that a run has measured, by model and probe.
final class VectorCache: Sendable {
  struct Key: Hashable {
    let model: String
    let probe: String
  }

  private let vectors = Mutex<[Key: [Double]?]>([:])

  /// A vector, nil where none is known.
  subscript(key: Key) -> [Double]?? {
    get { vectors.withLock { $0[key] } }
    set { vectors.withLock { $0[key] = newValue } }
  }
}
