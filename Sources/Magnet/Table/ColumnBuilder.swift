// Unsafe code, on these invariants:
// - `words` holds `capacity` words, the first `filled` of them initialised: the cells of rows 0..<filled. What a word
//   means is `kind`'s: a number's bits, 0 or 1, or a text's code. A null is code 0 in columns of text, `nullBool` in
//   columns of booleans; among numbers its row stands in `nullRows`, ascending, and its word is 0.
// - The builder is never copied (~Copyable) and frees its memory once.

/// Collects the cells of one column, row by row, and makes a chunk of them.
///
/// Rows come in ascending order; a row that is skipped is null, and setting the last row again replaces its cell.
/// The kind of the column is that of its cells: integers become doubles once a double is among them, and a column
/// that mixes other kinds keeps each cell as JSON.
@_spi(Reading) @safe public struct ColumnBuilder: ~Copyable {
  @usableFromInline enum Kind: UInt8 { case none, bool, int, double, string, json }

  @usableFromInline var words: UnsafeMutablePointer<UInt64>
  @usableFromInline var capacity: Int
  /// How many rows have cells.
  @usableFromInline package var filled = 0
  @usableFromInline var kind = Kind.none
  @usableFromInline var texts: TextInterner
  private(set) var nullRows: [Int32] = []
  /// How many nulls were set, and not left by rows that were skipped.
  private var nullsSet = 0
  private static var nullBool: UInt64 { 2 }

  /// An empty builder.
  public init() {
    capacity = 16
    unsafe words = .allocate(capacity: capacity)
    texts = TextInterner()
  }

  @inlinable deinit { unsafe words.deallocate() }

  /// Whether the cells so far are numbers.
  @inlinable @inline(__always) public var isNumeric: Bool { kind == .double || kind == .int }

  /// Whether no cell was set.
  @inlinable @inline(__always) public var isEmpty: Bool { filled == 0 }

  /// Makes `row` the last filled row, with nulls in the rows that were skipped.
  @inlinable mutating func open(_ row: Int) {
    if row == filled, row < capacity { filled += 1 } else { openSlowly(row) }
  }

  @usableFromInline mutating func openSlowly(_ row: Int) {
    if row >= capacity {
      let size = max(capacity * 2, row + 1)
      unsafe words = unsafe regrown(words, filled, to: size)
      capacity = size
    }
    if row < filled {
      if nullRows.last == Int32(row) { nullRows.removeLast() }
      return
    }
    while filled < row { appendNull() }
    filled += 1
  }

  private mutating func appendNull() {
    switch kind {
    case .bool: unsafe words[filled] = Self.nullBool
    case .int, .double:
      unsafe words[filled] = 0
      nullRows.append(Int32(filled))
    default: unsafe words[filled] = 0
    }
    filled += 1
  }

  /// Sets a null.
  public mutating func setNull(row: Int) {
    open(row)
    filled = row
    appendNull()
    nullsSet += 1
  }

  /// Sets a number.
  @inlinable public mutating func set(_ value: Double, row: Int) {
    if kind != .double { becomeDouble() }
    if kind == .double {
      open(row)
      unsafe words[row] = value.bitPattern
    } else {
      setMixed(.double(value), row)
    }
  }

  /// Sets an integer.
  @inlinable public mutating func set(_ value: Int64, row: Int) {
    if kind == .int {
      open(row)
      unsafe words[row] = UInt64(bitPattern: value)
    } else if kind == .double {
      open(row)
      unsafe words[row] = Double(value).bitPattern
    } else {
      setFirstInt(value, row)
    }
  }

  /// Sets a boolean.
  @inlinable public mutating func set(_ value: Bool, row: Int) {
    if kind != .bool { become(.bool) }
    if kind == .bool {
      open(row)
      unsafe words[row] = value ? 1 : 0
    } else {
      setMixed(.bool(value), row)
    }
  }

  /// Sets a text, given as UTF-8.
  @inlinable public mutating func set(utf8 bytes: UnsafeRawBufferPointer, row: Int) {
    if kind == .string {
      let code = unsafe texts.code(bytes)
      open(row)
      unsafe words[row] = UInt64(code)
    } else {
      unsafe setFirstText(bytes, row)
    }
  }

  /// The same.
  package mutating func set(utf8 bytes: [UInt8], row: Int) {
    unsafe bytes.withUnsafeBytes { unsafe set(utf8: $0, row: row) }
  }

  /// Sets a text that JSON writes as it is: no quote, no backslash and no control character is in it.
  @inlinable public mutating func set(plain bytes: UnsafeRawBufferPointer, row: Int) {
    unsafe set(utf8: bytes, row: row)
    if kind == .string { texts.markPlain() }
  }

