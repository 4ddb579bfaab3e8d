/// What is held out of a backtest together: what a predictor does not learn from when it predicts a run.
package enum HeldOut: String, Sendable, CaseIterable {
  /// The run alone.
  case run
  /// All runs of its model.
  case model
  /// All runs of models of its family: the name up to its first `/`.
  case family
  /// All runs of its scenario.
  case scenario
  /// All models but the weaker half; only runs of the strongest 30% are predicted. A model's strength is the mean,
  /// over its runs, of the share of the scenario's runs that it outdoes, by the direction of the scenario's metric.
  case frontier
  /// All runs of models that came out at the same time as the run's model or later: forward chaining by
  /// `Backtest.timeline`. Models of the first step, and those without a date, are not predicted; the latter are not
  /// learned from either.
  case time
}

/// What scores a backtest predicts.
package enum BacktestTarget: String, Sendable, CaseIterable {
  /// A run's score on inputs as they are.
  case score
  /// A run's scores on perturbed inputs; those on inputs as they are are known.
  case perturbed
}

/// What is predicted, and from what: the folds of a backtest.
struct BacktestPlan: Sendable {
  /// One score to be predicted.
  struct Target: Sendable {
    /// The run's number in the collection.
    let run: Int
    /// The board's column.
    let column: Int
    let actual: Double
  }

  /// Targets with the same runs to learn from.
  struct Group: Sendable {
    let scenario: Int
    /// The rows of the scenario's matrix to learn from.
    let train: [Int]
    /// The numbers of targets.
    let targets: [Int]
  }

  let collection: ScoreCollection
  let heldOut: HeldOut
  let kind: BacktestTarget
  private(set) var targets: [Target] = []
  private(set) var groups: [Group] = []
  /// By model, for the frontier: 0 the weaker half, 2 the strongest 30%, 1 those between.
  private let strengths: [String: Int]
  /// By model, for time; and the first step that has one of the models.
  let steps: [String: Int]
  private let firstStep: Int
  private let stepsAhead: Int
  /// By run, the board's row of its model, and the number of what it is held out with.
  private let rows: [Int]
  private let units: [Int]
  /// By that number, the runs that are not known when a run with it is predicted.
  private let hidden: [[Int]]
  private let scenarioOfColumn: [Int]
  private let columnsOfScenario: [[Int]]
  /// For each scenario, the columns of its matrix by the instances' ids.
  private let columnsOfIDs: [[String: Int]]

  init(
    _ collection: ScoreCollection, heldOut: HeldOut, kind: BacktestTarget, timeline: ModelTimeline? = nil,
    stepsAhead: Int = 1
  ) {
    self.collection = collection
    self.stepsAhead = stepsAhead
    self.heldOut = heldOut
    self.kind = kind
    strengths = heldOut == .frontier ? Self.strengths(collection) : [:]
    let board = collection.board
    // Steps in which none of these models came out do not count.
    let own = board.models.compactMap { timeline?.steps[$0] }
    firstStep = own.min() ?? 0
    steps = timeline?.steps ?? [:]
    let rowOfModel = Dictionary(uniqueKeysWithValues: board.models.enumerated().map { ($1, $0) })
    rows = collection.runs.map { rowOfModel[$0.model, default: 0] }
    let numbers = Dictionary(uniqueKeysWithValues: collection.scenarios.enumerated().map { ($1.name, $0) })
    scenarioOfColumn = board.columns.map { numbers[$0.scenario, default: 0] }
    var columnsOfScenario = Array(repeating: [Int](), count: collection.scenarios.count)
    for (column, scenario) in scenarioOfColumn.enumerated() { columnsOfScenario[scenario].append(column) }
    self.columnsOfScenario = columnsOfScenario
    columnsOfIDs = collection.scenarios.map { scenario in
      Dictionary(uniqueKeysWithValues: scenario.matrix.instances.enumerated().map { ($1, $0) })
    }
    (units, hidden) = Self.units(collection, heldOut, strengths, steps, stepsAhead)
    let unknown = hidden.map(Set.init)
    var places: [SIMD2<Int>: Int] = [:]
    var targetsOfGroup: [[Int]] = []
    var trainOfGroup: [[Int]] = []
    for run in collection.runs.indices {
      let item = collection.runs[run]
      for column in columnsOfScenario[item.scenario] where isTarget(run, column) {
        let actual = board[rows[run], column]
        if actual.isNaN { continue }
        let key = SIMD2(item.scenario, units[run])
        let place = places[key] ?? targetsOfGroup.count
        if place == targetsOfGroup.count {
          places[key] = place
          targetsOfGroup.append([])
          trainOfGroup.append(
            collection.scenarios[item.scenario].runs.filter { !unknown[units[run]].contains($0) }
              .map { collection.runs[$0].row })
        }
        targetsOfGroup[place].append(targets.count)
        targets.append(Target(run: run, column: column, actual: actual))
      }
    }
    groups = zip(trainOfGroup, targetsOfGroup).map { train, members in
      Group(scenario: collection.runs[targets[members[0]].run].scenario, train: train, targets: members)
    }
  }

