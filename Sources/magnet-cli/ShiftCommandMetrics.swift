import ArgumentParser
import Magnet
import MagnetCommand
import Shifts

struct ShiftMetricsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics",
    abstract: "Compute the metrics of shifts from evaluations that are there.",
    discussion: """
      Prints GENIES' eleven columns, one row per row of the specification; as CSV, GENIES' bytes. Without --model or \
      --intervention, all that have evaluations. Several tables are printed one under the other, or written with \
      --tables FOLDER as FOLDER/MODEL/INTERVENTION/SHIFTS.csv.

      EXAMPLE:
        magnet shift metrics results GENIES.json --model llama-7b --intervention mms --as published --format csv
        magnet shift metrics results GENIES.json all.json --as published --tables tables
      """)

  @Argument(help: "The results: a folder that holds evaluations.", completion: .directory)
  var results: String
  @Argument(help: "Shift specifications, JSON files.", completion: .file(extensions: ["json"]))
  var shifts: [String]
  @Option(
    help: ArgumentHelp("The base model. May be repeated.", valueName: "name"), completion: .evaluatedModels)
  var model: [String] = []
  @Option(
    help: ArgumentHelp("The intervention. May be repeated.", valueName: "name"),
    completion: .evaluatedInterventions)
  var intervention: [String] = []
  @OptionGroup var rules: MetricsOptions
  @Flag(
    help: """
      Append label, category, number of pairs, elicitation, gap closed, calibration error, and who scored.
      """)
  var more = false
  @Option(
    help: ArgumentHelp("Write each table to FOLDER/MODEL/INTERVENTION/SHIFTS.csv.", valueName: "folder"),
    completion: .directory)
  var tables: String?
  @OptionGroup var quietness: QuietOption
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await report {
      let reader = EvaluationReader(EvaluationStore(results))
      let sets = try shiftSets(shifts, near: results)
      let pairs = rules.capability == "best" ? sets.flatMap(\.rows) + knownPairs : []
      var all: [(set: ShiftSet, metrics: GeneralizationMetrics)] = []
      for set in sets {
        let found = try rules.metrics(
          reader, set.rows, models: model, interventions: intervention, pairs: pairs, readsProbabilities: more
        )
        all += found.map { (set, $0) }
      }
      func table(_ metrics: GeneralizationMetrics) -> Table { more ? metrics.longTable : metrics.table }
      let faults = say(all.map(\.metrics))
      if let tables {
        for (set, metrics) in all {
          let folder = "\(tables)/\(metrics.model)/\(metrics.intervention)"
          let file = "\(folder)/\(set.name).csv"
          try output.overwriting.check(file)
          try Files.makeFolder(folder)
          try Terminal.writeFile(file) { try TableWriter(.csv).write(table(metrics), $0) }
        }
        Terminal.say("wrote \(all.count) tables to \(tables)")
      } else if all.count == 1 {
        try output.print(table(all[0].metrics), keyCount: 2, piped: .csv)
      } else {
        let stacked = all.map { set, metrics in
          let own = table(metrics)
          func column(_ text: String) -> [Cell] { Array(repeating: .string(text), count: own.rowCount) }
          return own.prepending("shifts", column(set.name)).prepending(
            "intervention", column(metrics.intervention)
          )
          .prepending("model", column(metrics.model))
        }
        try output.print(Table(stacking: stacked), keyCount: 5, piped: .csv)
      }
      return faults
    }
  }

  /// The pairs of `all.json` beside the specifications: the capability is the best over all that are known.
  private var knownPairs: [DistributionShift] {
    let beside = shifts.map { file in
      file.split(separator: "/", omittingEmptySubsequences: false).dropLast().map { $0 + "/" }.joined()
        + "all.json"
    }
    return beside.flatMap { (try? shiftSets([$0], near: results))?.flatMap(\.rows) ?? [] }
  }
}
