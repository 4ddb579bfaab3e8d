import ArgumentParser
import Magnet
import MagnetCommand
import Shifts

struct ShiftRunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Train and evaluate interventions on shifts, and compute the metrics.",
    discussion: """
      An intervention is one of magnet's (bag-of-words, mass-mean, longest, shortest, chance), or a folder with train.py \
      and eval.py (or executable programs train and eval). Only what is missing or stale is trained and evaluated; \
      rerun the command to resume. --dry-run shows what would be done, and why.

      EXAMPLE:
        magnet shift run shifts.json --distributions distributions --intervention bag-of-words,chance
        magnet shift run shifts.json --distributions distributions --model models/my-model --intervention my_intervention
      """)

  @Argument(help: "The shift specification, a JSON file.", completion: .file(extensions: ["json"]))
  var shifts: String
  @Option(
    help: ArgumentHelp("The folder that holds the distributions.", valueName: "folder"),
    completion: .directory)
  var distributions: String
  @Option(
    help: ArgumentHelp("The folder of results; created if missing.", valueName: "folder"),
    completion: .directory)
  var results = "results"
  @Option(
    help: ArgumentHelp(
      "The base model: a folder, or an endpoint such as http://localhost:8000/v1#name (default: none).",
      valueName: "model"), completion: .directory)
  var model: String?
  @Option(
    help: ArgumentHelp("Interventions, separated by commas: names or folders.", valueName: "names"),
    completion: .interventions)
  var intervention: String?
  @Option(
    help: ArgumentHelp("The intervention of baseline accuracies, a name or folder.", valueName: "name"),
    completion: .interventions)
  var baseline = "chance"
  @Option(
    help: ArgumentHelp(
      "The interventions whose best is the target-tuned capability (default: each one's own).",
      valueName: "names"), completion: .interventions)
  var capability: String?
  @OptionGroup var programs: ShiftProgramOptions
  @Option(help: "How many models are trained or evaluated at once.")
  var jobs = 1
  @Option(parsing: .unconditional, help: "The seed of everything random.")
  var seed = 1
  @Flag(help: "Train again, and evaluate again what was trained.")
  var retrain = false
  @Flag(help: "Make evaluations again that magnet did not make.")
  var fresh = false
  @Flag(help: "Show what would be done, and why; do nothing.")
  var dryRun = false
  @Flag(help: "Evaluate every source on every target, and show the accuracies.")
  var matrix = false
  @Flag(help: "Stop at the first failure.")
  var strict = false
  @Flag(help: "Append label, category, number of pairs, elicitation, gap closed and more.")
  var more = false
  @Option(
    help: ArgumentHelp("Write a heat map to this file, as SVG.", valueName: "file"),
    completion: .file(extensions: ["svg"]))
  var plot: String?
  @OptionGroup var quietness: QuietOption
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if intervention == nil, programs.eval == nil {
      throw ValidationError("Name an intervention: --intervention bag-of-words, or a folder.")
    }
    if jobs < 1 { throw ValidationError("--jobs must be 1 or more.") }
    try output.checkPlot(plot)
  }

  private func run(_ isStopped: @escaping @Sendable () -> Bool) throws -> ShiftRun {
    var run = ShiftRun(shifts: try ShiftSet(file: shifts), distributions: distributions, results: results)
    if let model { run.model = try BaseModel(model) }
    run.interventions = try programs.interventions(intervention ?? "exec")
    run.baseline = try programs.named(baseline)
    run.capabilities = try capability.map { try programs.interventions($0) } ?? []
    run.seed = seed
    run.jobs = jobs
    run.retrains = retrain
    run.isFresh = fresh
    run.isMatrix = matrix
    run.isStrict = strict
    run.isStopped = isStopped
    // What is missing is made without a word in a pipe; what is made again has its reason said.
    let showsAll = Terminal.areErrorsTerminal
    run.onStep = { step in
      if !showsAll, step.reason == "missing" { return }
      let verb = step.kind == .train ? "training" : "evaluating"
      let place = step.kind == .train ? "" : " on \(step.distribution)"
      Terminal.say("\(verb) \(step.model) (\(step.intervention))\(place): \(step.reason)")
    }
    return run
  }

  func run() async throws {
    try await report {
      if dryRun {
        let steps = try run({ false }).plan()
        let table = Table(
          columnNames: ["step", "intervention", "model", "distribution", "reason"],
          rows: steps.map {
            [
              .string($0.kind.rawValue), .string($0.intervention), .string($0.model),
              .string($0.distribution),
              .string($0.reason),
            ]
          })
        try output.print(table, keyCount: 4, piped: .csv)
        let trainings = steps.count { $0.kind == .train }
        Terminal.say(
          "\(counted(trainings, "training")) and \(counted(steps.count - trainings, "evaluation")) to do")
        return 0
      }
      let outcome = try await Watch.working { [self] in try await run { Task.isCancelled }.perform() }
      for note in outcome.notes { Terminal.say(note) }
      for warning in outcome.warnings { Terminal.say(warning, as: .warning) }
      for failure in outcome.failures { Terminal.say(failure, as: .error) }
      try print(outcome.metrics)
      let maps = outcome.matrices ?? [ShiftScores(outcome.metrics).heatMap(.de)]
      if let plot, let first = maps.first { try Terminal.writeFile(plot) { try $0(Array(first.svg().utf8)) } }
      for map in maps
      where output.isForPeople && Terminal.isOutputTerminal || outcome.matrices != nil && output.isForPeople {
        try Terminal.write("\n" + map.drawn(width: Terminal.width ?? 100, isColored: Terminal.isColored))
      }
      let isMissing = outcome.metrics.contains { !$0.reasons.isEmpty }
      return outcome.failures.isEmpty && isMissing ? say(outcome.metrics) : outcome.failures.count
    }
  }

  /// Prints the metrics: of one intervention GENIES' columns, of several with the intervention before them.
  private func print(_ metrics: [GeneralizationMetrics]) throws {
    let store = EvaluationStore(results)
    let rows = try ShiftSet(file: shifts).rows
    let tables = metrics.map { one -> Table in
      guard more else { return one.table }
      var rules = MetricsRules()
      rules.baseline = baseline
      return GeneralizationMetrics(
        store, rows, model: one.model, intervention: one.intervention, rules: rules, readsProbabilities: true
      ).longTable
    }
    if tables.count == 1 { return try output.print(tables[0], keyCount: 2, piped: .csv) }
    let stacked = zip(metrics, tables).map { one, table in
      table.prepending("intervention", Array(repeating: .string(one.intervention), count: table.rowCount))
    }
    try output.print(Table(stacking: stacked), keyCount: 3, piped: .csv)
  }
}
