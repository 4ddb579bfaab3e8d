// Unsafe code, on one invariant: bytes are read through `ImageReader` and `PartReader`, which check every range.
//
// An image is a header and parts, all numbers little-endian, as they lie in memory:
//
//   header   uint32 chunks; for each chunk uint64 rows, then for each column a tag (1 byte) and
//              0 null, 1 false, 2 true
//              3 integer, 4 double: its 8 bytes
//              5 text, 6 JSON: uint32 length, its bytes
//              7 the cells of an earlier column: uint32 its number
//              8 booleans, 9 integers, 10 doubles, 11 texts, 12 JSON: 1 byte of flags, uint64 texts, uint64 bytes of
//                texts, uint64 where its part begins, uint64 the part's length, uint64 the part's XXH64
//   part     flags: 1 there are nulls, 2 texts have bases; from 8 on the bytes of a code
//            booleans a byte each; numbers 8 bytes each, then the nulls' bits in words of 8 bytes;
//            codes, ends (8 bytes each), bases (uint32 text, uint32 length), the bytes of the texts, each at a multiple of 8

/// The cells of a table as bytes, exactly as they are in memory: the same chunks, dictionaries and kinds of columns, so
/// that whatever is made of the table that is read back has the same bytes too. A table that is read back uses the image's
/// bytes where they lie.
package struct TableImage: Sendable {
  package private(set) var header: [UInt8] = []
  package private(set) var parts: [UInt8] = []

  package init(_ table: Table) {
    header.append(littleEndian: UInt32(table.chunks.count))
    for chunk in table.chunks {
      header.append(littleEndian: UInt64(chunk.rowCount))
      var earlier: [(number: Int, cells: ColumnChunk)] = []
      for (number, cells) in chunk.columns.enumerated() {
        if let twin = earlier.first(where: { $0.cells.isSameMemory(as: cells) }) {
          header.append(7)
          header.append(littleEndian: UInt32(twin.number))
        } else {
          append(cells)
          if case .doubles = cells.storage { earlier.append((number, cells)) }
        }
      }
    }
  }

  private mutating func append(_ cells: ColumnChunk) {
    switch cells.storage {
    case .constant(.null): header.append(0)
    case .constant(.bool(let value)): header.append(value ? 2 : 1)
    case .constant(.int(let value)):
      header.append(3)
      header.append(littleEndian: value)
    case .constant(.double(let value)):
      header.append(4)
      header.append(littleEndian: value.bitPattern)
    case .constant(.string(let text)): append(5, text)
    case .constant(.json(let text)): append(6, text)
    case .bools(let values): append(8, 0) { $0.append(memoryOf: values) }
    case .ints(let values, let nulls):
      append(9, nulls == nil ? 0 : 1) { part in
        part.append(memoryOf: values)
        if let nulls { part.append(memoryOf: nulls.words) }
      }
    case .doubles(let values, let nulls):
      append(10, nulls == nil ? 0 : 1) { part in
        part.append(memoryOf: values)
        if let nulls { part.append(memoryOf: nulls.words) }
      }
    case .strings(let codes, let texts): append(11, codes, texts)
    case .json(let codes, let texts): append(12, codes, texts)
    }
  }

  private mutating func append(_ tag: UInt8, _ text: String) {
    header.append(tag)
    header.append(littleEndian: UInt32(truncatingIfNeeded: text.utf8.count))
    header += text.utf8
  }

  private mutating func append(_ tag: UInt8, _ codes: Codes, _ texts: TextDictionary) {
    let flags = (texts.bases.isEmpty ? 0 : 2) | UInt8(codes.width) << 3
    append(tag, flags, texts: texts.count, bytes: texts.bytes.count) { part in
      switch codes {
      case .one(let codes): part.append(memoryOf: codes)
      case .two(let codes): part.append(memoryOf: codes)
      case .four(let codes): part.append(memoryOf: codes)
      }
      part.align()
      part.append(memoryOf: texts.ends)
      part.append(memoryOf: texts.bases)
      part.append(memoryOf: texts.bytes)
    }
  }

  private mutating func append(
    _ tag: UInt8, _ flags: UInt8, texts: Int = 0, bytes: Int = 0, _ body: (inout [UInt8]) -> Void
  ) {
    let start = parts.count
    body(&parts)
    let length = parts.count - start
    let sum = unsafe parts.withUnsafeBytes {
      unsafe XXH64.hash(UnsafeRawBufferPointer(rebasing: $0[start...]))
    }
    parts.align()
    header.append(tag)
    header.append(flags)
    for number in [UInt64(texts), UInt64(bytes), UInt64(start), UInt64(length), sum] {
      header.append(littleEndian: number)
    }
  }

  // MARK: Reading

  /// The table of an image; nil when the image is damaged.
  /// - Parameters:
  ///   - header: where the header lies, whose own checksum is the caller's concern.
  ///   - parts: where the parts lie, from a multiple of 8 on.
  ///   - columnCount: how many columns the image has.
  ///   - wanted: the columns to read, by their numbers, and the schema that these have together.
  ///   - replacing: the number of a column that has another cell in all rows than was stored.
  package static func table(
    in memory: SharedMemory, header: Range<Int>, parts: Range<Int>, columnCount: Int, wanted: [Int],
    schema: TableSchema, replacing: (column: Int, cell: Cell)?
  ) -> Table? {
    guard unsafe parts.upperBound <= memory.bytes.count, unsafe header.upperBound <= memory.bytes.count else {
      return nil
    }
    let parts = ImageParts(memory: memory, range: parts)
    let header = unsafe UnsafeRawBufferPointer(rebasing: memory.bytes[header])
    var reader = unsafe ImageReader(header)
    guard let count = reader.take(UInt32.self) else { return nil }
    var chunks: [Table.Chunk] = []
    for _ in 0..<count {
      guard let rows = reader.takeCount(), let starts = reader.passColumns(columnCount) else { return nil }
      var columns: [ColumnChunk] = []
      columns.reserveCapacity(wanted.count)
      // Cells that only other columns have.
      var others: [(number: Int, cells: ColumnChunk)] = []
      for column in wanted {
        if let replacing, replacing.column == column {
          columns.append(.constant(replacing.cell, count: rows))
          continue
        }
        let twin = reader.twin(of: column, starts)
        let known = twin.flatMap { twin in
          wanted[..<columns.count].firstIndex(of: twin).map { columns[$0] }
            ?? others.first { $0.number == twin }?.cells
        }
        guard let cells = known ?? reader.cells(twin ?? column, starts, rows, parts) else { return nil }
        if let twin, known == nil { others.append((twin, cells)) }
        columns.append(cells)
      }
      chunks.append(Table.Chunk(rowCount: rows, columns: columns))
    }
    return reader.isAtEnd ? Table(schema, chunks) : nil
  }
}

