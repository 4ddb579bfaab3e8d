/// Which rows of a chunk hold nothing: a bit a row.
struct NullMask: Sendable {
  private(set) var words: [UInt64]

  init(rowCount: Int) { words = Array(repeating: 0, count: (rowCount + 63) / 64) }

  init(words: [UInt64]) { self.words = words }

  /// Calls `body` with each of some rows that holds nothing.
  func forEachNull(in rows: Range<Int>, _ body: (Int) -> Void) {
    for number in rows.lowerBound >> 6..<(rows.upperBound + 63) >> 6 {
      var rest = words[number]
      while rest != 0 {
        let row = number * 64 + rest.trailingZeroBitCount
        if rows.contains(row) { body(row) }
        rest &= rest - 1
      }
    }
  }

  /// Numbers with NaN where there is nothing: the same ones where it is there, as `ColumnBuilder` leaves it.
  func withNaN(_ values: Values<Double>) -> Values<Double> {
    var isThere = true
    forEachNull(in: values.indices) { if !values[$0].isNaN { isThere = false } }
    if isThere { return values }
    return Values(copying: values) { values in
      forEachNull(in: 0..<values.count) { values[$0] = .nan }
    }
  }

  /// Those of some rows.
  func sharing(_ rows: Range<Int>) -> NullMask {
    let (first, shift) = (rows.lowerBound >> 6, UInt64(rows.lowerBound & 63))
    return NullMask(
      words: (0..<(rows.count + 63) / 64).map { number in
        let low = words[first + number] >> shift
        let next = first + number + 1
        return shift == 0 || next >= words.count ? low : low | words[next] << (64 - shift)
      })
  }

  subscript(row: Int) -> Bool {
    get { words[row >> 6] & (1 << UInt64(row & 63)) != 0 }
    set {
      if newValue {
        words[row >> 6] |= 1 << UInt64(row & 63)
      } else {
        words[row >> 6] &= ~(1 << UInt64(row & 63))
      }
    }
  }
}

/// Distinct texts, end to end in one array. A text may begin with the beginning of another, its base, and then only
/// the rest of it stands in the array; a base has none itself.
struct TextDictionary: Sendable {
  struct Base: Sendable, BitwiseCopyable {
    /// The base's number, from 1; 0 for none.
    let text: UInt32
    /// How many of the base's bytes the text begins with.
    let length: UInt32
  }

  let bytes: Values<UInt8>
  /// Where each text ends; text `i` begins where text `i - 1` ends.
  let ends: Values<Int>
  /// One for each text, or none at all.
  let bases: Values<Base>

  init(bytes: Values<UInt8>, ends: Values<Int>, bases: Values<Base>) {
    self.bytes = bytes
    self.ends = ends
    self.bases = bases
  }

  init(_ texts: [String]) {
    var bytes: [UInt8] = []
    ends = Values(texts) { text in
      bytes.append(contentsOf: text.utf8)
      return bytes.count
    }
    self.bytes = Values(bytes)
    bases = Values([])
  }

  var count: Int { ends.count }

  /// Where the bytes of a text begin, those after its base's.
  func start(_ index: Int) -> Int { index == 0 ? 0 : ends[index - 1] }

  private func own(_ index: Int) -> Slice<Values<UInt8>> {
    bytes[start(index)..<ends[index]]
  }

  /// Calls `body` with the bytes of a text that has no base; none has one where `bases` is empty.
  func withUTF8(_ index: Int, _ body: (UnsafeBufferPointer<CChar>) -> Void) {
    let range = start(index)..<ends[index]
    unsafe bytes.withUnsafeBytes {
      unsafe body(UnsafeRawBufferPointer(rebasing: $0[range]).assumingMemoryBound(to: CChar.self))
    }
  }

  /// The texts of a column of JSON that are neither lists nor objects.
  var scalars: some Sequence<String> {
    (0..<count).lazy.filter { !isListOrObject($0) }.map { self[$0] }
  }

  /// Whether a text of a column of JSON is a list or an object.
  func isListOrObject(_ index: Int) -> Bool {
    let whole = bases.isEmpty || bases[index].text == 0 ? index : Int(bases[index].text) - 1
    let first = own(whole).first
    return first == UInt8(ascii: "[") || first == UInt8(ascii: "{")
  }

  /// The text at `index`, 0 first.
  subscript(index: Int) -> String {
    guard !bases.isEmpty, bases[index].text != 0 else { return String(decoding: own(index), as: UTF8.self) }
    let start = own(Int(bases[index].text) - 1).prefix(Int(bases[index].length))
    return String(decoding: Array(start) + own(index), as: UTF8.self)
  }
}

/// Row codes in the narrowest integer that holds them: 0 is null, `n` the dictionary's text `n - 1`.
enum Codes: Sendable {
  case one(Values<UInt8>)
  case two(Values<UInt16>)
  case four(Values<UInt32>)

