/// The runs a predictor may learn from, with everything known of them.
public struct TrainSplit: Sendable {
  /// Its tables, by the kind of file.
  public let tables: RunTables
  /// One row per run.
  public var runSpecs: Table { tables.runSpecs }
  /// One row per request.
  public var scenarioStates: Table { tables.scenarioStates }
  /// One row per statistic.
  public var stats: Table { tables.stats }
  /// One row per statistic of an instance.
  public var perInstanceStats: Table { tables.perInstanceStats }

  /// Tells splits apart without looking at their tables: copies of one have one.
  final class Identity: Sendable {}
  let identity = Identity()

  /// A train split of these tables.
  public init(_ tables: RunTables) { self.tables = tables }
}

/// The target run, with its answers. `scenarioStates` and `perInstanceStats` hold the instances drawn;
/// `stats` are those of the whole run.
public struct TestSplit: Sendable {
  /// Its tables, by the kind of file.
  public let tables: RunTables
  /// One row per run.
  public var runSpecs: Table { tables.runSpecs }
  /// One row per request.
  public var scenarioStates: Table { tables.scenarioStates }
  /// One row per statistic.
  public var stats: Table { tables.stats }
  /// One row per statistic of an instance.
  public var perInstanceStats: Table { tables.perInstanceStats }

  /// A test split of these tables.
  public init(_ tables: RunTables) { self.tables = tables }

  /// What a predictor may see of it.
  public func sequestered(_ disclosure: Disclosure = .responses) -> SequesteredTestSplit {
    SequesteredTestSplit(self, disclosure)
  }
}

/// A partition of runs: those to learn from and the one to be predicted.
public struct DataSplit: Sendable {
  /// What the predictor learns from.
  public let train: TrainSplit
  /// What is to be predicted, with its answers.
  public let test: TestSplit
  /// The names of the example runs, in the order drawn.
  public let trainRuns: [String]
  /// The name of the target run.
  public let testRun: String
  /// What a user should know of how the split came about.
  public let notes: [String]
  /// Faults of the skipped runs.
  public let faults: [DataFault]
}

/// How much of the target run a predictor sees. It never sees statistics of the run, and those of instances
/// only where it asks for `scores`.
public enum Disclosure: String, Sendable, CaseIterable {
  /// The run spec alone.
  case runSpec = "run-spec"
  /// And the instances drawn with their inputs, references and prompts. No reference is marked correct, and where
  /// all are (the accepted answers of a free-text question) none is shown.
  case inputs
  /// And what the model answered to them. The answers are not mapped to references, which would score them.
  case responses
  /// And the statistics of the instances drawn: for predictors of a whole run's score from some of its instances.
  case scores
  /// All that MAGNET shows, for parity: references with their `correct` tags and output mappings too. Exact match
  /// can be computed from these.
  case everything
}

/// What a predictor sees of the target run: no statistics of the run, and of the requests what its disclosure
/// allows.
public struct SequesteredTestSplit: Sendable {
  /// The run specs of the target run.
  public let runSpecs: Table
  /// One row per request for the instances drawn; no rows when only the run spec is disclosed.
  public let scenarioStates: Table
  /// One row per statistic of an instance drawn; no rows unless the disclosure is `.scores`.
  public let observedStats: Table
  /// What was disclosed.
  public let disclosure: Disclosure
  /// The columns of names of the statistics, and none of their values.
  private let statNames: Table
  private let instanceStatNames: Table

  /// The statistics that the run has, to be predicted: their names, each once. Their values are not here.
  public var statsAsked: [MetricName] { Self.distinctNames(statNames) }

  /// The statistics that the instances have, to be predicted: their names, each once.
  public var instanceStatsAsked: [MetricName] { Self.distinctNames(instanceStatNames) }

  private static func distinctNames(_ table: Table) -> [MetricName] {
    guard ColumnKey.metric.names.contains(where: table.hasColumn) else {
      return []
    }
    var seen: Set<MetricName> = []
    return table.rows.map { Stat(row: $0).name }.filter { seen.insert($0).inserted }
  }

  private static func names(_ table: Table, _ prefix: String) -> Table {
    table.selecting(table.columnNames.filter { $0.hasPrefix(prefix) })
  }

