import RealModule
import Testing

@testable import Magnet

/// Tables of a backtest's result against its records.
@Suite struct BacktestTableTests {
  private static func result(
    _ level: Backtest.Level = .run, heldOut: HeldOut = .model, observed: [Int] = [5, 10, 20]
  ) async throws -> BacktestResult {
    var backtest = BacktestTests.backtest(heldOut, repetitions: 4)
    backtest.level = level
    backtest.observed = observed
    return try await backtest.run(BacktestTests.entries, on: BacktestTests.scores)
  }

  private static func error(_ records: [BacktestRecord]) -> Double {
    // Targets weigh the same, however many predictions they have.
    let byTarget = Dictionary(grouping: records, by: \.target)
    let means = byTarget.values.map { own in
      own.reduce(0) { $0 + abs($1.error) } / Double(own.count)
    }
    return means.reduce(0, +) / Double(means.count)
  }

  @Test func partsAreOfOnePredictorAndSize() async throws {
    let result = try await Self.result()
    #expect(result.parts.map(\.predictor) == [0, 0, 0, 1])
    #expect(result.parts.map(\.observed) == [5, 10, 20, nil])
    #expect(result.parts.reduce(0) { $0 + $1.records.count } == 12 * 4 * 3 + 12)
    #expect(result.parts[..<3].allSatisfy { $0.records.count == 12 * 4 && !$0.isConformal })
    #expect(result.parts[3].records.count == 12 && result.parts[3].isConformal)
    #expect(result.familyCount == 3 && result.familyOf.count == 12)
    for (number, target) in result.plan.targets.enumerated() {
      for (other, second) in result.plan.targets.enumerated() {
        let isSame =
          result.plan.collection.runs[target.run].family
          == result.plan.collection.runs[second.run].family
        #expect((result.familyOf[number] == result.familyOf[other]) == isSame)
      }
    }
  }

  @Test func longTablesHoldTheShortOnes() async throws {
    let scores = BacktestScores(try await Self.result())
    let (short, long) = (scores.table, scores.longTable)
    #expect(short.rowCount == scores.groups.count)
    #expect(short.columnNames.count == Set(short.columnNames).count)
    for (row, group) in zip(short.rows, scores.groups) {
      let lines = long.rows.filter {
        $0["predictor"] == .string(group.predictor) && $0["observed"] == row["observed"]
      }
      #expect(lines.count == group.scores.count)
      #expect(
        row["predictor"]
          == .string(group.isBaseline ? group.predictor + " (baseline)" : group.predictor))
      for line in lines {
        let measure = line["measure"].text
        #expect(line["value"] == Cell(group[measure]?.value) && line["targets"] == row["targets"])
        #expect(line["predictions"] == .int(Int64(group.predictions)))
        if short.hasColumn(measure) { #expect(row[measure] == line["value"]) }
        if let interval = group[measure]?.interval { #expect(interval.lower <= interval.upper) }
      }
      #expect(row["mae lower"] == Cell(group["mae"]?.interval?.lower))
      #expect(
        row["intervals"] == (group.isBaseline ? .null : .string("own")),
        "ten errors are too few for 95 %")
    }
  }

