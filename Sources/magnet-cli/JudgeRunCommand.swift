import ArgumentParser
import Judges
import Magnet
import MagnetCommand

struct JudgeRunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Test algorithms in challenges and print the leaderboard.",
    discussion: """
      Every algorithm is tested in every challenge, in every world, --repeats times. The baseline Dummy is always \
      included; skill is 0 for it and 1 for a perfect score. With --helm, challenges are about the scores of HELM's runs \
      as models come out, and the baselines are Persistence and MeanOfAll. With --results, rerunning the command resumes: \
      what the store holds is not computed again.

      EXAMPLE:
        magnet judge run --world linear
        magnet judge run --algorithms Trend --challenges Predict --world linear,cycle --repeats 12 --format csv
        magnet judge run --world walk --repeats 5 --results walk.judge --plot walk.svg
        magnet judge run --helm benchmark_output --algorithms auto,2pl --step quarter

      EXIT STATUS:
        0 success, 1 a test failed or ended early, 2 failed, 64 usage error, 130 interrupted
      """)

  @Option(
    help: ArgumentHelp(
      "Algorithms, separated by commas (default: all; `magnet judge list` shows them); with --helm, predictors (default: auto; `magnet predictors` lists them).",
      valueName: "names"),
    completion: .names(Self.algorithms))
  var algorithms: String?
  @Option(
    help: ArgumentHelp(
      "Challenges, separated by commas (default: Follow,Predict,Coevolve; with --helm, HelmFollow,HelmPredict).",
      valueName: "names"),
    completion: .names(Self.challenges))
  var challenges: String?
  @Option(
    help: ArgumentHelp(
      "Worlds, separated by commas: linear, walk, cycle, shock (default: linear).", valueName: "names"),
    completion: .names { _ in World.Kind.allCases.map(\.rawValue) })
  var world: String?
  @Option(
    help: ArgumentHelp(
      "Instead of a world, a folder with one folder of texts per timestep, in the order of their names; a model of word trigrams is made from each.",
      valueName: "folder"),
    completion: .directory)
  var erasFrom: String?
  @Option(help: ArgumentHelp("Timesteps of a world.", valueName: "count"))
  var timesteps = 9
  @Option(
    help: ArgumentHelp(
      "Questions to learn from, and as many to measure with, 400 at most; or a file of questions, such as `magnet judge questionnaire` writes, of which every second is to learn from.",
      valueName: "count or file"),
    completion: .file())
  var questions = "240"
  @Option(
    help: ArgumentHelp(
      "How many timesteps Predict, and the Extrapolative examinees, look ahead.", valueName: "count"))
  var timestepsAhead = 1
  @Option(help: ArgumentHelp("The order of extrapolation.", valueName: "order"))
  var extrapolationOrder = 1
  @Flag(help: "Tune each timestep's model from the first one instead of the last.")
  var independent = false
  @Flag(help: "Let examinees ask the questions by which they are measured, as ProgressGym does.")
  var sharedQuestions = false
  @Option(
    help: ArgumentHelp(
      "How often each pair is tested; each repetition has another world.", valueName: "count"))
  var repeats = 1
  @Option(help: "The seed of everything random.")
  var seed: UInt64 = 1
  @Option(help: ArgumentHelp("Tests at once (default: one per processor).", valueName: "count"))
  var jobs: Int?
  @Option(
    help: ArgumentHelp("Keep results in this file; rerunning the command resumes.", valueName: "file"),
    completion: .file())
  var results: String?
  @Flag(help: "Leave tests that failed before as they are instead of trying them again.")
  var keepFailed = false
  @Option(
    help: ArgumentHelp("Also write a result file in ProgressGym's format.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var progressgym: String?
  @Option(
    help: ArgumentHelp(
      "Write scores over timesteps as SVG; further settings go to -2, -3, ...", valueName: "file"),
    completion: .file(extensions: ["svg"]))
  var plot: String?
  @Flag(inversion: .prefixedNo, help: "Draw scores over timesteps below the tables (default: on a terminal).")
  var draw: Bool?
  @OptionGroup(title: "HELM's scores over time") var helm: JudgeHelmOptions
  @OptionGroup(title: "A program as examinee") var external: ExternalOptions
  @OptionGroup(title: "Models behind a server") var server: JudgeEndpointOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    _ = try (chosenAlgorithms(), chosenChallenges(), chosenWorlds())
    if [world, erasFrom, server.endpoint, helm.helm.first].compactMap(\.self).count > 1 {
      throw ValidationError("give one of --world, --eras-from, --endpoint and --helm")
    }
    // Challenges that look ahead say how far they can.
    let leastAhead = try chosenChallenges().contains { $0.looksAhead } ? 0 : 1
    for (name, value, least) in [
      ("repeats", repeats, 1), ("jobs", jobs ?? 1, 1), ("timesteps-ahead", timestepsAhead, leastAhead),
      ("extrapolation-order", extrapolationOrder, 0), ("timesteps", timesteps, 2),
    ] where value < least {
      throw ValidationError("--\(name) must be \(least) or more")
    }
    if let count = Int(questions), !(1...400).contains(count) {
      throw ValidationError("--questions must be from 1 to 400, or a file")
    }
    try output.checkPlot(plot)
    if let progressgym { try output.overwriting.checkEarly(progressgym) }
    if timesteps > 1000 { throw ValidationError("--timesteps must be 1000 or less") }
  }

  func run() async throws {
    try await report {
      let store = try results.map { try JudgeStore($0, writing: true) }
      let setup = try await setUp()
      var run = setup.run
      run.repeats = repeats
      run.seed = seed
      run.jobs = jobs ?? Environment.processorCount
      run.timestepsAhead = timestepsAhead
      run.extrapolationOrder = extrapolationOrder
      run.isIndependent = independent
      run.keepsFailed = keepFailed
      let progress = JudgeRun.Progress()
      let fixed = run
      let pairs: [JudgePair]
      let wasCancelled: Bool
      do {
        (pairs, wasCancelled) = try await Watch.cancelling("judging", progress: { progress.state }) {
          try await fixed.run(store: store, progress: progress)
        }
      } catch let error as MagnetError where error.code == .usage {
        throw ValidationError("\(error)")
      }
      let finished = pairs.filter { $0.state != .running }
      let board = Leaderboard(finished)
      try show(board, output)
      try write(finished)
      if wasCancelled {
        Terminal.say("interrupted: \(finished.count) of \(pairs.count) tests done", as: .error)
        throw ExitCode(130)
      }
      // A test that came to its end may have no score all the same.
      let undefined = board.sections.flatMap(\.rows).count { $0.state == .done && $0.reason != nil }
      return pairs.count { $0.state != .done } + undefined + setup.faultCount
    }
  }

  /// Writes the files asked for, and draws.
  private func write(_ pairs: [JudgePair]) throws {
    if let progressgym {
      let text = try ProgressGymFile.text(pairs)
      try Terminal.writeFile(progressgym) { try $0(Array(text.utf8)) }
    }
    let isDrawn = draw ?? (output.isForPeople && Terminal.isOutputTerminal)
    guard plot != nil || isDrawn else { return }
    let plots = JudgePlots.overTime(pairs)
    for (number, drawing) in plots.enumerated() {
      if let plot {
        let name = number == 0 ? plot : numbered(plot, number + 1)
        try Terminal.writeFile(name) { try $0(Array(drawing.svg().utf8)) }
      }
      if isDrawn {
        let width = min(Terminal.width ?? 100, 120)
        try Terminal.write("\n" + drawing.drawn(width: width, height: 20, isColored: Terminal.isColored))
      }
    }
  }

  /// The path with a number before the ending of its last name.
  private func numbered(_ path: String, _ number: Int) -> String {
    let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    let end = path[start...].lastIndex(of: ".") ?? path.endIndex
    return "\(path[..<end])-\(number)\(path[end...])"
  }
}