  /// Sets the text that followed the last one before, where it stands at `place` with a quote after it; how many bytes
  /// it has. Nil, and nothing set, where another text stands, or the one expected is not known to be plain. From
  /// `place` on, 64 bytes are readable.
  @inlinable public mutating func setExpected(at place: UnsafeRawPointer, row: Int) -> Int? {
    guard kind == .string, let length = unsafe texts.takeExpected(at: place) else { return nil }
    open(row)
    unsafe words[row] = UInt64(texts.last)
    return length
  }

  /// Sets a list or an object, given as compact JSON.
  public mutating func set(json bytes: UnsafeRawBufferPointer, row: Int) {
    if kind != .json { becomeJSON(row) }
    let code = unsafe texts.code(bytes)
    open(row)
    unsafe words[row] = UInt64(code)
  }

  /// Sets a cell of any kind.
  public mutating func set(_ cell: Cell, row: Int) {
    switch cell {
    case .null: setNull(row: row)
    case .bool(let value): set(value, row: row)
    case .int(let value): set(value, row: row)
    case .double(let value): set(value, row: row)
    case .string(var value): value.withUTF8 { unsafe set(utf8: UnsafeRawBufferPointer($0), row: row) }
    case .json(var value): value.withUTF8 { unsafe set(json: UnsafeRawBufferPointer($0), row: row) }
    }
  }

  /// Sets the cells of `rows`, which are new, to that of an earlier row.
  public mutating func repeatCell(of earlier: Int, rows: Range<Int>) {
    let isSet = earlier < filled
    let isNull = isSet && isNumberNull(earlier)
    for row in rows {
      if !isSet || isNull {
        setNull(row: row)
      } else {
        open(row)
        unsafe words[row] = unsafe words[earlier]
      }
    }
  }

  /// Takes back the cells from `row` on, all of which were set; false when there are none.
  @discardableResult public mutating func removeCells(from row: Int) -> Bool {
    guard filled > row else { return false }
    for at in row..<filled where isNull(at) { nullsSet -= 1 }
    filled = row
    while let last = nullRows.last, last >= row { nullRows.removeLast() }
    return true
  }

  private func isNull(_ row: Int) -> Bool {
    switch kind {
    case .bool: unsafe words[row] == Self.nullBool
    case .int, .double: unsafe words[row] == 0 && isNumberNull(row)
    default: unsafe words[row] == 0
    }
  }

  /// Whether a row stands in `nullRows`, by halving: called once per row, a search from the start would take time in
  /// proportion to the square of the rows.
  private func isNumberNull(_ row: Int) -> Bool {
    guard let last = nullRows.last, row <= last else { return false }
    var range = nullRows.indices
    while range.count > 1 {
      let middle = range.lowerBound + range.count / 2
      range = nullRows[middle] > row ? range.lowerBound..<middle : middle..<range.upperBound
    }
    return nullRows[range.lowerBound] == row
  }

  /// Whether every cell that was set was removed again: only nulls of rows that were skipped are left.
  public var holdsNothing: Bool {
    if nullsSet > 0 { return false }
    if isNumeric { return nullRows.count == filled }
    for row in 0..<filled where !isNull(row) { return false }
    return true
  }

  @usableFromInline mutating func setFirstInt(_ value: Int64, _ row: Int) {
    become(.int)
    if kind == .int {
      open(row)
      unsafe words[row] = UInt64(bitPattern: value)
    } else {
      setMixed(.int(value), row)
    }
  }

  @usableFromInline mutating func setFirstText(_ bytes: UnsafeRawBufferPointer, _ row: Int) {
    become(.string)
    if kind == .string {
      unsafe set(utf8: bytes, row: row)
    } else {
      unsafe setMixed(.string(String(decoding: bytes, as: UTF8.self)), row)
    }
  }

  /// Takes on `new` when no row holds a value yet.
  @usableFromInline mutating func become(_ new: Kind) {
    guard kind == .none else { return }
    let rows = filled
    kind = new
    filled = 0
    while filled < rows { appendNull() }
  }

  @usableFromInline mutating func becomeDouble() {
    guard kind == .int else { return become(.double) }
    kind = .double
    for at in 0..<filled { unsafe words[at] = unsafe Double(Int64(bitPattern: words[at])).bitPattern }
  }

  private mutating func becomeJSON(_ row: Int) {
    if kind == .none { return become(.json) }
    let nulls = nullsSet
    let cells = finish(rowCount: filled)
    kind = .json
    for at in 0..<cells.count where at != row { setMixed(cells[at], at) }
    nullsSet = nulls
  }

  /// Sets a cell of a column whose kinds are mixed: every value is kept as JSON.
  @usableFromInline mutating func setMixed(_ cell: Cell, _ row: Int) {
    var json: [UInt8] = []
    switch cell {
    case .null: return setNull(row: row)
    case .string(let value): JSONText.appendQuoted(value, to: &json)
    default: json = Array(cell.text.utf8)
    }
    unsafe json.withUnsafeBytes { unsafe set(json: $0, row: row) }
  }

