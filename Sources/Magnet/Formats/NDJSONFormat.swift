extension TableFormat {
  /// One JSON object per line.
  public static let ndjson = TableFormat("ndjson", endings: ["ndjson", "jsonl"]) { _ in
    RowTextSink(JSONLines())
  }
}

/// Rows as JSON objects. NaN and the infinities, which JSON does not have, are the strings "NaN", "Infinity" and
/// "-Infinity". Lists and objects are embedded as they are.
struct JSONLines: RowText {
  private var keys: [[UInt8]] = []

  mutating func begin(_ columnNames: [String], to out: inout [UInt8]) {
    keys = columnNames.enumerated().map { column, name in
      Array(((column > 0 ? "," : "") + JSONText.quoted(name) + ":").utf8)
    }
  }

  func appendStart(ofRow row: Int, to out: inout [UInt8]) { out.append(UInt8(ascii: "{")) }

  func appendStart(ofColumn column: Int, to out: inout [UInt8]) { out.append(contentsOf: keys[column]) }

  func append(_ cell: Cell, to out: inout [UInt8]) {
    switch cell {
    case .null: out.append(contentsOf: "null".utf8)
    case .double(let value): JSONText.append(value, to: &out)
    case .string(let value): JSONText.appendQuoted(value, to: &out)
    case let cell: out.append(contentsOf: cell.text.utf8)
    }
  }

  func appendRowEnd(to out: inout [UInt8]) { out.append(contentsOf: "}\n".utf8) }
}
