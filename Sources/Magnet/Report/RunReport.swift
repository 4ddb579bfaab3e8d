/// A report of runs in one page that opens from disk: what was read, leaderboards, coverage, scores, runs, comparisons
/// and instances.
package struct RunReport: Sendable {
  package struct Options: Sendable {
    package var title = "Benchmark runs"
    /// The date that the page shows; none when nil, so that the same runs make the same page.
    package var date: String?
    /// The run groups whose boards are in the page; all that have runs when empty.
    package var groups: [String] = []
    /// How many boards are in the page.
    package var boards = 40
    /// Two models to compare; none when nil.
    package var models: (first: String, second: String)?
    /// How many instances of each run are in the page, the worst first.
    package var instances = 0
    /// How many rows a table of the page has at most; of more than 500 the page draws a part at a time.
    package var maxRows = 100_000
    /// After how many bytes no more instances are added.
    package var maxBytes = 20_000_000
    /// The predictions of a backtest to show.
    package var backtest: BacktestPage?
    /// Results of cards, judges and shifts to show: each a table under a title, or a drawing.
    package var results: [ResultSection] = []
    /// Whether to read the scores and answers of instances, for standard errors, intervals, tie groups and health.
    package var readsInstances = true
    /// How many characters of a text are in the page; all when nil.
    package var textLimit: Int? = 2000

    package init() {}
  }

  /// What another part of the program computed, as a section of a page.
  package struct ResultSection: Sendable {
    let id: String
    let title: String
    let tables: [(caption: String, table: Table)]
    let maps: [HeatMap]

    /// A section.
    /// - Parameter id: its id in the page, which is part of the program.
    package init(
      id: StaticString, title: String, tables: [(caption: String, table: Table)], maps: [HeatMap] = []
    ) {
      self.id = "\(id)"
      self.title = title
      self.tables = tables
      self.maps = maps
    }
  }

  package let page: HTMLPage
  /// What was left out, and why.
  package let notes: [String]
  /// How many tables lack rows because of `maxRows`, and how many runs their instances because of `maxBytes`.
  package let cutCount: Int
  package let faults: [DataFault]

  /// Reads the runs and makes the page.
  /// - Parameter paths: what was read, as the user named it.
  /// - Throws: what the source throws.
  package init(
    of source: some RunSource, paths: [String], rules: HeadlineRules, options: Options = Options()
  ) async throws {
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
    let headlines = runs.runs.map { run in
      rules.headline(.init(name: run.name, path: run.path, groups: run.groups), run.stats)
    }
    var made = Parts(options)
    var findings: [String] = []
    if !runs.runs.isEmpty {
      let schema = try rules.boardSchema(of: runs)
      let boards = try made.shownBoards(schema, runs)
      var ties: BoardTies?
      if options.readsInstances, let board = boards.first {
        let found = try await BoardTies.read(board, of: runs, in: source)
        ties = found
        made.notes += found.notes
      }
      findings += Self.leader(boards.first, ties)
      made.add("leaderboard", "Leaderboard", made.boards(schema, boards, ties: ties))
      made.add("coverage", "Coverage", made.coverage(listing))
      made.add("plots", "Plots", made.plots(schema, boards, runs, headlines))
      made.add("scores", "Scores by scenario", made.charts(runs, headlines))
    }
    // Runs that count in no board, as a later suite has them too, have scores all the same.
    let counted = Set(runs.runs.map(\.path))
    let others = try await BoardRuns.read(
      source, keepsRepeated: true,
      listing: listing.keeping { number in
        listing.entries[number].hasStatistics && !counted.contains(listing.entries[number].path)
      })
    var all = runs
    all.runs += others.runs
    made.add(
      "runs", "Runs",
      made.runTable(
        listing, all,
        headlines
          + others.runs.map {
            rules.headline(.init(name: $0.name, path: $0.path, groups: $0.groups), $0.stats)
          }))
    if options.readsInstances, !runs.runs.isEmpty {
      let health = try await RunHealth(of: source, rules: rules)
      faults = (faults + health.faults).unique()
      made.add("health", "Health", made.health(health))
      let flagged = health.entries.count { !$0.flags.isEmpty }
      findings.append("\(flagged) of \(health.entries.count) runs are flagged for their answers or scores.")
    }
    if let backtest = options.backtest {
      made.add("backtest", "Predictions", backtest.nodes)
      made.notes += backtest.notes
    }
    for result in options.results { made.add(result.id, result.title, made.result(result)) }
    if let models = options.models {
      made.add("comparison", "Comparison", try await made.comparison(source, rules, models))
    }
    if options.instances > 0 {
      made.add("instances", "Instances", try await made.instances(listing, source, rules, &faults))
    }
    made.add("reading", "How to read this page", Self.help)
    let missing = CoverageMatrix(listing).missing.count
    findings.append(
      missing == 0
        ? "No run is missing." : "\(missing) runs are missing of tasks that half of the models have.")
    // Written last, as it says what the others found, and read first.
    let summary = made.summary(paths, listing, runs, headlines, faults, findings)
    made.page.sections.insert(("summary", "Summary", summary), at: 0)
    page = made.page
    notes = (made.notes + runs.notes).unique()
    cutCount = made.cutCount
    self.faults = faults
  }

  /// Who leads a board, and how many others cannot be told from it.
  private static func leader(_ board: Board?, _ ties: BoardTies?) -> [String] {
    guard let board, let column = board.rankingColumn, let first = board.ranked.first,
      let value = first.cells[column].value
    else { return [] }
    let alike = (ties?.groups ?? []).count { $0 == 1 } - 1
    let tied =
      ties?.groups.first == 1
      ? alike == 0 ? "; no other is in its tie group" : "; \(alike) others cannot be told from it" : ""
    return [
      "\(first.title) leads \(board.title) with \(ReportText.number(value)) (\(board.columns[column].title))\(tied)."
    ]
  }

  /// The sections of a page as they are made, and what was left out of them.
  struct Parts {
    var options: Options
    var page: HTMLPage
    var notes: [String] = []
    var cutCount = 0

    init(_ options: Options) {
      self.options = options
      page = HTMLPage(title: options.title)
    }

    mutating func add(_ id: String, _ title: String, _ nodes: [HTMLNode]) {
      page.sections.append((id, title, nodes))
    }

    /// The table's node; what it leaves out is noted.
    mutating func node(_ table: ReportTable) -> HTMLNode {
      if let omission = table.omission {
        notes.append(omission)
        cutCount += 1
      }
      return table.node
    }
  }

  private static let help: [HTMLNode] = [
    .element(
      "ul", [:],
      [
        "The score of a run is the main metric of its run group in HELM's schema, on unperturbed inputs of the main split.",
        "A win rate is the share of the other models that a model outdoes, ties counting half, averaged over columns; it depends on which models are on the board. Columns that are hidden count all the same.",
        "A value in bold is the best of its column; darker cells are better. Hold the pointer over a cell to see what it is made of; with the keyboard, press Enter on a table and go from cell to cell with the arrow keys, Escape to leave.",
        "A dash is a missing value, never 0.",
        "Lines through dots are 95% intervals of the score over instances: 1.96 standard errors to either side.",
        "A tie group holds the models whose scores cannot be told from those of its first model (paired tests of all models, Holm's correction, 0.05); of two others in it that says nothing.",
        "The original of a perturbed score is the score on the unperturbed inputs of the same instances; the worst is the mean over instances of the lower of the two.",
      ].map { .element("li", [:], [.text($0)]) }),
    .element("p", ["id": "all-tables"], []),
  ]
}
