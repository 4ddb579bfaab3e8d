import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand

struct SQLCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sql",
    abstract: "Answer a query in SQL over runs.",
    discussion: """
      Relations whose names need no quotes: runs, scores, instances, instance_scores; .schema at the prompt, which
      appears on a terminal when no query is given, shows their columns. The four tables run_specs, scenario_states,
      stats and per_instance_stats have the flattened names, in double quotes. Only the files and columns that a
      query names are read, and nothing can be written.

      EXAMPLE:
        magnet sql benchmark_output "SELECT model, avg(mean) FROM scores
          WHERE metric = 'exact_match' AND perturbation IS NULL GROUP BY model"
        magnet sql benchmark_output/runs/v1 'SELECT count(*), avg("stats.mean") FROM stats'
      """)

  @Argument(
    help: "Folders or archives that hold runs, or quoted patterns, and last the query.", completion: .file())
  var arguments: [String]
  @Option(help: "How many seconds a query may take.")
  var timeout: Double?
  @OptionGroup var reading: ReadingOptions
  @OptionGroup var output: OutputOptions

  /// The last argument, when it has white space in it, as every query has.
  private var query: String? {
    guard let last = arguments.last, arguments.count > 1, last.contains(where: \.isWhitespace) else {
      return nil
    }
    return last
  }

  func validate() throws {
    if let timeout, timeout <= 0 { throw ValidationError("--timeout takes more than 0 seconds.") }
    if query == nil, !Terminal.isInputTerminal {
      throw ValidationError("Give the query last, in quotes: magnet sql PATH \"SELECT ...\"")
    }
  }

  func run() async throws {
    try await report {
      let paths = query == nil ? arguments : Array(arguments.dropLast())
      let progress = WorkProgress()
      let runs = try reading.runs(paths, progress)
      var database = Database(runs)
      database.timeLimit = timeout.map { .seconds($0) }
      say(runs.archiveFaults)
      if let query { return try await answer(query, database, progress) + runs.archiveFaults.count }
      try await prompt(database, progress)
      return 0
    }
  }

  private func answer(_ query: String, _ database: Database, _ progress: WorkProgress) async throws -> Int {
    let answer = try await Watch.working(progress) { try await database.query(query) }
    try reading.say(answer.faults)
    try output.print(answer.table, keyCount: 1, piped: .csv)
    return answer.faults.count
  }

  /// Reads queries that end in a semicolon, and the words `.tables`, `.schema`, `.help` and `.quit`.
  private func prompt(_ database: Database, _ progress: WorkProgress) async throws {
    var query = ""
    while true {
      try Terminal.write(query.isEmpty ? "magnet> " : "   ...> ")
      guard let line = readLine() else { return try Terminal.write("\n") }
      let words = line.split(whereSeparator: \.isWhitespace)
      if query.isEmpty, let first = words.first, first.hasPrefix(".") {
        if first == ".quit" || first == ".exit" { return }
        try Terminal.write(Self.help(String(first)))
        continue
      }
      query += line + "\n"
      guard line.contains(";") else { continue }
      do { _ = try await answer(query, database, progress) } catch {
        Terminal.say(error is CancellationError ? "interrupted" : "\(error)")
      }
      query = ""
    }
  }

  private static func help(_ word: String) -> String {
    let tables = TableKind.allCases.map { $0.rawValue.replacing("-", with: "_") }
    switch word {
    case ".tables":
      return (Database.schema.map(\.name) + tables).joined(separator: "  ") + "\n"
    case ".schema":
      return Database.schema.map { "\($0.name)(\($0.columns.joined(separator: ", ")))\n" }.joined()
        + tables.map { "\($0)(\"run_spec.name\", ...): the columns of magnet table, in double quotes\n" }
        .joined()
    default:
      return ".tables  .schema  .quit, or a query that ends in a semicolon\n"
    }
  }
}
