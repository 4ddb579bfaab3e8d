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
      included; skill is 0 for it and 1 for a perfect score. With --results, rerunning the command resumes: what the \
      store holds is not computed again.

      EXAMPLE:
        magnet judge run --world linear
        magnet judge run --algorithms Trend --challenges Predict --world linear,cycle --repeats 12 --format csv
        magnet judge run --world walk --repeats 5 --results walk.judge --plot walk.svg

      EXIT STATUS:
        0 success, 1 a test failed or ended early, 2 failed, 64 usage error, 130 interrupted
      """)

  @Option(
    help: ArgumentHelp(
      "Algorithms, separated by commas (default: all; `magnet judge list` shows them).", valueName: "names"))
  var algorithms: String?
  @Option(help: ArgumentHelp("Challenges, separated by commas.", valueName: "names"))
  var challenges = "Follow,Predict,Coevolve"
  @Option(
    help: ArgumentHelp(
      "Worlds, separated by commas: linear, walk, cycle, shock (default: linear).", valueName: "names"))
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
      "Questions to learn from, and as many to measure with; 400 at most.", valueName: "count"))
  var questions = 240
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
    completion: .file())
  var progressgym: String?
  @Option(
    help: ArgumentHelp(
      "Write scores over timesteps as SVG; further settings go to -2, -3, ...", valueName: "file"),
    completion: .file())
  var plot: String?
  @Flag(inversion: .prefixedNo, help: "Draw scores over timesteps below the tables (default: on a terminal).")
  var draw: Bool?
  @OptionGroup(title: "A program as examinee") var external: ProgramOptions
  @OptionGroup(title: "Models behind a server") var server: JudgeEndpointOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    _ = try chosen(algorithms, among: algorithmCatalog.map(\.name), "algorithm")
    _ = try chosen(challenges, among: challengeCatalog.map(\.name), "challenge")
    _ = try chosen(world, among: World.Kind.allCases.map(\.rawValue), "world")
    if [world, erasFrom, server.endpoint].compactMap(\.self).count > 1 {
      throw ValidationError("give one of --world, --eras-from and --endpoint")
    }
    if erasFrom != nil || server.endpoint != nil, sharedQuestions {
      throw ValidationError("--shared-questions is for worlds")
    }
    for (name, value, least) in [
      ("repeats", repeats, 1), ("jobs", jobs ?? 1, 1), ("timesteps-ahead", timestepsAhead, 1),
      ("extrapolation-order", extrapolationOrder, 0), ("timesteps", timesteps, 2),
    ] where value < least {
      throw ValidationError("--\(name) must be \(least) or more")
    }
    if !(1...400).contains(questions) { throw ValidationError("--questions must be from 1 to 400") }
    if timesteps > 1000 { throw ValidationError("--timesteps must be 1000 or less") }
  }

  /// The names in a list, all of them where there is none.
  private func chosen(_ list: String?, among names: [String], _ kind: String) throws -> [String] {
    guard let list else { return names }
    let chosen = list.split(separator: ",").map { $0.trimmingPrefix(while: { $0 == " " }) }.map(String.init)
    if chosen.isEmpty { throw ValidationError("name at least one \(kind)") }
    for name in chosen where !names.contains(name) {
      let near = nearestNames(to: name, among: names, count: 2).joined(separator: " or ")
      throw ValidationError("unknown \(kind) '\(name)'; did you mean \(near)? (see: magnet judge list)")
    }
    return chosen.unique()
  }

  /// The algorithms asked for, and the program; all algorithms where neither is named.
  private func examinees() throws -> [Algorithm] {
    let names =
      external.exec != nil && algorithms == nil
      ? []
      : try chosen(
        algorithms, among: algorithmCatalog.map(\.name), "algorithm")
    let own = names.compactMap(algorithm)
    guard let exec = external.exec else { return own }
    let files = results.map { [$0, $0 + "-wal", $0 + "-shm"] } ?? []
    let program = try external.program(exec, hiding: files + [server.eras].compactMap(\.self))
    // Another text of the program is another examinee.
    let texts = program.command.words.compactMap { try? Files.read($0, atMost: 1 << 24) }.map {
      String(decoding: $0, as: UTF8.self)
    }
    let detail = ModelIdentity(name: "", parts: [exec] + texts).digest
    return own + [
      Algorithm(name: "exec", summary: exec, detail: "\(exec) \(detail.prefix(12))") {
        ExternalExaminee(program)
      }
    ]
  }

  private func histories() throws -> [any HistorySource] {
    if let erasFrom { return [try TextEras.history(in: erasFrom, seed: seed, questions: questions)] }
    if let history = try server.history(seed: seed, questions: questions) { return [history] }
    return try chosen(world ?? "linear", among: World.Kind.allCases.map(\.rawValue), "world").compactMap {
      name in
      World.Kind(rawValue: name).map {
        WorldHistory(
          $0, seed: seed, timesteps: timesteps, questions: questions, sharesQuestions: sharedQuestions)
      }
    }
  }

  func run() async throws {
    try await report {
      for file in [progressgym, plot].compactMap(\.self) { try output.overwriting.check(file) }
      let store = try results.map { try JudgeStore($0, writing: true) }
      var run = JudgeRun(
        algorithms: try examinees(),
        challenges: try chosen(challenges, among: challengeCatalog.map(\.name), "challenge").compactMap(
          challenge), histories: try histories())
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
      try show(Leaderboard(finished), output)
      try write(finished)
      if wasCancelled {
        Terminal.say("interrupted: \(finished.count) of \(pairs.count) tests done", as: .error)
        throw ExitCode(130)
      }
      return pairs.count { $0.state != .done }
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
