// Unsafe code, on these invariants:
// - A ScanMemory allocates the memory of the cells it makes, never changes it once they are made, and frees it once;
//   cells are used only while something holds it.
// - `words` of ScanCells has a word for each row of the chunk, or one where `rowMask` is 0: a number's bits, or a text's
//   code, 0 for null. Of `textCount` texts the ends are at `ends`, and the last of these is how many bytes there are at
//   `bytes`. Cells of the forms `null` and `other` have no memory.

/// The cells of a column of one chunk as plain memory, so that reading one counts no references.
struct ScanCells {
  enum Form: UInt8 { case null, doubles, ints, texts, other }

  fileprivate(set) var form = Form.null
  fileprivate var rowMask = -1
  fileprivate var words = UnsafePointer<UInt64>(bitPattern: 8).unsafelyUnwrapped
  fileprivate var ends = UnsafePointer<UInt64>(bitPattern: 8).unsafelyUnwrapped
  fileprivate var bytes = UnsafePointer<UInt8>(bitPattern: 8).unsafelyUnwrapped
  fileprivate(set) var textCount = 0

  /// What stands for the cell of a row: the bits of a double, of an integer, or the code of a text.
  @inline(__always)
  func word(_ row: Int) -> UInt64 { words[row & rowMask] }

  /// The text with a code that is not 0.
  @inline(__always)
  func text(_ code: UInt64) -> UnsafeBufferPointer<UInt8> {
    let code = Int(code)
    let start = code == 1 ? 0 : Int(ends[code - 2])
    return UnsafeBufferPointer(start: bytes + start, count: Int(ends[code - 1]) - start)
  }
}

/// The memory of the cells that a scan reads.
final class ScanMemory {
  private var pieces: [UnsafeMutableRawPointer] = []

  deinit { for piece in pieces { piece.deallocate() } }

  /// The cells of a chunk; of the form `other` where they are to be had from the chunk alone. Doubles have NaN, which
  /// SQLite takes for null, where there is none.
  func cells(_ chunk: ColumnChunk) -> ScanCells {
    switch chunk.storage {
    case .constant(.null): return ScanCells()
    case .constant(.double(let value)): return constant(value.bitPattern, .doubles)
    case .constant(.int(let value)): return constant(UInt64(bitPattern: value), .ints)
    case .constant(.string(let text)): return texts(TextDictionary([text]), constant(1, .texts))
    case .doubles(let values, nil): return column(values, .doubles) { $0.bitPattern }
    case .doubles(var values, let nulls?):
      for row in values.indices where nulls[row] { values[row] = .nan }
      return column(values, .doubles) { $0.bitPattern }
    case .ints(let values, nil): return column(values, .ints) { UInt64(bitPattern: $0) }
    case .strings(.one(let codes), let dictionary) where dictionary.bases.isEmpty:
      return texts(dictionary, column(codes, .texts) { UInt64($0) })
    case .strings(.two(let codes), let dictionary) where dictionary.bases.isEmpty:
      return texts(dictionary, column(codes, .texts) { UInt64($0) })
    case .strings(.four(let codes), let dictionary) where dictionary.bases.isEmpty:
      return texts(dictionary, column(codes, .texts) { UInt64($0) })
    default:
      var cells = ScanCells()
      cells.form = .other
      return cells
    }
  }

  private func constant(_ word: UInt64, _ form: ScanCells.Form) -> ScanCells {
    var cells = column([word], form) { $0 }
    cells.rowMask = 0
    return cells
  }

  private func column<Value>(_ values: [Value], _ form: ScanCells.Form, _ word: (Value) -> UInt64)
    -> ScanCells
  {
    var cells = ScanCells()
    cells.form = form
    cells.words = copy(values, word)
    return cells
  }

  private func texts(_ texts: TextDictionary, _ codes: ScanCells) -> ScanCells {
    var cells = codes
    cells.ends = copy(texts.ends) { UInt64($0) }
    cells.bytes = copy(texts.bytes) { $0 }
    cells.textCount = texts.count
    return cells
  }

  private func copy<Value, Word>(_ values: [Value], _ word: (Value) -> Word) -> UnsafePointer<Word> {
    let piece = UnsafeMutablePointer<Word>.allocate(capacity: values.count)
    for (at, value) in values.enumerated() { (piece + at).initialize(to: word(value)) }
    pieces.append(UnsafeMutableRawPointer(piece))
    return UnsafePointer(piece)
  }
}
