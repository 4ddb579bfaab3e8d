// Parquet (https://parquet.apache.org/docs/file-format/): "PAR1", the pages of each column of each row group, the footer
// in Thrift's compact protocol, its length (uint32), "PAR1". All columns are flat and optional.
//
//   page        PageHeader{1 type (0 data, 2 dictionary), 2 size, 3 compressed size, 5 DataPageHeader{1 values with
//               nulls, 2 encoding, 3 and 4 encodings of levels (3 RLE)}, 7 DictionaryPageHeader{1 values, 2 encoding}},
//               then the content, compressed as a whole with gzip
//   data page   length (uint32) and RLE of the definition levels (1 where there is a cell), then the cells that are
//               there: PLAIN (0: numbers little-endian, booleans as bits, texts with their lengths as uint32), or
//               RLE_DICTIONARY (8): the width of the indices (1 byte) and their RLE
//   RLE         a run is varint(count << 1) and the value in whole bytes; packed values are varint(groups << 1 | 1) and
//               groups of 8 values, the lowest bits first
//   footer      FileMetaData{1 version, 2 schema [{4 name, 5 children}, {1 type (0 boolean, 2 int64, 5 double,
//               6 byte array), 3 repetition (1 optional), 4 name, 6 converted type (0 UTF8), 10 logical type
//               {1 STRING{}}}], 3 rows, 4 row groups, 5 key values {1, 2}, 6 created by, 7 column orders [{1 {}}]}
//   row group   {1 columns [{2 offset, 3 {1 type, 2 encodings, 3 path, 4 codec (2 gzip), 5 values, 6 size,
//               7 compressed size, 9 data page, 11 dictionary page, 12 statistics {3 nulls, 5 maximum, 6 minimum}}}],
//               2 size, 3 rows}

import Dispatch
import Synchronization

extension TableFormat {
  /// Parquet, compressed with gzip, texts and numbers that repeat in dictionaries.
  public static let parquet = TableFormat("parquet", endings: ["parquet"], isText: false) { _ in ParquetSink()
  }
}

/// Collects rows into groups of at most 2^20 rows and some 64 MB, and writes the columns of a group, which several
/// threads encode at once. What is written does not depend on their number.
private struct ParquetSink: TableSink {
  private struct RowGroup {
    let rows: Int
    let columns: [(offset: Int, part: ParquetColumn)]
  }

  private var columns: [TableColumn] = []
  private var pieces = PieceGroups(maxRows: 1 << 20, maxBytes: 1 << 26)
  private var offset = 0
  private var groups: [RowGroup] = []

  private mutating func emit(_ bytes: [UInt8], _ write: ([UInt8]) throws -> Void) throws {
    try write(bytes)
    offset += bytes.count
  }

  mutating func begin(_ columns: [TableColumn], _ write: ([UInt8]) throws -> Void) throws {
    self.columns = columns
    try emit(Array("PAR1".utf8), write)
  }

  mutating func append(_ chunk: Table.Chunk, _ write: ([UInt8]) throws -> Void) throws {
    var full: [([Piece], Int)] = []
    pieces.add(chunk) { full.append(($0, $1)) }
    for (pieces, count) in full { try writeGroup(pieces, count, write) }
  }

  mutating func end(_ write: ([UInt8]) throws -> Void) throws {
    var last: [([Piece], Int)] = []
    pieces.flushAll { last.append(($0, $1)) }
    for (pieces, count) in last { try writeGroup(pieces, count, write) }
    var out = footer
    out.append(littleEndian: UInt32(out.count))
    try emit(out + Array("PAR1".utf8), write)
  }

