// Unsafe code, on one invariant: bytes handed to a closure are those of an array that lives during the call.

/// Some rows of a chunk.
struct Piece: Sendable {
  let chunk: Table.Chunk
  let rows: Range<Int>
}

/// Collects the rows of chunks into groups of at most this many rows and bytes.
struct PieceGroups {
  let maxRows: Int
  let maxBytes: Int
  private(set) var pieces: [Piece] = []
  private(set) var rowCount = 0
  private var bytes = 0

  init(maxRows: Int, maxBytes: Int) {
    self.maxRows = maxRows
    self.maxBytes = maxBytes
  }

  /// Adds a chunk and hands on each group that is full.
  mutating func add(_ chunk: Table.Chunk, _ flush: ([Piece], Int) throws -> Void) rethrows {
    let sizes = chunk.columns.compactMap(TextSizes.init)
    let fixed = (chunk.columns.count - sizes.count) * 8
    var start = 0
    // Rows of one size.
    while sizes.isEmpty, fixed > 0, start < chunk.rowCount {
      let fitting = min(
        chunk.rowCount - start, maxRows - rowCount, max(rowCount == 0 ? 1 : 0, (maxBytes - bytes) / fixed))
      if fitting <= 0 {
        try flushAll(flush)
        continue
      }
      take(chunk, start..<start + fitting)
      bytes += fitting * fixed
      start += fitting
    }
    if start == chunk.rowCount { return }
    for row in 0..<chunk.rowCount {
      let size = sizes.reduce(fixed) { $0 + $1.size(of: row) }
      if rowCount + row - start == maxRows || (bytes + size > maxBytes && rowCount + row > start) {
        take(chunk, start..<row)
        start = row
        try flushAll(flush)
      }
      bytes += size
    }
    take(chunk, start..<chunk.rowCount)
  }

  /// Hands on what is left.
  mutating func flushAll(_ flush: ([Piece], Int) throws -> Void) rethrows {
    if rowCount > 0 { try flush(pieces, rowCount) }
    pieces = []
    rowCount = 0
    bytes = 0
  }

  private mutating func take(_ chunk: Table.Chunk, _ rows: Range<Int>) {
    if rows.isEmpty { return }
    pieces.append(Piece(chunk: chunk, rows: rows))
    rowCount += rows.count
  }
}

/// How many bytes the texts of a column have that rarely repeat; columns whose texts do cost as much as a number.
private struct TextSizes {
  let codes: Codes
  let sizes: [Int]

  init?(_ chunk: ColumnChunk) {
    switch chunk.storage {
    case .strings(let codes, let texts) where texts.count * 2 > chunk.count,
      .json(let codes, let texts) where texts.count * 2 > chunk.count:
      self.codes = codes
      sizes = [4] + (0..<texts.count).map { texts.byteCount($0) + 4 }
    default: return nil
    }
  }

  func size(of row: Int) -> Int { sizes[codes[row]] }
}

extension TextDictionary {
  /// How many bytes a text has.
  func byteCount(_ index: Int) -> Int {
    ends[index] - start(index) + (bases.isEmpty ? 0 : Int(bases[index].length))
  }

  /// Calls `body` with the bytes of a text, which are put together in `room` where they do not stand in one place.
  func withBytes<R>(
    _ index: Int, _ room: inout [UInt8], _ body: (UnsafeRawBufferPointer) throws -> R
  ) rethrows -> R {
    try unsafe bytes.withUnsafeBytes { bytes in
      let own = unsafe UnsafeRawBufferPointer(rebasing: bytes[start(index)..<ends[index]])
      guard !bases.isEmpty, bases[index].text != 0 else { return try unsafe body(own) }
      let base = start(Int(bases[index].text) - 1)
      room.removeAll(keepingCapacity: true)
      unsafe room.append(contentsOf: bytes[base..<base + Int(bases[index].length)])
      unsafe room.append(contentsOf: own)
      return try unsafe room.withUnsafeBytes { try unsafe body($0) }
    }
  }
}

