extension TableFormat {
  /// One JSON array of objects.
  public static let json = TableFormat("json", endings: ["json"]) { _ in RowTextSink(JSONList()) }
}

/// The objects of NDJSON between brackets, with commas between the lines.
private struct JSONList: RowText {
  private var lines = JSONLines()

  mutating func begin(_ columnNames: [String], to out: inout [UInt8]) {
    lines.begin(columnNames, to: &out)
    out.append(UInt8(ascii: "["))
  }

  func appendStart(ofRow row: Int, to out: inout [UInt8]) {
    out.append(contentsOf: (row == 0 ? "\n" : ",\n").utf8)
    lines.appendStart(ofRow: row, to: &out)
  }

  func appendStart(ofColumn column: Int, to out: inout [UInt8]) {
    lines.appendStart(ofColumn: column, to: &out)
  }

  func append(_ cell: Cell, to out: inout [UInt8]) { lines.append(cell, to: &out) }

  func appendRowEnd(to out: inout [UInt8]) { out.append(UInt8(ascii: "}")) }

  func end(to out: inout [UInt8]) { out.append(contentsOf: "\n]\n".utf8) }
}
