/// The text of an instance's input, wherever the version of HELM that wrote it keeps the text.
enum InstanceInput {
  private static let input = ColumnPrefix.requests + "instance.input"
  private static let media = input + ".multimedia_content.media_objects"
  private static let messages = input + ".messages"

  /// The columns that may hold it: the text, the text of HELM 0.1 and 0.2, the parts of a multimodal input, the messages
  /// of a chat.
  static let columns = [input + ".text", input, media, messages]

  /// The texts of a chunk of `scenarioStates`.
  /// - Parameter column: a column of the chunk by its name; nil where the table does not have it.
  static func texts(rowCount: Int, _ column: (String) -> ColumnChunk?) -> ColumnChunk {
    let present = columns.compactMap { name in column(name).map { (name, $0) } }
    if present.isEmpty { return .nulls(rowCount) }
    if present.count == 1, ![media, messages].contains(present[0].0) { return present[0].1 }
    var builder = ColumnBuilder()
    for row in 0..<rowCount {
      let cells = present.lazy.map { name, chunk in
        switch name {
        case media: joined(chunk[row]) { [$0["text"]] }
        case messages: joined(chunk[row], contents)
        default: chunk[row]
        }
      }
      let text = cells.first { $0 != .null && $0 != .string("") } ?? cells.first { $0 != .null }
      builder.set(text ?? .null, row: row)
    }
    return builder.finish(rowCount: rowCount)
  }

  /// The texts in a list of objects, one per line; null where it has none.
  private static func joined(_ cell: Cell, _ texts: (JSONValue) -> [JSONValue?]) -> Cell {
    guard case .json(let text) = cell, case .array(let parts)? = try? JSONValue(parsing: text) else {
      return .null
    }
    let found = parts.flatMap(texts).compactMap { $0?.string }
    return found.isEmpty ? .null : .string(found.joined(separator: "\n"))
  }

  /// What a message says: a text, or the texts of its parts.
  private static func contents(_ message: JSONValue) -> [JSONValue?] {
    guard case .array(let parts)? = message["content"] else { return [message["content"]] }
    return parts.map { $0["text"] }
  }

  /// The same in SQL, over the columns that a table has.
  /// - Parameters:
  ///   - empty: a query of no rows with a column of text.
  ///   - expression: a column of the table by its name; nil where the table does not have it.
  static func sql(typedBy empty: String, _ expression: (String) -> String?) -> String {
    // A column as it is has its declared type in a view; an expression has none, and gets that of the last query of a
    // union.
    let present = columns.compactMap(expression)
    if present.count == 1, expression(media) == nil, expression(messages) == nil { return present[0] }
    let parts = columns.compactMap { name -> String? in
      guard let value = expression(name) else { return nil }
      let isText: String
      switch name {
      case media: isText = "key = 'text' AND path NOT LIKE '%.%'"
      case messages:
        isText = """
          (key = 'content' AND path NOT LIKE '%.%' OR key = 'text' AND path LIKE '$[%].content[%]' \
          AND path NOT LIKE '$[%].content%.%')
          """
      default: return "nullif(\(value), '')"
      }
      return """
        (SELECT group_concat(atom, char(10)) FROM json_tree(CASE WHEN json_valid(\(value)) THEN \(value) END) \
        WHERE type = 'text' AND \(isText))
        """
    }
    let text = expression(columns[0]) ?? expression(columns[1])
    let value = "coalesce(" + (parts + [text ?? "NULL", "NULL"]).joined(separator: ", ") + ")"
    return "(SELECT x FROM (SELECT \(value) AS x UNION ALL \(empty)) LIMIT 1)"
  }
}