  /// Whether both hold numbers and the same in every row.
  public func holdsSameNumbers(as other: borrowing ColumnBuilder) -> Bool {
    guard isNumeric, kind == other.kind, filled == other.filled else { return false }
    return unsafe nullRows == other.nullRows
      && equalBytes(UnsafeRawPointer(words), UnsafeRawPointer(other.words), filled * 8)
  }

  /// The chunk of rows `0..<rowCount`, which are all that were set, or none; the builder is empty afterwards.
  public mutating func finish(rowCount: Int) -> ColumnChunk {
    while filled < rowCount {
      if filled == capacity {
        unsafe words = unsafe regrown(words, filled, to: max(capacity * 2, rowCount))
        capacity = max(capacity * 2, rowCount)
      }
      appendNull()
    }
    #if DEBUG
      checkInvariants()
    #endif
    var chunk = ColumnChunk(storage: encoded(rowCount), count: rowCount)
    if kind == .json, chunk.numberKinds.contains(.doubles) { chunk = chunk.asDoubles() }
    filled = 0
    kind = .none
    nullRows.removeAll(keepingCapacity: true)
    nullsSet = 0
    texts.reset()
    return chunk
  }

  private func encoded(_ rowCount: Int) -> ColumnChunk.Storage {
    let cells = unsafe UnsafeBufferPointer(start: words, count: rowCount)
    guard kind != .none, let first = unsafe cells.first else { return .constant(.null) }
    let isConstant = unsafe nullRows.isEmpty && cells.allSatisfy { $0 == first }
    switch kind {
    case .none: return .constant(.null)
    case .bool:
      if isConstant { return .constant(first == Self.nullBool ? .null : .bool(first == 1)) }
      return unsafe .bools(Values(cells) { UInt8(truncatingIfNeeded: $0) })
    case .int:
      if isConstant { return .constant(.int(Int64(bitPattern: first))) }
      return unsafe .ints(Values(cells) { Int64(bitPattern: $0) }, nullMask(rowCount))
    case .double:
      if isConstant { return .constant(.double(Double(bitPattern: first))) }
      // So that queries need not look at the mask.
      for row in nullRows { unsafe words[Int(row)] = Double.nan.bitPattern }
      return unsafe .doubles(Values(cells) { Double(bitPattern: $0) }, nullMask(rowCount))
    case .string, .json:
      if isConstant {
        if first == 0 { return .constant(.null) }
        let text = texts.text(UInt32(first))
        return .constant(kind == .string ? .string(text) : ColumnChunk.jsonCell(text))
      }
      let dictionary = texts.dictionary()
      let codes: Codes =
        switch dictionary.count {
        case ..<256: unsafe .one(Values(cells) { UInt8(truncatingIfNeeded: $0) })
        case ..<65536: unsafe .two(Values(cells) { UInt16(truncatingIfNeeded: $0) })
        default: unsafe .four(Values(cells) { UInt32(truncatingIfNeeded: $0) })
        }
      return kind == .string ? .strings(codes, dictionary) : .json(codes, dictionary)
    }
  }

  private func nullMask(_ rowCount: Int) -> NullMask? {
    guard !nullRows.isEmpty else { return nil }
    var mask = NullMask(rowCount: rowCount)
    for row in nullRows { mask[Int(row)] = true }
    return mask
  }
}

extension Table {
  /// The same rows in as few chunks as hold cells of one kind in each column.
  package var inFewChunks: Table {
    var out: [Chunk] = []
    var start = 0
    while start < rowCount {
      var kinds = [ColumnBuilder.Kind](repeating: .none, count: columnNames.count)
      var end = start
      while end < rowCount {
        let (chunk, row) = locate(end)
        let fits = chunks[chunk].columns.indices.allSatisfy { column in
          let kind = ColumnBuilder.Kind(of: chunks[chunk].columns[column][row])
          if kind != .none, kinds[column] == .none { kinds[column] = kind }
          return kind == .none || kind == kinds[column]
        }
        if !fits { break }
        end += 1
      }
      let rows = start..<end
      out.append(
        Chunk(
          rowCount: rows.count,
          columns: columnNames.indices.map { column in
            var builder = ColumnBuilder()
            for row in rows { builder.set(self[row: row, column: column], row: row - rows.lowerBound) }
            return builder.finish(rowCount: rows.count)
          }))
      start = end
    }
    return Table(schema, out)
  }
}

extension ColumnBuilder.Kind {
  /// The kind of column that holds a cell.
  fileprivate init(of cell: Cell) {
    switch cell {
    case .null: self = .none
    case .bool: self = .bool
    case .int: self = .int
    case .double: self = .double
    case .string: self = .string
    case .json: self = .json
    }
  }
}
