import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand
import Predictors

struct ItemsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "items",
    abstract: "Show the difficulty and discrimination of each instance.",
    discussion: """
      One row per instance: how many runs have a score on it, their mean, its correlation over runs with the mean of all \
      other instances (below 0 good models fail it more often than bad ones: look at its answer key), and difficulty \
      and discrimination of the two-parameter item response model, where scores are from 0 to 1; then what is odd about \
      it, and its input. Scores are those of the scenario's main metric.

      EXAMPLE:
        magnet items benchmark_output/runs/my-suite
        magnet items benchmark_output --runs 'mmlu:*' --format csv
      """)

  @OptionGroup var source: SourceOptions
  @OptionGroup var scoring: ScoreOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await report {
      let loading = WorkProgress()
      let all = try source.runs(try scoring.selection, loading)
      let scores = try await scoring.read(all, loading)
      let inputs = try await Watch.working(loading) { try await scores.inputs(in: all) }
      var faultCount =
        scores.faults.count + scores.omissions.count + scoring.metrics.sayWithoutInstances(scores)
      var tables: [Table] = []
      for (scenario, inputs) in zip(scores.scenarios, inputs) {
        do {
          let items = try ItemAnalysis.table(scenario.matrix, inputs: inputs)
          if items.rowCount == 0 { continue }
          if !ItemAnalysis.isOfShares(scenario.matrix) {
            Terminal.say(
              "\(scenario.name): \(scenario.metric.text) leaves the range from 0 to 1: mean and correlation only"
            )
          }
          tables.append(
            items.prepending("metric", Array(repeating: .string(scenario.metric.name), count: items.rowCount))
              .prepending("task", Array(repeating: .string(scenario.name), count: items.rowCount)))
        } catch let error as MagnetError {
          Terminal.say("left out: \(scenario.name): \(error)", as: .warning)
          faultCount += 1
        }
      }
      if tables.isEmpty {
        throw MagnetError(
          .insufficientData, "no scores of instances to look at",
          advice: scores.withoutInstances.isEmpty ? nil : "items needs per_instance_stats.json")
      }
      try output.print(Table(stacking: tables), keyCount: 3)
      return faultCount
    }
  }
}
