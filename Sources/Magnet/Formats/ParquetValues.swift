// What the pages of Parquet are made of: the codes of values, the bounds of texts, and RLE.

/// Gives distinct words codes, from 1 in the order in which they come.
struct WordInterner {
  private(set) var words: [UInt64] = []
  private let limit: Int
  /// The codes by the words' hashes, 0 where there is none; at least twice as many places as words.
  private var places: [UInt32]
  private var shift: UInt64

  init(limit: Int) {
    self.limit = limit
    places = Array(repeating: 0, count: 1 << 8)
    shift = 64 - 8
  }

  /// The code of a word; nil when there would be more than the limit.
  mutating func code(_ word: UInt64) -> UInt32? {
    var place = start(word)
    while places[place] != 0 {
      if words[Int(places[place]) - 1] == word { return places[place] }
      place = (place + 1) & (places.count - 1)
    }
    if words.count == limit { return nil }
    words.append(word)
    places[place] = UInt32(words.count)
    if words.count * 2 > places.count { grow() }
    return UInt32(words.count)
  }

  private func start(_ word: UInt64) -> Int {
    Int(truncatingIfNeeded: ((word ^ (word >> 32)) &* 0x9E37_79B9_7F4A_7C15) >> shift)
  }

  private mutating func grow() {
    places = Array(repeating: 0, count: places.count * 2)
    shift -= 1
    for (number, word) in words.enumerated() {
      var place = start(word)
      while places[place] != 0 { place = (place + 1) & (places.count - 1) }
      places[place] = UInt32(number + 1)
    }
  }
}

/// The first and the last of some texts, in the order of their bytes.
struct TextBounds {
  private var least: [UInt8]?
  private var greatest: [UInt8]?

  mutating func add(_ text: some Collection<UInt8>) {
    if least.map({ text.lexicographicallyPrecedes($0) }) ?? true { least = Array(text) }
    if greatest.map({ $0.lexicographicallyPrecedes(text) }) ?? true { greatest = Array(text) }
  }

  func range(atMost length: Int) -> ([UInt8], [UInt8])? {
    guard let least, let greatest, least.count <= length, greatest.count <= length else { return nil }
    return (least, greatest)
  }
}

/// One run of Parquet's RLE: the same value, of at most 8 bits, in so many places.
func hybridRun(of value: UInt8, count: Int) -> [UInt8] {
  var out: [UInt8] = []
  out.append(varint: UInt64(count) << 1)
  out.append(value)
  return out
}

/// Values of so many bits in Parquet's RLE: long repeats as runs, the others packed.
func hybrid(_ values: [UInt32], width: Int) -> [UInt8] {
  var out: [UInt8] = []
  let valueBytes = (width + 7) / 8
  var at = 0
  /// Where the values begin that are not written yet; between it and `at` are whole groups of 8.
  var pending = 0
  func pack(_ range: Range<Int>, to out: inout [UInt8]) {
    if range.isEmpty { return }
    let groups = (range.count + 7) / 8
    out.append(varint: UInt64(groups) << 1 | 1)
    var words: [UInt64] = []
    words.reserveCapacity(groups * width / 8 + 1)
    var bits: UInt64 = 0
    var count = 0
    for value in values[range] {
      bits |= UInt64(value) << UInt64(count)
      count += width
      if count >= 64 {
        words.append(bits)
        count -= 64
        bits = count == 0 ? 0 : UInt64(value) >> UInt64(width - count)
      }
    }
    words.append(bits)
    while words.count * 8 < groups * width { words.append(0) }
    out += [UInt8](littleEndian: words).prefix(groups * width)
  }
  while at < values.count {
    var end = at + 1
    while end < values.count, values[end] == values[at] { end += 1 }
    // Packed groups are whole: a run begins where one ends.
    let start = at + (8 - (at - pending) % 8) % 8
    if end - start >= 24 {
      pack(pending..<start, to: &out)
      out.append(varint: UInt64(end - start) << 1)
      for byte in 0..<valueBytes {
        out.append(UInt8(truncatingIfNeeded: values[at] >> UInt32(8 * byte)))
      }
      pending = end
    }
    at = end
  }
  pack(pending..<values.count, to: &out)
  return out
}
