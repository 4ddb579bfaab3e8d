// Arrow's columnar format for streams and files (https://arrow.apache.org/docs/format/Columnar.html), little-endian.
//
//   stream      schema message, then dictionary and record batch messages, then FF FF FF FF 00 00 00 00
//   file        "ARROW1\0\0", the stream, a footer (FlatBuffer) with the places of its messages, its length (int32),
//               "ARROW1"
//   message     FF FF FF FF, the metadata's length (int32), the metadata (FlatBuffer, padded so that the body begins at
//               a multiple of 8), the body (a multiple of 8)
//   body        each column's buffers in order, each at a multiple of 8: a bitmap of the cells that are there (bit 0
//               first, empty when all are), then numbers; booleans as a bitmap; texts as int32 ends from 0 and bytes;
//               texts with a dictionary as int32 indices
//
// Metadata, by tables and field numbers:
//
//   Message     0 version = 4 (V5), 1 type of header (1 Schema, 2 DictionaryBatch, 3 RecordBatch), 2 header, 3 body length
//   Schema      1 fields, 2 metadata (KeyValue: 0 key, 1 value)
//   Field       0 name, 1 nullable, 2 type (2 Int, 3 FloatingPoint, 5 Utf8, 6 Bool), 3 type table, 4 dictionary,
//               5 children (present, and empty)
//   Int         0 bits, 1 signed         FloatingPoint  0 precision = 2 (double)
//   DictionaryEncoding  0 id, 1 index type
//   RecordBatch      0 rows, 1 nodes (rows, nulls), 2 buffers (offset, length)
//   DictionaryBatch  0 id, 1 RecordBatch of one column of texts, 2 whether it adds to the one before
//   Footer      0 version, 1 schema, 2 dictionaries, 3 record batches (Block: offset, metadata length, body length)

extension TableFormat {
  /// Arrow's columns for other programs: a stream on standard output, a file with a footer under a file's name.
  public static let arrow = TableFormat("arrow", endings: ["arrow", "feather"], isText: false) { layout in
    ArrowSink(isFile: layout.isFile)
  }
  /// Arrow's stream, in files too.
  public static let arrowStream = TableFormat("arrows", endings: ["arrows"], isText: false) { _ in
    ArrowSink(isFile: false)
  }
}

/// Writes columns as Arrow. Texts that repeat have a dictionary: in a stream each batch is preceded by those texts
/// that are new, in a file, which allows for no such thing, dictionaries stand at the end.
private struct ArrowSink: TableSink {
  private struct Block {
    let offset: Int
    let metadata: Int
    let body: Int
  }

  /// The texts of a column, and how many of them were sent.
  private final class Dictionary {
    var interner = TextInterner()
    var sent = 0
    var isSent = false
  }

  private let isFile: Bool
  private var columns: [TableColumn] = []
  private var dictionaries: [Dictionary?] = []
  private var groups = PieceGroups(maxRows: 1 << 16, maxBytes: 1 << 24)
  private var offset = 0
  private var batches: [Block] = []
  private var dictionaryBlocks: [Block] = []

  init(isFile: Bool) { self.isFile = isFile }

  mutating func begin(_ columns: [TableColumn], _ write: ([UInt8]) throws -> Void) throws {
    self.columns = columns
    dictionaries = columns.map { $0.isText && $0.isRepetitive ? Dictionary() : nil }
    if isFile { try emit(Array("ARROW1\0\0".utf8), write) }
    _ = try message(1, body: [], write) { Self.schema(columns, in: &$0) }
  }

  mutating func append(_ chunk: Table.Chunk, _ write: ([UInt8]) throws -> Void) throws {
    var full: [([Piece], Int)] = []
    groups.add(chunk) { full.append(($0, $1)) }
    for (pieces, count) in full { try writeBatch(pieces, count, write) }
  }

