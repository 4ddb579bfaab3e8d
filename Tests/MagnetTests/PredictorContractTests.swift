import TestSupport
import Testing

@testable import Magnet

/// What a predictor may do: wait, fail in its own way, and say things of its predictions.
@Suite struct PredictorContractTests {
  private static let name = MetricName("exact_match", split: "test")

  private static func tables(_ means: KeyValuePairs<String, Double>) -> RunTables {
    RunTables(
      runSpecs: Table(columnNames: ["run_spec.name"], rows: means.map { [.string($0.key)] }),
      stats: Table(
        columnNames: ["run_spec.name", "stats.name.name", "stats.name.split", "stats.mean"],
        rows: means.map { [.string($0.key), .string("exact_match"), .string("test"), .double($0.value)] }))
  }

  private static let split = DataSplit(
    train: TrainSplit(tables(["a": 0.5, "b": 1])), test: TestSplit(tables(["c": 0.7])),
    trainRuns: ["a", "b"],
    testRun: "c", notes: ["drawn by hand"], faults: [])

  /// Overrides the asynchronous method alone.
  final class WaitingPredictor: RunPredictor {
    override func predict(train: TrainSplit, test: SequesteredTestSplit) async throws -> [RunPrediction] {
      await Task.yield()
      return [
        RunPrediction(
          run: "c", stat: Stat(PredictorContractTests.name, mean: train.stats[.mean].mean()),
          interval: Interval(lower: 0.6, upper: 0.9), standardError: 0.1, notes: ["waited", "a guess"]),
        RunPrediction(
          run: "c", stat: Stat(MetricName("f1_score", split: "test"), mean: 0.5), notes: ["a guess"]),
      ]
    }
  }

  /// Overrides the synchronous method alone.
  final class HTTPScorePredictor: RunPredictor {
    override class var summary: String { "nothing at all" }
    override class var isBaseline: Bool { true }
    override func predict(train: TrainSplit, test: SequesteredTestSplit) throws -> [RunPrediction] { [] }
  }

  @Test func aPredictorMayWait() async throws {
    let comparison = try await WaitingPredictor().evaluate(Self.split)
    let pair = try #require(comparison.pairs.first)
    #expect(comparison.pairs.count == 1 && pair.predicted.mean == 0.75 && pair.actual.mean == 0.7)
    #expect(pair.interval == Interval(lower: 0.6, upper: 0.9) && pair.standardError == 0.1)
    // What it says is said once, after what is to be said of the split.
    #expect(comparison.notes == ["drawn by hand", "waited", "a guess"])
    #expect(comparison.unmatched.map(\.stat.name.name) == ["f1_score"])
    let table = comparison.table
    #expect(table[0, "lower"] == .double(0.6) && table[0, "upper"] == .double(0.9))
    #expect(table[0, "standard_error"] == .double(0.1) && table[1, "standard_error"] == .null)
    #expect(comparison.score(.coverage()) == 1 && comparison.score(.width()).map { $0 < 0.31 } == true)
    #expect(comparison.measureLines.count == 1)
    #expect(comparison.measureLines[0].hasSuffix("coverage of 95% intervals 1.000"))
  }

  @Test func nothingPredictedIsARow() async throws {
    let comparison = try await HTTPScorePredictor().evaluate(Self.split)
    #expect(!comparison.isMeasurable && comparison.measureTable.rowCount == 0)
    #expect(comparison.score(.bias) == nil)
    let table = comparison.table
    #expect(table.rowCount == 1 && table[0, "run_spec"] == .string("c"))
    #expect(table[0, "source"] == .string("predicted") && table[0, "mean"] == .null)
  }

  @Test func aPredictorIsKnownByItsType() {
    #expect(WaitingPredictor.name == "waiting" && HTTPScorePredictor.name == "http-score")
    #expect(RunPredictor.name == "run" && Predictor.name == "predictor")
    #expect(HTTPScorePredictor.summary == "nothing at all" && !WaitingPredictor.isBaseline)
    let entry = Backtest.Entry(HTTPScorePredictor.self)
    #expect(entry.name == "http-score" && entry.isBaseline)
    let made = entry.make()
    #expect(made is HTTPScorePredictor && made.exampleRuns == 3 && made.seed == 1)
  }