  private mutating func writeGroup(
    _ pieces: [Piece], _ count: Int, _ write: ([UInt8]) throws -> Void
  ) throws {
    let columns = columns
    let done = Mutex([Result<ParquetColumn, MagnetError>?](repeating: nil, count: columns.count))
    DispatchQueue.concurrentPerform(iterations: columns.count) { number in
      let part = Result { () throws(MagnetError) in try ParquetColumn(columns[number], pieces, number) }
      done.withLock { $0[number] = part }
    }
    var parts: [(offset: Int, part: ParquetColumn)] = []
    for result in done.withLock({ $0 }) {
      guard var part = try result?.get() else { continue }
      let start = offset
      try emit(part.bytes, write)
      part.bytes = []
      parts.append((start, part))
    }
    groups.append(RowGroup(rows: count, columns: parts))
  }

  private var footer: [UInt8] {
    ThriftWriter.structure { out in
      out.int32(1, 2)
      out.list(2, 12, count: columns.count + 1)
      out.element { root in
        root.binary(4, "schema".utf8)
        root.int32(5, columns.count)
      }
      for column in columns {
        out.element { leaf in
          leaf.int32(1, column.parquetType)
          leaf.int32(3, 1)
          leaf.binary(4, column.name.utf8)
          if column.isText {
            leaf.int32(6, 0)
            leaf.structure(10) { $0.structure(1) { _ in } }
          }
        }
      }
      out.int64(3, groups.reduce(0) { $0 + $1.rows })
      out.list(4, 12, count: groups.count)
      for group in groups { out.element { append(group, to: &$0) } }
      let mixed = JSONValue.array(columns.filter { $0.type == .json }.map { .string($0.name) })
      out.list(5, 12, count: 1)
      out.element { pair in
        pair.binary(1, ParquetMetadata.mixedColumns.utf8)
        pair.binary(2, mixed.text.utf8)
      }
      out.binary(6, "magnet".utf8)
      out.list(7, 12, count: columns.count)
      for _ in columns { out.element { $0.structure(1) { _ in } } }
    }
  }

  private func append(_ group: RowGroup, to out: inout ThriftWriter) {
    out.list(1, 12, count: group.columns.count)
    for (column, (offset, part)) in zip(columns, group.columns) {
      out.element { chunk in
        chunk.int64(2, offset)
        chunk.structure(3) { meta in
          meta.int32(1, column.parquetType)
          meta.list(2, 5, count: part.encodings.count)
          for encoding in part.encodings { meta.element(encoding) }
          meta.list(3, 8, count: 1)
          meta.element(column.name.utf8)
          meta.int32(4, 2)
          meta.int64(5, group.rows)
          meta.int64(6, part.size)
          meta.int64(7, part.compressedSize)
          meta.int64(9, offset + part.dataOffset)
          if part.dataOffset > 0 { meta.int64(11, offset) }
          meta.structure(12) { statistics in
            statistics.int64(3, part.nullCount)
            if let (least, greatest) = part.range {
              statistics.binary(5, greatest)
              statistics.binary(6, least)
            }
          }
        }
      }
    }
    out.int64(2, group.columns.reduce(0) { $0 + $1.part.size })
    out.int64(3, group.rows)
  }
}

/// What magnet notes in a file beyond what Parquet's types say.
enum ParquetMetadata {
  /// The names of the columns whose texts are JSON, or cells of several kinds as `Cell.mixedText` writes them.
  static let mixedColumns = "magnet.mixed_columns"
}

extension TableColumn {
  fileprivate var parquetType: Int {
    switch type {
    case .bool: 0
    case .int: 2
    case .double: 5
    case .string, .json: 6
    }
  }
}

/// The pages of one column of a row group.
private struct ParquetColumn: Sendable {
  var bytes: [UInt8] = []
  /// Before and after compression, headers included.
  private(set) var size = 0
  private(set) var compressedSize = 0
  /// Where the first data page begins; after the dictionary where there is one.
  private(set) var dataOffset = 0
  private(set) var encodings = [3]
  private(set) var nullCount = 0
  /// The least and the greatest cell; nil where no order says.
  private(set) var range: (least: [UInt8], greatest: [UInt8])?