/// The cells of a column of numbers or booleans, as an array of one type: zero where a cell is null.
struct FlatColumn<Value: BitwiseCopyable & Sendable>: Sendable {
  private(set) var values: [Value] = []
  /// Whether each row has a cell; empty where all have.
  private(set) var isThere: [Bool] = []
  private(set) var nullCount = 0

  /// The cells that are there.
  var present: [Value] { nullCount == 0 ? values : zip(values, isThere).filter(\.1).map(\.0) }

  private mutating func addNulls(_ rows: Range<Int>) {
    if isThere.isEmpty { isThere = Array(repeating: true, count: rowCount) }
    for row in rows { isThere[row] = false }
    nullCount += rows.count
  }

  private let rowCount: Int

  /// - Parameters:
  ///   - whole: the values and nulls of a chunk that is stored so, as they are.
  ///   - single: the value of any cell.
  init(
    _ pieces: [Piece], _ column: Int, zero: Value,
    whole: (ColumnChunk.Storage) -> (Values<Value>, NullMask?)?,
    single: (Cell) -> Value?
  ) {
    rowCount = pieces.reduce(0) { $0 + $1.rows.count }
    values.reserveCapacity(rowCount)
    for piece in pieces {
      let chunk = piece.chunk.columns[column]
      let start = values.count
      if case .constant(let cell) = chunk.storage {
        let value = single(cell)
        values.append(contentsOf: repeatElement(value ?? zero, count: piece.rows.count))
        if value == nil { addNulls(start..<values.count) }
      } else if let (cells, nulls) = whole(chunk.storage) {
        unsafe cells.withUnsafeBufferPointer {
          unsafe values.append(contentsOf: UnsafeBufferPointer(rebasing: $0[piece.rows]))
        }
        nulls?.forEachNull(in: piece.rows) { row in
          let place = start + row - piece.rows.lowerBound
          values[place] = zero
          addNulls(place..<place + 1)
        }
      } else {
        for row in piece.rows {
          let value = single(chunk[row])
          values.append(value ?? zero)
          if value == nil { addNulls(values.count - 1..<values.count) }
        }
      }
    }
  }
}

extension ColumnChunk {
  /// Whether two columns have the same numbers, booleans or constants in some rows, bit for bit; false where that would
  /// take long to say.
  func hasSameBits(as other: ColumnChunk, in rows: Range<Int>) -> Bool {
    func isSame<Value>(_ a: Values<Value>, _ b: Values<Value>) -> Bool {
      unsafe a.sharing(rows).withUnsafeBytes { a in
        unsafe b.sharing(rows).withUnsafeBytes { b in
          guard let a = a.baseAddress, let other = b.baseAddress else { return true }
          return unsafe equalBytes(a, other, b.count)
        }
      }
    }
    switch (storage, other.storage) {
    case (.constant(.double(let a)), .constant(.double(let b))): return a.bitPattern == b.bitPattern
    case (.constant(let a), .constant(let b)): return a == b
    case (.bools(let a), .bools(let b)): return isSame(a, b)
    case (.ints(let a, let none), .ints(let b, let nulls)): return none?.words == nulls?.words && isSame(a, b)
    case (.doubles(let a, let none), .doubles(let b, let nulls)):
      return none?.words == nulls?.words && isSame(a, b)
    default: return false
    }
  }
}

extension FlatColumn<Int64> {
  init(_ pieces: [Piece], _ column: Int) {
    self.init(
      pieces, column, zero: 0,
      whole: { if case .ints(let values, let nulls) = $0 { (values, nulls) } else { nil } },
      single: { if case .int(let value) = $0 { value } else { nil } })
  }
}

extension FlatColumn<Double> {
  init(_ pieces: [Piece], _ column: Int) {
    self.init(
      pieces, column, zero: 0,
      whole: {
        switch $0 {
        case .doubles(let values, let nulls): (values, nulls)
        case .ints(let values, let nulls): (Values(values) { Double($0) }, nulls)
        default: nil
        }
      },
      single: \.number)
  }
}

