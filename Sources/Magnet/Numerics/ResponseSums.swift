// Unsafe code, on these invariants:
// - The arrays live during the call, and are as long as CVector takes them: the preconditions check that.
import CVector

/// Sums over the items of item response models, P = 1 / (1 + e^-(aθ + d)), at some abilities, the nodes.
package enum ResponseSums {
  /// P for each item at each node, and for each node the sum of log(1 + e^(aθ + d)) over the items.
  /// - Parameters:
  ///   - slopes: a for each item, in full width; items that are none have a = 0 and d = -700, and so P = 0.
  ///   - levels: d for each item.
  ///   - odds: e^(aθ + d) at the first node.
  ///   - factors: what the odds grow by from one node to the next.
  /// - Returns: P node by node, as many numbers each as there are slopes.
  package static func responses(
    slopes: [Double], levels: [Double], odds: [Double], factors: [Double], nodes: [Double]
  ) -> (shares: [Double], totals: [Double]) {
    let width = slopes.count
    precondition(
      width % 8 == 0 && levels.count == width && odds.count == width && factors.count == width,
      "items in full width")
    var odds = odds
    var shares = Array(repeating: 0.0, count: width * nodes.count)
    var totals = Array(repeating: 0.0, count: nodes.count)
    unsafe cvector_responses(
      slopes, levels, &odds, factors, width, nodes, nodes.count, &shares, &totals)
    return (shares, totals)
  }

  /// Five sums over the nodes for each item, one after the other: of c P, c P θ, c P (1 - P), c P (1 - P) θ and
  /// c P (1 - P) θ².
  /// - Parameters:
  ///   - shares: P node by node.
  ///   - counts: c for each node, or node by node for each item.
  package static func information(shares: [Double], counts: [Double], nodes: [Double]) -> [Double] {
    let width = shares.count / max(1, nodes.count)
    let isShared = counts.count == nodes.count
    precondition(
      width % 8 == 0 && shares.count == width * nodes.count && (isShared || counts.count == shares.count),
      "items in full width")
    var sums = Array(repeating: 0.0, count: 5 * width)
    unsafe cvector_information(shares, counts, isShared ? 1 : 0, width, nodes, nodes.count, &sums)
    return sums
  }

  /// For each row of a table, Σ over its numbers times those of a, and of b.
  package static func products(ofRows table: [Double], _ a: [Double], _ b: [Double]) -> (
    a: [Double], b: [Double]
  ) {
    let width = a.count
    precondition(width % 8 == 0 && b.count == width && table.count % max(1, width) == 0, "rows in full width")
    let rows = table.count / max(1, width)
    var first = Array(repeating: 0.0, count: rows)
    var second = first
    unsafe cvector_two_products_of_rows(table, rows, width, a, b, &first, &second)
    return (first, second)
  }

  /// The sum of the rows of a table, each times its weight.
  package static func sum(ofRows table: [Double], weights: [Double]) -> [Double] {
    let width = table.count / max(1, weights.count)
    precondition(width % 8 == 0 && table.count == width * weights.count, "rows in full width")
    var sums = Array(repeating: 0.0, count: width)
    unsafe cvector_weighted_sum_of_rows(table, weights.count, width, weights, &sums)
    return sums
  }

  /// Three sums over some items for each node, one after the other: of P, P² and log(1 + e^(aθ + d)).
  /// - Parameters:
  ///   - shares: P item by item, as many numbers each as there are nodes.
  ///   - nodes: in full width.
  package static func sums(
    over items: [Int], shares: [Double], slopes: [Double], levels: [Double], nodes: [Double]
  ) -> [Double] {
    let width = nodes.count
    precondition(
      width % 8 == 0 && slopes.count == levels.count && shares.count == width * slopes.count
        && items.allSatisfy { $0 >= 0 && $0 < slopes.count }, "nodes in full width, and items there are")
    var sums = Array(repeating: 0.0, count: 3 * width)
    unsafe cvector_sample_sums(shares, width, items, items.count, slopes, levels, nodes, &sums)
    return sums
  }
}
