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

    /// The columns of the table that the values come from.
    var columnNames: [String] {
      switch self {
      case .run: []
      case .column(let name): [name]
      case .input: InstanceInput.columns
      }
    }
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

    var type: SQLType? {
      switch source {
      case .run(let field): field.sqlType
      case .input: .text
      case .column(let name): SQLType(of: name)
      }
    }
  }

  /// How many columns a table of SQLite can have.
  static let columnLimit = 2000

  let name: String
  /// The table whose rows these are; nil for one row per run.
  let kind: TableSource?
  let columns: [Column]

  private static func column(_ name: String, _ source: String) -> Column {
    Column(name: name, source: .column(source))
  }

  private static func field(_ field: RunField) -> Column { Column(name: field.rawValue, source: .run(field)) }

  /// One of the four tables, with some of its columns, under their flattened names.
  static func table(_ kind: TableSource, columns: [String]) -> Relation {
    var names = SQLColumnNames()
    return Relation(
      name: kind.sqlName, kind: kind,
      columns: (["run_spec.name"] + columns.filter { $0 != "run_spec.name" }).map {
        column(names.name(for: $0), $0)
      })
  }

  /// The relations whose names need no quotes.
  static let tidy: [Relation] = [
    Relation(name: "runs", kind: nil, columns: RunField.allCases.map(field)),
    Relation(
      name: "scores", kind: .stats,
      columns: [field(.run), field(.scenario), field(.model), column("metric", "stats.name.name")]
        + named("stats.name.", ["split", "sub_split"])
        + [
          column("perturbation", "stats.name.perturbation.name"),
          column("computed_on", "stats.name.perturbation.computed_on"),
          column("prob", "stats.name.perturbation.prob"),
        ] + named("stats.", ["count", "mean", "stddev"])
        + [field(.suite), field(.task), field(.isLatest)]),
    Relation(
      name: "instances", kind: .scenarioStates,
      columns: [
        field(.run), field(.scenario), field(.model), column("instance", states + "instance.id"),
        column("trial", states + "train_trial_index"), column("split", states + "instance.split"),
        column("perturbation", states + "instance.perturbation.name"),
        column("prob", states + "instance.perturbation.prob"),
        Column(name: "input", source: .input), column("prompt", states + "request.prompt"),
        column("completions", states + "result.completions"),
        column("reference_list", states + "instance.references"), field(.suite), field(.task),
        field(.isLatest),
      ]),
    Relation(
      name: "instance_scores", kind: .perInstanceStats,
      columns: [
        field(.run), column("instance", "per_instance_stats.instance_id"),
        column("trial", "per_instance_stats.train_trial_index"),
        column("perturbation", scores + "name.perturbation.name"), column("metric", scores + "name.name"),
        column("split", scores + "name.split"), column("mean", scores + "mean"),
        column("prob", scores + "name.perturbation.prob"), column("count", scores + "count"),
        column("sum", scores + "sum"), field(.scenario), field(.model), field(.suite), field(.task),
        field(.isLatest),
      ]),
  ]

  /// The number that predictions of instances refer to a request by; where requests are numbered.
  static let predictionID = column("prediction_id", Table.instancePredictID)

  private static let states = "scenario_state.request_states."
  private static let scores = "per_instance_stats.stats."

  private static func named(_ prefix: String, _ names: [String]) -> [Column] {
    names.map { column($0, prefix + $0) }
  }
}
