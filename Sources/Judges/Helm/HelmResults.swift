package import Magnet

/// The scores of HELM's runs in steps of time, and what of them is known at each timestep.
///
/// A run belongs to the step in which its model came out. Runs of models without a date take no part, nor do runs of
/// scenarios that lack runs in one of the steps: vectors of all steps have the same scenarios.
public struct HelmResults: Sendable {
  /// A run and its score.
  public struct Run: Sendable, Hashable {
    /// The run's name.
    public let name: String
    /// The run's model.
    public let model: String
    /// The run's name without the model.
    public let scenario: String
    /// The metric that is its score.
    package let metric: String
    /// The step, from 0.
    public let step: Int
    /// The run's score.
    public let score: Double
    /// The instances whose scores are shown while the run is forecast.
    public let shown: [String]
  }

  /// The scores, of all models.
  package let scores: ScoreCollection
  /// When models came out.
  package let timeline: ModelTimeline
  /// How many instances of each run are shown while it is forecast; nil where runs of later steps are forecast.
  public let observed: Int?
  /// For which instances these are.
  public let seed: Int
  /// The names of the steps, oldest first.
  package let steps: [String]
  /// The scenarios with runs in every step, in order.
  public let scenarios: [String]
  /// The runs that take part, by step, then name.
  public let runs: [Run]
  /// What was left out, and why.
  public let notes: [String]

  /// Orders scores by time.
  /// - Parameter observed: how many instances of each run are shown while it is forecast. Runs that have no more are
  ///   left out. Nil for forecasts of later steps.
  /// - Throws: `MagnetError` when there are fewer than two steps, or no scenario has runs in all of them.
  package init(_ scores: ScoreCollection, timeline: ModelTimeline, observed: Int?, seed: Int = 1) throws {
    self.scores = scores
    self.timeline = timeline.restricted(to: scores.board.models)
    self.observed = observed
    self.seed = seed
    var notes: [String] = []
    let board = scores.board
    let rows = Dictionary(uniqueKeysWithValues: board.models.enumerated().map { ($1, $0) })
    var columns: [String: Int] = [:]
    for (number, column) in board.columns.enumerated() where column.name.perturbation == nil {
      columns[column.scenario] = number
    }
    let names = self.timeline.names
    steps = names
    var stepsOfScenario: [Int: Set<Int>] = [:]
    var found: [(run: ScoreCollection.Run, step: Int, score: Double)] = []
    var tooShort: [String] = []
    for run in scores.runs {
      guard let step = self.timeline.steps[run.model], let row = rows[run.model],
        let column = columns[scores.scenarios[run.scenario].name], board[row, column].isFinite
      else { continue }
      if let observed, run.instances.count <= observed {
        tooShort.append(run.name)
        continue
      }
      stepsOfScenario[run.scenario, default: []].insert(step)
      found.append((run, step, board[row, column]))
    }
    if found.isEmpty, let observed, !tooShort.isEmpty {
      throw MagnetError(
        .insufficientData, "no run has more than \(observed) instances", advice: "show fewer, with --observed"
      )
    }
    if let observed, let first = tooShort.first {
      notes.append(
        "left out: \(tooShort.count) runs with no more than \(observed) instances, such as \(first)")
    }
    guard names.count >= 2 else {
      throw MagnetError(
        .insufficientData, "needs models of at least 2 timesteps, not \(names.count)",
        advice: "give their dates with --dates, or shorter steps with --step")
    }
    let common = stepsOfScenario.keys.filter { stepsOfScenario[$0]?.count == names.count }.sorted()
    let rare = stepsOfScenario.keys.filter { stepsOfScenario[$0]?.count != names.count }.sorted()
    guard !common.isEmpty else {
      throw MagnetError(
        .insufficientData,
        "no scenario has runs in all \(names.count) steps: \(names.joined(separator: ", "))",
        advice: "longer steps, or --runs, leave fewer gaps")
    }
    if let first = rare.first {
      notes.append(
        "left out: \(rare.count) scenarios without runs in some step, such as \(scores.scenarios[first].name)"
      )
    }
    scenarios = common.map { scores.scenarios[$0].name }
    let isCommon = Set(common)
    runs = found.filter { isCommon.contains($0.run.scenario) }.map { run, step, score in
      let scenario = scores.scenarios[run.scenario]
      // The same draw as in a backtest.
      let shown =
        observed.map {
          ItemSample.draw(
            $0, of: run.instances, seed: UInt64(bitPattern: Int64(seed)), key: run.name, repetition: 0)
        } ?? []
      return Run(
        name: run.name, model: run.model, scenario: scenario.name, metric: scenario.metric.text, step: step,
        score: score, shown: shown.map { scenario.matrix.instances[$0] })
    }.sorted { ($0.step, $0.name) < ($1.step, $1.name) }
    self.notes = notes
  }

  /// The runs of a step.
  public func runs(of step: Int) -> [Run] { runs.filter { $0.step == step } }

  /// What a run is, without its score.
  func description(of run: Run) -> [JSONValue.Member] {
    [
      JSONValue.Member(key: "timestep", value: .int(Int64(run.step))),
      JSONValue.Member(key: "step", value: .string(steps[run.step])),
      JSONValue.Member(key: "run", value: .string(run.name)),
      JSONValue.Member(key: "model", value: .string(run.model)),
      JSONValue.Member(key: "scenario", value: .string(run.scenario)),
      JSONValue.Member(key: "metric", value: .string(run.metric)),
    ]
  }

  /// The last step whose scores are known at a timestep: the one before where the present is forecast.
  public func lastKnownStep(at timestep: Int) -> Int { observed == nil ? timestep : timestep - 1 }

  /// The step of a model, nil for one that takes no part.
  func step(of model: String) -> Int? { timeline.steps[model] }

  /// The mean of values over a step's runs of each of `scenarios`, nil where one is missing.
  func vector(_ runs: [Run], _ value: (Run) -> Double?) -> [Double]? {
    var sums: [String: (sum: Double, count: Double)] = [:]
    for run in runs {
      guard let value = value(run) else { return nil }
      let (sum, count) = sums[run.scenario] ?? (0, 0)
      sums[run.scenario] = (sum + value, count + 1)
    }
    let means = scenarios.compactMap { name in sums[name].map { $0.sum / $0.count } }
    return means.count == scenarios.count ? means : nil
  }

  /// A digest of everything that decides tests: runs, steps, scores, and those of instances.
  public var digest: String {
    var hash = SHA256()
    for run in runs {
      hash.update(run.name)
      hash.update(run.model)
      hash.update(run.metric)
      hash.update(UInt64(run.step))
      hash.update(run.score.bitPattern)
    }
    for scenario in scores.scenarios {
      hash.update(scenario.name)
      for run in scenario.matrix.runs { hash.update(run.name) }
      for value in scenario.matrix.values { hash.update(value.bitPattern) }
    }
    return hash.finish()
  }
}
