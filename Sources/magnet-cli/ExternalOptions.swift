public import ArgumentParser
import HelmBackend
public import Magnet
import MagnetCommand

extension Disclosure: ExpressibleByArgument {}
extension Sandbox: ExpressibleByArgument {}

/// The options of every command that runs a program of the user.
struct ProgramOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Use a program in any language, such as \"python3 my_program.py\".", valueName: "command"))
  var exec: String?
  @Option(help: ArgumentHelp("How long the program may take per answer.", valueName: "seconds"))
  var timeLimit = 600.0
  @Option(
    help: ArgumentHelp(
      "Run the program under bubblewrap: auto (where it works), require or off.", valueName: "mode"))
  var sandbox = Sandbox.auto
  @Option(
    help: ArgumentHelp("Also let the sandboxed program read PATH. May be repeated.", valueName: "path"),
    completion: .file())
  var show: [String] = []
  @Option(
    help: ArgumentHelp("Pass on a variable of the environment. May be repeated.", valueName: "name"),
    completion: .variables)
  var passEnv: [String] = []

  func validate() throws {
    guard timeLimit > 0, timeLimit < 1e9 else {
      throw ValidationError("--time-limit must be more than 0 seconds.")
    }
    if exec == nil, !show.isEmpty || !passEnv.isEmpty {
      throw ValidationError("--show and --pass-env go with --exec.")
    }
  }

  /// The program of a command line.
  /// - Parameter hidden: files and folders that it is not to see.
  /// - Throws: `MagnetError` for an invalid command.
  func program(_ exec: String, hiding hidden: [String]) throws -> ExternalProgram {
    var program = ExternalProgram(try CommandWords(parsing: exec))
    program.timeLimit = .seconds(timeLimit)
    program.sandbox = sandbox
    program.hiddenFolders = hidden
    program.shownPaths = show
    for name in passEnv { program.environment[name] = Environment.variable(name) }
    return program
  }
}

/// The options of every command that takes a program for a predictor.
struct ExternalOptions: ParsableArguments {
  @OptionGroup var program: ProgramOptions
  @Option(
    help: ArgumentHelp(
      "What the program sees of the target run: run-spec, inputs, responses, scores or everything.",
      valueName: "level"))
  var disclosure = Disclosure.responses

  @Flag(
    help:
      "Keep the right answers of the training runs from the program: runs of a scenario share its instances.")
  var hideKey = false

  var exec: String? { program.exec }

  func validate() throws {
    if exec == nil, hideKey { throw ValidationError("--hide-key goes with --exec.") }
  }

  /// What makes predictors that ask the program, for runs it is not to see.
  /// - Parameters:
  ///   - isOfInstances: whether it predicts single instances, not whole runs.
  ///   - metrics: the metrics it is asked for; all when empty.
  ///   - answers: other files that hold what it is not to see.
  /// - Throws: `MagnetError` for an invalid command.
  func factory(
    _ exec: String, over runs: HelmRuns, isOfInstances: Bool, metrics: [String], hiding answers: [String] = []
  ) throws -> @Sendable (_ exampleRuns: Int, _ evalSamples: Int, _ seed: Int) -> Predictor {
    if isOfInstances, disclosure == .scores {
      Terminal.say(
        "--disclosure scores: the scores of instances are what is asked for; the program sees the responses",
        as: .warning)
    }
    var program = try program.program(exec, hiding: runs.enclosingFolders + answers)
    program.disclosure = disclosure
    program.metrics = metrics
    program.hidesKey = hideKey
    let ready = program
    return { exampleRuns, evalSamples, seed in
      isOfInstances
        ? ExternalInstancePredictor(ready, exampleRuns: exampleRuns, evalSamples: evalSamples, seed: seed)
        : ExternalRunPredictor(ready, exampleRuns: exampleRuns, evalSamples: evalSamples, seed: seed)
    }
  }
}
