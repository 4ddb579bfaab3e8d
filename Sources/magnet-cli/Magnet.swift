import ArgumentParser
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
        0 all is well, 1 some runs were faulty and left out, 2 nothing could be done, 64 wrong usage
      """,
    version: version,
    subcommands: [
      RunsCommand.self, TableCommand.self, SQLCommand.self, ExportCommand.self, PartitionsCommand.self,
      PredictorsCommand.self,
      PredictCommand.self, BacktestCommand.self, ItemsCommand.self, SelectCommand.self,
      PlanCommand.self, HeadlineCommand.self, ExplainCommand.self,
      LeaderboardCommand.self, CompareCommand.self, DiffCommand.self, ShowCommand.self, ReportCommand.self,
      SummaryCommand.self,
      JudgeCommand.self,
      NewCommand.self,
      DownloadCommand.self, MaterializeCommand.self, DemoCommand.self,
      CardCommand.self, EvaluateCommand.self, ArchiveCommand.self, UnarchiveCommand.self, BenchCommand.self,
      ShiftCommand.self,
    ])

  static func main() async {
    Terminal.ignoreBrokenPipes()
    await main(SQLCommand.joiningParameters(Array(CommandLine.arguments.dropFirst())))
  }
}