  subscript(row: Int) -> Int {
    switch self {
    case .one(let codes): Int(codes[row])
    case .two(let codes): Int(codes[row])
    case .four(let codes): Int(codes[row])
    }
  }

  /// Calls `body` with some rows and their codes.
  @inline(__always)
  func forEach(_ rows: Range<Int>, _ body: (_ row: Int, _ code: Int) -> Void) {
    switch self {
    case .one(let codes): for row in rows { body(row, Int(codes[row])) }
    case .two(let codes): for row in rows { body(row, Int(codes[row])) }
    case .four(let codes): for row in rows { body(row, Int(codes[row])) }
    }
  }

  /// Appends to `out` what stands in `others` for the code of each of some rows.
  func append(_ others: [UInt32], for rows: Range<Int>, to out: inout [UInt32]) {
    switch self {
    case .one(let codes): out.append(contentsOf: codes[rows].lazy.map { others[Int($0)] })
    case .two(let codes): out.append(contentsOf: codes[rows].lazy.map { others[Int($0)] })
    case .four(let codes): out.append(contentsOf: codes[rows].lazy.map { others[Int($0)] })
    }
  }

  func sharing(_ rows: Range<Int>) -> Codes {
    switch self {
    case .one(let codes): .one(codes.sharing(rows))
    case .two(let codes): .two(codes.sharing(rows))
    case .four(let codes): .four(codes.sharing(rows))
    }
  }

  func gathered(_ rows: [Int]) -> Codes {
    switch self {
    case .one(let codes): .one(Values(rows) { codes[$0] })
    case .two(let codes): .two(Values(rows) { codes[$0] })
    case .four(let codes): .four(Values(rows) { codes[$0] })
    }
  }
}

/// The cells of one column for the rows of one chunk, in the form that takes the least room.
public struct ColumnChunk: Sendable {
  enum Storage: Sendable {
    case constant(Cell)
    /// 0 false, 1 true, 2 null.
    case bools(Values<UInt8>)
    case ints(Values<Int64>, NullMask?)
    case doubles(Values<Double>, NullMask?)
    case strings(Codes, TextDictionary)
    case json(Codes, TextDictionary)
  }

  /// The kinds of numbers among the cells.
  struct NumberKinds: OptionSet {
    let rawValue: UInt8
    static let ints = NumberKinds(rawValue: 1)
    static let doubles = NumberKinds(rawValue: 2)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(of storage: Storage) {
      switch storage {
      case .ints, .constant(.int): self = .ints
      case .doubles, .constant(.double): self = .doubles
      case .json(_, let texts):
        self = texts.scalars.reduce(into: []) { kinds, text in
          if text.isNumber { kinds.insert(Int64(text) == nil ? .doubles : .ints) }
        }
      default: self = []
      }
    }
  }

  let storage: Storage
  let count: Int
  let numberKinds: NumberKinds

  init(storage: Storage, count: Int) {
    self.init(storage: storage, count: count, numberKinds: NumberKinds(of: storage))
  }

  private init(storage: Storage, count: Int, numberKinds: NumberKinds) {
    self.storage = storage
    self.count = count
    self.numberKinds = numberKinds
  }

  static func nulls(_ count: Int) -> ColumnChunk { ColumnChunk(storage: .constant(.null), count: count) }

  /// The same cell in every row.
  package static func constant(_ cell: Cell, count: Int) -> ColumnChunk {
    ColumnChunk(storage: .constant(cell), count: count)
  }

  /// The cell at `row`, 0 first within the chunk.
  package subscript(row: Int) -> Cell {
    switch storage {
    case .constant(let cell): return cell
    case .bools(let values): return values[row] == 2 ? .null : .bool(values[row] == 1)
    case .ints(let values, let nulls): return nulls?[row] == true ? .null : .int(values[row])
    case .doubles(let values, let nulls): return nulls?[row] == true ? .null : .double(values[row])
    case .strings(let codes, let texts):
      let code = codes[row]
      return code == 0 ? .null : .string(texts[code - 1])
    case .json(let codes, let texts):
      let code = codes[row]
      return code == 0 ? .null : Self.jsonCell(texts[code - 1])
    }
  }

  /// A cell of a column of JSON: lists and objects stay text, scalars (in a column that mixes kinds) are taken out.
  static func jsonCell(_ text: String) -> Cell {
    switch text.utf8.first {
    case UInt8(ascii: "{"), UInt8(ascii: "["): .json(text)
    default:
      switch try? JSONValue(parsing: text) {
      case .bool(let value): .bool(value)
      case .int(let value): .int(value)
      case .double(let value): .double(value)
      case .string(let value): .string(value)
      default: .json(text)
      }
    }
  }

