import ArgumentParser
import Judges
import Magnet
import MagnetCommand

struct JudgeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "judge",
    abstract: "Test how well alignment algorithms keep up with changing human values.",
    discussion: """
      A judge holds a history of models that stand for humans, one per timestep. An examinee asks them what they prefer, \
      timestep by timestep, and learns; the judge measures how near its values are to theirs. The framework is \
      ProgressGym's (Qiu et al., 2024); the worlds that ship with magnet need no language model and no network.

      EXAMPLE:
        magnet judge run --world cycle
        magnet judge run --algorithms LifelongDPO,ExtrapolativeDPO --repeats 5 --results cycle.judge
        magnet judge leaderboard cycle.judge
      """,
    subcommands: [
      JudgeRunCommand.self, JudgeLeaderboardCommand.self, JudgeShowCommand.self, JudgeListCommand.self,
      JudgeQuestionnaireCommand.self,
    ])
}

struct JudgeListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List algorithms, challenges and worlds.",
    discussion: """
      EXAMPLE:
        magnet judge list
      """)

  @OptionGroup var quietness: QuietOption
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await report {
      let algorithms = (algorithmCatalog + helmAlgorithmCatalog).map { ("algorithm", $0.name, $0.summary) }
      let challenges = (challengeCatalog + helmChallengeCatalog).map { ("challenge", $0.name, $0.summary) }
      let worlds = World.Kind.allCases.map { ("world", $0.rawValue, $0.summary) }
      let table = Table(
        columnNames: ["kind", "name", "summary"],
        rows: (algorithms + challenges + worlds).map { [.string($0), .string($1), .string($2)] })
      try output.print(table, keyCount: 2)
      return 0
    }
  }
}

/// Prints a leaderboard: for people a table per setting, for programs one of all.
func show(_ leaderboard: Leaderboard, _ output: OutputOptions) throws {
  for warning in leaderboard.warnings { Terminal.say(warning, as: .warning) }
  let isForTerminal = output.format.map { $0 == .terminal } ?? Terminal.isOutputTerminal
  guard isForTerminal, output.file == nil else {
    try output.print(leaderboard.table, keyCount: 3, piped: .csv)
    return
  }
  for (index, section) in leaderboard.sections.enumerated() {
    try Terminal.write((index > 0 ? "\n" : "") + Leaderboard.title(of: section) + "\n")
    try output.print(leaderboard.table(of: section), keyCount: 2)
  }
}
