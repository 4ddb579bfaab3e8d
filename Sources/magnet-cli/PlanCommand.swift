import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand
import Predictors

/// How many instances are enough.
struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Say how many instances of each scenario suffice to estimate a model's score.",
    discussion: """
      Backtests a predictor with 5, 10, 20, 50, 100, 200 and 500 instances of each run, all runs of its model held out, \
      and reads from the learning curve of each scenario how many suffice for a given error or interval width, and how \
      many tokens that saves.

      EXAMPLE:
        magnet plan benchmark_output --error .03
        magnet plan benchmark_output --width .1 --runs 'mmlu:*' --format csv
      """)

  @OptionGroup var source: SourceOptions
  @Option(help: "The mean absolute error to reach, in the score's unit.")
  var error: Double?
  @Option(help: "The mean width of 95% intervals to reach, in the score's unit.")
  var width: Double?
  @Option(help: "The predictor of scores that is to estimate.", completion: .scorePredictors)
  var predictor = AutoPredictor.name
  @Option(help: "How many samples of instances are drawn for each run.")
  var repeats = 10
  @Option(parsing: .unconditional, help: "The seed of everything random.")
  var seed = 1
  @Option(help: "Predictions at once (default: one per processor).")
  var jobs: Int?
  @OptionGroup var scoring: ScoreOptions
  @OptionGroup var output: OutputOptions

  private static let sizes = [5, 10, 20, 50, 100, 200, 500]

  func validate() throws {
    if (error == nil) == (width == nil) { throw ValidationError("Give --error or --width.") }
    if let aim = error ?? width, !(aim > 0) { throw ValidationError("--error and --width take more than 0.") }
    if repeats < 1 { throw ValidationError("--repeats must be 1 or more.") }
    if let jobs, jobs < 1 { throw ValidationError("--jobs must be 1 or more.") }
    if !predictorCatalog.contains(where: { $0.name == predictor && $0 is ScorePredictor.Type }) {
      let names = predictorCatalog.filter { $0 is ScorePredictor.Type }.map(\.name)
      try checkPredictor(predictor, among: names)
    }
  }

  func run() async throws {
    try await report {
      let progress = WorkProgress()
      let all = try source.runs(try scoring.selection, progress)
      let collection = try await scoring.read(all, progress)
      var backtest = Backtest()
      backtest.heldOut = .model
      backtest.observed = Self.sizes
      backtest.repetitions = repeats
      backtest.seed = seed
      backtest.jobs = jobs ?? Environment.processorCount
      let entries = predictorCatalog.filter { $0.name == predictor }.map { Backtest.Entry($0) }
      let result = try await Watch.working(progress) { [backtest] in
        try await backtest.run(entries, on: collection, source: all, progress: progress)
      }
      if !result.isComplete { throw ExitCode(Watch.interruptedStatus) }
      let aim = error.map { InstanceAim.error($0) } ?? .width(width ?? 0)
      let tokens = try await collection.tokens(in: all)
      let (table, notes) = try result.instancesNeeded(for: aim, predictor: predictor, tokens: tokens)
      for note in notes { Terminal.say(note) }
      if tokens.isEmpty {
        Terminal.say("the runs have no statistics of tokens; what is saved is said in instances")
      }
      try output.print(table, keyCount: 1)
      return collection.faults.count + collection.omissions.count + result.failureCount
    }
  }
}
