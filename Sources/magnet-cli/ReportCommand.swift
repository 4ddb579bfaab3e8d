import ArgumentParser
import HelmBackend
import Magnet
import MagnetCommand

struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write a page about runs: leaderboard, coverage, scores, comparison and instances.",
    discussion: """
      The page is one file that opens from disk and loads nothing: its policy lets only its own script run. Faulty runs \
      are listed in it. The exit status is 1 when runs are faulty, and when --max-rows or --max-size cut something, which \
      is said. The same runs make the same bytes; --date adds a date.

      EXAMPLE:
        magnet report benchmark_output -o report.html
        magnet report benchmark_output -o report.html --models acme/base,acme/tiny --instances 5
        magnet report benchmark_output -o report.html --backtest scores.jsonl
        magnet report benchmark_output -o report.html --judges results.judge --cards card-results
      """)

  @OptionGroup var source: SourceOptions
  @OptionGroup var chosen: SelectionOptions
  @OptionGroup var metrics: MetricOptions
  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("The page to write; - is standard output.", valueName: "file"),
    completion: .file(extensions: ["html"]))
  var output: String
  @Option(help: "The page's title.")
  var title = "Benchmark runs"
  @Option(help: "A date to show in the page, such as 2026-11-27.")
  var date: String?
  @Option(
    help: ArgumentHelp(
      "Show the boards of this run group. May be repeated (default: of all that have runs).",
      valueName: "name"))
  var group: [String] = []
  @Option(help: ArgumentHelp("Boards in the page at most.", valueName: "count"))
  var boards = 40
  @Option(help: ArgumentHelp("Compare these two models, separated by a comma.", valueName: "a,b"))
  var models: String?
  @Option(help: ArgumentHelp("Show this many instances of each run, the worst first.", valueName: "count"))
  var instances = 0
  @Option(
    help: ArgumentHelp(
      "Rows of a table at most; of more than 500 a part is drawn at a time.", valueName: "count"))
  var maxRows = 100_000
  @Option(help: ArgumentHelp("Add no more instances once the page is so large.", valueName: "megabytes"))
  var maxSize = 20
  @Flag(help: "Show texts whole instead of the first 2,000 characters.")
  var fullText = false
  @Option(
    help: ArgumentHelp(
      "Show the predictions in this file of magnet backtest --scores: errors, intervals, misses.",
      valueName: "file"),
    completion: .file())
  var backtest: String?
  @OptionGroup var results: ReportResultOptions
  @Flag(
    inversion: .prefixedNo,
    help: "Read the scores and answers of instances, for intervals, tie groups and health.")
  var errors = true
  @OptionGroup var overwriting: OverwriteOption

  func validate() throws {
    if instances < 0 { throw ValidationError("--instances must be 0 or more.") }
    if maxRows < 1 { throw ValidationError("--max-rows must be 1 or more.") }
    if maxSize < 1 { throw ValidationError("--max-size must be 1 or more.") }
    if boards < 1 { throw ValidationError("--boards must be 1 or more.") }
    if let models, models.split(separator: ",").count != 2 {
      throw ValidationError("--models takes two models separated by a comma.")
    }
    if output != "-" {
      if !["html", "htm"].contains(where: { output.lowercased().hasSuffix("." + $0) }) {
        throw ValidationError("report writes HTML; give a file whose name ends in .html, not '\(output)'.")
      }
      try overwriting.checkEarly(output)
    }
  }

  func run() async throws {
    try await report {
      let progress = WorkProgress()
      let runs = try source.runs(try chosen.selection, progress)
      let rules = try await metrics.rules(runs)
      var options = RunReport.Options()
      options.title = title
      options.instances = instances
      options.maxRows = maxRows
      options.maxBytes =
        maxSize.multipliedReportingOverflow(by: 1_000_000).overflow ? .max : maxSize * 1_000_000
      options.date = date
      options.groups = group
      options.boards = boards
      options.results = try results.sections()
      options.readsInstances = errors
      options.backtest = try backtest.map { try BacktestPage(file: $0) }
      options.textLimit = fullText ? nil : 2000
      if let names = models?.split(separator: ",").map(String.init) { options.models = (names[0], names[1]) }
      let result = try await Watch.working(progress) { [options, paths = source.paths] in
        try await RunReport(of: runs, paths: paths, rules: rules, options: options)
      }
      // The page has them all.
      say(Array(result.faults.prefix(20)))
      if result.faults.count > 20 {
        Terminal.say("and \(result.faults.count - 20) more faults, which the page lists", as: .warning)
      }
      for note in result.notes { Terminal.say(note) }
      let text = Array(result.page.text.utf8)
      if output == "-" {
        try Terminal.write(text)
      } else {
        try overwriting.check(output)
        try Terminal.writeFile(output) { try $0(text) }
      }
      return result.faults.count + result.cutCount
    }
  }
}
