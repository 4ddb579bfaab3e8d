// Unsafe code, on two invariants: bytes are read through `ByteCursor`, which reads none beyond the last one and does not
// outlive the call that has them; `filled` elements of an array are initialised, and no more than there is room for.

/// What is wrong with a page.
struct PageFault: Error { let problem: String }

/// Values as Parquet's pages encode them (https://parquet.apache.org/docs/file-format/data-pages/encodings/). Nothing in
/// the bytes is trusted, and no more values are made than are asked for.
enum ParquetEncodings {
  /// The values of an RLE, exactly `count` of them.
  /// - Parameter width: how many bits a value has, at most 32.
  static func hybrid(
    _ bytes: ArraySlice<UInt8>, width: Int, count: Int
  ) throws(PageFault) -> [UInt32] {
    var problem: String?
    let values = unsafe bytes.withUnsafeBytes { source in
      unsafe [UInt32](unsafeUninitializedCapacity: count) { out, filled in
        var cursor = unsafe ByteCursor(source)
        while filled < count {
          guard let head = cursor.varint() else {
            problem = "the runs of values end too early"
            return
          }
          let left = UInt64(count - filled)
          let values = Int(head & 1 == 0 ? min(head >> 1, left) : min((head >> 1).saturating(times: 8), left))
          guard let start = unsafe out.baseAddress.map({ unsafe $0 + filled }) else { return }
          if head & 1 == 0 {
            guard cursor.left >= (width + 7) / 8 else {
              problem = "the runs of values end too early"
              return
            }
            let value = cursor.bits(at: 0, width: (width + 7) / 8 * 8)
            unsafe start.initialize(repeating: UInt32(truncatingIfNeeded: value), count: values)
            cursor.skip((width + 7) / 8)
          } else {
            // Whole groups of 8 are there, but for the last one, which writers may cut.
            guard values > 0, (values * width + 7) / 8 <= cursor.left else {
              problem = values == 0 ? "a run of no values" : "the packed values end too early"
              return
            }
            for number in 0..<values {
              let value = cursor.bits(at: number * width, width: width)
              unsafe (start + number).initialize(to: UInt32(truncatingIfNeeded: value))
            }
            cursor.skip(Int(min((head >> 1).saturating(times: UInt64(width)), UInt64(cursor.left))))
          }
          filled += values
        }
      }
    }
    if let problem { throw PageFault(problem: problem) }
    return values
  }

  /// Whether an RLE is a single run of a value of at most 8 bits, for `count` values or more.
  static func isRun(_ bytes: ArraySlice<UInt8>, of value: UInt8, count: Int) -> Bool {
    unsafe bytes.withUnsafeBytes { source in
      var cursor = unsafe ByteCursor(source)
      guard let head = cursor.varint(), head & 1 == 0, head >> 1 >= UInt64(count) else { return false }
      return cursor.take(1) == [value]
    }
  }

  /// Differences of integers (DELTA_BINARY_PACKED), exactly `count` of them, and what follows.
  static func differences(
    _ bytes: ArraySlice<UInt8>, count: Int
  ) throws(PageFault) -> (values: [Int64], rest: ArraySlice<UInt8>) {
    var values: [Int64] = []
    var end = bytes.startIndex
    let problem = unsafe bytes.withUnsafeBytes { source -> String? in
      var cursor = unsafe ByteCursor(source)
      guard let block = cursor.varint(), let parts = cursor.varint(), let total = cursor.varint(),
        let first = cursor.zigzag(), (1...1 << 20).contains(block), (1...block).contains(parts),
        block % (parts * 8) == 0
      else { return "the differences are not described" }
      guard total == UInt64(count) else {
        return "the page has \(total) differences and should have \(count)"
      }
      values.reserveCapacity(count)
      var last = first
      if count > 0 { values.append(first) }
      let size = Int(block / parts)
      while values.count < count {
        guard let least = cursor.zigzag(), let widths = cursor.take(Int(parts)) else {
          return "the differences end too early"
        }
        for width in widths where values.count < count {
          let width = Int(width)
          let used = min(size, count - values.count)
          guard width <= 64, (used * width + 7) / 8 <= cursor.left else {
            return "the differences end too early"
          }
          for number in 0..<used {
            last = last &+ least &+ Int64(bitPattern: cursor.bits(at: number * width, width: width))
            values.append(last)
          }
          cursor.skip(min(size / 8 * width, cursor.left))
        }
      }
      end += cursor.at
      return nil
    }
    if let problem { throw PageFault(problem: problem) }
    return (values, bytes[end...])
  }

