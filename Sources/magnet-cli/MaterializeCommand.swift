import ArgumentParser
public import HelmBackend
import Magnet
import MagnetCommand

struct MaterializeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "materialize",
    abstract: "Provide runs by their run entries: reuse complete ones, or compute them with helm-run.",
    usage: "magnet materialize <run-entries> ... --output <output> [<options>]",
    discussion: """
      A run is reused when its folder's name has everything the run entry asks for, it is complete, and has enough \
      instances. Otherwise your own helm-run computes it. The runs' folders are printed, DIR gets benchmark_output and \
      adapter_manifest.json, and DONE last, once every run is there. The exit status is 1 when runs are missing.

      EXAMPLE:
        magnet materialize mmlu:subject=anatomy,model=openai/gpt2 -o DIR --from results --mode reuse-only
        magnet materialize mmlu:subject=anatomy,model=openai/gpt2 -o DIR --max-eval-instances 10
      """)

  @Argument(help: "Run entries, as helm-run takes them.")
  var runEntries: [String]
  @Option(name: .shortAndLong, help: "The folder to write into.", completion: .directory)
  var output: String
  @Option(help: "A folder with runs to reuse, in folders named benchmark_output.", completion: .directory)
  var from: String?
  @Option(help: "The suite to put runs into.")
  var suite = "default-suite"
  @Option(help: "Instances a run must have; needed to compute runs.")
  var maxEvalInstances: Int?
  @Option(help: "compute-if-missing, reuse-only or recompute.")
  var mode = RunMaterializer.Mode.computeIfMissing
  @Flag(help: "Copy runs that are reused. (default: link to them)")
  var copy = false
  @Flag(help: "Link to runs that are reused: the default.")
  var link = false
  @Option(help: "Folder of helm-run's configuration. (default: DIR/prod_env)", completion: .directory)
  var localPath: String?
  @OptionGroup var helm: HelmRunOptions

  func validate() throws {
    guard maxEvalInstances ?? 1 > 0 else {
      throw ValidationError("--max-eval-instances takes a number from 1.")
    }
    guard !(copy && link) else { throw ValidationError("--copy and --link exclude one another.") }
    guard Files.isName(suite), suite != "latest" else {
      throw ValidationError("'\(suite)' cannot be the name of a suite.")
    }
    try HelmRunOptions.check(runEntries)
  }

  func run() async throws {
    try await report {
      var materializer = RunMaterializer(output: output)
      materializer.source = from
      materializer.suite = suite
      materializer.maxEvalInstances = maxEvalInstances
      materializer.mode = mode
      materializer.placement = copy ? .copy : .link
      // helm-run works in the output folder.
      materializer.localPath = localPath.map(Files.absolute)
      materializer.helmArguments = try helm.arguments
      let outcomes = try await HelmLine.showing(isQuiet: helm.quiet) { [materializer, runEntries] line in
        try await materializer.materialize(runEntries, say: line.say)
      }
      for outcome in outcomes {
        let entry = printable(outcome.entry)
        if let problem = outcome.problem {
          Terminal.say("\(entry): \(outcome.status.rawValue): \(problem)", as: .error)
        } else if !helm.quiet {
          Terminal.say(
            "\(entry): \(outcome.status.rawValue)" + (outcome.source.map { " from \($0)" } ?? ""))
        }
      }
      try Terminal.write(outcomes.flatMap(\.runs).map { printable($0) + "\n" }.joined())
      return outcomes.count { $0.problem != nil }
    }
  }
}

extension RunMaterializer.Mode: ExpressibleByArgument {}

/// The options of commands that start `helm-run`.
struct HelmRunOptions: ParsableArguments {
  @Flag(name: .shortAndLong, help: "Report failures only.")
  var quiet = false
  @Option(
    parsing: .unconditional,
    help: "More arguments of helm-run, as the shell splits them, such as '--plugins mine'.")
  var helmArgs: String?

  var arguments: [String] {
    get throws { try helmArgs.map { try CommandWords(parsing: $0).words } ?? [] }
  }

  /// - Throws: `ValidationError` for the first that is not a run entry.
  static func check(_ runEntries: [String]) throws {
    do { for entry in runEntries { try RunMaterializer.check(entry) } } catch {
      throw ValidationError("\(error)")
    }
  }
}

/// The latest line of `helm-run` on a terminal; elsewhere nothing, since all of them are in files.
final class HelmLine: Sendable {
  /// Does work that an interruption cancels, showing what it says.
  static func showing<Result: Sendable>(
    isQuiet: Bool, _ work: @escaping @Sendable (HelmLine) async throws -> Result
  ) async throws -> Result {
    let isShown = !isQuiet && Terminal.areErrorsTerminal
    defer { if isShown { Terminal.overwriteErrorLine(nil) } }
    let line = HelmLine(isShown)
    return try await Watch.working { try await work(line) }
  }

  private let isShown: Bool
  private init(_ isShown: Bool) { self.isShown = isShown }

  func say(_ text: String) {
    if isShown { Terminal.overwriteErrorLine(shortened(text, to: max(20, (Terminal.width ?? 80) - 1))) }
  }
}
