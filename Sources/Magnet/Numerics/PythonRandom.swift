/// CPython's `random.Random`, seeded with an integer: the Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998)
/// and, on top of it, CPython 3.11's `random`, `sample` and `choice`. The same seed gives the same draws as there.
package struct PythonRandom: Sendable {
  private var state: [UInt32]
  private var position = PythonRandom.size
  private static let size = 624

  /// A generator seeded as MAGNET seeds Python's: with `seed % (2**32 - 1)`, the remainder never negative.
  package init(seed: Int) {
    let modulus = Int(UInt32.max)
    let remainder = ((seed % modulus) + modulus) % modulus
    self.init(key: [UInt32(remainder)])
  }

  /// `init_by_array` of the reference implementation.
  init(key: [UInt32]) {
    state = [19_650_218]
    for i in 1..<Self.size {
      let last = state[i - 1]
      state.append(1_812_433_253 &* (last ^ last >> 30) &+ UInt32(i))
    }
    var i = 1
    var j = 0
    func previous() -> UInt32 { state[i - 1] ^ state[i - 1] >> 30 }
    func advance(_ state: inout [UInt32]) {
      i += 1
      if i == Self.size {
        state[0] = state[Self.size - 1]
        i = 1
      }
    }
    for _ in 0..<max(Self.size, key.count) {
      state[i] = (state[i] ^ previous() &* 1_664_525) &+ key[j] &+ UInt32(j)
      advance(&state)
      j = (j + 1) % key.count
    }
    for _ in 1..<Self.size {
      state[i] = (state[i] ^ previous() &* 1_566_083_941) &- UInt32(i)
      advance(&state)
    }
    state[0] = 0x8000_0000
  }

  /// The next 32 random bits.
  package mutating func nextWord() -> UInt32 {
    if position == Self.size { refill() }
    var word = state[position]
    position += 1
    word ^= word >> 11
    word ^= word << 7 & 0x9D2C_5680
    word ^= word << 15 & 0xEFC6_0000
    return word ^ word >> 18
  }

  private mutating func refill() {
    for i in 0..<Self.size {
      let mixed = state[i] & 0x8000_0000 | state[(i + 1) % Self.size] & 0x7FFF_FFFF
      state[i] = state[(i + 397) % Self.size] ^ mixed >> 1 ^ (mixed & 1 == 0 ? 0 : 0x9908_B0DF)
    }
    position = 0
  }

  /// A number from 0 up to, not including, 1, with 53 random bits.
  package mutating func random() -> Double {
    let high = Double(nextWord() >> 5)
    let low = Double(nextWord() >> 6)
    return (high * 67_108_864 + low) / 9_007_199_254_740_992
  }

  /// An integer from 0 up to, not including, `bound`, which is from 1 to 2**32 - 1.
  package mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0 && bound < 1 << 32, "a bound from 1 to 2**32 - 1")
    let shift = UInt32(bound.leadingZeroBitCount - 32)
    while true {
      let value = Int(nextWord() >> shift)
      if value < bound { return value }
    }
  }

  /// `count` distinct integers below `population`, in the order drawn. `count` is at most `population`.
  package mutating func sample(_ count: Int, below population: Int) -> [Int] {
    precondition((0...population).contains(count), "no more draws than there are numbers")
    var picked: [Int] = []
    if population <= Self.poolLimit(count) {
      var pool = Array(0..<population)
      for i in 0..<count {
        let j = below(population - i)
        picked.append(pool[j])
        pool[j] = pool[population - i - 1]
      }
    } else {
      var selected: Set<Int> = []
      while picked.count < count {
        let j = below(population)
        if selected.insert(j).inserted { picked.append(j) }
      }
    }
    return picked
  }

  /// CPython draws from a pool while that is smaller than a set: 21, plus 4 ** ceil(log(3k, 4)) when k > 5.
  private static func poolLimit(_ count: Int) -> Int {
    var limit = 21
    if count > 5 {
      var power = 1
      while power < 3 * count { power *= 4 }
      limit += power
    }
    return limit
  }

  /// One of the elements, each as likely; `elements` is not empty.
  package mutating func choice<Elements: RandomAccessCollection>(_ elements: Elements) -> Elements.Element {
    elements[elements.index(elements.startIndex, offsetBy: below(elements.count))]
  }
}
