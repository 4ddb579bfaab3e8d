extension HeadlineRules {
  /// The schema that boards of some runs are made by: the one that describes most of them, or one made of the metrics
  /// that were asked for or, where no schema knows the runs, guessed.
  /// - Throws: `MagnetError` when no schema can be made.
  package func boardSchema(of runs: BoardRuns) throws -> Schema {
    let known = metrics.isEmpty ? schema(of: runs) : nil
    return try known ?? madeSchema(for: runs)
  }

  /// The schema that describes most of some runs: that asked for, or the one beside the runs, or the project's, or the
  /// one of HELM's that knows the most of their groups; nil where none knows any.
  package func schema(of runs: BoardRuns) -> Schema? {
    if let schema { return schema }
    var counts: [String: (schema: Schema, count: Int)] = [:]
    for run in runs.runs {
      guard let found = schema(of: run.path), run.groups.contains(where: { found.group($0) != nil }) else {
        continue
      }
      counts[found.source, default: (found, 0)].count += 1
    }
    if let best = counts.values.max(by: { ($0.count, $1.schema.source) < ($1.count, $0.schema.source) }) {
      return best.schema
    }
    let known = BuiltInSchemas.order.compactMap(BuiltInSchemas.named).map { schema in
      (
        schema: schema,
        count: runs.runs.count { run in
          run.groups.contains { schema.group($0)?.metricGroups.isEmpty == false }
        }
      )
    }
    let most = known.map(\.count).max() ?? 0
    return most == 0 ? nil : known.first { $0.count == most }?.schema
  }

  /// A schema made for runs that no schema describes: one column per group, the last and narrowest that a run is in,
  /// with the metric that is guessed or asked for, and the mean win rate over them.
  package func madeSchema(for runs: BoardRuns) throws -> Schema {
    try MetricSelector.check(
      self.metrics, among: Set(runs.runs.flatMap(\.stats.names)).sorted { $0.text < $1.text })
    var names: [String] = []
    var members: [String: [BoardRuns.Run]] = [:]
    for run in runs.runs {
      guard let group = run.groups.last else { continue }
      if members[group] == nil { names.append(group) }
      members[group, default: []].append(run)
    }
    var groups: [JSONValue] = []
    var metrics: [String: Bool?] = [:]
    func object(_ members: [(String, JSONValue)]) -> JSONValue {
      .object(members.map { JSONValue.Member(key: $0.0, value: $0.1) })
    }
    for name in names.sorted() {
      let all = members[name] ?? []
      guard let first = all.first,
        let headline = headline(
          .init(name: first.name, path: first.path, groups: [name]),
          RunStats(merging: all.map(\.stats)))
      else { continue }
      metrics[headline.metric.name] = .some(headline.lowerIsBetter)
      groups.append(
        object([
          ("name", .string(name)), ("metric_groups", .array([.string("accuracy")])),
          (
            "environment",
            object([
              ("main_name", .string(headline.metric.name)),
              ("main_split", .string(headline.metric.split ?? "__all__")),
            ])
          ),
        ]))
    }
    let parent = object([
      ("name", .string("all_scenarios")), ("display_name", .string("All scenarios")),
      ("subgroups", .array(groups.compactMap { $0["name"] })),
    ])
    let matcher = object([("name", .string("${main_name}")), ("split", .string("${main_split}"))])
    let accuracy = object([
      ("name", .string("accuracy")), ("display_name", .string("Main metric")), ("metrics", .array([matcher])),
    ])
    let fields = metrics.sorted { $0.key < $1.key }.map { name, direction in
      object([("name", .string(name)), ("lower_is_better", direction.map { .bool($0) } ?? .null)])
    }
    return try Schema(
      object([
        ("metrics", .array(fields)), ("metric_groups", .array([accuracy])),
        ("run_groups", .array([parent] + groups)),
      ]), source: "made for these runs; no schema describes them")
  }
}

extension Schema {
  /// The metrics that the boards of a group show; every metric that any column of the schema shows when nil.
  package func metricNames(of group: RunGroup? = nil) -> Set<String> {
    var names: Set<String> = []
    let groups = group.map { expanded($0) } ?? runGroups
    for runGroup in groups {
      for matcher in metricGroups.flatMap(\.matchers) {
        if let filled = try? matcher.filled(runGroup.environment) { names.insert(filled.name) }
      }
    }
    if names.contains("quasi_exact_match") { names.insert("exact_match") }
    return names
  }
}

extension Board {
  /// The board without the columns in which no model has a value.
  package var withoutEmptyColumns: Board {
    let kept = columns.indices.filter { column in
      columns[column].kind != .metric || rows.contains { $0.cells[column].value != nil }
    }
    var board = self
    board.columns = kept.map { columns[$0] }
    for row in rows.indices { board.rows[row].cells = kept.map { rows[row].cells[$0] } }
    return board
  }

