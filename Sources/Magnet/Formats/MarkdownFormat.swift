extension TableFormat {
  /// A table in GitHub's Markdown.
  public static let markdown = TableFormat("markdown", endings: ["md", "markdown"], isForPeople: true) { _ in
    RowTextSink(MarkdownText())
  }
}

private struct MarkdownText: RowText {
  func begin(_ columnNames: [String], to out: inout [UInt8]) {
    for line in [columnNames, columnNames.map { _ in "---" }] {
      for text in line {
        appendStart(ofColumn: 0, to: &out)
        append(.string(text), to: &out)
      }
      appendRowEnd(to: &out)
    }
  }

  func appendStart(ofColumn column: Int, to out: inout [UInt8]) { out.append(contentsOf: "| ".utf8) }

  func append(_ cell: Cell, to out: inout [UInt8]) {
    for character in cell.text {
      switch character {
      case "|": out.append(contentsOf: "\\|".utf8)
      case "\\": out.append(contentsOf: "\\\\".utf8)
      case "\n", "\r", "\r\n": out.append(contentsOf: "<br>".utf8)
      case "<": out.append(contentsOf: "&lt;".utf8)
      case "*", "`": out.append(contentsOf: ("\\" + String(character)).utf8)
      default: out.append(contentsOf: String(character).utf8)
      }
    }
    out.append(UInt8(ascii: " "))
  }

  func appendRowEnd(to out: inout [UInt8]) { out.append(contentsOf: "|\n".utf8) }
}
