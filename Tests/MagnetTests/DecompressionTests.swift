import TestSupport
import Testing

@testable import Magnet

/// Blocks are decompressed to what they were, and damaged ones are refused without a trap.
@Suite struct DecompressionTests {
  private static func bytes(_ random: inout PythonRandom, _ count: Int) -> [UInt8] {
    var out: [UInt8] = []
    while out.count < count {
      if out.count > 4, random.below(2) == 0 {
        let start = random.below(out.count)
        out += out[start..<min(out.count, start + 1 + random.below(60))]
      } else {
        out.append(UInt8(random.below(7)))
      }
    }
    return Array(out.prefix(count))
  }

  private static func varint(_ value: Int) -> [UInt8] {
    value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F | 0x80)] + varint(value >> 7)
  }

  private static func little(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  /// Snappy with elements of all kinds, chosen at random among those that fit.
  private static func snappy(_ bytes: [UInt8], _ random: inout PythonRandom) -> [UInt8] {
    var out = varint(bytes.count)
    var at = 0
    while at < bytes.count {
      var copies: [(distance: Int, length: Int)] = []
      for distance in 1...max(1, min(at, 3000)) where at >= distance {
        var length = 0
        while length < 64, at + length < bytes.count, bytes[at + length] == bytes[at + length - distance] {
          length += 1
        }
        if length >= 4 { copies.append((distance, length)) }
        if copies.count > 3 { break }
      }
      if let copy = copies.last, random.below(4) > 0 {
        let kind = random.below(3)
        if kind == 0, copy.distance < 2048 {
          let length = min(copy.length, 11)
          out += [UInt8((length - 4) << 2 | 1 | (copy.distance >> 8) << 5), UInt8(copy.distance & 0xFF)]
          at += length
        } else {
          out.append(UInt8((copy.length - 1) << 2 | (kind == 2 ? 3 : 2)))
          out += little(copy.distance, kind == 2 ? 4 : 2)
          at += copy.length
        }
      } else {
        let length = min(bytes.count - at, 1 + random.below(90))
        let extra = random.below(5)
        if length <= 60, extra == 0 {
          out.append(UInt8((length - 1) << 2))
        } else {
          out.append(UInt8((59 + max(1, extra)) << 2))
          out += little(length - 1, max(1, extra))
        }
        out += bytes[at..<at + length]
        at += length
      }
    }
    return out
  }

  @Test(arguments: 1...25) func snappyReadsBack(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let bytes = Self.bytes(&random, [0, 1, 5, 64, 300, 3000][seed % 6])
    let packed = Self.snappy(bytes, &random)
    #expect(try Decompression.bytes(packed[...], codec: 1, size: bytes.count) == bytes)
    let slice = ([1, 2] + packed)[2...]
    #expect(try Decompression.bytes(slice, codec: 1, size: bytes.count) == bytes)
    for length in packed.indices.prefix(200) {
      #expect(throws: Decompression.Failure.self) {
        try Decompression.bytes(packed[..<length], codec: 1, size: bytes.count)
      }
    }
    for wrong in [bytes.count + 1, max(0, bytes.count - 1)] where wrong != bytes.count {
      #expect(throws: Decompression.Failure.self) {
        try Decompression.bytes(packed[...], codec: 1, size: wrong)
      }
    }
    for _ in 0..<300 where !packed.isEmpty {
      var damaged = packed
      damaged[random.below(damaged.count)] ^= UInt8(1 << random.below(8))
      if let read = try? Decompression.bytes(damaged[...], codec: 1, size: bytes.count) {
        #expect(read.count == bytes.count)
      }
    }
  }

  /// LZ4 with literals and copies of any length.
  private static func lz4(_ bytes: [UInt8], _ random: inout PythonRandom) -> [UInt8] {
    func more(_ length: Int) -> [UInt8] {
      length < 15
        ? [] : Array(repeating: 255, count: (length - 15) / 255) + [UInt8((length - 15) % 255)]
    }
    var out: [UInt8] = []
    var start = 0
    var at = 0
    while at < bytes.count {
      let distance = random.choice([1, 2, 3, 5, 40, 300])
      var length = 0
      while distance <= at, at + length < bytes.count, bytes[at + length] == bytes[at + length - distance] {
        length += 1
      }
      if length < 4 {
        at += 1
        continue
      }
      let literals = at - start
      out.append(UInt8(min(15, literals) << 4 | min(15, length - 4)))
      out += more(literals) + bytes[start..<at] + little(distance, 2) + more(length - 4)
      at += length
      start = at
    }
    let literals = bytes.count - start
    return out + [UInt8(min(15, literals) << 4)] + more(literals) + bytes[start...]
  }

  @Test(arguments: 1...25) func lz4ReadsBack(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let bytes =
      Self.bytes(&random, [0, 1, 5, 64, 300, 3000][seed % 6]) + Array(repeating: 7, count: seed % 3 * 300)
    let packed = Self.lz4(bytes, &random)
    #expect(try Decompression.bytes(packed[...], codec: 7, size: bytes.count) == bytes)
    #expect(try Decompression.bytes(([1] + packed)[1...], codec: 7, size: bytes.count) == bytes)
    for wrong in [bytes.count + 1, bytes.count - 1] where wrong >= 0 {
      #expect(throws: Decompression.Failure.self) {
        try Decompression.bytes(packed[...], codec: 7, size: wrong)
      }
    }
    for _ in 0..<300 {
      var damaged = packed
      damaged[random.below(damaged.count)] ^= UInt8(1 << random.below(8))
      if let read = try? Decompression.bytes(damaged[...], codec: 7, size: bytes.count) {
        #expect(read.count == bytes.count)
      }
    }
  }

  /// Copies may overlap what they write; those from before the beginning are refused.
  @Test func copiesThatOverlap() throws {
    #expect(
      try Decompression.bytes([9, 0, 7, 0b0001_0001, 1], codec: 1, size: 9) == [UInt8](repeating: 7, count: 9)
    )
    for wrong in [[5, 0, 7, 1, 2], [5, 0, 7, 1, 0], [5, 1, 1], [4, 0, 7, 1, 1]] as [[UInt8]] {
      #expect(throws: Decompression.Failure.self, "\(wrong)") {
        try Decompression.bytes(wrong[...], codec: 1, size: Int(wrong[0]))
      }
    }
  }

  @Test(arguments: 1...6) func gzipReadsBack(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let bytes = Self.bytes(&random, [0, 1, 100, 5000, 70_000, 33][seed - 1])
    let packed = gzip(bytes)
    #expect(try Decompression.bytes(packed[...], codec: 2, size: bytes.count) == bytes)
    #expect(try Decompression.bytes(bytes[...], codec: 0, size: bytes.count) == bytes)
    for wrong in [bytes.count + 1, bytes.count - 1, 0] where wrong >= 0 && wrong != bytes.count {
      #expect(throws: Decompression.Failure.self) {
        try Decompression.bytes(packed[...], codec: 2, size: wrong)
      }
    }
    for length in stride(from: 0, to: packed.count, by: max(1, packed.count / 40)) {
      #expect(throws: Decompression.Failure.self) {
        try Decompression.bytes(packed[..<length], codec: 2, size: bytes.count)
      }
    }
    var damaged = packed
    damaged[packed.count - 5] ^= 1
    #expect(throws: Decompression.Failure.self, "the checksum counts") {
      try Decompression.bytes(damaged[...], codec: 2, size: bytes.count)
    }
  }

  @Test(arguments: [
    (5, 10, "the compression 5 is not one that magnet reads: gzip, Snappy, LZ4, Zstandard"),
    (2, 1 << 20, "3 bytes are said to become 1048576"), (0, 4, "the compressed block is damaged"),
    (1, 1 << 40, "3 bytes are said to become 1099511627776"),
  ])
  func whatCannotBeIsRefused(_ codec: Int, _ size: Int, _ problem: String) {
    let failure = #expect(throws: Decompression.Failure.self) {
      try Decompression.bytes([1, 2, 3], codec: codec, size: size)
    }
    #expect(failure?.problem == problem)
  }

  /// Any pieces and levels give one member of gzip that reads back.
  @Test(arguments: [1, 6, 9] as [Int32]) func writersReadBack(_ level: Int32) throws {
    var random = PythonRandom(seed: Int(level))
    let bytes = Self.bytes(&random, 90_000)
    for step in [90_000, 1, 4096] {
      var packed: [UInt8] = []
      var writer = GzipWriter(level: level)
      let end = step == 1 ? 500 : bytes.count
      for start in stride(from: 0, to: end, by: step) {
        writer.add(Array(bytes[start..<min(start + step, end)])) { packed += $0 }
      }
      writer.add([], isLast: true) { packed += $0 }
      #expect(try Decompression.bytes(packed[...], codec: 2, size: end) == Array(bytes[..<end]))
      #expect(packed[4..<8].allSatisfy { $0 == 0 }, "no time is written")
    }
  }
}
