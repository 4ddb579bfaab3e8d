/// Differences of two models' scores on the same instances, and what they say about the mean difference.
package struct PairedDifferences: Sendable {
  /// First minus second, one for each instance.
  package let values: [Double]

  package init(_ values: [Double]) { self.values = values }

  package var count: Int { values.count }

  /// The mean difference; nil for no instances.
  package var mean: Double? { values.isEmpty ? nil : values.reduce(0, +) / Double(count) }

  /// The sample variance; nil for fewer than two instances.
  package var variance: Double? {
    guard count > 1, let mean else { return nil }
    return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1)
  }

  /// The standard error of the mean; nil for fewer than two instances.
  package var standardError: Double? { variance.map { ($0 / Double(count)).squareRoot() } }

  /// A mean with its standard error, and the degrees of freedom of the latter.
  package struct Estimate: Sendable, Hashable {
    package let mean: Double
    package let standardError: Double
    package let degrees: Double

    /// The interval of Student's t.
    package func interval(level: Double = 0.95) -> Interval {
      let half = StudentT.quantile(0.5 + level / 2, degrees: degrees) * standardError
      return Interval(lower: mean - half, upper: mean + half)
    }

    /// The probability of a mean at least as far from 0 if there were no difference; 1 where there is none at all.
    package var p: Double {
      if standardError == 0 { return mean == 0 ? 1 : 0 }
      return 2 * StudentT.cumulative(-abs(mean / standardError), degrees: degrees)
    }

    /// Whether the difference is within ±`margin`: the larger p of the two one-sided tests (Schuirmann 1987). A small
    /// one says that it is.
    package func equivalenceP(margin: Double) -> Double {
      if standardError == 0 { return abs(mean) < margin ? 0 : 1 }
      let nearer = margin - abs(mean)
      return StudentT.cumulative(-nearer / standardError, degrees: degrees)
    }
  }

  /// The mean of instances that are independent of one another; nil for fewer than two.
  package var estimate: Estimate? {
    guard let mean, let standardError else { return nil }
    return Estimate(mean: mean, standardError: standardError, degrees: Double(count - 1))
  }

  /// The mean of instances that come in clusters, such as questions about one passage: the deviations of a cluster are
  /// added before they are squared (Miller 2024, arXiv 2411.00640), with the finite correction G/(G - 1).
  /// - Parameter clusters: the cluster of each instance.
  /// - Returns: nil for fewer than two clusters.
  package func estimate<Key: Hashable>(clusters: [Key]) -> Estimate? {
    guard let mean, clusters.count == count else { return nil }
    var sums: [Key: Double] = [:]
    for (value, cluster) in zip(values, clusters) { sums[cluster, default: 0] += value - mean }
    let groups = Double(sums.count)
    guard groups > 1 else { return nil }
    let order = clusters.unique()
    let squares = order.reduce(0.0) { $0 + (sums[$1] ?? 0) * (sums[$1] ?? 0) }
    let variance = squares / (Double(count) * Double(count)) * groups / (groups - 1)
    return Estimate(mean: mean, standardError: variance.squareRoot(), degrees: groups - 1)
  }

  /// The permutation test that flips signs: the share of all signs of the differences whose sum is at least as far from
  /// 0 as the observed one (Fisher 1935). Exact for up to 20 instances; beyond, from `draws` random signs, with
  /// (1 + hits)/(1 + draws). On scores of 0 and 1 the exact test is McNemar's.
  /// - Returns: nil for no instances.
  package func signFlipP(draws: Int = 10_000, seed: UInt64 = 1) -> Double? {
    guard count > 0 else { return nil }
    let observed = abs(values.reduce(0, +))
    let scale = values.reduce(0) { $0 + abs($1) }
    let least = observed - 1e-12 * scale
    if count <= 20 {
      var hits = 0
      // Gray code: each step flips one sign.
      var sum = values.reduce(0, +)
      var signs = Array(repeating: 1.0, count: count)
      let total = 1 << count
      for step in 0..<total {
        if abs(sum) >= least { hits += 1 }
        let flipped = (step + 1).trailingZeroBitCount
        if flipped < count {
          signs[flipped] = -signs[flipped]
          sum += 2 * signs[flipped] * values[flipped]
        }
      }
      return Double(hits) / Double(total)
    }
    var random = SplitMix(state: seed)
    var hits = 0
    for _ in 0..<draws {
      var sum = 0.0
      var bits: UInt64 = 0
      for (place, value) in values.enumerated() {
        if place & 63 == 0 { bits = random.next() }
        sum += bits & 1 == 0 ? value : -value
        bits >>= 1
      }
      if abs(sum) >= least { hits += 1 }
    }
    return Double(1 + hits) / Double(1 + draws)
  }

  /// The percentile interval of the paired bootstrap of the mean; clusters, where given, are resampled whole.
  ///
  /// The resamples are those of Python's `random.Random(seed)` with `choices(range(n), k=n)`; the ends are as many draws
  /// from either end of the sorted means, ⌊(1 - level) / 2 · draws⌋ of them left out.
  /// - Returns: nil for fewer than two instances, or clusters.
  package func bootstrap<Key: Hashable>(
    clusters: [Key], level: Double = 0.95, draws: Int = 10_000, seed: Int = 1
  ) -> Interval? {
    var order: [Key: Int] = [:]
    var sums: [(sum: Double, count: Int)] = []
    for (value, key) in zip(values, clusters) {
      let place = order[key] ?? sums.count
      if place == sums.count {
        order[key] = place
        sums.append((0, 0))
      }
      sums[place].sum += value
      sums[place].count += 1
    }
    guard sums.count > 1 else { return nil }
    var random = PythonRandom(seed: seed)
    var means: [Double] = []
    means.reserveCapacity(draws)
    for _ in 0..<draws {
      var sum = 0.0
      var members = 0
      for _ in sums.indices {
        let cluster = sums[Int(random.random() * Double(sums.count))]
        sum += cluster.sum
        members += cluster.count
      }
      means.append(sum / Double(members))
    }
    means.sort()
    let out = min((draws - 1) / 2, Int((1 - level) / 2 * Double(draws) + 1e-9))
    return Interval(lower: means[out], upper: means[draws - 1 - out])
  }

  /// The smallest difference that a two-sided test at 0.05 would find with probability 0.8:
  /// (z.975 + z.80) · √(variance/n).
  package static func detectable(variance: Double, count: Int) -> Double? {
    guard count > 0, variance >= 0 else { return nil }
    return (Normal.quantile(0.975) + Normal.quantile(0.8)) * (variance / Double(count)).squareRoot()
  }

  /// How many instances it takes to find a difference so.
  package static func needed(variance: Double, difference: Double) -> Int? {
    guard difference != 0, variance >= 0 else { return nil }
    let z = Normal.quantile(0.975) + Normal.quantile(0.8)
    let count = z * z * variance / (difference * difference)
    return count < 1e15 ? Int(count.rounded(.up)) : nil
  }
}

/// How p values of several tests that are read together are corrected.
package enum PValueCorrection: String, Sendable, CaseIterable {
  /// Holm (1979): bounds the probability of any false finding.
  case holm
  /// Benjamini and Hochberg (1995): bounds the share of false findings.
  case bh
  case none

  /// The corrected p values, in order; what is nil stays nil and does not count as a test.
  package func adjusted(_ values: [Double?]) -> [Double?] {
    let order = values.indices.filter { values[$0]?.isNaN == false }
      .sorted { (values[$0] ?? 1, $0) < (values[$1] ?? 1, $1) }
    let count = Double(order.count)
    var adjusted = values.map { $0?.isNaN == true ? nil : $0 }
    switch self {
    case .none: break
    case .holm:
      var largest = 0.0
      for (place, number) in order.enumerated() {
        largest = max(largest, min(1, (count - Double(place)) * (values[number] ?? 1)))
        adjusted[number] = largest
      }
    case .bh:
      var smallest = 1.0
      for (place, number) in order.enumerated().reversed() {
        smallest = min(smallest, count / Double(place + 1) * (values[number] ?? 1))
        adjusted[number] = smallest
      }
    }
    return adjusted
  }
}
