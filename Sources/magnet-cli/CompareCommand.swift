import ArgumentParser
import HelmBackend
public import Magnet
import MagnetCommand

extension PValueCorrection: ExpressibleByArgument {}
extension RunComparison.IntervalMethod: ExpressibleByArgument {}

struct CompareCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare two runs, two models or all models, instance by instance.",
    usage: """
      magnet compare <run a> <run b> [<options>]
      magnet compare [<paths> ...] --models <a>,<b> [<options>]
      magnet compare [<paths> ...] --all [<options>]
      """,
    discussion: """
      Instances are paired by id, where input and references agree, perturbation and split, and otherwise by content; \
      what cannot be paired is counted and named. Scores of 0 and 1 are tested with McNemar's test (mid-p) and Tango's \
      interval, others by flipping signs and with Student's t. Differences are B minus A. The population is the main \
      split on unperturbed inputs, unless --split or --perturbation says otherwise.

      --format json writes one object: schema_version (1), a, b, difference, seed, level, correction and, where \
      asked for, draws and equivalence_margin; the lists summary, flips and unmatched, whose objects have the columns of these \
      tables, null for what is missing; and files, each with path and sha256. --print-schema prints its JSON Schema.

      EXIT STATUS:
        3 with --fail-if-worse when B is worse than A by more than that

      EXAMPLE:
        magnet compare runs/v1/RUN_A runs/v2/RUN_B --flips 5
        magnet compare benchmark_output --models openai/gpt2,acme/base
        magnet compare benchmark_output --all --correct bh --format csv
        magnet compare runs/v1/RUN_A runs/v2/RUN_B --equivalent 0.02 -o comparison.json
      """)

  /// What `--show` takes.
  enum Part: String, ExpressibleByArgument, CaseIterable {
    case summary, flips, unmatched, groups
  }

  @Argument(help: "Two runs' folders, or folders that hold runs.", completion: .directory)
  var paths: [String] = []
  @OptionGroup var reading: ReadingOptions
  @OptionGroup var metrics: MetricOptions
  @Option(help: ArgumentHelp("Compare these two models, separated by a comma.", valueName: "a,b"))
  var models: String?
  @Flag(help: "Compare every two models: differences, p values and tie groups.")
  var all = false
  @OptionGroup var chosen: SelectionOptions
  @Option(help: "HELM's split, or all (default: that of the main metric).")
  var split: String?
  @Option(
    help: ArgumentHelp(
      "Compare scores under this perturbation, or under all and none (clustered by instance).",
      valueName: "name"))
  var perturbation: String?
  @Option(help: ArgumentHelp("What instances are clustered by: instance or split.", valueName: "column"))
  var cluster: String?
  @Option(help: "The coverage of intervals.")
  var level = 0.95
  @Option(help: "How intervals are made: t (Tango's for scores of 0 and 1) or bootstrap.")
  var interval = RunComparison.IntervalMethod.t
  @Option(
    help: ArgumentHelp(
      "Resamples of --interval bootstrap, drawn as Python's random does (default: 10,000; of 0 and 1 none, exactly).",
      valueName: "count"))
  var draws: Int?
  @Option(help: "How p values are corrected: holm, bh or none.")
  var correct = PValueCorrection.holm
  @Option(parsing: .unconditional, help: "The seed of drawn signs and resamples.")
  var seed = 1
  @Option(help: ArgumentHelp("Show this many instances on which the scores differ.", valueName: "count"))
  var flips = 0
  @Option(help: "What to print: summary, flips, unmatched or groups (with --all).")
  var show = Part.summary
  @Option(
    help: ArgumentHelp(
      "Exit with 3 when B is worse than A by more than this, the interval says.", valueName: "margin"))
  var failIfWorse: Double?
  @Option(
    help: ArgumentHelp(
      "Test that the difference lies within ± this margin (two one-sided tests), as the column p_equivalent.",
      valueName: "margin"))
  var equivalent: Double?
  @Flag(help: "Pair instances by id alone, without reading inputs.")
  var trustIds = false
  @Flag(help: "Print the JSON Schema of --format json, and compare nothing.")
  var printSchema = false
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if printSchema { return }
    if models != nil, all { throw ValidationError("--models and --all exclude each other.") }
    if models == nil, !all, paths.count != 2 {
      throw ValidationError("Give two runs, or --models A,B, or --all.")
    }
    if let models, models.split(separator: ",").count != 2 {
      throw ValidationError("--models takes two models separated by a comma.")
    }
    if !(level > 0 && level < 1) { throw ValidationError("--level must be between 0 and 1.") }
    if let equivalent, !(equivalent > 0) { throw ValidationError("--equivalent must be more than 0.") }
    if equivalent != nil, all || show != .summary {
      throw ValidationError("--equivalent goes without --all and --show.")
    }
    if let draws, draws < 100 || draws > 10_000_000 {
      throw ValidationError("--draws must be between 100 and 10,000,000.")
    }
    if draws != nil, interval != .bootstrap {
      throw ValidationError("--draws goes with --interval bootstrap.")
    }
    if flips < 0 { throw ValidationError("--flips must be 0 or more.") }
    if let cluster, cluster != "instance", cluster != "split" {
      throw ValidationError("--cluster takes instance or split.")
    }
    if show == .groups, !all { throw ValidationError("--show groups goes with --all.") }
  }

  private var options: RunComparison.Options {
    var options = RunComparison.Options()
    options.level = level
    options.seed = seed
    options.interval = interval
    options.draws = draws
    switch cluster ?? (perturbation == "all" ? "instance" : nil) {
    case "instance": options.cluster = { $0.first.key.id }
    case "split": options.cluster = { $0.first.key.split ?? "" }
    default: break
    }
    return options
  }

  private func read(_ paths: [String], models: [String]? = nil) async throws -> ComparedRuns {
    let progress = WorkProgress()
    let found =
      models == nil && !all
      ? try reading.runs(ofRun: paths[0]).selecting(try chosen.selection)
      : try reading.runs(paths, try chosen.selection, progress)
    var population = RunInstances.Population()
    population.split = split == "all" ? nil : split
    population.isOfAllSplits = split == "all"
    population.perturbation = perturbation
    population.isOfAllPerturbations = perturbation == "all"
    let chosen = population
    let read = try await Watch.working(progress) { [metrics, trustIds] in
      try await ComparedRuns.read(
        found, rules: try await metrics.rules(found),
        models: models.map { names in { @Sendable in names.contains($0) } }, population: chosen,
        readsContent: !trustIds)
    }
    say(read.faults)
    for note in read.notes { Terminal.say(note) }
    for omission in read.omissions { Terminal.say(omission, as: .warning) }
    return read
  }

  func run() async throws {
    try await report {
      if printSchema {
        try Terminal.write(CompareSchema.text)
        return 0
      }
      if all {
        let read = try await read(paths)
        let matrix = try ComparisonMatrix(read, options: options, correction: correct)
        for omission in matrix.omissions { Terminal.say("left out: \(omission)", as: .warning) }
        if show == .groups {
          try output.print(matrix.groupTable, keyCount: 2, piped: .csv)
        } else {
          try output.print(matrix.table, keyCount: 2, piped: .csv)
          if output.isForPeople, output.file == nil, Terminal.isOutputTerminal {
            try Terminal.write("\nTie groups: each model against the first of its group.\n")
            try output.print(matrix.groupTable, keyCount: 2)
          }
        }
        return read.faults.count + read.omissions.count + matrix.omissions.count
      }
      let (comparison, read, faultCount) = try await comparison()
      for omission in comparison.omissions { Terminal.say("left out: \(omission)", as: .warning) }
      for scenario in comparison.scenarios {
        for note in scenario.notes { Terminal.say("\(scenario.first.scenario): \(note)") }
      }
      try print(comparison, read)
      if let failIfWorse, comparison.scenarios.contains(where: { $0.isWorse(by: failIfWorse) }) {
        throw ExitCode(3)
      }
      return faultCount
    }
  }

  private func comparison() async throws -> (ModelComparison, [ComparedRuns], Int) {
    if let models {
      let names = models.split(separator: ",").map(String.init)
      let read = try await read(paths, models: names)
      for name in names where !read.models.contains(name) {
        throw MagnetError(
          .notFound, "no run of the model '\(name)'",
          advice: suggestion(for: name, among: try await allModels()))
      }
      let result = try read.compare(names[0], names[1], options: options)
      return (result, [read], read.faults.count + read.omissions.count)
    }
    let first = try await read([paths[0]])
    let second = try await read([paths[1]])
    let faults = first.faults.count + second.faults.count + first.omissions.count + second.omissions.count
    let result = try ModelComparison(first, second, names: (paths[0], paths[1]), options: options)
    return (result, [first, second], faults)
  }

  /// The names of the models of all runs.
  private func allModels() async throws -> [String] {
    let progress = WorkProgress()
    let runs = try reading.runs(paths, try chosen.selection, progress)
    return try await Watch.working(progress) {
      try await runs.list().runSpecs.rows.compactMap { $0[.model] }.unique().sorted()
    }
  }

  /// The comparison as one JSON object: what was asked, of which files, and the tables.
  private func printObject(_ comparison: ModelComparison, _ read: [ComparedRuns], _ flipped: Table) throws {
    let unmatched = Table(stacking: comparison.scenarios.map(\.unmatchedTable))
    var facts: [(name: String, value: Cell)] = [
      ("schema_version", .int(1)), ("a", .string(comparison.first)), ("b", .string(comparison.second)),
      ("difference", .string("b - a")), ("seed", .int(Int64(seed))), ("level", .double(level)),
      ("correction", .string(correct.rawValue)),
    ]
    if let draws { facts.append(("draws", .int(Int64(draws)))) }
    if let equivalent { facts.append(("equivalence_margin", .double(equivalent))) }
    let files = Table(
      columnNames: ["path", "sha256"],
      rows: read.flatMap(\.files).unique().map { [.string($0), Cell(FileHash.sha256($0))] })
    try output.printObject(
      facts,
      [
        "summary": comparison.summary(correction: correct, equivalenceMargin: equivalent), "flips": flipped,
        "unmatched": unmatched, "files": files,
      ])
  }

  private func print(_ comparison: ModelComparison, _ read: [ComparedRuns]) throws {
    let limit = output.format == .csv && flips == 0 ? nil : max(flips, show == .flips ? 20 : 0)
    let flipped = Table(stacking: comparison.scenarios.map { $0.flipTable(limit: limit) })
    switch show {
    case .flips: return try output.print(flipped, keyCount: 2, piped: .csv)
    case .unmatched:
      return try output.print(
        Table(stacking: comparison.scenarios.map(\.unmatchedTable)), keyCount: 3, piped: .csv)
    case .summary, .groups: break
    }
    if output.isJSON {
      let limit = flips > 0 ? flips : nil
      return try printObject(
        comparison, read, Table(stacking: comparison.scenarios.map { $0.flipTable(limit: limit) }))
    }
    if output.isForPeople {
      for scenario in comparison.scenarios {
        let (a, b) = (scenario.first.instances.count, scenario.second.instances.count)
        Terminal.say(
          "\(scenario.first.scenario): \(scenario.population), paired \(scenario.pairing.pairs.count) of "
            + "\(max(a, b)) | A \(a), B \(b)")
      }
    }
    try output.print(
      comparison.summary(correction: correct, equivalenceMargin: equivalent), keyCount: 1, piped: .csv)
    if flips > 0, output.file == nil {
      try Terminal.write("\n")
      try output.print(flipped, keyCount: 2, piped: .csv)
    }
  }
}