  init(_ split: TestSplit, _ disclosure: Disclosure) {
    runSpecs = disclosure == .everything ? split.runSpecs : Self.known(split.runSpecs)
    self.disclosure = disclosure
    statNames = Self.names(split.stats, ColumnPrefix.statName)
    instanceStatNames = Self.names(split.perInstanceStats, ColumnPrefix.instanceStatName)
    observedStats = disclosure == .scores ? split.perInstanceStats : Table()
    scenarioStates =
      switch disclosure {
      case .runSpec: Table()
      case .inputs: Self.shown(split.scenarioStates, Self.inputFields)
      case .responses, .scores: Self.shown(split.scenarioStates, Self.inputFields + Self.responseFields)
      case .everything: split.scenarioStates
      }
  }

  /// Run specs with the fields that HELM knows: any other may be a score.
  private static func known(_ runSpecs: Table) -> Table { runSpecs.dropping(isUnknownRunSpecField) }

  private static func isUnknownRunSpecField(_ name: String) -> Bool {
    let prefix = TableSource.runSpecs.prefix
    let allowed = runSpecFields.map { prefix + $0 } + adapterFields.map { ColumnPrefix.adapter + $0 }
    return name.hasPrefix(prefix) && !isWithin(allowed, name)
  }

  private static func isWithin(_ fields: [String], _ name: String) -> Bool {
    fields.contains { name == $0 || name.hasPrefix($0 + ".") }
  }

  /// The fields of the run spec and the requests that HELM does not know, and that are therefore not shown.
  static func unknownFields(of split: TestSplit) -> [String] {
    let known =
      (inputFields + responseFields + keyFields).map { requestStates + $0 }
      + adapterFields.map { stateAdapter + $0 } + [TableSource.scenarioStates.prefix + "annotator_specs"]
    let unknown = split.scenarioStates.columnNames.filter { name in
      name.hasPrefix(TableSource.scenarioStates.prefix) && !name.hasSuffix(".tags") && !isWithin(known, name)
        && !known.contains { $0.hasPrefix(name + ".") }
    }
    return split.runSpecs.columnNames.filter(isUnknownRunSpecField) + unknown
  }

  /// Requests and answers without whatever names the right answer or scores the model's.
  static func keyless(_ states: Table) -> Table { shown(states, inputFields + responseFields) }

  private static let requestStates = ColumnPrefix.requests
  private static let stateAdapter = TableSource.scenarioStates.prefix + "adapter_spec."
  /// What may be seen of a request: HELM's fields of a RequestState, less those that name the right answer or score the
  /// model's (`output_mapping`, `annotations`, `extra_data`, `contrast_references`). A list of what may pass: files of
  /// other versions and tools hold fields that HELM does not know, and any of them may be a score.
  private static let inputFields =
    [
      "instance.id", "instance.split", "instance.sub_split", "instance.input.text",
      "instance.input.multimedia_content", "instance.input.messages", "instance.references",
      "instance.perturbation", "instance.contrast_inputs", "reference_index", "request_mode",
      "train_trial_index", "num_train_instances", "prompt_truncated", "num_conditioning_tokens",
    ]
    + [
      "model", "model_deployment", "embedding", "prompt", "temperature", "num_completions",
      "top_k_per_token", "max_tokens", "stop_sequences", "echo_prompt", "top_p", "presence_penalty",
      "frequency_penalty", "random", "messages", "multimodal_prompt", "image_generation_parameters",
      "response_format",
    ].map { "request." + $0 }
  /// What may be seen of an answer.
  private static let responseFields = [
    "success", "embedding", "completions", "cached", "error", "error_flags", "request_time",
    "request_datetime", "num_prompt_tokens", "num_completion_tokens", "batch_size", "batch_request_time",
    "reasoning_effort",
  ].map { "result." + $0 }
  /// The keys that may be seen in a completion, and in a reference and what it holds.
  private static let completionKeys: Set = [
    "text", "logprob", "tokens", "finish_reason", "reason", "thinking", "multimodal_content", "media_objects",
    "content_type", "location", "top_logprobs",
  ]
  private static let referenceKeys: Set = [
    "output", "text", "multimedia_content", "media_objects", "content_type", "location",
  ]

