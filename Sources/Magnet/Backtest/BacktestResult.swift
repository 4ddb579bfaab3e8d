/// What a backtest came to.
public struct BacktestResult: Sendable {
  let backtest: Backtest
  let entries: [Backtest.Entry]
  let plan: BacktestPlan
  let outcome: BacktestOutcome
  /// Whether all was predicted; false when the backtest was told to end.
  public let isComplete: Bool
}
