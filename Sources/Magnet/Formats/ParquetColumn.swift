// Unsafe code, on one invariant: bytes handed to a closure are those of an array that lives during the call.

/// The pages of one column of a row group.
struct ParquetColumn: Sendable {
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
  /// How many bytes the texts of a page may have before what they share is left out.
  private static let textSize = 1 << 23
  private static let longestBound = 256
  /// Texts that share no more with one another than this are written as they are, which every reader knows.
  private static let leastShared = 1 << 16

  init(_ column: TableColumn, _ pieces: [Piece], _ number: Int) throws(MagnetError) {
    switch column.type {
    case .bool:
      let cells = FlatColumn<Bool>(pieces, number)
      addPages(cells, 1 << 20) { [UInt8](bits: $0) }
      if cells.nullCount < cells.values.count {
        let present = cells.present
        range = ([present.contains(false) ? 0 : 1], [present.contains(true) ? 1 : 0])
      }
    case .int:
      let cells = FlatColumn<Int64>(pieces, number)
      let words = addWithDictionary(cells) { UInt64(bitPattern: $0) }
      if words == nil { addPages(cells, Self.pageSize / 8) { [UInt8](littleEndian: $0) } }
      let present = words?.map { Int64(bitPattern: $0) } ?? cells.present
      if let least = present.min(), let greatest = present.max() {
        range = ([UInt8](littleEndian: [least]), [UInt8](littleEndian: [greatest]))
      }
    case .double:
      let cells = FlatColumn<Double>(pieces, number)
      let words = addWithDictionary(cells, \.bitPattern)
      if words == nil {
        addPages(cells, Self.pageSize / 8) { [UInt8](littleEndian: $0.map(\.bitPattern)) }
      }
      range = Self.range(of: words?.map { Double(bitPattern: $0) } ?? cells.present)
    case .string, .json:
      let texts = TextPieces(pieces: pieces, column: number, isMixed: column.type == .json)
      if !column.isRepetitive || !addWithDictionary(texts) { try addPlain(texts, column.name) }
    }
  }

  /// Doubles have an order only without NaN, and the two zeros count as either.
  private static func range(of values: [Double]) -> ([UInt8], [UInt8])? {
    var least = Double.infinity
    var greatest = -Double.infinity
    for value in values {
      if value.isNaN { return nil }
      least = min(least, value)
      greatest = max(greatest, value)
    }
    if least > greatest { return nil }
    if least == 0 { least = -0.0 }
    if greatest == 0 { greatest = 0.0 }
    return ([UInt8](littleEndian: [least.bitPattern]), [UInt8](littleEndian: [greatest.bitPattern]))
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
    bytes += header
    bytes += packed
    size += header.count + content.count
    compressedSize += header.count + packed.count
    if count == nil, !encodings.contains(encoding) { encodings.append(encoding) }
  }

  /// Adds a page of so many rows.
  /// - Parameter levels: one for each row, 0 for null; nil where none is null.
  private mutating func addPage(
    rows: Int, nulls: Int, levels: [UInt32]?, encoding: Int, _ content: [UInt8]
  ) {
    let packed = levels.map { hybrid($0[...], width: 1) } ?? hybridRun(of: 1, count: rows)
    var page: [UInt8] = []
    page.reserveCapacity(4 + packed.count + content.count)
    page.append(littleEndian: UInt32(packed.count))
    page += packed
    page += content
    add(page, values: rows, encoding: encoding)
    nullCount += nulls
  }

  /// Adds pages of this many rows; `content` makes the bytes of the cells that are there.
  private mutating func addPages<Value>(
    _ cells: FlatColumn<Value>, _ rows: Int, content: ([Value]) -> [UInt8]
  ) {
    for start in stride(from: 0, to: cells.values.count, by: rows) {
      let page = start..<min(start + rows, cells.values.count)
      let isThere = cells.nullCount == 0 ? nil : cells.isThere[page]
      let present =
        isThere.map { zip(cells.values[page], $0).filter(\.1).map(\.0) } ?? Array(cells.values[page])
      addPage(
        rows: page.count, nulls: page.count - present.count, levels: isThere?.map { $0 ? 1 : 0 }, encoding: 0,
        content(present))
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
      unsafe text.withUnsafeBytes { unsafe bounds.add($0) }
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
    for start in stride(from: 0, to: codes.count, by: 1 << 18) {
      let page = codes[start..<min(start + 1 << 18, codes.count)]
      let hasNulls = page.contains(0)
      let present = hasNulls ? nonzero(page)[...] : page
      addPage(
        rows: page.count, nulls: page.count - present.count,
        levels: hasNulls ? page.map { min($0, 1) } : nil, encoding: 8,
        [UInt8(width)] + hybrid(present, width: width, less: 1))
    }
  }

  /// The same for numbers, each by its bits, which are returned; nil, and nothing added, when they are too many or repeat
  /// too little.
  private mutating func addWithDictionary<Value>(
    _ cells: FlatColumn<Value>, _ bits: (Value) -> UInt64
  ) -> [UInt64]? {
    var interner = WordInterner(limit: min(cells.values.count / 2, Self.dictionaryLimit / 8))
    var codes = [UInt32](repeating: 0, count: cells.values.count)
    var places = codes.mutableSpan
    var last: (word: UInt64, code: UInt32) = (0, 0)
    for row in cells.values.indices where cells.nullCount == 0 || cells.isThere[row] {
      let word = bits(cells.values[row])
      if word != last.word || last.code == 0 {
        guard let code = interner.code(word) else { return nil }
        last = (word, code)
      }
      places[row] = last.code
    }
    if interner.words.isEmpty { return nil }
    add([UInt8](littleEndian: interner.words), of: interner.words.count, codes)
    return interner.words
  }

  private mutating func addPlain(_ texts: TextPieces, _ name: String) throws(MagnetError) {
    let overlaps = TextOverlaps(texts)
    // A page's size is an int32.
    if overlaps.longest > Int(Int32.max) - 2 * Self.pageSize {
      throw MagnetError(.unsupported, "a text of column \(name) is too long for Parquet, 2 GiB")
    }
    range = overlaps.bounds.range(atMost: Self.longestBound)
    let shared = overlaps.sharedBytes
    var page = TextPage(isShared: shared > Self.leastShared && shared > overlaps.byteCount / 2)
    var row = 0
    unsafe texts.forEach { text in
      unsafe page.add(text, overlaps.shared[row])
      row += 1
      if page.size > Self.pageSize || page.textSize > Self.textSize { addPage(&page) }
    }
    if !page.isEmpty { addPage(&page) }
  }

  private mutating func addPage(_ page: inout TextPage) {
    addPage(
      rows: page.levels.count, nulls: page.nullCount, levels: page.nullCount > 0 ? page.levels : nil,
      encoding: page.isShared ? 7 : 0, page.content)
    page = TextPage(isShared: page.isShared)
  }
}
