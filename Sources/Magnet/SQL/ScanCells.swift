// Unsafe code, on these invariants:
// - A ScanMemory allocates the memory of the cells it makes, never changes it once they are made, and frees it once;
//   cells are used only while something holds it.
// - `rows` of ScanCells has an element for each row of the chunk, or one where `rowMask` is 0: the 8 bytes of a number,
//   or a text's code, 0 for null, in 1, 2 or 4 bytes by its form. Of `textCount` texts the ends are at `ends`, and the last of these is how many bytes there are at
//   `bytes`. Cells of the forms `null` and `other` have no memory.

/// The cells of a column of one chunk as plain memory, so that reading one counts no references.
struct ScanCells {
  enum Form: UInt8 { case null, doubles, ints, texts1, texts2, texts4, other }

  fileprivate(set) var form = Form.null
  fileprivate var rowMask = -1
  fileprivate var rows = UnsafeRawPointer(bitPattern: 8).unsafelyUnwrapped
  fileprivate var ends = UnsafePointer<Int>(bitPattern: 8).unsafelyUnwrapped
  fileprivate var bytes = UnsafePointer<UInt8>(bitPattern: 8).unsafelyUnwrapped
  fileprivate(set) var textCount = 0

  var areTexts: Bool { form == .texts1 || form == .texts2 || form == .texts4 }

  var isNumeric: Bool { form == .doubles || form == .ints || form == .null }

  /// The bits of the double or integer of a row; 0 where all are null.
  @inline(__always)
  func bits(_ row: Int) -> UInt64 { form == .null ? 0 : element(row, UInt64.self) }

  /// The code of the text of a row, 0 for null.
  @inline(__always)
  func code(_ row: Int) -> Int {
    switch form {
    case .texts1: Int(element(row, UInt8.self))
    case .texts2: Int(element(row, UInt16.self))
    default: Int(element(row, UInt32.self))
    }
  }

  @inline(__always)
  private func element<Element: BitwiseCopyable>(_ row: Int, _: Element.Type) -> Element {
    rows.load(fromByteOffset: (row & rowMask) &* MemoryLayout<Element>.size, as: Element.self)
  }

  /// The text with a code that is not 0.
  @inline(__always)
  func text(_ code: Int) -> UnsafeBufferPointer<UInt8> {
    let start = code == 1 ? 0 : ends[code - 2]
    return UnsafeBufferPointer(start: bytes + start, count: ends[code - 1] - start)
  }
}

/// Whose cells they are: of a chunk of a run's table and one of its columns, or of a run and what is known of it.
struct ScanKey: Hashable {
  let kind: TableSource?
  let source: Relation.Source
  let run: Int
  let chunk: Int
}

/// The memory of the cells that the scans of a query read; several scans of the same cells share it.
final class ScanMemory {
  private var pieces: [UnsafeMutableRawPointer] = []
  private var made: [ScanKey: ScanCells] = [:]

  deinit { for piece in pieces { piece.deallocate() } }

  /// The cells of a chunk, made once for a key.
  func cells(_ chunk: ColumnChunk, _ key: ScanKey) -> ScanCells {
    if let known = made[key] { return known }
    let new = cells(chunk)
    made[key] = new
    return new
  }

  /// The cells of a chunk; of the form `other` where they are to be had from the chunk alone. Doubles have NaN, which
  /// SQLite takes for null, where there is none.
  private func cells(_ chunk: ColumnChunk) -> ScanCells {
    switch chunk.storage {
    case .constant(.null): return ScanCells()
    case .constant(.double(let value)): return constant(value, .doubles)
    case .constant(.int(let value)): return constant(value, .ints)
    case .constant(.string(let text)): return texts(TextDictionary([text]), constant(UInt8(1), .texts1))
    case .doubles(let values, nil): return column(values, .doubles)
    case .doubles(var values, let nulls?):
      for row in values.indices where nulls[row] { values[row] = .nan }
      return column(values, .doubles)
    case .ints(let values, nil): return column(values, .ints)
    case .strings(let codes, let dictionary) where dictionary.bases.isEmpty:
      switch codes {
      case .one(let codes): return texts(dictionary, column(codes, .texts1))
      case .two(let codes): return texts(dictionary, column(codes, .texts2))
      case .four(let codes): return texts(dictionary, column(codes, .texts4))
      }
    default:
      var cells = ScanCells()
      cells.form = .other
      return cells
    }
  }

  /// Memory for `count` words, nothing in it yet.
  func words(_ count: Int) -> UnsafeMutablePointer<UInt64> {
    let words = UnsafeMutablePointer<UInt64>.allocate(capacity: count)
    pieces.append(UnsafeMutableRawPointer(words))
    return words
  }

  private func constant<Value>(_ value: Value, _ form: ScanCells.Form) -> ScanCells {
    var cells = column([value], form)
    cells.rowMask = 0
    return cells
  }

  private func column<Value>(_ values: [Value], _ form: ScanCells.Form) -> ScanCells {
    var cells = ScanCells()
    cells.form = form
    cells.rows = UnsafeRawPointer(copy(values))
    return cells
  }

  private func texts(_ texts: TextDictionary, _ codes: ScanCells) -> ScanCells {
    var cells = codes
    cells.ends = copy(texts.ends)
    cells.bytes = copy(texts.bytes)
    cells.textCount = texts.count
    return cells
  }

  private func copy<Value>(_ values: [Value]) -> UnsafePointer<Value> {
    let piece = UnsafeMutablePointer<Value>.allocate(capacity: values.count)
    _ = UnsafeMutableBufferPointer(start: piece, count: values.count).initialize(from: values)
    pieces.append(UnsafeMutableRawPointer(piece))
    return UnsafePointer(piece)
  }
}
