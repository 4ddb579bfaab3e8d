/// Draws the instances of which a predictor is shown the scores.
enum ItemSample {
  /// `count` different ones of `population`, in random order. The first of a longer sample with the same key are the
  /// shorter one: samples of different sizes lie inside each other, so what they differ by is not luck.
  static func draw(_ count: Int, of population: [Int], seed: UInt64, key: String, repetition: Int) -> [Int] {
    var random = SplitMix(
      state: SplitMix.mixed(seed &+ SplitMix.hash(key) &+ UInt64(repetition) &* 0x9E37_79B9))
    var items = population
    for place in 0..<min(count, items.count) {
      items.swapAt(place, Int.random(in: place..<items.count, using: &random))
    }
    return Array(items.prefix(count))
  }
}

/// The generator splitmix64 (Steele, Lea and Flood 2014): small, and as good for a seed as for the next.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mixed(state)
  }

  static func mixed(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// FNV-1a of a text's bytes.
  static func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
  }
}
