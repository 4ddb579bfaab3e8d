// Unsafe code, on these invariants:
// - A ScanMemory holds the columns whose memory the cells it makes point to, and frees once what it allocates itself;
//   cells are used only while something holds it.
// - `rows` of ScanCells has an element for each row of the chunk, or one where `rowMask` is 0: the 8 bytes of a number,
//   or a text's code, 0 for null, in 1, 2 or 4 bytes by its form. Of `textCount` texts the ends are at `ends`, and the last of these is how many bytes there are at
//   `bytes`. Cells of the forms `null` and `other` have no memory.

/// The cells of a column of one chunk as plain memory, so that reading one counts no references.
@safe struct ScanCells {
  enum Form: UInt8 { case null, doubles, ints, texts1, texts2, texts4, other }

  fileprivate(set) var form = Form.null
  fileprivate var rowMask = -1
  fileprivate var rows = unsafe UnsafeRawPointer(bitPattern: 8).unsafelyUnwrapped
  fileprivate var ends = unsafe UnsafePointer<Int>(bitPattern: 8).unsafelyUnwrapped
  fileprivate var bytes = unsafe UnsafePointer<UInt8>(bitPattern: 8).unsafelyUnwrapped
  fileprivate(set) var textCount = 0

  var areTexts: Bool { form == .texts1 || form == .texts2 || form == .texts4 }

  /// Whether all rows have the same cell, for which there is memory once.
  var isConstant: Bool { rowMask == 0 }

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
    unsafe rows.load(fromByteOffset: (row & rowMask) &* MemoryLayout<Element>.size, as: Element.self)
  }

  /// Puts a number for the code of each row of a column of texts behind what is there; false where one is negative.
  /// - Parameter numbers: one for each code.
  func appendNumbers(_ rowCount: Int, of numbers: [Int32], to found: inout [Int32]) -> Bool {
    precondition(numbers.count > textCount && !isConstant)
    func look(_ codes: UnsafePointer<some FixedWidthInteger>) -> Bool {
      unsafe numbers.withUnsafeBufferPointer { numbers in
        let start = found.count
        found.append(contentsOf: repeatElement(0, count: rowCount))
        var out = found.mutableSpan
        var least: Int32 = 0
        for row in 0..<rowCount {
          let number = unsafe numbers[Int(codes[row])]
          out[start + row] = number
          least = min(least, number)
        }
        return least >= 0
      }
    }
    switch form {
    case .texts1: return unsafe look(rows.assumingMemoryBound(to: UInt8.self))
    case .texts2: return unsafe look(rows.assumingMemoryBound(to: UInt16.self))
    default: return unsafe look(rows.assumingMemoryBound(to: UInt32.self))
    }
  }

  /// Whether the codes of both stand for the same texts.
  func hasTexts(of other: ScanCells) -> Bool {
    guard areTexts, other.areTexts, textCount == other.textCount else { return false }
    if textCount == 0 { return true }
    let size = unsafe ends[textCount - 1]
    return unsafe equalBytes(ends, other.ends, textCount * MemoryLayout<Int>.stride)
      && (size == 0 || equalBytes(bytes, other.bytes, size))
  }

  /// The text with a code that is not 0.
  @inline(__always)
  func text(_ code: Int) -> UnsafeBufferPointer<UInt8> {
    let start = unsafe code == 1 ? 0 : ends[code - 2]
    return unsafe UnsafeBufferPointer(start: bytes + start, count: ends[code - 1] - start)
  }
}

/// The memory of the cells that the scans of a query read; several scans of the same cells share it.
@safe final class ScanMemory {
  private var pieces: [UnsafeMutableRawPointer] = unsafe []
  private var held: [ColumnChunk.Storage] = []
  private var columns: [Column: ColumnCells] = [:]
  /// The cells of texts that stand in all rows of a chunk.
  private var constants: [String: ScanCells] = [:]

  private struct Column: Hashable {
    let kind: TableSource?
    let source: Relation.Source
  }

  /// The cells of one column.
  final class ColumnCells {
    /// Those of the first chunk of each run's table, by the number of the run; rows of no run are those of number -1.
    private var first: [ScanCells?] = []
    private var others: [[Int]: ScanCells] = [:]

    /// The cells of a chunk of a run's table.
    fileprivate subscript(run: Int, chunk: Int) -> ScanCells? {
      get { chunk > 0 ? others[[run, chunk]] : run + 1 < first.count ? first[run + 1] : nil }
      set {
        if chunk > 0 {
          others[[run, chunk]] = newValue
        } else {
          while first.count <= run + 1 { first.append(nil) }
          first[run + 1] = newValue
        }
      }
    }
  }

  deinit { unsafe pieces.forEach { unsafe $0.deallocate() } }

  /// Where the cells of a column are kept: of the table of a kind, or what is known of runs.
  func column(_ kind: TableSource?, _ source: Relation.Source) -> ColumnCells {
    let key = Column(kind: kind, source: source)
    if let known = columns[key] { return known }
    let new = ColumnCells()
    columns[key] = new
    return new
  }

  /// The cells of a chunk of a run's table, made once.
  func cells(_ chunk: ColumnChunk, _ column: ColumnCells, run: Int, chunk number: Int) -> ScanCells {
    if let known = column[run, number] { return known }
    let new = cells(chunk)
    column[run, number] = new
    return new
  }

  /// The cells of a chunk; of the form `other` where they are to be had from the chunk alone. Doubles have NaN, which
  /// SQLite takes for null, where there is none.
  private func cells(_ chunk: ColumnChunk) -> ScanCells {
    switch chunk.storage {
    case .constant(.null): return ScanCells()
    case .constant(.double(let value)): return constant(.doubles(Values([value]), nil))
    case .constant(.int(let value)): return constant(.ints(Values([value]), nil))
    case .constant(.string(let text)):
      if let known = constants[text] { return known }
      let new = constant(.strings(.one(Values([1])), TextDictionary([text])))
      // What is equal to Swift may be written in several ways.
      if text.utf8.allSatisfy({ $0 < 0x80 }) { constants[text] = new }
      return new
    case .doubles(let values, let nulls?):
      return cells(.doubles(nulls.withNaN(values), nil))
    default: return cells(chunk.storage)
    }
  }

  /// Cells that point to the memory of a column, which is held.
  private func cells(_ storage: ColumnChunk.Storage) -> ScanCells {
    held.append(storage)
    switch storage {
    case .doubles(let values, nil): return column(values, .doubles)
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
    unsafe pieces.append(UnsafeMutableRawPointer(words))
    return unsafe words
  }

  private func constant(_ storage: ColumnChunk.Storage) -> ScanCells {
    var cells = cells(storage)
    cells.rowMask = 0
    return cells
  }

  private func column<Value>(_ values: Values<Value>, _ form: ScanCells.Form) -> ScanCells {
    var cells = ScanCells()
    cells.form = form
    unsafe cells.rows = unsafe UnsafeRawPointer(values.start)
    return cells
  }

  private func texts(_ texts: TextDictionary, _ codes: ScanCells) -> ScanCells {
    var cells = codes
    unsafe cells.ends = unsafe texts.ends.start
    unsafe cells.bytes = unsafe texts.bytes.start
    cells.textCount = texts.count
    return cells
  }
}
