public import ArgumentParser
import HelmBackend
public import Magnet
import MagnetCommand
import Predictors

struct BacktestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backtest",
    abstract: "Predict many scores that are known, and say how good the predictions are.",
    discussion: """
      Holds out a run, all runs of a model, of a family of models, or of a scenario, or the strongest models; predicts
      what was held out from the rest and from some of its instances, again and again with other instances; and prints
      mean errors, rank correlations and how intervals did. The nulls, which a predictor is to beat, take part always.

      EXAMPLE:
        magnet backtest auto benchmark_output --split family --observed 10,25,50
        magnet backtest auto,2pl benchmark_output --scores scores.ndjson --plot curve.svg --compare auto 2pl
        magnet backtest perturbation-difference benchmark_output --target perturbed
        magnet backtest auto --exec "python3 my_predictor.py" benchmark_output --repeats 5 --compare exec auto
      """)

  @Argument(
    help: ArgumentHelp(
      "Predictors, separated by commas (`magnet predictors` lists them); none are needed with --exec. Then folders that hold runs: a benchmark_output, a suite, a run, or quoted patterns of these.",
      valueName: "predictors and paths"),
    completion: .directory)
  var arguments: [String]
  @OptionGroup var reading: ReadingOptions
  @Option(
    help: "What is held out together: run, model, family, scenario, or frontier (the strongest models).")
  var split = HeldOut.family
  @Option(
    help: "score: of runs on inputs as they are. perturbed: on perturbed inputs, the others being known.")
  var target = BacktestTarget.score
  @Option(help: "run: scores of runs. instance: whether single instances are answered right.")
  var level = Backtest.Level.run
  @Option(help: "How many instances are shown, such as 10,25,50,100.")
  var observed: String = "10,25,50,100"
  @Option(help: "How many samples of instances are drawn for each run (1 with --level instance).")
  var repeats: Int?
  @Option(parsing: .unconditional, help: "The seed of everything random.")
  var seed = 1
  @Option(help: "How many predictions are made at once; as many as there are processors, unless given.")
  var jobs: Int?
  @Option(
    help: "How many example runs predictors of tables are shown, drawn anew each time; all unless given.")
  var exampleRuns: Int?
  @OptionGroup var scoring: ScoreOptions
  @Option(
    help: ArgumentHelp(
      "Keep every prediction in this file as JSON lines, and go on from what it holds.", valueName: "file"),
    completion: .file())
  var scores: String?
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Compare two of the predictors on the same samples: --compare A B.", valueName: "predictors"))
  var compare: [String] = []
  @Option(
    help: ArgumentHelp(
      "Write the learning curve as SVG to this file, and predicted against actual scores to one beside it (-actual).",
      valueName: "file"),
    completion: .file())
  var plot: String?
  @Flag(inversion: .prefixedNo, help: "Draw both below the table; on a terminal by default.")
  var draw: Bool?
  @OptionGroup(title: "Programs as predictors") var external: ExternalOptions
  @OptionGroup var output: OutputOptions

  private var sizes: [Int]? {
    let parts = observed.split(separator: ",", omittingEmptySubsequences: false)
    let sizes = parts.compactMap { Int($0.filter { $0 != " " }) }
    return sizes.count == parts.count && sizes.allSatisfy { $0 >= 0 } ? sizes.unique().sorted() : nil
  }

  private func isKnown(_ name: String) -> Bool { predictorCatalog.contains { $0.name == name } }

  /// The predictors in the first argument; none where a program predicts and the first argument is a path.
  private var chosen: [String] {
    let names = arguments[0].split(separator: ",").map(String.init).unique()
    return external.exec == nil || names.allSatisfy { isKnown($0) || $0 == "exec" } ? names : []
  }

  private var paths: [String] { chosen.isEmpty ? arguments : Array(arguments.dropFirst()) }

  func validate() throws {
    for name in chosen + compare where !isKnown(name) && (name != "exec" || external.exec == nil) {
      let nearest = nearestNames(to: name, among: predictorCatalog.map(\.name))
      throw ValidationError("There is no predictor '\(name)'; there is \(nearest.joined(separator: ", ")).")
    }
    if chosen.isEmpty, external.exec == nil { throw ValidationError("Name a predictor, such as auto.") }
    if paths.isEmpty { throw ValidationError("Missing expected argument '<paths> ...'") }
    if sizes == nil {
      throw ValidationError("--observed takes numbers separated by commas, such as 10,25,50.")
    }
    if let repeats, repeats < 1 { throw ValidationError("--repeats takes 1 or more.") }
    if let jobs, jobs < 1 { throw ValidationError("--jobs takes 1 or more.") }
    if let exampleRuns, exampleRuns < 1 { throw ValidationError("--example-runs takes 1 or more.") }
    if !compare.isEmpty, compare.count != 2 {
      throw ValidationError("--compare takes two predictors; put the paths before it.")
    }
    if let plot {
      guard plot.lowercased().hasSuffix(".svg") else {
        throw ValidationError("--plot writes SVG; give a file whose name ends in .svg, not '\(plot)'.")
      }
      for path in plotFiles(plot) { try output.overwriting.checkEarly(path) }
    }
  }

  /// The predictors asked for, those to compare, the program, and the nulls.
  private func entries(_ runs: HelmRuns) throws -> [Backtest.Entry] {
    let asked = (chosen + compare).unique()
    // The clean score is a null where there is another; a sample of clean instances says nothing else then.
    let other = target == .score ? "clean-score" : "sample-mean"
    let named = asked.compactMap { name in predictorCatalog.first { $0.name == name } }
    let nulls = predictorCatalog.filter { $0.isNull && !asked.contains($0.name) && $0.name != other }
    let own = (named + nulls).map { entry in
      Backtest.Entry(name: entry.name, isNull: entry.isNull) { entry.make(3, 20, 1) }
    }
    guard let exec = external.exec else { return own }
    // The score file holds actual scores.
    let make = try external.factory(
      exec, over: runs, isOfInstances: level == .instance, metrics: scoring.metric,
      hiding: [scores].compactMap(\.self))
    return [Backtest.Entry(name: "exec") { make(3, 20, 1) }] + own
  }

  func run() async throws {
    try await report {
      let progress = BacktestProgress()
      let loading = LoadProgress()
      let all = try reading.runs(paths, loading)
      var backtest = Backtest()
      backtest.heldOut = split
      backtest.target = target
      backtest.level = level
      backtest.observed = sizes ?? []
      backtest.repetitions = repeats ?? (level == .run ? 200 : 1)
      backtest.seed = seed
      backtest.jobs = jobs ?? Environment.processorCount
      backtest.exampleRuns = exampleRuns
      let entries = try entries(all)
      let readsAnswers = entries.contains { ($0.make() as? ScorePredictor)?.usesAnswers == true }
      let collection = try await scoring.read(all, loading, readsAnswers: readsAnswers)
      let result = try await Watch.ending(progress) {
        try await backtest.run(
          entries, on: collection, source: all, keepingIn: scores.map { ScoreFile($0) }, progress: progress)
      }
      for note in result.notes { Terminal.say(note) }
      let scored = BacktestScores(result)
      if compare.isEmpty || (output.isForPeople && output.file == nil) {
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
      if compare.count == 2 {
        if output.isForPeople, output.file == nil { try Terminal.write("\n") }
        try output.print(try result.comparison(of: compare[0], with: compare[1]), keyCount: 1)
      }
      if !result.isComplete { throw ExitCode(130) }
      return collection.faults.count + result.failureCount
    }
  }
}

extension BacktestCommand {
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

extension HeldOut: ExpressibleByArgument {}
extension BacktestTarget: ExpressibleByArgument {}
extension Backtest.Level: ExpressibleByArgument {}
