import Magnet
import Synchronization

/// What one test does with models: counts, draws, the journal, and what the store knows.
final class PairSession: Sendable {
  private struct State {
    var timestep = 0
    var number = 0
    var draws: [UInt64: Int] = [:]
    var requests = 0
    var tokens = 0
    /// The calls of an earlier run that was stopped; empty from where this run differs.
    var earlier: [Int64] = []
    var differsFrom: Int?
  }

  let store: JudgeStore?
  private let pair: Int64
  private let repetition: Int
  private let state: Mutex<State>

  init(store: JudgeStore?, pair: Int64, repetition: Int) throws {
    self.store = store
    self.pair = pair
    self.repetition = repetition
    var state = State()
    state.earlier = try store?.journal(of: pair) ?? []
    self.state = Mutex(state)
  }

  var requests: Int { state.withLock { $0.requests } }
  var tokens: Int { state.withLock { $0.tokens } }
  /// The first call that was not the one of the earlier run.
  var differsFrom: Int? { state.withLock { $0.differsFrom } }

  func tick(_ timestep: Int) { state.withLock { $0.timestep = timestep } }

  func count(requests: Int, tokens: Int) {
    state.withLock {
      $0.requests += requests
      $0.tokens += tokens
    }
  }

  /// The draw of each request: how often this model was asked the same before, beyond the repetitions before.
  func draws(_ keys: [UInt64]) -> [Int] {
    state.withLock { state in
      keys.map { key in
        let count = state.draws[key, default: 0]
        state.draws[key] = count + 1
        return (repetition - 1) << 32 + count
      }
    }
  }

  /// Notes a call. Where an earlier run made another one, its journal is cut there.
  func note(_ kind: String, _ digest: UInt64) throws {
    guard let store else { return }
    let signed = Int64(bitPattern: digest)
    let (number, timestep, isKnown, isCut) = state.withLock { state in
      let number = state.number
      state.number += 1
      let isKnown = state.earlier.indices.contains(number) && state.earlier[number] == signed
      let isCut = state.earlier.indices.contains(number) && !isKnown
      if isCut {
        state.differsFrom = state.differsFrom ?? number + 1
        state.earlier = []
      }
      return (number, state.timestep, isKnown, isCut)
    }
    if isCut { try store.cutJournal(of: pair, at: number) }
    if !isKnown {
      try store.addCall(number, of: pair, kind: kind, timestep: timestep, digest: digest == 0 ? 0 : signed)
    }
  }

  /// Notes that the test has ended: calls of an earlier run beyond are not this run's.
  func end() throws {
    guard let store else { return }
    let (number, hasMore) = state.withLock { state in
      if state.earlier.count > state.number { state.differsFrom = state.differsFrom ?? state.number + 1 }
      return (state.number, state.earlier.count > state.number)
    }
    if hasMore { try store.cutJournal(of: pair, at: number) }
  }
}
