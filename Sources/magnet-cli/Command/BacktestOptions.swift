public import ArgumentParser
package import HelmBackend
public import Magnet
public import Predictors

/// The options of every command that backtests.
package struct BacktestOptions: ParsableArguments {
  @Option(
    name: .customLong("hold-out"),
    help:
      "What is held out together: run, model, family, scenario, frontier (the strongest models), or time (learn from older models only)."
  )
  package var split = HeldOut.family
  @OptionGroup(title: "For --hold-out time") package var time: TimelineOptions
  @Option(
    help:
      "score: scores on unperturbed inputs. perturbed: scores on perturbed inputs, given the unperturbed ones."
  )
  package var target = BacktestTarget.score
  @Option(help: "run: scores of runs. instance: whether single instances are answered right.")
  package var level = Backtest.Level.run
  @Option(help: "How many instances of the target run are shown, such as 10,25,50,100.")
  package var observed: String = "10,25,50,100"
  @Option(help: "How many samples of instances are drawn for each run (1 with --level instance).")
  package var repeats: Int?
  @Option(
    help:
      "How these are chosen: random, stratified (by difficulty), adaptive (one after the other, by the answers so far) or anchors (one of each cluster of like instances), both for 2pl and auto."
  )
  package var sample = SamplingMethod.random
  @Option(parsing: .unconditional, help: "The seed of everything random.")
  package var seed = 1
  @Option(help: "Predictions at once (default: one per processor).")
  package var jobs: Int?
  @Option(
    help: "Training runs shown to table-based predictors, redrawn each time (default: all).")
  package var exampleRuns: Int?
  @OptionGroup package var scoring: ScoreOptions
  @Option(
    help: ArgumentHelp(
      "Keep every prediction in this file as JSON lines; rerunning the command resumes.", valueName: "file"),
    completion: .file())
  package var scores: String?
  @Option(
    help: ArgumentHelp("Compare two of the predictors on the same samples.", valueName: "a,b"),
    transform: { $0.split(separator: ",").map(String.init) })
  var compare: [String]?
  @Option(
    help: ArgumentHelp(
      "Write the learning curve as SVG to this file, and predicted against actual scores to one beside it (-actual).",
      valueName: "file"),
    completion: .file())
  package var plot: String?
  @Flag(inversion: .prefixedNo, help: "Draw both below the table; on a terminal by default.")
  package var draw: Bool?
  @OptionGroup package var output: OutputOptions

  package init() {}

  /// The two predictors to compare; none where that is not asked for.
  package var compared: [String] { compare ?? [] }

  private var sizes: [Int]? {
    let parts = observed.split(separator: ",", omittingEmptySubsequences: false)
    let sizes = parts.compactMap { Int($0.filter { $0 != " " }) }
    return sizes.count == parts.count && sizes.allSatisfy { $0 >= 0 } ? sizes.unique().sorted() : nil
  }

  package func validate() throws {
    if sizes == nil {
      throw ValidationError("--observed takes numbers separated by commas, such as 10,25,50.")
    }
    if let repeats, repeats < 1 { throw ValidationError("--repeats must be 1 or more.") }
    if let jobs, jobs < 1 { throw ValidationError("--jobs must be 1 or more.") }
    if let exampleRuns, exampleRuns < 1 { throw ValidationError("--example-runs must be 1 or more.") }
    if let compare, compare.count != 2 {
      throw ValidationError("--compare takes two predictors separated by a comma.")
    }
    if time.dates != nil, split != .time {
      throw ValidationError("--dates goes with --hold-out time and steps of dates.")
    }
    if let plot {
      try output.checkPlot(plot)
      for path in plotFiles(plot) { try output.overwriting.checkEarly(path) }
    }
  }

  private var backtest: Backtest {
    var backtest = Backtest()
    backtest.heldOut = split
    backtest.target = target
    backtest.level = level
    backtest.observed = sizes ?? []
    backtest.repetitions = repeats ?? (level == .run ? 200 : 1)
    backtest.seed = seed
    backtest.jobs = jobs ?? Environment.processorCount
    backtest.exampleRuns = exampleRuns
    if sample != .random { backtest.sampling = sample }
    return backtest
  }

  /// The baselines that take part beside the predictors asked for.
  private func baselines(_ asked: Set<String>) -> [Backtest.Entry] {
    // The clean score is a baseline where there is another; a sample of clean instances says nothing else then.
    let other = target == .score ? CleanScorePredictor.name : SampleMeanPredictor.name
    return predictorCatalog.filter { $0.isBaseline && !asked.contains($0.name) && $0.name != other }
      .map { type in
        var entry = Backtest.Entry(type)
        entry.isAskedFor = false
        return entry
      }
  }

  /// Backtests predictors beside the baselines, and prints what came of it.
  /// - Parameter entries: makes the predictors, for runs that are read.
  package func run(
    _ runs: (RunSelection, WorkProgress) throws -> HelmRuns, entries: (HelmRuns) throws -> [Backtest.Entry]
  ) async throws {
    try await report {
      let progress = WorkProgress()
      let all = try runs(try scoring.selection, progress)
      let asked = try entries(all)
      let entries = asked + baselines(Set(asked.map(\.name)))
      let readsAnswers = entries.contains { ($0.make() as? ScorePredictor)?.usesAnswers == true }
      let collection = try await scoring.read(all, progress, readsAnswers: readsAnswers)
      var timed = backtest
      if split == .time { timed.timeline = try await time.timeline(all, collection) }
      let result = try await Watch.working(progress) { [timed, scores] in
        try await timed.run(
          entries, on: collection, source: all, keepingIn: scores.map { ScoreFile($0) }, progress: progress)
      }
      for note in result.notes { Terminal.say(note) }
      let scored = BacktestScores(result)
      if compared.isEmpty || (output.isForPeople && output.file == nil) {
        try output.print(output.isForPeople ? scored.table : scored.longTable, keyCount: 2)
      }
      let isDrawn = draw ?? (output.isForPeople && Terminal.isOutputTerminal)
      if plot != nil || isDrawn {
        let plots = [scored.learningCurve] + (level == .run ? [result.predictedAgainstActual] : [])
        if let plot { try write(plots, to: plot) }
        for plot in plots where isDrawn {
          let width = min(Terminal.width ?? 100, 120)
          try Terminal.write(
            "\n" + plot.drawn(width: width, height: plot.isSquare ? 30 : 24, isColored: Terminal.isColored))
        }
      }
      if compared.count == 2 {
        if output.isForPeople, output.file == nil { try Terminal.write("\n") }
        try output.print(try result.comparison(of: compared[0], with: compared[1]), keyCount: 1)
      }
      if !result.isComplete { throw ExitCode(Watch.interruptedStatus) }
      return collection.faults.count + collection.omissions.count + result.failureCount
    }
  }
}

extension BacktestOptions {
  /// Writes the first plot to a file, the second to the file whose name has `-actual` before its ending.
  private func write(_ plots: [Plot], to path: String) throws {
    for (plot, path) in zip(plots, plotFiles(path)) {
      try output.overwriting.check(path)
      try Terminal.writeFile(path) { try $0(Array(plot.svg().utf8)) }
    }
  }

  private func plotFiles(_ path: String) -> [String] {
    let name = path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
    let stem = name.lastIndex(of: ".").map { path[..<$0] } ?? path[...]
    return [path] + (level == .run ? [stem + "-actual" + path[stem.endIndex...]] : [])
  }
}

extension SamplingMethod: ExpressibleByArgument {}
extension HeldOut: ExpressibleByArgument {}
extension BacktestTarget: ExpressibleByArgument {}
extension Backtest.Level: ExpressibleByArgument {}
