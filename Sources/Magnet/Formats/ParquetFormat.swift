// Parquet (https://parquet.apache.org/docs/file-format/): "PAR1", the pages of each column of each row group, the footer
// in Thrift's compact protocol, its length (uint32), "PAR1". All columns are flat and optional.
//
//   page        PageHeader{1 type (0 data, 2 dictionary), 2 size, 3 compressed size, 5 DataPageHeader{1 values with
//               nulls, 2 encoding, 3 and 4 encodings of levels (3 RLE)}, 7 DictionaryPageHeader{1 values, 2 encoding}},
//               then the content, compressed as a whole with gzip
//   data page   length (uint32) and RLE of the definition levels (1 where there is a cell), then the cells that are
//               there: PLAIN (0: numbers little-endian, booleans as bits, texts with their lengths as uint32),
//               RLE_DICTIONARY (8): the width of the indices (1 byte) and their RLE, or, where texts share half of their
//               bytes with the one before, as prompts with the same examples do, DELTA_BYTE_ARRAY (7): differences of
//               the lengths of what they share, differences of the lengths of what follows it, and that
//   RLE         a run is varint(count << 1) and the value in whole bytes; packed values are varint(groups << 1 | 1) and
//               groups of 8 values, the lowest bits first
//   differences varint(128), varint(4), varint of how many values, the first as a zigzag varint; then for each 128 values
//               the least difference as a zigzag varint, 4 widths (1 byte each), and 4 times 32 packed differences less
//               the least one
//   footer      FileMetaData{1 version, 2 schema [{4 name, 5 children}, {1 type (0 boolean, 2 int64, 5 double,
//               6 byte array), 3 repetition (1 optional), 4 name, 6 converted type (0 UTF8), 10 logical type
//               {1 STRING{}}}], 3 rows, 4 row groups, 5 key values {1, 2}, 6 created by, 7 column orders [{1 {}}]}
//   row group   {1 columns [{2 offset, 3 {1 type, 2 encodings, 3 path, 4 codec (2 gzip), 5 values, 6 size,
//               7 compressed size, 9 data page, 11 dictionary page, 12 statistics {3 nulls, 5 maximum, 6 minimum}}}],
//               2 size, 3 rows}

extension TableFormat {
  /// Parquet, compressed with gzip, texts and numbers that repeat in dictionaries.
  public static let parquet = TableFormat("parquet", endings: ["parquet"], isText: false) {
    ParquetSink(notes: $0.notes)
  }
}

/// Collects rows into groups of at most 2^20 rows and some 64 MB, and writes the columns of a group, which several
/// threads encode at once. What is written does not depend on their number.
private struct ParquetSink: TableSink {
  private struct RowGroup {
    let rows: Int
    let columns: [(offset: Int, part: ParquetColumn)]
  }

  let notes: FileNotes?
  private var columns: [TableColumn] = []
  private var pieces = PieceGroups(maxRows: 1 << 20, maxBytes: 1 << 26)
  private var offset = 0
  private var groups: [RowGroup] = []

  init(notes: FileNotes?) { self.notes = notes }

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
    // Columns of the same cells, as minimum, mean and maximum of a single value, have the same pages.
    let twins = columns.indices.map { number in
      columns.indices.prefix(number).first { earlier in
        columns[earlier].type == columns[number].type
          && pieces.allSatisfy { piece in
            piece.chunk.columns[earlier].hasSameBits(as: piece.chunk.columns[number], in: piece.rows)
          }
      } ?? number
    }
    // What takes longest first: texts as they are, then numbers, then what repeats.
    let costly = [ColumnType.string, .json, .double, .int, .bool]
    let own = columns.indices.filter { twins[$0] == $0 }.sorted { a, b in
      func rank(_ column: TableColumn) -> Int {
        column.isText && column.isRepetitive ? costly.count : costly.firstIndex(of: column.type) ?? 0
      }
      let (first, second) = (rank(columns[a]), rank(columns[b]))
      return first == second ? a < b : first < second
    }
    let done = Workers.results(own.count, jobs: Environment.processorCount) { place in
      Result { () throws(MagnetError) in try ParquetColumn(columns[own[place]], pieces, own[place]) }
    }
    var parts: [(offset: Int, part: ParquetColumn)] = []
    for number in columns.indices {
      guard let place = own.firstIndex(of: twins[number]) else { continue }
      let start = offset
      let part = try done[place].get()
      try emit(part.bytes, write)
      parts.append((start, part))
    }
    for number in parts.indices { parts[number].part.bytes = [] }
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
      let lists = notes?.all ?? []
      let pairs =
        [(ParquetMetadata.mixedColumns, mixed)]
        + lists.map { key, texts in
          (key, JSONValue.array(texts.map(JSONValue.string)))
        }
      out.list(5, 12, count: pairs.count)
      for (key, value) in pairs {
        out.element { pair in
          pair.binary(1, key.utf8)
          pair.binary(2, value.text.utf8)
        }
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
  /// What all keys begin with.
  static let prefix = "magnet."
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
