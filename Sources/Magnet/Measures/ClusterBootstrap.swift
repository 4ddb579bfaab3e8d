/// Draws clusters of pairs (families of models, as a rule) with replacement: the same draws for every measure, so that
/// measures of several predictors can be compared.
package struct ClusterBootstrap: Sendable {
  /// How many clusters there are.
  package let clusterCount: Int
  /// For each draw, how often each cluster is in it; none for fewer than two clusters.
  let counts: [[Double]]

  /// The same draws from the same seed.
  package init(_ clusterCount: Int, seed: UInt64, draws: Int = 1000) {
    self.clusterCount = clusterCount
    var random = SplitMix(state: seed ^ 0x5EED)
    counts =
      clusterCount < 2
      ? []
      : (0..<draws).map { _ in
        var counts = Array(repeating: 0.0, count: clusterCount)
        for _ in 0..<clusterCount { counts[Int.random(in: 0..<clusterCount, using: &random)] += 1 }
        return counts
      }
  }

  /// A measure's value over pairs, with its interval.
  /// - Parameter clusters: for each pair the number of its cluster.
  /// - Returns: nil where the pairs are too few for a value. The score has no interval where they are of one cluster,
  ///   which says nothing of others.
  package func score(_ measure: Measure, of pairs: [MeasuredPair], clusters: [Int]) -> Measure.Score? {
    func summed(_ terms: some Sequence<(cluster: Int, sums: Measure.Sums?)>) -> Measure.Score? {
      var sums = Array(repeating: Measure.Sums.zero, count: clusterCount)
      var seen: Set<Int> = []
      for (cluster, term) in terms {
        seen.insert(cluster)
        if let term { sums[cluster] += term }
      }
      return score(measure.name, sums, isSpread: seen.count > 1, measure.value)
    }
    switch measure.form {
    case .pairs(let sums):
      return summed(zip(pairs, clusters).lazy.map { ($1, sums($0)) })
    case .rankings(let sums):
      let numbers = Dictionary(grouping: pairs.indices) { SIMD2(pairs[$0].group, pairs[$0].repetition) }
      return summed(
        numbers.sorted { ($0.key.x, $0.key.y) < ($1.key.x, $1.key.y) }.lazy.map { _, members in
          (clusters[members[0]], sums(members.map { pairs[$0] }))
        })
    case .whole(_, let resampled):
      guard let whole = measure.value(of: pairs) else { return nil }
      let isSpread = Set(clusters).count > 1
      let interval = isSpread ? self.interval(draws: 200, resampled(pairs, clusters, clusterCount)) : nil
      return Measure.Score(measure: measure.name, value: whole, interval: interval)
    }
  }

  /// A value of sums by cluster, with its interval.
  /// - Parameter isSpread: whether the sums are of several clusters.
  package func score(
    _ name: String, _ sums: [Measure.Sums], isSpread: Bool, _ value: (Measure.Sums) -> Double?
  ) -> Measure.Score? {
    guard let whole = value(sums.reduce(.zero) { $0 + $1 }), !whole.isNaN else { return nil }
    let interval =
      isSpread
      ? self.interval { counts in value(zip(sums, counts).reduce(.zero) { $0 + $1.1 * $1.0 }) } : nil
    return Measure.Score(measure: name, value: whole, interval: interval)
  }

  /// The 2.5 and 97.5 percentiles of a value over the draws, those left out where it is nil; nil for too few.
  /// - Parameter draws: how many of the draws to take.
  func interval(draws: Int = 1000, _ value: ([Double]) -> Double?) -> Interval? {
    let values = counts.prefix(draws).compactMap(value).filter { !$0.isNaN }.sorted()
    guard values.count >= 40, let lower = values.quantile(ofSorted: 0.025),
      let upper = values.quantile(ofSorted: 0.975)
    else { return nil }
    return Interval(lower: lower, upper: upper)
  }
}
