import TestSupport
import Testing

@testable import Magnet

/// Encodings that other programs use read back, and damaged ones are faults.
@Suite struct ParquetEncodingTests {
  private static func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: value << 1 ^ value >> 63) }

  /// DELTA_BINARY_PACKED in blocks of so many values, four parts each.
  private static func differences(_ values: [Int64], block: Int) -> [UInt8] {
    var out: [UInt8] = []
    for number in [UInt64(block), 4, UInt64(values.count), zigzag(values.first ?? 0)] {
      out.append(varint: number)
    }
    let all = zip(values.dropFirst(), values).map { $0 &- $1 }
    for start in stride(from: 0, to: all.count, by: block) {
      let own = Array(all[start..<min(start + block, all.count)])
      let least = own.min() ?? 0
      out.append(varint: zigzag(least))
      let parts = (0..<4).map { part in
        own.dropFirst(part * block / 4).prefix(block / 4).map { UInt64(bitPattern: $0 &- least) }
      }
      let widths = parts.map { 64 - ($0.map(\.leadingZeroBitCount).min() ?? 64) }
      out += widths.map { UInt8($0) }
      for (part, width) in zip(parts, widths) where !part.isEmpty {
        var bits: [Bool] = []
        for value in part + Array(repeating: 0, count: block / 4 - part.count) {
          for bit in 0..<width { bits.append(value >> UInt64(bit) & 1 == 1) }
        }
        out += [UInt8](bits: bits)
      }
    }
    return out
  }

  private static func numbers(_ random: inout PythonRandom, _ count: Int) -> [Int64] {
    let spread = random.choice([1, 2, 1000, 1 << 30])
    return (0..<count).map { _ in
      random.below(20) == 0
        ? random.choice([.min, .max, 0, -1]) : Int64(random.below(spread)) - Int64(spread / 2)
    }
  }

  @Test(arguments: 1...40) func differencesReadBack(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let values = Self.numbers(&random, random.choice([0, 1, 2, 31, 32, 33, 129, 1000]))
    let packed = Self.differences(values, block: random.choice([32, 128, 256]))
    let read = try ParquetEncodings.differences(([9] + packed + [1, 2])[1...], count: values.count)
    #expect(read.values == values && read.rest == [1, 2])
    #expect(throws: PageFault.self) {
      try ParquetEncodings.differences(packed[...], count: values.count + 1)
    }
    // What is cut off at the end may be nothing but padding.
    for length in 0..<min(packed.count, 100) {
      let read = try? ParquetEncodings.differences(packed[..<length], count: values.count)
      #expect(read.map { $0.values == values } ?? true)
    }
    #expect(throws: PageFault.self) { try ParquetEncodings.differences([], count: values.count) }
    for _ in 0..<200 {
      var damaged = packed
      damaged[random.below(damaged.count)] = UInt8(random.below(256))
      let read = try? ParquetEncodings.differences(damaged[...], count: values.count)
      #expect(read.map { $0.values.count == values.count } ?? true)
    }
  }

  @Test(arguments: 1...40) func differencesAreWritten(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let spread = random.choice([1, 2, 1000, 1 << 31])
    let values = (0..<random.choice([0, 1, 2, 128, 129, 130, 161, 1000])).map { _ in
      random.below(9) == 0 ? random.choice([0, Int64(Int32.max)]) : Int64(random.below(spread))
    }
    let packed = Magnet.differences(values.map { UInt32($0) })
    #expect(try ParquetEncodings.differences(packed[...], count: values.count).values == values)
    if values.count % 128 == 1 { #expect(packed == Self.differences(values, block: 128)) }
  }

  /// Texts that share much with the one before are written without it, others as they are; nothing of either is lost.
  @Test(arguments: 1...20) func sharedBeginningsReadBack(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let share = random.below(100)
    var last = ""
    let texts: [Cell] = (0..<random.choice([1, 40, 3000])).map { number in
      if random.below(20) == 0 { return .null }
      let kept = random.below(100) < share ? String(last.prefix(random.below(last.count + 1))) : ""
      last =
        kept + "é\u{1F600} \(number) "
        + String(repeating: "ab", count: random.below(300))
      return .string(last)
    }
    let table = Table(columns: ["scenario_state.request_states.request.prompt": texts])
    let bytes = try ParquetTests.bytes(table)
    #expect(ParquetTests.cells(try ParquetTests.file(bytes).table()) == ParquetTests.cells(table))
  }

  /// What all texts of a page begin with stands in it once.
  @Test func longSharedTexts() throws {
    var random = PythonRandom(seed: 5)
    let start = (0..<10_000).map { _ in "\(random.below(1 << 30))" }.joined()
    let table = Table(columns: ["text": (0..<200).map { .string(start + "\($0)") }])
    let bytes = try ParquetTests.bytes(table)
    #expect(bytes.count < 4 * start.utf8.count)
    #expect(ParquetTests.cells(try ParquetTests.file(bytes).table()) == ParquetTests.cells(table))
  }

  @Test(arguments: 1...20) func commonBeginnings(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let a = (0..<random.below(40)).map { _ in UInt8(random.below(2) * 200) }
    var b = a
    if !b.isEmpty { b[random.below(b.count)] ^= UInt8(1 << random.below(8)) }
    let cut = Array(b.prefix(random.below(b.count + 1)))
    for (a, b) in [(a, b), (a, cut), (cut, a), (a, a), ([], a)] {
      let (common, isFirst) = a.withUnsafeBytes { a in
        b.withUnsafeBytes { (commonCount(a, $0), precedes(a, $0)) }
      }
      #expect(common == zip(a, b).prefix { $0 == $1 }.count)
      #expect(isFirst == a.lexicographicallyPrecedes(b))
    }
  }

  @Test(arguments: 1...20) func textsReadBack(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let texts = (0..<random.below(200)).map { _ in
      [UInt8](repeating: UInt8(random.below(3)), count: random.below(40)) + [UInt8(random.below(2))]
    }
    let whole = Self.differences(texts.map { Int64($0.count) }, block: 128) + texts.flatMap(\.self)
    var read: [[UInt8]] = []
    try ParquetEncodings.textsAfterLengths(whole[...], count: texts.count) { read.append(Array($0)) }
    #expect(read == texts)

    let shared = texts.indices.map { number in
      number == 0 ? 0 : zip(texts[number - 1], texts[number]).prefix { $0 == $1 }.count
    }
    let ends = zip(texts, shared).map { Array($0.dropFirst($1)) }
    let packed =
      Self.differences(shared.map(Int64.init), block: 128)
      + Self.differences(ends.map { Int64($0.count) }, block: 128) + ends.flatMap(\.self)
    read = []
    try ParquetEncodings.textsAfterBeginnings(packed[...], count: texts.count) { read.append(Array($0)) }
    #expect(read == texts)
    for _ in 0..<200 where !texts.isEmpty {
      var damaged = packed
      damaged[random.below(damaged.count)] ^= UInt8(1 << random.below(8))
      try? ParquetEncodings.textsAfterBeginnings(damaged[...], count: texts.count) { _ in }
    }
  }

  /// A long text, and many that share all of it.
  @Test func textsThatShareTooMuchAreRefused() throws {
    let count = 2000
    let packed =
      Self.differences([0] + Array(repeating: 1 << 16, count: count - 1), block: 128)
      + Self.differences([1 << 16] + Array(repeating: 0, count: count - 1), block: 128)
      + [UInt8](repeating: 7, count: 1 << 16)
    let fault = #expect(throws: PageFault.self) {
      try ParquetEncodings.textsAfterBeginnings(packed[...], count: count) { _ in }
    }
    #expect(fault?.problem == "the page's texts take more than 256 times its size")
  }

  @Test func bytesOfNumbersThatStandApart() throws {
    let words: [UInt64] = [0x0102_0304, 0xFF00_0000, 7]
    let apart = (0..<4).flatMap { place in words.map { UInt8(truncatingIfNeeded: $0 >> UInt64(8 * place)) } }
    #expect(try ParquetEncodings.splitWords(apart[...], size: 4, count: 3) == words)
    #expect(throws: PageFault.self) { try ParquetEncodings.splitWords(apart.dropLast(), size: 4, count: 3) }
  }

  /// Rows that are taken out of a table share its memory, and are the same rows.
  @Test(arguments: 1...30) func rowsOfATable(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let table = TableWriterTests.randomTable(&random)
    let long = Table(stacking: Array(repeating: table, count: 5))
    let bytes = try ParquetTests.bytes(long)
    let read = try ParquetTests.file(bytes).table(jobs: 2)
    #expect(ParquetTests.cells(read) == ParquetTests.cells(try ParquetTests.file(bytes).table()))
    for _ in 0..<20 where read.rowCount > 0 {
      let first = random.below(read.rowCount)
      let range = first..<first + random.below(read.rowCount - first + 1)
      #expect(ParquetTests.cells(read.rows(in: [range])) == ParquetTests.cells(read.rows(at: Array(range))))
    }
  }
}
