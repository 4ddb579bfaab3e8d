import Testing

@testable import Magnet

/// Lines of score files: what is written is read back as it was kept, and other lines are refused.
@Suite struct BacktestTextTests {
  private static func text(_ level: Backtest.Level) -> (BacktestText, BacktestPlan) {
    var backtest = BacktestTests.backtest()
    backtest.level = level
    let plan = BacktestPlan(BacktestTests.scores, heldOut: .model, kind: .score)
    return (BacktestText(backtest, BacktestTests.entries, plan), plan)
  }

  private static func number(_ random: inout PythonRandom) -> Double {
    random.choice([
      0, 1, 0.5, -0.25, 1.0 / 3, 123456.789012345, 1e-12, 2e15, -7e-8, random.random(),
    ])
  }

  /// An outcome of a unit, with predictions in random order and gaps.
  private static func outcome(
    _ unit: Int, _ plan: BacktestPlan, _ level: Backtest.Level, _ random: inout PythonRandom
  ) -> BacktestOutcome {
    var outcome = BacktestOutcome()
    for target in plan.groups[unit / 2].targets {
      let actual = plan.targets[target].actual
      let run = plan.collection.runs[plan.targets[target].run]
      for observed in [5, 10] as [Int32] {
        for repetition in 0..<3 as Range<Int32> where random.below(4) > 0 {
          var record = BacktestRecord(
            predictor: Int32(unit % 2), target: Int32(target),
            observed: unit % 2 == 0 ? observed : -1,
            repetition: repetition, isExtrapolated: random.below(3) == 0,
            predicted: number(&random), actual: actual)
          if random.below(2) == 0 { record.stddev = abs(number(&random)) + 0.1 }
          if random.below(2) == 0 {
            let (a, b) = (number(&random), number(&random))
            record.lower = SIMD3(min(a, b), min(a, b) - 1, .nan)
            record.upper = SIMD3(max(a, b), max(a, b) + 1, .nan)
            if random.below(4) == 0 { (record.lower.z, record.upper.z) = (-.infinity, .infinity) }
          }
          if unit % 2 == 1, observed == 10 { continue }
          guard level == .instance else {
            outcome.records.append(record)
            continue
          }
          for column in run.instances where random.below(3) == 0 {
            record.instance = Int32(column)
            record.actual = plan.matrix(of: plan.targets[target])[run.row, column]
            record.predicted = number(&random)
            outcome.records.append(record)
          }
        }
      }
      if random.below(3) == 0 {
        outcome.failures.append(
          .init(
            predictor: unit % 2, target: target, reason: "it \"fails\"\n\u{1}é",
            count: random.choice([nil, 3])))
      }
      if random.below(3) == 0 {
        outcome.add(["a note, \\ with marks"], predictor: unit % 2, target: target)
      }
    }
    return outcome
  }

  private static func key(_ record: BacktestRecord) -> String {
    let numbers =
      [record.predicted, record.actual, record.stddev]
      + (0..<3).flatMap { [record.lower[$0], record.upper[$0]] }
    return
      "\(record.predictor) \(record.target) \(record.observed) \(record.repetition) \(record.instance) "
      + "\(record.isExtrapolated) \(numbers.map { $0.isNaN ? "-" : "\($0)" })"
  }

