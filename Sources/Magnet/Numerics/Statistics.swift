extension Sequence where Element == Double {
  /// The arithmetic mean; nil for no values.
  @inlinable
  public func mean() -> Double? {
    var sum = 0.0
    var count = 0
    for value in self {
      sum += value
      count += 1
    }
    return count == 0 ? nil : sum / Double(count)
  }

  /// The variance about the mean of these values; nil for too few.
  /// - Parameter isPopulation: whether the values are all there are, so that the sum of squares is divided by their
  ///   number n; otherwise they are a sample, and it is divided by n - 1.
  package func variance(ofPopulation isPopulation: Bool = false) -> Double? {
    let values = Array(self)
    let divisor = values.count - (isPopulation ? 0 : 1)
    guard divisor > 0, let mean = values.mean() else { return nil }
    return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(divisor)
  }

  /// The value that a fraction `p` of the values does not exceed, interpolated linearly between neighbours (type 7 of
  /// Hyndman and Fan 1996, the default of R and NumPy); nil for no values.
  /// - Parameter p: from 0 (the least value) to 1 (the greatest).
  package func quantile(_ p: Double) -> Double? { sorted().quantile(ofSorted: p) }
}

extension Sequence where Element == Double? {
  /// The arithmetic mean of the values that are present; nil when none is.
  public func mean() -> Double? { lazy.compactMap(\.self).mean() }
}

extension Array<Double> {
  /// `quantile` of values already in ascending order.
  package func quantile(ofSorted p: Double) -> Double? {
    guard !isEmpty else { return nil }
    let place = p * Double(count - 1)
    let low = Int(place)
    let high = Swift.min(low + 1, count - 1)
    let (lower, upper, share) = (self[low], self[high], place - Double(low))
    // An infinite neighbour without a share does not count.
    return share == 0 || lower == upper ? lower : lower + share * (upper - lower)
  }
}