  mutating func end(_ write: ([UInt8]) throws -> Void) throws {
    var last: [([Piece], Int)] = []
    groups.flushAll { last.append(($0, $1)) }
    for (pieces, count) in last { try writeBatch(pieces, count, write) }
    // Readers know the dictionaries of a table without rows by an empty batch.
    if batches.isEmpty { try writeBatch([], 0, write) }
    if isFile { try writeDictionaries(write) }
    try emit([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], write)
    guard isFile else { return }
    var buffer = FlatBuffer()
    // The metadata's length is an int32 with four bytes of padding: the same bytes as an int64.
    func blocks(_ blocks: [Block]) -> Int {
      buffer.vector(structs: blocks.map { [$0.offset, $0.metadata, $0.body] })
    }
    let (records, texts) = (blocks(batches), blocks(dictionaryBlocks))
    let schema = Self.schema(columns, in: &buffer)
    let root = buffer.table([
      (0, .int16(4)), (1, .offset(schema)), (2, .offset(texts)), (3, .offset(records)),
    ])
    var footer = buffer.finish(root: root)
    footer.append(littleEndian: Int32(footer.count))
    try emit(footer + Array("ARROW1".utf8), write)
  }

  private mutating func emit(_ bytes: [UInt8], _ write: ([UInt8]) throws -> Void) throws {
    try write(bytes)
    offset += bytes.count
  }

  private mutating func message(
    _ kind: UInt8, body: [UInt8], _ write: ([UInt8]) throws -> Void, header: (inout FlatBuffer) -> Int
  ) throws -> Block {
    var buffer = FlatBuffer()
    let header = header(&buffer)
    let root = buffer.table([
      (0, .int16(4)), (1, .int8(kind)), (2, .offset(header)), (3, .int64(Int64(body.count))),
    ])
    let metadata = buffer.finish(root: root)
    var out: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
    out.append(littleEndian: Int32(metadata.count))
    let block = Block(offset: offset, metadata: metadata.count + 8, body: body.count)
    try emit(out + metadata + body, write)
    return block
  }

  private static func schema(_ columns: [TableColumn], in buffer: inout FlatBuffer) -> Int {
    let fields = columns.enumerated().map { number, column in
      let (tag, type): (UInt8, Int) =
        switch column.type {
        case .bool: (6, buffer.table([]))
        case .int: (2, buffer.table([(0, .int32(64)), (1, .int8(1))]))
        case .double: (3, buffer.table([(0, .int16(2))]))
        case .string, .json: (5, buffer.table([]))
        }
      var fields: [(Int, FlatBuffer.Field)] = [(1, .int8(1)), (2, .int8(tag)), (3, .offset(type))]
      if column.isText, column.isRepetitive {
        let index = buffer.table([(0, .int32(32)), (1, .int8(1))])
        fields.append((4, .offset(buffer.table([(0, .int64(Int64(number))), (1, .offset(index))]))))
      }
      if column.type == .json {
        let pair = keyValue("magnet.type", "json", in: &buffer)
        fields.append((6, .offset(buffer.vector([pair]))))
      }
      fields.append((0, .offset(buffer.string(column.name))))
      fields.append((5, .offset(buffer.vector([]))))
      return buffer.table(fields)
    }
    let list = buffer.vector(fields)
    let writer = keyValue("writer", "magnet", in: &buffer)
    return buffer.table([(1, .offset(list)), (2, .offset(buffer.vector([writer])))])
  }

  private static func keyValue(_ key: String, _ value: String, in buffer: inout FlatBuffer) -> Int {
    let (key, value) = (buffer.string(key), buffer.string(value))
    return buffer.table([(0, .offset(key)), (1, .offset(value))])
  }

  /// The buffers of a batch, and what describes them.
  private struct Body {
    var bytes: [UInt8] = []
    var nodes: [[Int]] = []
    var buffers: [[Int]] = []

    mutating func add(_ buffer: [UInt8]) {
      buffers.append([bytes.count, buffer.count])
      bytes.append(contentsOf: buffer)
      while bytes.count % 8 != 0 { bytes.append(0) }
    }

    mutating func add<Value>(_ cells: FlatColumn<Value>) {
      add(rows: cells.values.count, nulls: cells.nullCount, cells.isThere)
    }

    /// - Parameter isThere: which rows have cells; not looked at where all have.
    mutating func add(rows: Int, nulls: Int, _ isThere: [Bool]) {
      nodes.append([rows, nulls])
      add(nulls == 0 ? [] : [UInt8](bits: isThere))
    }

    mutating func addTexts(ends: [Int32], _ texts: [UInt8]) {
      add([UInt8](littleEndian: ends))
      add(texts)
    }

    func header(in buffer: inout FlatBuffer, rows: Int) -> Int {
      let places = buffer.vector(structs: buffers)
      let nodes = buffer.vector(structs: nodes)
      return buffer.table([(0, .int64(Int64(rows))), (1, .offset(nodes)), (2, .offset(places))])
    }
  }

