import ArgumentParser
import Cards
import HelmBackend
import Magnet
import MagnetCommand
import Synchronization

/// What `card evaluate` prints.
enum CardFormat: ExpressibleByArgument {
  /// The verdict and what led to it, for people.
  case text
  /// One row per setting.
  case rows(TableFormat)

  init?(argument: String) {
    if argument == "text" {
      self = .text
    } else if let format = TableFormat(named: argument) {
      self = .rows(format)
    } else {
      return nil
    }
  }

  static var allValueStrings: [String] { ["text"] + TableFormat.allCases.map(\.name) }

  var defaultValueDescription: String { "text" }
}

struct CardEvaluate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Evaluate a card: VERIFIED, FALSIFIED or INCONCLUSIVE.",
    discussion: """
      Cards that ask by SQL run nothing but queries. The Python in a card runs only with --allow-python, or when you \
      say so on a terminal; under bubblewrap, where it works, it can read only the card's folder, the current folder \
      and the data, and writes nothing. What it prints goes to standard error.

      EXAMPLE:
        magnet card evaluate card.yaml benchmark_output
        magnet card evaluate card.yaml --allow-python --set threshold=0.2 -o results

      EXIT STATUS:
        0 verified, 1 falsified, 2 inconclusive, or the card could not be evaluated, 64 wrong usage
      """)

  @OptionGroup var options: CardEvaluateOptions

  func run() async throws { try await options.evaluate() }
}

/// `magnet evaluate`, as MAGNET calls it.
struct EvaluateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Evaluate a card; the same as magnet card evaluate.",
    discussion: """
      magnet card evaluate --help explains it.

      EXAMPLE:
        magnet evaluate card.yaml benchmark_output
      """, shouldDisplay: false)

  @OptionGroup var options: CardEvaluateOptions
  // What MAGNET's own command takes too.
  @Option(
    name: .customLong("validate"),
    help: ArgumentHelp(
      "What MAGNET makes of faults: error, warning or off; only validates the card.", valueName: "mode"))
  var validation = MAGNETValidation.error
  @Option(
    name: .customLong("parallel_backend"),
    help: ArgumentHelp("Of no effect here: --jobs starts processes.", valueName: "name"))
  var parallelBackend: String?
  @Flag(help: "Of no effect here.")
  var verbose = false

  func run() async throws {
    if validation == .only {
      var command = CardValidate()
      command.cards = [options.card]
      command.python = options.python
      return try await command.run()
    }
    try await options.evaluate()
  }
}

/// The values of `--validate` of MAGNET's command. Header keys are recommended here and never required, so all but `only`
/// are one.
enum MAGNETValidation: String, ExpressibleByArgument, CaseIterable {
  case error, warning, off, only
}

struct CardEvaluateOptions: ParsableArguments {
  @Argument(help: "The card.", completion: .file(extensions: ["yaml", "yml"]))
  var card: String
  @Argument(
    help:
      "The runs that its queries are over: folders or archives. (default: those that the card names in data, else $MAGNET_RUNS, else ./benchmark_output)",
    completion: .file())
  var paths: [String] = []
  @Flag(help: "Run the Python in the card.")
  var allowPython = false
  @Option(
    help: ArgumentHelp(
      "The Python to run it with. (default: that of the virtual environment, or python3 on the PATH)",
      valueName: "program"))
  var python: String?
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Give a symbol another value, in YAML; a list sweeps. May be repeated.", valueName: "name=value"))
  var settings: [String] = []
  @Option(
    help: ArgumentHelp(
      "Give symbols other values: a mapping in YAML, or a file with one.", valueName: "yaml or file"))
  var override: String?
  @Option(
    help: ArgumentHelp(
      "How many settings with Python to evaluate at once; -1 for one per core.", valueName: "n"))
  var jobs = 1
  @Option(
    help: ArgumentHelp(
      "How long a query or a block of Python may take; 0 for no limit.", valueName: "seconds"))
  var timeLimit = 3600.0
  @Option(
    help: ArgumentHelp(
      "Run Python under bubblewrap: auto (where it works), require or off.", valueName: "mode"))
  var sandbox = Sandbox.auto
  @Flag(help: "Let Python use the network under bubblewrap.")
  var allowNetwork = false
  @Option(
    help: ArgumentHelp("Let Python read this under bubblewrap too. May be repeated.", valueName: "path"))
  var show: [String] = []
  @Option(help: ArgumentHelp("Pass on a variable of the environment. May be repeated.", valueName: "name"))
  var passEnv: [String] = []
  @Option(
    help: ArgumentHelp(
      "Judge what the card's pipeline left in this folder of kwdagger's, one process after the other; nothing is run.",
      valueName: "folder"),
    completion: .directory)
  var results: String?
  @Flag(help: "Judge by the sound runs where faulty ones were left out.")
  var ignoreFaults = false
  @Option(
    name: [.customShort("o"), .long, .customLong("output_path")],
    help: ArgumentHelp(
      "Write card.yaml, verdict.json and results into a new folder of this one.", valueName: "folder"))
  var output: String?
  @Option(help: "What to print: the verdict as text, or a table with one row per setting.")
  var format = CardFormat.text
  @OptionGroup var reading: ReadingOptions

  func validate() throws {
    if timeLimit < 0 || !timeLimit.isFinite {
      throw ValidationError("--time-limit must be 0 or more seconds.")
    }
    if jobs == 0 || jobs < -1 { throw ValidationError("--jobs must be 1 or more, or -1 for one per core.") }
  }

