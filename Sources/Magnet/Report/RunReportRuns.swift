extension RunReport.Parts {
  /// All runs with their scores, and the adapters they share.
  /// - Parameter address: where a run has a page of its own.
  mutating func runTable(
    _ listing: RunListing, _ runs: BoardRuns, _ headlines: [Headline?],
    address: (RunEntry) -> String? = { _ in nil }
  ) -> [HTMLNode] {
    var known: [String: Int] = [:]
    for (number, run) in runs.runs.enumerated() { known[run.path] = number }
    var adapters: [(fields: [(name: String, value: Cell)], count: Int)] = []
    var places: [String: Int] = [:]
    func adapter(_ run: BoardRuns.Run) -> Int {
      let fields = run.adapterFields.filter { $0.key != "model" && $0.key != "model_deployment" }
        .sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
      let key = fields.map { "\($0.name)=\($0.value.text)" }.joined(separator: "\u{1F}")
      let place = places[key] ?? adapters.count
      if place == adapters.count {
        places[key] = place
        adapters.append((fields, 0))
      }
      adapters[place].count += 1
      return place + 1
    }
    let rows = listing.entries.map { entry -> [ReportTable.Cell] in
      let number = known[entry.path]
      let run = number.map { runs.runs[$0] }
      let headline = number.flatMap { headlines[$0] }
      let note = headline.map { $0.notes.joined(separator: "; ") } ?? "no score"
      let half = headline.flatMap { headline in run?.standardError(of: headline.metric) }
        .map { Normal.quantile(0.975) * $0 }
      let interval = headline?.mean.flatMap { mean in
        half.map { "\(ReportText.number(mean - $0)) to \(ReportText.number(mean + $0))" }
      }
      let shared = run.map { adapter($0) }
      return [
        .init(text: entry.name, href: address(entry)), .text(entry.suite),
        .text(run?.model, orElse: "not read", style: "w"),
        .text(headline?.metric.name, orElse: "no known main metric"),
        .number(headline?.mean, note: note.isEmpty ? nil : note),
        .text(interval, orElse: "the scores of the instances are not known, or have another mean"),
        .text(headline?.metric.split, orElse: "none"),
        .number(run?.mean("num_instances", headline?.metric.split), orElse: "not known"),
        .number(run?.tokens(headline?.metric.split), orElse: "not known"),
        .text(
          RunEntry.state(of: entry.faults) + (entry.problem.map { ": " + $0 } ?? ""),
          style: entry.faults.isEmpty ? "good" : "w bad"),
        .text(run?.task, orElse: "not read", style: "w"),
        .init(
          text: shared.map { "\($0)" }, note: shared == nil ? "not read" : nil,
          href: shared.map { "#adapter-\($0)" }),
      ]
    }
    let titles = [
      "run", "suite", "model", "metric", "score", "95% interval", "split", "instances", "tokens", "state",
      "task", "adapter",
    ]
    let about = [
      "95% interval": "1.96 standard errors over instances to either side",
      "tokens": "Prompt and output of an instance", "adapter": "How instances become requests; below",
    ]
    var nodes = [
      node(
        ReportTable(
          id: "run-table", caption: "Runs: \(listing.entries.count)",
          columns: titles.map { ReportTable.Column(title: $0, description: about[$0]) }, rows: rows,
          limit: options.maxRows))
    ]
    if !adapters.isEmpty {
      nodes.append(.element("h3", [:], [.text("Adapters")]))
    }
    for (number, adapter) in adapters.prefix(200).enumerated() {
      let facts = adapter.fields.flatMap { field -> [HTMLNode] in
        [
          .element("dt", [:], [.data(field.name)]),
          .element("dd", [:], [.data(ReportText.cut(field.value.text, to: options.textLimit))]),
        ]
      }
      nodes.append(
        .element(
          "details", ["id": "adapter-\(number + 1)"],
          [
            .element("summary", [:], [.text("Adapter \(number + 1): \(adapter.count) runs")]),
            .element("dl", [:], facts),
          ]))
    }
    if adapters.count > 200 { notes.append("200 of \(adapters.count) adapters are in the page") }
    return nodes
  }

  /// Runs of which a twentieth or more of the answers are empty, cut short, failed, without a score, or scored oddly.
  mutating func health(_ health: RunHealth) -> [HTMLNode] {
    let flagged = health.entries.filter { !$0.flags.isEmpty }
    let about =
      "\(flagged.count) of \(health.entries.count) runs with answers are flagged: a twentieth or more of the answers are "
      + "empty, cut short, failed or without a score, scores lie outside 0 to 1, or all are equal."
    let text = HTMLNode.element("p", [:], [.text(about)])
    guard !flagged.isEmpty else { return [text] }
    let table = ReportTable(
      id: "health-table", caption: "Flagged runs: \(flagged.count)",
      columns: [
        "run", "suite", "requests", "empty", "cut short", "truncated prompts", "failed", "unscored",
        "outside 0 to 1", "flags",
      ].map { .init(title: $0) },
      rows: flagged.map { entry in
        [
          .text(entry.run), .text(entry.suite), .count(entry.requests), .count(entry.empty),
          .count(entry.cutShort), .count(entry.truncated), .count(entry.failed), .count(entry.unscored),
          .count(entry.outOfRange), .text(entry.flags.joined(separator: "; "), style: "t"),
        ]
      }, limit: options.maxRows)
    return [text, node(table)]
  }

  /// What another part of the program computed.
  mutating func result(_ result: RunReport.ResultSection) -> [HTMLNode] {
    var nodes: [HTMLNode] = []
    for (number, item) in result.tables.enumerated() {
      nodes.append(
        node(
          ReportTable(
            id: "\(result.id)-\(number + 1)", caption: item.caption,
            columns: item.table.columnNames.map { .init(title: $0) },
            rows: RunReport.rows(item.table, textLimit: options.textLimit), limit: options.maxRows)))
    }
    return nodes + result.maps.map { .chart($0.title, .heatMap($0)) }
  }

  /// The first instances of each run, the worst first: rows with input and answer, under which prompt, references and
  /// scores open. No more runs are read once the page would be larger than `maxBytes`.
  mutating func instances(
    _ listing: RunListing, _ source: some RunSource, _ rules: HeadlineRules, _ faults: inout [DataFault]
  ) async throws -> [HTMLNode] {
    var rows: [[ReportTable.Cell]] = []
    var bytes = 0
    var left: [String] = []
    var short = 0
    for (row, number) in listing.entryOfRow.enumerated() where listing.entries[number].faults.isEmpty {
      let entry = listing.entries[number]
      if bytes > options.maxBytes {
        left.append(entry.name)
        continue
      }
      do {
        var views = try await InstanceViews.read(entry, listing.runSpecs.rows[row], in: source, rules: rules)
        views.putWorstFirst()
        let shown = views.instances.prefix(options.instances)
        if shown.count < views.instances.count { short += 1 }
        for view in shown where bytes <= options.maxBytes {
          let cells = RunReport.cells(view, entry.name, options)
          bytes += cells.reduce(0) { sum, cell in
            sum + (cell.text?.utf8.count ?? 0) + cell.parts.reduce(20) { $0 + $1.text.utf8.count }
          }
          rows.append(cells)
        }
        if bytes > options.maxBytes { left.append(entry.name) }
      } catch let fault as DataFault { faults.append(fault) }
    }
    if !left.isEmpty {
      notes.append(
        "\(rows.count) instances are in the page; those of \(left.count) runs are left out, or not all there, as it would "
          + "be over \(options.maxBytes / 1_000_000) MB; --max-size changes this")
      cutCount += left.count
    }
    let about =
      short > 0
      ? "Of \(short) runs these are the \(options.instances) instances with the lowest scores; --instances changes this."
      : "All instances of these runs, those with the lowest scores first."
    let titles = ["instance", "run", "score", "input", "answer", "target", "prompt", "split", "perturbation"]
    let table = ReportTable(
      id: "instance-table", caption: "Instances: \(rows.count)", columns: titles.map { .init(title: $0) },
      rows: rows, limit: options.maxRows, drawnWhole: 100)
    var nodes: [HTMLNode] = [.element("p", ["class": "soft"], [.text(about)]), node(table)]
    if let note = left.isEmpty ? nil : notes.last {
      nodes.append(.element("p", ["class": "soft"], [.text(note)]))
    }
    return nodes
  }
}

extension BoardRuns.Run {
  /// The mean of a statistic on the unperturbed inputs of a split; nil where the run does not have it.
  func mean(_ metric: String, _ split: String?) -> Double? {
    guard let split, case .one(_, let stat, _) = stats.match(Schema.Matcher(name: metric, split: split))
    else {
      return nil
    }
    return stat.mean
  }

  /// The tokens of an instance, prompt and output together.
  func tokens(_ split: String?) -> Double? {
    guard let prompt = mean("num_prompt_tokens", split) else { return nil }
    return prompt + (mean("num_output_tokens", split) ?? mean("num_completion_tokens", split) ?? 0)
  }
}
