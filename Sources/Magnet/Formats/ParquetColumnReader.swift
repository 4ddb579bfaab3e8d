/// Reads the pages of one column of a row group.
struct ParquetColumnReader {
  private let column: ParquetFile.Column
  private let part: ParquetFile.Part
  private let path: String
  /// Where in the file the page begins that is read.
  private var place: Int

  private var isThere: [Bool] = []
  private var numbers: [Int64] = []
  private var doubles: [Double] = []
  private var flags: [Bool] = []
  private var codes: [UInt32] = []
  private var texts: [UInt8] = []
  private var ends: [Int] = []
  /// The values of the dictionary, for numbers; texts stand in `texts`.
  private var dictionaryCount: Int?
  private var dictionaryNumbers: [Int64] = []
  private var dictionaryDoubles: [Double] = []

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
    while at < bytes.count, isThere.count < part.valueCount {
      place = part.bytes.lowerBound + at
      var reader = ThriftReader(bytes[at...])
      let header: ThriftValue
      do throws(ThriftReader.Failure) { header = try reader.structure() } catch { throw fault(error.problem) }
      guard let kind = header[1]?.int, let size = header[2]?.int, let packed = header[3]?.int, size >= 0,
        packed >= 0, packed <= bytes.count - reader.at
      else { throw fault("the page is longer than the column") }
      let content = bytes[reader.at..<reader.at + packed]
      at = reader.at + packed
      switch kind {
      case 0: try dataPage(header, try inflated(content, size))
      case 2: try dictionaryPage(header, try inflated(content, size))
      case 3: try dataPage2(header, content, size)
      default: break
      }
    }
    guard isThere.count == part.valueCount else {
      throw fault("the column has \(isThere.count) cells and should have \(part.valueCount)")
    }
    return try chunk()
  }

  private func inflated(_ content: ArraySlice<UInt8>, _ size: Int) throws(DataFault) -> ArraySlice<UInt8> {
    do throws(Decompression.Failure) {
      return try Decompression.bytes(content, codec: part.codec, size: size)[...]
    } catch { throw fault(error.problem) }
  }

  private mutating func dictionaryPage(
    _ header: ThriftValue, _ content: ArraySlice<UInt8>
  ) throws(DataFault) {
    guard let count = header[7]?[1]?.int, count >= 0, dictionaryCount == nil, isThere.isEmpty else {
      throw fault("a second dictionary, or one after the data")
    }
    if column.physicalType == 0 { throw fault("booleans have no dictionary") }
    guard [0, 2].contains(header[7]?[2]?.int ?? 0) else {
      throw fault("the dictionary is not encoded plainly")
    }
    try plain(count, content)
    dictionaryCount = count
    swap(&dictionaryNumbers, &numbers)
    swap(&dictionaryDoubles, &doubles)
    codes = []
  }

  private mutating func dataPage(
    _ header: ThriftValue, _ content: ArraySlice<UInt8>
  ) throws(DataFault) {
    guard let count = header[5]?[1]?.int, let encoding = header[5]?[2]?.int else {
      throw fault("the page is not described")
    }
    try checkCount(count)
    var content = content
    var there = [Bool](repeating: true, count: count)
    if column.isOptional {
      guard content.count >= 4 else { throw fault("the page is too short") }
      let length = Int(UInt32(littleEndian: content.prefix(4)))
      content = content.dropFirst(4)
      guard length <= content.count else { throw fault("the levels are longer than the page") }
      there = try levels(content.prefix(length), count)
      content = content.dropFirst(length)
    }
    try values(there, encoding, content)
  }

  private mutating func dataPage2(
    _ header: ThriftValue, _ content: ArraySlice<UInt8>, _ size: Int
  ) throws(DataFault) {
    guard let head = header[8], let count = head[1]?.int, let encoding = head[4]?.int,
      let levelSize = head[5]?.int, head[6]?.int == 0, (0...content.count).contains(levelSize),
      levelSize <= size
    else { throw fault("the page is not described") }
    try checkCount(count)
    let there =
      column.isOptional
      ? try levels(content.prefix(levelSize), count) : [Bool](repeating: true, count: count)
    var rest = content.dropFirst(levelSize)
    if case .bool(false)? = head[7] {} else { rest = try inflated(rest, size - levelSize) }
    try values(there, encoding, rest)
  }

  private func checkCount(_ count: Int) throws(DataFault) {
    guard count >= 0, count <= part.valueCount - isThere.count else {
      throw fault("the pages have more cells than the column")
    }
  }

  private func levels(_ bytes: ArraySlice<UInt8>, _ count: Int) throws(DataFault) -> [Bool] {
    try unpacked(bytes, width: 1, count).map { $0 == 1 }
  }

  /// The values of Parquet's RLE, exactly `count` of them.
  func unpacked(
    _ bytes: ArraySlice<UInt8>, width: Int, _ count: Int
  ) throws(DataFault) -> [UInt32] {
    var out: [UInt32] = []
    out.reserveCapacity(count)
    var at = bytes.startIndex
    while out.count < count {
      var head: UInt64 = 0
      var shift: UInt64 = 0
      while true {
        guard at < bytes.endIndex, shift < 63 else { throw fault("the runs of values end too early") }
        head |= UInt64(bytes[at] & 0x7F) << shift
        at += 1
        if bytes[at - 1] < 0x80 { break }
        shift += 7
      }
      let left = UInt64(count - out.count)
      if head & 1 == 0 {
        let size = (width + 7) / 8
        guard bytes.endIndex - at >= size else { throw fault("the runs of values end too early") }
        let value = UInt32(littleEndian: bytes[at..<at + size])
        at += size
        if head >> 1 == 0 { continue }
        out.append(contentsOf: repeatElement(value, count: Int(min(head >> 1, left))))
        continue
      }
      var bits: UInt64 = 0
      var held = 0
      let mask: UInt64 = (1 << UInt64(width)) - 1
      let values = Int(min((head >> 1).multipliedReportingOverflow(by: 8).partialValue, left))
      // Whole groups of 8 are there, but for the last one, which writers may cut.
      for _ in 0..<values {
        while held < width {
          guard at < bytes.endIndex else { throw fault("the packed values end too early") }
          bits |= UInt64(bytes[at]) << UInt64(held)
          at += 1
          held += 8
        }
        out.append(UInt32(truncatingIfNeeded: bits & mask))
        bits >>= UInt64(width)
        held -= width
      }
      let used = (values * width + 7) / 8
      let groups = Int(truncatingIfNeeded: min(head >> 1, UInt64(bytes.count))) * width
      at = min(bytes.endIndex, at - used + groups)
      if values == 0 { throw fault("a run of no values") }
    }
    return out
  }

  /// The values of a page: what is not null, in the encoding.
  private mutating func values(
    _ there: [Bool], _ encoding: Int, _ content: ArraySlice<UInt8>
  ) throws(DataFault) {
    let count = there.count { $0 }
    switch encoding {
    case 0: try plain(count, content)
    case 3 where column.physicalType == 0:
      guard content.count >= 4 else { throw fault("the page is too short") }
      flags += try unpacked(content.dropFirst(4), width: 1, count).map { $0 == 1 }
    case 2, 8:
      guard let size = dictionaryCount else { throw fault("there is no dictionary") }
      let width = Int(content.first ?? 0)
      guard width <= 32 else { throw fault("the indices have \(width) bits") }
      let indices = count == 0 ? [] : try unpacked(content.dropFirst(), width: width, count)
      guard indices.allSatisfy({ $0 < size }) else { throw fault("an index is outside of the dictionary") }
      switch column.physicalType {
      case 6: codes += indices.map { $0 + 1 }
      case 4, 5: doubles += indices.map { dictionaryDoubles[Int($0)] }
      default: numbers += indices.map { dictionaryNumbers[Int($0)] }
      }
    default:
      throw fault("the encoding \(encoding) is not one that magnet reads: plain and dictionaries")
    }
    isThere += there
  }

  private mutating func plain(_ count: Int, _ content: ArraySlice<UInt8>) throws(DataFault) {
    let size = [0: 0, 1: 4, 2: 8, 4: 4, 5: 8][column.physicalType]
    if let size, content.count / max(1, size) < (size == 0 ? (count + 7) / 8 : count) {
      throw fault("the values end too early")
    }
    func word(_ number: Int, _ size: Int) -> UInt64 {
      let start = content.startIndex + number * size
      return content[start..<start + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    switch column.physicalType {
    case 0:
      flags += (0..<count).map { content[content.startIndex + $0 >> 3] >> UInt8($0 & 7) & 1 == 1 }
    case 1: numbers += (0..<count).map { Int64(Int32(truncatingIfNeeded: word($0, 4))) }
    case 2: numbers += (0..<count).map { Int64(bitPattern: word($0, 8)) }
    case 4:
      doubles += (0..<count).map { Double(Float(bitPattern: UInt32(truncatingIfNeeded: word($0, 4)))) }
    case 5: doubles += (0..<count).map { Double(bitPattern: word($0, 8)) }
    default:
      var rest = content
      for _ in 0..<count {
        let length = Int(UInt32(littleEndian: rest.prefix(4)))
        guard rest.count >= 4, length <= rest.count - 4 else { throw fault("a text is longer than the page") }
        texts += rest.dropFirst(4).prefix(length)
        ends.append(texts.count)
        codes.append(UInt32(ends.count))
        rest = rest.dropFirst(4 + length)
      }
    }
  }

  private func chunk() throws(DataFault) -> ColumnChunk {
    let count = isThere.count
    let hasNulls = isThere.contains(false)
    if count == 0 || (hasNulls && !isThere.contains(true)) { return .nulls(count) }
    var mask: NullMask?
    if hasNulls {
      var nulls = NullMask(rowCount: count)
      for row in 0..<count where !isThere[row] { nulls[row] = true }
      mask = nulls
    }
    func spread<T>(_ values: [T], _ zero: T) -> [T] {
      if !hasNulls { return values }
      var next = 0
      return isThere.map { there in
        if there { next += 1 }
        return there ? values[next - 1] : zero
      }
    }
    func isConstant<T: Equatable>(_ values: [T]) -> Bool {
      !hasNulls && values.allSatisfy { $0 == values[0] }
    }
    switch column.physicalType {
    case 0:
      if isConstant(flags) { return .constant(.bool(flags[0]), count: count) }
      return ColumnChunk(storage: .bools(Values(spread(flags.map { $0 ? 1 : 0 }, 2))), count: count)
    case 4, 5:
      if isConstant(doubles.map(\.bitPattern)) { return .constant(.double(doubles[0]), count: count) }
      return ColumnChunk(storage: .doubles(Values(spread(doubles, 0)), mask), count: count)
    case 6: return try textChunk(spread(codes, 0), count)
    default:
      if isConstant(numbers) { return .constant(.int(numbers[0]), count: count) }
      return ColumnChunk(storage: .ints(Values(spread(numbers, 0)), mask), count: count)
    }
  }

  private func textChunk(_ codes: [UInt32], _ count: Int) throws(DataFault) -> ColumnChunk {
    var dictionary = TextDictionary(bytes: Values(texts), ends: Values(ends), bases: Values([]))
    for index in 0..<dictionary.count {
      let isText = unsafe dictionary.withBytes(index) { unsafe String(validating: $0, as: UTF8.self) != nil }
      if !isText { throw fault("a text is not UTF-8") }
    }
    if column.isMixed { dictionary = TextDictionary((0..<dictionary.count).map { json(dictionary[$0]) }) }
    if let first = codes.first, first > 0, codes.allSatisfy({ $0 == first }) {
      let text = dictionary[Int(first) - 1]
      return .constant(column.isMixed ? ColumnChunk.jsonCell(text) : .string(text), count: count)
    }
    let narrow: Codes =
      switch dictionary.count {
      case ..<256: .one(Values(codes) { UInt8(truncatingIfNeeded: $0) })
      case ..<65536: .two(Values(codes) { UInt16(truncatingIfNeeded: $0) })
      default: .four(Values(codes))
      }
    return ColumnChunk(
      storage: column.isMixed ? .json(narrow, dictionary) : .strings(narrow, dictionary), count: count)
  }

  /// The text of a mixed column as JSON.
  private func json(_ text: String) -> String {
    switch Cell(mixedText: text) {
    case .string(let value): JSONText.quoted(value)
    case let cell: cell.text
    }
  }
}
