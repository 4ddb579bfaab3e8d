import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand
import Predictors
public import Shifts

struct ShiftHelmCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "helm",
    abstract: "Measure how predictors carry over between scenarios, models and perturbations of HELM runs.",
    discussion: """
      One row per predictor and shift, with quality Q = 1 - mean |predicted - actual| of scores from 0 to 1: G on target \
      runs from the source, B of the baseline, S on source runs and T on target runs, each without its own hold-out unit, \
      and DE = (G - B) / T. Shifts are all ordered pairs of --by, or the rows of --pairs: source and target are patterns of \
      tasks, or of models with "kind": "models"; "kind": "perturbation" has a target {"name": ..., "prob": ...}, "kind": \
      "difficulty" none.

      EXAMPLE:
        magnet shift helm train-mean benchmark_output/runs/my-suite --by subject
        magnet shift helm clean-score,auto benchmark_output --pairs shifts.json --hold-out family
        magnet shift helm train-mean --exec "python3 my_predictor.py" benchmark_output --by scenario
      """)

  @Argument(
    help: ArgumentHelp(
      "Predictors, separated by commas (see: magnet predictors); none are needed with --exec. Then folders that hold runs: a benchmark_output, a suite, a run, or quoted patterns of these.",
      valueName: "predictors and paths"),
    completion: .predictorsAndPaths)
  var arguments: [String]
  @OptionGroup var reading: ReadingOptions
  @Option(
    help: ArgumentHelp("All ordered pairs: subject, scenario, model or perturbation.", valueName: "axis"))
  var by: RunShiftAxis?
  @Option(
    help: ArgumentHelp("The shifts, a JSON file.", valueName: "file"), completion: .file(extensions: ["json"])
  )
  var pairs: String?
  @Option(help: ArgumentHelp("What is not known of a run's model: none, model or family.", valueName: "unit"))
  var holdOut = HelmShifts.HoldOut.none
  @Option(help: "How many scored instances of the target run are shown.")
  var observed = 0
  @Option(help: "What is predicted: run or instance.")
  var level = Measure.Level.run
  @Option(
    help: ArgumentHelp("The baseline: constant (1/2), or a predictor.", valueName: "name"),
    completion: .names { _ in ["constant"] + predictorCatalog.map(\.name) })
  var baseline = "constant"
  @Option(parsing: .unconditional, help: "The seed of everything random.")
  var seed = 1
  @OptionGroup var scoring: ScoreOptions
  @Option(
    help: ArgumentHelp("Write a heat map of the first predictor to this file, as SVG.", valueName: "file"),
    completion: .file(extensions: ["svg"]))
  var plot: String?
  @OptionGroup var output: OutputOptions
  @OptionGroup(title: "Programs as predictors") var external: ExternalOptions

  /// The predictors in the first argument; none where a program predicts and the first argument is a path.
  private var chosen: [String] {
    let names = arguments[0].split(separator: ",").map(String.init).unique()
    return external.exec == nil || names.allSatisfy { type($0) != nil || $0 == "exec" } ? names : []
  }

  private var paths: [String] { chosen.isEmpty ? arguments : Array(arguments.dropFirst()) }

  /// All that take part, the program first unless it is named.
  private var names: [String] {
    external.exec == nil || chosen.contains("exec") ? chosen : ["exec"] + chosen
  }

  private func type(_ name: String) -> Predictor.Type? { predictorCatalog.first { $0.name == name } }

  func validate() throws {
    if (by == nil) == (pairs == nil) { throw ValidationError("Give --by or --pairs.") }
    if observed < 0 { throw ValidationError("--observed must be 0 or more.") }
    if names.isEmpty { throw ValidationError("Name a predictor, such as train-mean.") }
    for name in names + [baseline]
    where name != "constant" && (name != "exec" || external.exec == nil) { try checkPredictor(name) }
    if names.contains("constant") { throw ValidationError("constant is a baseline, not a predictor.") }
    try output.checkPlot(plot)
  }

  private func entry(_ name: String, _ runs: HelmRuns) throws -> HelmShifts.Entry? {
    let seed = seed
    if name == "exec", let exec = external.exec {
      let make = try external.factory(
        exec, over: runs, isOfInstances: level == .instance, metrics: scoring.metrics.metric)
      return HelmShifts.Entry(name: name) { make(3, 20, seed) }
    }
    return type(name).map { type in
      HelmShifts.Entry(name: type.name) { type.init(exampleRuns: 3, evalSamples: 20, seed: seed) }
    }
  }

  private func settings(_ runs: HelmRuns) throws -> HelmShifts {
    var helm = HelmShifts()
    helm.holdOut = holdOut
    helm.observed = observed
    helm.level = level
    helm.seed = seed
    helm.baseline = try entry(baseline, runs)?.make
    return helm
  }

  private func shifts(_ scores: ScoreCollection) throws -> [RunShift] {
    if let pairs { return try RunShift.read(pairs) }
    return by?.pairs(scores) ?? []
  }

  func run() async throws {
    try await report {
      let loading = WorkProgress()
      let all = try reading.runs(paths, try scoring.selection, loading)
      let entries = try names.compactMap { try entry($0, all) }
      let helm = try settings(all)
      let makers = entries.map(\.make) + [helm.baseline].compactMap(\.self)
      let readsAnswers = makers.contains { ($0() as? ScorePredictor)?.usesAnswers == true }
      let scores = try await scoring.read(all, loading, readsAnswers: readsAnswers)
      let shifts = try shifts(scores)
      if shifts.isEmpty { throw MagnetError(.insufficientData, "there are no two of these to shift between") }
      let rows = try await helm.rows(entries, shifts, scores, source: all)
      let reasons = rows.flatMap { row -> [String] in
        let target = row.shift.change?.name ?? row.shift.target
        return row.reasons.map { "\(row.predictor), \(row.shift.source) → \(target): \($0)" }
      }
      for note in rows.flatMap({ row in row.notes.map { "\(row.predictor): \($0)" } }).unique().prefix(20) {
        Terminal.say(note)
      }
      sayMissing(reasons)
      try output.print(helm.table(rows, baselineName: baseline), keyCount: 3, piped: .csv)
      let map = helm.heatMap(rows, predictor: names[0])
      if let plot { try Terminal.writeFile(plot) { try $0(Array(map.svg().utf8)) } }
      if output.isForPeople, Terminal.isOutputTerminal {
        try Terminal.write("\n" + map.drawn(width: Terminal.width ?? 100, isColored: Terminal.isColored))
      }
      return scores.faults.count + rows.count { $0.generalization == nil }
    }
  }
}

extension RunShiftAxis: ExpressibleByArgument {}
extension HelmShifts.HoldOut: ExpressibleByArgument {}
