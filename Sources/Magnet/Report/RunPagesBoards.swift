extension RunPages {
  /// What a page leaves out, as a list; nothing where it leaves out nothing.
  private static func left(_ notes: [String]) -> [HTMLNode] {
    if notes.isEmpty { return [] }
    var nodes: [HTMLNode] = [
      .element("h3", [:], [.text("Notes")]),
      .element("ul", [:], notes.prefix(50).map { .element("li", [:], [.data($0)]) }),
    ]
    if notes.count > 50 { nodes.append(.element("p", [:], [.text("and \(notes.count - 50) more")])) }
    return nodes
  }

  /// The scores of one task: a chart of its models, and its runs. Only these are read.
  func scenario(
    _ source: any RunSource, _ rules: HeadlineRules, _ request: Request
  ) async throws -> HTMLPage? {
    guard let task = request.query["task"] else { return nil }
    let all = try await source.list()
    var own: Set<Int> = []
    for (row, entry) in zip(all.runSpecs.rows, all.entryOfRow)
    where RunName.task(all.entries[entry].name, row) == task {
      own.insert(entry)
    }
    if own.isEmpty { return nil }
    let listing = try await all.keeping(own.contains).checkingStatistics(of: source)
    var runs = try await BoardRuns.read(source, listing: listing)
    func headlines() -> [Headline?] {
      runs.runs.map { rules.headline(.init(name: $0.name, path: $0.path, groups: $0.groups), $0.stats) }
    }
    let metrics = Set(headlines().compactMap { $0?.metric.name })
    runs = try await runs.withInstances(source, metrics: metrics, listing: listing)
    let scores = headlines()
    var parts = RunReport.Parts(options)
    var page = page(task)
    page.sections = [
      ("scores", "Scores", parts.charts(runs, scores) + parts.perturbed(runs, scores)),
      (
        "runs", "Runs",
        parts.runTable(listing, runs, scores) { "run?id=" + Self.id(of: $0) }
          + Self.left(runs.notes + runs.faults.map(\.description) + parts.notes)
      ),
    ]
    return page
  }

  func leaderboard(
    _ source: any RunSource, _ rules: HeadlineRules, _ request: Request
  ) async throws -> HTMLPage {
    let runs = try await BoardRuns.read(source)
    var page = page("Leaderboard")
    guard runs.count > 0 else {
      page.sections = [
        ("leaderboard", "Leaderboard", [.element("p", [:], [.text("No run has statistics.")])])
      ]
      return page
    }
    let schema = try rules.boardSchema(of: runs)
    var parts = RunReport.Parts(options)
    parts.options.groups = request.query["group"].map { [$0] } ?? []
    var nodes = parts.boards(schema, try parts.shownBoards(schema, runs))
    nodes += Self.left(runs.faults.map(\.description) + parts.notes)
    let present = Set(runs.runs.flatMap(\.groups))
    let groups = schema.runGroups.filter { group in
      schema.expanded(group).contains { present.contains($0.name) }
    }
    page.sections = [
      ("leaderboard", "Leaderboard", nodes),
      (
        "groups", "Groups",
        [
          .element(
            "ul", [:],
            groups.map { group in
              .element(
                "li", [:],
                [
                  .element(
                    "a", ["href": "leaderboard?group=" + Self.percentEncoded(group.name)],
                    [.data(group.field.displayName ?? group.name)])
                ])
            })
        ]
      ),
    ]
    return page
  }

  func comparison(
    _ source: any RunSource, _ rules: HeadlineRules, _ request: Request
  ) async throws -> HTMLPage {
    let listing = try await source.list()
    let models = listing.runSpecs.rows.compactMap { $0[.model] }.unique().sorted()
    func select(_ name: String, _ label: String) -> HTMLNode {
      .element(
        "label", [:],
        [
          .text(label + " "),
          .element(
            "select", ["name": name],
            models.map { model in
              var attributes: HTMLAttributes = ["value": model]
              if request.query[name] == model { attributes.add("selected", "") }
              return .element("option", attributes, [.text(model)])
            }),
        ])
    }
    let form = HTMLNode.element(
      "form", ["method": "get", "action": "compare", "class": "tools"],
      [
        select("a", "Model A"), select("b", "Model B"),
        .element("button", ["type": "submit", "class": "own"], [.text("Compare")]),
      ])
    var nodes = [form]
    if let a = request.query["a"], let b = request.query["b"] {
      var parts = RunReport.Parts(options)
      nodes += try await parts.comparison(source, rules, (a, b))
      nodes += Self.left(parts.notes)
    }
    var page = page("Compare two models")
    page.sections = [("comparison", "Comparison", nodes)]
    return page
  }
}