extension FlatColumn<Bool> {
  init(_ pieces: [Piece], _ column: Int) {
    self.init(
      pieces, column, zero: false,
      whole: {
        guard case .bools(let values) = $0 else { return nil }
        var nulls: NullMask?
        for row in values.indices where values[row] == 2 {
          if nulls == nil { nulls = NullMask(rowCount: values.count) }
          nulls?[row] = true
        }
        return (Values(values) { $0 == 1 }, nulls)
      },
      single: { if case .bool(let value) = $0 { value } else { nil } })
  }
}

/// The texts of a column, one after the other.
struct TextPieces {
  let pieces: [Piece]
  let column: Int
  /// Whether the column holds cells of several kinds, or JSON.
  let isMixed: Bool

  /// The code of each row's text in `interner`, 0 for null; nil as soon as the interner's texts exceed `limit` bytes.
  func codes(_ interner: inout TextInterner, limit: Int = .max) -> [UInt32]? {
    var out: [UInt32] = []
    var room: [UInt8] = []
    out.reserveCapacity(pieces.reduce(0) { $0 + $1.rows.count })
    for piece in pieces {
      let chunk = piece.chunk.columns[column]
      switch chunk.storage {
      case .constant(let cell):
        let code = cell == .null ? 0 : Self.code(text(cell), &interner)
        out.append(contentsOf: repeatElement(code, count: piece.rows.count))
      case .strings(let codes, let texts), .json(let codes, let texts):
        var known = [UInt32](repeating: 0, count: texts.count + 1)
        codes.forEach(piece.rows) { row, local in
          if local != 0, known[local] == 0, interner.byteCount <= limit {
            known[local] =
              unsafe isPlain(chunk, texts, local - 1)
              ? texts.withBytes(local - 1, &room) { unsafe interner.code($0) }
              : Self.code(text(chunk[row]), &interner)
          }
        }
        if interner.byteCount > limit { return nil }
        codes.append(known, for: piece.rows, to: &out)
      default:
        for row in piece.rows {
          let cell = chunk[row]
          out.append(cell == .null ? 0 : Self.code(text(cell), &interner))
          if interner.byteCount > limit { return nil }
        }
      }
    }
    return interner.byteCount > limit ? nil : out
  }

  /// Calls `body` with the bytes of each row's text, nil for null.
  func forEach(_ body: (UnsafeRawBufferPointer?) throws -> Void) rethrows {
    var room: [UInt8] = []
    for piece in pieces {
      let chunk = piece.chunk.columns[column]
      func addCell(_ row: Int) throws {
        let cell = chunk[row]
        if cell == .null { return try body(nil) }
        var text = text(cell)
        try text.withUTF8 { try unsafe body(UnsafeRawBufferPointer($0)) }
      }
      switch chunk.storage {
      case .strings(let codes, let texts), .json(let codes, let texts):
        for row in piece.rows {
          let code = codes[row]
          if code == 0 {
            try body(nil)
          } else if isPlain(chunk, texts, code - 1) {
            try unsafe texts.withBytes(code - 1, &room) { try unsafe body($0) }
          } else {
            try addCell(row)
          }
        }
      default: for row in piece.rows { try addCell(row) }
      }
    }
  }

  /// Whether a text of a dictionary stands in the column as it is.
  private func isPlain(_ chunk: ColumnChunk, _ texts: TextDictionary, _ index: Int) -> Bool {
    guard case .json = chunk.storage else { return !isMixed }
    return texts.isListOrObject(index)
  }

  private func text(_ cell: Cell) -> String { isMixed ? cell.mixedText : cell.text }

  private static func code(_ text: String, _ interner: inout TextInterner) -> UInt32 {
    var text = text
    return text.withUTF8 { unsafe interner.code(UnsafeRawBufferPointer($0)) }
  }
}