  /// Whether every cell is a text.
  package var isText: Bool {
    switch storage {
    case .constant(.string): true
    case .strings(.one(let codes), _): !codes.contains(0)
    case .strings(.two(let codes), _): !codes.contains(0)
    case .strings(.four(let codes), _): !codes.contains(0)
    default: count == 0
    }
  }

  /// The chunk with its integers as doubles.
  func asDoubles() -> ColumnChunk {
    switch storage {
    case .ints(let values, let nulls):
      ColumnChunk(storage: .doubles(Values(values) { Double($0) }, nulls), count: count)
    case .constant(.int(let value)): .constant(.double(Double(value)), count: count)
    case .json(let codes, let texts) where numberKinds.contains(.ints):
      ColumnChunk(
        storage: .json(
          codes,
          TextDictionary(
            (0..<texts.count).map { number in
              let text = texts[number]
              return Int64(text).map { Cell.double(Double($0)).text } ?? text
            })),
        count: count)
    default: self
    }
  }

  func double(_ row: Int) -> Double? {
    if case .doubles(let values, let nulls) = storage { return nulls?[row] == true ? nil : values[row] }
    return self[row].number
  }

  func gathered(_ rows: [Int]) -> ColumnChunk {
    // A dictionary of many texts is not for one row.
    if rows.count == 1 { return .constant(self[rows[0]], count: 1) }
    let storage: Storage =
      switch storage {
      case .constant(let cell): .constant(cell)
      case .bools(let values): .bools(Values(rows) { values[$0] })
      case .ints(let values, let nulls): .ints(Values(rows) { values[$0] }, Self.gather(nulls, rows))
      case .doubles(let values, let nulls): .doubles(Values(rows) { values[$0] }, Self.gather(nulls, rows))
      case .strings(let codes, let texts): .strings(codes.gathered(rows), texts)
      case .json(let codes, let texts): .json(codes.gathered(rows), texts)
      }
    return ColumnChunk(storage: storage, count: rows.count)
  }

  /// The cells of some rows, in the same memory.
  func sharing(_ rows: Range<Int>) -> ColumnChunk {
    // A dictionary of many texts is not for one row.
    if rows.count == 1 { return .constant(self[rows.lowerBound], count: 1) }
    let storage: Storage =
      switch storage {
      case .constant(let cell): .constant(cell)
      case .bools(let values): .bools(values.sharing(rows))
      case .ints(let values, let nulls): .ints(values.sharing(rows), nulls?.sharing(rows))
      case .doubles(let values, let nulls): .doubles(values.sharing(rows), nulls?.sharing(rows))
      case .strings(let codes, let texts): .strings(codes.sharing(rows), texts)
      case .json(let codes, let texts): .json(codes.sharing(rows), texts)
      }
    // To look through the dictionary for each part of a chunk would take the product of both.
    return ColumnChunk(storage: storage, count: rows.count, numberKinds: numberKinds)
  }

  private static func gather(_ nulls: NullMask?, _ rows: [Int]) -> NullMask? {
    guard let nulls else { return nil }
    var out = NullMask(rowCount: rows.count)
    for (i, row) in rows.enumerated() where nulls[row] { out[i] = true }
    return out
  }

  /// A number for each row, equal where and only where the cells are equal as keys of a join.
  func keyCodes(_ interner: inout [Cell: Int], into out: inout [Int]) {
    func code(_ cell: Cell) -> Int {
      let key = cell.joinKey
      if let known = interner[key] { return known }
      interner[key] = interner.count
      return interner.count - 1
    }
    switch storage {
    case .constant(let cell):
      out.append(contentsOf: repeatElement(code(cell), count: count))
    case .strings(let codes, let texts), .json(let codes, let texts):
      var known = Array(repeating: -1, count: texts.count + 1)
      for row in 0..<count {
        let local = codes[row]
        if known[local] < 0 { known[local] = code(self[row]) }
        out.append(known[local])
      }
    default:
      for row in 0..<count { out.append(code(self[row])) }
    }
  }
}

extension ColumnChunk {
  /// The chunk with its JSON cells changed, each distinct one once.
  func mappingJSON(_ change: (JSONValue) -> JSONValue) -> ColumnChunk {
    func changed(_ text: String) -> String {
      (try? JSONValue(parsing: text)).map { change($0).text } ?? "null"
    }
    switch storage {
    case .json(let codes, let texts):
      let changedTexts = TextDictionary((0..<texts.count).map { changed(texts[$0]) })
      return ColumnChunk(storage: .json(codes, changedTexts), count: count)
    case .constant(.json(let text)):
      return ColumnChunk(storage: .constant(.json(changed(text))), count: count)
    default: return self
    }
  }
}

extension String {
  /// Whether a JSON scalar is a number, NaN and the infinities included.
  fileprivate var isNumber: Bool {
    guard let first = utf8.first else { return false }
    return (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) || "-NI".utf8.contains(first)
  }
}
