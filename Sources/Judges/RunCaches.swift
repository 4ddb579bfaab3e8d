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

/// The histories that tests are made on. Many tests have the same one, so the last ones made are kept.
final class HistoryCache: Sendable {
  private struct Key: Hashable {
    let place: Int
    let repetition: Int
  }

  private struct State {
    var histories: [Key: JudgeHistory] = [:]
    var order: [Key] = []
  }

  /// The most that are kept.
  private static let limit = 32

  private let sources: [any HistorySource]
  private let state = Mutex(State())

  init(_ sources: [any HistorySource]) { self.sources = sources }

  /// The history of a repetition.
  /// - Parameter place: the place of its source.
  func history(_ place: Int, repetition: Int) throws -> JudgeHistory {
    let key = Key(place: place, repetition: repetition)
    if let known = state.withLock({ $0.histories[key] }) { return known }
    let made = try sources[place].history(repetition: repetition)
    state.withLock { state in
      guard state.histories.updateValue(made, forKey: key) == nil else { return }
      state.order.append(key)
      if state.order.count > Self.limit { state.histories[state.order.removeFirst()] = nil }
    }
    return made
  }
}