  func evaluate() async throws {
    let status: CardStatus
    do {
      status = try await verdict()
    } catch {
      if error is ExitCode || error is ValidationError || error is CleanExit { throw error }
      CardText.say(error)
      throw ExitCode((error as? MagnetError)?.code == .usage ? 64 : 2)
    }
    switch status {
    case .verified: return
    case .falsified: throw ExitCode(1)
    default: throw ExitCode(2)
    }
  }

  private func verdict() async throws -> CardStatus {
    let original = try EvaluationCard(card)
    CardText.say(original.faults.filter { $0.severity != .error })
    let errors = original.faults.filter { $0.severity == .error }
    if !errors.isEmpty { throw CardFaults(errors) }
    let card = try original.overriding(overrides())
    let lines = CardLines()
    var options = EvaluationOptions()
    options.allowsPython = try allowPython || isAllowed(card)
    options.python = python
    options.timeLimit = timeLimit > 0 ? .seconds(timeLimit) : nil
    options.jobs = jobs < 0 ? Environment.processorCount : jobs
    options.sandbox = sandbox
    options.allowsNetwork = allowNetwork
    options.shownPaths = show.map(Files.absolute)
    for name in passEnv { options.environment[name] = Environment.variable(name) }
    options.ignoresFaults = ignoreFaults
    options.results = results
    options.magnet = Self.ownPath
    options.onOutput = { lines.say("  | \(CardText.shown($0))") }
    options.onNote = { lines.say("\(Terminal.programName): note: \(CardText.shown($0))") }
    options.onProgress = { lines.show(done: $0, of: $1) }
    var data = paths.isEmpty ? card.data : paths
    if data.isEmpty, card.asksRuns, let usual = ReadingOptions.usualPathIfAny { data = [usual] }
    options.dataPaths = data.map(Files.absolute)
    var runs: HelmRuns?
    if !data.isEmpty, card.asksQueries || !paths.isEmpty {
      runs = try reading.runs(data)
      say(runs?.archiveFaults ?? [])
    }
    let status: CardStatus
    do {
      status = try await card.evaluate(over: runs, options)
      lines.clear()
    } catch {
      lines.clear()
      throw error
    }
    guard let outcome = card.lastOutcome else { return status }
    let written = try output.map { try card.write(to: $0, version: MagnetCommand.version, data: data) }
    for note in outcome.notes { Terminal.say(CardText.shown(note), as: .warning) }
    try CardOutput(card: card, outcome: outcome).print(format)
    if let written { Terminal.say("wrote \(written)") }
    return status
  }

  private func overrides() throws -> [(name: String, value: CardValue)] {
    var values: [(name: String, value: CardValue)] = []
    if let override {
      let isFile = override.contains(".") && Files.exists(override)
      values += try EvaluationCard.overrides(
        yaml: isFile ? Self.text(of: override) : override, source: isFile ? override : "--override")
    }
    for setting in settings { values.append(try EvaluationCard.setting(setting)) }
    return values
  }

  /// The path of this program.
  private static var ownPath: String? {
    if let path = Files.realPath("/proc/self/exe") { return path }
    let name = CommandLine.arguments.first ?? ""
    if name.contains("/") { return Files.realPath(name) }
    let folders = (Environment.variable("PATH") ?? "").split(separator: ":")
    return folders.map { "\($0)/\(name)" }.first(where: Files.isExecutable).flatMap(Files.realPath)
  }

  private static func text(of path: String) throws -> String {
    do { return String(decoding: try FileDescriptor(path, .read).readAll(), as: UTF8.self) } catch let error
      as SystemError
    { throw error.reading(path) }
  }

  /// Asks on a terminal whether the card's Python may run.
  private func isAllowed(_ card: EvaluationCard) throws -> Bool {
    guard let python = card.python, Terminal.isInputTerminal, Terminal.areErrorsTerminal else { return false }
    let symbols = python.symbols == 0 ? nil : "\(python.symbols) symbol\(python.symbols == 1 ? "" : "s")"
    let parts = [symbols, python.isClaim ? "the claim" : nil].compactMap { $0 }.joined(separator: " and ")
    let lines = "\(python.lines) line\(python.lines == 1 ? "" : "s")"
    Terminal.overwriteErrorLine(
      CardText.shown("\(card.path) runs Python: \(parts) (\(lines); read them in the card). Run it? [y/N] "))
    return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
  }
}

/// Lines and progress on standard error, from any thread.
final class CardLines: Sendable {
  private let state = Mutex<(isShowing: Bool, last: ContinuousClock.Instant?)>((false, nil))

  func say(_ line: String) {
    state.withLock { state in
      if state.isShowing { Terminal.overwriteErrorLine(nil) }
      state.isShowing = false
      try? FileDescriptor.standardError.write(Array("\(line)\n".utf8))
    }
  }

  /// Shows how far an evaluation is, on a terminal, ten times a second at most.
  func show(done: Int, of total: Int) {
    guard Terminal.areErrorsTerminal, total > 1 else { return }
    state.withLock { state in
      let now = ContinuousClock.now
      if let last = state.last, now - last < .milliseconds(100) { return }
      state = (true, now)
      Terminal.overwriteErrorLine("\(done) of \(total) settings")
    }
  }

  func clear() {
    state.withLock { state in
      if state.isShowing { Terminal.overwriteErrorLine(nil) }
      state.isShowing = false
    }
  }
}
