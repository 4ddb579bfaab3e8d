extension RunReport.Parts {
  /// What was read, what came of it in a few sentences, and the faults.
  mutating func summary(
    _ paths: [String], _ listing: RunListing, _ runs: BoardRuns, _ headlines: [Headline?],
    _ faults: [DataFault], _ findings: [String]
  ) -> [HTMLNode] {
    func item(_ name: String, _ value: String) -> [HTMLNode] {
      [.element("dt", [:], [.text(name)]), .element("dd", [:], [.data(value)])]
    }
    let entries = listing.entries
    let complete = entries.count { $0.faults.isEmpty }
    let scored = headlines.count { $0?.mean != nil }
    let facts =
      item("Read", paths.joined(separator: ", "))
      + item("Suites", entries.map(\.suite).unique().joined(separator: ", "))
      + item("Runs", "\(entries.count), of which \(complete) are complete")
      + item("Models", "\(runs.runs.map(\.model).unique().count)")
      + item("Tasks", "\(runs.runs.map(\.task).unique().count)")
      + item("Scores", "\(scored) of \(headlines.count) runs have their main metric")
      + (options.date.map { item("Date", $0) } ?? [])
    var nodes: [HTMLNode] = [
      .element("dl", [:], facts),
      .element("ul", [:], findings.map { .element("li", [:], [.data($0)]) }),
    ]
    if !faults.isEmpty {
      let states = ReportTable(
        id: "states", caption: "Runs by state",
        columns: ["state", "runs", "example"].map { .init(title: $0) },
        rows: RunStates(listing).entries.map { [.text($0.state), .count($0.count), .text($0.example)] })
      let table = ReportTable(
        id: "faults", caption: "Faults: \(faults.count)",
        columns: ["file", "place", "problem", "advice"].map { .init(title: $0) },
        rows: faults.map { fault in
          [
            .text(fault.file), .text(fault.place, orElse: "the whole file"), .text(fault.problem),
            .text(fault.advice, orElse: "none"),
          ]
        }, limit: options.maxRows)
      nodes += [node(states), node(table)]
    }
    return nodes
  }

  /// The boards that are in the page: of the groups asked for, or of all that have runs, those of groups that hold
  /// others first.
  /// - Throws: `MagnetError` for a group that the schema does not have.
  mutating func shownBoards(_ schema: Schema, _ runs: BoardRuns) throws -> [Board] {
    var maker = BoardMaker(schema, runs)
    var groups =
      schema.runGroups.filter { !$0.subgroups.isEmpty } + schema.runGroups.filter(\.subgroups.isEmpty)
    if !options.groups.isEmpty {
      groups = try options.groups.map { name in
        guard let group = schema.group(name) else {
          throw MagnetError(
            .notFound, "no run group '\(name)' in \(schema.source)",
            advice: suggestion(for: name, among: schema.runGroups.map(\.name)))
        }
        return group
      }
    }
    let boards = groups.flatMap { maker.boards(of: $0) }.map(\.withoutEmptyColumns).filter { board in
      board.columns.contains { $0.kind == .metric }
    }
    notes = (notes + maker.problems).unique()
    if boards.count > options.boards {
      notes.append(
        "\(options.boards) of \(boards.count) boards are in the page; --boards \(boards.count) has all, and --group "
          + "those of a group")
    }
    return Array(boards.prefix(options.boards))
  }

  /// The tables of boards. A reader chooses one by name; without the page's script, and on paper, all are there.
  /// - Parameter ties: the tie groups of the first.
  mutating func boards(_ schema: Schema, _ boards: [Board], ties: BoardTies? = nil) -> [HTMLNode] {
    var nodes: [HTMLNode] = [
      .element("p", ["class": "soft"], [.text("Schema: "), .data(schema.source)])
    ]
    if boards.isEmpty { nodes.append(.element("p", [:], [.text("No board has a value.")])) }
    for (number, board) in boards.enumerated() {
      let group = schema.group(board.group)?.field.displayName ?? board.group
      let title = group == board.title ? board.title : "\(group): \(board.title)"
      let table = Self.table(
        board, id: "board\(number + 1)", options, number == 0 ? ties?.groups : nil)
      nodes.append(
        .element(
          "div", ["data-board": board.group + "/" + board.name, "data-title": title],
          [.element("h3", [:], [.data(title)]), node(table)]))
    }
    return nodes
  }

  private static func table(
    _ board: Board, id: String, _ options: RunReport.Options, _ groups: [Int?]?
  ) -> ReportTable {
    let columns =
      [ReportTable.Column(title: "Model")]
      + (groups == nil
        ? []
        : [
          .init(
            title: "Tie group", lowFirst: true,
            description: "Models that cannot be told from the first of their group", part: .group)
        ])
      + board.columns.map { column in
        .init(
          title: column.title, lowFirst: column.lowerIsBetter == true, description: column.description,
          part: column.kind == .winRate ? .rate : column.lowerIsBetter.map { $0 ? .lower : .higher })
      }
    let rows = board.ranked.enumerated().map { number, row -> [ReportTable.Cell] in
      [.text(row.title)] + (groups.map { [.count($0[number], orElse: "not tested")] } ?? [])
        + zip(board.columns.indices, row.cells).map { place, cell in
          var note = cell.stat.map { "\($0.helmText); \(cell.scenarioCount) of \(cell.expectedCount) runs" }
          if let error = cell.standardError {
            note = "standard error \(ReportText.number(error)); " + (note ?? "")
          }
          if cell.value == nil { note = cell.note ?? "no comparable columns" }
          return .number(
            cell.value, note: note, style: (cell.isBest ? "b " : "") + shade(cell.value, place, board))
        }
    }
    return ReportTable(
      id: id, caption: "\(board.title): models by scenarios, the best first", columns: columns, rows: rows,
      limit: options.maxRows, hidable: "Models")
  }

  /// How good a value is within its column, in five steps; none where the column has no direction.
  private static func shade(_ value: Double?, _ column: Int, _ board: Board) -> String {
    guard let value, let isReversed = board.columns[column].lowerIsBetter else { return "" }
    let values = board.rows.compactMap { $0.cells[column].value }
    guard values.count > 1 else { return "" }
    let outdone = values.count { isReversed ? $0 > value : $0 < value }
    return "s\(1 + min(4, 5 * outdone / values.count))"
  }

  /// Which models have runs of which tasks, how many, and which are missing.
  mutating func coverage(_ listing: RunListing) -> [HTMLNode] {
    let matrix = CoverageMatrix(listing)
    let tasks = matrix.scenarios
    var rows: [[ReportTable.Cell]] = []
    for model in matrix.models {
      var row: [ReportTable.Cell] = [.text(model), .count(matrix.count(of: model))]
      for task in tasks {
        if let entry = matrix.entry(model, task) {
          let problem = entry.problem.map { ": " + $0 } ?? ""
          let runs = entry.runs.joined(separator: ", ")
          row.append(.text(entry.state.symbol, note: "\(entry.state.rawValue)\(problem); \(runs)"))
        } else {
          row.append(.text(nil, note: "no run"))
        }
      }
      rows.append(row)
    }
    let counts = tasks.map { task in matrix.models.count { matrix.entry($0, task) != nil } }
    let table = ReportTable(
      id: "coverage-table", caption: "Runs by model and task: ● complete, ◐ partial, ✕ faulty",
      columns: (["Model", "tasks"] + tasks).map { ReportTable.Column(title: $0) }, rows: rows,
      limit: options.maxRows,
      footer: [.text("models"), .count(counts.reduce(0, +))] + counts.map { .count($0) })
    var nodes = [node(table)]
    if !matrix.missing.isEmpty {
      nodes.append(
        node(
          ReportTable(
            id: "missing",
            caption: "Missing: \(matrix.missing.count) runs of tasks that half of the models have",
            columns: ["model", "task"].map { .init(title: $0) },
            rows: matrix.missing.map { [.text($0.model), .text($0.scenario)] }, limit: options.maxRows)))
    }
    return nodes
  }
}
