import Testing

@testable import Magnet

/// What is held out, learned from and predicted, in random worlds, against plain definitions.
@Suite struct BacktestPlanTests {
  /// Scores of some models on some scenarios, with gaps.
  private static func scores(_ seed: Int) -> ScoreCollection {
    var random = PythonRandom(seed: seed)
    var runs: [RunScores] = []
    for scenario in 0..<3 {
      for model in 0..<7 where random.below(4) > 0 {
        let name = "s\(scenario):x=1,model=f\(model / 2)_\(model)"
        let spec = Table(
          columnNames: ["run_spec.name", "run_spec.adapter_spec.model"],
          rows: [[.string(name), .string("f\(model / 2)/\(model)")]])
        var run = RunScores(runSpec: spec.rows[0])
        for item in 0..<(3 + random.below(5)) {
          run.instances["id\(item)"] = Double(random.below(2))
        }
        let mean = Double(random.below(9)) / 8
        run.stats.add(MetricName("exact_match", split: "test"), MergedStat(mean: mean))
        for on in ["perturbed", "original"] where random.below(3) > 0 {
          let typos = Perturbation(name: "typos", computedOn: on)
          run.stats.add(
            MetricName("exact_match", split: "test", perturbation: typos),
            MergedStat(mean: mean / 2))
        }
        runs.append(run)
      }
    }
    return ScoreCollection(runs)
  }

  private static let timeline = try! ModelTimeline(
    dates: Dictionary(
      uniqueKeysWithValues: (0..<6).map { ("f\($0 / 2)/\($0)", "2023-0\(1 + $0 % 3)-01") }),
    every: .month)

  /// Whether a run is known when another is predicted.
  private static func isKnown(
    _ other: ScoreCollection.Run, _ run: ScoreCollection.Run, _ heldOut: HeldOut,
    _ plan: BacktestPlan
  ) -> Bool {
    switch heldOut {
    case .run: other.name != run.name
    case .model: other.model != run.model
    case .family: other.family != run.family
    case .scenario: other.scenario != run.scenario
    case .frontier: true
    case .time:
      plan.steps[other.model].map { $0 < plan.steps[run.model]! } ?? false
    }
  }

