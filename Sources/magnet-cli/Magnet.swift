import ArgumentParser
import Magnet
import MagnetCommand

@main
struct MagnetCommand: AsyncParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "magnet",
    abstract: "Read, tabulate and predict results of language-model benchmarks that HELM wrote.",
    discussion: """
      EXAMPLE:
        magnet predict perturbation benchmark_output/runs/my-suite

      EXIT STATUS:
        0 success, 1 some runs skipped, 2 failed, 64 usage error
      """,
    version: version,
    subcommands: [
      RunsCommand.self, TableCommand.self, SQLCommand.self, ExportCommand.self, PartitionsCommand.self,
      IndexCommand.self, PredictorsCommand.self,
      PredictCommand.self, BacktestCommand.self, ItemsCommand.self, SelectCommand.self,
      PlanCommand.self, HeadlineCommand.self, ExplainCommand.self,
      LeaderboardCommand.self, CompareCommand.self, DiffCommand.self, ShowCommand.self, ReportCommand.self,
      ViewCommand.self,
      SummaryCommand.self,
      JudgeCommand.self,
      NewCommand.self,
      DownloadCommand.self, MaterializeCommand.self, DemoCommand.self,
      CardCommand.self, EvaluateCommand.self, ArchiveCommand.self, UnarchiveCommand.self, BenchCommand.self,
      ShiftCommand.self,
    ])

  // On the main actor, so that it begins before there are other threads, whose heaps are not changed any more.
  @MainActor static func main() async {
    Heap.growInLargeSteps()
    Terminal.ignoreBrokenPipes()
    let arguments = Array(CommandLine.arguments.dropFirst())
    if let message = unknownCommand(arguments) {
      Terminal.say(message, as: .error)
      exit(withError: ExitCode.validationFailure)
    }
    await start(SQLCommand.joiningParameters(arguments))
  }

  /// Words that people try, and the commands that do this.
  private static let synonyms = [
    "list": "runs", "ls": "runs", "query": "sql", "score": "headline", "scores": "headline",
    "instances": "show",
    "board": "leaderboard", "rank": "leaderboard", "convert": "export", "get": "download", "zip": "archive",
    "unzip": "unarchive",
  ]

  /// What to say where one of the first words should be a command and is not; nil where all are.
  private static func unknownCommand(_ arguments: [String]) -> String? {
    var command: any ParsableCommand.Type = Self.self
    var path: [String] = []
    for word in arguments {
      let subcommands = command.configuration.subcommands
      if word.hasPrefix("-") || word == "help" || subcommands.isEmpty { return nil }
      guard let next = subcommands.first(where: { $0.configuration.commandName == word }) else {
        if command.configuration.defaultSubcommand != nil { return nil }
        let names = subcommands.compactMap { $0.configuration.commandName }
        return "unknown command '\((path + [word]).joined(separator: " "))'"
          + advice(for: word, among: names, of: path)
      }
      command = next
      path.append(word)
    }
    return nil
  }

  /// The nearest of some commands, or where they are listed.
  private static func advice(for word: String, among names: [String], of path: [String]) -> String {
    let words = names + (path.isEmpty ? synonyms.keys.sorted() : [])
    let distance = { (name: String) in editDistance(Array(word.unicodeScalars), Array(name.unicodeScalars)) }
    guard let nearest = words.min(by: { distance($0) < distance($1) }), distance(nearest) <= 2 else {
      return "; see \((["magnet"] + path).joined(separator: " ")) --help"
    }
    return "; did you mean \(path.isEmpty ? synonyms[nearest] ?? nearest : nearest)?"
  }
}
