/// A condition on the rows of a table: `COLUMN=VALUE`.
package struct RowCondition: Sendable {
  /// The column, or the end of its name.
  package let column: String
  /// What its cells are to be; empty for missing cells.
  package let value: String

  /// Reads `COLUMN=VALUE`; nil for anything else.
  package init?(_ text: String) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else { return nil }
    column = String(parts[0])
    value = String(parts[1])
  }

  fileprivate func holds(for cell: Cell) -> Bool {
    if cell == .null { return value.isEmpty }
    if case .int(let number) = cell, let wanted = Int64(value) { return number == wanted }
    if let number = cell.number, let wanted = Double(value) {
      return number == wanted || number.isNaN && wanted.isNaN
    }
    return cell.text == value
  }
}

extension Table {
  /// The rows for which all conditions hold.
  /// - Throws: `MagnetError` for a column that does not exist, a text compared with numbers, or a condition that no
  ///   row meets.
  package func filtered(by conditions: [RowCondition]) throws -> Table {
    if conditions.isEmpty || rowCount == 0 { return self }
    var isKept = [Bool](repeating: true, count: rowCount)
    for condition in conditions {
      let name = try resolve(condition.column)
      guard let column = position(of: name) else { continue }
      var isMet = false
      forEachRow { row in
        let holds = condition.holds(for: row[column])
        isMet = isMet || holds
        isKept[row.number] = isKept[row.number] && holds
      }
      if !isMet { throw unmet(condition, name, column) }
    }
    return rows(at: isKept.indices.filter { isKept[$0] })
  }

  /// Why no row meets a condition.
  private func unmet(_ condition: RowCondition, _ name: String, _ column: Int) -> MagnetError {
    if condition.value.isEmpty {
      return MagnetError(.notFound, "no row without a value", at: name)
    }
    var texts: Set<String> = []
    var hasNumbers = false
    forEachRow { row in
      let cell = row[column]
      if cell.number != nil { hasNumbers = true } else if cell != .null { texts.insert(cell.text) }
    }
    if texts.isEmpty, hasNumbers, Double(condition.value) == nil {
      return MagnetError(.invalidData, "'\(condition.value)' is not a number", at: name)
    }
    return MagnetError(
      .notFound, "no row with '\(condition.value)'", at: name,
      advice: suggestion(for: condition.value, among: texts.sorted(by: codePointOrder)))
  }

  /// The rows in the order of some columns, the first one deciding; `-` before a name puts the largest first.
  /// - Throws: `MagnetError` for a column that does not exist.
  package func sorted(byNames names: [String]) throws -> Table {
    let orders = try names.map { name -> (column: String, isDescending: Bool) in
      if let column = try? resolve(name) { return (column, false) }
      return name.hasPrefix("-") ? (try resolve(String(name.dropFirst())), true) : (try resolve(name), false)
    }
    // Rows that agree keep their order, so the last column goes first.
    return orders.reversed().reduce(self) { $0.sorted(by: [$1.column], isDescending: $1.isDescending) }
  }
}