  /// Larger dictionaries are given up for texts as they are.
  private static let dictionaryLimit = 1 << 20
  private static let pageSize = 1 << 20
  private static let longestBound = 256

  init(_ column: TableColumn, _ pieces: [Piece], _ number: Int) throws(MagnetError) {
    switch column.type {
    case .bool:
      let cells = FlatColumn<Bool>(pieces, number)
      addPages(cells.isThere, 1 << 20) { there, rows in [UInt8](bits: Self.compact(cells.values, there, rows))
      }
      if cells.nullCount < cells.values.count {
        let present = zip(cells.values, cells.isThere).filter(\.1).map(\.0)
        range = ([present.contains(false) ? 0 : 1], [present.contains(true) ? 1 : 0])
      }
    case .int:
      let cells = FlatColumn<Int64>(pieces, number)
      if !addWithDictionary(cells.isThere, { UInt64(bitPattern: cells.values[$0]) }) {
        addPages(cells.isThere, Self.pageSize / 8) { there, rows in
          [UInt8](littleEndian: Self.compact(cells.values, there, rows))
        }
      }
      let present = zip(cells.values, cells.isThere).lazy.filter(\.1).map(\.0)
      if let least = present.min(), let greatest = present.max() {
        range = ([UInt8](littleEndian: [least]), [UInt8](littleEndian: [greatest]))
      }
    case .double:
      let cells = FlatColumn<Double>(pieces, number)
      if !addWithDictionary(cells.isThere, { cells.values[$0].bitPattern }) {
        addPages(cells.isThere, Self.pageSize / 8) { there, rows in
          [UInt8](littleEndian: Self.compact(cells.values, there, rows).map(\.bitPattern))
        }
      }
      range = Self.range(of: cells)
    case .string, .json:
      let texts = TextPieces(pieces: pieces, column: number, isMixed: column.type == .json)
      if !column.isRepetitive || !addWithDictionary(texts) { try addPlain(texts, column.name) }
    }
  }

  /// Doubles have an order only without NaN, and the two zeros count as either.
  private static func range(of cells: FlatColumn<Double>) -> ([UInt8], [UInt8])? {
    var least = Double.infinity
    var greatest = -Double.infinity
    for (value, isThere) in zip(cells.values, cells.isThere) where isThere {
      if value.isNaN { return nil }
      least = min(least, value)
      greatest = max(greatest, value)
    }
    if least > greatest { return nil }
    if least == 0 { least = -0.0 }
    if greatest == 0 { greatest = 0.0 }
    return ([UInt8](littleEndian: [least.bitPattern]), [UInt8](littleEndian: [greatest.bitPattern]))
  }

  private static func compact<T>(_ values: [T], _ isThere: [Bool], _ rows: Range<Int>) -> [T] {
    isThere[rows].contains(false) ? rows.filter { isThere[$0] }.map { values[$0] } : Array(values[rows])
  }

  private mutating func add(
    _ content: [UInt8], dictionaryOf count: Int? = nil, values: Int = 0, encoding: Int = 0
  ) {
    let packed = GzipWriter.compressed(content)
    let header = ThriftWriter.structure { out in
      out.int32(1, count == nil ? 0 : 2)
      out.int32(2, content.count)
      out.int32(3, packed.count)
      if let count {
        out.structure(7) { page in
          page.int32(1, count)
          page.int32(2, 0)
        }
      } else {
        out.structure(5) { page in
          page.int32(1, values)
          page.int32(2, encoding)
          page.int32(3, 3)
          page.int32(4, 3)
        }
      }
    }
    bytes += header + packed
    size += header.count + content.count
    compressedSize += header.count + packed.count
    if count == nil, !encodings.contains(encoding) { encodings.append(encoding) }
  }

