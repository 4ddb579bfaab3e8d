/// The generator splitmix64 (Steele, Lea and Flood 2014): small, and as good for a seed as for the next.
package struct SplitMix: RandomNumberGenerator {
  package var state: UInt64

  package init(state: UInt64) { self.state = state }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mixed(state)
  }

  package static func mixed(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// FNV-1a of a text's bytes.
  package static func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
  }
}

/// `SplitMix.hash` of texts of which many in a row are the same.
package struct RepeatedHash {
  private var last = (text: "", hash: SplitMix.hash(""))

  package init() {}

  package mutating func hash(_ text: String) -> UInt64 {
    if !haveSameBytes(text, last.text) { last = (text, SplitMix.hash(text)) }
    return last.hash
  }
}
