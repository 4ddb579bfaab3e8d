/// What SQLite's functions keep of the rows of a group.
private struct GroupSums {
  /// How many cells were not null.
  var count = 0
  var sum = 0.0
  /// The sum of the integers, as long as there was nothing else.
  var whole: Int64 = 0
  var isReal = false
  var hasOverflow = false
  var least: Cell = .null
  var greatest: Cell = .null

  mutating func add(_ value: Double) {
    if value.isNaN { return }
    count += 1
    sum += value
    isReal = true
  }

  mutating func add(_ value: Int64) {
    count += 1
    sum += Double(value)
    if isReal || hasOverflow { return }
    let (total, overflow) = whole.addingReportingOverflow(value)
    whole = total
    hasOverflow = overflow
  }

  mutating func compare(_ value: Double) {
    if value.isNaN { return }
    if case .double(let known) = least, known <= value {} else { least = .double(value) }
    if case .double(let known) = greatest, known >= value {} else { greatest = .double(value) }
  }

  mutating func compare(_ value: Int64) {
    if case .int(let known) = least, known <= value {} else { least = .int(value) }
    if case .int(let known) = greatest, known >= value {} else { greatest = .int(value) }
  }
}

extension RelationScan {
  /// The groups of a query's rows, each with a number, in the order in which they were met.
  private struct Groups {
    private(set) var keys: [[Cell]] = []
    private var numbers: [[Cell]: Int] = [:]

    mutating func number(_ key: [Cell]) -> Int {
      if let known = numbers[key] { return known }
      numbers[key] = keys.count
      keys.append(key)
      return keys.count - 1
    }
  }

  /// The rows of a query's answer; nil where a column holds cells that are left to SQLite.
  func rows(of query: GroupQuery) -> [[Cell]]? {
    var groups = Groups()
    if query.groups.isEmpty { _ = groups.number([]) }
    var sums = Array(repeating: [GroupSums](), count: query.items.count)
    var numbers: [Int32] = []
    var last = LastTexts()
    for part in partNumbers {
      guard setGroupNumbers(&numbers, query.groups, part: part, &groups, &last) else { return nil }
      for (place, item) in query.items.enumerated() {
        guard case .function(let function, let column) = item else { continue }
        while sums[place].count < groups.keys.count { sums[place].append(GroupSums()) }
        if !add(function, column, part: part, numbers, to: &sums[place]) { return nil }
      }
    }
    var rows: [[Cell]] = []
    for (number, key) in groups.keys.enumerated() {
      var row: [Cell] = []
      for (place, item) in query.items.enumerated() {
        switch item {
        case .group(let column): row.append(key[column])
        case .function(let function, _):
          let sums = number < sums[place].count ? sums[place][number] : GroupSums()
          // SQLite reports it.
          if function == .sum, sums.hasOverflow { return nil }
          row.append(Self.cell(function, sums))
        }
      }
      rows.append(row)
    }
    let order = groups.keys.indices.sorted { a, b in
      for (x, y) in zip(groups.keys[a], groups.keys[b]) {
        if Self.sqlOrder(x, y) { return true }
        if Self.sqlOrder(y, x) { return false }
      }
      return false
    }
    return order.map { rows[$0] }
  }

  private static func cell(_ function: GroupQuery.Function, _ sums: GroupSums) -> Cell {
    func real(_ value: Double) -> Cell { value.isNaN ? .null : .double(value) }
    return switch function {
    case .count: .int(Int64(sums.count))
    case .avg: sums.count == 0 ? .null : real(sums.sum / Double(sums.count))
    case .total: real(sums.sum)
    case .sum: sums.count == 0 ? .null : sums.isReal ? real(sums.sum) : .int(sums.whole)
    case .min: sums.least
    case .max: sums.greatest
    }
  }

  /// The texts of the one column that is grouped by, in the last part, and the groups of their codes, -1 for none yet:
  /// as a rule parts have the same texts.
  private struct LastTexts {
    private var texts = ScanCells()
    var groups: [Int32] = []

