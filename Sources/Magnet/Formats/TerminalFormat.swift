extension TableFormat {
  /// A table drawn with box characters; see `TerminalTable`.
  public static let terminal = TableFormat("table", endings: ["txt"], isForPeople: true) { layout in
    TerminalSink(layout: layout)
  }
}

/// Collects the rows, as the widths of the columns depend on all of them, and draws them at the end.
private struct TerminalSink: TableSink {
  let layout: TableLayout
  private var columnNames: [String] = []
  private var chunks: [Table.Chunk] = []

  init(layout: TableLayout) { self.layout = layout }

  mutating func begin(_ columns: [TableColumn], _ write: ([UInt8]) throws -> Void) {
    columnNames = columns.map(\.name)
  }

  mutating func append(_ chunk: Table.Chunk, _ write: ([UInt8]) throws -> Void) { chunks.append(chunk) }

  mutating func end(_ write: ([UInt8]) throws -> Void) throws {
    let table = Table(columnNames: columnNames, chunks: chunks)
    let drawing = TerminalTable(table, keyCount: layout.keyCount)
    try write(Array(drawing.drawn(width: layout.width, isColored: layout.isColored).utf8))
  }
}
