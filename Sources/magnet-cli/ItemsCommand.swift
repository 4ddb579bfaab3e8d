import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand
import Predictors

struct ItemsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "items",
    abstract: "Say how hard the instances of each scenario are, and which tell good models from bad ones.",
    discussion: """
      A row an instance: how many runs have a score on it, their mean, its correlation over runs with the mean of all
      other instances (below 0 good models fail it more often than bad ones: look at its answer key), and difficulty
      and discrimination of the two-parameter item response model. Scores are those of the scenario's main metric.

      EXAMPLE:
        magnet items benchmark_output/runs/my-suite
        magnet items benchmark_output --runs 'mmlu:*' --format csv
      """)

  @OptionGroup var source: SourceOptions
  @Option(
    help: ArgumentHelp(
      "The metric that is the score; by default the scenario's main one.", valueName: "metric"))
  var metric: [String] = []
  @Option(
    help: ArgumentHelp(
      "Use only runs whose name matches, with * and ?. May be repeated.", valueName: "pattern"))
  var runs: [String] = []
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await report {
      let reading = LoadProgress()
      let all = try source.runs(reading)
      let scores = try await Watch.showing(reading) {
        try await ScoreCollection.read(all, runs: runs, metrics: metric.isEmpty ? nil : Set(metric))
      }
      say(scores.faults)
      for note in scores.notes { Terminal.say(note) }
      var faultCount = scores.faults.count
      var tables: [Table] = []
      for scenario in scores.scenarios {
        do {
          let items = try ItemAnalysis.table(scenario.matrix)
          tables.append(
            items.prepending("metric", Array(repeating: .string(scenario.metric.name), count: items.rowCount))
              .prepending("scenario", Array(repeating: .string(scenario.name), count: items.rowCount)))
        } catch let error as PredictError {
          Terminal.say("left out: \(scenario.name): \(error)")
          faultCount += 1
        }
      }
      if tables.isEmpty {
        throw PredictError("there are no scores of instances to look at; items needs per_instance_stats.json")
      }
      try output.print(Table(stacking: tables), keyCount: 3)
      return faultCount
    }
  }
}
