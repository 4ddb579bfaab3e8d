// Unsafe code, on one invariant: bytes handed to a closure are those of an array that lives during the call.

/// Reads the pages of one column of a row group.
struct ParquetColumnReader: ~Copyable {
  private let column: ParquetFile.Column
  private let part: ParquetFile.Part
  private let path: String
  /// Where in the file the page begins that is read.
  private var place: Int

  private var rowCount = 0
  private var nullCount = 0
  /// Which rows hold nothing; nil as long as all hold something.
  private var nulls: NullMask?
  /// The numbers and booleans that are there, by their bits: of an Int64, a Double, or 1 for true.
  private var words: [UInt64] = []
  /// The texts that are there, by their codes in `texts`.
  private var codes: [UInt32] = []
  private var texts = TextInterner()
  /// The column's dictionary: numbers by their bits, texts by their codes.
  private var dictionary: [UInt64]?

  init(_ column: ParquetFile.Column, _ part: ParquetFile.Part, path: String) {
    self.column = column
    self.part = part
    self.path = path
    place = part.bytes.lowerBound
  }

  private func fault(_ problem: String) -> DataFault {
    DataFault(file: path, place: "column \(column.name), page at byte \(place)", problem: problem)
  }

  /// The cells of all pages.
  mutating func cells(_ bytes: [UInt8]) throws(DataFault) -> ColumnChunk {
    var at = 0
    while at < bytes.count, rowCount < part.valueCount {
      place = part.bytes.lowerBound + at
      var reader = ThriftReader(bytes[at...])
      let header: ThriftValue
      do throws(ThriftReader.Failure) { header = try reader.structure() } catch { throw fault(error.problem) }
      guard let kind = header[1]?.int, let size = header[2]?.int, let packed = header[3]?.int, size >= 0,
        packed >= 0, packed <= bytes.count - reader.at
      else { throw fault("the page is longer than the column") }
      let content = bytes[reader.at..<reader.at + packed]
      at = reader.at + packed
      do throws(PageFault) {
        switch kind {
        case 0: try dataPage(header, try inflated(content, size))
        case 2: try dictionaryPage(header, try inflated(content, size))
        case 3: try dataPage2(header, content, size)
        default: break
        }
      } catch { throw fault(error.problem) }
    }
    guard rowCount == part.valueCount else {
      throw fault("the column has \(rowCount) cells and should have \(part.valueCount)")
    }
    return chunk()
  }

  private func inflated(_ content: ArraySlice<UInt8>, _ size: Int) throws(PageFault) -> ArraySlice<UInt8> {
    do throws(Decompression.Failure) {
      return try Decompression.bytes(content, codec: part.codec, size: size)[...]
    } catch { throw PageFault(problem: error.problem) }
  }

  private mutating func dictionaryPage(
    _ header: ThriftValue, _ content: ArraySlice<UInt8>
  ) throws(PageFault) {
    guard let count = header[7]?[1]?.int, count >= 0, dictionary == nil, rowCount == 0 else {
      throw PageFault(problem: "a second dictionary, or one after the data")
    }
    if column.physicalType == 0 { throw PageFault(problem: "booleans have no dictionary") }
    guard [0, 2].contains(header[7]?[2]?.int ?? 0) else {
      throw PageFault(problem: "the dictionary is not encoded plainly")
    }
    try plain(count, content)
    dictionary = column.physicalType == 6 ? codes.map(UInt64.init) : words
    words = []
    codes = []
  }

  private mutating func dataPage(
    _ header: ThriftValue, _ content: ArraySlice<UInt8>
  ) throws(PageFault) {
    guard let count = header[5]?[1]?.int, let encoding = header[5]?[2]?.int else {
      throw PageFault(problem: "the page is not described")
    }
    try checkCount(count)
    var content = content
    var there = count
    if column.isOptional {
      guard content.count >= 4 else { throw PageFault(problem: "the page is too short") }
      let length = Int(UInt32(littleEndian: content.prefix(4)))
      content = content.dropFirst(4)
      guard length <= content.count else { throw PageFault(problem: "the levels are longer than the page") }
      there = try addLevels(content.prefix(length), count)
      content = content.dropFirst(length)
    }
    rowCount += count
    try values(there, encoding, content)
  }

