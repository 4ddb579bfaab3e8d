/// A file of a backtest's predictions: JSON lines, first one that says which backtest it is, then one for each
/// prediction, in an order that does not depend on the number of jobs.
package struct ScoreFile: Sendable {
  package let path: String

  /// The file at a path, which need not be there.
  package init(_ path: String) { self.path = path }
}
