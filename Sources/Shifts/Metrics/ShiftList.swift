package import Magnet

/// The rows of a shift specification with what their distributions hold.
package struct ShiftList: Sendable {
  package let table: Table
  /// Why distributions cannot be read, in order of appearance.
  package let faults: [String]
  /// What about distributions is unusual, in order of appearance.
  package let warnings: [String]

  /// - Parameter distributions: the folder that holds the distributions; nil to leave them unread.
  package init(_ set: ShiftSet, distributions: String?) {
    var faults: [String] = []
    var warnings: [String] = []
    var summaries: [String: DistributionSummary] = [:]
    if let distributions {
      let ids = set.rows.flatMap { [$0.source, $0.target, $0.targetReference] }.unique()
      for id in ids {
        do {
          let summary = try DistributionSummary(Distribution(folder: distributions + "/" + id))
          summaries[id] = summary
          warnings += summary.warnings.map { "\(id): \($0)" }
        } catch { faults.append("\(error)") }
      }
      warnings += DistributionSummary.equalHalves(ids.compactMap { summaries[$0] })
    }
    var names = ["source", "target", "target_reference", "label", "category", "repeat"]
    if distributions != nil { names += ["train", "test", "responses", "pairs"] }
    var seen: [DistributionShift.Key: Int] = [:]
    let rows = set.rows.map { shift -> [Cell] in
      let repeats = seen[shift.key, default: 0]
      seen[shift.key] = repeats + 1
      let own: [Cell] = [
        .string(shift.source), .string(shift.target), .string(shift.targetReference), Cell(shift.label),
        Cell(shift.category), Cell(repeats),
      ]
      if distributions == nil { return own }
      let source = summaries[shift.source]
      let target = summaries[shift.target]
      return own + [
        Cell(source?.trainCount), Cell(target?.testCount), Cell(target?.responseCount),
        Cell(target?.pairCount),
      ]
    }
    table = Table(columnNames: names, rows: rows)
    self.faults = faults
    self.warnings = warnings
  }
}
