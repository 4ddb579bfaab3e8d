import ArgumentParser
import Magnet
import MagnetCommand
import Shifts

struct ShiftTableCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table",
    abstract: "Compare models and interventions: means over shifts with intervals, and a heat map.",
    discussion: """
      One row per model and intervention (and group, with --by): the mean of the measure over the distinct shifts with \
      its 95% bootstrap interval over targets, then the means of G (generalization), B (baseline), T (target-tuned \
      capability), S (source accuracy), DE (differential elicitation) and RMS calibration error.

      EXAMPLE:
        magnet shift table results shifts.json --by category
        magnet shift table results GENIES.json --as published --measure accuracy --plot heat.svg
      """)

  enum Group: String, ExpressibleByArgument, CaseIterable { case shift, category, label }

  @Argument(help: "The results: a folder that holds evaluations.", completion: .directory)
  var results: String
  @Argument(help: "Shift specifications, JSON files.", completion: .file(extensions: ["json"]))
  var shifts: [String]
  @Option(
    help: ArgumentHelp("The base model. May be repeated (default: all).", valueName: "name"),
    completion: .evaluatedModels)
  var model: [String] = []
  @Option(
    help: ArgumentHelp("The intervention. May be repeated (default: all).", valueName: "name"),
    completion: .evaluatedInterventions)
  var intervention: [String] = []
  @OptionGroup var rules: MetricsOptions
  @Option(help: "One row per shift, category or label instead of one for all shifts.")
  var by: Group?
  @Option(help: "The measure of means and heat map: de, accuracy, elicitation or rms.")
  var measure = ShiftMeasure.de
  @Flag(help: "Count shifts that are in the specification twice as two.")
  var repeats = false
  @Option(parsing: .unconditional, help: "The seed of the bootstrap.")
  var seed = 1
  @Option(
    help: ArgumentHelp("Write a heat map to this file, as SVG.", valueName: "file"),
    completion: .file(extensions: ["svg"]))
  var plot: String?
  @Flag(inversion: .prefixedNo, help: "Draw a heat map (default: on a terminal).")
  var draw: Bool?
  @OptionGroup var quietness: QuietOption
  @OptionGroup var output: OutputOptions

  func validate() throws {
    try output.checkPlot(plot)
  }

  func run() async throws {
    try await report {
      let reader = EvaluationReader(EvaluationStore(results))
      let sets = try shiftSets(shifts, near: results)
      let all = try rules.metrics(reader, sets.flatMap(\.rows), models: model, interventions: intervention)
      let scores = ShiftScores(all, countsRepeats: repeats, seed: seed)
      for note in scores.unequalCounts { Terminal.say(note, as: .warning) }
      let faults = say(all)
      let grouping = by.flatMap { ShiftScores.Grouping(rawValue: $0.rawValue) } ?? .all
      try output.print(
        scores.table(by: grouping, measure: measure), keyCount: by == nil ? 2 : 3, piped: .csv)
      let map = scores.heatMap(measure)
      if let plot { try Terminal.writeFile(plot) { try $0(Array(map.svg().utf8)) } }
      if draw ?? (output.isForPeople && Terminal.isOutputTerminal) {
        try Terminal.write("\n" + map.drawn(width: Terminal.width ?? 100, isColored: Terminal.isColored))
      }
      return faults
    }
  }
}
