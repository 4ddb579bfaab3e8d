import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand

struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Write a small real suite to try everything on, offline.",
    usage: "magnet demo [<folder>] [--run-entries <run-entries> ...] [<options>]",
    discussion: """
      Writes DIR/benchmark_output: 37 runs of three suites that HELM made, with questions and models of magnet's own. \
      With --run-entries, helm-run makes runs instead, in a cache folder, and their folders are printed; runs made before \
      are reused.

      EXAMPLE:
        magnet demo && magnet predict perturbation benchmark_output/runs/sweep-v1
        magnet demo --run-entries mmlu:subject=anatomy,model=openai/gpt2 --max-eval-instances 10
      """)

  @Argument(help: "The folder to write into. (default: the current one)", completion: .directory)
  var folder: String?
  @Option(parsing: .upToNextOption, help: "Runs for helm-run to make.")
  var runEntries: [String] = []
  @Option(help: "The most instances of each run.")
  var maxEvalInstances = 7
  @Option(help: "The suite that helm-run puts them into.")
  var suite = "my-suite"
  @OptionGroup var helm: HelmRunOptions

  func validate() throws {
    guard maxEvalInstances > 0 else { throw ValidationError("--max-eval-instances takes a number from 1.") }
    guard folder == nil || runEntries.isEmpty else {
      throw ValidationError(
        "Name a folder for the demo suite, or --run-entries, which go into the cache; not both.")
    }
    try HelmRunOptions.check(runEntries)
  }

  func run() async throws {
    try await report {
      if runEntries.isEmpty {
        let output = try HelmRuns.writeDemo(into: folder ?? ".")
        try Terminal.write("\(output)\n")
        return 0
      }
      let arguments = try helm.arguments
      let runs = try await HelmLine.showing(isQuiet: helm.quiet) { line in
        try await HelmRuns.demo(
          runEntries: runEntries, maxEvalInstances: maxEvalInstances, suite: suite,
          helmArguments: arguments,
          say: line.say)
      }
      try Terminal.write(runs.runFolders.map { printable($0) + "\n" }.joined())
      return 0
    }
  }
}