  private mutating func writeBatch(
    _ pieces: [Piece], _ count: Int, _ write: ([UInt8]) throws -> Void
  ) throws {
    var body = Body()
    for (number, column) in columns.enumerated() {
      switch column.type {
      case .bool:
        let cells = FlatColumn<Bool>(pieces, number)
        body.add(cells)
        body.add([UInt8](bits: cells.values))
      case .int:
        let cells = FlatColumn<Int64>(pieces, number)
        body.add(cells)
        body.add([UInt8](littleEndian: cells.values))
      case .double:
        let cells = FlatColumn<Double>(pieces, number)
        body.add(cells)
        body.add([UInt8](littleEndian: cells.values.map(\.bitPattern)))
      case .string, .json:
        let texts = TextPieces(pieces: pieces, column: number, isMixed: column.type == .json)
        if let dictionary = dictionaries[number] {
          let codes = texts.codes(&dictionary.interner) ?? []
          let isThere = codes.map { $0 != 0 }
          body.add(rows: codes.count, nulls: isThere.count { !$0 }, isThere)
          body.add([UInt8](littleEndian: codes.map { $0 == 0 ? 0 : Int32(bitPattern: $0 - 1) }))
        } else {
          try Self.addTexts(texts, count, to: &body, column.name)
        }
      }
    }
    if !isFile { try writeDictionaries(write) }
    batches.append(try message(3, body: body.bytes, write) { body.header(in: &$0, rows: count) })
  }

  private static func addTexts(
    _ texts: TextPieces, _ count: Int, to body: inout Body, _ name: String
  ) throws {
    var isThere: [Bool] = []
    var ends: [Int32] = [0]
    var bytes: [UInt8] = []
    try unsafe texts.forEach { text in
      unsafe isThere.append(text != nil)
      if let text = unsafe text { unsafe bytes.append(contentsOf: text) }
      guard let end = Int32(exactly: bytes.count) else {
        throw MagnetError(.unsupported, "the texts of column \(name) are too long for Arrow, 2 GiB")
      }
      ends.append(end)
    }
    body.add(rows: isThere.count, nulls: isThere.count { !$0 }, isThere)
    body.addTexts(ends: ends, bytes)
  }

  /// Writes the texts of dictionaries that were not written yet.
  private mutating func writeDictionaries(_ write: ([UInt8]) throws -> Void) throws {
    for (number, dictionary) in dictionaries.enumerated() {
      guard let dictionary else { continue }
      let first = dictionary.sent
      let count = dictionary.interner.count - first
      if count == 0, dictionary.isSent { continue }
      var ends: [Int32] = [0]
      var bytes: [UInt8] = []
      for code in first..<first + count {
        dictionary.interner.append(UInt32(code + 1), to: &bytes)
        guard let end = Int32(exactly: bytes.count) else {
          throw MagnetError(
            .unsupported, "the texts of column \(columns[number].name) are too long for Arrow, 2 GiB")
        }
        ends.append(end)
      }
      var body = Body()
      body.add(rows: count, nulls: 0, [])
      body.addTexts(ends: ends, bytes)
      let isMore = dictionary.isSent
      dictionaryBlocks.append(
        try message(2, body: body.bytes, write) { buffer in
          let batch = body.header(in: &buffer, rows: count)
          return buffer.table([
            (0, .int64(Int64(number))), (1, .offset(batch)), (2, .int8(isMore ? 1 : 0)),
          ])
        })
      dictionary.sent = dictionary.interner.count
      dictionary.isSent = true
    }
  }
}

extension [UInt8] {
  /// Numbers as little-endian bytes.
  init(littleEndian values: [some FixedWidthInteger]) {
    self = unsafe values.map(\.littleEndian).withUnsafeBytes { unsafe Array($0) }
  }

  mutating func append(littleEndian value: some FixedWidthInteger) {
    unsafe Swift.withUnsafeBytes(of: value.littleEndian) { unsafe append(contentsOf: $0) }
  }

  /// A bit for each flag, bit 0 first.
  init(bits flags: [Bool]) {
    self = [UInt8](repeating: 0, count: (flags.count + 7) / 8)
    for (number, flag) in flags.enumerated() where flag { self[number >> 3] |= 1 << UInt8(number & 7) }
  }
}
