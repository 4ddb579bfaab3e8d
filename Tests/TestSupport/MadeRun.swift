import Magnet

/// A run of any scores and texts, written as HELM writes runs.
public struct MadeRun {
  /// The run's name without its model.
  public var task: String
  public var model: String
  public var metric = "exact_match"
  public var split = "test"
  /// One list of scores per train trial; each has one for every instance.
  public var trials: [[Double]]
  /// The input of an instance.
  public var input: (Int) -> String = { "Question \($0)?" }
  /// The answer to an instance, given its score.
  public var answer: (Int, Double) -> String = { $1 == 1 ? "right \($0)" : "wrong \($0)" }
  /// The id of an instance.
  public var id: (Int) -> String = { "id\($0)" }
  public var groups: [String] = ["made"]
  /// Whether requests and scores stand in the files the last first.
  public var isReversed = false
  /// The arguments of the scenario.
  public var arguments: [String: String] = [:]

  public init(_ task: String, _ model: String, _ trials: [[Double]]) {
    self.task = task
    self.model = model
    self.trials = trials
  }

  public init(_ task: String, _ model: String, _ scores: [Double]) { self.init(task, model, [scores]) }

  /// The run's name.
  public var name: String {
    task + (task.contains(":") ? "," : ":") + "model=" + model.replacing("/", with: "_")
  }

  private typealias Member = JSONValue.Member

  private func object(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
    .object(members.map { Member(key: $0.key, value: $0.value) })
  }

  private func stat(_ values: [Double]) -> JSONValue {
    let sum = values.reduce(0, +)
    return object([
      "name": object(["name": .string(metric), "split": .string(split)]),
      "count": .int(Int64(values.count)), "sum": .double(sum), "mean": .double(sum / Double(values.count)),
      "min": .double(values.min() ?? 0), "max": .double(values.max() ?? 0),
    ])
  }

  /// Writes the run into a suite.
  /// - Parameters:
  ///   - suite: the suite's folder, below `folder`.
  ///   - fileName: the name of the run's folder; by default the run's name.
  /// - Returns: the path of the run's folder.
  @discardableResult
  public func write(to folder: TemporaryFolder, suite: String = "s", fileName: String? = nil) throws -> String
  {
    let place = suite + "/" + (fileName ?? name)
    let args = arguments.sorted { $0.key < $1.key }.map { Member(key: $0.key, value: .string($0.value)) }
    let spec = object([
      "name": .string(name),
      "scenario_spec": object(["class_name": .string("made.Scenario"), "args": .object(args)]),
      "adapter_spec": object([
        "method": .string("generation"), "model": .string(model), "model_deployment": .string(model),
      ]),
      "metric_specs": .array([]), "groups": .array(groups.map(JSONValue.string)),
    ])
    let means = trials.map { $0.reduce(0, +) / Double($0.count) }
    var states: [JSONValue] = []
    var bundles: [JSONValue] = []
    for (trial, scores) in trials.enumerated() {
      for (place, score) in scores.enumerated() {
        let reference = object([
          "output": object(["text": .string("right \(place)")]), "tags": .array([.string("correct")]),
        ])
        states.append(
          object([
            "instance": object([
              "input": object(["text": .string(input(place))]), "references": .array([reference]),
              "split": .string(split), "id": .string(id(place)),
            ]),
            "train_trial_index": .int(Int64(trial)),
            "request": object(["model": .string(model), "prompt": .string(input(place))]),
            "result": object([
              "success": .bool(true),
              "completions": .array([object(["text": .string(answer(place, score))])]),
            ]),
          ]))
        bundles.append(
          object([
            "instance_id": .string(id(place)), "train_trial_index": .int(Int64(trial)),
            "stats": .array([stat([score])]),
          ]))
      }
    }
    if isReversed {
      states.reverse()
      bundles.reverse()
    }
    try folder.write(spec.text, to: place + "/run_spec.json")
    try folder.write(JSONValue.array([stat(means)]).text, to: place + "/stats.json")
    try folder.write(JSONValue.array(bundles).text, to: place + "/per_instance_stats.json")
    try folder.write(
      object(["adapter_spec": object([:]), "request_states": .array(states)]).text,
      to: place + "/scenario_state.json")
    return folder.path + "/" + place
  }
}
