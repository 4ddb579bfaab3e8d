/// A report of runs in one page that opens from disk: what was read, leaderboards, coverage, scores, runs, comparisons
/// and instances.
package struct RunReport: Sendable {
  package struct Options: Sendable {
    package var title = "Benchmark runs"
    /// Two models to compare; none when nil.
    package var models: (first: String, second: String)?
    /// How many instances of each run are in the page, the worst first.
    package var instances = 0
    /// How many rows a table of the page has at most; of more than 500 the page draws a part at a time.
    package var maxRows = 100_000
    /// The predictions of a backtest to show.
    package var backtest: BacktestPage?
    /// Whether to read the scores of instances, for standard errors, intervals and tie groups.
    package var readsInstances = true
    /// How many characters of a text are in the page; all when nil.
    package var textLimit: Int? = 2000

    package init() {}
  }

  package let page: HTMLPage
  /// What was left out, and why.
  package let notes: [String]
  package let faults: [DataFault]

  /// Reads the runs and makes the page.
  /// - Parameter paths: what was read, as the user named it.
  /// - Throws: what the source throws.
  package init(
    of source: some RunSource, paths: [String], rules: HeadlineRules, options: Options = Options()
  ) async throws {
    var notes: [String] = []
    let listing = try await source.list().checkingStatistics(of: source)
    var runs = try await BoardRuns.read(source, listing: listing)
    var faults = listing.entries.flatMap(\.faults) + rules.faults
    let metrics = Set(
      runs.runs.compactMap { run in
        rules.headline(.init(name: run.name, path: run.path, groups: run.groups), run.stats)?.metric.name
      })
    if options.readsInstances {
      runs = try await runs.withInstances(source, metrics: metrics, listing: listing)
    }
    faults = (faults + runs.faults).unique()
    var page = HTMLPage(title: options.title)
    let headlines = runs.runs.map { run in
      rules.headline(.init(name: run.name, path: run.path, groups: run.groups), run.stats)
    }
    page.sections.append(("summary", "Summary", Self.summary(paths, listing, runs, faults)))
    if !runs.runs.isEmpty {
      let schema = try rules.boardSchema(of: runs)
      var ties: [String: BoardTies] = [:]
      if options.readsInstances, let board = Self.shownBoards(schema, runs, group: nil, &notes).first {
        let found = try await BoardTies.read(board, of: runs, in: source)
        ties[board.name] = found
        notes += found.notes
      }
      page.sections.append(
        ("leaderboard", "Leaderboard", Self.boards(schema, runs, options, ties: ties, &notes)))
      page.sections.append(("coverage", "Coverage", [Self.coverage(listing, options)]))
      page.sections.append(("scores", "Scores by scenario", Self.charts(runs, headlines)))
    }
    let runTable = Self.runTable(listing, runs, headlines, options)
    notes += [runTable.omission].compactMap(\.self)
    page.sections.append(("runs", "Runs", [runTable.node]))
    if let backtest = options.backtest {
      page.sections.append(("backtest", "Predictions", backtest.nodes))
      notes += backtest.notes
    }
    if let models = options.models {
      let nodes = try await Self.comparison(source, rules, models, options, &notes)
      page.sections.append(("comparison", "Comparison", nodes))
    }
    if options.instances > 0 {
      var nodes: [HTMLNode] = []
      for (row, number) in listing.entryOfRow.enumerated() where listing.entries[number].faults.isEmpty {
        do {
          nodes += try await Self.instances(
            listing.entries[number], listing.runSpecs.rows[row], source, rules, options)
        } catch let fault as DataFault { faults.append(fault) }
      }
      page.sections.append(("instances", "Instances", nodes))
    }
    page.sections.append(("reading", "How to read this page", Self.help))
    self.page = page
    self.notes = notes + runs.notes
    self.faults = faults
  }

  private static func summary(
    _ paths: [String], _ listing: RunListing, _ runs: BoardRuns, _ faults: [DataFault]
  ) -> [HTMLNode] {
    func item(_ name: String, _ value: String) -> [HTMLNode] {
      [.element("dt", [:], [.text(name)]), .element("dd", [:], [.data(value)])]
    }
    let entries = listing.entries
    let complete = entries.count { $0.faults.isEmpty }
    let facts =
      item("Read", paths.joined(separator: ", "))
      + item("Suites", entries.map(\.suite).unique().joined(separator: ", "))
      + item("Runs", "\(entries.count), of which \(complete) are complete")
      + item("Models", "\(runs.runs.map(\.model).unique().count)")
      + item("Tasks", "\(runs.runs.map(\.task).unique().count)")
    var nodes: [HTMLNode] = [.element("dl", [:], facts)]
    if !faults.isEmpty {
      let table = ReportTable(
        id: "faults", caption: "Faults: \(faults.count)",
        columns: ["file", "place", "problem", "advice"].map { .init(title: $0) },
        rows: faults.map { fault in
          [
            .text(fault.file), .text(fault.place, note: "the whole file"), .text(fault.problem),
            .text(fault.advice, note: "none"),
          ]
        })
      nodes.append(table.node)
    }
    return nodes
  }

  /// The boards of a run group; without one those of the schema's first group that has any.
  private static func shownBoards(
    _ schema: Schema, _ runs: BoardRuns, group: String?, _ notes: inout [String]
  ) -> [Board] {
    var maker = BoardMaker(schema, runs)
    let groups =
      group.map { [schema.group($0)].compactMap(\.self) }
      ?? schema.runGroups.filter { !$0.subgroups.isEmpty } + schema.runGroups.filter(\.subgroups.isEmpty)
    var boards: [Board] = []
    for group in groups {
      boards = maker.boards(of: group).map(\.withoutEmptyColumns).filter { board in
        board.columns.contains { $0.kind == .metric }
      }
      if !boards.isEmpty { break }
    }
    notes = (notes + maker.problems).unique()
    return boards
  }

  /// The tables of the boards of a run group, or of the schema's first that has any.
  static func boards(
    _ schema: Schema, _ runs: BoardRuns, _ options: Options, group: String? = nil,
    ties: [String: BoardTies] = [:], _ notes: inout [String]
  ) -> [HTMLNode] {
    let boards = shownBoards(schema, runs, group: group, &notes)
    var nodes: [HTMLNode] = [
      .element("p", ["class": "soft"], [.text("Schema: "), .data(schema.source)])
    ]
    for (number, board) in boards.prefix(8).enumerated() {
      nodes.append(.element("h3", [:], [.data(board.title)]))
      nodes.append(table(board, id: "board\(number + 1)", options, ties[board.name]?.groups).node)
    }
    if boards.count > 8 { notes.append("8 of \(boards.count) boards are in the page") }
    return nodes
  }

  private static func table(
    _ board: Board, id: String, _ options: Options, _ groups: [Int?]?
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
      [.text(row.title)] + (groups.map { [.count($0[number], note: "not tested")] } ?? [])
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

  static func coverage(_ listing: RunListing, _ options: Options) -> HTMLNode {
    let matrix = CoverageMatrix(listing)
    let tasks = matrix.scenarios
    var rows: [[ReportTable.Cell]] = []
    for model in matrix.models {
      var row: [ReportTable.Cell] = [.text(model), .count(matrix.count(of: model))]
      for task in tasks {
        if let entry = matrix.entry(model, task) {
          let problem = entry.problem.map { ": " + $0 } ?? ""
          row.append(.text(entry.state.symbol, note: entry.state.rawValue + problem))
        } else {
          row.append(.text(nil, note: "no run"))
        }
      }
      rows.append(row)
    }
    let titles = ["Model", "runs"] + tasks
    let table = ReportTable(
      id: "coverage-table", caption: "Runs by model and scenario: ● complete, ◐ partial, ✕ faulty",
      columns: titles.map { ReportTable.Column(title: $0) }, rows: rows, limit: options.maxRows)
    return table.node
  }

  private static func charts(_ runs: BoardRuns, _ headlines: [Headline?]) -> [HTMLNode] {
    var byTask: [String: [(model: String, headline: Headline, error: Double?)]] = [:]
    for (run, headline) in zip(runs.runs, headlines) {
      guard let headline, headline.mean != nil else { continue }
      byTask[run.task, default: []].append((run.model, headline, run.standardError(of: headline.metric)))
    }
    var nodes: [HTMLNode] = []
    for task in byTask.keys.sorted().prefix(60) {
      let members = byTask[task] ?? []
      guard let first = members.first?.headline else { continue }
      let isReversed = first.lowerIsBetter == true
      var dots: [DotChart.Dot] = []
      for member in members {
        guard let mean = member.headline.mean else { continue }
        let half = member.error.map { Normal.quantile(0.975) * $0 }
        dots.append(
          DotChart.Dot(
            label: member.model, value: mean,
            interval: half.map { Interval(lower: mean - $0, upper: mean + $0) }))
      }
      dots.sort { a, b in
        if a.value == b.value { return a.label < b.label }
        return isReversed ? a.value < b.value : a.value > b.value
      }
      let direction = isReversed ? ", lower is better" : ""
      let metric = first.metric.text
      let subtitle: String = metric + direction + "; " + first.rule
      nodes.append(HTMLNode.element("h3", [:], [.data(task)]))
      nodes.append(HTMLNode.element("p", ["class": "soft"], [.data(subtitle)]))
      nodes.append(DotChart(title: task + ": " + metric, dots: Array(dots.prefix(80))).node)
    }
    return nodes
  }

  private static func runTable(
    _ listing: RunListing, _ runs: BoardRuns, _ headlines: [Headline?], _ options: Options
  ) -> ReportTable {
    var known: [String: (model: String, headline: Headline?)] = [:]
    for (run, headline) in zip(runs.runs, headlines) { known[run.path] = (run.model, headline) }
    var rows: [[ReportTable.Cell]] = []
    for entry in listing.entries {
      let headline: Headline? = known[entry.path]?.headline
      let note: String = headline.map { $0.notes.joined(separator: "; ") } ?? "no score"
      var row: [ReportTable.Cell] = [.text(entry.name), .text(entry.suite)]
      row.append(.text(known[entry.path]?.model, note: "not read"))
      row.append(.text(headline?.metric.text, note: "no known main metric"))
      row.append(.number(headline?.mean, note: note.isEmpty ? nil : note))
      row.append(.text(RunEntry.state(of: entry.faults), style: entry.faults.isEmpty ? "good" : "bad"))
      row.append(.text(entry.problem, note: "none"))
      rows.append(row)
    }
    let titles = ["run", "suite", "model", "metric", "score", "state", "problem"]
    return ReportTable(
      id: "run-table", caption: "Runs: \(listing.entries.count)",
      columns: titles.map { ReportTable.Column(title: $0) }, rows: rows, limit: options.maxRows)
  }

  private static let help: [HTMLNode] = [
    .element(
      "ul", [:],
      [
        "The score of a run is the main metric of its run group in HELM's schema, on unperturbed inputs of the main split.",
        "A win rate is the share of the other models that a model outdoes, ties counting half, averaged over columns; it depends on which models are on the board.",
        "A value in bold is the best of its column; darker cells are better. Hold the pointer over a cell to see what it is made of.",
        "A dash is a missing value, never 0.",
        "Lines through dots are 95% intervals of the score over instances: 1.96 standard errors to either side.",
        "A tie group holds the models whose scores cannot be told from those of its first model (paired tests of all models, Holm's correction, 0.05); of two others in it that says nothing.",
      ].map { .element("li", [:], [.text($0)]) })
  ]
}
