/// The scores of runs of one scenario on its instances: one row per run, one column per instance.
public struct ScoreMatrix: Sendable {
  /// What a row is of.
  public struct Run: Sendable, Hashable {
    /// The run's name.
    public let name: String
    /// The model, such as `openai/gpt2`.
    public let model: String

    /// A run of a model.
    package init(name: String, model: String) {
      self.name = name
      self.model = model
    }

    /// Who made the model: its name up to the first `/`, all of it when there is none.
    public var family: String { modelFamily(model) }
  }

  /// The runs, one per row.
  public let runs: [Run]
  /// What tells the instances apart: their ids.
  public let instances: [String]
  /// Row by row, each of `instances.count` scores, mostly from 0 to 1; NaN where a run has no score.
  public let values: [Double]
  /// What the models answered, in the order of `values`: equal numbers for equal answers, -1 for none. Nil when the
  /// answers were not read.
  public let answers: [Int32]?

  /// A matrix of `runs.count * instances.count` values, row by row.
  package init(runs: [Run], instances: [String], values: [Double], answers: [Int32]? = nil) {
    precondition(values.count == runs.count * instances.count, "a value for each run and instance")
    precondition(answers.map { $0.count == values.count } ?? true, "an answer for each value")
    self.runs = runs
    self.instances = instances
    self.values = values
    self.answers = answers
  }

  /// The score of a run on an instance, by row and column; NaN where there is none.
  @inlinable
  public subscript(run: Int, instance: Int) -> Double { values[run * instances.count + instance] }
}

/// The scores of whole runs: one row per model, one column per scenario, or a scenario under a perturbation.
public struct ScoreBoard: Sendable {
  /// What a column is of.
  public struct Column: Sendable, Hashable {
    /// The run's name without its model.
    public let scenario: String
    /// The statistic.
    public let name: MetricName

    package init(scenario: String, name: MetricName) {
      self.scenario = scenario
      self.name = name
    }
  }

  /// The models, one per row.
  public let models: [String]
  /// The tasks, one per column.
  public let columns: [Column]
  /// Row by row, each of `columns.count` scores; NaN where nothing is known.
  public var values: [Double]

  /// A board of `models.count * columns.count` values, row by row.
  package init(models: [String], columns: [Column], values: [Double]) {
    precondition(values.count == models.count * columns.count, "a value for each model and column")
    self.models = models
    self.columns = columns
    self.values = values
  }

  /// The score of a model, by row and column; NaN where nothing is known.
  public subscript(model: Int, column: Int) -> Double {
    get { values[model * columns.count + column] }
    set { values[model * columns.count + column] = newValue }
  }
}

/// Who made a model: its name up to the first `/`, all of it when there is none.
package func modelFamily(_ model: String) -> String {
  model.firstIndex(of: "/").map { String(model[..<$0]) } ?? model
}
