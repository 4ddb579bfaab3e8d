@testable import Magnet

/// The tables of a file made in the plainest way there is: a dictionary for each row. To compare the reader with.
struct PlainReader {
  private(set) var rows: [[String: JSONValue]] = []
  /// Whether an object has more keys than the reader makes columns of, so that tables differ.
  private(set) var isWide = false

  /// - Throws: `JSONFault`; a file of another shape has no rows.
  init(_ kind: TableSource, _ text: String) throws {
    let top = try JSONValue(parsing: text)
    switch kind {
    case .runSpecs: rows = [flat(top, kind.prefix)]
    case .stats: rows = top.elements.map { flat($0, kind.prefix) }
    case .scenarioStates:
      var common: [String: JSONValue] = [:]
      for (key, value) in members(top) where key != "request_states" {
        add(value, kind.prefix + key, &common)
      }
      rows = (top["request_states"]?.elements ?? []).map {
        flat($0, kind.prefix + "request_states.").merging(common) { $1 }
      }
    case .perInstanceStats:
      for bundle in top.elements {
        let others = members(bundle).filter { $0.key != "stats" }.map { (kind.prefix + $0.key, $0.value) }
        rows += (bundle["stats"]?.elements ?? []).map {
          flat($0, kind.prefix + "stats.").merging(others) { $1 }
        }
      }
    default: throw MagnetError(.unsupported, "no plain reader for \(kind)")
    }
    let names = rows.reduce(into: Set<String>()) { $0.formUnion($1.keys) }
    isWide = isWide || names.count > 500
  }

  /// The members of an object, of those with one key the last.
  private func members(_ value: JSONValue) -> [(key: String, value: JSONValue)] {
    guard case .object(let members) = value else { return [] }
    let last = Dictionary(members.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    return last.map { (key: $0, value: $1) }
  }

  private func flat(_ value: JSONValue, _ prefix: String) -> [String: JSONValue] {
    var row: [String: JSONValue] = [:]
    for (key, value) in members(value) { add(value, prefix + key, &row) }
    return row
  }

  private func add(_ value: JSONValue, _ name: String, _ row: inout [String: JSONValue]) {
    guard case .object = value else {
      row[name] = value
      return
    }
    for (key, value) in members(value) { add(value, name + "." + key, &row) }
  }

  /// What a table does not have in common with these rows; nil when there is nothing.
  func difference(from table: Table) -> String? {
    if isWide { return nil }
    if table.rowCount != rows.count { return "\(table.rowCount) rows for \(rows.count)" }
    let names = rows.reduce(into: Set(["run_spec.name"])) { $0.formUnion($1.keys) }
    if !rows.isEmpty, table.columnNames.sorted() != names.sorted() {
      return "columns \(Set(table.columnNames).symmetricDifference(names)), of \(table.columnNames.count)"
    }
    for (row, wanted) in zip(table.rows, rows) {
      for name in names where name != "run_spec.name" {
        let isID = name == "per_instance_stats.instance_id" || name.hasSuffix(".request_states.instance.id")
        let a = Self.normal(row[name], isID: isID)
        let b = Self.normal(wanted[name] ?? .null, isID: isID)
        if a != b { return "row \(row.number), \(name): \(a) for \(b)" }
      }
    }
    return nil
  }

  private static func normal(_ cell: Cell, isID: Bool) -> String {
    switch cell {
    case .null: return "null"
    case .json(let text):
      return normal((try? JSONValue(parsing: text)) ?? .string("no JSON: \(text)"), isID: false)
    case .string(let text): return isID ? Double(text).map { "\($0)" } ?? text : "'\(text)'"
    default: return cell.number.map { "\($0)" } ?? cell.text
    }
  }

  /// Numbers as doubles, and those that JSON does not have as texts.
  private static func normal(_ value: JSONValue, isID: Bool) -> String {
    switch value {
    case .null: return "null"
    case .bool(let value): return "\(value)"
    case .string(let text): return isID ? Double(text).map { "\($0)" } ?? text : "'\(text)'"
    case .array(let elements): return "[" + elements.map { inner($0) }.joined(separator: ",") + "]"
    case .object(let members):
      return "{" + members.map { $0.key + ":" + inner($0.value) }.joined(separator: ",") + "}"
    default: return "\(value.double!)"
    }
  }

  private static func inner(_ value: JSONValue) -> String {
    guard let number = value.double, !number.isFinite else { return normal(value, isID: false) }
    return "'\(Cell.double(number).text)'"
  }
}
