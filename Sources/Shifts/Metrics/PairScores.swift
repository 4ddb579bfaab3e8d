import Magnet

/// Measures of the probabilities p₁ … pₙ that a model gave to the best answers of n pairs. Each is nil for no pairs.
package enum PairScores {
  /// The share of pairs with p > ½, ties counted half.
  package static func accuracy(_ p: [Double]) -> Double? {
    if p.isEmpty { return nil }
    return p.reduce(0) { $0 + ($1 > 0.5 ? 1 : $1 == 0.5 ? 0.5 : 0) } / Double(p.count)
  }

  /// The accuracies with ties counted wrong and counted right.
  static func accuracyRange(_ p: [Double]) -> ClosedRange<Double>? {
    if p.isEmpty { return nil }
    let right = Double(p.count { $0 > 0.5 })
    let ties = Double(p.count { $0 == 0.5 })
    return right / Double(p.count)...(right + ties) / Double(p.count)
  }

  static func mean(_ p: [Double]) -> Double? { p.isEmpty ? nil : p.reduce(0, +) / Double(p.count) }

  /// The mean of (1 − p)².
  package static func brier(_ p: [Double]) -> Double? { mean(p.map { (1 - $0) * (1 - $0) }) }

  /// Whether all probabilities are 0 or 1, ties of ½ aside: decisions, which say nothing about confidence.
  package static func areDecisions(_ p: [Double]) -> Bool {
    p.allSatisfy { $0 == 0 || $0 == 1 || $0 == 0.5 } && p.contains { $0 != 0.5 }
  }

  /// RMS calibration error as GENIES publishes it (`eval_rms_calibration_error`).
  ///
  /// Labels l are drawn with CPython's `random.seed(42)` and one `choice([0, 1])` for each pair; q = p where l is 1,
  /// else 1 − p. Bins are [0, 0.2), [0.2, 0.4), [0.4, 0.6000000000000001), [0.6000000000000001, 0.8) and [0.8, 1):
  /// q = 1 is in none. Bins of fewer than 20 pairs are dropped, the others weigh the same: the root of the mean of
  /// (L − mean q of the bin)², where L is the mean of *all* labels. It is not a calibration error: a model that is
  /// certain and always right gets about ½. `calibrationError` is one.
  /// - Returns: nil where no bin has 20 pairs.
  package static func publishedCalibrationError(_ p: [Double]) -> Double? {
    if p.isEmpty { return nil }
    var random = PythonRandom(seed: 42)
    var labels = 0
    var sums = Array(repeating: 0.0, count: 5)
    var counts = Array(repeating: 0, count: 5)
    for p in p {
      let label = random.below(2)
      labels += label
      let q = label == 1 ? p : 1 - p
      guard let bin = publishedBin(q) else { continue }
      sums[bin] += q
      counts[bin] += 1
    }
    let mean = Double(labels) / Double(p.count)
    var squares = 0.0
    var kept = 0
    for bin in sums.indices where counts[bin] >= 20 {
      let difference = mean - sums[bin] / Double(counts[bin])
      squares += difference * difference
      kept += 1
    }
    return kept == 0 ? nil : (squares / Double(kept)).squareRoot()
  }

  /// The published edges: 0.6 is 3 × 0.2 in doubles.
  static func publishedBin(_ q: Double) -> Int? {
    let edges = [0.2, 0.4, 3 * 0.2, 0.8, 1]
    return q < 0 ? nil : edges.firstIndex { q < $0 }
  }

  /// RMS calibration error: each pair counts both ways, as (p, 1) and (1 − p, 0), in five bins of equal width, the
  /// last one closed: √(Σ n_b/N · (mean label − mean q)²).
  /// - Returns: nil for no pairs.
  package static func calibrationError(_ p: [Double]) -> Double? {
    if p.isEmpty { return nil }
    var sums = Array(repeating: 0.0, count: 5)
    var labels = sums
    var counts = sums
    for p in p {
      for (q, label) in [(p, 1.0), (1 - p, 0.0)] {
        let bin = publishedBin(q) ?? 4
        sums[bin] += q
        labels[bin] += label
        counts[bin] += 1
      }
    }
    let total = Double(2 * p.count)
    let square = sums.indices.reduce(0.0) { sum, bin in
      guard counts[bin] > 0 else { return sum }
      let difference = (labels[bin] - sums[bin]) / counts[bin]
      return sum + counts[bin] / total * difference * difference
    }
    return square.squareRoot()
  }
}
