import Magnet
import TestSupport
import Testing

@testable import Judges

/// Means, skills, ranks and reasons of random tables against their definitions.
@Suite struct LeaderboardArithmeticTests {
  /// The 97.5% quantiles of Student's t by degrees of freedom, from a printed table.
  private static let quantiles = [
    1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 10: 2.228,
  ]

  @Test func intervalsAreStudents() throws {
    var random = PythonRandom(seed: 1)
    #expect(Leaderboard.Mean([]) == nil)
    for _ in 0..<200 {
      let values = (0..<1 + random.below(11)).map { _ in random.random() * 4 - 2 }
      let count = Double(values.count)
      let found = try #require(Leaderboard.Mean(values))
      let mean = values.reduce(0, +) / count
      #expect(abs(found.value - mean) < 1e-12)
      guard let quantile = Self.quantiles[values.count - 1] else {
        #expect(found.lower == nil && found.upper == nil)
        continue
      }
      // The variance as the mean of the squared differences of all pairs, halved.
      let squares = values.flatMap { a in values.map { b in (a - b) * (a - b) } }.reduce(0, +)
      let error = (squares / 2 / count / (count - 1) / count).squareRoot()
      let (lower, upper) = (try #require(found.lower), try #require(found.upper))
      #expect(abs((upper - mean) / error / quantile - 1) < 5e-4)
      #expect(abs(mean - lower - (upper - mean)) < 1e-12)
    }
  }

  private static func pairs(_ random: inout PythonRandom) -> [JudgePair] {
    let names = ["Dummy", "A", "B", "C", "D"].filter { $0 != "Dummy" || random.below(5) > 0 }
    let repetitions = 1 + random.below(3)
    return names.flatMap { name in
      (1...repetitions).map { repetition in
        // Scores that are often equal.
        let scores = (0..<2).map { _ in Double(random.below(4)) / 5 }
        var pair = JudgeLeaderboardTests.pair(name, scores, repetition: repetition)
        pair.requests = random.below(100)
        pair.tokens = random.below(100)
        pair.seconds = random.below(3) == 0 ? nil : Double(random.below(100))
        pair.result?.unreadable = random.below(4)
        switch random.below(12) {
        case 0: pair.state = .running
        case 1:
          pair.state = .failed
          pair.result?.error = "it broke"
        case 2:
          pair.state = .incomplete
          pair.result?.evalTimes = 1
        case 3:
          pair.result?.examineeVectors[1] = [0, 0]
          pair.result?.score = nil
        default: break
        }
        return pair
      }
    }
  }

  private static func score(_ pair: JudgePair) -> Double? {
    let firsts = (pair.result?.examineeVectors ?? []).compactMap { $0 }
    if firsts.contains([0, 0]) { return nil }
    return firsts.reduce(0) { $0 + $1[0] } / Double(firsts.count)
  }

  private static func reason(_ pair: JudgePair) -> String? {
    switch pair.state {
    case .running: "not finished"
    case .failed: "it broke"
    case .incomplete: "ended after 1 of 2 snapshots"
    case .done: score(pair) == nil ? "undefined: the examinee's value vector 2 of 2 is all zeros" : nil
    }
  }

  @Test(arguments: 1...40) func rowsAreThoseOfTheDefinition(_ seed: Int) throws {
    var random = PythonRandom(seed: seed)
    let pairs = Self.pairs(&random)
    let board = Leaderboard(pairs)
    #expect(board.warnings == [] && board.sections.count == 1)
    let rows = board.sections[0].rows
    #expect(Set(rows.map(\.algorithm)) == Set(pairs.map(\.algorithm)))
    for row in rows {
      let own = pairs.filter { $0.algorithm == row.algorithm }
      let scores = own.compactMap(Self.score)
      #expect((row.score == nil) == scores.isEmpty)
      if let score = row.score {
        #expect(abs(score.value - scores.reduce(0, +) / Double(scores.count)) < 1e-12)
      }
      let skills = own.compactMap { pair -> Double? in
        guard pair.state == .done, let score = Self.score(pair) else { return nil }
        let base = pairs.first {
          $0.algorithm == "Dummy" && $0.state == .done && $0.repetition == pair.repetition
        }
        return base.flatMap(Self.score).map { (score - $0) / (1 - $0) }
      }
      #expect((row.skill == nil) == (skills.count < own.count))
      if let skill = row.skill { #expect(abs(skill.value - skills.reduce(0, +) / Double(own.count)) < 1e-12) }
      let bad = own.first { Self.reason($0) != nil }
      let text = bad.flatMap(Self.reason)
      let expected = own.count == 1 ? text : text.map { "repetition \(bad?.repetition ?? 0): \($0)" }
      #expect(row.reason == expected && row.state == bad?.state ?? .done)
      #expect(row.isBaseline == (row.algorithm == "Dummy") && row.repetitions == own.count)
      #expect(row.requests == own.reduce(0) { $0 + $1.requests })
      #expect(row.tokens == own.reduce(0) { $0 + $1.tokens })
      #expect(row.seconds == own.reduce(0) { $0 + ($1.seconds ?? 0) })
      #expect(row.unreadable == own.reduce(0) { $0 + ($1.result?.unreadable ?? 0) })
      #expect(row.snapshots == own.reduce(0) { $0 + ($1.result?.evalTimes ?? 0) })
      #expect(row.possible == 2 * own.count)
    }
    // By skill where every row that is ranked has one, otherwise by score; the others after them by name.
    let ranked = rows.filter { $0.reason == nil }
    #expect(rows.prefix(ranked.count).allSatisfy { $0.reason == nil })
    let rest = rows.dropFirst(ranked.count).map(\.algorithm)
    #expect(rest == rest.sorted() && rows.dropFirst(ranked.count).allSatisfy { $0.rank == nil })
    let hasSkills = ranked.allSatisfy { $0.skill != nil }
    let keys = ranked.map { (hasSkills ? $0.skill : $0.score)?.value ?? -1 }
    for (place, row) in ranked.enumerated() {
      #expect(row.rank == 1 + keys.count { $0 > keys[place] })
      if place > 0 {
        #expect(keys[place - 1] > keys[place] || ranked[place - 1].algorithm < row.algorithm)
      }
    }
    // The table has the same rows.
    let table = board.table
    #expect(table.rows.map { $0["rank"] } == rows.map { row in row.rank.map { .int(Int64($0)) } ?? .null })
    #expect(table.rows.map { $0["reason"].text } == rows.map { $0.reason ?? "" })
    for (row, cells) in zip(rows, table.rows) {
      #expect(cells["score"].number == row.score?.value && cells["skill.upper"].number == row.skill?.upper)
      #expect(cells["algorithm"].text == row.algorithm + (row.isBaseline ? " (baseline)" : ""))
    }
    let shown = board.table(of: board.sections[0])
    #expect(shown.rowCount == rows.count && Set(shown.columnNames).isSubset(of: table.columnNames))
    #expect(shown.columnNames.contains("reason") == rows.contains { $0.reason != nil })
  }

  // MARK: - Forecasts

  private static func forecasts(_ random: inout PythonRandom, missing: Bool = false) -> [JudgeResult.Forecast]
  {
    (0..<2 + random.below(8)).map { number in
      JudgeResult.Forecast(
        timestep: number % 3, run: "r\(number)", model: "maker\(number % 2)/m\(number)",
        actual: random.random(),
        predicted: missing && random.below(3) == 0 ? nil : random.random())
    }
  }

  /// The same runs with other forecasts.
  private static func others(_ forecasts: [JudgeResult.Forecast], _ random: inout PythonRandom)
    -> [JudgeResult.Forecast]
  {
    let order = random.sample(forecasts.count, below: forecasts.count)
    return order.map { place in
      var other = forecasts[place]
      other.predicted = random.random()
      return other
    }
  }

  @Test func skillIsTheShareOfTheErrorThatIsGone() throws {
    var random = PythonRandom(seed: 9)
    for _ in 0..<40 {
      let repetitions = (0..<1 + random.below(3)).map { _ in
        let own = Self.forecasts(&random)
        return (own: own, baseline: Self.others(own, &random))
      }
      func skill(_ both: [(own: [JudgeResult.Forecast], baseline: [JudgeResult.Forecast])])
        -> Leaderboard.Mean?
      {
        ForecastErrors.skill(both.map { ForecastErrors($0.own, beside: $0.baseline) })
      }
      func error(_ forecasts: [JudgeResult.Forecast]) -> Double {
        forecasts.reduce(0) { $0 + abs($1.actual - ($1.predicted ?? .nan)) }
      }
      let own = repetitions.reduce(0) { $0 + error($1.own) }
      let baseline = repetitions.reduce(0) { $0 + error($1.baseline) }
      let found = try #require(skill(repetitions))
      #expect(abs(found.value - (1 - own / baseline)) < 1e-12)
      if let lower = found.lower, let upper = found.upper { #expect(lower <= upper) }
      // Changing places makes the inverse of the remaining share; a baseline beside itself has no skill.
      let turned = try #require(skill(repetitions.map { ($0.baseline, $0.own) }))
      #expect(abs((1 - found.value) * (1 - turned.value) - 1) < 1e-9)
      #expect(skill(repetitions.map { ($0.own, $0.own) })?.value == 0)
      let perfect = repetitions.map { both in
        (
          both.own.map { forecast in
            var right = forecast
            right.predicted = right.actual
            return right
          }, both.baseline
        )
      }
      #expect(skill(perfect)?.value == 1)
      #expect(skill(perfect.map { ($0.1, $0.0) }) == nil, "a baseline without error leaves nothing to share")
      // One run that either of them does not forecast leaves the skill unknown.
      var gap = repetitions
      gap[0].own[0].predicted = nil
      #expect(skill(gap) == nil)
      gap = repetitions
      gap[gap.count - 1].baseline.removeLast()
      #expect(skill(gap) == nil)
    }
    #expect(ForecastErrors.skill([]) == nil && ForecastErrors.skill([ForecastErrors([], beside: [])]) == nil)
  }

  @Test func errorsOverTimeAreMeansOfSteps() {
    var random = PythonRandom(seed: 4)
    for _ in 0..<30 {
      var result = JudgeResult(challenge: "HelmFollow")
      result.forecasts = Self.forecasts(&random, missing: true)
      let errors = JudgePlots.errors(result)
      for (place, step) in Set(result.forecasts.map(\.timestep)).sorted().enumerated() {
        let own = result.forecasts.filter { $0.timestep == step }
        let known = own.compactMap { forecast in forecast.predicted.map { abs($0 - forecast.actual) } }
        let mean = known.count == own.count ? known.reduce(0, +) / Double(own.count) : nil
        #expect((errors?[place] == nil) == (mean == nil))
        if let mean, let found = errors?[place] { #expect(abs(found - mean) < 1e-12) }
      }
      // The cosines of Coevolve: at each point of history, the best from there on.
      var coevolve = JudgeResult(challenge: "Coevolve")
      coevolve.simulatedVectors = [[1]]
      coevolve.similarities = (0..<4).map { _ in
        (0..<1 + random.below(5)).map { _ in random.below(9) == 0 ? nil : random.random() }
      }
      for (row, step) in zip(coevolve.similarities.dropFirst(), JudgePlots.steps(coevolve)) {
        let known = row.compactMap { $0 }
        #expect((step == nil) == (known.count < row.count))
        guard let step else { continue }
        let best = known.indices.map { known[$0...].max() ?? 0 }
        #expect(abs(step - best.reduce(0, +) / Double(row.count)) < 1e-12)
      }
      #expect(JudgePlots.steps(coevolve).count == 3 && JudgePlots.errors(coevolve) == nil)
    }
  }
}
