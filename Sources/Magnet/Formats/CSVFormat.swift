extension TableFormat {
  /// RFC 4180 with line feeds; nothing for null and `""` for an empty text.
  public static let csv = TableFormat("csv", endings: ["csv"]) { _ in RowTextSink(CSVText()) }
}

private struct CSVText: RowText {
  func begin(_ columnNames: [String], to out: inout [UInt8]) {
    for (column, name) in columnNames.enumerated() {
      appendStart(ofColumn: column, to: &out)
      append(.string(name), to: &out)
    }
    appendRowEnd(to: &out)
  }

  func appendStart(ofColumn column: Int, to out: inout [UInt8]) {
    if column > 0 { out.append(UInt8(ascii: ",")) }
  }

  func append(_ cell: Cell, to out: inout [UInt8]) {
    let text = cell.text
    let needsQuotes =
      text.isEmpty
      ? cell != .null
      : text.utf8.contains {
        $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\n")
          || $0 == UInt8(ascii: "\r")
      }
    guard needsQuotes else { return out.append(contentsOf: text.utf8) }
    out.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") { out.append(byte) }
      out.append(byte)
    }
    out.append(UInt8(ascii: "\""))
  }

  func appendRowEnd(to out: inout [UInt8]) { out.append(UInt8(ascii: "\n")) }
}