  /// The bytes of each of `count` texts, whose lengths stand before all of them: as differences
  /// (DELTA_LENGTH_BYTE_ARRAY).
  static func textsAfterLengths(
    _ bytes: ArraySlice<UInt8>, count: Int, _ body: (ArraySlice<UInt8>) throws(PageFault) -> Void
  ) throws(PageFault) {
    let (lengths, rest) = try differences(bytes, count: count)
    var at = rest.startIndex
    for length in lengths {
      guard length >= 0, length <= rest.endIndex - at else {
        throw PageFault(problem: "a text is longer than the page")
      }
      try body(rest[at..<at + Int(length)])
      at += Int(length)
    }
  }

  /// The bytes of each of `count` texts, of which only the ends stand there, after the lengths of what each has in
  /// common with the one before (DELTA_BYTE_ARRAY).
  static func textsAfterBeginnings(
    _ bytes: ArraySlice<UInt8>, count: Int, _ body: (ArraySlice<UInt8>) throws(PageFault) -> Void
  ) throws(PageFault) {
    let (shared, rest) = try differences(bytes, count: count)
    var text: [UInt8] = []
    var number = 0
    // Texts of a megabyte that have all but a byte in common would be a bomb.
    var room = max(1 << 26, bytes.count.multipliedReportingOverflow(by: 256).partialValue)
    try textsAfterLengths(rest, count: count) { (end) throws(PageFault) in
      guard shared[number] >= 0, shared[number] <= text.count else {
        throw PageFault(problem: "a text shares more than there is with the one before")
      }
      text.removeLast(text.count - Int(shared[number]))
      text += end
      number += 1
      room -= text.count
      if room < 0 { throw PageFault(problem: "the page's texts take more than 256 times its size") }
      try body(text[...])
    }
  }

  /// Words of `size` bytes, `count` of them, of which all first bytes stand first, then all second ones, and so on
  /// (BYTE_STREAM_SPLIT).
  static func splitWords(
    _ bytes: ArraySlice<UInt8>, size: Int, count: Int
  ) throws(PageFault) -> [UInt64] {
    guard bytes.count == size * count else { throw PageFault(problem: "the values end too early") }
    var words = [UInt64](repeating: 0, count: count)
    for place in 0..<size {
      let start = bytes.startIndex + place * count
      for number in 0..<count { words[number] |= UInt64(bytes[start + number]) << UInt64(8 * place) }
    }
    return words
  }

  /// Words of `size` bytes one after the other, `count` of them, which are there.
  static func words(_ bytes: ArraySlice<UInt8>, size: Int, count: Int) -> [UInt64] {
    unsafe bytes.withUnsafeBytes { source in
      let cursor = unsafe ByteCursor(source)
      return (0..<count).map { cursor.bits(at: $0 * size * 8, width: size * 8) }
    }
  }
}

/// Reads numbers from bytes, from a place on.
@safe private struct ByteCursor {
  private let bytes: UnsafeRawBufferPointer
  private(set) var at = 0

  init(_ bytes: UnsafeRawBufferPointer) { unsafe self.bytes = unsafe bytes }

  var left: Int { unsafe bytes.count - at }

  mutating func skip(_ count: Int) { at += count }

  mutating func take(_ count: Int) -> [UInt8]? {
    guard count <= left else { return nil }
    defer { at += count }
    return unsafe Array(bytes[at..<at + count])
  }

  mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard left > 0 else { return nil }
      let byte = unsafe bytes[at]
      at += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }

  mutating func zigzag() -> Int64? {
    varint().map { Int64(bitPattern: $0 >> 1) ^ -Int64($0 & 1) }
  }

  /// The bits from a number on, counted from here; those beyond the end are 0.
  @inline(__always) func bits(at bit: Int, width: Int) -> UInt64 {
    let byte = at + bit >> 3
    let shift = UInt64(bit & 7)
    var word = word(at: byte) >> shift
    if width > 56, shift > 0 { word |= self.word(at: byte + 8) << (64 - shift) }
    return width == 64 ? word : word & (1 << UInt64(width) - 1)
  }

  @inline(__always) private func word(at byte: Int) -> UInt64 {
    if unsafe byte + 8 <= bytes.count {
      return unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: byte, as: UInt64.self))
    }
    var word: UInt64 = 0
    for place in unsafe stride(from: bytes.count - 1, through: byte, by: -1) {
      unsafe word = word << 8 | UInt64(bytes[place])
    }
    return word
  }
}

extension UInt64 {
  /// The product, or the largest number.
  fileprivate func saturating(times other: UInt64) -> UInt64 {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}
