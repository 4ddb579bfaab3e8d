/// Correlations of two lists of numbers of equal length, pair by pair: from -1 to 1, and nil where one of the two does
/// not vary or there are fewer than two pairs.
package enum Correlation {
  /// Pearson's product-moment correlation (1895).
  ///
  /// A list whose standard deviation is below 1e-12 of its largest absolute value counts as constant: what is left then
  /// is rounding.
  package static func pearson(_ a: [Double], _ b: [Double]) -> Double? {
    guard a.count > 1, let meanA = a.mean(), let meanB = b.mean() else { return nil }
    var covariance = 0.0
    var varianceA = 0.0
    var varianceB = 0.0
    var largestA = 0.0
    var largestB = 0.0
    for (x, y) in zip(a, b) {
      covariance += (x - meanA) * (y - meanB)
      varianceA += (x - meanA) * (x - meanA)
      varianceB += (y - meanB) * (y - meanB)
      largestA = max(largestA, abs(x))
      largestB = max(largestB, abs(y))
    }
    let rounding = 1e-24 * Double(a.count)
    guard varianceA > rounding * largestA * largestA, varianceB > rounding * largestB * largestB else {
      return nil
    }
    // The root of the product is exact where both are the same, but may leave the range of doubles.
    let product = varianceA * varianceB
    let scale =
      product.isNormal ? product.squareRoot() : varianceA.squareRoot() * varianceB.squareRoot()
    return max(-1, min(1, covariance / scale))
  }

  /// Spearman's rank correlation (1904): Pearson's of the ranks, equal values sharing their mean rank.
  package static func spearman(_ a: [Double], _ b: [Double]) -> Double? { pearson(ranks(a), ranks(b)) }

  /// Kendall's tau-b (1945): concordant minus discordant pairs, corrected for ties on either side. Counted by a merge
  /// sort (Knight 1966), in n log n steps.
  package static func kendall(_ a: [Double], _ b: [Double]) -> Double? {
    let order = a.indices.sorted { (a[$0], b[$0]) < (a[$1], b[$1]) }
    let first = order.map { a[$0] }
    var second = order.map { b[$0] }
    let all = pairCount(a.count)
    let tiedFirst = tieCount(first.indices) { first[$0] == first[$1] }
    let tiedBoth = tieCount(first.indices) { first[$0] == first[$1] && second[$0] == second[$1] }
    // Sorting by the second value swaps each discordant pair once, and no tied one.
    var scratch = second
    let discordant = swapCount(sorting: &second, with: &scratch, 0..<second.count)
    let tiedSecond = tieCount(second.indices) { second[$0] == second[$1] }
    guard all > tiedFirst, all > tiedSecond else { return nil }
    let balance = all - tiedFirst - tiedSecond + tiedBoth - 2 * discordant
    return Double(balance) / (Double(all - tiedFirst) * Double(all - tiedSecond)).squareRoot()
  }

  private static func pairCount(_ count: Int) -> Int { count * (count - 1) / 2 }

  /// The number of pairs within runs of neighbours that are alike.
  private static func tieCount(_ places: Range<Int>, _ areAlike: (Int, Int) -> Bool) -> Int {
    var pairs = 0
    var start = places.lowerBound
    for place in places.dropFirst() where !areAlike(place - 1, place) {
      pairs += pairCount(place - start)
      start = place
    }
    return pairs + pairCount(places.upperBound - start)
  }

  /// Sorts a range of values, stably; returns how many pairs stood in the wrong order.
  private static func swapCount(
    sorting values: inout [Double], with scratch: inout [Double], _ range: Range<Int>
  ) -> Int {
    guard range.count > 1 else { return 0 }
    let middle = range.lowerBound + range.count / 2
    var swaps =
      swapCount(sorting: &values, with: &scratch, range.lowerBound..<middle)
      + swapCount(sorting: &values, with: &scratch, middle..<range.upperBound)
    var left = range.lowerBound
    var right = middle
    for place in range {
      if right == range.upperBound || (left < middle && values[left] <= values[right]) {
        scratch[place] = values[left]
        left += 1
      } else {
        scratch[place] = values[right]
        right += 1
        swaps += middle - left
      }
    }
    for place in range { values[place] = scratch[place] }
    return swaps
  }

  /// The rank of each value, 1 first; equal values share the mean of their ranks.
  package static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = Array(repeating: 0.0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
      for place in start..<end { ranks[order[place]] = Double(start + end + 1) / 2 }
      start = end
    }
    return ranks
  }
}
