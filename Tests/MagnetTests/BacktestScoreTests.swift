import Testing

@testable import Magnet

/// How a backtest's predictions are scored: compared with sums written out here.
@Suite struct BacktestScoreTests {
  private static func result(
    _ heldOut: HeldOut = .model, level: Backtest.Level = .run, target: BacktestTarget = .score
  ) async throws -> BacktestResult {
    var backtest = BacktestTests.backtest(heldOut)
    backtest.level = level
    backtest.target = target
    return try await backtest.run(BacktestTests.entries, on: BacktestTests.scores)
  }

  @Test func measuresAreThoseOfTheRecords() async throws {
    let result = try await Self.result()
    let scores = BacktestScores(result)
    let part = result.parts[0]
    let group = scores.groups[0]
    let predicted = part.records.map(\.predicted)
    let actual = part.records.map(\.actual)
    func expect(_ measure: String, _ value: Double?) {
      #expect(abs(group[measure]!.value - value!) < 1e-12, "\(measure)")
    }
    expect("mae", Measure.meanAbsoluteError.value(predicted, actual))
    expect("rmse", Measure.rootMeanSquaredError.value(predicted, actual))
    expect("bias", Measure.bias.value(predicted, actual))
    let noise = actual.map { (2 / Double.pi * $0 * (1 - $0) / 30).squareRoot() }.reduce(0, +)
    expect("noise_ratio", zip(predicted, actual).map { abs($0 - $1) }.reduce(0, +) / noise)
    // Ranks are of the models of a scenario in one repetition.
    var correlations: [Double] = []
    for scenario in 0..<2 {
      for repetition in 0..<3 {
        let members = part.records.filter {
          Int($0.repetition) == repetition && BacktestTests.scores.runs[Int($0.target)].scenario == scenario
        }
        #expect(members.count == 6)
        correlations.append(
          try #require(Correlation.spearman(members.map(\.predicted), members.map(\.actual))))
      }
    }
    expect("spearman", correlations.mean())
    let inside = part.records.filter { abs($0.error) <= 0.4 }.count
    expect("coverage80", Double(inside) / 36)
    expect("width95", 0.95)
    expect(
      "crps",
      part.records.map { Normal.rankedProbabilityScore($0.actual, mean: $0.predicted, stddev: 0.1) }.mean())
    let null = scores.groups[2]
    expect("skill", 1 - group["mae"]!.value / null["mae"]!.value)
    #expect(
      null.isBaseline && null["skill"]?.value == 0 && null.intervals == nil && group.intervals == "own")
    #expect(group.targets == 12 && group.predictions == 36 && null.predictions == 12)
    for score in group.scores {
      let interval = try #require(score.interval)
      #expect(interval.lower <= score.value + 1e-9, "\(score)")
      #expect(interval.upper >= score.value - 1e-9, "\(score)")
    }
  }

  @Test func conformalIntervalsAreFromOtherModels() {
    let models = ["a", "b"]
    func record(_ target: Int, _ error: Double) -> BacktestRecord {
      BacktestRecord(
        predictor: 0, target: Int32(target), observed: -1, repetition: 0, predicted: 0.5 + error, actual: 0.5)
    }
    // 39 errors on b: 0.01 ... 0.39. Of 40 places, coverage 0.5 is the 20th, 0.8 the 32nd, 0.95 the 38th.
    var records = (1...39).map { record(1, Double($0) / 100) } + [record(0, 0.9)]
    ConformalIntervals.add(to: &records, models: models)
    let width = records[39].upper - SIMD3(repeating: records[39].predicted)
    #expect(abs(width.x - 0.2) < 1e-12)
    #expect(abs(width.y - 0.32) < 1e-12)
    #expect(abs(width.z - 0.38) < 1e-12)
    // One error on a is too few for b.
    #expect(records.prefix(39).allSatisfy { !$0.hasIntervals })
  }

  @Test func aBootstrapDrawsWholeFamilies() throws {
    let sample = ClusterBootstrap(4, seed: 1)
    #expect(sample.counts.count == 1000 && sample.counts.allSatisfy { $0.reduce(0, +) == 4 })
    // The mean of four numbers drawn with replacement: its percentiles are near 2.5 ± 1.96 · √(1.25/4).
    let interval = try #require(
      sample.interval { (counts: [Double]) -> Double? in
        var sum = 0.0
        for (number, count) in counts.enumerated() { sum += count * Double(number + 1) }
        return sum / 4
      })
    #expect(abs(interval.lower - 1.4) < 0.2 && abs(interval.upper - 3.6) < 0.2)
    #expect(ClusterBootstrap(1, seed: 1).interval { _ in 1 } == nil)
  }

  @Test func twoPredictorsAreComparedOnTheSameScores() async throws {
    let result = try await Self.result()
    let table = try result.comparison(of: "sample", with: "mean")
    let scores = BacktestScores(result)
    #expect(table.rows.map { $0["observed"] } == [.int(5), .int(10)])
    for (row, group) in zip(table.rows, scores.groups) {
      let a = row["mae sample"].number!
      let b = row["mae mean"].number!
      let difference = row["difference"].number!
      #expect(abs(a - group["mae"]!.value) < 1e-12)
      #expect(abs(difference - (a - b)) < 1e-12)
      #expect(row["lower"].number! <= difference)
      #expect(row["upper"].number! >= difference)
      #expect(row["targets"] == .int(12))
    }
    let same = try result.comparison(of: "sample", with: "sample")
    #expect(same.rows.allSatisfy { $0["difference"] == .double(0) && $0["lower"] == .double(0) })
    let error = #expect(throws: MagnetError.self) { try result.comparison(of: "sampel", with: "mean") }
    #expect(error?.description == "sampel takes no part in the backtest; nearest: sample, mean")
  }

  @Test func instancesNotShownAreScored() async throws {
    let result = try await Self.result(level: .instance)
    let part = result.parts[0]
    #expect(part.observed == 5 && part.records.count == 12 * 3 * 25)
    let matrix = BacktestTests.scores.scenarios[0].matrix
    for record in part.records.prefix(75) {
      #expect(
        record.actual == matrix[BacktestTests.scores.runs[Int(record.target)].row, Int(record.instance)])
    }
    let group = BacktestScores(result).groups[0]
    let brier = try #require(
      Measure.brier.value(part.records.map(\.predicted), part.records.map(\.actual)))
    #expect(abs(group["brier"]!.value - brier) < 1e-12)
    // A constant says nothing of one instance against another.
    #expect(abs(group["auroc_within"]!.value - 0.5) < 1e-12 && group["auroc"]!.value > 0.6)
    #expect(result.notes.contains { $0.contains("whose runs have no more") })
  }

  @Test func perturbedScoresAreTargets() async throws {
    let result = try await Self.result(target: .perturbed)
    let null = try #require(BacktestScores(result).groups.last)
    #expect(null.targets == 24 && null.predictor == "mean")
  }
}
