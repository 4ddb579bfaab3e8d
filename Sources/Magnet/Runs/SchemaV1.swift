extension TableSource {
  /// The columns of the fixed schema, version 1: what HELM's own files hold, typed, so that the tables of any runs have
  /// the same columns. Keys that depend on data, and those of other HELM versions, stand in ``extraColumn``.
  ///
  /// The version changes when a column is added, removed or retyped; commands name it, `--schema v1`.
  package var schemaV1: [DeclaredColumn] {
    let own: [DeclaredColumn] =
      switch self {
      case .runSpecs: Self.runSpecColumns
      case .scenarioStates: Self.scenarioStateColumns
      case .stats: Self.statColumns
      case .perInstanceStats:
        [.init("instance_id", .string), .init("train_trial_index", .int), .init("perturbation", .json)]
          + Self.under(TableSource.stats.prefix, Self.statColumns)
      default: []
      }
    return [DeclaredColumn(ColumnKey.run.name, .string)]
      + Self.under(prefix, own).filter {
        $0.name != ColumnKey.run.name
      }
  }

  /// The types of the fixed schema's columns, by name.
  package var columnTypes: [String: ColumnType] {
    Dictionary(schemaV1.map { ($0.name, $0.type) }, uniquingKeysWith: { first, _ in first })
  }

  /// The column of JSON for what the fixed schema has no column for.
  package static let extraColumn = "extra"

  private static func under(_ prefix: String, _ columns: [DeclaredColumn]) -> [DeclaredColumn] {
    columns.map { DeclaredColumn(prefix + $0.name, $0.type) }
  }

  private static func columns(_ type: ColumnType, _ names: String...) -> [DeclaredColumn] {
    names.map { DeclaredColumn($0, type) }
  }

  private static let statColumns =
    columns(.string, "name.name", "name.split", "name.sub_split")
    + under("name.perturbation.", perturbationColumns)
    + columns(.int, "count")
    + columns(.double, "sum", "sum_squared", "min", "max", "mean", "variance", "stddev")

  private static let perturbationColumns =
    columns(.string, "name", "computed_on") + columns(.bool, "fairness", "robustness")
    + columns(.double, "prob")

  private static let adapterColumns =
    columns(
      .string, "method", "global_prefix", "global_suffix", "instructions", "input_prefix", "input_suffix",
      "reference_prefix", "reference_suffix", "chain_of_thought_prefix", "chain_of_thought_suffix",
      "output_prefix", "output_suffix", "instance_prefix", "model", "model_deployment", "random")
    + columns(.json, "substitutions", "stop_sequences", "eval_splits")
    + columns(
      .int, "max_train_instances", "max_eval_instances", "num_outputs", "num_train_trials", "num_trials",
      "max_tokens")
    + columns(.bool, "sample_train", "multi_label") + columns(.double, "temperature")

  private static let runSpecColumns =
    columns(.string, "scenario_spec.class_name") + under("adapter_spec.", adapterColumns)
    + columns(.json, "metric_specs", "groups", "annotators", "data_augmenter_spec.perturbation_specs")
    + under(
      "data_augmenter_spec.",
      columns(
        .bool, "should_augment_train_instances", "should_include_original_train",
        "should_skip_unchanged_train", "should_augment_eval_instances", "should_include_original_eval",
        "should_skip_unchanged_eval") + columns(.int, "seeds_per_instance"))

  private static let scenarioStateColumns =
    under("adapter_spec.", adapterColumns) + columns(.json, "annotator_specs")
    + under(
      "request_states.",
      under(
        "instance.",
        columns(.string, "id", "input.text", "split", "sub_split")
          + columns(.json, "references", "contrast_inputs", "contrast_references")
          + under("perturbation.", perturbationColumns))
        + columns(
          .int, "reference_index", "train_trial_index", "num_train_instances", "num_conditioning_tokens")
        + columns(.string, "request_mode") + columns(.bool, "prompt_truncated")
        + under(
          "request.",
          columns(.string, "model", "model_deployment", "prompt", "random")
            + columns(.int, "num_completions", "top_k_per_token", "max_tokens")
            + columns(.double, "temperature", "top_p", "presence_penalty", "frequency_penalty")
            + columns(.bool, "embedding", "echo_prompt") + columns(.json, "stop_sequences", "messages"))
        + under(
          "result.",
          columns(.bool, "success", "cached") + columns(.json, "embedding", "completions")
            + columns(.double, "request_time", "batch_request_time")
            + columns(.int, "request_datetime", "batch_size") + columns(.string, "error")))
}

/// Where rows come from: columns that say which of several projects and suites a run belongs to.
package enum SourceColumn {
  /// The HELM project: the folder that `benchmark_output` lies in.
  package static let project = "source.project"
  package static let suite = "source.suite"
  /// The path of the run's folder.
  package static let path = "source.run_path"

  /// The columns, in order.
  package static let all: [DeclaredColumn] = [project, suite, path].map { DeclaredColumn($0, .string) }
}

extension RunEntry {
  /// The name of the folder that `benchmark_output` lies in; nil where the path does not say.
  package var project: String? {
    let parts = path.split(separator: "/")
    guard let place = parts.lastIndex(where: { $0 == "benchmark_output" }), place > 0 else { return nil }
    let name = parts[place - 1]
    return name == "." || name == ".." ? nil : String(name)
  }
}

extension RunTables {
  /// The table of one kind of file with the columns of ``SourceColumn`` in front.
  /// - Parameter entries: the runs asked for, in the order they were.
  package func withSource(_ kind: TableSource, of entries: [RunEntry]) -> Table {
    if entries.isEmpty { return Table() }
    let sources = SourceColumn.all.map(\.name)
    let names = self[kind].columnNames
    let kept = names.indices.filter { !sources.contains(names[$0]) }
    return Table(
      columnNames: sources + kept.map { names[$0] },
      chunks: zip(entries, runTables(kind)).flatMap { entry, rows in
        let cells = [Cell(entry.project), .string(entry.suite), .string(entry.path)]
        return rows.chunks.map { chunk in
          Table.Chunk(
            rowCount: chunk.rowCount,
            columns: cells.map { .constant($0, count: chunk.rowCount) } + kept.map { chunk.columns[$0] })
        }
      })
  }

  /// The table of one kind of file with the columns of ``SourceColumn`` and of the fixed schema, and all else in one.
  /// - Parameter entries: the runs asked for, in the order they were.
  package func fitted(_ kind: TableSource, of entries: [RunEntry]) -> Table {
    withSource(kind, of: entries).fitted(
      to: SourceColumn.all + kind.schemaV1, extra: TableSource.extraColumn)
  }
}
