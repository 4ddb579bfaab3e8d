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
    switch cell {
    case .string(let text), .json(let text): append(text, to: &out)
    default: out.append(contentsOf: cell.text.utf8)
    }
  }

  private func append(_ text: String, to out: inout [UInt8]) {
    guard text.isEmpty || Self.needsQuotes(text.utf8.span) else { return out.append(contentsOf: text.utf8) }
    out.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") { out.append(byte) }
      out.append(byte)
    }
    out.append(UInt8(ascii: "\""))
  }

  private static func needsQuotes(_ bytes: Span<UInt8>) -> Bool {
    for place in bytes.indices {
      switch bytes[place] {
      case UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r"): return true
      default: continue
      }
    }
    return false
  }

  func appendRowEnd(to out: inout [UInt8]) { out.append(UInt8(ascii: "\n")) }
}
