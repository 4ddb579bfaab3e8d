/// The metric that a user asks for: `exact_match`, `exact_match@valid` or `exact_match@test/toxic`, the latter with a
/// sub-split.
///
/// The names of some metrics have an `@` themselves. `NDCG@10` is the metric where a run has it; `NDCG@10@valid` names a
/// split too.
public struct MetricSelector: Sendable, Hashable, CustomStringConvertible {
  /// As the user wrote it.
  public let text: String

  /// A selector.
  /// - Throws: `MagnetError` for an empty name, split or sub-split.
  public init(_ text: String) throws {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    if parts.contains(where: \.isEmpty) || text.hasSuffix("/") {
      throw MagnetError(
        .usage, "not a metric: '\(text)'", advice: "write NAME, NAME@SPLIT or NAME@SPLIT/SUB_SPLIT")
    }
    self.text = text
  }

  public var description: String { text }

  /// What it may mean, the likeliest first.
  var readings: [(metric: String, split: String?, subSplit: String?)] {
    guard let at = text.lastIndex(of: "@") else { return [(text, nil, nil)] }
    let rest = text[text.index(after: at)...].split(separator: "/", maxSplits: 1).map(String.init)
    return [(text, nil, nil), (String(text[..<at]), rest[0], rest.count > 1 ? rest[1] : nil)]
  }

  /// Whether a statistic is of the metric asked for, perturbed or not.
  public func matches(_ name: MetricName) -> Bool {
    readings.contains {
      $0.metric == name.name && ($0.split == nil || $0.split == name.split)
        && ($0.subSplit == nil || $0.subSplit == name.subSplit)
    }
  }

  /// Makes sure that some statistic is of one of the metrics asked for.
  /// - Parameter place: what the statistics are of, for the message.
  /// - Throws: `MagnetError` with the nearest names.
  static func check(
    _ metrics: [MetricSelector], among names: some Sequence<MetricName>, of place: String? = nil
  ) throws {
    guard let first = metrics.first, !metrics.contains(where: { names.contains(where: $0.matches) }) else {
      return
    }
    let known = (names.filter { $0.perturbation == nil }.map(\.text) + names.map(\.name)).unique()
    throw MagnetError(
      .notFound, "no metric '\(first)'", at: place, advice: suggestion(for: first.text, among: known))
  }
}