  @Test func severalMetricsHaveNoCommonError() {
    let predictions = ["exact_match", "f1_score"].map {
      RunPrediction(run: "c", stat: Stat(MetricName($0, split: nil), mean: 0.5))
    }
    let actual = Table(
      columnNames: ["run_spec.name", "stats.name.name", "stats.mean"],
      rows: [
        [.string("c"), .string("exact_match"), .double(0.75)],
        [.string("c"), .string("f1_score"), .double(0.25)],
      ])
    let comparison = Comparison(predictions, with: actual)
    #expect(comparison.score(.bias) == nil)
    #expect(
      comparison.score(.bias, of: "exact_match") == -0.25 && comparison.score(.bias, of: "f1_score") == 0.25)
    #expect(comparison.measureTable.rows.map { $0["bias"] } == [.double(-0.25), .double(0.25)])
  }

  /// Its own error, a fallback that it says for half of the scores, and intervals.
  final class OddPredictor: ScorePredictor {
    struct Oddity: Error, CustomStringConvertible { var description: String { "an oddity" } }
    struct Estimator: ScoreEstimator {
      let notes: [String]
      func estimate(_ sample: ObservedSample) -> Estimate? {
        var estimate = Estimate(mean: 0.5)
        estimate.notes = ["a guess"]
        return sample.scores.first == 1 ? estimate : nil
      }
    }
    override func fit(_ fold: ScoreFold) throws -> any ScoreEstimator {
      if fold.model == "a/1" { throw Oddity() }
      return Estimator(notes: fold.model.hasPrefix("b/") ? ["b is hard"] : [])
    }
  }

  @Test(arguments: [false, true]) func aBacktestKeepsOnAndSaysWhatItsPredictorsSay(_ isResumed: Bool)
    async throws
  {
    let folder = try TemporaryFolder()
    let entries = [Backtest.Entry(OddPredictor.self)] + BacktestTests.entries
    var backtest = BacktestTests.backtest(repetitions: 4)
    backtest.observed = [5]
    let file = ScoreFile(folder.path + "/scores")
    var result = try await backtest.run(entries, on: BacktestTests.scores, keepingIn: file)
    if isResumed { result = try await backtest.run(entries, on: BacktestTests.scores, keepingIn: file) }
    let plain = try await backtest.run(BacktestTests.entries, on: BacktestTests.scores)
    // The others are as they are without it.
    #expect(
      TableWriter(.csv).text(BacktestScores(result).longTable).contains(
        TableWriter(.csv).text(BacktestScores(plain).longTable).split(separator: "\n")[1]))
    let notes = result.notes
    #expect(notes.contains("odd: b is hard (4 of 12 scores)"))
    #expect(notes.contains { $0.hasPrefix("odd: a guess (") })
    #expect(
      notes.contains { $0.hasSuffix("of 12 scores not predicted, the first of maths:model=a/1: an oddity") })
    let partial = try #require(notes.first { $0.contains("scores not made") })
    #expect(partial.contains("of 12 scores not made, the first of") && partial.hasSuffix("it has no answer"))
    #expect(result.failureCount > 2)
  }

  @Test func aPredictorThatPredictsNothingHasARow() async throws {
    var backtest = BacktestTests.backtest(repetitions: 1)
    backtest.observed = [30]
    let entries = [Backtest.Entry(OddPredictor.self)] + BacktestTests.entries
    backtest.heldOut = .run
    let result = try await backtest.run(entries, on: BacktestTests.scores)
    let scores = BacktestScores(result)
    #expect(scores.groups.map(\.predictor) == ["odd", "sample", "mean"])
    #expect(scores.groups.map(\.targets) == [0, 0, 12])
    #expect(scores.table[1, "targets"] == .int(0) && scores.table[1, "mae"] == .null)
    let row = try #require(scores.longTable.rows.first { $0["predictor"] == .string("sample") })
    #expect(row["measure"] == .null && row["value"] == .null && row["targets"] == .int(0))
    #expect(result.failureCount == 3 && scores.learningCurve.series.map(\.name) == ["mean (baseline)"])
  }
}
