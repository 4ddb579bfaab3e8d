@testable import Magnet
import TestSupport
import Testing

/// Streams of Arrow (https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc),
/// byte by byte where the format leaves no choice.
@Suite struct ArrowTests {
  /// The length of the metadata of the message at a place, its body, and where the next begins.
  private func message(_ bytes: [UInt8], at start: Int, body: Int) throws -> (
    metadata: Int, body: [UInt8], next: Int
  ) {
    try #require(Array(bytes[start..<start + 4]) == [0xFF, 0xFF, 0xFF, 0xFF])
    let length = Int(UInt32(littleEndian: bytes[start + 4..<start + 8]))
    #expect((start + 8 + length) % 8 == 0)
    let first = start + 8 + length
    return (length, Array(bytes[first..<first + body]), first + body)
  }

  /// Column s has the dictionary ["a"], x is a double; the rows are ("a", 1.5) and (null, null).
  @Test func aSmallStreamByteByByte() throws {
    let table = Table(columnNames: ["s", "x"], rows: [[.string("a"), .double(1.5)], [.null, .null]])
    var bytes: [UInt8] = []
    try TableWriter(.arrowStream).write(table) { bytes += $0 }
    let schema = try message(bytes, at: 0, body: 0)
    // Offsets 0 and 1, then "a": no nulls, so no validity.
    let dictionary = try message(bytes, at: schema.next, body: 16)
    #expect(dictionary.metadata == 0xB8)
    #expect(dictionary.body == [0, 0, 0, 0, 1, 0, 0, 0, 0x61, 0, 0, 0, 0, 0, 0, 0])
    // Validity, indices, validity, values.
    let batch = try message(bytes, at: dictionary.next, body: 40)
    #expect(batch.metadata == 0xB8)
    let validity: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0]
    let none = [UInt8](repeating: 0, count: 8)
    #expect(batch.body == validity + none + validity + [0, 0, 0, 0, 0, 0, 0xF8, 0x3F] + none)
    #expect(Array(bytes[batch.next...]) == [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0])
    // The lengths and places of the buffers, as 64-bit numbers one after the other.
    func has(_ numbers: [Int64], in range: Range<Int>) -> Bool {
      let wanted = [UInt8](littleEndian: numbers)
      return range.dropLast(wanted.count - 1).contains { Array(bytes[$0..<$0 + wanted.count]) == wanted }
    }
    #expect(has([0, 0, 0, 8, 8, 1], in: schema.next..<dictionary.next))
    #expect(has([2, 1, 2, 1], in: dictionary.next..<batch.next))
    #expect(has([0, 1, 8, 8, 16, 1, 24, 16], in: dictionary.next..<batch.next))
  }

  @Test func aFileIsAStreamWithAFooter() throws {
    let table = Table(columnNames: ["n"], rows: [[.int(1)], [.int(2)]])
    var bytes: [UInt8] = []
    try TableWriter(.arrow, layout: TableLayout(isFile: true)).write(table) { bytes += $0 }
    let magic = Array("ARROW1".utf8)
    #expect(Array(bytes.prefix(8)) == magic + [0, 0] && Array(bytes.suffix(6)) == magic)
    let length = Int(UInt32(littleEndian: bytes[(bytes.count - 10)..<(bytes.count - 6)]))
    #expect(length > 0 && length < bytes.count)
  }
}