  @Test(arguments: HeldOut.allCases.filter { $0 != .frontier }, 1...8)
  func targetsAndTrainingAreAsDefined(_ heldOut: HeldOut, _ seed: Int) {
    let scores = Self.scores(seed)
    for kind in BacktestTarget.allCases {
      let plan = BacktestPlan(scores, heldOut: heldOut, kind: kind, timeline: Self.timeline)
      let board = scores.board
      var expected: Set<[Int]> = []
      let first = board.models.compactMap { plan.steps[$0] }.min() ?? 0
      for (number, run) in scores.runs.enumerated() {
        if heldOut == .time, plan.steps[run.model].map({ $0 <= first }) ?? true { continue }
        for (column, item) in board.columns.enumerated()
        where item.scenario == scores.scenarios[run.scenario].name {
          let on = item.name.perturbation?.computedOn
          guard kind == .score ? on == nil : on == "perturbed" else { continue }
          if !board[board.models.firstIndex(of: run.model)!, column].isNaN {
            expected.insert([number, column])
          }
        }
      }
      #expect(
        Set(plan.targets.map { [$0.run, $0.column] }) == expected
          && plan.targets.count == expected.count)
      for target in plan.targets {
        let row = board.models.firstIndex(of: scores.runs[target.run].model)!
        #expect(target.actual == board[row, target.column])
      }
      // Each target is in one group, whose training runs are those of its scenario that are known.
      #expect(plan.groups.flatMap(\.targets).sorted() == Array(plan.targets.indices))
      for group in plan.groups {
        for target in group.targets {
          let run = scores.runs[plan.targets[target].run]
          #expect(run.scenario == group.scenario)
          let known = scores.scenarios[run.scenario].runs.map { scores.runs[$0] }.filter {
            Self.isKnown($0, run, heldOut, plan)
          }
          #expect(Set(group.train) == Set(known.map(\.row)) && group.train.count == known.count)
          let hidden = Set(plan.hidden(predicting: plan.targets[target].run))
          for (number, other) in scores.runs.enumerated() {
            #expect(hidden.contains(number) == !Self.isKnown(other, run, heldOut, plan))
          }
        }
      }
    }
  }

  @Test(arguments: HeldOut.allCases, 1...4)
  func aFoldsBoardHoldsWhatIsKnownAndNothingElse(_ heldOut: HeldOut, _ seed: Int) {
    let scores = Self.scores(seed)
    for kind in BacktestTarget.allCases {
      let plan = BacktestPlan(scores, heldOut: heldOut, kind: kind, timeline: Self.timeline)
      for group in plan.groups {
        for number in group.targets {
          let target = plan.targets[number]
          let run = scores.runs[target.run]
          let fold = plan.fold(target, group, seed: 3)
          #expect(fold.model == run.model && fold.columns == run.instances && fold.seed == 3)
          #expect(
            fold.board[fold.target.model, fold.target.column].isNaN, "what is to be predicted")
          let hidden = Set(plan.hidden(predicting: target.run).map { scores.runs[$0].name })
          for (row, model) in fold.board.models.enumerated() {
            for (column, item) in fold.board.columns.enumerated() {
              let whole = scores.board[row, column]
              let value = fold.board[row, column]
              let owner = scores.runs.first {
                $0.model == model && scores.scenarios[$0.scenario].name == item.scenario
              }
              let isHidden = owner.map { hidden.contains($0.name) } ?? false
              let on = item.name.perturbation?.computedOn
              let isOwnClean =
                kind == .perturbed && owner?.name == run.name && (on == nil || on == "original")
              if whole.isNaN || (isHidden && !isOwnClean) {
                #expect(value.isNaN)
              } else {
                #expect(value == whole)
              }
            }
          }
        }
      }
    }
  }

  /// A model is as strong as the mean share of models that it outdoes; the strongest 30% are predicted, from the weaker
  /// half.
  @Test(arguments: 1...10) func theFrontierIsOfTheStrongest(_ seed: Int) {
    let scores = Self.scores(seed)
    let board = scores.board
    let plan = BacktestPlan(scores, heldOut: .frontier, kind: .score)
    var shares: [String: [Double]] = [:]
    for column in board.columns.indices where board.columns[column].name.perturbation == nil {
      for (row, model) in board.models.enumerated() where !board[row, column].isNaN {
        let others = board.models.indices.filter { $0 != row }.map { board[$0, column] }.filter {
          !$0.isNaN
        }
        if others.isEmpty { continue }
        let outdone = others.reduce(0.0) { sum, other in
          sum + (other < board[row, column] ? 1 : other == board[row, column] ? 0.5 : 0)
        }
        shares[model, default: []].append(outdone / Double(others.count))
      }
    }
    let order = shares.mapValues { $0.reduce(0, +) / Double($0.count) }
      .sorted { abs($0.value - $1.value) < 1e-9 ? $0.key < $1.key : $0.value < $1.value }.map(\.key)
    let top = order.suffix(max(1, Int((0.3 * Double(order.count)).rounded())))
    let weak = Set(order.prefix(order.count / 2)).subtracting(top)
    #expect(Set(plan.targets.map { scores.runs[$0.run].model }) == Set(top))
    for target in plan.targets {
      let known = scores.runs.indices.filter { !plan.hidden(predicting: target.run).contains($0) }
      #expect(Set(known.map { scores.runs[$0].model }).isSubset(of: weak))
      #expect(known.count == scores.runs.count { weak.contains($0.model) })
    }
  }

  @Test(arguments: 1...5) func stepsAheadHideMore(_ seed: Int) {
    let scores = Self.scores(seed)
    var last: Set<Int>?
    for ahead in 1...3 {
      let plan = BacktestPlan(
        scores, heldOut: .time, kind: .score, timeline: Self.timeline, stepsAhead: ahead)
      let runs = Set(plan.targets.map(\.run))
      if let last { #expect(runs.isSubset(of: last)) }
      last = runs
      for target in plan.targets {
        let step = plan.steps[scores.runs[target.run].model]!
        let hidden = Set(plan.hidden(predicting: target.run))
        for (number, run) in scores.runs.enumerated() {
          let isKnown = plan.steps[run.model].map { $0 <= step - ahead } ?? false
          #expect(hidden.contains(number) == !isKnown)
        }
      }
    }
  }

  @Test(arguments: 1...5) func samplesLieInEachOther(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let population = (0..<(1 + random.below(20))).map { 3 * $0 + 1 }
    for repetition in 0..<3 {
      func draw(_ count: Int, seed: UInt64 = 7, key: String = "run") -> [Int] {
        ItemSample.draw(count, of: population, seed: seed, key: key, repetition: repetition)
      }
      let all = draw(population.count)
      #expect(all.sorted() == population && draw(population.count + 5) == all && draw(0).isEmpty)
      for count in population.indices { #expect(draw(count) == Array(all.prefix(count))) }
    }
  }

  @Test func columnsAreFoundByTheirIDs() {
    let scores = Self.scores(2)
    let plan = BacktestPlan(scores, heldOut: .run, kind: .score)
    for target in plan.targets {
      let matrix = plan.matrix(of: target)
      for (column, id) in matrix.instances.enumerated() {
        #expect(plan.column(of: id, for: target) == column)
      }
      #expect(
        plan.column(of: "id99", for: target) == nil && plan.column(of: "", for: target) == nil)
    }
  }
}
