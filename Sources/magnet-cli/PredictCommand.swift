import ArgumentParser
import HelmBackend
import Magnet
import Predictors

struct PredictCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predict statistics of a run from other runs, and compare them with the actual ones.",
    discussion: """
      Draws example runs and one run to be predicted, as the Python MAGNET draws them from the same seed, shows the
      predictor all of the former and nothing of the latter's statistics, and prints predicted and actual values.

      EXAMPLE:
        magnet predict perturbation benchmark_output/runs/my-suite --seed 7
        magnet predict random benchmark_output --runs 'mmlu:*' --compare --format csv
      """)

  @Argument(
    help: ArgumentHelp(
      "One of: \(predictorCatalog.map(\.name).joined(separator: ", ")).", valueName: "predictor"),
    completion: .list(predictorCatalog.map(\.name)))
  var name: String
  @OptionGroup var source: SourceOptions
  @Option(help: "How many runs the predictor learns from.")
  var exampleRuns = 3
  @Option(help: "How many instances of the run to be predicted are drawn.")
  var evalSamples = 20
  @Option(parsing: .unconditional, help: "The seed of the draws.")
  var seed = 1
  @Option(
    help: ArgumentHelp(
      "Use only runs whose name matches, with * and ?. May be repeated.", valueName: "pattern"))
  var runs: [String] = []
  @Flag(help: "Print one row a pair: predicted mean, actual mean and error.")
  var compare = false
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard predictorCatalog.contains(where: { $0.name == name }) else {
      let nearest = nearestNames(to: name, among: predictorCatalog.map(\.name))
      throw ValidationError("There is no predictor '\(name)'; there is \(nearest.joined(separator: ", ")).")
    }
    if exampleRuns < 1 { throw ValidationError("--example-runs takes 1 or more.") }
    if evalSamples < 1 { throw ValidationError("--eval-samples takes 1 or more.") }
  }

  func run() async throws {
    try await report {
      let entry = predictorCatalog.first { $0.name == name }!
      let all = try HelmRuns(paths: source.paths, isStrict: source.strict)
      let comparison = try await entry.make(exampleRuns, evalSamples, seed).evaluate(on: all, runs: runs)
      say(comparison.faults)
      for note in comparison.notes { Terminal.say(note) }
      for miss in comparison.unmatched {
        Terminal.say("matched nothing: \(miss.stat.name.name) of \(miss.run): \(miss.reason)")
      }
      try output.print(
        compare ? comparison.pairTable : comparison.table, keyCount: compare ? 1 : 2)
      return comparison.faults.count
    }
  }
}