  private mutating func addPage(_ isThere: ArraySlice<Bool>, encoding: Int, _ content: [UInt8]) {
    let levels = hybrid(isThere.map { $0 ? 1 : 0 }, width: 1)
    var page: [UInt8] = []
    page.append(littleEndian: UInt32(levels.count))
    add(page + levels + content, values: isThere.count, encoding: encoding)
    nullCount += isThere.count { !$0 }
  }

  /// Adds pages of this many rows.
  private mutating func addPages(
    _ isThere: [Bool], _ rows: Int, encoding: Int = 0, content: ([Bool], Range<Int>) -> [UInt8]
  ) {
    for start in stride(from: 0, to: isThere.count, by: rows) {
      let page = start..<min(start + rows, isThere.count)
      addPage(isThere[page], encoding: encoding, content(isThere, page))
    }
  }

  /// False, and nothing added, when the texts are too many for a dictionary.
  private mutating func addWithDictionary(_ texts: TextPieces) -> Bool {
    var interner = TextInterner()
    guard let codes = texts.codes(&interner, limit: Self.dictionaryLimit), interner.count > 0 else {
      return false
    }
    var dictionary: [UInt8] = []
    var bounds = TextBounds()
    for code in 0..<interner.count {
      var text: [UInt8] = []
      interner.append(UInt32(code + 1), to: &text)
      dictionary.append(littleEndian: UInt32(text.count))
      dictionary += text
      bounds.add(text)
    }
    add(dictionary, of: interner.count, codes)
    range = bounds.range(atMost: Self.longestBound)
    return true
  }

  /// Adds a dictionary of so many values, and pages of their codes, 0 for null.
  private mutating func add(_ dictionary: [UInt8], of count: Int, _ codes: [UInt32]) {
    add(dictionary, dictionaryOf: count)
    dataOffset = bytes.count
    encodings.append(0)
    let width = max(1, Int.bitWidth - (count - 1).leadingZeroBitCount)
    addPages(codes.map { $0 != 0 }, 1 << 18, encoding: 8) { _, rows in
      [UInt8(width)] + hybrid(codes[rows].filter { $0 != 0 }.map { $0 - 1 }, width: width)
    }
  }

  /// The same for numbers, each by its bits; false, and nothing added, when they are too many or repeat too little.
  private mutating func addWithDictionary(_ isThere: [Bool], _ bits: (Int) -> UInt64) -> Bool {
    var interner = WordInterner(limit: min(isThere.count / 2, Self.dictionaryLimit / 8))
    var codes: [UInt32] = []
    codes.reserveCapacity(isThere.count)
    for row in isThere.indices {
      guard isThere[row] else {
        codes.append(0)
        continue
      }
      guard let code = interner.code(bits(row)) else { return false }
      codes.append(code)
    }
    if interner.words.isEmpty { return false }
    add([UInt8](littleEndian: interner.words), of: interner.words.count, codes)
    return true
  }

  private mutating func addPlain(_ texts: TextPieces, _ name: String) throws(MagnetError) {
    var isThere: [Bool] = []
    var content: [UInt8] = []
    var bounds = TextBounds()
    var longest = 0
    unsafe texts.forEach { text in
      unsafe isThere.append(text != nil)
      if let text = unsafe text {
        longest = max(longest, text.count)
        content.append(littleEndian: UInt32(truncatingIfNeeded: text.count))
        unsafe content.append(contentsOf: text)
        unsafe bounds.add(text)
      }
      if content.count > Self.pageSize {
        addPage(isThere[...], encoding: 0, content)
        isThere.removeAll(keepingCapacity: true)
        content.removeAll(keepingCapacity: true)
      }
    }
    // A page's size is an int32.
    if longest > Int(Int32.max) - 2 * Self.pageSize {
      throw MagnetError(.unsupported, "a text of column \(name) is too long for Parquet, 2 GiB")
    }
    if !isThere.isEmpty { addPage(isThere[...], encoding: 0, content) }
    range = bounds.range(atMost: Self.longestBound)
  }
}