/// Where the parts of an image lie.
private struct ImageParts {
  let memory: SharedMemory
  let range: Range<Int>
}

/// Reads the header of an image.
@safe private struct ImageReader {
  private let bytes: UnsafeRawBufferPointer
  private var at = 0

  init(_ bytes: UnsafeRawBufferPointer) { unsafe self.bytes = unsafe bytes }

  var isAtEnd: Bool { unsafe at == bytes.count }

  mutating func take<Number: FixedWidthInteger & BitwiseCopyable>(_: Number.Type) -> Number? {
    guard unsafe bytes.count - at >= MemoryLayout<Number>.size else { return nil }
    defer { at += MemoryLayout<Number>.size }
    return unsafe Number(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: Number.self))
  }

  /// A number of things in memory or in a file.
  mutating func takeCount() -> Int? {
    take(UInt64.self).flatMap { $0 < 1 << 48 ? Int($0) : nil }
  }

  private mutating func takeText() -> String? {
    guard let length = take(UInt32.self), unsafe bytes.count - at >= Int(length) else { return nil }
    defer { at += Int(length) }
    return unsafe String(
      decoding: UnsafeRawBufferPointer(rebasing: bytes[at..<at + Int(length)]), as: UTF8.self)
  }

  private static let partSize = 1 + 5 * 8

  /// Passes over the columns of a chunk; where each begins.
  mutating func passColumns(_ count: Int) -> [Int]? {
    var starts: [Int] = []
    starts.reserveCapacity(count)
    for _ in 0..<count {
      starts.append(at)
      guard let tag = take(UInt8.self) else { return nil }
      let size: Int
      switch tag {
      case 0, 1, 2: size = 0
      case 3, 4: size = 8
      case 5, 6:
        guard let length = take(UInt32.self) else { return nil }
        size = Int(length)
      case 7: size = 4
      case 8...12: size = Self.partSize
      default: return nil
      }
      guard unsafe bytes.count - at >= size else { return nil }
      at += size
    }
    return starts
  }

  /// The earlier column that has the cells of a column.
  func twin(of column: Int, _ starts: [Int]) -> Int? {
    guard starts.indices.contains(column) else { return nil }
    var reader = self
    reader.at = starts[column]
    guard reader.take(UInt8.self) == 7, let number = reader.take(UInt32.self), number < column else {
      return nil
    }
    return Int(number)
  }

  /// The cells of a column of a chunk.
  func cells(_ column: Int, _ starts: [Int], _ rows: Int, _ parts: ImageParts) -> ColumnChunk? {
    guard starts.indices.contains(column) else { return nil }
    var reader = self
    reader.at = starts[column]
    guard let tag = reader.take(UInt8.self) else { return nil }
    switch tag {
    case 0: return .nulls(rows)
    case 1, 2: return .constant(.bool(tag == 2), count: rows)
    case 3: return reader.take(Int64.self).map { .constant(.int($0), count: rows) }
    case 4: return reader.take(UInt64.self).map { .constant(.double(Double(bitPattern: $0)), count: rows) }
    case 5: return reader.takeText().map { .constant(.string($0), count: rows) }
    case 6: return reader.takeText().map { .constant(.json($0), count: rows) }
    case 7: return nil
    default:
      guard let flags = reader.take(UInt8.self), let texts = reader.takeCount(),
        let textBytes = reader.takeCount(), let start = reader.takeCount(), let length = reader.takeCount(),
        let sum = reader.take(UInt64.self), let content = PartReader(parts, start, length), content.sum == sum
      else { return nil }
      var part = content
      return part.cells(tag, flags, rows: rows, texts: texts, textBytes: textBytes)
    }
  }
}

