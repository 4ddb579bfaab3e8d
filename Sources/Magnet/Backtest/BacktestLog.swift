/// What a backtest has predicted so far, in memory and, where there is one, in its file. The file always holds the
/// beginning of what a backtest writes that runs to its end.
final class BacktestLog: Sendable {
  private struct State: Sendable {
    var outcomes: [BacktestOutcome?]
    /// The units that are in the file.
    var writtenCount = 0
    var text: BacktestText?
    var file: AppendLog?
  }

  private let state: Locked<State>
  private let file: ScoreFile?

  init(unitCount: Int, file: ScoreFile?) {
    state = Locked(State(outcomes: Array(repeating: nil, count: unitCount)))
    self.file = file
  }

  /// How many units were done before, all from the first on.
  var doneCount: Int { state.withLock { $0.writtenCount } }

  /// Takes over what the file holds of this backtest.
  /// - Throws: a sentence where the file holds something else.
  func open(_ backtest: Backtest, _ entries: [Backtest.Entry], _ plan: BacktestPlan) throws {
    guard let file else { return }
    let text = BacktestText(backtest, entries, plan)
    var outcomes: [Int: BacktestOutcome] = [:]
    var lastUnit = 0
    // The last unit may lack lines.
    let opened = try AppendLog(file.path, of: "backtest", header: text.header, mismatch: text.difference) {
      line, number in
      guard let (unit, part) = text.parsed(line) else {
        throw MagnetError(
          .alreadyExists, "is not a prediction of this backtest", at: "\(file.path): line \(number)",
          advice: "give another file, or remove this one")
      }
      if let part { outcomes[unit, default: BacktestOutcome()] += part }
      lastUnit = unit
      return unit
    }
    state.withLock { state in
      state.writtenCount = lastUnit
      for unit in 0..<state.writtenCount { state.outcomes[unit] = outcomes[unit] ?? BacktestOutcome() }
      state.text = text
      state.file = opened
    }
  }

  /// Keeps what a unit came to, as a score file does: whether there is one makes no difference to the result. Writes it
  /// when all before it are written.
  func add(_ outcome: BacktestOutcome, unit: Int) throws {
    let outcome = outcome.asKept
    try state.withLock { state in
      state.outcomes[unit] = outcome
      while state.writtenCount < state.outcomes.count, let next = state.outcomes[state.writtenCount] {
        if let text = state.text { try state.file?.append(text.lines(next, unit: state.writtenCount)) }
        state.writtenCount += 1
      }
    }
  }

  /// All that was predicted, in order; it is not kept here any longer.
  func finish() -> [BacktestOutcome] {
    state.withLock { state in
      state.file = nil
      defer { state.outcomes = [] }
      return state.outcomes.compactMap(\.self)
    }
  }
}
