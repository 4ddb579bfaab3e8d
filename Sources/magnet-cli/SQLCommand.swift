import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand

struct SQLCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sql",
    abstract: "Query runs with SQL.",
    discussion: """
      The relations runs, headline, leaderboard, scores, instances and instance_scores need no quotes; the tables \
      run_specs, scenario_states, stats and per_instance_stats have flattened column names, in double quotes. .schema \
      instead of a query lists the columns. headline has the score of each run, leaderboard the cells of all boards as \
      magnet leaderboard --long has them (of a run that is in several suites the latest counts); is_main marks the \
      statistics that a run's score is made of; --schema and --metric choose others. Only the files and columns that a query uses are read; nothing can be written.

      SQLite's functions are available, with json_each and json_tree, and median(x), percentile(x, p), stddev(x), \
      variance(x) and x REGEXP 'pattern'. Without a query there is a prompt, or queries come from standard input.

      EXAMPLE:
        magnet sql benchmark_output 'SELECT task, model, mean FROM headline WHERE is_latest ORDER BY task, mean DESC'
        magnet sql benchmark_output "SELECT instance, avg(mean) FROM instance_scores
          WHERE is_main AND is_latest AND task = 'trivia:subject=capitals' GROUP BY instance"
        magnet sql benchmark_output/runs/v1 'SELECT count(*), avg("stats.mean") FROM stats'
        magnet sql benchmark_output -f query.sql -p model openai/gpt2 -o answer.csv
      """)

  @Argument(
    help:
      "Folders or archives that hold runs, or quoted patterns (default: $MAGNET_RUNS, else ./benchmark_output), and last the query; - reads it from standard input.",
    completion: .file())
  var arguments: [String] = []
  @Option(
    name: [.customShort("f"), .long], help: "Read the query from a file.", completion: .file())
  var file: String?
  @Option(
    name: [.customShort("p"), .customLong("param")],
    help: ArgumentHelp(
      "The value of the query's parameter :NAME. May be repeated.", valueName: "name value"))
  var parameters: [Parameter] = []
  @Option(name: .customLong("time-limit"), help: "How many seconds a query may take.")
  var timeLimit: Double?
  @OptionGroup var reading: ReadingOptions
  @OptionGroup var chosen: SelectionOptions
  @OptionGroup var metrics: MetricOptions
  @OptionGroup var output: OutputOptions

  /// `NAME=VALUE`, as which `-p NAME VALUE` reaches the parser.
  struct Parameter: ExpressibleByArgument {
    let name: String
    let value: Cell

    init?(argument: String) {
      guard let sign = argument.firstIndex(of: "="), sign != argument.startIndex else { return nil }
      let text = String(argument[argument.index(after: sign)...])
      name = String(argument[..<sign].drop { ":@$".contains($0) })
      value = Int64(text).map(Cell.int) ?? Double(text).map(Cell.double) ?? .string(text)
    }
  }

  /// Puts the two words after `-p` or `--param` into one, as the parser takes one word for an option.
  static func joiningParameters(_ arguments: [String]) -> [String] {
    guard arguments.first == "sql" else { return arguments }
    var joined: [String] = []
    var rest = arguments[...]
    while let word = rest.popFirst() {
      joined.append(word)
      guard word == "-p" || word == "--param", let name = rest.popFirst() else { continue }
      if !name.contains("="), let value = rest.popFirst() {
        joined.append("\(name)=\(value)")
      } else {
        joined.append(name)
      }
    }
    return joined
  }

  /// What the last argument is.
  private enum Last {
    /// A query, or a word such as `.schema`.
    case query(String)
    case standardInput
    case path
  }

  private var last: Last {
    guard file == nil else { return .path }
    guard let last = arguments.last else { return Terminal.isInputTerminal ? .path : .standardInput }
    if last == "-" { return .standardInput }
    // Every query has white space in it.
    if SQLPrompt.Word(last) != nil || (last.contains(where: \.isWhitespace) && !Files.exists(last)) {
      return .query(last)
    }
    return Terminal.isInputTerminal ? .path : .standardInput
  }

  private var paths: [String] {
    switch last {
    case .query: Array(arguments.dropLast())
    case .standardInput: arguments.last == "-" ? Array(arguments.dropLast()) : arguments
    case .path: arguments
    }
  }

  func validate() throws {
    if let timeLimit, timeLimit <= 0 { throw ValidationError("--time-limit must be more than 0 seconds.") }
  }

  func run() async throws {
    try await report {
      if case .query(let text) = last, let word = SQLPrompt.Word(text) {
        let names = text.split(whereSeparator: \.isWhitespace).dropFirst().map(String.init)
        try Terminal.write(try word.answer(names))
        return 0
      }
      let queries = try given
      let progress = WorkProgress()
      let runs = try reading.runs(paths, try chosen.selection, progress)
      var database = Database(runs)
      database.timeLimit = timeLimit.map { .seconds($0) }
      if metrics.areGiven { database.rules = try await metrics.rules(runs) }
      say(runs.archiveFaults)
      let values = Dictionary(parameters.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
      let said = Set(runs.archiveFaults)
      guard let queries else {
        var prompt = SQLPrompt(output: output) { [database] query, output in
          _ = try await answer(query, values, database, progress, output, saying: said)
        }
        try await prompt.run()
        return 0
      }
      var faultCount = runs.archiveFaults.count
      var prompt = SQLPrompt(output: output) { _, _ in }
      for query in queries {
        guard query.hasPrefix(".") else {
          faultCount += try await answer(
            query, values, database, progress, prompt.output, saying: said)
          continue
        }
        let words = query.split(whereSeparator: \.isWhitespace).map(String.init)
        if words.first == ".quit" || words.first == ".exit" { break }
        if try !prompt.obeys(words[0], Array(words.dropFirst())) { faultCount += 1 }
      }
      return faultCount
    }
  }

  /// The queries that were given; nil for a prompt.
  private var given: [String]? {
    get throws {
      switch last {
      case .query(let text): return try checked(Database.statements(in: text), of: "the query") ?? [text]
      case .standardInput: return try statements(FileDescriptor.standardInput, named: "standard input")
      case .path:
        guard let file else { return nil }
        do {
          return try statements(FileDescriptor(file, .read), named: file)
        } catch let error as SystemError { throw error.reading(file) }
      }
    }
  }

  private func statements(_ file: consuming FileDescriptor, named place: String) throws -> [String] {
    let text = String(decoding: try file.readAll(), as: UTF8.self)
    guard let statements = try checked(Database.statements(in: text), of: place) else {
      throw MagnetError(.usage, "contains no query", at: place)
    }
    return statements
  }

  /// The statements, of which only one may go into a file; nil for none.
  private func checked(_ statements: [String], of place: String) throws -> [String]? {
    if statements.count > 1, output.file != nil {
      throw MagnetError(.usage, "contains \(statements.count) queries", at: place, advice: "-o takes one")
    }
    return statements.isEmpty ? nil : statements
  }

  private func answer(
    _ query: String, _ values: [String: Cell], _ database: Database, _ progress: WorkProgress,
    _ output: OutputOptions, saying said: Set<DataFault>
  ) async throws -> Int {
    let answer = try await Watch.working(progress) { try await database.query(query, parameters: values) }
    let faults = answer.faults.filter { !said.contains($0) }
    say(faults)
    for note in answer.notes { Terminal.say(note) }
    try output.print(answer.table, keyCount: 1)
    return faults.count
  }
}
