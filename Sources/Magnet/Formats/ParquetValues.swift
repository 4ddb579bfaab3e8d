// What the pages of Parquet are made of: the codes of values, RLE, and differences.
//
// Unsafe code, on one invariant: values are read, and written, within the bounds of an array that lives during the call.

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

/// The values that are not 0.
func nonzero(_ values: ArraySlice<UInt32>) -> [UInt32] {
  unsafe [UInt32](unsafeUninitializedCapacity: values.count) { out, filled in
    // Written each time and kept where it counts: nothing to predict.
    for value in values {
      unsafe out[filled] = value
      filled += value == 0 ? 0 : 1
    }
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
/// - Parameter less: what each value is written without.
func hybrid(_ values: ArraySlice<UInt32>, width: Int, less: UInt32 = 0) -> [UInt8] {
  unsafe values.withUnsafeBufferPointer { values in
    var out: [UInt8] = []
    /// A place at which a packed group may end: they have 8 values each, from `pending` on, which is not written yet.
    var at = 0
    var pending = 0
    func pack(_ range: Range<Int>) {
      if range.isEmpty { return }
      let groups = (range.count + 7) / 8
      out.append(varint: UInt64(groups) << 1 | 1)
      let own = unsafe values[range]
      unsafe out.append(packing: own.lazy.map { $0 - less }, width: width, byteCount: groups * width)
    }
    while at + 24 <= values.count {
      let end = unsafe repeatEnd(values, at)
      guard end - at >= 24 else {
        at += 8
        continue
      }
      pack(pending..<at)
      out.append(varint: UInt64(end - at) << 1)
      let value = unsafe values[at] - less
      for byte in 0..<(width + 7) / 8 { out.append(UInt8(truncatingIfNeeded: value >> UInt32(8 * byte))) }
      at = end
      pending = end
    }
    pack(pending..<values.count)
    return out
  }
}

/// Where the repeats of the value at a place end, in steps of 8: none where the next 7 are not the same.
private func repeatEnd(_ values: UnsafeBufferPointer<UInt32>, _ place: Int) -> Int {
  guard let start = values.baseAddress else { return place }
  let value = unsafe values[place]
  let pair = UInt64(value) << 32 | UInt64(value)
  func difference(_ place: Int) -> UInt64 {
    unsafe UnsafeRawPointer(start + place).loadUnaligned(as: UInt64.self) ^ pair
  }
  var end = place
  while end + 8 <= values.count,
    difference(end) | difference(end + 2) | difference(end + 4) | difference(end + 6) == 0
  { end += 8 }
  if end == place { return end }
  while end < values.count, unsafe values[end] == value { end += 1 }
  return end
}

/// Integers as their differences (DELTA_BINARY_PACKED), in blocks of 128 of four parts each: the least difference of a
/// block, the widths of its parts, and what each difference exceeds the least by.
func differences(_ values: [UInt32]) -> [UInt8] {
  var out: [UInt8] = []
  for number in [128, 4, values.count] { out.append(varint: UInt64(number)) }
  out.append(zigzag: Int64(values.first ?? 0))
  for start in stride(from: 1, to: values.count, by: 128) {
    let block = (start..<min(start + 128, values.count)).map { Int64(values[$0]) - Int64(values[$0 - 1]) }
    let least = block.min() ?? 0
    out.append(zigzag: least)
    let parts = stride(from: 0, to: 128, by: 32).map { part in
      block.dropFirst(part).prefix(32).map { UInt32(truncatingIfNeeded: $0 - least) }
    }
    let widths = parts.map { 32 - ($0.max() ?? 0).leadingZeroBitCount }
    out += widths.map { UInt8($0) }
    for (part, width) in zip(parts, widths) where !part.isEmpty {
      out.append(packing: part, width: width, byteCount: width * 4)
    }
  }
  return out
}

extension [UInt8] {
  /// Appends values of so many bits, at most 32, the lowest bits first, and zeros up to this many bytes.
  fileprivate mutating func append(
    packing values: some Collection<UInt32>, width: Int, byteCount: Int
  ) {
    var words: [UInt64] = []
    words.reserveCapacity(byteCount / 8 + 1)
    var bits: UInt64 = 0
    var count = 0
    for value in values {
      bits |= UInt64(value) << UInt64(count)
      count += width
      if count >= 64 {
        words.append(bits)
        count -= 64
        bits = count == 0 ? 0 : UInt64(value) >> UInt64(width - count)
      }
    }
    words.append(bits)
    while words.count * 8 < byteCount { words.append(0) }
    self += [UInt8](littleEndian: words).prefix(byteCount)
  }
}
