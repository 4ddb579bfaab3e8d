extension RunReport {
  /// Two models compared, scenario by scenario, with the instances on which they differ.
  static func comparison(
    _ source: some RunSource, _ rules: HeadlineRules, _ models: (first: String, second: String),
    _ options: Options, _ notes: inout [String]
  ) async throws -> [HTMLNode] {
    let wanted: Set = [models.first, models.second]
    let runs = try await ComparedRuns.read(source, rules: rules, models: { wanted.contains($0) })
    notes += runs.notes + runs.omissions
    let result: ModelComparison
    do { result = try runs.compare(models.first, models.second) } catch let error as MagnetError {
      return [.element("p", ["class": "bad"], [.data(error.description)])]
    }
    notes += result.omissions
    let summary = result.summary()
    let shown = [
      "task", "metric", "split", "n", "mean_a", "mean_b", "diff", "lower", "upper", "p", "p_adjusted",
      "flips_gained", "flips_lost", "method",
    ]
    let table = ReportTable(
      id: "comparison-table", caption: "A \(models.first), B \(models.second); differences are B minus A",
      columns: shown.map { .init(title: $0) }, rows: rows(summary.selecting(shown)), limit: options.maxRows)
    let flips = Table(stacking: result.scenarios.map { $0.flipTable(limit: nil) })
    let columns = ["task", "instance", "score_a", "score_b", "answer_a", "answer_b", "target", "input"]
    let flipTable = ReportTable(
      id: "flips", caption: "Instances with other scores, the largest difference first: \(flips.rowCount)",
      columns: columns.map { .init(title: $0) },
      rows: rows(flips.selecting(columns), textLimit: options.textLimit.map { min($0, 400) }),
      limit: options.maxRows)
    notes += [flipTable.omission].compactMap(\.self)
    return [table.node, .element("h3", [:], [.text("Flips")]), flipTable.node]
  }

  private static func rows(_ table: Table, textLimit: Int? = nil) -> [[ReportTable.Cell]] {
    table.rows.map { row in
      table.columnNames.map { name in
        let cell = row[name]
        if let number = cell.number {
          if case .int = cell { return .init(text: cell.text, value: number) }
          return .number(number)
        }
        return cell == .null
          ? .text(nil, note: "none")
          : .text(ReportText.cut(cell.text, to: textLimit), style: cell.text.count > 24 ? "t" : "")
      }
    }
  }

  /// The first instances of a run, the worst first, with prompt, references, answers and scores.
  static func instances(
    _ entry: RunEntry, _ spec: Row, _ source: some RunSource, _ rules: HeadlineRules, _ options: Options
  ) async throws -> [HTMLNode] {
    var views = try await InstanceViews.read(entry, spec, in: source, rules: rules)
    views.putWorstFirst()
    var nodes: [HTMLNode] = [.element("h3", [:], [.data(entry.name)])]
    let shown = views.instances.prefix(options.instances)
    nodes += shown.map { instance in node(instance, views.headline?.metric.text, options) }
    if shown.count < views.instances.count {
      nodes.append(
        .element(
          "p", ["class": "soft"],
          [.text("\(shown.count) of \(views.instances.count) instances; --instances changes this.")]))
    }
    return nodes
  }

  static func node(_ view: InstanceView, _ metric: String?, _ options: Options) -> HTMLNode {
    func block(_ title: String, _ text: String) -> [HTMLNode] {
      [
        .element("p", ["class": "soft"], [.text(title)]),
        .element("pre", ["tabindex": "0"], [.data(ReportText.cut(text, to: options.textLimit))]),
      ]
    }
    var heading = [view.id, view.split, view.perturbation].compactMap(\.self).joined(separator: " · ")
    heading += view.score.map { " · \(metric ?? "score") \(ReportText.number($0))" } ?? " · no score"
    var nodes: [HTMLNode] = [.element("summary", [:], [.data(heading)])]
    nodes += block("Prompt", view.prompt.isEmpty ? view.input : view.prompt)
    if !view.references.isEmpty {
      nodes.append(
        .element(
          "ul", [:],
          view.references.map { reference in
            let letter = reference.letter.map { "\($0). " } ?? ""
            return .element(
              "li", reference.isCorrect ? ["class": "good"] : [:],
              [.data(letter + reference.text + (reference.isCorrect ? " ✓ correct" : ""))])
          }))
    }
    for answer in view.answers {
      nodes += block("Answer" + (view.mappedAnswer.map { " (stands for \($0))" } ?? ""), answer)
    }
    if let failure = view.failure { nodes += block("The request failed", failure) }
    let scores = view.scores.filter { !Headline.isBookkeeping($0.metric) }
    nodes.append(
      .element(
        "p", ["class": "soft"],
        [.data(scores.map { "\($0.metric) \(ReportText.number($0.mean))" }.joined(separator: ", "))]))
    return .element("details", [:], nodes)
  }
}
