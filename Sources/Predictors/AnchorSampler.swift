import Magnet

/// Chooses anchor points. See `SamplingMethod.anchors`.
struct AnchorSampler: InstanceSampler {
  private let columns: [Int]
  /// Discrimination and log odds of each of the columns, of mean 0 and deviation 1.
  private let points: [SIMD2<Double>]

  private static let rounds = 30

  init(_ model: ItemResponseEstimator) {
    columns = model.columns
    let raw = model.columns.map { SIMD2(model.discriminations[$0], model.easiness[$0]) }
    let count = Double(max(1, raw.count))
    let mean = raw.reduce(.zero, +) / count
    let squares = raw.reduce(SIMD2<Double>.zero) { $0 + ($1 - mean) * ($1 - mean) } / count
    let deviation = squares.squareRoot()
    let scale = SIMD2(deviation.x > 1e-12 ? deviation.x : 1, deviation.y > 1e-12 ? deviation.y : 1)
    points = raw.map { ($0 - mean) / scale }
  }

  func samples(_ sizes: [Int], seed: UInt64, score: (Int) -> Double) -> [[Int]] {
    sizes.map { size in
      var random = SplitMix(state: SplitMix.mixed(seed &+ UInt64(size)))
      return anchors(size, &random).map { columns[$0] }
    }
  }

  /// The places of the anchors. Clusters that lose all their points are made up for by the points farthest from the others.
  private func anchors(_ count: Int, _ random: inout SplitMix) -> [Int] {
    if count <= 0 { return [] }
    guard count < points.count else { return Array(points.indices) }
    var centres = firstCentres(count, &random)
    var clusters: [Int] = []
    for _ in 0..<Self.rounds {
      let found = points.map { nearest($0, centres) }
      if found == clusters { break }
      clusters = found
      var sums = Array(repeating: SIMD3<Double>.zero, count: centres.count)
      for (point, cluster) in zip(points, clusters) { sums[cluster] += SIMD3(point.x, point.y, 1) }
      for (cluster, sum) in sums.enumerated() where sum.z > 0 {
        centres[cluster] = SIMD2(sum.x, sum.y) / sum.z
      }
    }
    var best: [Int: Int] = [:]
    for place in points.indices {
      let cluster = clusters[place]
      let distance = squared(points[place] - centres[cluster])
      if best[cluster].map({ distance < squared(points[$0] - centres[cluster]) }) ?? true {
        best[cluster] = place
      }
    }
    var chosen = best.values.sorted()
    while chosen.count < count {
      let taken = Set(chosen)
      let others = points.indices.filter { !taken.contains($0) }
      let far = others.max { gap($0, chosen) < gap($1, chosen) }
      guard let far else { break }
      chosen.append(far)
    }
    return chosen
  }

  /// Each drawn with a probability as its squared distance from those before (k-means++, Arthur and Vassilvitskii 2007).
  private func firstCentres(_ count: Int, _ random: inout SplitMix) -> [SIMD2<Double>] {
    var centres = [points[Int.random(in: points.indices, using: &random)]]
    var gaps = points.map { squared($0 - centres[0]) }
    while centres.count < count {
      let sum = gaps.reduce(0, +)
      guard sum > 0 else { break }
      var left = Double.random(in: 0..<sum, using: &random)
      var place = gaps.count - 1
      for (number, gap) in gaps.enumerated() {
        left -= gap
        if left < 0 {
          place = number
          break
        }
      }
      centres.append(points[place])
      for number in gaps.indices { gaps[number] = min(gaps[number], squared(points[number] - points[place])) }
    }
    return centres
  }

  private func nearest(_ point: SIMD2<Double>, _ centres: [SIMD2<Double>]) -> Int {
    centres.indices.reduce(0) { squared(point - centres[$1]) < squared(point - centres[$0]) ? $1 : $0 }
  }

  private func gap(_ place: Int, _ chosen: [Int]) -> Double {
    chosen.lazy.map { squared(points[place] - points[$0]) }.min() ?? 0
  }

  private func squared(_ difference: SIMD2<Double>) -> Double { (difference * difference).sum() }
}
