/// A table that queries see: its columns by the names they have in SQL, and where their values come from.
struct Relation: Sendable {
  enum Source: Sendable, Hashable {
    /// What is known of the run a row belongs to.
    case run(RunField)
    /// A column of the table, by its flattened name.
    case column(String)
  }

  /// What is known of a run before its tables are read.
  enum RunField: String, Sendable, Hashable, CaseIterable {
    case suite, run, scenario, model, method, folder, path, state
  }

  struct Column: Sendable {
    let name: String
    let source: Source
  }

  let name: String
  /// The table whose rows these are; nil for a row a run.
  let kind: TableKind?
  let columns: [Column]

  private static func column(_ name: String, _ source: String) -> Column {
    Column(name: name, source: .column(source))
  }

  private static func field(_ field: RunField) -> Column { Column(name: field.rawValue, source: .run(field)) }

  /// One of the four tables, with some of its columns, under their flattened names.
  static func table(_ kind: TableKind, columns: [String]) -> Relation {
    Relation(
      name: kind.sqlName, kind: kind,
      columns: [column("run_spec.name", "run_spec.name")]
        + columns.filter { $0 != "run_spec.name" }.map { column($0, $0) })
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
        ] + named("stats.", ["count", "mean", "stddev"]) + [field(.suite)]),
    Relation(
      name: "instances", kind: .scenarioStates,
      columns: [
        field(.run), field(.scenario), field(.model), column("instance", states + "instance.id"),
        column("trial", states + "train_trial_index"), column("split", states + "instance.split"),
        column("perturbation", states + "instance.perturbation.name"),
        column("prob", states + "instance.perturbation.prob"),
        column("input", states + "instance.input.text"), column("prompt", states + "request.prompt"),
        column("completions", states + "result.completions"),
        column("reference_list", states + "instance.references"), field(.suite),
      ]),
    Relation(
      name: "instance_scores", kind: .perInstanceStats,
      columns: [
        field(.run), column("instance", "per_instance_stats.instance_id"),
        column("trial", "per_instance_stats.train_trial_index"),
        column("perturbation", scores + "name.perturbation.name"), column("metric", scores + "name.name"),
        column("split", scores + "name.split"), column("mean", scores + "mean"),
        column("prob", scores + "name.perturbation.prob"), column("count", scores + "count"),
        column("sum", scores + "sum"), field(.scenario), field(.model), field(.suite),
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

extension TableKind {
  /// The table's name in SQL.
  var sqlName: String { rawValue.replacing("-", with: "_") }
}
