import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand

struct LeaderboardCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "leaderboard",
    abstract:
      "Rank models as HELM's leaderboards do: models by scenarios, with the mean win rate or mean score.",
    discussion: """
      The schema prescribes groups, columns, aggregates and directions; a run that is in several suites counts once, \
      in the latest, unless --helm-exact. Win rates depend on which models are on the board and are computed again after \
      --models. Where helm-summarize stops with an error, the column or cell is left out and named, and the exit status \
      is 1. --explain MODEL names the runs and statistics that each cell of a model is made of, and what is missing; \
      magnet explain RUN says how the score of a run was chosen.

      With --errors each score has its standard error over instances, and models have tie groups: a model joins the \
      group above unless its scores differ from those of the group's first model (paired tests of all models, Holm's \
      correction, 0.05). A win rate has no standard error, and its groups are those of the scores it is made of.

      EXAMPLE:
        magnet leaderboard benchmark_output --schema lite
        magnet leaderboard benchmark_output --models 'openai/*' --format markdown
        magnet leaderboard benchmark_output --errors
        magnet leaderboard benchmark_output --explain openai/gpt2 --column MMLU
        magnet leaderboard benchmark_output --long --format csv
        magnet leaderboard benchmark_output --group mmlu_subjects --format helm > mmlu_subjects.json
      """)

  /// What `--ties` takes.
  enum Ties: String, ExpressibleByArgument, CaseIterable {
    case half, old
  }

  @OptionGroup var source: SourceOptions
  @OptionGroup var metrics: MetricOptions
  @Option(
    help: ArgumentHelp(
      "The run group whose boards are shown (default: the first of the schema that has runs).",
      valueName: "name"))
  var group: String?
  @Option(
    help: ArgumentHelp(
      "The metric group or scenario whose board is shown (default: the first).", valueName: "name"))
  var board: String?
  @Option(help: "Use the schema of this release.")
  var release: String?
  @OptionGroup var tasks: TaskOptions
  @Option(
    name: [.customLong("model"), .customLong("models")],
    help: ArgumentHelp(
      "Rank only models that match: a name, a pattern with * and ?, regex:..., or several separated by | or a comma. May be repeated.",
      valueName: "pattern"))
  var models: [String] = []
  @Flag(help: "Count runs that are in several suites or subgroups as often as helm-summarize does.")
  var helmExact = false
  @Option(help: "How equal values count in win rates: half a win, or old, as in HELM before 0.5.4.")
  var ties = Ties.half
  @Flag(help: "Show all boards of the group, not the first.")
  var all = false
  @Flag(help: "One row per model and column, with standard errors, numbers of runs and tie groups.")
  var long = false
  @Flag(
    inversion: .prefixedNo,
    help: "Read the scores of instances for standard errors and tie groups (default: with --long).")
  var errors: Bool?
  @Option(
    help: ArgumentHelp("Explain the cells of this model instead of showing the board.", valueName: "model"))
  var explain: String?
  @Option(help: ArgumentHelp("With --explain, the column by its title (default: all).", valueName: "title"))
  var column: String?
  @Flag(help: "List the boards that these runs have instead of showing one.")
  var list = false
  @Flag(
    help: "List the run groups with numbers of instances, references, tokens and models instead of a board.")
  var index = false
  @Option(help: "The format of the table, or helm: what HELM's frontend loads, all boards of the group.")
  var format: String?
  @Option(
    name: [.customShort("o"), .long], help: ArgumentHelp("Write to a file.", valueName: "file"),
    completion: .file())
  var output: String?
  @Flag(help: "Replace files that magnet did not write.")
  var force = false
  @OptionGroup var rows: RowOptions

  private var isHelm: Bool { format == "helm" }

  /// How tables are printed.
  private func outputOptions() throws -> OutputOptions {
    var options = try OutputOptions.parse(
      (format.map { ["--format", $0] } ?? []) + (output.map { ["--output", $0] } ?? [])
        + (force ? ["--force"] : []))
    options.rows = rows
    return options
  }

  func validate() throws {
    do { _ = try tasks.selection(models: models) } catch { throw ValidationError("\(error)") }
    if explain != nil, long || list || index || all || isHelm || errors == true {
      throw ValidationError(
        "--explain goes without --long, --list, --index, --all, --errors and --format helm.")
    }
    if column != nil, explain == nil { throw ValidationError("--column goes with --explain.") }
    if index, long || list || errors == true || group != nil || board != nil {
      throw ValidationError("--index goes without --long, --list, --errors, --group and --board.")
    }
    if isHelm, let output, output != "-", !output.lowercased().hasSuffix(".json") {
      throw ValidationError(
        "--format helm writes JSON; give a file whose name ends in .json, not '\(output)'.")
    }
    if isHelm, long || list || errors == true {
      throw ValidationError("--format helm goes without --long, --list and --errors.")
    }
    if !isHelm {
      do { _ = try outputOptions() } catch { throw ValidationError(OutputOptions.message(for: error)) }
    }
  }

  func run() async throws {
    try await report {
      let progress = WorkProgress()
      let found = try source.runs(try tasks.selection(models: models), progress)
      let rules = try await metrics.rules(found, release: release)
      var faults = rules.faults
      // The schema depends on the runs' groups, and the statistics to read on the schema.
      let named = rules.schema
      let all = try await Watch.working(progress) { [helmExact] in
        try await BoardRuns.read(
          found, keepsRepeated: helmExact,
          wanted: named.map { $0.metricNames().union(BoardIndex.metricNames) })
      }
      faults += all.faults
      say(faults)
      for note in all.notes { Terminal.say(note) }
      if all.count == 0 {
        throw MagnetError(.insufficientData, "no run with statistics is left to rank")
      }
      let schema = try rules.boardSchema(of: all)
      Terminal.say("schema: \(schema.source)")
      let others = all.outside(schema)
      if others.count > 0 {
        let few = others.tasks.prefix(3).joined(separator: "; ")
        let more = others.tasks.count > 3 ? " and \(others.tasks.count - 3) more" : ""
        Terminal.say(
          "on no board, as they are in no group of the schema: \(others.count == 1 ? "1 run" : "\(others.count) runs") of \(few)\(more)"
        )
      }
      var options = BoardMaker.Options()
      options.countsRepeated = helmExact
      options.breaksTies = ties == .old
      var maker = BoardMaker(schema, all, options: options)
      if index {
        try print(maker.index)
        return faults.count
      }
      var boards = try boards(&maker, schema)
      if let explain {
        let found = try BoardExplanation(
          of: boards[0].withoutEmptyColumns, model: explain, column: column, runs: all, schema: schema,
          breaksTies: ties == .old)
        Terminal.say("\(boards[0].group): \(boards[0].title)")
        for note in found.notes { Terminal.say(note) }
        try outputOptions().print(found.table, keyCount: 2, piped: .csv)
        return faults.count + maker.problems.count
      }
      var groups: [[Int?]?] = boards.map { _ in nil }
      if errors ?? long, !list {
        let names = boards.reduce(into: Set<String>()) { $0.formUnion($1.metricNames) }
        let read = try await Watch.working(progress) { try await all.withInstances(found, metrics: names) }
        maker = BoardMaker(schema, read, options: options)
        boards = try self.boards(&maker, schema)
        let ties = try await Watch.working(progress) { [boards, long] in
          var ties: [BoardTies] = []
          for board in boards {
            let shown = long ? board : board.withoutEmptyColumns
            ties.append(try await BoardTies.read(shown, of: read, in: found))
          }
          return ties
        }
        let known = Set(faults)
        let more = (read.faults + ties.flatMap(\.faults)).unique().filter { !known.contains($0) }
        say(more)
        faults += more
        for note in ties.flatMap(\.notes).unique() { Terminal.say(note) }
        if !boards.contains(where: \.hasErrors) {
          Terminal.say("no standard errors: no run has the scores of its instances by these metrics")
        }
        groups = ties.map(\.groups)
      }
      for problem in maker.problems.prefix(10) { Terminal.say(problem, as: .warning) }
      if maker.problems.count > 10 {
        Terminal.say("and \(maker.problems.count - 10) more columns or cells left out", as: .warning)
      }
      try print(boards, groups)
      return faults.count + maker.problems.count
    }
  }

  /// The boards that are asked for.
  private func boards(_ maker: inout BoardMaker, _ schema: Schema) throws -> [Board] {
    if let group, schema.group(group) == nil {
      let nearest = nearestNames(to: group, among: schema.runGroups.map(\.name))
      throw MagnetError(
        .notFound, "no run group '\(group)' in \(schema.source)",
        advice: "did you mean \(nearest.joined(separator: ", "))?")
    }
    if list { return maker.allBoards() }
    let groups =
      group.flatMap(schema.group).map { [$0] }
      ?? schema.runGroups.filter { !$0.subgroups.isEmpty } + schema.runGroups.filter(\.subgroups.isEmpty)
    for candidate in groups {
      let boards = maker.boards(of: candidate)
      if boards.isEmpty { continue }
      if let board {
        guard let chosen = boards.first(where: { $0.name == board || $0.title == board }) else {
          let nearest = nearestNames(to: board, among: boards.map(\.name))
          throw MagnetError(
            .notFound, "\(candidate.name) has no board '\(board)'",
            advice: "did you mean \(nearest.joined(separator: ", "))?")
        }
        return [chosen]
      }
      return all || isHelm ? boards : [boards[0]]
    }
    throw MagnetError(
      .insufficientData, "no run is in \(group.map { "the group \($0)" } ?? "any group") of \(schema.source)",
      advice: "choose another with --schema: \(Schema.builtInNames.joined(separator: ", "))")
  }

  private func print(_ index: BoardIndex) throws {
    if isHelm { return try write(index.helmJSON) }
    try outputOptions().print(index.table(listsEmpty: helmExact), keyCount: 2, piped: .csv)
  }

  /// Writes what HELM's frontend loads.
  private func write(_ json: String) throws {
    let text = json + "\n"
    guard let file = output, file != "-" else { return try Terminal.write(text) }
    var overwriting = OverwriteOption()
    overwriting.force = force
    try overwriting.check(file)
    try Terminal.writeFile(file) { try $0(Array(text.utf8)) }
  }

  private func print(_ boards: [Board], _ groups: [[Int?]?]) throws {
    if isHelm { return try write(Board.helmJSON(boards)) }
    let output = try outputOptions()
    if list {
      let rows = boards.map { board -> [Cell] in
        [
          .string(board.group), .string(board.name), .string(board.title), .int(Int64(board.rows.count)),
          .int(Int64(board.columns.count { $0.kind == .metric })),
          .string(board.columns.filter { $0.kind != .metric }.map(\.title).joined(separator: ", ")),
        ]
      }
      return try output.print(
        Table(columnNames: ["group", "board", "title", "models", "columns", "aggregates"], rows: rows),
        keyCount: 2,
        piped: .csv)
    }
    if long || (boards.count > 1 && output.file != nil) {
      let tables = zip(boards, groups).map { $0.longTable(groups: $1) }
      return try output.print(Table(stacking: tables), keyCount: 4, piped: .csv)
    }
    for (number, (board, groups)) in zip(boards, groups).enumerated() {
      if output.isForPeople || boards.count > 1 {
        if number > 0 { try Terminal.write("\n") }
        Terminal.say("\(board.group): \(board.title)")
      }
      let shown = board.withoutEmptyColumns
      if shown.columns.count < board.columns.count {
        Terminal.say("\(board.columns.count - shown.columns.count) columns without values left out")
      }
      try output.print(shown.table(groups: groups), keyCount: 2, piped: .csv)
      for gap in board.gaps { Terminal.say("incomplete: \(gap)") }
    }
  }
}