  /// The board as a table: rank, model, a column per column, and how many runs the model has of those that any has; the
  /// best first. A column with standard errors has them beside it.
  /// - Parameter groups: the tie group of each row of `ranked`, which then stands beside the rank.
  package func table(groups: [Int?]? = nil) -> Table {
    var seen: [String: Int] = [:]
    func unique(_ title: String) -> String {
      // Titles may repeat; columns may not.
      let count = (seen[title] ?? 0) + 1
      seen[title] = count
      return count == 1 ? title : "\(title) (\(count))"
    }
    var names = (["rank"] + (groups == nil ? [] : ["tie_group"]) + ["model"]).map(unique)
    let haveErrors = columns.indices.map { column in
      self.rows.contains { $0.cells[column].standardError != nil }
    }
    for (column, hasErrors) in zip(columns, haveErrors) {
      names.append(unique(column.title))
      if hasErrors { names.append(unique(column.title + " stderr")) }
    }
    names.append(unique("runs"))
    let lines = zip(ranked, ranks).enumerated().map { place, item -> [Magnet.Cell] in
      let (row, rank) = item
      var cells: [Magnet.Cell] = [Magnet.Cell(rank)]
      if let groups { cells.append(Magnet.Cell(groups[place])) }
      cells.append(.string(row.title))
      for (cell, hasErrors) in zip(row.cells, haveErrors) {
        cells.append(Magnet.Cell(cell.value))
        if hasErrors { cells.append(Magnet.Cell(cell.standardError)) }
      }
      return cells + [.string("\(runCount(row).has) of \(runCount(row).of)")]
    }
    return Table(columnNames: names, rows: lines)
  }

  /// How many scenarios are in a row's cells, and how many there would be if it had all that any row has.
  private func runCount(_ row: Row) -> (has: Int, of: Int) {
    zip(columns, row.cells).reduce(into: (has: 0, of: 0)) { sum, item in
      guard item.0.kind == .metric else { return }
      sum.has += item.1.scenarioCount
      sum.of += item.1.expectedCount
    }
  }

  /// The rank of each row of `ranked`, equal values sharing the better one; nil for rows without a value.
  package var ranks: [Int?] {
    guard let column = rankingColumn else { return ranked.map { _ in nil } }
    var ranks: [Int?] = []
    var last: (value: Double, rank: Int)?
    for (place, row) in ranked.enumerated() {
      guard let value = row.cells[column].value else {
        ranks.append(nil)
        continue
      }
      if last?.value != value { last = (value, place + 1) }
      ranks.append(last?.rank)
    }
    return ranks
  }

  /// The columns of `longTable`.
  static let longColumns = [
    "group", "board", "rank", "model", "model_name", "column", "column_group", "metric", "split",
    "perturbation", "value", "stderr", "runs", "of_runs", "lower_is_better", "best", "note",
  ]

  /// One row per model and column, with what the value is made of.
  /// - Parameter groups: the tie group of each row of `ranked`, which then is the last column.
  package func longTable(groups: [Int?]? = nil) -> Table {
    var rows: [[Magnet.Cell]] = []
    for (place, (row, rank)) in zip(ranked, ranks).enumerated() {
      for (column, cell) in zip(columns, row.cells) {
        rows.append(
          [
            .string(group), .string(name), Magnet.Cell(rank), .string(row.title),
            .string(row.model), .string(column.title), Magnet.Cell(column.group.isEmpty ? nil : column.group),
            .string(column.matcher?.name ?? column.kind.rawValue), Magnet.Cell(column.matcher?.split),
            Magnet.Cell(column.matcher?.perturbation), Magnet.Cell(cell.value),
            Magnet.Cell(cell.standardError),
            column.kind == .metric ? .int(Int64(cell.scenarioCount)) : .null,
            column.kind == .metric ? .int(Int64(cell.expectedCount)) : .null,
            column.lowerIsBetter.map { .bool($0) } ?? .null, .bool(cell.isBest), Magnet.Cell(cell.note),
          ] + (groups.map { [Magnet.Cell($0[place])] } ?? []))
      }
    }
    return Table(columnNames: Self.longColumns + (groups == nil ? [] : ["tie_group"]), rows: rows)
  }

  /// The models that lack some runs of a column, a sentence each.
  package var gaps: [String] {
    var gaps: [String] = []
    for row in ranked {
      let short = zip(columns, row.cells).filter {
        $0.kind == .metric && $1.value != nil && $1.scenarioCount < $1.expectedCount
      }
      if let (column, cell) = short.first {
        let more = short.count > 1 ? " and \(short.count - 1) more columns" : ""
        gaps.append(
          "\(row.title): \(cell.scenarioCount) of \(cell.expectedCount) runs in \(column.title)\(more)")
      }
    }
    return gaps
  }
}

extension BoardRuns {
  /// The runs that are in none of a schema's groups and so on none of its boards: how many, and their tasks.
  package func outside(_ schema: Schema) -> (count: Int, tasks: [String]) {
    let others = runs.filter { run in
      !run.groups.contains { schema.group($0)?.metricGroups.isEmpty == false }
    }
    return (others.count, others.map(\.task).unique().sorted(by: codePointOrder))
  }
}