/// Reads the part of a column.
private struct PartReader {
  private let memory: SharedMemory
  /// Where the next bytes lie in the memory, and where the part ends.
  private var at: Int
  private let end: Int

  init?(_ parts: ImageParts, _ start: Int, _ length: Int) {
    guard start % 8 == 0, start + length <= parts.range.count else { return nil }
    memory = parts.memory
    at = parts.range.lowerBound + start
    end = at + length
  }

  /// The part's XXH64.
  var sum: UInt64 { unsafe XXH64.hash(UnsafeRawBufferPointer(rebasing: memory.bytes[at..<end])) }

  private mutating func take<Value: BitwiseCopyable & Sendable>(_: Value.Type, _ count: Int) -> Values<Value>?
  {
    guard let values = Values<Value>(memory, at: at, count: count) else { return nil }
    let size = count * MemoryLayout<Value>.stride
    guard size <= end - at else { return nil }
    at = min(end, (at + size + 7) / 8 * 8)
    return values
  }

  private mutating func takeNulls(_ flags: UInt8, _ rows: Int) -> NullMask?? {
    if flags & 1 == 0 { return .some(nil) }
    return take(UInt64.self, (rows + 63) / 64).map { NullMask(words: Array($0)) }
  }

  /// The cells; nil when anything in the part does not fit the rest.
  mutating func cells(_ tag: UInt8, _ flags: UInt8, rows: Int, texts: Int, textBytes: Int) -> ColumnChunk? {
    let storage: ColumnChunk.Storage
    switch tag {
    case 8:
      guard let values = take(UInt8.self, rows), values.allSatisfy({ $0 < 3 }) else { return nil }
      storage = .bools(values)
    case 9:
      guard let values = take(Int64.self, rows), let nulls = takeNulls(flags, rows) else { return nil }
      storage = .ints(values, nulls)
    case 10:
      guard let values = take(Double.self, rows), let nulls = takeNulls(flags, rows) else { return nil }
      storage = .doubles(values, nulls)
    default:
      guard let codes = takeCodes(flags >> 3, rows, texts),
        let dictionary = takeTexts(flags, texts, textBytes)
      else { return nil }
      storage = tag == 11 ? .strings(codes, dictionary) : .json(codes, dictionary)
    }
    return at == end ? ColumnChunk(storage: storage, count: rows) : nil
  }