  /// What names the right answer or scores the model's: never shown, and known to HELM.
  private static let keyFields = [
    "output_mapping", "annotations", "instance.extra_data", "instance.contrast_references",
  ]
  private static let runSpecFields = [
    "name", "scenario_spec", "metric_specs", "data_augmenter_spec", "groups", "annotators",
  ]
  private static let adapterFields = [
    "method", "global_prefix", "global_suffix", "instructions", "input_prefix", "input_suffix",
    "reference_prefix", "reference_suffix", "chain_of_thought_prefix", "chain_of_thought_suffix",
    "output_prefix", "output_suffix", "instance_prefix", "substitutions", "max_train_instances",
    "max_eval_instances", "num_outputs", "num_train_trials", "num_trials", "sample_train",
    "model_deployment", "model", "temperature", "max_tokens", "stop_sequences", "random", "multi_label",
    "image_generation_parameters", "reeval_parameters", "eval_splits", "reference_prefix_characters",
    "output_mapping_pattern",
  ]
  private static func shown(_ table: Table, _ fields: [String]) -> Table {
    let allowed =
      fields.map { requestStates + $0 } + adapterFields.map { stateAdapter + $0 }
    // The input itself is a text in HELM 0.1 and 0.2.
    let input = requestStates + "instance.input"
    var shown = table.dropping { name in
      name.hasPrefix(TableSource.scenarioStates.prefix) && name != input && !isWithin(allowed, name)
    }
    shown = shown.dropping { $0.hasPrefix(requestStates + "instance.") && $0.hasSuffix(".tags") }
    for name in shown.columnNames where name.hasPrefix(requestStates) {
      switch name.dropFirst(requestStates.count) {
      case "instance.references":
        shown = shown.mappingJSON(name) { only(referenceKeys, of: withoutGivenAway($0)) }
      case "result.completions": shown = shown.mappingJSON(name) { only(completionKeys, of: $0) }
      case let field where field.hasPrefix("instance."): shown = shown.mappingJSON(name, untagged)
      default: break
      }
    }
    return shown
  }

  /// A value with some keys alone in the objects in it.
  private static func only(_ keys: Set<String>, of value: JSONValue) -> JSONValue {
    switch value {
    case .array(let elements): .array(elements.map { only(keys, of: $0) })
    case .object(let members):
      .object(
        members.filter { keys.contains($0.key) }.map {
          JSONValue.Member(key: $0.key, value: $0.key == "top_logprobs" ? $0.value : only(keys, of: $0.value))
        })
    default: value
    }
  }

  /// No references where all are correct, as a free-text question has them: they would be the answer, tags or not.
  private static func withoutGivenAway(_ value: JSONValue) -> JSONValue {
    let references = value.elements
    let areCorrect = references.allSatisfy { $0["tags"]?.elements.contains(.string("correct")) == true }
    return !references.isEmpty && areCorrect ? .array([]) : value
  }

  /// A value without the `tags` of the objects in it.
  private static func untagged(_ value: JSONValue) -> JSONValue {
    switch value {
    case .array(let elements): .array(elements.map(untagged))
    case .object(let members):
      .object(
        members.filter { $0.key != "tags" }.map { JSONValue.Member(key: $0.key, value: untagged($0.value)) })
    default: value
    }
  }
}

/// Which runs and instances a split takes, drawn as MAGNET draws them: with one CPython generator, first the runs
/// (the last drawn is the one to be predicted), then the instances.
package struct SplitDraw: Sendable {
  /// The numbers of the example runs among the population, in the order drawn.
  package let train: [Int]
  /// The number of the target run.
  package let test: Int
  private let random: PythonRandom

  /// Draws `exampleRuns + 1` of `population` runs; nil when there are too few.
  package init?(population: Int, exampleRuns: Int, seed: Int) {
    guard exampleRuns >= 0, exampleRuns < population else { return nil }
    var random = PythonRandom(seed: seed)
    var drawn = random.sample(exampleRuns + 1, below: population)
    test = drawn.removeLast()
    train = drawn
    self.random = random
  }

  /// These runs; only instances are drawn.
  init(train: [Int], test: Int, seed: Int) {
    self.train = train
    self.test = test
    random = PythonRandom(seed: seed)
  }

  /// The numbers of the instances drawn, of `count` distinct ones in order of appearance; all of them, in some
  /// order, when there are no more than `samples`.
  package func instances(of count: Int, samples: Int) -> [Int] {
    var random = random
    return random.sample(Swift.max(0, Swift.min(count, samples)), below: count)
  }
}
