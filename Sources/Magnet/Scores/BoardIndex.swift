/// The run groups of a schema with what their runs are made of: HELM's page of groups (`create_index_tables` of its
/// summarize.py).
package struct BoardIndex: Sendable {
  /// One run group.
  package struct Row: Sendable {
    package let group: Schema.RunGroup
    /// The adaptation methods of the runs, in order.
    package let methods: [String]
    /// Over the statistics of all splits and perturbations: the mean numbers of instances and references, and the sums of
    /// tokens; nil where no run has the statistic.
    package let instances: MergedStat?
    package let references: MergedStat?
    package let promptTokens: MergedStat?
    package let completionTokens: MergedStat?
    package let modelCount: Int
  }

  /// All groups, in the schema's order; also those without runs, which HELM lists too.
  package let rows: [Row]

  /// The statistics that it is made of.
  package static let metricNames: Set = [
    "num_instances", "num_references", "num_prompt_tokens", "num_completion_tokens",
  ]

  /// One row per group: category, group, title, adaptation, instances, references, prompt_tokens, completion_tokens,
  /// models.
  /// - Parameter listsEmpty: whether groups without runs have a row.
  package func table(listsEmpty: Bool) -> Table {
    Table(
      columnNames: [
        "category", "group", "title", "adaptation", "instances", "references", "prompt_tokens",
        "completion_tokens", "models",
      ],
      rows: rows.filter { listsEmpty || $0.modelCount > 0 }.map { row in
        [
          .string(row.group.category), .string(row.group.name),
          .string(row.group.field.displayName ?? row.group.name),
          .string(row.methods.joined(separator: ", ")), Cell(row.instances?.mean), Cell(row.references?.mean),
          Cell(row.promptTokens?.sum), Cell(row.completionTokens?.sum), .int(Int64(row.modelCount)),
        ]
      })
  }

  private typealias Member = JSONValue.Member

  private static let header: [(title: String, description: String?)] = [
    ("Group", nil), ("Description", nil),
    ("Adaptation method", "Adaptation strategy (e.g., generation)"),
    ("# instances", "Number of instances evaluated on"),
    ("# references", "Number of references provided per instance"),
    ("# prompt tokens", "Total number of prompt tokens"),
    ("# completion tokens", "Total number of completion tokens"),
    ("# models", "Number of models we're evaluating"),
  ]

  /// The tables as `helm-summarize` writes them to `groups.json`: one per category.
  package var helmJSON: String {
    let header = Self.header.map { title, description -> JSONValue in
      var members = [Member(key: "value", value: .string(title))]
      if let description { members.append(Member(key: "description", value: .string(description))) }
      members += [
        Member(key: "markdown", value: .bool(false)), Member(key: "metadata", value: .object([])),
      ]
      return .object(members)
    }
    let tables = rows.map(\.group.category).unique().map { category -> JSONValue in
      let lines = rows.filter { $0.group.category == category }.map { JSONValue.array(Self.cells($0)) }
      return .object([
        Member(key: "title", value: .string(category)), Member(key: "header", value: .array(header)),
        Member(key: "rows", value: .array(lines)), Member(key: "links", value: .array([])),
      ])
    }
    return JSONValue.array(tables).indented()
  }

  private static func cells(_ row: Row) -> [JSONValue] {
    func cell(_ value: JSONValue?, description: String? = nil, href: String? = nil, isMarkdown: Bool = false)
      -> JSONValue
    {
      var members: [Member] = []
      if let value { members.append(Member(key: "value", value: value)) }
      if let description { members.append(Member(key: "description", value: .string(description))) }
      if let href { members.append(Member(key: "href", value: .string(href))) }
      return .object(members + [Member(key: "markdown", value: .bool(isMarkdown))])
    }
    func number(_ stat: MergedStat?, _ value: (MergedStat) -> Double?) -> JSONValue {
      guard let stat else { return cell(nil) }
      return cell(value(stat).map(JSONValue.double), description: stat.helmText)
    }
    return [
      cell(
        .string(row.group.field.displayName ?? row.group.name), href: "?group=" + Board.quoted(row.group.name)
      ),
      cell(row.group.field.description.map(JSONValue.string), isMarkdown: true),
      cell(.string(row.methods.joined(separator: ", "))), number(row.instances, \.mean),
      number(row.references, \.mean), number(row.promptTokens, \.sum), number(row.completionTokens, \.sum),
      cell(.int(Int64(row.modelCount))),
    ]
  }
}

extension BoardMaker {
  /// The run groups, with what their runs are made of.
  package var index: BoardIndex {
    BoardIndex(
      rows: schema.runGroups.map { page in
        var stats: [String: MergedStat] = [:]
        var methods: Set<String> = []
        var models: Set<String> = []
        var seen: Set<Int> = []
        for subgroup in schema.expanded(page) {
          for number in (runsOfGroup[subgroup.name] ?? []).flatMap(\.runs) {
            models.insert(runs[number].deployment)
            methods.insert(runs[number].adapterFields["method"]?.text ?? "")
            guard isVisible(number, on: subgroup), options.countsRepeated || seen.insert(number).inserted
            else { continue }
            for entry in runs[number].stats.entries where BoardIndex.metricNames.contains(entry.name.name) {
              if stats[entry.name.name] == nil {
                stats[entry.name.name] = entry.stat
              } else {
                stats[entry.name.name]? += entry.stat
              }
            }
          }
        }
        return BoardIndex.Row(
          group: page, methods: methods.filter { !$0.isEmpty }.sorted(), instances: stats["num_instances"],
          references: stats["num_references"], promptTokens: stats["num_prompt_tokens"],
          completionTokens: stats["num_completion_tokens"], modelCount: models.count)
      })
  }
}