  private mutating func dataPage2(
    _ header: ThriftValue, _ content: ArraySlice<UInt8>, _ size: Int
  ) throws(PageFault) {
    guard let head = header[8], let count = head[1]?.int, let encoding = head[4]?.int,
      let levelSize = head[5]?.int, head[6]?.int == 0, (0...content.count).contains(levelSize),
      levelSize <= size
    else { throw PageFault(problem: "the page is not described") }
    try checkCount(count)
    let there = column.isOptional ? try addLevels(content.prefix(levelSize), count) : count
    rowCount += count
    var rest = content.dropFirst(levelSize)
    if case .bool(false)? = head[7] {} else { rest = try inflated(rest, size - levelSize) }
    try values(there, encoding, rest)
  }

  private func checkCount(_ count: Int) throws(PageFault) {
    guard count >= 0, count <= part.valueCount - rowCount else {
      throw PageFault(problem: "the pages have more cells than the column")
    }
  }

  /// Notes which of the next rows hold nothing; how many of them hold something.
  private mutating func addLevels(_ bytes: ArraySlice<UInt8>, _ count: Int) throws(PageFault) -> Int {
    if ParquetEncodings.isRun(bytes, of: 1, count: count) { return count }
    let levels = try ParquetEncodings.hybrid(bytes, width: 1, count: count)
    let there = levels.count { $0 == 1 }
    if there == count { return there }
    var mask = nulls ?? NullMask(rowCount: part.valueCount)
    nulls = nil
    for (row, level) in levels.enumerated() where level != 1 { mask[rowCount + row] = true }
    nulls = mask
    nullCount += count - there
    return there
  }

  /// The values of a page: what is not null, in the encoding.
  private mutating func values(
    _ count: Int, _ encoding: Int, _ content: ArraySlice<UInt8>
  ) throws(PageFault) {
    try decode(count, encoding, content)
    if column.isUnsigned, column.physicalType == 2, words.suffix(count).contains(where: { $0 >> 63 == 1 }) {
      throw PageFault(problem: "an integer is larger than 2^63 - 1, magnet's largest")
    }
  }

  private mutating func decode(
    _ count: Int, _ encoding: Int, _ content: ArraySlice<UInt8>
  ) throws(PageFault) {
    switch (encoding, column.physicalType) {
    case (0, _): try plain(count, content)
    case (2, _), (8, _): try indices(count, content)
    case (3, 0):
      guard content.count >= 4 else { throw PageFault(problem: "the page is too short") }
      words += try ParquetEncodings.hybrid(content.dropFirst(4), width: 1, count: count).map {
        $0 == 1 ? 1 : 0
      }
    case (5, 1), (5, 2):
      words += try ParquetEncodings.differences(content, count: count).values.map {
        UInt64(bitPattern: $0).widened(from: column)
      }
    case (6, 6):
      try ParquetEncodings.textsAfterLengths(content, count: count) { (text) throws(PageFault) in
        codes.append(try code(text))
      }
    case (7, 6):
      try ParquetEncodings.textsAfterBeginnings(content, count: count) { (text) throws(PageFault) in
        codes.append(try code(text))
      }
    case (9, 1), (9, 2), (9, 4), (9, 5):
      words += try ParquetEncodings.splitWords(content, size: column.wordSize, count: count).map {
        $0.widened(from: column)
      }
    default:
      throw PageFault(
        problem: """
          the encoding \(encoding) of values of the type \(column.physicalType) is not one that magnet reads: plain, \
          dictionaries, RLE of booleans, differences, split bytes
          """)
    }
  }

  private mutating func indices(_ count: Int, _ content: ArraySlice<UInt8>) throws(PageFault) {
    guard let dictionary else { throw PageFault(problem: "there is no dictionary") }
    if count == 0 { return }
    let width = Int(content.first ?? 0)
    guard width <= 32 else { throw PageFault(problem: "the indices have \(width) bits") }
    let indices = try ParquetEncodings.hybrid(content.dropFirst(), width: width, count: count)
    guard indices.max() ?? 0 < dictionary.count else {
      throw PageFault(problem: "an index is outside of the dictionary")
    }
    if column.physicalType == 6 {
      codes += indices.map { UInt32(truncatingIfNeeded: dictionary[Int($0)]) }
    } else {
      words += indices.map { dictionary[Int($0)] }
    }
  }

