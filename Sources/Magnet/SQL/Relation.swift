/// A table that queries see: its columns by the names they have in SQL, and where their values come from.
struct Relation: Sendable {
  enum Source: Sendable, Hashable {
    /// What is known of the run a row belongs to.
    case run(RunField)
    /// A column of the table, by its flattened name.
    case column(String)
    /// The input of an instance: its text, which HELM 0.1 and 0.2 kept in another place than later versions, or the
    /// text parts of a multimodal input.
    case input
    /// Whether a statistic is one that the run's score is made of.
    case main
    /// What is known of the score of the run.
    case headline(RunHeadline.Column)

    /// The columns of the table that the values come from.
    func columnNames(_ kind: TableSource) -> [String] {
      switch self {
      case .run, .headline: []
      case .column(let name): [name]
      case .input: InstanceInput.columns
      case .main: MainRows.columnNames(kind)
      }
    }

    /// The column of an exported table that has the values, where one has them as they are.
    var storedName: String? {
      switch self {
      case .column(let name): name
      case .main: MainRows.name
      case .run, .input, .headline: nil
      }
    }
  }

  /// What the rows are.
  enum Rows: Sendable, Hashable {
    /// Every run that was found.
    case runs
    /// The runs that have statistics.
    case headlines
    /// The cells of all leaderboards.
    case boards
    /// The rows of a table.
    case table(TableSource)
  }

  /// What is known of a run before its tables are read.
  enum RunField: String, Sendable, Hashable, CaseIterable {
    case suite, run, scenario, task, model, method, folder, path, state, problem
    /// Whether no later suite has a run of this name: 1, or 0. Of runs with one name a complete one comes first.
    case isLatest = "is_latest"

    /// The type that a column has in a SQLite file.
    var sqlType: SQLType { self == .isLatest ? .integer : .text }
  }

  struct Column: Sendable {
    let name: String
    let source: Source
    /// The type where the name does not tell it.
    var declared: SQLType?

    var type: SQLType? {
      if let declared { return declared }
      return switch source {
      case .run(let field): field.sqlType
      case .input: .text
      case .main: .integer
      case .column(let name): SQLType(of: name)
      case .headline(.mean): .real
      case .headline(.count), .headline(.lowerIsBetter): .integer
      case .headline: .text
      }
    }
  }

  /// How many columns a table of SQLite can have.
  static let columnLimit = 2000

  let name: String
  let rows: Rows
  let columns: [Column]

  /// The table whose rows these are; nil for others.
  var kind: TableSource? { if case .table(let kind) = rows { kind } else { nil } }

  /// Whether it takes the scores of runs to answer for some of its columns.
  func needsHeadlines(_ used: some Sequence<Int>) -> Bool {
    rows == .headlines || used.contains { columns[$0].source == .main }
  }

  private static func column(_ name: String, _ source: String) -> Column {
    Column(name: name, source: .column(source))
  }

  private static func column<Value>(
    _ name: String, _ key: ColumnKey<Value>, in kind: TableSource
  ) -> Column { column(name, key.name(in: kind)) }

  private static func field(_ field: RunField) -> Column { Column(name: field.rawValue, source: .run(field)) }

  /// One of the four tables, with some of its columns, under their flattened names.
  /// - Parameter used: the names that a query uses: of columns whose names SQL cannot tell apart these have their own.
  static func table(_ kind: TableSource, columns: [String], used: Set<String> = []) -> Relation {
    var names = SQLColumnNames()
    let all = [ColumnKey.run.name] + columns.filter { $0 != ColumnKey.run.name }
    let known = Set(kind.schemaV1.map(\.name))
    let others = all.filter { !used.contains($0) }
    var given: [ExactText: String] = [:]
    for name in all.filter(used.contains) + others.filter(known.contains)
      + others.filter({ !known.contains($0) })
    {
      given[ExactText(name)] = names.name(for: name)
    }
    return Relation(
      name: kind.sqlName, rows: .table(kind),
      columns: all.map { column(given[ExactText($0), default: $0], $0) })
  }

  /// The relations whose names need no quotes.
  static let tidy: [Relation] = [
    Relation(name: "runs", rows: .runs, columns: RunField.allCases.map(field)),
    Relation(
      name: "scores", rows: .table(.stats),
      columns: [field(.run), field(.scenario), field(.model), column("metric", .metric, in: .stats)]
        + [
          column("split", .split, in: .stats), column("sub_split", .subSplit, in: .stats),
          column("perturbation", .perturbation, in: .stats),
          column("computed_on", .computedOn, in: .stats), column("prob", .prob, in: .stats),
          column("count", .count, in: .stats), column("mean", .mean, in: .stats),
          column("stddev", .stddev, in: .stats), field(.suite), field(.task), field(.isLatest), main,
        ]),
    Relation(
      name: "instances", rows: .table(.scenarioStates),
      columns: [
        field(.run), field(.scenario), field(.model), column("instance", .instance, in: .scenarioStates),
        column("trial", .trial, in: .scenarioStates), column("split", .split, in: .scenarioStates),
        column("perturbation", .perturbation, in: .scenarioStates),
        column("prob", .prob, in: .scenarioStates), Column(name: "input", source: .input),
        column("prompt", .prompt, in: .scenarioStates),
        column("completions", .completions, in: .scenarioStates),
        column("reference_list", .references, in: .scenarioStates), field(.suite), field(.task),
        field(.isLatest),
      ]),
    Relation(
      name: "instance_scores", rows: .table(.perInstanceStats),
      columns: [
        field(.run), column("instance", .instance, in: .perInstanceStats),
        column("trial", .trial, in: .perInstanceStats),
        column("perturbation", .perturbation, in: .perInstanceStats),
        column("metric", .metric, in: .perInstanceStats), column("split", .split, in: .perInstanceStats),
        column("mean", .mean, in: .perInstanceStats), column("prob", .prob, in: .perInstanceStats),
        column("count", .count, in: .perInstanceStats), column("sum", .sum, in: .perInstanceStats),
        field(.scenario), field(.model), field(.suite), field(.task), field(.isLatest), main,
      ]),
    Relation(
      name: "headline", rows: .headlines,
      columns: RunHeadline.Column.allCases.map { column in
        switch column {
        case .suite: field(.suite)
        case .run: field(.run)
        default: Column(name: column.rawValue, source: .headline(column))
        }
      } + [field(.model), field(.task), field(.isLatest)]),
    Relation(
      name: "leaderboard", rows: .boards,
      columns: Board.longColumns.map { name in
        Column(name: name, source: .column(name), declared: boardTypes[name] ?? .text)
      }),
  ]

  private static let boardTypes: [String: SQLType] = [
    "rank": .integer, "value": .real, "stderr": .real, "runs": .integer, "of_runs": .integer,
    "lower_is_better": .integer, "best": .integer,
  ]

  private static let main = Column(name: MainRows.name, source: .main)

  /// The tidy relations that need neither schemas nor the scores of other runs: what programs get.
  static let plain: [Relation] = tidy.compactMap { relation in
    switch relation.rows {
    case .headlines, .boards: nil
    case .runs, .table:
      Relation(
        name: relation.name, rows: relation.rows, columns: relation.columns.filter { $0.source != .main })
    }
  }

  /// The number that predictions of instances refer to a request by; where requests are numbered.
  static let predictionID = column("prediction_id", Table.instancePredictID)
}
