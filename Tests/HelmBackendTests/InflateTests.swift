import Foundation
import Magnet
import TestSupport
import Testing

@testable import HelmBackend

/// Streams of bytes: read in pieces of any size, skipped, or begun in the middle, they are the bytes of the file.
@Suite struct InflateTests {
  /// Text whose compressibility changes, so that deflate makes blocks of every kind.
  static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SplitMix(state: seed)
    var bytes: [UInt8] = []
    while bytes.count < count {
      let length = 1 + Int(random.next() % 3000)
      switch random.next() % 3 {
      case 0: bytes += (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      case 1: bytes += [UInt8](repeating: UInt8(truncatingIfNeeded: random.next()), count: length)
      default: bytes += (0..<length).map { _ in UInt8(ascii: "a") + UInt8(random.next() % 20) }
      }
    }
    return Array(bytes[..<count])
  }

  /// Gzip of the bytes in some members, with zeros behind, as tapes have them.
  static func members(_ bytes: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    var stored: [UInt8] = []
    var start = 0
    repeat {
      let end =
        random.next() % 3 == 0 ? bytes.count : min(bytes.count, start + 1 + Int(random.next() % 40_000))
      stored += gzip(Array(bytes[start..<end]))
      start = end
    } while start < bytes.count
    return stored + [UInt8](repeating: 0, count: Int(random.next() % 3) * 256)
  }

  static func readAll(_ stream: any ByteStream, _ random: inout SplitMix) throws -> [UInt8] {
    var all: [UInt8] = []
    while true {
      let wanted = 1 + Int(random.next() % (1 << (random.next() % 17)))
      let piece = try stream.next(wanted)
      all += piece
      if piece.count < wanted { return all }
    }
  }

  @Test(arguments: 1...6) func piecesOfAnySizeAreTheBytes(_ seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let folder = try TemporaryFolder()
    for _ in 0..<8 {
      let bytes = Self.bytes(Int(random.next() % 120_000), seed: random.next())
      let stored = Self.members(bytes, &random)
      let file = try SharedFile(folder.write(stored, to: "x.gz"))
      #expect(try Self.readAll(InflatedStream(gzip: FilePart(file), limits: .none), &random) == bytes)
      #expect(try Self.readAll(FilePart(file), &random) == stored)
      let stream = InflatedStream(gzip: FilePart(file), limits: .none)
      let passed = Int(random.next() % UInt64(bytes.count + 1))
      #expect(try stream.skip(passed) == passed)
      #expect(try Self.readAll(stream, &random) == Array(bytes[passed...]))
      #expect(try stream.next(10).isEmpty && stream.skip(10) == 0)
      let (start, count) = (Int(random.next() % UInt64(stored.count)), Int(random.next() % 3000))
      let part = FilePart(file, from: start, count: min(count, stored.count - start))
      let expected = Array(stored[start...].prefix(count))
      #expect(try part.tail(7) == Array(expected.suffix(7)))
      #expect(try Self.readAll(part, &random) == expected && part.size == expected.count)
    }
  }

