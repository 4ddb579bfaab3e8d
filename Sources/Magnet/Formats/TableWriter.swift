/// The forms a table can be written in for other programs.
public enum TableFormat: String, Sendable, CaseIterable {
  /// RFC 4180 with line feeds; nothing for null and `""` for an empty text.
  case csv
  /// One list of objects.
  case json
  /// One object a line.
  case ndjson
  /// A table of GitHub's Markdown.
  case markdown
}

/// Writes tables row by row. Numbers carry every digit; in JSON, where NaN and the infinities have no place, they
/// are the strings "NaN", "Infinity" and "-Infinity". Lists and objects are embedded in JSON as they are.
public struct TableWriter {
  private let format: TableFormat
  private let chunkSize = 1 << 16

  /// A writer of one format.
  public init(_ format: TableFormat) { self.format = format }

  /// Writes a table, piece by piece.
  /// - Throws: what `write` throws.
  public func write(_ table: Table, _ write: ([UInt8]) throws -> Void) rethrows {
    var out: [UInt8] = []
    let keys = table.columnNames.map { Array((JSONText.quoted($0) + ":").utf8) }
    appendHeader(table.columnNames, to: &out)
    try table.forEachRow { row in
      switch format {
      case .csv: appendFields(row, to: &out)
      case .markdown: appendMarkdown((0..<table.columnNames.count).map { row[$0].text }, to: &out)
      case .json:
        out.append(contentsOf: (row.number == 0 ? "\n" : ",\n").utf8)
        appendObject(row, keys, to: &out)
      case .ndjson:
        appendObject(row, keys, to: &out)
        out.append(UInt8(ascii: "\n"))
      }
      if out.count > chunkSize {
        try write(out)
        out.removeAll(keepingCapacity: true)
      }
    }
    if format == .json { out.append(contentsOf: "\n]\n".utf8) }
    try write(out)
  }

  /// The whole table as a text.
  public func text(_ table: Table) -> String {
    var out: [UInt8] = []
    write(table) { out += $0 }
    return String(decoding: out, as: UTF8.self)
  }

  private func appendHeader(_ names: [String], to out: inout [UInt8]) {
    switch format {
    case .csv:
      for (i, name) in names.enumerated() {
        if i > 0 { out.append(UInt8(ascii: ",")) }
        appendField(.string(name), to: &out)
      }
      out.append(UInt8(ascii: "\n"))
    case .markdown:
      appendMarkdown(names, to: &out)
      appendMarkdown(names.map { _ in "---" }, to: &out)
    case .json: out.append(UInt8(ascii: "["))
    case .ndjson: break
    }
  }

  private func appendFields(_ row: Row, to out: inout [UInt8]) {
    for column in 0..<row.table.columnNames.count {
      if column > 0 { out.append(UInt8(ascii: ",")) }
      appendField(row[column], to: &out)
    }
    out.append(UInt8(ascii: "\n"))
  }

  private func appendField(_ cell: Cell, to out: inout [UInt8]) {
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

  private func appendMarkdown(_ cells: [String], to out: inout [UInt8]) {
    for cell in cells {
      out.append(contentsOf: "| ".utf8)
      for character in cell {
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
    out.append(contentsOf: "|\n".utf8)
  }

  private func appendObject(_ row: Row, _ keys: [[UInt8]], to out: inout [UInt8]) {
    out.append(UInt8(ascii: "{"))
    for (column, key) in keys.enumerated() {
      if column > 0 { out.append(UInt8(ascii: ",")) }
      out.append(contentsOf: key)
      switch row[column] {
      case .null: out.append(contentsOf: "null".utf8)
      case .double(let value): JSONText.append(value, to: &out)
      case .string(let value): JSONText.appendQuoted(value, to: &out)
      case let cell: out.append(contentsOf: cell.text.utf8)
      }
    }
    out.append(UInt8(ascii: "}"))
  }
}
