/// Finds the rows of actual statistics that predictions are about, and why some find none.
struct Matcher {
  private let keys: Table
  private let actual: Table
  private let on: [(String, String)]
  /// The prediction's number and the row it matched, in the order of the predictions.
  let rowPairs: [(prediction: Int, row: Int)]
  /// The numbers of the predictions that matched nothing.
  let unmatched: [Int]

  /// - Parameters:
  ///   - instances: the requests' numbers; with them only run, request and metric are compared.
  ///   - prefix: how the columns of the metric's name begin in `actual`.
  init(names: [MetricName], runs: [String], instances: [Int]?, actual: Table, prefix: String) {
    var columns: [(name: String, cells: [Cell])] = [("run_spec.name", runs.map(Cell.string))]
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
      for field in carried.sorted() {
        columns.append((prefix + "perturbation." + field, fields.map { $0[field] ?? .null }))
      }
    }
    keys = Table(
      columnNames: columns.map(\.name), rows: names.indices.map { row in columns.map { $0.cells[row] } })
    self.actual = actual
    on = columns.map { ($0.name, $0.name) }
    rowPairs = keys.joinRows(with: actual, on: on).map { ($0.here, $0.there) }
    let matched = Set(rowPairs.map(\.prediction))
    unmatched = names.indices.filter { !matched.contains($0) }
  }

  /// Which part of a prediction's key nothing agrees with, when the parts are taken one after the other, and what
  /// is there instead.
  func reason(_ prediction: Int) -> String {
    let key = keys.rows(at: [prediction])
    var candidates = actual
    for (column, _) in on {
      let cell = key[0, column]
      let agreeing = key.joinRows(with: candidates, on: [(column, column)]).map(\.there)
      if agreeing.isEmpty {
        let what = Self.title(column)
        let there = candidates.values(of: column)
        if there.isEmpty { return "no actual values are there to compare with" }
        if cell == .null {
          return "\(what) is missing in the prediction; there is " + there.joined(separator: ", ")
        }
        let nearest = nearestNames(to: cell.text, among: there)
        return "no \(what) \(cell.text); there is " + nearest.joined(separator: ", ")
      }
      candidates = candidates.rows(at: agreeing)
    }
    return "nothing agrees with it"
  }

  private static func title(_ column: String) -> String {
    if column == "run_spec.name" { return "run" }
    if column == Table.instancePredictID { return "instance number" }
    guard let last = column.split(separator: ".").last else { return column }
    if column.contains(".perturbation.") { return "perturbation with \(last)" }
    return last == "name" ? "stat" : String(last)
  }
}

extension Table {
  /// The distinct values of a column as texts, in order of appearance; `none` for null.
  fileprivate func values(of column: String) -> [String] {
    groups(by: [column]).map { group in
      let cell = self[group[0], column]
      return cell == .null ? "none" : cell.text
    }
  }
}