  /// Inflating from points in the middle gives what inflating from the beginning does.
  @Test(arguments: 1...3) func pointsLeadIntoTheMiddle(_ seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let folder = try TemporaryFolder()
    let base = Self.bytes(450_000, seed: seed)
    let bytes = (0..<10).flatMap { _ in base }
    let half = 1_000_000 + Int(random.next() % 2_000_000)
    let stored = seed == 1 ? gzip(bytes) : gzip(Array(bytes[..<half])) + gzip(Array(bytes[half...]))
    let file = try SharedFile(folder.write(stored, to: "x.gz"))
    let whole = InflatedStream(gzip: FilePart(file), limits: .none, notesPoints: true)
    #expect(try whole.skip(.max) == bytes.count)
    let points = try #require(whole.points)
    let ends = [0, 1, 1 << 20, half - 1, half, half + 1, bytes.count - 1, bytes.count]
    for offset in ends + (0..<12).map({ _ in Int(random.next() % UInt64(bytes.count)) }) {
      let count = min(5000, bytes.count - offset)
      #expect(
        try points.bytes(file, from: offset).next(5000) == Array(bytes[offset..<offset + count]), "\(offset)")
      let section = GzipSection(points, file, path: "part", from: offset, count: count)
      #expect(try Self.readAll(section, &random) == Array(bytes[offset..<offset + count]))
      #expect(section.path == "part" && section.size == count)
    }
  }

  /// Whatever the length at which gzip is cut off, reading says so, and what came before is right.
  @Test func everyCutIsAFault() throws {
    let folder = try TemporaryFolder()
    let bytes = Self.bytes(900, seed: 5)
    let first = gzip(Array(bytes[..<400]))
    let stored = first + gzip(Array(bytes[400...]))
    for length in 0..<stored.count {
      let file = try SharedFile(folder.write(Array(stored[..<length]), to: "x.gz"))
      let stream = InflatedStream(gzip: FilePart(file), limits: .none)
      if length == first.count {
        #expect(try stream.next(2000) == Array(bytes[..<400]), "a whole member is a whole file")
        continue
      }
      var came: [UInt8] = []
      let fault = #expect(throws: DataFault.self, "\(length)") {
        while true {
          let piece = try stream.next(1)
          if piece.isEmpty { return }
          came += piece
        }
      }
      #expect(fault?.problem == "the compressed bytes end too early, they were cut off")
      #expect(bytes.starts(with: came))
    }
  }

  /// No byte of gzip can change without a fault, but for those of its header that mean nothing.
  @Test func everyChangedByteIsAFaultOrMeansNothing() throws {
    let folder = try TemporaryFolder()
    let bytes = Self.bytes(300, seed: 6)
    let stored = gzip(bytes)
    var random = SplitMix(state: 7)
    for place in stored.indices {
      var changed = stored
      changed[place] ^= UInt8(1 << (random.next() % 8))
      let file = try SharedFile(folder.write(changed, to: "x.gz"))
      let read = try? Self.readAll(InflatedStream(gzip: FilePart(file), limits: .none), &random)
      // Bytes 4 to 9: date, level and system.
      if (4..<10).contains(place) {
        #expect(read == bytes)
      } else {
        #expect(read == nil || read == bytes, "\(place)")
      }
      if place >= stored.count - 8 { #expect(read == nil, "the checksum and the length, \(place)") }
    }
  }

  @Test func limitsAreOfBytesAndOfRatios() {
    let limits = InflateLimits(bytes: 1 << 30, ratio: 100)
    let free = InflateLimits.freeBytes
    #expect(limits.fault("f", inflated: 1 << 30, stored: 1 << 25) == nil)
    #expect(
      limits.fault("f", inflated: 1 << 30 + 1, stored: 1 << 30)?.problem
        == "it inflates to more than 1073741824 bytes")
    #expect(limits.fault("f", inflated: free, stored: 0) == nil, "small files have any ratio")
    #expect(limits.fault("f", inflated: free + 1, stored: (free + 1) / 100 + 1) == nil)
    let fault = limits.fault("f", inflated: free + 100, stored: (free + 100) / 100)
    #expect(fault?.problem == "it inflates to more than 100 times its size, as a bomb does")
    #expect(fault?.advice == "if you trust it, give --max-archive-bytes" && fault?.file == "f")
    #expect(InflateLimits.none.fault("f", inflated: .max, stored: 0) == nil)
    #expect(InflateLimits(bytes: 10).fault("f", inflated: 10, stored: 0) == nil)
  }

  @Test func checksumsAreThoseOfTheBook() {
    // CRC-32 bit by bit, from the polynomial.
    func plain(_ bytes: [UInt8]) -> UInt32 {
      var sum = ~UInt32(0)
      for byte in bytes {
        sum ^= UInt32(byte)
        for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
      }
      return ~sum
    }
    var random = SplitMix(state: 8)
    for count in [0, 1, 7, 8, 9, 63, 64, 1000, 4097] {
      let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      let middle = count / 3
      let (all, first) = (
        bytes.withUnsafeBytes { crc32(0, $0) }, bytes[..<middle].withUnsafeBytes { crc32(0, $0) }
      )
      #expect(all == plain(bytes))
      #expect(bytes[middle...].withUnsafeBytes { crc32(first, $0) } == all)
    }
  }

  @Test func filesThatChangeOrAreMissingAreFaults() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1, 2, 3, 4], to: "x")
    let part = FilePart(try SharedFile(path))
    #expect(try part.next(2) == [1, 2])
    try folder.write([1, 2], to: "x")
    let fault = #expect(throws: DataFault.self) { try part.next(2) }
    #expect(fault?.problem == "the file changed while it was read" && fault?.file == path)
    #expect(throws: SystemError.self) { try SharedFile(path + "y") }
    #expect(throws: SystemError.self) { try SharedFile(folder.path) }
    #expect(try DiskTree().stored(path + "y") == nil)
    let tree = #expect(throws: DataFault.self) { try DiskTree().open(folder.path + "/stats.json") }
    #expect(tree?.problem == "the file is missing")
    #expect(tree?.advice == "the run failed, is still running, or was copied only partly")
    for (ending, advice) in [
      (".xz", "unpack it with xz -d"), (".bz2", "unpack it with bunzip2"), (".zst", "unpack it with zstd -d"),
    ] {
      try folder.write([0], to: "stats.json" + ending)
      let found = #expect(throws: DataFault.self) { try DiskTree().open(folder.path + "/stats.json") }
      #expect(found?.advice == "\(folder.path)/stats.json\(ending) is there: \(advice)")
      try FileManager.default.removeItem(atPath: folder.path + "/stats.json" + ending)
    }
    try folder.write("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", to: "stats.json")
    let pointer = #expect(throws: DataFault.self) { try DiskTree().open(folder.path + "/stats.json") }
    #expect(pointer?.problem == "it is a pointer of Git LFS, and the file itself is missing")
  }

  /// The checksum and the length that a zip's directory states are those that must come out.
  @Test func deflatedEntriesAreChecked() throws {
    let folder = try TemporaryFolder()
    let bytes = Self.bytes(5000, seed: 9)
    let deflated = Array(gzip(bytes).dropFirst(10).dropLast(8))
    let crc = bytes.withUnsafeBytes { crc32(0, $0) }
    func problem(_ stored: [UInt8], size: Int = 5000, crc: UInt32) throws -> String? {
      let part = FilePart(try SharedFile(folder.write(stored, to: "x")))
      let stream = InflatedStream(deflated: part, size: size, crc: crc, limits: .none)
      do {
        var random = SplitMix(state: 1)
        return try Self.readAll(stream, &random) == bytes ? nil : "other bytes"
      } catch let fault as DataFault { return fault.problem }
    }
    #expect(try problem(deflated, crc: crc) == nil)
    #expect(
      try problem(deflated, crc: crc ^ 1) == "the bytes do not have the archive's checksum, they are damaged")
    #expect(try problem(deflated, size: 5001, crc: crc) == "it inflates to 5000 bytes and should to 5001")
    #expect(
      try problem(deflated, size: 4999, crc: crc) == "it inflates to more than the 4999 bytes it should")
    #expect(
      try problem(deflated + [0], crc: crc) == "its compressed bytes end before the archive says they do")
    #expect(
      try problem(Array(deflated.dropLast()), crc: crc)
        == "the compressed bytes end too early, they were cut off")
  }
}
