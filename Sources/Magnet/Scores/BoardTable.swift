extension BoardMaker {
  /// A table: its rows in HELM's order, a cell for each column, and the aggregates in front.
  mutating func table(
    _ page: Schema.RunGroup, name: String, title: String, _ unordered: [Method],
    columns pairs: [(group: Schema.RunGroup, metricGroup: String)], isOfScenario: Bool = false,
    subSplit: String? = nil, aggregations: [String] = []
  ) -> Board {
    let isOfSeveral = Set(pairs.map(\.group.name)).count > 1
    let columns = pairs.flatMap { metricColumns($0.group, $0.metricGroup, isOfSeveral, subSplit) }
    let methods = unordered.enumerated().sorted { a, b in
      let one = (place(a.element.deployment), a.element.deployment)
      let other = (place(b.element.deployment), b.element.deployment)
      if one.0 != other.0 { return one.0 < other.0 }
      if one.1 != other.1 { return one.1.unicodeScalars.lexicographicallyPrecedes(other.1.unicodeScalars) }
      return a.offset < b.offset
    }.map(\.element)
    let infos = Self.distinguishing(methods.map(\.fields))
    var rows: [Board.Row] = []
    for (method, info) in zip(methods, infos) {
      let known = model(method)
      let extra = info.filter { $0.key != "model" && $0.key != "model_deployment" }
      let details = extra.map { "\($0.key): \(BoardRuns.python($0.value))" }.joined(separator: ", ")
      let cells = columns.map { cell(method.runs, $0, table: name, model: known.name) }
      rows.append(
        Board.Row(
          title: known.title + (details.isEmpty ? "" : " [\(details)]"), model: known.name,
          deployment: method.deployment,
          runs: isOfScenario ? method.runs.map { runs[$0].name } : nil, cells: cells))
    }
    var board = Board(
      group: page.name, name: name, title: title, columns: columns, rows: rows,
      scenarioRuns: isOfScenario ? unordered.flatMap { $0.runs.map { runs[$0].name } } : [])
    count(&board)
    aggregate(&board, aggregations)
    markBest(&board)
    return board
  }

  /// The columns that a metric group has of a run group.
  private mutating func metricColumns(
    _ group: Schema.RunGroup, _ name: String, _ isOfSeveral: Bool, _ subSplit: String?
  ) -> [Board.Column] {
    guard group.metricGroups.contains(name.replacing("_detailed", with: "")),
      let metricGroup = schema.metricGroup(name)
    else { return [] }
    var columns: [Board.Column] = []
    for unfilled in metricGroup.matchers {
      var matcher: Schema.Matcher
      do { matcher = try unfilled.filled(group.environment) } catch {
        note("\(group.name): column \(unfilled.name) left out: \(error)")
        continue
      }
      if let subSplit { matcher.subSplit = subSplit }
      guard let field = schema.metric(matcher.name) else {
        note("\(group.name): column \(matcher.name) left out: the schema does not define this metric")
        continue
      }
      var title = field.shortTitle
      var metadata = [
        (key: "metric", value: field.shortTitle), (key: "run_group", value: group.field.shortTitle),
      ]
      let about = group.shortDescription.flatMap { $0.isEmpty ? nil : $0 } ?? group.field.description
      var description = about.map { $0 + "\n\n" } ?? ""
      description += "\(field.displayName ?? field.name): \(field.description ?? "")"
      if let name = matcher.perturbation {
        guard let perturbation = schema.perturbation(name) else {
          note(
            "\(group.name): column \(matcher.name) left out: the schema does not define the perturbation \(name)"
          )
          continue
        }
        title += " (\(perturbation.shortTitle))"
        description +=
          "\n- Perturbation \(perturbation.displayName ?? name): \(perturbation.description ?? "???")"
        metadata.append((key: "perturbation", value: perturbation.shortTitle))
      }
      columns.append(
        Board.Column(
          kind: .metric, group: group.name, matcher: matcher,
          title: isOfSeveral ? "\(group.field.shortTitle) - \(title)" : title, description: description,
          lowerIsBetter: field.lowerIsBetter, metadata: metadata))
    }
    return columns
  }

  private mutating func note(_ problem: String) {
    if noted.insert(problem).inserted { problems.append(problem) }
  }

  /// The cell of some runs in a column: the statistic of each, merged.
  private mutating func cell(
    _ all: [Int], _ column: Board.Column, table: String, model: String
  ) -> Board.Cell {
    var cell = Board.Cell()
    guard let matcher = column.matcher else { return cell }
    var members = all.filter { runs[$0].groups.contains(column.group) }
    // Of bAbI, boards show the runs of all tasks together.
    if column.group.contains("babi"), !table.contains("task:") {
      members = members.filter { runs[$0].name.contains("task=all") }
    }
    if !options.countsRepeated { members = members.unique() }
    cell.runCount = Set(members.map { runs[$0].task }).count
    if members.isEmpty {
      cell.note = "No matching runs"
      return cell
    }
    var merged: MergedStat?
    // Σ count² · variance, as long as every statistic has one.
    var squares: Double? = 0
    for number in members {
      switch runs[number].stats.match(matcher) {
      case .none: continue
      case .several(let names):
        note(
          "\(runs[number].name): left out of the column \(column.title): \(names.count) statistics match "
            + "\(matcher.name)")
      case .one(_, let stat, _):
        if merged == nil { merged = stat } else { merged? += stat }
        for entry in runs[number].stats.entries(matching: matcher) where entry.stat.count > 0 {
          let weight = Double(entry.stat.count)
          let variance = runs[number].errors.variance(of: entry)
          squares = squares.flatMap { sum in variance.map { sum + weight * weight * $0 } }
        }
        if !cell.paths.contains(runs[number].path) {
          cell.runs.append(runs[number].name)
          cell.paths.append(runs[number].path)
        }
      }
    }
    cell.runs = cell.runs.unique()
    guard let merged else {
      cell.note = "\(members.count) matching runs, but no matching metrics"
      return cell
    }
    cell.stat = merged
    if Self.logProbabilityModels.contains(model), Self.logProbabilityMetrics.contains(matcher.name) {
      cell.note = "hidden: log probabilities of this model are unreliable"
    } else {
      cell.value = merged.mean
      if cell.value == nil { cell.note = "the statistic is over no values" }
      if merged.count > 0 { cell.standardError = squares.map { $0.squareRoot() / Double(merged.count) } }
    }
    return cell
  }

  /// Counts, for each column, the different scenarios that any row has a value from.
  private func count(_ board: inout Board) {
    let tasks = Dictionary(runs.map { ($0.path, $0.task) }, uniquingKeysWith: { first, _ in first })
    for column in board.columns.indices {
      let all = Set(board.rows.flatMap { $0.cells[column].paths.compactMap { tasks[$0] } }).count
      for row in board.rows.indices {
        let own = Set(board.rows[row].cells[column].paths.compactMap { tasks[$0] }).count
        board.rows[row].cells[column].scenarioCount = own
        board.rows[row].cells[column].expectedCount = all
      }
    }
  }

  private mutating func aggregate(_ board: inout Board, _ names: [String]) {
    var made: [(column: Board.Column, values: [Double?], errors: [Double?])] = []
    let none: [Double?] = Array(repeating: nil, count: board.rows.count)
    let columns = board.columns.indices.map { column in
      (values: board.rows.map { $0.cells[column].value }, lowerIsBetter: board.columns[column].lowerIsBetter)
    }
    for name in names {
      switch name {
      case "win_rate":
        let rates = BoardAggregate.winRates(
          columns, rowCount: board.rows.count, breaksTies: options.breaksTies)
        made.append(
          (
            Board.Column(
              kind: .winRate, group: "", matcher: nil, title: "Mean win rate",
              description: "How many models this model outperforms on average (over columns).",
              lowerIsBetter: false, metadata: []), rates, none
          ))
      case "mean":
        guard !columns.isEmpty else { continue }
        guard Set(columns.map(\.lowerIsBetter)).count == 1 else {
          note("\(board.group) \(board.name): no mean score: its columns have different directions")
          continue
        }
        made.append(
          (
            Board.Column(
              kind: .mean, group: "", matcher: nil, title: "Mean score",
              description: "The mean of the scores from all columns.", lowerIsBetter: nil, metadata: []),
            BoardAggregate.means(columns.map(\.values), rowCount: board.rows.count),
            board.rows.map(BoardAggregate.errorOfMean)
          ))
      default: note("\(board.group) \(board.name): unknown aggregation strategy \(name)")
      }
    }
    board.columns.insert(contentsOf: made.map(\.column), at: 0)
    for row in board.rows.indices {
      board.rows[row].cells.insert(
        contentsOf: made.map { Board.Cell(value: $0.values[row], standardError: $0.errors[row]) }, at: 0)
    }
  }

  private func markBest(_ board: inout Board) {
    for (number, column) in board.columns.enumerated() {
      guard let isReversed = column.lowerIsBetter else { continue }
      let values = board.rows.compactMap { $0.cells[number].value }
      guard let best = isReversed ? values.min() : values.max() else { continue }
      for row in board.rows.indices where board.rows[row].cells[number].value == best {
        board.rows[row].cells[number].isBest = true
      }
    }
  }
}