  private mutating func takeCodes(_ width: UInt8, _ rows: Int, _ texts: Int) -> Codes? {
    func isSound(_ codes: Values<some FixedWidthInteger & BitwiseCopyable & Sendable>) -> Bool {
      unsafe codes.withUnsafeBufferPointer { codes in
        var greatest = unsafe codes.first ?? 0
        for place in codes.indices { greatest = unsafe max(greatest, codes[place]) }
        return Int(greatest) <= texts
      }
    }
    switch width {
    case 1:
      guard let codes = take(UInt8.self, rows), isSound(codes) else { return nil }
      return .one(codes)
    case 2:
      guard let codes = take(UInt16.self, rows), isSound(codes) else { return nil }
      return .two(codes)
    case 4:
      guard let codes = take(UInt32.self, rows), isSound(codes) else { return nil }
      return .four(codes)
    default: return nil
    }
  }

  private mutating func takeTexts(_ flags: UInt8, _ count: Int, _ byteCount: Int) -> TextDictionary? {
    guard let ends = take(Int.self, count), ends.isAscending, ends.last ?? 0 == byteCount else { return nil }
    var bases = Values<TextDictionary.Base>([])
    if flags & 2 != 0 {
      guard let stored = take(TextDictionary.Base.self, count) else { return nil }
      for (number, base) in stored.enumerated() where base.text > 0 {
        // A base is an earlier text, whole itself, and long enough.
        let text = Int(base.text)
        guard text <= number, stored[text - 1].text == 0,
          Int(base.length) <= ends[text - 1] - (text == 1 ? 0 : ends[text - 2])
        else { return nil }
      }
      bases = stored
    }
    return take(UInt8.self, byteCount).map { TextDictionary(bytes: $0, ends: ends, bases: bases) }
  }
}

extension Values<Int> {
  /// Whether none is less than the one before, and the first not less than 0.
  fileprivate var isAscending: Bool {
    unsafe withUnsafeBufferPointer { values in
      var last = 0
      for place in values.indices {
        let value = unsafe values[place]
        if value < last { return false }
        last = value
      }
      return true
    }
  }
}

extension ColumnChunk {
  /// Whether the numbers of both lie in the same memory.
  fileprivate func isSameMemory(as other: ColumnChunk) -> Bool {
    guard count == other.count, case .doubles(let mine, let nulls) = storage,
      case .doubles(let others, let otherNulls) = other.storage
    else { return false }
    return unsafe mine.start == others.start && nulls?.words == otherNulls?.words
  }
}

extension Codes {
  /// The bytes of a code.
  fileprivate var width: Int {
    switch self {
    case .one: 1
    case .two: 2
    case .four: 4
    }
  }
}

extension [UInt8] {
  fileprivate mutating func append(memoryOf values: Values<some BitwiseCopyable & Sendable>) {
    unsafe values.withUnsafeBytes { unsafe append(contentsOf: $0) }
  }

  fileprivate mutating func append(memoryOf values: [some BitwiseCopyable]) {
    unsafe values.withUnsafeBytes { unsafe append(contentsOf: $0) }
  }

  /// The 8 bytes from a place on as a number, the lowest first; nil where there are fewer.
  package func littleEndianWord(at place: Int) -> UInt64? {
    guard place >= 0, count - place >= 8 else { return nil }
    return unsafe withUnsafeBytes {
      unsafe UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: UInt64.self))
    }
  }

  /// Fills up to a multiple of 8.
  fileprivate mutating func align() {
    while count % 8 != 0 { append(0) }
  }
}
