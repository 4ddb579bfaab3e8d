/// Draws the instances of which a predictor is shown the scores.
package enum ItemSample {
  /// `count` different ones of `population`, in random order. The first of a longer sample with the same key are the
  /// shorter one: samples of different sizes lie inside each other, so what they differ by is not luck.
  package static func draw(_ count: Int, of population: [Int], seed: UInt64, key: String, repetition: Int)
    -> [Int]
  {
    var random = SplitMix(
      state: SplitMix.mixed(seed &+ SplitMix.hash(key) &+ UInt64(repetition) &* 0x9E37_79B9))
    var items = population
    for place in 0..<min(count, items.count) {
      items.swapAt(place, Int.random(in: place..<items.count, using: &random))
    }
    return Array(items.prefix(count))
  }
}
