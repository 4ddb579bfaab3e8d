extension RunReport.Parts {
  /// The scores of one task, as a chart has them.
  private struct TaskScores {
    var members: [(run: BoardRuns.Run, headline: Headline)] = []
  }

  private func byTask(_ runs: BoardRuns, _ headlines: [Headline?]) -> [(task: String, scores: TaskScores)] {
    var found: [String: TaskScores] = [:]
    for (run, headline) in zip(runs.runs, headlines) {
      guard let headline, headline.mean != nil else { continue }
      found[run.task, default: TaskScores()].members.append((run, headline))
    }
    return found.sorted { $0.key < $1.key }.map { (task: $0.key, scores: $0.value) }
  }

  private static let mostCharts = 60
  private static let mostDots = 80

  /// The first of some charts; how many are left out is noted.
  private mutating func limited<Item>(_ items: [Item], to limit: Int, _ what: String) -> ArraySlice<Item> {
    if items.count > limit { notes.append("\(limit) of \(items.count) \(what) are in the page") }
    return items.prefix(limit)
  }

  /// The scores of all models on each task, with intervals and how the instances' scores are spread.
  mutating func charts(_ runs: BoardRuns, _ headlines: [Headline?]) -> [HTMLNode] {
    limited(byTask(runs, headlines), to: Self.mostCharts, "charts of scores").flatMap {
      chart($0.task, $0.scores)
    }
  }

  private mutating func chart(_ task: String, _ scores: TaskScores) -> [HTMLNode] {
    guard let first = scores.members.first?.headline else { return [] }
    let isReversed = first.lowerIsBetter == true
    var dots = scores.members.compactMap { run, headline -> DotChart.Dot? in
      guard let mean = headline.mean else { return nil }
      let half = run.standardError(of: headline.metric).map { Normal.quantile(0.975) * $0 }
      return DotChart.Dot(
        label: run.model, value: mean,
        interval: half.map { Interval(lower: mean - $0, upper: mean + $0) },
        spread: run.errors.spread(of: headline.metric))
    }
    dots.sort { a, b in
      if a.value == b.value { return a.label < b.label }
      return isReversed ? a.value < b.value : a.value > b.value
    }
    let values = dots.map(\.value).sorted()
    var range = ""
    if let least = values.first, let most = values.last, values.count > 1 {
      let middle = (values[(values.count - 1) / 2] + values[values.count / 2]) / 2
      range =
        "; \(values.count) models from \(ReportText.number(least)) to \(ReportText.number(most)), median "
        + ReportText.number(middle)
    }
    let direction = isReversed ? ", lower is better" : ""
    let shown = Array(limited(dots, to: Self.mostDots, "models of \(task)"))
    return [
      .element("h3", [:], [.data(task)]),
      .element("p", ["class": "soft"], [.data(first.metric.text + direction + "; " + first.rule + range)]),
      DotChart(title: task + ": " + first.metric.text, dots: shown).node,
    ]
  }

  /// Models by tasks in colours, perturbed scores, and scores by the models' release and size.
  mutating func plots(
    _ schema: Schema, _ boards: [Board], _ runs: BoardRuns, _ headlines: [Headline?]
  ) -> [HTMLNode] {
    heatMap(runs, headlines) + perturbed(runs, headlines) + (boards.first.map { models($0, schema) } ?? [])
  }

  private static let mostMapped = 50

  private mutating func heatMap(_ runs: BoardRuns, _ headlines: [Headline?]) -> [HTMLNode] {
    let all = byTask(runs, headlines)
    // One scale for all cells: shares of which more is better.
    let mapped = all.filter { task in
      task.scores.members.allSatisfy {
        (0...1).contains($0.headline.mean ?? -1) && $0.headline.lowerIsBetter != true
      }
    }
    let tasks = Array(limited(mapped, to: Self.mostMapped, "tasks of the heat map"))
    let names = tasks.flatMap { $0.scores.members.map(\.run.model) }.unique().sorted()
    let models = Array(limited(names, to: Self.mostMapped, "models of the heat map"))
    guard !models.isEmpty else { return [] }
    let columns = tasks.map { task in
      Dictionary(
        task.scores.members.map { ($0.run.model, $0.headline.mean) }, uniquingKeysWith: { _, last in last })
    }
    let map = HeatMap(
      title: "Scores of models by task", rows: models, columns: tasks.map(\.task),
      values: models.map { model in columns.map { $0[model] ?? nil } })
    let left = all.count - mapped.count
    var about = "Main metrics from 0 to 1 of which more is better; means are over the tasks that are there."
    if left > 0 { about += " \(left) tasks with other metrics are not in it." }
    return [
      .element("h3", [:], [.text("Models by task")]), .element("p", ["class": "soft"], [.text(about)]),
      .chart("Scores of models by task", .heatMap(map)),
    ]
  }

  /// A perturbation with its strength, without which of its inputs are meant.
  private struct PerturbedKey: Hashable {
    let task: String
    let perturbation: String
  }

  /// Each perturbed score beside that of the same instances unperturbed, and the worst of both.
  mutating func perturbed(_ runs: BoardRuns, _ headlines: [Headline?]) -> [HTMLNode] {
    var found: [PerturbedKey: [(model: String, values: [String: Double])]] = [:]
    var metrics: [PerturbedKey: String] = [:]
    for (run, headline) in zip(runs.runs, headlines) {
      guard let headline else { continue }
      var own: [PerturbedKey: [String: Double]] = [:]
      for entry in run.stats.entries
      where entry.name.name == headline.metric.name && entry.name.split == headline.metric.split {
        guard let perturbation = entry.name.perturbation, let name = perturbation.name,
          let computedOn = perturbation.computedOn, let mean = entry.stat.mean
        else { continue }
        let strength = perturbation.parameters["prob"].map { " \($0.text)" } ?? ""
        let key = PerturbedKey(task: run.task, perturbation: name + strength)
        if own[key]?[computedOn] == nil { own[key, default: [:]][computedOn] = mean }
      }
      for (key, values) in own {
        found[key, default: []].append((run.model, values))
        metrics[key] = headline.metric.text
      }
    }
    let keys = found.keys.sorted { ($0.task, $0.perturbation) < ($1.task, $1.perturbation) }
    var nodes: [HTMLNode] = []
    for key in limited(keys, to: Self.mostCharts, "charts of perturbed scores") {
      let dots = (found[key] ?? []).compactMap { model, values -> DotChart.Dot? in
        values["original"].map {
          DotChart.Dot(label: model, value: $0, others: [values["perturbed"], values["worst"]])
        }
      }.sorted { ($0.value, $1.label) > ($1.value, $0.label) }
      if dots.isEmpty { continue }
      let title = "\(key.task), \(key.perturbation): \(metrics[key] ?? "")"
      nodes += [
        .element("h4", [:], [.data(title)]),
        DotChart(
          title: title, dots: Array(limited(dots, to: Self.mostDots, "models of \(title)")),
          names: ["original", "perturbed", "worst"]
        ).node,
      ]
    }
    return nodes.isEmpty ? [] : [.element("h3", [:], [.text("Perturbed inputs")])] + nodes
  }

  /// The ranking column of a board by the release dates and sizes that the schema's list of models has.
  private mutating func models(_ board: Board, _ schema: Schema) -> [HTMLNode] {
    guard let column = board.rankingColumn else { return [] }
    let rows = board.ranked.compactMap { row -> (title: String, facts: Schema.ModelFacts, value: Double)? in
      guard let facts = schema.modelFacts[row.model], let value = row.cells[column].value,
        facts.year != nil || (facts.parameterCount ?? 0) > 0
      else { return nil }
      return (row.title, facts, value)
    }
    guard rows.count > 1 else { return [] }
    let label = "\(board.title): \(board.columns[column].title)"
    func plot(_ title: String, _ xLabel: String, _ scale: Plot.Scale, _ x: (Schema.ModelFacts) -> Double?)
      -> [HTMLNode]
    {
      let known = rows.filter { x($0.facts) != nil }
      guard known.count > 1 else { return [] }
      let makers = known.map { $0.facts.organization ?? "unknown" }.unique().sorted()
      let plot = Plot(
        title: title, xLabel: xLabel, yLabel: board.columns[column].title, xScale: scale,
        series: makers.map { maker in
          Plot.Series(
            name: maker,
            points: known.filter { ($0.facts.organization ?? "unknown") == maker }.compactMap { row in
              x(row.facts).map {
                Plot.Point(x: $0, y: row.value, label: "\(row.title): \(ReportText.number(row.value))")
              }
            }, style: .points)
        })
      return [.chart(title, .plot(plot))]
    }
    let table = ReportTable(
      id: "models-table", caption: "Models: release, size and \(label)",
      columns: ["model", "organization", "released", "parameters", "score"].map { .init(title: $0) },
      rows: rows.map { row in
        [
          .text(row.title), .text(row.facts.organization, orElse: "not in the schema"),
          .text(row.facts.released, orElse: "not in the schema"),
          .init(
            text: row.facts.parameterCount.map { shortText($0) }, value: row.facts.parameterCount,
            note: row.facts.parameterCount == nil ? "not in the schema" : nil),
          .number(row.value),
        ]
      })
    return [.element("h3", [:], [.text("Scores by release and size")])]
      + plot("\(label) by release", "release (year)", .linear, \.year)
      + plot("\(label) by size", "parameters", .log) { facts in
        facts.parameterCount.flatMap { $0 > 0 ? $0 : nil }
      }
      + [node(table)]
  }
}
