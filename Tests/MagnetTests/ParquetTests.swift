@testable import Magnet
import TestSupport
import Testing

/// Parquet files read back as they were written, and damaged ones are faults.
@Suite struct ParquetTests {
  static func bytes(_ table: Table, _ format: TableFormat = .parquet) throws -> [UInt8] {
    var out: [UInt8] = []
    try TableWriter(format, layout: TableLayout(isFile: true)).write(table) { out += $0 }
    return out
  }

  static func file(_ bytes: [UInt8]) throws(DataFault) -> ParquetFile {
    try ParquetFile(path: "x.parquet", size: bytes.count) { Array(bytes[$0]) }
  }

  /// The cells as texts that tell kinds and every bit apart.
  static func cells(_ table: Table) -> [[String]] {
    table.rows.map { row in
      table.columnNames.indices.map { column in
        if case .double(let value) = row[column] { return "double \(value.bitPattern)" }
        return "\(row[column])"
      }
    }
  }

  @Test(arguments: 1...30)
  func tablesReadBack(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    for _ in 0..<10 {
      let table = TableWriterTests.randomTable(&random)
      let read = try Self.file(Self.bytes(table)).table()
      #expect(read.columnNames == table.columnNames && read.rowCount == table.rowCount)
      try #require(Self.cells(read) == Self.cells(table))
    }
  }

  @Test func numbersKeepEveryBit() throws {
    let doubles: [Double] = [
      .nan, .infinity, -.infinity, -0.0, 0, Double.leastNonzeroMagnitude, 1.7976931348623157e308, 0.1,
    ]
    let ints: [Int64] = [.min, .max, 0, -1, 1 << 53 + 1, 7, 7, 7]
    var rows: [[Cell]] = []
    for row in 0..<8 {
      rows.append([
        .double(doubles[row]), .int(ints[row]), row % 2 == 0 ? .null : .int(3), .bool(row > 4),
      ])
    }
    let table = Table(columnNames: ["d", "i", "n", "b"], rows: rows)
    #expect(try Self.cells(Self.file(Self.bytes(table)).table()) == Self.cells(table))
  }

  /// Numbers that repeat stand in a dictionary, each once, and those that do not stand as they are.
  @Test(arguments: [1, 2, 3, 300, 65_536, 70_000]) func repeatedNumbersKeepEveryBit(_ distinct: Int) throws {
    let odd: [Double] = [.nan, -.nan, -0.0, 0, .infinity, .leastNonzeroMagnitude]
    let rows = (0..<200_000).map { row -> [Cell] in
      let number = row * 7919 % distinct
      let double = number < odd.count ? odd[number] : Double(number) / 3
      return [.double(double), .int(Int64(number) << 40), row % 5 == 0 ? .null : .int(Int64(row))]
    }
    let table = Table(columnNames: ["d", "i", "n"], rows: rows)
    let bytes = try Self.bytes(table)
    let read = try Self.file(bytes).table()
    let bits = { (cell: Cell) in if case .double(let value) = cell { value.bitPattern } else { 0 as UInt64 } }
    #expect(
      (0..<200_000).allSatisfy {
        bits(read[$0, "d"]) == bits(table[$0, "d"]) && read[$0, "i"] == table[$0, "i"]
          && read[$0, "n"] == table[$0, "n"]
      })
    if distinct <= 3 { #expect(try Self.bytes(table.selecting(["d", "i"])).count < 3000) }
  }

  /// Distinct numbers hardly shrink, and are stored; what repeats is compressed, wherever in a page it stands.
  @Test func whatHardlyShrinksIsStored() throws {
    var random = PythonRandom(seed: 3)
    let noise = (0..<100_000).map { _ in
      (0..<4).reduce(UInt64(0)) { word, _ in word << 16 | UInt64(random.below(1 << 16)) }
    }
    let table = Table(columnNames: ["n"], rows: noise.map { [.int(Int64(bitPattern: $0))] })
    let bytes = try Self.bytes(table)
    #expect(bytes.count > 800_000 && bytes.count < 801_000)
    #expect(try Self.cells(Self.file(bytes).table()) == Self.cells(table))

    let raw = [UInt8](littleEndian: noise)
    #expect(GzipWriter.compressed(raw).count < raw.count + 200)
    let zeros = [UInt8](repeating: 0, count: raw.count)
    for content in [raw + zeros, zeros + raw, zeros + raw + zeros] {
      #expect(GzipWriter.compressed(content).count < raw.count * 11 / 10)
    }
  }

