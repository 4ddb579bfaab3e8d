/// A format of text in which row stands after row.
///
/// Numbers carry every digit. What is called for each row and cell only appends; ``RowTextSink`` writes.
protocol RowText {
  /// What stands before the rows.
  mutating func begin(_ columnNames: [String], to out: inout [UInt8])
  /// What stands before the first cell of a row, 0 first.
  func appendStart(ofRow row: Int, to out: inout [UInt8])
  /// What stands before a row's cell in a column, 0 first.
  func appendStart(ofColumn column: Int, to out: inout [UInt8])
  func append(_ cell: Cell, to out: inout [UInt8])
  func appendRowEnd(to out: inout [UInt8])
  /// What stands after the rows.
  func end(to out: inout [UInt8])
}

extension RowText {
  func appendStart(ofRow row: Int, to out: inout [UInt8]) {}
  func end(to out: inout [UInt8]) {}
}

/// Writes a table as text, row by row, in pieces of some 64 KiB.
struct RowTextSink<Text: RowText>: TableSink {
  private var text: Text
  private var out: [UInt8] = []
  private var row = 0
  private let pieceSize = 1 << 16

  init(_ text: Text) { self.text = text }

  mutating func begin(_ columns: [TableColumn], _ write: ([UInt8]) throws -> Void) {
    text.begin(columns.map(\.name), to: &out)
  }

  mutating func append(_ chunk: Table.Chunk, _ write: ([UInt8]) throws -> Void) throws {
    var columns = chunk.columns.map { RepeatedCells($0) }
    for local in 0..<chunk.rowCount {
      text.appendStart(ofRow: row, to: &out)
      for column in columns.indices {
        text.appendStart(ofColumn: column, to: &out)
        columns[column].append(local, text, to: &out)
      }
      text.appendRowEnd(to: &out)
      row += 1
      if out.count > pieceSize {
        try write(out)
        out.removeAll(keepingCapacity: true)
      }
    }
  }

  mutating func end(_ write: ([UInt8]) throws -> Void) throws {
    text.end(to: &out)
    try write(out)
  }
}

/// A column of a chunk, of whose texts each is written once and copied for the rows that have it again.
private struct RepeatedCells {
  private let chunk: ColumnChunk
  private let codes: Codes?
  /// Where the text of each code stands in `written`; of some, as few rows do not repeat theirs.
  private var places: [Range<Int>?] = []
  private var written: [UInt8] = []
  private static let longest = 1 << 10

  init(_ chunk: ColumnChunk) {
    self.chunk = chunk
    switch chunk.storage {
    case .strings(let codes, let texts) where texts.count < chunk.count,
      .json(let codes, let texts) where texts.count < chunk.count:
      self.codes = codes
      places = Array(repeating: nil, count: texts.count + 1)
    case .constant:
      codes = nil
      places = [nil]
    default: codes = nil
    }
  }

  mutating func append(_ row: Int, _ text: some RowText, to out: inout [UInt8]) {
    guard !places.isEmpty else { return text.append(chunk[row], to: &out) }
    let code = codes?[row] ?? 0
    if let place = places[code] { return out.append(contentsOf: written[place]) }
    let start = out.count
    text.append(chunk[row], to: &out)
    if out.count - start <= Self.longest {
      places[code] = written.count..<written.count + out.count - start
      written.append(contentsOf: out[start...])
    }
  }
}