  /// By run, the number of what it is held out with; by that number, the runs that are not known then. Both in time
  /// proportional to the runs, but for `time`, which has a list per step.
  private static func units(
    _ collection: ScoreCollection, _ heldOut: HeldOut, _ strengths: [String: Int], _ steps: [String: Int],
    _ stepsAhead: Int
  ) -> (units: [Int], hidden: [[Int]]) {
    let runs = collection.runs
    func grouped(_ key: (ScoreCollection.Run) -> some Hashable) -> (units: [Int], hidden: [[Int]]) {
      let keys = runs.map { AnyHashable(key($0)) }
      let numbers = Dictionary(keys.unique().enumerated().map { ($1, $0) }, uniquingKeysWith: { $1 })
      let units = keys.map { numbers[$0, default: 0] }
      var hidden = Array(repeating: [Int](), count: numbers.count)
      for (run, unit) in units.enumerated() { hidden[unit].append(run) }
      return (units, hidden)
    }
    switch heldOut {
    case .run: return (Array(runs.indices), runs.indices.map { [$0] })
    case .model: return grouped(\.model)
    case .family: return grouped(\.family)
    case .scenario: return grouped(\.scenario)
    case .frontier:
      return (runs.map { _ in 0 }, [runs.indices.filter { strengths[runs[$0].model] != 0 }])
    case .time:
      let own = runs.map { steps[$0.model] }
      let (units, members) = grouped { steps[$0.model] }
      return (
        units,
        members.map { members in
          runs.indices.filter { other in
            guard let last = own[members[0]], let step = own[other] else { return true }
            return step > last - stepsAhead
          }
        }
      )
    }
  }

  /// The scores, instance by instance, of a target's scenario.
  func matrix(of target: Target) -> ScoreMatrix {
    collection.scenarios[collection.runs[target.run].scenario].matrix
  }

  /// The column of an instance, by its id, in the matrix of a target's scenario.
  func column(of id: String, for target: Target) -> Int? {
    columnsOfIDs[collection.runs[target.run].scenario][id]
  }

  private func isTarget(_ run: Int, _ column: Int) -> Bool {
    let item = collection.runs[run]
    guard scenarioOfColumn[column] == item.scenario, heldOut != .frontier || strengths[item.model] == 2 else {
      return false
    }
    if heldOut == .time, steps[item.model].map({ $0 < firstStep + stepsAhead }) ?? true { return false }
    let perturbation = collection.board.columns[column].name.perturbation
    switch kind {
    case .score: return perturbation == nil
    case .perturbed: return perturbation?.computedOn == "perturbed"
    }
  }

  /// The runs that are not known when a run is predicted, in order.
  func hidden(predicting run: Int) -> [Int] { hidden[units[run]] }

  /// What a predictor of scores is told about a target.
  func fold(_ target: Target, _ group: Group, seed: UInt64) -> ScoreFold {
    let run = collection.runs[target.run]
    let row = rows[target.run]
    var board = collection.board
    for other in hidden(predicting: target.run) {
      let scenario = collection.runs[other].scenario
      for column in columnsOfScenario[scenario] {
        let perturbation = board.columns[column].name.perturbation
        let isClean = perturbation == nil || perturbation?.computedOn == "original"
        let isOwnClean = kind == .perturbed && rows[other] == row && scenario == run.scenario && isClean
        if !isOwnClean { board[rows[other], column] = .nan }
      }
    }
    return ScoreFold(
      matrix: collection.scenarios[run.scenario].matrix, train: group.train, model: run.model,
      columns: run.instances, board: board, target: (row, target.column), seed: seed)
  }

  private static func strengths(_ collection: ScoreCollection) -> [String: Int] {
    var shares: [String: [Double]] = [:]
    let board = collection.board
    for column in board.columns.indices where board.columns[column].name.perturbation == nil {
      let isReversed = collection.scenarios.contains {
        $0.name == board.columns[column].scenario && $0.headline.lowerIsBetter == true
      }
      let scores = board.models.indices.map { isReversed ? -board[$0, column] : board[$0, column] }
      let there = scores.filter { !$0.isNaN }
      for (model, score) in zip(board.models, scores) where !score.isNaN && there.count > 1 {
        let outdone = Double(there.count { $0 < score }) + 0.5 * Double(there.count { $0 == score } - 1)
        shares[model, default: []].append(outdone / Double(there.count - 1))
      }
    }
    let means = shares.compactMapValues { $0.mean() }
    let order = means.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
    var strengths: [String: Int] = [:]
    for (place, model) in order.enumerated() {
      let top = max(1, Int((0.3 * Double(order.count)).rounded()))
      strengths[model] = place >= order.count - top ? 2 : place < order.count / 2 ? 0 : 1
    }
    return strengths
  }
}
