extension RunReport.Parts {
  /// Two models compared, scenario by scenario, with the instances on which they differ.
  mutating func comparison(
    _ source: some RunSource, _ rules: HeadlineRules, _ models: (first: String, second: String)
  ) async throws -> [HTMLNode] {
    let wanted: Set = [models.first, models.second]
    let runs = try await ComparedRuns.read(source, rules: rules, models: { wanted.contains($0) })
    notes += runs.notes + runs.omissions
    let result: ModelComparison
    do { result = try runs.compare(models.first, models.second) } catch let error as MagnetError {
      notes.append(error.description)
      cutCount += 1
      return [.element("p", ["class": "bad"], [.data(error.description)])]
    }
    notes += result.omissions
    let summary = result.summary()
    let shown = [
      "task", "metric", "split", "n", "mean_a", "mean_b", "diff", "lower", "upper", "p", "p_adjusted",
      "flips_gained", "flips_lost", "method",
    ]
    // Of 0 and 1, how many instances both have right, and both wrong; the mean over scenarios has neither.
    let both = result.scenarios.map { scenario -> [ReportTable.Cell] in
      [
        .count(scenario.table?.both, orElse: "graded scores"),
        .count(scenario.table?.neither, orElse: "graded scores"),
      ]
    }
    let none = ReportTable.Cell.text(nil, note: "a mean")
    let lines = RunReport.rows(summary.selecting(shown)).enumerated().map { number, row in
      row + (number < both.count ? both[number] : [none, none])
    }
    let table = ReportTable(
      id: "comparison-table", caption: "A \(models.first), B \(models.second); differences are B minus A",
      columns: (shown + ["both_right", "both_wrong"]).map { .init(title: $0) }, rows: lines,
      limit: options.maxRows)
    let flips = Table(stacking: result.scenarios.map { $0.flipTable(limit: nil) })
    let columns = ["task", "instance", "score_a", "score_b", "answer_a", "answer_b", "target", "input"]
    let flipTable = ReportTable(
      id: "flips", caption: "Instances with other scores, the largest difference first: \(flips.rowCount)",
      columns: columns.map { .init(title: $0) },
      rows: RunReport.rows(flips.selecting(columns), textLimit: options.textLimit.map { min($0, 400) }),
      limit: options.maxRows)
    return [node(table), .element("h3", [:], [.text("Flips")]), node(flipTable)]
  }
}

extension RunReport {
  static func rows(_ table: Table, textLimit: Int? = nil) -> [[ReportTable.Cell]] {
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

  /// A request as a row of a table: what is short in cells, all of it under the last.
  static func cells(_ view: InstanceView, _ run: String, _ options: Options) -> [ReportTable.Cell] {
    func short(_ text: String) -> String { ReportText.cut(text, to: options.textLimit.map { min($0, 300) }) }
    func whole(_ text: String) -> String { ReportText.cut(text, to: options.textLimit) }
    var prompt = ReportTable.Cell.text("open")
    prompt.parts = [(title: "Prompt", text: whole(view.prompt.isEmpty ? view.input : view.prompt))]
    if !view.references.isEmpty {
      let lines = view.references.map { reference in
        (reference.isCorrect ? "✓ " : "  ") + (reference.letter.map { "\($0). " } ?? "") + reference.text
      }
      prompt.parts.append((title: "References", text: whole(lines.joined(separator: "\n"))))
    }
    for answer in view.answers {
      prompt.parts.append(
        (title: "Answer" + (view.mappedAnswer.map { " (stands for \($0))" } ?? ""), text: whole(answer)))
    }
    if let failure = view.failure { prompt.parts.append((title: "The request failed", text: whole(failure))) }
    let scores = view.scores.filter { !Headline.isBookkeeping($0.metric) }
    if !scores.isEmpty {
      let lines = scores.map { "\($0.metric) \(ReportText.number($0.mean))" }
      prompt.parts.append((title: "Scores", text: lines.joined(separator: "\n")))
    }
    let target = view.references.first(where: \.isCorrect)?.text
    return [
      .text(view.id), .text(run, style: "w"),
      .number(view.score, orElse: "no score"), .text(short(view.input), style: "t"),
      .text(view.answers.first.map(short), orElse: "no answer", style: "t"),
      .text(target.map(short), orElse: "no reference is tagged as correct", style: "w"), prompt,
      .text(view.split, orElse: "none"), .text(view.perturbation, orElse: "none"),
    ]
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
