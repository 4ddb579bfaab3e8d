/// The text of an instance's input, wherever the version of HELM that wrote it keeps the text.
enum InstanceInput {
  private static let input = "scenario_state.request_states.instance.input"
  private static let media = input + ".multimedia_content.media_objects"

  /// The columns that may hold it: the text, the text of HELM 0.1 and 0.2, the parts of a multimodal input.
  static let columns = [input + ".text", input, media]

  /// The texts of a chunk of `scenarioStates`.
  /// - Parameter column: a column of the chunk by its name; nil where the table does not have it.
  static func texts(rowCount: Int, _ column: (String) -> ColumnChunk?) -> ColumnChunk {
    let present = columns.compactMap { name in column(name).map { (name, $0) } }
    if present.isEmpty { return .nulls(rowCount) }
    if present.count == 1, present[0].0 != media { return present[0].1 }
    var builder = ColumnBuilder()
    for row in 0..<rowCount {
      let cells = present.lazy.map { name, chunk in name == media ? textParts(chunk[row]) : chunk[row] }
      let text = cells.first { $0 != .null && $0 != .string("") } ?? cells.first { $0 != .null }
      builder.set(text ?? .null, row: row)
    }
    return builder.finish(rowCount: rowCount)
  }

  /// The text parts of a list of media objects, one per line; null where it has none.
  private static func textParts(_ cell: Cell) -> Cell {
    guard case .json(let text) = cell, case .array(let parts)? = try? JSONValue(parsing: text) else {
      return .null
    }
    let texts = parts.compactMap { $0["text"]?.string }
    return texts.isEmpty ? .null : .string(texts.joined(separator: "\n"))
  }

  /// The same in SQL, over the columns that a table has.
  /// - Parameters:
  ///   - empty: a query of no rows with a column of text.
  ///   - expression: a column of the table by its name; nil where the table does not have it.
  static func sql(typedBy empty: String, _ expression: (String) -> String?) -> String {
    // A column as it is has its declared type in a view; an expression has none, and gets that of the last query of a
    // union.
    let present = columns.compactMap(expression)
    if present.count == 1, expression(media) == nil { return present[0] }
    let parts = columns.compactMap { name -> String? in
      guard let value = expression(name) else { return nil }
      guard name == media else { return "nullif(\(value), '')" }
      return """
        (SELECT group_concat(part.value ->> '$.text', char(10)) FROM \
        json_each(CASE WHEN json_valid(\(value)) THEN \(value) END) part WHERE part.value ->> '$.text' IS NOT NULL)
        """
    }
    let text = expression(columns[0]) ?? expression(columns[1])
    let value = "coalesce(" + (parts + [text ?? "NULL", "NULL"]).joined(separator: ", ") + ")"
    return "(SELECT x FROM (SELECT \(value) AS x UNION ALL \(empty)) LIMIT 1)"
  }
}