  /// The compressor's window grows with what there is to compress.
  @Test(arguments: [0, 1, 255, 256, 257, 512, 1023, 16_384, 32_767, 32_768, 40_000, 140_000])
  func bytesOfAnySizeAreCompressed(_ size: Int) throws {
    var random = PythonRandom(seed: size)
    let texts = (0..<size).map { _ in UInt8(random.below(3) + 65) }
    for bytes in [texts, (0..<size).map { _ in UInt8(random.below(256)) }] {
      let packed = GzipWriter.compressed(bytes)
      #expect(try Decompression.bytes(packed[...], codec: 2, size: size) == bytes)
      #expect(packed.count < (bytes == texts ? size * 2 / 3 : size) + 64)
    }
  }

  @Test func numbersOfTwoKindsAndNullsReadBack() throws {
    let table = Table(stacking: [
      Table(
        columnNames: ["x", "b"],
        rows: [[.int(1), .bool(true)], [.null, .null], [.int(1 << 40), .bool(false)]]),
      Table(columnNames: ["x", "b"], rows: [[.double(0.5), .null], [.double(.nan), .bool(true)]]),
    ])
    #expect(
      try Self.file(Self.bytes(table)).table().rows.map { [$0["x"].text, $0["b"].text] } == [
        ["1.0", "true"], ["", ""], ["1099511627776.0", "false"], ["0.5", ""], ["NaN", "true"],
      ])
  }

  @Test func textsOfAnySize() throws {
    let texts = ["", "\0", "a\0b", "😀", String(repeating: "é", count: 5_000_000), "1", "null", "[", "\"q\""]
    let single = Table(columnNames: ["t"], rows: texts.map { [.string($0)] })
    #expect(try Self.cells(Self.file(Self.bytes(single)).table()) == Self.cells(single))
    let mixed = Table(
      columnNames: ["t"], rows: texts.map { [.string($0)] } + [[.int(1)], [.null], [.json("[1]")]])
    #expect(try Self.cells(Self.file(Self.bytes(mixed)).table()) == Self.cells(mixed))
    let many = Table(
      columnNames: ["t", "u"], rows: (0..<70_000).map { [.string("text \($0)"), .string("u\($0 % 40_000)")] })
    let read = try Self.file(Self.bytes(many)).table()
    #expect(read.rowCount == 70_000 && (0..<70_000).allSatisfy { read[$0, "t"] == many[$0, "t"] })
    #expect((0..<70_000).allSatisfy { read[$0, "u"] == many[$0, "u"] })
  }

  @Test func largeTablesHaveSeveralRowGroups() throws {
    let long = String(repeating: "x", count: 10_000)
    let table = Table(
      columnNames: ["t", "n"], rows: (0..<20_000).map { [.string(long + "\($0)"), .int(Int64($0))] })
    let file = try Self.file(Self.bytes(table))
    // 200 MB in groups of at most 64 MiB.
    #expect(file.groups.count == 3)
    #expect(file.rowCount == 20_000)
    let read = try file.table { $0 == "n" }
    #expect(read.columnNames == ["n"] && (0..<20_000).allSatisfy { read[$0, "n"] == .int(Int64($0)) })
  }

  @Test func emptyTablesAndColumnsOfNulls() throws {
    for table in [
      Table(columnNames: ["a", "b"], rows: []), Table(columnNames: ["a"], rows: [[.null], [.null]]), Table(),
    ] {
      let read = try Self.file(Self.bytes(table)).table()
      #expect(read.columnNames == table.columnNames && Self.cells(read) == Self.cells(table))
    }
  }

  /// 24 repeats from where a group of 8 begins are a run, and fewer are not.
  @Test(arguments: 0..<17) func longRepeatsAreRuns(_ before: Int) throws {
    let groups = (before + 7) / 8
    for repeats in [24, 31, 32, 100_000] {
      let values = (0..<UInt32(before)).map { $0 } + Array(repeating: 99, count: repeats)
      let packed = hybrid(values[...], width: 20)
      #expect(try ParquetEncodings.hybrid(packed[...], width: 20, count: values.count) == values)
      let run = values.count - groups * 8 >= 24
      let head = groups == 0 ? 0 : 1 + 20 * groups
      #expect(run ? packed.count <= head + 6 : packed.count == 1 + (values.count + 7) / 8 * 20)
    }
  }

  @Test(arguments: 1...20)
  func valuesArePackedAndUnpacked(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let width = 1 + random.below(32)
    var values: [UInt32] = []
    for _ in 0..<random.below(20) {
      let value = UInt32(random.below(1 << width))
      values += Array(repeating: value, count: random.choice([1, 2, 7, 8, 9, 23, 24, 25, 100]))
    }
    let packed = hybrid(values[...], width: width)
    #expect(try ParquetEncodings.hybrid(packed[...], width: width, count: values.count) == values)
    #expect(throws: PageFault.self) {
      try ParquetEncodings.hybrid(packed.dropLast(5), width: width, count: values.count + 9)
    }
  }

  /// A file of a few hundred bytes that claims a million rows more than any file of its size has.
  @Test func moreRowsThanAFileCanHaveAreRefused() throws {
    let few = Table(columnNames: ["a"], rows: [[.int(1)], [.int(1)]])
    // The counts of rows and of values, in Thrift's varints.
    let (two, many): ([UInt8], [UInt8]) = ([0x04], [0xFE, 0xFF, 0xFF, 0xFF, 0x0F])
    var bytes = try Self.bytes(few)
    var footer = Array(bytes.suffix(8 + Int(UInt32(littleEndian: bytes.suffix(8).prefix(4)))).dropLast(8))
    let start = bytes.count - footer.count - 8
    for place in footer.indices.reversed() where footer[place...].starts(with: [0x16] + two) {
      footer.replaceSubrange(place + 1...place + 1, with: many)
    }
    bytes = bytes[..<start] + footer
    bytes.append(littleEndian: UInt32(footer.count))
    bytes += Array("PAR1".utf8)
    let fault = #expect(throws: DataFault.self) { try Self.file(bytes) }
    #expect(fault?.problem.contains("claims 2147483647 rows") == true, "\(fault.debugDescription)")
  }

  /// Every byte changed, and every length cut: a fault or a table, never a trap.
  @Test func damagedFilesAreFaults() throws {
    var random = PythonRandom(seed: 5)
    var rows: [[Cell]] = []
    for row in 0..<40 {
      let number: Cell = row % 4 == 0 ? .null : .int(Int64(row))
      rows.append([
        .string("t\(row % 3)"), .double(Double(row)), number, .bool(row > 9), .json("[\(row)]"),
      ])
    }
    let table = Table(columnNames: ["s", "d", "i", "b", "j"], rows: rows)
    let bytes = try Self.bytes(table)
    for count in 0..<bytes.count {
      #expect(throws: DataFault.self) { try Self.file(Array(bytes.prefix(count))) }
    }
    var faults = 0
    for place in bytes.indices {
      for value in [0, 0xFF, bytes[place] ^ 1, UInt8(random.below(256))] {
        var damaged = bytes
        damaged[place] = value
        do {
          _ = try Self.file(damaged).table()
        } catch {
          faults += 1
          #expect(error.file == "x.parquet")
        }
      }
    }
    #expect(faults > bytes.count)
  }

  @Test func sameBytesEveryTime() throws {
    var random = PythonRandom(seed: 9)
    let table = TableWriterTests.randomTable(&random)
    let first = try Self.bytes(table)
    for _ in 0..<10 { #expect(try Self.bytes(table) == first) }
  }
}
