/// What the cells of one model on a board are made of.
package struct BoardExplanation: Sendable {
  /// One row per column, run and statistic: column, run, mean, count, sum, verdict, suite, metric, split, sub_split,
  /// perturbation, computed_on. Runs that other models have and this one lacks have a row without numbers; of an aggregate there
  /// is one row per column that it is over.
  package let table: Table
  /// Each column's value in a sentence.
  package let notes: [String]

  /// Explains the cells of a model's rows.
  /// - Parameters:
  ///   - model: the model's name, deployment or title.
  ///   - column: the title of a column; all when nil.
  ///   - breaksTies: how win rates were counted.
  /// - Throws: `MagnetError` for a model or a column that the board does not have.
  package init(
    of board: Board, model: String, column: String?, runs: BoardRuns, schema: Schema, breaksTies: Bool = false
  ) throws {
    let rows = board.rows.indices.filter { number in
      let row = board.rows[number]
      return [row.model, row.deployment, row.title].contains(model)
    }
    if rows.isEmpty {
      throw MagnetError(
        .notFound, "no model '\(model)' on the board \(board.title)",
        advice: suggestion(for: model, among: board.rows.flatMap { [$0.model, $0.title] }.unique()))
    }
    let columns = board.columns.indices.filter { column == nil || board.columns[$0].title == column }
    if let column, columns.isEmpty {
      throw MagnetError(
        .notFound, "no column '\(column)' on the board \(board.title)",
        advice: suggestion(for: column, among: board.columns.map(\.title)))
    }
    var lines: [[Cell]] = []
    var notes: [String] = []
    for row in rows {
      for column in columns {
        lines += Self.lines(board, row, column, runs, breaksTies)
        notes.append(Self.note(board, row, column, schema))
      }
    }
    table = Table(
      columnNames: [
        "column", "run", "mean", "count", "sum", "verdict", "suite", "metric", "split", "sub_split",
        "perturbation", "computed_on",
      ], rows: lines)
    self.notes = notes
  }

  private static func note(_ board: Board, _ row: Int, _ column: Int, _ schema: Schema) -> String {
    let cell = board.rows[row].cells[column]
    let title = "\(board.rows[row].title), \(board.columns[column].title)"
    guard let value = cell.value else { return "\(title): no value: \(cell.note ?? "no comparable columns")" }
    guard let stat = cell.stat, let matcher = board.columns[column].matcher else {
      return "\(title): \(value), over the columns below"
    }
    let incomplete = cell.scenarioCount < cell.expectedCount ? ": incomplete" : ""
    return
      "\(title): \(value) = \(stat.sum) / \(stat.count), over \(cell.scenarioCount) of \(cell.expectedCount) runs"
      + "\(incomplete); \(matcher.name)@\(matcher.split)"
      + (matcher.perturbation.map { ", the worst under \($0)" } ?? "") + ", by \(schema.source)"
  }

  private static func lines(
    _ board: Board, _ row: Int, _ column: Int, _ runs: BoardRuns, _ breaksTies: Bool
  ) -> [[Cell]] {
    let title = Cell.string(board.columns[column].title)
    guard let matcher = board.columns[column].matcher else {
      return aggregate(board, row, column, title, breaksTies)
    }
    let cell = board.rows[row].cells[column]
    let counted = Set(cell.paths)
    let own = runs.runs.filter { run in
      run.groups.contains(board.columns[column].group)
        && (counted.contains(run.path)
          || (run.model, run.deployment) == (board.rows[row].model, board.rows[row].deployment))
    }
    func line(_ run: BoardRuns.Run, _ entry: RunStats.Entry?, _ verdict: String) -> [Cell] {
      [
        title, .string(run.name), Cell(entry?.stat.mean), Cell(entry?.stat.count), Cell(entry?.stat.sum),
        .string(verdict), .string(run.suite), Cell(entry?.name.name), Cell(entry?.name.split),
        Cell(entry?.name.subSplit), Cell(entry?.name.perturbation?.name),
        Cell(entry?.name.perturbation?.computedOn),
      ]
    }
    var lines = own.flatMap { run -> [[Cell]] in
      if counted.contains(run.path) {
        return run.stats.entries(matching: matcher).map { line(run, $0, "counted") }
      }
      switch run.stats.match(matcher) {
      case .several(let names): return [line(run, nil, "left out: \(names.count) statistics match")]
      case .one: return [line(run, nil, "left out: not shown on this board, or in another row")]
      case .none:
        let splits = run.stats.splits(of: matcher.name)
        let has = splits.isEmpty ? "" : "; the run has \(matcher.name) in \(splits.joined(separator: ", "))"
        return [line(run, nil, "left out: no \(matcher.name) in \(matcher.split)\(has)")]
      }
    }
    // Tasks that others on the board have a value of.
    let tasks = Dictionary(runs.runs.map { ($0.path, $0.task) }, uniquingKeysWith: { first, _ in first })
    let all = Set(board.rows.flatMap { $0.cells[column].paths.compactMap { tasks[$0] } })
    let missing = all.subtracting(own.map(\.task)).sorted()
    lines += missing.map {
      [title, .string($0), .null, .null, .null, .string("missing: no run")]
        + Array(repeating: .null, count: 6)
    }
    return lines
  }

  /// What each column adds to a win rate or mean.
  private static func aggregate(_ board: Board, _ row: Int, _ column: Int, _ title: Cell, _ breaksTies: Bool)
    -> [[Cell]]
  {
    board.columns.indices.compactMap { other -> [Cell]? in
      guard board.columns[other].kind == .metric else { return nil }
      let values = board.rows.map { $0.cells[other].value }
      let direction = board.columns[other].lowerIsBetter
      let isRate = board.columns[column].kind == .winRate
      let share =
        isRate
        ? BoardAggregate.winRates(
          [(values: values, lowerIsBetter: direction)], rowCount: values.count, breaksTies: breaksTies)[row]
        : values[row]
      let known = values.count { $0 != nil }
      let verdict =
        share != nil
        ? isRate
          ? "counted: the share of \(known - 1) others that it outdoes, equal ones as --ties says" : "counted"
        : values[row] == nil ? "left out: no value" : "left out: the column cannot be compared"
      return [
        title, .string(board.columns[other].title), Cell(share), .null, .null, .string(verdict), .null,
        .string(isRate ? "win rate" : "value"), .null, .null, .null, .null,
      ]
    }
  }
}