    /// Goes on to a part's texts.
    /// - Parameter isOnly: whether they alone tell the groups.
    mutating func become(_ new: ScanCells, isOnly: Bool) {
      if isOnly, new.hasTexts(of: texts) { return }
      texts = isOnly ? new : ScanCells()
      groups.removeAll(keepingCapacity: true)
      groups.append(contentsOf: repeatElement(-1, count: new.textCount + 1))
    }
  }

  /// Sets the number of the group of each row of a part, -1 for rows that do not count; false where a column that is grouped
  /// by holds other cells than texts.
  private func setGroupNumbers(
    _ numbers: inout [Int32], _ columns: [Int], part: Int, _ groups: inout Groups, _ last: inout LastTexts
  ) -> Bool {
    numbers.removeAll(keepingCapacity: true)
    let count = rowCount(of: part)
    let cells = columns.map { self.cells(of: part, $0) }
    guard cells.allSatisfy({ $0.areTexts || $0.form == .null }) else { return false }
    let varying = columns.indices.filter { cells[$0].areTexts && !cells[$0].isConstant }
    func key(_ row: Int) -> [Cell] { columns.map { cell(of: part, $0, row: row) } }
    switch varying.count {
    case 0:
      let first = (0..<count).first { holds(part, $0) }
      let number = first.map { Int32(groups.number(key($0))) } ?? -1
      numbers.append(contentsOf: repeatElement(number, count: count))
    case 1:
      let texts = cells[varying[0]]
      last.become(texts, isOnly: columns.count == 1)
      if texts.appendNumbers(count, of: last.groups, to: &numbers) { break }
      numbers.removeAll(keepingCapacity: true)
      for row in 0..<count {
        let code = texts.code(row)
        if last.groups[code] < 0 {
          // A group is one only if one of its rows counts.
          if !holds(part, row) {
            numbers.append(-1)
            continue
          }
          last.groups[code] = Int32(groups.number(key(row)))
        }
        numbers.append(last.groups[code])
      }
    default:
      var known: [[Int]: Int32] = [:]
      for row in 0..<count {
        let codes = varying.map { cells[$0].code(row) }
        if let number = known[codes] {
          numbers.append(number)
        } else if holds(part, row) {
          known[codes] = Int32(groups.number(key(row)))
          numbers.append(known[codes] ?? -1)
        } else {
          numbers.append(-1)
        }
      }
    }
    if hasChecks(part) { for row in 0..<count where !holds(part, row) { numbers[row] = -1 } }
    return true
  }

  /// Adds the cells of a column of a part to the sums of its rows' groups; false where they are left to SQLite.
  private func add(
    _ function: GroupQuery.Function, _ column: Int?, part: Int, _ numbers: [Int32], to sums: inout [GroupSums]
  ) -> Bool {
    guard let column else {
      for number in numbers where number >= 0 { sums[Int(number)].count += 1 }
      return true
    }
    let cells = self.cells(of: part, column)
    switch (function, cells.form) {
    case (_, .null): break
    case (.count, .texts1), (.count, .texts2), (.count, .texts4):
      for (row, number) in numbers.enumerated() where number >= 0 && cells.code(row) > 0 {
        sums[Int(number)].count += 1
      }
    case (.min, .doubles), (.max, .doubles):
      // SQLite compares integers with doubles; here all are of one kind.
      if sums.contains(where: { if case .int = $0.least { true } else { false } }) { return false }
      for (row, number) in numbers.enumerated() where number >= 0 {
        sums[Int(number)].compare(Double(bitPattern: cells.bits(row)))
      }
    case (.min, .ints), (.max, .ints):
      if sums.contains(where: { if case .double = $0.least { true } else { false } }) { return false }
      for (row, number) in numbers.enumerated() where number >= 0 {
        sums[Int(number)].compare(Int64(bitPattern: cells.bits(row)))
      }
    case (_, .doubles):
      for (row, number) in numbers.enumerated() where number >= 0 {
        sums[Int(number)].add(Double(bitPattern: cells.bits(row)))
      }
    case (_, .ints):
      for (row, number) in numbers.enumerated() where number >= 0 {
        sums[Int(number)].add(Int64(bitPattern: cells.bits(row)))
      }
    default: return false
    }
    return true
  }
}
