import ArgumentParser
import Magnet
import MagnetCommand
public import Shifts

extension ProgramIntervention.Arguments: ExpressibleByArgument {}

/// The options of interventions that are programs.
struct ShiftProgramOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Train with this command line instead of a folder's program.", valueName: "command"))
  var train: String?
  @Option(
    help: ArgumentHelp("Evaluate with this command line; --intervention is its name.", valueName: "command"))
  var eval: String?
  @Option(help: ArgumentHelp("The interpreter of train.py and eval.py.", valueName: "program"))
  var python = "python3"
  @Option(
    help: ArgumentHelp(
      """
      The options train gets: standard (--model_dir --train_distribution --output_dir) or genies (those of GENIES' \
      code).
      """, valueName: "form"))
  var arguments = ProgramIntervention.Arguments.standard
  @Option(help: ArgumentHelp("Further options of train, a JSON object.", valueName: "json"))
  var trainKwargs: String?
  @Option(help: ArgumentHelp("Further options of eval, a JSON object.", valueName: "json"))
  var evalKwargs: String?
  @Flag(help: "Show eval answers without labels, in a random order; it returns rewards, and magnet scores.")
  var blind = false
  @Flag(help: "Show train the test half of its distribution, as GENIES does.")
  var showTest = false
  @Flag(help: "Let programs use the network.")
  var network = false
  @Option(help: ArgumentHelp("How long each program may take.", valueName: "seconds"))
  var timeLimit = 86_400.0
  @Option(
    help: ArgumentHelp(
      "Run programs under bubblewrap: auto (where it works), require or off.", valueName: "mode"))
  var sandbox = Sandbox.auto
  @Option(
    help: ArgumentHelp("Also let sandboxed programs read PATH. May be repeated.", valueName: "path"),
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
    if train != nil, eval == nil { throw ValidationError("--train needs --eval.") }
    for (name, text) in [("--train-kwargs", trainKwargs), ("--eval-kwargs", evalKwargs)] {
      if let text, try Self.members(text) == nil {
        throw ValidationError("\(name) takes a JSON object, not '\(text)'.")
      }
    }
  }

  private static func members(_ text: String) throws -> [JSONValue.Member]? {
    guard case .object(let members)? = try? JSONValue(parsing: text) else { return nil }
    return members
  }

  /// The interventions in a list of names and folders.
  func interventions(_ list: String) throws -> [any Intervention] {
    if let eval {
      let program = ProgramIntervention(
        name: list, train: try train.map { try CommandWords(parsing: $0) },
        eval: try CommandWords(parsing: eval))
      return [try configured(program)]
    }
    return try list.split(separator: ",").map { try named(String($0)) }
  }

  /// The intervention of a name or in a folder.
  func named(_ text: String) throws -> any Intervention {
    if let known = interventionCatalog.first(where: { $0.name == text }) { return known }
    guard Files.exists(text) else {
      let near = nearestNames(to: text, among: interventionCatalog.map(\.name)).first ?? ""
      throw MagnetError(
        .notFound, "unknown intervention '\(text)', and no such folder; did you mean \(near)?")
    }
    return try configured(try ProgramIntervention(folder: text, python: python))
  }

  private func configured(_ program: ProgramIntervention) throws -> ProgramIntervention {
    var program = program
    program.arguments = arguments
    program.trainKeywords = try trainKwargs.flatMap { try Self.members($0) } ?? []
    program.evalKeywords = try evalKwargs.flatMap { try Self.members($0) } ?? []
    program.isBlind = blind
    program.showsTestHalf = showTest
    program.hasNetwork = network
    program.timeLimit = .seconds(timeLimit)
    program.sandbox = sandbox
    program.shownPaths = show
    for name in passEnv { program.environment[name] = Environment.variable(name) }
    return program
  }
}
