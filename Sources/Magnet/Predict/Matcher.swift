/// Finds the rows of actual statistics that predictions are about, and why some find none.
struct Matcher {
  /// The prediction's number and the row it matched, in the order of the predictions.
  let rowPairs: [(prediction: Int, row: Int)]
  /// The numbers of the predictions that matched nothing, and why.
  let unmatched: [(prediction: Int, reason: String)]

  /// - Parameters:
  ///   - instances: the requests' numbers; with them only run, request and metric are compared.
  ///   - prefix: how the columns of the metric's name begin in `actual`.
  init(names: [MetricName], runs: [String], instances: [Int]?, actual: Table, prefix: String) {
    var columns: [(name: String, cells: [Cell])] = [(ColumnKey.run.name, runs.map(Cell.string))]
    if let instances {
      columns.append((Table.instancePredictID, instances.map { .int(Int64($0)) }))
    } else {
      columns.append((prefix + "split", names.map { $0.split.map(Cell.string) ?? .null }))
      if names.contains(where: { $0.subSplit != nil }) {
        columns.append((prefix + "sub_split", names.map { $0.subSplit.map(Cell.string) ?? .null }))
      }
    }
    columns.append((prefix + "name", names.map { .string($0.name) }))
    if instances == nil {
      let fields = names.map { $0.perturbation?.fields ?? [:] }
      let carried = Set(["computed_on", "name", "fairness", "robustness"] + fields.flatMap(\.keys))
      let first = ["name", "computed_on"]
      for field in first + carried.subtracting(first).sorted() {
        columns.append((prefix + "perturbation." + field, fields.map { $0[field] ?? .null }))
      }
    }
    let keys = Table(
      columnNames: columns.map(\.name), rows: names.indices.map { row in columns.map { $0.cells[row] } })
    rowPairs = keys.joinRows(with: actual, on: columns.map { ($0.name, $0.name) }).map { ($0.here, $0.there) }
    let matched = Set(rowPairs.map(\.prediction))
    unmatched = Self.reasons(keys, actual, names.indices.filter { !matched.contains($0) })
  }

  /// Which part of each prediction's key nothing agrees with, when the parts are taken one after the other, and what
  /// is there instead.
  private static func reasons(
    _ keys: Table, _ actual: Table, _ predictions: [Int]
  ) -> [(prediction: Int, reason: String)] {
    var reasons: [Int: String] = [:]
    var before = [Array(repeating: 0, count: keys.rowCount), Array(repeating: 0, count: actual.rowCount)]
    for (number, column) in keys.columnNames.enumerated() where reasons.count < predictions.count {
      let parts = Array(keys.columnNames[...number])
      let codes = Table.keyCodes([(keys, parts), (actual, parts)])
      let there = Set(codes[1])
      let failing = predictions.filter { reasons[$0] == nil && !there.contains(codes[0][$0]) }
      let values = actual.values(of: column, inGroups: before[1], Set(failing.map { before[0][$0] }))
      for prediction in failing {
        reasons[prediction] = reason(
          column, keys[prediction, column], among: values[before[0][prediction]] ?? [])
      }
      before = codes
    }
    return predictions.map { ($0, reasons[$0] ?? "nothing agrees with it") }
  }

  private static func reason(_ column: String, _ cell: Cell, among there: [String]) -> String {
    if there.isEmpty { return "no actual values are there to compare with" }
    let what = title(column)
    if cell == .null {
      return "the prediction has no \(what) (expected: \(there.prefix(3).joined(separator: ", ")))"
    }
    let nearest = nearestNames(to: cell.text, among: there.filter { $0 != nothing })
    return "no \(what) \(cell.text)"
      + (nearest.isEmpty ? "" : "; nearest: " + nearest.joined(separator: ", "))
  }

  /// What stands for null among values.
  fileprivate static let nothing = "none"

  private static func title(_ column: String) -> String {
    if column == ColumnKey.run.name { return "run" }
    if column == Table.instancePredictID { return "instance number" }
    guard let last = column.split(separator: ".").last else { return column }
    if column.contains(".perturbation.") { return "perturbation with \(last)" }
    return last == "name" ? "stat" : String(last)
  }
}

extension Table {
  /// For each of the groups `wanted`, the distinct values of a column as texts, in order of appearance; "none" for
  /// null.
  /// - Parameter groups: the group of each row.
  fileprivate func values(of column: String, inGroups groups: [Int], _ wanted: Set<Int>) -> [Int: [String]] {
    var seen: [Int: Set<Cell>] = [:]
    var values: [Int: [String]] = [:]
    for (row, group) in groups.enumerated() where wanted.contains(group) {
      let cell = self[row, column]
      if seen[group, default: []].insert(cell).inserted {
        values[group, default: []].append(cell == .null ? Matcher.nothing : cell.text)
      }
    }
    return values
  }
}
