// The columns a predictor needs most, by meaning. Any other column is there under its flattened name:
// `row["run_spec.adapter_spec.max_eval_instances"]`.

extension ColumnKey where Value == String {
  /// The run's name (`run_spec.name`), in all four tables.
  public static var run: Self { .init("run_spec.name") }
  /// The metric's name, in `stats` and `perInstanceStats`.
  public static var metric: Self { .init("stats.name.name", "per_instance_stats.stats.name.name") }
}

extension ColumnKey where Value == String? {
  /// HELM's split of an instance or a statistic: `valid`, `test` ...
  public static var split: Self {
    .init(
      "stats.name.split", "per_instance_stats.stats.name.split",
      "scenario_state.request_states.instance.split")
  }
  /// The part of a split that a statistic is over.
  public static var subSplit: Self {
    .init("stats.name.sub_split", "per_instance_stats.stats.name.sub_split")
  }
  /// The perturbation's name; nil for inputs as they are.
  public static var perturbation: Self {
    .init(
      "stats.name.perturbation.name", "per_instance_stats.stats.name.perturbation.name",
      "scenario_state.request_states.instance.perturbation.name")
  }
  /// Which inputs a perturbation's statistic is over: `perturbed`, `original`, `worst`.
  package static var computedOn: Self {
    .init(
      "stats.name.perturbation.computed_on", "per_instance_stats.stats.name.perturbation.computed_on",
      "scenario_state.request_states.instance.perturbation.computed_on")
  }
  /// The instance's id, as text.
  public static var instance: Self {
    .init("scenario_state.request_states.instance.id", "per_instance_stats.instance_id")
  }
  /// The text of an instance's input.
  public static var input: Self { .init("scenario_state.request_states.instance.input.text") }
  /// The prompt that was sent.
  public static var prompt: Self { .init("scenario_state.request_states.request.prompt") }
  /// The model, such as `openai/gpt2`, in `runSpecs` and `scenarioStates`.
  public static var model: Self { .init("run_spec.adapter_spec.model", "scenario_state.adapter_spec.model") }
  /// Where the model runs, as HELM names it.
  package static var deployment: Self { .init("run_spec.adapter_spec.model_deployment") }
  /// How prompts are made of instances, such as `multiple_choice_joint`.
  public static var method: Self { .init("run_spec.adapter_spec.method") }
  /// The class of the scenario.
  public static var scenario: Self { .init("run_spec.scenario_spec.class_name") }
}

extension ColumnKey where Value == Double? {
  /// The mean.
  public static var mean: Self { .init("stats.mean", "per_instance_stats.stats.mean") }
  /// The least value.
  public static var min: Self { .init("stats.min", "per_instance_stats.stats.min") }
  /// The greatest value.
  public static var max: Self { .init("stats.max", "per_instance_stats.stats.max") }
  /// The sum.
  public static var sum: Self { .init("stats.sum", "per_instance_stats.stats.sum") }
  /// The sum of squares.
  public static var sumSquared: Self { .init("stats.sum_squared", "per_instance_stats.stats.sum_squared") }
  /// Population variance.
  public static var variance: Self { .init("stats.variance", "per_instance_stats.stats.variance") }
  /// The standard deviation.
  public static var stddev: Self { .init("stats.stddev", "per_instance_stats.stats.stddev") }
  /// The temperature that answers are sampled at.
  package static var temperature: Self { .init("run_spec.adapter_spec.temperature") }
  /// The strength of a perturbation that has one: the share of words it changes.
  public static var prob: Self {
    .init(
      "stats.name.perturbation.prob", "per_instance_stats.stats.name.perturbation.prob",
      "scenario_state.request_states.instance.perturbation.prob")
  }
}

extension ColumnKey where Value == Int? {
  /// What a statistic is over: train trials in `stats`, values in `perInstanceStats`.
  public static var count: Self { .init("stats.count", "per_instance_stats.stats.count") }
  /// The train trial, 0 first.
  package static var trial: Self {
    .init("scenario_state.request_states.train_trial_index", "per_instance_stats.train_trial_index")
  }
  /// The number of the evaluated request, 0 first: what an `InstancePrediction` refers to.
  public static var instancePredictID: Self { .init(Table.instancePredictID) }
}

extension ColumnKey where Value == Bool? {
  /// Whether a perturbation counts for fairness.
  package static var fairness: Self {
    .init(
      "stats.name.perturbation.fairness", "per_instance_stats.stats.name.perturbation.fairness",
      "scenario_state.request_states.instance.perturbation.fairness")
  }
  /// Whether a perturbation counts for robustness.
  package static var robustness: Self {
    .init(
      "stats.name.perturbation.robustness", "per_instance_stats.stats.name.perturbation.robustness",
      "scenario_state.request_states.instance.perturbation.robustness")
  }
}

extension ColumnKey where Value == JSONValue? {
  /// The run groups that a run belongs to: a list of names.
  package static var groups: Self { .init("run_spec.groups") }
  /// The perturbations a run was made with: a list of objects with `class_name` and `args`.
  package static var perturbationSpecs: Self { .init("run_spec.data_augmenter_spec.perturbation_specs") }
  /// The model's answers to a request.
  package static var completions: Self {
    .init("scenario_state.request_states.result.completions")
  }
  /// The possible answers of an instance.
  package static var references: Self { .init("scenario_state.request_states.instance.references") }
}

extension ColumnKey {
  /// The column's name in the table of one kind of file.
  ///
  ///     ColumnKey.mean.name(in: .perInstanceStats)  // per_instance_stats.stats.mean
  package func name(in source: TableSource) -> String {
    names.first { $0.hasPrefix(source.prefix) } ?? name
  }
}

extension TableSource {
  /// The names of columns in the table of this kind of file, by what they mean.
  ///
  ///     TableSource.stats.names(.metric, .mean)  // stats.name.name and stats.mean
  package func names<each Value>(_ keys: repeat ColumnKey<each Value>) -> Set<String> {
    var names: Set<String> = []
    for key in repeat each keys { names.insert(key.name(in: self)) }
    return names
  }
}

/// How the names of columns begin that hold what lies in one part of a file.
package enum ColumnPrefix {
  /// How prompts are made: HELM's AdapterSpec.
  package static let adapter = TableSource.runSpecs.prefix + "adapter_spec."
  /// What the scenario was asked for.
  package static let scenarioArguments = TableSource.runSpecs.prefix + "scenario_spec.args."
  /// HELM's RequestState.
  package static let requests = TableSource.scenarioStates.prefix + "request_states."
  /// HELM's MetricName, of a run's statistic.
  package static let statName = TableSource.stats.prefix + "name."
  /// HELM's Stat, of an instance.
  package static let instanceStat = TableSource.perInstanceStats.prefix + "stats."
  /// HELM's MetricName, of an instance's statistic.
  package static let instanceStatName = instanceStat + "name."
}

extension Table {
  static let instancePredictID = "magnet.instance_predict_id"
}