  @Test func comparisonsAreOfTargetsInCommon() async throws {
    let result = try await Self.result()
    let table = try result.comparison(of: "sample", with: "mean")
    #expect(table.columnNames[2...3] == ["mae sample", "mae mean"])
    #expect(table.rows.map { $0["observed"] } == [.int(5), .int(10), .int(20)])
    let mean = Self.error(result.parts[3].records)
    for (row, part) in zip(table.rows, result.parts) {
      let own = Self.error(part.records)
      guard let first = row["mae sample"].number, let second = row["mae mean"].number,
        let difference = row["difference"].number, let lower = row["lower"].number,
        let upper = row["upper"].number, let share = row["share sample better"].number
      else {
        Issue.record("a number is missing: \(row)")
        continue
      }
      #expect(abs(first - own) < 1e-12 && abs(second - mean) < 1e-12)
      #expect(abs(difference - (own - mean)) < 1e-12 && row["targets"] == .int(12))
      #expect(lower <= difference && difference <= upper && (0...1).contains(share))
    }
    // Turned round, all but the names and the signs stays.
    let turned = try result.comparison(of: "mean", with: "sample")
    for (one, other) in zip(table.rows, turned.rows) {
      #expect(one["difference"].number == other["difference"].number.map { -$0 })
      #expect(abs(one["lower"].number! + other["upper"].number!) < 1e-12)
    }
    let same = try result.comparison(of: "mean", with: "mean")
    #expect(same.rows.map { $0["difference"] } == [.double(0)])
    #expect {
      try result.comparison(of: "sample", with: "meen")
    } throws: {
      "\($0)" == "meen takes no part in the backtest; nearest: mean, sample"
    }
  }

  /// By hand: where the error's line between two sizes, both on logarithmic scales, meets the aim.
  @Test(arguments: [
    InstanceAim.error(0.2), .error(0.08), .error(0.01), .error(10), .width(0.9), .width(2),
  ])
  func neededInstancesAreReadFromTheCurve(_ aim: InstanceAim) async throws {
    let result = try await Self.result(observed: [2, 5, 10, 20, 29])
    let (table, notes) = try result.instancesNeeded(
      for: aim, predictor: "sample", tokens: ["maths": 10])
    #expect(table.rows.map { $0["task"].text } == ["maths", "quiz:subject=birds"])
    for (number, row) in table.rows.enumerated() {
      let curve = result.parts.dropLast().map { part -> (Double, Double) in
        let own = part.records.filter {
          result.plan.collection.runs[result.plan.targets[Int($0.target)].run].scenario == number
        }
        func mean(_ value: (BacktestRecord) -> Double) -> Double {
          own.reduce(0) { $0 + value($1) } / Double(own.count)
        }
        let value =
          switch aim {
          case .error: mean { abs($0.error) }
          case .width: mean { $0.upper.z - $0.lower.z }
          }
        return (Double(part.observed!), value)
      }
      let wanted: Double =
        switch aim {
        case .error(let value), .width(let value): value
        }
      var needed: Int?
      if let place = curve.firstIndex(where: { $0.1 <= wanted }) {
        if place == 0 {
          needed = Int(curve[0].0)
        } else {
          let ((x, y), (x2, y2)) = (curve[place - 1], curve[place])
          let part = (Double.log(y) - Double.log(wanted)) / (Double.log(y) - Double.log(y2))
          needed = Int(
            Double.exp(Double.log(x) + part * (Double.log(x2) - Double.log(x))).rounded(.up))
        }
      }
      #expect(row["instances"] == .int(30) && row["needed"] == Cell(needed))
      if let needed {
        let saved = 1 - Double(needed) / 30
        #expect(abs(row["saved"].number! - saved) < 1e-12)
        if number == 0 { #expect(abs(row["tokens_saved"].number! - 300 * saved) < 1e-9) }
      } else {
        #expect(
          row["saved"] == .null
            && notes.contains { $0.contains("the aim is not reached with 29 instances") })
      }
      #expect(row["tokens"] == (number == 0 ? .double(300) : .null))
      let shown = needed.flatMap { count in result.parts.dropLast().first { $0.observed! >= count }
      }
      let records = (shown ?? result.parts[4]).records.filter {
        result.plan.collection.runs[result.plan.targets[Int($0.target)].run].scenario == number
      }
      let error = records.reduce(0) { $0 + abs($1.error) } / Double(records.count)
      #expect(abs(row["mae"].number! - error) < 1e-12)
    }
  }

  @Test func sizesThatNoRunHasAreSaid() async throws {
    let result = try await Self.result(observed: [5, 40])
    #expect(
      result.notes.contains(
        "40 observed: left out for 12 of 12 scores, whose runs have no more instances"))
    let (table, _) = try result.instancesNeeded(for: .error(0.01), predictor: "sample", tokens: [:])
    #expect(table.rows.map { $0["needed"] } == [.null, .null])
    let (none, notes) = try result.instancesNeeded(
      for: .error(0.01), predictor: "mean", tokens: [:])
    #expect(
      none.rowCount == 0 && notes.count == 2 && notes[0].hasPrefix("maths: left out, as nothing"))
    #expect {
      try result.instancesNeeded(for: .error(1), predictor: "best", tokens: [:])
    } throws: { "\($0)" == "best takes no part in the backtest" }
  }

  @Test func instancesHaveMeasuresOfTheirOwn() async throws {
    let result = try await Self.result(.instance, observed: [5])
    let groups = BacktestScores(result).groups
    #expect(groups.map(\.predictor) == ["sample"], "the baseline predicts no instances")
    let sample = groups[0]
    #expect(sample["brier"] != nil && sample["mae"] == nil && sample.intervals == nil)
    // Each target: 25 instances that are not shown, in each of 4 samples.
    #expect(sample.predictions == 12 * 25 * 4 && sample.targets == 12)
    let squares = result.parts[0].records.map { $0.error * $0.error }
    #expect(abs(sample["brier"]!.value - squares.reduce(0, +) / Double(squares.count)) < 1e-12)
    #expect(
      !result.notes.contains { $0.contains("it predicts no instances") }, "it was not asked for")
  }

  @Test func predictionsAreByRun() async throws {
    let result = try await Self.result()
    let found = result.predictions(of: 1)
    #expect(Set(found.keys) == Set(BacktestTests.scores.runs.map(\.name)))
    for record in result.parts.flatMap(\.records) where record.predictor == 1 {
      let name = result.plan.collection.runs[result.plan.targets[Int(record.target)].run].name
      #expect(try found[name]?.get() == record.predicted)
    }
    // Nothing is known of a scenario all of whose runs are held out.
    let none = try await Self.result(heldOut: .scenario).predictions(of: 1)
    #expect(none.count == 12)
    for value in none.values {
      guard case .failure(let error) = value else {
        Issue.record("a prediction from nothing")
        continue
      }
      #expect(error.problem.contains("no model is known"))
    }
  }
}
