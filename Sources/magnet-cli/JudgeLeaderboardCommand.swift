import ArgumentParser
import Judges
import Magnet
import MagnetCommand

struct JudgeLeaderboardCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "leaderboard",
    abstract: "Rank examinees from stores and ProgressGym's result files.",
    discussion: """
      Scores are computed again from the measured vectors. One table per setting; tests that failed or ended early are \
      below the ranking, with the reason. Several result files with the same actual vectors are repetitions.

      EXAMPLE:
        magnet judge leaderboard results.judge
        magnet judge leaderboard output/benchmark_results/*.json --format csv
      """)

  @Argument(
    help: ArgumentHelp("Stores of `magnet judge run`, or ProgressGym's result files.", valueName: "files"),
    completion: .file())
  var files: [String]
  @OptionGroup var quietness: QuietOption
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await report {
      var pairs: [JudgePair] = []
      for file in files { pairs += try JudgeFile.pairs(in: file) }
      pairs = ProgressGymFile.numbered(pairs)
      if pairs.isEmpty { throw MagnetError(.insufficientData, "there are no results in the files") }
      try show(Leaderboard(pairs), output)
      return 0
    }
  }
}

struct JudgeShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show the snapshots of a store, its forecasts, or the journal of its calls.",
    discussion: """
      EXAMPLE:
        magnet judge show results.judge
        magnet judge show results.judge --calls --format csv
        magnet judge show results.judge --forecasts
      """)

  @Argument(help: ArgumentHelp("A store of `magnet judge run`.", valueName: "file"), completion: .file())
  var file: String
  @Flag(help: "One row per call that a test made, in order.")
  var calls = false
  @Flag(help: "One row per forecast of HELM's scores, beside the actual score.")
  var forecasts = false
  @OptionGroup var quietness: QuietOption
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if calls, forecasts { throw ValidationError("give one of --calls and --forecasts") }
  }

  func run() async throws {
    try await report {
      let store = try JudgeStore(file, writing: false)
      let table = try calls ? store.calls() : forecasts ? store.forecasts() : store.snapshots()
      try output.print(table, keyCount: 4, piped: .csv)
      return 0
    }
  }
}