  @Test(arguments: [Backtest.Level.run, .instance], 1...6) func whatIsWrittenIsWhatWasKept(
    _ level: Backtest.Level, _ seed: Int
  ) throws {
    var random = PythonRandom(seed: seed)
    let (text, plan) = Self.text(level)
    for unit in 0..<plan.groups.count * 2 {
      let kept = Self.outcome(unit, plan, level, &random).asKept
      #expect(
        kept.asKept.records.map(Self.key) == kept.records.map(Self.key),
        "keeping twice changes nothing")
      let lines = String(decoding: text.lines(kept, unit: unit), as: UTF8.self)
      #expect(lines.isEmpty || lines.hasSuffix("\n"))
      var read = BacktestOutcome()
      var headers = 0
      for line in lines.split(separator: "\n") {
        let (found, part) = try #require(text.parsed(String(line)), "\(line)")
        #expect(part == nil || found == unit)
        if let part { read += part } else { headers += 1 }
      }
      #expect(headers == (unit % 2 == 0 ? plan.groups[unit / 2].targets.count : 0))
      #expect(read.records.map(Self.key) == kept.records.map(Self.key))
      #expect(read.failures == kept.failures && read.remarks == kept.remarks)
    }
  }

  /// Rounded to nine digits, and intervals outwards.
  @Test func keptNumbersHaveNineDigits() {
    var record = BacktestRecord(
      predictor: 0, target: 0, observed: 5, repetition: 0, predicted: 1.0 / 3, actual: 0)
    record.lower = SIMD3(1.0 / 3, -1.0 / 3, 2.0 / 3)
    record.upper = SIMD3(1.0 / 3, -1.0 / 3, 2.0 / 3)
    record.stddev = 0.123456789123
    let kept = BacktestOutcome(records: [record]).asKept.records[0]
    #expect(kept.predicted == 0.333333333 && kept.stddev == 0.123456789)
    #expect(kept.lower == SIMD3(0.333333333, -0.333333334, 0.666666666))
    #expect(kept.upper == SIMD3(0.333333334, -0.333333333, 0.666666667))
    for place in 0..<3 {
      #expect(kept.lower[place] <= record.lower[place] && kept.upper[place] >= record.upper[place])
    }
  }

  @Test(arguments: [
    "", "{}", "[]", "null", "{\"target\":0}",
    "{\"target\":99,\"predictor\":\"mean\",\"predicted\":[1]}",
    "{\"target\":0,\"predictor\":\"other\",\"predicted\":[1]}",
    "{\"target\":0,\"predictor\":\"mean\"}",
    "{\"target\":0,\"predictor\":\"mean\",\"predicted\":[\"x\"]}",
    "{\"target\":0.5,\"predictor\":\"mean\",\"predicted\":[1]}",
    "{\"target\":-1,\"predictor\":\"mean\",\"predicted\":[1]}",
    "{\"target\":0,\"predictor\":1,\"predicted\":[1]}",
    "{\"target\":0,\"predictor\":\"mean\",\"predicted\":7}",
    "{\"target\":0,\"predictor\":\"mean\",\"predicted\":[1]",
  ]) func otherLinesAreRefused(_ line: String) { #expect(Self.text(.run).0.parsed(line) == nil) }

  @Test func changedLinesAreReadOrRefused() {
    var random = PythonRandom(seed: 4)
    for level in [Backtest.Level.run, .instance] {
      let (text, plan) = Self.text(level)
      let outcome = Self.outcome(0, plan, level, &random).asKept
      for line in String(decoding: text.lines(outcome, unit: 0), as: UTF8.self).split(
        separator: "\n")
      {
        for _ in 0..<30 {
          var bytes = Array(line.utf8)
          bytes[random.below(bytes.count)] = random.choice(Array("0123456789-.,:[]{}\"etn".utf8))
          guard let (unit, part) = text.parsed(String(decoding: bytes, as: UTF8.self)) else {
            continue
          }
          #expect((0..<plan.groups.count * 2).contains(unit))
          for record in part?.records ?? [] {
            #expect(plan.targets.indices.contains(Int(record.target)) && !record.predicted.isNaN)
          }
        }
      }
    }
  }

  @Test func headersSayWhatDiffers() {
    let (text, plan) = Self.text(.run)
    var other = BacktestTests.backtest()
    other.seed = 8
    other.repetitions = 4
    let changed = BacktestText(other, BacktestTests.entries, plan)
    #expect(
      text.difference(from: changed.header)
        == "holds the predictions of another backtest: its repeats is 4, not 3, its seed is 8, not 1"
    )
    let elsewhere = BacktestPlan(BacktestTests.scores, heldOut: .model, kind: .perturbed)
    let moved = BacktestText(BacktestTests.backtest(), BacktestTests.entries, elsewhere)
    #expect(text.difference(from: moved.header).contains("its scores are of other data"))
    #expect(text.difference(from: "{}") == "is not a score file of a backtest")
    #expect(text.difference(from: "x") == "is not a score file of a backtest")
    #expect(
      text.difference(from: "{\"magnet_backtest\":2}") == "was written by another version of magnet"
    )
    #expect(Self.text(.run).0.header == text.header, "the same backtest, the same header")
  }

  @Test func intervalsComeFromDeviations() {
    var record = BacktestRecord(
      predictor: 0, target: 0, observed: 5, repetition: 0, predicted: 2, actual: 0)
    #expect(!record.hasIntervals && record.error == 2)
    record.setInterval(nil, stddev: 0)
    #expect(!record.hasIntervals, "a deviation of 0 is not known")
    record.setInterval(nil, stddev: 0.5)
    for (place, coverage) in Estimate.coverages.enumerated() {
      #expect(abs(record.upper[place] - 2 - 0.5 * Normal.halfWidth(coverage)) < 1e-12)
      #expect(abs(record.lower[place] + record.upper[place] - 4) < 1e-12)
    }
    record.setInterval(Interval(lower: 1, upper: 2.5), stddev: nil)
    #expect(record.lower.z == 1 && record.upper.z == 2.5 && record.stddev == 0.5)
    record.setIntervals([Interval(lower: 0, upper: 1)])
    #expect(record.lower.z == 1, "as many as there are coverages, or none")
    record.setIntervals(Estimate.coverages.map { Interval(lower: -$0, upper: $0) })
    #expect(record.lower == SIMD3(-0.5, -0.8, -0.95))
  }

  /// Split-conformal widths, by counting.
  @Test(arguments: 1...8) func conformalWidthsAreRanksOfErrors(_ seed: Int) {
    var random = PythonRandom(seed: seed)
    let models = (0..<6).map { "m\($0 % 4)" }
    var records = (0..<60).map { _ -> BacktestRecord in
      BacktestRecord(
        predictor: 0, target: Int32(random.below(6)), observed: 5, repetition: 0,
        predicted: random.random(), actual: random.random())
    }
    let before = records
    ConformalIntervals.add(to: &records, models: models)
    for (record, plain) in zip(records, before) {
      let model = models[Int(plain.target)]
      let errors = before.filter { models[Int($0.target)] != model }.map { abs($0.error) }.sorted()
      for (place, coverage) in Estimate.coverages.enumerated() {
        let rank = Int((Double(errors.count + 1) * coverage).rounded(.up))
        let last = Int((Double(errors.count + 1) * 0.95).rounded(.up))
        if last > errors.count {
          #expect(record.lower[place].isNaN)
        } else {
          #expect(abs(record.upper[place] - record.predicted - errors[rank - 1]) < 1e-12)
          #expect(abs(record.predicted - record.lower[place] - errors[rank - 1]) < 1e-12)
        }
      }
    }
  }
}