  private mutating func plain(_ count: Int, _ content: ArraySlice<UInt8>) throws(PageFault) {
    let ends = PageFault(problem: "the values end too early")
    switch column.physicalType {
    case 0:
      if content.count < (count + 7) / 8 { throw ends }
      words += (0..<count).map { UInt64(content[content.startIndex + $0 >> 3] >> UInt8($0 & 7) & 1) }
    case 1, 2, 4, 5:
      if content.count / column.wordSize < count { throw ends }
      words += ParquetEncodings.words(content, size: column.wordSize, count: count).map {
        $0.widened(from: column)
      }
    default:
      var at = content.startIndex
      codes.reserveCapacity(codes.count + min(count, content.count / 4))
      for _ in 0..<count {
        guard content.endIndex - at >= 4 else { throw PageFault(problem: "a text is longer than the page") }
        let length = Int(UInt32(littleEndian: content[at..<at + 4]))
        guard length <= content.endIndex - at - 4 else {
          throw PageFault(problem: "a text is longer than the page")
        }
        codes.append(try code(content[at + 4..<at + 4 + length]))
        at += 4 + length
      }
    }
  }

  private mutating func code(_ text: ArraySlice<UInt8>) throws(PageFault) -> UInt32 {
    let known = texts.count
    var isText = true
    let code = unsafe text.withUnsafeBufferPointer { bytes in
      let code = unsafe texts.code(UnsafeRawBufferPointer(bytes))
      if code > known { isText = unsafe String(validating: bytes, as: UTF8.self) != nil }
      return code
    }
    if !isText { throw PageFault(problem: "a text is not UTF-8") }
    return code
  }

  private borrowing func chunk() -> ColumnChunk {
    let count = rowCount
    if nullCount == count { return .nulls(count) }
    if column.physicalType == 6 { return textChunk() }
    if nulls == nil, words.allSatisfy({ $0 == words[0] }) {
      let cell: Cell =
        switch column.physicalType {
        case 0: .bool(words[0] == 1)
        case 4, 5: .double(Double(bitPattern: words[0]))
        default: .int(Int64(bitPattern: words[0]))
        }
      return .constant(cell, count: count)
    }
    let storage: ColumnChunk.Storage =
      switch column.physicalType {
      case 0: .bools(spread(words, zero: 2) { UInt8(truncatingIfNeeded: $0) })
      case 4, 5: .doubles(spread(words, zero: 0) { Double(bitPattern: $0) }, nulls)
      default: .ints(spread(words, zero: 0) { Int64(bitPattern: $0) }, nulls)
      }
    return ColumnChunk(storage: storage, count: count)
  }

  /// The values of all rows, with `zero` where there are none.
  private borrowing func spread<From, To: BitwiseCopyable & Sendable>(
    _ values: [From], zero: To, _ make: (From) -> To
  ) -> Values<To> {
    guard let nulls else { return Values(values, make) }
    var next = 0
    return Values(0..<rowCount) { row in
      if nulls[row] { return zero }
      next += 1
      return make(values[next - 1])
    }
  }

  private borrowing func textChunk() -> ColumnChunk {
    var texts = texts.dictionary()
    if column.isMixed { texts = TextDictionary((0..<texts.count).map { Self.json(texts[$0]) }) }
    if let first = codes.first, nulls == nil, codes.allSatisfy({ $0 == first }) {
      let text = texts[Int(first) - 1]
      return .constant(column.isMixed ? ColumnChunk.jsonCell(text) : .string(text), count: rowCount)
    }
    let narrow: Codes =
      switch texts.count {
      case ..<256: .one(spread(codes, zero: 0) { UInt8(truncatingIfNeeded: $0) })
      case ..<65536: .two(spread(codes, zero: 0) { UInt16(truncatingIfNeeded: $0) })
      default: .four(spread(codes, zero: 0) { $0 })
      }
    return ColumnChunk(
      storage: column.isMixed ? .json(narrow, texts) : .strings(narrow, texts), count: rowCount)
  }

  /// The text of a mixed column as JSON.
  private static func json(_ text: String) -> String {
    switch Cell(mixedText: text) {
    case .string(let value): JSONText.quoted(value)
    case let cell: cell.text
    }
  }
}

extension ParquetFile.Column {
  /// How many bytes a number has.
  fileprivate var wordSize: Int { physicalType == 1 || physicalType == 4 ? 4 : 8 }
}

extension UInt64 {
  /// The bits of a column's number as those of an Int64 or a Double.
  fileprivate func widened(from column: ParquetFile.Column) -> UInt64 {
    let low = UInt32(truncatingIfNeeded: self)
    return switch column.physicalType {
    case 1: column.isUnsigned ? UInt64(low) : UInt64(bitPattern: Int64(Int32(bitPattern: low)))
    case 4: Double(Float(bitPattern: low)).bitPattern
    default: self
    }
  }
}
